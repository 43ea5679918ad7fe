"""Keywords beside stock BERTopic's and KeyNMF's, on the same vectors: ``make bench``.

For the ten first keywords of each topic, after Röder, Both and Hinneburg, "Exploring the space
of topic coherence measures" (2015), and Dieng, Ruiz and Blei, "Topic modeling in embedding
spaces" (2020):

NPMI
    Mean over pairs of ``log(p(a, b) / p(a) p(b)) / -log p(a, b)``, where p is the share of the
    corpus's own texts that hold a keyword, or both; -1 for a pair that no text holds, 1 for one
    that all do. Then the mean over topics.
diversity
    Share of different keywords among all topics' first ten.

All keywords, of all methods, are looked up in lower case as scikit-learn's CountVectorizer cuts
texts; one of several words where the words follow each other. ``ours`` are the keywords as
they are given, phrases among them; ``ours, words`` the first ten single words in them, for the
peers give single words; ``class TF-IDF`` is BERTopic's on our themes. Of a corpus of more than 6000 texts every second, third and so on is
taken, the same for all methods. KeyNMF finds as many topics as we do; it is left out unless
turftopic is installed.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from themes import corpora, ours

import topics
from topics.model.labels import keywords_of
from topics.text.words import stop_words

N_KEYWORDS = 10
MAX_TEXTS = 6000
Keyword = tuple[str, ...]


def cut(text: str) -> Keyword:
    """Words of a text or keyword, as scikit-learn's CountVectorizer cuts them."""
    return tuple(re.findall(r"\b\w\w+\b", text.lower()))


def own_keywords(texts: list[str], labels: np.ndarray) -> list[list[Keyword]]:
    """What this package gives to each theme."""
    ids = [str(number) for number in range(len(texts))]
    passages = pd.DataFrame({"passage_id": ids, "copy_group": ids, "text": texts})
    found = keywords_of(passages, labels, int(labels.max()) + 1)
    return [[cut(keyword) for keyword in keywords] for keywords in found]


def class_tfidf(texts: list[str], labels: np.ndarray) -> list[list[Keyword]]:
    """What BERTopic's class-based TF-IDF gives to the same themes, without our stop words."""
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    joined = pd.Series(texts).groupby(labels).agg(" ".join).drop(-1, errors="ignore")
    counter = CountVectorizer(stop_words=sorted(stop_words()))
    weights = ClassTfidfTransformer().fit_transform(counter.fit_transform(joined)).toarray()
    words = counter.get_feature_names_out()
    best = np.argsort(-weights, axis=1, kind="stable")[:, :N_KEYWORDS]
    return [[(word,) for word in words[row]] for row in best]


def single(keywords: list[Keyword]) -> list[Keyword]:
    """The first single words of keywords, each once."""
    words = dict.fromkeys(word for keyword in keywords for word in keyword)
    return [(word,) for word in words if word not in stop_words()][:N_KEYWORDS]


def bertopic_keywords(texts: list[str], vectors: np.ndarray) -> list[list[Keyword]]:
    """BERTopic with its defaults; its topic of outliers left out."""
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from umap import UMAP

    umap = UMAP(n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    model = BERTopic(embedding_model=BaseEmbedder(), umap_model=umap).fit(texts, vectors)
    return [
        [cut(word) for word, _ in words if word]
        for topic, words in model.get_topics().items()
        if topic >= 0
    ]


class Encoder:
    """Our embedder, in the shape that turftopic takes."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """Vectors of words."""
        return topics.embed(texts, progress=False)


def keynmf_keywords(texts: list[str], vectors: np.ndarray, n: int) -> list[list[Keyword]]:
    """KeyNMF with its defaults and `n` topics; none without turftopic."""
    try:
        from turftopic import KeyNMF
    except ImportError:
        print("KeyNMF: turftopic is not installed, left out", file=sys.stderr)
        return []
    model = KeyNMF(n, encoder=Encoder(), random_state=0)
    model.fit_transform(texts, embeddings=vectors)
    return [[cut(word) for word, _ in words] for _, words in model.get_topics(N_KEYWORDS)]


def npmi(one: np.ndarray, other: np.ndarray) -> float:
    """Normalised pointwise mutual information of two keywords, by the texts that hold each."""
    both = np.mean(one & other)
    if both in (0.0, 1.0):
        return 2 * both - 1
    return float(np.log(both / (one.mean() * other.mean())) / -np.log(both))


def coherence(topic: list[Keyword], texts: list[str]) -> float:
    """Mean NPMI of the pairs of a topic's keywords; `texts` are cut, between blanks."""
    held = [np.array([f" {' '.join(keyword)} " in text for text in texts]) for keyword in topic]
    return float(np.mean([npmi(*pair) for pair in combinations(held, 2)]))


def rows(texts: list[str], vectors: np.ndarray) -> Iterator[tuple[str, list[list[Keyword]]]]:
    """Each method and the keywords of its topics."""
    labels = ours(texts, vectors, 0)
    own = own_keywords(texts, labels)
    yield "ours", own
    yield "ours, words", [single(topic) for topic in own]
    yield "class TF-IDF", class_tfidf(texts, labels)
    yield "BERTopic", bertopic_keywords(texts, vectors)
    yield "KeyNMF", keynmf_keywords(texts, vectors, len(own))


def main() -> None:
    """Print one row a corpus and method."""
    warnings.simplefilter("ignore")
    print(
        f"{'corpus':<14}{'method':<13}{'texts':>6}{'topics':>7}{'NPMI':>8}{'diversity':>11}{'product':>9}"
    )
    for name, all_texts, all_vectors, _ in corpora():
        step = -(-len(all_texts) // MAX_TEXTS)
        texts, vectors = all_texts[::step], all_vectors[::step]
        spaced = [f" {' '.join(cut(text))} " for text in texts]
        for method, found in rows(texts, vectors):
            if not found:
                continue
            tops = [topic[:N_KEYWORDS] for topic in found]
            mean = np.mean([coherence(topic, spaced) for topic in tops if len(topic) > 1])
            flat = [keyword for topic in tops for keyword in topic]
            diversity = len(set(flat)) / len(flat)
            print(f"{name:<14}{method:<13}{len(texts):>6}{len(tops):>7}{mean:>8.3f}{diversity:>11.2f}"
                  f"{mean * diversity:>9.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
