"""Near-copies: which texts are one text, lightly edited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

_SHINGLE = 3  # words; short enough to survive a changed word in ten
_HOLDERS = 5  # earliest texts that a shingle points to; more only slow boilerplate down
_SHARED = 0.5  # of the shorter text's shingles, for two texts to be copies


def group_copies(texts: Sequence[str], threshold: float = _SHARED) -> np.ndarray:
    """Group texts that are copies or light edits of an earlier one.

    Two texts are compared by word 3-shingles: copies share at least `threshold` of the
    shorter one's (containment, Broder 1997). Every shingle points to the first few texts that
    hold it, so a text is compared only with heads that it shares words with and the cost grows with
    the number of words, not of pairs.

    Parameters
    ----------
    texts
        In order of publication: the first of a group is its head.
    threshold
        Share of shingles in common, 0 to 1.

    Returns
    -------
    np.ndarray
        ``(len(texts),)`` integers, the position of each text's head (its own, if it is none's copy).
    """
    heads = np.arange(len(texts))
    holders: dict[int, list[int]] = {}
    sizes = np.zeros(len(texts), dtype=int)
    for i, text in enumerate(texts):
        shingles = _shingles(text)
        sizes[i] = len(shingles)
        votes = Counter(h for s in shingles for h in holders.get(s, ()))
        for head, shared in sorted(votes.items(), key=lambda v: (-v[1], v[0])):
            if shared >= threshold * min(sizes[i], sizes[head]) and _alike(sizes[i], sizes[head]):
                heads[i] = head
                break
        if heads[i] == i:
            for shingle in shingles:
                if len(found := holders.setdefault(shingle, [])) < _HOLDERS:
                    found.append(i)
    return heads


def _alike(a: int, b: int) -> bool:
    """Whether two sizes are near enough: a sentence quoted in a long text is no copy of it."""
    return 3 * min(a, b) >= max(a, b)


def _shingles(text: str) -> set[int]:
    words = re.findall(r"\w+", text.lower())
    if len(words) < _SHINGLE:
        return {hash(tuple(words))} if words else set()
    return {hash(tuple(words[i : i + _SHINGLE])) for i in range(len(words) - _SHINGLE + 1)}


def copy_groups(frame: pd.DataFrame, ids: str) -> pd.Series:
    """Copy group of each row of `frame` (columns ``text``, ``date`` and `ids`), by its index.

    A group is named after its earliest member; rows without a date come last.
    """
    ordered = frame.sort_values("date", kind="stable", na_position="last")
    heads = group_copies(ordered["text"].tolist())
    names = ordered[ids].to_numpy()[heads]
    return pd.Series(names, index=ordered.index).reindex(frame.index)
