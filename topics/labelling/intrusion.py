"""Intrusion tests: sheets on which people find what does not belong to a theme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topics.cache import digest
from topics.errors import InputError
from topics.intervals import wilson
from topics.labelling.estimates import given_themes
from topics.labelling.sheets import harmless, read_answers
from topics.text.words import alike

if TYPE_CHECKING:
    from topics.run import Run

_N_OWN = {"word": 5, "passage": 3}  # options of the theme, beside one that is not
_OPTIONS = [f"option_{i}" for i in range(1, 7)]
_COLUMNS = ["test_id", "theme_id", "kind", "intruder", "question", *_OPTIONS]
_QUESTIONS = {
    "word": "Five of these terms belong together. Which one does not belong to them?",
    "passage": "Three of these passages share a theme. Which one does not have it?",
}


def draw_tests(
    run: Run, per_theme: int = 3, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw word and passage intrusion tests (Chang et al. 2009; Ying et al. 2022).

    word: five keywords of a theme and one of another, no form of the theme's own. passage: three
    passages of a theme and one of another theme.

    Parameters
    ----------
    run
        A run. A theme of too few keywords or passages gets no test of that kind.
    per_theme
        Tests of each kind for each theme.
    random_state
        Seed.

    Returns
    -------
    sheet
        test_id, kind, question, option_1 to option_6 (blank if there are fewer), answer (number
        of the option that does not belong, to fill in), coder (may be filled in); in random order.
    key
        test_id, theme_id, kind, intruder (number of the option); the same rows.

    Raises
    ------
    InputError
        If no test can be drawn.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> keywords = ["dock, ship, harbour, crane, pilot", "wheat, bread, field, farm, mill"]
    >>> run = SimpleNamespace(
    ...     themes=pd.DataFrame({"theme_id": ["port", "grain"], "keywords": keywords}),
    ...     passages=pd.DataFrame({"passage_id": ["a:1"], "text": [""], "copy_group": [0]}),
    ...     assignments=pd.DataFrame({"passage_id": [], "theme_id": []}),
    ... )
    >>> sheet, key = draw_tests(run, per_theme=1)
    >>> sorted(key["theme_id"]), set(key["kind"])
    (['grain', 'port'], {'word'})
    """
    rng, rows = np.random.default_rng(random_state), []
    for kind, theme_id, own, foreign in [*_words(run), *_passages(run)]:
        n = _N_OWN[kind]
        for _ in range(per_theme if len(own) >= n and len(foreign) else 0):
            place, shown = rng.integers(n + 1), list(rng.choice(own, n, replace=False))
            shown.insert(place, rng.choice(foreign))
            id_ = "t" + digest(kind, *shown)[:8]
            row = (id_, theme_id, kind, int(place) + 1, _QUESTIONS[kind], *shown)
            rows.append(dict(zip(_COLUMNS, row, strict=False)))
    if not rows:
        raise InputError(
            "tests: expected two themes, with five keywords or three passages each; "
            f"found {len(run.themes)} theme(s) of which no test can be drawn"
        )
    table = pd.DataFrame(rows).drop_duplicates("test_id")
    table = table.sample(frac=1, random_state=rng, ignore_index=True)
    table = table.reindex(columns=_COLUMNS).fillna("")
    table[_OPTIONS] = table[_OPTIONS].astype("str").apply(harmless)
    sheet = table.drop(columns=["theme_id", "intruder"]).assign(answer="", coder="")
    return sheet, table[_COLUMNS[:4]]


def _words(run: Run) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Kind of test, theme, its keywords, and those of others that are no form of them."""
    words = run.themes.set_index("theme_id")["keywords"].str.split(", ")
    for theme_id, own in words.items():
        parts = " ".join(own).split()
        foreign = [
            word
            for word in words.drop(theme_id).explode().dropna().unique()
            if word and not any(alike(*pair) for pair in product(word.split(), parts))
        ]
        yield "word", theme_id, np.array(own, dtype=object), np.array(foreign, dtype=object)


def _passages(run: Run) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Kind of test, theme, its passages without near-copies, and those of other themes alone."""
    first = ~run.passages["copy_group"].duplicated().to_numpy()
    given, texts = given_themes(run)[first], run.passages["text"].to_numpy(dtype=object)[first]
    for theme_id in given:
        own = given[theme_id].to_numpy()
        yield "passage", theme_id, texts[own], texts[~own & given.any(axis=1).to_numpy()]


def score_tests(
    paths: str | Path | Iterable[str | Path], key: pd.DataFrame, by: str = "kind"
) -> pd.DataFrame:
    """How often people found the intruder.

    Parameters
    ----------
    paths
        A sheet that was filled in, or one a coder; tests left blank do not count.
    key
        As `draw_tests` returned it with the sheet.
    by
        kind or theme_id.

    Returns
    -------
    pd.DataFrame
        The column `by`, n (answers), right, share, low, high (Wilson interval), chance (share
        that guessing gets right).

    Raises
    ------
    InputError
        As for `topics.labelling.read_labels`, or if an answer is no option's number.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> key = pd.DataFrame({"test_id": ["t1"], "theme_id": "port", "kind": "word", "intruder": 2})
    >>> with TemporaryDirectory() as folder:
    ...     answers = pd.DataFrame({"test_id": ["t1"], "answer": ["2"]})
    ...     answers.to_csv(Path(folder, "ann.csv"), index=False)
    ...     score_tests(Path(folder, "ann.csv"), key)[["kind", "n", "right", "share"]]
       kind  n  right  share
    0  word  1      1    1.0
    """
    answers = read_answers(paths, key["test_id"], "answer").merge(key, on="test_id")
    n_options = answers["kind"].map(_N_OWN) + 1
    for row, n in zip(answers.itertuples(), n_options, strict=True):
        if row.answer not in map(str, range(1, n + 1)):
            raise InputError(
                f"tests: {row.test_id}: expected a number from 1 to {n}, found {row.answer!r}"
            )
    right = answers["answer"].astype(int) == answers["intruder"]
    groups = answers.assign(right=right, chance=1 / n_options).groupby(by, sort=False)
    table = groups.agg(n=("right", "size"), right=("right", "sum"), chance=("chance", "mean"))
    table[["share", "low", "high"]] = np.transpose(wilson(table["right"], table["n"]))
    return table.reset_index()[[by, "n", "right", "share", "low", "high", "chance"]]
