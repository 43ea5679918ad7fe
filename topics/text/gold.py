"""Labels that people gave to paragraphs, matched to passages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from topics.errors import InputError


def read_gold(path: str | Path) -> pd.DataFrame:
    """Read labels that people gave to paragraphs: document_id, opening, themes (separated by ``;``).

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing.

    Examples
    --------
    >>> {"document_id", "opening", "themes"} <= set(read_gold("data/gold.csv"))
    True
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
    r"""Set of true themes of each passage; missing for passages that nobody labelled.

    A label belongs to the passage that holds its paragraph's opening words.

    Parameters
    ----------
    passages
        document_id, start, end.
    documents
        document_id, text.
    gold
        As from `read_gold`.

    Examples
    --------
    >>> documents = pd.DataFrame({"document_id": ["a"], "text": ["Ships wait.\n\nGrain rots."]})
    >>> passages = pd.DataFrame({"document_id": "a", "start": [0, 13], "end": [11, 24]})
    >>> gold = pd.DataFrame({"document_id": ["a"], "opening": ["Grain"], "themes": ["grain; none"]})
    >>> labels_of_passages(passages, documents, gold).tolist()
    [None, {'grain'}]
    """
    texts = documents.set_index("document_id")["text"]
    rows_of = passages.groupby("document_id").indices
    labels: list[set[str] | None] = [None] * len(passages)
    starts, ends = passages["start"].to_numpy(), passages["end"].to_numpy()
    for row in gold.itertuples():
        text, opening = texts.get(row.document_id, ""), row.opening.strip()
        place = f"\n\n{text}".find(f"\n\n{opening}")  # at the start of a paragraph, if there
        place = text.find(opening) if place < 0 else place
        themes = {theme.strip() for theme in row.themes.split(";")} - {"none", ""}
        for i in rows_of.get(row.document_id, ()):
            if opening and starts[i] <= place < ends[i]:
                labels[i] = (labels[i] or set()) | themes
    return pd.Series(labels, index=passages.index, dtype=object)
