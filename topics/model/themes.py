"""The theme model: named and discovered themes on one neighbour graph, and the same rule to predict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import asdict, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics.checks import check_choice, checked_passages, checked_rows, checked_seed, unit_rows
from topics.html import note, table
from topics.model.assigner import Assigner
from topics.model.classifier import ThemeClassifier
from topics.model.clusters import Levels, find_levels, refit
from topics.model.compare import Earlier, kept_ids
from topics.model.discovered import (
    VOTERS,
    DiscoveredThemes,
    min_words_for,
    says_enough,
    slug,
    themes_of_clusters,
)
from topics.model.edits import Edit, Edits, edited_themes, read_edits
from topics.model.files import read_parts, reading_model, write_parts
from topics.model.graph import Batch, knn, neighbours_for, with_words
from topics.model.labels import centroid_of, exemplars_of
from topics.model.languages import LanguageMeans
from topics.model.named_themes import NamedTheme, as_themes, read_themes, words_held
from topics.text.tfidf import word_table
from topics.vectors.encoders import Embedder, encode

if TYPE_CHECKING:
    from bertopic import BERTopic
    from distributed import Client

_MAX_RESCORED = 3000  # passages
_TABLES = {"passages": "_passages", "themes": "themes_", "assignments": "assignments_",
           "levels": "levels_", "validated": "validated_", "edits": "edits_"}  # fmt: skip
_COLUMNS = ["passage_id", "document_id", "start", "end", "copy_group", "source", "language", "text"]
_VALIDATED = ["passage_id", "theme_id", "label", "before", "after"]


class ThemeModel:
    """Find, name and assign the themes of a corpus.

    Parameters
    ----------
    named
        Themes to look for: the path of a themes file, `NamedTheme` objects, or dictionaries
        with id, name, description, phrases and, optionally, not. Their ids are never renamed,
        merged or reordered.
    random_state
        Seed. The same seed on the same input gives the same themes.
    embedder
        What the vectors are made with; named themes and names of themes need it.

    Attributes
    ----------
    themes_
        One row a theme: theme_id, name, kind (named or discovered), n_passages, n_documents,
        keywords, exemplars (passage ids), parent, stability (how well its cluster comes back in
        20 refits, 0 to 1; missing for named themes). Named themes first, in the order given.
    assignments_
        passage_id, theme_id, score; a passage may have several rows or none.
    validated_
        One row a labelled passage and named theme: passage_id, theme_id, label, and whether the
        passage has the theme before any label is seen, and after the labels of other documents.
    levels_
        One row a level that was tried, and which was chosen; see `Levels`.
    clusters_
        Cluster of each fitted passage at the chosen level, before themes were made of them.
    finer_clusters_
        The same one level down.
    neighbours_
        The graph of the fitted passages; not saved.

    Examples
    --------
    >>> class Letters:  # a toy; `embed` gives vectors of meaning
    ...     name = "letters"
    ...     def encode(self, texts):
    ...         return np.array([[text.count(letter) for letter in "aeiou"] for text in texts])
    >>> ids = [f"p{number}" for number in range(20)]
    >>> passages = pd.DataFrame({"passage_id": ids, "document_id": ids, "copy_group": ids})
    >>> passages["text"] = ["A banana salad"] * 10 + ["The beet seeds"] * 10
    >>> vectors = encode(passages["text"].tolist(), Letters())
    >>> model = ThemeModel(embedder=Letters()).fit(passages, vectors)
    >>> model.themes_[["name", "n_passages"]].values.tolist()
    [['Banana salad', 10], ['Beet seeds', 10]]
    >>> model.search("peels", k=1)["text"].tolist()
    ['The beet seeds']
    >>> model.predict(passages[:1], vectors[:1]).values.tolist()
    [['p0', 'banana-salad', 1.0]]
    """

    def __init__(
        self,
        named: str | Path | Iterable[NamedTheme | dict[str, Any]] = (),
        random_state: int = 0,
        *,
        embedder: str | Embedder = "multilingual",
    ) -> None:
        self.named = read_themes(named) if isinstance(named, str | Path) else as_themes([*named])
        self.random_state = checked_seed(random_state)
        self.embedder = embedder

    def fit(
        self, passages: pd.DataFrame, vectors: np.ndarray, *, labels: pd.Series | None = None,
        earlier: Earlier | None = None,
    ) -> ThemeModel:  # fmt: skip
        """Find the themes of `passages`.

        Parameters
        ----------
        passages
            As `split_passages` returns them; passage_id, document_id, copy_group, text and, where
            it is there, language are used.
        vectors
            float32 ``(len(passages), dim)``, unit rows.
        labels
            For each row of `passages` the set of ids of its themes by hand, missing where nobody
            said, as from `labels_of_passages`. They teach the named themes; `validated_` tells
            what they changed.
        earlier
            A run whose themes keep their ids and names where they come again.

        Raises
        ------
        InputError
            If there are no passages, the shapes do not match, or the embedder does not fit.
        """
        return self.find(self.link(passages, vectors), labels=labels, earlier=earlier)

    def link(self, passages: pd.DataFrame, vectors: np.ndarray) -> Batch:
        """The first step of `fit`: passages with their nearest; `neighbours_` are known then."""
        passages = checked_passages(passages)
        vectors = unit_rows(vectors, len(passages))
        self._forget()
        self.edits_ = pd.DataFrame(columns=["edit", "problem"], dtype="str")
        self._passages = passages.reindex(columns=_COLUMNS).reset_index(drop=True)
        self._languages = LanguageMeans.fit(vectors, self._passages["language"])
        vectors = self._languages.taken_off(vectors, self._passages["language"])
        n_linked = neighbours_for(len(vectors)) + 1
        near = knn(vectors, vectors, max(n_linked, VOTERS))
        self.neighbours_ = near.first(n_linked).drop_self()
        return Batch(self._passages, vectors, near.first(VOTERS))

    def find(
        self, batch: Batch, *, labels: pd.Series | None = None, earlier: Earlier | None = None
    ) -> ThemeModel:
        """The second step of `fit`: the themes of what `link` returned."""
        own = self._passages
        min_words = min_words_for(own["text"])
        enough = says_enough(own["text"], min_words)
        with ThreadPoolExecutor(2) as pool:  # what does not wait for each other
            taught = pool.submit(self._taught, batch, labels)
            words = word_table(own["text"].tolist(), own["language"].tolist())
            graph = with_words(self.neighbours_.graph(), words)
            levels = find_levels(graph, random_state=self.random_state)
            refitted = pool.submit(refit, graph, levels, random_state=self.random_state)
            named = taught.result()
            scores = named.scores(batch)
            theme_of_passage = themes_of_clusters(levels, scores >= named.thresholds, enough)
            discovered = self._discovered(batch, theme_of_passage, earlier)
            self._refitted = refitted.result()
        self._levels, self.levels_ = levels, levels.table
        self.clusters_, self.finer_clusters_ = levels.labels, levels.finer_labels()
        rule = Assigner(self._languages, batch.vectors, named, discovered, min_words)
        return self._assigned(rule, batch, scores)

    def _discovered(
        self, batch: Batch, theme_of_passage: np.ndarray, earlier: Earlier | None
    ) -> DiscoveredThemes:
        """Themes of passages that are sorted already; those of an earlier run keep their ids."""
        taken = {theme.id for theme in self.named}
        known = taken if earlier is None else taken | set(earlier.themes["theme_id"])
        discovered = DiscoveredThemes.fit(batch, theme_of_passage, known, self._embed)
        if earlier is None:
            return discovered
        before = self._languages.taken_off(earlier.vectors, earlier.passages.get("language"))
        near = knn(before, batch.vectors, VOTERS)
        again = discovered.strongest(Batch(earlier.passages, before, near))
        own = [slug(name) for name in discovered.names]
        return discovered.renamed(kept_ids(earlier, again, own, taken))

    def _forget(self) -> None:
        """Drop what was made of the themes as they were."""
        for name in ("bertopic_", "_refits"):
            vars(self).pop(name, None)

    def _assigned(self, rule: Assigner, batch: Batch, scores: np.ndarray) -> ThemeModel:
        """The model with a rule, and what that says of the fitted passages."""
        self._rule = rule
        self.assignments_ = rule.assign(batch.passages, scores, rule.discovered.scores(batch))
        names, parts = [theme.name for theme in self.named], (self._levels, self._refitted)
        self.themes_ = rule.theme_table(names, self._passages, self.assignments_, *parts)
        return self

    def edited(self, edits: Edits) -> ThemeModel:
        """A model whose discovered themes are changed by hand, the passages assigned anew.

        Parameters
        ----------
        edits
            The path of a file or a list of ``{"merge": [id, id], "name": …}``, ``{"split": id}``,
            ``{"rename": id, "name": …}``, ``{"hide": id}``, ``{"promote": id}``, done one after
            the other. A promoted theme is a named one that its passages have taught. `edits_` of
            the result has a row each: edit, and the problem where it did not fit.

        Raises
        ------
        InputError
            If an edit is of another shape.
        """
        model, listed = self, read_edits(edits)
        # Pieces of a split have ids, for the edits after it, when it is done.
        splits = [n for n, edit in enumerate(listed[:-1], 1) if edit.action == "split"]
        for first, last in pairwise([0, *splits, len(listed)]):
            model = model._edited(listed[first:last])
        return model

    def _edited(self, edits: list[Edit]) -> ThemeModel:
        """See `edited`."""
        model, rule = copy(self), self._rule
        model._forget()
        batch = rule.batch(self._passages, rule.vectors)
        given = edits, rule.discovered, self._levels, batch, rule.ids, self._embed
        discovered, promoted, told = edited_themes(*given)
        model.edits_ = pd.concat([self.edits_, told], ignore_index=True)
        named = rule.named
        if promoted:
            new, members = zip(*promoted, strict=True)
            model.named = [*self.named, *new]
            known = model._labels = np.column_stack([self._labels, *members])
            named = ThemeClassifier.fit(model.named, batch, self._embed).taught(batch, known)
        rule = replace(rule, named=named, discovered=discovered)
        return model._assigned(rule, batch, named.scores(batch))

    def _taught(self, batch: Batch, labels: pd.Series | None) -> ThemeClassifier:
        """The classifier of the named themes, with what labels teach it; sets `validated_`.

        What labels say of each fitted passage and named theme, 1, 0 or NaN, is kept for themes
        that are promoted later.
        """
        named = ThemeClassifier.fit(self.named, batch, self._embed)
        self.validated_ = pd.DataFrame(columns=_VALIDATED)
        self._labels = np.full((len(batch.vectors), len(self.named)), np.nan)
        if labels is None:
            return named
        ids = [theme.id for theme in self.named]
        said = (own if isinstance(own, Set) else None for own in labels)
        told = [[np.nan if own is None else i in own for i in ids] for own in said]
        known = self._labels = np.array(told, float)
        rows, columns = np.nonzero(~np.isnan(known))
        taught, after = named.taught(batch, known), named.validated(batch, known)
        self.validated_ = pd.DataFrame(
            {
                "passage_id": batch.passages["passage_id"].to_numpy()[rows],
                "theme_id": named.ids[columns],
                "label": known[rows, columns] == 1,
                "before": (named.scores(batch) >= named.thresholds)[rows, columns],
                "after": (after >= taught.thresholds)[rows, columns],
            }
        ).astype({"passage_id": "str", "theme_id": "str"})
        return taught

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        return self._languages.taken_off(encode(texts, self.embedder))

    def predict(
        self, passages: pd.DataFrame, vectors: np.ndarray, *, rows: np.ndarray | None = None,
        client: Client | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Assign themes to passages, fitted ones or new, by the very rule that `fit` uses.

        Parameters
        ----------
        passages, vectors
            As for `fit`. Those of one document should follow each other, for parts of whole
            documents are assigned at once.
        rows
            Boolean, the passages to assign; all if None.
        client
            A `dask.distributed.Client` whose workers do it, with this package installed. Themes
            and scores are the same to the byte if the CPUs are and workers' processes have one
            BLAS thread, as dask starts them.

        Returns
        -------
        pd.DataFrame
            passage_id, theme_id, score. For a named theme the score is comparable to its
            threshold; for a discovered one it is the weight of like passages among the
            nearest, 0 to 1.
        """
        passages = checked_passages(passages)
        vectors = unit_rows(vectors, len(passages), self._rule.vectors.shape[1])
        rows = np.ones(len(passages), bool) if rows is None else checked_rows(rows, len(passages))
        return self._rule.predict(passages, vectors, np.flatnonzero(rows), client)

    def nearest(self, passages: pd.DataFrame, vectors: np.ndarray, k: int) -> np.ndarray:
        """Rows ``(len(passages), k)`` of the fitted passages nearest to each, the nearest first."""
        vectors = self._languages.taken_off(vectors, passages["language"])
        return knn(vectors, self._rule.vectors, k).indices

    def __getattr__(self, name: str) -> Any:
        """Tell what only a fitted model has, which no attribute is found for, from what none has."""
        from sklearn.exceptions import NotFittedError  # scikit-learn takes a second to import

        if name.startswith("__") or "themes_" in vars(self):
            raise AttributeError(f"ThemeModel has no attribute {name!r}")
        raise NotFittedError("This ThemeModel instance is not fitted yet; call fit first.")

    def _repr_html_(self) -> str:
        if not hasattr(self, "themes_"):
            return note("A theme model that is not fitted yet.").markup
        columns = ["name", "kind", "n_passages", "n_documents", "stability", "keywords"]
        return table(self.themes_[columns]).markup

    @property
    def thresholds_(self) -> pd.Series:
        """The score from which on a passage has each named theme."""
        return pd.Series(self._rule.named.thresholds, self._rule.named.ids.tolist())

    def decision_function(self, vectors: np.ndarray) -> pd.DataFrame:
        """Scores of the named themes, one column a theme, one row a vector.

        A vector of a fitted passage gets the score it had in `fit`; of another vector the words
        are not known, only its closeness and its neighbours count.
        """
        vectors = unit_rows(vectors, dim=self._rule.vectors.shape[1])
        scores = self._rule.named_scores(vectors, self._passages)
        return pd.DataFrame(scores, columns=self._rule.named.ids.tolist())

    def has_theme(
        self, theme: NamedTheme, passages: pd.DataFrame, vectors: np.ndarray
    ) -> np.ndarray:
        """Whether each passage has one more named theme ``(n,)``, scored beside the others.

        The classifier is fitted anew on these passages; the model stays as it is.
        """
        vectors = unit_rows(vectors, len(passages), self._rule.vectors.shape[1])
        vectors = self._languages.taken_off(vectors, passages.get("language"))
        batch = Batch(passages, vectors, knn(vectors, vectors, VOTERS))
        classifier = ThemeClassifier.fit([*self.named, theme], batch, self._embed)
        return classifier.scores(batch)[:, -1] >= classifier.thresholds[-1]

    @property
    def hierarchy_(self) -> pd.DataFrame:
        """Every cluster of every level, from coarse to fine, with its parent.

        Columns: level (row of `levels_`), cluster, parent (cluster of the level before that
        holds most of its passages), n_passages, inside (share of them that the parent holds).
        """
        return self._levels.hierarchy()

    def search(self, query: str, k: int = 10) -> pd.DataFrame:
        """The `k` passages nearest to a query in meaning and by its words, as standard scores added.

        Returns
        -------
        pd.DataFrame
            passage_id, document_id, start, end (where `fit` was given them), similarity (cosine),
            text; nearest first.
        """
        held = words_held(query, self._passages["text"])
        similarity = self._rule.vectors.astype(float) @ self._embed([query])[0]
        scores = sum((view - view.mean()) / (view.std() + 1e-9) for view in (similarity, held))
        rows = np.argsort(-scores, kind="stable")[:k]
        found = self._passages.iloc[rows].drop(columns=["copy_group", "source", "language"])
        found.insert(len(found.columns) - 1, "similarity", similarity[rows].round(4))
        return found.reset_index(drop=True)

    def refits(self, n: int = 20) -> np.ndarray:
        """Which passages would have each theme, were everything that may vary drawn anew.

        Discovered themes come from the clusters that theirs are matched to in refits on other
        seeds and four fifths of the passages; named ones from other draws of their own texts, on
        at most 3,000 passages.

        Parameters
        ----------
        n
            Number of refits, at most 20.

        Returns
        -------
        np.ndarray
            int8 ``(themes, n, passages)``, in the order of `themes_`: 1 has the theme, 0 does
            not, -1 was left out.
        """
        return self._refits[:, :n]

    @cached_property
    def _refits(self) -> np.ndarray:
        rule, random = self._rule, np.random.default_rng(self.random_state)
        rows = np.arange(len(self.clusters_))
        if len(rows) > _MAX_RESCORED:
            rows = np.sort(random.choice(rows, _MAX_RESCORED, replace=False))
        batch = rule.batch(self._passages.iloc[rows], rule.vectors[rows])
        texts = [self._embed(theme.texts) for theme in self.named]
        named = np.full((len(texts), *self._refitted.shape), -1, np.int8)
        named[:, :, rows] = rule.named.refits(batch, texts, len(self._refitted), random)
        return np.concatenate([named, rule.discovered.refits(self.clusters_, self._refitted)])

    def exemplars(self, theme_id: str) -> list[str]:
        """Three passages that show a theme best: high scores, near its centroid, independent texts."""
        check_choice("theme", theme_id, self._rule.ids)
        own = self.assignments_[self.assignments_["theme_id"] == theme_id]
        rows = pd.Index(self._passages["passage_id"]).get_indexer(own["passage_id"])
        return exemplars_of(self._passages, self._rule.vectors, own["score"].set_axis(rows))

    def centroid(self, theme_id: str) -> np.ndarray:
        """Mean direction of a theme's passages, a unit vector ``(dim,)``; of none, zeros."""
        check_choice("theme", theme_id, self._rule.ids)
        own = self.assignments_["passage_id"][self.assignments_["theme_id"] == theme_id]
        return centroid_of(self._rule.vectors[self._passages["passage_id"].isin(own)])

    def pattern(self, theme_id: str) -> re.Pattern[str] | None:
        """What finds the terms of a named theme in a text; None without terms."""
        return next((theme.pattern for theme in self.named if theme.id == theme_id), None)

    @property
    def theme_of_passage_(self) -> pd.Series:
        """The strongest theme of each fitted passage by passage_id; missing where it has none."""
        return self.strongest(self.assignments_).reindex(self._passages["passage_id"])

    def strongest(self, assignments: pd.DataFrame) -> pd.Series:
        """The strongest theme by passage_id among assignments of this model; named ones first."""
        places = {theme_id: place for place, theme_id in enumerate(self.themes_["theme_id"])}
        order = assignments["theme_id"].map(places)
        ranked = assignments.assign(order=order, named=order < len(self.named)).sort_values(
            ["named", "score", "order"], ascending=[False, False, True]
        )
        return ranked.drop_duplicates("passage_id").set_index("passage_id")["theme_id"]

    @cached_property
    def bertopic_(self) -> BERTopic:
        """A `BERTopic` fitted to these themes, for its tables and visualisations.

        Passages without a theme are its outliers, -1. Topic numbers follow falling size.
        """
        from topics.model.bertopic import as_bertopic

        names = dict(zip(self.themes_["theme_id"], self.themes_["name"], strict=True))
        texts, vectors = self._passages["text"].tolist(), self._rule.vectors
        return as_bertopic(texts, vectors, self.theme_of_passage_, names, self._embed)

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder as JSON, NumPy and Parquet files; no pickle."""
        rule, levels = self._rule, self._levels.labels_by_resolution
        fitted = {"vectors": rule.vectors, "refitted": self._refitted, "labels": self._labels}
        fitted |= {"min_words": np.array(rule.min_words), "labels_by_resolution": levels}
        own = {"named": rule.named, "discovered": rule.discovered, "languages": rule.languages}
        parts = {"fitted": fitted} | {name: vars(part) for name, part in own.items()}
        state = {
            "random_state": self.random_state,
            "embedder": self.embedder if isinstance(self.embedder, str) else self.embedder.name,
            "named": [asdict(theme) for theme in self.named],
        }
        tables = {name: getattr(self, attribute) for name, attribute in _TABLES.items()}
        write_parts(Path(folder), state, parts, tables)

    @classmethod
    def load(cls, folder: str | Path, *, embedder: str | Embedder | None = None) -> ThemeModel:
        """Read a model that `save` wrote; it predicts as the one that was saved.

        Raises
        ------
        InputError
            If the folder does not hold a model of this format.
        """
        with reading_model(folder):
            state, parts, tables = read_parts(Path(folder), _TABLES)
            named = [{"not": theme.pop("not_"), **theme} for theme in state["named"]]
            model = cls(named, state["random_state"], embedder=embedder or state["embedder"])
            themes = ThemeClassifier(**parts["named"]), DiscoveredThemes(**parts["discovered"])
            fitted = parts["fitted"]
            languages = model._languages = LanguageMeans(**parts["languages"])
            model._rule = Assigner(languages, fitted["vectors"], *themes, int(fitted["min_words"]))
            for name, attribute in _TABLES.items():
                setattr(model, attribute, tables[name])
            levels = model._levels = Levels(model.levels_, fitted["labels_by_resolution"])
            model.clusters_, model.finer_clusters_ = levels.labels, levels.finer_labels()
            model._refitted, model._labels = fitted["refitted"], fitted["labels"]
        return model
