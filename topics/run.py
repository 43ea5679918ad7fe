"""What one run found: passages, themes, the map; saved without pickle, and changed by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics import cache
from topics.errors import InputError, log
from topics.model.compare import CHANGE_COLUMNS, changes, read_earlier
from topics.model.edits import Edits, read_edits
from topics.model.themes import ThemeModel
from topics.options import Options
from topics.read.corpus import Corpus
from topics.vectors.encoders import embed

if TYPE_CHECKING:
    from distributed import Client


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
        For each analysed document by id, the earliest document that it is a near-duplicate of.
    passages, vectors
        The passages and their unit vectors ``(n, dim)``, row by row.
    model
        The `ThemeModel`, fitted on all passages; on a sample of whole documents where there are
        more than 30,000; or on those of an earlier run, where few have been added to them since.
    fitted
        ``(m,)`` rows of the passages that it was fitted on.
    drawn
        ``(k,)`` rows of the passages on the map: those, others up to 60,000, and what was added since.
    assignments
        passage_id, theme_id, score of all passages; see `ThemeModel.assignments_`.
    coordinates
        ``(k, 2)`` place of each drawn passage on the map.
    about
        Versions, digests of what the run depends on, the fit of its themes (digest and passages of
        the corpus then), and the timeline of the process that computed it, see `stage`.
    changes
        What changed since an earlier run, see `topics.model.compare.changes`; no rows without one.
    options
        What `analyse` was told.
    """

    corpus: Corpus
    left_out: pd.DataFrame
    copy_of: pd.Series
    passages: pd.DataFrame
    vectors: np.ndarray
    model: ThemeModel
    fitted: np.ndarray
    drawn: np.ndarray
    assignments: pd.DataFrame
    coordinates: np.ndarray
    about: dict[str, Any]
    changes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CHANGE_COLUMNS))
    options: Options = field(default_factory=Options)

    @cached_property
    def documents(self) -> pd.DataFrame:
        """The documents that were analysed."""
        return without(self.corpus.documents, self.left_out)

    @property
    def added(self) -> int:
        """Number of passages that have come since the themes were found."""
        return len(self.passages) - self.about["fit"]["passages"]

    @cached_property
    def themes(self) -> pd.DataFrame:
        """One row a theme, see `ThemeModel.themes_`; passages and documents of all are counted."""
        themes, assigned = self.model.themes_, self.assignments
        if len(self.fitted) == len(self.passages):
            return themes
        owner = self.passages.set_index("passage_id")["document_id"]
        of_theme = owner.loc[assigned["passage_id"]].groupby(assigned["theme_id"].to_numpy())
        counts = of_theme.agg(["size", "nunique"]).reindex(themes["theme_id"], fill_value=0)
        n_passages, n_documents = counts.to_numpy().T
        return themes.assign(n_passages=n_passages, n_documents=n_documents)

    @cached_property
    def row_of_passage(self) -> pd.Series:
        """The row of each passage by passage_id."""
        return pd.Series(range(len(self.passages)), self.passages["passage_id"])

    @cached_property
    def theme_of_passage(self) -> pd.Series:
        """The strongest theme of each passage by passage_id; missing where it has none."""
        return self.model.strongest(self.assignments).reindex(self.passages["passage_id"])

    def edit(self, edits: Edits) -> Run:
        """The run with discovered themes changed by hand, see `ThemeModel.edited`.

        Write the edits into a file for ``--edits`` to have them in a report.
        """
        model, options = self.model.edited(edits), self.options
        tell_unfit(model.edits_[len(self.model.edits_) :])
        found = assigned(model, self.fitted, self.passages, self.vectors)
        options = replace(options, edits=[*read_edits(options.edits), *read_edits(edits)])
        run = replace(self, model=model, assignments=found, options=options)
        if options.base:
            earlier = read_earlier(options.base, partial(embed, embedder=options.embedder))
            run.changes = changes(earlier, run.themes, self.passages)
        return run

    def _repr_html_(self) -> str:
        return self.corpus._repr_html_() + self.model._repr_html_()

    def save(self, folder: Path) -> None:
        """Write the run into a folder, without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        parts |= {**vars(self.corpus), "copy_of": self.copy_of.to_frame("copy_of")}
        for name, part in parts.items():
            if isinstance(part, pd.DataFrame):
                part.to_parquet(folder / f"{name}.parquet")
        arrays = {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        self.model.save(folder / "model")
        (folder / "about.json").write_text(json.dumps(self.about, indent=1))
        cache.write_checksum(folder)

    @classmethod
    def load(cls, folder: Path, options: Options | None = None) -> Run:
        """Read a run that `save` wrote; `options` are those that it was made with.

        Raises
        ------
        InputError
            If a file is missing or was changed.
        """
        options = options or Options()
        if not cache.is_intact(folder):
            raise InputError(f"run: {str(folder)!r} is damaged or not complete")
        frames = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
        with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        return cls(
            corpus=Corpus(**{part.name: frames.pop(part.name) for part in fields(Corpus)}),
            copy_of=frames.pop("copy_of")["copy_of"],
            model=ThemeModel.load(folder / "model", embedder=options.embedder),
            about=json.loads((folder / "about.json").read_text()),
            options=options,
            **frames,
            **arrays,
        )


def assigned(
    model: ThemeModel, fitted: np.ndarray, passages: pd.DataFrame, vectors: np.ndarray,
    client: Client | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Assignments of all passages, in their order: of those not fitted by the same rule."""
    others = np.ones(len(passages), bool)
    others[fitted] = False
    if not others.any():
        return model.assignments_
    predicted = model.predict(passages, vectors, rows=others, client=client)
    both = pd.concat([model.assignments_, predicted])
    place = pd.Index(passages["passage_id"]).get_indexer(both["passage_id"])
    return both.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)


def tell_unfit(edits: pd.DataFrame) -> None:
    """Say which edits no longer fit, and why."""
    for told in edits[edits["problem"] != ""].itertuples():
        log(f"edits: {told.edit}: {told.problem}; this edit is left out")


def without(documents: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """The documents that were not left out."""
    if left_out.empty:
        return documents
    return documents[~documents["document_id"].isin(left_out["document_id"])]
