"""Figures of the themes: the map, their sizes, their families, how solid they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from topics.figures import format as fmt
from topics.findings import Finding
from topics.measures.trust import theme_support

if TYPE_CHECKING:
    from topics.run import Run

SYMBOLS = ["circle-open", "circle", "square", "diamond", "triangle-up", "cross", "star"]
_LINE = re.compile(r"\S.{0,69}(?!\S)|\S{1,70}")  # as textwrap would, ten times as fast
_NARROW = {"l": 10, "r": 10, "b": 10}  # margin of a figure without axes
_MAX_WORDS = 40  # of a passage that is pointed at
_MAX_IN_LEGEND = 16  # themes
_MAX_SVG = 3000  # points; more are drawn by WebGL
_COUNTS = [k * 10**e for e in range(5) for k in (1, 2, 3, 5)]  # of clusters, on an axis


def theme_map(run: Run) -> go.Figure:
    """Every passage a point; each theme a colour, a symbol and, where there is room, its name.

    Where themes were fitted on a sample, that sample is drawn.
    """
    names = {"": "no theme"} | fmt.theme_names(run)
    strongest = run.theme_of_passage.iloc[run.fitted].fillna("").to_numpy()
    counts = pd.Series(strongest).value_counts().reindex(names, fill_value=0)
    figure = go.Figure(_points(run, strongest, names))
    _add_names(figure, run, strongest, counts)
    n, largest = fmt.plural(len(strongest), "passage"), counts.iloc[1:].nlargest(1)
    finding = Finding(f"No theme was found in {n}.", "themes", "none")
    if largest.sum():
        text = (
            f"Each passage is drawn in its strongest theme; the largest is {names[largest.index[0]]} "
            f"({fmt.plural(largest.iloc[0], 'passage')}); {fmt.percent((strongest == '').mean())} of "
            f"{'a sample of' if run.is_sampled else 'all'} {n} have no theme."
        )
        finding = Finding(text, "themes", themes=[*largest.index])
    table = pd.DataFrame({"theme": names.values(), "passages": counts.to_numpy()})
    return fmt.finish(
        figure, finding, table, 720,
        showlegend=len(names) <= _MAX_IN_LEGEND,  # a longer one leaves the map no room
        legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"},
        margin=_NARROW, xaxis_visible=False, yaxis={"visible": False, "scaleanchor": "x"},
    )  # fmt: skip


def _points(run: Run, strongest: np.ndarray, names: dict[str, str]) -> list[go.Scatter]:
    """A trace a theme, that of the passages without one first."""
    x, y = run.coordinates.T.astype(np.float32)
    colours = {"": fmt.QUIET} | fmt.theme_colours(run)
    scatter, size = (go.Scatter, 6) if len(x) <= _MAX_SVG else (go.Scattergl, 3)
    passages = run.passages.iloc[run.fitted]
    hover = np.array([_hover(passage) for passage in passages.itertuples()], dtype=object)
    traces = []
    for number, (theme_id, name) in enumerate(names.items()):
        own = strongest == theme_id
        if not own.any():
            continue
        look = {"color": colours[theme_id], "opacity": 0.8 if theme_id else 0.45, "size": size}
        look["symbol"] = SYMBOLS[number % len(SYMBOLS)]
        trace = scatter(x=x[own], y=y[own], text=hover[own], mode="markers", marker=look)
        traces.append(trace.update(name=f"{fmt.label(name)} ({own.sum()})"))
        trace.hovertemplate = "%{text}<extra>%{fullData.name}</extra>"
    return traces


def _hover(passage: Any) -> str:
    """Text shown for a passage; plotly reads some HTML in it, so what looks like it is escaped."""
    words = passage.text.split()
    text = " ".join(words[:_MAX_WORDS]) + (" …" if len(words) > _MAX_WORDS else "")
    about = fmt.origin(passage)
    heading = [f"<b>{fmt.plain(about)}</b>"] if about else []
    return "<br>".join([*heading, *_LINE.findall(fmt.plain(text))])


def _add_names(figure: go.Figure, run: Run, strongest: np.ndarray, counts: pd.Series) -> None:
    """Write names of themes at their middles, named and large ones first, where there is room.

    A name that would cover one before it is moved by a line at most, or left out.
    """
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    named = {theme.id for theme in run.model.named}
    # The map is about 450 pixels wide or high and keeps its proportions; a letter is 7.2 wide.
    pixel = (float(np.ptp(run.coordinates, axis=0).max()) or 1.0) / 450
    line, letter = 20 * pixel, 7.2 * pixel
    placed: list[tuple[float, float, int]] = []
    for theme_id in sorted(filter(counts.get, names), key=lambda i: (i not in named, -counts[i])):
        x, middle = np.median(run.coordinates[strongest == theme_id], axis=0).tolist()
        name = fmt.label(names[theme_id], 34)
        for y in (middle + lines * line for lines in (0, 0.5, -0.5, 1, -1)):
            if all(
                abs(y - v) >= line or abs(x - u) >= letter * (len(name) + letters) / 2
                for u, v, letters in placed
            ):
                font = {"color": colours[theme_id], "size": 12}
                look = {"font": font, "bgcolor": "rgba(255,255,255,0.82)", "borderpad": 1}
                figure.add_annotation(x=x, y=y, text=f"<b>{name}</b>", showarrow=False, **look)
                placed.append((x, y, len(name)))
                break


def theme_sizes(run: Run) -> go.Figure:
    """Passages and independent documents a theme."""
    about = run.themes[["theme_id", "name", "kind", "n_passages"]]
    sizes = theme_support(run).merge(about, on="theme_id")
    table = sizes[["name", "kind", "verdict", "n_passages", "documents", "independent"]]
    n_named = int((sizes["kind"] == "named").sum())
    empty = sizes[sizes["n_passages"] == 0]
    text = (
        f"{fmt.plural(len(sizes), 'theme')}: {n_named} named, {len(sizes) - n_named} discovered"
        + (f"; not found in this corpus: {', '.join(empty['name'])}." if len(empty) else ".")
    )
    finding = Finding(text, "themes", themes=empty["theme_id"].tolist())
    texts = sizes["n_passages"].astype(str) + " in " + sizes["documents"].astype(str)
    shades = [*fmt.theme_colours(run).values()]
    return fmt.bars(table, "n_passages", texts, shades, finding, title="passages")


def hierarchy(run: Run) -> go.Figure:
    """Which discovered themes belong together one level up."""
    themes = run.themes
    if themes["parent"].isna().all():
        return fmt.nothing_to_show("The themes form no families at a coarser level.", "themes")
    names = fmt.theme_names(run)
    family = themes["parent"].where(~themes["theme_id"].isin(themes["parent"]), themes["theme_id"])
    heads = family.dropna().unique()
    treemap = go.Treemap(
        ids=[*("family:" + heads), *names],
        labels=[*(fmt.label(f"{names[i]} and near") for i in heads), *map(fmt.label, names.values())],
        parents=[*[""] * len(heads), *("family:" + family).fillna("")],
        values=[*[0] * len(heads), *themes["n_passages"]],
        marker_colors=[*["#f0f0f3"] * len(heads), *fmt.theme_colours(run).values()],
        branchvalues="remainder", textinfo="label+value", hoverinfo="label+value", tiling_pad=3,
    )  # fmt: skip
    n = fmt.plural(int(family.notna().sum()), "discovered theme")
    text = f"One level up, {n} form {fmt.plural(len(heads), 'family')}."
    table = themes.assign(family=family.map(names))[["name", "family", "n_passages"]]
    return fmt.finish(go.Figure(treemap), Finding(text, "themes"), table, 420, margin=_NARROW)


def named_theme_scores(run: Run) -> go.Figure:
    """Scores of all passages for each named theme, and its threshold."""
    named = run.model.named
    if not named:
        return fmt.nothing_to_show("No themes were named in advance.", "themes")
    scores = run.model.decision_function(run.vectors[run.fitted])
    thresholds = run.model.thresholds_.replace(np.inf, np.nan)  # of absent themes
    colours = fmt.theme_colours(run)
    counts = run.assignments["theme_id"].value_counts()
    table = pd.DataFrame(
        [(t.name, thresholds[t.id], scores[t.id].max(), counts.get(t.id, 0)) for t in named],
        columns=["theme", "threshold", "highest score", "passages"],
    )
    titles = table["theme"].map(fmt.plain).tolist()
    figure = make_subplots(len(named), 1, shared_xaxes=True, subplot_titles=titles)
    bins = np.arange(21) / 20
    for row, theme in enumerate(named, 1):
        heights = np.histogram(scores[theme.id], bins)[0]
        bars = go.Bar(x=bins[:-1] + 0.025, y=heights, marker_color=colours[theme.id])
        figure.add_trace(bars, row, 1)
        if not np.isnan(thresholds[theme.id]):
            figure.add_vline(x=thresholds[theme.id], line_dash="dash", row=row, col=1)
    figure.update_yaxes(title="passages", type="log", dtick=1)
    figure.update_xaxes(title="score", row=len(named), col=1)
    found = ", ".join(
        f"{row.theme} {'absent' if np.isnan(row.threshold) else row.passages}"
        for row in table.itertuples()
    )
    text = f"Passages with each named theme: {found}. Dashed: the threshold."
    finding = Finding(text, "themes", themes=[theme.id for theme in named])
    return fmt.finish(figure, finding, table, 130 + 150 * len(named))


def level_curve(run: Run) -> go.Figure:
    """Stability, persistence, separation, evenness and their score at each level tried."""
    levels = run.model.levels_
    chosen = levels.query("chosen").iloc[0]
    levels = levels[levels["n_clusters"] > 1] if len(levels) > 1 else levels
    n = levels["n_clusters"]
    columns = ["stability", "persistence", "separation", "evenness", "score"]
    dashes = ["dot", "dashdot", "dash", "longdash", "solid"]
    figure = go.Figure()
    for column, dash in zip(columns, dashes, strict=True):
        figure.add_scatter(x=n, y=levels[column], mode="lines+markers", name=column, line_dash=dash)
    figure.data[0].error_y = {"array": levels["stability_error"]}
    figure.add_vline(x=chosen["n_clusters"], line_dash="dash", line_color=fmt.QUIET)
    ticks = [count for count in _COUNTS if n.min() <= count <= n.max()]
    count = fmt.plural(int(chosen["n_clusters"]), "cluster")
    finding = Finding(f"{count}: no level separates better than chance would.", "themes", "none")
    if chosen["score"] > 0:
        parts = ", ".join(f"{column} {chosen[column]:.2f}" for column in columns[:-1])
        finding = Finding(f"{count}: the level with the best score ({parts}).", "themes")
    return fmt.finish(
        figure, finding, levels, 420,
        showlegend=True, legend={"orientation": "h", "y": -0.25, "yanchor": "top"},
        xaxis={"title": "number of clusters", "type": "log", "tickvals": ticks},
        yaxis_rangemode="tozero",
    )  # fmt: skip
