"""Texts to unit vectors: the multilingual encoder that comes with the package, or another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from topics import cache
from topics.checks import checked_texts, unit_rows
from topics.errors import InputError, progress_bar
from topics.parallel import broadcast, map_parts
from topics.read.files import replace_surrogates
from topics.text.passages import Span, sentences
from topics.vectors.multilingual import LANGUAGES, MultilingualEncoder
from topics.vectors.store import VectorStore, text_key

if TYPE_CHECKING:
    from distributed import Client

_BATCH, _TASK = 4096, 64  # passages read at once, here and by a worker of a cluster


class Embedder(Protocol):
    """Anything that turns texts into vectors; `name` tells its vectors apart in the cache."""

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of `texts`, shape ``(len(texts), dim)``; rows need not be unit length."""


def embed(
    texts: Sequence[str],
    embedder: str | Embedder = "multilingual",
    *,
    progress: bool = True,
    client: Client | None = None,
) -> np.ndarray:
    """Embed texts, reading from the cache what was embedded before.

    Parameters
    ----------
    texts
        What to embed.
    embedder
        ``"multilingual"`` (bundled), ``"minilm"`` (English; the extra ``fastembed``), the name
        of a fastembed model (fetched over the network; it reads as much of a text as its window
        holds), or any object with `name` and `encode`.
    progress
        Show a progress bar while texts are embedded.
    client
        A `dask.distributed.Client` whose workers embed, with this package installed; what is
        cached is read and written here. Vectors are the same to the byte if the CPUs are. An
        embedder of your own is pickled by the client and sent to each worker once.

    Returns
    -------
    np.ndarray
        float32 ``(len(texts), dim)``, unit rows.

    Raises
    ------
    InputError
        If the embedder is not known, or a bundled file does not match its checksum.

    Examples
    --------
    >>> class Letters:
    ...     name = "counts of a and b"
    ...     def encode(self, texts):
    ...         return np.array([[text.count("a"), text.count("b")] for text in texts])
    >>> embed(["aaa", "b"], Letters(), progress=False).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    limit = cache.cache_limit()
    texts = checked_texts(texts)
    if not texts:
        return np.zeros((0, model.encode(["."]).shape[1]), dtype=np.float32)
    folder = cache.cache_dir() / "vectors" / cache.digest(model.name)[:24]
    store = VectorStore(folder / "vectors.sqlite")
    keys = [text_key(text) for text in texts]
    text_of = dict(zip(keys, texts, strict=True))  # each text once
    row_of = dict(zip(text_of, range(len(text_of)), strict=True))
    known = store.read(list(text_of))
    cache.touch(folder)
    vectors = np.empty((0, 0), np.float32)

    def place(part: Iterable[bytes], block: np.ndarray) -> None:
        nonlocal vectors
        vectors = vectors if vectors.size else np.empty((len(row_of), block.shape[1]), np.float32)
        vectors[[row_of[key] for key in part]] = block

    if known:
        place(known, np.array(list(known.values())))
    new = [key for key in text_of if key not in known]
    size = _BATCH if client is None else _TASK
    blocks = _encoded([text_of[key] for key in new], size, embedder, client, progress)
    for start in range(0, len(new), _BATCH):  # saved: an interrupted run loses few
        part = new[start : start + _BATCH]
        block = np.concatenate(list(islice(blocks, -(-len(part) // size))))
        place(part, block)
        store.write(part, block)
    if new:
        cache.trim(limit)
    return vectors if len(vectors) == len(keys) else vectors[[row_of[key] for key in keys]]


def _encoded(
    texts: list[str], size: int, embedder: str | Embedder, client: Client | None, progress: bool
) -> Iterator[np.ndarray]:
    """Vectors of texts, batch by batch."""
    batches = (texts[start : start + size] for start in range(0, len(texts), size))
    model = embedder if isinstance(embedder, str) else broadcast(embedder, client)
    about = {"desc": "embedding", "unit": "passage", "disable": not progress}
    with progress_bar(total=len(texts), **about) as bar:
        for block in map_parts(encode, batches, model, client=client):
            bar.update(len(block))
            yield block


def encode(texts: Sequence[str], embedder: str | Embedder) -> np.ndarray:
    """Vectors as `embed` makes them, past the cache: for a few short texts."""
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    block = np.array(model.encode([replace_surrogates(text) for text in texts]), dtype=np.float32)
    block[~block.any(axis=-1)] = 1.0  # of a text without a known token: all alike
    try:
        block = unit_rows(block, len(texts))
    except InputError as error:
        raise InputError(f"embedder {model.name}: {error}") from error
    return block / np.linalg.norm(block, axis=1, keepdims=True)  # to the last digit


def best_sentence(
    text: str, like: np.ndarray, language: Any = "en", embedder: str | Embedder = "multilingual"
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
    vectors = encode([text[slice(*span)] for span in spans], embedder)
    return spans[int(np.argmax(vectors @ like))]


@lru_cache(maxsize=4)
def load_embedder(name: str) -> Embedder:
    """The embedder called `name`: ``multilingual``, ``minilm``, or the name of a fastembed model.

    Raises
    ------
    InputError
        If no such model exists, or it cannot be loaded.
    """
    if name == "multilingual":
        return MultilingualEncoder()
    try:
        from topics.vectors.transformers import load_transformer
    except ImportError as error:
        raise InputError(
            f"embedder: {name!r} needs the extra fastembed ({error}); install it with "
            "pip install topics[fastembed], or leave --embedder out for the multilingual encoder"
        ) from error
    return load_transformer(name)


def languages_read(embedder: str | Embedder) -> frozenset[str] | None:
    """ISO 639-1 codes of the languages that a bundled embedder reads; None if that is not known."""
    bundled = {"multilingual": LANGUAGES, "minilm": frozenset(["en"])}
    return bundled.get(embedder) if isinstance(embedder, str) else None
