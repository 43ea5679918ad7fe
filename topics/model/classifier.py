"""Classifiers of named themes: passages close to a theme's texts teach which others are on it.

A first score is closeness to the theme's texts and the use of their rare words, shared with the
nearest passages and the document. Two logistic regressions, one on vectors and one on words, learn
from its top (self-training on two views; Blum and Mitchell 1998). A mixture of two normals turns
their sum into a probability.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit
from threadpoolctl import threadpool_limits

from topics.errors import InputError
from topics.model.graph import unit
from topics.model.languages import languages_of
from topics.text.words import content_words

if TYPE_CHECKING:
    import scipy.sparse as sp

    from topics.model.graph import Batch, Embed
    from topics.model.named_themes import NamedTheme

_WORDS = 3.0  # deviations of closeness that the use of all rare words of a theme is worth
_SHARES = (0.4, 0.4, 0.3, 0.2)  # of a score from the neighbours, and as much from the document
_NEIGHBOURS = 10  # fitted passages that a score is shared with, and at most one in twenty
_ROUNDS = 2  # of self-training; a third changed mean F1 on six corpora by .003
_MIN_PASSAGES = 50  # to train on
_MIN_POSITIVES, _MAX_NEGATIVES = 10, 2000  # to train on
_SURE = 0.8  # of the passages that seem to be on a theme are trained on, the surest
_TERM = float(np.log(3))  # least log-odds of a passage that holds a term
# Evidence is closeness × words. A passage above _STRONG speaks for itself; below _MIN_STRONG of them
# none is learnt from. A theme is absent if the passages that seem to be on it have less than _GROUP
# on average and none has _BEST: 64 of 75 pairs of an invented theme and a corpus, with multilingual
# vectors, some of the other 11 rightly (volcanoes in the news).
_STRONG, _MIN_STRONG, _GROUP, _BEST = 0.06, 5, 0.03, 0.22
_STEEP = 50.0  # log-odds by evidence above _STRONG, at most _MOST either way
_MOST = 3.0
_UNREAD = 0.35  # stands for the words in a language that the themes are not written in
_MIN_RELIABLE = 200  # characters of ASCII whose language is detected well; fewer count as English
_PRIOR = 200  # passages without a word that are added to a corpus, lest all words be common


@dataclass(frozen=True)
class ThemeClassifier:
    """Probabilities of named themes; all fields are arrays.

    Attributes
    ----------
    ids
        ``(n_themes,)``.
    mean
        ``(dim,)``; what all passages share, taken off before they are compared with themes; zero in
        a small corpus, which may be on one theme.
    anchors
        ``(n_themes, m, dim)``; first the mean of a theme's texts, then what it is not.
    patterns
        ``(n_themes,)``; regular expressions of the terms, empty where there are none.
    words, weights
        ``(n_words,)`` and ``(n_words, n_themes)``; words of themes; rarer in the corpus, heavier.
    vocabulary, idf
        ``(n_vocabulary,)``; words of the corpus and their inverse document frequency.
    by_vector, by_word
        ``(dim, n_themes)`` and ``(n_vocabulary, n_themes)``; coefficients.
    middle, deviation
        ``(4, n_themes)``; of closeness, the first score and both regressions in the corpus.
    unread
        Languages of passages other than that of the themes' texts.
    shift
        ``(n_unread, n_themes)``; what the score's median in each of them is below that elsewhere.
    few
        ``(n_themes,)``; whether too few passages are surely on the theme to learn from.
    slope, intercept
        ``(n_themes,)``; log-odds by the sum of the scores.
    documents, fitted
        ``(n,)`` and ``(4, n, n_themes)``; document and scores of the fitted passages that others
        share.
    absent
        ``(n_themes,)``; whether the corpus does not hold the theme.
    """

    ids: np.ndarray
    mean: np.ndarray
    anchors: np.ndarray
    patterns: np.ndarray
    words: np.ndarray
    weights: np.ndarray
    vocabulary: np.ndarray
    idf: np.ndarray
    by_vector: np.ndarray
    by_word: np.ndarray
    middle: np.ndarray
    deviation: np.ndarray
    unread: np.ndarray
    shift: np.ndarray
    few: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    documents: np.ndarray
    fitted: np.ndarray
    absent: np.ndarray

    @classmethod
    def fit(cls, themes: Sequence[NamedTheme], batch: Batch, embed: Embed) -> ThemeClassifier:
        """Learn from passages and their nearest, themselves among them.

        Raises
        ------
        InputError
            If `embed` gives vectors of another dimension than the passages'.
        """
        n, dim = batch.vectors.shape
        mean = batch.vectors.mean(axis=0) * (n >= _MIN_PASSAGES)
        batch = replace(batch, vectors=unit(batch.vectors - mean))
        rows = [content_words(text) for text in batch.passages["text"]]
        anchors = _anchors(themes, embed, mean)
        words, weights = _theme_words(themes, rows)
        vocabulary, idf = _vocabulary(rows if themes and n >= _MIN_PASSAGES else [])
        unread = _unread(themes, batch)
        none, one = np.zeros(len(themes)), np.ones(len(themes))
        blank = cls(
            np.array([theme.id for theme in themes], str), mean, anchors,
            np.array([theme.pattern.pattern if theme.pattern else "" for theme in themes], str),
            words, weights, vocabulary, idf,
            np.zeros((dim, len(themes))), np.zeros((len(vocabulary), len(themes))),
            np.zeros((4, len(themes))), np.ones((4, len(themes))), unread, np.zeros((len(unread), len(themes))),
            one > 0, one, none, batch.documents, np.zeros((4, n, len(themes))), none > 0,
        )  # fmt: skip
        cosines = blank._cosines(batch)
        close, used = _closeness(cosines), blank._words_used(rows)
        evidence = blank._evidence(batch, close, used)
        blank.fitted[3] = _own_odds(evidence)
        strong = (evidence > _STRONG).sum(axis=0)
        few = strong < _MIN_STRONG
        absent, trained = evidence.max(axis=0, initial=0) < _BEST, blank
        if len(vocabulary):
            trained, on = blank._trained(batch, rows, close, used, strong)
            read = ~np.isin(languages_of(batch.passages, ""), unread)
            on &= (read | ~read.any())[:, None]  # where words can be read, they tell
            n_on = np.maximum(on.sum(axis=0), 1)
            together = (evidence * on).sum(axis=0) / n_on >= _GROUP
            few, absent = few | ~together, absent & (few | ~together)
        held = _held(blank._with_term(batch), cosines).any(axis=0)
        return replace(trained, few=few | (not len(vocabulary)), absent=absent & ~held)

    @property
    def thresholds(self) -> np.ndarray:
        """Probability from which on a passage is on each theme; infinite for absent ones."""
        return np.where(self.absent, np.inf, 0.5)

    def scores(self, batch: Batch) -> np.ndarray:
        """Probabilities that passages, fitted ones or new, are on each theme ``(n, n_themes)``."""
        return self._probabilities(*self._read(batch))

    def _read(
        self, batch: Batch
    ) -> tuple[Batch, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """What of passages does not depend on how a theme is described.

        Passages without the mean, theme words used, terms held, and what both regressions say.
        """
        batch = replace(batch, vectors=unit(batch.vectors - self.mean))
        rows = [content_words(text) for text in batch.passages["text"]]
        by_word = _tfidf(rows, self.vocabulary, self.idf) @ self.by_word
        views = _product(batch.vectors, self.by_vector), by_word
        return batch, self._words_used(rows), self._with_term(batch), views

    def _probabilities(
        self,
        batch: Batch,
        used: np.ndarray,
        with_term: np.ndarray,
        views: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        """Probabilities of passages as `_read` returns them ``(n, n_themes)``."""
        cosines = self._cosines(batch)
        close = _closeness(cosines)
        odds = self._shared(_own_odds(self._evidence(batch, close, used)), batch, 3)
        if len(self.vocabulary):
            tables = self._first(batch, close, used), *views
            total = self._shared(self._sum(batch, tables), batch, 2)
            learnt = self.slope * total + self.intercept
            # Passages below the threshold keep the order that the corpus taught.
            odds = np.where(self.few, np.where(odds > 0, odds, log_expit(learnt)), learnt)
        return expit(np.where(_held(with_term, cosines), np.maximum(odds, _TERM), odds))

    def refits(
        self, batch: Batch, texts: Sequence[np.ndarray], n: int, random: np.random.Generator
    ) -> np.ndarray:
        """Which passages would have each theme, had it been described in other words.

        Of each theme's own texts, whose vectors are `texts`, as many are drawn with replacement
        (Efron 1979), `n` times; what was learnt from the corpus stays.

        Returns
        -------
        np.ndarray
            bool ``(n_themes, n, n_passages)``.
        """
        read, found = self._read(batch), []
        for _ in range(n):
            anchors = self.anchors.copy()
            for own, rows in zip(anchors, texts, strict=True):
                drawn = unit(rows - self.mean)[random.integers(0, len(rows), len(rows))]
                own[(own == own[0]).all(axis=1)] = unit(drawn.mean(axis=0))
            scores = replace(self, anchors=anchors)._probabilities(*read)
            found.append(scores >= self.thresholds)
        return np.transpose(found, (2, 0, 1))

    def _cosines(self, batch: Batch) -> np.ndarray:
        """Cosine of each passage with each anchor of each theme ``(n, n_themes, m)``."""
        return np.einsum("nd,tmd->ntm", batch.vectors.astype(float), self.anchors)

    def _words_used(self, rows: list[list[str]]) -> np.ndarray:
        """Share of each theme's rare words that each text uses, 0 to 1 ``(n, n_themes)``."""
        number = {word: row for row, word in enumerate(self.words.tolist())}
        own = [sorted({number[word] for word in row if word in number}) for row in rows]
        used = [[min(fsum(column), 1.0) for column in self.weights[found].T] for found in own]
        return np.array(used).reshape(len(rows), len(self.ids))

    def _evidence(self, batch: Batch, close: np.ndarray, used: np.ndarray) -> np.ndarray:
        """Closeness × words; words in a language that the themes are not in count as typical."""
        unread = self._wordless(batch)[:, None]
        return np.maximum(close, 0) * np.where(unread, np.maximum(used, _UNREAD), used)

    def _wordless(self, batch: Batch) -> np.ndarray:
        """Passages whose words tell nothing, for their language or because they are not known."""
        return (
            np.isin(languages_of(batch.passages, ""), self.unread)
            | (batch.passages["text"] == "").to_numpy()
        )

    def _with_term(self, batch: Batch) -> np.ndarray:
        """Whether each passage holds a term of each theme ``(n, n_themes)``."""
        held = np.zeros((len(batch.passages), len(self.ids)), bool)
        for j in np.flatnonzero(self.patterns != ""):
            pattern = re.compile(self.patterns[j], re.IGNORECASE)
            held[:, j] = [pattern.search(text) is not None for text in batch.passages["text"]]
        return held

    def _raw(self, batch: Batch, close: np.ndarray, used: np.ndarray) -> np.ndarray:
        """Closeness and words; words that cannot be read are taken to say as much as closeness."""
        scaled = (close - self.middle[0]) / self.deviation[0]
        unread = self._wordless(batch)[:, None]
        return scaled + np.where(unread, np.maximum(scaled, _WORDS * used), _WORDS * used)

    def _first(self, batch: Batch, close: np.ndarray, used: np.ndarray) -> np.ndarray:
        """Closeness and words as one score, shared twice."""
        raw = self._raw(batch, close, used)
        return self._shared(self._shared(raw, batch, 0), batch, 1)

    def _sum(self, batch: Batch, tables: Sequence[np.ndarray]) -> np.ndarray:
        """Standard scores of the first score and of both regressions, added.

        In a language that the themes are not in, vectors stand for words.
        """
        scaled = zip(tables, self.middle[1:], self.deviation[1:], strict=True)
        first, vectors, words = ((table - m) / deviation for table, m, deviation in scaled)
        languages, unread = languages_of(batch.passages, ""), self._wordless(batch)[:, None]
        total = first + vectors + np.where(unread, vectors, words)
        for language, shift in zip(self.unread, self.shift, strict=True):
            total[languages == language] += shift
        return np.asarray(total)

    def _shared(self, raw: np.ndarray, batch: Batch, step: int) -> np.ndarray:
        """Scores mixed with those of the nearest fitted passages and of the document.

        A paragraph that goes on about its document's subject need not name it. A document that
        was not fitted is known by the passages at hand.
        """
        near = batch.neighbours.first(int(np.clip(len(self.documents) // 20, 1, _NEIGHBOURS)))
        around = np.einsum("ij,ijk->ik", near.weights(), self.fitted[step][near.indices])
        known = pd.DataFrame(self.fitted[step]).groupby(self.documents).mean()
        given = pd.DataFrame(raw).groupby(batch.documents).transform("mean").to_numpy()
        company = known.reindex(batch.documents).to_numpy()
        company = np.where(np.isnan(company), given, company)
        return (1 - 2 * _SHARES[step]) * raw + _SHARES[step] * (around + company)

    def _shifts(self, batch: Batch, total: np.ndarray) -> np.ndarray:
        """How far the median of each unread language is below that of the others."""
        languages = languages_of(batch.passages, "")
        rest = total[~np.isin(languages, self.unread)]
        if not len(rest):
            return np.zeros_like(self.shift)
        own = [np.median(total[languages == language], axis=0) for language in self.unread]
        return np.median(rest, axis=0) - np.array(own).reshape(self.shift.shape)

    def _trained(
        self,
        batch: Batch,
        rows: list[list[str]],
        close: np.ndarray,
        used: np.ndarray,
        strong: np.ndarray,
    ) -> tuple[ThemeClassifier, np.ndarray]:
        """The classifier with what it learns from its own surest passages, and which are on."""
        vectors, table = batch.vectors, _tfidf(rows, self.vocabulary, self.idf)
        middle, deviation, fitted = self.middle.copy(), self.deviation.copy(), self.fitted.copy()
        self = replace(self, middle=middle, deviation=deviation, fitted=fitted)
        middle[0], deviation[0] = _scale(close)
        fitted[0] = self._raw(batch, close, used)
        fitted[1] = self._shared(fitted[0], batch, 0)
        first = total = self._shared(fitted[1], batch, 1)
        middle[1], deviation[1] = _scale(first)
        for _ in range(_ROUNDS):
            odds = np.array([_log_odds(column)[0] for column in total.T]).T
            samples = [_sample(*one) for one in zip(total.T, odds.T, strong, strict=True)]
            by_vector = np.array([_regression(vectors, *sample) for sample in samples]).T
            by_word = np.array([_regression(table, *sample) for sample in samples]).T
            self = replace(self, by_vector=by_vector, by_word=by_word)
            views = [_product(vectors, by_vector), table @ by_word]
            for step, view in enumerate(views, 2):
                middle[step], deviation[step] = _scale(view)
            self = replace(self, shift=np.zeros_like(self.shift))
            self = replace(self, shift=self._shifts(batch, self._sum(batch, [first, *views])))
            fitted[2] = self._sum(batch, [first, *views])
            total = self._shared(fitted[2], batch, 2)
        lines = np.array([_log_odds(column)[1] for column in total.T])
        self = replace(self, slope=lines[:, 0], intercept=lines[:, 1])
        return self, self.slope * total + self.intercept > 0


def _closeness(cosines: np.ndarray) -> np.ndarray:
    """Cosine with each theme; where a `not` phrase is closer, less by the difference."""
    own = cosines[:, :, 0]
    return np.minimum(own, 2 * own - cosines.max(axis=2))


def _held(with_term: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """Whether each passage holds a term of each theme and is not on what the theme is not."""
    return with_term & (cosines[:, :, 0] >= cosines.max(axis=2))


def _own_odds(evidence: np.ndarray) -> np.ndarray:
    """Log-odds of a passage by its own evidence alone."""
    return np.asarray(_MOST * np.tanh(_STEEP * (evidence - _STRONG) / _MOST))


def _unread(themes: Sequence[NamedTheme], batch: Batch) -> np.ndarray:
    """Languages of passages in which the words of the themes' texts are not found."""
    import py3langid  # takes a moment to import

    text = " ".join(text for theme in themes for text in theme.texts)
    names_only = text.isascii() and len(text) < _MIN_RELIABLE
    own = "en" if names_only else py3langid.classify(text)[0]
    return np.array(
        [name for name in np.unique(languages_of(batch.passages, "")) if name[:2] not in ("", own)],
        str,
    )


def _log_odds(scores: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Log-odds that each score is of the upper of two normals of one spread, and their line.

    The normals are fitted by expectation maximisation (Dempster and others 1977) that starts
    with the top twentieth.
    """
    upper = (scores >= np.quantile(scores, 0.95)).astype(float)
    slope, intercept = 0.0, -30.0
    for _ in range(100):
        share = float(np.clip(upper.mean(), 1 / len(scores), 0.9))
        high, low = np.average(scores, weights=upper), np.average(scores, weights=1 - upper + 1e-9)
        squares = upper * (scores - high) ** 2 + (1 - upper) * (scores - low) ** 2
        variance = max(float(squares.mean()), 1e-9)
        slope = float((high - low) / variance)
        intercept = float(np.log(share / (1 - share)) - slope * (high + low) / 2)
        upper = expit(np.clip(slope * scores + intercept, -30, 30))
    return slope * scores + intercept, (slope, intercept)


def _sample(scores: np.ndarray, odds: np.ndarray, strong: int) -> tuple[np.ndarray, np.ndarray]:
    """Passages to train on, the surest of those on a theme and a random rest; which are on it."""
    order = np.argsort(-scores, kind="stable")
    n_on = int((odds > 0).sum())
    n_sure = int(
        np.clip(_SURE * n_on, min(max(_MIN_POSITIVES, strong), len(order) // 4), len(order) // 2)
    )
    rest = order[max(n_sure, min(n_on, len(order) * 3 // 4)) :]
    rest = np.random.default_rng(0).permutation(rest)[:_MAX_NEGATIVES]
    rows = np.concatenate([order[:n_sure], rest])
    return rows, np.arange(len(rows)) < n_sure


def _regression(table: np.ndarray | sp.csr_matrix, rows: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Coefficients of a logistic regression, one a column."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    with threadpool_limits(1, "blas"):  # which rounds otherwise on other numbers of threads
        model = LogisticRegression(class_weight="balanced", max_iter=300).fit(table[rows], on)
    return np.asarray(model.coef_[0], float)


def _vocabulary(rows: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Words of two passages and at most a third of them, and their inverse document frequency."""
    holders = Counter(word for row in rows for word in set(row))
    kept = sorted(word for word, n in holders.items() if 2 <= n <= max(len(rows) / 3, 2))
    counts = np.array([holders[word] for word in kept], float)
    return np.array(kept, str), np.log((1 + len(rows)) / (1 + counts)) + 1


def _tfidf(rows: list[list[str]], vocabulary: np.ndarray, idf: np.ndarray) -> sp.csr_matrix:
    """TF-IDF of words in the vocabulary ``(n, n_vocabulary)``, rows at length 1."""
    import scipy.sparse as sp
    from sklearn.feature_extraction.text import CountVectorizer  # takes a second to import
    from sklearn.preprocessing import normalize

    if not len(vocabulary):
        return sp.csr_matrix((len(rows), 0))
    counter = CountVectorizer(analyzer=list, vocabulary=vocabulary.tolist(), dtype=float)
    table = counter.transform(rows)
    table.data = (1 + np.log(table.data)) * idf[table.indices]
    return normalize(table)


def _product(vectors: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Product whose rows do not depend on how many there are, as those of BLAS do."""
    return np.einsum("nd,dt->nt", vectors.astype(float), columns)


def _scale(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and standard deviation of each column; no deviation counts as one."""
    deviation = scores.std(axis=0)
    return np.median(scores, axis=0), np.where(deviation > 1e-9, deviation, 1.0)


def _anchors(themes: Sequence[NamedTheme], embed: Embed, mean: np.ndarray) -> np.ndarray:
    """Mean of each theme's texts and, below it, what it is not; the mean again fills short ones."""
    dim = len(mean)
    anchors = np.zeros((len(themes), 1 + max((len(t.not_) for t in themes), default=0), dim))
    for block, theme in zip(anchors, themes, strict=True):
        rows = np.asarray(embed([*theme.texts, *theme.not_]), float)
        if rows.shape[1] != dim:
            raise InputError(
                f"named themes: expected an embedder of {dim} dimensions, as the passages' vectors "
                f"have, found {rows.shape[1]} dimensions; pass the embedder that made the vectors"
            )
        rows = unit(rows - mean)
        block[:] = unit(rows[: len(theme.texts)].mean(axis=0))
        block[1 : 1 + len(theme.not_)] = rows[len(theme.texts) :]
    return anchors


def _theme_words(
    themes: Sequence[NamedTheme], rows: list[list[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Words of themes and their weights, by rarity in the corpus; a theme's three heaviest make 1."""
    rows = [list(row) for row in dict.fromkeys(map(tuple, rows))]  # near-duplicates count once
    holders = Counter(word for row in rows for word in set(row))
    columns: list[dict[str, float]] = []
    for theme in themes:
        uses = Counter(w for text in (theme.name, *theme.texts) for w in set(content_words(text)))
        heavy = {
            word: max(float(np.log((len(rows) + _PRIOR) / (holders[word] + 0.5)) * np.sqrt(n)), 0.0)
            for word, n in uses.items()
        }
        full = sum(sorted(heavy.values())[-3:])
        columns.append({w: weight / full for w, weight in heavy.items()} if full > 0 else {})
    words = sorted({word for column in columns for word in column})
    weights = [[column.get(word, 0.0) for column in columns] for word in words]
    return np.array(words, str), np.array(weights).reshape(len(words), len(themes))
