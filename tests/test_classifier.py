"""Which passages carry a named theme, and what a score is made of."""

import numpy as np
import pytest

from topics import NamedTheme, embed
from topics.model.classifier import ThemeScorer
from topics.model.graph import nearest_to

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
DOCUMENTS = [f"d{i}" for i in range(len(TEXTS))]
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


def embedded(texts):
    return embed(list(texts), progress=False)


def fitted(themes, texts, documents=None):
    """A scorer fitted to the texts, each a document of its own; and what it scores them by."""
    documents = documents or [f"d{i}" for i in range(len(texts))]
    vectors = embedded(texts)
    around = nearest_to(vectors, vectors, 15)
    scorer = ThemeScorer.fit(themes, texts, documents, vectors, *around, embedded)
    return scorer, (vectors, texts, documents, *around)


def carriers(themes, texts, documents=None):
    """Numbers of the passages that carry each theme."""
    scorer, rows = fitted(themes, texts, documents)
    carried = scorer.scores(*rows) >= scorer.thresholds
    return [np.flatnonzero(column).tolist() for column in carried.T]


@pytest.fixture(scope="module")
def harbour():
    """A scorer fitted to the texts; their vectors and nearest passages."""
    scorer, (vectors, _, _, nearest, near) = fitted([PORT, COMETS], TEXTS)
    return scorer, vectors, nearest, near


def test_passages_carry_the_theme_they_are_on_and_an_absent_theme_has_none():
    assert carriers([PORT, COMETS], TEXTS) == [[0, 1, 2, 3], []]


@pytest.mark.parametrize("n", [1, 2, 40])
def test_passages_that_are_all_alike_carry_the_theme_they_are_on(n):
    assert carriers([PORT, COMETS], CRANES[1:2] * n) == [list(range(n)), []]
    assert carriers([PORT, COMETS], BREAD[:1] * n) == [[], []]


@pytest.mark.parametrize("strays", [0, 1])
def test_a_corpus_that_is_nearly_all_on_one_theme_carries_it_but_for_strays(strays):
    assert carriers([PORT, COMETS], CRANES + BREAD[:strays]) == [[0, 1, 2, 3], []]


def test_a_paragraph_gains_by_the_document_that_it_stands_in():
    plain = "The work went on through the night and ended a week later than planned."
    texts = [*TEXTS, plain]
    numbers = [f"d{i}" for i in range(len(texts))]
    scores = []
    for owner in ("d0", "d4"):
        scorer, rows = fitted([PORT], texts, [*numbers[:-1], owner])
        scores.append(scorer.scores(*rows)[-1, 0])
    assert scores[0] > scores[1]


def test_a_paragraph_of_a_new_document_gains_by_the_paragraphs_beside_it():
    scorer, (fitted_vectors, *_) = fitted([PORT], TEXTS)
    texts = ["The work went on through the night.", *PORT.phrases]
    vectors = embedded(texts)
    around = nearest_to(vectors, fitted_vectors, 15)
    together = scorer.scores(vectors, texts, ["new"] * 4, *around)
    apart = scorer.scores(vectors, texts, ["a", "b", "c", "d"], *around)
    assert together[0, 0] > apart[0, 0]


def test_one_passage_that_is_surely_on_a_theme_carries_it_and_its_neighbours_do_not():
    comet = "Astronomers discover a new comet, whose tail shows as the comet passes the sun."
    assert carriers([COMETS], [*TEXTS, comet]) == [[10]]


def test_a_theme_named_by_a_word_that_no_passage_is_about_has_none():
    assert carriers([NamedTheme("comets", "Comets")], TEXTS) == [[]]


def test_no_themes_give_scores_without_columns():
    scorer, rows = fitted([], TEXTS)
    assert scorer.scores(*rows).shape == (10, 0)


def test_vectors_alone_of_fitted_passages_score_as_with_their_texts(harbour):
    scorer, vectors, nearest, near = harbour
    np.testing.assert_allclose(
        scorer.scores(vectors, None, None, nearest, near),
        scorer.scores(vectors, TEXTS, DOCUMENTS, nearest, near),
        atol=1e-6,
    )


def test_a_fitted_passage_scores_alone_as_in_company(harbour):
    scorer, vectors, nearest, near = harbour
    every = scorer.scores(vectors, TEXTS, DOCUMENTS, nearest, near)
    for i in range(len(TEXTS)):
        row = slice(i, i + 1)
        alone = scorer.scores(vectors[row], TEXTS[row], DOCUMENTS[row], nearest[row], near[row])
        np.testing.assert_allclose(alone, every[row], atol=1e-6)


def test_a_text_that_is_nearer_to_what_a_theme_is_not_loses_by_it():
    text = ["seals on the harbour wall"]
    seals = NamedTheme("port", PORT.name, PORT.description, PORT.phrases, ("seals and seabirds",))
    with_not, without = (fitted([theme], TEXTS)[0] for theme in (seals, PORT))
    assert with_not.evidence(embedded(text), text) < without.evidence(embedded(text), text)
