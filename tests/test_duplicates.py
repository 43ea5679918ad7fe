"""Which texts count as copies of one another."""

import pandas as pd
import pytest

from topics import split_passages
from topics.text.duplicates import copy_groups, document_copies, group_copies

LEAD = (
    "The harbour board voted on Tuesday to keep the northern quay shut until all three of its "
    "cranes are repaired, a decision that leaves the dockers without night work until June."
)
MIDDLE = (
    "Insurers had refused to cover a second shift on that side of the harbour, where the rails "
    "have sunk by a hand since the winter storms and the lamps fail in the rain."
)
LAST = (
    "The board will meet again in a month. Its chairman said that he hoped for good weather and "
    "for an answer from the ministry, which has not yet said who will pay."
)
REPORT = f"By Jo Roe\n\n{LEAD}\n\n{MIDDLE}\n\n{LAST}"
OTHER_REPORT = (
    "Night crews at the port will have to wait for summer. By seven votes to two its board "
    "refused on Tuesday to open the northern quay before the broken cranes are mended.\n\n"
    "A surveyor blamed subsidence under the tracks. Cover for extra shifts, he told the meeting, "
    "could not be bought at any price, and the ministry had left two letters unanswered."
)


@pytest.mark.parametrize(
    "copy",
    [
        REPORT,
        REPORT.replace("By Jo Roe", "From our correspondent at the harbour, Sam Poe"),
        REPORT.removesuffix(f"\n\n{LAST}"),
        REPORT.replace("Tuesday", "Wednesday").replace("month", "week").replace("hand", "foot"),
        REPORT.upper().replace(",", " -"),
    ],
    ids=["exact", "byline changed", "last paragraph cut", "few words changed", "case and marks"],
)
def test_a_light_edit_shares_the_group_of_the_earlier_text(copy):
    assert group_copies([REPORT, OTHER_REPORT, copy]).tolist() == [0, 1, 0]


def test_different_reports_of_one_event_stay_apart():
    quote = " “We have waited long enough for an answer from the capital,” he said."
    reports = [f"{LEAD}{quote} {MIDDLE}", OTHER_REPORT + quote]
    assert group_copies(reports).tolist() == [0, 1]


def test_a_sentence_quoted_in_a_long_text_is_no_copy_of_it():
    sentence = "The board will meet again in a month."
    assert group_copies([REPORT, sentence]).tolist() == [0, 1]


def words(name: str, number: int) -> str:
    return " ".join(f"{name}{i}" for i in range(number))


def test_an_exact_copy_is_found_though_earlier_texts_borrowed_parts_of_it():
    one, two, three = words("one", 30), words("two", 30), words("three", 30)
    borrowers = [f"{one} {words('other', 70)}", f"{two} {words('another', 70)}"]
    text = f"{one} {two} {three}"
    assert group_copies([*borrowers, text, text]).tolist() == [0, 1, 2, 2]


def test_a_text_made_of_two_earlier_ones_joins_the_earlier():
    for i in range(20):  # chance may be right once, not always
        one, two = words(f"one{i}x", 40), words(f"two{i}x", 40)
        assert group_copies([one, two, f"{one} {two}"]).tolist() == [0, 1, 0]


def test_texts_without_words_are_copies_of_nothing():
    assert group_copies(["", "…", ""]).tolist() == [0, 1, 2]


def test_a_group_is_named_after_its_earliest_member_and_undated_ones_come_last():
    frame = pd.DataFrame(
        {
            "id": ["undated", "late", "other", "early"],
            "text": [REPORT, REPORT, OTHER_REPORT, REPORT],
            "date": pd.to_datetime([None, "2025-05-07", "2025-05-01", "2025-05-06"]),
        },
        index=[7, 3, 5, 1],
    )
    groups = copy_groups(frame, "id")
    assert groups.to_dict() == {7: "early", 3: "early", 5: "other", 1: "early"}
    assert groups.index.tolist() == [7, 3, 5, 1]


@pytest.mark.parametrize("rest", ["", f"\n\n{LAST}"], ids=["one passage each", "more"])
def test_documents_that_copy_each_other_are_known_by_the_earliest(rest):
    texts = {"copy": f"{LEAD} Again.{rest}", "other": f"{MIDDLE}{rest}", "first": f"{LEAD}{rest}"}
    documents = pd.DataFrame({"document_id": list(texts), "text": list(texts.values())})
    documents["date"] = pd.to_datetime(["2025-05-03", "2025-05-02", "2025-05-01"])
    copies = document_copies(documents, split_passages(documents))
    assert copies.to_dict() == {"copy": "first", "other": "other", "first": "first"}
