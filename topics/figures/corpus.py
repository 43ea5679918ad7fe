"""Figures of the corpus: what was read, from whom, from when."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from topics import measures
from topics.figures.format import PALETTE, day, percent, plain, plural
from topics.figures.template import TOP_SOURCES, bars, counts_map, finish
from topics.run import Run


def funnel(run: Run) -> go.Figure:
    """From files to passages with a theme: how much is left at each step, and why not more."""
    corpus, passages = run.corpus, run.passages
    read = corpus.documents["path"].nunique()
    unread = corpus.skipped[~corpus.skipped["file"].isin(corpus.documents["path"])]
    files = read + unread["file"].nunique()
    documents, independent = run.documents, measures.DocumentThemes.from_run(run).documents
    themed = run.assignments["passage_id"].nunique()
    languages = ", ".join(run.left_out["language"].value_counts().index[:3])
    steps = pd.DataFrame(
        [
            ("files found", files, ""),
            ("files read", read, _reasons(unread["reason"])),
            ("documents", len(corpus.documents), ""),
            ("in a language that is read", len(documents), f"in {languages}"),
            ("independent of others", len(independent), "near-copies, counted once"),
            ("passages", len(passages), ""),
            ("passages with a theme", themed, "nothing fits well enough"),
        ],
        columns=["step", "count", "why not more"],
    )
    lost = -steps["count"].diff().fillna(0).astype(int)
    steps.loc[(steps["why not more"] == "") | (lost <= 0), "why not more"] = "–"
    texts = [
        f"{row.count_:,}" + (f"  ({n:,} left out: {plain(row.why)})" if row.why != "–" else "")
        for row, n in zip(
            steps.set_axis(["step", "count_", "why"], axis=1).itertuples(), lost, strict=True
        )
    ]
    figure = bars(steps["count"], steps["step"], texts, PALETTE[0])
    figure.update_xaxes(visible=False, range=[0, 1.9 * steps["count"].max()])
    finding = (
        f"{plural(len(documents), 'document')} in {plural(files, 'file')} gave "
        f"{plural(len(passages), 'passage')}; {percent(themed / len(passages))} carry a theme."
    )
    return finish(figure, finding, steps, 330)


def _reasons(reasons: pd.Series, most: int = 2) -> str:
    """The most frequent reasons, without their details."""
    counts = reasons.str.split(r"[:;(]", regex=True).str[0].str.strip().value_counts()
    more = f" and {len(counts) - most} more reasons" if len(counts) > most else ""
    return ", ".join(counts.index[:most]) + more


def documents_over_time(run: Run) -> go.Figure | None:
    """Number of documents a period; None if no dates are known."""
    dates = run.documents["date"].dropna()
    if dates.empty:
        return None
    code = measures.choose_period(dates)
    periods = dates.dt.to_period(code)
    every = pd.period_range(periods.min(), periods.max())
    table = pd.DataFrame(
        {
            "period": [str(p) for p in every],
            "documents": periods.value_counts().reindex(every, fill_value=0).to_numpy(),
        }
    )
    figure = go.Figure(
        go.Bar(x=every.to_timestamp(), y=table["documents"], marker_color=PALETTE[0])
    )
    figure.update_yaxes(title=f"documents a {measures.PERIODS[code]}", rangemode="tozero")
    busiest = table.loc[table["documents"].idxmax()]
    finding = (
        f"Documents run from {day(dates.min())} to {day(dates.max())}; "
        f"most, {busiest['documents']}, fall in {busiest['period']}."
    )
    return finish(figure, finding, table, 320)


def documents_by(run: Run, column: str) -> go.Figure | None:
    """Number of documents by source or country; None if it is not known."""
    counts = run.documents[column].dropna().value_counts()
    if counts.empty:
        return None
    shown = counts.head(TOP_SOURCES)
    table = pd.DataFrame({column: shown.index, "documents": shown.to_numpy()})
    figure = bars(table["documents"], table[column], table["documents"].astype(str), PALETTE[0])
    figure.update_xaxes(title="documents")
    unknown = len(run.documents) - int(counts.sum())
    finding = (
        f"{shown.index[0]} wrote {percent(shown.iloc[0] / counts.sum())} of the documents whose "
        f"{column} is known; {plural(len(counts), column)} in all"
        + (f", not known for {unknown}." if unknown else ".")
    )
    return finish(figure, finding, table, 120 + 26 * len(table))


def coverage(run: Run, column: str) -> go.Figure | None:
    """Documents by source or country and period: who is there when; None if it is not known."""
    known = run.documents.dropna(subset=[column, "date"])
    if known.empty:
        return None
    code = measures.choose_period(known["date"])
    periods = known["date"].dt.to_period(code)
    counts = pd.crosstab(known[column], periods)
    counts = counts.reindex(columns=pd.period_range(periods.min(), periods.max()), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    throughout = int((counts > 0).all(axis=1).sum())
    counts = counts.head(TOP_SOURCES).set_axis(counts.columns.astype(str), axis=1)
    finding = (
        f"{throughout} of {plural(known[column].nunique(), column)} wrote in every "
        f"{measures.PERIODS[code]}; where one comes or goes, a theme may seem to."
    )
    return counts_map(counts, finding, measures.PERIODS[code])


def copies_by_source(run: Run) -> go.Figure | None:
    """Who copies whom: near-copies by the source that has them and that of the earliest text."""
    found = measures.near_duplicates(run).dropna(subset=["source", "source_of_original"])
    if found.empty:
        return None
    counts = pd.crosstab(found["source"], found["source_of_original"])
    copier, original = counts.stack().idxmax()
    most = counts.loc[copier, original]
    finding = (
        f"{plural(len(found), 'near-copy')}; most often {copier} repeats "
        f"{'itself' if copier == original else original} ({most})."
    )
    return counts_map(counts, finding, "repeats a text of")
