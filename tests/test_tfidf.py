"""The table of words, in any script and where there are none."""

import numpy as np
import pytest

from topics.text.tfidf import word_table


def similarities(texts, languages=None):
    table = word_table(texts, languages)
    assert table.dtype == np.float32
    return (table @ table.T).toarray().round(2)


@pytest.mark.parametrize(
    ("one", "again", "other"),
    [
        ("The dockers strike", "Strikes of dockers", "Rates rise"),
        ("Streik der Hafenarbeiter", "Die Hafenarbeiterinnen streiken", "Zinsen steigen"),
        ("Забастовка докеров", "Докеры: забастовки", "Ставки растут"),
        ("港湾労働者のスト", "港湾労働者", "金利上昇"),
        ("ท่าเรือ", "ท่าเรือ", "ดอกเบี้ย"),
        ("إضراب عمال", "إضراب", "فائدة"),
    ],
    ids=["en", "de", "ru", "ja", "th", "ar"],
)
def test_texts_on_one_subject_share_words_in_any_script(one, again, other):
    found = similarities([one, again, other])
    assert found[0, 1] > 0.5
    assert found[2].tolist() == [0, 0, 0]  # it shares no word


def test_a_stop_word_of_one_language_is_a_word_of_another():
    texts = ["The war", "War again", "Er war", "Sie war"]
    assert similarities(texts, ["en", "en", "de", "de"]).tolist()[1] == [1, 1, 0, 0]


@pytest.mark.parametrize("texts", [[], [""], ["", "🙂 42", "!"], ["harbour"]])
def test_without_words_that_tell_texts_apart_all_rows_are_zero(texts):
    table = word_table(texts)
    assert (table.shape[0], table.nnz) == (len(texts), 0)


def test_a_text_of_one_endless_word_is_read():
    found = word_table(["harbour" * 1_000_000, "harbour strike", "strike", "rain"])
    assert found[1].nnz == 2
