"""Word and passage intrusion tests."""

import pytest
from runs import run_with

from topics import InputError
from topics.labelling import draw_tests, score_tests, write_sheet

WORDS = {
    "port": ["dock", "ship", "harbour", "crane", "pilot", "strike"],
    "wheat": ["wheat", "harvest", "drought", "farmers", "bread", "ships", "field"],
    "opera": ["soprano", "stage", "tenor", "aria", "ballet"],
    "snow": ["avalanche"],
}


def run_of(n_passages, words, texts=None):
    """A run with so many passages of each theme, and these keywords; passages name their theme."""
    own = {theme: [f"{theme}{i}" for i in range(n)] for theme, n in n_passages.items()}
    ids = [id_ for theme in own for id_ in own[theme]]
    run = run_with([(id_, None, None, (texts or {}).get(id_)) for id_ in ids], own)
    run.themes["keywords"] = [", ".join(words.get(theme, [])) for theme in own]
    return run


FOUR = run_of({"port": 4, "wheat": 4, "opera": 3, "snow": 3}, WORDS)


def drawn(run, kind, **options):
    """Tests of a kind: theme, its own options, intruder."""
    sheet, key = draw_tests(run, **options)
    tests = []
    for test, true in zip(sheet.to_dict("records"), key.itertuples(), strict=True):
        shown = [test[f"option_{i}"] for i in range(1, 7) if test[f"option_{i}"]]
        if test["kind"] == kind:
            intruder = shown.pop(true.intruder - 1)
            tests.append((true.theme_id, shown, intruder))
    return tests


def test_the_sheet_tells_neither_theme_nor_intruder():
    sheet, key = draw_tests(FOUR)
    options = [f"option_{i}" for i in range(1, 7)]
    assert list(sheet) == ["test_id", "kind", "question", *options, "answer", "coder"]
    assert set(sheet["answer"]) | set(sheet["coder"]) == {""}
    assert sheet["test_id"].str.fullmatch("t[0-9a-f]{8}").all()
    assert list(key) == ["test_id", "theme_id", "kind", "intruder"]
    assert key["test_id"].tolist() == sheet["test_id"].tolist()


def test_an_intruding_word_is_another_themes_and_no_form_of_an_own_one():
    tests = drawn(FOUR, "word", per_theme=30)
    assert {theme for theme, _, _ in tests} == {"port", "wheat", "opera"}  # snow has one word
    for theme, own, intruder in tests:
        assert set(own) <= set(WORDS[theme])
        assert len(set(own)) == 5
        assert intruder in {w for other, words in WORDS.items() if other != theme for w in words}
        assert (theme, intruder) not in {("port", "ships"), ("wheat", "ship")}


def test_an_intruding_passage_is_another_themes():
    tests = drawn(FOUR, "passage")
    assert {theme for theme, _, _ in tests} == {"port", "wheat", "opera", "snow"}
    for theme, own, intruder in tests:
        assert [text.startswith(theme) for text in [*own, intruder]] == [True] * 3 + [False]
        assert len(set(own)) == 3


def test_intruders_stand_in_every_place():
    _, key = draw_tests(FOUR, per_theme=20)
    assert set(key.loc[key["kind"] == "passage", "intruder"]) == {1, 2, 3, 4}


def test_the_same_seed_draws_the_same_tests():
    first, again, other = (draw_tests(FOUR, random_state=seed)[0] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_theme_of_few_words_and_passages_is_left_out():
    _, key = draw_tests(run_of({"port": 3, "wheat": 2}, {"port": WORDS["port"]}))
    assert set(zip(key["theme_id"], key["kind"], strict=True)) == {("port", "passage")}


def test_a_corpus_of_one_theme_is_refused():
    with pytest.raises(InputError, match="found 1 theme"):
        draw_tests(run_of({"port": 3}, WORDS))


def test_no_option_is_a_formula_in_a_spreadsheet():
    texts = {"port0": "=1+1", "port1": "=2+2", "port2": "=3+3", "wheat0": "@rain"}
    _, own, intruder = drawn(run_of({"port": 3, "wheat": 1}, {}, texts), "passage")[0]
    assert {*own, intruder} == {"'=1+1", "'=2+2", "'=3+3", "'@rain"}


def answered(folder, answers, kind="passage", name="ada.csv"):
    """A sheet with these answers, `right` or `wrong` among them, and its key."""
    sheet, key = draw_tests(FOUR, per_theme=4)
    key = key[key["kind"] == kind].head(len(answers))
    told = [{"right": true, "wrong": true % 4 + 1} for true in key["intruder"]]
    given = [str(own.get(answer, answer)) for own, answer in zip(told, answers, strict=True)]
    write_sheet(sheet.loc[key.index].assign(answer=given), folder / name, replace=True)
    return folder / name, key


def test_the_score_is_the_share_found_with_its_interval_and_chance(tmp_path):
    table = score_tests(*answered(tmp_path, ["right"] * 8 + ["wrong"] * 2 + [""]))
    assert list(table) == ["kind", "n", "right", "share", "low", "high", "chance"]
    assert table.iloc[0].tolist() == pytest.approx(
        ["passage", 10, 8, 0.8, 0.4902, 0.9433, 0.25], abs=1e-4
    )  # Wilson's for 8 of 10
    words = score_tests(*answered(tmp_path, ["right"] * 3, "word"))
    assert words["chance"].tolist() == pytest.approx([1 / 6])


def test_answers_of_two_coders_count_together_and_by_theme(tmp_path):
    first, key = answered(tmp_path, ["right"] * 6)
    second, _ = answered(tmp_path, ["wrong"] * 6, name="ben.csv")
    assert score_tests([first, second], key)[["n", "right"]].to_numpy().tolist() == [[12, 6]]
    by_theme = score_tests(first, key, "theme_id").set_index("theme_id")["n"]
    assert by_theme.to_dict() == key["theme_id"].value_counts().to_dict()


@pytest.mark.parametrize("wrong", ["5", "0", "1.5", "two", "-1"])
def test_an_answer_that_is_no_option_is_named(tmp_path, wrong):
    path, key = answered(tmp_path, ["right", wrong])
    with pytest.raises(
        InputError, match=f"{key['test_id'].iloc[1]}: expected a number from 1 to 4"
    ):
        score_tests(path, key)
