"""Themes against labels that people gave to passages."""

import pandas as pd
import pytest
from runs import rows, run_with

from topics import InputError, split_passages
from topics.labelling import label_agreement, labels_of_passages, read_gold


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "cannot read"),
        (b"document_id,opening,themes\n\xff\xfe,x,y\n", "cannot read"),
        (b"document_id,themes\na,b\n", "has no column 'opening'"),
    ],
)
def test_gold_labels_that_cannot_be_read_are_refused(tmp_path, content, message):
    path = tmp_path / "gold.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"gold labels: .*{message}"):
        read_gold(path)


FIRST = (
    "Ships waited for a berth, one more of them every day since the strike of the dockers began, "
    "and nobody could say when it would end."
)
SECOND = (
    "Grain prices rose again, as the silo at the northern quay was closed and the mills had none "
    "left to grind for the bakers."
)
THIRD = (
    "Nobody spoke of rain. It had not fallen for a month, and the fields were so dry that the "
    "farmers gave up."
)


def labels_of(given):
    """Labels of three passages, one a paragraph, from (document_id, opening, themes)."""
    documents = pd.DataFrame(
        {
            "document_id": ["a", "b"],
            "text": [f"{FIRST}\n\n{SECOND}", f"{THIRD} {SECOND}\n\n{FIRST}"],
        }
    )
    passages = split_passages(documents, min_words=5)
    assert passages["passage_id"].tolist() == ["a:1", "a:2", "b:1", "b:2"]
    gold = pd.DataFrame(given, columns=["document_id", "opening", "themes"])
    return labels_of_passages(passages, documents, gold).tolist()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            [("a", "Grain prices", "grain"), ("b", "Ships", "x; y ")],
            [None, {"grain"}, None, {"x", "y"}],
        ),
        ([("a", "Ships", "none"), ("b", "Nobody", "")], [set(), None, set(), None]),
        ([("a", "Ships", "x"), ("a", "Ships waited", "y")], [{"x", "y"}, None, None, None]),
        ([("c", "Ships", "x"), ("a", "Cod", "x"), ("a", "", "x")], [None] * 4),
    ],
    ids=["by opening", "none", "two labels", "unknown"],
)
def test_a_label_belongs_to_the_passage_that_opens_so(given, expected):
    assert labels_of(given) == expected


def test_opening_words_that_stand_earlier_within_a_paragraph_do_not_mislead():
    documents = pd.DataFrame(
        {"document_id": ["a"], "text": [f"{THIRD} Ships waited all the same.\n\n{FIRST}"]}
    )
    passages = split_passages(documents, min_words=5)
    gold = pd.DataFrame({"document_id": ["a"], "opening": ["Ships waited"], "themes": ["x"]})
    assert labels_of_passages(passages, documents, gold).tolist() == [None, {"x"}]


def found_by_hand():
    """Six documents: `ferries` is found in a, b, c and f; `grain` nowhere."""
    documents = [(name, None, None, None) for name in "abcdef"]
    carried = {"ferries": list("abcf"), "grain": [], "rain": list("a")}
    return run_with(documents, carried, named=carried, clusters=[0, 0, 1, 1, 0, 0])


def test_precision_and_recall_are_counted_over_labelled_passages():
    labels = pd.Series([{"ferries"}, {"ferries"}, {"grain"}, {"grain"}, {"ferries"}, None])
    found = label_agreement(found_by_hand(), labels)
    table = found.themes
    assert rows(table, "theme_id", "n_true", "n_found") == [("ferries", 3, 3), ("grain", 2, 0)]
    assert table["precision"].tolist() == pytest.approx([2 / 3, 0])
    assert table["recall"].tolist() == pytest.approx([2 / 3, 0])
    assert table["f1"].tolist() == pytest.approx([2 / 3, 0])
    assert (found.ami, found.n) == (pytest.approx(1), 5)


def test_clusters_are_compared_over_passages_of_exactly_one_label():
    labels = pd.Series([{"ferries"}, {"grain"}, {"ferries", "grain"}, set(), None, None])
    found = label_agreement(found_by_hand(), labels)
    assert (found.ami, found.n) == (0, 2)


def test_without_labels_there_is_nothing_to_agree_with():
    found = label_agreement(found_by_hand(), pd.Series([None] * 6, dtype=object))
    assert (len(found.themes), found.ami, found.n) == (0, 0, 0)
