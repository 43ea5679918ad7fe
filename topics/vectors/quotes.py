"""The sentence of a passage to quote."""

from __future__ import annotations

from typing import Any

import numpy as np

from topics.text.passages import Span, sentences
from topics.vectors.encoders import Embedder, embed


def best_sentence(
    text: str, like: np.ndarray, language: Any = "en", embedder: str | Embedder = "minilm"
) -> Span:
    """Start and end of the sentence of a passage that is nearest in meaning to a vector.

    Parameters
    ----------
    text
        The passage; all of it is returned if it has no sentence.
    like
        Unit vector ``(dim,)``, a theme's centroid or a question's, of the same embedder.
    language
        ISO 639-1 code; a missing one is taken for English.
    embedder
        As for `embed`.

    Examples
    --------
    >>> class Letters:
    ...     name = "counts of a and b"
    ...     def encode(self, texts):
    ...         return np.array([[text.count("a"), text.count("b")] for text in texts])
    >>> best_sentence("A bad day. Bob bobs.", np.array([0.0, 1.0]), embedder=Letters())
    (11, 20)
    """
    spans = list(sentences(text, language)) or [(0, len(text))]
    if len(spans) == 1:
        return spans[0]
    vectors = embed([text[slice(*span)] for span in spans], embedder, progress=False)
    return spans[int(np.argmax(vectors @ like))]
