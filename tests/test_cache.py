"""The cache on disk: what it holds, what is deleted from it, and that a file is there whole or not."""

import os
import subprocess
import sys
import time

import pytest

from topics import InputError
from topics.__main__ import main
from topics.cache import (
    cache_limit,
    digest,
    entries,
    file_digest,
    folder_digests,
    replace_surrogates,
    trim,
    written_atomically,
)

DAY = 86_400
HEAVY = {"bertopic", "fastembed", "nbformat", "numpy", "pandas", "plotly", "scipy", "sklearn"}
NAMES = {"runs": "runs/" + "a" * 24, "vectors": f"vectors/{'b' * 16}/{'c' * 16}.npy"}
MODEL = "models/" + "d" * 16


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A cache of the test's own; call it to put 100 bytes there, used so many seconds ago."""
    monkeypatch.setenv("TOPICS_CACHE", str(tmp_path))

    def hold(name, age=0.0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (time.time() - age,) * 2)
        return path

    return hold


def run_name(letter):
    return f"runs/{letter * 24}"


def left():
    return sorted(entry.path.name[0] for entry in entries())


def loaded_by(code):
    """Which of the heavy modules a process has loaded after it ran the code."""
    tail = f"\nimport sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    run = [sys.executable, "-c", code + tail]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def test_a_half_of_a_surrogate_pair_becomes_a_question_mark():
    assert replace_surrogates("quay \ud83d 7 🚢") == "quay ? 7 🚢"


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


def test_the_digests_of_a_folder_are_those_of_its_files_but_for_the_list_itself(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("a.txt", "model/b.txt", "digests.json"):
        (tmp_path / name).write_text(name)
    a, b = file_digest(tmp_path / "a.txt"), file_digest(tmp_path / "model" / "b.txt")
    assert folder_digests(tmp_path) == f'{{\n "a.txt": "{a}",\n "model/b.txt": "{b}"\n}}'


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(500, "abcd"), (300, "bcd"), (250, "cd"), (100, "d"), (-1, "")],
    ids=["all", "the oldest run goes", "all runs go", "vectors go", "models go"],
)
def test_runs_go_first_and_models_last(held, limit, expected):
    held(run_name("a"), age=20)
    held(run_name("b"), age=10)
    held(NAMES["vectors"], age=99)
    held(MODEL, age=999)
    trim(limit)
    assert "".join(left()) == expected


def test_of_runs_the_one_used_longest_ago_goes_first(held):
    held(run_name("a"), age=10)
    held(run_name("b"), age=20)
    trim(100)
    assert left() == ["a"]


def test_a_run_stamped_with_a_time_to_come_goes_before_one_of_just_now(held):
    held(run_name("a"), age=-30 * DAY)
    held(run_name("b"))
    trim(100)
    assert left() == ["b"]


def test_the_run_just_written_is_kept_whatever_the_limit(held):
    trim(0, keep=held(run_name("a")))
    assert left() == ["a"]


@pytest.mark.parametrize("age", [2 * DAY, -2 * DAY])
def test_what_a_killed_process_left_behind_is_deleted_but_not_what_is_being_written(held, age):
    held("runs/.part-abandond/half", age=age)
    os.utime(held("runs/.part-abandond/half", age=age).parent, (time.time() - age,) * 2)
    held("runs/.part-ofnow_12/half")
    trim(10**9)
    assert [entry.path.name for entry in entries()] == [".part-ofnow_12"]


def test_files_of_others_are_neither_counted_nor_deleted(held, tmp_path):
    others = [
        held(name)
        for name in (
            "thesis.txt",
            "runs/marathon.csv",
            "models/boat",
            "vectors/map.svg",
            "vectors/mine/a.npy",
            "data/" + "a" * 24,
        )
    ]
    assert entries() == []
    trim(-1)
    assert all(path.exists() for path in others)


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
    with held(NAMES["vectors"]).open("wb") as file:
        file.truncate(1_200_000_000)
    held(run_name("a"))
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"cache: {tmp_path}",
        "cells         0 items     0.000 GB",
        "runs          1 items     0.000 GB",
        "vectors       1 items     1.200 GB",
        "models        0 items     0.000 GB",
        "in all                    1.200 GB; at most 2.5 are kept (TOPICS_CACHE_LIMIT)",
    ]


def test_the_command_clears_the_cache_and_nothing_else(held, tmp_path):
    for name in (*NAMES.values(), MODEL, "thesis.txt"):
        held(name)
    assert main(["cache", "--clear"]) == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["thesis.txt"]


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
    assert loaded_by("import topics.report.page") == "['numpy', 'pandas', 'scipy']"


def test_a_run_is_computed_by_modules_that_its_digest_of_code_covers():
    code = "import topics.run, sys; print([m for m in sys.modules if m.count('.') > 1 and"
    told = subprocess.run(
        [sys.executable, "-c", code + " m.startswith('topics.')])"], capture_output=True, text=True
    )
    assert told.stdout == "[]\n"


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
