"""How sides differ, over all and within the sources that speak on both."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from runs import document_themes, rows

from topics.errors import InputError
from topics.intervals import difference, wilson
from topics.measures import contrast_groups, contrast_two, contrast_within_sources


def two_sides(n_first, n_second, total_second=50, second_source="Gull"):
    """Fifty documents of Gull, one a day, then others; so many of each with a theme."""
    has_theme = [*(np.arange(50) < n_first), *(np.arange(total_second) < n_second)]
    dates = pd.date_range("2025-01-01", periods=len(has_theme))
    sources = ["Gull"] * 50 + [second_source] * total_second
    second = np.arange(len(has_theme)) >= 50
    return document_themes(dates, sources, ferries=has_theme), ~second, second


def test_a_contrast_is_told_as_a_difference_with_its_interval():
    found = contrast_two(*two_sides(10, 25))
    assert rows(found, "theme_id", "n_first", "total_first", "first", "n_second", "second") == [
        ("ferries", 10, 50, 0.2, 25, 0.5)
    ]
    shares, row = (wilson(10, 50), wilson(25, 50)), found.iloc[0]
    assert row[["difference", "low", "high"]].tolist() == list(difference(*shares))
    assert row["clear"]


def test_a_difference_that_is_clear_alone_is_not_clear_among_twenty():
    assert contrast_two(*two_sides(10, 20))["low"][0] > 0
    assert contrast_two(*two_sides(10, 20))["clear"].tolist() == [True]
    assert contrast_two(*two_sides(10, 20), tests=20)["clear"].tolist() == [False]


def test_a_contrast_with_nothing_is_not_known_and_not_clear():
    row = contrast_two(*two_sides(10, 0, total_second=0)).iloc[0]
    assert row[["second", "difference", "low", "high"]].isna().all()
    assert not row["clear"]


def test_sources_are_counted_whatever_their_countries_and_unknown_ones_are_none():
    table, first, second = two_sides(10, 25)
    documents = table.documents.assign(country=["Norway", "Japan"] * 50)
    told = []
    for sources in (["Gull", "Heron"], ["Gull", None], ["Gull", "Gull"]):
        own = replace(
            table, documents=documents.assign(source=np.repeat([sources] * 25, 2, 1).ravel())
        )
        told.append(contrast_within_sources(own, first, second)["sources"].tolist())
    assert told == [[2], [2], [2]]


def test_sources_of_one_document_each_are_compared_with_nothing():
    table, first, second = two_sides(10, 25)
    table = replace(table, documents=table.documents.assign(source=np.arange(100).astype(str)))
    row = contrast_within_sources(table, first, second).iloc[0]
    assert row[["n_first", "n_second", "sources", "covered"]].tolist() == [0, 0, 0, 0]


def test_where_there_is_no_theme_nothing_is_compared():
    table, _, _ = two_sides(10, 25, second_source="Heron")
    assert contrast_groups(replace(table, has_theme=table.has_theme[[]]), "source").empty


def five_sources(**rates):
    """Forty documents a source, one a day; the rate of `ferries` in each, 0.25 in `grain`."""
    place = np.arange(40)
    sources = np.repeat(list(rates), 40)
    ferries = np.concatenate([place < 40 * rate for rate in rates.values()])
    dates = np.tile(pd.date_range("2025-01-01", periods=40), len(rates))
    return document_themes(
        dates, sources, ferries=ferries, grain=np.tile(place % 4 == 0, len(rates))
    )


def test_a_planted_difference_of_one_source_is_clear_and_no_other():
    found = contrast_groups(
        five_sources(Auk=0.1, Coot=0.1, Gull=0.6, Heron=0.1, Ibis=0.1), "source"
    )
    assert rows(found[found["clear"]], "source", "theme_id", "second", "first") == [
        ("Gull", "ferries", 0.6, 0.1)
    ]
    assert len(found) == 10


def test_sources_with_most_documents_come_first_and_those_with_fewer_than_five_are_left_out():
    sources = ["Auk"] * 4 + ["Coot"] * 5 + ["Gull"] * 9 + [None] * 9
    dates = pd.date_range("2025-01-01", periods=len(sources))
    found = contrast_groups(document_themes(dates, sources, ferries=[1] * len(sources)), "source")
    assert rows(found, "source", "total_second", "total_first") == [("Gull", 9, 9), ("Coot", 5, 13)]


@pytest.mark.parametrize("sources", [[], [None] * 9, ["Gull"] * 9, ["Auk", "Coot"]])
def test_where_fewer_than_two_sources_are_known_there_is_no_contrast(sources):
    dates = pd.date_range("2025-01-01", periods=len(sources))
    found = contrast_groups(document_themes(dates, sources, ferries=[1] * len(sources)), "source")
    assert found.empty
    assert found.columns.tolist()[:2] == ["source", "theme_id"]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"column: expected one of .*source, .*; found 'outlet'"):
        contrast_groups(two_sides(10, 10)[0], "outlet")


def test_where_sources_do_not_differ_hardly_one_corpus_in_twenty_shows_a_clear_contrast():
    rng, alarms = np.random.default_rng(3), []
    for _ in range(60):
        sources, dates = np.repeat(["Auk", "Coot", "Gull"], 40), pd.date_range("2025", periods=120)
        themes = {name: rng.random(120) < 0.2 for name in ("ferries", "grain")}
        alarms.append(
            contrast_groups(document_themes(dates, sources, **themes), "source")["clear"].any()
        )
    assert np.mean(alarms) <= 0.1


def test_within_sources_there_is_no_difference_where_only_their_mix_has_changed():
    # a tenth of Gull's documents and six tenths of Heron's; first 40 and 10, then 10 and 40
    sources = np.repeat(["Gull", "Heron", "Gull", "Heron"], [40, 10, 10, 40])
    place, late = np.tile(np.arange(10), 10), np.arange(100) >= 50
    dates = pd.date_range("2025-01-01", periods=100)
    table = document_themes(dates, sources, ferries=place < np.where(sources == "Gull", 1, 6))
    over_all = contrast_two(table, ~late, late).iloc[0]
    assert (over_all["first"], over_all["second"], over_all["clear"]) == (0.2, 0.5, True)
    within = contrast_within_sources(table, ~late, late).iloc[0]
    assert within["difference"] == pytest.approx(0)
    assert within["low"] < 0 < within["high"]


def test_within_sources_each_is_set_against_itself():
    within = contrast_within_sources(*two_sides(10, 30)).iloc[0]
    assert within["difference"] == pytest.approx(0.4)
    assert 0.15 < within["low"] < 0.4 < within["high"] < 0.65


def test_within_sources_nothing_is_known_where_no_source_is_on_both_sides():
    within = contrast_within_sources(*two_sides(10, 20, second_source="Heron")).iloc[0]
    assert within[["difference", "low", "high"]].isna().all()


def test_the_interval_within_sources_covers_no_difference_95_times_in_100():
    rng, covered = np.random.default_rng(7), []
    dates, sources = pd.date_range("2025-01-01", periods=120), np.repeat(["Gull", "Heron"], 60)
    for _ in range(300):
        carried = rng.random(120) < np.repeat([0.1, 0.5], 60)
        table, late = document_themes(dates, sources, ferries=carried), rng.random(120) < 0.5
        row = contrast_within_sources(table, ~late, late).iloc[0]
        covered.append(row["low"] <= 0 <= row["high"])
    assert 0.91 < np.mean(covered) < 0.99
