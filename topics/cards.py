"""Pieces of HTML that notebooks show: theme cards, tables, quoted passages. All text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from topics import figures, measures
from topics.analysis import Analysis
from topics.passages import best_sentence

_CHANGES = ("new", "grown", "steady", "shrunk", "vanished")


class Html:
    """HTML that Jupyter shows and the report takes over."""

    def __init__(self, markup: str) -> None:
        self.markup = markup

    def _repr_html_(self) -> str:
        return self.markup


def table(frame: pd.DataFrame, most: int = 50) -> Html:
    """A frame as a plain table, its first `most` rows; says how many more there are."""
    head = "".join(f"<th scope='col'>{escape(str(name))}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.head(most).itertuples(index=False)
    )
    more = f"<p>and {len(frame) - most:,} more</p>" if len(frame) > most else ""
    return Html(
        f"<div class='scroll' tabindex='0'><table class='plain'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:.2f}"
    return figures.cell(value)


def note(text: str) -> Html:
    """One sentence in place of a figure that cannot be drawn."""
    return Html(f"<p class='note'>{escape(text)}</p>")


def shown(figure: go.Figure | None, otherwise: str) -> go.Figure | Html:
    """The figure, or, where there is none to draw, a sentence that says why."""
    return note(otherwise) if figure is None else figure


def quotes(analysis: Analysis, passage_ids: Iterable[str], like: np.ndarray | None = None) -> Html:
    """Passages quoted whole, with date, source, title and place in their file.

    In each, the sentence nearest to the vector `like` is marked, where one is given.
    """
    passages = analysis.passages.set_index("passage_id")
    parts = []
    for passage in (passages.loc[passage_id] for passage_id in passage_ids):
        marked = (0, 0)
        if like is not None:
            marked = best_sentence(
                passage["text"], like, passage["language"], analysis.model.embedder
            )
        parts.append(_quote(passage, *marked))
    return Html("".join(parts))


def _quote(passage: pd.Series, start: int, end: int) -> str:
    parts = [passage["source"], passage["title"]]
    if not pd.isna(passage["date"]):
        parts.insert(0, f"{passage['date']:%Y-%m-%d}")
    about = " · ".join(str(part) for part in parts if isinstance(part, str))
    place = f"{passage['document_id']}, characters {passage['start']}–{passage['end']}"
    text = escape(passage["text"])
    if 0 < end - start < len(passage["text"]):
        cuts = slice(start), slice(start, end), slice(end, None)
        text = "{}<mark>{}</mark>{}".format(*(escape(passage["text"][cut]) for cut in cuts))
    return (
        f"<blockquote><p>{text}</p>"
        f"<footer>{escape(about)}{' · ' if about else ''}<code>{escape(place)}</code></footer></blockquote>"
    )


def theme_cards(analysis: Analysis) -> Html:
    """A card a theme: what it is called, how much of it there is, and the passages that show it."""
    facts = measures.trust(analysis).set_index("theme_id")
    return Html("".join(_card(analysis, theme, facts) for theme in analysis.themes.itertuples()))


def _card(analysis: Analysis, theme: Any, facts: pd.DataFrame) -> str:
    own, model = facts.loc[theme.theme_id], analysis.model
    if theme.n_passages == 0:
        body = "<p>No passage of this corpus carries it.</p>"
    else:
        count = (
            f"{figures.plural(theme.n_passages, 'passage')} in {figures.plural(own['documents'], 'document')} "
            f"({own['independent']} independent of others)"
        )
        if isinstance(own["largest_source"], str):
            count += f"; most by {own['largest_source']} ({own['source_share']:.0%})"
        if not pd.isna(own["stability"]):
            count += f"; stability {own['stability']:.2f}"
        body = (
            f"<p>{escape(count)}.</p><p>Keywords: {escape(theme.keywords)}</p>"
            f"{quotes(analysis, model.exemplars(theme.theme_id), model.centre(theme.theme_id)).markup}"
        )
    return (
        f"<article class='card'><h4 id='theme-{escape(theme.theme_id)}'>{escape(theme.name)} "
        f"<small>{escape(theme.kind)}</small></h4>{body}</article>"
    )


def table_or_note(frame: pd.DataFrame, otherwise: str, most: int = 50) -> Html:
    """The frame as a table, or a sentence if it has no rows."""
    return note(otherwise) if frame.empty else table(frame, most)


def named(analysis: Analysis, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with names of themes in place of their ids, ready to be read."""
    names = analysis.themes.set_index("theme_id")["name"]
    renamed = frame.assign(theme=frame["theme_id"].map(names)).drop(columns="theme_id")
    return renamed[["theme", *renamed.columns.drop("theme")]]


def agreement(analysis: Analysis, gold: str | None) -> Html:
    """Precision and recall of named themes and AMI of clusters against labels made by people."""
    if not gold:
        return note(
            "No labels were given. Label a few hundred passages by hand before you rely on a "
            "theme's share: without labels its errors cannot be known."
        )
    labels = measures.gold_labels(analysis.passages, analysis.documents, measures.read_gold(gold))
    if labels.isna().all():
        return note(f"None of the labels in {gold} belongs to a passage of this corpus.")
    scores, ami, n = measures.agreement(analysis, labels)
    share = labels.notna().mean()
    text = (
        f"{labels.notna().sum():,} of {len(labels):,} passages ({share:.0%}) have labels. Discovered "
        f"clusters agree with them with an adjusted mutual information of {ami:.2f} (0 is chance, "
        f"1 is perfect), over the {n:,} passages that carry exactly one label."
    )
    found = table(named(analysis, scores)).markup if len(scores) else ""
    return Html(f"<p>{escape(text)}</p>{found}")


def changes(analysis: Analysis) -> Html:
    """What changed since the earlier run that the analysis was given."""
    found = analysis.changes
    if found.empty:
        return note("No earlier report was named to compare with (`base`).")
    found = found.sort_values("change", kind="stable").drop(columns="theme_id")
    kinds = found["change"].value_counts()
    counts = ", ".join(f"{kinds.get(kind, 0)} {kind}" for kind in _CHANGES)
    return Html(f"<p>Since the earlier report: {counts}.</p>" + table(found).markup)


def borderline(analysis: Analysis) -> Html:
    """The lowest-scored passages of each named theme."""
    parts = []
    for theme in analysis.model.named:
        found = measures.borderline(analysis, theme.id)
        body = quotes(analysis, found).markup if found else "<p>No passage carries it.</p>"
        parts.append(f"<article class='card'><h4>{escape(theme.name)}</h4>{body}</article>")
    return Html("".join(parts)) if parts else note("No themes were named in advance.")


def without_theme(analysis: Analysis, seed: int, most: int = 5) -> Html:
    """Some passages that carry no theme, at random."""
    ids = analysis.passages["passage_id"]
    none = ids[~ids.isin(analysis.assignments["passage_id"])]
    if none.empty:
        return note("Every passage carries a theme.")
    share = len(none) / len(ids)
    chosen = none.sample(min(most, len(none)), random_state=seed)
    line = f"<p>{len(none):,} of {len(ids):,} passages ({share:.0%}) carry no theme.</p>"
    return Html(line + quotes(analysis, chosen).markup)
