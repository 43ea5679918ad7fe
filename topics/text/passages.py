"""Documents to passages: paragraphs as their author set them, each with its place in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from topics.read.boilerplate import count_words
from topics.text.duplicates import near_duplicate_groups
from topics.text.tokens import WINDOW, count_tokens

MIN_WORDS = 25  # shorter paragraphs say too little alone and join the next one
MAX_TOKENS = WINDOW - 6  # what the bundled model reads, less its two marks and a margin
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
    r"""Split documents into passages.

    Parameters
    ----------
    documents
        As `read_corpus` returns them; ``document_id`` and ``text`` are needed, the rest is
        copied where it is there.
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
        that are near-duplicates share a `copy_group`, the passage_id of the earliest.

    Examples
    --------
    >>> text = "The bill\n\nIt was passed on Tuesday.\n\nThe strike goes on."
    >>> documents = pd.DataFrame({"document_id": ["a.txt"], "text": [text]})
    >>> split_passages(documents, min_words=4)[["passage_id", "start", "end"]].to_numpy().tolist()
    [['a.txt:1', 0, 35], ['a.txt:2', 37, 56]]
    """
    about = documents.reindex(columns=["document_id", "text", *_META]).reset_index(drop=True)
    about["date"] = pd.to_datetime(about["date"]).astype("datetime64[us]")
    about = about.astype({name: "str" for name in about if name != "date"})
    columns = (about[name] for name in ("document_id", "text", "language"))
    passages = [
        (row, f"{document_id}:{number}", start, end, text[start:end])
        for row, (document_id, text, language) in enumerate(zip(*columns, strict=True))
        for number, (start, end) in enumerate(_passages(text, language, min_words, max_tokens), 1)
    ]
    types = {"row": "int64", "passage_id": "str", "start": "int64", "end": "int64", "text": "str"}
    table = pd.DataFrame(passages, columns=list(types)).astype(types)
    table = table.join(about.drop(columns="text"), on="row")
    groups = near_duplicate_groups(table, "passage_id").astype("str")
    return table.assign(copy_group=groups)[COLUMNS]


def _passages(text: str, language: Any, min_words: int, max_tokens: int) -> Iterator[Span]:
    """Start and end of each passage of `text`, in order."""
    joined: list[Span] = []
    start: int | None = None
    for match in _PARAGRAPH.finditer(text):
        start = match.start() if start is None else start
        if count_words(text[start : match.end()]) >= min_words:
            joined.append((start, match.end()))
            start = None
    if start is not None:  # what is left says too little alone
        end = len(text.rstrip())
        if joined and count_tokens(text[joined[-1][0] : end]) <= max_tokens:
            start, _ = joined.pop()
        joined.append((start, end))
    for span in joined:
        yield from _split(text, *span, language, max_tokens)


def _split(text: str, start: int, end: int, language: Any, max_tokens: int) -> list[Span]:
    """Parts of about equal length, none above `max_tokens`, cut after sentences where possible."""
    tokens = count_tokens(text[start:end])
    if tokens <= max_tokens:
        return [(start, end)]
    parts: list[Span] = []
    for sentence in sentences(text, language, start, end):
        fits = count_tokens(text[slice(*sentence)]) <= max_tokens
        words = [] if fits else _joined(text, _words(text, *sentence, max_tokens), max_tokens)
        parts += words or [sentence]
    return _joined(text, parts, max_tokens, tokens / math.ceil(tokens / max_tokens))


def _joined(
    text: str, spans: Iterable[Span], max_tokens: int, goal: float = math.inf
) -> list[Span]:
    """Spans joined to parts of about `goal` tokens, and of `max_tokens` at most."""
    parts: list[Span] = []
    size = math.inf
    for first, last in spans:
        length = count_tokens(text[first:last])
        if parts and first == parts[-1][1]:  # no blank between: their tokens may not add up
            size = count_tokens(text[parts[-1][0] : last]) - length
        if size + length <= max_tokens and size + length / 2 <= goal:
            parts[-1] = (parts[-1][0], last)
            size += length
        else:
            parts.append((first, last))
            size = length
    return parts


def _words(text: str, start: int, end: int, max_tokens: int) -> Iterator[Span]:
    """Words, and parts of those that have more than `max_tokens` themselves."""
    for match in re.compile(rf"\S{{1,{max_tokens}}}").finditer(text, start, end):
        yield from _halved(text, *match.span(), max_tokens)


def _halved(text: str, start: int, end: int, max_tokens: int) -> Iterator[Span]:
    if end - start == 1 or count_tokens(text[start:end]) <= max_tokens:
        yield start, end
    else:
        middle = (start + end) // 2
        yield from _halved(text, start, middle, max_tokens)
        yield from _halved(text, middle, end, max_tokens)


def sentences(
    text: str, language: Any = "en", start: int = 0, end: int | None = None
) -> Iterator[Span]:
    """Start and end of each sentence of ``text[start:end]``, blanks around it left out.

    `language` is an ISO 639-1 code; a missing one is taken for English.

    Examples
    --------
    >>> list(sentences("Mr. Roe spoke. Nobody listened."))
    [(0, 14), (15, 31)]
    """
    import sentencex

    code = language if isinstance(language, str) else "en"
    for piece in _PIECE.finditer(text, start, len(text) if end is None else end):
        found = sentencex.get_sentence_boundaries(code, piece[0])
        starts = [piece.start() + sentence["start_index"] for sentence in found]
        for first, last in pairwise([*starts, piece.end()]):
            if sentence := _TRIMMED.search(text, first, last):
                yield sentence.span()
