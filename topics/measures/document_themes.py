"""Which documents have which themes: the table that every share and test is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.measures.permutation import permuted_within

if TYPE_CHECKING:
    from topics.run import Run

_MIN_TO_DOUBT = 10  # dated documents; of fewer all dates are believed
_ABOUT = ["document_id", "date", "source", "country", "language"]


@dataclass(frozen=True, eq=False)
class DocumentThemes:
    """Documents and their themes.

    Attributes
    ----------
    documents
        document_id, date, source, country, language; one row a document.
    has_theme
        One column a theme, True where a passage of the document has it; same rows.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": ["a", "b"], "source": ["Gull", "Gull"],
    ...     "date": pd.to_datetime(["2025-05-01", "2025-05-01"]), "country": None})
    >>> table = DocumentThemes(documents, pd.DataFrame({"ferries": [True, False]}))
    >>> table.source_days
    array([0, 0])
    """

    documents: pd.DataFrame
    has_theme: pd.DataFrame

    @classmethod
    def from_run(cls, run: Run, *, independent: bool = True) -> DocumentThemes:
        """Count a run, without later near-duplicates of earlier documents if `independent`."""
        documents = run.documents[_ABOUT]
        if independent:
            documents = documents[documents["document_id"].isin(run.copy_of)]
        documents = documents.reset_index(drop=True)
        pairs = run.assignments.merge(run.passages[["passage_id", "document_id"]], on="passage_id")
        themes = pd.Index(run.themes["theme_id"])
        ids = pd.Index(documents["document_id"])
        has_theme = crossed(ids, themes, pairs["document_id"], pairs["theme_id"])
        return cls(documents, pd.DataFrame(has_theme, columns=themes))

    def where(self, rows: np.ndarray | pd.Series) -> DocumentThemes:
        """The documents for which `rows`, a boolean each, is True."""
        rows = np.asarray(rows, dtype=bool)
        tables = self.documents[rows], self.has_theme[rows]
        return DocumentThemes(*(table.reset_index(drop=True) for table in tables))

    def only(self, themes: Sequence[str]) -> DocumentThemes:
        """These themes alone, so that no test is corrected for the others."""
        kept = DocumentThemes(self.documents, self.has_theme[list(themes)])
        numbers = ("sources", "voices", "source_days")  # the same, and slow to find anew
        vars(kept).update((name, getattr(self, name)) for name in numbers)
        return kept

    def permuted(self, random_state: int = 0) -> DocumentThemes:
        """The same with dates exchanged at random between what a source published on different days.

        A placebo: nothing that is found in it can be about time.
        """
        first = np.unique(self.source_days, return_index=True)[1]
        random, dates = np.random.default_rng(random_state), self.documents["date"].to_numpy()
        exchanged = dates[first][permuted_within(self.sources[first], random)]
        documents = self.documents.assign(date=exchanged[self.source_days])
        return DocumentThemes(documents, self.has_theme)

    @cached_property
    def dated(self) -> DocumentThemes:
        """The documents whose date is known, and is not so far from the others as to be mistaken.

        That is more than half the span of the middle 96% of them, and more than 30 days, away.
        Of fewer than 10 documents all are believed.
        """
        dates = self.documents["date"]
        if dates.count() < _MIN_TO_DOUBT:
            return self.where(dates.notna())
        low = dates.quantile(0.02, interpolation="higher")
        high = dates.quantile(0.98, interpolation="lower")
        reach = max((high - low) / 2, pd.Timedelta(days=30))
        return self.where(dates.between(low - reach, high + reach))

    @cached_property
    def sources(self) -> np.ndarray:
        """Number of the source and country of each document; where neither is known, one more."""
        about = self.documents[["source", "country"]]
        return about.groupby(["source", "country"], dropna=False).ngroup().to_numpy()

    @cached_property
    def voices(self) -> np.ndarray:
        """Number of the source and country of each document; one of its own if neither is known."""
        known = self.documents[["source", "country"]].notna().any(axis=1).to_numpy()
        return _numbered(self.sources, np.where(known, -1, np.arange(len(known))))

    @cached_property
    def source_days(self) -> np.ndarray:
        """Number of the voice and day of each document; one of its own if the day is not known."""
        dates = self.documents["date"].dt.normalize()
        alone = np.where(dates.isna(), np.arange(len(dates)), -1)
        return _numbered(self.voices, dates.astype("int64").to_numpy(), alone)


def crossed(
    rows: pd.Index, columns: pd.Index, of_row: pd.Series, of_column: pd.Series
) -> np.ndarray:
    """Whether each row is paired with each column ``(rows, columns)``.

    >>> crossed(pd.Index(["a", "b"]), pd.Index(["x"]), pd.Series(["b"]), pd.Series(["x"])).tolist()
    [[False], [True]]
    """
    table = np.zeros((len(rows), len(columns)), dtype=bool)
    i, j = rows.get_indexer(of_row), columns.get_indexer(of_column)
    known = (i >= 0) & (j >= 0)
    table[i[known], j[known]] = True
    return table


def _numbered(*columns: np.ndarray) -> np.ndarray:
    """Rows that are the same in all columns get the same number, from 0 on."""
    return np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].ravel()
