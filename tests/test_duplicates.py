"""Which texts count as near-duplicates of one another."""

import pandas as pd
import pytest

from topics.text.duplicates import near_duplicate_groups, representatives

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
QUOTE = " “We have waited long enough for an answer from the capital,” he said."
FIGURES = "Copper {} dollars, tin {}, zinc {}, lead {}, nickel {} at the close of trade in the city"


def words(name, number):
    return " ".join(f"{name}{i}" for i in range(number))


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
def test_a_light_edit_is_represented_by_the_earlier_text(copy):
    assert representatives([REPORT, OTHER_REPORT, copy]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{LEAD}{QUOTE} {MIDDLE}", OTHER_REPORT + QUOTE),
        (REPORT, "The board will meet again in a month."),
        (FIGURES.format(*range(11, 16)), FIGURES.format(*range(21, 26))),
        *[[FIGURES.format(*(f"{n}.{m}" for n in range(1, 6))) for m in (3, 4)]],
        ("…", ""),
    ],
    ids=[
        "two reports of one event",
        "a sentence quoted",
        "figures filled in anew",
        "decimals",
        "no words",
    ],
)
def test_texts_that_only_share_parts_stay_apart(one, other):
    assert representatives([one, other]).tolist() == [0, 1]


def test_an_exact_copy_is_found_though_earlier_texts_borrowed_parts_of_it():
    one, two, three = words("one", 30), words("two", 30), words("three", 30)
    borrowers = [f"{one} {words('other', 70)}", f"{two} {words('another', 70)}"]
    text = f"{one} {two} {three}"
    assert representatives([*borrowers, text, text]).tolist() == [0, 1, 2, 2]


def test_a_text_made_of_two_earlier_ones_joins_the_earlier():
    for i in range(20):  # chance may be right once, not always
        one, two = words(f"one{i}x", 40), words(f"two{i}x", 40)
        assert representatives([one, two, f"{one} {two}"]).tolist() == [0, 1, 0]


def test_a_group_is_named_after_its_earliest_member_and_undated_ones_come_last():
    frame = pd.DataFrame(
        {
            "id": ["undated", "late", "other", "early"],
            "text": [REPORT, REPORT, OTHER_REPORT, REPORT],
            "date": pd.to_datetime([None, "2025-05-07", "2025-05-01", "2025-05-06"]),
        },
        index=[7, 3, 5, 1],
    )
    groups = near_duplicate_groups(frame, "id")
    assert list(groups.items()) == [
        ("undated", "early"),
        ("late", "early"),
        ("other", "other"),
        ("early", "early"),
    ]
