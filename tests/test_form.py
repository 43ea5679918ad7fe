"""The form in which passages are labelled."""

import pandas as pd
import pytest

from topics import InputError
from topics.labelling.form import LabellingForm
from topics.labelling.samples import read_sheet, write_sheet

THEMES = pd.DataFrame({"theme_id": ["port", "wheat"], "name": ["Harbour", "Wheat <b>"]})


def sheet_in(tmp_path, themes=("", "", ""), texts=("Ships wait.", "<i>Rain</i>\nfell.", "Snow.")):
    path = tmp_path / "sheet.csv"
    ids = [f"p{i}" for i in range(len(themes))]
    table = pd.DataFrame({"label_id": ids, "text": texts[: len(ids)], "themes": themes})
    write_sheet(table.assign(coder=""), path, replace=True)
    return path


def tick(form, *names):
    for box in boxes(form).values():
        box.value = box.description in names


def boxes(form):
    parts = [part for child in form.children for part in getattr(child, "children", ())]
    return {part.description: part for part in parts if hasattr(part, "indent")}


def press(form, name):
    buttons = [button for child in form.children for button in getattr(child, "children", ())]
    next(button for button in buttons if button.description == name).click()


def shown(form):
    return " ".join(c.value for c in form.children if isinstance(getattr(c, "value", None), str))


def stored(path):
    return read_sheet(path, ["themes"])["themes"].tolist()


def test_the_form_is_what_a_cell_shows(tmp_path):
    assert "text/plain" in LabellingForm(sheet_in(tmp_path), THEMES)._repr_mimebundle_()


def test_names_and_passages_are_escaped(tmp_path):
    form = LabellingForm(sheet_in(tmp_path, ["port", ""]), THEMES)
    assert "&lt;i&gt;Rain&lt;/i&gt;\nfell." in shown(form)
    assert not any(box.description_allow_html for box in boxes(form).values())


def test_a_save_writes_the_file_and_goes_on(tmp_path):
    path = sheet_in(tmp_path)
    form = LabellingForm(path, THEMES, "ada")
    tick(form, "Harbour", "Wheat <b>")
    press(form, "Save and next")
    assert stored(path) == ["port; wheat", "", ""]
    assert read_sheet(path, [])["coder"].tolist() == ["ada", "", ""]
    assert "Passage 2 of 3</b>, 1 labelled" in shown(form)
    assert not any(box.value for box in boxes(form).values())
    tick(form, "none of them")
    press(form, "Save and next")
    assert stored(path) == ["port; wheat", "none", ""]


@pytest.mark.parametrize("ticked", [(), ("Harbour", "none of them")])
def test_an_empty_or_contradictory_answer_is_not_saved(tmp_path, ticked):
    path = sheet_in(tmp_path)
    form = LabellingForm(path, THEMES)
    tick(form, *ticked)
    press(form, "Save and next")
    assert stored(path) == ["", "", ""]
    assert "Passage 1 of 3" in shown(form)
    assert "Not saved" in shown(form)


def test_opened_again_it_goes_on_at_the_first_blank_row(tmp_path):
    form = LabellingForm(sheet_in(tmp_path, ["port", "", ""]), THEMES)
    assert "Passage 2 of 3</b>, 1 labelled" in shown(form)


def test_back_shows_what_was_ticked_and_lets_it_be_changed(tmp_path):
    path = sheet_in(tmp_path, ["port", "", ""])
    form = LabellingForm(path, THEMES)
    press(form, "Back")
    press(form, "Back")  # stays at the first
    assert [box.value for box in boxes(form).values()] == [True, False, False]
    tick(form, "Wheat <b>")
    press(form, "Save and next")
    assert stored(path) == ["wheat", "", ""]


def test_after_the_last_passage_it_says_that_all_are_labelled(tmp_path):
    form = LabellingForm(sheet_in(tmp_path, ["port", "none", ""]), THEMES)
    assert "All passages are labelled" not in shown(form)
    tick(form, "Harbour")
    press(form, "Save and next")
    assert "Passage 3 of 3</b>, 3 labelled" in shown(form)
    assert "All passages are labelled" in shown(form)


def test_tab_leads_through_a_checkbox_for_each_theme_and_one_for_none_to_saving(tmp_path):
    form = LabellingForm(sheet_in(tmp_path), THEMES)
    order = [c for child in form.children for c in getattr(child, "children", [child])]
    names = [c.description for c in order if c.description]
    assert names == ["Harbour", "Wheat <b>", "none of them", "Save and next", "Back"]


def test_a_sheet_without_rows_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no rows"):
        LabellingForm(sheet_in(tmp_path, []), THEMES)


def test_a_file_that_is_no_sheet_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no column 'label_id'"):
        LabellingForm(tmp_path / "other.csv", THEMES)
