"""Which passages have a named theme, and what raises or lowers a score."""

import pandas as pd
import pytest

from topics import NamedTheme, ThemeModel, embed

CRANES = [
    "Two cranes of the harbour were out of use while welders mended their arms.",
    "The port will build a new quay where larger ships can berth.",
    "Engineers closed the eastern pier of the port for repairs to its piles.",
    "Dredgers deepened the harbour basin so that the new quay can open.",
]
BREAD = [
    "Bakers raised the price of rye bread after a poor harvest.",
    "The bakery on the square sells its last loaves at noon.",
    "A cake with plums won the prize of the village bakers.",
    "Flour with more bran makes a darker and heavier loaf of bread.",
    "Sourdough bread needs a night to rise before it is baked.",
    "The recipe asks for butter, sugar and a spoon of cinnamon.",
]
TEXTS = CRANES + BREAD
PORT = NamedTheme(
    "port",
    "Harbour works",
    "Building and repair at the port.",
    ("crane repairs at the harbour", "a new quay is built at the port", "dredging the harbour"),
)
COMETS = NamedTheme(
    "comets",
    "Comets",
    "Comets and their tails seen by astronomers.",
    ("a comet passes the sun", "the tail of a comet", "astronomers discover a new comet"),
)


def passages_of(texts, documents=None):
    """The texts as passages, each a document of its own unless documents are given; and vectors."""
    ids = [f"p{i}" for i in range(len(texts))]
    frame = pd.DataFrame({"passage_id": ids, "document_id": documents or ids, "text": texts})
    return frame.assign(copy_group=ids), embed(texts, progress=False)


def fitted(themes, texts, documents=None):
    return ThemeModel(themes).fit(*passages_of(texts, documents))


def rows_with(themes, texts):
    """Numbers of the passages that have each theme."""
    pairs = fitted(themes, texts).assignments_
    rows = pairs["passage_id"].str[1:].astype(int)
    return [rows[pairs["theme_id"] == theme.id].tolist() for theme in themes]


def test_passages_have_the_theme_they_are_on_and_an_absent_theme_has_none():
    assert rows_with([PORT, COMETS], TEXTS) == [[0, 1, 2, 3], []]


@pytest.mark.parametrize("n", [1, 2, 40])
def test_passages_that_are_all_alike_have_the_theme_they_are_on(n):
    assert rows_with([PORT, COMETS], CRANES[1:2] * n) == [list(range(n)), []]
    assert rows_with([PORT, COMETS], BREAD[:1] * n) == [[], []]


@pytest.mark.parametrize("strays", [0, 1])
def test_in_a_corpus_nearly_all_on_one_theme_all_but_strays_have_it(strays):
    assert rows_with([PORT, COMETS], CRANES + BREAD[:strays]) == [[0, 1, 2, 3], []]


def test_one_passage_that_is_surely_on_a_theme_has_it_and_its_neighbours_do_not():
    comet = "Astronomers discover a new comet, whose tail shows as the comet passes the sun."
    assert rows_with([COMETS], [*TEXTS, comet]) == [[10]]


def test_a_theme_named_by_a_word_that_no_passage_is_about_has_none():
    assert rows_with([NamedTheme("comets", "Comets")], TEXTS) == [[]]


def test_a_paragraph_gains_by_the_document_that_it_stands_in():
    texts = [*TEXTS, "The work went on through the night and ended a week later than planned."]
    scores = []
    for owner in ("d0", "d4"):
        documents = [*(f"d{i}" for i in range(10)), owner]
        scores.append(
            fitted([PORT], texts, documents).decision_function(embed(texts[-1:]))["port"][0]
        )
    assert scores[0] > scores[1]


def test_a_paragraph_of_a_new_document_gains_by_the_paragraphs_beside_it():
    model, texts = fitted([PORT], TEXTS), ["Nobody slept until dawn.", *PORT.phrases]
    together, apart = (
        model._rule.named.scores(model._rule.batch(*passages_of(texts, documents)))[0, 0]
        for documents in (["new"] * 4, ["a", "b", "c", "d"])
    )
    assert together > apart


def test_a_text_that_is_nearer_to_what_a_theme_is_not_loses_by_it():
    vector = embed(["seals and seabirds at the harbour"], progress=False)
    seals = NamedTheme("port", PORT.name, PORT.description, PORT.phrases, ("seals and seabirds",))
    with_not, without = (
        fitted([theme], TEXTS).decision_function(vector) for theme in (seals, PORT)
    )
    assert with_not["port"][0] < without["port"][0]


def test_one_more_theme_is_scored_beside_the_named_ones_and_the_model_stays_as_it_was():
    model, data = fitted([PORT], TEXTS), passages_of(TEXTS)
    before = model.decision_function(data[1])
    found = model.has_theme(NamedTheme("bread", "Bread", "Bread and bakers."), *data)
    assert found[:4].tolist() == [False] * 4
    assert found[4:].any()
    assert model.decision_function(data[1]).equals(before)
    assert not model.has_theme(COMETS, *data).any()


def test_a_passage_that_holds_a_term_has_the_theme_and_a_theme_without_any_is_absent():
    cakes = NamedTheme("cakes", "Cakes", terms=("plum*",))
    comets = NamedTheme("comets", "Comets", terms=("comet*",))
    found = rows_with([cakes, comets], TEXTS)
    assert 6 in found[0]
    assert found[1] == []


def test_a_passage_has_the_same_score_alone_as_among_all():
    model, (passages, vectors) = fitted([PORT, COMETS], TEXTS * 6), passages_of(TEXTS * 6)
    together = model.predict(passages, vectors)
    alone = [model.predict(passages[i : i + 1], vectors[i : i + 1]) for i in range(len(vectors))]
    assert pd.concat(alone, ignore_index=True).equals(together)
