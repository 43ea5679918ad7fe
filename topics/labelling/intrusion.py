"""Intrusion tests: can people tell what does not belong to a theme? Drawn blind, then scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from topics.cache import digest
from topics.errors import InputError
from topics.labelling.estimates import given_themes
from topics.labelling.sheets import harmless, read_answers
from topics.text.words import alike

if TYPE_CHECKING:
    from topics.run import Run

_OPTIONS = {"word": 6, "passage": 4, "label": 4}  # in a test, one of them the intruder
_QUESTIONS = {
    "word": "Five of these terms belong together. Which one does not belong to them?",
    "passage": "Three of these passages share a theme. Which one does not have it?",
    "label": "Three of these themes fit the passage below best. Which one does not fit?",
}
Test = tuple[str, str, str, list[str], str]  # theme, kind, passage to judge, own options, intruder


def draw_tests(
    run: Run, per_theme: int = 3, random_state: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw word, passage and label intrusion tests (Chang et al. 2009; Ying et al. 2022).

    word: five keywords of a theme and one of another, no form of the theme's own. passage: three
    passages of a theme and one of another that does not carry it. label: a passage with the
    names of the three themes that it is on most, and of one of those that it is on least.

    Parameters
    ----------
    run
        A run. A theme of too few keywords or passages gets fewer tests, or none.
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
        test_id, theme_id, kind, intruder (number of the option).

    Raises
    ------
    InputError
        If no test can be drawn.
    """
    rng = np.random.default_rng(random_state)
    rows = []
    for draw in (_word_tests, _passage_tests, _label_tests):
        for theme_id, kind, passage, own, intruder in draw(run, per_theme, rng):
            order = rng.permutation(len(own) + 1)
            shown = np.array([*own, intruder], dtype=object)[order]
            row = {"test_id": "t" + digest(kind, passage, *shown)[:8], "theme_id": theme_id}
            row |= {"kind": kind, "question": f"{_QUESTIONS[kind]}\n\n{passage}".strip()}
            row |= {f"option_{i}": option for i, option in enumerate(shown, 1)}
            rows.append(row | {"intruder": int(order.argmax()) + 1})
    if not rows:
        raise InputError(
            "tests: expected two themes with five keywords or three passages each, or four themes; "
            f"got {len(run.themes)} theme(s) of which no test can be drawn"
        )
    table = pd.DataFrame(rows).drop_duplicates("test_id")
    table = table.sample(frac=1, random_state=rng, ignore_index=True)
    texts = ["question", *(f"option_{i}" for i in range(1, max(_OPTIONS.values()) + 1))]
    sheet = table.reindex(columns=["test_id", "kind", *texts]).fillna("")
    sheet[texts] = sheet[texts].astype("str").apply(harmless)
    return sheet.assign(answer="", coder=""), table[["test_id", "theme_id", "kind", "intruder"]]


def _word_tests(run: Run, n: int, rng: np.random.Generator) -> Iterator[Test]:
    words = run.themes.set_index("theme_id")["keywords"].str.split(", ")
    for theme_id, own in words.items():
        parts = " ".join(own).split()
        foreign = [
            word
            for word in dict.fromkeys(words.drop(theme_id).explode())
            if word and not any(alike(*pair) for pair in product(word.split(), parts))
        ]
        for _ in range(n if len(own) >= 5 and foreign else 0):
            five = rng.choice(own, 5, replace=False).tolist()
            yield theme_id, "word", "", five, str(rng.choice(foreign))


def _carriers(run: Run) -> pd.DataFrame:
    """Whether the model gives each independent passage, by its place, each theme."""
    given = given_themes(run).set_axis(range(len(run.passages)))
    return given[~run.passages["copy_group"].duplicated().to_numpy()]


def _passage_tests(run: Run, n: int, rng: np.random.Generator) -> Iterator[Test]:
    carries, texts = _carriers(run), run.passages["text"].to_numpy()
    for theme_id, own in carries.items():
        inside, outside = own.index[own], own.index[~own & carries.any(axis=1)]
        for _ in range(n if len(inside) >= 3 and len(outside) else 0):
            drawn = texts[rng.choice(inside, 3, replace=False)].tolist()
            yield theme_id, "passage", "", drawn, texts[rng.choice(outside)]


def _label_tests(run: Run, n: int, rng: np.random.Generator) -> Iterator[Test]:
    names = run.themes.set_index("theme_id")["name"]
    for theme_id, own in _carriers(run).items():
        drawn = rng.permutation(own.index[own])[:n]
        passages = run.passages.iloc[drawn]
        if len(passages):
            members = run.model.memberships(passages, run.vectors[drawn])
            for text, (_, row) in zip(passages["text"], members.iterrows(), strict=True):
                ranked = row.sort_values(ascending=False, kind="stable")
                least = ranked.iloc[max(3, len(ranked) // 2) :]  # of the lower half
                least = least[least < ranked.iloc[:3].min()]
                if len(least):
                    best = names[ranked.index[:3]].tolist()
                    yield theme_id, "label", text, best, names[rng.choice(least.index)]


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
        The column `by`, n (answers), right, share, low, high (95%, Clopper and Pearson 1934),
        chance (share that guessing gets right).

    Raises
    ------
    InputError
        As for `topics.labelling.read_labels`, or if an answer is no option's number.
    """
    answers = read_answers(paths, key["test_id"], "answer").merge(key, on="test_id")
    number, options = (
        pd.to_numeric(answers["answer"], errors="coerce"),
        answers["kind"].map(_OPTIONS),
    )
    for row in answers[~((number >= 1) & (number <= options) & (number % 1 == 0))].itertuples():
        raise InputError(
            f"tests: {row.test_id}: expected a number from 1 to {_OPTIONS[row.kind]}, "
            f"got {row.answer!r}"
        )
    table = (
        answers.assign(right=number == answers["intruder"], chance=1 / options)
        .groupby(by, sort=False)
        .agg(n=("right", "size"), right=("right", "sum"), chance=("chance", "mean"))
    )
    table["share"] = table["right"] / table["n"]
    bounds = [binomtest(own.right, own.n).proportion_ci() for own in table.itertuples()]
    table[["low", "high"]] = [(interval.low, interval.high) for interval in bounds]
    return table.reset_index()[[by, "n", "right", "share", "low", "high", "chance"]]
