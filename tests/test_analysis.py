"""One run on a small folder: what it takes in, and what it says of where that came from."""

import json

import pytest

import topics
from topics import cards, figures, measures
from topics.report import write_data

QUAY = "The harbour board voted on Tuesday to keep the northern quay shut until its cranes work."
GRAIN = "Exporters sent their grain by rail instead, at nearly twice the price, until the summer."
LOI = "Le conseil du port a décidé mardi de garder le quai nord fermé jusqu'à la réparation."


@pytest.fixture
def folder(tmp_path):
    """A page copied with its menu, the same story in a table a day later, and one in French."""
    page = f"Log in\nShare\nQuay to stay shut\n{QUAY}\n{GRAIN}\nAdvertisement\n"
    (tmp_path / "2025-05-06_Harbour-Desk_quay.txt").write_text(page)
    row = {"Volltext": f"{QUAY}\n\n{GRAIN}", "date": "2025-05-07", "outlet": "Rail Desk"}
    (tmp_path / "export.jsonl").write_text(json.dumps(row))
    (tmp_path / "a.md").write_text(LOI)
    return tmp_path


@pytest.fixture
def run(folder):
    return topics.analyse(folder, columns={"text": "Volltext"}, progress=False)


def test_what_the_embedder_cannot_read_is_left_out_with_a_line_unless_asked_for(folder, capsys):
    run = topics.analyse(folder, seed=7, progress=False)  # of no other test: not from the cache
    assert run.left_out.to_numpy().tolist() == [["a.md", "fr"]]
    assert "left out: 1 of 2 documents, in fr" in capsys.readouterr().err
    asked = topics.analyse(folder, all_languages=True, seed=7, progress=False)
    assert asked.left_out.empty
    assert "a.md" in set(asked.passages["document_id"])


def test_a_table_whose_text_column_is_not_understood_is_listed_without_the_option(folder):
    run = topics.analyse(folder, progress=False)
    assert run.documents["path"].tolist() == ["2025-05-06_Harbour-Desk_quay.txt"]
    assert run.corpus.skipped["file"].tolist() == ["export.jsonl"]


def test_themes_keep_their_ids_beside_an_earlier_report_and_changes_are_listed(
    folder, run, tmp_path
):
    write_data(run, tmp_path / "earlier", {})
    (folder / "b.txt").write_text("Barges brought the grain to the quay before its cranes stopped.")
    again = topics.analyse(
        folder, columns={"text": "Volltext"}, base=tmp_path / "earlier", progress=False
    )
    assert run.changes.empty
    assert again.themes["theme_id"].tolist() == run.themes["theme_id"].tolist()
    assert again.changes["theme_id"].tolist() == run.themes["theme_id"].tolist()
    assert "Since the earlier report: 0 new" in cards.changes(again).markup
    assert "No earlier report" in cards.changes(run).markup


def test_what_was_dropped_is_counted_by_reason_with_samples(run):
    assert measures.furniture(run).to_numpy().tolist() == [
        ["site furniture", 2, 1, "Log in ¶ Share"],
        ["advertisement", 1, 1, "Advertisement"],
    ]


def test_it_is_said_where_dates_and_sources_came_from(run):
    told = measures.origins(run)
    assert told[told["field"].isin(["date", "source"])].to_numpy().tolist() == [
        ["date", "column date", 1],
        ["date", "file name", 1],
        ["date", "not known", 1],
        ["source", "column outlet", 1],
        ["source", "file name", 1],
        ["source", "not known", 1],
    ]


def test_figures_say_who_copies_whom_and_why_documents_fell_out(run):
    copies = figures.copies_by_source(run).layout.meta
    assert copies["finding"] == "1 near-copy; most often Rail Desk repeats Harbour Desk (1)."
    assert copies["table"] == {"columns": ["source", "Harbour Desk"], "rows": [["Rail Desk", "1"]]}
    steps = {row[0]: row[1:] for row in figures.funnel(run).layout.meta["table"]["rows"]}
    assert steps["in a language that is read"] == ["2", "in fr"]
    assert steps["independent of others"] == ["1", "near-copies, counted once"]


def test_a_figure_says_which_source_is_there_when(run):
    there = figures.coverage(run, "source").layout.meta
    assert there["table"]["columns"][0] == "source"
    assert [row[0] for row in there["table"]["rows"]] == ["Harbour Desk", "Rail Desk"]
    assert figures.coverage(run, "country") is None
