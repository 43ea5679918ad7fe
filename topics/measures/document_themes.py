"""Which documents carry which themes: the table that every share and test is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from topics.run import Run

_FEW = 10
_ABOUT = ["document_id", "date", "source", "country", "language"]


@dataclass(frozen=True, eq=False)
class DocumentThemes:
    """Documents and their themes.

    Attributes
    ----------
    documents
        document_id, date, source, country, language; one row a document.
    has_theme
        One column a theme, True where a passage of the document carries it; same rows.
    """

    documents: pd.DataFrame
    has_theme: pd.DataFrame

    @classmethod
    @lru_cache(maxsize=4)  # four notebooks ask
    def from_run(cls, run: Run, *, independent: bool = True) -> DocumentThemes:
        """Count a run, without later near-copies of earlier documents if `independent`."""
        documents = run.documents[_ABOUT]
        if independent:
            documents = documents[documents["document_id"].isin(run.copy_of)]
        documents = documents.reset_index(drop=True)
        owner = run.passages[["passage_id", "document_id"]]
        pairs = run.assignments.merge(owner, on="passage_id")
        rows = pd.Index(documents["document_id"]).get_indexer(pairs["document_id"])
        themes = pd.Index(run.themes["theme_id"])
        carries = np.zeros((len(documents), len(themes)), dtype=bool)
        known = rows >= 0
        carries[rows[known], themes.get_indexer(pairs["theme_id"])[known]] = True
        return cls(documents, pd.DataFrame(carries, columns=themes))

    def where(self, kept: np.ndarray | pd.Series) -> DocumentThemes:
        """The documents for which `kept`, a boolean a row, is True."""
        kept = np.asarray(kept, dtype=bool)
        part = DocumentThemes(
            self.documents[kept].reset_index(drop=True), self.has_theme[kept].reset_index(drop=True)
        )
        for name in {"strata", "voices", "days"} & set(vars(self)):  # known: not grouped once more
            vars(part)[name] = _from_zero(getattr(self, name)[kept])
        return part

    def only(self, themes: Sequence[str]) -> DocumentThemes:
        """These themes alone, so that no test is corrected for the others."""
        return DocumentThemes(self.documents, self.has_theme[list(themes)])

    def permuted(self, random_state: int = 0) -> DocumentThemes:
        """The same with dates exchanged at random between what a source published on different days.

        A placebo: nothing that is found in it can be about time.
        """
        random = np.random.default_rng(random_state)
        first = np.unique(self.days, return_index=True)[1]
        strata, dates = self.strata[first], self.documents["date"].to_numpy()[first]
        exchanged = dates.copy()
        exchanged[np.argsort(strata, kind="stable")] = dates[
            np.argsort(strata + random.random(len(strata)))
        ]
        return DocumentThemes(self.documents.assign(date=exchanged[self.days]), self.has_theme)

    @cached_property
    def dated(self) -> DocumentThemes:
        """The documents whose date is known, and is not so far from the others as to be mistaken.

        That is more than half the span of the middle 96% of them, and more than 30 days, away.
        Of fewer than 10 documents all are believed.
        """
        dates = self.documents["date"]
        if dates.count() < _FEW:
            return self.where(dates.notna())
        low = dates.quantile(0.02, interpolation="higher")
        high = dates.quantile(0.98, interpolation="lower")
        reach = max((high - low) / 2, pd.Timedelta(days=30))
        return self.where(dates.between(low - reach, high + reach))

    @cached_property
    def strata(self) -> np.ndarray:
        """Number of the source and country of each document; where neither is known, one more."""
        about = self.documents[["source", "country"]]
        return about.groupby(["source", "country"], dropna=False).ngroup().to_numpy()

    @cached_property
    def voices(self) -> np.ndarray:
        """Number of the voice of each document: its source and country; its own if unknown."""
        known = self.documents[["source", "country"]].notna().any(axis=1).to_numpy()
        return _numbered(self.strata, np.where(known, -1, np.arange(len(known))))

    @cached_property
    def days(self) -> np.ndarray:
        """Number of the block of each document: what its voice published on one day."""
        dates = self.documents["date"].dt.normalize()
        alone = np.where(dates.isna(), np.arange(len(dates)), -1)
        return _numbered(self.voices, dates.astype("int64").to_numpy(), alone)


def _numbered(*columns: np.ndarray) -> np.ndarray:
    """Rows that are the same in all columns get the same number, from 0 on."""
    return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()


def _from_zero(numbers: np.ndarray) -> np.ndarray:
    """The same numbers without gaps, in the same order."""
    held = np.bincount(numbers) > 0
    return (np.cumsum(held) - 1)[numbers]
