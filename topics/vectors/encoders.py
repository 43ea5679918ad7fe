"""Texts to unit vectors: the bundled MiniLM, a static model distilled from it, or any fastembed model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from tqdm.auto import tqdm

from topics import cache
from topics.errors import InputError
from topics.parallel import broadcast, map_parts, threads
from topics.read.files import replace_surrogates
from topics.text.minilm import SHA256, TOKENIZER, WEIGHTS, WINDOW, bundled_file, tokenizer
from topics.text.passages import Span, sentences
from topics.vectors.store import VectorStore, text_key

if TYPE_CHECKING:
    from distributed import Client
    from fastembed import TextEmbedding
    from model2vec import StaticModel

_BATCH = 64  # passages between two moves of the progress bar
_SAVED_AT_ONCE = 64 * _BATCH  # passages between two saves: an interrupted run loses few
_MINILM = "sentence-transformers/all-MiniLM-L6-v2"  # tells fastembed how to pool the bundled model
_SETTINGS = {  # that fastembed reads beside the bundled model
    "config.json": {"pad_token_id": 0},
    "special_tokens_map.json": {},
    "tokenizer_config.json": {"model_max_length": WINDOW, "pad_token": "[PAD]"},
}
_UNRELATED = (
    "The choir rehearsed the second movement twice.",
    "Peel the apples and slice them thinly.",
    "Her left knee hurt after the long descent.",
    "The software update failed on older phones.",
    "Glaciers grind the rock beneath them to flour.",
    "The goalkeeper saved both penalties.",
    "He repainted the garden fence in green.",
    "The court adjourned until Thursday morning.",
)


class Embedder(Protocol):
    """Anything that turns texts into vectors; `name` tells its vectors apart in the cache."""

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of `texts`, shape ``(len(texts), dim)``; rows need not be unit length."""


class FastEmbedder:
    """A transformer run by fastembed and onnxruntime.

    Texts go through one at a time, on as many threads as there are cores (one on a worker of
    a cluster): no padding is computed, it is faster here than any batch, and a text's vector never
    depends on its company. On a GPU, with `batch` above one, texts of about the same length go
    through together. The model is loaded when the first text comes.
    """

    def __init__(self, load: Callable[[], TextEmbedding], name: str, batch: int = 1) -> None:
        self._load = load
        self.name = name
        self.batch = batch

    @cached_property
    def model(self) -> TextEmbedding:
        """The model itself."""
        return self._load()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if self.batch > 1:
            order = np.argsort([len(text) for text in texts], kind="stable")
            rows = self.model.embed([texts[i] or " " for i in order], batch_size=self.batch)
            return np.array(list(rows), dtype=np.float32)[np.argsort(order)]
        with ThreadPoolExecutor(threads()) as pool:
            vectors = pool.map(lambda text: next(iter(self.model.embed([text or " "]))), texts)
            return np.array(list(vectors), dtype=np.float32)


class StaticEmbedder:
    """Weighted means of token vectors: thousands of texts a second, no attention to word order."""

    name = f"static-{SHA256[WEIGHTS][:12]}-3"

    @cached_property
    def model(self) -> StaticModel:
        """The model itself, loaded when the first text comes."""
        return _distilled()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self.model.encode(list(texts), max_length=None), dtype=np.float32)


def embed(
    texts: Sequence[str],
    embedder: str | Embedder = "minilm",
    *,
    progress: bool = True,
    client: Client | None = None,
) -> np.ndarray:
    """Embed texts, reading from the cache what was embedded before.

    Parameters
    ----------
    texts
        What to embed. MiniLM reads the first 256 tokens of each; `split_passages` makes
        passages that fit.
    embedder
        ``"minilm"`` (bundled), ``"static"`` (bundled, for large corpora), the name of a
        fastembed model (fetched over the network), or any object with `name` and `encode`.
        ``"minilm:cuda"``, or so with another model's name, runs it on a GPU.
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
    texts = list(texts)
    if not texts:
        return np.zeros((0, model.encode(["."]).shape[1]), dtype=np.float32)
    folder = cache.cache_dir() / "vectors" / cache.digest(model.name)[:24]
    store = VectorStore(folder / "vectors.sqlite")
    keys = [text_key(text) for text in texts]
    text_of = dict(zip(keys, texts, strict=True))  # each text once
    vectors = store.read(list(text_of))
    cache.touch(folder)
    new = [key for key in text_of if key not in vectors]
    blocks = _encoded([text_of[key] for key in new], embedder, client, progress)
    for start in range(0, len(new), _SAVED_AT_ONCE):
        part = new[start : start + _SAVED_AT_ONCE]
        block = np.concatenate(list(islice(blocks, -(-len(part) // _BATCH))))
        vectors.update(zip(part, block, strict=True))
        store.write(part, block)
    if new:
        cache.trim(limit)
    return np.array([vectors[key] for key in keys])


def _encoded(
    texts: list[str], embedder: str | Embedder, client: Client | None, progress: bool
) -> Iterator[np.ndarray]:
    """Vectors of texts, batch by batch."""
    batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
    model = embedder if isinstance(embedder, str) else broadcast(embedder, client)
    with tqdm(total=len(texts), desc="embedding", unit="passage", disable=not progress) as bar:
        for block in map_parts(encode, batches, model, client=client):
            bar.update(len(block))
            yield block


def encode(texts: Sequence[str], embedder: str | Embedder) -> np.ndarray:
    """Vectors as `embed` makes them, past the cache: for a few short texts."""
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    block = np.asarray(model.encode([replace_surrogates(text) for text in texts]), dtype=np.float32)
    block[~block.any(axis=1)] = 1.0  # of a text without a known token: all alike
    return block / np.linalg.norm(block, axis=1, keepdims=True)


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


@lru_cache(maxsize=4)
def load_embedder(name: str) -> Embedder:
    """The embedder called `name`: ``minilm``, ``static``, or the name of a fastembed model.

    With ``:cuda`` after the name the model runs on a GPU, for vectors that differ in the last bits.

    Raises
    ------
    InputError
        If no such model exists, it cannot be loaded, or there is no GPU for it.
    """
    model_name, _, device = name.partition(":")
    if model_name == "static" and not device:
        return StaticEmbedder()
    if device not in ("", "cuda") or model_name == "static":
        raise InputError(f"embedder: only 'cuda' can follow a transformer's name, got {name!r}")
    provider = _provider(device)
    if model_name == "minilm":
        return _minilm(device, provider)
    from fastembed import TextEmbedding

    try:
        model = TextEmbedding(model_name, threads=1, providers=[provider])
    except Exception as error:  # fastembed raises whatever its downloader raised
        raise InputError(
            f"embedder: expected minilm, static or a model fastembed can fetch, got {name!r}: {error}"
        ) from error
    return FastEmbedder(lambda: model, name, _BATCH if device else 1)


def reads_english_only(embedder: str | Embedder) -> bool:
    """Whether other languages mean nothing to an embedder."""
    return isinstance(embedder, str) and embedder.partition(":")[0] in ("minilm", "static")


def _provider(device: str) -> str:
    """What onnxruntime calls the device; it is asked for, since fastembed would take any GPU."""
    if not device:
        return "CPUExecutionProvider"
    from onnxruntime import get_available_providers

    if "CUDAExecutionProvider" not in get_available_providers():
        raise InputError(
            "embedder: onnxruntime finds no GPU here; it needs one, and the package onnxruntime-gpu "
            "in place of onnxruntime"
        )
    return "CUDAExecutionProvider"


def _minilm(device: str = "", provider: str = "CPUExecutionProvider") -> FastEmbedder:
    def load() -> TextEmbedding:
        from fastembed import TextEmbedding

        try:
            with TemporaryDirectory(prefix="topics-") as folder:
                for file in (WEIGHTS, TOKENIZER):
                    Path(folder, Path(file).name).write_bytes(bundled_file(file))
                for file, settings in _SETTINGS.items():
                    Path(folder, file).write_text(json.dumps(settings))
                return TextEmbedding(
                    _MINILM, specific_model_path=folder, threads=1, providers=[provider]
                )
        except OSError as error:
            raise InputError(
                f"embedder: the bundled model cannot be unpacked ({error}); make room in the "
                "folder for temporary files, or name another in TMPDIR"
            ) from error

    name = f"minilm-{SHA256[WEIGHTS][:12]}-{WINDOW}"
    return FastEmbedder(load, f"{name}-{device}" if device else name, _BATCH if device else 1)


def _distilled() -> StaticModel:
    """Token vectors of the bundled model as a model2vec model, made once and cached.

    Each token of the vocabulary is read alone by the transformer; its vector is weighted by
    smooth inverse frequency, its rank standing for its frequency (Tulkens and van Dongen,
    Model2Vec, 2024). What even unrelated sentences share is taken off (Arora et al., "A simple
    but tough-to-beat baseline for sentence embeddings", 2017).
    """
    from model2vec import StaticModel

    minilm, tokens = _minilm(), tokenizer()
    names = [str(tokens.id_to_token(index)) for index in range(tokens.get_vocab_size())]
    # Nearly all are one token, so that batches, unlike those of texts, hold no padding.
    reader = FastEmbedder(lambda: minilm.model, f"{minilm.name}-tokens", _BATCH)
    vectors = embed([name.removeprefix("##") for name in names], reader)
    vectors = vectors - vectors.mean(axis=0)
    rank = np.maximum(np.arange(len(names)) - names.index("the"), 0) + 2.0  # most frequent word
    frequency = (1 / rank) / (1 / rank).sum()
    weights = 1e-4 / (1e-4 + frequency)
    weights[[index for index, token in enumerate(names) if token.startswith("[")]] = 0.0
    model = StaticModel(vectors * weights[:, None], tokens, normalize=True)
    shared = model.encode(list(_UNRELATED)).mean(axis=0)
    shared /= np.linalg.norm(shared)
    vectors -= np.outer(vectors @ shared, shared)
    return StaticModel(vectors * weights[:, None], tokens, normalize=True)
