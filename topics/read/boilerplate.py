"""Page boilerplate out of scraped text: menus, credits, log-in lines, teasers of other articles.

Text copied from a page is a list of blocks, one a line or one a paragraph. A block is judged by
what it looks like, by where it stands, and by whether it comes again; what is dropped is
returned with its reason, so that a mistake can be seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_END = re.compile(r"""[.!?…:;。！？।॥؟۔]["'”’»)\]]*$""")
_ELLIPSIS = re.compile(r"""(\.\.\.|…|\[(\.\.\.|…)\])["'”’]?$""")
_BULLET = re.compile(r"^([•►▪◦‣·*–—-]\s*(?=\S)|\d{1,2}[.)]\s)")
_CREDIT = re.compile(
    r"""(?ix) \[[^\]]{2,40}(/|photo|images|yonhap|reuters|afp|ap)[^\]]{0,40}\]$
    | \[(ap|afp|reuters|xinhua|yonhap|epa)\]$
    | ^(image|photo|picture)s?(\s(credits?|source|courtesy|by))?\s*:
    | ^(photograph|photo|illustration|picture)\s+(by|courtesy)\b
    | \((photo|image|picture|file)\b[^)]*\)$
    | (^|[/(\[|:]|\bvia\s|credit\s)\s?(getty\simages|shutterstock|alamy|unsplash|istock)\b.{0,25}$
    | (reuters|ap|afp)/[A-Z][\w.\s-]{2,40}$"""
)
_ADVERT = re.compile(r"(?i)^(advert(isement)?|ad banner|sponsored|promoted)\b")
# To another article, by its title.
_POINTER = re.compile(
    r"(?i)^(read (more|also|next)|also read|related( (article|story))?|see also)\s*:\s*\S"
)
# What stands between an article and the comments, teasers and imprint below it.
_FENCE = re.compile(
    r"""(?ix) ^(related|recommended|trending|popular|latest)\b.{0,40}$
    | ^(read|up|also)\s(next|also|more|read)\s*:?$ | ^you\s(may|might)\s(also\s)?like
    | ^(most\s(read|popular|viewed|shared)|more\s(from|on|in|stories|news))\b.{0,40}$
    | ^(other\sstories|around\sthe\sweb|editor'?s\spicks?|in\sthis\ssection|see\salso)\s*:?$
    | ^about\sthe\sauthor\s*:?$ | ^\d+\s(thoughts|responses)\son\b
    | ^\(?\d*\)?\s?(comments?|replies|responses)\b.{0,20}$
    | ^(leave|post|write|add|submit|join)\s(a|your|the)\s
      (comment|reply|conversation|discussion)\b.{0,30}$"""
)
# What a site says to its visitor, not to its reader.
_PHRASE = re.compile(
    r"""(?ix) ^(skip\sto|jump\sto)\s(main|content|navigation)
    | ^(log|sign)\s?(in|up|out)\b | ^register\b.{0,40}$
    | \b(please|you\s(must|need\sto|have\sto))\s(log|sign)\sin\b
    | ^(subscribe|newsletter|follow\sus|share\s(this|on|via|article)|tweet|print\b.{0,30}$)
    | ^(please\s)?(sign\sup|subscribe)\s(to|for|now|today)\b.{0,80}$
    | ^(stay\sinformed|get\sthe\slatest|never\smiss|join\sour\s(newsletter|mailing))
    | ^(share|facebook|twitter|whatsapp|linkedin|telegram|e-?mail|copy\slink|x|pinterest|reddit)$
    | ^(leave|post|write|add|view|show|hide|no|\d+)\s(a\s)?(comments?|reply|replies)\b.{0,20}$
    | ^comments?\s*(:|\(|$) | \bto\swrite\scomments\b | ^(help-image|lock\sicon|social\scomment)
    | ^(home|menu|search|close|back\sto\stop|(load|show|read)\smore|(see|view)\sall)\b.{0,20}$
    | ^(privacy|cookie|terms\sof|about\sus|contact\sus|site\smap|accessibility|careers)\b.{0,60}$
    | \b(we|this\ssite)\suses?\scookies\b | \baccept\s(all\s)?cookies\b
    | ^all\srights\sreserved | \ball\srights\sreserved\.?$ | ^(©|\(c\)|copyright)\s
    | ^standards\sboard\spolicy | \(\d+/\d+\s?\S?\)$
    | ^(tags?|topics?|filed\sunder|categories|keywords|published|updated|(last\s)?modified)\s*:
    | ^the\s(author|writer)\sis\b | translated\s(from|by)\b
    | ^this\sarticle\s(was\s)?(first|originally)\s
    | ^(written|posted|published|(last\s)?updated|reporting|editing)\s(by|on|at|in)\b.{0,80}$
    | ^\d+\s(min(ute)?s?\s(read|ago)|hours?\sago|days?\sago)
    | ^(listen|watch)\s(to\sthis|now|live)\b.{0,40}$ | ^(play|pause|mute|loading)\b.{0,20}$
    | ^(download|open)\s(the|our)\sapp\b | ^your\s(email|name)\b.{0,40}$
    | ^(next|previous)\s(article|post|story)\b"""
)
# Words of menus and imprints that also open ordinary sentences.
_LABEL = re.compile(
    r"""(?ix)(privacy|search|home|close|careers|accessibility|published|updated|print|copyright
    |newsletter|tweet|register|editing|reporting)\b(?!\spolicy)"""
)
_DATELINE = re.compile(
    r"""(?ix)^(\w+day,?\s)?(\d{1,2}\s)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?
    \s(\d{1,2},?\s)?\d{4}(,?\s(at\s)?\d{1,2}:\d{2}(:\d{2})?\s?([ap]\.?m\.?)?)?(\s\w{2,4})?$
    | ^\d{4}-\d{2}-\d{2}([T\s]\d{2}:\d{2}.*)?$
    | ^\d{1,2}[./]\d{1,2}[./]\d{2,4}(,?\s\d{1,2}:\d{2}.{0,8})?$"""
)
_PUBLISHED = re.compile(r"(?i)^(published|posted|date)\b\s*(on\b)?\s*:?\s*")
_ANY, _NONE = re.compile(""), re.compile("(?!)")
_CAPTION = "image credit or caption"
_FENCE_COST = 40
# Reason, what it costs an article to hold such a block, words that it stays below, what it looks
# like, and how a full sentence may begin and stay.
_BOILERPLATE = [
    (_CAPTION, 5, 81, _CREDIT, _NONE),
    ("advertisement", 5, 40, _ADVERT, _ANY),
    ("link to another article", 5, 25, _POINTER, _NONE),
    ("site boilerplate", _FENCE_COST, 25, _FENCE, _ANY),
    ("site boilerplate", 20, 40, _PHRASE, _LABEL),
    ("breadcrumb", 20, 15, re.compile(" > "), _NONE),
    ("date line", 20, 81, _DATELINE, _NONE),
    ("menu", 20, 20, re.compile(r"( [|»·] .*){2}"), _NONE),
]
_PROSE_WORDS = 12  # a block of this many words that ends like a sentence is prose
_LONG_WORDS = 40  # any block of this many is
_LISTED_WORDS = 15  # a line of this many words is text, though it ends without a full stop
_QUOTE_WORDS = 8  # a shorter line within a paragraph is no pull quote
_TEASER_WORDS = 60  # cut-off teasers are shorter than this

# What a block adds to the article, in words; F1 changes little between half and twice of each.
_MOST, _ALONE, _SENTENCE = 60, 0.4, 0.3  # prose at most; its part far from other prose; short ones'
_SHORT_COST = 6  # of a line that may be a heading
_FIRST = 0.5  # of the best stretch's sum makes an earlier one the article: comments can be longer
_GAP = 3  # blocks of boilerplate between two of prose that are still not far apart
_SHARED_BY = 5  # texts of one source that have a block in common: it is the source's, not theirs
_ABOVE, _BODY = 20, 60  # blocks above an article to look for its title in, and below, for its words
_PAGE_BLOCKS = 2000  # more is no web page, and comparing all with all would take too long


@dataclass
class Cleaned:
    """Text without boilerplate: `text` (paragraphs parted by blank lines), `title`, `date`, `dropped`.

    `date` is what a line above the article says of its publication, as it says it. `dropped` lists
    each block that was left out as ``(block, reason)``, in the page's order.
    """

    text: str
    title: str | None
    date: str | None
    dropped: list[tuple[str, str]]


class _Block:
    """A line or paragraph of a page, and why it is dropped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = count_words(text)
        self.ended = bool(_END.search(text))
        self.reason, self.cost = _boilerplate(text)
        self.listed = bool(_BULLET.match(text))
        prose = self.words >= (_PROSE_WORDS if self.ended else _LONG_WORDS)
        self.prose = prose and not self.reason

    @property
    def is_sentence(self) -> bool:
        return self.ended and self.words >= 3

    def drop(self, reason: str) -> None:
        self.reason = self.reason or reason


def remove_boilerplate(raw: str, titled: bool = False) -> Cleaned:
    """Keep the article of a page copied as plain text; `titled` if its title is known already.

    Headings stay where a paragraph follows them; the first one above the article becomes the
    title. Bulleted summaries stay, unless the article says the same sentence again.
    """
    blocks = [_Block(text) for text in split_blocks(raw)]
    start, end = _bounds(blocks)
    above, article, below = blocks[:start], blocks[start:end], blocks[end:]
    costs = [block.cost for block in blocks if block.reason]
    scraped = len(costs) > 1 or _FENCE_COST in costs
    _drop_teasers(blocks)
    title = None if titled else _title(above[-_ABOVE:], blocks[start : start + _BODY])
    if title:
        title.drop("title")
    for block in above:
        block.drop("above the article" if block.prose else "stray line")
    for block in below if scraped else []:  # a clean text is kept to its end
        block.drop("after the article's end")
    _drop_repeats(blocks)
    if scraped:
        _drop_lone_headings(article)
    dates = (_PUBLISHED.sub("", block.text) for block in above)
    return Cleaned(
        "\n\n".join(block.text for block in blocks if not block.reason),
        title.text if title else None,
        next(filter(_DATELINE.search, dates), None),
        [(block.text, block.reason) for block in blocks if block.reason and block is not title],
    )


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


def count_words(block: str) -> int:
    """Words of a block; where they are not parted by spaces (CJK, Thai), two letters count as one."""
    unspaced = re.findall(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]", block)
    return len(block.split()) + len(unspaced) // 2


def _boilerplate(text: str) -> tuple[str, int]:
    """Why a block is boilerplate by its looks, and its cost; nothing if it is none."""
    words = len(text.split())
    stated = words >= 4 and text.endswith((".", "!", "?"))
    for reason, cost, most, looks, spared in _BOILERPLATE:
        if words < most and looks.search(text) and not (stated and spared.match(text)):
            return reason, cost
    return "", 0


def _bounds(blocks: Sequence[_Block]) -> tuple[int, int]:
    """Start and end of the article: the stretch of blocks whose scores have the greatest sum.

    This is maximum subsequence segmentation (Pasternack and Roth, WWW 2009), with rules for a
    classifier. Of several good stretches the first is the article.
    """
    scores = [_score(blocks, i) for i in range(len(blocks))]
    best = stretch = _best_stretch(scores)
    while stretch[0] > _FIRST * best[0]:
        found = stretch
        stretch = _best_stretch(scores[: found[1]])
    if not best[0]:
        return 0, len(blocks)
    return _reach(blocks, found[1], -1), _reach(blocks, found[2] - 1, 1) + 1


def _best_stretch(scores: Sequence[float]) -> tuple[float, int, int]:
    """Sum, start and end of the contiguous stretch with the greatest sum (Kadane's scan)."""
    best, total, start = (0.0, 0, 0), 0.0, 0
    for i, score in enumerate(scores):
        if total <= 0:
            total, start = 0.0, i
        total += score
        if total > best[0]:
            best = (total, start, i + 1)
    return best


def _score(blocks: Sequence[_Block], i: int) -> float:
    """What a block adds to an article that holds it: words of prose, less for what is none."""
    block = blocks[i]
    if block.reason:
        return -block.cost
    if block.prose:
        sides = blocks[max(i - _GAP - 1, 0) : i][::-1], blocks[i + 1 : i + _GAP + 2]
        near = (next((b.prose for b in side if not b.reason), False) for side in sides)
        return min(block.words, _MOST) * (1 if any(near) else _ALONE)
    if block.is_sentence and not block.text.endswith(":"):
        return _SENTENCE * block.words
    return 0 if block.listed else -_SHORT_COST


def _reach(blocks: Sequence[_Block], edge: int, step: int) -> int:
    """The farthest prose from the block at `edge` that only a little boilerplate parts from it."""
    at = edge
    while 0 <= (at := at + step) < len(blocks) and abs(at - edge) <= _GAP:
        block = blocks[at]
        if block.prose:
            edge = at
        elif not block.reason or (step > 0 and block.cost == _FENCE_COST):
            break
    return edge


def _title(above: Sequence[_Block], body: Sequence[_Block]) -> _Block | None:
    """The first line above the article whose words the article takes up."""
    lines = [b for b in above if not b.reason and not b.text.endswith((":", ","))]
    lines = [b for b in lines if 3 <= len(b.text.split()) <= 25]
    known = {word for block in body for word in _long_words(block.text)}

    def taken_up(block: _Block) -> float:
        found = [word in known for word in _long_words(block.text)]
        return 1.5 * sum(found) - 0.5 * len(found)

    most = max(map(taken_up, lines), default=0)
    best = [block for block in lines if most > 0 and taken_up(block) >= 0.6 * most]
    best = best or sorted(lines[-3:], key=lambda block: -len(block.text))
    return best[0] if best else None


def _long_words(text: str) -> list[str]:
    return re.findall(r"\w{4,}", text.lower())


def _drop_teasers(blocks: Sequence[_Block]) -> None:
    """Drop cut-off summaries of other articles: short, ending in dots, and several of them."""
    short = [b for b in blocks if not b.reason and len(b.text.split()) < _TEASER_WORDS]
    cut = [block for block in short if _ELLIPSIS.search(block.text)]
    for block in cut if len(cut) > 1 else []:
        block.drop("teaser")


def _drop_repeats(blocks: Sequence[_Block]) -> None:
    """Drop captions given twice, pull quotes, and all but the first of any other repeat."""
    captions = (block.text for block in blocks if block.reason == _CAPTION)
    seen = {re.sub(r"\s*[\[(][^\])]*[\])]$", "", caption) for caption in captions}  # less credit
    left = [block for block in blocks if not block.reason]
    for block in left:
        if block.text in seen:
            block.drop("said twice")
        elif len(left) <= _PAGE_BLOCKS and _is_quoted(block, left):
            block.drop("pull quote")
        seen.add(block.text)


def _is_quoted(block: _Block, others: Sequence[_Block]) -> bool:
    """Whether a longer paragraph holds this very sentence."""
    bare = _BULLET.sub("", block.text)
    if len(bare.split()) < _QUOTE_WORDS:
        return False
    return any(len(b.text) > len(bare) + 20 and bare in b.text for b in others if b is not block)


def _drop_lone_headings(article: Sequence[_Block]) -> None:
    """Drop short lines of the article that head no paragraph and are no items of a list."""
    heads = False
    for last, block in zip([None, *article][-2::-1], article[::-1], strict=True):
        if block.reason:
            heads = heads and block.reason not in {"date line", "teaser"}
            continue
        item = block.listed and last and (last.listed or last.text.endswith(":"))
        text = item or block.is_sentence or block.words >= _LISTED_WORDS
        if not (text or heads):
            block.drop("stray line")
        heads = text


def drop_repeated_lines(texts: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Drop the blocks under 40 words that stand in many texts of one source.

    Many is five, or a hundredth where there are more than 500. Longer blocks are left alone:
    they are syndicated paragraphs, which are grouped and not dropped. A text that holds nothing
    else is left as it is.

    Returns the texts, and the dropped blocks with the position of the first text that had it.
    """
    pages = (set(text.split("\n\n")) for text in texts if "\n\n" in text)
    holders = Counter(b for page in pages for b in page if len(b.split()) < _LONG_WORDS)
    least = max(_SHARED_BY, len(texts) / 100)
    kept: list[str] = []
    dropped: dict[str, int] = {}
    for i, text in enumerate(texts):
        blocks = text.split("\n\n")
        rest = [block for block in blocks if holders[block] < least]
        kept.append("\n\n".join(rest) or text)
        for block in blocks if rest else []:
            if holders[block] >= least:
                dropped.setdefault(block, i)
    return kept, dropped
