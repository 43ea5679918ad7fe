"""Figures of the corpus: what was read, from whom, from when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from topics.figures import format as fmt
from topics.findings import Finding
from topics.measures.shares import PERIODS, choose_period
from topics.measures.trust import near_duplicates
from topics.read.fields import language_counts, language_name

if TYPE_CHECKING:
    from topics.run import Run

_WITH_ARTICLE = re.compile(r"United |European Union|Netherlands|Philippines|.*(Republic|Islands)$")


def funnel(run: Run) -> go.Figure:
    """How much is left at each step from files to passages with a theme, and why not more."""
    table = _steps(run)
    counts, lost = table["count"], -table["count"].diff()
    texts = [
        f"{n:,}" + (f"  ({gone:,.0f} left out: {fmt.plain(why)})" if gone > 0 else "")
        for n, gone, why in zip(counts, lost, table["why not more"], strict=True)
    ]
    table["why not more"] = table["why not more"].where(lost > 0, None)
    (files, *_, passages, with_theme), documents = counts, len(run.documents)
    text = (
        f"{fmt.plural(documents, 'document')} in {fmt.plural(files, 'file')} hold "
        f"{fmt.plural(passages, 'passage')}; {fmt.percent(with_theme / passages)} of them have a theme."
    )
    finding, axis = Finding(text, "corpus"), [0, 1.9 * counts.max()]
    return fmt.bars(table, "count", texts, fmt.PALETTE[0], finding, visible=False, range=axis)


def _steps(run: Run) -> pd.DataFrame:
    """step, count, why not more: from files to passages with a theme."""
    corpus = run.corpus
    unread = corpus.skipped[~corpus.skipped["file"].isin(corpus.documents["path"])]
    n_read = corpus.documents["path"].nunique()
    reasons = unread["reason"].str.extract("([^:;(]*)")[0].str.strip().value_counts()
    n_with_theme = run.assignments["passage_id"].nunique()
    languages = language_counts(run.left_out["language"])
    steps = [
        ("files found", n_read + unread["file"].nunique(), ""),
        ("files read", n_read, fmt.listed(reasons.index)),
        ("documents", len(corpus.documents), ""),
        ("in a language that is read", len(run.documents), f"in {languages}"),
        ("independent of others", run.copy_of.nunique(), "near-duplicates, counted once"),
        ("passages", len(run.passages), ""),
        ("passages with a theme", n_with_theme, "no theme fits well enough"),
    ]
    return pd.DataFrame(steps, columns=["step", "count", "why not more"])


def documents_over_time(run: Run) -> go.Figure:
    """Number of documents a period."""
    dates = run.documents["date"].dropna()
    if dates.empty:
        return fmt.nothing_to_show("No document has a date.", "corpus")
    code = choose_period(dates)
    periods = dates.dt.to_period(code)
    every = pd.period_range(periods.min(), periods.max())
    counts = periods.value_counts().reindex(every, fill_value=0)
    table = pd.DataFrame({"period": every.astype(str), "documents": counts.to_numpy()})
    figure = go.Figure(go.Bar(x=every.to_timestamp(), y=counts, marker_color=fmt.PALETTE[0]))
    text = (
        f"Documents run from {fmt.day(dates.min())} to {fmt.day(dates.max())}; "
        f"most, {counts.max():,}, are from {counts.idxmax()}."
    )
    axis = {"title": f"documents a {PERIODS[code]}", "rangemode": "tozero"}
    return fmt.finish(figure, Finding(text, "corpus"), table, 320, yaxis=axis)


def documents_by(run: Run, column: str) -> go.Figure:
    """Number of documents by source, country or language."""
    counts = run.documents[column].dropna().value_counts()
    if column == "language":
        counts = counts.rename(language_name)
    if counts.empty:
        return fmt.nothing_to_show(f"No document names its {column}.", "corpus")
    table = counts.head(fmt.MAX_GROUPS).rename("documents").reset_index()
    unknown = len(run.documents) - int(counts.sum())
    whose = f" whose {column} is known" if unknown else ""
    article = "the " if column == "country" and _WITH_ARTICLE.match(counts.index[0]) else ""
    where = "are in" if column == "language" else f"come from {article}".strip()
    text = (
        f"{fmt.percent(counts.iloc[0] / counts.sum())} of documents{whose} {where} "
        f"{counts.index[0]}; {fmt.plural(len(counts), column)} in all"
        + (f", unknown for {fmt.plural(unknown, 'document')}." if unknown else ".")
    )
    texts, finding = table["documents"].astype(str), Finding(text, "corpus")
    return fmt.bars(table, "documents", texts, fmt.PALETTE[0], finding, title="documents")


def coverage(run: Run, column: str) -> go.Figure:
    """Documents by source or country and period: who publishes when."""
    known = run.documents.dropna(subset=[column, "date"])
    if known.empty:
        return fmt.nothing_to_show(f"No document names both its date and its {column}.", "corpus")
    code = choose_period(known["date"])
    periods = known["date"].dt.to_period(code)
    counts = pd.crosstab(known[column], periods)
    counts = counts.reindex(columns=pd.period_range(periods.min(), periods.max()), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    throughout = int((counts > 0).all(axis=1).sum())
    text = (
        f"{throughout} of {fmt.plural(len(counts), column)} published in every "
        f"{PERIODS[code]}; where one starts or stops, a theme may seem to rise or fall."
    )
    return _counts_map(counts.head(fmt.MAX_GROUPS).rename(columns=str), text, PERIODS[code])


def near_duplicates_by_source(run: Run) -> go.Figure:
    """Near-duplicates by the source that published them and that of the earliest text."""
    found = near_duplicates(run).dropna(subset=["source", "source_of_original"])
    if found.empty:
        text = "No near-duplicates were found among documents that name their sources."
        return fmt.nothing_to_show(text, "corpus")
    counts = pd.crosstab(found["source"], found["source_of_original"])
    later, earlier = counts.stack().idxmax()
    text = (
        f"{fmt.plural(len(found), 'near-duplicate')}; most often {later} repeats "
        f"{'itself' if later == earlier else earlier} ({counts.loc[later, earlier]})."
    )
    return _counts_map(counts, text, "repeats a text of")


def _counts_map(counts: pd.DataFrame, text: str, xtitle: str) -> go.Figure:
    """A table of counts as a heat map; zeros are left blank."""
    twin = counts.rename_axis(None, axis=1).reset_index()
    shown = counts.rename(columns=fmt.label)
    finding = Finding(text, "corpus")
    return fmt.heat_map(shown, lambda n: str(n or ""), finding, twin, title=xtitle)
