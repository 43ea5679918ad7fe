"""What each theme rests on, and whether what is said of it survives a refit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from topics.measures.document_themes import DocumentThemes
from topics.measures.permutation import difference_within
from topics.measures.shares import periods_of
from topics.model.named_themes import NamedTheme
from topics.run import Run

_MAX_SCORED = 3000  # passages
_CLEAR = ndtri(0.975)  # deviations of a difference
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
        theme_id, passages, documents, independent (documents less near-copies), sources,
        largest_source and source_share (its share of the documents with a source), stability (see
        `ThemeModel.themes_`).
    """
    every = DocumentThemes.from_run(run, independent=False)
    heads = every.documents["document_id"].isin(run.copy_of).to_numpy()
    passages = run.assignments["theme_id"].value_counts()
    rows = []
    for theme_id, stability in run.themes[["theme_id", "stability"]].itertuples(index=False):
        own = every.has_theme[theme_id].to_numpy()
        sources = every.documents.loc[own, "source"].value_counts(normalize=True)
        largest = (sources.index[0], float(sources.iloc[0])) if len(sources) else (None, np.nan)
        counts = int(passages.get(theme_id, 0)), int(own.sum()), int((own & heads).sum())
        rows.append((theme_id, *counts, len(sources), *largest, stability))
    columns = ["theme_id", "passages", "documents", "independent", "sources", "largest_source",
               "source_share", "stability"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def trend_survival(
    run: Run, breaks: pd.DataFrame, period: str | None = None, refits: int = 20
) -> pd.DataFrame:
    """Whether what is said of each theme over time is said in refits too.

    The claim is the clearest break of the theme; where it has none, that its share did not
    change between the halves of the time span.

    Parameters
    ----------
    run, breaks, period
        A run, its `find_change_points`, and the period that they were found with.
    refits
        As for `ThemeModel.refits`.

    Returns
    -------
    pd.DataFrame
        theme_id, claim (rise, fall, no change), since (the period that begins with it), survives
        (share of refits in which the difference within sources is on the same side of zero with
        95% confidence, or about zero where no change is claimed; missing, with the claim, where
        no source wrote before and after), overlap (mean Jaccard index of the passages with the
        refits'). Empty if no dates are known.
    """
    columns = ["theme_id", "claim", "since", "survives", "overlap"]
    dated = DocumentThemes.from_run(run).dated
    if dated.documents.empty:
        return pd.DataFrame(columns=columns)
    every, place = periods_of(dated, period)
    fitted = run.passages.iloc[run.fitted]
    owner = pd.Index(dated.documents["document_id"]).get_indexer(fitted["document_id"])
    rows = []
    refitted = zip(run.themes["theme_id"], run.model.refits(refits), strict=True)
    for theme_id, again in refitted:
        own = breaks[breaks["theme_id"] == theme_id].sort_values("p", kind="stable").head(1)
        since = own["period"].iloc[0] if len(own) else every[len(every) // 2].start_time
        late = place >= every.get_loc(since.to_period(every.freq))
        z = np.array([_z(dated, late, owner, carries) for carries in again])
        claim = _claimed(own["difference"].iloc[0] if len(own) else 0.0, 0)
        survives = np.mean([_claimed(value, _CLEAR) == claim for value in z])
        overlap = _overlap(run, theme_id, again)
        known = np.isfinite(z).any()
        rows.append(
            (theme_id, claim if known else None, since, survives if known else np.nan, overlap)
        )
    return pd.DataFrame(rows, columns=columns)


def _z(dated: DocumentThemes, late: np.ndarray, owner: np.ndarray, carries: np.ndarray) -> float:
    """Of the difference within sources, in documents of which a passage was refitted; or NaN."""
    n = len(dated.documents)
    known = np.bincount(owner[(owner >= 0) & (carries >= 0)], minlength=n) > 0
    on = np.bincount(owner[(owner >= 0) & (carries == 1)], minlength=n) > 0
    gap, error = difference_within(
        on[known, None], dated.strata[known], dated.days[known], late[known]
    )
    return float(gap[0] / error[0]) if error[0] > 0 else 0 * float(gap[0])


def _claimed(value: float, bar: float) -> str:
    return "rise" if value > bar else "fall" if value < -bar else "no change"


def _overlap(run: Run, theme_id: str, again: np.ndarray) -> float:
    """Mean Jaccard index of a theme's passages with those of refits, where either has any."""
    ids = run.assignments.loc[run.assignments["theme_id"] == theme_id, "passage_id"]
    fitted = run.passages["passage_id"].iloc[run.fitted]
    own = fitted.isin(ids).to_numpy() & (again >= 0)
    either, both = (own | (again == 1)).sum(axis=1), (own & (again == 1)).sum(axis=1)
    some = either > 0
    return float((both[some] / either[some]).mean()) if some.any() else float("nan")


def borderline(run: Run, theme_id: str, most: int = 2) -> list[str]:
    """Passages that carry a theme only just: those with the lowest scores."""
    own = run.assignments[run.assignments["theme_id"] == theme_id]
    return own.sort_values("score", kind="stable")["passage_id"].head(most).tolist()


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
