"""Figures of the corpus: what was read, from whom, from when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from topics.checks import check_choice
from topics.figures import format as fmt
from topics.html import Finding, Html, sentence, table
from topics.measures.shares import PERIODS, choose_period
from topics.read.fields import language_counts, language_name

if TYPE_CHECKING:
    from topics.run import Run

_WITH_ARTICLE = re.compile(r"United |European Union|Netherlands|Philippines|.*(Republic|Islands)$")


def funnel(run: Run) -> Html:
    """How much is left at each step from files to passages with a theme, and why not more."""
    corpus = run.corpus
    unread = corpus.skipped[~corpus.skipped["file"].isin(corpus.documents["path"])]
    n_read = corpus.documents["path"].nunique()
    reasons = unread["reason"].str.extract("([^:;(]*)")[0].str.strip().value_counts()
    n_with_theme = run.assignments["passage_id"].nunique()
    languages = language_counts(run.left_out["language"])
    steps = [
        ("files found", n_read + unread["file"].nunique(), ""),
        ("files read", n_read, ", ".join(reasons.index[: fmt.MAX_LISTED])),
        ("documents", len(corpus.documents), ""),
        ("in a language that is read", len(run.documents), f"in {languages}"),
        ("independent of others", run.copy_of.nunique(), "near-duplicates, counted once"),
        ("passages", len(run.passages), ""),
        ("passages with a theme", n_with_theme, "no theme fits well enough"),
    ]
    shown = pd.DataFrame(steps, columns=["step", "count", "why not more"])
    shown["why not more"] = shown["why not more"].where(shown["count"].diff() < 0, "")
    holds = "holds" if len(run.documents) == 1 else "hold"
    text = (
        f"{fmt.plural(len(run.documents), 'document')} in {fmt.plural(steps[0][1], 'file')} {holds} "
        f"{fmt.plural(len(run.passages), 'passage')}; {fmt.percent(n_with_theme / len(run.passages))} "
        "of them have a theme."
    )
    return sentence(Finding(text, "corpus")) + table(shown)


def documents_over_time(run: Run) -> go.Figure:
    """Number of documents a period."""
    dates = run.documents["date"].dropna()
    if dates.empty:
        return fmt.nothing_to_show("No document has a date.", "corpus")
    code = choose_period(dates)
    periods = dates.dt.to_period(code)
    every = pd.period_range(periods.min(), periods.max())
    counts = periods.value_counts().reindex(every, fill_value=0)
    twin = pd.DataFrame({"period": every.astype(str), "documents": counts.to_numpy()})
    states = [fmt.search_state(period.start_time, period.end_time) for period in every]
    bar = go.Bar(x=every.to_timestamp(), y=counts, marker_color=fmt.PALETTE[0], customdata=states)
    figure = go.Figure(bar)
    fullest = counts.index[counts == counts.max()]
    most = f"most, {counts.max():,}, are from {fullest[0]}"
    if len(fullest) > 1:
        most = f"the fullest {fmt.plural(len(fullest), PERIODS[code])} have {counts.max():,} each"
    text = f"Documents run from {fmt.day(dates.min())} to {fmt.day(dates.max())}; {most}."
    axis = {"title": f"documents a {PERIODS[code]}", "rangemode": "tozero"}
    return fmt.finish(figure, Finding(text, "corpus"), twin, 320, yaxis=axis)


def documents_by(run: Run, column: str) -> go.Figure:
    """Number of documents by source, country or language."""
    check_choice("column", column, run.documents)
    counts = run.documents[column].dropna().value_counts()
    states = [fmt.search_state(**{column: value}) for value in counts.index[: fmt.MAX_GROUPS]]
    if column == "language":
        counts = counts.rename(language_name)
    if counts.empty:
        return fmt.nothing_to_show(f"No document names its {column}.", "corpus")
    unknown = len(run.documents) - int(counts.sum())
    article = "the " if column == "country" and _WITH_ARTICLE.match(counts.index[0]) else ""
    if len(counts) == 1 and not unknown:
        told = f"The {column} of all documents is {article}{counts.index[0]}."
        return fmt.nothing_to_show(told, "corpus")
    shown = counts.head(fmt.MAX_GROUPS).rename("documents").reset_index()
    whose = f" whose {column} is known" if unknown else ""
    where = "are in" if column == "language" else f"come from {article}".strip()
    text = (
        f"{fmt.percent(counts.iloc[0] / counts.sum())} of documents{whose} {where} "
        f"{counts.index[0]}; {fmt.plural(len(counts), column)} in all"
        + (f", unknown for {fmt.plural(unknown, 'document')}." if unknown else ".")
    )
    n = shown["documents"]
    bar = go.Bar(x=n, y=shown[column].map(fmt.plain), text=n, textposition="outside", cliponaxis=False,
                 orientation="h", marker_color=fmt.PALETTE[0], hoverinfo="none", customdata=states)  # fmt: skip
    axis = {"range": [0, 1.15 * n.max()], "title": "documents"}
    return fmt.in_rows(go.Figure(bar), shown[column], Finding(text, "corpus"), shown, xaxis=axis)


def coverage(run: Run, column: str) -> go.Figure:
    """Documents by source or country and period: who publishes when."""
    check_choice("column", column, run.documents)
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
    counts = counts.head(fmt.MAX_GROUPS)
    days = [(period.start_time, period.end_time) for period in counts]
    states = [[fmt.search_state(*own, **{column: group}) for own in days] for group in counts.index]
    shown = counts.rename(columns=str)
    twin = shown.rename_axis(None, axis=1).reset_index()
    form, title = lambda n: str(n or ""), PERIODS[code]
    return fmt.heat_map(shown, form, Finding(text, "corpus"), twin, states, title=title)
