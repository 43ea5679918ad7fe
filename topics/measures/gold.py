"""Themes against labels that people gave to paragraphs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from topics.errors import InputError
from topics.run import Run


def read_gold(path: str | Path) -> pd.DataFrame:
    """Read labels of passages made by people: document_id, opening, themes (parted by ``;``).

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.
    """
    try:
        gold = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"gold labels: cannot read {str(path)!r}: {error}") from error
    missing = {"document_id", "opening", "themes"} - set(gold.columns)
    if missing:
        raise InputError(f"gold labels: {str(path)!r} has no column {min(missing)!r}")
    return gold


def labels_of_passages(
    passages: pd.DataFrame, documents: pd.DataFrame, gold: pd.DataFrame
) -> pd.Series:
    """Set of true themes of each passage; missing for passages that nobody labelled.

    A label belongs to the passage in which its paragraph's opening words stand.
    """
    texts = documents.set_index("document_id")["text"]
    rows_of = passages.groupby("document_id").indices
    labels: list[set[str] | None] = [None] * len(passages)
    starts, ends = passages["start"].to_numpy(), passages["end"].to_numpy()
    for row in gold.itertuples():
        text, opening = texts.get(row.document_id, ""), row.opening.strip()
        if not opening:
            continue
        place = f"\n\n{text}".find(f"\n\n{opening}")
        place = text.find(opening) if place < 0 else place
        for i in rows_of.get(row.document_id, ()):
            if place >= 0 and starts[i] <= place < ends[i]:
                labels[i] = (labels[i] or set()) | (
                    {theme.strip() for theme in row.themes.split(";")} - {"none", ""}
                )
    return pd.Series(labels, index=passages.index, dtype=object)


def label_agreement(run: Run, labels: pd.Series) -> tuple[pd.DataFrame, float, int]:
    """How well themes agree with gold labels.

    Returns
    -------
    table
        One row a named theme that has labels: theme_id, n_true, n_found, precision, recall, f1.
    ami
        Adjusted mutual information of discovered clusters with the labels, over passages that
        carry exactly one label.
    n
        Number of those passages.
    """
    from sklearn.metrics import adjusted_mutual_info_score  # takes a second to import

    known = labels.notna()
    every = set().union(*labels[known]) if known.any() else set()
    ids = run.passages["passage_id"]
    rows = []
    for theme in run.model.named:
        if theme.id not in every:
            continue
        own = run.assignments.loc[run.assignments["theme_id"] == theme.id, "passage_id"]
        found = ids.isin(own)[known].to_numpy()
        true = labels[known].map(lambda s, id_=theme.id: id_ in s).to_numpy(dtype=bool)
        both = int((found & true).sum())
        precision, recall = both / max(found.sum(), 1), both / max(true.sum(), 1)
        f1 = 2 * both / max(found.sum() + true.sum(), 1)
        rows.append((theme.id, int(true.sum()), int(found.sum()), precision, recall, f1))
    fitted = labels.iloc[run.fitted]
    single = fitted.map(lambda s: isinstance(s, set) and len(s) == 1).to_numpy(dtype=bool)
    truth = fitted[single].map(lambda s: next(iter(s)))
    ami = adjusted_mutual_info_score(truth, run.model.clusters_[single]) if single.any() else 0.0
    columns = ["theme_id", "n_true", "n_found", "precision", "recall", "f1"]
    return pd.DataFrame(rows, columns=columns), float(ami), int(single.sum())
