"""Discovered themes, made of the clusters that no named theme covers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.model.clusters import LEFT_OUT
from topics.model.labels import centroid_of, describe
from topics.model.named_themes import NO_THEME
from topics.read.boilerplate import count_words

if TYPE_CHECKING:
    from topics.model.clusters import Levels
    from topics.model.graph import Batch, Embed

_MIN_VOTE = 0.4  # share of the nearest passages' weight that a theme needs
_COVERED = 0.5  # share of a piece that has a named theme for the two to be one
_TOUCHED = 0.25  # share above which a cluster is looked at one level down
_REST = 0.25  # share of a cluster that makes a theme of its own beside a named one
_MIN_MEMBERS = 3  # passages in a discovered theme
VOTERS = 15  # nearest fitted passages, itself among them, that say which theme a passage has
_MIN_WORDS = 5  # of a passage that may have a theme


@dataclass(frozen=True)
class DiscoveredThemes:
    """Themes and how passages are assigned to them; all fields are arrays.

    Attributes
    ----------
    ids, names, keywords
        ``(n_themes,)``; keywords separated by commas.
    theme_of_passage
        ``(n,)`` number of the theme that each fitted passage was clustered in, -1 for none.
    centroids
        ``(n_themes, dim)`` unit rows.
    min_similarity
        ``(n_themes,)`` cosine with the centroid below which a passage does not have the theme:
        the mean of the passages outside it plus their standard deviation.
    """

    ids: np.ndarray
    names: np.ndarray
    keywords: np.ndarray
    theme_of_passage: np.ndarray
    centroids: np.ndarray
    min_similarity: np.ndarray

    @classmethod
    def fit(
        cls, batch: Batch, theme_of_passage: np.ndarray, taken: Collection[str], embed: Embed
    ) -> DiscoveredThemes:
        """Themes of passages that are sorted already, with names, keywords and ids not `taken`."""
        n = int(theme_of_passage.max()) + 1
        centroids = np.zeros((n, batch.vectors.shape[1]), np.float32)
        min_similarity = np.full(n, -1.0)
        for number in range(n):
            members = theme_of_passage == number
            centroids[number] = centroid_of(batch.vectors[members])
            if not members.all():
                others = (batch.vectors @ centroids[number])[~members]
                min_similarity[number] = others.mean() + others.std()
        off_mean = centroids - batch.vectors.mean(axis=0)
        described = describe(batch.passages, theme_of_passage, off_mean, embed)
        names = np.array([name for name, _ in described], str)
        keywords = np.array([", ".join(words) for _, words in described], str)
        ids = np.array(_slugs(names.tolist(), taken), str)
        return cls(ids, names, keywords, theme_of_passage, centroids, min_similarity)

    @property
    def thresholds(self) -> np.ndarray:
        """Score at which a passage has each theme ``(n_themes,)``."""
        return np.full(len(self.ids), _MIN_VOTE)

    def scores(self, batch: Batch) -> np.ndarray:
        """Share of the nearest fitted passages' weight in each theme ``(n, n_themes)``.

        It is zero for a passage that is no closer to the theme's centroid than others are.
        """
        weights = batch.neighbours.weights()
        theme = self.theme_of_passage[batch.neighbours.indices]
        votes = np.zeros((len(weights), len(self.ids)))
        for number in range(len(self.ids)):
            votes[:, number] = (weights * (theme == number)).sum(axis=1)
        return np.where(batch.vectors @ self.centroids.T >= self.min_similarity, votes, 0.0)

    def strongest(self, batch: Batch) -> np.ndarray:
        """Number of the theme with the highest score for each passage, -1 where all are zero."""
        none = np.full((len(batch.vectors), 1), 1e-9)
        return np.hstack([none, self.scores(batch)]).argmax(axis=1) - 1

    def renamed(self, known: Mapping[int, tuple[str, str]]) -> DiscoveredThemes:
        """The same themes, some with another id and name, by their number."""
        ids, names = self.ids.tolist(), self.names.tolist()
        for number, (theme_id, name) in known.items():
            ids[number], names[number] = theme_id, name
        return replace(self, ids=np.array(ids, str), names=np.array(names, str))

    def without(self, ids: Collection[str]) -> DiscoveredThemes:
        """The other themes; passages of those left out have none."""
        stay = ~np.isin(self.ids, [*ids])
        number = np.append(np.where(stay, np.cumsum(stay) - 1, -1), -1)
        fields = {
            name: array[stay] for name, array in vars(self).items() if len(array) == len(stay)
        }
        return replace(self, **fields | {"theme_of_passage": number[self.theme_of_passage]})

    def stability(self, clusters: np.ndarray, refitted: np.ndarray) -> np.ndarray:
        """Mean Jaccard index of each theme's clusters with what comes back of them ``(n_themes,)``."""
        found = []
        for own in self._clusters(clusters):
            before, again = np.isin(clusters, own), np.isin(refitted, own)
            either = ((before | again) & (refitted != LEFT_OUT)).sum(axis=1)
            found.append(np.mean((before & again).sum(axis=1) / np.maximum(either, 1)))
        return np.array(found)

    def _clusters(self, labels: np.ndarray) -> list[np.ndarray]:
        """The clusters of each theme: those that it is most of, or the one that most of it is in."""
        both = np.zeros((len(self.ids) + 1, int(labels.max()) + 1))  # the last row has no theme
        np.add.at(both, (self.theme_of_passage, labels), 1)
        own = both >= both.sum(axis=0) / 2
        own[np.arange(len(own)), both.argmax(axis=1)] = True
        return [np.flatnonzero(row) for row in own[:-1]]

    def parents(self, coarser: np.ndarray | None) -> list[str | None]:
        """The largest theme of each theme's group at a coarser level; None for that one itself."""
        if coarser is None:
            return [None] * len(self.ids)
        own = (coarser[self.theme_of_passage == number] for number in range(len(self.ids)))
        groups = [np.bincount(members).argmax() for members in own]
        heads = [groups.index(group) for group in groups]  # largest first
        return [self.ids[head] if head != i else None for i, head in enumerate(heads)]

    def refits(self, clusters: np.ndarray, refitted: np.ndarray) -> np.ndarray:
        """Which passages come back in each theme's clusters, see `topics.model.clusters.refit`.

        Returns
        -------
        np.ndarray
            int8 ``(n_themes, refits, n)``: 1 comes back, 0 does not, -1 was left out.
        """
        same = [np.isin(refitted, own) for own in self._clusters(clusters)]
        again = np.array(same, np.int8).reshape(-1, *refitted.shape)
        return np.where(refitted == LEFT_OUT, np.int8(-1), again)


def min_words_for(texts: pd.Series) -> int:
    """How many words a passage needs for a theme: five, or none where no passage has as many.

    Examples
    --------
    >>> min_words_for(pd.Series(["Read more", "The quay is shut again."]))
    5
    """
    return _MIN_WORDS if says_enough(texts, _MIN_WORDS).any() else 0


def says_enough(texts: pd.Series, min_words: int) -> np.ndarray:
    """Whether each passage has so many words ``(n,)``.

    Examples
    --------
    >>> says_enough(pd.Series(["Read more", "The quay is shut again."]), 5).tolist()
    [False, True]
    """
    return (texts.map(count_words) >= min_words).to_numpy(bool)


def themes_of_clusters(levels: Levels, has_named: np.ndarray, enough: np.ndarray) -> np.ndarray:
    """Sort every cluster: part of a named theme, a discovered theme, or too small for one.

    Parameters
    ----------
    levels
        Clusters of all passages.
    has_named
        bool ``(n, n_named)``; whether each passage has each named theme.
    enough
        bool ``(n,)``; whether each passage says enough to have a theme.

    Returns
    -------
    np.ndarray
        ``(n,)`` number of each passage's theme, -1 for none.
    """
    themes = np.full(len(has_named), -1)
    for piece in _pieces(levels, has_named):
        members = piece & enough
        if not members.any():
            continue
        covered = has_named[members].mean(axis=0).max(initial=0) >= _COVERED
        if not covered and (members.sum() >= _MIN_MEMBERS or piece.all()):
            themes[members] = themes.max() + 1
    return themes


def _pieces(levels: Levels, has_named: np.ndarray) -> Iterator[np.ndarray]:
    """Members of each cluster; where a named theme touches it, its part and the rest.

    The part is made of the finer level's clusters that the theme covers. A rest that is small
    beside it goes with it.
    """
    labels, finer = levels.labels, levels.finer_labels()
    for cluster in range(int(labels.max()) + 1):
        part = members = labels == cluster
        share = has_named[members].mean(axis=0)
        if share.max(initial=0) >= _TOUCHED:
            has_theme = has_named[:, share.argmax()]
            pieces = [members & (finer == piece) for piece in np.unique(finer[members])]
            covered = [piece for piece in pieces if has_theme[piece].mean() >= _COVERED]
            part = np.any([np.zeros_like(members), *covered], axis=0)
        rest = members & ~part
        if part.any() and rest.sum() >= _REST * members.sum():
            yield from (part, rest)
        else:
            yield members


def slug(name: str) -> str:
    """A readable id for a name; empty if it has no Latin letter or figure.

    Examples
    --------
    >>> slug("Rare earths, and mines")
    'rare-earths-and-mines'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _slugs(names: Iterable[str], taken: Collection[str]) -> list[str]:
    """A readable id for each name, all different and none of them taken."""
    ids: list[str] = []
    for name in names:
        base = slug(name) or "theme"
        new, number = base, 2
        while new in {NO_THEME, *taken, *ids}:
            new, number = f"{base}-{number}", number + 1
        ids.append(new)
    return ids
