"""Files: found, unpacked and decoded, within limits of size."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from topics.cache import digest, file_digest
from topics.errors import InputError, UnreadableError

Record = dict[str, Any]  # a document as its file has it: values by the names of fields
MB = 2**20
ARTICLE_LIMIT = 20 * MB  # bytes; a longer file is no article
LINE_LIMIT = 20 * MB  # characters; and a longer line no row of a table
UNPACKED_LIMIT = 4096 * MB  # characters; a packed table may not grow beyond this
# A folder that has them holds a report, not articles: by default it is written where one stands.
_REPORT = {"documents.parquet", "passages.parquet", "assignments.parquet"}
_SAMPLE = 65536  # bytes that tell an encoding
# Encodings that differ in few letters, by language; cp1252 is that of any other in Latin letters.
_LATIN = {"az": "cp1254", "tr": "cp1254", "lt": "cp1257", "lv": "cp1257"}
_LATIN |= dict.fromkeys("bs cs hr hu pl ro sk sl sq".split(), "cp1250")
_OTHER_LETTERS = (
    "cp1251 koi8_r cp1253 cp1255 cp1256 cp874 gb18030 big5 shift_jis euc_jp euc_kr".split()
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


def as_path(path: str | Path) -> Path:
    """The path of an input; raise InputError if none was given.

    >>> as_path("articles").name
    'articles'
    """
    if not isinstance(path, str | os.PathLike) or not str(path):  # empty is the working directory
        raise InputError(f"input: expected the path of a file or a folder, found {path!r}")
    return Path(path)


def find_files(root: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Files at or below a path in order, hidden ones left out; and other things, with the reason.

    Raises
    ------
    InputError
        If the path does not exist, or nothing is there.

    Examples
    --------
    >>> find_files(Path(__file__))[0] == [Path(__file__)]
    True
    """
    if os.path.isfile(root):  # Path.is_file raises where a name is too long
        return [root], []
    if not os.path.isdir(root):
        raise InputError(f"input: expected a file or a folder, {str(root)!r} does not exist")
    files, folders, skipped = list[Path](), [root], list[tuple[Path, str]]()
    while folders:  # os.walk recurses in Python 3.11, and so stops at deep folders
        folder = folders.pop()
        try:
            paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            skipped.append((folder, f"cannot be opened: {error.strerror}"))
            continue
        is_report = folder != root and {path.name for path in paths} >= _REPORT
        for path in [] if is_report else paths:
            if os.path.isfile(path):
                files.append(path)
            elif path.is_symlink():
                skipped.append((path, "a link to a folder or to nothing; not followed"))
            elif path.is_dir():
                folders.append(path)
            else:
                skipped.append((path, "no regular file: a pipe or a device"))
    if not files and not skipped:
        raise InputError(f"input: folder {str(root)!r} holds no files; put articles into it")
    return sorted(files), sorted(skipped)


def split_suffix(path: Path) -> tuple[str, bool]:
    """Extension of a file's name without ``.gz``, and whether it has that (packed with gzip).

    >>> split_suffix(Path("export.CSV.gz"))
    ('.csv', True)
    """
    packed = path.suffix.lower() == ".gz"
    return (path.with_suffix("") if packed else path).suffix.lower(), packed


def read_bytes(path: Path) -> bytes:
    """Content of a file that holds one article, unpacked.

    Raises
    ------
    UnreadableError
        If it cannot be opened or unpacked, is empty, or is larger than an article.

    Examples
    --------
    >>> read_bytes(Path(__file__))[3:8]
    b'Files'
    """
    with opened(path) as stream:
        content = stream.read(ARTICLE_LIMIT + 1)
    if len(content) > ARTICLE_LIMIT:
        raise UnreadableError(
            f"more than {ARTICLE_LIMIT // MB} MB, too long for one article; split it"
        )
    if not content.strip():
        raise UnreadableError("the file is empty")
    return content


def read_lines(path: Path) -> Iterator[str | None]:
    """Lines of a table, decoded one at a time; None for a line over the limit.

    Raises
    ------
    UnreadableError
        While iterating, where the rest of the file cannot be read; lines before that are good.
    """
    size, starts = 0, True
    with opened(path) as stream:
        encoding, errors = _encoding(stream.peek(_SAMPLE)[:_SAMPLE])
        text = io.TextIOWrapper(stream, encoding, errors, newline="")
        while line := text.readline(LINE_LIMIT):
            size += len(line)
            if size > UNPACKED_LIMIT and split_suffix(path)[1]:
                raise UnreadableError(f"unpacks to more than {UNPACKED_LIMIT // MB // 1024} GB")
            ended = len(line) < LINE_LIMIT or line.endswith("\n")
            if starts:  # else it is the rest of a line that was too long
                yield line.replace("\0", "") if ended else None
            starts = ended


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """The bytes of a file, unpacked if it is packed.

    Raises
    ------
    UnreadableError
        Here and while reading, if it cannot be opened or unpacked.

    Examples
    --------
    >>> with opened(Path(__file__)) as stream:
    ...     stream.read(8)
    b'\"\"\"Files'
    """
    try:
        with gzip.open(path) if split_suffix(path)[1] else path.open("rb", _SAMPLE) as stream:
            yield cast(io.BufferedReader, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"not a whole gzip file: {error}") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error


def decode(content: bytes) -> str:
    """Text of `content`: as UTF-8, as UTF-16 with a byte-order mark, or in a legacy encoding.

    Raises
    ------
    UnreadableError
        If the content looks binary.

    Examples
    --------
    >>> decode("Łódź jest piękna.".encode("cp1250"))
    'Łódź jest piękna.'
    """
    return content.decode(*_encoding(content[:_SAMPLE])).replace("\0", "")


def _stray(error: Any) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 within a text that is."""
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("topics-stray", _stray)


def _encoding(sample: bytes) -> tuple[str, str]:
    """Encoding of a file that begins with `sample`, and the handler of bytes wrong in it."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "replace"
    if len(sample) - len(sample.translate(None, _CONTROL)) > 0.05 * len(sample):
        raise UnreadableError("binary content, not text")
    # Incrementally, for the sample may have cut its last character.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    if 2 * text.count("\ufffd") <= len(re.findall(r"[^\0-\x7f]", text)):
        return "utf-8-sig", "topics-stray"
    return _legacy_encoding(sample), "replace"


def _legacy_encoding(sample: bytes) -> str:
    """Encoding of text that is not UTF-8: by its bytes, or by its language if in Latin letters."""
    import py3langid
    from charset_normalizer import from_bytes

    if 2 * len(re.findall(rb"[\x80-\xff]", sample)) > len(re.findall(rb"[A-Za-z]", sample)):
        guess = partial(from_bytes, cp_isolation=_OTHER_LETTERS, threshold=0.5)
        # The last character may be cut in the sample.
        found = [guess(sample[: len(sample) - cut]).best() for cut in range(4)]
        best = min(filter(None, found), key=lambda match: match.chaos, default=None)
        return best.encoding if best else "cp1252"
    # cp1254 is cp1252 but for six letters that only Icelandic has
    language = py3langid.classify(sample[:1000].decode("cp1254", "replace"))[0]
    return _LATIN.get(language, "cp1252")


def shown_name(path: Path, root: Path) -> str:
    r"""Path relative to `root` as text; what cannot be stored or shown is escaped.

    >>> shown_name(Path("news/a\nb.txt"), Path("news/other.txt"))
    'a\\nb.txt'
    """
    name = path.relative_to(root if root.is_dir() else root.parent).as_posix()
    name = re.sub(r"[\x00-\x1f\x7f\u2028\u2029\\]", lambda found: repr(found[0])[1:-1], name)
    return name.encode("utf-8", "backslashreplace").decode()


def replace_surrogates(text: str) -> str:
    r"""Text without halves of surrogate pairs, which no file can hold.

    Examples
    --------
    >>> replace_surrogates("quay \ud83d 7")
    'quay ? 7'
    """
    return text.encode("utf-8", "replace").decode()


def files_digest(root: Path) -> str:
    """Digest of the names and contents of the files at or below a path.

    Raises
    ------
    InputError
        If the path does not exist, or nothing is there.
    """
    files, others = find_files(root)
    parts = [f"{shown_name(path, root)}: {reason}" for path, reason in others]
    for file in files:
        parts.append(shown_name(file, root))
        try:
            parts.append(file_digest(file))
        except OSError as error:
            parts.append(str(error))
    return digest(*parts)
