"""Quality and speed beside stock BERTopic on the same vectors, in one run: ``make bench``.

AMI is against the corpus's own labels, and beside it that of the best level that was tried;
BERTopic's outliers are given to the nearest topic's centroid for it, and their share is shown.
Agreement is the mean adjusted Rand index between seeds, and between a run and one without a tenth
of the texts, on the texts that both have. Of ntrex, whose 123 stories come in 18 languages, AMI
with the language is shown too: the lower the better.

The sample corpus is always there. Other corpora are read from ``$TOPICS_CORPORA``, or from
``../shared/corpora``, where they exist; without them their rows are left out.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

import topics
from topics.labelling import labels_of_passages, read_gold
from topics.model.clusters import find_levels
from topics.model.graph import nearest_neighbours, neighbours_for, with_words
from topics.text.tfidf import word_table

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
SEEDS = range(3)
LARGE = 10_000  # texts; one seed above


def corpora() -> Iterator[tuple[str, list[str], np.ndarray, dict[str, list[str]]]]:
    """Name, texts, vectors without their language's mean, and what to compare with, by name."""
    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    passages = topics.split_passages(documents)
    labels = labels_of_passages(passages, documents, read_gold(ROOT / "data" / "gold.csv"))
    one = ((labels.map(len) == 1) & (passages["language"] == "en")).to_numpy()
    texts = passages["text"][one].tolist()
    yield "sample", texts, embedded(texts), {"AMI": [min(label) for label in labels[one]]}
    for name, file, language in [
        ("bbc_news", "bbc_news", None), ("20newsgroups", "20newsgroups", None),
        *((code, "labelled_news_de_fr_ja", code) for code in ("de", "fr", "ja")),
        ("ntrex", "ntrex_parallel_news", None),
    ]:  # fmt: skip
        path = CORPORA / f"{file}.jsonl.gz"
        if not path.is_file():
            print(f"{name}: not at {CORPORA}, left out", file=sys.stderr)
            continue
        rows = pd.read_json(path, lines=True)
        if language:
            rows = rows[rows["language"].str[:2] == language]
        texts, known = rows["text"].tolist(), {}
        if name == "ntrex":
            known = {"language": rows["language"].tolist()}
        vectors = embedded(texts, known.get("language"))
        yield name, texts, vectors, {"AMI": rows["doc_id" if known else "label"].tolist(), **known}


def embedded(texts: list[str], languages: list[str] | None = None) -> np.ndarray:
    """Vectors of the multilingual encoder, each language's mean taken off where there are several."""
    vectors = topics.embed(texts, "multilingual")
    for language in set(languages or []):
        of = np.array(languages) == language
        vectors[of] -= vectors[of].mean(axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ours(texts: list[str], vectors: np.ndarray, seed: int) -> np.ndarray:
    """Labels of this package."""
    return topics.cluster(vectors, texts=texts, random_state=seed)


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
    known: dict[str, list[str]],
    seeds: Sequence[int],
) -> dict[str, float]:
    """Means over seeds: AMI with each of the known labels, clusters, outliers, agreement, seconds."""
    runs, seconds = [], []
    for seed in seeds:
        started = time.perf_counter()
        runs.append(method(texts, vectors, seed))
        seconds.append(time.perf_counter() - started)
    kept = np.sort(np.random.default_rng(0).permutation(len(texts))[len(texts) // 10 :])
    without = method([texts[i] for i in kept], vectors[kept], 0)
    whole = [assigned(run, vectors) for run in runs]
    amis = {name: [adjusted_mutual_info_score(own, run) for run in whole]
            for name, own in known.items()}  # fmt: skip
    pairs = [adjusted_rand_score(*pair) for pair in combinations(whole, 2)]
    return {name: float(np.mean(ami)) for name, ami in amis.items()} | {
        "clusters": float(np.median([len(set(run) - {-1}) for run in runs])),
        "outliers": float(np.mean([np.mean(run == -1) for run in runs])),
        "seeds": float(np.mean(pairs or [np.nan])),
        "less": float(adjusted_rand_score(whole[0][kept], assigned(without, vectors[kept]))),
        "seconds": float(np.median(seconds)),
    }


def best_level(texts: list[str], vectors: np.ndarray, labels: list[str]) -> float:
    """AMI of the level that the labels would pick."""
    graph = nearest_neighbours(vectors, neighbours_for(len(vectors))).graph()
    levels = find_levels(with_words(graph, word_table(texts))).labels_by_resolution
    return max(adjusted_mutual_info_score(labels, found) for found in levels)


def main() -> None:
    """Print one row a corpus and method."""
    warnings.simplefilter("ignore")
    print(f"{'corpus':<14}{'method':<8}{'n':>7}{'AMI':>7}{'best':>7}{'language':>10}{'clusters':>10}"
          f"{'outliers':>10}{'ARI seeds':>11}{'less a tenth':>14}{'seconds':>9}")  # fmt: skip
    for name, texts, vectors, known in corpora():
        best = best_level(texts, vectors, known["AMI"])
        for method in (ours, stock):
            seeds = SEEDS if method is ours and len(texts) < LARGE else SEEDS[:1]
            row = measured(method, texts, vectors, known, seeds)
            print(
                f"{name:<14}{method.__name__:<8}{len(texts):>7}{row['AMI']:>7.3f}{best:>7.3f}"
                f"{row.get('language', np.nan):>10.3f}{row['clusters']:>10.0f}"
                f"{row['outliers']:>10.0%}{row['seeds']:>11.3f}{row['less']:>14.3f}"
                f"{row['seconds']:>9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
