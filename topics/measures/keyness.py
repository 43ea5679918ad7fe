"""How sides speak of a theme, and which source speaks of it first."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.measures.document_themes import DocumentThemes
from topics.text.words import Phrases, alike, distinct, tokens

_MIN_DOCUMENTS = 5  # of a side
_MAX_DOCUMENTS = 5000  # of a theme; of more, so many at random
_MIN_WITH_WORD = 3
_PRIOR = 0.1  # with much less, words of one side only score below words that others use too
_DRAWS = 199
_MAX_SOURCES = 6
_MIN_OF_THEME = 10  # documents of a source
_MIN_BLOCKS = 10
_MARKS = ["side", "word", "n", "n_others", "log_odds", "z"]
_LEADS = ["theme_id", "leader", "follower", "lag", "asymmetry", "p", "n_leader", "n_follower"]


def distinctive_words(
    passages: pd.DataFrame, sides: pd.Series | np.ndarray, most: int = 10
) -> pd.DataFrame:
    """Words and phrases that one side uses more than the others, beyond chance.

    A document counts once for a word, however often it repeats it, and so does a sentence that
    stands in several documents. Log-odds with an informative Dirichlet prior, a tenth of the
    counts of all sides together (Monroe, Colaresi and Quinn 2008). Told are words whose z-score
    is above the greatest of 95% of the draws that shuffle the sides between the documents
    (Westfall and Young 1993): sides that speak alike have a word in one table of twenty.

    Parameters
    ----------
    passages
        Of a theme, with document_id and text; 5,000 documents at most are read.
    sides
        The side of each passage, as its source; those without are left out, as are sides with
        fewer than 5 documents. A side's own name is no word of it.
    most
        Words told of each side.

    Returns
    -------
    pd.DataFrame
        side, word, n (documents of the side with it; 3 or more of all sides), n_others,
        log_odds, z; the highest z of each side first, without phrases that mostly repeat one.
    """
    random = np.random.default_rng(0)
    side = pd.Series(np.asarray(sides, dtype=object), passages.index, name="side")
    texts = passages.groupby([side, "document_id"])["text"].agg("\n\n".join)
    if len(texts) > _MAX_DOCUMENTS:
        texts = texts.iloc[np.sort(random.permutation(len(texts))[:_MAX_DOCUMENTS])]
    texts = texts[texts.groupby("side").transform("size") >= _MIN_DOCUMENTS]
    texts = texts.iloc[random.permutation(len(texts))]  # so that no side owns shared sentences
    words = Phrases(texts.tolist(), min_texts=_MIN_WITH_WORD)
    member = pd.get_dummies(texts.index.get_level_values("side"), dtype=float)
    if member.shape[1] < 2 or len(words.keys) < 2:
        return pd.DataFrame(columns=_MARKS)
    drawn = [_log_odds(words.table, random.permutation(member))[2].max() for _ in range(_DRAWS)]
    n, log_odds, z = _log_odds(words.table, member.to_numpy())
    rows = []
    for column, name in enumerate(member):
        best = np.argsort(-z[:, column], kind="stable")
        above = best[z[best, column] > np.quantile(drawn, 0.95, method="higher")]
        own = {words.written[i]: i for i in above if not _names(words.written[i], str(name))}
        for i in (own[word] for word in distinct(own, most)):
            here, others = int(n[i, column]), int(n[i].sum() - n[i, column])
            rows.append((name, words.written[i], here, others, log_odds[i, column], z[i, column]))
    return pd.DataFrame(rows, columns=_MARKS)


def _log_odds(
    table: sp.csr_matrix, member: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(words, sides)`` documents with each word, log-odds against the other sides, z-scores."""
    n = table.T @ member
    everyone = n.sum(axis=1, keepdims=True)
    prior = _PRIOR * everyone
    own, others = n + prior, everyone - n + prior
    log_odds = np.log(own / (own.sum(axis=0) - own)) - np.log(
        others / (others.sum(axis=0) - others)
    )
    return n, log_odds, log_odds / np.sqrt(1 / own + 1 / others)


def _names(phrase: str, side: str) -> bool:
    """Whether a phrase has two words of a side's name, or its only one."""
    name = tokens(side)
    shared = sum(any(alike(word, own) for own in name) for word in phrase.split())
    return bool(name) and shared >= min(len(name), 2)


def leads(
    document_themes: DocumentThemes,
    *,
    most_lag: int = 3,
    period: str = "D",
    permutations: int = 999,
    random_state: int = 0,
) -> pd.DataFrame:
    """Which source takes up a theme first, and which follows.

    A source's attention is how many documents of a period carry the theme, less those that its
    average share lets expect. The asymmetry of two sources is the sum over lags of the
    correlation of the first with the later second, less that of the second with the later
    first. If neither leads, either is as likely ahead in any stretch of time: so blocks of
    ``2 * most_lag + 1`` periods change sign at random, all pairs and themes together. News that
    moves both at once, slow swings, and one event that reached one source late are then no
    evidence; circular shifts of one series would take the last for a lead. P-values hold for
    all pairs and themes, by the greatest studentised sum of each draw (Westfall and Young 1993).

    Parameters
    ----------
    document_themes
        Documents without date or source are left out. Compared are the six sources with most
        documents, in themes that each carries in 10 documents or more.
    most_lag
        Periods that a follower may take.
    period
        D, W, M, Q or Y.
    permutations
        Draws of signs.
    random_state
        Seed of the draws.

    Returns
    -------
    pd.DataFrame
        theme_id, leader, follower, lag (periods, with the highest correlation), asymmetry, p,
        n_leader, n_follower (documents with the theme); every comparison, the lowest p first.
        No rows for fewer than ten blocks of periods or where nothing can be compared.
    """
    sources, attention, n = _attention(document_themes.dated, period)
    first, second = np.array([*combinations(range(len(sources)), 2)], int).reshape(-1, 2).T
    pair, theme = np.nonzero(np.minimum(n[first], n[second]) >= _MIN_OF_THEME)
    first, second, length = first[pair], second[pair], 2 * most_lag + 1
    if not len(pair) or len(attention) < _MIN_BLOCKS * length:
        return pd.DataFrame(columns=_LEADS)
    ahead = _lagged(attention[:, first, theme], attention[:, second, theme], most_lag)
    behind = _lagged(attention[:, second, theme], attention[:, first, theme], most_lag)
    gaps = (ahead - behind).sum(axis=0)
    p = _by_signs(np.add.reduceat(gaps, range(0, len(gaps), length)), permutations, random_state)
    leads = gaps.mean(axis=0) >= 0
    leader, follower = np.where(leads, first, second), np.where(leads, second, first)
    lag = np.where(leads, ahead.sum(axis=1).argmax(axis=0), behind.sum(axis=1).argmax(axis=0)) + 1
    columns = [document_themes.has_theme.columns[theme], sources[leader], sources[follower], lag,
               np.abs(gaps.mean(axis=0)), p, n[leader, theme], n[follower, theme]]  # fmt: skip
    table = pd.DataFrame(dict(zip(_LEADS, columns, strict=True)))
    order = ["p", "asymmetry", "theme_id", "leader"]
    return table.sort_values(order, ascending=[True, False, True, True], ignore_index=True)


def _attention(
    document_themes: DocumentThemes, period: str
) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Largest sources; ``(periods, sources, themes)`` residuals; documents a source and theme.

    Residuals are Pearson's, scaled to a mean square of one; none where a source is silent.
    """
    counts = document_themes.documents["source"].value_counts().sort_index()
    sources = counts.sort_values(ascending=False, kind="stable").index[:_MAX_SOURCES]
    source = sources.get_indexer(document_themes.documents["source"])
    known = source >= 0
    when = document_themes.documents["date"].dt.to_period(period).astype("int64").to_numpy()[known]
    when, source = when - when.min(initial=when.max(initial=0)), source[known]
    of = np.zeros((when.max(initial=-1) + 1, len(sources), 1))
    np.add.at(of, (when, source), 1)
    n = np.zeros((*of.shape[:2], document_themes.has_theme.shape[1]))
    np.add.at(n, (when, source), document_themes.has_theme.to_numpy()[known])
    surprise = (n - of * n.sum(axis=0) / of.sum(axis=0)) / np.sqrt(np.maximum(of, 1))
    spread = np.sqrt((surprise**2).mean(axis=0)) if len(of) else np.ones(n.shape[1:])
    return sources, surprise / np.where(spread > 0, spread, 1), n.sum(axis=0).astype(int)


def _lagged(earlier: np.ndarray, later: np.ndarray, most: int) -> np.ndarray:
    """``(lags, periods, series)`` products of one series with the other some periods later."""
    products = np.zeros((most, *earlier.shape))
    for lag in range(1, most + 1):
        products[lag - 1, :-lag] = earlier[:-lag] * later[lag:]
    return products


def _by_signs(blocks: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """P-value of the sum of each column of blocks whose signs are exchangeable."""
    spread = np.maximum(np.linalg.norm(blocks, axis=0), np.finfo(float).tiny)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, len(blocks)))
    greatest = np.abs(signs @ blocks / spread).max(axis=1)
    observed = np.abs(blocks.sum(axis=0)) / spread * (1 - 1e-9)  # sums differ by their order
    return (1 + (greatest[:, None] >= observed).sum(axis=0)) / (draws + 1)
