"""Vectors of texts, and the shelf that they are kept on."""

import os
import shutil
import warnings
from collections.abc import Sequence

import numpy as np
import pytest

from topics import InputError, embed

COD = "The trawler crews landed less cod this season."
HERRING = "Fishing boats caught fewer herring this year."
EXAM = "Pupils will sit their mathematics exam a week later."


class Letters:
    """Counts of letters as vectors; remembers what it was asked for."""

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[text.count(letter) for letter in "abc"] for text in texts])


class Command:
    """An object whose pickle runs a command when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        import os

        return os.system, (self.command,)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A cache of the test's own: the folder of its vectors."""
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    return tmp_path / "vectors"


def only_file(shelf):
    (path,) = shelf.rglob("*.npz")
    return path


def test_rows_are_unit_float32():
    vectors = embed([COD, HERRING, EXAM, ""], progress=False)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts_give_no_rows_of_the_right_width():
    assert embed([], progress=False).shape == (0, 384)


def test_the_vector_of_a_text_does_not_depend_on_its_company(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "one"))
    alone = embed([COD], progress=False)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "other"))
    among = embed([EXAM * 20, COD, HERRING], progress=False)
    assert among[1].tolist() == alone[0].tolist()


def test_texts_of_like_meaning_are_closer_than_others():
    cod, herring, exam = embed([COD, HERRING, EXAM], progress=False)
    assert cod @ herring > 0.4 > 0.2 > max(cod @ exam, herring @ exam)


def test_words_beyond_the_window_do_not_count():
    within, beyond = embed(["quay " * 300, "quay " * 300 + COD], progress=False)
    assert within.tolist() == beyond.tolist()


def test_the_static_embedder_gives_unit_rows_and_tells_subjects_apart():
    vectors = embed([COD, HERRING, EXAM], "static", progress=False)  # distilled here, once
    assert (vectors.shape, vectors.dtype) == ((3, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_an_unknown_embedder_is_refused():
    with pytest.raises(InputError, match=r"wanted minilm, static or .*, got 'max/ilm'"):
        embed([COD], "max/ilm", progress=False)


@pytest.mark.usefixtures("shelf")
def test_vectors_of_an_embedder_of_ones_own_are_made_unit():
    assert embed(["aabb", "ac", "b"], Letters(), progress=False) == pytest.approx(
        np.array([[0.5**0.5, 0.5**0.5, 0], [0.5**0.5, 0, 0.5**0.5], [0, 1, 0]])
    )


@pytest.mark.usefixtures("shelf")
def test_a_text_is_embedded_once():
    embedder = Letters()
    first = embed(["a", "b", "a"], embedder, progress=False)
    again = embed(["b", "c", "a"], embedder, progress=False)
    assert embedder.asked == ["a", "b", "c"]
    assert again.tolist() == [first[1].tolist(), [0, 0, 1], first[0].tolist()]


@pytest.mark.usefixtures("shelf")
def test_embedders_of_different_names_share_nothing():
    embed(["a"], Letters("one"), progress=False)
    other = Letters("other")
    embed(["a"], other, progress=False)
    assert other.asked == ["a"]


def test_what_another_process_shelves_later_is_found(shelf, tmp_path, monkeypatch):
    embed(["a"], Letters(), progress=False)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "other"))
    embed(["b"], Letters(), progress=False)
    shutil.copy(only_file(tmp_path / "other"), only_file(shelf).parent)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    embedder = Letters()
    assert embed(["a", "b"], embedder, progress=False).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert embedder.asked == []


def test_a_shelved_file_that_changes_is_read_again(shelf):
    embed(["a"], Letters(), progress=False)
    path = only_file(shelf)
    np.savez(path, keys=np.array(["of another text"]), vectors=np.ones((1, 3)))
    os.utime(path, (1, 1))
    embedder = Letters()
    assert embed(["a"], embedder, progress=False).tolist() == [[1, 0, 0]]
    assert embedder.asked == ["a"]


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda content: content[: len(content) // 2], lambda _: b"no archive"],
    ids=["empty", "cut off", "overwritten"],
)
def test_a_damaged_file_is_ignored_with_a_warning_and_made_again(shelf, damage):
    expected = embed(["a", "bc"], Letters(), progress=False)
    path = only_file(shelf)
    path.write_bytes(damage(path.read_bytes()))
    embedder = Letters()
    with pytest.warns(UserWarning, match="cannot be read and is ignored"):
        assert embed(["a", "bc"], embedder, progress=False).tolist() == expected.tolist()
    assert embedder.asked == ["a", "bc"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embed(["a", "bc"], embedder, progress=False)


def test_a_pickle_on_the_shelf_is_not_loaded(shelf, tmp_path):
    embed(["a"], Letters(), progress=False)
    made = tmp_path / "made"
    np.savez(only_file(shelf), keys=np.array([Command(f"touch {made}")]), vectors=np.ones((1, 3)))
    with pytest.warns(UserWarning, match="cannot be read and is ignored"):
        assert embed(["a"], Letters(), progress=False).tolist() == [[1, 0, 0]]
    assert not made.exists()


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="vectors are not cached"):
        assert embed(["a"], Letters(), progress=False).tolist() == [[1, 0, 0]]
