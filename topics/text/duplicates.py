"""Near-copies: which texts are one text, edited."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import count, pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

_SHINGLE = 3  # words; texts that share none are never compared
_HOLDERS = 10  # earliest texts that a shingle points to; more only slow boilerplate down
_VOTES = 0.1  # shingles in common, of the shorter text's words, for two texts to be compared
_GAP = 12  # words that an edit may have changed between two places that agree
_DRIFT = 2  # words that it may have put in or taken out between them
_SHORTER = 0.62  # share of the shorter text that is the same in a copy
_LONGER = 1 / 3  # of the longer one: a sentence quoted in a long text is no copy of it
_FADED = 0.56  # those shares multiplied along a chain of copies: slight likeness ends somewhere
_FIGURES = 5  # in both, from which on it tells something that they differ
_AGREEING = 0.4  # of the figures: a market report filled in anew is no copy
_BLOCK = 2000  # texts that are looked up at once; more only take memory
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread: several words as one number


def group_copies(texts: Iterable[str]) -> np.ndarray:
    """Group texts that are copies or edits of an earlier one.

    A word 3-shingle (Broder 1997) points to the first few texts that have it; only texts that share
    some are compared, so the cost grows with the number of words, not of pairs. Of two, the word
    pairs that each has once are chained as sequence aligners chain seeds (Li 2018): from one to the
    next where few words lie between, about as many in both. The chains of a copy span most of the
    shorter text, however evenly its words were changed; the background, quotations and set phrases
    that different reports share span less. A copy of a copy gets the same head.

    Parameters
    ----------
    texts
        In order of publication: the first of a group is its head.

    Returns
    -------
    np.ndarray
        As many integers as texts, the position of each text's head (its own, if it is none's copy).
    """
    number: defaultdict[str, int] = defaultdict(count().__next__)
    flat, ends = array("I"), [0]  # an array a text would scatter over the memory
    for text in texts:
        flat.extend([number[word] for word in re.findall(r"\w+", text.lower())])
        ends.append(len(flat))
    joined = np.array(flat, np.uint32)
    del flat
    words = [joined[start:end] for start, end in pairwise(ends)]
    figure = np.array([len(w) > 1 and w.isdigit() for w in number], bool)
    heads = _first_equal(words)
    unlike, likeness = np.unique(heads), np.ones(len(words))  # to the head
    for later, earlier in _alike([words[i] for i in unlike]):
        i, j = unlike[later], unlike[earlier]
        if heads[i] == i:
            same = _same(words[i], words[j], figure)
            if same >= _SHORTER and same * likeness[j] >= _FADED:
                heads[i], likeness[i] = heads[j], same * likeness[j]
    return heads[heads]


def _first_equal(words: list[np.ndarray]) -> np.ndarray:
    """Position of the first text of the same words; of an empty one, its own."""
    first: dict[bytes, int] = {}  # by digest, for the texts themselves would take twice the memory
    keys = (blake2b(text.data, digest_size=16).digest() if len(text) else None for text in words)
    heads = [i if key is None else first.setdefault(key, i) for i, key in enumerate(keys)]
    return np.array(heads, int)


def _alike(words: list[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Each text with earlier ones that it may be a copy of, those that share most first."""
    sizes = np.array([len(text) for text in words], int)
    blocks, holders = _shared_shingles(words)
    for number, shingles in enumerate(blocks):
        votes = (shingles @ holders).tocoo()
        i, j, shared = votes.row + number * _BLOCK, votes.col, votes.data
        shorter, longer = np.minimum(sizes[i], sizes[j]), np.maximum(sizes[i], sizes[j])
        worth = (j < i) & (shorter >= _LONGER * longer) & (shared > np.maximum(1, _VOTES * shorter))
        i, j, shared = i[worth], j[worth], shared[worth]
        order = np.lexsort((j, -shared, i))
        yield from zip(i[order].tolist(), j[order].tolist(), strict=True)


def _shared_shingles(words: list[np.ndarray]) -> tuple[list[csr_array], csr_array]:
    """Texts by the shingles that stand twice or more, in blocks; those by their first texts."""
    twice = _repeated(words)
    held = np.zeros(len(twice), np.int32)  # texts that have the shingle, by now
    blocks: list[csr_array] = []
    kept = [np.empty((3, 0), np.int32)]  # shingle, text, how often
    for start in range(0, len(words) if len(twice) else 0, _BLOCK):
        block = _among(twice, words[start : start + _BLOCK])
        blocks.append(block)
        texts = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        order = np.argsort(block.indices, kind="stable")
        entries = np.stack([block.indices, texts, block.data])[:, order].astype(np.int32)
        own, first, sizes = np.unique(entries[0], return_index=True, return_counts=True)
        rank = np.arange(len(order)) - np.repeat(first - held[own], sizes)
        kept.append(entries[:, rank < _HOLDERS])
        held[own] += sizes
    shingle, text, times = np.concatenate(kept, axis=1)
    return blocks, csr_array((times, (shingle, text)), (len(twice), len(words)))


def _repeated(words: list[np.ndarray]) -> np.ndarray:
    """Keys of the shingles that stand twice or more, in order."""
    ends = np.cumsum([max(0, len(text) - _SHINGLE + 1) for text in words], dtype=int)
    keys = np.empty(ends[-1] if len(ends) else 0, np.uint64)
    for text, end in zip(words, ends, strict=True):
        own = _keys(text, _SHINGLE)
        keys[end - len(own) : end] = own
    keys.sort()  # in place: of a million texts, most of a gigabyte
    same = keys[1:] == keys[:-1]
    same[1:] &= ~same[:-1]
    return keys[1:][same]


def _among(shingles: np.ndarray, words: list[np.ndarray]) -> csr_array:
    """How often each text has each of the shingles."""
    parts = [_keys(text, _SHINGLE) for text in words]
    row = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    own = np.concatenate(parts)
    column = np.minimum(np.searchsorted(shingles, own), len(shingles) - 1).astype(np.int32)
    known = shingles[column] == own
    places = row[known], column[known]
    return csr_array((np.ones(len(places[0]), np.int32), places), (len(words), len(shingles)))


def _keys(words: np.ndarray, size: int) -> np.ndarray:
    """One number for every `size` words in a row."""
    keys = words[: max(0, len(words) - size + 1)].astype(np.uint64)
    for k in range(1, size):
        keys = keys * _MIX + words[k : k + len(keys)]
    return keys


def _same(a: np.ndarray, b: np.ndarray, figure: np.ndarray) -> float:
    """Share of the shorter text that the longer one has too; none if they cannot be copies."""
    short, long = sorted((a, b), key=len)
    ours, theirs = np.unique(short[figure[short]]), np.unique(long[figure[long]])
    fewer = min(len(ours), len(theirs))
    if fewer >= _FIGURES and np.isin(ours, theirs).sum() < _AGREEING * fewer:
        return 0.0
    contained = np.isin(_keys(short, _SHINGLE), _keys(long, _SHINGLE)).mean()
    same = max(_chained(short, long), contained)
    return float(same) if same * len(short) >= _LONGER * len(long) else 0.0


def _chained(short: np.ndarray, long: np.ndarray) -> float:
    """Share of the shorter text that chains of word pairs in common span."""
    (keys, places), (other_keys, other_places) = _single_pairs(short), _single_pairs(long)
    _, here, there = np.intersect1d(keys, other_keys, assume_unique=True, return_indices=True)
    order = np.argsort(places[here])
    steps = np.diff(places[here][order])
    drift = np.diff(other_places[there][order]) - steps
    chained = (steps <= _GAP) & (np.abs(drift) <= _DRIFT)
    spanned = np.where(chained, steps, np.minimum(steps, 2)).sum() + 2 * (len(order) > 0)
    return spanned / len(short)


def _single_pairs(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The word pairs that stand in a text once, and where."""
    keys, places, times = np.unique(_keys(words, 2), return_index=True, return_counts=True)
    return keys[times == 1], places[times == 1]


def copy_groups(frame: pd.DataFrame, ids: str) -> pd.Series:
    """Copy group of each row of `frame` (columns ``text``, ``date`` and `ids`), by its index.

    A group is named after its earliest member; rows without a date come last.
    """
    dated = frame["date"].reset_index(drop=True)
    order = dated.sort_values(kind="stable", na_position="last").index.to_numpy()
    parts = (order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK))
    heads = group_copies(text for part in parts for text in frame["text"].iloc[part])
    names = np.empty(len(order), object)
    names[order] = frame[ids].to_numpy()[order[heads]]
    return pd.Series(names, index=frame.index)


def document_copies(documents: pd.DataFrame, passages: pd.DataFrame) -> pd.Series:
    """For each document by id, the earliest document that it is a near-copy of, or itself.

    `passages` are those that `split_passages` made of the documents.
    """
    ids = documents["document_id"].tolist()
    if passages["document_id"].tolist() == ids:  # each is one passage, whose copies are known
        owner = pd.Series(ids, passages["passage_id"])
        return pd.Series(owner[passages["copy_group"]].to_numpy(), ids)
    return pd.Series(copy_groups(documents, "document_id").to_numpy(), ids)
