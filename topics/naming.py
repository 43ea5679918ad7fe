"""Names and keywords of themes, from the phrases that set each apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.words import Phrases, alike, distinct

_READ = 2000  # passages of a theme, spread evenly, that are read for phrases at most
_CANDIDATES = 30  # phrases of a theme that are weighed as keywords
_NAMES = 12  # of them that are embedded, for its name
_KEYWORDS = 10
_LEAST_DOCUMENTS = 2  # a keyword stands in so many documents of its theme
_LEAST_SHARE = 0.05  # and in so many for one that its commonest phrase stands in
_USUAL = 0.2  # of the commonest keyword's documents that a word in a name needs
_TOGETHER = 1.0  # what a phrase gains that stands where the other ones stand
_FULLER = 0.2  # what a phrase of several words gains over a word
_FRESH = 0.15  # documents that a second phrase adds to a name, for one that the first has

# "American" or "Japanese" alone says who, not what.
_ADJECTIVE = re.compile(
    r"(.*\s)?([A-Z]\w*(ican|ian|rean|pean|ese|ish|ench|utch|ghan|ddle)|"
    r"German|States|North|South|Asian|Arab|US)"
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
    than chance would have it; keywords also by how much they stand in the same documents
    (normalised pointwise mutual information, Bouma 2009); names also by closeness to the
    theme's centre, less that to the nearest other centre.

    Parameters
    ----------
    passages
        With text, passage_id, document_id and copy_group.
    labels
        ``(n,)`` cluster of each passage; -1 for none.
    centres
        ``(n_clusters, dim)`` unit rows.
    embed
        Texts to unit vectors, of the kind that `centres` are made of; called once.

    Returns
    -------
    list of (name, keywords)
        One for each cluster, names all different.
    """
    phrases, classes = _read(passages, labels, len(centres))
    counts = sp.csr_matrix(classes @ phrases.table)
    weights = _class_tfidf(counts)
    ranked = [_ranked(phrases, weights[i], counts[i]) for i in range(len(centres))]
    forms = phrases.written({column for scores in ranked for column in scores})
    fit = [_fit(list(scores), counts[i], forms) for i, scores in enumerate(ranked)]
    vectors = _embedded({forms[c] for columns in fit for c in columns}, embed, centres.shape[1])
    described: list[tuple[str, list[str]]] = []
    for i, columns in enumerate(fit):
        written = [forms[column] for column in columns]
        scores = np.array([ranked[i][column] for column in columns])
        held = phrases.table[classes[i].indices][:, columns].toarray() > 0
        name = f"Theme {i + 1}"
        if written:
            name = _name(i, written, scores, np.array([vectors[w] for w in written]), centres, held)
        while name in {other for other, _ in described}:
            name += " (other)"
        described.append((name, [forms[column] for column in ranked[i]][:_KEYWORDS]))
    return described


def _read(passages: pd.DataFrame, labels: np.ndarray, n: int) -> tuple[Phrases, sp.csr_matrix]:
    """Phrases of the themes' documents, and which documents are each theme's ``(n, n_groups)``."""
    heads = (passages["copy_group"] == passages["passage_id"]).to_numpy()
    own_rows = [np.flatnonzero(heads & (labels == i)) for i in range(n)]
    rows = np.concatenate([[], *(r[:: len(r) // _READ + 1] for r in own_rows)]).astype(int)
    own = pd.DataFrame({"label": labels[rows], "document": passages["document_id"].array[rows]})
    groups = own.groupby(["label", "document"]).ngroup().to_numpy()
    texts = passages["text"].iloc[rows].tolist()
    phrases = Phrases(texts, groups, _LEAST_DOCUMENTS)
    if len(phrases.keys) < 2:  # BERTopic's transformer needs two
        phrases = Phrases(texts, groups)
    label = own["label"].groupby(groups).first().to_numpy()
    shape = (n, len(label))
    return phrases, sp.csr_matrix((np.ones(len(label)), (label, np.arange(len(label)))), shape)


def _class_tfidf(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Weight of each phrase in each theme."""
    from bertopic.vectorizers import ClassTfidfTransformer

    if counts.shape[1] < 2:
        return counts
    expected = counts.sum(axis=1) @ counts.sum(axis=0) / counts.sum()
    surplus = counts.multiply(1 / np.maximum(expected, 1e-9)).tocsr()
    surplus.data = np.log1p(surplus.data) ** 2
    weights = ClassTfidfTransformer().fit_transform(counts.copy())  # it normalises in place
    return sp.csr_matrix(weights.multiply(surplus))


def _ranked(phrases: Phrases, weights: sp.csr_matrix, counts: sp.csr_matrix) -> dict[int, float]:
    """Scores of a theme's keywords, best first; phrases of too few of its documents left out."""
    order = weights.indices[np.lexsort((weights.indices, -weights.data))]
    held = dict(zip(counts.indices, counts.data, strict=True))
    least = max(_LEAST_DOCUMENTS, _LEAST_SHARE * max(held.values(), default=0))
    common = [column for column in order if held[column] >= least] or list(order)
    number = {phrases.keys[column]: column for column in common[: 4 * _CANDIDATES]}
    fullest = _fullest({key: held[column] for key, column in number.items()})
    columns = [number[key] for key in distinct(fullest, _CANDIDATES)]
    weight = weights.toarray()[0, columns]
    scores = weight / weight.max(initial=1e-9) + _TOGETHER * _together(phrases.table[:, columns])
    best = np.argsort(-scores, kind="stable")
    return {columns[i]: float(scores[i]) for i in best}


def _fullest(counts: dict[str, float]) -> list[str]:
    """Replace a phrase by a longer one that nearly always stands around it; drop cut names."""
    fuller = []
    for term, count in counts.items():
        around = [o for o in counts if f" {term} " in f" {o} " and o != term]
        most = [o for o in around if counts[o] >= 0.6 * count]
        goes_on = [o for o in around if o.startswith(term) and o.count(" ") == term.count(" ") + 1]
        if most or " " not in term or sum(counts[o] for o in goes_on) < 0.6 * count:
            fuller.append(max(most, key=lambda o: (o.count(" "), counts[o]), default=term))
    return fuller


def _together(table: sp.csr_matrix) -> np.ndarray:
    """Mean normalised pointwise mutual information of each column with the others."""
    both = np.maximum((table.T @ table).toarray() / table.shape[0], 1e-12)
    alone = np.diag(both)
    shared = np.log(both / np.outer(alone, alone)) / np.maximum(-np.log(both), 1e-12)
    return (shared.sum(axis=1) - np.diag(shared)) / max(len(shared) - 1, 1)


def _fit(columns: list[int], counts: sp.csr_matrix, forms: dict[int, str]) -> list[int]:
    """The keywords that may stand in a name: common ones that say what."""
    often = {column: counts[0, column] for column in columns}
    usual = _USUAL * max(often.values(), default=0)
    fit = [c for c in columns if often[c] >= usual and not _ADJECTIVE.fullmatch(forms[c])]
    return fit[:_NAMES]


def _embedded(
    texts: set[str], embed: Callable[[Sequence[str]], np.ndarray], dim: int
) -> dict[str, np.ndarray]:
    listed = sorted(texts)
    vectors = embed(listed) if listed else np.zeros((0, dim))
    if vectors.shape[1] != dim:  # vectors of another model: words alone decide
        vectors = np.zeros((len(listed), dim))
    return dict(zip(listed, vectors, strict=True))


def _name(
    cluster: int,
    written: list[str],
    scores: np.ndarray,
    vectors: np.ndarray,
    centres: np.ndarray,
    held: np.ndarray,
) -> str:
    """The best keyword, and a second one if it adds to it."""
    close = vectors @ centres.T
    others = np.delete(close, cluster, axis=1).max(axis=1, initial=-1.0)
    fuller = np.array([_FULLER if " " in phrase else 0.0 for phrase in written])
    score = scores + 2 * close[:, cluster] - others + fuller
    first = int(score.argmax())
    fresh = (held & ~held[:, [first]]).sum(axis=0) >= _FRESH * held[:, first].sum()
    second = score + scores - vectors @ vectors[first]
    own = written[first].split()
    second[[any(alike(a, b) for a in own for b in p.split()) for p in written]] = -np.inf
    if not written[first].islower() or " " in written[first]:  # it can stand alone
        second[~fresh] = -np.inf
    name = written[first]
    if np.isfinite(second.max()):
        name = f"{name} and {written[int(second.argmax())]}"
    return name[0].upper() + name[1:]
