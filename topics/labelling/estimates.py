"""What labels made by hand say of the themes: corrected shares, precision, recall, agreement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from topics.checks import check_length, check_table
from topics.errors import InputError
from topics.intervals import CONFIDENCE, Estimate, ratio, wilson
from topics.measures.change_points import source_months
from topics.measures.permutation import sum_by, weights_within
from topics.measures.shares import DocumentThemes, crossed, periods_of
from topics.model.named_themes import NO_THEME

if TYPE_CHECKING:
    from topics.run import Run

_NARROW = 0.02  # half an interval that is narrow enough
_PSEUDO_COUNTS = 4.0  # passages with and without the theme, each: smooth the rates of strata


def labelled_shares(run: Run, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of the passages that have each theme, corrected by labels made by hand.

    Parameters
    ----------
    run
        The run that the passages were drawn from.
    labels
        As from `read_folder`. Of several coders the majority counts, a tie as one half.

    Returns
    -------
    pd.DataFrame
        theme_id; naive, naive_low, naive_high (share that the model gives, Wilson interval);
        share, low, high (corrected, see `Labelled`); precision and recall, each with _low and
        _high; n (passages labelled); labels_needed (labels still expected for plus or minus 2
        points). Missing where none of the passages that the model gives the theme is labelled.

    Raises
    ------
    InputError
        If a labelled passage is not in the run.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> run = SimpleNamespace(
    ...     passages=pd.DataFrame({"passage_id": ["a:1", "b:1"]}),
    ...     themes=pd.DataFrame({"theme_id": ["ferries"]}),
    ...     assignments=pd.DataFrame({"passage_id": ["a:1", "b:1"], "theme_id": "ferries"}),
    ...     theme_of_passage=pd.Series("ferries", ["a:1", "b:1"]),
    ...     model=SimpleNamespace(validated_=pd.DataFrame(columns=["passage_id", "theme_id", "after"])),
    ... )
    >>> labels = pd.DataFrame({"passage_id": ["a:1", "b:1"], "stratum": "ferries",
    ...     "probability": 1.0, "themes": [frozenset({"ferries"}), frozenset()]})
    >>> labelled_shares(run, labels)[["naive", "share", "precision", "recall"]]
       naive  share  precision  recall
    0    1.0    0.5        0.5     1.0
    """
    told = Labelled.of_run(run, labels)
    n_given, n_all = told.found.sum(axis=0), len(told.found)
    every = np.full((n_all, 1), 1 / n_all)
    right, missed = told.estimate(every * told.found), told.estimate(every * ~told.found)
    share = told.estimate(every)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = ratio(right, missed)
        estimates = {
            "naive": wilson(n_given, n_all),
            "share": share,
            "precision": [bound * n_all / n_given for bound in right],
            "recall": [1 / (1 + bound) for bound in (odds.value, odds.high, odds.low)],
        }
    table = pd.DataFrame({"theme_id": told.themes})
    for name, estimate in estimates.items():
        table[[name, f"{name}_low", f"{name}_high"]] = np.transpose(estimate)
    table = table.rename(columns={"share_low": "low", "share_high": "high"})
    return table.assign(n=told.n, labels_needed=told.needed(share, _NARROW))


def labelled_difference(
    run: Run, labels: pd.DataFrame, second: np.ndarray, strata: np.ndarray
) -> pd.DataFrame:
    """How much more of some passages than of the others have each theme, corrected by labels.

    Passages are compared within strata, as in `measures.contrast_within_sources`: before and
    after a day within sources, or one source with the others within periods.

    Parameters
    ----------
    run, labels
        As for `labelled_shares`.
    second, strata
        ``(passages,)``: 1 for the second set, 0 for the first, -1 for neither; number of the
        stratum.

    Returns
    -------
    pd.DataFrame
        theme_id, naive (difference by the model), difference, low, high (corrected), n (passages
        labelled) and labels_needed (expected until the interval leaves zero out, were the
        difference as it is found; 0 where it does).
    """
    told, weights = Labelled.of_run(run, labels), weights_within(second, strata)
    found = told.estimate(weights)
    table = pd.DataFrame({"theme_id": told.themes, "naive": (weights * told.found).sum(axis=0)})
    table[["difference", "low", "high"]] = np.transpose(found)
    needed = told.needed(found, np.abs(found.value))
    return table.assign(n=told.n, labels_needed=needed)


def labelled_changes(run: Run, labels: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Each of the `changes` that `measures.find_change_points` found, corrected by labels.

    Returns
    -------
    pd.DataFrame
        period (from which on it holds) and the columns of `labelled_difference`, of passages
        in the same documents and within the same sources and months as there; one row a change.
    """
    if changes.empty:
        return pd.DataFrame()
    dates, rows = run.passages["date"], []
    dated = DocumentThemes.from_run(run).dated
    owner = pd.Index(dated.documents["document_id"]).get_indexer(run.passages["document_id"])
    strata = np.append(source_months(dated, *periods_of(dated)), 0)[owner]
    for change in changes.itertuples():
        late = (dates >= change.period) & ~(dates >= change.until)
        second = np.where(owner < 0, -1, late)
        table = labelled_difference(run, labels, second, strata)
        own = table[table["theme_id"] == change.theme_id]
        rows.append(own.assign(period=change.period))
    return pd.concat(rows, ignore_index=True)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Passages with what the model gives, what is expected of each, and the errors of labels.

    Any weighted sum of the truth is estimated by the same sum of what is expected, plus that of
    the errors, each over its probability of being labelled: the difference estimator (Cochran
    1977, ch. 7; prediction-powered inference, Angelopoulos et al. 2023; design-based supervised
    learning, Egami et al. 2023). Expected is the rate of labels where the model has a theme first,
    further down, or not at all, so a model that is no use costs no precision (power tuning).

    Attributes
    ----------
    themes
        Their ids.
    found
        bool ``(passages, themes)`` that the model gives; labelled ones by a model that did not
        see their labels.
    expected, smooth, errors
        ``(passages, themes)`` rates; the same by stratum, joined over periods and smoothed, so
        that none found is not none there; labels less rates, over the probability, 0 without a
        label.
    unseen
        ``(passages,)`` passages for each labelled one of its stratum, less that one.
    n
        Passages labelled.
    """

    themes: pd.Index
    found: np.ndarray
    expected: np.ndarray
    smooth: np.ndarray
    errors: np.ndarray
    unseen: np.ndarray
    n: int

    @classmethod
    def of_run(cls, run: Run, labels: pd.DataFrame) -> Labelled:
        """Of a run and labels as from `read_folder`."""
        check_table(labels, "labels", ["passage_id", "stratum", "probability", "themes"])
        given, sample = _given_blindly(run), labels.drop_duplicates("passage_id")
        rows = given.index.get_indexer(sample["passage_id"])
        if (rows < 0).any():
            wrong = sample["passage_id"].iloc[rows.argmin()]
            raise InputError(
                f"labels: passage {wrong!r} is not in this run; take the run of the draw"
            )
        first, found = run.theme_of_passage.to_numpy(object), given.to_numpy()
        own = given.columns.to_numpy() == first[:, None]
        truth, weights = _majority(labels, given.columns), 1 / sample["probability"].to_numpy()
        stratum = pd.Index(sample["stratum"].unique())
        of_row = stratum.get_indexer(sample["stratum"])
        of_passage = stratum.get_indexer(pd.Series(first).fillna(NO_THEME))
        weight = np.append(sum_by(of_row, weights[:, None])[:, 0] / np.bincount(of_row), np.inf)
        expected, smooth = np.full(found.shape, np.nan), np.full(found.shape, 0.5)
        for cell in (own, found & ~own, ~found):
            inside = cell[rows].astype(float)
            n, hits = sum_by(of_row, inside), sum_by(of_row, inside * truth)
            rate = _over(weights @ (inside * truth), weights @ inside)
            pseudo = _PSEUDO_COUNTS * _over(n, n.sum(axis=0))
            by_stratum = np.vstack([_over(hits + pseudo, n + 2 * pseudo), 0 * rate + 0.5])
            expected = np.where(cell, rate, expected)
            smooth = np.where(cell, by_stratum[of_passage], smooth)
        expected[:, ~found[rows].any(axis=0) & found.any(axis=0)] = np.nan
        errors = np.zeros(found.shape)
        errors[rows] = weights[:, None] * (truth - expected[rows])
        unseen = weight[of_passage] - 1
        return cls(given.columns, found, expected, smooth, errors, unseen, len(rows))

    def estimate(self, weights: np.ndarray) -> Estimate:
        """Sum ``(themes,)`` of weights ``(passages, 1 or themes)`` times the truth.

        Passages that the model gives and those that it does not, with weights above zero and
        below, each have a Jeffreys interval (Brown, Cai and DasGupta 2001) on the effective number
        of labels (Franco et al. 2019); MOVER joins them (Zou and Donner 2008).
        """
        parts = [
            (sign, self._part(np.maximum(sign * weights, 0) * cell))
            for cell in (self.found, ~self.found)
            for sign in (1, -1)
        ]
        bounds = [np.array([p.low, p.value, p.high])[::sign] * sign for sign, p in parts]
        low, value, high = np.swapaxes(bounds, 0, 1)
        down, up = (np.sqrt((gap**2).sum(axis=0)) for gap in (value - low, high - value))
        total = value.sum(axis=0)
        return Estimate(total, total - down, total + up)

    def _part(self, weights: np.ndarray) -> Estimate:
        """The sum where no weight is below zero."""
        size = weights.sum(axis=0)
        rate = np.clip(_over((weights * (self.expected + self.errors)).sum(axis=0), size), 0, 1)
        mean = _over((weights * self.smooth).sum(axis=0), size)
        spread = (weights**2 * (self.unseen[:, None] * self.smooth * (1 - self.smooth))).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            effective = np.minimum(mean * (1 - mean) * size**2 / spread, 1e9)  # finite, if all are
        tails = np.array([[(1 - CONFIDENCE) / 2], [(1 + CONFIDENCE) / 2]])
        low, high = betaincinv(rate * effective + 0.5, (1 - rate) * effective + 0.5, tails)
        low, high = np.where(rate == 0, 0, low), np.where(rate == 1, 1, high)
        rate, low, high = np.where(size == 0, 0, size * np.array([rate, low, high]))
        return Estimate(rate, low, high)

    def needed(self, found: Estimate, narrow: np.ndarray | float) -> pd.Series:
        """Labels expected beside those there are, for half an interval that is so narrow."""
        n, size, half = self.n, len(self.found), (found.high - found.low) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = (1 / n - 1 / size) * np.minimum(narrow / half, 1) ** 2
        return pd.Series(np.ceil(np.round(1 / (1 / size + rest) - n, 6))).astype("Int64")


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A ratio; one half where there is nothing to tell it by."""
    return np.divide(part, whole, out=np.full(np.shape(part), 0.5), where=np.asarray(whole) > 0)


def _given_blindly(run: Run) -> pd.DataFrame:
    """Whether the model gives each passage, a row by id, each theme, a column by id.

    Labelled passages by a model that did not see their labels, so that labels that teach can also
    check (cross-prediction, Zrnic and Candès 2024).
    """
    ids, themes = pd.Index(run.passages["passage_id"]), pd.Index(run.themes["theme_id"])
    given, blind = run.assignments, run.model.validated_
    found = crossed(ids, themes, given["passage_id"], given["theme_id"])
    rows, columns = ids.get_indexer(blind["passage_id"]), themes.get_indexer(blind["theme_id"])
    found[rows, columns] = blind["after"]
    return pd.DataFrame(found, ids, themes)


def _majority(labels: pd.DataFrame, themes: pd.Index) -> np.ndarray:
    """``(n_passages, n_themes)``: 1 where most coders see the theme, one half for a tie."""
    votes = pd.DataFrame([[theme in own for theme in themes] for own in labels["themes"]])
    share = votes.groupby(labels["passage_id"].to_numpy(), sort=False).mean().to_numpy()
    return (np.sign(share - 0.5) + 1) / 2


def coder_agreement(labels: pd.DataFrame) -> pd.DataFrame:
    """How far coders agree beyond chance: Krippendorff's alpha (2019, ch. 12), nominal.

    Returns
    -------
    pd.DataFrame
        theme_id (each that a coder saw), alpha (1: always, 0: as by chance; missing where
        there is no passage or no variation to tell by), n (passages of two coders or more).

    Examples
    --------
    >>> ferries, none = frozenset({"ferries"}), frozenset()
    >>> labels = pd.DataFrame({"passage_id": ["a", "b"] * 2, "coder": ["Ann"] * 2 + ["Ben"] * 2,
    ...     "themes": [ferries, none, ferries, none]})
    >>> coder_agreement(labels)
      theme_id  alpha  n
    0  ferries    1.0  2
    """
    check_table(labels, "labels", ["passage_id", "coder", "themes"])
    import krippendorff  # of the extra for labelling

    wide = labels.pivot(index="coder", columns="passage_id", values="themes")
    wide = wide.loc[:, wide.notna().sum() > 1]
    rows = []
    for theme in sorted(frozenset().union(*labels["themes"])):
        seen = wide.map(lambda own, theme=theme: theme in own, na_action="ignore").to_numpy(float)
        varied = np.nanmin(seen, initial=1) < np.nanmax(seen, initial=0)
        alpha = krippendorff.alpha(seen, level_of_measurement="nominal") if varied else np.nan
        rows.append((theme, alpha, wide.shape[1]))
    return pd.DataFrame(rows, columns=["theme_id", "alpha", "n"])


@dataclass(frozen=True)
class Agreement:
    """How well themes agree with labels made by people.

    Attributes
    ----------
    themes
        One row a named theme that has labels: theme_id, n_true, n_found, precision, recall, f1, and
        f1_untaught, what it is where the theme is not taught by labels.
    ami
        Adjusted mutual information of discovered clusters with the labels, over passages that
        have exactly one label; 0 is chance, 1 is perfect.
    n
        Number of those passages.
    """

    themes: pd.DataFrame
    ami: float
    n: int


def label_agreement(run: Run, labels: pd.Series) -> Agreement:
    """How well named themes and discovered clusters agree with labels of passages.

    Parameters
    ----------
    run
        A run.
    labels
        A set of themes for each row of `run.passages`, as from `labels_of_passages`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> run = SimpleNamespace(
    ...     passages=pd.DataFrame({"passage_id": ["a:1", "b:1"]}), fitted=np.arange(2),
    ...     assignments=pd.DataFrame({"passage_id": ["a:1", "b:1"], "theme_id": "ferries"}),
    ...     model=SimpleNamespace(named=[SimpleNamespace(id="ferries")], clusters_=np.arange(2),
    ...         validated_=pd.DataFrame(columns=["passage_id", "theme_id", "label", "before", "after"])),
    ...     themes=pd.DataFrame({"theme_id": ["ferries"]}),
    ... )
    >>> label_agreement(run, pd.Series([{"ferries"}, {"grain"}])).themes.iloc[:, :5]
      theme_id  n_true  n_found  precision  recall
    0  ferries       1        2        0.5     1.0
    """
    check_length("labels", labels, len(run.passages))
    from sklearn.metrics import adjusted_mutual_info_score, f1_score  # a second to import

    f1 = partial(f1_score, zero_division=1.0)  # where nothing is to be found and nothing was
    known = labels.notna().to_numpy()
    every = set().union(*labels[known]) if known.any() else set()
    given = _given_blindly(run)
    rows = []
    for theme_id in (theme.id for theme in run.model.named if theme.id in every):
        found = given[theme_id].to_numpy()[known]
        true = np.array([theme_id in themes for themes in labels[known]])
        n_true, n_found, both = int(true.sum()), int(found.sum()), int((found & true).sum())
        precision, recall = both / max(n_found, 1), both / max(n_true, 1)
        rows.append((theme_id, n_true, n_found, precision, recall, f1(true, found)))
    columns = ["theme_id", "n_true", "n_found", "precision", "recall", "f1"]
    table = pd.DataFrame(rows, columns=columns)
    checked = run.model.validated_.groupby("theme_id")[["label", "before"]]
    untaught = {theme: f1(*own.to_numpy(bool).T) for theme, own in checked}
    table["f1_untaught"] = table["theme_id"].map(untaught).astype(float)
    fitted = labels.iloc[run.fitted]
    single = np.array([isinstance(own, set) and len(own) == 1 for own in fitted], dtype=bool)
    truth = [next(iter(own)) for own in fitted[single]]
    ami = adjusted_mutual_info_score(truth, run.model.clusters_[single]) if truth else 0.0
    return Agreement(table, float(ami), len(truth))
