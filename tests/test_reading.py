"""What became of the files: copies with their originals."""

from runs import CARRIED, DATED, rows, run_with

from topics.measures import near_duplicates


def test_copies_are_listed_with_their_originals():
    assert rows(
        near_duplicates(run_with(DATED, CARRIED)),
        "document_id",
        "source",
        "copy_of",
        "source_of_original",
    ) == [("july-copy", "Heron", "may-a", "Gull")]


def test_a_corpus_without_copies_lists_none():
    assert near_duplicates(run_with(DATED[:4], CARRIED)).empty
