"""Vectors kept on disk: one SQLite file for each model, one row for each text."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from topics.errors import log

_TIMEOUT = 60  # seconds to wait while another process writes
_SELECT = "SELECT key, vector, checksum FROM vectors WHERE key IN ({})"
_KEYS_AT_ONCE = 500  # in a query
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, checksum INTEGER)"


def text_key(text: str) -> bytes:
    """Key of a text's vector: the SHA-256 of the text, 32 bytes.

    Examples
    --------
    >>> text_key("quay").hex()[:8]
    '33888e30'
    """
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


class VectorStore:
    """Vectors by key in one file; several processes may read and write at once.

    Each row has a checksum: a damaged row counts as missing, and a damaged file is deleted. Both
    are told in one line. So is what keeps vectors from being read or written, such as a full disk.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> store, key = VectorStore(Path(mkdtemp(), "vectors.sqlite")), text_key("quay")
    >>> store.write([key], np.array([[0.0, 1.0]], dtype=np.float32))
    >>> store.read([key, text_key("crane")])[key].tolist()
    [0.0, 1.0]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = zlib.crc32(path.parent.name.encode())  # another model's file is damaged
        self._is_usable = True

    def read(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors that are known, by key."""
        if not self.path.is_file():
            return {}
        rows: list[tuple[bytes, bytes, int]] = []
        try:
            with self._connection() as database:
                for start in range(0, len(keys), _KEYS_AT_ONCE):
                    part = keys[start : start + _KEYS_AT_ONCE]
                    rows += database.execute(_SELECT.format(",".join("?" * len(part))), part)
            found = {key: vector for key, vector, sum_ in rows if self._sum(key + vector) == sum_}
        except (sqlite3.Error, TypeError) as error:  # TypeError: the row of a damaged file
            self._report(error, "read")
            return {}
        if len(found) < len(rows):
            log(f"cache: damaged vectors in {self.path} are made again: {len(rows) - len(found)}")
        return {key: np.frombuffer(vector, np.float32) for key, vector in found.items()}

    def write(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Add vectors ``(n, dim)``, all or none; after a full disk or the like, none."""
        if not self._is_usable:
            return
        pairs = ((key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
        rows = ((key, vector, self._sum(key + vector)) for key, vector in pairs)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._connection() as database:
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError) as error:
            self._report(error, "written")

    def _sum(self, row: bytes) -> int:
        return zlib.crc32(row, self._start)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The database in one transaction, which is committed at the end."""
        with closing(sqlite3.connect(self.path, timeout=_TIMEOUT)) as database, database:
            database.text_factory = bytes  # of a damaged row
            database.execute("PRAGMA page_size = 65536")  # bytes, of a new file
            database.execute("PRAGMA cache_size = -65536")  # KiB, so that the index stays in memory
            database.execute(_TABLE)
            database.execute("BEGIN")
            yield database

    def _report(self, error: Exception, done: str) -> None:
        """Tell what went wrong, and delete a damaged file."""
        outside = isinstance(error, OSError | sqlite3.OperationalError)  # disk full, locked, …
        if outside and getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
            self._is_usable = False
            log(f"vectors are not cached, {self.path} cannot be {done}: {error}")
        else:
            log(f"cache: {self.path} is damaged ({error}), its vectors are made again")
            self.path.unlink(missing_ok=True)
