"""What a theme rests on, whether what is said of it survives a refit, and a theme that is not there."""

import numpy as np
import pandas as pd
import pytest
from runs import CARRIED, DATED, FIELD, PORT, rows, run_on, run_with
from test_themes import FISHING, RAIL

from topics.measures import (
    DocumentThemes,
    absent_theme,
    borderline,
    find_change_points,
    near_duplicates,
    theme_support,
    trend_survival,
)

FALCONS = [
    "The falconer hooded her hawk and let it hunt from the glove over the moor.",
    "A falcon trained to hunt returned to the falconer's glove with a partridge.",
    "Falconers train hawks with lures, jesses and hoods before the hunting season.",
]


def test_a_theme_rests_on_its_documents_less_near_copies_and_on_its_largest_source():
    table = theme_support(run_with(DATED, CARRIED | {"empty": []}))
    columns = ("theme_id", "passages", "documents", "independent", "sources", "stability")
    assert rows(table, *columns) == [
        ("ferries", 4, 4, 3, 3, 0.8), ("grain", 2, 2, 2, 1, 0.8), ("empty", 0, 0, 0, 0, 0.8),
    ]  # fmt: skip
    assert table["largest_source"].tolist()[:2] == ["Heron", "Heron"]
    assert table["source_share"].tolist() == pytest.approx([1 / 2, 1, np.nan], nan_ok=True)


def test_borderline_passages_are_the_lowest_scored():
    assert borderline(run_with(DATED, CARRIED), "ferries") == ["undated:1", "july-copy:1"]


def test_falconry_takes_nothing_where_nobody_writes_of_it():
    assert absent_theme(run_on(PORT + FIELD)) == ([], 10)


def test_falconry_takes_what_is_about_falconry():
    taken, n = absent_theme(run_on(PORT + FIELD + FALCONS))
    assert (sorted(taken), n) == (["10.txt:1", "11.txt:1", "12.txt:1"], 13)


def concluded(run, period="M"):
    return trend_survival(
        run, find_change_points(DocumentThemes.from_run(run), period, permutations=99), period
    )


def test_an_obvious_rise_and_fall_survive_every_refit():
    dates = pd.date_range("2025-03-01", periods=18, freq="10D")  # fish until May, trains from June
    found = concluded(run_on(FISHING + RAIL, date=dates, source=["Gull", "Heron"] * 9))
    june = pd.Timestamp("2025-06-01")
    assert sorted(rows(found, "claim", "since", "survives")) == [
        ("fall", june, 1.0), ("rise", june, 1.0),
    ]  # fmt: skip


def test_where_nothing_changes_there_is_nothing_to_survive():
    dates = [f"2025-0{month}-01" for month in (1, 2, 3, 4, 5)] * 2
    found = concluded(run_on(PORT + FIELD, date=dates, source=["Gull"] * 10))
    assert found["claim"].tolist() == ["no change"] * 2
    assert found[["since", "survives"]].isna().all(axis=None)


def test_a_named_theme_that_no_passage_has_is_absent_and_has_no_stability():
    opera = {"id": "opera", "name": "Opera", "phrases": ["A soprano sang on the stage"]}
    table = theme_support(run_on(PORT + FIELD, named=[opera]))
    assert table["verdict"].tolist() == ["absent", "fragile", "fragile"]
    assert table["stability"].isna().tolist() == [True, False, False]


def supported(stability=0.9, n=30, sources=("Gull", "Heron"), told="The ferry sank.", right=None):
    """What a theme rests on that has `n` of 90 documents, the rest being from Gull and Heron."""
    own = [(f"f{i}", None, sources[i % len(sources)], f"{told} {i} " * 3) for i in range(n)]
    others = [(f"g{i}", None, ("Gull", "Heron")[i % 2], None) for i in range(90 - n)]
    run = run_with(own + others, {"ferries": [name for name, *_ in own]})
    run.model.themes_["stability"] = stability
    if right is not None:
        run.model.validated_ = pd.DataFrame(
            {"theme_id": "ferries", "label": np.arange(10) < right, "after": True}
        )
    return theme_support(run).iloc[0]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "solid"),
        ({"stability": 0.7}, "usable"),
        ({"stability": 0.5}, "fragile"),
        ({"n": 15}, "usable"),
        ({"n": 9}, "fragile"),
        ({"sources": ["Gull"]}, "solid"),  # of two sources, one alone is half of what there is
        ({"told": "The harbour was shut."}, "fragile"),
        ({"told": 'ferry = {"sank": true};'}, "fragile"),
        ({"right": 9}, "solid"),
        ({"right": 7}, "usable"),
        ({"right": 5}, "fragile"),
    ],
    ids=str,
)
def test_a_verdict_is_the_lowest_that_a_measure_allows(change, verdict):
    assert supported(**change)["verdict"] == verdict


def test_one_outlet_is_a_flaw_of_a_theme_only_where_the_corpus_has_others():
    many = [f"Outlet {i}" for i in range(12)]
    documents = [(f"d{i}", None, many[i % 12], f"The ferry sank. {i} " * 3) for i in range(240)]
    themes = {"ferries": [f"d{i}" for i in range(0, 240, 12)]}
    mixed = theme_support(run_with(documents, themes)).iloc[0]
    one = [(name, None, "Gull", text) for name, _, _, text in documents]
    alone = theme_support(run_with(one, themes)).iloc[0]
    assert (mixed["verdict"], mixed["breadth"].round(2)) == ("fragile", 0.13)
    assert (alone["verdict"], alone["breadth"]) == ("solid", 1)


def test_without_dates_nothing_is_concluded():
    found = concluded(run_on(PORT))
    assert found.empty
    assert found.columns.tolist() == ["theme_id", "claim", "since", "survives"]


@pytest.mark.parametrize(
    ("dates", "sources"),
    [("2025-05-02", "Gull"), (["2025-01-01"] * 5 + ["2025-02-01"] * 5, ["Gull", "Heron"])],
    ids=["one period", "no source in both halves"],
)
def test_what_cannot_be_compared_is_not_said_to_survive(dates, sources):
    names = sources if isinstance(sources, str) else np.repeat(sources, 5).tolist()
    found = concluded(run_on(PORT + FIELD, date=dates, source=names))
    assert found["survives"].isna().all()


def test_copies_are_listed_with_their_originals():
    table = near_duplicates(run_with(DATED, CARRIED))
    assert rows(table, "document_id", "source", "copy_of", "source_of_original") == [
        ("july-copy", "Heron", "may-a", "Gull")
    ]
    assert near_duplicates(run_with(DATED[:4], CARRIED)).empty
