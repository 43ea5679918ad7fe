"""Documents to passages: paragraphs as their author set them, each with its place in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pandas as pd

from topics.checks import check_ids, check_table, checked_dates
from topics.errors import InputError
from topics.read.boilerplate import count_words
from topics.read.files import replace_surrogates
from topics.read.tables import packed
from topics.text.duplicates import near_duplicate_groups

MIN_WORDS = 25  # shorter paragraphs say too little alone and join the next one
MAX_WORDS = 180  # longer paragraphs hold more than one subject; MiniLM reads no more
_LETTERS = 15  # that count as a word where blanks are missing, as in long addresses
# Paragraphs are searched for sentences in pieces of at most so many characters, to bound time.
_PIECE = re.compile(r"\S.{0,50000}(?!\S)|\S{1,50000}", re.DOTALL)
_BLANK_LINES = re.compile(r"\n\s*\n")
_TRIMMED = re.compile(r"\S(?:.*\S)?", re.DOTALL)
Span = tuple[int, int]
_META = ["title", "date", "source", "country", "language", "url", "path"]
COLUMNS = ["passage_id", "document_id", "start", "end", "text", "copy_group", *_META]


def split_passages(
    documents: pd.DataFrame, *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> pd.DataFrame:
    r"""Split documents into passages.

    Parameters
    ----------
    documents
        As `read_corpus` returns them; ``document_id`` and ``text`` are needed, the rest is
        copied where it is there.
    min_words
        Paragraphs of fewer words are joined to the next one (a heading to the one below it).
    max_words
        Paragraphs of more words are split at ends of sentences; two letters count as a word in
        languages without spaces.

    Returns
    -------
    pd.DataFrame
        One row a passage: passage_id, document_id, start, end, text, copy_group and the
        document's metadata. ``document.text[start:end] == passage.text``, always. Passages
        that are near-duplicates share a `copy_group`, the passage_id of the earliest.

    Raises
    ------
    InputError
        If a column is missing, an id or a text is none, ids repeat, or a date cannot be read.

    Examples
    --------
    >>> text = "The bill\n\nIt was passed on Tuesday.\n\nThe strike goes on."
    >>> documents = pd.DataFrame({"document_id": ["a.txt"], "text": [text]})
    >>> split_passages(documents, min_words=4)[["passage_id", "start", "end"]].to_numpy().tolist()
    [['a.txt:1', 0, 35], ['a.txt:2', 37, 56]]
    """
    check_table(documents, "documents", ["document_id", "text"])
    check_ids(documents["document_id"])
    if min_words < 0 or max_words < 1:
        expected = "passages: expected min_words of 0 or more and max_words of 1 or more, found"
        raise InputError(f"{expected} {min_words} and {max_words}")
    about = documents.reindex(columns=["document_id", "text", *_META]).reset_index(drop=True)
    about["date"] = checked_dates(about["date"])
    for name in about.columns[about.dtypes != "str"].drop("date"):
        known = about[name].map(lambda value: replace_surrogates(str(value)), na_action="ignore")
        about[name] = known.astype("str")
    about["text"] = about["text"].fillna("")
    columns = about["document_id"], about["text"], about["language"]
    passages = (
        (row, f"{document_id}:{number}", start, end, text[start:end])
        for row, (document_id, text, language) in enumerate(zip(*columns, strict=True))
        for number, (start, end) in enumerate(_passages(text, language, min_words, max_words), 1)
    )
    types = {"row": "int64", "passage_id": "str", "start": "int64", "end": "int64", "text": "str"}
    table = packed(passages, types).join(about.drop(columns="text"), on="row")
    groups = near_duplicate_groups(table, "passage_id").astype("str")
    return table.assign(copy_group=groups.array)[COLUMNS]


def _passages(text: str, language: Any, min_words: int, max_words: int) -> Iterator[Span]:
    """Start and end of each passage of `text`, in order."""
    joined: list[Span] = []
    start: int | None = None
    breaks = (match.start() for match in _BLANK_LINES.finditer(text))
    for first, end in _trimmed(text, [0, *breaks, len(text)]):
        start = first if start is None else start
        if count_words(text[start:end]) >= min_words:
            joined.append((start, end))
            start = None
    if start is not None:  # what is left says too little alone
        end = len(text.rstrip())
        if joined and _size(text[joined[-1][0] : end]) <= max_words:
            start, _ = joined.pop()
        joined.append((start, end))
    for span in joined:
        yield from _split(text, *span, language, max_words)


def _trimmed(text: str, edges: Iterable[int]) -> Iterator[Span]:
    """Start and end of what stands between edges, blanks around it left out."""
    for start, end in pairwise(edges):
        if found := _TRIMMED.search(text, start, end):
            yield found.span()


def _split(text: str, start: int, end: int, language: Any, max_words: int) -> list[Span]:
    """Parts of about equal length, none above `max_words`, cut after sentences where possible."""
    words = _size(text[start:end])
    if words <= max_words:
        return [(start, end)]
    word = re.compile(rf"\S{{1,{max_words}}}")  # of a longer one a part: each letter may be a word
    parts: list[Span] = []
    for span in sentences(text, language, start, end):
        fits = _size(text[slice(*span)]) <= max_words
        found = (match.span() for match in word.finditer(text, *span))
        parts += [span] if fits else _joined(text, found, max_words)
    return _joined(text, parts, max_words, words / math.ceil(words / max_words))


def _joined(text: str, spans: Iterable[Span], max_words: int, goal: float = math.inf) -> list[Span]:
    """Spans joined to parts of about `goal` words, and of `max_words` at most."""
    parts: list[Span] = []
    for span in spans:
        joined = (parts[-1][0], span[1]) if parts else span
        size, added = _size(text[slice(*joined)]), _size(text[slice(*span)])
        if parts and size <= max_words and size - added / 2 <= goal:
            parts[-1] = joined
        else:
            parts.append(span)
    return parts


def _size(text: str) -> int:
    """Words of a text, or more where they are very long."""
    return max(count_words(text), len(text) // _LETTERS)


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
        yield from _trimmed(text, [*starts, piece.end()])
