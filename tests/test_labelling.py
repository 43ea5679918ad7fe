"""Sheets of passages to label by hand, and shares corrected by the labels."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from runs import NO_LABELS, run_around

from topics import Corpus, InputError, ThemeModel, labelling
from topics.labelling import (
    coder_agreement,
    draw_sheet,
    labelled_changes,
    labelled_difference,
    labelled_shares,
    read_folder,
    read_sheet,
    write_sheet,
)

NO_ROWS = pd.DataFrame()


def run_of(given, texts="Ships wait.", dates="2025-02-01", themes=None):
    """A run in which passage i is given the themes named in `given[i]`, the first one strongest."""
    ids = [f"d{i}:1" for i in range(len(given))]
    themes = themes or sorted({theme for own in given for theme in own})
    pairs = [
        (id_, theme, 1 - place / 10)
        for id_, own in zip(ids, given, strict=True)
        for place, theme in enumerate(own)
    ]
    model = ThemeModel()
    model.themes_, model.validated_ = pd.DataFrame({"theme_id": themes}), NO_LABELS
    model.assignments_ = pd.DataFrame(pairs, columns=["passage_id", "theme_id", "score"])
    passages = pd.DataFrame({"passage_id": ids, "text": texts, "date": pd.to_datetime(dates)})
    corpus = Corpus(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
    return run_around(model, corpus, NO_ROWS, passages, NO_ROWS, NO_ROWS)


HARBOUR = run_of([["port"]] * 6 + [["wheat"]] * 3 + [[]] * 3)


def labels_from(key, seen, coder="ada"):
    """Labels as `read_folder` returns them; `seen` says what a coder sees in each passage."""
    own = [frozenset(seen[passage]) for passage in key["passage_id"]]
    return key.assign(coder=coder, themes=own)


def same(key, own):
    """What a coder sees who sees the same in every passage."""
    return {passage: own for passage in key["passage_id"]}


def filled(tmp_path, themes, name="ada.csv", n=12):
    """A sheet of HARBOUR in a folder, labelled with `themes` in order of its rows, and its key."""
    sheet, key = draw_sheet(HARBOUR, n)
    write_sheet(sheet.assign(themes=themes), tmp_path / name, replace=True)
    write_sheet(key, tmp_path / "key.csv", replace=True)
    return key


def message(folder):
    with pytest.raises(InputError) as caught:
        read_folder(folder, ["port", "wheat"])
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Drawing


def test_the_notebook_draws_two_passages_of_each_theme_however_many_there_are():
    names = {"run": run_of([[f"theme {i}"] for i in range(150)] * 3), "labelling": labelling}
    cells = json.loads((ROOT / "notebooks/4_trust.ipynb").read_text())["cells"]
    (drawing,) = ("".join(cell["source"]) for cell in cells if "draw_sheet" in str(cell["source"]))
    exec(drawing, names)
    assert names["key"]["stratum"].value_counts().tolist() == [3, 3] + [2] * 148


def test_the_sheet_tells_nothing_of_theme_date_or_source():
    sheet, _ = draw_sheet(HARBOUR, 6)
    assert list(sheet) == ["label_id", "text", "themes", "coder"]
    assert sheet["label_id"].str.fullmatch("p[0-9a-f]{8}").all()
    assert set(sheet["text"]) == {"Ships wait."}
    assert set(sheet["themes"]) | set(sheet["coder"]) == {""}


def test_the_key_has_a_row_for_each_row_of_the_sheet():
    sheet, key = draw_sheet(HARBOUR, 8)
    assert key["label_id"].tolist() == sheet["label_id"].tolist()
    assert key["passage_id"].is_unique
    themes = dict(zip(HARBOUR.passages["passage_id"], HARBOUR.theme_of_passage, strict=True))
    assert key["stratum"].tolist() == [
        "none" if pd.isna(themes[id_]) else themes[id_] for id_ in key["passage_id"]
    ]


def test_each_theme_gets_two_labels_and_the_rest_follow_the_root_of_its_size():
    run = run_of([["port"]] * 100 + [["wheat"]] * 25 + [["opera"]] + [[]] * 4)
    _, key = draw_sheet(run, 23)
    assert key["stratum"].value_counts().to_dict() == {
        "port": 13, "wheat": 6, "none": 3, "opera": 1,
    }  # fmt: skip
    assert key.groupby("stratum")["probability"].first().to_dict() == {
        "port": 0.13, "wheat": 0.24, "none": 0.75, "opera": 1.0,
    }  # fmt: skip


def test_each_passage_is_drawn_as_often_as_its_probability_says():
    run = run_of([["port"]] * 7 + [["wheat"]] * 5)
    times = pd.Series(0, run.passages["passage_id"])
    for seed in range(120):
        _, key = draw_sheet(run, 6, random_state=seed)
        times[key["passage_id"]] += 1
    expected = key.drop_duplicates("stratum").set_index("stratum")["probability"]
    assert times.to_numpy()[:7] / 120 == pytest.approx(expected["port"], abs=0.15)
    assert times.to_numpy()[7:] / 120 == pytest.approx(expected["wheat"], abs=0.15)


def test_a_theme_is_drawn_from_evenly_over_periods_with_undated_passages_as_one():
    dates = ["2025-01-05"] * 8 + ["2025-04-05"] * 4 + [None] * 4
    _, key = draw_sheet(run_of([["port"]] * 16, dates=dates), 8)
    assert key["period"].value_counts().to_dict() == {"2025Q1": 4, "2025Q2": 2, "undated": 2}


def test_a_sheet_of_more_than_all_passages_holds_each_once():
    _, key = draw_sheet(HARBOUR, 500)
    assert sorted(key["passage_id"]) == sorted(HARBOUR.passages["passage_id"])
    assert set(key["probability"]) == {1.0}


def test_the_same_seed_draws_the_same_sheet_and_another_seed_another():
    first, again, other = (draw_sheet(HARBOUR, 6, random_state=seed)[1] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_sheet_too_small_for_two_labels_a_theme_is_refused():
    with pytest.raises(InputError, match="at least 6 passages, 2 a theme; found 5"):
        draw_sheet(HARBOUR, 5)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("-1 point", "'-1 point"),
        ("@desk", "'@desk"),
        ("+1", "'+1"),
        ("  =1", "'  =1"),
        ("Wheat;=1+1", "Wheat;'=1+1"),
        ("Wheat\n=1+1", "Wheat\n'=1+1"),
        ("1 + 1 = 2", "1 + 1 = 2"),
    ],
)
def test_no_text_is_a_formula_in_a_spreadsheet(text, written):
    sheet, _ = draw_sheet(run_of([["port"]] * 2, texts=text), 2)
    assert sheet["text"].tolist() == [written, written]


# Files


def test_a_sheet_is_not_written_over_labels(tmp_path):
    sheet, _ = draw_sheet(HARBOUR, 6)
    write_sheet(sheet, tmp_path / "sheet.csv")
    with pytest.raises(InputError, match="exists and may hold labels"):
        write_sheet(sheet, tmp_path / "sheet.csv")


def test_a_sheet_survives_quotes_lines_and_accents(tmp_path):
    sheet, _ = draw_sheet(run_of([["port"]] * 2, texts='Née "Ada";\nnext line, é'), 2)
    write_sheet(sheet, tmp_path / "sheet.csv")
    assert read_sheet(tmp_path / "sheet.csv", ["text"]).equals(sheet.astype("str"))


def test_a_sheet_saved_with_semicolons_in_an_old_encoding_is_read(tmp_path):
    key = filled(tmp_path, "none", "sheet.csv")
    rows = [f'{id_};"Née; wheat";"port;wheat";Zoë' for id_ in key["label_id"]]
    text = "\n".join(["label_id;text;themes;coder", *rows])
    (tmp_path / "sheet.csv").write_bytes(text.encode("cp1252"))
    labels = read_folder(tmp_path, ["port", "wheat"])
    assert set(labels["themes"]) == {frozenset({"port", "wheat"})}


def test_labels_are_read_with_coder_probability_and_stratum(tmp_path):
    key = filled(tmp_path, ["port; wheat", " none ", *[""] * 10])
    labels = read_folder(tmp_path, ["port", "wheat"])
    assert list(labels) == [
        "label_id", "passage_id", "coder", "themes", "probability", "stratum",
    ]  # fmt: skip
    assert labels["themes"].tolist() == [frozenset({"port", "wheat"}), frozenset()]
    assert labels["passage_id"].tolist() == key["passage_id"].tolist()[:2]
    assert set(labels["coder"]) == {"ada"}


def test_blank_rows_are_counted_and_lower_the_probability_in_their_stratum(tmp_path):
    _, key = draw_sheet(HARBOUR, 12)
    done = ["" if i % 2 and s == "port" else "none" for i, s in enumerate(key["stratum"])]
    filled(tmp_path, done)
    labels = read_folder(tmp_path, ["port", "wheat"])
    share = sum(1 for i, s in zip(done, key["stratum"], strict=True) if s == "port" and i) / 6
    assert labels.attrs["blank"] == done.count("") > 0
    assert labels.groupby("stratum")["probability"].first().to_dict() == {
        "none": 1.0, "port": share, "wheat": 1.0,
    }  # fmt: skip


def test_two_coders_are_read_from_two_files(tmp_path):
    filled(tmp_path, ["port"] * 12, "ada.csv")
    filled(tmp_path, ["none"] * 12, "ben.csv")
    labels = read_folder(tmp_path, ["port", "wheat"])
    assert labels["coder"].value_counts().to_dict() == {"ada": 12, "ben": 12}


@pytest.mark.parametrize(
    ("themes", "told"),
    [
        ("ports", "theme 'ports' is not known; expected none, or port; wheat"),
        ("none; port", "'none; port' is contradictory"),
        ("", "no 'themes' is filled in"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path, themes, told):
    filled(tmp_path, themes)
    assert told in message(tmp_path)


def test_a_row_that_is_not_in_the_key_is_named(tmp_path):
    key = filled(tmp_path, "port")
    write_sheet(key[1:], tmp_path / "key.csv", replace=True)
    assert f"label_id {key['label_id'][0]!r} is not in the key" in message(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda sheet: sheet[1:], "{!r} is missing; put the row back"),
        (lambda sheet: pd.concat([sheet, sheet[:1]]), "coder 'ada' has {!r} twice"),
        (lambda sheet: sheet.drop(columns="themes"), "has no column 'themes'"),
    ],
    ids=["deleted", "duplicate", "no column"],
)
def test_a_sheet_that_lost_or_gained_cells_is_refused(tmp_path, change, told):
    key, path = filled(tmp_path, "port"), tmp_path / "ada.csv"
    write_sheet(change(read_sheet(path, [])), path, replace=True)
    assert told.format(key["label_id"][0]) in message(tmp_path)


def test_a_missing_key_and_a_missing_sheet_are_named(tmp_path):
    assert "has no sheet" in message(tmp_path)
    filled(tmp_path, "port")
    (tmp_path / "key.csv").unlink()
    assert "cannot read" in message(tmp_path)


# Shares


def test_with_every_passage_labelled_the_share_is_the_true_one_without_doubt():
    _, key = draw_sheet(HARBOUR, 12)
    seen = {id_: ["port"] if i in (0, 1, 2, 9) else [] for i, id_ in enumerate(
        HARBOUR.passages["passage_id"])}  # fmt: skip
    table = labelled_shares(HARBOUR, labels_from(key, seen)).set_index("theme_id")
    port = table.loc["port"]
    assert (port["naive"], port["n"], port["labels_needed"]) == (0.5, 12, 0)
    assert [port["share"], port["low"], port["high"]] == pytest.approx([1 / 3] * 3, abs=1e-3)
    assert (port["precision"], port["recall"]) == pytest.approx((3 / 6, 3 / 4))
    assert (table.loc["wheat", "share"], table.loc["wheat", "precision"]) == (0, 0)


def test_labels_are_weighed_by_one_over_their_probability():
    run = run_of([["port"]] * 80 + [[]] * 20)
    _, key = draw_sheet(run, 36)  # by roots of sizes: 24 and 12
    seen = same(key, [])
    hits = [*key.query("stratum == 'port'")["passage_id"][:18],
            *key.query("stratum == 'none'")["passage_id"][:6]]  # fmt: skip
    seen |= {id_: ["port"] for id_ in hits}
    port = labelled_shares(run, labels_from(key, seen)).iloc[0]
    assert (port["precision"], port["share"]) == pytest.approx((0.75, 0.8 * 0.75 + 0.2 * 0.5))
    assert port["recall"] == pytest.approx(0.6 / 0.7)
    assert port["low"] < 0.7 < port["high"]


def test_no_error_found_does_not_mean_that_there_is_none():
    run = run_of([["port"]] * 50 + [[]] * 450)
    _, key = draw_sheet(run, 60)
    seen = {id_: own for id_, own in zip(
        key["passage_id"], [[s] * (s == "port") for s in key["stratum"]], strict=True)}  # fmt: skip
    port = labelled_shares(run, labels_from(key, seen)).iloc[0]
    assert (port["share"], port["precision"], port["recall"]) == (0.1, 1, 1)
    assert port["low"] < 0.1 < 0.12 < port["high"]
    assert port["precision_low"] < 0.95
    assert port["recall_low"] < 0.9


def test_more_labels_bring_the_interval_to_two_points():
    run = run_of([["port"]] * 500 + [[]] * 500)
    truth = {f"d{i}:1": ["port"] if i % 5 else [] for i in range(1000)}
    before = labelled_shares(run, labels_from(draw_sheet(run, 200)[1], truth)).iloc[0]
    key = draw_sheet(run, 200 + before["labels_needed"])[1]
    after = labelled_shares(run, labels_from(key, truth)).iloc[0]
    assert before["high"] - before["low"] > 0.05
    assert after["high"] - after["low"] == pytest.approx(0.04, abs=0.003)


def test_a_theme_whose_passages_are_not_labelled_has_no_share():
    run = run_of([["port", "wheat"]] + [["port"]] * 30, themes=["port", "wheat"])
    key = draw_sheet(run, 8)[1].query("passage_id != 'd0:1'")
    table = labelled_shares(run, labels_from(key, same(key, ["port"])))
    assert table["share"].isna().tolist() == [False, True]
    assert table["labels_needed"].isna().tolist() == [False, True]


def test_a_theme_that_the_model_never_gives_has_the_share_that_it_missed():
    run = run_of([["port"]] * 40 + [[]] * 40, themes=["opera", "port"])
    key = draw_sheet(run, 40)[1]
    seen = {id_: ["opera"] for id_ in key.query("stratum == 'none'")["passage_id"]}
    seen = same(key, ["port"]) | seen
    opera = labelled_shares(run, labels_from(key, seen)).iloc[0]
    assert (opera["naive"], opera["share"], opera["recall"]) == pytest.approx((0, 0.5, 0))
    assert np.isnan(opera["precision"])


def test_the_majority_of_coders_counts_and_a_tie_is_one_half():
    run, see, not_see = run_of([["port"]] * 4), ["port"], []
    _, key = draw_sheet(run, 4)
    coders = [
        [see, see, not_see, not_see], [see, see, not_see, see], [see, not_see, see, not_see]
    ]  # fmt: skip
    labels = [
        labels_from(key, dict(zip(run.passages["passage_id"], seen, strict=True)), str(coder))
        for coder, seen in enumerate(coders)
    ]
    assert labelled_shares(run, pd.concat(labels))["share"].tolist() == [0.5]
    assert labelled_shares(run, pd.concat(labels[:2]))["share"].tolist() == [0.625]


def test_labels_of_another_run_are_refused():
    _, key = draw_sheet(HARBOUR, 12)
    labels = labels_from(key, same(key, []))
    with pytest.raises(InputError, match="is not in this run"):
        labelled_shares(run_of([["port"]] * 3), labels)


def run_of_documents(given, dates):
    """As `run_of`, each passage a document of one source."""
    run = run_of(given, dates=dates)
    run.passages["document_id"], run.passages["source"] = run.passages["passage_id"], "Gull"
    run.corpus.documents = run.passages.assign(country=None, language="en")
    run.copy_of = pd.Series(run.passages["document_id"].to_numpy(), run.passages["document_id"])
    return run


def test_labels_correct_what_the_model_took_for_a_rise():
    months = pd.date_range("2025-01-01", periods=10, freq="MS").repeat(20)
    given = [["port"] if i % 20 < (4 if i < 100 else 12) else [] for i in range(200)]
    run = run_of_documents(given, months)
    key = draw_sheet(run, 150)[1]
    truth = {f"d{i}:1": ["port"] if i % 20 < 4 else [] for i in range(200)}
    change = pd.DataFrame(
        {"theme_id": ["port"], "period": pd.Timestamp("2025-06-01"), "until": pd.NaT}
    )
    row = labelled_changes(run, labels_from(key, truth), change).iloc[0]
    assert row["naive"] == pytest.approx(0.4)
    assert row["low"] < 0 < row["high"] < 0.2
    assert row["labels_needed"] > 0


def test_labels_compare_a_change_within_months_where_these_have_levels():
    months = pd.date_range("2024-01-01", periods=36, freq="MS").repeat(6)
    every_autumn = [["port"] if month.quarter == 4 else [] for month in months]
    run = run_of_documents(every_autumn, months)
    key = draw_sheet(run, 150)[1]
    truth = dict(zip(run.passages["passage_id"], every_autumn, strict=True))
    change = pd.DataFrame(
        {"theme_id": ["port"], "period": pd.Timestamp("2026-10-01"), "until": pd.NaT}
    )
    row = labelled_changes(run, labels_from(key, truth), change).iloc[0]
    assert row[["naive", "difference"]].tolist() == pytest.approx([0, 0])


def test_where_no_source_wrote_before_and_after_labels_tell_no_difference():
    _, key = draw_sheet(HARBOUR, 12)
    second, strata = np.arange(12) % 2, np.arange(12) % 2
    row = labelled_difference(HARBOUR, labels_from(key, same(key, [])), second, strata).iloc[0]
    assert row[["difference", "low", "high", "labels_needed"]].isna().all()


# Coverage


def simulated(n, missed, false, sizes, labels, runs):
    """Share of runs in which the true share lies in the corrected, and in the naive interval.

    Themes have the sizes given; the model misses and wrongly gives these shares of them.
    """
    rng = np.random.default_rng(3)
    themes = np.array([f"t{i:02}" for i in range(len(sizes))])
    ids = np.array([f"d{i}:1" for i in range(n)])
    covered = np.zeros((runs, 2, len(sizes)))
    for trial in range(runs):
        if trial % 10 == 0:  # drawing is what is tested: a corpus serves ten times
            truth = np.zeros((n, len(sizes)), dtype=bool)
            places = np.split(rng.permutation(n), np.cumsum(np.array(sizes) * n).astype(int))
            for theme, own in enumerate(places[:-1]):
                truth[own, theme] = True
            given = truth & (rng.random(truth.shape) >= missed)
            for theme, count in enumerate(np.round(given.sum(axis=0) * false / (1 - false))):
                outside = np.flatnonzero(~truth[:, theme])
                given[rng.choice(outside, int(count), replace=False), theme] = True
            dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
            run = run_of([themes[own].tolist() for own in given], "", dates, list(themes))
        _, key = draw_sheet(run, labels, random_state=trial)
        seen = dict(zip(ids, [themes[own] for own in truth], strict=True))
        table = labelled_shares(run, labels_from(key, seen))
        share = truth.mean(axis=0)
        for kind, (low, high) in enumerate((("low", "high"), ("naive_low", "naive_high"))):
            covered[trial, kind] = (table[low] <= share) & (share <= table[high])
    return covered.mean(axis=0)


def test_intervals_cover_the_true_share_95_times_in_100_and_those_of_the_model_do_not():
    sizes = [0.4, 0.2, 0.1, 0.05, 0.04, 0.03, 0.02, 0.01]
    missed = np.array([0.3, 0.05, 0.3, 0.05, 0.3, 0.05, 0.2, 0.2])
    false = np.array([0.05, 0.3, 0.05, 0.3, 0.3, 0.05, 0.2, 0.05])
    corrected, naive = simulated(1000, missed, false, sizes, labels=200, runs=300)
    assert 0.93 < corrected.mean() < 0.97
    assert corrected.min() > 0.9
    assert naive[:3].max() < 0.1


# Agreement


def coded(*coders):
    """Labels of coders, each a list of what they see in passages 0, 1, ...; None for a blank."""
    rows = [
        (f"p{i}", f"d{i}:1", str(coder), frozenset(own.split()))
        for coder, seen in enumerate(coders)
        for i, own in enumerate(seen)
        if own is not None
    ]
    return pd.DataFrame(rows, columns=["label_id", "passage_id", "coder", "themes"])


def test_alpha_is_the_published_one():  # Krippendorff 2011, Computing Alpha-Reliability, part A
    ada = "0 1 0 0 0 0 0 0 1 0".replace("1", "port").split()
    ben = "1 1 1 0 0 1 0 0 0 0".replace("1", "port").split()
    blank = [[own.replace("0", "") for own in seen] for seen in (ada, ben)]
    table = coder_agreement(coded(*blank))
    assert table["theme_id"].tolist() == ["port"]
    assert table["alpha"][0] == pytest.approx(0.095, abs=5e-4)
    assert table["n"][0] == 10


def test_coders_who_disagree_on_everything_are_below_chance():
    table = coder_agreement(coded(["port", "wheat"] * 5, ["wheat", "port"] * 5))
    assert table["alpha"].tolist() == pytest.approx([-0.9, -0.9])


@pytest.mark.parametrize(
    ("coders", "n"), [((["port"] * 4, ["port"] * 4), 4), ((["port", "", "port"],), 0),
                      ((["port", None], [None, "port"]), 0)],
)  # fmt: skip
def test_without_variation_or_a_second_coder_there_is_no_alpha(coders, n):
    table = coder_agreement(coded(*coders))
    assert np.isnan(table["alpha"][0])
    assert table["n"][0] == n


def test_only_passages_of_two_coders_count_for_agreement():
    table = coder_agreement(coded(["port", "", "port", ""], ["port", "", None, None]))
    assert table[["alpha", "n"]].to_numpy().tolist() == [[1, 2]]
