"""A cache on disk, addressed by content: what was computed once is read back, never guessed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """Folder of the cache: ``$TOPICS_CACHE`` if set, else the user's cache folder."""
    return Path(os.environ.get("TOPICS_CACHE") or user_cache_path("topics"))


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the parts in order, as 64 hexadecimal digits; no two lists of parts collide."""
    sha = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        sha.update(len(raw).to_bytes(8, "big"))
        sha.update(raw)
    return sha.hexdigest()


def storable(text: str) -> str:
    """Text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


@cache
def code_digest() -> str:
    """Digest of this package's own source: results of other code are never reused."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return digest(*(source.read_bytes() for source in sources))


@contextmanager
def written_atomically(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; move it there when the block ends without error.

    A reader sees the whole file or folder, or none. If another process made the target
    meanwhile, its content is the same by construction and is kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        yield folder / target.name
        try:
            os.replace(folder / target.name, target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
