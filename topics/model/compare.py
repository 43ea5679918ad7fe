"""What changed since an earlier run: which themes are new, grown, shrunk or gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from topics.errors import InputError
from topics.intervals import difference, wilson
from topics.model.labels import strongest_theme

_FILES = ("themes.csv", "assignments.parquet", "passages.parquet")
_PASSAGES = ["passage_id", "document_id", "language", "text"]
_MIN_DICE = 0.5  # coefficient of two themes' passages from which on they are one
CHANGE_COLUMNS = ["theme_id", "name", "change", "documents_before", "documents", "share_before",
                  "share", "low", "high"]  # fmt: skip


@dataclass(frozen=True)
class Earlier:
    """A run that `topics report` wrote before.

    Attributes
    ----------
    themes
        theme_id and name, as in ``themes.csv``.
    assignments, passages
        As in its Parquet files; of the passages passage_id, document_id, language and text.
    vectors
        Unit vectors of its passages, made with the embedder of the new run.
    """

    themes: pd.DataFrame
    assignments: pd.DataFrame
    passages: pd.DataFrame
    vectors: np.ndarray


def earlier_files(folder: str | Path) -> list[Path]:
    """The files of an earlier run that tell its themes; raise InputError if they are not there."""
    paths = [Path(folder) / name for name in _FILES]
    for path in paths:
        if not path.is_file():
            raise InputError(
                f"base: expected the output folder of an earlier report, {str(folder)!r} has no "
                f"{path.name}"
            )
    return paths


def read_earlier(folder: str | Path, embed: Callable[[list[str]], np.ndarray]) -> Earlier:
    """Read what an earlier ``topics report`` left in its output folder.

    `embed` gives the vectors of texts, by the embedder of the new run.

    Raises
    ------
    InputError
        If the folder does not hold such files.
    """
    table, *parquet = earlier_files(folder)
    try:
        themes = pd.read_csv(table, dtype="str", keep_default_na=False)  # one may be called "NA"
        assignments, passages = map(pd.read_parquet, parquet)
        themes, passages = themes[["theme_id", "name"]], passages[_PASSAGES]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"base: {str(folder)!r} cannot be read: {error}") from error
    return Earlier(themes, assignments, passages, embed(passages["text"].tolist()))


def kept_ids(
    earlier: Earlier, again: np.ndarray, own: Sequence[str], taken: Collection[str]
) -> dict[int, tuple[str, str]]:
    """Id and name of each earlier theme that comes again, by the number of the new one.

    Themes are matched one to one (Hungarian method) by the earlier passages that they share;
    two are one where they share half of them. A theme that lies in an earlier one and would have its
    id by its own name has it before others: the earlier one may have been merged by hand.

    Parameters
    ----------
    earlier
        The run that knows them.
    again
        Number of the new theme of each earlier passage, -1 for none.
    own
        Id of each new theme by its name, see `slug`.
    taken
        Ids of themes that are named now; one that was named then may come as a discovered one.
    """
    pairs = earlier.assignments[~earlier.assignments["theme_id"].isin(taken)]
    before = strongest_theme(pairs).reindex(earlier.passages["passage_id"])
    ids = before.dropna().unique().tolist()
    if not ids or again.max(initial=-1) < 0:
        return {}
    old = before.to_numpy()[:, None] == np.array(ids, dtype=object)
    new = again[:, None] == np.arange(again.max() + 1)
    shared = old.T.astype(float) @ new
    sizes = np.maximum(new.sum(axis=0), 1)
    dice = 2 * shared / (old.sum(axis=0)[:, None] + sizes)
    same_name = np.array(ids)[:, None] == np.array(own)[: len(sizes)]
    dice[same_name & (shared >= _MIN_DICE * sizes)] += 2  # of several of one name, the nearest
    names = earlier.themes.set_index("theme_id")["name"]
    return {
        int(j): (ids[i], names[ids[i]])
        for i, j in zip(*scipy.optimize.linear_sum_assignment(-dice), strict=True)
        if dice[i, j] >= _MIN_DICE
    }


def changes(earlier: Earlier, themes: pd.DataFrame, passages: pd.DataFrame) -> pd.DataFrame:
    """Every theme of both runs, and how its share of the documents has changed.

    Returns
    -------
    pd.DataFrame
        theme_id, name, change (new, grown, steady, shrunk, vanished), documents_before,
        documents, share_before, share, low, high: 95% interval of the difference of the shares
        (Newcombe 1998). A theme has grown or shrunk where the interval leaves zero out.
    """
    owner = earlier.passages[["passage_id", "document_id"]]
    pairs = earlier.assignments.merge(owner, on="passage_id")
    before = pairs.groupby("theme_id")["document_id"].nunique()
    after = themes.set_index("theme_id")["n_documents"]
    n, m = earlier.passages["document_id"].nunique(), passages["document_id"].nunique()
    names = dict(pd.concat([earlier.themes, themes])[["theme_id", "name"]].to_numpy())
    rows = []
    for theme_id in [*themes["theme_id"], *sorted(set(before.index) - set(themes["theme_id"]))]:
        a, b = int(before.get(theme_id, 0)), int(after.get(theme_id, 0))
        _, low, high = difference(wilson(a, n), wilson(b, m))
        known = "grown" if low > 0 else "shrunk" if high < 0 else "steady"
        change = "new" if b and not a else "vanished" if a and not b else known
        rows.append((theme_id, names[theme_id], change, a, b, a / n, b / m, low, high))
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)
