"""Files found and opened: what is there, how it is unpacked and decoded, and the limits to both."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from topics.errors import InputError, UnreadableError

MB = 2**20
ARTICLE_LIMIT = 20 * MB  # bytes; a longer file is no article
LINE_LIMIT = 20 * MB  # characters; and a longer line no row of a table
UNPACKED_LIMIT = 4096 * MB  # characters; a packed table may not grow beyond this
_SAMPLE = 65536  # bytes that tell an encoding
# Those that a legacy article is likely to be in; closely related ones only confuse the guess.
_LEGACY = ["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256",
           "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"]  # fmt: skip
_LATIN = ("cp1250", "cp1254")  # of Latin letters, and so taken for cp1252 and it for them
_WESTERN = frozenset("en fr de es it pt nl sv da no nb nn fi is ca gl eu ga".split())
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


def find_files(root: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Files at or below a path, in order, hidden ones left out; and what else is there, and why not.

    Raises
    ------
    InputError
        If the path does not exist, or nothing is there.
    """
    if os.path.isfile(root):  # Path.is_file raises where a name is too long
        return [root], []
    if not os.path.isdir(root):
        raise InputError(f"input: expected a file or a folder, {str(root)!r} does not exist")
    found: list[Path] = []
    others: list[tuple[Path, str]] = []
    todo = [root]
    while todo:  # not os.walk, which recurses and so stops at deep folders
        folder = todo.pop()
        try:
            paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            others.append((folder, f"cannot be opened: {error.strerror}"))
            continue
        for path in paths:
            if os.path.isfile(path):
                found.append(path)
            elif path.is_symlink():
                others.append((path, "a link to a folder or to nothing; not followed"))
            elif path.is_dir():
                todo.append(path)
            else:
                others.append((path, "no regular file: a pipe or a device"))
    if not found and not others:
        raise InputError(f"input: folder {str(root)!r} holds no files; put articles into it")
    return sorted(found), sorted(others)


def split_suffix(path: Path) -> tuple[str, bool]:
    """Format of a file by its name (``.csv``), and whether it is packed with gzip."""
    packed = path.suffix.lower() == ".gz"
    return (path.with_suffix("") if packed else path).suffix.lower(), packed


def read_bytes(path: Path) -> bytes:
    """Content of a file that holds one article, unpacked.

    Raises
    ------
    UnreadableError
        If it cannot be opened or unpacked, is empty or larger than an article.
    """
    with _opened(path) as stream:
        content = stream.read(ARTICLE_LIMIT + 1)
    if len(content) > ARTICLE_LIMIT:
        raise UnreadableError(
            f"more than {ARTICLE_LIMIT // MB} MB, too long for one article; split it"
        )
    if not content.strip():
        raise UnreadableError("the file is empty")
    return content


def read_lines(path: Path) -> Iterator[str | None]:
    """Lines of a table, decoded one by one so that memory stays flat; None for one over the limit.

    Raises
    ------
    UnreadableError
        While iterating, where the file cannot be read on; lines before that are good.
    """
    size, too_long = 0, False
    with _opened(path) as stream:
        encoding, errors = _encoding(stream.peek(_SAMPLE)[:_SAMPLE])
        text = io.TextIOWrapper(stream, encoding, errors, newline="")
        while line := text.readline(LINE_LIMIT):
            size += len(line)
            if size > UNPACKED_LIMIT and split_suffix(path)[1]:
                raise UnreadableError(f"unpacks to more than {UNPACKED_LIMIT // MB // 1024} GB")
            ended = len(line) < LINE_LIMIT or line.endswith("\n")
            if ended:
                yield None if too_long else line.replace("\0", "")
            too_long = not ended
        if too_long:
            yield None


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """The file, unpacked if it is packed; what goes wrong with it is a reason."""
    try:
        packed = split_suffix(path)[1]
        with gzip.open(path) if packed else path.open("rb", _SAMPLE) as stream:
            yield cast(io.BufferedReader, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"not a whole gzip file: {error}") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error


def decode(content: bytes) -> str:
    """Text of `content`: UTF-8, marked UTF-16, or the legacy encoding that its letters speak for.

    Raises
    ------
    UnreadableError
        If the content looks binary.
    """
    return content.decode(*_encoding(content[:_SAMPLE])).replace("\0", "")


def _stray(error: Any) -> tuple[str, int]:
    """Bytes of another encoding in a text that is UTF-8 otherwise."""
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("topics-stray", _stray)


def _encoding(sample: bytes) -> tuple[str, str]:
    """Encoding of what begins like `sample`, and what is done about bytes that are wrong in it."""
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
    """The likeliest encoding of text that is not UTF-8; Western unless much speaks against it."""
    import py3langid
    from charset_normalizer import from_bytes

    words = b" ".join(re.findall(rb"[^\s,;]*[\x80-\xff][^\s,;]*", sample))
    guesses = (from_bytes(part, cp_isolation=_LEGACY).best() for part in (sample, words))
    best = next((guess.encoding for guess in guesses if guess), "cp1252")
    if best in _LATIN:
        language = py3langid.classify(sample[:1000].decode("cp1252", "replace"))[0]
        return "cp1252" if language in _WESTERN else best
    marked = len(re.findall(rb"[\x80-\xff]", sample))
    return best if 2 * marked > len(re.findall(rb"[A-Za-z]", sample)) else "cp1252"


def shown_name(path: Path, root: Path) -> str:
    """Path below `root` as text that can be stored and shown: the rest escaped."""
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
