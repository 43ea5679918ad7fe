"""PDF files: paragraphs in reading order, told from where each piece of text stands on its page."""

from __future__ import annotations

import io
import logging
import re
import time
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from math import hypot, isfinite
from typing import Any

from topics.errors import UnreadableError

MOST_PAGES = 2_000
MOST_SECONDS = 300  # pypdf bounds each stream, this bounds the file

_MOVES = {b"Td", b"TD", b"Tm"}
_PAGE_NUMBER = re.compile(
    r"[-–—|\[( ]*(?:(?i:page|pg?\.|seite|página|стр\.) *)?"
    r"(?:\d{1,4}|(?=[ivxl])x{0,3}l?x{0,3}(?:ix|iv|v?i{0,3}))"
    r"(?: ?(?:of|/|de|von|sur) ?\d{1,4})?[-–—|\]) ]*"
)
_LABEL = re.compile(r"[•▪◦‣●■○–-]|\(?\w{1,2}[.)]")
_BULLET = re.compile(r"[•▪◦‣●■○]")
_END = re.compile(r"[.!?:。！？।؟…][\"'”’»」』)\]]*$")
_SUSPENDED = {"and", "or", "und", "oder", "bis"}  # "long- and short-term"
_UNSPACED = r"[\u0e00-\u0e7f\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"  # Thai, Chinese, Japanese
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_PRESENTED = re.compile(r"[\ufb00-\ufdff\ufe70-\ufefc]+")  # ligatures, shaped Arabic
_SYMBOLS = {0: None, 0x200B: None} | dict.fromkeys(range(0xF020, 0xF100), "•")  # Wingdings
_NO_TITLE = re.compile(
    r"|untitled.*|microsoft \w+ - .*|.*\.(docx?|rtf|odt|pptx?|xlsx?|indd|qxd|tex|dvi|html?|pdf)",
    re.I,
)
_THIN = set("iljtfrI.,;:'’|!()[]- ")


@dataclass
class Pdf:
    """A PDF's paragraphs, one a line of `text`, and what its information object says.

    `date` is the ISO day of its making; `dropped` holds lines left out and pages that could not
    be read, each with the reason.
    """

    text: str
    title: str | None
    author: str | None
    date: str | None
    dropped: list[tuple[str, str]]


@dataclass
class _Piece:
    """Text set without moving the pen: where it starts along and across the way it runs."""

    text: str
    x: float
    y: float
    size: float
    font: str
    width: float


@dataclass
class _Line:
    text: str
    page: int
    x: float
    y: float
    end: float
    size: float
    font: str  # of most of its letters, as is the size
    room: float = 0.0  # between its end and its column's
    width: float = 1.0  # of its column


_Row = list[_Piece]


def read_pdf(content: bytes) -> Pdf:
    """Read a PDF's paragraphs, without running heads, page numbers and line-end hyphens.

    Raises
    ------
    UnreadableError
        With the reason, when the file is damaged, locked, scanned or too big, or when on no page
        the columns can be told apart.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("the PDF is locked with a password")
        pages, dropped = _read_pages(reader)
    except UnreadableError:
        raise
    except DependencyError as error:
        raise UnreadableError("the PDF is encrypted with AES; save a copy without it") from error
    except (LimitReachedError, MemoryError) as error:
        raise UnreadableError(f"the PDF is too big to read: {error}") from error
    except Exception as error:  # pypdf raises whatever a damaged file leads it to
        raise UnreadableError(f"damaged PDF: {error}") from error
    lines = _without_heads(pages, dropped)
    if not lines:
        raise UnreadableError("the PDF holds no text (scanned pages?); run OCR on it first")
    words = Counter(re.findall(r"\w+(?:-\w+)*", " ".join(line.text for line in lines).lower()))
    text = "\n".join(_joined(paragraph, words) for paragraph in _paragraphs(lines))
    return Pdf(text, *_about(reader), dropped)


def _about(reader: Any) -> tuple[str | None, str | None, str | None]:
    try:
        about = {key: str(value).strip() for key, value in (reader.metadata or {}).items()}
    except Exception:  # see read_pdf; the text is good without
        return None, None, None
    try:
        day = date.fromisoformat(re.sub(r"\D", "", about.get("/CreationDate", ""))[:8]).isoformat()
    except ValueError:
        day = None
    title = about.get("/Title", "")
    return None if _NO_TITLE.fullmatch(title) else title, about.get("/Author") or None, day


def _read_pages(reader: Any) -> tuple[list[list[_Line]], list[tuple[str, str]]]:
    """Lines of each page, and what is wrong with pages that cannot be read."""
    from pypdf.errors import LimitReachedError

    count, deadline = len(reader.pages), time.monotonic() + MOST_SECONDS
    if not 0 < count <= MOST_PAGES:
        raise UnreadableError(f"the PDF has {count:,} pages; from 1 to {MOST_PAGES:,} can be read")
    pages: list[list[_Line]] = []
    errors: dict[int, Exception] = {}
    for number in range(count):
        try:
            rows = _in_order(_rows(_pieces(reader.pages[number], deadline)))
            pages.append([line for row in rows if (line := _line(row, number)).text])
        except (LimitReachedError, MemoryError):
            raise
        except Exception as error:  # see read_pdf
            errors[number] = error
    if errors and not any(pages):
        raise errors[min(errors)]
    return pages, [(f"page {n + 1}", f"could not be read: {error}") for n, error in errors.items()]


def _pieces(page: Any, deadline: float) -> list[_Piece]:
    """What a page says, in its own order, cut wherever the pen moves."""
    from pypdf import PageObject
    from pypdf.generic import FloatObject, NameObject

    def watch(*_: Any) -> None:
        if time.monotonic() > deadline:  # inside forms, pypdf lets no other error through
            raise MemoryError(f"it takes more than {MOST_SECONDS} seconds")

    watch()
    contents = page.get_contents()
    if contents is None:
        return []
    contents.forced_encoding = "bytes"  # as pypdf has it to extract text
    stay = ([FloatObject(n) for n in (1, 0, 0, 1, 0, 0)], b"cm")  # makes pypdf hand over its text
    contents.operations = [
        step
        for operation in contents.operations
        for step in ((stay, operation, stay) if operation[1] in _MOVES else (operation,))
    ]
    view = PageObject(page.pdf)
    view.update(page)
    view[NameObject("/Contents")] = contents
    pieces: list[_Piece] = []
    spaced = True

    def take(text: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        nonlocal spaced
        if text.strip():
            name = str((font or {}).get("/BaseFont", "")).split("+")[-1]
            pieces.append(_piece(f" {text}" if spaced else text, outer, inner, name, size))
        spaced = text.isspace() or text.endswith("\n") or (spaced and not text)

    view.extract_text(visitor_operand_before=watch, visitor_text=take)
    return pieces


def _piece(text: str, outer: list[float], inner: list[float], font: str, size: float) -> _Piece:
    (a, b, c, d, e, f), (p, q, r, s, t, u) = inner, outer
    along, across = (a * p + b * r, a * q + b * s), hypot(c * p + d * r, c * q + d * s)
    x, y = e * p + f * r + t, e * q + f * s + u
    scale, size = hypot(*along) or 1.0, abs(size) * across
    if not isfinite(x + y + size):
        raise ValueError("text beyond all bounds")
    turned = (x * along[0] + y * along[1]) / scale, (y * along[0] - x * along[1]) / scale
    return _Piece(text, *turned, size, font, _ems(text.strip()) * size)


def _ems(text: str) -> float:
    """About how wide a text is; pypdf does not say."""
    return sum(
        0.3 if c in _THIN else 1.0 if c > "\u2e7f" else 0.67 if c.isupper() else 0.5 for c in text
    )


def _rows(pieces: list[_Piece]) -> list[_Row]:
    """Pieces that follow each other at one height."""
    rows: list[_Row] = []
    for piece in pieces:
        if rows and abs(piece.y - rows[-1][0].y) <= 0.5 * max(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return rows


def _in_order(rows: list[_Row]) -> list[_Row]:
    """Rows as they are read: column by column where they were set across columns."""
    gutter = _gutter(rows)
    if gutter is None:
        return rows
    ordered: list[_Row] = []
    for across, band in groupby(rows, key=lambda row: _parts(row, gutter) is None):
        if across:
            ordered += _in_order([*band])
        else:
            sides = zip(*(_parts(row, gutter) or () for row in band), strict=True)
            ordered += [row for side in sides for row in _in_order([part for part in side if part])]
    return ordered


def _parts(row: _Row, gutter: float) -> tuple[_Row, _Row] | None:
    """What of a row is left and right of the gutter; none if it runs across."""
    left = [piece for piece in row if piece.x < gutter - 1.5]
    if any(piece.x + 0.8 * piece.width > gutter - 0.8 * piece.size for piece in left):
        return None
    return left, [piece for piece in row if piece.x >= gutter - 1.5]


def _gutter(rows: list[_Row]) -> float | None:
    """Where the right column starts, if the page was set to and fro between columns of prose."""
    starts = Counter(round(piece.x) for row in rows for piece in row)
    for x, _ in starts.most_common(6):
        split = [_parts(row, x) for row in rows]
        sides = [(side, parts[side]) for parts in split if parts for side in (0, 1) if parts[side]]
        returns = sum(a > b for (a, _), (b, _) in pairwise(sides))
        halves = [[row for at, row in sides if at == side] for side in (0, 1)]
        if returns < max(3, 0.5 * min(map(len, halves))) or min(map(_letters, halves)) < 15:
            continue
        apart = [parts is not None for parts in split]
        if 3 * sum(b > a for a, b in pairwise([False, *apart])) <= sum(apart):
            return x
    if _is_mixed(rows):
        raise UnreadableError("the columns cannot be told apart")
    return None


def _is_mixed(rows: list[_Row]) -> bool:
    """Whether rows hold two stretches of prose each, now closer together and now less close."""
    steps = sorted(
        (b.x - a.x) / a.width
        for row in rows
        for a, b in pairwise(row)
        if a.width and " " in a.text[-1] + b.text[0] and b.text.lstrip()[0].islower()
        if min(_letters([[a]]), _letters([[b]])) >= 15
    )
    n = len(steps)
    return n > max(4, 0.4 * len(rows)) and steps[9 * n // 10] > 1.3 * steps[n // 10]


def _letters(rows: list[_Row]) -> float:
    """How many letters a row has on average."""
    return sum(c.isalpha() for row in rows for piece in row for c in piece.text) / len(rows)


def _line(row: _Row, page: int) -> _Line:
    text = "".join(piece.text for piece in row)
    backwards = 2 * len(_RIGHT_TO_LEFT.findall(text)) > len(text)
    if backwards and row[0].x < row[-1].x:
        text = _from_the_right(row)
    text = _PRESENTED.sub(lambda shaped: unicodedata.normalize("NFKC", shaped[0]), text)
    letters: Counter[tuple[float, str]] = Counter()
    for piece in row:
        letters[round(piece.size, 1), piece.font] += len(piece.text)
    labelled = len(row) > 1 and _LABEL.fullmatch(row[0].text.strip())
    x = 0.0 if backwards else min(piece.x for piece in row[1 if labelled else 0 :])
    end = max(piece.x + piece.width for piece in row)
    text = re.sub(r" (?=[,.](?: |$))", "", " ".join(text.translate(_SYMBOLS).split()))
    return _Line(text, page, x, row[0].y, end, *letters.most_common(1)[0][0])


def _from_the_right(row: _Row) -> str:
    """Text of a right-to-left row that was set from the left; numbers keep their direction."""
    parts = [part for piece in row for part in re.split(r"^( )", piece.text) if part]
    runs = groupby(parts, key=lambda part: bool(re.search(r"\d", part)))
    return "".join(
        part
        for number, run in reversed([(n, [*run]) for n, run in runs])
        for part in (run if number else reversed(run))
    )


def _without_heads(pages: list[list[_Line]], dropped: list[tuple[str, str]]) -> list[_Line]:
    """Lines without page numbers and running heads, of which one of a kind goes to `dropped`."""
    keyed = [item for page in pages for item in _keyed(page)]
    places = {(key, line.page, round(line.y)) for line, keys in keyed for key in keys}
    held = Counter(key for key, _ in {(key, page) for key, page, _ in places})
    kept, kinds = [], set()
    for line, keys in keyed:
        near = {(key, line.page + n, round(line.y)) for key in keys for n in (-2, -1, 1, 2)}
        if keys and _PAGE_NUMBER.fullmatch(line.text):
            reason = "page number"
        elif (near & places and not _END.search(line.text)) or any(
            2 * held[key] >= max(4, len(pages)) for key in keys
        ):
            reason = "running head"
        else:
            kept.append(line)
            continue
        kind = re.sub(r"\d+|\b[ivxl]+\b", "#", line.text)
        if kind not in kinds:
            kinds.add(kind)
            dropped.append((line.text, reason))
    return kept


def _keyed(page: list[_Line]) -> list[tuple[_Line, set[str]]]:
    """Lines; those high up and low down with what other pages may have there too."""
    heights = sorted(line.y for line in page)
    return [
        (line, set() if heights[:4][-1] < line.y < heights[-4:][0] else _keys(line))
        for line in page
    ]


def _keys(line: _Line) -> set[str]:
    """A short line as it is, and with each of its numbers in turn less the page's."""
    text = re.sub(r"\b[ivxl]+\b", "#", line.text[:200])
    if len(text) == 200 or not re.search(r"[^\W\d_]", text):
        return {f"{line.page}: {text}"}  # prose and figures are no heads
    numbers = re.finditer(r"\b\d{1,5}\b", text)
    return {text} | {
        f"{text[: n.start()]}#{int(n[0]) - line.page}{text[n.end() :]}" for n in numbers
    }


def _paragraphs(lines: list[_Line]) -> list[list[_Line]]:
    """Lines by paragraph, also of those that run over a page, a column or a footnote."""
    paragraphs: list[list[_Line]] = []
    for block in _blocks(lines):
        paragraph = _host(paragraphs[-20:], block)
        if paragraph is None:
            paragraphs.append(paragraph := [])
        paragraph.append(block[0])
        for last, line, after in zip(block, block[1:], [*block[2:], None], strict=False):
            if _begins(last, line, after, alone=paragraph[0] is last):
                paragraphs.append(paragraph := [])
            paragraph.append(line)
    return paragraphs


def _blocks(lines: list[_Line]) -> list[list[_Line]]:
    """Lines of one size that follow each other without a gap."""
    drops = defaultdict(list)
    for last, line in pairwise(lines):
        if not _jumps(last, line):
            drops[line.size].append(last.y - line.y)
    usual = {size: sorted(drop)[len(drop) // 4] for size, drop in drops.items()}
    blocks = [lines[:1]]
    for last, line in pairwise(lines):
        gap = last.y - line.y > 1.25 * min(usual.get(line.size, 0.0), 3 * line.size)
        if gap or _jumps(last, line) or abs(line.size - last.size) > 0.5:
            blocks.append([])
        blocks[-1].append(line)
    for block in blocks:
        edge = sorted(line.end for line in block)[int(0.9 * (len(block) - 1))]
        width = max(1.0, edge - min(line.x for line in block))
        for line in block:
            line.room, line.width = edge - line.end, width
    return blocks


def _jumps(last: _Line, line: _Line) -> bool:
    """Whether a line is not under the last one."""
    aside = line.x > last.end or last.x > line.end
    return line.page != last.page or line.y >= last.y or aside


def _begins(last: _Line, line: _Line, after: _Line | None, alone: bool) -> bool:
    """Whether a line begins a paragraph; `alone` if the line before it began one."""
    if _BULLET.match(line.text) or _runs_on(last, line):
        return bool(_BULLET.match(line.text))
    ended, changed = bool(_END.search(last.text)), line.font != last.font
    least = 0.05 if ended else 0.15 if changed else 0.3
    if (ended and changed) or _spare(last, line) > least:
        return True
    if ended and after and not _END.search(line.text) and _spare(line, after) > 0.3:
        return True  # a heading
    deeper, shallower = line.x - last.x > 0.7 * line.size, last.x - line.x > 0.7 * line.size
    if _stands_in(line, after) and (deeper or (alone and ended)):
        return True
    return ended and (deeper or (shallower and not alone))


def _stands_in(line: _Line, after: _Line | None) -> bool:
    return after is not None and line.x - after.x > 0.7 * line.size


def _runs_on(last: _Line, line: _Line) -> bool:
    """Whether a line surely goes on with the last one's sentence."""
    if last.text.endswith(("-", "\xad")):
        return True
    stops = re.search(r"[:;!?][\"'”’)\]]*$", last.text)
    return line.text[0].islower() and not stops and _spare(last, line) <= 0.3


def _spare(last: _Line, line: _Line) -> float:
    """What share of its column a line would leave if it took the next one's first word too."""
    word = re.match(rf"{_UNSPACED}|\S+", line.text)
    return (last.room - _ems(f" {word[0] if word else ''}") * line.size) / last.width


def _host(paragraphs: list[list[_Line]], block: list[_Line]) -> list[_Line] | None:
    """The paragraph that goes on in a block, perhaps after a footnote of another size."""
    line, after = block[0], block[1] if len(block) > 1 else None
    jumps = bool(paragraphs) and _jumps(paragraphs[-1][-1], line)
    for paragraph in reversed(paragraphs):
        last, near = paragraph[-1], paragraph is paragraphs[-1]
        if last.font != line.font or abs(last.size - line.size) > 0.5:
            continue
        ended = bool(_END.search(last.text))
        if _runs_on(last, line):
            return paragraph if near or (jumps and not ended) else None
        goes_on = near and jumps and not ended and not _stands_in(line, after)
        return paragraph if goes_on and _spare(last, line) <= 0.3 else None
    return None


def _joined(paragraph: list[_Line], words: Counter[str]) -> str:
    texts = [line.text for line in paragraph]
    parts = [_before(text, after, words) for text, after in pairwise(texts)]
    return "".join([*parts, texts[-1]]).replace("\xad", "")


def _before(text: str, after: str, words: Counter[str]) -> str:
    """A line with what goes between it and the next; without its hyphen if it parts one word.

    A hyphen stays where the document has the two parts with one elsewhere, and not as one word.
    """
    cut, rest = re.search(r"([\w'’-]*\w)[-‐]$", text[-60:]), re.match(r"\w+", after[:60])
    if cut and rest:
        whole, parted = words[f"{cut[1]}{rest[0]}".lower()], words[f"{cut[1]}-{rest[0]}".lower()]
        if rest[0] in _SUSPENDED and not whole:
            return f"{text} "
        one_word = cut[1].isalpha() and rest[0][0].islower() and not parted
        return text[:-1] if whole > parted or one_word else text
    unspaced = re.search(f"{_UNSPACED}$", text) and re.match(_UNSPACED, after)
    return text if unspaced or re.search(r"\S[-‐–—/\xad]$", text) else f"{text} "
