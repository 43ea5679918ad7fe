"""How sides speak, and who speaks first."""

import numpy as np
import pandas as pd
import pytest

from topics.measures.document_themes import DocumentThemes
from topics.measures.keyness import distinctive_words, leads

FILLERS = "otter heron badger lapwing marten plover weasel bittern".split()
MARKS = ["side", "word", "n", "n_others", "log_odds", "z"]
LEADS = ["theme_id", "leader", "follower", "lag", "asymmetry", "p", "n_leader", "n_follower"]


def spoken(own_words, documents=20):
    """Passages of as many documents a side, each with the side's own words and common ones."""
    rows = [
        (side, f"{side}{i}", f"{words}. {FILLERS[i % 8]}; {FILLERS[(i + 3) % 8]}.")
        for side, words in own_words.items()
        for i in range(documents)
    ]
    return pd.DataFrame(rows, columns=["source", "document_id", "text"])


def marked(passages, **options):
    table = distinctive_words(passages, passages["source"], **options)
    return table[["side", "word", "n", "n_others"]].values.tolist()


def test_words_that_one_side_uses_are_told_with_their_documents():
    passages = spoken({"Quay": "shipyard", "Moor": "peatland"})
    assert marked(passages) == [["Moor", "peatland", 20, 0], ["Quay", "shipyard", 20, 0]]


def test_log_odds_and_z_are_those_of_monroe_and_others():
    passages = spoken({"A": "shipyard", "B": "moor"})
    row = distinctive_words(passages, passages["source"]).iloc[0]
    # 20 of 60 words of side A, none of 60 of B, and a tenth of all words to each
    own, others = 20 + 2, 0 + 2
    log_odds = np.log(own / (60 + 12 - own)) - np.log(others / (60 + 12 - others))
    z = log_odds / np.sqrt(1 / own + 1 / others)
    assert row[["side", "word"]].tolist() == ["A", "shipyard"]
    assert row[["log_odds", "z"]].tolist() == pytest.approx([log_odds, z])


def test_a_word_that_one_document_repeats_is_no_evidence():
    passages = spoken({"Quay": "", "Moor": ""})
    passages.loc[0, "text"] += " tollbooth;" * 30
    assert marked(passages) == []


def test_a_sentence_that_a_side_repeats_counts_once():
    passages = spoken({"Quay": "", "Moor": ""})
    passages.loc[passages["source"] == "Quay", "text"] += "\nWrite to our lighthouse desk today."
    assert marked(passages) == []


def test_the_name_of_a_side_is_no_word_of_it():
    passages = spoken({"Quay": "Quay; shipyard", "Moor": "peatland"})
    assert ["Quay", "Quay", 20, 0] not in marked(passages)
    assert ["Quay", "shipyard", 20, 0] in marked(passages)


def test_no_more_words_are_told_than_asked_for():
    passages = spoken({"Quay": "shipyard; rudder", "Moor": "peatland; sphagnum"})
    assert [row[0] for row in marked(passages, most=1)] == ["Moor", "Quay"]


def test_small_sides_and_passages_without_a_side_are_left_out():
    passages = spoken({"Quay": "shipyard", "Moor": "peatland"})
    few = spoken({"Fen": "sphagnum"}, documents=4)
    nobody = spoken({"Loch": "shipyard"}).assign(source=None)
    told = marked(pd.concat([passages, few, nobody], ignore_index=True))
    assert told == [["Moor", "peatland", 20, 0], ["Quay", "shipyard", 20, 0]]


@pytest.mark.parametrize("sides", [{}, {"Quay": "shipyard"}])
def test_without_two_sides_there_is_nothing_to_tell(sides):
    passages = spoken(sides)
    table = distinctive_words(passages, passages["source"])
    assert (len(table), list(table)) == (0, MARKS)


def test_without_words_there_is_nothing_to_tell():
    passages = spoken({"Quay": "", "Moor": ""}).assign(text="and so on")
    assert marked(passages) == []


def test_sides_drawn_at_random_have_no_words_of_their_own():
    random = np.random.default_rng(0)
    words = [f"{a}{b}" for a in FILLERS for b in FILLERS]
    told = 0
    for _ in range(20):
        texts = ["; ".join(random.choice(words, 12, replace=False)) for _ in range(60)]
        passages = pd.DataFrame({"document_id": range(60), "text": texts})
        told += len(distinctive_words(passages, random.permutation(["Quay", "Moor"] * 30)))
    assert told <= 1


def corpus(counts, of=10, start="2031-03-01"):
    """An DocumentThemes of as many documents a day and source; counts (source: days) carry theme t."""
    days = pd.date_range(start, periods=len(next(iter(counts.values()))), freq="D")
    rows = [
        (day, source, i < n)
        for source, own in counts.items()
        for day, n in zip(days, own, strict=True)
        for i in range(of)
    ]
    table = pd.DataFrame(rows, columns=["date", "source", "t"])
    documents = table[["date", "source"]].assign(
        document_id=[f"d{i}" for i in table.index], country=None, language="en"
    )
    return DocumentThemes(documents, table[["t"]])


def wave(seed, days=140):
    """Documents a day on the theme, with bursts at random."""
    return np.random.default_rng(seed).choice([0, 1, 8], days, p=[0.6, 0.2, 0.2])


def test_a_source_that_speaks_two_days_before_another_leads_it():
    first = wave(1)
    row = leads(corpus({"Moor": np.roll(first, 2), "Quay": first})).iloc[0]
    assert row[["theme_id", "leader", "follower", "lag"]].tolist() == ["t", "Quay", "Moor", 2]
    assert row["p"] < 0.01
    assert row[["n_leader", "n_follower"]].tolist() == [first.sum(), first.sum()]


def test_sources_that_speak_on_the_same_days_do_not_lead():
    table = leads(corpus({"Moor": wave(1), "Quay": wave(1)}))
    assert table["p"].tolist() == [1]
    assert table["asymmetry"].tolist() == pytest.approx([0])


def test_one_event_that_reached_a_source_late_is_no_evidence():
    quay, moor = np.zeros((2, 140), int)
    quay[50:52], moor[51:53] = 8, 8
    assert leads(corpus({"Moor": moor, "Quay": quay}))["p"].min() > 0.3


def test_sources_move_together_by_weeks_if_asked():
    first = np.repeat(wave(2, 100), 7)
    table = leads(corpus({"Moor": np.roll(first, 7), "Quay": first}, 9, "2031-03-03"), period="W")
    assert table.iloc[0][["leader", "lag"]].tolist() == ["Quay", 1]


def test_common_news_and_slow_swings_seldom_pass_for_a_lead():
    random = np.random.default_rng(3)
    alarms = 0
    for seed in range(40):
        swing = np.convolve(random.normal(size=150), np.ones(10) / 3, "same")
        chance = 1 / (1 + np.exp(2 - swing))
        counts = {name: random.binomial(6, chance) for name in ("Fen", "Moor", "Quay")}
        alarms += leads(corpus(counts, 6), permutations=99, random_state=seed)["p"].min() <= 0.05
    assert alarms <= 6  # of 40; 2 are to be expected, more than 6 with a chance of 0.3%


def test_the_same_seed_gives_the_same_p_values():
    document_themes = corpus({"Moor": wave(1), "Quay": wave(4), "Fen": wave(5)})
    pd.testing.assert_frame_equal(leads(document_themes), leads(document_themes))


def undated():
    document_themes = corpus({"Moor": wave(1), "Quay": wave(2)})
    return DocumentThemes(document_themes.documents.assign(date=pd.NaT), document_themes.has_theme)


@pytest.mark.parametrize(
    "document_themes",
    [
        undated(),
        corpus({"Quay": wave(1)}),
        corpus({"Moor": wave(1)[:60], "Quay": wave(2)[:60]}),
        corpus({"Moor": wave(1), "Quay": np.arange(140) < 9}),
    ],
    ids=["no dates", "one source", "too few days", "too few documents"],
)
def test_where_nothing_can_be_compared_there_are_no_rows(document_themes):
    table = leads(document_themes)
    assert (len(table), list(table)) == (0, LEADS)


def test_a_source_that_always_carries_the_theme_leads_nobody():
    table = leads(corpus({"Moor": np.full(140, 10), "Quay": wave(1)}))
    assert table["p"].tolist() == [1]
