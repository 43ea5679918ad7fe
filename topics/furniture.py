"""Page furniture out of scraped text: menus, credits, log-in lines, teasers of other articles.

Text copied from a page is a list of blocks, one a line or one a paragraph. A block is judged by
what it looks like, by where it stands, and by whether it comes again; what is dropped is
returned with its reason, so that a mistake can be seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_END = re.compile(r"""[.!?…:;。！？।॥؟۔]["'”’»)\]]*$""")
_ELLIPSIS = re.compile(r"""(\.\.\.|…|\[(\.\.\.|…)\])["'”’]?$""")
_BULLET = re.compile(r"^[•►▪◦‣·*–—-]\s*(?=\S)")
_CREDIT = re.compile(
    r"""(?ix) \[[^\]]{2,40}(/|photo|images|yonhap|reuters|afp|ap)[^\]]{0,40}\]$
    | \[(ap|afp|reuters|xinhua|yonhap|epa)\]$
    | ^(image|photo|picture)s?(\s(credits?|source|courtesy|by))?\s*:
    | ^(photograph|photo|illustration|picture)\s+(by|courtesy)\b
    | \((photo|image|picture|file)\b[^)]*\)$
    | (^|[/(\[|:]|\bvia\s|credit\s)\s?(getty\simages|shutterstock|alamy|unsplash|istock|afp\svia\sgetty)\b.{0,25}$
    | (reuters|ap|afp)/[A-Z][\w.\s-]{2,40}$"""
)
# What a site says to its visitor, not to its reader.
_PHRASE = re.compile(
    r"""(?ix) ^(skip\sto|jump\sto)\s(main|content|navigation)
    | ^(advertisement|ad\sbanner|sponsored|promoted|advert)\b
    | ^(log|sign)\s?(in|up|out)\b | \b(please|you\s(must|need\sto|have\sto))\s(log|sign)\sin\b | ^register\b.{0,40}$
    | ^(subscribe|newsletter|follow\sus|share\s(this|on|via|article)|tweet|print\b.{0,30}$)
    | ^(please\s)?(sign\sup|subscribe)\s(to|for|now|today)\b.{0,80}$
    | ^(stay\sinformed|get\sthe\slatest|never\smiss|join\sour\s(newsletter|mailing))
    | ^(share|facebook|twitter|whatsapp|linkedin|telegram|email|e-mail|copy\slink|x|pinterest|reddit)$
    | ^(leave|post|write|add|view|show|hide|no|\d+)\s(a\s)?(comments?|reply|replies)\b.{0,20}$
    | ^comments?\s*(:|\(|$) | \bto\swrite\scomments\b | ^(help-image|lock\sicon|social\scomment)
    | ^(home|menu|search|close|back\sto\stop|load\smore|show\smore|see\sall|view\sall|read\smore)\b.{0,20}$
    | ^(privacy|cookie|terms\sof|about\sus|contact\sus|site\smap|accessibility|careers)\b.{0,60}$
    | \b(we|this\ssite)\suses?\scookies\b | \baccept\s(all\s)?cookies\b | ^all\srights\sreserved
    | \ball\srights\sreserved\.?$ | ^(©|\(c\)|copyright)\s | ^standards\sboard\spolicy | \(\d+/\d+\s?\S?\)$
    | ^(tags?|topics?|filed\sunder|categories|keywords)\s*:
    | ^(the\s(author|writer)\sis\b | translated\s(from|by)\b | this\sarticle\s(was\s)?(first|originally)\s)
    | ^(written|posted|published|updated|last\supdated|reporting|editing)\s(by|on|at|in)\b.{0,80}$
    | ^(published|updated|last\smodified|modified)\s*: | ^\d+\s(min(ute)?s?\s(read|ago)|hours?\sago|days?\sago)
    | ^(listen|watch)\s(to\sthis|now|live)\b.{0,40}$ | ^(play|pause|mute|loading)\b.{0,20}$
    | ^(download|open)\s(the|our)\sapp\b | ^your\s(email|name)\b.{0,40}$ | ^(next|previous)\s(article|post|story)\b"""
)
_STOP = re.compile(
    r"""(?ix)^(related\s(articles?|stories|posts|content|topics|reading)|read\s(next|also|more)
    |more\s(from|on|in|stories|news)\b.{0,40}|most\s(read|popular|viewed|shared)|you\s(may|might)\s(also\s)?(like|be\sinterested)
    |recommended(\sfor\syou)?|trending(\snow)?|latest\s(news|stories|articles)|also\sread|see\salso|up\snext
    |other\sstories|around\sthe\sweb|editor'?s\spicks?|in\sthis\ssection|leave\sa\s(comment|reply).{0,20}|comments?)\s*:?$"""
)
# To another article, by its title.
_POINTER = re.compile(
    r"(?i)(read (more|also|next)|also read|related( (article|story))?|see also)\s*:\s*\S"
)
# Words of menus and imprints that also open ordinary sentences.
_LABEL = re.compile(
    r"""(?ix)(privacy|search|home|close|careers|accessibility|published|updated|print|copyright
    |newsletter|tweet|register|editing|reporting)\b(?!\spolicy)"""
)
_DATELINE = re.compile(
    r"""(?ix)^(\w+day,?\s)?(\d{1,2}\s)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s(\d{1,2},?\s)?\d{4}
    (,?\s(at\s)?\d{1,2}:\d{2}(:\d{2})?\s?([ap]\.?m\.?)?)?(\s\w{2,4})?$ | ^\d{4}-\d{2}-\d{2}([T\s]\d{2}:\d{2}.*)?$
    | ^\d{1,2}[./]\d{1,2}[./]\d{2,4}$"""
)
_PROSE_WORDS = 12  # a block of this many words that ends like a sentence is prose
_SHORT_WORDS = 60  # cut-off teasers are shorter than this
_TEASER_WORDS = 30  # and whole ones than this


@dataclass
class Cleaned:
    """Text without furniture: `text` (paragraphs parted by blank lines), `title`, `dropped`.

    `dropped` lists each block that was left out as ``(block, reason)``, in the page's order.
    """

    text: str
    title: str | None = None
    dropped: list[tuple[str, str]] = field(default_factory=list)


def drop_furniture(raw: str, titled: bool = False) -> Cleaned:
    """Keep the article of a page copied as plain text; `titled` if its title is known already.

    Headings stay where a paragraph follows them; the first one above the article becomes the
    title. Bulleted summaries stay, unless the article says the same sentence again.
    """
    blocks = split_blocks(raw)
    reasons = [_reason(block) for block in blocks]
    _mark_repeats(blocks, reasons)
    _mark_tail(blocks, reasons)
    _mark_teasers(blocks, reasons)
    title = _mark_lone_headings(blocks, reasons, titled)
    kept = [block for block, why in zip(blocks, reasons, strict=True) if not why]
    dropped = [(block, why) for block, why in zip(blocks, reasons, strict=True) if why]
    return Cleaned("\n\n".join(kept), title, [item for item in dropped if item[1] != "title"])


def split_blocks(raw: str) -> list[str]:
    """Paragraphs of `raw`: its lines, or, where lines are wrapped by width, its blank-line parts."""
    lines = [re.sub(r"[\s\u200b\ufeff]+", " ", line).strip() for line in raw.splitlines()]
    if not _is_wrapped(lines):
        return [line for line in lines if line]
    parts = re.split(r"\n{2,}", "\n".join(lines))
    return [part.replace("\n", " ").strip() for part in parts if part.strip()]


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines end by width: hardly any is long, and most that are full break off mid-sentence."""
    length = sum(map(len, lines))
    if sum(len(line) for line in lines if len(line) > 120) > 0.05 * length:
        return False
    pairs = [(a, b) for a, b in pairwise(lines) if len(a) >= 50]
    broken = sum(bool(after) and not _END.search(line) for line, after in pairs)
    return len(pairs) >= 3 and broken > 0.5 * len(pairs)


def is_prose(block: str) -> bool:
    """Whether a block reads as a paragraph: enough words, and an end like a sentence's."""
    words = _words(block)
    return words >= 40 or (words >= _PROSE_WORDS and bool(_END.search(block)))


def _words(block: str) -> int:
    """Words of a block; where they are not parted by spaces (CJK, Thai), two letters count as one."""
    unspaced = re.findall(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]", block)
    return len(block.split()) + len(unspaced) // 2


def _is_stated(block: str) -> bool:
    return len(block.split()) >= 4 and block.endswith((".", "!", "?"))


def _reason(block: str) -> str:
    words = len(block.split())
    if _CREDIT.search(block) and words < 80:
        return "image credit or caption"
    if words < 25 and _POINTER.match(block):
        return "site furniture"
    if words < 40 and _PHRASE.search(block) and not (_LABEL.match(block) and _is_stated(block)):
        return "site furniture"
    if " > " in block and words < 15:
        return "breadcrumb"
    if _DATELINE.search(block):
        return "date line"
    if words < 20 and max(block.count(" | "), block.count(" » "), block.count(" · ")) > 1:
        return "menu"
    return ""


def _mark_repeats(blocks: list[str], reasons: list[str]) -> None:
    """Drop captions given twice, pull quotes, and all but the first of any other repeat."""
    count = Counter(blocks)
    captions = {
        re.sub(r"\s*[\[(][^\])]*[\])]$", "", block)  # as it stands without its credit
        for block, why in zip(blocks, reasons, strict=True)
        if why.startswith("image")
    }
    seen: set[str] = set()
    for i, block in enumerate(blocks):
        if reasons[i]:
            continue
        bare = _BULLET.sub("", block)
        if block in captions or (count[block] > 1 and block in seen):
            reasons[i] = "said twice"
        elif _is_quoted_elsewhere(bare, i, blocks):
            reasons[i] = "pull quote"
        seen.add(block)


def _is_quoted_elsewhere(bare: str, position: int, blocks: Sequence[str]) -> bool:
    """Whether a longer paragraph of the page holds this very sentence."""
    if len(bare.split()) < 8:
        return False
    others = (b for i, b in enumerate(blocks) if i != position)
    return any(len(other) > len(bare) + 20 and bare in other for other in others)


def _mark_tail(blocks: list[str], reasons: list[str]) -> None:
    """Drop what follows a line such as "Related articles" once most of the article is behind it."""
    words = [
        0 if why or _ELLIPSIS.search(block) else len(block.split())
        for block, why in zip(blocks, reasons, strict=True)
    ]
    total = sum(words)
    for i, block in enumerate(blocks):
        if not _STOP.match(block):
            continue
        reasons[i] = reasons[i] or "site furniture"
        if sum(words[:i]) >= 0.6 * total and max(words[i + 1 :], default=0) < _TEASER_WORDS:
            for j in range(i + 1, len(blocks)):
                reasons[j] = reasons[j] or "after the article's end"
            return


def _mark_teasers(blocks: list[str], reasons: list[str]) -> None:
    """Drop cut-off summaries of other articles: short, ending in dots, and several of them."""
    cut = [
        i
        for i, block in enumerate(blocks)
        if not reasons[i] and _ELLIPSIS.search(block) and len(block.split()) < _SHORT_WORDS
    ]
    if len(cut) >= 2:
        for i in cut:
            reasons[i] = "teaser"


def _mark_lone_headings(blocks: list[str], reasons: list[str], titled: bool) -> str | None:
    """Drop short lines that head no paragraph; return the first one above the article as title."""
    follows_prose = False
    body_starts = next(
        (i for i, b in enumerate(blocks) if not reasons[i] and is_prose(b)), len(blocks)
    )
    if body_starts == len(blocks) or titled:
        body_starts = next(
            (i for i, b in enumerate(blocks) if not reasons[i] and _is_sentence(b)), len(blocks)
        )
    listed = [False] * len(blocks)
    for i in range(1, len(blocks)):
        listed[i] = bool(_BULLET.match(blocks[i])) and (
            listed[i - 1] or blocks[i - 1].endswith(":")
        )
    for i in range(len(blocks) - 1, -1, -1):
        if reasons[i]:
            if reasons[i] in {"date line", "teaser"}:
                follows_prose = False
            continue
        if is_prose(blocks[i]) or ((_is_sentence(blocks[i]) or listed[i]) and i >= body_starts):
            follows_prose = True
        elif not follows_prose or i < body_starts:
            reasons[i] = "stray line"
        else:
            follows_prose = False
    above = [i for i in range(body_starts) if reasons[i] == "stray line"]
    title = next((i for i in above if _is_title(blocks[i])), None)
    if title is None:
        return None
    reasons[title] = "title"
    return blocks[title]


def _is_title(block: str) -> bool:
    return 3 <= len(block.split()) <= 25 and not block.endswith((":", ","))


def _is_sentence(block: str) -> bool:
    return _words(block) >= 3 and bool(_END.search(block))


def drop_shared_lines(texts: Sequence[str], least: int = 5) -> tuple[list[str], list[str]]:
    """Drop blocks under 40 words that stand in at least `least` texts of one source.

    Returns the texts without them, and the dropped blocks. Longer blocks are left alone: they
    are syndicated paragraphs, which are grouped and not dropped.
    """
    parts = [text.split("\n\n") for text in texts]
    holders = Counter(block for blocks in parts for block in set(blocks))
    shared = {b for b, n in holders.items() if n >= least and len(b.split()) < 40}
    kept = ["\n\n".join(b for b in blocks if b not in shared) for blocks in parts]
    return kept, sorted(shared)
