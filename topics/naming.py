"""Names and keywords of themes, from the phrases that set each apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.words import PhraseCounter, alike, distinct

_CANDIDATES = 40  # phrases weighed for a name
_LEAST_DOCUMENTS = 2  # a keyword stands in so many documents of its theme
_LEAST_SHARE = 0.08  # and in so many for one that its commonest phrase stands in
_KEYWORDS = 10
_USUAL = 0.3  # of the commonest keyword's documents that a word in a name needs
_FULLER = 0.2  # what a phrase of several words gains over a word

# "American" or "Japanese" alone says who, not what.
_ADJECTIVE = re.compile(
    r"(.*\s)?([A-Z]\w*(ican|ian|rean|pean|ese|ish|ench|utch)|German|States|North|South|Asian)"
)


def describe(
    passages: pd.DataFrame,
    labels: np.ndarray,
    centres: np.ndarray,
    embed: Callable[[Sequence[str]], np.ndarray],
) -> list[tuple[str, list[str]]]:
    """Name and keywords of each cluster.

    Phrases are weighed by BERTopic's class-based TF-IDF (Grootendorst 2022) over the number of
    independent documents of a theme that use them, times how much oftener they stand there
    than chance would have it; candidates for the name also by closeness
    to the theme's centre, less that to the nearest other centre.

    Parameters
    ----------
    passages
        With text, document_id and copy_group.
    labels
        ``(n,)`` cluster of each passage; -1 for none.
    centres
        ``(n_clusters, dim)`` unit rows.
    embed
        Texts to unit vectors, of the kind that `centres` are made of.

    Returns
    -------
    list of (name, keywords)
        One for each cluster, names all different.
    """
    n_clusters = len(centres)
    counter = PhraseCounter()
    counts = _document_counts(passages, labels, n_clusters, counter)
    weights, terms = _class_tfidf(counts)
    described: list[tuple[str, list[str]]] = []
    taken: set[str] = set()
    for cluster in range(n_clusters):
        ranked = _ranked(weights[cluster], terms, counts[cluster])
        candidates = distinct(_fullest(ranked, counts[cluster]), _CANDIDATES)
        keywords = candidates[:_KEYWORDS]
        name = _name(
            cluster, candidates, counts[cluster], weights[cluster], terms, centres, embed, counter
        )
        while name in taken:
            name += " (other)"
        taken.add(name)
        described.append((name, [counter.written(term) for term in keywords]))
    return described


def _document_counts(
    passages: pd.DataFrame, labels: np.ndarray, n_clusters: int, counter: PhraseCounter
) -> list[Counter[str]]:
    """For each cluster, in how many independent documents each phrase stands."""
    seen: list[dict[str, set[str]]] = [{} for _ in range(n_clusters)]
    heads = passages["copy_group"] == passages["passage_id"]
    rows = zip(passages["text"], passages["document_id"], heads, labels, strict=True)
    for text, document, is_head, label in rows:
        if label < 0 or not is_head:
            continue
        for key in counter.keys(text):
            seen[label].setdefault(key, set()).add(document)
    return [Counter({key: len(docs) for key, docs in found.items()}) for found in seen]


def _class_tfidf(counts: list[Counter[str]]) -> tuple[np.ndarray, list[str]]:
    from bertopic.vectorizers import ClassTfidfTransformer

    total: Counter[str] = Counter()
    for counted in counts:
        total.update(counted)
    usual = sorted(term for term, n in total.items() if n >= _LEAST_DOCUMENTS)
    terms = usual if len(usual) > 1 else sorted(total)
    table = np.array([[counted[term] for term in terms] for counted in counts], dtype=float)
    if len(terms) < 2:  # BERTopic's transformer needs two
        return table, terms
    weights = ClassTfidfTransformer().fit_transform(sp.csr_matrix(table)).toarray()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return weights * np.log1p(table / np.maximum(expected, 1e-9)) ** 2, terms


def _ranked(weights: np.ndarray, terms: list[str], counts: Counter[str]) -> list[str]:
    """The heaviest phrases of a cluster, those of too few of its documents left out."""
    order = [terms[i] for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
    least = max(_LEAST_DOCUMENTS, _LEAST_SHARE * max(counts.values(), default=0))
    common = [term for term in order if counts[term] >= least]
    return (common or order)[: 3 * _CANDIDATES]


def _fullest(ranked: list[str], counts: Counter[str]) -> list[str]:
    """Replace a phrase by a longer one that nearly always stands around it."""
    fuller = []
    for term in ranked:
        around = [
            other
            for other in ranked
            if f" {term} " in f" {other} " and other != term and counts[other] >= 0.6 * counts[term]
        ]
        fuller.append(max(around, key=lambda other: (counts[other], len(other)), default=term))
    return fuller


def _name(
    cluster: int,
    keywords: list[str],
    counts: Counter[str],
    weights: np.ndarray,
    terms: list[str],
    centres: np.ndarray,
    embed: Callable[[Sequence[str]], np.ndarray],
    counter: PhraseCounter,
) -> str:
    """The best keyword, and a second one that adds to it."""
    usual = _USUAL * max((counts[term] for term in keywords), default=0)
    candidates = [
        term
        for term in keywords
        if counts[term] >= usual and not _ADJECTIVE.fullmatch(counter.written(term))
    ]
    if not candidates:
        return f"Theme {cluster + 1}"
    written = [counter.written(term) for term in candidates]
    vectors = embed(written)
    if vectors.shape[1] != centres.shape[1]:  # vectors of another model: words alone decide
        vectors = np.zeros((len(written), centres.shape[1]), np.float32)
    close = vectors @ centres.T
    others = np.delete(close, cluster, axis=1).max(axis=1) if len(centres) > 1 else 0.0
    weight = np.array([weights[terms.index(term)] for term in candidates])
    fuller = np.array([_FULLER if " " in term else 0.0 for term in candidates])
    score = weight / weight.max() + 2 * close[:, cluster] - others + fuller
    first = int(score.argmax())
    second = (
        score + weight / weight.max() - vectors @ vectors[first]
    )  # something else that is common
    taken = [_share_a_word(written[first], other) for other in written]
    second[taken] = -np.inf
    name = written[first]
    if np.isfinite(second.max()):
        name = f"{name} and {written[int(second.argmax())]}"
    return name[0].upper() + name[1:]


def _share_a_word(one: str, other: str) -> bool:
    return any(alike(a, b) for a in one.split() for b in other.split())
