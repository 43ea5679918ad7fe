"""The cache on disk: what tells its content apart, and that a file is there whole or not at all."""

import pytest

from topics.cache import digest, storable, written_atomically


def test_a_half_of_a_surrogate_pair_becomes_a_question_mark():
    assert storable("quay \ud83d 7 🚢") == "quay ? 7 🚢"


def test_parts_that_join_to_the_same_text_differ_in_digest():
    assert digest("quay", "side") != digest("quays", "ide")


def test_what_is_written_replaces_the_file(tmp_path):
    target = tmp_path / "new" / "said.txt"
    for text in ("shut", "open"):
        with written_atomically(target) as part:
            part.write_text(text)
    assert target.read_text() == "open"


def test_a_folder_that_is_there_already_is_kept(tmp_path):
    target = tmp_path / "model"
    for file in ("first", "second"):
        with written_atomically(target) as part:
            part.mkdir()
            (part / file).touch()
    assert [path.name for path in target.iterdir()] == ["first"]


def test_an_error_leaves_nothing_behind(tmp_path):
    def crash() -> None:
        with written_atomically(tmp_path / "quay") as part:
            part.write_text("half")
            raise ValueError("no more cranes")

    with pytest.raises(ValueError, match="no more cranes"):
        crash()
    assert list(tmp_path.iterdir()) == []
