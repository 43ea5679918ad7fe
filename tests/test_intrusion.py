"""Word, passage and label intrusion tests."""

from functools import partial

import pandas as pd
import pytest
from runs import run_around

from topics import Corpus, InputError, ThemeModel, embed
from topics.labelling.intrusion import draw_tests, score_tests
from topics.labelling.sheets import save_sheet

NO_ROWS = pd.DataFrame()
WORDS = {
    "port": ["dock", "ship", "harbour", "crane", "pilot", "strike"],
    "wheat": ["wheat", "harvest", "drought", "farmers", "bread", "ships", "field"],
    "opera": ["soprano", "stage", "tenor", "aria", "ballet"],
}
TEXTS = {
    "port": [
        "The dock strike shut the harbour on Monday, and no ships were unloaded by the dockers.",
        "Dockers voted for the strike over wages while forty ships waited outside the harbour.",
        "Talks between dockers and the harbour board failed again, so the strike goes on.",
    ],
    "wheat": [
        "The wheat harvest was poor after a drought, and farmers feared for their dry fields.",
        "Farmers brought in the harvest late; rain had come to the wheat fields at last.",
        "Bread prices rose as the wheat harvest failed in fields that drought had cracked.",
    ],
    "opera": [
        "A soprano sang the aria on the stage of the opera house to long applause.",
        "The tenor lost his voice in the second act and the opera went on without him.",
        "The opera house opened its season with a soprano whom nobody had heard before.",
    ],
    "snow": [
        "Snow closed the mountain pass for a week, and ploughs could not reach the village.",
        "An avalanche of wet snow came down beside the village below the mountain pass.",
        "Skiers stayed away as the snow on the mountain melted weeks before the season.",
    ],
}


def run_of(texts, words):
    """A run on named themes, each of which the model gives its own texts; words are keywords."""
    rows = [(theme, text) for theme, own in texts.items() for text in own]
    ids = [f"{theme} {i}" for i, (theme, _) in enumerate(rows)]
    passages = pd.DataFrame({"passage_id": ids, "document_id": ids, "copy_group": ids})
    passages["text"] = [text for _, text in rows]
    vectors = embed(passages["text"].tolist(), progress=False)
    named = [{"id": theme, "name": theme.title(), "phrases": own} for theme, own in texts.items()]
    model = ThemeModel(named).fit(passages, vectors)
    model.themes_ = model.themes_[model.themes_["kind"] == "named"].reset_index(drop=True)
    model.themes_["keywords"] = [", ".join(words.get(theme, [])) for theme in texts]
    pairs = {"passage_id": ids, "theme_id": [theme for theme, _ in rows], "score": 1.0}
    model.assignments_ = pd.DataFrame(pairs)
    corpus = Corpus(NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
    return run_around(model, corpus, NO_ROWS, passages, vectors, NO_ROWS)


@pytest.fixture(scope="module")
def four():
    """A run with four themes of three passages each, three of which have keywords."""
    return run_of(TEXTS, WORDS)


def drawn(run, kind, **options):
    """Tests of a kind: theme, own options, intruder."""
    sheet, key = draw_tests(run, **options)
    rows = []
    for test, true in zip(sheet.to_dict("records"), key.itertuples(), strict=True):
        shown = [test[f"option_{i}"] for i in range(1, 7) if test[f"option_{i}"]]
        if test["kind"] == kind:
            rows.append((true.theme_id, {*shown} - {shown[true.intruder - 1]},
                         shown[true.intruder - 1]))  # fmt: skip
    return rows


def test_the_sheet_tells_neither_theme_nor_intruder(four):
    sheet, key = draw_tests(four)
    options = [f"option_{i}" for i in range(1, 7)]
    assert list(sheet) == ["test_id", "kind", "question", *options, "answer", "coder"]
    assert set(sheet["answer"]) | set(sheet["coder"]) == {""}
    assert sheet["test_id"].str.fullmatch("t[0-9a-f]{8}").all()
    assert list(key) == ["test_id", "theme_id", "kind", "intruder"]
    assert key["test_id"].tolist() == sheet["test_id"].tolist()


def test_an_intruding_word_is_another_themes_and_no_form_of_an_own_one(four):
    tests = drawn(four, "word", per_theme=30)
    assert {theme for theme, _, _ in tests} == set(WORDS)
    for theme, own, intruder in tests:
        assert own <= set(WORDS[theme])
        assert len(own) == 5
        assert intruder in {w for other, words in WORDS.items() if other != theme for w in words}
    assert not {i for theme, _, i in tests if theme == "port"} & {"ships"}
    assert not {i for theme, _, i in tests if theme == "wheat"} & {"ship"}


def test_an_intruding_passage_does_not_carry_the_theme(four):
    tests = drawn(four, "passage")
    assert {theme for theme, _, _ in tests} == set(TEXTS)
    for theme, own, intruder in tests:
        assert own == set(TEXTS[theme])
        assert intruder not in own


def test_an_intruding_label_is_one_that_the_passage_is_least_on(four):
    tests = drawn(four, "label")
    assert tests
    for theme, best, intruder in tests:
        assert theme.title() in best
        assert len(best) == 3
        assert best | {intruder} == {"Port", "Wheat", "Opera", "Snow"}


def test_intruders_stand_in_every_place(four):
    _, key = draw_tests(four, per_theme=20)
    assert set(key.loc[key["kind"] == "passage", "intruder"]) == {1, 2, 3, 4}


def test_the_same_seed_draws_the_same_tests(four):
    first, again, other = (draw_tests(four, random_state=seed)[0] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_theme_of_few_words_and_passages_is_left_out():
    run = run_of({"port": TEXTS["port"], "wheat": TEXTS["wheat"][:2]}, {"port": WORDS["port"]})
    _, key = draw_tests(run)
    assert set(key["theme_id"]) == {"port"}
    assert set(key["kind"]) == {"passage"}


def test_a_corpus_of_one_theme_is_refused():
    with pytest.raises(InputError, match="got 1 theme"):
        draw_tests(run_of({"port": TEXTS["port"]}, WORDS))


def test_no_option_is_a_formula_in_a_spreadsheet():
    texts = {"port": ["=1+1", "=2+2", "=3+3"], "wheat": ["@rain"]}
    _, own, intruder = drawn(run_of(texts, {}), "passage")[0]
    assert own | {intruder} == {"'=1+1", "'=2+2", "'=3+3", "'@rain"}


@pytest.fixture
def answered(four, tmp_path):
    """Writes a sheet with these answers, `right` or `wrong` among them; gives it and its key."""
    return partial(answer, four, tmp_path)


def answer(run, folder, answers, kind="passage", name="ada.csv"):
    sheet, key = draw_tests(run, per_theme=30 if kind == "word" else 3)
    key = key[key["kind"] == kind].head(len(answers))
    sheet = sheet.loc[key.index]
    right = key["intruder"]
    told = {"right": right, "wrong": right % 4 + 1}
    given = [str(told[a][i]) if a in told else a for a, i in zip(answers, key.index, strict=True)]
    save_sheet(sheet.assign(answer=given), folder / name)
    return folder / name, key


def test_the_score_is_the_share_found_with_an_exact_interval_and_chance(answered):
    path, key = answered(["right"] * 8 + ["wrong"] * 2 + [""])
    table = score_tests(path, key)
    assert list(table) == ["kind", "n", "right", "share", "low", "high", "chance"]
    assert table.iloc[0].tolist() == pytest.approx(
        ["passage", 10, 8, 0.8, 0.4439, 0.9748, 0.25], abs=1e-4
    )  # Clopper and Pearson's for 8 of 10


def test_words_are_found_by_chance_once_in_six(answered):
    path, key = answered(["right"] * 3, "word")
    assert score_tests(path, key)["chance"].tolist() == pytest.approx([1 / 6])


def test_scores_can_be_had_by_theme(answered):
    path, key = answered(["right"] * 10)
    table = score_tests(path, key, "theme_id").set_index("theme_id")
    assert table["n"].to_dict() == key["theme_id"].value_counts().to_dict()
    assert set(table["share"]) == {1.0}


def test_answers_of_two_coders_count_together(answered):
    first, key = answered(["right"] * 6)
    second, _ = answered(["wrong"] * 6, name="ben.csv")
    assert score_tests([first, second], key)[["n", "right"]].to_numpy().tolist() == [[12, 6]]


@pytest.mark.parametrize("wrong", ["5", "0", "1.5", "two", "-1"])
def test_an_answer_that_is_no_option_is_named(answered, wrong):
    path, key = answered(["right", wrong])
    with pytest.raises(
        InputError, match=f"{key['test_id'].iloc[1]}: expected a number from 1 to 4"
    ):
        score_tests(path, key)


def test_a_test_that_is_not_in_the_key_is_named(answered):
    path, key = answered(["right"] * 3)
    with pytest.raises(InputError, match="is not in the key"):
        score_tests(path, key[1:])


def test_a_sheet_without_answers_is_refused(answered):
    path, key = answered([""] * 3)
    with pytest.raises(InputError, match="no 'answer' is filled in"):
        score_tests(path, key)
