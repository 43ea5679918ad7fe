"""Which documents carry which themes: the table that every share and test is counted from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from topics.analysis import Analysis

_ABOUT = ["document_id", "date", "source", "country", "language"]


@dataclass(frozen=True)
class Incidence:
    """Documents and their themes.

    Attributes
    ----------
    documents
        document_id, date, source, country, language; one row a document.
    carries
        One column a theme, True where a passage of the document carries it; same rows.
    """

    documents: pd.DataFrame
    carries: pd.DataFrame

    @classmethod
    def of(cls, analysis: Analysis, *, independent: bool = True) -> Incidence:
        """Count a run, without later near-copies of earlier documents if `independent`."""
        documents = analysis.documents[_ABOUT]
        if independent:
            documents = documents[documents["document_id"].isin(analysis.copy_of)]
        documents = documents.reset_index(drop=True)
        owner = analysis.passages[["passage_id", "document_id"]]
        pairs = analysis.assignments.merge(owner, on="passage_id")
        rows = pd.Index(documents["document_id"]).get_indexer(pairs["document_id"])
        themes = pd.Index(analysis.themes["theme_id"])
        carries = np.zeros((len(documents), len(themes)), dtype=bool)
        known = rows >= 0
        carries[rows[known], themes.get_indexer(pairs["theme_id"])[known]] = True
        return cls(documents, pd.DataFrame(carries, columns=themes))

    def where(self, kept: np.ndarray | pd.Series) -> Incidence:
        """The documents for which `kept`, a boolean a row, is True."""
        kept = np.asarray(kept, dtype=bool)
        return Incidence(
            self.documents[kept].reset_index(drop=True), self.carries[kept].reset_index(drop=True)
        )

    @cached_property
    def dated(self) -> Incidence:
        """The documents whose date is known."""
        return self.where(self.documents["date"].notna())

    @cached_property
    def voices(self) -> np.ndarray:
        """Number of the voice of each document: its source and country; its own if unknown."""
        about = self.documents[["source", "country"]]
        known = about.notna().any(axis=1).to_numpy()
        codes = about.groupby(["source", "country"], dropna=False, sort=True).ngroup().to_numpy()
        alone = codes.max(initial=-1) + 1 + np.arange(len(codes))
        return np.unique(np.where(known, codes, alone), return_inverse=True)[1]

    @cached_property
    def days(self) -> np.ndarray:
        """Number of the block of each document: its voice's documents of one day."""
        days = self.documents["date"].dt.normalize().astype("int64").to_numpy()
        alone = np.where(self.documents["date"].isna(), np.arange(len(days)), -1)
        blocks = np.column_stack([self.voices, days, alone])
        return np.unique(blocks, axis=0, return_inverse=True)[1].ravel()
