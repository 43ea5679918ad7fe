"""Which themes are new or rising of late."""

import numpy as np
import pandas as pd
import pytest
from runs import document_themes, monthly, rows

from topics import InputError
from topics.measures import emerging_themes

NEW = [0.0] * 9 + [0.4] * 3
RISING = [0.1] * 9 + [0.5] * 3
FLAT = [0.2] * 12


def called(table, **options):
    found = emerging_themes(table, "M", permutations=99, **options)
    return dict(rows(found.dropna(subset="kind"), "theme_id", "kind"))


def test_a_theme_without_older_documents_is_new():
    found = emerging_themes(monthly(np.random.default_rng(0), NEW), "M").set_index("theme_id")
    row = found.loc["ferries"]
    assert (row["kind"], row["since"], row["before"]) == ("new", pd.Timestamp("2025-10-01"), 0)
    assert (row["sources"], row["recent"]) == (2, pytest.approx(row["documents"] / 120))
    assert row["first_seen"].to_period("M") == pd.Period("2025-10")
    assert row["p"] == 0.001
    assert pd.isna(found.loc["grain", "kind"])


def test_a_theme_that_was_there_before_is_rising():
    assert called(monthly(np.random.default_rng(0), RISING)) == {"ferries": "rising"}


def test_a_rise_beside_a_season_is_measured_within_the_months():
    autumn = np.repeat([0.1, 0.5], [9, 3])
    rates = [*autumn, *autumn + np.repeat([0, 0.3], [9, 3])]
    table = monthly(np.random.default_rng(0), rates, per_source=60)
    row = emerging_themes(table, "M", permutations=99).set_index("theme_id").loc["ferries"]
    assert (row["kind"], row["since"]) == ("rising", pd.Timestamp("2026-10-01"))
    assert row["low"] < 0.3 < row["high"] < 0.5


def test_a_theme_that_falls_is_not_called():
    assert called(monthly(np.random.default_rng(0), [0.5] * 9 + [0.0] * 3)) == {}


def test_a_theme_that_one_source_alone_carries_is_not_called():
    rates = np.column_stack([NEW, np.zeros(12)])
    table = monthly(np.random.default_rng(0), rates, per_source=40)
    row = emerging_themes(table, "M").set_index("theme_id").loc["ferries"]
    assert pd.isna(row["kind"])
    assert (row["sources"], row["p"]) == (1, 0.001)


def test_where_no_source_is_known_none_is_asked_for():
    table = monthly(np.random.default_rng(0), NEW, per_source=40, sources=(None,))
    assert called(table) == {"ferries": "new"}


def test_a_source_that_joins_late_brings_no_new_theme():
    rates = [(0.1, 0.1, 0.6)] * 12
    table = monthly(np.random.default_rng(1), rates, sources=("Gull", "Heron", "Ibis"))
    documents = table.documents
    late = documents["date"] >= pd.Timestamp("2025-10-01")
    assert called(table.where((documents["source"] != "Ibis") | late)) == {}


def test_where_nothing_changes_few_corpora_in_a_hundred_call_a_theme():
    tables = (monthly(np.random.default_rng(seed), FLAT, per_source=10) for seed in range(100))
    assert np.mean([bool(called(table)) for table in tables]) <= 0.12


def test_the_same_seed_calls_with_the_same_p():
    table = monthly(np.random.default_rng(2), FLAT)
    first, again = (
        emerging_themes(table, "M", permutations=99, random_state=4)["p"] for _ in range(2)
    )
    assert first.tolist() == again.tolist()


def test_four_periods_are_wanted():
    with pytest.raises(
        InputError, match="expected more than 3 periods to tell what is new, found 3"
    ):
        emerging_themes(monthly(np.random.default_rng(0), [0.2] * 3), "M")
    assert called(monthly(np.random.default_rng(0), [0.2] * 4)) == {}


def test_without_dates_nothing_can_be_new():
    with pytest.raises(InputError, match="no document has a date"):
        emerging_themes(document_themes([None], ["Gull"], ferries=[True]))
