"""Figures of who speaks of what, and when: trends, new themes, contrasts, actors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics.errors import InputError
from topics.figures import format as fmt
from topics.findings import Finding
from topics.measures.change_points import emerging_themes
from topics.text.words import overlap

if TYPE_CHECKING:
    from topics.measures.document_themes import DocumentThemes
    from topics.run import Run

_COLUMNS = 3
_MAX_CONTRASTS = 15
_MAX_ACTORS = 14
_MIN_MENTIONS = 3  # documents
_MIN_DOCUMENTS = 5  # of a theme


def theme_trends(run: Run, shares: pd.DataFrame, change_points: pd.DataFrame) -> go.Figure:
    """Small multiples: share of documents with each theme by period, intervals, change points.

    Parameters
    ----------
    run
        A run.
    shares, change_points
        From `measures.shares_over_time` and `measures.find_change_points`.
    """
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    ids = [i for i in names if shares.loc[shares["theme_id"] == i, "n"].sum()]
    if not ids:
        text = "No document with a date has a theme, so no trend can be shown."
        return fmt.nothing_to_show(text, "corpus")
    n_rows = -(-len(ids) // _COLUMNS)
    figure = make_subplots(
        rows=n_rows, cols=_COLUMNS, shared_xaxes=True, shared_yaxes=True,
        subplot_titles=[fmt.label(names[i], 34) for i in ids],
        vertical_spacing=0.28 / n_rows, horizontal_spacing=0.04,
    )  # fmt: skip
    for place, theme_id in enumerate(ids):
        own = shares[(shares["theme_id"] == theme_id) & (shares["n_total"] > 0)]
        where = {"row": place // _COLUMNS + 1, "col": place % _COLUMNS + 1}
        for trace in _trend(own, colours[theme_id], names[theme_id]):
            figure.add_trace(trace, **where)
        for period in change_points.loc[change_points["theme_id"] == theme_id, "period"]:
            figure.add_vline(x=period, line_dash="dash", line_color=fmt.QUIET, **where)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(showticklabels=True, nticks=4)
    figure.update_annotations(font_size=12)
    finding = _trend_finding(run, shares, change_points)
    table = fmt.with_names(run, shares.drop(columns="partial"))
    return fmt.finish(figure, finding, table, 150 + 170 * n_rows)


def _trend(own: pd.DataFrame, colour: str, name: str) -> list[go.Scatter]:
    """Band, standardised share and share of one theme."""
    band = [*own["high"], *own["low"][::-1]]
    symbols = np.where(own["partial"], "circle-open", "circle")
    counts = own["n"].astype(str) + " of " + own["n_total"].astype(str)
    dotted = {"color": colour, "width": 1, "dash": "dot"}
    return [
        go.Scatter(x=[*own["period"], *own["period"][::-1]], y=band, mode="lines", fill="toself",
                   line_width=0, fillcolor=colour, opacity=0.2, hoverinfo="skip"),
        go.Scatter(x=own["period"], y=own["share_standardised"], mode="lines", line=dotted, hoverinfo="skip"),
        go.Scatter(x=own["period"], y=own["share"], mode="lines+markers", line_color=colour,
                   name=fmt.plain(name), marker={"size": 6, "symbol": symbols}, text=counts,
                   hovertemplate="%{x|%Y-%m-%d}: %{y:.0%} (%{text})<extra></extra>"),
    ]  # fmt: skip


def _trend_finding(run: Run, shares: pd.DataFrame, change_points: pd.DataFrame) -> Finding:
    """The clearest changes in a sentence, or that there is none."""
    otherwise = "No theme rose or fell by more than chance would explain."
    if shares.loc[shares["n_total"] > 0, "period"].nunique() < 2:
        otherwise = "All dated documents fall into one period: no change can be measured."
    names = fmt.theme_names(run)
    clearest = clearest_first(change_points)
    parts = [
        f"{names[row.theme_id]} {'rose' if row.after > row.before else 'fell'} from "
        f"{fmt.percent(row.before)} to {fmt.percent(row.after)} of documents {_when(row)}"
        for row in clearest.itertuples()
    ]
    return fmt.claim(parts, "trend", clearest["theme_id"], otherwise)


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Rows in order of the size of their difference."""
    return table.sort_values("difference", key=abs, ascending=False, kind="stable")


def _when(row: Any) -> str:
    """From when on a change holds, and between which days it may have begun."""
    since, first, last = map(fmt.day_or_month, (row.period, row.earliest, row.latest))
    return f"from {since} on" + ("" if first == last else f" (or between {first} and {last})")


@lru_cache(maxsize=1)  # a figure and a table ask
def emerging(document_themes: DocumentThemes) -> pd.DataFrame:
    """`measures.emerging_themes`; no rows where the periods are too few to tell what is new."""
    try:
        return emerging_themes(document_themes)
    except InputError:
        return pd.DataFrame(columns=["theme_id", "kind", "since"])


def emergence(run: Run, document_themes: DocumentThemes) -> go.Figure:
    """Share of each theme before and in the recent periods; what is new or rising stands out."""
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    table = emerging(document_themes)
    if table.empty:
        text = "Too few periods to tell what is new or rising: at least four are needed."
        return fmt.nothing_to_show(text, "emergence")
    table = table.sort_values("recent", ascending=False, kind="stable")
    figure = go.Figure()
    for row in table.itertuples():
        is_clear = isinstance(row.kind, str)
        places, name = [row.before, row.recent], fmt.label(names[row.theme_id])
        texts = ["", f"  {row.kind}" if is_clear else ""]
        colour = colours[row.theme_id] if is_clear else fmt.QUIET
        figure.add_scatter(x=places, y=[name] * 2, text=texts, line_color=colour)
    marker = {"symbol": ["circle-open", "circle"], "size": 9}
    figure.update_traces(mode="lines+markers+text", textposition="middle right", marker=marker)
    figure.update_traces(hovertemplate="%{x:.1%}<extra></extra>")
    title = "share of documents: hollow before, full recently"
    figure.update_xaxes(tickformat=".0%", title=title, rangemode="tozero")
    finding, twin = _emergence_finding(table, names), fmt.with_names(run, table)
    return fmt.in_rows(figure, len(table), finding, twin)


def _emergence_finding(table: pd.DataFrame, names: dict[str, str]) -> Finding:
    clear = table.dropna(subset="kind")
    parts = [
        f"{names[row.theme_id]} is {row.kind} ({fmt.percent(row.before)} before, {fmt.percent(row.recent)} "
        f"since {fmt.day_or_month(row.since)}, in {fmt.plural(row.documents, 'document')}"
        + (f" from {fmt.plural(row.sources, 'source')})" if row.sources else ")")
        for row in clear.itertuples()
    ]
    otherwise = "No theme is new or rising by more than chance would explain."
    return fmt.claim(parts, "emergence", clear["theme_id"], otherwise)


def shares_by_group(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each source's (or country's) documents that have a theme.

    `table` is from `measures.contrast_groups`; its first column says who is compared.
    """
    column, names = table.columns[0], fmt.theme_names(run)
    if table.empty:
        return fmt.nothing_to_show(f"Nothing to compare: no second {column} is known.", "shares")
    groups = table[column].drop_duplicates().head(fmt.MAX_GROUPS)
    shown = table[table[column].isin(groups)]
    totals = shown.drop_duplicates(column).set_index(column)["total_second"]
    grid = _by_theme(run, shown, column, "second", groups)
    grid.columns = [f"{fmt.label(str(name), 24)}<br>n={totals[name]}" for name in grid.columns]
    twin = fmt.with_names(run, shown).rename(columns={"second": "share"})
    twin = twin[[column, "theme", "n_second", "total_second", "share", "low", "high"]]
    top = shown.loc[shown["second"].idxmax()]
    text = (
        f"The largest share: {names[top['theme_id']]} is in {fmt.percent(top['second'])} of the documents "
        f"from {top[column]} ({top['n_second']} of {top['total_second']})."
    )
    finding = Finding(text, "shares", themes=[top["theme_id"]])
    return fmt.heat_map(grid, "{:.0%}".format, finding, twin)


def _by_theme(
    run: Run, table: pd.DataFrame, column: str, values: str, groups: Iterable[str]
) -> pd.DataFrame:
    """A row a theme, by its name, and a column for each of the groups, 0 where nothing is known."""
    names = fmt.theme_names(run)
    grid = table.pivot(index="theme_id", columns=column, values=values).fillna(0.0)
    grid = grid.loc[[i for i in names if i in grid.index], [*groups]]
    return grid.rename(index=names)


def contrasts(run: Run, table: pd.DataFrame) -> go.Figure:
    """The differences between one source (or country) and the others, with intervals.

    `table` is from `measures.contrast_groups`. Shown are those that are clear, or, where none is,
    the largest.
    """
    column, names = table.columns[0], fmt.theme_names(run)
    if table.empty:
        return fmt.nothing_to_show(f"No differences to show: no second {column} is known.", column)
    some = table[table["clear"]] if table["clear"].any() else table
    some = clearest_first(some).head(_MAX_CONTRASTS)
    difference, ids = some["difference"], some["theme_id"]
    interval = {"array": some["high"] - difference, "arrayminus": difference - some["low"]}
    points = go.Scatter(
        x=difference,
        y=[f"{fmt.label(str(group), 24)} · {fmt.label(names[i], 30)}"
           for group, i in zip(some[column], ids, strict=True)],
        mode="markers", marker={"size": 9, "color": ids.map(fmt.theme_colours(run))},
        error_x=interval | {"color": fmt.QUIET}, hovertemplate="%{y}: %{x:+.0%}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(points).add_vline(x=0, line_color=fmt.QUIET)
    figure.update_xaxes(tickformat="+.0%", title="difference in share")
    finding = _contrast_finding(some, column, names)
    return fmt.in_rows(figure, len(some), finding, fmt.with_names(run, some))


def _contrast_finding(some: pd.DataFrame, column: str, names: dict[str, str]) -> Finding:
    """The largest of the clear differences, or that there is none."""
    first = some.iloc[0]
    if not first["clear"]:
        text = f"No {column} differs clearly from the others in any theme."
        return Finding(text, column, "none")
    text = (
        f"{first[column]} differs most: {names[first['theme_id']]} is in {fmt.percent(first['second'])} "
        f"of its documents and in {fmt.percent(first['first'])} of the others' (difference "
        f"{100 * first['low']:+.0f} to {100 * first['high']:+.0f} points)."
    )
    return Finding(text, column, themes=[first["theme_id"]])


def actors(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each theme's documents that name the most frequent actors.

    `table` is from `measures.actors_by_theme`.
    """
    if table.empty:
        text = "No actor on the list is named in a passage with a theme."
        return fmt.nothing_to_show(text, "actors")
    n = table.groupby("actor")["n"].sum().sort_values(ascending=False, kind="stable")
    grid = _by_theme(run, table, "actor", "share", n.index[:_MAX_ACTORS])
    often = table[table["n"] >= _MIN_MENTIONS]
    finding = _actors_finding(often.assign(theme=often["theme_id"].map(fmt.theme_names(run))))
    twin = fmt.with_names(run, often)
    return fmt.heat_map(grid, lambda share: f"{share:.0%}" if share else "", finding, twin)


def _actors_finding(table: pd.DataFrame) -> Finding:
    """The actors most clearly named more with one theme than elsewhere, but for its namesakes."""
    namesakes = [overlap(*pair) for pair in zip(table["theme"], table["actor"], strict=True)]
    marked = table[~np.array(namesakes, dtype=bool) & np.isfinite(table["lift"])]
    marked = marked.query("n_total >= @_MIN_DOCUMENTS and low > share_elsewhere")
    marked = marked.sort_values("low", ascending=False, kind="stable")
    marked = marked.drop_duplicates("theme").head(fmt.MAX_LISTED)
    parts = [
        f"{row.actor} is named in {fmt.percent(row.share)} of the documents on {row.theme} "
        f"({fmt.percent(row.share_elsewhere)} elsewhere)"
        for row in marked.itertuples()
    ]
    otherwise = "No actor is named clearly more with one theme than with the others."
    return fmt.claim(parts, "actors", marked["theme_id"], otherwise)
