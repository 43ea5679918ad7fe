"""Near-duplicates: which texts are copies or edits of an earlier one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

_SHINGLE = 3  # words in a shingle; texts that share no shingle are never compared
_MAX_TEXTS = 10  # earliest texts that a shingle leads to; more only slow boilerplate down
_MIN_SHARED = 0.1  # shingles in common, as a share of the shorter text's words, to compare two
_MAX_GAP = 12  # words that an edit may have changed between two places that agree
_MAX_DRIFT = 2  # words that it may have put in or taken out between them
_MIN_OF_SHORTER = 0.62  # share of the shorter text that is the same in a near-duplicate
_MIN_OF_LONGER = 1 / 3  # of the longer one: a sentence quoted in a long text is no duplicate of it
_MIN_ALONG_CHAIN = 0.56  # those shares multiplied from copy to copy: slight likeness ends somewhere
_MIN_FIGURES = 5  # in both texts, from which on it tells something that they differ
_MIN_EQUAL_FIGURES = 0.4  # share of the figures: a market report filled in anew is no duplicate
_ROWS_AT_ONCE = 2000  # texts that are looked up together, to bound the memory
_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+")  # "3.4" is one, a figure
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well mixed: several words as one number


def representatives(texts: Iterable[str]) -> np.ndarray:
    """For each text, the position of the earliest text that it is a near-duplicate of.

    Each word 3-shingle (Broder 1997) leads to the first few texts that contain it, and only texts
    that share shingles are compared: the cost grows with the number of words, not of pairs. In two
    texts, the word pairs that occur once in each are chained as sequence aligners chain seeds (Li
    2018): from one to the next where few words lie between, about as many in both. The chains of a
    near-duplicate span most of the shorter text, however evenly its words were changed; the
    background, quotations and set phrases that different reports share span less. A copy of a copy
    has the same representative.

    Parameters
    ----------
    texts
        In order of publication: the first of a group represents it.

    Returns
    -------
    np.ndarray
        ``(n,)`` integers; a text's own position if it is no near-duplicate of an earlier one.

    Examples
    --------
    >>> report = "The harbour board voted on Tuesday to keep the quay shut."
    >>> representatives([report, "The wheat harvest was poor.", report + " Again."]).tolist()
    [0, 1, 0]
    """
    number: defaultdict[str, int] = defaultdict(count().__next__)
    numbers = (map(number.__getitem__, _WORD.findall(text.lower())) for text in texts)
    words = [np.fromiter(text, np.uint32) for text in numbers]
    is_figure = np.array(
        [len(word) > 1 and not word.strip("0123456789.,") for word in number], bool
    )
    first: dict[bytes, int] = {}  # texts of the same words; those without words are no duplicates
    same = (first.setdefault(w.tobytes(), i) if len(w) else i for i, w in enumerate(words))
    found = np.fromiter(same, int, len(words))
    distinct, likeness = np.unique(found), np.ones(len(words))  # to the representative
    for later, earlier in _candidates([words[i] for i in distinct]):
        i, j = distinct[later], distinct[earlier]
        if found[i] == i:
            share = _share_in_common(words[i], words[j], is_figure)
            if share >= _MIN_OF_SHORTER and share * likeness[j] >= _MIN_ALONG_CHAIN:
                found[i], likeness[i] = found[j], share * likeness[j]
    return found[found]


def _candidates(words: list[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Each text with earlier ones that it may be a copy of, those that share most first."""
    sizes = np.array([len(text) for text in words], int)
    shingles = _shingle_counts(words)
    earliest = shingles.tocsc()
    rank = np.arange(earliest.nnz) - np.repeat(earliest.indptr[:-1], np.diff(earliest.indptr))
    earliest.data[rank >= _MAX_TEXTS] = 0
    earliest.eliminate_zeros()
    for start in range(0, len(words), _ROWS_AT_ONCE):
        common = (shingles[start : start + _ROWS_AT_ONCE] @ earliest.T).tocoo()
        i, j, shared = common.row + start, common.col, common.data
        shorter, longer = np.minimum(sizes[i], sizes[j]), np.maximum(sizes[i], sizes[j])
        enough = shared > np.maximum(1, _MIN_SHARED * shorter)
        kept = (j < i) & (shorter >= _MIN_OF_LONGER * longer) & enough
        i, j, shared = i[kept], j[kept], shared[kept]
        order = np.lexsort((j, -shared, i))
        yield from zip(i[order].tolist(), j[order].tolist(), strict=True)


def _shingle_counts(words: list[np.ndarray]) -> csr_array:
    """How often each text has each shingle, ``(texts, shingles)``, but for those that occur once."""
    every = _ngrams(np.concatenate([np.empty(0, np.uint32), *words]), _SHINGLE)
    columns = pd.Index(_repeated(every)).get_indexer(every)  # six times as fast as np.unique
    del every  # a gigabyte, of a million texts
    rows = np.repeat(np.arange(len(words), dtype=np.int32), [len(text) for text in words])
    inside = rows[: 1 - _SHINGLE] == rows[_SHINGLE - 1 :]  # one text, not from it into the next
    again = inside & (columns >= 0)
    columns = columns[again].astype(np.int32)
    ends = np.bincount(rows[: 1 - _SHINGLE][again], minlength=len(words)).cumsum()
    shape = len(words), int(columns.max(initial=-1)) + 1
    counts = csr_array((np.ones(len(columns), np.int32), columns, np.append(0, ends)), shape)
    counts.sum_duplicates()
    return counts


def _repeated(numbers: np.ndarray) -> np.ndarray:
    """Those of some numbers that occur more than once, sorted."""
    ordered = np.sort(numbers)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _ngrams(words: np.ndarray, n: int) -> np.ndarray:
    """One number for every `n` words in a row."""
    numbers = words[: max(0, len(words) - n + 1)].astype(np.uint64)
    for k in range(1, n):
        numbers *= _FACTOR
        numbers += words[k : k + len(numbers)]
    return numbers


def _share_in_common(a: np.ndarray, b: np.ndarray, is_figure: np.ndarray) -> float:
    """Share of the shorter text that the longer one has too; 0 if they cannot be duplicates."""
    short, long = sorted((a, b), key=len)
    figures, others = (set(text[is_figure[text]].tolist()) for text in (short, long))
    fewer = min(len(figures), len(others))
    if fewer >= _MIN_FIGURES and len(figures & others) < _MIN_EQUAL_FIGURES * fewer:
        return 0.0
    shingles, known = (_ngrams(text, _SHINGLE).tolist() for text in (short, long))
    contained = sum(map(set(known).__contains__, shingles)) / len(shingles)
    share = max(_share_in_chains(short, long), contained)
    return float(share) if share * len(short) >= _MIN_OF_LONGER * len(long) else 0.0


def _share_in_chains(short: np.ndarray, long: np.ndarray) -> float:
    """Share of the shorter text that chains of word pairs in common span."""
    (pairs, places), (others, other_places) = _single_pairs(short), _single_pairs(long)
    _, here, there = np.intersect1d(pairs, others, assume_unique=True, return_indices=True)
    order = np.argsort(places[here])
    steps = np.diff(places[here][order])
    drift = np.diff(other_places[there][order]) - steps
    chained = (steps <= _MAX_GAP) & (np.abs(drift) <= _MAX_DRIFT)
    spanned = np.where(chained, steps, np.minimum(steps, 2)).sum() + 2 * (len(order) > 0)
    return spanned / len(short)


def _single_pairs(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The word pairs that occur once in a text, and where."""
    pairs, places, times = np.unique(_ngrams(words, 2), return_index=True, return_counts=True)
    return pairs[times == 1], places[times == 1]


def near_duplicate_groups(frame: pd.DataFrame, ids: str) -> pd.Series:
    """For each row by its id, the id of the earliest row that it is a near-duplicate of.

    Parameters
    ----------
    frame
        With columns ``text`` and ``date``; rows without a date come last.
    ids
        Name of the column of ids.

    Returns
    -------
    pd.Series
        Ids by id, in the order of `frame`; a row's own if it is no near-duplicate of an earlier one.

    Examples
    --------
    >>> report = "The harbour board voted on Tuesday to keep the quay shut."
    >>> frame = pd.DataFrame({"id": ["a", "b"], "text": [report + " Again.", report]})
    >>> frame["date"] = pd.to_datetime(["2025-05-07", "2025-05-06"])
    >>> near_duplicate_groups(frame, "id").to_dict()
    {'a': 'b', 'b': 'b'}
    """
    by_date = frame.sort_values("date", kind="stable", na_position="last")
    own = by_date[ids].to_numpy()
    return pd.Series(own[representatives(by_date["text"])], own).loc[frame[ids]]
