"""Office files, books and mail: bytes in, fields and text out; nothing is fetched or executed."""

from __future__ import annotations

import email.policy
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from lxml import etree

from topics.errors import UnreadableError
from topics.read.files import ARTICLE_LIMIT, MB, Record, decode
from topics.read.pages import plain_html

_MAX_ENTRIES = 10_000  # of an archive
# Headers of a message and of its parts that are parsed, by email's own parser: 8 s each 100 KB.
_PARSED = re.compile(rb"(?im)^(?:content-(?:type|disposition)|from|subject):.*(?:\n[ \t].*)*")
_MAX_PARSED = 100 * 1024  # bytes
_MAX_UNPACKED = 1024 * MB
_MAX_RATIO = 100  # of unpacked to packed bytes; text reaches 10, the XML of office files 50
DOCX, ODT, EPUB = "word/document.xml", "content.xml", "META-INF/container.xml"  # their main parts
_MAIN_PARTS = {DOCX: ".docx", "xl/workbook.xml": ".xlsx", ODT: ".odt", EPUB: ".epub"}
_BLOCKS = frozenset("p h br cr line-break".split())
_SPACES = frozenset("tab s".split())
# Old versions and notes on a text are not the text; a Fallback says again what stands before it.
_NO_TEXT = "Fallback delText instrText annotation tracked-changes".split()


def archive_kind(content: bytes | Path) -> str:
    """Extension of what a zip archive is: ``.docx``, ``.xlsx``, ``.odt``, ``.epub`` or ``.zip``.

    Raises
    ------
    UnreadableError
        If it is damaged, encrypted, or grows beyond the limits when unpacked.
    """
    with open_archive(content) as archive:
        names = set(archive.namelist())
    return next((kind for part, kind in _MAIN_PARTS.items() if part in names), ".zip")


def open_archive(content: bytes | Path) -> zipfile.ZipFile:
    """A zip archive that may be unpacked: not encrypted, and within limits.

    Raises
    ------
    UnreadableError
        With the reason, if it may not.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content) if isinstance(content, bytes) else content)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise UnreadableError(f"not a whole zip archive: {error}; save it again") from error
    entries = archive.infolist()
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > _MAX_ENTRIES:
        raise UnreadableError(f"{len(entries):,} files in it; at most {_MAX_ENTRIES:,}: split it")
    if size > _MAX_UNPACKED or (size > ARTICLE_LIMIT and size > _MAX_RATIO * packed):
        times = size // max(packed, 1)
        raise UnreadableError(f"unpacks to {size // MB:,} MB, {times} times its size")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableError("encrypted; save it without a password")
    return archive


def unpack(path: Path, folder: Path) -> None:
    """Write the files of an archive to a folder, never outside of it.

    Raises
    ------
    UnreadableError
        If it may not be unpacked, or is damaged.
    """
    with open_archive(path) as archive:
        if len(set(archive.namelist())) < len(archive.namelist()):
            raise UnreadableError("two files of one name in it; pack it again")
        try:
            archive.extractall(folder)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableError(f"damaged archive: {error}") from error


def read_xml(content: bytes, text: str, about: str) -> Record:
    """Title, author and text of an office document, by the names of their files in its archive.

    Macros are not looked at.
    """
    with open_archive(content) as archive:
        return _dublin_core(archive, about) | {"text": _xml_text(_part(archive, text))}


def read_epub(content: bytes) -> Record:
    """Title, author and text of a book, its pages in the order of reading."""
    with open_archive(content) as archive:
        container = _part(archive, EPUB)
        path = next(node.get("full-path", "") for node in container.iter("{*}rootfile"))
        package = _part(archive, path)
        files = {node.get("id"): node.get("href", "") for node in package.iter("{*}item")}
        order = [files.get(node.get("idref"), "") for node in package.iter("{*}itemref")]
        names = ((Path(path).parent / name).as_posix() for name in order)
        known = set(archive.namelist())
        pages = [plain_html(decode(archive.read(name))) for name in names if name in known]
        return _dublin_core(archive, path) | {"text": "\n".join(pages)}


def _part(archive: zipfile.ZipFile, name: str) -> Any:
    """Root of an XML file in an archive. A document type, which could hold entities, is refused."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    tree = etree.fromstring(archive.read(name), parser).getroottree()
    if tree.docinfo.doctype:
        raise UnreadableError(f"{name} declares a document type, as no office program writes it")
    return tree.getroot()


def _dublin_core(archive: zipfile.ZipFile, name: str) -> Record:
    """Title, author, language and publisher from a file's properties.

    Their dates say when the file was made, not when the text was published.
    """
    if name not in archive.namelist():
        return {}
    fields = {"title": "title", "author": "creator", "language": "language", "source": "publisher"}
    root = _part(archive, name)
    found = {field: root.find(f".//{{*}}{element}") for field, element in fields.items()}
    return {field: node.text for field, node in found.items() if node is not None and node.text}


def _xml_text(root: Any) -> str:
    """Text of an office document, a line for each paragraph."""
    etree.strip_elements(root, *(f"{{*}}{name}" for name in _NO_TEXT), with_tail=False)
    parts: list[str] = []
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = etree.QName(node).localname if isinstance(node.tag, str) else ""
        if event == "start":
            parts += ["\n" if name in _BLOCKS else "\t" if name in _SPACES else "", node.text or ""]
        else:
            parts += ["\n" if name == "p" else "", node.tail or ""]
    return "".join(parts)


def read_rtf(content: bytes) -> Record:
    """Text of an RTF file, a line for each cell of a table; pictures and objects are left out."""
    from striprtf.striprtf import rtf_to_text

    text = rtf_to_text(content.decode("cp1252", "replace"), errors="replace")
    if not text.strip():
        raise UnreadableError("no text in the RTF file")
    cells = (line.replace("|", "\n") if line.endswith("|") else line for line in text.split("\n"))
    return {"text": "\n".join(cells)}


def read_message(content: bytes) -> tuple[Record, str, int]:
    """Fields and text of a message, its HTML, and the number of its attachments."""
    lines = content.splitlines()
    if b"" not in lines or sum(map(len, _PARSED.findall(b"\n".join(lines)))) > _MAX_PARSED:
        raise UnreadableError(f"no text below at most {_MAX_PARSED // 1024} KB of mail header")
    message: Any = email.message_from_bytes(content, policy=email.policy.default)
    senders = getattr(message["from"], "addresses", ())
    fields = {"title": message["subject"], "date": message["date"], "id": message["message-id"]}
    fields["source"] = next((sender.display_name or sender.domain for sender in senders), None)
    fields["url"] = message["snapshot-content-location"]
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    record = {name: str(value).strip() for name, value in fields.items() if value}
    record["text"] = plain.get_content() if plain else ""
    attached = len(list(message.iter_attachments()))
    return record, page.get_content() if page else "", attached


def mailbox_messages(content: bytes) -> list[bytes]:
    """The messages of an mbox file, none of another; "From 2014 on" may begin a paragraph."""
    if not re.match(rb"\s*From ", content):
        return []
    parts = re.split(rb"(?:\A|\r?\n\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[\w-]+:)", content)
    return [re.sub(rb"(?m)^>(>*From )", rb"\1", part) for part in parts[1:]]
