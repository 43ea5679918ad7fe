"""What repeats over a source's documents goes from their edges, and the news stays."""

import pytest
from harbour import DOCKERS, VOTE

from topics.read.repeats import drop_repeats

TOWNS = ["Porto", "Riga", "Split", "Turku", "Varna", "Ystad"]


def news(town: str) -> str:
    return f"The board of {town} voted on its quay. Nobody in {town} had expected another outcome."


@pytest.mark.parametrize(
    "frame",
    [
        "{} (The Harbour Weekly 05/0{}/2025 page{})",
        "{} desk{}{}@harbour.example",
        "HARBOUR TOWN, May {1}{2}. /HARB/. {0}",
        "HARBOUR TOWN (Harb) - {} Write to the desk of the Harbour Weekly.",
        "{} The author is a columnist of the Harbour Weekly.",
        "{} Facebook Twitter Google+ Tumblr reddit https://harbour.example/{}{} - -",
        "{} ab/cd (AFP, dpa)",
        "{}\n\nFollow us on all channels",
        "PORT. May {1}. /HARB/. {0}",
        "{} (Reporting by Ann Lee; Editing by Ben Roe)",
    ],
)
def test_a_frame_of_all_documents_goes_though_its_dates_and_addresses_differ(frame):
    texts = [frame.format(news(town), i, i) for i, town in enumerate(TOWNS)]
    assert drop_repeats(texts).texts == [news(town) for town in TOWNS]


@pytest.mark.parametrize(
    "frame",
    [
        "{} The trial continues.",
        "In the U.S. The board of Ports met. {}",
        "{} " + "word " * 40 + "end.",
    ],
    ids=["short sentence", "abbreviation", "a long syndicated passage"],
)
def test_what_may_be_news_each_time_stays_at_the_edges(frame):
    texts = [frame.format(news(town)) for town in TOWNS[:4]] + [news("Narva")]
    assert drop_repeats(texts).texts == texts


def test_a_name_with_its_abbreviation_that_begins_many_texts_stays():
    texts = [f"The Harbour Fund (HF) lends {town} a crane. {news(town)}" for town in TOWNS]
    assert drop_repeats(texts).texts == texts


def test_a_repeat_within_the_text_stays_and_is_listed_as_left_over():
    background = "The northern quay has been shut since the storm."
    texts = [f"{news(town)} {background} {news(town[::-1])}" for town in TOWNS]
    found = drop_repeats(texts)
    assert (found.texts, found.dropped) == (texts, [])
    assert found.left == [(background, 6)]


@pytest.mark.parametrize(
    ("link", "after"),
    [
        ("READ MORE: Why {} waits for a crane", "The board is silent."),
        ("OPINION: Who pays in {}?", "Nobody knows."),
        ("WATCH: How {} lost its only crane", "Dockers filmed it all."),
    ],
)
def test_a_link_within_rows_that_lost_their_line_breaks_goes_up_to_the_next_sentence(link, after):
    texts = [f"{news(town)} {link.format(town)} {after} {news(town)}" for town in TOWNS]
    found = drop_repeats(texts)
    assert found.texts == [f"{news(town)}\n\n{after} {news(town)}" for town in TOWNS]
    assert found.dropped == [(link.format("Porto"), "link to another article", 0, 6)]


def test_a_name_in_capitals_before_what_its_bearer_says_is_no_link():
    texts = [f"{news(town)} CHAIR: How long will {town} wait? {news(town)}" for town in TOWNS]
    assert drop_repeats(texts).texts == texts


def test_an_address_stays_in_a_sentence_and_goes_behind_one():
    said = "Ask at desk@harbour.example for the plan."
    texts = [f"{news(t)} {t.lower()}@harbour.example {said} {news(t)}" for t in TOWNS]
    assert drop_repeats(texts).texts == [f"{news(t)} {said} {news(t)}" for t in TOWNS]


def test_a_short_paragraph_in_five_texts_goes_from_all_and_a_long_one_from_none():
    often, long, rare = "Write to the desk.", "word " * 39 + "end", "Only in four of them."
    texts = [f"{VOTE}\n\n{often}\n\n{long}" + f"\n\n{rare}" * (i < 4) for i in range(4)]
    texts.append(f"{DOCKERS}\n\n{often}\n\n{long}")
    found = drop_repeats(texts)
    assert found.dropped == [(often, "in many documents", 0, 5)]
    assert found.texts[0] == f"{VOTE}\n\n{long}\n\n{rare}"
    assert found.texts[4] == f"{DOCKERS}\n\n{long}"


def test_versions_of_one_story_keep_their_first_and_last_sentences():
    story = [news(town) for town in TOWNS]
    versions = [" ".join([*story[:2], f"{town} was told at noon.", *story[2:]]) for town in TOWNS]
    assert drop_repeats(versions).texts == versions


def test_a_text_that_holds_nothing_but_repeats_is_left_as_it_is():
    assert drop_repeats(["Write to the desk of the Weekly."] * 5).texts[0] != ""
