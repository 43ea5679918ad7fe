"""Figures of the corpus: what was read, from whom, from when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from topics.figures import format as fmt
from topics.findings import Finding
from topics.measures.document_themes import DocumentThemes
from topics.measures.shares import PERIODS, choose_period
from topics.measures.trust import near_duplicates

if TYPE_CHECKING:
    from topics.run import Run

_WITH_ARTICLE = re.compile(r"United |European Union|Netherlands|Philippines|.*(Republic|Islands)$")


def funnel(run: Run) -> go.Figure:
    """How much is left at each step from files to passages with a theme, and why not more."""
    corpus, n_passages = run.corpus, len(run.passages)
    unread = corpus.skipped[~corpus.skipped["file"].isin(corpus.documents["path"])]
    n_read = corpus.documents["path"].nunique()
    n_files = n_read + unread["file"].nunique()
    n_with_theme = run.assignments["passage_id"].nunique()
    languages = ", ".join(run.left_out["language"].value_counts().index[:3])
    independent = DocumentThemes.from_run(run).documents
    steps = [
        ("files found", n_files, ""),
        ("files read", n_read, _reasons(unread["reason"])),
        ("documents", len(corpus.documents), ""),
        ("in a language that is read", len(run.documents), f"in {languages}"),
        ("independent of others", len(independent), "near-duplicates, counted once"),
        ("passages", n_passages, ""),
        ("passages with a theme", n_with_theme, "no theme fits well enough"),
    ]
    table = pd.DataFrame(steps, columns=["step", "count", "why not more"])
    lost = -table["count"].diff()
    table["why not more"] = table["why not more"].where(lost > 0, None)
    texts = [
        f"{n:,}" + (f"  ({gone:,.0f} left out: {fmt.plain(why)})" if gone > 0 else "")
        for (_, n, why), gone in zip(steps, lost, strict=True)
    ]
    figure = fmt.bars(table["count"], table["step"], texts, fmt.PALETTE[0])
    figure.update_xaxes(visible=False, range=[0, 1.9 * table["count"].max()])
    text = (
        f"{fmt.plural(len(run.documents), 'document')} in {fmt.plural(n_files, 'file')} hold "
        f"{fmt.plural(n_passages, 'passage')}; {fmt.percent(n_with_theme / n_passages)} of them have a theme."
    )
    return fmt.finish(figure, Finding(text, "corpus"), table, 330)


def _reasons(reasons: pd.Series) -> str:
    """The most frequent reasons, without their details."""
    counts = reasons.str.split(r"[:;(]", regex=True).str[0].str.strip().value_counts()
    return fmt.listed(counts.index)


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
    figure.update_yaxes(title=f"documents a {PERIODS[code]}", rangemode="tozero")
    text = (
        f"Documents run from {fmt.day(dates.min())} to {fmt.day(dates.max())}; "
        f"most, {counts.max():,}, are from {counts.idxmax()}."
    )
    return fmt.finish(figure, Finding(text, "corpus"), table, 320)


def documents_by(run: Run, column: str) -> go.Figure:
    """Number of documents by source or country."""
    counts = run.documents[column].dropna().value_counts()
    if counts.empty:
        return fmt.nothing_to_show(f"No document names its {column}.", "corpus")
    table = counts.head(fmt.MAX_GROUPS).rename("documents").reset_index()
    figure = fmt.bars(
        table["documents"], table[column], table["documents"].astype(str), fmt.PALETTE[0]
    )
    figure.update_xaxes(title="documents")
    unknown = len(run.documents) - int(counts.sum())
    whose = f" whose {column} is known" if unknown else ""
    article = "the " if column == "country" and _WITH_ARTICLE.match(counts.index[0]) else ""
    text = (
        f"{fmt.percent(counts.iloc[0] / counts.sum())} of documents{whose} come from "
        f"{article}{counts.index[0]}; {fmt.plural(len(counts), column)} in all"
        + (f", unknown for {fmt.plural(unknown, 'document')}." if unknown else ".")
    )
    return fmt.finish(figure, Finding(text, "corpus"), table, 120 + 26 * len(table))


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
    shown = counts.head(fmt.MAX_GROUPS).set_axis(counts.columns.astype(str), axis=1)
    return _counts_map(shown, text, PERIODS[code])


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
    shown = counts.set_axis([fmt.label(str(name)) for name in counts.columns], axis=1)
    texts = shown.replace(0, "").astype(str)
    return fmt.heat_map(shown, texts, Finding(text, "corpus"), twin, xtitle)
