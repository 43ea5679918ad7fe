"""The vectors that are kept on disk: found again, whatever happened to the file or the process."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from topics import embed


class Letters:
    """Counts of letters as vectors; remembers what it was asked for."""

    def __init__(self, name="letters"):
        self.name, self.asked = name, []

    def encode(self, texts):
        self.asked += texts
        return np.array([[text.count(letter) for letter in "abc"] for text in texts])


SLOW = """
import time
import numpy as np
from topics import embed

class Slow:
    name = "letters"

    def __init__(self, seconds=0):
        self.seconds = seconds

    def encode(self, texts):
        time.sleep(self.seconds * len(texts))
        return np.array([[text.count(letter) for letter in "abc"] for text in texts])
"""


class Reversed(Letters):
    """Another model with vectors of the same shape."""

    def encode(self, texts):
        return super().encode(texts)[:, ::-1]


def process(code):
    """A process of its own that embeds with `Slow`, under the name of `Letters`."""
    run = [sys.executable, "-c", SLOW + code]
    return subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def asked_for(texts):
    """Vectors of texts, and which of them had to be embedded for it."""
    embedder = Letters()
    return embed(texts, embedder, progress=False).tolist(), embedder.asked


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache of the test's own: the folder of its vectors."""
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    return tmp_path / "vectors"


@pytest.fixture
def written(folder):
    """The file in which the vectors of two texts are kept."""
    embed(["a", "bc"], Letters(), progress=False)
    (path,) = folder.rglob("*.sqlite")
    return path


A, BC = [1, 0, 0], [0, pytest.approx(0.5**0.5), pytest.approx(0.5**0.5)]


def test_a_text_is_embedded_once_and_its_vector_made_unit():
    assert asked_for(["a", "bc", "a"]) == ([A, BC, A], ["a", "bc"])
    assert asked_for(["bc", "aa", "a"]) == ([BC, A, A], ["aa"])


@pytest.mark.usefixtures("written")
def test_embedders_of_different_names_share_nothing():
    other = Letters("other")
    embed(["a"], other, progress=False)
    assert other.asked == ["a"]


def test_what_is_read_has_the_bytes_and_the_order_of_what_was_embedded():
    texts = [f"{'a' * (i % 7)}{'b' * (i % 11)}c {i}" for i in range(5000)]
    cold = embed(texts, Letters(), progress=False)
    embedder = Letters()
    warm = embed(texts[::-1] + texts, embedder, progress=False)
    assert warm.tobytes() == np.concatenate([cold[::-1], cold]).tobytes()
    assert embedder.asked == []


def test_a_file_that_was_deleted_is_made_again_without_a_word(written, capsys):
    written.unlink()
    assert asked_for(["a"]) == ([A], ["a"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"no database",
        lambda content: content[:100] + bytes(len(content) - 100),
    ],
    ids=["cut off", "overwritten", "zeros"],
)
def test_a_damaged_file_is_told_in_one_line_and_made_again(written, damage, capsys):
    written.write_bytes(damage(written.read_bytes()))
    assert asked_for(["a", "bc"]) == ([A, BC], ["a", "bc"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"cache: {written} is damaged (")
    assert asked_for(["a", "bc"]) == ([A, BC], [])
    assert capsys.readouterr().err == ""


def test_a_damaged_vector_is_told_in_one_line_and_made_again_alone(written, capsys):
    content, vector = written.read_bytes(), np.array(A, np.float32).tobytes()
    assert content.count(vector) == 1
    written.write_bytes(content.replace(vector, np.ones(3, np.float32).tobytes()))
    assert asked_for(["a", "bc"]) == ([A, BC], ["a"])
    assert capsys.readouterr().err == f"cache: damaged vectors in {written} are made again: 1\n"
    assert asked_for(["a", "bc"]) == ([A, BC], [])


def test_vectors_of_another_model_are_told_and_made_again(written, folder, capsys):
    embed(["a", "bc"], Reversed("reversed"), progress=False)
    (other,) = set(folder.rglob("*.sqlite")) - {written}
    shutil.copy(other, written)
    assert asked_for(["a", "bc"]) == ([A, BC], ["a", "bc"])
    assert capsys.readouterr().err == f"cache: damaged vectors in {written} are made again: 2\n"


@pytest.mark.parametrize("in_the_way", [Path.mkdir, lambda path: path.symlink_to(path)])
def test_what_is_in_the_way_of_a_file_costs_one_line_only(written, in_the_way, capsys):
    written.unlink()
    in_the_way(written)
    assert asked_for(["a", "bc"]) == ([A, BC], ["a", "bc"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vectors are not cached, {written} cannot be written: ")


def test_whatever_byte_is_damaged_the_vectors_are_right(written):
    content = written.read_bytes()
    used = [at for at, byte in enumerate(content) if byte or at < 100]
    assert len(used) > 300
    for at in used:
        written.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        assert asked_for(["a", "bc"])[0] == [A, BC]


def test_a_cache_that_cannot_be_written_costs_one_line_only(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "file"))
    assert asked_for(["a"]) == ([A], ["a"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vectors are not cached, {tmp_path / 'file'}")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
@pytest.mark.parametrize("limit", [0, 200_000], ids=["read-only", "full"])
def test_a_full_or_read_only_disk_costs_one_line_only_and_loses_nothing(written, limit, capsys):
    """The limit on the size of a file stands for the disk."""
    told = process(
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "print(embed(['a', *(f'a{i}' for i in range(9000))], Slow(), progress=False).sum())"
    )
    out, err = told.communicate()
    assert (told.returncode, out) == (0, "9001.0\n")
    (line,) = err.splitlines()
    assert line.startswith(f"vectors are not cached, {written} cannot be written: ")
    assert asked_for(["a", "bc"]) == ([A, BC], [])
    assert capsys.readouterr().err == ""


def test_two_processes_at_once_give_the_same_and_lose_nothing():
    code = "print([embed([f'{i}a'], Slow(), progress=False).tolist() for i in range(100)][-1])"
    both = [process(code) for _ in range(2)]
    assert [one.communicate() for one in both] == [("[[1.0, 0.0, 0.0]]\n", "")] * 2
    assert asked_for([f"{i}a" for i in range(100)])[1] == []


def test_what_another_machine_wrote_is_read(written, tmp_path, monkeypatch):
    shutil.copytree(tmp_path / "vectors", tmp_path / "copy" / "vectors")
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "copy"))
    assert asked_for(["a", "bc"]) == ([A, BC], [])


def test_a_run_that_was_killed_goes_on_from_its_last_save(folder):
    texts = [f"{i}a" for i in range(6000)]
    killed = process("embed([f'{i}a' for i in range(6000)], Slow(5e-4), progress=False)")
    while not any(path.stat().st_size > 99_999 for path in folder.rglob("*.sqlite")):
        assert killed.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)
    killed.kill()
    killed.communicate()
    assert asked_for(texts)[1] == texts[4096:]
