"""The whole line in one call: read, cut, embed, find themes, lay out; cached as one run."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from topics import cache
from topics.cache import cache_dir, code_digest, digest, log, written_atomically
from topics.errors import InputError
from topics.model.compare import CHANGE_COLUMNS, Earlier, changes, earlier_files, read_earlier
from topics.model.named_themes import NamedTheme
from topics.model.projection import project_2d
from topics.model.themes import ThemeModel
from topics.read.corpus import Corpus, read_corpus
from topics.read.files import find_files, shown_name
from topics.text.duplicates import document_duplicates
from topics.text.passages import split_passages
from topics.vectors.encoders import Embedder, embed, load_embedder, reads_english_only

if TYPE_CHECKING:
    from distributed import Client

_PACKAGES = ("bertopic", "fastembed", "graspologic-native", "numpy", "onnxruntime", "pandas",
             "plotly", "scikit-learn", "trafilatura", "umap-learn")  # fmt: skip
_MANY = 20_000  # passages, which take the transformer several minutes
_MAX_FITTED = 60_000  # passages that themes are found on; of more, a sample
_RUNS: dict[str, Run] = {}  # of this process, so that four notebooks load a run once


@dataclass(eq=False)
class Run:
    """What one run found.

    Attributes
    ----------
    corpus
        What was read, and what was not.
    left_out
        document_id, language: read, but in a language that the embedder cannot read.
    copy_of
        For each analysed document by id, the earliest document that it is a near-copy of.
    passages, vectors
        The passages and their unit vectors ``(n, dim)``, row by row.
    model
        The `ThemeModel`, fitted on all passages, or on a sample of whole documents where there
        are more than 60,000.
    fitted
        ``(m,)`` rows of the passages that it was fitted on, which are also those on the map.
    assignments
        passage_id, theme_id, score of all passages; see `ThemeModel.assignments_`.
    layout
        ``(m, 2)`` place of each fitted passage on the map.
    about
        Versions, seed, parameters, digests, and seconds a stage took when it was computed.
    changes
        What changed since an earlier run, see `topics.model.compare.changes`; no rows without one.
    """

    corpus: Corpus
    left_out: pd.DataFrame
    copy_of: pd.Series
    passages: pd.DataFrame
    vectors: np.ndarray
    model: ThemeModel
    fitted: np.ndarray
    assignments: pd.DataFrame
    layout: np.ndarray
    about: dict[str, Any]
    changes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CHANGE_COLUMNS))

    @cached_property
    def documents(self) -> pd.DataFrame:
        """The documents that were analysed."""
        return _without(self.corpus.documents, self.left_out)

    @property
    def is_sampled(self) -> bool:
        """Whether themes were found on some of the passages only."""
        return len(self.fitted) < len(self.passages)

    @cached_property
    def themes(self) -> pd.DataFrame:
        """One row a theme, see `ThemeModel.themes_`; passages and documents of all are counted."""
        themes, carried = self.model.themes_, self.assignments
        if not self.is_sampled:
            return themes
        owner = self.passages.set_index("passage_id")["document_id"]
        of_theme = owner.loc[carried["passage_id"]].groupby(carried["theme_id"].to_numpy())
        counts = of_theme.agg(["size", "nunique"]).reindex(themes["theme_id"], fill_value=0)
        n_passages, n_documents = counts.to_numpy().T
        return themes.assign(n_passages=n_passages, n_documents=n_documents)

    @cached_property
    def theme_of_passage(self) -> pd.Series:
        """The strongest theme of each passage by passage_id; missing where it has none."""
        return self.model.strongest(self.assignments).reindex(self.passages["passage_id"])

    def _repr_html_(self) -> str:
        return self.corpus._repr_html_() + self.model._repr_html_()

    def save(self, folder: Path) -> None:
        """Write the run into a folder, without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _frames():
            getattr(self.corpus, name).to_parquet(folder / f"{name}.parquet")
        self.left_out.to_parquet(folder / "left_out.parquet")
        self.copy_of.to_frame("copy_of").to_parquet(folder / "copies.parquet")
        self.passages.to_parquet(folder / "passages.parquet")
        self.changes.to_parquet(folder / "changes.parquet")
        self.assignments.to_parquet(folder / "assignments.parquet")
        arrays = {"vectors": self.vectors, "fitted": self.fitted, "layout": self.layout}
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        self.model.save(folder / "model")
        (folder / "about.json").write_text(json.dumps(self.about, indent=1))
        (folder / "digests.json").write_text(cache.folder_digests(folder))

    @classmethod
    def load(cls, folder: Path, *, embedder: str | Embedder = "minilm") -> Run:
        """Read a run that `save` wrote.

        Raises
        ------
        InputError
            If a file is missing or was changed.
        """
        noted = folder / "digests.json"
        if not noted.is_file() or noted.read_bytes() != cache.folder_digests(folder).encode():
            raise InputError(f"run: {str(folder)!r} is damaged or not complete")
        corpus = Corpus(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in _frames()})
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            vectors, fitted, layout = (arrays[name] for name in ("vectors", "fitted", "layout"))
        return cls(
            corpus,
            pd.read_parquet(folder / "left_out.parquet"),
            pd.read_parquet(folder / "copies.parquet")["copy_of"],
            pd.read_parquet(folder / "passages.parquet"),
            vectors,
            ThemeModel.load(folder / "model", embedder=embedder),
            fitted,
            pd.read_parquet(folder / "assignments.parquet"),
            layout,
            json.loads((folder / "about.json").read_text()),
            pd.read_parquet(folder / "changes.parquet"),
        )


def _frames() -> list[str]:
    return [part.name for part in fields(Corpus)]


def analyse(
    path: str | Path,
    themes: str | Path | Iterable[NamedTheme | dict[str, Any]] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    all_languages: bool = False,
    base: str | Path | None = None,
    embedder: str | Embedder = "minilm",
    seed: int = 0,
    progress: bool = True,
    client: Client | None = None,
) -> Run:
    """Read a folder and find its themes; a second call on the same input reads the cache.

    Parameters
    ----------
    path
        A file or folder, as for `read_corpus`.
    themes
        Path of a themes file, or the themes themselves, or None for discovered themes only.
    columns
        As for `read_corpus`.
    all_languages
        Keep documents in languages that the embedder was not made for.
    base
        Output folder of an earlier report: themes that come again keep their ids and names, and
        `Run.changes` lists what is new, grown, shrunk or gone.
    embedder, seed
        As for `embed` and `ThemeModel`.
    progress
        Say what is being done.
    client
        As for `read_corpus` and `embed`: whose workers do it, for the same result.

    Raises
    ------
    InputError
        If nothing can be read, or an option is wrong.
    """
    limit = cache.cache_limit()
    named = ThemeModel(themes or ()).named
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    digests = {
        "corpus": _digest_of(Path(path)),
        "reading": digest(json.dumps([dict(columns or {}), all_languages], sort_keys=True)),
        "themes": digest(repr(named)),
        "base": digest(*map(_digest_of, earlier_files(base) if base else [])),
        "model": digest(model.name),
        "code": code_digest(),
    }
    key = digest(*digests.values(), str(seed))[:24]
    folder = cache_dir() / "runs" / key
    if key not in _RUNS and folder.is_dir():
        try:
            _RUNS[key] = Run.load(folder, embedder=embedder)
            cache.touch(folder)
        except (InputError, OSError) as error:
            log(f"{error}; it is computed again")
            cache.remove(folder)
    if key not in _RUNS:
        seconds: dict[str, float] = {}
        with _stage("reading", seconds, progress):
            corpus = read_corpus(path, columns=columns, progress=progress, client=client)
            left_out = _left_out(corpus, embedder, all_languages)
        earlier = None if base is None else read_earlier(base, embedder)
        run = _compute(corpus, left_out, named, earlier, embedder, seed, progress, seconds, client)
        run.about |= {"seed": seed, "embedder": model.name, "digests": digests}
        try:
            with written_atomically(folder) as part:
                run.save(part)
            cache.trim(limit, keep=folder)
        except OSError as error:
            log(f"the run is not cached: {error}")
        _RUNS[key] = run
    return _RUNS[key]


def _compute(
    corpus: Corpus,
    left_out: pd.DataFrame,
    named: list[NamedTheme],
    earlier: Earlier | None,
    embedder: str | Embedder,
    seed: int,
    progress: bool,
    seconds: dict[str, float],
    client: Client | None,
) -> Run:
    documents = _without(corpus.documents, left_out)
    with _stage("passages", seconds, progress):
        passages = split_passages(documents)
        copy_of = document_duplicates(documents)
    if embedder == "minilm" and len(passages) > _MANY:
        log(f"{len(passages):,} passages: with --embedder static they would take minutes")
    with _stage("embedding", seconds, progress):
        vectors = embed(passages["text"].tolist(), embedder, progress=progress, client=client)
    fitted = _sampled(passages["document_id"], seed)
    own, own_vectors = passages.iloc[fitted], vectors[fitted]
    with _stage("themes", seconds, progress), threadpool_limits(1, "blas"):
        model = ThemeModel(named, seed, embedder=embedder).fit(own, own_vectors, earlier=earlier)
    with _stage("map", seconds, progress):
        layout = project_2d(own_vectors, random_state=seed, neighbours=model.neighbours_)
    assignments = model.assignments_
    if len(fitted) < len(passages):
        log(f"themes are found on {len(fitted):,} of {len(passages):,} passages, and given to all")
        with _stage("assignment", seconds, progress):
            assignments = model.predict(passages, vectors, client=client)
    about = {
        "versions": {"topics": version("topics")} | {name: version(name) for name in _PACKAGES},
        "python": sys.version.split()[0],
        "seconds": seconds,
    }
    run = Run(
        corpus, left_out, copy_of, passages, vectors, model, fitted, assignments, layout, about
    )
    if earlier is not None:
        run.changes = changes(earlier, run.themes, run.assignments, passages)
    if progress:
        log(f"{run.theme_of_passage.isna().mean():.0%} of the passages fit no theme")
    return run


def _sampled(documents: pd.Series, seed: int) -> np.ndarray:
    """Rows of passages to find themes on: all, or those of documents drawn at random."""
    if len(documents) <= _MAX_FITTED:
        return np.arange(len(documents))
    codes, names = pd.factorize(documents)
    rank = np.random.default_rng(seed).permutation(len(names))[codes]
    order = np.argsort(rank, kind="stable")  # documents one after the other, at random
    end = np.searchsorted(rank[order], rank[order[_MAX_FITTED]])
    return np.sort(order[: end or _MAX_FITTED])


def _left_out(corpus: Corpus, embedder: str | Embedder, all_languages: bool) -> pd.DataFrame:
    """document_id, language of the documents that the embedder cannot read; says that there are."""
    documents = corpus.documents
    if documents.empty:
        reasons = "; ".join(f"{r.file}: {r.reason}" for r in corpus.skipped.head(3).itertuples())
        raise InputError(f"input: nothing could be read ({reasons})")
    foreign = documents["language"].notna() & (documents["language"] != "en")
    if all_languages or not reads_english_only(embedder):
        foreign &= False
    found = ", ".join(documents.loc[foreign, "language"].value_counts().index[:3])
    advice = "name a multilingual fastembed model with --embedder"
    if foreign.all():
        raise InputError(
            f"input: the {embedder} embedder reads English, the documents are in {found}; {advice}"
        )
    if foreign.any():
        log(
            f"left out: {foreign.sum():,} of {len(documents):,} documents, in {found}, which the "
            f"{embedder} embedder does not read; {advice}, or keep them with --all-languages"
        )
    return documents.loc[foreign, ["document_id", "language"]]


def _without(documents: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    if left_out.empty:
        return documents
    return documents[~documents["document_id"].isin(left_out["document_id"])]


@contextmanager
def _stage(name: str, seconds: dict[str, float], progress: bool) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - started, 2)
    if progress:
        log(f"{name}: {seconds[name]:.1f} s")


def _digest_of(root: Path) -> str:
    files, others = find_files(root)
    parts = [f"{shown_name(path, root)}: {reason}" for path, reason in others]
    for file in files:
        parts.append(shown_name(file, root))
        try:
            parts.append(cache.file_digest(file))
        except OSError as error:
            parts.append(str(error))
    return digest(*parts)
