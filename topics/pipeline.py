"""The whole line in one call: read, cut, embed, find themes, draw the map; cached as one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from topics import cache
from topics.cache import cache_dir, code_digest, digest, written_atomically
from topics.errors import InputError, log
from topics.model.compare import Earlier, changes, earlier_files, read_earlier
from topics.model.discovered import min_words_for, says_enough
from topics.model.edits import read_edits
from topics.model.named_themes import NamedTheme
from topics.model.projection import project_2d
from topics.model.themes import ThemeModel
from topics.options import Options
from topics.parallel import Stage, Timeline, meanwhile, side_by_side, stage
from topics.read.corpus import Corpus, read_corpus
from topics.read.fields import language_counts
from topics.read.files import as_path, files_digest
from topics.run import Run, assigned, tell_unfit, without
from topics.text.duplicates import near_duplicate_groups
from topics.text.gold import labels_of_passages, read_gold
from topics.text.passages import split_passages
from topics.vectors.encoders import embed, encode, languages_read, load_embedder

if TYPE_CHECKING:
    from distributed import Client

# Passages that themes are fitted on; above, on a sample of documents. Of 61,000 passages of 20
# newsgroups the AMI of documents' themes with their classes is .55, .54 and .53 for themes fitted on
# 20,000, 30,000 and 60,000 (means of two or three seeds); 13, 8 and 5% of passages have none.
_MAX_FITTED = 30_000
_MAX_DRAWN = 60_000  # passages on the map and in the page's search
# Share of passages that may come to those of an earlier fit: more could be a theme of their own. Of 2
# to 10% added to 900 labelled documents .92 to .94 get a theme of their class, of the fitted .94 to .96.
_MAX_ADDED = 0.01
_BETWEEN = 3  # fitted passages between which another one is drawn
_RUNS: dict[str, Run] = {}  # of this process, so that four notebooks load a run once


def analyse(
    path: str | Path,
    themes: str | Path | Iterable[NamedTheme | dict[str, Any]] | None = None,
    *,
    progress: bool = True,
    client: Client | None = None,
    **options: Any,
) -> Run:
    """Read a folder and find its themes; a second call on the same input reads the cache.

    Parameters
    ----------
    path
        A file or folder, as for `read_corpus`.
    themes, options
        See `Options`.
    progress
        Say what is being done.
    client
        A `dask.distributed.Client` whose workers embed and assign, for the same result.

    Raises
    ------
    InputError
        If nothing can be read, or an option is wrong.
    """
    chosen = Options(themes=themes, **options)
    limit = cache.cache_limit()
    digests = input_digests(path, chosen)
    folder = _folder(digests)
    run = _RUNS.get(folder.name) or _cached(folder, chosen)
    if run is None:
        if chosen.edits:
            # Done on the run as it is stored: a notebook may have changed the tables of this one.
            plain = replace(chosen, edits=None)
            run = _cached(_folder(digests | {"edits": digest()}), plain)
            run = run or analyse(path, progress=progress, client=client, **vars(plain))
            run = run.edit(chosen.edits)
        else:
            run = _compute(path, chosen, digests, progress, client)
        run.about = run.about | {"digests": digests}
        try:
            with written_atomically(folder) as part:
                run.save(part)
            cache.trim(limit, keep=folder)
        except OSError as error:
            log(f"the run is not cached: {error}")
    _RUNS[folder.name] = run if run.options == chosen else replace(run, options=chosen)
    return _RUNS[folder.name]


def _folder(digests: dict[str, str]) -> Path:
    """Where the cache keeps a run on an input with these digests."""
    return cache_dir() / "runs" / digest(*digests.values())[:24]


def _cached(folder: Path, options: Options) -> Run | None:
    """The run in a folder of the cache, if it is there and whole."""
    if not folder.exists():
        return None
    try:
        run = Run.load(folder, options)
        if _folder(run.about["digests"]) != folder:
            raise InputError(f"run: {str(folder)!r} is that of another input")
        cache.touch(folder)
        tell_unfit(run.model.edits_)
        return run
    except (InputError, OSError) as error:
        log(f"{error}; it is computed again")
        cache.remove(folder)
        return None


def input_digests(path: str | Path, options: Options) -> dict[str, str]:
    """Digests of all that the themes of a run depend on: files, options, encoder, code, versions."""
    embedder = options.embedder
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    told = [dict(options.columns or {}), options.all_languages, options.seed]
    return {
        "corpus": files_digest(as_path(path)),
        "options": digest(json.dumps(told, sort_keys=True)),
        "themes": digest(repr(ThemeModel(options.themes or ()).named)),
        "edits": digest(*map(str, read_edits(options.edits))),
        "gold": digest(read_gold(options.gold).to_csv()) if options.gold else "",
        "base": digest(*map(files_digest, earlier_files(options.base) if options.base else [])),
        "model": digest(model.name),
        "code": code_digest(),
    }


class _Found(NamedTuple):
    """A model and its map, as `Run` has them."""

    model: ThemeModel
    fitted: np.ndarray
    drawn: np.ndarray
    coordinates: np.ndarray


def _compute(
    path: str | Path, options: Options, digests: dict[str, str], progress: bool,
    client: Client | None,
) -> Run:  # fmt: skip
    timeline = Timeline()
    at = partial(stage, timeline=timeline, progress=progress)
    embed_texts = partial(embed, embedder=options.embedder, progress=progress)
    read = _read(path, options, progress, at)
    passages = read["passages"]
    with at("embedding"):
        vectors = embed_texts(_to_embed(passages), client=client)
    earlier = read_earlier(options.base, embed_texts) if options.base else None
    kept = _kept(passages, vectors, digests, options)
    if kept is None:
        labels = None
        if options.gold:
            documents, gold = read["corpus"].documents, read_gold(options.gold)
            labels = labels_of_passages(passages, documents, gold)
        found = _fit(passages, vectors, labels, options, earlier, timeline, at)
        fit = {"corpus": digests["corpus"], "passages": len(passages)}
    else:
        found, fit = kept
    assignments = found.model.assignments_
    if len(found.fitted) < len(passages):
        with at("assignment"):
            assignments = assigned(found.model, found.fitted, passages, vectors, client)
    about = {"versions": cache.versions(), "python": sys.version.split()[0], "fit": fit,
             "timeline": timeline}  # fmt: skip
    run = Run(**read, **found._asdict(), vectors=vectors, assignments=assignments, about=about,
              options=options)  # fmt: skip
    if earlier is not None:
        run.changes = changes(earlier, run.themes, passages)
    if progress:
        log(f"{run.theme_of_passage.isna().mean():.0%} of the passages fit no theme")
    return run


def _read(path: str | Path, options: Options, progress: bool, at: Stage) -> dict[str, Any]:
    """The parts of a run that are known before its themes, but for the vectors."""
    load = partial(encode, ["."], options.embedder)  # what fails is told later
    with meanwhile(load) if isinstance(options.embedder, str) else nullcontext():
        with at("reading"):
            corpus = read_corpus(path, columns=options.columns, progress=progress)
            left_out = _left_out(corpus, options)
        with at("passages"):
            documents = without(corpus.documents, left_out)
            passages, found = side_by_side(
                partial(split_passages, documents), partial(_near_duplicates, documents)
            )
        copy_of = pd.Series(json.loads(found), documents["document_id"], dtype="str")
    return {"corpus": corpus, "left_out": left_out, "passages": passages, "copy_of": copy_of}


def _near_duplicates(documents: pd.DataFrame) -> bytes:
    """`near_duplicate_groups` of the documents, as JSON."""
    return json.dumps(near_duplicate_groups(documents, "document_id").tolist()).encode()


def _to_embed(passages: pd.DataFrame) -> list[str]:
    """The text of each passage, with its title where it alone says little."""
    enough = says_enough(passages["text"], min_words_for(passages["text"]))
    titled = passages["title"].fillna("") + "\n" + passages["text"]
    return passages["text"].where(enough, titled).tolist()


def _fit(
    passages: pd.DataFrame, vectors: np.ndarray, labels: pd.Series | None, options: Options,
    earlier: Earlier | None, timeline: Timeline, at: Stage,
) -> _Found:  # fmt: skip
    """A model fitted on the passages, or on a sample of them, and its map, drawn meanwhile."""
    fitted = _sampled(passages["document_id"], options.seed, _MAX_FITTED)
    if len(fitted) < len(passages):
        log(f"themes are fitted on {len(fitted):,} of {len(passages):,} passages")
    own, own_vectors = passages.iloc[fitted], vectors[fitted]
    labels = None if labels is None else labels.iloc[fitted]
    model = ThemeModel(options.themes or (), options.seed, embedder=options.embedder)

    def draw() -> bytes:
        with at("map"):
            places = project_2d(
                own_vectors, random_state=options.seed, neighbours=model.neighbours_
            )
        return json.dumps([places.tolist(), timeline["map"]]).encode()

    with at("themes"), threadpool_limits(1, "blas"):
        batch = model.link(own, own_vectors)
        find = partial(model.find, batch, labels=labels, earlier=earlier)
        _, told = side_by_side(find, draw)
        places, timeline["map"] = json.loads(told)
        found = _Found(model, fitted, fitted, np.array(places, np.float32))
        drawn = _sampled(passages["document_id"], options.seed, _MAX_DRAWN)
        return _also_drawn(found, np.setdiff1d(drawn, fitted), passages, vectors)


def _also_drawn(
    found: _Found, added: np.ndarray, passages: pd.DataFrame, vectors: np.ndarray
) -> _Found:
    """The same with more rows of passages on the map, each amid the fitted ones nearest to it."""
    near = found.model.nearest(passages.iloc[added], vectors[added], _BETWEEN)
    fitted = found.coordinates[pd.Index(found.drawn).get_indexer(found.fitted)]
    drawn = np.concatenate([found.drawn, added])
    places = np.concatenate([found.coordinates, fitted[near].mean(axis=1)])
    order = np.argsort(drawn)
    return found._replace(drawn=drawn[order], coordinates=places[order])


def _kept(
    passages: pd.DataFrame, vectors: np.ndarray, digests: dict[str, str], options: Options
) -> tuple[_Found, dict[str, Any]] | None:
    """The themes of an earlier run to whose passages few were added, and their fit."""
    ids, texts = pd.Index(passages["passage_id"]), passages["text"].to_numpy()
    for folder in _fitted_before(digests, len(passages)):
        run = _cached(folder, options)
        if run is None:
            continue
        rows = ids.get_indexer(run.passages["passage_id"])
        if (rows < 0).any() or (texts[rows] != run.passages["text"].to_numpy()).any():
            continue
        added = np.setdiff1d(np.arange(len(ids)), rows)
        log(
            f"themes are those of an earlier run on {len(rows):,} of these {len(ids):,} passages; "
            "they are found anew with another --seed, or after topics cache --clear"
        )
        found = _Found(run.model, rows[run.fitted], rows[run.drawn], run.coordinates)
        return _also_drawn(found, added, passages, vectors), run.about["fit"]
    return None


def _fitted_before(digests: dict[str, str], n: int) -> list[Path]:
    """Folders of runs of the same settings that found themes in at most so many passages and not
    many fewer, the most first.
    """
    found = []
    for path in (cache_dir() / "runs").glob("*/about.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            about = json.loads(path.read_text())
            own, then = about["digests"], about["fit"]["passages"]
            is_first = own["corpus"] == about["fit"]["corpus"]
            same = own | {"corpus": ""} == digests | {"corpus": ""}
            if is_first and same and then <= n <= (1 + _MAX_ADDED) * then:
                found.append((then, path.parent))
    return [folder for _, folder in sorted(found, reverse=True)]


def _sampled(documents: pd.Series, seed: int, n: int) -> np.ndarray:
    """At most `n` rows of passages: all, or those of documents drawn at random, the same first ones."""
    if len(documents) <= n:
        return np.arange(len(documents))
    codes, names = pd.factorize(documents)
    rank = np.random.default_rng(seed).permutation(len(names))[codes]
    order = np.argsort(rank, kind="stable")  # documents one after the other, at random
    end = np.searchsorted(rank[order], rank[order[n]])
    return np.sort(order[: end if end >= n / 2 else n])  # a document may be larger than all others


def _left_out(corpus: Corpus, options: Options) -> pd.DataFrame:
    """document_id, language of the documents that the embedder cannot read; says that there are."""
    documents = corpus.documents
    if documents.empty:
        reasons = "; ".join(f"{r.file}: {r.reason}" for r in corpus.skipped.head(3).itertuples())
        raise InputError(f"input: nothing could be read ({reasons})")
    read = languages_read(options.embedder)
    foreign = documents["language"].notna()
    foreign &= ~documents["language"].isin(read) if read and not options.all_languages else False
    found = language_counts(documents.loc[foreign, "language"])
    advice = "name a fastembed model that does with --embedder"
    if foreign.all():
        raise InputError(
            f"input: the documents are in {found}, which the {options.embedder} embedder does not "
            f"read; {advice}"
        )
    if foreign.any():
        log(
            f"left out: {foreign.sum():,} of {len(documents):,} documents, in {found}, which the "
            f"{options.embedder} embedder does not read; {advice}, or keep them with --all-languages"
        )
    return documents.loc[foreign, ["document_id", "language"]]
