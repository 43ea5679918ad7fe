"""Passages quoted with where they come from, and a card a theme. All text is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics import measures
from topics.figures import format as fmt
from topics.html import Html
from topics.model.labels import keywords_by_language, numbers_of_themes
from topics.read.fields import language_name
from topics.text.passages import Span, sentences
from topics.vectors.encoders import best_sentence

if TYPE_CHECKING:
    from topics.run import Run


def quotes(run: Run, passage_ids: Iterable[str], theme_id: str | None = None) -> Html:
    """Passages quoted whole, with date, source, title and place in their file.

    A report without texts has date, source and place alone. The sentences of each passage that show
    the theme are marked, where one is given. The number of a passage links to where the report
    lets its reader look around it, if it is there.
    """
    deciding = _deciding_sentences(run, theme_id) if theme_id else lambda passage: []
    numbers = np.zeros(len(run.passages), int)
    numbers[run.fitted] = range(1, len(run.fitted) + 1)
    passages = run.passages.assign(number=numbers).set_index("passage_id")
    if no_text := run.options.no_text:
        passages["title"] = None
    shown = ""
    for passage in passages.loc[[*passage_ids]].itertuples():
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
        if theme.sources:
            count += f"; most from {theme.largest_source} ({theme.source_share:.0%})"
        first, *others = run.model.exemplars(theme.theme_id)
        shown = quotes(run, [first], theme.theme_id).markup
        more = quotes(run, others, theme.theme_id).markup + _keywords(by_language)
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
