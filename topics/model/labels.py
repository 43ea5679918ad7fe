"""What is shown of each theme: name and keywords, from the phrases that set it apart; exemplars."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from topics.text.words import Phrases, alike, distinct

if TYPE_CHECKING:
    from topics.model.graph import Embed

_MAX_READ = 10_000  # passages that are read for phrases, as many of each theme
_MIN_DOCUMENTS = 2  # of its theme, that a keyword occurs in
_MIN_SHARE = 0.1  # of the documents that the theme's commonest phrase occurs in
_MAX_CANDIDATES = 24  # phrases of a theme that may be keywords
_MAX_KEYWORDS = 10
_TOGETHER = 2.0  # what a keyword gains that occurs with the other ones
_MAX_EMBEDDED = 8  # keywords of a theme that may be in its name
_FULLER = 0.2  # what a phrase of several words gains over a word
_FRESH = 0.15  # documents that a second phrase adds to a name, for one that the first has
_CLOSE = 0.75  # its similarity to the centroid, for that of the closest
_MAX_WORDS = 5  # in a name of two phrases
_EXEMPLARS = 3  # passages that show a theme

# "American" or "Japanese" alone says who, not what.
_ADJECTIVE = re.compile(
    r"(.*\s)?([A-Z]\w*(ican|ian|rean|pean|ese|ish|ench|utch|ghan|ddle)|"
    r"German|States|North|South|Asian|Arab|US)"
)


def describe(
    passages: pd.DataFrame, labels: np.ndarray, centroids: np.ndarray, embed: Embed
) -> list[tuple[str, list[str]]]:
    """Name and keywords of each cluster.

    Phrases are weighed in the manner of BERTopic's class-based TF-IDF (Grootendorst 2022), by
    the number of independent documents of a theme that use them times how much oftener they
    occur there than by chance. Of the best ones those stay keywords that occur in the same
    documents (normalised pointwise mutual information, Bouma 2009). Names are chosen
    among them by closeness to the theme's centroid, less that to the nearest other centroid.

    Parameters
    ----------
    passages
        With text, passage_id, document_id and copy_group.
    labels
        ``(n,)`` cluster of each passage; -1 for none.
    centroids
        ``(n_clusters, dim)`` unit rows.
    embed
        Texts to unit vectors, of the kind that `centroids` are made of; called once.

    Returns
    -------
    list of (name, keywords)
        One for each cluster, names all different.
    """
    found = keywords_of(passages, labels, len(centroids))
    fit = [w[~w.index.str.fullmatch(_ADJECTIVE)].head(_MAX_EMBEDDED) for w, _ in found]
    unique = sorted({phrase for words in fit for phrase in words.index})
    vectors = embed(unique) if unique else np.zeros((0, centroids.shape[1]))
    if vectors.shape[1] != centroids.shape[1]:  # centroids of another model: words alone decide
        vectors = np.zeros((len(unique), centroids.shape[1]))
    rows = pd.DataFrame(vectors, index=unique)
    described: dict[str, list[str]] = {}
    for i, (words, (keywords, table)) in enumerate(zip(fit, found, strict=True)):
        uses = table[:, words["column"]].toarray() > 0
        name = _name(i, words, rows.loc[words.index].to_numpy(), centroids, uses)
        while name in described:
            name += " (other)"
        described[name] = keywords.index.tolist()
    return list(described.items())


def keywords_of(
    passages: pd.DataFrame, labels: np.ndarray, n: int
) -> list[tuple[pd.DataFrame, sp.csr_matrix]]:
    """Keywords of each of `n` clusters, see `describe`, and the phrases of its documents.

    Keywords are rows, best first, with the phrase's column in the sparse table and its score.
    """
    themes, texts = _read_texts(passages, labels, n)
    phrases = Phrases(texts, _MIN_DOCUMENTS)
    if not phrases.keys:
        phrases = Phrases(texts)
    tables = [phrases.table[themes == i] for i in range(n)]
    return [(_keywords(phrases, table), table) for table in tables]


def centroid_of(vectors: np.ndarray) -> np.ndarray:
    """Mean direction of vectors, a unit vector; zeros of zeros and of none."""
    mean = vectors.sum(axis=0) / max(len(vectors), 1)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def _read_texts(passages: pd.DataFrame, labels: np.ndarray, n: int) -> tuple[np.ndarray, list[str]]:
    """Theme and text of what is read: of each theme as many passages, a document's in one."""
    representatives = (passages["copy_group"] == passages["passage_id"]).to_numpy()
    own = [np.flatnonzero(representatives & (labels == i)) for i in range(n)]
    max_rows = min(max(_MAX_READ // max(n, 1), 100), _MAX_READ // 20)
    rows = np.concatenate([[], *(r[:: len(r) // max_rows + 1] for r in own)]).astype(int)
    table = passages.iloc[rows][["document_id", "text"]].assign(theme=labels[rows])
    joined = table.groupby(["theme", "document_id"], sort=False)["text"].agg("\n\n".join)
    return joined.index.get_level_values("theme").to_numpy(), joined.tolist()


def _keywords(phrases: Phrases, table: sp.csr_matrix) -> pd.DataFrame:
    """A theme's keywords, best first: column and score, by the phrase."""
    counts, total = (t.sum(axis=0).A1 for t in (table, phrases.table))
    least = max(_MIN_DOCUMENTS, _MIN_SHARE * counts.max(initial=0))
    columns = np.flatnonzero(counts >= (least if (counts >= least).any() else 1))
    lift = counts[columns] / total[columns] * phrases.table.shape[0] / max(table.shape[0], 1)
    weights = counts[columns] * np.log1p(lift) ** 2
    score = dict(zip(columns, weights / weights.max(initial=1e-9), strict=True))
    best = columns[np.argsort(-weights, kind="stable")][: 2 * _MAX_CANDIDATES]
    number = {phrases.keys[column]: column for column in best}
    fullest = _fullest({key: counts[column] for key, column in number.items()})
    kept = [number[key] for key in distinct(fullest, _MAX_CANDIDATES)]
    scores = _coherent(np.array([score[c] for c in kept]), phrases.table[:, kept])
    found = {"column": [kept[i] for i in scores], "score": scores.values()}
    written = pd.Index([phrases.written[column] for column in found["column"]], dtype=str)
    return pd.DataFrame(found, written)


def _fullest(counts: dict[str, float]) -> list[str]:
    """Phrases, or longer ones that contain them in most of their documents."""
    longer = {
        term: [o for o in counts if f" {term} " in f" {o} " and counts[o] >= 0.6 * counts[term]]
        for term in counts
    }
    return [max(terms, key=lambda o: (o.count(" "), counts[o])) for terms in longer.values()]


def _coherent(weights: np.ndarray, table: sp.csr_matrix) -> dict[int, float]:
    """Scores of the columns, best first, that stay as the least fitting is left out in turn."""
    both = np.maximum((table.T @ table).toarray() / table.shape[0], 1e-12)
    alone = np.diag(both)
    together = np.log(both / np.outer(alone, alone)) / np.maximum(-np.log(both), 1e-12)
    kept = np.arange(len(weights))
    while True:
        shared = together[np.ix_(kept, kept)].sum(axis=1) / max(len(kept), 1)
        scores = weights[kept] + _TOGETHER * shared
        best = np.argsort(-scores, kind="stable")
        if len(kept) <= _MAX_KEYWORDS:
            return dict(zip(kept[best].tolist(), scores[best].tolist(), strict=True))
        kept = kept[best[:-1]]


def _name(
    theme: int, words: pd.DataFrame, vectors: np.ndarray, centroids: np.ndarray, uses: np.ndarray
) -> str:
    """The best keyword, and a second one if it adds documents and meaning to it.

    `uses` says which documents of the theme use each of the `words` ``(n_documents, n_words)``.
    """
    if words.empty:
        return f"Theme {theme + 1}"
    close = vectors @ centroids.T
    own, others = close[:, theme], np.delete(close, theme, axis=1).max(axis=1, initial=-1.0)
    fuller = np.array([_FULLER * (" " in phrase) for phrase in words.index])
    scores = words["score"].to_numpy() + 2 * own - others + fuller
    first = scores.argmax()
    fresh = (uses & ~uses[:, [first]]).sum(axis=0) >= _FRESH * uses[:, first].sum()
    name = words.index[first]
    good = np.flatnonzero(fresh & (own >= _CLOSE * own.max()))
    other = scores - vectors @ vectors[first]
    for second in words.index[good[np.argsort(-other[good])]]:
        pairs = product(name.split(), second.split())
        if len(f"{name} {second}".split()) <= _MAX_WORDS and not any(alike(*p) for p in pairs):
            name = f"{name} and {second}"
            break
    return name[0].upper() + name[1:]


def exemplars_of(passages: pd.DataFrame, vectors: np.ndarray, scores: pd.Series) -> list[str]:
    """See `ThemeModel.exemplars`; `scores` of a theme's passages are labelled by their row."""
    if scores.empty:
        return []
    own = vectors[scores.index]
    ranked = (scores + own @ centroid_of(own)).sort_values(ascending=False, kind="stable")
    best = passages.loc[ranked.index]
    different = best.drop_duplicates("copy_group").drop_duplicates("document_id")
    return different["passage_id"].head(_EXEMPLARS).tolist()


def keywords_of_themes(
    ids: list[str], passages: pd.DataFrame, assignments: pd.DataFrame
) -> list[str]:
    """Keywords of some themes, each among the passages that it is the strongest theme of."""
    if not ids:
        return []
    numbers = {theme_id: number for number, theme_id in enumerate(ids)}
    strongest = passages["passage_id"].map(strongest_theme(assignments))
    labels = strongest.map(numbers).fillna(len(ids)).to_numpy(int)
    found = keywords_of(passages, labels, len(ids) + 1)[:-1]
    return [", ".join(keywords.index) for keywords, _ in found]


def strongest_theme(assignments: pd.DataFrame) -> pd.Series:
    """The theme with the highest score by passage_id; of equal scores the first."""
    ordered = assignments.sort_values("score", kind="stable", ascending=False)
    return ordered.drop_duplicates("passage_id").set_index("passage_id")["theme_id"]
