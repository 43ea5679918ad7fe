"""The themes: their map, their families, and a card each with the passages that show it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html import escape
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from topics import measures
from topics.figures import format as fmt
from topics.html import Finding, Html, sentence, table
from topics.model.labels import keywords_by_language, keywords_of, numbers_of_themes
from topics.read.fields import language_name
from topics.text.passages import Span, sentences
from topics.vectors.encoders import best_sentence

if TYPE_CHECKING:
    from topics.run import Run

SYMBOLS = ["circle-open", "circle", "square", "diamond", "triangle-up", "cross", "star"]
_LINE = re.compile(r"\S.{0,69}(?!\S)|\S{1,70}")  # as textwrap would, ten times as fast
_NARROW = {"l": 10, "r": 10, "b": 10}  # margin of a figure without axes
_MAX_LETTERS_HOVER = 240  # of a passage that is pointed at
_PIXELS = [900, 600]  # of a map in a notebook, about
_MAX_LETTERS = 18  # in a line of a name on the map
_FAR_OUT = 0.005  # share of passages, on each side, that a map leaves out until it is zoomed out
_VEIL = "rgba(255,255,255,0.65)"  # behind a name: points below it are seen, and it is read
_MIN_PART, _MAX_PART = 5, 0.9  # passages, and share of its theme, of a finer cluster that is named
_MAX_SVG = 3000  # points; more are drawn by WebGL


def theme_map(run: Run) -> go.Figure:
    """Every passage a point; each theme a colour, a symbol and, where there is room, its name.

    Of very many passages a sample is drawn, see `Run.drawn`.
    """
    names = {"": "no theme"} | fmt.theme_names(run)
    strongest = _strongest(run)
    counts = pd.Series(strongest).value_counts().reindex(names, fill_value=0)
    n, largest = fmt.plural(len(strongest), "passage"), counts.iloc[1:].nlargest(1)
    finding = Finding(f"No theme was found in {n}.", "themes", "none")
    if largest.sum():
        text = (
            f"Each passage is drawn in its strongest theme; the largest is {names[largest.index[0]]} "
            f"({fmt.plural(largest.iloc[0], 'passage')}); {fmt.percent((strongest == '').mean())} of "
            f"{'all' if len(strongest) == len(run.passages) else 'a sample of'} {n} have no theme."
        )
        finding = Finding(text, "themes", themes=[*largest.index])
    twin = pd.DataFrame({"theme": names.values(), "passages": counts.to_numpy()})
    ranges = _ranges(run, strongest)
    x, y = ({"visible": False, "range": own} for own in ranges)
    annotations = [*_names(run, strongest, counts, np.ptp(ranges, axis=1) / _PIXELS)]
    return fmt.finish(
        go.Figure(_points(run, names)), finding, twin, 640, margin=_NARROW, hovermode="closest",
        dragmode="pan", xaxis=x, yaxis=y, annotations=annotations,
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
        self._passages = run.passages.iloc[run.drawn]
        self.passages = self._passages.head(0)
        self.figure = go.FigureWidget(theme_map(run)).update_layout(dragmode="lasso")
        self._selected: dict[int, list[int]] = {}
        drawn = _rows_by_theme(run).values()
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
    return run.theme_of_passage.iloc[run.drawn].fillna("").to_numpy()


def _rows_by_theme(run: Run) -> dict[str, np.ndarray]:
    """Rows of the passages on the map by the theme that they are drawn in, those of none first."""
    strongest = _strongest(run)
    ids = ["", *run.themes["theme_id"]]
    rows = {theme_id: np.flatnonzero(strongest == theme_id) for theme_id in ids}
    return {theme_id: own for theme_id, own in rows.items() if own.size}


def _points(run: Run, names: dict[str, str]) -> list[go.Scatter]:
    """A trace a theme, that of the passages without one first."""
    x, y = run.coordinates.T.astype(np.float32)
    colours = {"": fmt.QUIET} | fmt.theme_colours(run)
    scatter, size = (go.Scatter, 6) if len(x) <= _MAX_SVG else (go.Scattergl, 3)
    passages = run.passages.iloc[run.drawn]
    hover = np.array([_hover(passage) for passage in passages.itertuples()], dtype=object)
    traces, symbols = [], dict(zip(names, cycle(SYMBOLS), strict=False))
    for theme_id, own in _rows_by_theme(run).items():
        look = {"color": colours[theme_id], "opacity": 0.8 if theme_id else 0.45, "size": size}
        look["symbol"] = symbols[theme_id]
        trace = scatter(x=x[own], y=y[own], text=hover[own], mode="markers", marker=look)
        traces.append(trace.update(name=f"{fmt.label(names[theme_id])} ({len(own)})"))
        trace.hovertemplate = "%{text}<extra>%{fullData.name}</extra>"
    return traces


def _hover(passage: Any) -> str:
    """Text shown for a passage; plotly reads some HTML in it, so what looks like it is escaped."""
    about, text = fmt.plain(fmt.origin(passage)), fmt.plain(passage.text[:_MAX_LETTERS_HOVER])
    return "<br>".join([f"<b>{about}</b>", *_LINE.findall(text)])


def _names(
    run: Run, strongest: np.ndarray, counts: pd.Series, unit: np.ndarray
) -> Iterator[dict[str, Any]]:
    """Names of themes at their middles, the largest first, where none before is in the way.

    Those of parts of themes are not shown. The report's page chooses anew among all of them, by its
    own width and zoom. `unit` is a pixel's width and height on the map.
    """
    names, colours = fmt.theme_names(run), fmt.theme_colours(run)
    placed: list[tuple[np.ndarray, np.ndarray]] = []
    look = {"showarrow": False, "bgcolor": _VEIL}
    for theme_id in sorted(filter(counts.get, names), key=lambda theme_id: -counts[theme_id]):
        place = np.median(run.coordinates[strongest == theme_id], axis=0)
        lines = textwrap.wrap(fmt.label(names[theme_id]), _MAX_LETTERS)
        size = unit * [8 * max(map(len, lines)), 18 * len(lines)]
        fits = all((abs(place - other) >= (size + taken) / 2).any() for other, taken in placed)
        placed += [(place, size)] if fits else []
        font = {"color": colours[theme_id], "size": 13}
        text = f"<b>{'<br>'.join(lines)}</b>"
        yield look | {"x": place[0], "y": place[1], "text": text, "visible": fits, "font": font}
    look |= {"name": "part", "visible": False, "font": {"color": fmt.QUIET, "size": 11}}
    for place, text in _finer_names(run, strongest):
        yield look | {"x": place[0], "y": place[1], "text": text}


def _finer_names(run: Run, strongest: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """Place and keywords of clusters one level down, parts of a theme or of none, the largest first."""
    finer = np.full(len(run.passages), -1)
    finer[run.fitted] = run.model.finer_clusters_
    fitted = finer[run.drawn] >= 0  # others are drawn too, but in no cluster
    rows, places, strongest = run.drawn[fitted], run.coordinates[fitted], strongest[fitted]
    passages, finer, names = run.passages.iloc[rows], finer[rows], fmt.theme_names(run)
    for number, words in enumerate(keywords_of(passages, finer, int(finer.max()) + 1)):
        theme_id, size = pd.Series(strongest[finer == number]).value_counts().reset_index().iloc[0]
        name = names.get(theme_id, "").lower()
        new = [word for word in words if word.lower() not in name]
        if new and size >= _MIN_PART and size < _MAX_PART * (strongest == theme_id).sum():
            yield np.median(places[finer == number], axis=0), fmt.label(", ".join(new[:2]))


def _ranges(run: Run, strongest: np.ndarray) -> list[list[float]]:
    """Where nearly all passages and the middle of each theme lie, from left to right and from below
    to the top, with a margin: a few outliers don't squeeze a map.
    """
    middles = pd.DataFrame(run.coordinates).groupby(strongest).median()
    most = np.quantile(run.coordinates, [_FAR_OUT, 1 - _FAR_OUT], axis=0)
    low, high = np.minimum(most[0], middles.min()), np.maximum(most[1], middles.max())
    margin = np.where(high > low, 0.08 * (high - low), 1.0)
    return np.transpose([low - margin, high + margin]).tolist()


def level_table(run: Run) -> Html:
    """Stability, persistence, separation, evenness and their score at each level tried."""
    levels, columns = run.model.levels_, ["stability", "persistence", "separation", "evenness"]
    chosen = levels.query("chosen").iloc[0]
    count = fmt.plural(int(chosen["n_clusters"]), "cluster")
    finding = Finding(f"{count}: no level separates better than chance would.", "themes", "none")
    if chosen["score"] > 0:
        parts = ", ".join(f"{column} {chosen[column]:.2f}" for column in columns)
        finding = Finding(f"{count}: the level with the best score ({parts}).", "themes")
    several = levels[(levels["n_clusters"] > 1) | (levels.index == 0)]
    return sentence(finding) + table(several[["n_clusters", *columns, "score"]])


def quotes(run: Run, passage_ids: Iterable[str], theme_id: str | None = None) -> Html:
    """Passages quoted whole, with date, source, title and place in their file.

    A report without texts has date, source and place alone. The sentences of each passage that show
    the theme are marked, where one is given. The number of a passage links to where the report
    lets its reader look around it, if it is there.
    """
    deciding = _deciding_sentences(run, theme_id) if theme_id else lambda passage: []
    numbers = np.zeros(len(run.passages), int)
    numbers[run.drawn] = np.arange(1, len(run.drawn) + 1)
    rows = run.row_of_passage.loc[[*passage_ids]].tolist()
    # Slices, since Arrow copies all texts for rows that are far apart.
    passages = pd.concat([run.passages[:0], *(run.passages[row : row + 1] for row in rows)])
    passages["number"] = numbers[rows]
    if no_text := run.options.no_text:
        passages["title"] = None
    shown = ""
    for passage in passages.itertuples():
        quoted = "" if no_text else f"<p>{_marked(passage.text, deciding(passage))}</p>"
        foreign = pd.notna(passage.language) and passage.language != "en"
        language = f" lang='{escape(passage.language)}' dir='auto'" if foreign else ""
        shown += f"<blockquote{language}>{quoted}<footer>{_place(passage)}</footer></blockquote>"
    return Html(shown)


def _deciding_sentences(run: Run, theme_id: str) -> Callable[[Any], list[Span]]:
    """What finds the sentences of a passage that hold a term of a theme, or the one nearest to it."""
    pattern, centroid = run.model.pattern(theme_id), run.model.centroid(theme_id)

    def found(passage: Any) -> list[Span]:
        text, language = passage.text, passage.language
        spans = sentences(text, language) if pattern else []
        held = [span for span in spans if pattern and pattern.search(text[slice(*span)])]
        return held or [best_sentence(text, centroid, language, run.model.embedder)]

    return found


def _marked(text: str, spans: Iterable[Span]) -> str:
    """A text as HTML with parts of it marked; nothing where all of it would be."""
    quoted, done = "", 0
    for start, end in spans:
        if 0 < end - start < len(text):
            quoted += f"{escape(text[done:start])}<mark>{escape(text[start:end])}</mark>"
            done = end
    return quoted + escape(text[done:])


def _place(passage: Any) -> str:
    """Where a passage comes from, and a link to it."""
    number = passage.number
    link = f"<a href='#p-{number}'>passage {number}</a>" if number else ""
    place = f"{passage.document_id}, characters {passage.start}–{passage.end}"
    about = [escape(fmt.origin(passage)), link, f"<code>{escape(place)}</code>"]
    return " · ".join(filter(None, about))


def theme_cards(run: Run) -> Html:
    """A card a theme, the largest first: how much of it there is, and the passages that show it."""
    about = run.themes[["theme_id", "name", "kind", "keywords", "n_passages"]]
    facts = about.merge(measures.theme_support(run), on="theme_id")
    ids = facts["theme_id"].tolist()
    numbers = numbers_of_themes(ids, run.passages, run.assignments)
    words = keywords_by_language(run.passages, numbers, len(ids))
    largest = facts.sort_values("documents", ascending=False, kind="stable")
    cards = [
        _card(run, theme, words[words["number"] == theme.Index]) for theme in largest.itertuples()
    ]
    return sum(cards, Html(""))


def _keywords(by_language: pd.DataFrame) -> str:
    """Keywords of a theme in each of its languages, if it has several."""
    if len(by_language) < 2:
        return ""
    return "<p>Keywords by language:</p>" + "".join(
        f"<p>{escape(language_name(row.language))}, {fmt.plural(row.n_passages, 'passage')}: "
        f"<span lang='{escape(row.language)}'>{escape(row.keywords)}</span></p>"
        for row in by_language.itertuples()
    )


def _card(run: Run, theme: Any, by_language: pd.DataFrame) -> Html:
    body = "<p>No passage of this corpus has this theme.</p>"
    if theme.n_passages:
        link = f"<a href='{fmt.search_state(theme=theme.theme_id)}'>{fmt.plural(theme.n_passages, 'passage')}</a>"
        count = f" in {fmt.plural(theme.documents, 'document')}, {theme.independent:,} independent"
        if theme.sources and run.documents["source"].nunique() > 1:
            count += f"; most from {theme.largest_source} ({theme.source_share:.0%})"
        best = run.model.exemplars(theme.theme_id)  # none where no fitted passage has the theme
        shown = quotes(run, best[:1], theme.theme_id).markup
        more = quotes(run, best[1:], theme.theme_id).markup + _keywords(by_language)
        folded = f"<details><summary>More of it</summary>{more}</details>" if more else ""
        keywords = f"<p class='quiet'>{escape(theme.keywords)}</p>"
        body = f"<p>{link}{escape(count)}.</p>{keywords}{shown}{folded}"
    about = f"{swatch(run, theme.theme_id)}{escape(theme.name)}"
    small = f"<small>{escape(theme.kind)}, {escape(theme.verdict)}</small>"
    return Html(
        f"<article class='card' id='theme-{escape(theme.theme_id)}'><h4>{about} {small}</h4>{body}</article>"
    )


def swatch(run: Run, theme_id: str) -> str:
    """A theme's colour before its name."""
    return f"<i class='swatch' style='background:{fmt.theme_colours(run)[theme_id]}'></i>"


def theme_link(run: Run, theme_id: str) -> str:
    """A theme's colour and its name, which leads to its card."""
    name = escape(fmt.theme_names(run)[theme_id])
    return f"{swatch(run, theme_id)}<a href='#theme-{escape(theme_id)}'>{name}</a>"
