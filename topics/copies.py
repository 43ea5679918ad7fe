"""Near-copies: which texts are one text, edited."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

_SHINGLE = 3  # words; texts that share none are never compared
_HOLDERS = 10  # earliest texts that a shingle points to; more only slow boilerplate down
_VOTES = 0.08  # shingles in common, of the shorter text's words, for two texts to be compared
_TIMES = 3  # as long, at most: a sentence quoted in a long text is no copy of it
_GAP = 12  # words that an edit may have changed between two places that agree
_DRIFT = 2  # words that it may have put in or taken out between them
_ALIGNED = 0.65  # of the shorter text, for two texts to be copies
_BLOCK = 2000  # texts that are looked up at once; more only take memory
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread: one number of several words


def group_copies(texts: Sequence[str], threshold: float = _ALIGNED) -> np.ndarray:
    """Group texts that are copies or edits of an earlier one.

    Only texts that share rare word 3-shingles (Broder 1997) are compared, so the cost grows with
    the number of words, not of pairs. To compare two, the word pairs that each has once are chained
    as sequence aligners chain seeds (Li 2018): from one to the next where few words lie between,
    about as many in both. The chains of a copy span at least `threshold` of the shorter text,
    however evenly words were changed; the background, quotations and set phrases that different
    reports share span less. A copy of a copy has the head of both.

    Parameters
    ----------
    texts
        In order of publication: the first of a group is its head.
    threshold
        Share of the shorter text's words, 0 to 1.

    Returns
    -------
    np.ndarray
        ``(len(texts),)`` integers, the position of each text's head (its own, if it is none's copy).
    """
    number: defaultdict[str, int] = defaultdict(count().__next__)
    words = [np.array([number[w] for w in re.findall(r"\w+", t.lower())], np.uint32) for t in texts]
    same: dict[bytes, int] = {}
    heads = np.arange(len(texts))
    for i, text in enumerate(words):
        heads[i] = same.setdefault(text.tobytes(), i) if len(text) else i
    unlike = np.unique(heads)
    for later, earlier in _alike([words[i] for i in unlike]):
        i, j = unlike[later], unlike[earlier]
        if heads[i] == i and _aligned(words[i], words[j]) >= threshold:
            heads[i] = heads[j]
    return heads[heads]


def _alike(words: list[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Texts and earlier ones that may be their originals, those that share most first."""
    sizes = np.array([len(text) for text in words], int)
    shingles, holders = _shared_shingles(words, sizes)
    for start in range(0, len(words), _BLOCK):
        votes = (shingles[start : start + _BLOCK] @ holders).tocoo()
        i, j, shared = votes.row + start, votes.col, votes.data
        shorter, longer = np.minimum(sizes[i], sizes[j]), np.maximum(sizes[i], sizes[j])
        worth = (j < i) & (longer <= _TIMES * shorter) & (shared >= _VOTES * shorter) & (shared > 1)
        i, j, shared = i[worth], j[worth], shared[worth]
        order = np.lexsort((j, -shared, i))
        yield from zip(i[order].tolist(), j[order].tolist(), strict=True)


def _shared_shingles(words: list[np.ndarray], sizes: np.ndarray) -> tuple[csr_array, csr_array]:
    """Texts by the shingles that more than one of them has; shingles by their earliest texts."""
    keys = _keys(np.concatenate([*words, np.zeros(_SHINGLE - 1, np.uint32)]), _SHINGLE)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), bool)
    first[1:] = keys[1:] != keys[:-1]
    del keys
    column = np.cumsum(first, dtype=np.int32) - 1
    row = np.repeat(np.arange(len(words), dtype=np.int32), sizes)[order]
    shared = ~(first & np.append(first[1:], True))
    early = shared & (np.arange(len(row)) - np.flatnonzero(first)[column] < _HOLDERS)
    shape = len(words), len(first)
    return _ones(row[shared], column[shared], shape), _ones(column[early], row[early], shape[::-1])


def _ones(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> csr_array:
    matrix = csr_array((np.ones(len(row), np.int32), (row, column)), shape=shape)
    matrix.data[:] = 1  # a shingle counts once a text
    return matrix


def _keys(words: np.ndarray, size: int) -> np.ndarray:
    """One number for every `size` words in a row."""
    keys = words[: max(0, len(words) - size + 1)].astype(np.uint64)
    for k in range(1, size):
        keys = keys * _MIX + words[k : k + len(keys)]
    return keys


def _aligned(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the shorter text that chains of word pairs in common span."""
    short, long = sorted((a, b), key=len)
    (keys, places), (other_keys, other_places) = _single_pairs(short), _single_pairs(long)
    _, here, there = np.intersect1d(keys, other_keys, assume_unique=True, return_indices=True)
    order = np.argsort(places[here])
    steps = np.diff(places[here][order])
    drift = np.diff(other_places[there][order]) - steps
    chained = (steps <= _GAP) & (np.abs(drift) <= _DRIFT)
    spanned = np.where(chained, steps, np.minimum(steps, 2)).sum() + 2 * (len(order) > 0)
    return float(spanned / len(short))


def _single_pairs(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The word pairs that stand in a text once, and where."""
    keys, places, times = np.unique(_keys(words, 2), return_index=True, return_counts=True)
    return keys[times == 1], places[times == 1]


def copy_groups(frame: pd.DataFrame, ids: str) -> pd.Series:
    """Copy group of each row of `frame` (columns ``text``, ``date`` and `ids`), by its index.

    A group is named after its earliest member; rows without a date come last.
    """
    ordered = frame.sort_values("date", kind="stable", na_position="last")
    heads = group_copies(ordered["text"].tolist())
    names = ordered[ids].to_numpy()[heads]
    return pd.Series(names, index=ordered.index).reindex(frame.index)
