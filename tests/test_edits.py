"""Themes changed by hand: what each change does to themes, passages and files."""

import json

import pytest
import yaml
from browser import sample_report
from browser import topics as command
from test_themes import FISHERIES, HOSPITAL, RAIL, SCHOOL, SUBJECTS, TEXTS, fitted, theme_on

import topics
from topics.errors import InputError
from topics.model.edits import read_edits


@pytest.fixture(scope="module")
def model():
    return fitted(TEXTS, FISHERIES)


@pytest.fixture(scope="module")
def ids(model):
    return {subject: theme_on(model, subject) for subject in ("school", "hospital", "rail")}


def subjects_by_theme(model):
    """The subjects of each theme's passages."""
    rows = model.assignments_["passage_id"].str[1:].astype(int)
    subjects = model.assignments_.assign(subject=SUBJECTS[rows])
    return subjects.groupby("theme_id")["subject"].agg(lambda own: sorted(set(own))).to_dict()


def test_a_merged_theme_has_the_passages_of_both_and_keeps_the_first_id(model, ids):
    school, hospital, rail = ids.values()
    edited = model.edited([{"merge": [school, hospital], "name": "Services"}])
    assert subjects_by_theme(edited) == {
        "A_fisheries": ["fishing"],
        school: ["hospital", "school"],
        rail: ["rail"],
    }
    before, after = (m.themes_.set_index("theme_id") for m in (model, edited))
    assert after["name"][school] == "Services"
    assert after["n_passages"][school] == before["n_passages"][[school, hospital]].sum()
    assert after.loc[rail, "name"] == before.loc[rail, "name"]


def test_a_merged_theme_can_be_split_again(model, ids):
    school, hospital, rail = ids.values()
    merge = {"merge": [school, hospital]}
    edited = model.edited([merge, {"split": school}])
    found = [
        own
        for theme, own in subjects_by_theme(edited).items()
        if theme not in ("A_fisheries", rail)
    ]
    assert sorted(found) == [["hospital"], ["school"]]
    piece = set(edited.themes_["theme_id"]) - {"A_fisheries", rail, school}
    renamed = model.edited([merge, {"split": school}, {"rename": min(piece), "name": "A piece"}])
    assert renamed.edits_["problem"].tolist() == ["", "", ""]
    assert renamed.themes_.set_index("theme_id")["name"][min(piece)] == "A piece"


def test_a_merged_theme_keeps_its_passages_through_later_edits_and_merges(model, ids):
    school, hospital, rail = ids.values()
    sizes = [
        edited.themes_.set_index("theme_id")["n_passages"][school]
        for edited in (
            model.edited([{"merge": [school, hospital]}]),
            model.edited([{"merge": [school, hospital]}]).edited([{"rename": rail, "name": "R"}]),
            model.edited([{"merge": [school, hospital, rail]}]),
            model.edited([{"merge": [hospital, rail, rail]}, {"merge": [school, hospital]}]),
        )
    ]
    assert sizes[0] == sizes[1]
    assert sizes[2] == sizes[3]


def test_a_hidden_theme_is_gone_and_its_passages_have_none(model, ids):
    edited = model.edited([{"hide": ids["rail"]}])
    assert set(subjects_by_theme(edited)) == {"A_fisheries", ids["hospital"], ids["school"]}
    assert ids["rail"] not in set(edited.themes_["theme_id"])


def test_a_renamed_theme_keeps_its_id_and_passages(model, ids):
    edited = model.edited([{"rename": ids["rail"], "name": "Trains & tracks"}])
    assert edited.themes_.set_index("theme_id")["name"][ids["rail"]] == "Trains & tracks"
    assert edited.assignments_.equals(model.assignments_)


def test_a_promoted_theme_is_a_named_one_with_its_passages(model, ids):
    edited = model.edited([{"promote": ids["rail"], "name": "Railways"}])
    assert edited.themes_[["theme_id", "name", "kind"]].to_numpy().tolist()[1] == [
        ids["rail"], "Railways", "named",
    ]  # fmt: skip
    assert subjects_by_theme(edited)[ids["rail"]] == ["rail"]
    own = edited.themes_.set_index("theme_id")["n_passages"][ids["rail"]]
    assert own >= 8
    assert list(edited.decision_function(edited._rule.vectors[:1]).columns) == [
        "A_fisheries",
        ids["rail"],
    ]


def test_a_promoted_theme_keeps_its_passages_when_another_is_promoted(tmp_path):
    sample_report()  # whose run is cached
    run = topics.analyse("data/articles", "data/themes.yml", gold="data/gold.csv", progress=False)
    first, second = run.themes.query("kind == 'discovered'")["theme_id"].head(2)
    run.model.edited([{"promote": first}]).save(tmp_path / "model")
    later = topics.ThemeModel.load(tmp_path / "model").edited([{"promote": second}])
    at_once = run.model.edited([{"promote": first}, {"promote": second}])
    kept, expected = (
        model.assignments_.set_index("theme_id").loc[first, "passage_id"].tolist()
        for model in (later, at_once)
    )
    assert kept == expected
    assert len(kept) > 50


def test_an_edit_that_does_not_fit_is_told_and_the_others_are_done(model, ids):
    edited = model.edited([{"hide": "tides"}, {"hide": "A_fisheries"}, {"hide": ids["rail"]}])
    assert edited.edits_.to_numpy().tolist() == [
        ["hide tides", "no discovered theme tides"],
        ["hide A_fisheries", "no discovered theme A_fisheries"],
        [f"hide {ids['rail']}", ""],
    ]


def test_an_edited_model_is_saved_and_predicts_as_before(model, ids, tmp_path):
    edited = model.edited([{"merge": [ids["rail"], ids["school"]]}, {"promote": ids["hospital"]}])
    edited.save(tmp_path / "model")
    loaded = topics.ThemeModel.load(tmp_path / "model")
    assert loaded.edits_.equals(edited.edits_)
    assert loaded.refits(2).shape == (3, 2, len(TEXTS))
    passages = edited._passages
    assert loaded.predict(passages, edited._rule.vectors).equals(edited.assignments_)


@pytest.mark.parametrize(
    "entry",
    ["rail", {}, {"merge": ["a"]}, {"merge": "a"}, {"rename": "a"}, {"hide": "a", "name": "A"},
     {"hide": ["a", "b"]}, {"drop": "a"}, {"hide": 7}, {"hide": "a", "split": "b"}],
    ids=str,
)  # fmt: skip
def test_an_entry_of_another_shape_is_refused(entry):
    with pytest.raises(InputError, match=r"^edits: entry 1: expected one of merge: \[ID, ID\]"):
        read_edits([entry])


def test_a_report_is_written_with_the_edits_of_a_file_and_says_so(tmp_path):
    (tmp_path / "news").mkdir()
    for number, text in enumerate(RAIL + SCHOOL + HOSPITAL):
        (tmp_path / "news" / f"{number:02d}.txt").write_text(text)
    done = command("report", "news", "--out", "plain", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    theme = (tmp_path / "plain" / "themes.csv").read_text().splitlines()[1].split(",")[0]
    edits = [{"rename": theme, "name": "Renamed by hand"}, {"hide": "tides"}]
    (tmp_path / "edits.yml").write_text(yaml.safe_dump(edits))
    done = command("report", "news", "--edits", "edits.yml", "--out", "edited", cwd=tmp_path)
    assert "edits: hide tides: no discovered theme tides; this edit is left out" in done.stderr
    assert f"{theme},Renamed by hand," in (tmp_path / "edited" / "themes.csv").read_text()
    told = json.loads((tmp_path / "edited" / "run.json").read_text())["edits"]
    assert told == [
        {"edit": f"rename {theme} as “Renamed by hand”", "problem": ""},
        {"edit": "hide tides", "problem": "no discovered theme tides"},
    ]
