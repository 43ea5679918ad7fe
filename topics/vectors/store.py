"""Vectors kept on disk: files that are never changed, read by the row, each row with its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from topics import cache
from topics.cache import digest, log, written_atomically

_ROW = np.dtype([("key", "S16"), ("sum", "S8"), ("row", "<u4")])  # SHA-256 of a text, of its vector
_SMALL_FILES = 64  # with fewer passages than that, before some are put together


def text_keys(texts: Sequence[str]) -> np.ndarray:
    """By what the vectors of texts are found again: ``(n,)``, 16 bytes of SHA-256 each."""
    hashes = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts)
    return np.fromiter((sha[:16] for sha in hashes), _ROW["key"], len(texts))


def empty(n: int, like: np.ndarray) -> np.ndarray:
    """Room for `n` vectors of as many dimensions as those of a block."""
    return np.empty((n, like.shape[1]), dtype=np.float32)


def read(
    paths: Sequence[Path], keys: np.ndarray, rows: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors ``(n, dim)`` with those of the sorted `keys` in `rows`, and which keys were found."""
    vectors = np.empty((n, 0), dtype=np.float32)
    known = np.zeros(len(keys), dtype=bool)
    for path in paths:
        try:
            at, block = _take(path, keys)
        except FileNotFoundError:  # folded or trimmed meanwhile by another process
            continue
        except Exception as error:  # numpy raises whatever comes up in a damaged header
            log(f"cache file {path} cannot be read, its texts are embedded again: {error}")
            if not isinstance(error, OSError):
                cache.remove(path)
            _index.cache_clear()
            continue
        if len(at):
            vectors = vectors if vectors.size else empty(n, block)
            vectors[rows[at]] = block
            known[at] = True
    return vectors, known


def _take(path: Path, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the sorted `keys` a cache file holds, and their vectors; no others are read."""
    index = _index(path)
    own, at = _shared(index["key"], keys)
    if not len(own):
        return at, np.empty((0, 0), dtype=np.float32)
    vectors = np.lib.format.open_memmap(path, mode="r")[index["row"][own]]
    if not np.array_equal(_sums(vectors), index["sum"][own]):
        raise ValueError("a vector does not match its digest")
    cache.touch(path)
    return at, vectors


@lru_cache(maxsize=4096)
def _index(path: Path) -> np.ndarray:
    """Sorted keys of a cache file and digests of their vectors; they stand after the vectors."""
    vectors = np.lib.format.open_memmap(path, mode="r")
    with path.open("rb") as file:
        file.seek(vectors.offset + vectors.nbytes)
        return np.load(file, allow_pickle=False)


def _shared(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places in each of two sorted arrays of what is in both."""
    if len(one) > len(other):
        return _shared(other, one)[::-1]
    at = np.minimum(np.searchsorted(other, one), len(other) - 1)
    same = other[at] == one
    return np.flatnonzero(same), at[same]


def _sums(vectors: np.ndarray) -> np.ndarray:
    return np.array([hashlib.sha256(row).digest()[:8] for row in vectors], dtype=_ROW["sum"])


def write(folder: Path, keys: np.ndarray, vectors: np.ndarray) -> Path | None:
    """Save vectors as one file; None, with a line on why, if that cannot be done."""
    order = np.argsort(keys)
    index = np.empty(len(keys), dtype=_ROW)
    index["key"], index["sum"], index["row"] = keys[order], _sums(vectors)[order], order
    target = folder / f"{digest(index.tobytes())[:16]}.npy"
    try:
        with written_atomically(target) as path, path.open("wb") as file:
            np.save(file, vectors)
            np.save(file, index)
    except OSError as error:
        log(f"vectors are not cached, no room or no right to write in {folder}: {error}")
        return None
    return target


def fold(folder: Path, full: int) -> None:
    """Make one file of the smallest once many have less than `full` bytes, so that few are opened.

    Only what the new file holds is deleted, so that other processes may do the same meanwhile.
    """
    with suppress(FileNotFoundError):  # another process was faster
        files = sorted((path.stat().st_size, path) for path in folder.glob("*.npy"))
        small = [(size, path) for size, path in files if size < full]
        if len(small) > _SMALL_FILES:
            enough = int(np.searchsorted(np.cumsum([size for size, _ in small]), full))
            paths = [path for _, path in small[: max(2, enough)]]
            keys = np.unique(np.concatenate([_index(path)["key"] for path in paths]))
            vectors, known = read(paths, keys, np.arange(len(keys)), len(keys))
            if known.any() and (saved := write(folder, keys[known], vectors[known])):
                for path in set(paths) - {saved}:
                    cache.remove(path)
