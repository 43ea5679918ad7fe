"""Figures of the themes: the map, their sizes, their families, how solid they are."""

from __future__ import annotations

import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from topics.figures import format as fmt
from topics.html import Finding, Html, sentence, table

if TYPE_CHECKING:
    from topics.run import Run

SYMBOLS = ["circle-open", "circle", "square", "diamond", "triangle-up", "cross", "star"]
_LINE = re.compile(r"\S.{0,69}(?!\S)|\S{1,70}")  # as textwrap would, ten times as fast
_NARROW = {"l": 10, "r": 10, "b": 10}  # margin of a figure without axes
_MAX_LETTERS_HOVER = 240  # of a passage that is pointed at
_PIXELS = [900, 600]  # of a map in a notebook, about
_TILE = 12  # letters in a line of a name on a tile of half a page's treemap
_MAX_LETTERS = 18  # in a line of a name on the map
_FAR_OUT = 0.005  # share of passages, on each side, that a map leaves out until it is zoomed out
_MAX_SVG = 3000  # points; more are drawn by WebGL


def theme_map(run: Run) -> go.Figure:
    """Every passage a point; each theme a colour, a symbol and, where there is room, its name.

    Where themes were fitted on a sample, that sample is drawn.
    """
    names = {"": "no theme"} | fmt.theme_names(run)
    strongest = _strongest(run)
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
    twin = pd.DataFrame({"theme": names.values(), "passages": counts.to_numpy()})
    x, y = run.coordinates.T
    return fmt.finish(
        figure, finding, twin, 640, margin=_NARROW, hovermode="closest", dragmode="pan",
        xaxis={"visible": False, "range": _range(x)}, yaxis={"visible": False, "range": _range(y)},
    )  # fmt: skip


class SelectableMap:
    """The map in JupyterLab, from which passages are taken with lasso or box.

    Attributes
    ----------
    figure
        The map as a widget; needs the extra ``notebooks``.
    passages
        The passages selected last, rows of `Run.passages`; none before.

    Examples
    --------
    >>> chosen = SelectableMap(run)  # doctest: +SKIP
    >>> chosen  # in a cell of its own: draw around some points  # doctest: +SKIP
    >>> chosen.passages  # doctest: +SKIP
    """

    def __init__(self, run: Run) -> None:
        self._passages = run.passages.iloc[run.fitted]
        self.passages = self._passages.head(0)
        self.figure = go.FigureWidget(theme_map(run)).update_layout(dragmode="lasso")
        self._selected: dict[int, list[int]] = {}
        strongest = _strongest(run)
        drawn = [
            own
            for theme in ["", *run.themes["theme_id"]]
            if (own := np.flatnonzero(strongest == theme)).size
        ]
        for trace, rows in zip(self.figure.data, drawn, strict=True):
            trace.on_selection(partial(self._select, rows))

    def _select(self, rows: np.ndarray, _trace: Any, points: Any, _selector: Any) -> None:
        """Keep what is selected of one theme; plotly tells of all themes, one after the other."""
        self._selected[points.trace_index] = rows[np.array(points.point_inds, int)].tolist()
        chosen = sorted(row for own in self._selected.values() for row in own)
        self.passages = self._passages.iloc[chosen]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.figure._repr_mimebundle_(**options)


def _strongest(run: Run) -> np.ndarray:
    """The theme that each passage on the map is drawn in, empty for none."""
    return run.theme_of_passage.iloc[run.fitted].fillna("").to_numpy()


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
    about, text = fmt.plain(fmt.origin(passage)), fmt.plain(passage.text[:_MAX_LETTERS_HOVER])
    return "<br>".join([f"<b>{about}</b>", *_LINE.findall(text)])


def _add_names(figure: go.Figure, run: Run, strongest: np.ndarray, counts: pd.Series) -> None:
    """Write names of themes at their middles, the largest first, where none before is in the way.

    The report's page chooses anew among all of them, by its own width and zoom.
    """
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    unit = np.array([np.ptp(_range(places)) for places in run.coordinates.T]) / _PIXELS
    placed: list[tuple[np.ndarray, np.ndarray]] = []
    for theme_id in sorted(filter(counts.get, names), key=lambda theme_id: -counts[theme_id]):
        place = np.median(run.coordinates[strongest == theme_id], axis=0)
        lines = textwrap.wrap(fmt.label(names[theme_id]), _MAX_LETTERS)
        size = unit * [8 * max(map(len, lines)), 18 * len(lines)]
        fits = all((abs(place - other) >= (size + taken) / 2).any() for other, taken in placed)
        placed += [(place, size)] if fits else []
        figure.add_annotation(
            x=place[0], y=place[1], text=f"<b>{'<br>'.join(lines)}</b>", showarrow=False, visible=fits,
            font={"color": colours[theme_id], "size": 13}, bgcolor="rgba(255,255,255,0.82)", borderpad=1,
        )  # fmt: skip


def _range(places: np.ndarray) -> list[float]:
    """Where nearly all of some places lie, with a margin: a few outliers don't squeeze a map."""
    low, high = np.quantile(places, [_FAR_OUT, 1 - _FAR_OUT]).tolist()
    margin = 0.08 * (high - low) or 1.0
    return [low - margin, high + margin]


def hierarchy(run: Run) -> go.Figure:
    """Which discovered themes belong together one level up."""
    themes = run.themes
    if themes["parent"].isna().all():
        return fmt.nothing_to_show("The themes form no families at a coarser level.", "themes")
    names = fmt.theme_names(run)
    family = themes["parent"].where(~themes["theme_id"].isin(themes["parent"]), themes["theme_id"])
    heads = family.dropna().unique()
    lines = ["<br>".join(textwrap.wrap(fmt.label(name), _TILE, break_long_words=False, break_on_hyphens=False))
             for name in names.values()]  # fmt: skip
    treemap = go.Treemap(
        ids=[*("family:" + heads), *names],
        labels=[*(fmt.label(f"{names[i]} and near") for i in heads), *lines],
        parents=[*[""] * len(heads), *("family:" + family).fillna("")],
        values=[*[0] * len(heads), *themes["n_passages"]],
        marker_colors=[*["#f0f0f3"] * len(heads), *fmt.theme_colours(run).values()],
        branchvalues="remainder", textinfo="label+value", hoverinfo="label+value", tiling_pad=3,
    )  # fmt: skip
    n = fmt.plural(int(family.notna().sum()), "discovered theme")
    text = f"One level up, {n} form {fmt.plural(len(heads), 'family')}."
    twin = themes.assign(family=family.map(names))[["name", "family", "n_passages"]]
    return fmt.finish(go.Figure(treemap), Finding(text, "themes"), twin, 420, margin=_NARROW,
                      uniformtext={"minsize": 11, "mode": "hide"})  # fmt: skip


def level_table(run: Run) -> Html:
    """Stability, persistence, separation, evenness and their score at each level tried."""
    levels, columns = run.model.levels_, ["stability", "persistence", "separation", "evenness"]
    chosen = levels.query("chosen").iloc[0]
    count = fmt.plural(int(chosen["n_clusters"]), "cluster")
    finding = Finding(f"{count}: no level separates better than chance would.", "themes", "none")
    if chosen["score"] > 0:
        parts = ", ".join(f"{column} {chosen[column]:.2f}" for column in columns)
        finding = Finding(f"{count}: the level with the best score ({parts}).", "themes")
    return sentence(finding) + table(levels[["n_clusters", *columns, "score"]])
