"""When a share changed: planted changes are found, and where nothing changes hardly any are."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from runs import document_themes, monthly, rows

from topics import InputError
from topics.measures import contrast_two, find_change_points

STEP = [0.1] * 6 + [0.3] * 6
FLAT = [0.2] * 12
JULY = pd.Timestamp("2025-07-01")


def changes(table, **options):
    return find_change_points(table, "M", permutations=99, **options)


def test_a_share_that_trebles_changes_in_the_right_month():
    found = changes(monthly(np.random.default_rng(0), STEP, per_source=40))
    assert rows(found, "theme_id", "period") == [("ferries", JULY)]
    row = found.iloc[0]
    assert (row["before"], row["after"]) == pytest.approx((0.1, 0.3), abs=0.03)
    assert row["difference"] == pytest.approx(row["after"] - row["before"])
    assert (row["n_before"], row["n_after"], row["sources"], row["covered"]) == (480, 480, 2, 1)
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert row["p"] == 0.01


def test_the_interval_of_the_month_of_a_change_covers_it():
    tables = (monthly(np.random.default_rng(seed), STEP, per_source=40) for seed in range(40))
    found = pd.concat([changes(table).head(1) for table in tables])
    assert len(found) == 40
    covered = (found["earliest"] <= JULY) & (found["latest"] >= JULY)
    assert covered.mean() >= 0.9
    assert (found["earliest"] <= found["period"]).all()
    assert (found["period"] <= found["latest"]).all()


@pytest.mark.parametrize(
    ("rates", "shape", "period", "until"),
    [
        ([0.1] * 6 + [0.5] * 6, "jump", JULY, pd.NaT),
        ([0.05 + 0.07 * month for month in range(12)], "slow move", JULY, pd.NaT),
        ([0.1] * 4 + [0.5] * 4 + [0.1] * 4, "up and back", pd.Timestamp("2025-05-01"),
         pd.Timestamp("2025-09-01")),
    ],
    ids=["jump", "slow move", "up and back"],
)  # fmt: skip
def test_a_move_is_told_by_its_shape(rates, shape, period, until):
    found = changes(monthly(np.random.default_rng(1), rates, per_source=40))
    assert found["theme_id"].tolist() == ["ferries"]
    row = found.iloc[0]
    assert (row["shape"], row["period"]) == (shape, period)
    assert row["until"] == until or (pd.isna(row["until"]) and pd.isna(until))
    assert row["difference"] > 0
    assert row["broad"]


def test_the_slope_of_a_slow_move_is_told_from_the_first_period_to_the_last():
    rates = [0.1 + 0.04 * month for month in range(12)]
    row = changes(monthly(np.random.default_rng(2), rates, per_source=40)).iloc[0]
    assert row["slope_low"] < 0.44 < row["slope_high"]
    assert (row["earliest"], row["latest"]) == (
        pd.Timestamp("2025-01-01"),
        pd.Timestamp("2025-12-01"),
    )


def test_slow_moves_are_hardly_ever_cut_into_jumps():
    rates = [0.1 + 0.03 * month for month in range(12)]
    tables = (monthly(np.random.default_rng(seed), rates, per_source=30) for seed in range(40))
    shapes = pd.concat([changes(table).head(1) for table in tables])["shape"].value_counts()
    assert shapes.get("jump", 0) <= 4
    assert shapes["slow move"] >= 20


def test_a_yearly_season_is_no_change():
    season = [0.3 + 0.25 * np.cos(month * np.pi / 6) for month in range(24)]
    tables = (monthly(np.random.default_rng(seed), season, per_source=20) for seed in range(20))
    assert np.mean([len(changes(table)) > 0 for table in tables]) <= 0.15


def test_a_move_beside_a_season_is_measured_within_the_months():
    autumn = np.repeat([0.1, 0.7], [8, 4])
    rates = [*autumn, *autumn + np.repeat([0, 0.2], [8, 4])]
    row = changes(monthly(np.random.default_rng(0), rates, per_source=60)).iloc[0]
    assert row["period"] == pd.Timestamp("2026-09-01")
    assert row["low"] < 0.2 < row["high"] < 0.4


def test_two_centuries_are_tested_year_by_year():
    dates = pd.date_range("1815-01-01", periods=1600, freq="45D")
    table = document_themes(dates, ["Gull", "Heron"] * 800, ferries=np.arange(1600) >= 800)
    found = find_change_points(table, permutations=19, false_alarms=0.1)
    assert rows(found, "theme_id", "period") == [("ferries", pd.Timestamp("1913-01-01"))]


@pytest.mark.parametrize(
    "rates",
    [[(0.1, 0.1, 0.1)] * 6 + [(0.1, 0.1, 0.7)] * 6, [0.1] * 6 + [1.0] + [0.1] * 5],
    ids=["one source", "one month"],
)
def test_what_one_source_or_one_month_makes_is_not_broad(rates):
    table = monthly(
        np.random.default_rng(6), rates, per_source=40, sources=("Gull", "Heron", "Ibis")
    )
    found = changes(table)
    assert not found.loc[found["theme_id"] == "ferries", "broad"].any()


def unchanged(rng):
    return monthly(rng, FLAT, per_source=10)


def in_bursts(rng):
    """What a source writes on one day is all of one theme, or none of it is."""
    table = monthly(rng, FLAT, per_source=10)
    of_day = rng.random(table.source_days.max() + 1) < 0.2
    documents = table.documents
    return document_themes(
        documents["date"], documents["source"], ferries=of_day[table.source_days]
    )


def joined_by_a_source(rng):
    """Ibis, which writes of ferries more often, is read from July on."""
    table = monthly(rng, [(0.1, 0.1, 0.5)] * 12, per_source=10, sources=("Gull", "Heron", "Ibis"))
    documents = table.documents
    return table.where((documents["source"] != "Ibis") | (documents["date"] >= JULY))


@pytest.mark.parametrize("corpus", [unchanged, in_bursts, joined_by_a_source])
def test_where_nothing_changes_few_corpora_in_a_hundred_show_a_change(corpus):
    alarms = [not changes(corpus(np.random.default_rng(seed))).empty for seed in range(100)]
    assert np.mean(alarms) <= 0.12


def test_a_source_that_joins_makes_no_change_point_though_the_share_moves_clearly():
    table = joined_by_a_source(np.random.default_rng(3))
    late = table.documents["date"] >= JULY
    assert contrast_two(table, ~late, late).set_index("theme_id")["clear"]["ferries"]
    assert changes(table).empty


def test_a_change_is_measured_between_documents_of_the_same_sources():
    rates = [(0.1, 0.1, 0.6)] * 6 + [(0.4, 0.4, 0.9)] * 6
    table = monthly(np.random.default_rng(4), rates, sources=("Gull", "Heron", "Ibis"))
    documents = table.documents
    found = changes(table.where((documents["source"] != "Ibis") | (documents["date"] >= JULY)))
    row = found.set_index("period").loc[JULY]
    assert row["difference"] == pytest.approx(0.3, abs=0.06)
    assert (row["sources"], row["covered"]) == (2, pytest.approx(2 / 3, abs=0.01))


DAYS = pd.date_range("2025-01-01", periods=60)
HALVES = np.arange(60) >= 33


@pytest.mark.parametrize(
    ("dates", "sources", "carried"),
    [
        ([], [], []),
        ([None] * 60, ["Gull"] * 60, HALVES),
        (DAYS[:20], ["Gull"] * 20, HALVES[20:40]),
        (DAYS, [f"source {i}" for i in range(60)], HALVES),
        (DAYS, ["Gull"] * 60, np.arange(60) == 45),
        (DAYS, ["Gull"] * 60, [False] * 60),
        (DAYS, ["Gull"] * 60, [True] * 60),
    ],
    ids=["no documents", "no dates", "one period", "each source once", "a theme in one document",
         "in none", "in all"],
)  # fmt: skip
def test_where_no_change_can_be_told_there_is_no_change_point(dates, sources, carried):
    assert changes(document_themes(dates, sources, ferries=carried)).empty


def test_one_source_is_enough_for_a_change_point():
    found = find_change_points(
        document_themes(DAYS, ["Gull"] * 60, ferries=HALVES), "W", permutations=99
    )
    assert found["period"].tolist() == [pd.Timestamp("2025-02-03")]


def test_documents_whose_source_is_not_known_are_compared_with_each_other():
    table = monthly(np.random.default_rng(0), STEP, per_source=80, sources=(None,))
    assert changes(table)["period"].tolist() == [JULY]


def test_more_than_120_periods_are_refused():
    dates = pd.date_range("2025-01-01", periods=121)
    table = document_themes(dates, ["Gull"] * 121, ferries=[True] * 121)
    with pytest.raises(
        InputError, match="expected at most 120 periods, found 121; name a longer one"
    ):
        find_change_points(table, "D")
    assert find_change_points(table.where(np.arange(121) > 0), "D", permutations=9).empty


def test_the_same_seed_gives_the_same_rows():
    table = monthly(np.random.default_rng(5), STEP)
    assert_frame_equal(changes(table, random_state=3), changes(table, random_state=3))


def test_dates_permuted_within_sources_have_no_change_point():
    table = monthly(np.random.default_rng(0), STEP, per_source=40)
    assert not changes(table).empty
    assert changes(table.permuted(0)).empty
