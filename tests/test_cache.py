"""The cache on disk: what it holds, what is deleted from it, and that a file is there whole or not."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from topics import InputError, embed
from topics.__main__ import main
from topics.cache import cache_limit, entries, is_intact, trim, write_checksum, written_atomically

DAY = 86_400
HEAVY = {"bertopic", "fastembed", "nbformat", "numpy", "pandas", "plotly", "scipy", "sklearn"}
MB = 1_000_000


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A cache of the test's own; call it to put an MB there, used so many seconds ago."""
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))

    def hold(kind, name, age=0.0):
        folder = tmp_path / kind / (24 * name if len(name) == 1 else name)
        folder.mkdir(parents=True)
        with (folder / "file").open("wb") as file:
            file.truncate(MB)
        for path in (folder / "file", folder):
            os.utime(path, (time.time() - age,) * 2)
        return folder

    return hold


def left():
    return "".join(sorted(entry.path.name[0] for entry in entries()))


def loaded_by(code):
    """Which of the heavy modules a process has loaded after it ran the code."""
    tail = f"\nimport sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    run = [sys.executable, "-c", code + tail]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


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


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: None, True),
        (lambda folder: (folder / "b" / "c.txt").write_text("hut"), False),
        (lambda folder: (folder / "a.txt").unlink(), False),
        (lambda folder: (folder / "a.txt").rename(folder / "d.txt"), False),
        (lambda folder: (folder / "checksum.txt").write_text(""), False),
        (lambda folder: (folder / "checksum.txt").unlink(), False),
    ],
    ids=["nothing", "changed", "missing", "renamed", "checksum damaged", "checksum missing"],
)
def test_a_folder_is_intact_while_its_files_are_those_of_its_checksum(tmp_path, change, expected):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("quay")
    (tmp_path / "b" / "c.txt").write_text("shut")
    write_checksum(tmp_path)
    change(tmp_path)
    assert is_intact(tmp_path) is expected


@pytest.mark.parametrize(
    ("limit", "expected"), [(4, "abcd"), (3, "bcd"), (2, "cd"), (1, "d"), (-1, "")]
)
def test_runs_go_before_vectors_and_what_was_used_longest_ago_before_the_rest(
    held, limit, expected
):
    held("runs", "b", age=10)
    held("runs", "a", age=20)
    held("vectors", "d", age=99)
    held("vectors", "c", age=999)
    trim((limit + 0.5) * MB)
    assert left() == expected


def test_a_run_stamped_with_a_time_to_come_goes_before_one_of_just_now(held):
    held("runs", "a", age=-30 * DAY)
    held("runs", "b")
    trim(1.5 * MB)
    assert left() == "b"


def test_vectors_that_are_used_are_young_again_even_if_stamped_with_a_time_to_come(held, tmp_path):
    embedder = SimpleNamespace(name="ones", encode=lambda texts: np.ones((len(texts), 2)))
    embed(["a"], embedder, progress=False)
    (entry,) = entries()
    for path in (entry.path, *entry.path.iterdir()):
        os.utime(path, (2**33, 2**33))
    embed(["a"], embedder, progress=False)
    assert entries()[0].age < DAY


def test_the_run_just_written_is_kept_whatever_the_limit(held):
    trim(0, keep=held("runs", "a"))
    assert left() == "a"


def test_what_a_killed_process_left_behind_is_deleted_in_its_turn(held):
    held("runs", ".part-abandond", age=2 * DAY)
    held("runs", "a", age=DAY)
    held("runs", ".part-ofnow_12")
    trim(2.5 * MB)
    assert [entry.path.name[:8] for entry in entries()] == ["aaaaaaaa", ".part-of"]


def test_files_of_others_are_neither_counted_nor_deleted(held):
    others = [held("theses", "a"), held("runs", "marathon"), held("vectors", "map.svg")]
    assert entries() == []
    trim(-1)
    assert all((folder / "file").exists() for folder in others)


def test_the_limit_is_10_gb_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.delenv("TOPICS_CACHE_LIMIT", raising=False)
    assert cache_limit() == 10e9
    monkeypatch.setenv("TOPICS_CACHE_LIMIT", "0.5")
    assert cache_limit() == 5e8


def test_a_limit_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE_LIMIT", "lots")
    with pytest.raises(InputError, match="TOPICS_CACHE_LIMIT: expected a number of GB, got 'lots'"):
        cache_limit()


def test_the_command_shows_where_the_cache_is_and_what_it_holds(
    held, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("TOPICS_CACHE_LIMIT", "2.5")
    held("runs", "a")
    with (held("vectors", "b") / "file").open("wb") as file:
        file.truncate(1_200 * MB)
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"cache: {tmp_path}",
        "runs          1 items     0.001 GB",
        "vectors       1 items     1.200 GB",
        "in all                    1.201 GB; at most 2.5 are kept (TOPICS_CACHE_LIMIT)",
    ]


def test_the_command_clears_the_cache_and_nothing_else(held, tmp_path):
    held("runs", "a")
    held("vectors", "b")
    kept = held("theses", "c")
    assert main(["cache", "--clear"]) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept / "file"]


def test_a_file_where_a_folder_of_the_cache_belongs_is_deleted_like_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))
    file = tmp_path / "runs" / ("a" * 24)
    file.parent.mkdir()
    file.write_text("no folder")
    trim(-1)
    assert not file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices")
@pytest.mark.parametrize(
    ("printed_to", "status", "told"),
    [
        (">&-", 0, ""),
        (">&- 2>&-", 0, ""),
        (">/dev/full", 1, "topics: standard output: No space left on device\n"),
        (">/dev/full 2>/dev/full", 1, ""),
        (">/dev/null", 0, ""),
    ],
)
def test_what_cannot_be_printed_is_told_in_one_line(tmp_path, printed_to, status, told):
    """The terminal knows no letter of the folder's name."""
    about = {"TOPICS_CACHE": str(tmp_path / "кэш"), "PYTHONIOENCODING": "ascii"}
    shell = ["sh", "-c", f'"$0" -m topics cache {printed_to}', sys.executable]
    done = subprocess.run(shell, env=os.environ | about, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, told)


def test_a_cache_that_is_not_there_yet_is_empty(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / "later"))
    assert main(["cache"]) == 0
    assert "in all                    0.000 GB" in capsys.readouterr().out
    assert not (tmp_path / "later").exists()


@pytest.mark.parametrize(
    "code",
    [
        "import topics",
        "from topics.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from topics.__main__ import main; main(['cache'])",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code):
    assert loaded_by(code) == "[]"


def test_what_only_computes_is_not_loaded_to_read_a_run_back():
    assert loaded_by("import topics.pipeline") == "['numpy', 'pandas', 'scipy']"


def test_a_run_is_computed_by_modules_that_its_digest_of_code_covers():
    code = (
        "import topics.pipeline, sys\n"
        "names = [name.split('.') for name in sys.modules if name.startswith('topics.')]\n"
        "print(*sorted({name[1] for name in names if len(name) > 2}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout == "model read text vectors\n"


def test_two_processes_that_write_the_same_file_leave_one_whole(tmp_path):
    code = (
        "import sys; from pathlib import Path; from topics.cache import written_atomically\n"
        "for _ in range(50):\n"
        "    with written_atomically(Path(sys.argv[1])) as part: part.write_text('quay' * 9999)"
    )
    target = tmp_path / "file"
    both = [subprocess.Popen([sys.executable, "-c", code, target]) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert target.read_text() == "quay" * 9999
    assert list(tmp_path.iterdir()) == [target]
