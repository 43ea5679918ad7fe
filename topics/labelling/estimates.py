"""What labels made by hand say of the themes: corrected shares, precision, recall, agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from topics.errors import InputError
from topics.intervals import CONFIDENCE, Estimate, ratio, wilson

if TYPE_CHECKING:
    from topics.run import Run

_NARROW = 0.02  # half an interval that is narrow enough
_PSEUDO_COUNTS = 4.0  # passages with and without the theme, each: smooth the rates of strata


def labelled_shares(run: Run, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of the passages that have each theme, corrected by labels made by hand.

    The model's share, less what it gave wrongly, plus what it missed, labels weighed by one over
    their probability: design-based supervised learning (Egami et al. 2023), its weights
    calibrated to the known numbers of passages in which the model has the theme first, further
    down or not at all. Each of the three has a Jeffreys interval (Brown, Cai and DasGupta 2001)
    on the effective number of its labels (Franco et al. 2019), from rates of strata, joined over
    periods and smoothed, so that none found is not none there; MOVER joins them (Zou and Donner
    2008). Intervals are of the passages of this run: labels of all of them leave none.

    Parameters
    ----------
    run
        The run that the passages were drawn from.
    labels
        As from `read_labels`. Of several coders the majority counts, a tie as one half.

    Returns
    -------
    pd.DataFrame
        theme_id; naive, naive_low, naive_high (share that the model gives, Wilson interval);
        share, low, high (corrected); precision and recall, each with _low and _high; n (passages
        labelled); labels_needed (labels still expected for plus or minus 2 points). Missing where
        none of the passages that the model gives the theme is labelled.

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
    given, sample = _given_blindly(run), labels.drop_duplicates("passage_id")
    rows = given.index.get_indexer(sample["passage_id"])
    if (rows < 0).any():
        wrong = sample["passage_id"].iloc[rows.argmin()]
        raise InputError(f"labels: passage {wrong!r} is not in this run; take the run of the draw")
    truth, found = _majority(labels, given.columns), given.to_numpy()
    own = given.columns.to_numpy() == run.theme_of_passage.to_numpy(object)[:, None]
    # Passages that the theme is first in, further ones that have it, the rest: errors differ.
    cells = [own, found & ~own, ~found]
    rates = [_rates(truth, cell[rows], cell.sum(axis=0), sample) for cell in cells]
    unknown = np.array([rates[0].value, np.zeros(len(own[0])), np.ones(len(own[0]))])
    rates[1] = Estimate(*np.where(np.isnan(rates[1]), unknown, rates[1]))  # none of these labelled
    parts = [_weighed(cell.mean(axis=0), rate) for cell, rate in zip(cells, rates, strict=True)]
    right, missed, share = _sum(parts[:2]), parts[2], _sum(parts)
    n_given, n_all = found.sum(axis=0), len(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = ratio(right, missed)
        estimates = {
            "naive": wilson(n_given, n_all),
            "share": share,
            "precision": [bound * n_all / n_given for bound in right],
            "recall": [1 / (1 + bound) for bound in (odds.value, odds.high, odds.low)],
        }
    table = pd.DataFrame({"theme_id": given.columns})
    for name, estimate in estimates.items():
        table[[name, f"{name}_low", f"{name}_high"]] = np.transpose(estimate)
    needed = _labels_needed((share.high - share.low) / 2, len(rows), n_all)
    table = table.rename(columns={"share_low": "low", "share_high": "high"})
    return table.assign(n=len(rows), labels_needed=needed)


def given_themes(run: Run) -> pd.DataFrame:
    """Whether the model gives each passage, a row by id, each theme, a column by id."""
    ids, themes = pd.Index(run.passages["passage_id"]), pd.Index(run.themes["theme_id"])
    rows, columns = (run.assignments[name] for name in ("passage_id", "theme_id"))
    found = np.zeros((len(ids), len(themes)), dtype=bool)
    found[ids.get_indexer(rows), themes.get_indexer(columns)] = True
    return pd.DataFrame(found, ids, themes)


def _given_blindly(run: Run) -> pd.DataFrame:
    """`given_themes`, labelled passages by a model that did not see their labels.

    So labels that teach can also check (cross-prediction, Zrnic and Candès 2024).
    """
    given, blind = given_themes(run), run.model.validated_
    found = given.to_numpy(copy=True)
    columns = given.columns.get_indexer(blind["theme_id"])
    found[given.index.get_indexer(blind["passage_id"]), columns] = blind["after"]
    return pd.DataFrame(found, given.index, given.columns)


def _labels_needed(half: np.ndarray, n: int, size: int) -> pd.Series:
    """Labels expected beside `n`, out of `size` passages, for half an interval that is precise."""
    rest = (1 / n - 1 / size) * np.minimum(_NARROW / half, 1) ** 2
    return pd.Series(np.ceil(np.round(1 / (1 / size + rest) - n, 6))).astype("Int64")


def _majority(labels: pd.DataFrame, themes: pd.Index) -> np.ndarray:
    """``(n_passages, n_themes)``: 1 where most coders see the theme, one half for a tie."""
    votes = pd.DataFrame([[theme in own for theme in themes] for own in labels["themes"]])
    share = votes.groupby(labels["passage_id"].to_numpy(), sort=False).mean().to_numpy()
    return (np.sign(share - 0.5) + 1) / 2


def _weighed(weight: np.ndarray, rates: Estimate) -> Estimate:
    """Rates as shares of all passages; nothing of those that there are none of."""
    return Estimate(*np.where(weight > 0, weight * np.array(rates), 0.0))


def _sum(parts: list[Estimate]) -> Estimate:
    """Sum of independent parts with its interval (MOVER)."""
    each, low, high = np.stack(parts, axis=1)
    down, up = (np.sqrt((gap**2).sum(axis=0)) for gap in (each - low, high - each))
    total = each.sum(axis=0)
    return Estimate(total, total - down, total + up)


def _rates(
    truth: np.ndarray, inside: np.ndarray, size: np.ndarray, sample: pd.DataFrame
) -> Estimate:
    """Share of the passages `inside`, `size` in the corpus, that have each theme."""
    strata = pd.get_dummies(sample["stratum"], dtype=float).to_numpy().T
    weights = ((strata @ (1 / sample["probability"])) / strata.sum(axis=1))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        n, hits = strata @ inside, strata @ (inside * truth)
        total, labelled = (weights * n).sum(axis=0), n.sum(axis=0)
        rate = (weights * hits).sum(axis=0) / total
        pseudo = _PSEUDO_COUNTS * n / labelled
        smooth = np.where(n > 0, (hits + pseudo) / (n + 2 * pseudo), 0.0)
        mean = (weights * n * smooth).sum(axis=0) / total
        # Of a stratum labelled whole the passages are known, but not all inside need be of it.
        unseen = np.maximum(1 - 1 / weights, 1 - labelled / size)
        spread = (weights**2 * unseen * n * smooth * (1 - smooth)).sum(axis=0) / total**2
        effective = np.minimum(mean * (1 - mean) / spread, 1e9)  # finite, though all be labelled
    tails = np.array([[(1 - CONFIDENCE) / 2], [(1 + CONFIDENCE) / 2]])
    low, high = betaincinv(rate * effective + 0.5, (1 - rate) * effective + 0.5, tails)
    return Estimate(rate, np.where(rate == 0, 0, low), np.where(rate == 1, 1, high))


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
    from sklearn.metrics import adjusted_mutual_info_score  # takes a second to import

    known = labels.notna().to_numpy()
    every = set().union(*labels[known]) if known.any() else set()
    given = _given_blindly(run)
    rows = []
    for theme_id in (theme.id for theme in run.model.named if theme.id in every):
        found = given[theme_id].to_numpy()[known]
        true = np.array([theme_id in themes for themes in labels[known]])
        n_true, n_found, both = int(true.sum()), int(found.sum()), int((found & true).sum())
        precision, recall = both / max(n_found, 1), both / max(n_true, 1)
        rows.append((theme_id, n_true, n_found, precision, recall, _f1(true, found)))
    columns = ["theme_id", "n_true", "n_found", "precision", "recall", "f1"]
    table = pd.DataFrame(rows, columns=columns)
    checked = run.model.validated_.groupby("theme_id")[["label", "before"]]
    untaught = {theme: _f1(*own.to_numpy(bool).T) for theme, own in checked}
    table["f1_untaught"] = table["theme_id"].map(untaught).astype(float)
    fitted = labels.iloc[run.fitted]
    single = np.array([isinstance(own, set) and len(own) == 1 for own in fitted], dtype=bool)
    truth = [next(iter(own)) for own in fitted[single]]
    ami = adjusted_mutual_info_score(truth, run.model.clusters_[single]) if truth else 0.0
    return Agreement(table, float(ami), len(truth))


def _f1(true: np.ndarray, found: np.ndarray) -> float:
    """Harmonic mean of precision and recall; 1 where there is nothing to find and nothing found."""
    either = int(true.sum()) + int(found.sum())
    return 2 * int((true & found).sum()) / either if either else 1.0
