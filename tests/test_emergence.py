"""What is new or rising of late, and whether that would have been known before dated events."""

import numpy as np
import pandas as pd
import pytest
from runs import document_themes, monthly, rows

from topics import InputError
from topics.measures import backtest, emerging_themes

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
    assert (row["sources"], row["recent"]) == (2, row["documents"] / 120)
    assert row["first_seen"].to_period("M") == pd.Period("2025-10")
    assert row["p"] == 0.001
    assert pd.isna(found.loc["grain", "kind"])


def test_a_theme_that_was_there_before_is_rising():
    assert called(monthly(np.random.default_rng(0), RISING)) == {"ferries": "rising"}


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
    with pytest.raises(InputError, match="expected more than 3 periods to tell what is new, got 3"):
        emerging_themes(monthly(np.random.default_rng(0), [0.2] * 3), "M")
    assert called(monthly(np.random.default_rng(0), [0.2] * 4)) == {}


def test_without_dates_nothing_can_be_new():
    with pytest.raises(InputError, match="no document has a date"):
        emerging_themes(document_themes([None], ["Gull"], ferries=[True]))


def events(*given):
    return pd.DataFrame(given, columns=["theme_id", "date"])


@pytest.fixture(scope="module")
def replayed():
    """Ferries come up in September 2025; a month and a half later something is decided on them."""
    table = monthly(np.random.default_rng(0), [0.0] * 8 + [0.5] * 4)
    return backtest(table, events(("ferries", "2025-10-15"), ("grain", "2025-06-01")), "M")


def test_a_theme_called_before_its_event_is_a_hit_with_a_lead(replayed):
    assert rows(replayed.signals, "theme_id", "raised", "kind", "event") == [
        ("ferries", pd.Timestamp("2025-10-01"), "new", pd.Timestamp("2025-10-15"))
    ]
    assert replayed.events["lead"].tolist()[0] == 14
    assert (replayed.precision, replayed.lead) == (1, 14)


def test_an_event_without_a_signal_lowers_recall(replayed):
    assert replayed.events["raised"].isna().tolist() == [False, True]
    assert replayed.recall == 0.5


STEADY = monthly(np.random.default_rng(0), FLAT)


def by_rule(*months, given=(("ferries", "2025-08-20"),)):
    """Replay with a rule that calls ferries at the end of these months; `given` are events."""

    def rule(so_far, period):
        assert period == "M"
        now = so_far.documents["date"].max().month
        return {"ferries": "rising"} if now in months else {}

    table = given if isinstance(given, pd.DataFrame) else events(*given)
    return backtest(STEADY, table, "M", rule=rule)


def test_a_rule_of_ones_own_sees_only_what_was_written_so_far():
    assert by_rule(8).signals["raised"].tolist() == [pd.Timestamp("2025-09-01")]
    assert by_rule(3).signals.empty  # too early to compare


@pytest.mark.parametrize(("month", "lead"), [(5, 80), (8, -12), (11, -103)])
def test_a_signal_goes_with_an_event_three_months_away_on_either_side(month, lead):
    found = by_rule(month)
    assert found.events["lead"].tolist() == [lead]
    assert (found.precision, found.recall) == (1, 1)


@pytest.mark.parametrize("month", [4, 12])
def test_a_signal_four_months_away_is_a_false_alarm(month):
    found = by_rule(month)
    assert (found.precision, found.recall) == (0, 0)
    assert np.isnan(found.lead)


def test_a_signal_goes_with_the_nearest_event_of_its_theme():
    given = ("grain", "2025-08-01"), ("ferries", "2025-06-01"), ("ferries", "2025-07-01")
    found = by_rule(8, given=given)
    assert found.signals["event"].tolist() == [pd.Timestamp("2025-07-01")]
    assert found.recall == 1 / 3


def test_a_theme_is_called_anew_only_after_two_quiet_periods():
    raised = by_rule(4, 6, 7, 10, 11, 12).signals["raised"]
    assert raised.tolist() == [pd.Timestamp("2025-05-01"), pd.Timestamp("2025-11-01")]


def test_where_nothing_is_called_no_event_is_recalled_and_precision_is_not_known():
    found = by_rule()
    assert found.signals.empty
    assert found.recall == 0
    assert np.isnan([found.precision, found.lead]).all()


def test_where_nothing_happened_every_signal_is_a_false_alarm():
    found = by_rule(8, given=())
    assert found.precision == 0
    assert np.isnan([found.recall, found.lead]).all()


def test_events_may_be_put_together_from_several_tables():
    both = pd.concat([events(("grain", "2025-08-20")), events(("ferries", "2025-08-20"))])
    assert by_rule(8, given=both).events["raised"].isna().tolist() == [True, False]


def test_what_is_called_in_a_replay_is_seldom_false():
    tables = (monthly(np.random.default_rng(seed), FLAT[:8], per_source=10) for seed in range(20))
    alarms = [
        len(backtest(table, events(("grain", "2025-05-01")), "M").signals) for table in tables
    ]
    assert np.mean(np.array(alarms) > 0) <= 0.15


def test_a_corpus_that_is_thin_after_its_first_year_is_replayed():
    years = np.repeat(np.arange(2015, 2023), [40, 3, 3, 3, 40, 40, 40, 40])
    dates = [f"{year}-06-01" for year in years]
    table = document_themes(dates, ["Gull", "Heron"] * 104 + ["Gull"], ferries=years >= 2021)
    found = backtest(table, events(("ferries", "2022-03-01")), "Y")
    assert found.recall == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (pd.DataFrame({"theme_id": ["ferries"]}), "events: .* date is missing"),
        (pd.DataFrame({"date": ["2025-05-01"]}), "events: .* theme_id is missing"),
        (events(("whales", "2025-05-01")), "events: no theme 'whales'; there are ferries, grain"),
        (events(("ferries", "someday")), "events: .*someday"),
    ],
)
def test_events_that_cannot_be_used_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        backtest(STEADY, given, "M", rule=lambda so_far, period: {})
