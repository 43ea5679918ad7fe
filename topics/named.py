"""Themes that the user names: read from a file, scored on every passage, assigned above a bar.

A passage's score adds two kinds of evidence: closeness of its vector to the theme's description
and phrases, less what it is closer to under `not`; and the share of the theme's rare words that
it uses. The score is then averaged with those of its nearest neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from topics.errors import InputError
from topics.words import content_words

Embed = Callable[[Sequence[str]], np.ndarray]

_WORDS = 3.0  # deviations of closeness that a passage gains that uses the theme's own words
_NEIGHBOURS = 10  # fitted passages that a score is shared with, and at most one in twenty
_SHARED = 0.4  # of a score from the neighbours, and as much from the document
_LEAST_SEEDS = 3  # passages as close to a theme as its own texts, to learn a bar from
_SAME = 1 - 1e-5  # cosine at which a vector is that of a fitted passage


@dataclass(frozen=True)
class NamedTheme:
    """A theme to look for; `not_` holds phrases of what it is not."""

    id: str
    name: str
    description: str = ""
    phrases: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()

    @property
    def texts(self) -> list[str]:
        """What the theme is recognised by, the fullest text first."""
        return [f"{self.name}. {self.description}".strip(), *self.phrases]


def read_themes(path: str | Path) -> list[NamedTheme]:
    """Read ``themes.yml``: a list of ``id, name, description, phrases`` and optional ``not``.

    Raises
    ------
    InputError
        If the file cannot be read or is not of that shape, or an id stands twice.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"themes: cannot read {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as PyYAML lets them through
        where = " ".join(str(error).split())
        raise InputError(f"themes: {str(path)!r} is not valid YAML: {where}") from error
    return as_themes(content, str(path))


def as_themes(content: Any, origin: str = "named") -> list[NamedTheme]:
    """Check and convert what was read, or what a notebook wrote by hand."""
    if content is None:
        return []
    if not isinstance(content, list):
        raise InputError(
            f"themes: {origin}: wanted a list of themes (id, name, description, phrases), "
            f"got {type(content).__name__}"
        )
    themes = [_as_theme(item, number, origin) for number, item in enumerate(content, 1)]
    twice = [id_ for id_, n in Counter(theme.id for theme in themes).items() if n > 1]
    if twice:
        raise InputError(f"themes: {origin}: id {twice[0]!r} stands twice; give each its own")
    return themes


def _as_theme(item: Any, number: int, origin: str) -> NamedTheme:
    if isinstance(item, NamedTheme):
        return item
    where = f"themes: {origin}: entry {number}"
    if not isinstance(item, dict) or not item.get("id"):
        raise InputError(f"{where}: wanted fields id, name, description, phrases; got {item!r:.60}")
    unknown = set(item) - {"id", "name", "description", "phrases", "not"}
    if unknown:
        raise InputError(f"{where}: unknown field {min(map(str, unknown))!r}")
    id_ = str(item["id"])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", id_):
        raise InputError(f"{where}: id {id_!r}: wanted letters, digits, - and _ only")
    for key in ("name", "description"):
        if isinstance(item.get(key), list | dict):
            raise InputError(f"{where}: {key}: wanted one text, got {item[key]!r:.60}")
    lists = {}
    for key in ("phrases", "not"):
        value = item.get(key) or []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InputError(f"{where}: {key}: wanted a list of texts, got {value!r:.60}")
        lists[key] = tuple(value)
    name = str(item.get("name") or id_.replace("-", " "))
    return NamedTheme(id_, name, str(item.get("description") or ""), lists["phrases"], lists["not"])


@dataclass
class ThemeScorer:
    """Scores of named themes in units of the theme itself, calibrated on the corpus.

    1 is the closeness that a theme's own texts have to each other, 0 that of the corpus' other
    passages. All fields are arrays but `word_weights`, so that a model is saved without pickle.

    Attributes
    ----------
    mean
        ``(dim,)``; what all passages share, taken off every vector.
    centres
        ``(n_themes, dim)`` unit rows, the mean of a theme's texts.
    against, against_of
        ``(m, dim)`` vectors of the `not` phrases, and which theme each belongs to.
    zero, one, word_share
        ``(n_themes,)``: closeness that counts as 0, what is between it and 1, and what a
        passage gains that uses the theme's own words.
    word_weights
        For each theme, the weight of each of its words (rarer in the corpus, heavier).
    documents, evidence, halfway
        Of the fitted passages ``(n,)`` and ``(n, n_themes)``: the document, the evidence of
        the passage itself, and that after one step of `_shared`.
    spread
        ``(n_themes,)`` whether neighbours and the document count for the theme.
    thresholds
        ``(n_themes,)``; a passage carries the theme at or above it.
    """

    mean: np.ndarray
    centres: np.ndarray
    against: np.ndarray
    against_of: np.ndarray
    zero: np.ndarray
    one: np.ndarray
    word_share: np.ndarray
    word_weights: list[dict[str, float]]
    documents: np.ndarray
    evidence: np.ndarray
    halfway: np.ndarray
    spread: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def fit(
        cls,
        themes: Sequence[NamedTheme],
        texts: Sequence[str],
        documents: Sequence[str],
        vectors: np.ndarray,
        nearest: np.ndarray,
        near: np.ndarray,
        embed: Embed,
    ) -> ThemeScorer:
        """Calibrate on passages whose nearest passages, themselves among them, are known."""
        n, dim = vectors.shape
        owned = [_embedded(embed, theme.texts, dim) for theme in themes]
        against = [_embedded(embed, theme.not_, dim) for theme in themes]
        holders = Counter(word for text in texts for word in set(content_words(text)))
        mean = _background(vectors, owned)
        owned = [_unit(rows - mean) for rows in owned]
        zeros = np.zeros(len(themes))
        scorer = cls(
            mean,
            np.array([_unit(rows.mean(axis=0)) for rows in owned]).reshape(-1, dim),
            _unit(np.vstack([*against, np.zeros((0, dim))]) - mean),
            np.repeat(np.arange(len(themes)), [len(rows) for rows in against]),
            zeros.copy(),
            zeros + 1,
            zeros.copy(),
            [_word_weights(theme, holders, n) for theme in themes],
            np.asarray(documents, dtype=str),
            np.zeros((n, len(themes))),
            np.zeros((n, len(themes))),
            np.zeros(len(themes), dtype=bool),
            zeros + 1,
        )
        scorer._fit_units(themes, owned, vectors, nearest)
        scorer.evidence = scorer.evidence_of(vectors, texts)
        scorer.halfway = scorer._step(
            scorer.evidence, scorer.evidence, scorer.evidence, scorer.documents, nearest, near
        )
        scorer._fit_thresholds(nearest, near)
        return scorer

    def _fit_units(
        self,
        themes: Sequence[NamedTheme],
        owned: list[np.ndarray],
        vectors: np.ndarray,
        nearest: np.ndarray,
    ) -> None:
        """Set what counts as 0 and as 1, and what words are worth beside closeness."""
        close = self._closeness(vectors)
        around = _unit(vectors - self.mean)
        other = around[nearest[:, min(1, nearest.shape[1] - 1)]]
        few_texts = float(np.median(np.einsum("ij,ij->i", around, other)))
        for j, theme in enumerate(themes):
            own = few_texts if len(owned[j]) < 3 else _closeness_to_rest(owned[j])
            others = close[close[:, j] < own, j]
            self.zero[j] = np.median(others) if len(others) else 0.0
            deviation = max(float(close[:, j].std()), vectors.shape[1] ** -0.5)
            words = _WORDS * deviation
            self.one[j] = own - self.zero[j] + words * _shared_words(theme, self.word_weights[j]) / 2
            self.one[j] = max(self.one[j], deviation)
            self.word_share[j] = words / self.one[j]

    def _fit_thresholds(self, nearest: np.ndarray, near: np.ndarray) -> None:
        """Set each theme's bar from its seeds, passages as close to it as its own texts are.

        Seeds are the nearer half of a theme, so there are twice as many passages on it. The
        bar is where a passage is as likely on it as not, if the scores of the theme and of
        the others are normal with one spread (Fisher's linear discriminant, 1936; Welch 1939).
        The spread is that of the others' lower half, where passages on the theme are not. With
        too few seeds to tell, only seeds carry the theme.
        """
        scores = self._shared(self.evidence, self.documents, nearest, near)
        for j in range(scores.shape[1]):
            seeds = self.evidence[:, j] >= 1
            if seeds.sum() < _LEAST_SEEDS or seeds.all():
                continue
            others = scores[~seeds, j]
            centre = float(np.median(others))
            deviation2 = 2 * float((np.minimum(others - centre, 0) ** 2).mean())
            above = float(scores[seeds, j].mean()) - centre
            share = min(2 * float(seeds.mean()), 0.5)
            if above > 0:
                prior = deviation2 / above * np.log((1 - share) / share)
                self.thresholds[j] = centre + min(above / 2 + prior, above)
                self.spread[j] = True

    def scores(
        self,
        vectors: np.ndarray,
        texts: Iterable[str] | None,
        documents: Sequence[str] | None,
        nearest: np.ndarray,
        near: np.ndarray,
    ) -> np.ndarray:
        """Scores of passages, fitted ones or new ``(n, n_themes)``.

        Without texts and documents, those of the fitted passage with the same vector are taken;
        where there is none, words say nothing and the passage is a document of its own.
        """
        if texts is None or documents is None:
            known = near[:, 0] >= _SAME
            alone = [f"\0{row}" for row in range(len(vectors))]
            names = np.where(known, self.documents[nearest[:, 0]], alone)
            bare = self.evidence_of(vectors, None)
            evidence = np.where(known[:, None], self.evidence[nearest[:, 0]], bare)
        else:
            names = np.asarray(documents, dtype=str)
            evidence = self.evidence_of(vectors, texts)
        return np.where(self.spread, self._shared(evidence, names, nearest, near), evidence)

    def evidence_of(self, vectors: np.ndarray, texts: Iterable[str] | None) -> np.ndarray:
        """Closeness to each theme and share of its rare words, in units of the theme."""
        evidence = (self._closeness(vectors) - self.zero) / self.one
        if texts is None:
            return evidence
        rows = [set(content_words(text)) for text in texts]
        used = [[sum(w.get(x, 0.0) for x in row) for w in self.word_weights] for row in rows]
        return evidence + self.word_share * np.minimum(np.reshape(used, evidence.shape), 1)

    def _closeness(self, vectors: np.ndarray) -> np.ndarray:
        """Cosine with each theme's centre; where a `not` phrase is closer, less the difference."""
        rows = _unit(vectors - self.mean)
        close = rows @ self.centres.T
        for j in np.unique(self.against_of):
            other = (rows @ self.against[self.against_of == j].T).max(axis=1)
            close[:, j] -= np.maximum(other - close[:, j], 0)
        return close

    def _shared(
        self, evidence: np.ndarray, documents: np.ndarray, nearest: np.ndarray, near: np.ndarray
    ) -> np.ndarray:
        """Evidence of a passage, shared with its nearest fitted passages and with its document.

        Twice, so that what neighbours learnt counts (two steps of label propagation, Zhou et
        al. 2004). A paragraph that goes on about its document's subject need not name it.
        """
        once = self._step(evidence, evidence, self.evidence, documents, nearest, near)
        return self._step(evidence, once, self.halfway, documents, nearest, near)

    def _step(
        self,
        evidence: np.ndarray,
        now: np.ndarray,
        fitted: np.ndarray,
        documents: np.ndarray,
        nearest: np.ndarray,
        near: np.ndarray,
    ) -> np.ndarray:
        k = int(np.clip(len(fitted) // 20, 1, _NEIGHBOURS))
        weights = np.clip(near[:, :k], 1e-3, 1) ** 3
        weights /= weights.sum(axis=1, keepdims=True)
        around = np.einsum("ij,ijk->ik", weights, fitted[nearest[:, :k]])
        known = pd.DataFrame(fitted).groupby(self.documents).mean()
        given = pd.DataFrame(now).groupby(documents).mean()
        means = pd.concat([known, given[~given.index.isin(known.index)]])
        company = means.loc[documents].to_numpy()
        return (1 - 2 * _SHARED) * evidence + _SHARED * (around + company)


def _embedded(embed: Embed, texts: Sequence[str], dim: int) -> np.ndarray:
    """Vectors of a theme's texts; raise InputError if they are of another kind than passages'."""
    rows = embed(texts) if len(texts) else np.zeros((0, dim), np.float32)
    if rows.shape[1] != dim:
        raise InputError(
            f"named themes cannot be scored: passages have {dim} dimensions, the embedder "
            f"gives {rows.shape[1]}; pass the embedder that made the vectors"
        )
    return rows


def _background(vectors: np.ndarray, owned: list[np.ndarray]) -> np.ndarray:
    """What passages off the themes share, nothing where all are on one ``(dim,)``.

    Common directions hide what tells texts apart (Mu and Viswanath 2018).
    """
    off = np.ones(len(vectors), dtype=bool)
    for rows in owned:
        if len(rows) > 2:  # fewer do not tell how close is close
            off &= vectors @ _unit(rows.mean(axis=0)) < _closeness_to_rest(rows)
    return vectors[off].sum(axis=0) / len(vectors)


def _word_weights(theme: NamedTheme, holders: Counter[str], n: int) -> dict[str, float]:
    """Weight of each word of a theme, by its rarity in the corpus; the three heaviest make 1."""
    uses = Counter(
        word for text in [theme.name, *theme.texts] for word in set(content_words(text))
    )
    weights = {
        word: max(float(np.log((n + 1) / (holders[word] + 0.5)) * np.sqrt(times)), 0.0)
        for word, times in uses.items()
    }
    full = sum(sorted(weights.values())[-3:])
    return {word: weight / full for word, weight in weights.items()} if full > 0 else {}


def _shared_words(theme: NamedTheme, weights: dict[str, float]) -> float:
    """How much of its rare words each of a theme's texts has in common with the others, 0 to 1."""
    rows = [set(content_words(text)) for text in theme.texts]
    rest = [set().union(*rows[:i], *rows[i + 1 :]) for i in range(len(rows))]
    shared = [sum(weights[w] for w in row & other) for row, other in zip(rows, rest, strict=True)]
    return float(np.mean(np.minimum(shared, 1)))


def _closeness_to_rest(vectors: np.ndarray) -> float:
    """Mean cosine of each row with the mean of the others; one text alone says nothing: 0.5."""
    if len(vectors) < 2:
        return 0.5
    rest = _unit(vectors.sum(axis=0) - vectors)
    return float(np.einsum("ij,ij->i", _unit(vectors), rest).mean())


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Rows, or one vector, at length 1; zeros stay zeros."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
