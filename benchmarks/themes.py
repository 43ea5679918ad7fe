"""Quality and speed beside stock BERTopic on the same vectors, in one run: ``make bench``.

AMI is against the corpus's own labels; BERTopic's outliers are given to the nearest topic's
centroid for it, and their share is shown. Agreement is the mean adjusted Rand index between seeds,
and between a run and one without a tenth of the texts, on the texts that both have. The last
lines time the first call in a fresh process. Topeax and KeyNMF need turftopic, which does not
import without torch: they are left out here.

The sample corpus is always there. Other corpora are read from ``$TOPICS_CORPORA``, or from
``../shared/corpora``, where they exist; without them their rows are left out.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

import topics
from topics.labelling import labels_of_passages, read_gold
from topics.model.clusters import find_levels, neighbours_for
from topics.model.graph import nearest_neighbours

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
SEEDS = range(5)
LARGE = 10_000  # texts; peers get one seed above


def corpora() -> Iterator[tuple[str, list[str], np.ndarray, list[str]]]:
    """Name, texts, vectors and one label a text, of each corpus at hand."""
    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    passages = topics.split_passages(documents)
    labels = labels_of_passages(passages, documents, read_gold(ROOT / "data" / "gold.csv"))
    one = labels.map(len) == 1
    texts = passages["text"][one].tolist()
    yield "sample", texts, topics.embed(texts), [min(label) for label in labels[one]]
    for name in ("bbc_news", "20newsgroups"):
        path = CORPORA / f"{name}.jsonl.gz"
        if not path.is_file():
            print(f"{name}: not at {CORPORA}, left out", file=sys.stderr)
            continue
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        texts = [row["text"] for row in rows]
        yield name, texts, topics.embed(texts), [row["label"] for row in rows]


def ours(texts: list[str], vectors: np.ndarray, seed: int) -> np.ndarray:
    """Labels of this package."""
    return topics.cluster(vectors, random_state=seed)


def stock(texts: list[str], vectors: np.ndarray, seed: int) -> np.ndarray:
    """Labels of BERTopic with its defaults, on the same vectors; -1 are its outliers."""
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from umap import UMAP

    umap = UMAP(
        n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed,
        low_memory=False,
    )  # fmt: skip
    model = BERTopic(embedding_model=BaseEmbedder(), umap_model=umap)
    return np.array(model.fit_transform(texts, vectors)[0])


def umap_hdbscan(texts: list[str], vectors: np.ndarray, seed: int) -> np.ndarray:
    """BERTopic's clustering alone: umap-learn to five dimensions, then hdbscan."""
    from hdbscan import HDBSCAN
    from umap import UMAP

    warnings.simplefilter("ignore")  # that a seed means one thread
    places = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    return HDBSCAN(min_cluster_size=10).fit_predict(places.fit_transform(vectors))


def assigned(labels: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Labels with every outlier given to the nearest cluster's centroid."""
    found = np.unique(labels[labels >= 0])
    centroids = np.array([vectors[labels == label].mean(axis=0) for label in found])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return np.where(labels < 0, found[(vectors @ centroids.T).argmax(axis=1)], labels)


def measured(
    method: Callable[[list[str], np.ndarray, int], np.ndarray],
    texts: list[str],
    vectors: np.ndarray,
    labels: list[str],
    seeds: Iterable[int],
) -> dict[str, float]:
    """Means over seeds: AMI, clusters, outliers, agreement, seconds."""
    runs, seconds = [], []
    for seed in seeds:
        started = time.perf_counter()
        runs.append(method(texts, vectors, seed))
        seconds.append(time.perf_counter() - started)
    kept = np.sort(np.random.default_rng(0).permutation(len(texts))[len(texts) // 10 :])
    without = method([texts[i] for i in kept], vectors[kept], 0)
    whole = [assigned(run, vectors) for run in runs]
    return {
        "AMI": float(np.mean([adjusted_mutual_info_score(labels, run) for run in whole])),
        "clusters": float(np.median([len(set(run) - {-1}) for run in runs])),
        "outliers": float(np.mean([np.mean(run == -1) for run in runs])),
        "seeds": float(
            np.mean([adjusted_rand_score(*pair) for pair in combinations(whole, 2)] or [np.nan])
        ),
        "less": float(adjusted_rand_score(whole[0][kept], assigned(without, vectors[kept]))),
        "seconds": float(np.median(seconds)),
    }


def best_level(vectors: np.ndarray, labels: list[str]) -> float:
    """AMI of the level that the labels would pick."""
    graph = nearest_neighbours(vectors, neighbours_for(len(vectors))).graph()
    levels = find_levels(graph).labels_by_resolution
    return max(adjusted_mutual_info_score(labels, found) for found in levels)


def first_call(
    method: Callable[[list[str], np.ndarray, int], np.ndarray], vectors: np.ndarray
) -> float:
    """Seconds of a method's first call, its imports included, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(len, vectors).result()  # the process is up, and has the vectors' library
        started = time.perf_counter()
        pool.submit(method, [], vectors, 0).result()
        return time.perf_counter() - started


def main() -> None:
    """Print one row a corpus and method, and the ratio of their times."""
    warnings.simplefilter("ignore")
    print(f"{'corpus':<14}{'method':<8}{'n':>7}{'AMI':>7}{'clusters':>10}{'outliers':>10}"
          f"{'ARI seeds':>11}{'less a tenth':>14}{'seconds':>9}{'times':>7}")  # fmt: skip
    for name, texts, vectors, labels in corpora():
        few = SEEDS if len(texts) < LARGE else SEEDS[:1]
        results = {
            "ours": measured(ours, texts, vectors, labels, SEEDS),
            "stock": measured(stock, texts, vectors, labels, few),
        }
        for method, row in results.items():
            ratio = row["seconds"] / results["ours"]["seconds"]
            print(
                f"{name:<14}{method:<8}{len(texts):>7}{row['AMI']:>7.3f}{row['clusters']:>10.0f}"
                f"{row['outliers']:>10.0%}{row['seeds']:>11.3f}{row['less']:>14.3f}"
                f"{row['seconds']:>9.1f}{ratio:>7.1f}"
            )
        print(f"{name:<14}best level that was tried: {best_level(vectors, labels):.3f}", flush=True)
    own, other = first_call(ours, vectors), first_call(umap_hdbscan, vectors)
    print(f"first call, {name}: topics.cluster {own:.1f} s, umap-learn and hdbscan {other:.1f} s, "
          f"{other / own:.1f} times as long")  # fmt: skip


if __name__ == "__main__":
    main()
