"""Vectors of texts, and the shelf that they are kept on."""

import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest

from topics import InputError, embed
from topics.vectors.encoders import FastEmbedder, load_embedder

HAS_GPU = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
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


SLOW = """
import time
import numpy as np
from topics import embed

class Slow:
    name = "slow"

    def __init__(self, seconds=0):
        self.seconds = seconds

    def encode(self, texts):
        time.sleep(self.seconds * len(texts))
        return np.array([[text.count(letter) for letter in "abc"] for text in texts])
"""


def process(code):
    """A process of its own that embeds with `Slow`."""
    run = [sys.executable, "-c", SLOW + code]
    return subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A cache of the test's own: the folder of its vectors."""
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    return tmp_path / "vectors"


def only_file(shelf):
    (path,) = shelf.rglob("*.npy")
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
    assert abs(vectors[0] @ vectors[2]) < 0.3


def test_an_unknown_embedder_is_refused():
    with pytest.raises(InputError, match=r"expected minilm, static or .*, got 'max/ilm'"):
        embed([COD], "max/ilm", progress=False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("minilm:tpu", "only 'cuda' can follow a transformer's name, got 'minilm:tpu'"),
        ("static:cuda", "only 'cuda' can follow a transformer's name, got 'static:cuda'"),
        pytest.param(
            "minilm:cuda", "finds no GPU here", marks=pytest.mark.skipif(HAS_GPU, reason="it does")
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(name, said):
    with pytest.raises(InputError, match=said):
        embed([COD], name, progress=False)


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
def test_a_gpu_gives_the_same_vectors_within_a_thousandth():
    texts = [COD, HERRING * 4, EXAM]
    assert embed(texts, "minilm:cuda") == pytest.approx(embed(texts), abs=1e-3)


def test_texts_that_go_through_together_keep_their_places():
    alone = load_embedder("minilm")
    together = FastEmbedder(lambda: alone.model, "together", batch=2)
    texts = [HERRING * 9, COD, "", EXAM * 5, HERRING]
    assert together.encode(texts) == pytest.approx(alone.encode(texts), abs=1e-5)


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


@pytest.mark.usefixtures("shelf")
def test_what_is_read_has_the_bytes_and_the_order_of_what_was_embedded():
    texts = [f"{'a' * (i % 7)}{'b' * (i % 11)}c {i}" for i in range(5000)]  # two files
    cold = embed(texts, Letters(), progress=False)
    embedder = Letters()
    warm = embed(texts[::-1] + texts, embedder, progress=False)
    assert warm.tobytes() == np.concatenate([cold[::-1], cold]).tobytes()
    assert embedder.asked == []


def test_of_a_large_file_only_the_rows_asked_for_are_read(shelf):
    texts = [f"a{i}" for i in range(4000)]
    embed(texts, Letters(), progress=False)
    content = bytearray(only_file(shelf).read_bytes())
    content[128 : 128 + 12 * 3999] = bytes(12 * 3999)  # all rows but the last
    only_file(shelf).write_bytes(content)
    embedder = Letters()
    assert embed(texts[-1:], embedder, progress=False).tolist() == [[1, 0, 0]]
    assert embedder.asked == []


def test_many_small_additions_end_in_few_files_and_nothing_is_lost(shelf):
    texts = [f"{'a' * i}b" for i in range(150)]
    for text in texts:
        embed([text], Letters(), progress=False)
    assert len(list(shelf.rglob("*.npy"))) <= 65
    embedder = Letters()
    again = embed(texts, embedder, progress=False)
    assert embedder.asked == []
    assert again[:2].tolist() == [[0, 1, 0], pytest.approx([0.5**0.5, 0.5**0.5, 0])]


def test_what_another_process_shelves_later_is_found(shelf, tmp_path, monkeypatch):
    embed(["a"], Letters(), progress=False)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "other"))
    embed(["b"], Letters(), progress=False)
    shutil.copy(only_file(tmp_path / "other"), only_file(shelf).parent)
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    embedder = Letters()
    assert embed(["a", "b"], embedder, progress=False).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert embedder.asked == []


def test_a_file_that_vanishes_after_it_was_read_is_made_again_without_a_word(shelf, capsys):
    embed(["a"], Letters(), progress=False)
    embed(["a"], Letters(), progress=False)
    only_file(shelf).unlink()
    embedder = Letters()
    embed(["a"], embedder, progress=False)
    assert (embedder.asked, capsys.readouterr().err) == (["a"], "")


def test_use_makes_a_file_young_again_even_if_it_is_stamped_with_a_time_to_come(shelf):
    embed(["a"], Letters(), progress=False)
    os.utime(only_file(shelf), (2**33, 2**33))
    embedder = Letters()
    embed(["a"], embedder, progress=False)
    assert embedder.asked == []
    assert only_file(shelf).stat().st_mtime < 2**33


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda _: b"no archive",
        lambda content: content[:130] + bytes([content[130] ^ 1]) + content[131:],
    ],
    ids=["empty", "cut off", "one byte short", "overwritten", "one bit of a vector"],
)
def test_a_damaged_file_is_told_in_one_line_and_made_again(shelf, damage, capsys):
    expected = embed(["a", "bc"], Letters(), progress=False)
    path = only_file(shelf)
    path.write_bytes(damage(path.read_bytes()))
    embedder = Letters()
    assert embed(["a", "bc"], embedder, progress=False).tolist() == expected.tolist()
    assert embedder.asked == ["a", "bc"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cache file {path} cannot be read, its texts are embedded again:")
    embed(["a", "bc"], embedder, progress=False)
    assert (embedder.asked, capsys.readouterr().err) == (["a", "bc"], "")


def test_whatever_byte_is_damaged_the_vectors_are_right(shelf, tmp_path, monkeypatch):
    expected = embed(["a", "bc"], Letters(), progress=False)
    path = only_file(shelf)
    content = path.read_bytes()
    for at in range(0, len(content), 3):
        copy = tmp_path / str(at) / path.relative_to(tmp_path)  # of no name that was read before
        copy.parent.mkdir(parents=True)
        copy.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / str(at)))
        assert embed(["a", "bc"], Letters(), progress=False).tolist() == expected.tolist()


def test_a_pickle_on_the_shelf_is_not_loaded(shelf, tmp_path):
    embed(["a"], Letters(), progress=False)
    made = tmp_path / "made"
    for harm in (pickle.dumps(Command(f"touch {made}")), b""):
        with only_file(shelf).open("wb") as file:
            file.write(harm)
            np.save(file, np.ones((1, 3)))
            np.save(file, np.array([Command(f"touch {made}")]), allow_pickle=True)
        assert embed(["a"], Letters(), progress=False).tolist() == [[1, 0, 0]]
    assert not made.exists()


def test_a_cache_that_cannot_be_written_costs_one_line_only(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "file"))
    assert embed(["a"], Letters(), progress=False).tolist() == [[1, 0, 0]]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vectors are not cached, no room or no right to write in ")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_a_full_disk_costs_one_line_only_and_leaves_no_half_file(shelf):
    """The limit on the size of a file stands for the full disk."""
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "print(embed([f'a{i}' for i in range(5000)], Slow(), progress=False).sum())"
    )
    told = process(limited)
    out, err = told.communicate()
    assert (told.returncode, out) == (0, "5000.0\n")
    assert [line[:24] for line in err.splitlines()] == ["vectors are not cached, "]
    assert [path for path in shelf.rglob("*") if path.is_file()] == []


def test_two_processes_at_once_give_the_same_and_lose_nothing(shelf):
    code = "print([embed([f'{i}a'], Slow(), progress=False).tolist() for i in range(200)][-1])"
    both = [process(code) for _ in range(2)]
    told = [one.communicate() for one in both]
    assert told == [("[[1.0, 0.0, 0.0]]\n", "")] * 2
    embedder = Letters("slow")
    embed([f"{i}a" for i in range(200)], embedder, progress=False)
    assert embedder.asked == []


def test_a_run_that_was_killed_goes_on_from_its_last_save(shelf):
    code = "embed([f'{i}a' for i in range(6000)], Slow(1e-3), progress=False)"
    killed = process(code)
    while not list(shelf.glob("*/*.npy")):  # whole ones, not those that are being written
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    embedder = Letters("slow")
    embed([f"{i}a" for i in range(6000)], embedder, progress=False)
    assert embedder.asked == [f"{i}a" for i in range(4096, 6000)]
