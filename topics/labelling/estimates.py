"""What labels made by hand say of the themes: corrected shares, precision, recall, agreement."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
from scipy.stats import beta

from topics.errors import InputError
from topics.intervals import ratio, wilson
from topics.run import Run

_PRECISE = 0.02  # half an interval that is narrow enough
_IMAGINED = 4.0  # passages with and without the theme, spread evenly: smooth the rates of strata


def labelled_shares(run: Run, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of the passages that carry each theme, corrected by labels made by hand.

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
        share, low, high (corrected); precision and recall, each with _low and _high; n
        (passages labelled); labels_needed (labels still expected for plus or minus 2 points). Missing
        where none of the passages that the model gives the theme is labelled.

    Raises
    ------
    InputError
        If a labelled passage is not in the run.
    """
    given, sample = given_themes(run), labels.drop_duplicates("passage_id")
    rows = given.index.get_indexer(sample["passage_id"])
    if (rows < 0).any():
        wrong = sample["passage_id"].iloc[rows.argmin()]
        raise InputError(f"labels: passage {wrong!r} is not in this run; take the run of the draw")
    truth, found = _majority(labels, given.columns), given.to_numpy()
    own = given.columns.to_numpy() == run.theme_of_passage.to_numpy(object)[:, None]
    counts, size = found.sum(axis=0), len(found)
    # Passages that the theme is first in, further ones that have it, the rest: errors differ.
    cells = [own, found & ~own, ~found]
    rates = [_rates(truth, cell[rows], cell.sum(axis=0), sample) for cell in cells]
    unknown = np.array([rates[0][0], np.zeros(len(own[0])), np.ones(len(own[0]))])
    rates[1] = np.where(np.isnan(rates[1]), unknown, rates[1])  # none of these few is labelled
    parts = [_part(c.mean(axis=0), rate) for c, rate in zip(cells, rates, strict=True)]
    right, lost, share = _joined(parts[:2]), parts[2], _joined(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = right * size / counts
        odds = lost[0] / right[0], *reversed(ratio(*[(e[0], e[1], e[2]) for e in (right, lost)]))
    estimates = {
        "naive": (counts / size, *wilson(counts, size)),
        "share": share,
        "precision": precision,
        "recall": [1 / (1 + part) for part in odds],
    }
    table = pd.DataFrame({"theme_id": given.columns})
    for name, estimate in estimates.items():
        table[[name, f"{name}_low", f"{name}_high"]] = np.transpose(estimate)
    needed = _labels_needed((share[2] - share[1]) / 2, len(rows), size)
    table = table.rename(columns={"share_low": "low", "share_high": "high"})
    return table.assign(n=len(rows), labels_needed=needed)


def given_themes(run: Run) -> pd.DataFrame:
    """Whether the model gives each passage, a row by id, each theme, a column by id."""
    ids, themes = pd.Index(run.passages["passage_id"]), pd.Index(run.themes["theme_id"])
    rows, columns = (run.assignments[name] for name in ("passage_id", "theme_id"))
    found = np.zeros((len(ids), len(themes)), dtype=bool)
    found[ids.get_indexer(rows), themes.get_indexer(columns)] = True
    return pd.DataFrame(found, ids, themes)


def _labels_needed(half: np.ndarray, n: int, size: int) -> pd.Series:
    """Labels expected beside `n`, out of `size` passages, for half an interval that is precise."""
    rest = (1 / n - 1 / size) * np.minimum(_PRECISE / half, 1) ** 2
    return pd.Series(np.ceil(np.round(1 / (1 / size + rest) - n, 6))).astype("Int64")


def _majority(labels: pd.DataFrame, themes: pd.Index) -> np.ndarray:
    """``(n_passages, n_themes)``: 1 where most coders see the theme, one half for a tie."""
    votes = pd.DataFrame([[theme in own for theme in themes] for own in labels["themes"]])
    share = votes.groupby(labels["passage_id"].to_numpy(), sort=False).mean().to_numpy()
    return (np.sign(share - 0.5) + 1) / 2


def _part(weight: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Rates as shares of all passages; nothing of those that there are none of."""
    return np.where(weight > 0, weight * rates, 0.0)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Sum of independent parts and its bounds (MOVER)."""
    each, low, high = np.stack(parts, axis=1)
    down, up = (np.sqrt((gap**2).sum(axis=0)) for gap in (each - low, high - each))
    return each.sum(axis=0) + np.array([np.zeros(len(up)), -down, up])


def _rates(
    truth: np.ndarray, inside: np.ndarray, size: np.ndarray, sample: pd.DataFrame
) -> np.ndarray:
    """Share of the passages `inside`, `size` in the corpus, that carry each theme; low and high."""
    strata = pd.get_dummies(sample["stratum"], dtype=float).to_numpy().T
    weights = ((strata @ (1 / sample["probability"])) / strata.sum(axis=1))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        n, hits = strata @ inside, strata @ (inside * truth)
        total, labelled = (weights * n).sum(axis=0), n.sum(axis=0)
        rate = (weights * hits).sum(axis=0) / total
        imagined = _IMAGINED * n / labelled
        smooth = np.where(n > 0, (hits + imagined) / (n + 2 * imagined), 0.0)
        mean = (weights * n * smooth).sum(axis=0) / total
        # Of a stratum labelled whole the passages are known, but not all inside need be of it.
        unseen = np.maximum(1 - 1 / weights, 1 - labelled / size)
        spread = (weights**2 * unseen * n * smooth * (1 - smooth)).sum(axis=0) / total**2
        effective = np.minimum(mean * (1 - mean) / spread, 1e9)  # finite, though all be labelled
    bounds = [
        beta.ppf(q, rate * effective + 0.5, (1 - rate) * effective + 0.5) for q in (0.025, 0.975)
    ]
    return np.array([rate, np.where(rate == 0, 0, bounds[0]), np.where(rate == 1, 1, bounds[1])])


def coder_agreement(labels: pd.DataFrame) -> pd.DataFrame:
    """How far coders agree beyond chance: Krippendorff's alpha (2019, ch. 12), nominal.

    Returns
    -------
    pd.DataFrame
        theme_id (each that a coder saw), alpha (1: always, 0: as by chance; missing where
        there is no passage or no variation to tell by), n (passages of two coders or more).
    """
    wide = labels.pivot(index="coder", columns="passage_id", values="themes")
    wide = wide.loc[:, wide.notna().sum() > 1]
    rows = []
    for theme in sorted(frozenset().union(*labels["themes"])):
        seen = wide.map(lambda own, theme=theme: theme in own, na_action="ignore").to_numpy(float)
        varied = np.nanmin(seen, initial=1) < np.nanmax(seen, initial=0)
        alpha = krippendorff.alpha(seen, level_of_measurement="nominal") if varied else np.nan
        rows.append((theme, alpha, wide.shape[1]))
    return pd.DataFrame(rows, columns=["theme_id", "alpha", "n"])
