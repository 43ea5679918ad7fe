"""Figures of the themes: the map, their sizes, their families, how solid they are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics import measures
from topics.figures.format import PALETTE, QUIET, percent, plain, plural, theme_colours, theme_names
from topics.figures.template import SYMBOLS, bars, finish, label
from topics.run import Run

_LINE = re.compile(r"\S.{0,69}(?!\S)|\S{1,70}")  # as textwrap would, ten times as fast
_HOVER_WORDS = 40
_MAX_IN_LEGEND = 16  # themes
_SVG_LIMIT = 3000  # points; more are drawn by WebGL
_COUNTS = [k * 10**e for e in range(5) for k in (1, 2, 3, 5)]  # of clusters, told on an axis


def theme_map(run: Run) -> go.Figure:
    """Every passage a point; each theme a colour, a symbol and, where there is room, its name.

    Where themes were found on a sample, that sample is drawn.
    """
    primary = run.theme_of_passage.to_numpy()[run.fitted]
    x, y = run.coordinates.T
    colours, names = theme_colours(run), theme_names(run)
    owns = {theme_id: primary == theme_id for theme_id in names}
    named = {theme.id for theme in run.model.named}
    figure = go.Figure(_points(run, primary))
    labels = [
        (float(np.median(x[own])), float(np.median(y[own])), label(names[i], 34), colours[i])
        for i, own in sorted(owns.items(), key=lambda item: (item[0] not in named, -item[1].sum()))
        if own.any()
    ]
    for left, low, name, colour in _apart(
        labels, float(np.ptp(run.coordinates, axis=0).max()) or 1.0
    ):
        figure.add_annotation(
            x=left, y=low, text=f"<b>{name}</b>", showarrow=False,
            font={"color": colour, "size": 12}, bgcolor="rgba(255,255,255,0.82)", borderpad=1,
        )  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(
        showlegend=len(owns) <= _MAX_IN_LEGEND,  # a longer one leaves the map no room
        legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"},
        margin={"l": 10, "r": 10, "b": 10},
    )
    counts = pd.DataFrame(
        [("no theme", int(pd.isna(primary).sum()))]
        + [(names[i], int(own.sum())) for i, own in owns.items()],
        columns=["theme", "passages"],
    )
    drawn = "a sample of" if run.is_sampled else "all"
    return finish(figure, _map_finding(counts, drawn), counts, 720)


def _points(run: Run, primary: np.ndarray) -> list[go.Scatter]:
    """A trace for the passages without a theme, and one a theme."""
    x, y = run.coordinates.T.astype(np.float32)
    colours, names = theme_colours(run), theme_names(run)
    scatter, width = (go.Scatter, 6) if len(x) <= _SVG_LIMIT else (go.Scattergl, 3)
    passages = run.passages.iloc[run.fitted]
    hover = np.array([_hover(row) for row in passages.itertuples()], dtype=object)
    looks = [("no theme", pd.isna(primary), QUIET, "circle-open", width - 1, 0.45)] + [
        (names[i], primary == i, colours[i], SYMBOLS[number % len(SYMBOLS)], width, 0.8)
        for number, i in enumerate(names)
    ]
    return [
        scatter(
            x=x[own], y=y[own], mode="markers", name=f"{label(name)} ({own.sum()})",
            text=hover[own], hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            marker={"color": colour, "symbol": symbol, "size": size, "opacity": opacity},
        )
        for name, own, colour, symbol, size, opacity in looks
        if own.any()
    ]  # fmt: skip


def _map_finding(counts: pd.DataFrame, drawn: str) -> str:
    """The largest theme, and how much carries none; from theme and passages, no theme first."""
    n, without = int(counts["passages"].sum()), int(counts["passages"].iloc[0])
    if n == without:
        return f"No theme was found in {plural(n, 'passage')}."
    most = counts.iloc[1:].nlargest(1, "passages").iloc[0]
    return (
        f"Each passage is drawn in its strongest theme; the largest is {most['theme']} "
        f"({plural(int(most['passages']), 'passage')}); {percent(without / n)} of {drawn} "
        f"{plural(n, 'passage')} carry no theme."
    )


def _hover(passage: Any) -> str:
    """Hover text of a passage; plotly shows a few HTML tags, so marks of HTML are taken out."""
    words = passage.text.split()
    text = " ".join(words[:_HOVER_WORDS]) + (" …" if len(words) > _HOVER_WORDS else "")
    parts = [str(v) for v in (passage.source, passage.title) if isinstance(v, str)]
    if not pd.isna(passage.date):
        parts.insert(0, f"{passage.date:%Y-%m-%d}")
    lines = _LINE.findall(plain(text))
    return (
        "<br>".join([f"<b>{plain(' · '.join(parts))}</b>", *lines]) if parts else "<br>".join(lines)
    )


def _apart(
    labels: list[tuple[float, float, str, str]], extent: float
) -> list[tuple[float, float, str, str]]:
    """Labels a little moved where they would cover one before them, left out where that fails."""
    # The map is about 450 pixels wide or high and keeps its proportions; a letter is 7.2 wide.
    line, letter = 20 / 450 * extent, 7.2 / 450 * extent
    placed: list[tuple[float, float, str, str]] = []

    def free(x: float, y: float, name: str) -> bool:
        return not any(
            abs(y - v) < line and abs(x - u) < letter * (len(name) + len(other)) / 2
            for u, v, other, _ in placed
        )

    for x, low, name, colour in labels:
        heights = (low + lines * line for lines in (0, 0.5, -0.5, 1, -1))
        if (y := next((y for y in heights if free(x, y, name)), None)) is not None:
            placed.append((x, y, name, colour))
    return placed


def theme_sizes(run: Run) -> go.Figure:
    """Passages and independent documents a theme."""
    colours = theme_colours(run)
    sizes = measures.theme_support(run).merge(
        run.themes[["theme_id", "name", "kind", "n_passages"]], on="theme_id"
    )
    table = sizes[["name", "kind", "n_passages", "documents", "independent"]]
    texts = [f"{p} in {d}" for p, d in sizes[["n_passages", "documents"]].itertuples(index=False)]
    shades = [colours[theme_id] for theme_id in sizes["theme_id"]]
    figure = bars(sizes["n_passages"], sizes["name"], texts, shades)
    figure.update_xaxes(title="passages")
    n_named = int((sizes["kind"] == "named").sum())
    empty = sizes.loc[sizes["n_passages"] == 0, "name"].tolist()
    finding = (
        f"{plural(len(sizes), 'theme')}: {n_named} named, {len(sizes) - n_named} discovered"
        + (f"; not found in this corpus: {', '.join(empty)}." if empty else ".")
        + " Beside the bars, passages in documents."
    )
    return finish(figure, finding, table, 130 + 28 * len(sizes))


def hierarchy(run: Run) -> go.Figure | None:
    """Which discovered themes belong together one level up; None where there is one level."""
    themes = run.themes
    if themes["parent"].isna().all():
        return None
    names, colours = theme_names(run), theme_colours(run)
    family = themes["parent"].where(~themes["theme_id"].isin(themes["parent"]), themes["theme_id"])
    heads = family.dropna().unique()
    figure = go.Figure(
        go.Treemap(
            ids=[*(f"family:{head}" for head in heads), *themes["theme_id"]],
            labels=[*(f"{label(names[h])} and near" for h in heads), *map(label, themes["name"])],
            parents=[*("" for _ in heads), *(f"family:{f}" if f == f else "" for f in family)],
            values=[*(0 for _ in heads), *themes["n_passages"]],
            marker={"colors": [*("#f0f0f3" for _ in heads), *colours.values()]},
            branchvalues="remainder", textinfo="label+value", hoverinfo="label+value",
            tiling={"pad": 3},
        )
    )  # fmt: skip
    figure.update_layout(margin={"l": 10, "r": 10, "b": 10})
    finding = (
        f"One level up, {plural(int(family.notna().sum()), 'discovered theme')} "
        f"form {plural(len(heads), 'family')}."
    )
    table = themes.assign(family=family.map(names))[["name", "family", "n_passages"]]
    return finish(figure, finding, table, 420)


def named_evidence(run: Run) -> go.Figure | None:
    """Scores of all passages for each named theme, and the bar; None without named themes."""
    named = run.model.named
    if not named:
        return None
    scores = run.model.decision_function(run.vectors[run.fitted])
    bars, colours = run.model.thresholds_, theme_colours(run)
    figure = make_subplots(rows=len(named), cols=1, shared_xaxes=True, vertical_spacing=0.06,
                           subplot_titles=[plain(theme.name) for theme in named])  # fmt: skip
    rows = []
    for i, theme in enumerate(named, 1):
        column = scores[theme.id]
        counts, edges = np.histogram(
            column, bins=np.arange(np.floor(column.min() * 20), column.max() * 20 + 1) / 20
        )
        n = int((run.assignments["theme_id"] == theme.id).sum())
        figure.add_trace(
            go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges),
                   marker_color=colours[theme.id], showlegend=False, name=theme.name),
            row=i, col=1,
        )  # fmt: skip
        figure.add_vline(x=bars[theme.id], line_dash="dash", row=i, col=1)
        rows.append((theme.name, float(bars[theme.id]), float(column.max()), n))
    figure.update_yaxes(title="passages", type="log", dtick=1)
    figure.update_xaxes(title="score", row=len(named), col=1)
    found = [f"{name} {n}" for name, _, _, n in rows]
    finding = f"Passages that carry each named theme: {', '.join(found)}. Dashed: the bar, set from this corpus."
    table = pd.DataFrame(rows, columns=["theme", "bar", "highest score", "passages"])
    return finish(figure, finding, table, 130 + 150 * len(named))


def level_curve(run: Run) -> go.Figure:
    """Stability, persistence, separation and the score made of them at each level tried."""
    levels = run.model.levels_
    levels = levels[levels["n_clusters"] > 1] if len(levels) > 1 else levels
    chosen = run.model.levels_.query("chosen").iloc[0]
    figure = go.Figure()
    for column, colour, dash in (
        ("stability", PALETTE[0], "dot"),
        ("persistence", PALETTE[3], "dashdot"),
        ("separation", PALETTE[1], "dash"),
        ("score", PALETTE[4], "solid"),
    ):
        figure.add_trace(
            go.Scatter(
                x=levels["n_clusters"], y=levels[column], mode="lines+markers", name=column,
                line={"color": colour, "dash": dash},
                error_y={"array": levels["stability_error"]} if column == "stability" else None,
            )
        )  # fmt: skip
    figure.add_vline(x=chosen["n_clusters"], line_dash="dash", line_color=QUIET)
    counts = [n for n in _COUNTS if levels["n_clusters"].min() <= n <= levels["n_clusters"].max()]
    figure.update_xaxes(title="number of clusters", type="log", tickvals=counts)
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "yanchor": "top"})
    count = plural(int(chosen["n_clusters"]), "cluster")
    finding = f"{count}: no level separates better than chance would."
    if chosen["score"] > 0:
        finding = (
            f"{count}: the level with the best score, made of stability ({chosen['stability']:.2f}), "
            f"persistence ({chosen['persistence']:.2f}) and separation ({chosen['separation']:.2f})."
        )
    return finish(figure, finding, levels, 420)


def stability_of_themes(run: Run) -> go.Figure | None:
    """How well each discovered theme comes back in refits; None where there are none."""
    table = run.themes.dropna(subset="stability")[["theme_id", "name", "stability"]]
    if table.empty:
        return None
    table = table.sort_values("stability", ascending=False, kind="stable")
    colours = theme_colours(run)
    shades = [colours[theme_id] for theme_id in table["theme_id"]]
    texts = [f"{value:.2f}" for value in table["stability"]]
    figure = bars(table["stability"], table["name"], texts, shades)
    figure.update_xaxes(range=[0, 1.1], title="mean Jaccard index")
    fragile = table.loc[table["stability"] < 0.6, "name"].tolist()
    finding = (
        f"Fragile, seen in 20 refits with less than 0.6 overlap: {', '.join(fragile)}."
        if fragile
        else f"Every discovered theme comes back in 20 refits; the least stable, {table['name'].iloc[-1]}, with {table['stability'].iloc[-1]:.2f} overlap."
    )
    return finish(figure, finding, table[["name", "stability"]], 120 + 28 * len(table))
