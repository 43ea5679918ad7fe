"""A cluster's workers find what one machine finds: texts embedded, themes assigned."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count, islice

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from pandas.testing import assert_frame_equal
from runs import FIELD, PORT, run_on

from topics import embed
from topics.parallel import map_parts, meanwhile, side_by_side, threads


class Letters:
    """Counts of letters as vectors; kills the process that first reads `deadly`."""

    name = "letters"

    def __init__(self, deadly="", killed=None):
        self.deadly, self.killed = deadly, killed

    def encode(self, texts):
        if self.deadly in texts and not self.killed.exists():
            self.killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.array([[text.count(letter) for letter in "0123456789"] for text in texts])


def threads_here(_):
    return threads()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    cluster = LocalCluster(
        n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None,
        local_directory=str(tmp_path_factory.mktemp("workers")),
    )  # fmt: skip
    with cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Embeds with an empty cache, so that nothing is read back from an earlier call."""

    def fresh(name, *args, **options):
        monkeypatch.setenv("TOPICS_CACHE", str(tmp_path / name))
        return embed(*args, progress=False, **options)

    return fresh


@pytest.fixture(scope="module")
def run():
    named = [{"id": "strike", "phrases": ["dockers on strike", "a strike in the harbour"]}]
    return run_on(PORT + FIELD, named)


def many(run):
    """Passages of documents of one to five, near those that the model was fitted to."""
    rng, texts, n = np.random.default_rng(0), np.array(PORT + FIELD), 7000
    own = rng.integers(len(texts), size=n)
    vectors = run.vectors[own] + 0.05 * rng.normal(size=(n, run.vectors.shape[1]))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    passages = pd.DataFrame({"passage_id": [f"p{row:04}" for row in range(n)], "text": texts[own]})
    passages["document_id"] = np.arange(n).repeat(rng.integers(1, 6, n))[:n].astype(str)
    return passages, vectors.astype(np.float32)


def test_workers_embed_as_is_embedded_here(client, fresh):
    texts = [f"{text} {place}" for place in range(14) for text in PORT]
    texts += [texts[3], "", "half a \ud83d pair"]
    here = fresh("here", texts)
    np.testing.assert_array_equal(fresh("workers", texts, client=client), here)
    np.testing.assert_array_equal(fresh("workers", texts), here)  # and the vectors were kept


def test_what_a_killed_worker_was_at_is_embedded_by_another(client, fresh, tmp_path):
    texts = [str(number) for number in range(1000)]
    killed = tmp_path / "killed"
    embedder = Letters("500", killed)
    found = fresh("workers", texts, embedder, client=client)
    assert killed.exists()
    np.testing.assert_array_equal(found, fresh("here", texts, Letters()))


def test_workers_assign_what_is_assigned_here(client, run):
    passages, vectors = many(run)
    here = run.model.predict(passages, vectors)
    assert set(here["theme_id"]) == set(run.themes["theme_id"])
    found = run.model.predict(passages, vectors, client=client)
    assert_frame_equal(found, here, check_exact=True)


def test_passages_of_a_document_count_for_each_other_wherever_they_stand(run):
    passages, vectors = many(run)
    mixed = np.random.default_rng(1).permutation(len(passages))
    found = run.model.predict(passages.iloc[mixed], vectors[mixed]).set_index(
        ["passage_id", "theme_id"]
    )
    ordered = run.model.predict(passages, vectors).set_index(["passage_id", "theme_id"])
    assert_frame_equal(found.sort_index(), ordered.sort_index(), atol=1e-3)


def test_parts_are_taken_while_results_are_asked_for(client):
    assert list(islice(map_parts(pow, count(), 2, client=client), 4)) == [0, 1, 4, 9]


def test_a_task_works_on_one_thread(client):
    assert list(map_parts(threads_here, range(3), client=client)) == [1, 1, 1]
    assert threads() == os.cpu_count()


def process_number():
    return str(os.getpid()).encode()


def fails_in_a_copy():
    if multiprocessing.parent_process():
        raise ValueError
    return b"quay" * 99_999


@pytest.mark.skipif(sys.platform != "linux", reason="no copy of a process is made")
def test_work_is_shared_with_copies_and_done_here_where_one_fails():
    here, there, again = side_by_side(process_number, process_number, fails_in_a_copy)
    assert here == process_number() != there
    assert again == b"quay" * 99_999


def dies_amid_its_answer():
    if multiprocessing.parent_process():
        threading.Timer(0.2, os._exit, [1]).start()
    return b"quay" * 9_999_999


@pytest.mark.skipif(sys.platform != "linux", reason="no copy of a process is made")
def test_work_is_done_here_where_a_copy_dies_amid_its_answer():
    _, answer = side_by_side(lambda: time.sleep(0.5), dies_amid_its_answer)
    assert answer == b"quay" * 9_999_999


@pytest.mark.skipif(sys.platform != "linux", reason="no copy of a process is made")
def test_no_copy_is_made_while_a_thread_is_at_work():
    done = []
    with meanwhile(lambda: done.append(time.sleep(0.2))):
        _, known = side_by_side(lambda: None, lambda: str(len(done)).encode())
    assert known == b"1"


@pytest.mark.skipif(sys.platform != "linux", reason="no copy of a process is made")
def test_texts_shared_among_copies_have_the_vectors_of_each_alone(fresh):
    texts = [f"{text} {place}" for place in range(30) for text in PORT]
    alone = [fresh(str(row), [texts[row]])[0] for row in (0, len(texts) // 2, -1)]
    assert len(texts) > 128
    found = fresh("together", texts)
    np.testing.assert_array_equal(found[[0, len(texts) // 2, -1]], alone)


@pytest.mark.skipif(sys.platform != "linux", reason="no copy of a process is made")
def test_a_copy_ends_where_its_process_is_killed():
    code = (
        "import time; from topics.parallel import side_by_side\n"
        "def work():\n"
        "    print('at work', flush=True)\n"
        "    return bytes(10**7)\n"
        "side_by_side(lambda: time.sleep(60), work)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "at work\n"
    process.kill()
    assert process.communicate(timeout=30) == ("", None)  # the copy, too, has let go of the output
