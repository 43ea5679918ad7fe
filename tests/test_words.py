"""What counts as a word and a phrase, and which of them are forms of one."""

import pytest

from topics.words import PhraseCounter, alike, content_words, distinct, phrases, stem, tokens


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Ports", "port"),
        ("Ferries", "ferry"),
        ("ties", "tie"),
        ("glass", "glass"),
        ("status", "status"),
        ("crisis", "crisis"),
        ("gas", "gas"),
        ("EU", "eu"),
        ("taxes", "tax"),
    ],
)
def test_a_stem_is_lower_case_and_has_no_plural_ending(word, expected):
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("China", "Chinese", True),
        ("vote", "voters", True),
        ("Port", "ports", True),
        ("tax", "taxes", True),
        ("port", "pork", False),
        ("tax", "tank", False),
        ("harbour", "harvest", False),
    ],
)
def test_words_are_alike_if_they_are_forms_of_one(one, other, expected):
    assert alike(one, other) is expected
    assert alike(other, one) is expected


def test_words_lose_possessive_endings_but_keep_inner_marks():
    text = "Korvia's dockers’ leader, J. O'Dell, met the co-op"
    assert list(tokens(text)) == [
        "Korvia", "dockers", "leader", "J", "O'Dell", "met", "the", "co-op",
    ]  # fmt: skip


def test_the_rest_of_a_number_is_no_word():
    assert list(phrases("the 20th anniversary")) == ["anniversary"]


def test_contractions_are_stop_words():
    assert list(phrases("They don't know whether we’ll sail")) == ["know", "sail"]


def test_content_words_leave_out_what_every_article_says():
    assert content_words("The ministers said on Monday that ferries were late") == [
        "minister", "ferry",
    ]  # fmt: skip


def test_phrases_neither_start_nor_end_with_a_stop_word():
    assert list(phrases("the Bank of Korvia raised rates")) == [
        "Bank",
        "Bank of Korvia",
        "Korvia",
        "Korvia raised",
        "Korvia raised rates",
        "raised",
        "raised rates",
        "rates",
    ]


@pytest.mark.parametrize(
    "text",
    ["ports; ferries", "ports, ferries", "Ports. Ferries", "ports – ferries", "ports and ferries"],
)
def test_phrases_do_not_cross_marks_or_stop_words(text):
    assert [phrase.lower() for phrase in phrases(text)] == ["ports", "ferries"]


def test_phrases_do_not_cross_a_blank_line():
    assert list(phrases("Strike\n\nDockers")) == ["Strike", "Dockers"]


def test_phrases_do_not_close_over_a_number():
    assert "Article process" not in list(phrases("the Article 12 process"))


def test_phrases_are_no_longer_than_asked():
    found = list(phrases("grain silo roof", longest=2))
    assert found == ["grain", "grain silo", "silo", "silo roof", "roof"]


@pytest.mark.parametrize("phrase", ["interest rate", "spending bill", "fire brigade"])
def test_what_news_is_about_is_no_stop_word(phrase):
    assert phrase in list(phrases(phrase))


def test_a_counter_takes_case_and_plural_for_one_phrase():
    counter = PhraseCounter()
    assert counter.keys("Grain Silos") == counter.keys("grain silo") == {
        "grain", "silo", "grain silo",
    }  # fmt: skip


def test_a_phrase_is_written_as_it_stands_most_often():
    counter = PhraseCounter()
    for text in ("Grain Silos", "Grain Silos", "grain silo"):
        counter.keys(text)
    assert counter.written("grain silo") == "Grain Silos"


def test_of_equally_common_forms_the_one_in_lower_case_is_written():
    counter = PhraseCounter()
    for text in ("Silo", "silo", "SILO"):
        counter.keys(text)
    assert counter.written("silo") == "silo"


def test_distinct_terms_leave_out_parts_and_other_forms_of_earlier_ones():
    terms = ["grain silo", "silo", "grain silos", "big grain silo", "ferry", "port"]
    assert distinct(terms, 2) == ["grain silo", "ferry"]
    assert distinct(terms, 9) == ["grain silo", "ferry", "port"]
