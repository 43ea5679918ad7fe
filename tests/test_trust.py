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
    assert found["overlap"].min() > 0.8


def test_where_nothing_changes_it_is_claimed_of_the_halves_and_survives():
    dates = [f"2025-0{month}-01" for month in (1, 2, 3, 4, 5)] * 2
    found = concluded(run_on(PORT + FIELD, date=dates, source=["Gull"] * 10))
    march = pd.Timestamp("2025-03-01")
    assert rows(found, "claim", "since") == [("no change", march)] * 2
    assert found["survives"].min() >= 0.9


def test_a_theme_that_no_passage_carries_in_any_refit_has_no_overlap():
    opera = {"id": "opera", "name": "Opera", "phrases": ["A soprano sang on the stage"]}
    dates = [f"2025-0{month}-01" for month in (1, 2, 3, 4, 5)] * 2
    found = concluded(run_on(PORT + FIELD, named=[opera], date=dates, source=["Gull"] * 10))
    assert found["theme_id"][0] == "opera"
    assert found["overlap"].isna().tolist() == [True, False, False]


def test_without_dates_nothing_is_concluded():
    found = concluded(run_on(PORT))
    assert found.empty
    assert found.columns.tolist() == ["theme_id", "claim", "since", "survives", "overlap"]


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
