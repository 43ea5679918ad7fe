"""Documents to passages: paragraphs as their author set them, each with its place in the text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

import pandas as pd

from topics.copies import copy_groups

MAX_WORDS = 160  # about 220 tokens: fits the window of all-MiniLM-L6-v2
MIN_WORDS = 25  # shorter paragraphs say too little alone and join the next one
_META = ["title", "date", "source", "country", "language", "url", "path"]
COLUMNS = ["passage_id", "document_id", "start", "end", "text", "copy_group", *_META]


def split_passages(
    documents: pd.DataFrame, *, min_words: int = MIN_WORDS, max_words: int = MAX_WORDS
) -> pd.DataFrame:
    """Cut documents into passages.

    Parameters
    ----------
    documents
        As `read_corpus` returns them; ``document_id`` and ``text`` are needed, the rest is
        carried along where it is there.
    min_words, max_words
        Paragraphs of fewer words are joined to the next one (a heading to the paragraph below
        it), longer ones are split at ends of sentences.

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
        language = document.get("language")
        code = language if isinstance(language, str) else "en"
        for number, (start, end) in enumerate(_spans(text, code, min_words, max_words), 1):
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


def _spans(text: str, language: str, least: int, most: int) -> Iterator[tuple[int, int]]:
    """Start and end of each passage of `text`, in order."""
    start: int | None = None
    done: tuple[int, int] | None = None
    for first, last in _paragraphs(text):
        start = first if start is None else start
        if _count(text[start:last]) < least:
            continue
        if done:
            yield from _split(text, *done, language, most)
        done, start = (start, last), None
    if start is not None:
        rest = (start, len(text.rstrip()))
        if done and _count(text[done[0] : rest[1]]) <= most:
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


def _count(text: str) -> int:
    return len(text.split())


def _split(text: str, start: int, end: int, language: str, most: int) -> Iterator[tuple[int, int]]:
    """Parts of about equal length, none above `most` words, cut after sentences where possible."""
    words = _count(text[start:end])
    if words <= most:
        yield start, end
        return
    goal = words / math.ceil(words / most)
    part_start, part_words = start, 0
    for first, last in _sentences(text, start, end, language):
        length = _count(text[first:last])
        if part_words and (part_words + length / 2 > goal or part_words + length > most):
            yield part_start, _trimmed(text, part_start, first)
            part_start, part_words = first, 0
        part_words += length
        while part_words > most:  # a sentence longer than a passage is cut between words
            cut = (
                part_start + [m.end() for m in re.finditer(r"\S+", text[part_start:last])][most - 1]
            )
            yield part_start, cut
            part_start = cut + len(text[cut:last]) - len(text[cut:last].lstrip())
            part_words -= most
    if part_start < end and part_words:
        yield part_start, end


def _sentences(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    import sentencex

    bounds = [
        b["start_index"] for b in sentencex.get_sentence_boundaries(language, text[start:end])
    ]
    for first, last in pairwise([*bounds, end - start]):
        sentence = text[start + first : start + last]
        if sentence.strip():
            yield start + last - len(sentence.lstrip()), start + last


def _trimmed(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())
