"""Documents to passages: paragraphs as their author set them, each with its place in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from topics.read.boilerplate import count_words
from topics.text.duplicates import near_duplicate_groups
from topics.vectors.encoders import WINDOW, Embedder, count_tokens, embed

MIN_WORDS = 25  # shorter paragraphs say too little alone and join the next one
MAX_TOKENS = WINDOW - 6  # what the bundled model reads, less its two marks and a margin
_AT_ONCE = 20_000  # documents whose passages Python holds, before Arrow does
# Paragraphs are searched for sentences in pieces of at most so many characters, to bound time.
_PIECE = re.compile(r"\S.{0,50000}(?!\S)|\S{1,50000}", re.DOTALL)
_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\n\s*\n|\s*\Z)", re.DOTALL)
_TRIMMED = re.compile(r"\S(?:.*\S)?", re.DOTALL)
Span = tuple[int, int]
_META = ["title", "date", "source", "country", "language", "url", "path"]
COLUMNS = ["passage_id", "document_id", "start", "end", "text", "copy_group", *_META]


def split_passages(
    documents: pd.DataFrame, *, min_words: int = MIN_WORDS, max_tokens: int = MAX_TOKENS
) -> pd.DataFrame:
    """Cut documents into passages.

    Parameters
    ----------
    documents
        As `read_corpus` returns them; ``document_id`` and ``text`` are needed, the rest is
        carried along where it is there.
    min_words
        Paragraphs of fewer words are joined to the next one (a heading to the one below it).
    max_tokens
        Paragraphs of more tokens, as the bundled model counts them, are split at ends of
        sentences, so that nothing is cut off when they are embedded.

    Returns
    -------
    pd.DataFrame
        One row a passage: passage_id, document_id, start, end, text, copy_group and the
        document's metadata. ``document.text[start:end] == passage.text``, always. Passages
        that are near-copies of each other share a `copy_group`, named after the earliest.
    """
    about = documents.reindex(columns=["document_id", "text", *_META]).reset_index(drop=True)
    about["date"] = pd.to_datetime(about["date"]).astype("datetime64[us]")
    about = about.astype({name: "str" for name in about if name != "date"})
    parts = (about[start : start + _AT_ONCE] for start in range(0, max(len(about), 1), _AT_ONCE))
    table = pd.concat([_cut(part, min_words, max_tokens) for part in parts], ignore_index=True)
    return table.assign(copy_group=near_duplicate_groups(table, "passage_id").astype("str"))[
        COLUMNS
    ]


def _cut(documents: pd.DataFrame, least: int, most: int) -> pd.DataFrame:
    """The passages of documents, without their groups of copies."""
    rows, ids, spans, texts = [], [], [], []
    columns = zip(*(documents[name] for name in ("document_id", "text", "language")), strict=True)
    for row, (document_id, text, language) in enumerate(columns):
        for number, span in enumerate(_spans(text, language, least, most), 1):
            rows.append(row)
            ids.append(f"{document_id}:{number}")
            spans.append(span)
            texts.append(text[slice(*span)])
    start, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    about = documents.drop(columns="text").iloc[rows]
    found = about.assign(passage_id=ids, start=start, end=end, text=texts)
    return found.astype({"passage_id": "str", "text": "str"})


def _spans(text: str, language: Any, least: int, most: int) -> Iterator[Span]:
    """Start and end of each passage of `text`, in order."""
    joined: list[Span] = []
    start: int | None = None
    for match in _PARAGRAPH.finditer(text):
        start = match.start() if start is None else start
        if count_words(text[start : match.end()]) >= least:
            joined.append((start, match.end()))
            start = None
    if start is not None:  # what is left says too little alone
        end = len(text.rstrip())
        if joined and count_tokens(text[joined[-1][0] : end]) <= most:
            start, _ = joined.pop()
        joined.append((start, end))
    for span in joined:
        yield from _split(text, *span, language, most)


def _split(text: str, start: int, end: int, language: Any, most: int) -> list[Span]:
    """Parts of about equal length, none above `most` tokens, cut after sentences where possible."""
    tokens = count_tokens(text[start:end])
    if tokens <= most:
        return [(start, end)]
    parts: list[Span] = []
    for first, last in _sentences(text, start, end, language):
        fits = count_tokens(text[first:last]) <= most
        words = [] if fits else _packed(text, _words(text, first, last, most), most, most)
        parts += words or [(first, last)]
    return _packed(text, parts, most, tokens / math.ceil(tokens / most))


def _packed(text: str, spans: Iterable[Span], most: int, goal: float) -> list[Span]:
    """Spans joined to about `goal` tokens, and to `most` at most."""
    parts: list[Span] = []
    size = math.inf
    for first, last in spans:
        length = count_tokens(text[first:last])
        if parts and first == parts[-1][1]:  # no blank between: their tokens may not add up
            size = count_tokens(text[parts[-1][0] : last]) - length
        if size + length <= most and size + length / 2 <= goal:
            parts[-1] = (parts[-1][0], last)
            size += length
        else:
            parts.append((first, last))
            size = length
    return parts


def _words(text: str, start: int, end: int, most: int) -> Iterator[Span]:
    """Words, and parts of those that have more than `most` tokens themselves."""
    for match in re.compile(rf"\S{{1,{most}}}").finditer(text, start, end):
        yield from _halved(text, *match.span(), most)


def _halved(text: str, start: int, end: int, most: int) -> Iterator[Span]:
    if end - start == 1 or count_tokens(text[start:end]) <= most:
        yield start, end
    else:
        middle = (start + end) // 2
        yield from _halved(text, start, middle, most)
        yield from _halved(text, middle, end, most)


def _sentences(text: str, start: int, end: int, language: Any) -> Iterator[Span]:
    """Start and end of each sentence, blanks around it left out."""
    import sentencex

    code = language if isinstance(language, str) else "en"
    for piece in _PIECE.finditer(text, start, end):
        found = sentencex.get_sentence_boundaries(code, piece[0])
        starts = [piece.start() + sentence["start_index"] for sentence in found]
        for first, last in pairwise([*starts, piece.end()]):
            if sentence := _TRIMMED.search(text, first, last):
                yield sentence.span()


def best_sentence(
    text: str, like: np.ndarray, language: Any = "en", embedder: str | Embedder = "minilm"
) -> tuple[int, int]:
    """The sentence of a passage that is nearest in meaning to a vector: the one to quote.

    Parameters
    ----------
    text
        The passage.
    like
        Unit vector ``(dim,)``, a theme's centroid or a question's, of the same embedder.
    language
        ISO 639-1 code; a missing one is taken for English.
    embedder
        As for `embed`.

    Returns
    -------
    tuple[int, int]
        Start and end of the sentence in `text`; the whole text if it has none.
    """
    spans = list(_sentences(text, 0, len(text), language)) or [(0, len(text))]
    if len(spans) == 1:
        return spans[0]
    vectors = embed([text[a:b] for a, b in spans], embedder, progress=False)
    return spans[int(np.argmax(vectors @ like))]
