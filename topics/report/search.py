"""The passages of a run, packed into the report so that its reader can filter and search them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from topics.figures.format import QUIET, theme_colours
from topics.measures.shares import choose_period
from topics.read.fields import language_name

if TYPE_CHECKING:
    from topics.run import Run

_MAX_CHARACTERS = 12_000_000  # of text in one report: about 5 MB of it
_CUT = 300
_GROUPS = ("source", "country", "language")  # of documents, to choose from


def packed(text: str) -> str:
    """Text as gzip in base64: nothing in it means anything to HTML, and its bytes repeat."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def passage_search(run: Run) -> dict[str, Any]:
    """What the page needs to let its reader look through the passages.

    Returns
    -------
    dict
        ``themes`` (id, name, passages, colour), ``quiet`` (the colour of none), ``groups`` (by
        "source", "country" and "language", value and name of each) and ``periods`` (first day, last
        day, name, passages) to choose from; ``n`` passages ``of`` so many, ``without`` a theme; ``cut``, the characters kept
        of each passage, None for all of them and 0 in a report without texts; ``data``, the
        passages packed.
    """
    passages = run.passages.iloc[run.fitted]
    cut = _CUT if passages["text"].str.len().sum() > _MAX_CHARACTERS else None
    documents = passages.drop_duplicates("document_id")
    if run.options.no_text:
        cut, documents = 0, documents.assign(title=None)
    groups = {column: documents[column].astype("category") for column in _GROUPS}
    own = run.assignments[run.assignments["passage_id"].isin(passages["passage_id"])]
    ids, names = run.themes["theme_id"].tolist(), run.themes["name"].tolist()
    counts = own["theme_id"].value_counts().reindex(ids, fill_value=0)
    data = {
        "themes": [*zip(ids, names, strict=True)],
        "groups": {column: [*values.cat.categories] for column, values in groups.items()},
        "documents": _documents(documents, groups, run.copy_of),
        "passages": _passages(run, passages, documents["document_id"], cut),
    }
    return {
        "themes": [*zip(ids, names, counts, theme_colours(run).values(), strict=True)],
        "quiet": QUIET,
        "groups": {column: _choices(values) for column, values in groups.items()},
        "periods": _periods(passages["date"].dropna(), documents["date"]),
        "n": len(passages),
        "of": len(run.passages),
        "without": len(passages) - own["passage_id"].nunique(),
        "cut": cut,
        "data": packed(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
    }


def _choices(values: pd.Series) -> list[tuple[str, str]]:
    """Value and name of what can be chosen; nothing where nothing is known."""
    named = language_name if values.name == "language" else str
    known = [(value, named(value)) for value in values.cat.categories]
    return [*known, ("none", "not known")] if known and values.isna().any() else known


def _periods(dates: pd.Series, of_documents: pd.Series) -> list[tuple[str, str, str, int]]:
    """First day, last day, name and number of passages of each period."""
    if dates.empty:
        return []
    own = dates.dt.to_period(choose_period(of_documents))
    every = pd.period_range(own.min(), own.max())
    counts = own.value_counts().reindex(every, fill_value=0)
    return [(_day(p.start_time), _day(p.end_time), str(p), int(counts[p])) for p in every]


def _day(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d}"


def _documents(
    documents: pd.DataFrame, groups: dict[str, pd.Series], copy_of: pd.Series
) -> list[list[Any]]:
    """document_id, title, date, url, the number of each group, -1 where it is not known, and 1 if
    it is no near-duplicate of an earlier one.

    Of addresses only those of web pages are kept: others may run something or open a file.
    """
    frame = documents[["document_id", "title"]].astype(object)
    frame["date"] = documents["date"].dt.strftime("%Y-%m-%d")
    is_web = documents["url"].str.match(r"https?://", case=False, na=False)
    frame["url"] = documents["url"].where(is_web)
    for column, values in groups.items():
        frame[column] = values.cat.codes
    frame["independent"] = documents["document_id"].isin(copy_of).astype(int)
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def _passages(
    run: Run, passages: pd.DataFrame, documents: pd.Series, cut: int | None
) -> list[list[Any]]:
    """Number of the document, start, end, text, numbers of all themes and of the strongest."""
    numbers = {theme: i for i, theme in enumerate(run.themes["theme_id"])}
    places = {document: i for i, document in enumerate(documents)}
    themes = (
        run.assignments["theme_id"].map(numbers).groupby(run.assignments["passage_id"]).agg(list)
    )
    strongest = [numbers.get(theme, -1) for theme in run.theme_of_passage.iloc[run.fitted]]
    return [
        [places[p.document_id], p.start, p.end, p.text[:cut], themes.get(p.passage_id, []), top]
        for p, top in zip(passages.itertuples(), strongest, strict=True)
    ]
