"""Where documents are cut into passages."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topics import embed, split_passages
from topics.read.boilerplate import count_words
from topics.text.passages import COLUMNS, MAX_WORDS
from topics.vectors.encoders import best_sentence


def cuts(text, min_words, max_words, language):
    documents = pd.DataFrame({"document_id": ["a"], "text": [text], "language": [language]})
    table = split_passages(documents, min_words=min_words, max_words=max_words)
    return list(table[["start", "end", "text"]].itertuples(index=False, name=None))


def passages(text):
    return [passage for _, _, passage in cuts(text, 5, 14, "en")]


def n_words(number, start="The"):
    return " ".join([start, *["quay"] * (number - 1)]) + "."


TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.sampled_from("ab.é。 \n\t!?”…\u2028\u200b中😀"), max_size=200),
    st.lists(
        st.sampled_from(["port", "Mr.", "Quay.", "“No!”", "3.5", "\n", "\n\n", "中文。好", "😀."]),
        max_size=80,
    ).map(" ".join),
)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(1, 12), st.integers(3, 20), st.sampled_from(["en", "zh", "xx"]))
def test_passages_are_exact_ordered_short_and_leave_out_only_whitespace_around_them(
    text, min_words, max_words, language
):
    done = 0
    for start, end, passage in cuts(text, min_words, max_words, language):
        assert text[start:end] == passage == passage.strip()
        assert start >= done
        assert text[done:start].strip() == ""
        assert count_words(passage) <= max_words
        done = end
    assert text[done:].strip() == ""


def test_each_paragraph_is_a_passage_with_its_place_and_its_documents_metadata():
    documents = pd.DataFrame(
        {
            "document_id": ["quay.txt", "rail.txt"],
            "text": ["One two three.\n\n  Four five six.", "Seven eight nine."],
            "date": pd.to_datetime(["2025-05-06", None]),
            "source": ["Harbour Desk", None],
        }
    )
    table = split_passages(documents, min_words=3, max_words=8)
    assert table.columns.tolist() == COLUMNS
    assert table["passage_id"].tolist() == ["quay.txt:1", "quay.txt:2", "rail.txt:1"]
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 14], [18, 32], [0, 17]]
    assert table["source"].fillna("").tolist() == ["Harbour Desk", "Harbour Desk", ""]
    assert table["date"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        ([6, 2, 8], [[6], [2, 8]]),
        ([2, 2, 3, 6], [[2, 2, 3], [6]]),
        ([11, 3], [[11, 3]]),
        ([12, 3], [[12], [3]]),
    ],
    ids=["a heading", "until they say enough", "the last to the one above", "if there is room"],
)
def test_a_short_paragraph_joins_the_next_one(paragraphs, expected):
    assert passages("\n\n".join(map(n_words, paragraphs))) == [
        "\n\n".join(map(n_words, part)) for part in expected
    ]


def test_a_long_paragraph_is_split_at_ends_of_sentences_into_like_parts():
    one, two, three, four = (n_words(6, start) for start in ("One", "Two", "Three", "Four"))
    assert passages(f"{one} {two} {three} {four}") == [f"{one} {two}", f"{three} {four}"]


def test_an_abbreviation_ends_no_sentence():
    one = "The harbour master, Mr. Roe, kept silent for a week."
    two = "On Friday at noon he spoke to the dockers."
    assert passages(f"{one} {two}") == [one, two]


def test_a_sentence_longer_than_a_passage_is_cut_between_words():
    parts = passages(n_words(30))
    assert [len(part.split()) for part in parts] == [14, 14, 2]
    assert " ".join(parts) == n_words(30)


@pytest.mark.parametrize(
    "text",
    [
        "Tariffs rose by 12.5%, 14.75% and 104.25% on 8,517 of 10,403 lines (HS 8471.30-8542.39). "
        * 30,
        "https://desk.example/" + "harbour-quay-crane-" * 200,
        "港口委员会周二投票决定，在起重机修好之前继续关闭北码头。" * 40,
        "ᄀ" * 3000,
    ],
    ids=["figures", "address", "Chinese", "one long word"],
)
def test_whatever_the_text_no_passage_is_long_and_nothing_is_lost(text):
    documents = pd.DataFrame({"document_id": ["a"], "text": [text.strip()]})
    parts = split_passages(documents)["text"]
    assert max(map(count_words, parts)) <= MAX_WORDS
    assert max(map(len, parts)) <= 16 * MAX_WORDS
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_the_sentence_nearest_to_a_theme_is_quoted():
    other = "The minister also opened a school and met its pupils."
    about = "Grain exports through the harbour fell by half because the cranes are broken."
    like = embed(["shipping of grain by sea"])[0]
    start, end = best_sentence(f"{other} {about} {other}", like)
    assert f"{other} {about} {other}"[start:end] == about


def test_near_duplicates_in_two_documents_share_a_copy_group():
    text = " ".join(f"word{i}" for i in range(30)) + "."
    documents = pd.DataFrame({"document_id": ["late", "early"]})
    documents["text"] = [text.replace("word7", "other"), text]
    documents["date"] = pd.to_datetime(["2025-05-07", "2025-05-06"])
    assert split_passages(documents)["copy_group"].tolist() == ["early:1", "early:1"]


def test_no_documents_make_no_passages():
    table = split_passages(pd.DataFrame({"document_id": [], "text": []}))
    assert table.columns.tolist() == COLUMNS
    assert len(table) == 0
