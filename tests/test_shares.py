"""Shares of documents: their periods, their kind of interval, and who writes."""

import numpy as np
import pandas as pd
import pytest
from runs import CARRIED, DATED, document_themes, rows, run_with

from topics import InputError
from topics.intervals import wilson
from topics.measures import DocumentThemes, choose_period, overall_shares, shares_over_time


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        (pd.date_range("2025-05-01", periods=20).repeat(8), "D"),
        (pd.date_range("2025-05-01", periods=20).repeat(2), "W"),
        (pd.date_range("2025-01-01", periods=100).repeat(3), "W"),
        (pd.date_range("2024-01-01", periods=366).repeat(1), "M"),
        (pd.date_range("2020-01-01", periods=1500).repeat(1), "Q"),
        (pd.date_range("2025-01-01", periods=5, freq="30D"), "Y"),
        (pd.date_range("1950-01-01", periods=60, freq="YE"), "Y"),
    ],
)
def test_the_period_is_the_shortest_with_eight_documents_in_each_of_at_most_24(dates, code):
    assert choose_period(pd.Series(dates)) == code
    assert choose_period(pd.Series([pd.NaT, *dates, pd.NaT])) == code


def test_periods_without_documents_count_among_the_24():
    dates = pd.Series([*["2020-01-01"] * 100, *["2023-12-31"] * 100]).astype("datetime64[us]")
    assert choose_period(dates) == "Q"


def test_shares_are_of_independent_documents_with_a_date_and_none_where_there_are_none():
    table = shares_over_time(DocumentThemes.from_run(run_with(DATED, CARRIED)), "M")
    may, june, july = pd.to_datetime(["2025-05-01", "2025-06-01", "2025-07-01"])
    assert rows(table, "period", "theme_id", "n", "n_total") == [
        (may, "ferries", 1, 2), (may, "grain", 0, 2), (june, "ferries", 0, 0),
        (june, "grain", 0, 0), (july, "ferries", 1, 3), (july, "grain", 2, 3),
    ]  # fmt: skip
    assert table["share"].tolist() == pytest.approx(
        [1 / 2, 0, np.nan, np.nan, 1 / 3, 2 / 3], nan_ok=True
    )
    unknown = table.loc[table["n_total"] == 0, ["low", "high", "share_standardised"]]
    assert unknown.isna().all(axis=None)
    last = table.iloc[-1]
    assert (last["low"], last["high"]) == wilson(2, 3)[1:]


def test_without_dates_there_are_no_shares_over_time():
    table = shares_over_time(document_themes([None], ["A"], ferries=[1]), "M")
    assert table.empty
    assert "share_standardised" in table


def test_a_period_that_is_not_known_is_refused():
    with pytest.raises(
        InputError, match=r"period: expected one of D, W, M, Q, Y; found 'fortnight'"
    ):
        shares_over_time(document_themes(["2025-05-01"], ["A"], ferries=[1]), "fortnight")


DAYS = pd.date_range("2025-01-01", periods=20)


@pytest.mark.parametrize(
    ("dates", "sources", "kind"),
    [
        (["2025-01-01"] * 40, [*range(20)] * 2, "Wilson, by source"),
        (["2025-01-01"] * 38, [*range(19)] * 2, "Wilson, by source and day"),
        (DAYS.repeat(2), ["A"] * 40, "Wilson, by source and day"),
        (DAYS[:9].repeat(2), ["A"] * 18, "Wilson"),
        (DAYS, [*range(20)], "Wilson"),
        (DAYS.repeat(2), [None] * 40, "Wilson"),
    ],
)
def test_the_kind_of_interval_is_told(dates, sources, kind):
    names = [name if name is None else f"source {name}" for name in sources]
    table = overall_shares(document_themes(dates, names, ferries=np.arange(len(names)) % 3 == 0))
    assert table["interval"].tolist() == [kind]


def test_sources_of_one_mind_make_a_wider_interval_than_as_many_documents():
    half = [i % 2 == 0 for i in range(20)] * 5
    sources = [f"source {i}" for i in range(20)] * 5
    together, apart = (
        overall_shares(document_themes(["2025-01-01"] * 100, names, ferries=half)).iloc[0]
        for names in (sources, [None] * 100)
    )
    assert together["share"] == apart["share"] == 0.5
    assert (apart["low"], apart["high"]) == wilson(50, 100)[1:]
    assert together["high"] - together["low"] > 2 * (apart["high"] - apart["low"])


@pytest.mark.parametrize(
    ("dates", "partial"),
    [
        (pd.date_range("2025-01-01", "2025-03-31"), [False, False, False]),
        (pd.date_range("2025-01-20", "2025-03-31"), [True, False, False]),
        (pd.date_range("2025-01-01", "2025-03-10"), [False, False, True]),
        (pd.date_range("2025-01-20", "2025-01-25"), [False]),
        (pd.date_range("2025-02-01", periods=2, freq="MS"), [False, False]),
        (pd.to_datetime(["2025-01-31", "2025-02-28"]), [False, False]),
    ],
)
def test_a_month_that_the_corpus_covers_in_part_is_told(dates, partial):
    table = shares_over_time(
        document_themes(dates, ["A"] * len(dates), ferries=[1] * len(dates)), "M"
    )
    assert table["partial"].tolist() == partial


@pytest.mark.parametrize("day", ["01-01", "12-31"])
@pytest.mark.parametrize("years", [[2021, 2022, 2023], [2022, 2023, 2024], [2024, 2025, 2026]])
def test_years_of_one_nominal_day_are_whole(years, day):
    dates = [f"{year}-{day}" for year in years for _ in range(3)]
    table = shares_over_time(document_themes(dates, ["A"] * 9, ferries=[1, 0, 0] * 3), "Y")
    assert table["partial"].tolist() == [False] * 3


def test_a_source_that_joins_late_moves_the_share_but_not_that_at_a_fixed_mix():
    months = pd.date_range("2025-01-01", periods=4, freq="MS")
    gull = [(month, "Gull", i < 1) for month in months for i in range(10)]
    heron = [(month, "Heron", i < 5) for month in months[2:] for i in range(10)]
    dates, sources, carried = zip(*gull, *heron, strict=True)
    table = shares_over_time(document_themes(dates, sources, ferries=carried), "M")
    assert table["share"].tolist() == pytest.approx([0.1, 0.1, 0.3, 0.3])
    assert table["share_standardised"].tolist() == pytest.approx([14 / 60] * 4)


def test_a_rise_in_every_source_is_seen_at_a_fixed_mix_too():
    months = pd.date_range("2025-01-01", periods=2, freq="MS").repeat(20)
    carried = [i < 2 for i in range(20)] + [i < 8 for i in range(20)]
    table = shares_over_time(document_themes(months, ["Gull", "Heron"] * 20, ferries=carried), "M")
    assert table["share_standardised"].tolist() == pytest.approx([0.1, 0.4])
