"""The theme model: named and discovered themes on one neighbour graph, and the same rules to predict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from topics.errors import InputError
from topics.html import note, table
from topics.model.classifier import ThemeScorer
from topics.model.clusters import (
    choose_level,
    cluster_stability,
    find_levels,
    hierarchy,
    neighbours_for,
)
from topics.model.compare import Earlier, kept_ids
from topics.model.graph import Neighbours, nearest_to, others
from topics.model.labels import describe
from topics.model.named_themes import NamedTheme, as_themes, read_themes
from topics.parallel import broadcast, map_parts
from topics.vectors.encoders import Embedder, encode

if TYPE_CHECKING:
    from bertopic import BERTopic
    from distributed import Client

_VOTERS = 15  # nearest fitted passages, itself among them, that say which theme a passage has
_MIN_VOTE = 0.4  # share of their weight that a theme needs
_FOLDED = 0.5  # share of a piece that carries a named theme for the two to be one
_TOUCHED = 0.25  # share above which a cluster is looked at one level down
_REST = 0.25  # share of a cluster that makes a theme of its own beside a named one
_SOFTNESS = 8.0  # steepness of a named theme's membership around its bar, in its own units
_MIN_MEMBERS = 3  # passages in a discovered theme
_EXEMPLARS = 3
_MAX_RESCORED = 3000  # passages
_PART = 3000  # passages assigned at once; with their vectors below the 10 MB that dask warns of
_FORMAT = 3
_ARRAYS = ("_vectors", "_ladder", "_labels", "_own", "_centroids", "_bars", "_refits")
_TO_PREDICT = ("_vectors", "_own", "_centroids", "_bars", "_scorer", "_discovered")
_FRAMES = ("_passages", "themes_", "assignments_", "levels_")
_PLACE = ["passage_id", "document_id", "start", "end", "copy_group", "text"]

THEME_COLUMNS = [
    "theme_id", "name", "kind", "n_passages", "n_documents", "keywords", "exemplars", "parent",
    "stability",
]  # fmt: skip
ASSIGNMENT_COLUMNS = ["passage_id", "theme_id", "score"]


class ThemeModel:
    """Find, name and assign the themes of a corpus.

    Parameters
    ----------
    named
        Themes to look for: the path of a themes file, `NamedTheme` objects, or dictionaries
        with id, name, description, phrases and, optionally, not. Their ids are never renamed, merged or reordered.
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
    levels_
        One row a level that was tried: resolution, n_clusters, stability, stability_error,
        persistence, separation, score, chosen. What the level was chosen by; see `Level`.
    neighbours_
        The graph of the fitted passages; not saved.
    """

    def __init__(
        self,
        named: str | Path | Iterable[NamedTheme | dict[str, Any]] = (),
        random_state: int = 0,
        *,
        embedder: str | Embedder = "minilm",
    ) -> None:
        if isinstance(named, str | Path):
            self.named = read_themes(named)
        else:
            self.named = as_themes(list(named))
        self.random_state = random_state
        self.embedder = embedder

    def fit(
        self, passages: pd.DataFrame, vectors: np.ndarray, *, earlier: Earlier | None = None
    ) -> ThemeModel:
        """Find the themes of `passages`.

        Parameters
        ----------
        passages
            As `split_passages` returns them; passage_id, document_id, copy_group and text are used.
        vectors
            float32 ``(len(passages), dim)``, unit rows.
        earlier
            A run whose discovered themes keep their ids and names where they come again.

        Raises
        ------
        InputError
            If there are no passages, the shapes do not match, or the embedder does not fit.
        """
        vectors = _checked(passages, vectors)
        self.__dict__.pop("bertopic_", None)  # of an earlier fit
        self._passages = passages[[c for c in _PLACE if c in passages]].reset_index(drop=True)
        self._vectors = vectors
        linked = neighbours_for(len(vectors)) + 1
        nearest, near = nearest_to(vectors, vectors, max(linked, _VOTERS))
        self.neighbours_ = others(nearest[:, :linked], near[:, :linked])
        self._fit_clusters(self.neighbours_)
        nearest, near = nearest[:, :_VOTERS], near[:, :_VOTERS]
        named = self._fit_named(nearest, near)
        self._fit_themes(named >= self._scorer.thresholds)
        votes = self._votes(vectors, nearest, near)
        self._name_themes(votes, earlier)
        self.assignments_ = self._assign(passages, named, votes)
        self._describe_themes()
        return self

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        return encode(texts, self.embedder)

    def _fit_clusters(self, neighbours: Neighbours) -> None:
        graph = neighbours.weights()
        levels = find_levels(graph, random_state=self.random_state)
        chosen = choose_level(levels)
        measures = ("stability", "stability_error", "persistence", "separation", "score")
        self.levels_ = pd.DataFrame(
            {
                name: [getattr(level, name) for level in levels]
                for name in ("resolution", "n_clusters", *measures)
            }
        ).assign(chosen=np.arange(len(levels)) == chosen)
        self._ladder = np.array([level.labels for level in levels], dtype=np.int32)
        self._labels = levels[chosen].labels
        self._stability, refits = cluster_stability(
            graph, levels[chosen], random_state=self.random_state
        )
        self._refits = refits.astype(np.int16)
        finer = [lv for lv in levels[chosen:] if lv.n_clusters >= 1.5 * levels[chosen].n_clusters]
        self._fine = max(finer, key=lambda lv: lv.score, default=levels[chosen]).labels
        coarser = [
            lv for lv in levels[:chosen] if 2 <= lv.n_clusters <= 0.6 * levels[chosen].n_clusters
        ]
        self._coarse = max(coarser, key=lambda lv: lv.score).labels if coarser else np.zeros(0, int)

    def _fit_named(self, nearest: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Calibrate the named themes; their scores on the fitted passages."""
        texts = self._passages["text"].tolist()
        documents = self._passages["document_id"].tolist()
        self._scorer = ThemeScorer.fit(
            self.named, texts, documents, self._vectors, nearest, near, self._embed
        )
        return self._scorer.scores(self._vectors, texts, documents, nearest, near)

    def _fit_themes(self, carried: np.ndarray) -> None:
        """Sort every cluster: part of a named theme, a discovered theme, or too small for one."""
        self._own = np.full(len(self._labels), -1)
        n_themes = 0
        for members in self._pieces(carried):
            folded = carried[members].mean(axis=0).max(initial=0) >= _FOLDED
            if not folded and (members.sum() >= _MIN_MEMBERS or members.all()):
                self._own[members] = n_themes
                n_themes += 1
        self._fit_centroids(n_themes)

    def _name_themes(self, votes: np.ndarray, earlier: Earlier | None) -> None:
        """Give each discovered theme an id, a name and keywords; known ones keep the first two."""
        described = describe(self._passages, _strongest(votes), self._centroids, self._embed)
        taken = {theme.id for theme in self.named}
        kept: dict[int, tuple[str, str]] = {}
        if earlier is not None:
            around = nearest_to(earlier.vectors, self._vectors, _VOTERS)
            again = _strongest(self._votes(earlier.vectors, *around))
            kept = kept_ids(earlier, again, taken)
            taken |= set(earlier.themes["theme_id"])
        slugs = _slugs([name for name, _ in described], taken)
        self._discovered = [
            (*kept.get(number, (slug, name)), words)
            for number, (slug, (name, words)) in enumerate(zip(slugs, described, strict=True))
        ]

    def _pieces(self, carried: np.ndarray) -> Iterable[np.ndarray]:
        """Members of each cluster; where a named theme touches it, its part and the rest.

        The part is made of the finer level's clusters that the theme prevails in. A rest that
        is small beside it goes with it.
        """
        for cluster in range(int(self._labels.max()) + 1):
            members = self._labels == cluster
            share = carried[members].mean(axis=0)
            if not len(share) or share.max() < _TOUCHED:
                yield members
                continue
            on = carried[:, share.argmax()]
            parts = [members & (self._fine == part) for part in np.unique(self._fine[members])]
            named = [part for part in parts if on[part].mean() >= _FOLDED]
            part = np.any([np.zeros_like(members), *named], axis=0)
            rest = members & ~part
            if rest.sum() < _REST * members.sum():
                yield members
            elif not part.any():
                yield rest
            else:
                yield part
                yield rest

    def _fit_centroids(self, n_themes: int) -> None:
        """Centre of each discovered theme, and how close to it a passage has to be.

        The bar is the mean closeness of passages outside the theme plus its deviation.
        """
        self._centroids = np.zeros((n_themes, self._vectors.shape[1]), np.float32)
        self._bars = np.full(n_themes, -1.0)
        for theme in range(n_themes):
            inside = self._own == theme
            self._centroids[theme] = _centroid(self._vectors[inside])
            if not inside.all():
                others = self._vectors[~inside] @ self._centroids[theme]
                self._bars[theme] = others.mean() + others.std()

    def predict(
        self, passages: pd.DataFrame, vectors: np.ndarray, *, client: Client | None = None
    ) -> pd.DataFrame:
        """Assign themes to passages, fitted ones or new, by the very rules that `fit` uses.

        Parameters
        ----------
        passages, vectors
            As for `fit`. Those of one document should follow each other, for parts of whole
            documents are assigned at once.
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
        vectors = np.ascontiguousarray(_checked(passages, vectors, self._vectors.shape[1]))
        own = passages[["passage_id", "document_id", "text"]]
        parts = ((own.iloc[at], vectors[at]) for at in _whole_documents(own))
        model = broadcast(self._bare(), client)
        # The same parts and one BLAS thread, for products of other shapes are rounded otherwise.
        with threadpool_limits(1, "blas"):
            found = list(map_parts(_predict_part, parts, model, client=client))
        return pd.concat(found, ignore_index=True)

    def _bare(self) -> ThemeModel:
        """A model that can predict, and no more."""
        bare = ThemeModel(self.named)
        vars(bare).update({name: getattr(self, name) for name in _TO_PREDICT})
        return bare

    def _assign(self, passages: pd.DataFrame, named: np.ndarray, votes: np.ndarray) -> pd.DataFrame:
        """Themes of passages by their scores for named themes and votes for discovered ones."""
        carried = np.hstack([named >= self._scorer.thresholds, votes >= _MIN_VOTE])
        rows, columns = np.nonzero(carried)
        scores = np.hstack([named, votes])[rows, columns]
        ids = np.array(self.theme_ids, dtype=object)
        return pd.DataFrame(
            {
                "passage_id": passages["passage_id"].to_numpy()[rows],
                "theme_id": pd.array(ids[columns], dtype="str"),
                "score": scores.astype(np.float64).round(4),
            }
        ).astype({"passage_id": "str"})

    def _scores(self, passages: pd.DataFrame, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores of passages for the named themes, and votes for the discovered ones."""
        vectors = _checked(passages, vectors, self._vectors.shape[1])
        nearest, near = nearest_to(vectors, self._vectors, _VOTERS)
        texts, documents = passages["text"].tolist(), passages["document_id"].tolist()
        named = self._scorer.scores(vectors, texts, documents, nearest, near)
        return named, self._votes(vectors, nearest, near)

    def _repr_html_(self) -> str:
        if not hasattr(self, "themes_"):
            return note("A theme model that is not fitted yet.").markup
        columns = ["name", "kind", "n_passages", "n_documents", "stability", "keywords"]
        return table(self.themes_[columns]).markup

    @property
    def theme_ids(self) -> list[str]:
        """Ids of all themes, named ones first."""
        return [theme.id for theme in self.named] + [slug for slug, _, _ in self._discovered]

    @property
    def thresholds_(self) -> pd.Series:
        """The score at which a passage carries each named theme."""
        return pd.Series(self._scorer.thresholds, [theme.id for theme in self.named])

    def decision_function(self, vectors: np.ndarray) -> pd.DataFrame:
        """Scores of the named themes, one column a theme, one row a vector.

        A vector of a fitted passage gets the score it had in `fit`; of another vector the words
        are not known, only its closeness and its neighbours count.
        """
        vectors = _as_rows(vectors, self._vectors.shape[1])
        nearest, near = nearest_to(vectors, self._vectors, _VOTERS)
        scores = self._scorer.scores(vectors, None, None, nearest, near)
        return pd.DataFrame(scores, columns=[theme.id for theme in self.named])

    def memberships(self, passages: pd.DataFrame, vectors: np.ndarray) -> pd.DataFrame:
        """How far each passage is on each theme, 0 to 1: the mixture that it is made of.

        Returns
        -------
        pd.DataFrame
            One row a passage by passage_id, one column a theme. A row sums to 1 at most; what
            is missing fits no theme. The mean over a document's rows is the document's mixture.
        """
        named, votes = self._scores(passages, vectors)
        # Half at the bar, and what the scale of the scores makes of the distance from it.
        named = 1 / (1 + np.exp(-_SOFTNESS * (named - self._scorer.thresholds)))
        soft = np.hstack([named, votes])
        soft /= np.maximum(soft.sum(axis=1, keepdims=True), 1.0)
        index = pd.Index(passages["passage_id"], name="passage_id")
        return pd.DataFrame(soft, index, self.theme_ids)

    @property
    def abstained_(self) -> float:
        """Share of the fitted passages that carry no theme."""
        return float(1 - self._passages["passage_id"].isin(self.assignments_["passage_id"]).mean())

    @property
    def hierarchy_(self) -> pd.DataFrame:
        """Every cluster of every level, from coarse to fine, with its parent.

        Columns: level (row of `levels_`), cluster, parent (cluster of the level before that
        holds most of its passages), n_passages, inside (share of them that the parent holds).
        """
        return hierarchy(self._ladder)

    def search(self, query: str, k: int = 10) -> pd.DataFrame:
        """The `k` passages nearest in meaning to a query.

        Returns
        -------
        pd.DataFrame
            passage_id, document_id, start, end (where `fit` was given them), similarity (cosine),
            text; nearest first.
        """
        found, near = nearest_to(self._embed([query]), self._vectors, k)
        result = self._passages.iloc[found[0]].drop(columns="copy_group").reset_index(drop=True)
        result.insert(len(result.columns) - 1, "similarity", near[0].astype(float).round(4))
        return result

    def _votes(self, vectors: np.ndarray, nearest: np.ndarray, near: np.ndarray) -> np.ndarray:
        """Share of the nearest fitted passages' weight in each discovered theme.

        It is zero for a passage that is no closer to the theme's centroid than others are.
        """
        weights = _vote_weights(near)
        theme = self._own[nearest]
        votes = np.zeros((len(nearest), len(self._centroids)))
        for column in range(len(self._centroids)):
            votes[:, column] = (weights * (theme == column)).sum(axis=1)
        return np.where(vectors @ self._centroids.T >= self._bars, votes, 0.0)

    def _describe_themes(self) -> None:
        """Fill `themes_`."""
        meta = self._passages.set_index("passage_id")
        rows = []
        kinds = ["named"] * len(self.named) + ["discovered"] * len(self._discovered)
        names = [t.name for t in self.named] + [name for _, name, _ in self._discovered]
        keywords = self._named_keywords() + [words for _, _, words in self._discovered]
        parents = self._parents()
        for theme_id, kind, name, words in zip(self.theme_ids, kinds, names, keywords, strict=True):
            own = self.assignments_[self.assignments_["theme_id"] == theme_id]
            documents = meta.loc[own["passage_id"], "document_id"]
            rows.append(
                {
                    "theme_id": theme_id,
                    "name": name,
                    "kind": kind,
                    "n_passages": len(own),
                    "n_documents": documents.nunique(),
                    "keywords": ", ".join(words),
                    "exemplars": "; ".join(self.exemplars(theme_id)),
                    "parent": parents.get(theme_id),
                    "stability": self._stability_of(theme_id),
                }
            )
        self.themes_ = pd.DataFrame(rows, columns=THEME_COLUMNS).astype(
            {c: "str" for c in ("theme_id", "name", "kind", "keywords", "exemplars", "parent")}
        )

    def _stability_of(self, theme_id: str) -> float:
        """Stability of the cluster that a discovered theme comes from; a named one is not refitted."""
        number = self.theme_ids.index(theme_id) - len(self.named)
        if number < 0:
            return float("nan")
        return round(float(self._stability[self._cluster_of(number)]), 4)

    def refits(self, n: int = 20) -> np.ndarray:
        """Which passages would carry each theme, were everything that may vary drawn anew.

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
            int8 ``(themes, n, passages)``, in the order of `themes_`: 1 carries the theme, 0 does
            not, -1 was left out.
        """
        refits = self._refits[:n]
        result = np.full((len(self.theme_ids), len(refits), len(self._labels)), -1, np.int8)
        random = np.random.default_rng(self.random_state)
        rows = np.arange(len(self._labels))
        if len(rows) > _MAX_RESCORED:
            rows = np.sort(random.choice(rows, _MAX_RESCORED, replace=False))
        vectors = self._vectors[rows]
        around = nearest_to(vectors, self._vectors, _VOTERS)
        own = [self._embed(theme.texts) for theme in self.named]
        for again in range(len(refits) if own else 0):
            scores = self._scorer.rescored(own, rows, vectors, *around, random)
            result[: len(own), again, rows] = (scores >= self._scorer.thresholds).T
        for number in range(len(self._discovered)):
            same = refits == self._cluster_of(number)
            result[len(own) + number] = np.where(refits == -2, -1, same)
        return result

    def _cluster_of(self, number: int) -> int:
        """The cluster that most of a discovered theme comes from."""
        return int(np.bincount(self._labels[self._own == number]).argmax())

    def _named_keywords(self) -> list[list[str]]:
        """Keywords of each named theme among its own passages; none where it has none."""
        if not self.named:
            return []
        column = {theme.id: i for i, theme in enumerate(self.named)}
        ordered = self.assignments_.sort_values("score", kind="stable", ascending=False)
        first = ordered.drop_duplicates("passage_id")
        themes = dict(zip(first["passage_id"], first["theme_id"], strict=True))
        rest = len(self.named)
        carried = self._passages["passage_id"].map(lambda p: column.get(themes.get(p, ""), rest))
        present = sorted(set(carried))
        labels = carried.map({c: i for i, c in enumerate(present)}).to_numpy()
        centroids = np.array([_centroid(self._vectors[labels == i]) for i in range(len(present))])
        found = describe(self._passages, labels, centroids, self._embed)
        words = {c: keywords for c, (_, keywords) in zip(present, found, strict=True)}
        return [words.get(i, []) for i in range(len(self.named))]

    def exemplars(self, theme_id: str, most: int = _EXEMPLARS) -> list[str]:
        """Passages that show a theme best: high scores, near its centroid, one an independent text."""
        own = self.assignments_[self.assignments_["theme_id"] == theme_id]
        if own.empty:
            return []
        rows = self._rows_of(own)
        centroid = self.centroid(theme_id)
        table = self._passages.loc[rows, ["passage_id", "document_id", "copy_group"]].assign(
            rank=own["score"].to_numpy() + self._vectors[rows] @ centroid
        )
        table = table.sort_values("rank", ascending=False, kind="stable")
        return (
            table.drop_duplicates("copy_group")
            .drop_duplicates("document_id")["passage_id"]
            .head(most)
            .tolist()
        )

    def centroid(self, theme_id: str) -> np.ndarray:
        """Mean direction of a theme's passages, a unit vector ``(dim,)``; of none, zeros."""
        own = self.assignments_[self.assignments_["theme_id"] == theme_id]
        return _centroid(self._vectors[self._rows_of(own)])

    def _rows_of(self, assignments: pd.DataFrame) -> np.ndarray:
        position = pd.Series(self._passages.index, self._passages["passage_id"])
        return position[assignments["passage_id"]].to_numpy()

    def _parents(self) -> dict[str, str]:
        """For each discovered theme the largest theme of its group at the coarser level."""
        if not len(self._coarse):
            return {}
        group = {}
        for theme in range(len(self._discovered)):
            group[theme] = int(np.bincount(self._coarse[self._own == theme]).argmax())
        parents = {}
        for theme, own in group.items():
            head = min(other for other, g in group.items() if g == own)  # largest first
            if head != theme:
                parents[self._discovered[theme][0]] = self._discovered[head][0]
        return parents

    @property
    def clusters_(self) -> np.ndarray:
        """Cluster of each fitted passage at the chosen level, before themes were made of them."""
        return self._labels

    @property
    def theme_of_passage_(self) -> pd.Series:
        """The strongest theme of each fitted passage by passage_id; missing where it has none."""
        return self.strongest(self.assignments_).reindex(self._passages["passage_id"])

    def strongest(self, assignments: pd.DataFrame) -> pd.Series:
        """The strongest theme by passage_id among assignments of this model; named ones first."""
        order = {theme_id: i for i, theme_id in enumerate(self.theme_ids)}
        return (
            assignments.assign(order=assignments["theme_id"].map(order))
            .assign(named=lambda t: t["order"] < len(self.named))
            .sort_values(["named", "score", "order"], ascending=[False, False, True], kind="stable")
            .drop_duplicates("passage_id")
            .set_index("passage_id")["theme_id"]
        )

    @cached_property
    def bertopic_(self) -> BERTopic:
        """A `BERTopic` fitted to these themes, for its tables and visualisations.

        Passages without a theme are its outliers, -1. Topic numbers follow falling size.
        """
        from topics.model.bertopic import as_bertopic

        names = dict(zip(self.themes_["theme_id"], self.themes_["name"], strict=True))
        texts = self._passages["text"].tolist()
        return as_bertopic(texts, self._vectors, self.theme_of_passage_, names, self.embedder)

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder as JSON, NumPy and Parquet files; no pickle."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "format": _FORMAT,
            "random_state": self.random_state,
            "embedder": self.embedder if isinstance(self.embedder, str) else self.embedder.name,
            "named": [asdict(theme) for theme in self.named],
            "discovered": self._discovered,
            "word_weights": self._scorer.word_weights,
        }
        (folder / "model.json").write_text(json.dumps(state, indent=1))
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"named_{k}": v for k, v in vars(self._scorer).items() if k != "word_weights"}
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        for name in _FRAMES:
            getattr(self, name).to_parquet(folder / f"{name.strip('_')}.parquet")

    @classmethod
    def load(cls, folder: str | Path, *, embedder: str | Embedder | None = None) -> ThemeModel:
        """Read a model that `save` wrote; it predicts as the one that was saved.

        Raises
        ------
        InputError
            If the folder does not hold a model of this format.
        """
        folder = Path(folder)
        try:
            state = json.loads((folder / "model.json").read_text())
            with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
                arrays = dict(stored)
            frames = {n: pd.read_parquet(folder / f"{n.strip('_')}.parquet") for n in _FRAMES}
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise InputError(f"model: {str(folder)!r} holds no saved model: {error}") from error
        if state.get("format") != _FORMAT:
            raise InputError(f"model: format {state.get('format')!r} is not known; fit it again")
        named = [
            NamedTheme(**{**t, "phrases": tuple(t["phrases"]), "not_": tuple(t["not_"])})
            for t in state["named"]
        ]
        model = cls(named, state["random_state"], embedder=embedder or state["embedder"])
        model._discovered = [(slug, name, words) for slug, name, words in state["discovered"]]
        fitted = {k.removeprefix("named_"): v for k, v in arrays.items() if k[:6] == "named_"}
        model._scorer = ThemeScorer(word_weights=state["word_weights"], **fitted)
        for name in _ARRAYS:
            setattr(model, name, arrays[name])
        for name, frame in frames.items():
            setattr(model, name, frame)
        return model


def _predict_part(part: tuple[pd.DataFrame, np.ndarray], model: ThemeModel) -> pd.DataFrame:
    return model._assign(part[0], *model._scores(*part))


def _whole_documents(passages: pd.DataFrame) -> Iterator[slice]:
    """Rows in parts of about `_PART`, cut where no document goes on."""
    codes, _ = pd.factorize(passages["document_id"], use_na_sentinel=False)
    rows, last = np.arange(len(codes)), np.zeros(len(codes), int)
    last[codes] = rows  # of several rows of a document, the last one stays
    ends = np.flatnonzero(np.maximum.accumulate(last[codes]) == rows) + 1
    expected = np.arange(_PART, len(codes), _PART)
    cuts = np.unique([0, *ends[np.searchsorted(ends, expected)], len(codes)])
    yield from map(slice, cuts[:-1], cuts[1:])


def _checked(passages: pd.DataFrame, vectors: np.ndarray, dim: int | None = None) -> np.ndarray:
    if not len(passages):
        raise InputError("themes: expected at least one passage, got none")
    return _as_rows(vectors, dim, len(passages))


def _as_rows(vectors: np.ndarray, dim: int | None = None, n: int | None = None) -> np.ndarray:
    """Vectors as float32 rows, `n` of them and of the model's dimension where these are given."""
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or (n is not None and len(vectors) != n):
        raise InputError(
            f"themes: expected one vector a passage, shape ({'n' if n is None else n}, dim), "
            f"got {vectors.shape}"
        )
    if dim is not None and vectors.shape[1] != dim:
        raise InputError(
            f"themes: the model was fitted to vectors of {dim} dimensions, got {vectors.shape[1]}"
        )
    return vectors


def _strongest(votes: np.ndarray) -> np.ndarray:
    """Number of the theme with most votes in each row, -1 where there are none."""
    none = np.full((len(votes), 1), 1e-9)  # stands before the themes: wins where all are zero
    return np.hstack([none, votes]).argmax(axis=1) - 1


def _vote_weights(near: np.ndarray) -> np.ndarray:
    """Weights of neighbours by the cube of their cosine; rows sum to one."""
    weights = np.clip(near, 1e-3, 1) ** 3
    return weights / weights.sum(axis=1, keepdims=True)


def _centroid(vectors: np.ndarray) -> np.ndarray:
    mean = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def _slugs(names: Iterable[str], taken: set[str]) -> list[str]:
    """A readable id for each name, none of them twice or taken."""
    slugs: list[str] = []
    for name in names:
        base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "theme"
        slug, number = base, 2
        while slug in taken or slug in slugs:
            slug, number = f"{base}-{number}", number + 1
        slugs.append(slug)
    return slugs
