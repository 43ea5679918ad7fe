"""Exports of news databases: told by their own lines, one record an article."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

import yaml
from lxml import etree, html
from lxml.html.builder import DIV

from topics.read.boilerplate import join_wrapped
from topics.read.fields import date_within, language_code
from topics.read.files import Record

_TABLE = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
_LABELS = {label: name for name, labels in _TABLE["labels"].items() for label in labels.split(", ")}
_CODES = {code: name for name, codes in _TABLE["codes"].items() for code in codes.split()}
_TEXTS = {"lead", "abstract"}
_CODE = re.compile(rf"({'|'.join(_CODES)})(?:\s*[\t|]\s*(.*)|\s{{2,}}(.*)|\s*)")
_LABEL = re.compile(r"([^\W\d][^:]{1,40}?)\s?:(?:\s+(.*)|$)")
_MAX_FAULT_LINES = 12  # of an error page; an article may begin with the same words
_LINES = {name: re.compile(line, re.IGNORECASE) for name, line in _TABLE["lines"].items()}


@dataclass
class Export:
    """Articles of one export.

    Attributes
    ----------
    name
        Of the database.
    records
        One for each article: text, title, date, source, author, language, section, length, url.
    warnings
        What the user must know: a number of articles other than stated, error pages.
    stated
        How many articles the export says that it holds; 0 where it does not.
    """

    name: str
    records: list[Record]
    warnings: list[str] = field(default_factory=list)
    stated: int = 0


@dataclass(frozen=True)
class _Format:
    """How a database writes articles; the values are in exports.yml."""

    name: str
    boundary: str  # pattern of the line between articles
    needs: str  # of a line in an article; a piece without it belongs to the one before
    starts: bool = False  # whether the boundary is an article's first line, not its last
    single: bool = False  # whether one article may stand without a boundary
    wrapped: bool = False  # whether a paragraph may run over lines, up to an empty one
    stated: str = "(?!)"  # of a line that tells the number of articles

    def find(self, part: str, lines: list[str]) -> list[tuple[int, re.Match[str]]]:
        """Lines that are a boundary, that articles need, or that state their number."""
        match = re.compile(getattr(self, part), re.IGNORECASE).fullmatch
        return [(n, found) for n, line in enumerate(lines) if (found := match(line))]


def read_export(text: str) -> Export | None:
    r"""The articles of a database's export; None for any other text.

    Parameters
    ----------
    text
        Lines of a text file, of an office file, or of a page after `with_marks`.

    Examples
    --------
    >>> lines = "The Desk", "May 6, 2025", "Quay shut", "LENGTH: 3 words", "It is shut."
    >>> export = read_export("1 of 1 DOCUMENTS\n\n" + "\n\n".join(lines))
    >>> export.name, export.records[0]["title"], export.records[0]["text"]
    ('LexisNexis', 'Quay shut', 'It is shut.')
    """
    lines = [line.strip() for line in re.split(r"[\n\f\v\x1e]", text)]
    found = [(len(form.find("boundary", lines)) or form.single, form) for form in _FORMATS.values()]
    number, form = max(found, key=itemgetter(0))  # another's mark may be quoted
    if not number or not form.find("needs", lines):
        return None
    return _articles(form, _unwrapped(lines) if form.wrapped else lines)


def with_marks(page: str) -> str:
    """A page that may be an export, with codes before and after known elements; else nothing."""
    lower = page.lower()
    if not any(re.search(mark, lower) for mark in _TABLE["pages"]):
        return ""
    parser = html.HTMLParser(encoding="utf-8")
    tree = html.fromstring(page.encode("utf-8", "replace"), parser=parser)
    for node in [node for node in tree.iter() if isinstance(node.tag, str)]:
        names = f"{node.get('id')} {node.get('class')}".lower().split()
        codes = next((_TABLE["marks"][name] for name in names if name in _TABLE["marks"]), "")
        codes = "XX" if node.tag in {"aside", "footer"} else codes
        if codes and node.getparent() is not None:
            node.addprevious(DIV(codes[:2]))
            node.addnext(DIV(codes[-2:]))
    return html.tostring(tree, encoding="unicode")


def read_factiva_xml(content: bytes) -> Export | None:
    """The articles of Factiva's XML; None for any other content. Entities are not resolved."""
    if b"<ppsarticle" not in content[:100_000]:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(content.lstrip(b"\xef\xbb\xbf"), parser)
    stated = [int(node.get("count", "0")) for node in root.iter("{*}ppsarticleResultSet")]
    records = []
    for article in root.iter("{*}article"):
        values: dict[str, list[str]] = {}
        for node in article:
            name = _TABLE["elements"].get(etree.QName(node).localname)
            parts = [*node.iter("{*}paragraph")] or [node]
            values.setdefault(name or "", []).extend("".join(part.itertext()) for part in parts)
        records.append(_finished(values))
    return Export("Factiva", records, _difference(sum(stated), len(records)), sum(stated))


def _articles(form: _Format, lines: list[str]) -> Export:
    """Articles of an export's lines, with what is odd about them."""
    records, warnings = list[Record](), list[str]()
    for piece in _pieces(form, lines):
        if form.find("needs", piece):
            records.append(_READERS[form.name](piece))
            if not records[-1]["text"]:
                title = records[-1].get("title", "")[:60]
                warnings.append(f"article {len(records)} has no text: {title!r}")
        read = "\n".join(records[-1].values()) if records else ""
        faults = [line for line in piece if _is("fault", line) and line not in read]
        if faults:
            warnings.append(f"an error page after article {len(records)}: {faults[0][:80]!r}")
    stated = _stated(form, lines)
    return Export(form.name, records, warnings + _difference(stated, len(records)), stated)


def _pieces(form: _Format, lines: list[str]) -> Iterator[list[str]]:
    """Lines of each article. A boundary inside a quotation does not split one."""
    edges = [n + (not form.starts) for n, _ in form.find("boundary", lines)]
    piece: list[str] = []
    for start, end in pairwise([*([] if form.starts else [0]), *edges, len(lines)]):
        part = [line for line in lines[start:end] if line]
        fault = len(part) < _MAX_FAULT_LINES and any(_is("fault", line) for line in part[:3])
        if piece and (fault or form.find("needs", part)):
            yield piece
            piece = []
        piece += part
    if piece:
        yield piece


def _stated(form: _Format, lines: list[str]) -> int:
    """How many articles the export says that it holds; 0 if it does not say.

    One that begins at 201 of 500 is a part, and ends where it ends; one that begins at 1 is whole.
    """
    found = [(int(m["first"] or 1), int(m["last"])) for _, m in form.find("stated", lines)]
    if not found:
        return 0
    total = Counter(last for _, last in found).most_common(1)[0][0]
    numbers = [first for first, last in found if last == total]
    return (total if numbers[0] == 1 else max(numbers)) + 1 - numbers[0]


def _difference(stated: int, found: int) -> list[str]:
    told = f"the export states {stated} articles, {found} found; export it again or compare by eye"
    return [told] if stated and stated != found else []


def _unwrapped(lines: list[str]) -> list[str]:
    """A line for each paragraph, where empty lines stand between paragraphs or a label begins one."""
    if "" not in lines[1:-1]:
        return lines
    return join_wrapped(f"\n{line}" if _labelled(line) else line for line in lines)


def _is(kind: str, line: str) -> bool:
    """Whether a line is of a kind that exports.yml describes."""
    return bool(_LINES[kind].fullmatch(line))


def _labelled(line: str) -> tuple[str, str] | None:
    """Field and value of a line such as ``LENGTH: 355 words``."""
    match = _LABEL.match(line.replace("\xa0", " "))
    name = _LABELS.get(match[1].casefold()) if match else None
    return None if match is None or name is None else (name, match[2] or "")


def _footer(lines: list[str]) -> int:
    """Where the lines begin that tell of an article, after its text: most of them bear labels."""
    names = [(_labelled(line) or (None,))[0] for line in lines]
    first = max((n + 1 for n, name in enumerate(names) if name in _TEXTS), default=0)
    total, start = 0, len(lines)
    for n in range(len(lines) - 1, first - 1, -1):
        if names[n] is not None or _is("rights", lines[n]):
            total += 1
            start = n if 2 * total > len(lines) - n else start
    return start


def _read_labelled(lines: list[str], title_first: bool) -> Record:
    """An article whose fields bear labels; source and date may stand above them without."""
    first = next((n for n, line in enumerate(lines) if _labelled(line)), len(lines))
    values, body = _above_labels(lines[:first], title_first), lines[first:]
    start = _text_start(body)
    end, name = start + _footer(body[start:]), ""
    for n, line in enumerate(body):
        label = _labelled(line)
        if label and (n < start or n >= end or label[0] in _TEXTS):
            name, value = label
            values.setdefault(name, []).append(value)
        elif start <= n < end:
            values.setdefault("" if name == "abstract" else "text", []).append(line)
    if len(values.get("source", [])) > 1:  # a label says it, so it does not stand above
        values["title"] += [values["source"].pop(0)] if title_first else []
    values["text"] = values.pop("lead", []) + values.get("text", [])
    return _finished(values)


def _above_labels(lines: list[str], title_first: bool) -> dict[str, list[str]]:
    """Title, source and date, from the lines above the first label."""
    lines = [line for line in lines if not (_is("rights", line) or _is("heading", line))]
    dated = [n for n, line in enumerate(lines) if _date_line(line)]
    if title_first:  # a title may be a date too
        at = dated[-1] if dated else len(lines)
        before = [line for line in lines[:at] if dated or line != "Correction Appended"]
        title, source = before[:-1] or before, before[1:][-1:]
        return {"title": title, "source": source, "date": lines[at : at + 1]}
    at = dated[0] if dated else 1
    title = [line for line in lines[at + bool(dated) :] if not _is("edition", line)]
    return {"title": title, "source": lines[:at], "date": lines[at : at + bool(dated)]}


def _text_start(lines: list[str]) -> int:
    """Where a text begins: after the line Body, or else after the last label of the first run."""
    body = next((n for n, line in enumerate(lines) if _is("body", line)), -1)
    for n, line in enumerate(lines):
        above = _is("heading", line) or (body < 0 and (_labelled(line) or _is("rights", line)))
        if n > body and not above:
            return n
    return len(lines)


def _read_nexis(lines: list[str]) -> Record:
    """An article of Nexis Uni, after the cover page with a list of documents if it has one."""
    names = [(_labelled(line) or ("",))[0] for line in lines]
    head = names.index("length") if "length" in names else len(lines)
    cover = [n for n, line in enumerate(lines[:head]) if _is("cover", line)]
    lines = lines[cover[-1] + 1 if len(cover) > 1 else 0 :]
    ended = [n for n, _ in _FORMATS["Nexis Uni"].find("boundary", lines)]
    if ended[-1:] == [len(lines) - 1]:
        lines.pop()
    about = [n for n, line in enumerate(lines) if _is("classes", line)]
    end = about[0] if about else len(lines)
    return _read_labelled(lines[:end] + list(filter(_labelled, lines[end:])), title_first=True)


def _read_proquest(lines: list[str]) -> Record:
    between = {n for n, _ in _FORMATS["ProQuest"].find("boundary", lines)}
    lines = [line for n, line in enumerate(lines) if n not in between]
    return _read_labelled(lines, title_first=True)


def _date_line(line: str) -> bool:
    """Whether a line is a date, maybe with an hour and an edition."""
    return len(line) < 100 and bool(date_within(line) or _is("dated", line))


def _coded(lines: list[str]) -> dict[str, list[str]]:
    """Lines by field, of lines with Factiva's codes: before the value, or on a line above it."""
    values, name = dict[str, list[str]](), ""
    for line in lines:
        if match := _CODE.fullmatch(line):
            name, line = _CODES[match[1]], match[2] or match[3] or ""
        values.setdefault(name, []).append(line)
    return values


def _read_factiva(lines: list[str]) -> Record:
    """An article of Factiva with codes, or with its fields in a fixed order without them."""
    values = _coded(lines)
    if "source" not in values:
        above = {name: values[name] for name in ("title", "author") if name in values}
        values = _uncoded([line for line in lines if not _CODE.fullmatch(line)]) | above
    return _finished(values)


def _uncoded(lines: list[str]) -> dict[str, list[str]]:
    """Lines by field of an article of Factiva: a count of words, then date and source."""
    count = next((n for n, line in enumerate(lines) if _is("words", line)), 0)
    top, after = lines[:count], lines[count + 1 : -1]
    told = [n for n, line in enumerate(after[:12]) if n > 1 and language_code(line)][:1]
    rights = [n for n, line in enumerate(after[:14]) if n > 1 and _is("rights", line)][:1]
    text = after[max([1, *told, *rights]) + 1 :]
    if len(text) > 1 and len(text[-1]) < 80 and not re.search(r"[.!?:;”\"»\])]$", text[-1]):
        text.pop()  # the publisher
    values = {"length": lines[count : count + 1], "date": after[:1], "source": after[1:2]}
    values["title"] = [max(top[:2], key=len, default="")]
    return values | {"language": [after[n] for n in told], "text": text}


def _read_europresse(lines: list[str]) -> Record:
    """An article of Europresse; above its text, a short line without an end is the author."""
    end = next((n for n, line in enumerate(lines) if re.search(r"^©|\w+·\d{8}·", line)), len(lines))
    values = _coded(lines[:end])
    text, date = list(filter(None, values.get("text", []))), " ".join(values.get("date", []))
    if "body" in values:
        values["author"], values["text"] = text[:1], values["body"]
    elif len(text) > 1 and len(text[0].split()) < 7 and not re.search(r"[\d.!?…»]$", text[0]):
        values["author"], values["text"] = text[:1], text[1:]
    section, comma, _ = date.partition(",")
    return _finished(values | {"section": [section] if comma and not date_within(section) else []})


def _finished(values: dict[str, list[str]]) -> Record:
    """A record of an article's lines by field."""
    record = {name: " ".join(" ".join(lines).split()) for name, lines in values.items() if name}
    paragraphs = (" ".join(line.split()) for line in values.get("text", []))
    record["text"] = "\n\n".join(line for line in paragraphs if line)
    for name, pattern in _TABLE["trimmed"].items():
        record[name] = re.sub(pattern, "", record.get(name, ""), flags=re.IGNORECASE)
    record["date"] = date_within(record.get("date", "")) or record.get("date", "")
    record["language"] = language_code(record.get("language", "")) or ""
    return {name: value for name, value in record.items() if value or name == "text"}


_FORMATS = {form["name"]: _Format(**form) for form in _TABLE["formats"]}
_READERS: dict[str, Callable[[list[str]], Record]] = {
    "Nexis Uni": _read_nexis,
    "LexisNexis": lambda lines: _read_labelled(lines[1:], title_first=False),
    "Europresse": _read_europresse,
    "Factiva": _read_factiva,
    "ProQuest": _read_proquest,
}
