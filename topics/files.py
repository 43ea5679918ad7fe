"""Files found and opened: what is there, how it is unpacked and decoded, and the limits to both."""

from __future__ import annotations

import gzip
import io
import math
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import AnyStr, cast

from topics.errors import InputError, UnreadableError

MB = 2**20
ARTICLE_LIMIT = 20 * MB  # bytes; a longer file is no article
LINE_LIMIT = 20 * MB  # and a longer line no row of a table
UNPACKED_LIMIT = 4096 * MB  # a packed table may not grow beyond this
# Those that a legacy article is likely to be in; closely related ones only confuse the guess.
_LEGACY = ["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256",
           "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"]  # fmt: skip
_LATIN = ("cp1250", "cp1254")  # of Latin letters, and so taken for cp1252 and it for them
_WESTERN = frozenset("en fr de es it pt nl sv da no nb nn fi is ca gl eu ga".split())
_SAMPLE = 65536  # bytes that tell an encoding
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
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
        raise InputError(f"input: wanted a file or a folder, {str(root)!r} does not exist")
    found: list[Path] = []
    others: list[tuple[Path, str]] = []

    todo = [root]
    while todo:  # not os.walk, which recurses and so stops at deep folders
        folder = todo.pop()
        try:
            entries = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
        except OSError as error:
            others.append((folder, f"cannot be opened: {error.strerror}"))
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                todo.append(path)
            elif os.path.isfile(path):
                found.append(path)
            elif entry.is_symlink():
                others.append((path, "a link to a folder or to nothing; not followed"))
            else:
                others.append((path, "no regular file: a pipe or a device"))
    if not found and not others:
        raise InputError(f"input: folder {str(root)!r} holds no files; put articles into it")
    return sorted(found), sorted(others)


def split_suffix(path: Path) -> tuple[str, bool]:
    """Format of a file by its name (``.csv``), and whether it is packed with gzip."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    if packed:
        suffixes.pop()
    return (suffixes[-1] if suffixes else ""), packed


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
    packed = split_suffix(path)[1]
    with _opened(path) as stream:
        if stream.peek(2)[:2] in _BYTE_ORDER_MARKS:
            text = io.TextIOWrapper(stream, "utf-16", errors="replace", newline="\n")
            for wide in _bounded(text.readline, "\n", packed):
                yield wide and wide.replace("\0", "")
            return
        legacy, first = "", True
        for line in _bounded(stream.readline, b"\n", packed):
            if first:
                _refuse_binary((line or b"") + stream.peek(_SAMPLE))
                line, first = line and line.removeprefix(b"\xef\xbb\xbf"), False
            if line and not legacy and not _is_utf8(line):
                legacy = _likely_encoding(_not_utf8(line + stream.peek(_SAMPLE)))
            yield line if line is None else _decode_line(line, legacy)


def _bounded(
    readline: Callable[[int], AnyStr], end: AnyStr, packed: bool
) -> Iterator[AnyStr | None]:
    """Lines, None for one above the limit, up to the limit of what is unpacked."""
    size, most = 0, UNPACKED_LIMIT if packed else math.inf
    while line := readline(LINE_LIMIT):
        whole = len(line) < LINE_LIMIT or line.endswith(end)
        while line and not line.endswith(end) and not whole and size <= most:
            size += len(line)
            line = readline(LINE_LIMIT)
        yield line if whole else None
        size += len(line)
        if size > most:
            raise UnreadableError(f"unpacks to more than {UNPACKED_LIMIT // MB // 1024} GB")


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """The file, unpacked if it is packed; what goes wrong with it is a reason."""
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(path.open("rb", buffering=_SAMPLE))
            if split_suffix(path)[1]:
                # With a buffer of its own, so that what stands before damage is not lost.
                yield cast(io.BufferedReader, stack.enter_context(gzip.GzipFile(fileobj=stream)))
            else:
                yield cast(io.BufferedReader, stream)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableError(f"not a whole gzip file: {error}") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error


def decode(content: bytes) -> str:
    """Text of `content`: UTF-8 or marked UTF-16, line by line in a legacy encoding where it is none.

    Raises
    ------
    UnreadableError
        If the content looks binary.
    """
    if content[:2] in _BYTE_ORDER_MARKS:
        return content.decode("utf-16", "replace").replace("\0", "")
    _refuse_binary(content)
    content = content.removeprefix(b"\xef\xbb\xbf")
    wrong = _not_utf8(content)
    legacy = _likely_encoding(wrong) if wrong else ""
    return "\n".join(_decode_line(line, legacy) for line in content.split(b"\n"))


def _refuse_binary(content: bytes) -> None:
    sample = content[:65536]
    if len(sample) - len(sample.translate(None, _CONTROL)) > 0.05 * len(sample):
        raise UnreadableError("binary content, not text")


def _not_utf8(content: bytes) -> bytes:
    """The lines that are in another encoding."""
    return b"\n".join(line for line in content.split(b"\n") if not _is_utf8(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decode_line(line: bytes, legacy: str) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode(legacy, "replace")
    return text.replace("\0", "")


def _likely_encoding(sample: bytes) -> str:
    """The likeliest encoding of lines that are not UTF-8; Western unless much speaks against it."""
    import py3langid
    from charset_normalizer import from_bytes

    sample = sample[:_SAMPLE]
    words = b" ".join(re.findall(rb"[^\s,;]*[\x80-\xff][^\s,;]*", sample))
    guesses = (from_bytes(part, cp_isolation=_LEGACY).best() for part in (sample, words))
    best = next(filter(None, guesses), None)
    if best is None:
        return "cp1252"
    marked = len(re.findall(rb"[\x80-\xff]", sample))
    if 2 * marked > len(re.findall(rb"[A-Za-z]", sample)) or best.encoding in _LATIN:
        western = py3langid.classify(sample[:1000].decode("cp1252", "replace"))[0] in _WESTERN
        return "cp1252" if western and best.encoding in _LATIN else best.encoding
    return "cp1252"


def shown_name(path: Path, root: Path) -> str:
    """Path below `root` as text that can be stored and shown: the rest escaped."""
    name = path.relative_to(root if root.is_dir() else root.parent).as_posix()
    name = re.sub(r"[\x00-\x1f\x7f\u2028\u2029\\]", lambda found: repr(found[0])[1:-1], name)
    return name.encode("utf-8", "backslashreplace").decode()
