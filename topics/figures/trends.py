"""Figures of who speaks of what, and when: trends, new themes, contrasts, actors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics.checks import check_table
from topics.errors import InputError
from topics.figures import claims
from topics.figures import format as fmt
from topics.html import Html
from topics.intervals import CONFIDENCE
from topics.measures.change_points import SLOW, emerging_themes

if TYPE_CHECKING:
    from topics.measures.shares import DocumentThemes
    from topics.run import Run

_COLUMNS = 3
_MAX_ACTORS = 14
_MIN_MENTIONS = 3  # documents
_DASHED = {"color": fmt.QUIET, "dash": "dash"}
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
    check_table(shares, "shares", ["theme_id", "period", "share"])
    check_table(change_points, "change_points", ["theme_id", "shape", "period", "until"])
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    counts = shares.groupby("theme_id")["n"].sum().sort_values(ascending=False, kind="stable")
    ids = counts.index[counts > 0]
    if ids.empty:
        text = "No document with a date has a theme, so no trend can be shown."
        return fmt.nothing_to_show(text, "corpus")
    n_rows = -(-len(ids) // _COLUMNS)
    figure = make_subplots(
        rows=n_rows, cols=_COLUMNS, subplot_titles=[f"<b>{fmt.label(names[i], 34)}</b>" for i in ids],
        shared_yaxes=True, vertical_spacing=0.28 / n_rows, horizontal_spacing=0.04,
    )  # fmt: skip
    enough = shares[_is_enough(shares)]
    top, traces, notes, lines = enough["high"].max(), [], [], []  # top of the one scale of all
    for number, theme_id in enumerate(ids, 1):
        own, font = shares[shares["theme_id"] == theme_id], {"color": colours[theme_id], "size": 12}
        x, y = (f"{axis}{number if number > 1 else ''}" for axis in "xy")
        for trace in _trend(own, colours[theme_id], names[theme_id], top):
            traces.append(trace.update(xaxis=x, yaxis=y))
        left = figure.layout[f"xaxis{x[1:]}"].domain[0]
        figure.layout.annotations[number - 1].update(font=font, xanchor="left", x=left)
        last = own[_is_enough(own)].iloc[-1]
        place = {"x": last["period"], "y": last["share"], "xref": x, "yref": y, "showarrow": False}
        text = f"{last['share']:.0%}"
        notes.append(place | {"text": text, "font": font, "xanchor": "left", "xshift": 5})
        moves = change_points[change_points["theme_id"] == theme_id]
        at_once = moves[moves["shape"] != SLOW]
        for word, column in (("from", "period"), ("until", "until")):
            for day in at_once[column].dropna():
                place |= {"x": day, "y": 1, "yref": f"{y} domain", "yanchor": "top"}
                text = f"{word} {fmt.when(run, day)}"
                notes.append(place | {"text": text, "font": {"size": 12}})
                lines.append({"type": "line", "x0": day, "x1": day, "xref": x, "y0": 0, "y1": 1,
                              "yref": f"{y} domain", "line": _DASHED})  # fmt: skip
    # At once: with each that is added alone, plotly checks all those before it again.
    figure.add_traces(traces).update_layout(shapes=lines)
    figure.layout.annotations += tuple(notes)
    first, last = enough["period"].agg(["min", "max"])
    edge = (last - first) / 30 or pd.Timedelta(days=1)
    figure.update_yaxes(tickformat=".0%", range=[0, top], nticks=4)
    figure.update_xaxes(range=[first - edge, last + edge], nticks=4, ticklabelstandoff=5)
    finding = claims.of_changes(run, shares, change_points)
    table = fmt.with_names(run, shares.drop(columns="partial"))
    return fmt.finish(figure, finding, table, 80 + 170 * n_rows)


def _is_enough(shares: pd.DataFrame) -> pd.Series:
    """Whether a period has enough documents for its share to be drawn."""
    return shares["n_total"] >= min(_MIN_SHOWN, shares["n_total"].max())


def _unbroken(own: pd.DataFrame) -> list[pd.DataFrame]:
    """The parts of a theme's curve: between them are periods with too few documents."""
    enough = _is_enough(own)
    return [part for _, part in own[enough].groupby((~enough).cumsum()[enough])]


def _trend(own: pd.DataFrame, colour: str, name: str, top: float) -> list[go.Scatter]:
    """Bands, standardised share and share of one theme, with gaps where documents are too few.

    A standardised share above the scale rests on sources that hardly write on the theme: a gap too.
    """
    symbols = np.where(own["partial"], "circle-open", "circle")
    counts = own["n"].astype(str) + " of " + own["n_total"].astype(str)
    dotted = {"color": colour, "width": 1, "dash": "dot"}
    shown = own[["share", "share_standardised"]].where(_is_enough(own))
    shown.loc[own["share_standardised"] > top, "share_standardised"] = np.nan
    until = own["period"].shift(-1) - pd.Timedelta(days=1)
    states = [
        fmt.search_state(theme=row.theme_id, since=row.period, until=last)
        for row, last in zip(own.itertuples(), until, strict=True)
    ]
    bands = [
        go.Scatter(x=[*part["period"], *part["period"][::-1]], y=[*part["high"], *part["low"][::-1]],
                   mode="lines", fill="toself", line_width=0, fillcolor=colour, opacity=0.2,
                   hoverinfo="skip")
        for part in _unbroken(own)
    ]  # fmt: skip
    return [
        *bands,
        go.Scatter(x=own["period"], y=shown["share_standardised"], mode="lines", line=dotted,
                   hoverinfo="skip"),
        go.Scatter(x=own["period"], y=shown["share"], mode="lines+markers", line_color=colour,
                   name=fmt.plain(name), marker={"size": 6, "symbol": symbols}, text=counts,
                   customdata=states, hovertemplate="%{x|%Y-%m-%d}: %{y:.0%} (%{text})<extra></extra>"),
    ]  # fmt: skip


def sparklines(run: Run, shares: pd.DataFrame) -> tuple[dict[str, Html], str]:
    """A line a theme: its share of documents by period, with its interval; and what they show."""
    if shares.empty:
        return {}, ""
    enough, colours = shares[_is_enough(shares)], fmt.theme_colours(run)
    top = enough["high"].max()
    first, last = enough["period"].agg(["min", "max"])
    lines = {}
    for theme_id, own in shares[shares["period"].between(first, last)].groupby("theme_id"):
        place = pd.Series(np.linspace(2, 98, len(own)), own.index)
        shapes = "".join(_spark(part, place[part.index], top) for part in _unbroken(own))
        known = own["share"][_is_enough(own)]
        told = f"{fmt.percent(known.min())} to {fmt.percent(known.max())} of documents a period"
        lines[theme_id] = Html(
            f"<svg class='spark' viewBox='0 0 100 30' preserveAspectRatio='none' role='img' "
            f"aria-label='{told}' style='color:{colours[theme_id]}'>{shapes}</svg>"
        )
    when = f"{first:%b %Y} to {last:%b %Y}"
    told = f"Lines: share of documents, {when}, with its {CONFIDENCE:.0%} interval"
    return lines, f"{told}; all on one scale, from 0 to {fmt.percent(top)}."


def _spark(part: pd.DataFrame, x: pd.Series, top: float) -> str:
    """A band and a line; of one period alone the line's round end is a dot."""
    low, high, share = (
        [f"{a:.1f},{29 - 28 * b / top:.1f}" for a, b in zip(x, part[column], strict=True)]
        for column in ("low", "high", "share")
    )
    band = f"<polygon points='{' '.join(high + low[::-1])}'/>"
    return f"{band}<polyline points='{' '.join(share + share[-1:])}'/>"


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
        places, name = [row.before, row.recent], fmt.plain(names[row.theme_id])
        texts = ["", f"  {row.kind}" if is_clear else ""]
        colour = colours[row.theme_id] if is_clear else fmt.QUIET
        figure.add_scatter(x=places, y=[name] * 2, text=texts, line_color=colour)
    marker = {"symbol": ["circle-open", "circle"], "size": 9}
    figure.update_traces(mode="lines+markers+text", textposition="middle right", marker=marker)
    figure.update_traces(hovertemplate="%{x:.1%}<extra></extra>")
    axis = {"tickformat": ".0%", "title": "share: hollow before, full now", "rangemode": "tozero"}
    finding, twin = claims.of_emergence(run, table), fmt.with_names(run, table)
    return fmt.in_rows(figure, table["theme_id"].map(names), finding, twin, xaxis=axis)


def shares_by_group(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each source's (or country's) documents that have a theme; what differs clearly is told.

    `table` is from `measures.contrast_groups`; its first column says who is compared.
    """
    check_table(table, "table", ["theme_id", "first", "second", "clear"])
    column = table.columns[0]
    if table.empty:
        text = f"Nothing to compare: no second {column} of five documents is known."
        return fmt.nothing_to_show(text, column)
    groups = table[column].drop_duplicates().head(fmt.MAX_GROUPS)
    shown = table[table[column].isin(groups)]
    totals = shown.drop_duplicates(column).set_index(column)["total_second"]
    grid = _by_theme(run, shown, column, "second", groups)
    states = [
        [fmt.search_state(**{"theme": theme_id, column: group}) for group in groups]
        for theme_id in grid.index
    ]
    grid.columns = [f"{fmt.label(str(name), 24)}<br>n={totals[name]}" for name in grid.columns]
    grid = grid.rename(index=fmt.theme_names(run))
    twin = fmt.with_names(run, shown).rename(columns={"second": "share", "first": "share_others"})
    twin = twin[[column, "theme", "n_second", "total_second", "share", "share_others", "difference",
                 "low", "high", "clear"]]  # fmt: skip
    return fmt.heat_map(grid, "{:.0%}".format, claims.of_contrasts(run, table), twin, states)


def _by_theme(
    run: Run, table: pd.DataFrame, column: str, values: str, groups: Iterable[str]
) -> pd.DataFrame:
    """A row a theme by id, the largest first, a column a group; 0 where nothing is known."""
    grid = table.pivot(index="theme_id", columns=column, values=values).fillna(0.0)
    largest = run.assignments["theme_id"].value_counts().index
    return grid.loc[largest[largest.isin(grid.index)], [*groups]]


def actors(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each theme's passages that name the most frequent actors.

    `table` is from `measures.actors_by_theme`.
    """
    if table.empty:
        text = "No actor on the list is named in a passage with a theme."
        return fmt.nothing_to_show(text, "actors")
    n = table.groupby("actor")["documents"].sum().sort_values(ascending=False, kind="stable")
    grid = _by_theme(run, table, "actor", "share", n.index[:_MAX_ACTORS])
    grid = grid.rename(index=fmt.theme_names(run))
    often = table[table["documents"] >= _MIN_MENTIONS]
    twin = fmt.with_names(run, often)
    finding = claims.of_actors(run, often)
    return fmt.heat_map(grid, lambda share: f"{share:.0%}" if share else "", finding, twin)
