"""Figures of who speaks of what, and when: trends, new themes, contrasts, actors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics.errors import InputError
from topics.figures import claims
from topics.figures import format as fmt
from topics.measures.change_points import SLOW, emerging_themes

if TYPE_CHECKING:
    from topics.measures.document_themes import DocumentThemes
    from topics.run import Run

_COLUMNS = 3
_MAX_ACTORS = 14
_MIN_MENTIONS = 3  # documents
_MIN_SHOWN = 5  # documents of a period; of fewer, a share is no point of a curve


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
        enough = shares["n_total"] >= min(_MIN_SHOWN, shares["n_total"].max())
        own = shares[(shares["theme_id"] == theme_id) & enough]
        where = {"row": place // _COLUMNS + 1, "col": place % _COLUMNS + 1}
        for trace in _trend(own, colours[theme_id], names[theme_id]):
            figure.add_trace(trace, **where)
        moves = change_points[change_points["theme_id"] == theme_id]
        at_once = moves.loc[moves["shape"] != SLOW, ["period", "until"]]
        for day in at_once.stack().dropna():
            figure.add_vline(x=day, line_dash="dash", line_color=fmt.QUIET, **where)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(showticklabels=True, nticks=4)
    figure.update_annotations(font_size=12)
    finding = claims.of_changes(run, shares, change_points)
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
    finding, twin = claims.of_emergence(run, table), fmt.with_names(run, table)
    return fmt.in_rows(figure, len(table), finding, twin)


def shares_by_group(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each source's (or country's) documents that have a theme; what differs clearly is told.

    `table` is from `measures.contrast_groups`; its first column says who is compared.
    """
    column = table.columns[0]
    if table.empty:
        return fmt.nothing_to_show(f"Nothing to compare: no second {column} is known.", column)
    groups = table[column].drop_duplicates().head(fmt.MAX_GROUPS)
    shown = table[table[column].isin(groups)]
    totals = shown.drop_duplicates(column).set_index(column)["total_second"]
    grid = _by_theme(run, shown, column, "second", groups)
    grid.columns = [f"{fmt.label(str(name), 24)}<br>n={totals[name]}" for name in grid.columns]
    twin = fmt.with_names(run, shown).rename(columns={"second": "share", "first": "share_others"})
    twin = twin[[column, "theme", "n_second", "total_second", "share", "share_others", "difference",
                 "low", "high", "clear"]]  # fmt: skip
    return fmt.heat_map(grid, "{:.0%}".format, claims.of_contrasts(run, table), twin)


def _by_theme(
    run: Run, table: pd.DataFrame, column: str, values: str, groups: Iterable[str]
) -> pd.DataFrame:
    """A row a theme, by its name, and a column for each of the groups, 0 where nothing is known."""
    names = fmt.theme_names(run)
    grid = table.pivot(index="theme_id", columns=column, values=values).fillna(0.0)
    grid = grid.loc[[i for i in names if i in grid.index], [*groups]]
    return grid.rename(index=names)


def actors(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each theme's passages that name the most frequent actors.

    `table` is from `measures.actors_by_theme`.
    """
    if table.empty:
        text = "No actor on the list is named in a passage with a theme."
        return fmt.nothing_to_show(text, "actors")
    n = table.groupby("actor")["documents"].sum().sort_values(ascending=False, kind="stable")
    grid = _by_theme(run, table, "actor", "share", n.index[:_MAX_ACTORS])
    often = table[table["documents"] >= _MIN_MENTIONS]
    twin = fmt.with_names(run, often)
    finding = claims.of_actors(run, often)
    return fmt.heat_map(grid, lambda share: f"{share:.0%}" if share else "", finding, twin)
