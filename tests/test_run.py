"""One run on a small folder: what it takes in, and what it says of where that came from."""

import json
import shutil
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from runs import FIELD, PORT

import topics
from topics import figures, measures
from topics.figures import tables
from topics.report.files import write_data
from topics.report.page import findings_of, passage_search

QUAY = "The harbour board voted on Tuesday to keep the northern quay shut until its cranes work."
GRAIN = "Exporters sent their grain by rail instead, at nearly twice the price, until the summer."
FINNISH = "Sataman hallitus päätti tiistaina pitää pohjoisen laiturin suljettuna korjaukseen asti."


@pytest.fixture
def folder(tmp_path):
    """A page copied with its menu, the same story in a table a day later, and one in Finnish."""
    page = f"Log in\nShare\nQuay to stay shut\n{QUAY}\n{GRAIN}\nAdvertisement\n"
    (tmp_path / "2025-05-06_Harbour-Desk_quay.txt").write_text(page)
    row = {"Volltext": f"{QUAY}\n\n{GRAIN}", "date": "2025-05-07", "outlet": "Rail Desk"}
    (tmp_path / "export.jsonl").write_text(json.dumps(row))
    (tmp_path / "a.md").write_text(FINNISH)
    return tmp_path


@pytest.fixture
def run(folder):
    return topics.analyse(folder, columns={"text": "Volltext"}, progress=False)


def test_what_the_embedder_cannot_read_is_left_out_with_a_line_unless_asked_for(folder, capsys):
    run = topics.analyse(folder, seed=7, progress=False)  # of no other test: not from the cache
    assert run.left_out.to_numpy().tolist() == [["a.md", "fi"]]
    assert "left out: 1 of 2 documents, in Finnish" in capsys.readouterr().err
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
    write_data(run, [], tmp_path / "earlier")
    (folder / "b.txt").write_text("Barges brought the grain to the quay before its cranes stopped.")
    again = topics.analyse(
        folder, columns={"text": "Volltext"}, base=tmp_path / "earlier", progress=False
    )
    assert run.changes.empty
    assert again.themes["theme_id"].tolist() == run.themes["theme_id"].tolist()
    assert again.changes["theme_id"].tolist() == run.themes["theme_id"].tolist()
    assert "Since the earlier report: 0 new" in tables.changes_table(again).markup


def test_what_was_dropped_is_counted_by_reason_with_samples(run):
    assert measures.removed_boilerplate(run).to_numpy().tolist() == [
        ["site boilerplate", 2, "Log in ¶ Share"],
        ["advertisement", 1, "Advertisement"],
    ]


def test_it_is_said_where_dates_and_sources_came_from(run):
    told = measures.metadata_sources(run)
    assert told[told["field"].isin(["date", "source"])].to_numpy().tolist() == [
        ["date", "column date", 1],
        ["date", "file name", 1],
        ["date", "not known", 1],
        ["source", "column outlet", 1],
        ["source", "file name", 1],
        ["source", "not known", 1],
    ]


def test_it_is_told_at_each_step_why_documents_fell_out(run):
    shown = figures.funnel(run).markup
    assert "<td>in a language that is read</td><td>2</td><td>in Finnish</td>" in shown
    assert "<td>independent of others</td><td>1</td><td>near-duplicates, counted once</td>" in shown


def test_a_figure_says_which_source_is_there_when(run):
    there = figures.coverage(run, "source").layout.meta
    assert there["table"]["columns"][0] == "source"
    assert [row[0] for row in there["table"]["rows"]] == ["Harbour Desk", "Rail Desk"]


@pytest.fixture
def fresh(tmp_path_factory, monkeypatch):
    """A cache with nothing in it, on disk and in memory; call it to forget what is in memory."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("TOPICS_CACHE", str(cache))

    def forget():
        monkeypatch.setattr("topics.pipeline._RUNS", {})
        return cache / "runs"

    forget()
    return forget


def test_a_run_is_read_back_as_it_was(folder, fresh):
    first = topics.analyse(folder, progress=False)
    runs = fresh()
    again = topics.analyse(folder, progress=False)
    assert again is not first
    assert again.about == first.about  # the timeline too: nothing was computed
    assert again.vectors.tobytes() == first.vectors.tobytes()
    assert len(list(runs.iterdir())) == 1


@pytest.mark.parametrize(
    "damaged", ["passages.parquet", "arrays.npz", "about.json", "model/model.json", "checksum.txt"]
)
def test_a_damaged_run_is_told_in_one_line_and_computed_again(folder, fresh, damaged, capfd):
    first = topics.analyse(folder, progress=False)
    (run,) = fresh().iterdir()
    content = bytearray((run / damaged).read_bytes())
    content[len(content) // 2] ^= 1
    (run / damaged).write_bytes(content)
    capfd.readouterr()
    again = topics.analyse(folder, progress=False)
    assert capfd.readouterr().err.splitlines()[0] == (
        f"run: {str(run)!r} is damaged or not complete; it is computed again"
    )
    assert again.vectors.tobytes() == first.vectors.tobytes()
    assert topics.Run.load(run).passages.equals(first.passages)


def test_a_run_in_the_place_of_another_is_told_and_computed_again(folder, fresh, capfd):
    first = topics.analyse(folder, progress=False)
    (own,) = fresh().iterdir()
    topics.analyse(folder, seed=1, progress=False)
    (other,) = (path for path in fresh().iterdir() if path != own)
    shutil.rmtree(own)
    other.rename(own)
    capfd.readouterr()
    again = topics.analyse(folder, progress=False)
    assert "is that of another input; it is computed again" in capfd.readouterr().err
    assert again.about["digests"] == first.about["digests"]


@pytest.mark.parametrize("missing", ["checksum.txt", "left_out.parquet"])
def test_a_run_that_is_not_complete_is_not_loaded(run, tmp_path, missing):
    run.save(tmp_path / "run")
    (tmp_path / "run" / missing).unlink()
    with pytest.raises(topics.InputError, match="is damaged or not complete"):
        topics.Run.load(tmp_path / "run")


def test_a_limit_that_the_run_goes_over_leaves_the_run(folder, fresh, monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE_LIMIT", "0.000001")
    run = topics.analyse(folder, progress=False)
    assert [path.suffix for path in fresh().parent.rglob("*.npy")] == []
    assert topics.analyse(folder, progress=False).about == run.about


def test_a_run_is_computed_though_nothing_of_it_can_be_cached(folder, fresh, capfd):
    fresh().parent.joinpath("runs").write_text("in the way")
    fresh().parent.joinpath("vectors").write_text("in the way")
    assert len(topics.analyse(folder, progress=False).documents) == 1
    told = [line.split(":")[0] for line in capfd.readouterr().err.splitlines()]
    assert "the run is not cached" in told
    assert sum(line.startswith("vectors are not cached, ") for line in told) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_a_report_that_is_stopped_says_how_to_continue_and_leaves_no_half_file(tmp_path):
    """Stopped while it embeds: after passages are cut, before they have vectors."""
    (tmp_path / "in.jsonl").write_text(
        "\n".join(json.dumps({"text": f"{QUAY} {GRAIN} Note {i}."}) for i in range(200))
    )
    words = ["report", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out of it")]
    run = [sys.executable, "-m", "topics", *words]
    heard = partial(
        signal.signal, signal.SIGINT, signal.SIG_DFL
    )  # shells let jobs behind ignore it
    report = subprocess.Popen(
        run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard
    )
    while not report.stderr.readline().startswith("passages:"):
        assert report.poll() is None
    report.send_signal(signal.SIGINT)
    out, err = report.communicate()
    assert (report.returncode, out) == (130, "")
    assert err.splitlines()[-1] == (
        f"topics: stopped; to continue, run topics report {words[1]} --out '{words[3]}'"
    )
    assert "Traceback" not in err
    assert list((tmp_path / "out of it").iterdir()) == []


def test_of_many_passages_themes_are_found_on_whole_documents_drawn_at_random(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("topics.pipeline._MAX_FITTED", 20)
    monkeypatch.setattr("topics.pipeline._MAX_DRAWN", 30)
    monkeypatch.setattr("topics.model.assigner._PART", 10)
    for number, texts in enumerate([PORT, FIELD] * 8):
        pairs = [f"{texts[number % 5]} {other}" for other in texts[:3]]
        pairs[-1] += f" Its number is {number}, which differs from that of any other text."
        pairs[0] = f"Number {number} begins with these words of its own. {pairs[0]}"
        (tmp_path / f"{number:02}.txt").write_text("\n\n".join(pairs))
    run = topics.analyse(tmp_path, progress=False)
    documents = run.passages["document_id"]
    assert (len(run.passages), len(run.fitted), len(run.drawn)) == (48, 18, 30)
    for rows in (run.fitted, run.drawn):
        assert np.flatnonzero(documents.isin(documents.iloc[rows])).tolist() == rows.tolist()
    assert set(run.fitted) <= set(run.drawn)
    fitted = np.isin(run.drawn, run.fitted)
    low, high = run.coordinates[fitted].min(axis=0), run.coordinates[fitted].max(axis=0)
    assert run.coordinates.shape == (30, 2)
    assert ((run.coordinates >= low) & (run.coordinates <= high)).all()
    again = run.model.predict(run.passages, run.vectors)
    pd.testing.assert_frame_equal(run.assignments, again)
    counts = run.assignments["theme_id"].value_counts()
    assert dict(zip(run.themes["theme_id"], run.themes["n_passages"], strict=True)) == dict(counts)
    assert run.themes["n_documents"].tolist() == [8, 8]
    told = passage_search(run)
    assert (told["n"], told["of"]) == (30, 48)
    cautions = [finding.text for finding in findings_of([], run)]
    assert "Themes were fitted on a sample of 18 passages." in cautions
    topics.pipeline._RUNS.clear()
    loaded = topics.analyse(tmp_path, progress=False)
    assert loaded is not run
    pd.testing.assert_frame_equal(loaded.assignments, run.assignments)
    assert loaded.fitted.tolist() == run.fitted.tolist()


def test_a_document_added_to_many_is_given_their_themes_and_drawn_among_them(tmp_path, capfd):
    for number in range(100):
        text = f"{(PORT, FIELD)[number % 2][number // 2 % 5]} So it said on page {number} of {60 * number}."
        (tmp_path / f"{number:02}.txt").write_text(text)
    first = topics.analyse(tmp_path, progress=False)
    (tmp_path / "33a.txt").write_text(f"{PORT[0]} On Sunday they talked.")
    second = topics.analyse(tmp_path, progress=False)
    assert (
        "themes are those of an earlier run on 100 of these 101 passages" in capfd.readouterr().err
    )
    assert second.fitted.tolist() == [*range(34), *range(35, 101)]
    assert second.themes["theme_id"].tolist() == first.themes["theme_id"].tolist()
    given = second.assignments[second.assignments["passage_id"] == "33a.txt:1"]
    others = second.assignments.drop(given.index).reset_index(drop=True)
    pd.testing.assert_frame_equal(others, first.assignments)
    strike = first.assignments.set_index("passage_id")["theme_id"]["00.txt:1"]
    assert given["theme_id"].tolist() == [strike]
    places = first.coordinates[first.theme_of_passage.to_numpy() == strike]
    assert (second.coordinates[second.fitted] == first.coordinates).all()
    assert (places.min(axis=0) <= second.coordinates[34]).all()
    assert (second.coordinates[34] <= places.max(axis=0)).all()
    assert passage_search(second)["n"] == 101
    caution = "1 passage came after the themes were found: they were given those that fit."
    assert caution in [finding.text for finding in findings_of([], second)]
    (tmp_path / "33b.txt").write_text("Wheat fields were dry, and the harvest was poor.")
    assert len(topics.analyse(tmp_path, progress=False).fitted) == 102  # more than one in a hundred
    (tmp_path / "33b.txt").unlink()
    (tmp_path / "00.txt").write_text(PORT[0])  # another text than before
    assert len(topics.analyse(tmp_path, progress=False).fitted) == 101
