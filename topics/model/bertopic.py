"""The door to BERTopic: our labels in a model of its own kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from bertopic import BERTopic

    from topics.model.graph import Embed


def as_bertopic(
    texts: list[str], vectors: np.ndarray, themes: pd.Series, names: dict[str, str], embed: Embed
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

    sizes = themes.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    labels = themes.map({theme: i for i, theme in enumerate(sizes.index)}).fillna(-1)
    model = BERTopic(
        embedding_model=Backend(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=CountVectorizer(stop_words=sorted(stop_words()), ngram_range=(1, 2)),
        ctfidf_model=ClassTfidfTransformer(),
        calculate_probabilities=False,
    ).fit(texts, embeddings=vectors, y=labels.astype(int).tolist())
    # BERTopic renumbers topics of one size as it likes: read off what it made of each label.
    made = dict(zip(model.topics_, themes.map(names), strict=True))
    model.set_topic_labels({topic: name for topic, name in made.items() if topic >= 0})
    return model
