"""Names and keywords of themes."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from topics import embed
from topics.model.labels import centroid_of, describe
from topics.text.words import alike, overlap

PORT = [
    "The dock strike shut the harbour, and dockers said that no ships would be unloaded.",
    "Dockers voted for a dock strike over wages; ships waited outside the harbour.",
    "A dock strike would cost the harbour dearly, the union of dockers was told.",
    "Two ships left the harbour before the dock strike began, a docker reported.",
    "Talks on the dock strike failed again, and dockers lit fires at the harbour gate.",
]
FIELD = [
    "The wheat harvest was poor after a drought, and farmers feared for their fields.",
    "Farmers brought in the wheat harvest late; rain had come to dry fields at last.",
    "A wheat harvest so small was last seen in the great drought, a farmer said.",
    "Prices rose as the wheat harvest failed in fields that the drought had cracked.",
    "The ministry will pay farmers who lost their wheat harvest to the drought.",
]


def vectors_of(texts):
    return embed(texts, progress=False)


def described(*themes, copies=None):
    """Names and keywords of themes, each a list of texts; `copies` maps a text to its original."""
    texts = [text for theme in themes for text in theme]
    labels = np.repeat(np.arange(len(themes)), [len(theme) for theme in themes])
    ids = [f"p{i}" for i in range(len(texts))]
    groups = [ids[texts.index((copies or {}).get(text, text))] for text in texts]
    passages = pd.DataFrame(
        {"passage_id": ids, "document_id": ids, "copy_group": groups, "text": texts}
    )
    centroids = np.array([centroid_of(vectors_of(theme)) for theme in themes])
    return describe(passages, labels, centroids, vectors_of)


@pytest.fixture(scope="module")
def two():
    return described(PORT, FIELD)


def test_a_theme_is_named_after_the_words_that_set_it_apart(two):
    (port, port_words), (field, field_words) = two
    assert "dock strike" in port.lower()
    assert "wheat harvest" in field.lower()
    assert {"dock strike", "harbour"} <= set(port_words)
    assert {"wheat harvest", "drought"} <= set(field_words)


def test_no_keyword_is_a_part_or_another_form_of_another(two):
    for _, keywords in two:
        assert not [pair for pair in combinations(keywords, 2) if overlap(*pair)]


def test_a_name_has_three_short_parts_at_most_and_no_two_forms_of_one_word(two):
    for name, _ in two:
        parts = name.replace(" and ", ", ").split(", ")
        assert len(parts) <= 3
        assert max(len(part.split()) for part in parts) <= 4
        words = [word for part in parts for word in part.split()]
        assert len(words) > 1
        assert not [pair for pair in combinations(words, 2) if alike(*pair)]


def test_near_duplicates_do_not_make_a_keyword():
    copy = "A walrus slept on the northern slipway."
    other = "A walrus slept on the northern slipway again."
    _, keywords = described([*PORT, copy, other], FIELD, copies={other: copy})[0]
    assert "walrus" not in " ".join(keywords)


def test_a_keyword_occurs_in_at_least_two_documents_of_its_theme():
    port = [*PORT, "A walrus watched the dock strike at the harbour."]
    field = [*FIELD, "A walrus is no help with the wheat harvest or a drought."]
    for _, keywords in described(port, field):
        assert "walrus" not in " ".join(keywords)


def test_an_adjective_of_origin_alone_is_no_name():
    texts = [
        "Chinese shipyards won another order for tankers.",
        "Tankers are what Chinese welders build best, a broker said.",
        "Chinese steel goes into most tankers that are launched.",
        "An order for tankers went to Chinese engineers in the south.",
    ]
    name, _ = described(texts, FIELD)[0]
    assert "Chinese" not in name.split()


def test_a_state_stands_for_its_people_and_comes_first_without_its_capital():
    texts = [
        "Norwegian trawlers caught cod in the north.",
        "In Oslo the trawlers of Norway were counted.",
        "A fleet of trawlers left for Norway, and Oslo was glad.",
        "The Norwegian minister came to Oslo on one of the trawlers.",
    ]
    assert described(texts, FIELD)[0][0] == "Norway and trawlers"


def test_a_name_is_of_nouns_and_not_of_what_was_done():
    texts = [
        "Customs officers seized the ivory at a port.",
        "They seized ivory worth a fortune; the ivory was old.",
        "Guards seized a crate of ivory.",
    ]
    name, keywords = described(texts, FIELD)[0]
    assert "seized" in keywords
    assert "seized" not in name.lower()
    assert "ivory" in name.lower()


def test_the_words_of_a_phrase_count_in_any_order():
    texts = [
        "A ban on travel was lifted by a judge.",
        "The travel ban was upheld by the court.",
        "Lawyers called the travel ban unlawful.",
        "The ban stops travel from six nations.",
    ]
    assert "travel ban" in described(texts, FIELD)[0][0].lower()


def test_a_name_is_in_the_language_of_the_theme():
    texts = [
        "Was wird aus den Fähren?",
        "Die Fähren, und was dann?",
        "Und der Hafen?",
        "Im Hafen nicht.",
    ]
    passages = pd.DataFrame({"text": texts, "language": "de"})
    passages["passage_id"] = passages["copy_group"] = list("abcd")
    ((name, _),) = describe(passages, np.zeros(4, int), np.ones((1, 1)), vectors_of)
    assert name in ("Fähren und Hafen", "Hafen und Fähren")


def test_themes_of_the_same_words_get_different_names():
    names = [name for name, _ in described(["Ferries sank."], ["Ferries sank."], ["Ferries sank."])]
    assert len(set(names)) == 3


def test_a_theme_without_words_is_called_by_its_number():
    assert described(PORT, ["12 34."], FIELD)[1] == ("Theme 2", [])


def test_the_name_of_a_person_is_not_cut():
    texts = [f"Prime Minister Orla May {what} ferries." for what in ("sold", "lost", "loves")]
    _, keywords = described(texts, FIELD)[0]
    assert "Prime Minister Orla May" in keywords
    assert "Prime Minister Orla" not in keywords


def test_what_one_outlet_prints_under_every_text_is_no_keyword():
    footer = "Send this gazette page to a friend or print it for use at home"
    for _, keywords in described([f"{text} {footer}." for text in PORT], FIELD):
        assert not {"gazette", "page", "friend"} & set(" ".join(keywords).split())


@pytest.mark.parametrize("text", ["Ferries", "12 34.", ""])
def test_one_passage_is_described(text):
    ((name, keywords),) = described([text])
    assert (name, keywords) == (("Ferries", ["Ferries"]) if text == "Ferries" else ("Theme 1", []))
