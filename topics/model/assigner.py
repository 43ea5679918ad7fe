"""The rule that gives passages their themes, fitted ones and new ones alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from topics.model.discovered import VOTERS, DiscoveredThemes, says_enough
from topics.model.graph import Batch, knn
from topics.model.labels import exemplars_of, keywords_of, numbers_of_themes
from topics.parallel import broadcast, map_parts

if TYPE_CHECKING:
    from distributed import Client

    from topics.model.classifier import ThemeClassifier
    from topics.model.clusters import Levels
    from topics.model.languages import LanguageMeans

_PART = 3000  # passages assigned at once; with their vectors below the 10 MB that dask warns of
_TEXT_COLUMNS = ["theme_id", "name", "kind", "keywords", "exemplars", "parent"]
_SAME = 1 - 1e-5  # cosine at which a vector is that of a fitted passage


@dataclass(frozen=True)
class Assigner:
    """Named and discovered themes with the fitted vectors ``(n, dim)``: all that prediction needs.

    `vectors` are without the means of their `languages`. Passages of fewer than `min_words` words
    have no theme.
    """

    languages: LanguageMeans
    vectors: np.ndarray
    named: ThemeClassifier
    discovered: DiscoveredThemes
    min_words: int

    @property
    def ids(self) -> list[str]:
        """Ids of all themes, named ones first."""
        return [*self.named.ids.tolist(), *self.discovered.ids.tolist()]

    def batch(self, passages: pd.DataFrame, vectors: np.ndarray) -> Batch:
        """Passages, and vectors without the means of languages, with the fitted ones that have a say."""
        return Batch(passages, vectors, knn(vectors, self.vectors, VOTERS))

    def assign(self, passages: pd.DataFrame, *scores: np.ndarray) -> pd.DataFrame:
        """Assignments (passage_id, theme_id, score) by scores for named, then discovered themes."""
        thresholds = np.hstack([self.named.thresholds, self.discovered.thresholds])
        enough = says_enough(passages["text"], self.min_words)
        rows, columns = np.nonzero((np.hstack(scores) >= thresholds) & enough[:, None])
        ids = np.array(self.ids, dtype=object)
        return pd.DataFrame(
            {
                "passage_id": passages["passage_id"].to_numpy()[rows],
                "theme_id": pd.array(ids[columns], dtype="str"),
                "score": np.hstack(scores)[rows, columns].astype(np.float64).round(4),
            }
        ).astype({"passage_id": "str"})

    def predict(
        self, passages: pd.DataFrame, vectors: np.ndarray, rows: np.ndarray,
        client: Client | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Assignments of some passages by number, part by part, here or on the workers of a cluster."""
        own = passages.reindex(columns=["passage_id", "document_id", "language", "text"])
        numbers = (rows[part] for part in _whole_documents(own["document_id"].iloc[rows]))
        parts = ((own.iloc[part], vectors[part]) for part in numbers)
        # The same parts and one BLAS thread, for products of other shapes are rounded otherwise.
        with threadpool_limits(1, "blas"):
            found = list(map_parts(_predict_part, parts, broadcast(self, client), client=client))
        return pd.concat(found, ignore_index=True)

    def named_scores(self, vectors: np.ndarray, fitted: pd.DataFrame) -> np.ndarray:
        """Scores of vectors without a text for the named themes, see `ThemeModel.decision_function`.

        `fitted` are the fitted passages; a vector that is one of theirs has its text and document.
        """
        vectors = self.languages.taken_off(vectors, self._nearest_language(vectors))
        near = knn(vectors, self.vectors, VOTERS)
        known = near.similarities[:, 0] >= _SAME
        passages = fitted.iloc[near.indices[:, 0]].reset_index(drop=True)
        passages["text"] = passages["text"].where(known, "")
        strangers = [f"\0{row}" for row in range(len(vectors))]
        passages["document_id"] = passages["document_id"].where(known, strangers)
        return self.named.scores(Batch(passages, vectors, near))

    def _nearest_language(self, vectors: np.ndarray) -> pd.Series:
        """The language in which each vector is nearest to a fitted passage."""
        codes = self.languages.languages
        told = (pd.Series(code, range(len(vectors))) for code in codes)
        taken = (self.languages.taken_off(vectors, own) for own in told)
        similarity = [knn(own, self.vectors, 1).similarities[:, 0] for own in taken]
        return pd.Series(codes[np.argmax(similarity, axis=0)])

    def theme_table(
        self, names: list[str], passages: pd.DataFrame, assignments: pd.DataFrame, levels: Levels,
        refitted: np.ndarray,
    ) -> pd.DataFrame:  # fmt: skip
        """`ThemeModel.themes_`, from names of named themes, the fitted passages and their themes."""
        discovered, ids, n_named = self.discovered, self.ids, len(names)
        owners = passages.set_index("passage_id")["document_id"]
        documents = assignments["passage_id"].map(owners)
        sizes = documents.groupby(assignments["theme_id"]).agg(["size", "nunique"])
        n_passages, n_documents = sizes.reindex(ids, fill_value=0).to_numpy().T
        rows = pd.Series(passages.index, passages["passage_id"])
        scores = assignments.set_axis(rows[assignments["passage_id"]].to_numpy())["score"]
        scores_of = dict(iter(scores.groupby(assignments["theme_id"].to_numpy())))
        exemplars = (
            exemplars_of(passages, self.vectors, scores_of.get(i, scores[:0])) for i in ids
        )
        parents = discovered.parents(levels.coarser_labels())
        strongest = numbers_of_themes(ids[:n_named], passages, assignments)
        words = map(", ".join, keywords_of(passages, strongest, n_named))
        stability = discovered.stability(levels.labels, refitted).round(4)
        return pd.DataFrame(
            {
                "theme_id": ids,
                "name": [*names, *discovered.names],
                "kind": ["named"] * n_named + ["discovered"] * len(parents),
                "n_passages": n_passages,
                "n_documents": n_documents,
                "keywords": [*words, *discovered.keywords],
                "exemplars": ["; ".join(own) for own in exemplars],
                "parent": [None] * n_named + parents,
                "stability": [np.nan] * n_named + stability.tolist(),
            }
        ).astype(dict.fromkeys(_TEXT_COLUMNS, "str"))


def _predict_part(part: tuple[pd.DataFrame, np.ndarray], assigner: Assigner) -> pd.DataFrame:
    passages, vectors = part
    batch = assigner.batch(passages, assigner.languages.taken_off(vectors, passages["language"]))
    scores = assigner.named.scores(batch), assigner.discovered.scores(batch)
    return assigner.assign(batch.passages, *scores)


def _whole_documents(documents: pd.Series) -> Iterator[slice]:
    """Rows in parts of about `_PART`, cut where no document goes on."""
    rows = pd.Series(range(len(documents)))
    last = rows.groupby(documents.to_numpy(), dropna=False).transform("max")
    ends = np.flatnonzero(last.cummax() == rows) + 1
    expected = np.arange(_PART, len(rows), _PART)
    cuts = np.unique([0, *ends[np.searchsorted(ends, expected)], len(rows)])
    yield from map(slice, cuts[:-1], cuts[1:])
