"""Quality and speed beside stock BERTopic on the same vectors, in one run: ``make bench``.

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
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

import topics
from topics.measures import gold_labels, read_gold

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
SEEDS = (0, 1, 2)


def corpora() -> Iterator[tuple[str, list[str], np.ndarray, list[str]]]:
    """Name, texts, vectors and one label a text, of each corpus at hand."""
    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    passages = topics.split_passages(documents)
    labels = gold_labels(passages, documents, read_gold(ROOT / "data" / "gold.csv"))
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


def measured(
    method: Callable[[list[str], np.ndarray, int], np.ndarray],
    texts: list[str],
    vectors: np.ndarray,
    labels: list[str],
) -> dict[str, float]:
    """Medians over seeds: AMI, clusters, outliers, agreement between seeds, seconds."""
    runs, seconds = [], []
    for seed in SEEDS:
        started = time.perf_counter()
        runs.append(method(texts, vectors, seed))
        seconds.append(time.perf_counter() - started)
    return {
        "AMI": float(np.median([adjusted_mutual_info_score(labels, run) for run in runs])),
        "clusters": float(np.median([len(set(run) - {-1}) for run in runs])),
        "outliers": float(np.median([np.mean(run == -1) for run in runs])),
        "seeds": float(np.mean([adjusted_rand_score(runs[0], run) for run in runs[1:]])),
        "seconds": float(np.median(seconds)),
    }


def main() -> None:
    """Print one row a corpus and method, and the ratio of their times."""
    warnings.simplefilter("ignore")
    print(f"{'corpus':<14}{'method':<10}{'n':>7}{'AMI':>7}{'clusters':>10}{'outliers':>10}"
          f"{'ARI seeds':>11}{'seconds':>9}{'times':>7}")  # fmt: skip
    for name, texts, vectors, labels in corpora():
        results = {m.__name__: measured(m, texts, vectors, labels) for m in (ours, stock)}
        for method, row in results.items():
            ratio = row["seconds"] / results["ours"]["seconds"]
            print(
                f"{name:<14}{method:<10}{len(texts):>7}{row['AMI']:>7.3f}{row['clusters']:>10.0f}"
                f"{row['outliers']:>10.0%}{row['seeds']:>11.3f}{row['seconds']:>9.1f}{ratio:>7.1f}"
            )


if __name__ == "__main__":
    main()
