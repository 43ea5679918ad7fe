"""A cache on disk, addressed by content: what was computed once is read back, never guessed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from topics.errors import InputError

# Folders, and where in them entries are
KINDS = {"cells": "*", "runs": "*", "vectors": "*/*", "models": "*"}
# Names that this package gives: other files in these folders are not ours to delete.
_OURS = re.compile(r"(static-)?[0-9a-f]{16,24}(\.npy|\.npz|\.json)?|\.part-\w{8}")
_ABANDONED = 86_400  # seconds after which a part is one that a killed process left behind


def cache_dir() -> Path:
    """Folder of the cache: ``$TOPICS_CACHE`` if set, else the user's cache folder."""
    return Path(os.environ.get("TOPICS_CACHE") or user_cache_path("topics"))


def cache_limit() -> float:
    """Most bytes that the cache may keep: ``$TOPICS_CACHE_LIMIT`` in GB, 10 if not set."""
    given = os.environ.get("TOPICS_CACHE_LIMIT") or "10"
    try:
        return float(given) * 1e9
    except ValueError:
        raise InputError(f"TOPICS_CACHE_LIMIT: expected a number of GB, got {given!r}") from None


def log(text: str) -> None:
    """Tell the user one line, apart from what is printed as result."""
    # JupyterLab shows what comes on stderr as if it were a fault.
    in_kernel = type(sys.stdout).__module__.startswith("ipykernel")
    print(text, file=sys.stdout if in_kernel else sys.stderr)


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the parts in order, as 64 hexadecimal digits; no two lists of parts collide."""
    sha = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        sha.update(len(raw).to_bytes(8, "big"))
        sha.update(raw)
    return sha.hexdigest()


def replace_surrogates(text: str) -> str:
    """Text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


@cache
def code_digest(folders: str = ". read text vectors model") -> str:
    """Digest of the source in these folders of the package: results of other code are not reused."""
    root = Path(__file__).parent
    sources = sorted(source for name in folders.split() for source in (root / name).glob("*.py"))
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


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> str:
    """Digests of the files in a folder and below, as JSON; ``digests.json`` itself is left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
    found.pop("digests.json", None)
    return json.dumps(found, indent=1)


class Entry:
    """A file or folder of the cache: its bytes, and seconds since it was last written or used."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind, self.path, stats = kind, path, []
        with suppress(OSError):  # deleted meanwhile
            stats = [file.lstat() for file in (path, *path.rglob("*"))]
        self.size = sum(stat.st_size for stat in stats)
        # A time to come, from before the clock was set back, says as little as one long ago.
        self.age = min((abs(time.time() - stat.st_mtime) for stat in stats), default=0.0)


def entries() -> list[Entry]:
    """All that the cache holds, and nothing else that may lie in its folder."""
    found = ((kind, path) for kind in KINDS for path in (cache_dir() / kind).glob(KINDS[kind]))
    return [Entry(kind, path) for kind, path in found if _OURS.fullmatch(path.name)]


def trim(limit: float, keep: Path | None = None) -> None:
    """Delete what was used longest ago until `limit` bytes are left, by kind, in their order above.

    `keep` stays, and so does what a process may still be writing.
    """
    found = entries()
    over = sum(entry.size for entry in found) - limit
    for entry in sorted(found, key=lambda entry: (list(KINDS).index(entry.kind), -entry.age)):
        if entry.path.name.startswith(".part-"):
            if entry.age > _ABANDONED:
                remove(entry.path)
        elif over > 0 and entry.path != keep:
            remove(entry.path)
            over -= entry.size


def touch(path: Path) -> None:
    """Note that a file or folder of the cache was used just now."""
    with suppress(OSError):  # in a cache that can only be read
        os.utime(path)


def remove(path: Path) -> None:
    """Delete a file or folder, if it is there and may be deleted."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        path.unlink()
