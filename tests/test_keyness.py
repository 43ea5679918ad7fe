"""Which words are distinctive of a group."""

import numpy as np
import pandas as pd
import pytest

from topics.measures.keyness import distinctive_words

FILLERS = "otter heron badger lapwing marten plover weasel bittern".split()
MARKS = ["group", "word", "n", "n_others", "log_odds", "z"]


def spoken(own_words, documents=20):
    """Passages of as many documents a group, each with the group's own words and common ones."""
    rows = [
        (group, f"{group}{i}", f"{words}. {FILLERS[i % 8]}; {FILLERS[(i + 3) % 8]}.")
        for group, words in own_words.items()
        for i in range(documents)
    ]
    return pd.DataFrame(rows, columns=["source", "document_id", "text"])


def marked(passages, **options):
    table = distinctive_words(passages, passages["source"], **options)
    return table[["group", "word", "n", "n_others"]].values.tolist()


def test_words_that_one_group_uses_are_told_with_their_documents():
    passages = spoken({"Quay": "shipyard", "Moor": "peatland"})
    assert marked(passages) == [["Moor", "peatland", 20, 0], ["Quay", "shipyard", 20, 0]]


def test_log_odds_and_z_are_those_of_monroe_and_others():
    passages = spoken({"A": "shipyard", "B": "moor"})
    row = distinctive_words(passages, passages["source"]).iloc[0]
    # 20 of 60 words of group A, none of 60 of B, and a tenth of all words to each
    own, others = 20 + 2, 0 + 2
    log_odds = np.log(own / (60 + 12 - own)) - np.log(others / (60 + 12 - others))
    z = log_odds / np.sqrt(1 / own + 1 / others)
    assert row[["group", "word"]].tolist() == ["A", "shipyard"]
    assert row[["log_odds", "z"]].tolist() == pytest.approx([log_odds, z])


def test_a_word_that_one_document_repeats_is_no_evidence():
    passages = spoken({"Quay": "", "Moor": ""})
    passages.loc[0, "text"] += " tollbooth;" * 30
    assert marked(passages) == []


def test_a_sentence_that_a_group_repeats_counts_once():
    passages = spoken({"Quay": "", "Moor": ""})
    passages.loc[passages["source"] == "Quay", "text"] += "\nWrite to our lighthouse desk today."
    assert marked(passages) == []


def test_what_a_group_says_of_other_themes_too_is_no_word_on_this_one():
    passages = spoken({"Quay": "Oak; shipyard", "Moor": "peatland"})
    others = spoken({"Quay": "Oak; opera", "Moor": "opera"})
    elsewhere = others.rename(columns={"source": "group"})
    assert ["Quay", "Oak", 20, 0] in marked(passages)
    assert marked(passages, elsewhere=elsewhere) == [
        ["Moor", "peatland", 20, 0], ["Quay", "shipyard", 20, 0],
    ]  # fmt: skip


def test_the_name_of_a_group_is_no_word_of_it():
    passages = spoken({"Quay": "Quay; shipyard", "Moor": "peatland"})
    assert ["Quay", "Quay", 20, 0] not in marked(passages)
    assert ["Quay", "shipyard", 20, 0] in marked(passages)


def test_no_more_words_are_told_than_asked_for():
    passages = spoken({"Quay": "shipyard; rudder", "Moor": "peatland; sphagnum"})
    assert [row[0] for row in marked(passages, max_words=1)] == ["Moor", "Quay"]


def test_small_groups_and_passages_without_a_group_are_left_out():
    passages = spoken({"Quay": "shipyard", "Moor": "peatland"})
    few = spoken({"Fen": "sphagnum"}, documents=4)
    nobody = spoken({"Loch": "shipyard"}).assign(source=None)
    told = marked(pd.concat([passages, few, nobody], ignore_index=True))
    assert told == [["Moor", "peatland", 20, 0], ["Quay", "shipyard", 20, 0]]


@pytest.mark.parametrize("groups", [{}, {"Quay": "shipyard"}])
def test_without_two_groups_there_is_nothing_to_tell(groups):
    passages = spoken(groups)
    table = distinctive_words(passages, passages["source"])
    assert (len(table), list(table)) == (0, MARKS)


def test_without_words_there_is_nothing_to_tell():
    passages = spoken({"Quay": "", "Moor": ""}).assign(text="and so on")
    assert marked(passages) == []


def test_groups_drawn_at_random_have_no_words_of_their_own():
    random = np.random.default_rng(0)
    words = [f"{a}{b}" for a in FILLERS for b in FILLERS]
    told = 0
    for _ in range(20):
        texts = ["; ".join(random.choice(words, 12, replace=False)) for _ in range(60)]
        passages = pd.DataFrame({"document_id": range(60), "text": texts})
        told += len(distinctive_words(passages, random.permutation(["Quay", "Moor"] * 30)))
    assert told <= 1
