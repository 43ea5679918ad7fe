"""Distinctive words: how sources, countries or periods differ in what they say of a theme."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.checks import check_length, check_number, check_table
from topics.intervals import FALSE_ALARMS
from topics.text.words import Phrases, alike, distinct, tokens

_MIN_DOCUMENTS = 5  # of a group
_MAX_DOCUMENTS = 5000  # of a theme; of more, so many at random
_MIN_WITH_WORD = 3
_PRIOR = 0.1  # with much less, words of one group only score below words that others use too
_PERMUTATIONS = 199
_HABIT = 0.5  # of a word's share of documents: used as much elsewhere, it is no word on the theme
_CANDIDATES = 3  # times as many words as are told
_COLUMNS = ["group", "word", "n", "n_others", "log_odds", "z"]


def distinctive_words(
    passages: pd.DataFrame,
    groups: pd.Series | np.ndarray,
    max_words: int = 10,
    elsewhere: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Words and phrases that one group uses more than the others, beyond chance.

    A document counts once for a word, however often it repeats it, and so does a sentence that is
    in several documents. Log-odds with an informative Dirichlet prior, a tenth of the counts of
    all groups together (Monroe, Colaresi and Quinn 2008). Words are listed whose z-score is above
    the greatest of 95% of the draws that permute the groups of the documents (Westfall and Young
    1993): groups that speak alike have a word in one table of twenty.

    Parameters
    ----------
    passages
        Of a theme, with document_id and text; 5,000 documents at most are read.
    groups
        The group of each passage, as its source; those without are left out, as are groups with
        fewer than 5 documents. Names of groups are left out.
    max_words
        Of each group.
    elsewhere
        Passages on other themes, with document_id, text and group: words that a group uses there
        half as often or more, such as bylines and boilerplate, are left out.

    Returns
    -------
    pd.DataFrame
        group, word, n (documents of the group with it; 3 or more of all groups), n_others,
        log_odds, z; the highest z of each group first, without phrases that mostly repeat one.

    Examples
    --------
    >>> places = ["Quay", "Moor"] * 20
    >>> passages = pd.DataFrame({"document_id": range(40), "text": [
    ...     f"{'shipyard' if place == 'Quay' else 'peatland'} {i}" for i, place in enumerate(places)]})
    >>> distinctive_words(passages, places)[["group", "word", "n", "n_others"]]
      group      word   n  n_others
    0  Moor  peatland  20         0
    1  Quay  shipyard  20         0
    """
    check_table(passages, "passages", ["document_id", "text"])
    check_number("max_words", max_words, 0, whole=True)
    check_length("groups", groups, len(passages))
    random = np.random.default_rng(0)
    group = pd.Series(np.asarray(groups, dtype=object), passages.index, name="group")
    texts = passages.groupby([group, "document_id"])["text"].agg("\n\n".join)
    if len(texts) > _MAX_DOCUMENTS:
        texts = texts.iloc[np.sort(random.permutation(len(texts))[:_MAX_DOCUMENTS])]
    texts = texts[texts.groupby("group").transform("size") >= _MIN_DOCUMENTS]
    texts = texts.iloc[random.permutation(len(texts))]  # so that no group owns shared sentences
    words = Phrases(texts.tolist(), min_texts=_MIN_WITH_WORD)
    member = pd.get_dummies(texts.index.get_level_values("group"), dtype=float)
    if member.shape[1] < 2 or len(words.keys) < 2:
        return pd.DataFrame(columns=_COLUMNS)
    texts_with, groups_of = words.table.T, member.to_numpy()
    permuted = (random.permutation(groups_of) for _ in range(_PERMUTATIONS))
    drawn = [_log_odds(texts_with, own)[2].max() for own in permuted]
    n, log_odds, z = _log_odds(texts_with, groups_of)
    rows = []
    for column, name in enumerate(member):
        best = np.argsort(-z[:, column], kind="stable")
        above = best[z[best, column] > np.quantile(drawn, 1 - FALSE_ALARMS, method="higher")]
        written = {words.written[i]: i for i in above}
        own = {w: i for w, i in written.items() if not any(_names(w, str(g)) for g in member)}
        found = distinct(own, _CANDIDATES * max_words)
        if elsewhere is not None and found:
            limits = [_HABIT * n[own[word], column] / member[name].sum() for word in found]
            use = _use(found, elsewhere[elsewhere["group"] == name])
            found = [w for w, share, limit in zip(found, use, limits, strict=True) if share < limit]
        for i in (own[word] for word in found[:max_words]):
            here, others = int(n[i, column]), int(n[i].sum() - n[i, column])
            rows.append((name, words.written[i], here, others, log_odds[i, column], z[i, column]))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _use(phrases: list[str], passages: pd.DataFrame) -> Iterator[float]:
    """Share of documents with each phrase; names count as they are written."""
    written, documents = passages["text"], passages["document_id"].to_numpy()
    lower, n = written.str.lower(), max(len(pd.unique(documents)), 1)
    for phrase in phrases:
        texts = lower if phrase.islower() else written
        likely = np.flatnonzero(texts.str.contains(phrase, regex=False))  # a tenth of the time
        is_word = texts.iloc[likely].str.contains(rf"(?<!\w){re.escape(phrase)}")
        yield len(pd.unique(documents[likely[is_word]])) / n


def _log_odds(
    texts_with: sp.csc_matrix, member: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``(words, groups)`` documents with each word, log-odds against the other groups, z-scores."""
    n = texts_with @ member
    everyone = n.sum(axis=1, keepdims=True)
    prior = _PRIOR * everyone
    own, others = n + prior, everyone - n + prior
    odds, odds_of_others = (count / (count.sum(axis=0) - count) for count in (own, others))
    log_odds = np.log(odds / odds_of_others)
    return n, log_odds, log_odds * np.sqrt(own * others / (own + others))


def _names(phrase: str, group: str) -> bool:
    """Whether a phrase has two words of a group's name, or its only one."""
    name = tokens(group)
    shared = sum(any(alike(word, own) for own in name) for word in phrase.split())
    return bool(name) and shared >= min(len(name), 2)
