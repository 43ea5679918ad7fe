"""What documents and themes rest on, and whether what is said of a theme survives a refit."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics.checks import check_table
from topics.intervals import REFITS, Estimate
from topics.measures.change_points import source_months
from topics.measures.permutation import difference_within
from topics.measures.shares import DocumentThemes, periods_of
from topics.model.named_themes import NamedTheme
from topics.text.words import alike, stop_words, tokens

if TYPE_CHECKING:
    from topics.run import Run

_MAX_SCORED = 3000  # passages
_ZERO = 1e-9  # a difference that rounding makes
_IN_NAME = re.compile(": |, | and ")  # what joins the parts of a name
_MAX_READ = 200  # passages of a theme, to see whether its name is borne out: +-.07
THRESHOLDS = {  # what a theme must reach to be solid, and to be usable
    "independent": (20, 10),  # of fewer documents, a share is an anecdote
    "breadth": (0.5, 0.25),
    "stability": (0.75, 0.6),  # Hennig (2007): above .75 valid, below .6 not to be trusted
    "borne_out": (0.6, 0.4),  # names are chosen to be in 40% of the passages
    "phrased": (0.35, 0.25),  # seen: .32 to .40 where a theme is there, .15 to .18 where it is not
    "precision": (0.8, 0.6),
    "prose": (0.8, 0.5),
}
# Braces, tags, calls, assignments: no sentence has them.
_CODE = r"[{}]|</?\w+[ />]|\w\(\)|\w=[\"'\w]"
ABSENT = NamedTheme(
    "falconry",
    "Falconry",
    "Falconers train hawks and falcons to hunt from the glove.",
    ("a falconer flies her hawk", "hoods, jesses and lures for birds of prey"),
)


def theme_support(run: Run) -> pd.DataFrame:
    """What each theme rests on, and a verdict on it.

    Returns
    -------
    pd.DataFrame
        theme_id, passages, documents, independent (documents less near-duplicates), sources,
        largest_source and source_share (its share of the documents with a source), breadth (how
        mixed its sources are, 1 if as in the corpus: the chance that two of as many documents of
        the corpus have one source, over that of two of the theme's), stability (mean Jaccard
        index with 20 refits), borne_out (share of its passages, 200 at most, that hold its name,
        see `share_with_name`) or, of a named theme, phrased (the same of its phrases), precision
        (by labels of other documents; all four missing where not known), prose (share of its
        passages without code or markup) and verdict: the lowest that a measure allows by
        `THRESHOLDS` of solid, usable and fragile, or absent if it has no passage.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> documents = pd.DataFrame({"document_id": ["a", "b"], "date": pd.NaT, "language": "en",
    ...     "source": ["Gull", None], "country": None})
    >>> passages = pd.DataFrame({"passage_id": ["a:1", "b:1"], "document_id": ["a", "b"]})
    >>> class Run(SimpleNamespace):
    ...     __hash__ = object.__hash__
    >>> run = Run(
    ...     documents=documents, copy_of=pd.Series({"a": "a", "b": "b"}),
    ...     passages=passages.assign(text="A ferry sank.", language="en"),
    ...     themes=pd.DataFrame({"theme_id": ["ferries"], "name": "Ferries", "stability": 0.8}),
    ...     assignments=pd.DataFrame({"passage_id": ["a:1", "b:1"], "theme_id": "ferries"}),
    ...     model=SimpleNamespace(named=[], validated_=pd.DataFrame(columns=["theme_id", "label", "after"])),
    ... )
    >>> theme_support(run)[["documents", "sources", "source_share", "borne_out", "verdict"]]
       documents  sources  source_share  borne_out  verdict
    0          2        1           1.0        1.0  fragile
    """
    return _support(run).copy()


@lru_cache(maxsize=1)  # tables, figures and files ask
def _support(run: Run) -> pd.DataFrame:
    table = DocumentThemes.from_run(run, independent=False)
    independent = table.documents["document_id"].isin(run.copy_of)
    everyone = _same_source(table.documents["source"])
    texts = run.assignments.merge(run.passages, on="passage_id").groupby("theme_id")
    precision = run.model.validated_.query("after == True").groupby("theme_id")["label"].mean()
    rows, named = [], {theme.id for theme in run.model.named}
    stability = run.themes["stability"]
    if stability.isna().any():
        refits = zip(run.themes["theme_id"], run.model.refits(REFITS), strict=True)
        overlaps = [_overlap(run, *own) for own in refits]
        stability = stability.fillna(pd.Series(overlaps, stability.index))
    for theme in run.themes.assign(stability=stability).itertuples():
        own = table.has_theme[theme.theme_id]
        of_source = table.documents.loc[own, "source"]
        shares = of_source.value_counts(normalize=True)
        largest = (shares.index[0], float(shares.iloc[0])) if len(shares) else (None, np.nan)
        passages = texts.get_group(theme.theme_id) if own.any() else run.passages.head(0)
        held = share_with_name(run, theme.theme_id, passages)
        n_known = max(int(of_source.count()), 1)
        expected = everyone + (1 - everyone) / n_known
        rows.append((
            theme.theme_id, len(passages), int(own.sum()), int((own & independent).sum()),
            len(shares), *largest, expected / _same_source(of_source), theme.stability,
            *((np.nan, held) if theme.theme_id in named else (held, np.nan)),
            precision.get(theme.theme_id, np.nan),
            1 - passages["text"].str.contains(_CODE).mean(),
        ))  # fmt: skip
    columns = ["theme_id", "passages", "documents", "independent", "sources", "largest_source",
               "source_share", "breadth", "stability", "borne_out", "phrased",
               "precision", "prose"]  # fmt: skip
    found = pd.DataFrame(rows, columns=columns)
    missed = [(found[[key]].to_numpy() < least).sum(axis=1) for key, least in THRESHOLDS.items()]
    verdicts = np.array(["solid", "usable", "fragile"])[np.max(missed, axis=0)]
    return found.assign(verdict=np.where(found["passages"] > 0, verdicts, "absent"))


def _same_source(sources: pd.Series) -> float:
    """Chance that two documents, drawn with replacement, have one source (Simpson 1949)."""
    return float((sources.value_counts(normalize=True) ** 2).sum(min_count=1))


def share_with_name(run: Run, theme_id: str, passages: pd.DataFrame) -> float:
    """Share of some passages that hold a theme's name; NaN of none, or of a name of no word.

    Held is a part of the name or a phrase of the theme of which a passage has more than half of the
    words. Read are 200 passages at most, in English if there are any, as names are.
    """
    names = run.themes.loc[run.themes["theme_id"] == theme_id, "name"].str.split(_IN_NAME)
    phrases = [text for named in run.model.named if named.id == theme_id for text in named.phrases]
    wanted = [
        [word for word in tokens(text) if word and word.lower() not in stop_words()]
        for text in [*names.explode(), *phrases]
    ]
    english = passages[passages["language"] == "en"]
    read = english if len(english) else passages
    read = read.sample(min(len(read), _MAX_READ), random_state=0)
    texts = [set(tokens(text)) for text in read["text"]]
    every = set[str]().union(*texts)
    forms = [[{w for w in every if alike(word, w)} for word in words] for words in wanted if words]
    held = [
        any(2 * sum(bool(own & f) for f in part) > len(part) for part in forms) for own in texts
    ]
    return float(np.mean(held)) if held and any(wanted) else float("nan")


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
    """reason, blocks, longest: what was removed as boilerplate, the longest blocks shown.

    A block that many documents share counts once in each. A real paragraph that was removed by
    mistake is long: it will be among them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> boilerplate = pd.DataFrame({"file": ["a", "b"], "reason": "menu", "block": ["Home", "Log in"]})
    >>> boilerplate["documents"] = [1, 4]
    >>> removed_boilerplate(SimpleNamespace(corpus=SimpleNamespace(boilerplate=boilerplate)))
      reason  blocks        longest
    0   menu       5  Log in ¶ Home
    """
    longest_first = run.corpus.boilerplate.sort_values(
        "block", key=lambda blocks: blocks.str.len(), ascending=False, kind="stable"
    )
    table = longest_first.groupby("reason", as_index=False).agg(
        blocks=("documents", "sum"),
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


def trend_survival(run: Run, changes: pd.DataFrame, period: str | None = None) -> pd.DataFrame:
    """Whether the clearest change of each theme over time is seen in refits too.

    Parameters
    ----------
    run, changes, period
        A run, its `find_change_points`, and the period that they were found with.

    Returns
    -------
    pd.DataFrame
        theme_id, claim (rise, fall, no change), since (the period that begins with it), survives
        (share of refits in which the interval of the difference within sources is on the same
        side of zero; missing where there is no change and, with the claim, where no source wrote
        before and after). Empty if no dates are known.

    Examples
    --------
    >>> trend_survival(run, find_change_points(DocumentThemes.from_run(run)))  # doctest: +SKIP
    """
    check_table(changes, "changes", ["theme_id", "difference", "period", "until", "p"])
    dated, rows = DocumentThemes.from_run(run).dated, list[tuple[Any, ...]]()
    columns = ["theme_id", "claim", "since", "survives"]
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    fitted, starts = run.passages.iloc[run.fitted], every.start_time[place]
    owner = pd.Index(dated.documents["document_id"]).get_indexer(fitted["document_id"])
    strata = source_months(dated, every, place)
    clearest = changes.sort_values("p", kind="stable").drop_duplicates("theme_id")
    claims = clearest.set_index("theme_id")[["difference", "period", "until"]]
    for theme_id, again in zip(run.themes["theme_id"], run.model.refits(REFITS), strict=True):
        if theme_id not in claims.index:
            rows.append((theme_id, "no change", pd.NaT, np.nan))
            continue
        claimed, since, until = claims.loc[theme_id]
        late = (starts >= since) & ~(starts >= until)
        gaps = [_difference(dated, strata, late, owner, has_theme) for has_theme in again]
        claim = _direction(claimed, claimed)
        survives = np.mean([_direction(gap.low, gap.high) == claim for gap in gaps])
        known = np.isfinite([gap.value for gap in gaps]).any()
        rows.append((theme_id, claim if known else None, since, survives if known else np.nan))
    return pd.DataFrame(rows, columns=columns)


def _difference(
    dated: DocumentThemes,
    strata: np.ndarray,
    late: np.ndarray,
    owner: np.ndarray,
    has_theme: np.ndarray,
) -> Estimate:
    """The difference within sources, in the documents of which a passage was refitted."""
    n = len(dated.documents)
    known = np.bincount(owner[(owner >= 0) & (has_theme >= 0)], minlength=n) > 0
    found = np.bincount(owner[(owner >= 0) & (has_theme == 1)], minlength=n) > 0
    about = strata[known], dated.source_days[known], late[known]
    return difference_within(found[known, None], *about)


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


def absent_theme(run: Run) -> tuple[list[str], int]:
    """Passages that are given a theme which should not be there, falconry: ideally none.

    It is scored beside the named themes, by the same rules, on at most 3,000 passages.

    Returns
    -------
    passage_ids
        Those taken.
    n
        How many were scored.
    """
    n = min(len(run.passages), _MAX_SCORED)
    rows = np.random.default_rng(0).permutation(len(run.passages))[:n]
    passages = run.passages.iloc[rows]
    has_theme = run.model.has_theme(ABSENT, passages, run.vectors[rows])
    return passages["passage_id"][has_theme].tolist(), n
