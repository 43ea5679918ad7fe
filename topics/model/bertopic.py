"""The door to BERTopic: our labels in a model of its own kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from bertopic import BERTopic


def as_bertopic(
    texts: list[str],
    vectors: np.ndarray,
    themes: pd.Series,
    names: dict[str, str],
    embed: Callable[[Sequence[str]], np.ndarray],
) -> BERTopic:
    """Fit a BERTopic to given labels (its manual topic modelling), with our names as labels.

    Its tables, drawings, `hierarchical_topics`, `save` (as safetensors) and representation
    models work on it. With pandas 3, `topics_over_time` of BERTopic 0.17.4 refuses dates that
    are text: hand it datetimes.

    Parameters
    ----------
    texts, vectors
        The passages and their vectors.
    themes
        Theme of each passage, missing for none.
    names
        Name of each theme.
    embed
        Texts to vectors of the kind that the passages have; for search terms and keywords.
    """
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    from topics.text.words import stop_words

    class Backend(BaseEmbedder):
        def embed(self, documents: list[str], verbose: bool = False) -> np.ndarray:
            return embed(list(documents))

    sizes = themes.value_counts()
    ranked = sorted(sizes.index, key=lambda theme: (-sizes[theme], theme))
    number = {theme: i for i, theme in enumerate(ranked)}
    labels = [number.get(theme, -1) for theme in themes]
    model = BERTopic(
        embedding_model=Backend(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=CountVectorizer(stop_words=sorted(stop_words()), ngram_range=(1, 2)),
        ctfidf_model=ClassTfidfTransformer(),
        calculate_probabilities=False,
    ).fit(texts, embeddings=vectors, y=labels)
    # BERTopic renumbers topics of one size as it likes: read off what it made of each label.
    made = {
        topic: names[theme]
        for topic, theme in zip(model.topics_, themes, strict=True)
        if theme in number
    }
    model.set_topic_labels(made)
    return model
