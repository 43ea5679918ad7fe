"""What counts as a word and a phrase, and which of them are forms of one."""

import pytest

from topics.text.words import Phrases, alike, content_words, distinct, stem, tokens


def phrases(text):
    """The phrases of a text as written, in the order of their keys."""
    return written(Phrases([text]))


def written(found):
    """Phrases as written, the shorter ones first."""
    return sorted(found.written, key=lambda phrase: phrase.count(" "))


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
        ("coal", "coalition", False),
        ("police", "policy", False),
        ("election", "elections", True),
        ("Britain", "British", True),
        ("terrorism", "terrorist", True),
        ("wiretap", "wiretapping", True),
    ],
)
def test_words_are_alike_if_they_are_forms_of_one(one, other, expected):
    assert alike(one, other) is expected
    assert alike(other, one) is expected


def test_words_lose_possessive_endings_but_keep_inner_marks():
    text = "Korvia's dockers’ leader, J. O'Dell, met the co-op"
    assert list(filter(None, tokens(text))) == [
        "Korvia", "dockers", "leader", "J", "O'Dell", "met", "the", "co-op",
    ]  # fmt: skip


def test_the_rest_of_a_number_is_no_word():
    assert phrases("the 20th anniversary") == ["anniversary"]


def test_contractions_are_stop_words():
    assert phrases("They don't know whether we’ll sail") == ["know", "sail"]


def test_content_words_leave_out_what_every_article_says():
    assert content_words("The ministers said on Monday that ferries were late") == [
        "minister", "ferry",
    ]  # fmt: skip


def test_phrases_neither_start_nor_end_with_a_stop_word():
    assert sorted(phrases("the Bank of Korvia raised rates")) == [
        "Bank",
        "Bank of Korvia",
        "Bank of Korvia raised",
        "Korvia",
        "Korvia raised",
        "Korvia raised rates",
        "raised",
        "raised rates",
        "rates",
    ]


@pytest.mark.parametrize(
    "text",
    ["ports; ferries", "ports, ferries", "ports. Ferries", "ports – ferries", "ports and ferries"],
)
def test_phrases_do_not_cross_marks_or_stop_words(text):
    assert [phrase.lower() for phrase in phrases(text)] == ["ports", "ferries"]


def test_phrases_do_not_cross_a_blank_line():
    assert phrases("Strike\n\nDockers") == ["Strike", "Dockers"]


def test_phrases_do_not_cross_from_one_text_to_the_next():
    assert written(Phrases(["grain\n\nsilo"])) == ["grain", "silo"]


def test_phrases_do_not_close_over_a_number():
    assert "Article process" not in phrases("the Article 12 process")


def test_a_phrase_has_four_words_at_most():
    assert max(phrases("big old grain silo roof repair"), key=len) == "grain silo roof repair"


def test_a_name_with_a_month_or_a_number_word_in_it_is_kept_whole():
    assert "Minister Orla May" in phrases("Minister Orla May spoke in May")
    assert "New Korvia" in phrases("in New Korvia")


@pytest.mark.parametrize("text", ["in May", "a new port", "Second, ferries", "on Monday"])
def test_dates_and_number_words_alone_are_no_phrases(text):
    assert not {"may", "new", "second", "monday"} & {phrase.lower() for phrase in phrases(text)}


def test_the_country_is_a_word_and_the_pronoun_is_not():
    assert phrases("the US told us") == ["US"]


@pytest.mark.parametrize("phrase", ["interest rate", "spending bill", "fire brigade"])
def test_what_news_is_about_is_no_stop_word(phrase):
    assert phrase in phrases(phrase)


def test_case_and_plural_do_not_make_another_phrase():
    assert Phrases(["Grain Silos", "grain silo"]).keys == ["grain", "silo", "grain silo"]


def test_a_text_counts_a_phrase_once():
    found = Phrases(["silo\n\nsilo silos", "port"])
    counted = dict(zip(found.keys, found.table.T.toarray().tolist(), strict=True))
    assert counted == {"silo": [1, 0], "silo silo": [1, 0], "port": [0, 1]}


def test_phrases_of_too_few_texts_are_left_out():
    assert Phrases(["grain silo", "grain port"], least=2).keys == ["grain"]


def test_a_sentence_that_stood_before_is_not_counted_again():
    footer = "Send this page to a friend or print it at home"
    found = Phrases([f"Grain. {footer}", f"Silo. {footer}", "A friend came home"])
    assert found.table.sum(axis=0)[0, found.keys.index("friend")] == 2  # not 3


def test_no_phrases_in_no_text():
    for texts in ([], [""], ["of the 12."]):
        found = Phrases(texts)
        assert (found.keys, found.table.shape) == ([], (len(texts), 0))


@pytest.mark.parametrize(
    "name", ["President Bashar al-Assad", "Staffan de Mistura", "Bank of Korvia"]
)
def test_a_name_goes_on_over_a_particle(name):
    assert name in phrases(f"Then {name} was asked")


def test_a_name_with_and_without_an_article_is_one():
    assert stem("al-Assad") == stem("Assad")


def test_a_phrase_is_written_as_it_stands_most_often():
    assert "Grain Silos" in Phrases(["Grain Silos", "Grain Silos", "grain silo"]).written


def test_of_equally_common_forms_the_one_in_lower_case_is_written():
    assert Phrases(["Silo", "silo", "SILO"]).written == ["silo"]


def test_distinct_terms_have_little_in_common():
    terms = ["grain silo", "silo", "grain silos", "big grain silo", "ferry", "port"]
    assert distinct(terms, 2) == ["grain silo", "ferry"]
    assert distinct(terms, 9) == ["grain silo", "ferry", "port"]
