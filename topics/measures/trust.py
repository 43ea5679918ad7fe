"""What documents and themes rest on, and whether what is said of a theme survives a refit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.intervals import REFITS, Estimate
from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import difference_within
from topics.measures.shares import periods_of
from topics.model.named_themes import NamedTheme

if TYPE_CHECKING:
    from topics.run import Run

_MAX_SCORED = 3000  # passages
_ZERO = 1e-9  # a difference that rounding makes
ABSENT = NamedTheme(
    "falconry",
    "Falconry",
    "Falconers train hawks and falcons to hunt from the glove.",
    ("a falconer flies her hawk", "hoods, jesses and lures for birds of prey"),
)


def theme_support(run: Run) -> pd.DataFrame:
    """What each theme rests on.

    Returns
    -------
    pd.DataFrame
        theme_id, passages, documents, independent (documents less near-duplicates), sources,
        largest_source and source_share (its share of the documents with a source), stability (see
        `ThemeModel.themes_`).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> documents = pd.DataFrame({"document_id": ["a", "b"], "date": pd.NaT, "language": "en",
    ...     "source": ["Gull", None], "country": None})
    >>> run = SimpleNamespace(
    ...     documents=documents, copy_of=pd.Series({"a": "a", "b": "b"}),
    ...     passages=pd.DataFrame({"passage_id": ["a:1", "b:1"], "document_id": ["a", "b"]}),
    ...     themes=pd.DataFrame({"theme_id": ["ferries"], "stability": 0.8}),
    ...     assignments=pd.DataFrame({"passage_id": ["a:1", "b:1"], "theme_id": "ferries"}),
    ... )
    >>> theme_support(run)[["documents", "sources", "largest_source", "source_share"]]
       documents  sources largest_source  source_share
    0          2        1           Gull           1.0
    """
    table = DocumentThemes.from_run(run, independent=False)
    independent = table.documents["document_id"].isin(run.copy_of)
    passages = run.assignments["theme_id"].value_counts()
    rows = []
    for theme_id, stability in run.themes[["theme_id", "stability"]].itertuples(index=False):
        own = table.has_theme[theme_id]
        sources = table.documents.loc[own, "source"].value_counts(normalize=True)
        largest = (sources.index[0], float(sources.iloc[0])) if len(sources) else (None, np.nan)
        counts = int(passages.get(theme_id, 0)), int(own.sum()), int((own & independent).sum())
        rows.append((theme_id, *counts, len(sources), *largest, stability))
    columns = ["theme_id", "passages", "documents", "independent", "sources", "largest_source",
               "source_share", "stability"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def near_duplicates(run: Run) -> pd.DataFrame:
    """document_id, source, copy_of, source_of_original: documents that are near-duplicates.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> documents = pd.DataFrame({"document_id": ["a", "b"], "source": ["Gull", "Heron"]})
    >>> near_duplicates(SimpleNamespace(documents=documents, copy_of=pd.Series({"a": "a", "b": "a"})))
      document_id source copy_of source_of_original
    0           b  Heron       a               Gull
    """
    sources = run.documents.set_index("document_id")[["source"]]
    copies = sources.assign(copy_of=run.copy_of).rename_axis("document_id").reset_index()
    copies = copies[copies["copy_of"] != copies["document_id"]]
    originals = sources.add_suffix("_of_original")
    return copies.merge(originals, left_on="copy_of", right_index=True).reset_index(drop=True)


def removed_boilerplate(run: Run, samples: int = 3) -> pd.DataFrame:
    """reason, blocks, files, longest: what was removed as boilerplate, the longest blocks shown.

    A block that many documents share counts once in each. A real paragraph that was removed by
    mistake is long: it will be among them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> boilerplate = pd.DataFrame({"file": ["a", "b"], "reason": "menu", "block": ["Home", "Log in"]})
    >>> boilerplate["documents"] = [1, 4]
    >>> removed_boilerplate(SimpleNamespace(corpus=SimpleNamespace(boilerplate=boilerplate)))
      reason  blocks  files        longest
    0   menu       5      2  Log in ¶ Home
    """
    longest_first = run.corpus.boilerplate.sort_values(
        "block", key=lambda blocks: blocks.str.len(), ascending=False, kind="stable"
    )
    table = longest_first.groupby("reason", as_index=False).agg(
        blocks=("documents", "sum"),
        files=("file", "nunique"),
        longest=("block", lambda blocks: " ¶ ".join(blocks.head(samples).unique())),
    )
    return table.sort_values("blocks", ascending=False, ignore_index=True)


def metadata_sources(run: Run) -> pd.DataFrame:
    """field, from, documents: where date, source, country and language were taken from.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> details = pd.DataFrame({"date_from": ["front matter", "file name", "file name"]})
    >>> metadata_sources(SimpleNamespace(corpus=SimpleNamespace(details=details)))
      field          from  documents
    0  date     file name          2
    1  date  front matter          1
    """
    details = run.corpus.details.filter(like="_from")
    long = details.melt(var_name="field", value_name="from").fillna({"from": "not known"})
    long["field"] = long["field"].str.removesuffix("_from")
    return long.groupby(["field", "from"], sort=True).size().rename("documents").reset_index()


def trend_survival(
    run: Run, changes: pd.DataFrame, period: str | None = None, refits: int = REFITS
) -> pd.DataFrame:
    """Whether what is said of each theme over time is said in refits too.

    The claim is the clearest change of the theme; where it has none, that its share did not
    change between the halves of the time span.

    Parameters
    ----------
    run, changes, period
        A run, its `find_change_points`, and the period that they were found with.
    refits
        As for `ThemeModel.refits`.

    Returns
    -------
    pd.DataFrame
        theme_id, claim (rise, fall, no change), since (the period that begins with it), survives
        (share of refits in which the interval of the difference within sources is on the same
        side of zero, or holds zero where no change is claimed; missing, with the claim, where no
        source wrote before and after), overlap (mean Jaccard index of the passages with the
        refits'). Empty if no dates are known.

    Examples
    --------
    >>> trend_survival(run, find_change_points(DocumentThemes.from_run(run)))  # doctest: +SKIP
    """
    columns = ["theme_id", "claim", "since", "survives", "overlap"]
    dated = DocumentThemes.from_run(run).dated
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    fitted = run.passages.iloc[run.fitted]
    owner = pd.Index(dated.documents["document_id"]).get_indexer(fitted["document_id"])
    rows = []
    for theme_id, again in zip(run.themes["theme_id"], run.model.refits(refits), strict=True):
        own = changes[changes["theme_id"] == theme_id].sort_values("p", kind="stable").head(1)
        since = own["period"].iloc[0] if len(own) else every[len(every) // 2].start_time
        late = place >= every.get_loc(since.to_period(every.freq))
        gaps = [_difference(dated, late, owner, has_theme) for has_theme in again]
        claimed = own["difference"].iloc[0] if len(own) else 0.0
        claim = _direction(claimed, claimed)
        survives = np.mean([_direction(gap.low, gap.high) == claim for gap in gaps])
        known = np.isfinite([gap.value for gap in gaps]).any()
        told = (claim, since, survives) if known else (None, since, np.nan)
        rows.append((theme_id, *told, _overlap(run, theme_id, again)))
    return pd.DataFrame(rows, columns=columns)


def _difference(
    dated: DocumentThemes, late: np.ndarray, owner: np.ndarray, has_theme: np.ndarray
) -> Estimate:
    """The difference within sources, in the documents of which a passage was refitted."""
    n = len(dated.documents)
    known = np.bincount(owner[(owner >= 0) & (has_theme >= 0)], minlength=n) > 0
    found = np.bincount(owner[(owner >= 0) & (has_theme == 1)], minlength=n) > 0
    about = found[:, None], dated.sources, dated.source_days, late
    return difference_within(*(column[known] for column in about))


def _direction(low: np.ndarray | float, high: np.ndarray | float) -> str:
    return "rise" if low > _ZERO else "fall" if high < -_ZERO else "no change"


def _overlap(run: Run, theme_id: str, again: np.ndarray) -> float:
    """Mean Jaccard index of a theme's passages with those of refits, where either has any."""
    ids = run.assignments.loc[run.assignments["theme_id"] == theme_id, "passage_id"]
    fitted = run.passages["passage_id"].iloc[run.fitted]
    own = fitted.isin(ids).to_numpy() & (again >= 0)
    either, both = (own | (again == 1)).sum(axis=1), (own & (again == 1)).sum(axis=1)
    some = either > 0
    return float((both[some] / either[some]).mean()) if some.any() else float("nan")


def borderline(run: Run, theme_id: str, max_passages: int = 2) -> list[str]:
    """Ids of the passages that only just have a theme: those with the lowest scores.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> rows = [("a:1", "ferries", 0.9), ("b:1", "ferries", 0.6), ("b:1", "grain", 0.1)]
    >>> assignments = pd.DataFrame(rows, columns=["passage_id", "theme_id", "score"])
    >>> borderline(SimpleNamespace(assignments=assignments), "ferries", 1)
    ['b:1']
    """
    own = run.assignments[run.assignments["theme_id"] == theme_id]
    return own.sort_values("score", kind="stable")["passage_id"].head(max_passages).tolist()


def absent_theme(
    run: Run, theme: NamedTheme = ABSENT, random_state: int = 0
) -> tuple[list[str], int]:
    """Passages that a theme takes which should not be there, such as falconry: ideally none.

    It is scored beside the named themes, by the same rules, on at most 3,000 passages.

    Returns
    -------
    passage_ids
        Those taken.
    n
        How many were scored.
    """
    n = min(len(run.passages), _MAX_SCORED)
    rows = np.random.default_rng(random_state).permutation(len(run.passages))[:n]
    passages = run.passages.iloc[rows]
    has_theme = run.model.has_theme(theme, passages, run.vectors[rows])
    return passages["passage_id"][has_theme].tolist(), n
