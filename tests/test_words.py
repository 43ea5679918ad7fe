"""What counts as a word and a phrase, and which of them are forms of one."""

import pytest

from topics.text.words import Phrases, alike, distinct, stem, tokens


def phrases(*texts):
    """The phrases of texts as written, the shorter ones first."""
    return sorted(Phrases(texts).written, key=lambda phrase: phrase.count(" "))


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
        ("al-Assad", "assad"),
    ],
)
def test_a_stem_is_lower_case_and_has_no_article_or_plural_ending(word, expected):
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
    words = list(filter(None, tokens("Korvia's dockers’ leader, J. O'Dell, met the co-op")))
    assert words == ["Korvia", "dockers", "leader", "J", "O'Dell", "met", "the", "co-op"]


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


@pytest.mark.parametrize("between", ["; ", ", ", ". ", " – ", " and ", "\n\n", " 12 "])
def test_phrases_do_not_cross_marks_stop_words_blank_lines_or_numbers(between):
    assert phrases(f"ports{between}ferries") == ["ports", "ferries"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the 20th anniversary", ["anniversary"]),
        ("They don't know whether we’ll sail", ["know", "sail"]),
        ("the US told us", ["US"]),
        ("in May", []),
        ("a new port", ["port"]),
        ("Second, ferries", ["ferries"]),
        ("on Monday", []),
        ("", []),
        ("of the 12.", []),
    ],
)
def test_stop_words_contractions_dates_and_rests_of_numbers_are_no_phrases(text, expected):
    assert phrases(text) == expected


@pytest.mark.parametrize("topical", ["interest rate", "spending bill", "fire brigade"])
def test_what_news_is_about_is_no_stop_word(topical):
    assert topical in phrases(topical)


@pytest.mark.parametrize(
    "name",
    [
        "Minister Orla May",
        "New Korvia",
        "President Bashar al-Assad",
        "Staffan de Mistura",
        "Bank of Korvia",
    ],
)
def test_a_name_is_kept_whole_with_a_particle_a_month_or_a_number_word_in_it(name):
    assert name in phrases(f"Then {name} was asked in May")


def test_a_phrase_has_four_words_at_most():
    assert max(phrases("big old grain silo roof repair"), key=len) == "grain silo roof repair"


def test_no_texts_have_no_phrases():
    found = Phrases([])
    assert (found.keys, found.table.shape) == ([], (0, 0))


def test_a_text_counts_a_phrase_once():
    found = Phrases(["silo\n\nsilo silos", "port"])
    counted = dict(zip(found.keys, found.table.T.toarray().tolist(), strict=True))
    assert counted == {"silo": [1, 0], "silo silo": [1, 0], "port": [0, 1]}


def test_a_sentence_of_an_earlier_text_is_not_counted_again():
    footer = "Send this page to a friend or print it at home"
    found = Phrases([f"Grain. {footer}", f"Silo. {footer}", "A friend came home"])
    assert found.table.sum(axis=0)[0, found.keys.index("friend")] == 2  # not 3


def test_a_footer_with_another_date_is_not_counted_again():
    texts = [f"Grain (Korvian Harbour Gazette {day}/03/2031)" for day in (11, 12, 13)]
    found = Phrases(texts)
    assert found.table.sum(axis=0)[0, found.keys.index("harbour")] == 1


def test_verbs_do_not_follow_articles_and_prepositions():
    found = Phrases(["Of the ferries they sank", "The tug sank; the ferries"])
    at = found.columns
    assert (found.nouns[at["ferry"]], found.nouns[at["sank"]]) == (1, 0)


def test_in_names_nouns_are_in_the_plural():
    found = Phrases(["the silo", "the silo", "the silo", "the silos"])
    assert (found.written, found.in_names) == (["silo"], ["silos"])


def test_french_and_italian_articles_are_no_part_of_a_word_and_part_phrases():
    assert tokens("l'Ukraine et l’eau") == ["l'", "Ukraine", "et", "l’", "eau"]
    assert Phrases(["droits de l'homme"], language="fr").written == ["droits", "homme"]


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["Grain Silos", "Grain Silos", "grain silo"], ["Grain", "Silos", "Grain Silos"]),
        (["Silo", "silo", "SILO"], ["silo"]),
    ],
    ids=["the commonest form", "of equally common ones that in lower case"],
)
def test_case_and_plural_do_not_make_another_phrase(texts, written):
    assert phrases(*texts) == written


def test_distinct_terms_have_little_in_common():
    terms = ["grain silo", "silo", "grain silos", "big grain silo", "ferry", "port"]
    assert distinct(terms, 2) == ["grain silo", "ferry"]
    assert distinct(terms, 9) == ["grain silo", "ferry", "port"]


def test_verbs_are_seldom_led_by_an_article():
    phrases = Phrases(["We sell quays.", "They sell boats.", "The grey quay, a grey boat."])
    led = dict(zip(phrases.keys, phrases.led.tolist(), strict=True))
    assert (led["sell"], led["grey"]) == (2 / 6, 4 / 6)
