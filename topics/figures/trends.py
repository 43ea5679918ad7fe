"""Figures of who speaks of what, and when: trends, new themes, contrasts, actors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics.figures.format import QUIET, percent, plain, theme_colours, theme_names
from topics.figures.template import TOP_SOURCES, finish, heat_map, label
from topics.run import Run
from topics.text.words import overlap

_COLUMNS = 3
_TOLD = 3  # findings in a title
_TOP_CONTRASTS = 15
_TOP_ACTORS = 14
_MIN_MENTIONS = 3  # documents
_MIN_TOLD = 5  # documents of a theme


def trends(run: Run, shares: pd.DataFrame, breaks: pd.DataFrame) -> go.Figure | None:
    """Small multiples: share of documents with each theme by period, intervals, breaks.

    Parameters
    ----------
    run
        A run.
    shares, breaks
        From `measures.shares_over_time` and `measures.find_change_points`.

    Returns
    -------
    go.Figure or None
        None where no dated document carries a theme.
    """
    names, colours = theme_names(run), theme_colours(run)
    ids = [i for i in names if shares.loc[shares["theme_id"] == i, "n"].sum()]
    if not ids:
        return None
    n_rows = -(-len(ids) // _COLUMNS)
    figure = make_subplots(rows=n_rows, cols=_COLUMNS, shared_xaxes=True, shared_yaxes=True,
                           subplot_titles=[label(names[i], 34) for i in ids],
                           vertical_spacing=0.28 / max(n_rows, 1), horizontal_spacing=0.04)  # fmt: skip
    for place, theme_id in enumerate(ids):
        own = shares[(shares["theme_id"] == theme_id) & (shares["n_total"] > 0)]
        where = {"row": place // _COLUMNS + 1, "col": place % _COLUMNS + 1}
        for trace in _trend(own, colours[theme_id], names[theme_id]):
            figure.add_trace(trace, **where)
        for period in breaks.loc[breaks["theme_id"] == theme_id, "period"]:
            figure.add_vline(x=period, line_dash="dash", line_color=QUIET, **where)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(showticklabels=True, nticks=4)
    figure.update_annotations(font_size=12)
    columns = [
        "period",
        "theme_id",
        "n",
        "n_total",
        "share",
        "low",
        "high",
        "interval",
        "share_standardised",
    ]
    finding = trend_finding(run, breaks)
    if shares.loc[shares["n_total"] > 0, "period"].nunique() < 2:
        finding = "All dated documents fall into one period: no change can be measured."
    return finish(figure, finding, shares[columns], 150 + 170 * n_rows)


def _trend(own: pd.DataFrame, colour: str, name: str) -> list[go.Scatter]:
    """Band, share at a fixed mix of sources, and share of one theme."""
    band = [*own["high"], *own["low"][::-1]]
    return [
        go.Scatter(x=[*own["period"], *own["period"][::-1]], y=band, mode="lines", fill="toself",
                   line_width=0, fillcolor=colour, opacity=0.2, hoverinfo="skip", showlegend=False),
        go.Scatter(x=own["period"], y=own["share_standardised"], mode="lines", hoverinfo="skip",
                   line={"color": colour, "width": 1, "dash": "dot"}, showlegend=False),
        go.Scatter(x=own["period"], y=own["share"], mode="lines+markers", showlegend=False,
                   line_color=colour, name=plain(name),
                   marker={"size": 6, "symbol": ["circle-open" if p else "circle" for p in own["partial"]]},
                   text=[f"{n} of {of}" for n, of in zip(own["n"], own["n_total"], strict=True)],
                   hovertemplate="%{x|%Y-%m-%d}: %{y:.0%} (%{text})<extra></extra>"),
    ]  # fmt: skip


def trend_finding(run: Run, breaks: pd.DataFrame) -> str:
    """The clearest breaks in a sentence, or that there is none."""
    names = theme_names(run)
    if breaks.empty:
        return "No clear change: no theme's share of documents moved more than permuted dates do."
    clearest = breaks.reindex(breaks["difference"].abs().sort_values(ascending=False).index)
    parts = [
        f"{names[row.theme_id]} {'rose' if row.after > row.before else 'fell'} from "
        f"{percent(row.before)} to {percent(row.after)} of documents {_when(row)}"
        for row in clearest.head(_TOLD).itertuples()
    ]
    more = f"; {len(breaks) - _TOLD} more breaks" if len(breaks) > _TOLD else ""
    return "; ".join(parts) + more + "."


def _when(row: Any) -> str:
    """From when on a break holds, and between which days that may lie."""
    since, first, last = map(day_or_month, (row.period, row.earliest, row.latest))
    return f"from {since} on" + ("" if first == last else f" (or between {first} and {last})")


def day_or_month(day: pd.Timestamp) -> str:
    """A day, or the month that begins with it."""
    return f"{day:%B %Y}" if day.day == 1 else f"{day.day} {day:%B %Y}"


def emergence(run: Run, table: pd.DataFrame) -> go.Figure:
    """Share of each theme before and in the recent periods; what is new or rising stands out."""
    names, colours = theme_names(run), theme_colours(run)
    table = table.sort_values("recent", ascending=False, kind="stable")
    figure = go.Figure()
    for row in table.itertuples():
        clear = isinstance(row.kind, str)
        colour = colours[row.theme_id] if clear else QUIET
        figure.add_trace(
            go.Scatter(
                x=[row.before, row.recent], y=[label(names[row.theme_id])] * 2, mode="lines+markers+text",
                line_color=colour, marker={"symbol": ["circle-open", "circle"], "size": 9},
                text=["", f"  {row.kind}" if clear else ""], textposition="middle right",
                showlegend=False, hovertemplate="%{x:.1%}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(
        tickformat=".0%",
        title="share of documents: hollow before, full of late",
        rangemode="tozero",
    )
    figure.update_yaxes(autorange="reversed")
    called = table.dropna(subset="kind")
    parts = [
        f"{names[row.theme_id]} is {row.kind} ({percent(row.before)} before, {percent(row.recent)} since "
        f"{day_or_month(row.since)}, in {row.documents} documents of {row.sources} sources)"
        for row in called.itertuples()
    ]
    more = [f"{len(parts) - _TOLD} more"] if len(parts) > _TOLD else []
    finding = (
        "; ".join(parts[:_TOLD] + more)
        or "No theme is new or rising more than permuted dates make it"
    )
    shown = table.assign(theme=table["theme_id"].map(names)).drop(columns="theme_id")
    return finish(figure, f"{finding}.", shown, 140 + 26 * len(table))


def theme_by(run: Run, table: pd.DataFrame) -> go.Figure | None:
    """Share of each source's (or country's) documents that carry a theme; None without any.

    `table` is from `measures.contrast_groups`; its first column says who is compared.
    """
    if table.empty:
        return None
    column, names = table.columns[0], theme_names(run)
    kept = table[column].drop_duplicates().head(TOP_SOURCES)
    shown = table[table[column].isin(kept)]
    grid = shown.pivot(index="theme_id", columns=column, values="second").loc[list(names), kept]
    of = shown.drop_duplicates(column).set_index(column)["total_second"]
    grid.index = [names[theme_id] for theme_id in grid.index]
    grid.columns = [f"{label(str(name), 24)}<br>n={of[name]}" for name in grid.columns]
    twin = shown.assign(theme=shown["theme_id"].map(names), share=shown["second"])
    twin = twin[[column, "theme", "n_second", "total_second", "share", "low", "high"]]
    most = shown.loc[shown["second"].idxmax()]
    finding = (
        f"The largest share: {names[most['theme_id']]} is in {percent(most['second'])} of the documents of "
        f"{most[column]} ({most['n_second']} of {most['total_second']})."
    )
    return heat_map(grid, grid.map(lambda share: f"{share:.0%}"), finding, twin)


def contrasts(run: Run, table: pd.DataFrame) -> go.Figure | None:
    """The differences between one source (or country) and the others, with intervals.

    `table` is from `measures.contrast_groups`. Those that are clear, or, where none is, the largest;
    None where there is nothing to compare.
    """
    if table.empty:
        return None
    column, names, colours = table.columns[0], theme_names(run), theme_colours(run)
    some = table[table["clear"]] if table["clear"].any() else table
    some = some.reindex(some["difference"].abs().sort_values(ascending=False, kind="stable").index)
    some = some.head(_TOP_CONTRASTS)
    whose = [
        f"{label(str(s), 24)} · {label(names[t], 30)}"
        for s, t in zip(some[column], some["theme_id"], strict=True)
    ]
    reach = {
        "array": some["high"] - some["difference"], "arrayminus": some["difference"] - some["low"],
        "color": QUIET,
    }  # fmt: skip
    figure = go.Figure(
        go.Scatter(
            x=some["difference"], y=whose, mode="markers", error_x=reach,
            marker={"size": 9, "color": [colours[t] for t in some["theme_id"]]},
            hovertemplate="%{y}: %{x:+.0%}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line_color=QUIET)
    figure.update_xaxes(tickformat="+.0%", title="difference in share")
    figure.update_yaxes(autorange="reversed")
    finding = f"No {column} differs clearly from the others in any theme."
    if table["clear"].any():
        first = some.iloc[0]
        finding = (
            f"{first[column]} differs most: {names[first['theme_id']]} is in {percent(first['second'])} of its "
            f"documents and in {percent(first['first'])} of the others' (difference "
            f"{100 * first['low']:+.0f} to {100 * first['high']:+.0f} points)."
        )
    shown = some.assign(theme=some["theme_id"].map(names)).drop(columns="theme_id")
    return finish(figure, finding, shown, 140 + 28 * len(some))


def actors(run: Run, table: pd.DataFrame) -> go.Figure | None:
    """Share of each theme's documents that name the most frequent actors; None without any.

    `table` is from `measures.actors_by_theme`.
    """
    if table.empty:
        return None
    names = theme_names(run)
    kept = table.groupby("actor")["n"].sum().sort_values(ascending=False, kind="stable")
    shown = table[table["actor"].isin(kept.index[:_TOP_ACTORS])]
    grid = shown.pivot(index="theme_id", columns="actor", values="share").fillna(0.0)
    grid = grid.reindex(
        index=[i for i in names if i in grid.index], columns=kept.index[:_TOP_ACTORS]
    )
    grid.index = [names[theme_id] for theme_id in grid.index]
    twin = table[table["n"] >= _MIN_MENTIONS].assign(theme=table["theme_id"].map(names))
    marked = twin[np.isfinite(twin["lift"]) & (twin["n_total"] >= _MIN_TOLD)].sort_values(
        "low", ascending=False, kind="stable"
    )
    trivial = [overlap(*pair) for pair in zip(marked["theme"], marked["actor"], strict=True)]
    marked = marked[(marked["low"] > marked["share_elsewhere"]) & ~np.array(trivial, dtype=bool)]
    marked = marked.drop_duplicates("theme").head(_TOLD)
    parts = [
        f"{row.actor} in {percent(row.share)} of the documents on {row.theme} ({percent(row.share_elsewhere)} elsewhere)"
        for row in marked.itertuples()
    ]
    finding = (
        f"Named most: {'; '.join(parts)}."
        if parts
        else f"No actor is named clearly more in one theme of {_MIN_TOLD} or more documents than elsewhere."
    )
    columns = [
        "theme",
        "actor",
        "kind",
        "n",
        "n_total",
        "share",
        "low",
        "high",
        "share_elsewhere",
        "lift",
    ]
    return heat_map(grid, grid.map(lambda v: f"{v:.0%}" if v else ""), finding, twin[columns])
