"""What became of the files: copies with their originals."""

from runs import CARRIED, DATED, analysis_of, rows

from topics.measures import copies


def test_copies_are_listed_with_their_originals():
    assert rows(
        copies(analysis_of(DATED, CARRIED)),
        "document_id",
        "source",
        "copy_of",
        "source_of_original",
    ) == [("july-copy", "Heron", "may-a", "Gull")]


def test_a_corpus_without_copies_lists_none():
    assert copies(analysis_of(DATED[:4], CARRIED)).empty
