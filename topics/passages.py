"""Documents to passages: paragraphs as their author set them, each with its place in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from topics.copies import copy_groups
from topics.embedding import WINDOW, Embedder, count_tokens, embed
from topics.furniture import count_words

MIN_WORDS = 25  # shorter paragraphs say too little alone and join the next one
MAX_TOKENS = WINDOW - 6  # what the bundled model reads, less its two marks and a margin
_LONG = 50_000  # characters; a longer paragraph is taken in pieces, to bound time and memory
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
    rows = []
    for document in documents.to_dict("records"):
        text = document["text"]
        spans = _spans(text, document.get("language"), min_words, max_tokens)
        for number, (start, end) in enumerate(spans, 1):
            rows.append(
                {
                    "passage_id": f"{document['document_id']}:{number}",
                    "document_id": document["document_id"],
                    "start": start,
                    "end": end,
                    "text": text[start:end],
                    **{name: document.get(name) for name in _META},
                }
            )
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["date"] = pd.to_datetime(table["date"]).astype("datetime64[us]")
    for column in ["passage_id", "document_id", "text", *set(_META) - {"date"}]:
        table[column] = table[column].astype("str")
    table[["start", "end"]] = table[["start", "end"]].astype("int64")
    table["copy_group"] = copy_groups(table, "passage_id").astype("str")
    return table


def _spans(text: str, language: Any, least: int, most: int) -> Iterator[tuple[int, int]]:
    """Start and end of each passage of `text`, in order."""
    start: int | None = None
    done: tuple[int, int] | None = None
    for first, last in _paragraphs(text):
        start = first if start is None else start
        if count_words(text[start:last]) < least:
            continue
        if done:
            yield from _split(text, *done, language, most)
        done, start = (start, last), None
    if start is not None:
        rest = (start, len(text.rstrip()))
        if done and count_tokens(text[done[0] : rest[1]]) <= most:
            done = (done[0], rest[1])
        else:
            if done:
                yield from _split(text, *done, language, most)
            done = rest
    if done:
        yield from _split(text, *done, language, most)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"\S(?:.*?\S)??(?=\s*\n\s*\n|\s*\Z)", text, re.DOTALL):
        yield match.span()


def _split(text: str, start: int, end: int, language: Any, most: int) -> Iterator[tuple[int, int]]:
    """Parts of about equal length, none above `most` tokens, cut after sentences where possible."""
    tokens = count_tokens(text[start:end])
    if tokens <= most:
        yield start, end
        return
    goal = tokens / math.ceil(tokens / most)
    part, size = start, 0
    for first, last in _sentences(text, start, end, language):
        length = count_tokens(text[first:last])
        if size and (size + length / 2 > goal or size + length > most):
            yield part, _trimmed(text, part, first)
            part, size = first, 0
        size += length
        if size > most:  # a sentence longer than a passage is cut between words
            *whole, (part, _) = _cut(text, part, last, most)
            yield from whole
            size = count_tokens(text[part:last])
    if part < end and size:
        yield part, end


def _cut(text: str, start: int, end: int, most: int) -> list[tuple[int, int]]:
    """Parts of at most `most` tokens, cut between words; a longer word is cut itself."""
    parts: list[tuple[int, int]] = []
    size = 0
    for match in re.compile(r"\S+").finditer(text, start, end):
        first, last = match.span()
        length = count_tokens(match[0])
        if parts and size + length <= most:
            parts[-1], size = (parts[-1][0], last), size + length
        elif length <= most or last - first == 1:
            parts.append((first, last))
            size = length
        else:
            step = min((last - first + 1) // 2, most)
            for cut in range(first, last, step):
                parts += _cut(text, cut, min(cut + step, last), most)
            size = count_tokens(text[slice(*parts[-1])])
    return parts


def _sentences(text: str, start: int, end: int, language: Any) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, blanks around it left out."""
    import sentencex

    code = language if isinstance(language, str) else "en"
    for first, last in _pieces(text, start, end):
        piece = text[first:last]
        bounds = [b["start_index"] for b in sentencex.get_sentence_boundaries(code, piece)]
        for begin, stop in pairwise([*bounds, len(piece)]):
            sentence = piece[begin:stop]
            if sentence.strip():
                yield first + stop - len(sentence.lstrip()), first + begin + len(sentence.rstrip())


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _LONG:
        cut = text.rfind(" ", start, start + _LONG)
        cut = cut if cut > start else start + _LONG
        yield start, cut
        start = cut
    yield start, end


def _trimmed(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def best_sentence(
    text: str, like: np.ndarray, language: Any = "en", embedder: str | Embedder = "minilm"
) -> tuple[int, int]:
    """The sentence of a passage that is nearest in meaning to a vector: the one to quote.

    Parameters
    ----------
    text
        The passage.
    like
        Unit vector ``(dim,)``, a theme's centre or a question's, of the same embedder.
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
