"""Which documents carry which themes, who wrote them, and when."""

import numpy as np
import pandas as pd
import pytest
from runs import CARRIED, DATED, document_themes, run_with

from topics.measures import DocumentThemes


def test_a_near_copy_is_left_out_unless_asked_for():
    run = run_with(DATED, CARRIED)
    ids = [document_id for document_id, *_ in DATED]
    every = DocumentThemes.from_run(run, independent=False)
    assert every.documents["document_id"].tolist() == ids
    independent = DocumentThemes.from_run(run).documents["document_id"].tolist()
    assert independent == [document_id for document_id in ids if document_id != "july-copy"]


def test_each_document_has_the_themes_of_its_passages():
    table = DocumentThemes.from_run(run_with(DATED, CARRIED | {"empty": []}))
    ids = table.documents["document_id"]
    found = {theme: ids[own].tolist() for theme, own in table.has_theme.items()}
    assert found == {
        "ferries": ["may-a", "july-a", "undated"], "grain": ["july-a", "july-b"], "empty": [],
    }  # fmt: skip


def test_a_document_counts_once_however_many_of_its_passages_have_a_theme():
    text = "\n\n".join(" ".join(f"{part}{i}" for i in range(30)) for part in ("one", "two"))
    run = run_with([("long", "2025-05-05", None, text)], {"ferries": ["long"]})
    both = [(passage_id, "ferries", 0.9) for passage_id in run.passages["passage_id"]]
    run.assignments = pd.DataFrame(both, columns=["passage_id", "theme_id", "score"])
    assert len(both) == 2
    assert DocumentThemes.from_run(run).has_theme.to_numpy().tolist() == [[True]]


def test_where_keeps_documents_and_their_themes_together():
    table = document_themes(["2025-01-01"] * 3, "ABC", ferries=[1, 0, 1])
    kept = table.where([False, True, True])
    assert kept.documents["source"].tolist() == ["B", "C"]
    assert kept.has_theme["ferries"].tolist() == [False, True]


def test_only_keeps_all_documents_and_some_themes():
    table = document_themes(["2025-01-01"] * 2, "AB", ferries=[1, 0], grain=[0, 1]).only(["grain"])
    assert table.documents["source"].tolist() == ["A", "B"]
    assert table.has_theme.to_dict("list") == {"grain": [False, True]}


def test_documents_of_unknown_source_are_voices_of_their_own_but_one_source():
    table = document_themes(["2025-01-01"] * 5, ["A", None, "A", None, "B"])
    assert table.voices[0] == table.voices[2]
    assert len(set(table.voices)) == 4
    assert table.sources[1] == table.sources[3]
    assert len(set(table.sources)) == 3


def test_a_source_in_two_countries_is_two_voices():
    table = document_themes(["2025-01-01"] * 3, ["A", "A", "A"])
    table.documents["country"] = ["Norway", "Norway", "Chile"]
    assert table.voices[0] == table.voices[1] != table.voices[2]


def test_a_source_day_is_what_a_source_published_on_one_day_and_undated_documents_are_alone():
    dates = ["2025-01-01 08:00", "2025-01-01 20:00", "2025-01-02 09:00", None, None]
    table = document_themes(dates, ["A"] * 5)
    assert table.source_days[0] == table.source_days[1]
    assert len(set(table.source_days)) == 4


def test_one_document_dated_a_quarter_of_a_century_early_is_not_believed():
    dates = ["1999-03-01", *pd.date_range("2025-01-01", periods=20), None]
    known = document_themes(dates, ["A"] * 22).dated.documents["date"]
    assert known.tolist() == dates[1:-1]


def test_a_year_of_few_documents_beside_one_of_many_is_believed_though_dates_are_nominal():
    dates = ["2024-01-01"] * 8 + ["2025-01-01"] * 2
    assert len(document_themes(dates, ["A"] * 10).dated.documents) == 10


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9])
def test_a_handful_of_documents_years_apart_are_all_believed(n):
    dates = [f"{2016 + i}-01-01" for i in range(n)]
    assert len(document_themes(dates, ["A"] * n).dated.documents) == n


def dates_of_sources(table):
    return table.documents.groupby("source")["date"].apply(sorted).to_dict()


def test_permuted_dates_stay_with_their_source():
    table = document_themes(pd.date_range("2025-01-01", periods=12), ["A", "B", "C"] * 4)
    assert dates_of_sources(table.permuted(1)) == dates_of_sources(table)
    assert table.permuted(1).documents["date"].tolist() != table.documents["date"].tolist()
    assert np.array_equal(table.permuted(1).has_theme, table.has_theme)


def test_permuted_dates_hang_on_the_seed_alone():
    table = document_themes(pd.date_range("2025-01-01", periods=30), ["A"] * 30)
    first, again, other = (table.permuted(seed).documents["date"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
