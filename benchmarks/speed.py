"""How long whole runs take and how much memory, beside stock BERTopic: part of ``make bench``.

Every run of `start`, `report` and `memory` is a process of its own, timed from outside from its
start to its end, with the peak memory of its largest process as the system counts it, and begins with
an empty cache.

``start``: the import, the help, and BERTopic's import; medians of five, after one to warm up.

``report``: ``topics report`` on paragraphs of UN speeches. The floor is the seconds of the
encoder's forward passes alone, on the same passages, each text once. The report is written cold,
warm (the very same again) and with one more document, each with the start and end of its stages
where it had to compute them. Stock is BERTopic with its defaults and the same encoder, or with its
usual one, on the same paragraphs, to five of its plots as HTML; it encodes them once.

``encoders``: passages a second of the bundled encoder beside MiniLM, both loaded.

``cluster``: embedding with one and two workers of dask, which have loaded the model, beside none.

``memory``: all the paragraphs.

``growth``: reports on up to a million paragraphs, each made of 18 to 42
fragments of three words from 80 sentences in a row of one country's speeches, so that none is like
another; start and end of each stage. It takes hours, and runs only when it is named.

The UN speeches are read from ``$TOPICS_CORPORA``, or ``../shared/corpora``. Without them paragraphs
are of the sample corpus, all of them. Arguments are names of parts to run.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from distributed import Client

# What else is needed is imported where it is: a child's time and peak hold what is imported here.

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
SIZES = (1000, 8000)  # paragraphs of a report
WARM_UP = 200  # paragraphs of runs that are not shown, for what is compiled once and kept
GROWTH = (1_000, 10_000, 100_000, 1_000_000)  # paragraphs
FRAGMENT, NEAR = 3, 80  # words of a fragment, sentences that a paragraph's are from
PLOTS = ("topics", "documents", "hierarchy", "barchart", "heatmap")


class Run(NamedTuple):
    """Seconds, peak memory in MB, HTML written in MB, output and stages of a process."""

    seconds: float
    peak: float
    html: float
    printed: str
    timeline: str


def timed(arguments: list[str], folder: Path) -> Run:
    """Run Python with its cache in a folder; HTML is counted that it writes into ``out`` there."""
    command = [sys.executable, *arguments]
    environment = os.environ | {
        "TOPICS_CACHE": str(folder / "cache"),
        "PYTHONDONTWRITEBYTECODE": "",  # or each start would compile what it imports
    }
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            raise RuntimeError(f"{arguments} ended with {process.returncode}:\n{errors.read()}")
        printed.seek(0)
        html = sum(path.stat().st_size for path in folder.glob("out/*.html")) / 1e6
        about = folder / "out" / "run.json"
        stages = json.loads(about.read_text())["timeline"] if about.is_file() else {}
        told = [f"{name} {start:.1f}–{end:.1f}" for name, (start, end) in stages.items()]
        return Run(seconds, usage.ru_maxrss / 1024, html, printed.read(), ", ".join(told))


def lines_of(name: str) -> list[str]:
    """JSON lines of a corpus, in an order of chance; none, with a word, if it is not at hand."""
    path = CORPORA / f"{name}.jsonl.gz"
    if not path.is_file():
        print(f"{name}: not at {CORPORA}, left out", file=sys.stderr)
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = list(file)
    return [lines[i] for i in np.random.default_rng(0).permutation(len(lines))]


def paragraphs() -> list[str]:
    """JSON lines of the UN's paragraphs, or of the sample corpus's."""
    return lines_of("ungdc_paragraphs_2010_2024") or sample_paragraphs()


def sample_paragraphs() -> list[str]:
    """JSON lines of the sample corpus, a document a paragraph."""
    import topics

    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    texts = documents["text"].str.split(r"\n\s*\n", regex=True)
    table = documents[["date", "source", "country", "language"]].assign(text=texts).explode("text")
    return table.to_json(orient="records", lines=True, date_format="iso").splitlines(keepends=True)


def texts_of(lines: list[str]) -> list[str]:
    """The text of each JSON line."""
    return [json.loads(line)["text"] for line in lines]


def passages_of(path: Path) -> list[str]:
    """The passages that this package makes of a file, each text once, as it embeds them."""
    import topics

    documents = topics.read_corpus(path, progress=False).documents
    return topics.split_passages(documents)["text"].unique().tolist()


def floor_child(path: str) -> None:
    """Print the seconds of the encoder's forward passes."""
    from topics.vectors.encoders import load_embedder

    encoder, texts = load_embedder("multilingual"), passages_of(Path(path))
    started = time.perf_counter()
    encoder.encode(texts)
    print(time.perf_counter() - started)


def stock_child(path: str, out: str, embedder: str) -> None:
    """Fit BERTopic with its defaults, write its plots, and print the names of those it could not.

    Texts are embedded once, as its manual advises, though `visualize_documents` would do it again.
    """
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder

    from topics.vectors.encoders import load_embedder

    class Backend(BaseEmbedder):
        def embed(self, documents: list[str], verbose: bool = False) -> np.ndarray:
            return load_embedder(embedder).encode(list(documents))

    with open(path, encoding="utf-8") as file:
        texts = texts_of(list(file))
    vectors = Backend().embed(texts)
    model = BERTopic(embedding_model=Backend())
    model.fit_transform(texts, vectors)
    Path(out).mkdir(parents=True)
    for plot in PLOTS:
        given = {"docs": texts, "embeddings": vectors} if plot == "documents" else {}
        try:
            figure = getattr(model, f"visualize_{plot}")(**given)
        except Exception as error:  # umap and scipy raise all sorts where topics are few
            print(f"stock: visualize_{plot} left out, {type(error).__name__}")
        else:
            figure.write_html(Path(out, f"{plot}.html"))


def stock(path: Path, folder: Path, embedder: str) -> Run:
    """One whole run of stock BERTopic."""
    command = [__file__, "--child", "stock", str(path), str(folder / "out"), embedder]
    return timed(command, folder)


def ours(path: Path, folder: Path) -> Run:
    """One whole report."""
    return timed(["-m", "topics", "report", str(path), "--out", str(folder / "out")], folder)


def start() -> None:
    """Print how long the command and the libraries take to start."""
    commands = {
        "import topics": ["-c", "import topics"],
        "topics --help": ["-m", "topics", "--help"],
        "import bertopic": ["-c", "import bertopic"],
    }
    print(f"\n{'start':<18}{'seconds':>9}{'times':>7}")
    first = None
    for name, command in commands.items():
        seconds = []
        for _ in range(6):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(timed(command, Path(folder)).seconds)
        middle = median(seconds[1:])
        first = first or middle
        print(f"{name:<18}{middle:>9.3f}{middle / first:>7.1f}", flush=True)


def report() -> None:
    """Print what a report takes: cold, warm and with one more document, beside stock."""
    lines = paragraphs()
    with tempfile.TemporaryDirectory() as folder:
        report_runs(lines[:WARM_UP], Path(folder))
    for size in SIZES if len(lines) > max(SIZES) else (len(lines) - 1,):
        with tempfile.TemporaryDirectory() as folder:
            runs = report_runs(lines[: size + 1], Path(folder))
        print(f"\n{f'{size:,} paragraphs':<18}{'seconds':>9}{'over the floor':>16}"
              f"{'times of stock':>16}{'with MiniLM':>13}{'peak MB':>9}{'MB of HTML':>12}")  # fmt: skip
        for name in ("floor", "cold", "warm", "one more", "stock", "stock, MiniLM"):
            run = runs[name]
            print(f"{name:<18}{run.seconds:>9.2f}{run.seconds - runs['floor'].seconds:>16.2f}"
                  f"{run.seconds / runs['stock'].seconds:>16.2f}"
                  f"{run.seconds / runs['stock, MiniLM'].seconds:>13.2f}{run.peak:>9.0f}{run.html:>12.1f}")  # fmt: skip
        for name in ("cold", "one more"):
            print(f"{name}: {runs[name].timeline}")
        print(runs["stock"].printed, end="", flush=True)


def report_runs(lines: list[str], folder: Path) -> dict[str, Run]:
    """The runs on all lines but the last, which is the one more."""
    path = folder / "paragraphs.jsonl"
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    floor = timed([__file__, "--child", "floor", str(path)], folder / "floor")
    runs = {
        "floor": floor._replace(seconds=float(floor.printed)),
        "stock": stock(path, folder / "stock", "multilingual"),
        "stock, MiniLM": stock(path, folder / "minilm", "minilm"),
        "cold": ours(path, folder / "ours"),
        "warm": ours(path, folder / "ours"),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(lines[-1])
    return runs | {"one more": ours(path, folder / "ours")}


def encoders() -> None:
    """Print the speed of the bundled encoder beside MiniLM's, each on all cores."""
    from topics.vectors.encoders import load_embedder

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "paragraphs.jsonl")
        path.write_text("".join(paragraphs()[:1000]), encoding="utf-8")
        texts = passages_of(path)
    own = rate(load_embedder("multilingual").encode, texts)
    minilm = rate(load_embedder("minilm").encode, texts[:200])
    words = np.mean([len(text.split()) for text in texts])
    print(f"\npassages of {words:.0f} words a second: multilingual {own:,.0f}, minilm {minilm:,.0f}, "
          f"{own / minilm:.1f} times as many")  # fmt: skip


def rate(encode: Callable[[list[str]], np.ndarray], texts: list[str]) -> float:
    """Texts a second, over at least one second, after a first call."""
    encode(texts[:10])
    done, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < 1:
        encode(texts)
        done += len(texts)
    return done / seconds


def cluster() -> None:
    """Print how long one and two workers take to embed, and whether to the same bytes as none."""
    from distributed import Client, LocalCluster

    from topics.vectors.encoders import encode

    texts = texts_of(paragraphs()[:600])
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TOPICS_CACHE"] = f"{folder}/none"
        encode(["A few words."], "multilingual")
        found["none"] = embedded(texts)
        for workers in (1, 2):
            os.environ["TOPICS_CACHE"] = f"{folder}/{workers}"
            machines = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None,
                local_directory=folder,
            )  # fmt: skip
            with machines, Client(machines) as client:
                client.run(encode, ["A few words."], "multilingual")
                found[str(workers)] = embedded(texts, client)
    print(f"\n{'workers':<18}{'seconds':>9}{'times of one':>14}{'vectors':>11}")
    for name, (vectors, seconds) in found.items():
        same = vectors.tobytes() == found["none"][0].tobytes()
        print(f"{name:<18}{seconds:>9.2f}{found['1'][1] / seconds:>14.2f}"
              f"{'equal' if same else 'not equal':>11}", flush=True)  # fmt: skip


def embedded(texts: list[str], client: Client | None = None) -> tuple[np.ndarray, float]:
    """Vectors of texts, and seconds that they took."""
    import topics

    started = time.perf_counter()
    vectors = topics.embed(texts, progress=False, client=client)
    return vectors, time.perf_counter() - started


def memory() -> None:
    """Print what the whole corpus takes, here and in stock BERTopic."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "paragraphs.jsonl")
        path.write_text("".join(paragraphs()), encoding="utf-8")
        runs = {
            "ours": ours(path, Path(folder, "ours")),
            "stock": stock(path, Path(folder, "stock"), "multilingual"),
            "stock, MiniLM": stock(path, Path(folder, "minilm"), "minilm"),
        }
        n = len(pd.read_parquet(Path(folder, "ours", "out", "passages.parquet")))
    print(
        f"\n{f'{n:,} passages':<18}{'seconds':>9}{'times ours':>12}{'peak MB':>9}{'MB of HTML':>12}"
    )
    for name, run in runs.items():
        times = run.seconds / runs["ours"].seconds
        print(f"{name:<18}{run.seconds:>9.1f}{times:>12.2f}{run.peak:>9.0f}{run.html:>12.1f}")
    print(f"ours: {runs['ours'].timeline}\n{runs['stock'].printed}", end="", flush=True)


def growth() -> None:
    """Print how the stages of a report grow with the number of paragraphs."""
    with tempfile.TemporaryDirectory() as name:
        folder, sentences = Path(name), sentences_by_country()
        print(f"\n{'paragraphs':<12}{'seconds':>9}{'peak MB':>9}  start and end of each stage")
        for n in GROWTH:
            run = ours(written(folder / f"{n}.jsonl", sentences, n), folder)
            print(f"{n:<12,}{run.seconds:>9.0f}{run.peak:>9.0f}  {run.timeline}", flush=True)


def sentences_by_country() -> dict[str, list[list[str]]]:
    """Words of the sentences of each country's speeches, in their order."""
    found: dict[str, list[list[str]]] = {}
    for row in sorted(map(json.loads, paragraphs()), key=lambda row: row.get("id", "")):
        sentences = map(str.split, re.split(r"(?<=[.!?])\s+", row["text"]))
        own = found.setdefault(row.get("country") or "", [])
        own += [words for words in sentences if len(words) >= FRAGMENT]
    return found


def written(path: Path, sentences: dict[str, list[list[str]]], n: int) -> Path:
    """A file of `n` paragraphs made of fragments."""
    chance = random.Random(0)
    countries = sorted(sentences)
    weights = [len(sentences[country]) for country in countries]
    with path.open("w", encoding="utf-8") as file:
        for country in chance.choices(countries, weights, k=n):
            own = sentences[country]
            first = chance.randrange(max(1, len(own) - NEAR))
            parts = []
            for _ in range(chance.randint(18, 42)):
                words = chance.choice(own[first : first + NEAR])
                start = chance.randrange(len(words) - FRAGMENT + 1)
                parts += words[start : start + FRAGMENT]
            day = f"{chance.randint(2010, 2024)}-{chance.randint(1, 12)}-{chance.randint(1, 28)}"
            source, text = f"source {chance.randrange(40)}", " ".join(parts)
            row = {"text": text, "date": day, "source": source, "country": country}
            file.write(json.dumps(row) + "\n")
    return path


def machine() -> str:
    """Processor, cores and memory of this machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {os.cpu_count()} cores, {size:.0f} GB of memory"


PARTS = {part.__name__: part for part in (start, report, encoders, cluster, memory, growth)}
CHILDREN: dict[str, Callable[..., None]] = {"floor": floor_child, "stock": stock_child}


def main() -> None:
    """Print the machine, and each part named, or all but `growth`."""
    print(machine(), flush=True)
    for name in sys.argv[1:] or [name for name in PARTS if name != "growth"]:
        # Each in a new process, for the peak of a child is never below its parent's at that time.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(PARTS[name]).result()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        CHILDREN[sys.argv[2]](*sys.argv[3:])
    else:
        main()
