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
_BULLET = re.compile(r"^([•►▪◦‣·*–—-]\s*(?=\S)|\d{1,2}[.)]\s)")
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
# What stands between an article and the comments, teasers and imprint below it.
_FENCE = re.compile(
    r"""(?ix) ^(related|recommended|trending|popular|latest)\b.{0,40}$ | ^(read|up|also)\s(next|also|more|read)\s*:?$
    | ^(most\s(read|popular|viewed|shared)|more\s(from|on|in|stories|news))\b.{0,40}$ | ^you\s(may|might)\s(also\s)?like
    | ^(other\sstories|around\sthe\sweb|editor'?s\spicks?|in\sthis\ssection|see\salso|about\sthe\sauthor)\s*:?$
    | ^\(?\d*\)?\s?(comments?|replies|responses)\b.{0,20}$ | ^\d+\s(thoughts|responses)\son\b
    | ^(leave|post|write|add|submit|join)\s(a|your|the)\s(comment|reply|conversation|discussion)\b.{0,30}$
"""
)
_ADVERT = re.compile(r"(?i)(advert(isement)?|ad banner|sponsored|promoted)\b")
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
    | ^\d{1,2}[./]\d{1,2}[./]\d{2,4}(,?\s\d{1,2}:\d{2}.{0,8})?$"""
)
_PUBLISHED = re.compile(r"(?i)^(published|posted|date)\b\s*(on\b)?\s*:?\s*")
_PROSE_WORDS = 12  # a block of this many words that ends like a sentence is prose
_QUOTE_WORDS = 8  # a shorter line within a paragraph is no pull quote
_SHORT_WORDS = 60  # cut-off teasers are shorter than this
_CAPTION_WORDS = 80  # and captions than this
_PHRASE_WORDS = 40  # and site furniture than this

# What a block adds to the article, in words; F1 changes little between half and twice of each.
_MOST, _ALONE, _SENTENCE = 60, 0.4, 0.3  # prose at most; its part far from other prose; short ones'
_FENCE_COST, _MARKED_COST, _REPEAT_COST, _SHORT_COST, _INSERT_COST = 40, 20, 10, 6, 5
_INSERTS = ("image credit or caption", "advertisement", "link to another article")
_FIRST = 0.5  # of the best stretch's sum makes an earlier one the article: comments can be longer
_GAP = 3  # blocks of furniture within an article, at most, for a paragraph at its edge
_SHARED_BY = 5  # texts of one source that have a block in common: it is the source's, not theirs
_ABOVE, _BODY = 20, 60  # blocks above an article to look for its title in, and below, for its words
_PAGE_BLOCKS = 2000  # more is no web page, and comparing all with all would take too long
_LISTED_WORDS = 15  # a line of this many words is text, though it ends without a full stop


@dataclass
class Cleaned:
    """Text without furniture: `text` (paragraphs parted by blank lines), `title`, `date`, `dropped`.

    `date` is what a line above the article says of its publication, as it says it. `dropped` lists each block that was left out as ``(block, reason)``, in the page's order.
    """

    text: str
    title: str | None = None
    date: str | None = None
    dropped: list[tuple[str, str]] = field(default_factory=list)


def drop_furniture(raw: str, titled: bool = False) -> Cleaned:
    """Keep the article of a page copied as plain text; `titled` if its title is known already.

    Headings stay where a paragraph follows them; the first one above the article becomes the
    title. Bulleted summaries stay, unless the article says the same sentence again.
    """
    blocks = split_blocks(raw)
    reasons = [_reason(block) for block in blocks]
    start, end = _bounds(blocks, reasons)
    scraped = sum(map(bool, reasons)) > 1 or any(map(_is_fence, blocks))
    _mark_teasers(blocks, reasons)
    title = None if titled else _title(blocks, reasons, start)
    _mark_outside(blocks, reasons, start, end, scraped)
    _mark_repeats(blocks, reasons)
    if scraped:
        _mark_lone_headings(blocks, reasons, start, end)
    kept = [block for block, why in zip(blocks, reasons, strict=True) if not why]
    dropped = [(block, why) for block, why in zip(blocks, reasons, strict=True) if why]
    dropped = [item for item in dropped if item[1] != "title"]
    return Cleaned("\n\n".join(kept), title, _date(blocks[:start]), dropped)


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
    words = count_words(block)
    return words >= 40 or (words >= _PROSE_WORDS and bool(_END.search(block)))


def count_words(block: str) -> int:
    """Words of a block; where they are not parted by spaces (CJK, Thai), two letters count as one."""
    unspaced = re.findall(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]", block)
    return len(block.split()) + len(unspaced) // 2


def _is_fence(block: str) -> bool:
    return bool(_FENCE.search(block)) and not (_is_stated(block) or _POINTER.match(block))


def _is_stated(block: str) -> bool:
    return len(block.split()) >= 4 and block.endswith((".", "!", "?"))


def _reason(block: str) -> str:
    words = len(block.split())
    if words > _CAPTION_WORDS:
        return ""
    if _CREDIT.search(block):
        return "image credit or caption"
    if words < _PHRASE_WORDS and _ADVERT.match(block) and not _is_stated(block):
        return "advertisement"
    if words < 25 and _POINTER.match(block):
        return "link to another article"
    if words < 25 and _is_fence(block):
        return "site furniture"
    if (
        words < _PHRASE_WORDS
        and _PHRASE.search(block)
        and not (_LABEL.match(block) and _is_stated(block))
    ):
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
    captions = {
        re.sub(r"\s*[\[(][^\])]*[\])]$", "", block)  # as it stands without its credit
        for block, why in zip(blocks, reasons, strict=True)
        if why.startswith("image")
    }
    left = [i for i, why in enumerate(reasons) if not why]
    seen: set[str] = set()
    for i in left:
        if blocks[i] in captions or blocks[i] in seen:
            reasons[i] = "said twice"
        elif len(left) <= _PAGE_BLOCKS and _is_quoted(i, blocks, left):
            reasons[i] = "pull quote"
        seen.add(blocks[i])


def _is_quoted(i: int, blocks: Sequence[str], others: Sequence[int]) -> bool:
    """Whether a longer paragraph holds this very sentence."""
    bare = _BULLET.sub("", blocks[i])
    if len(bare.split()) < _QUOTE_WORDS:
        return False
    return any(len(blocks[j]) > len(bare) + 20 and bare in blocks[j] for j in others if j != i)


def _bounds(blocks: Sequence[str], reasons: Sequence[str]) -> tuple[int, int]:
    """Start and end of the article: the stretch of blocks whose scores have the greatest sum.

    This is maximum subsequence segmentation (Pasternack and Roth, WWW 2009), with rules for a
    classifier. Of several good stretches the first is the article.
    """
    scores = _scores(blocks, reasons)
    best = stretch = _best_stretch(scores)
    while stretch[0] > _FIRST * best[0]:
        found = stretch
        stretch = _best_stretch(scores[: found[1]])
    if not best[0]:
        return 0, len(blocks)
    return _reach(blocks, reasons, found[1], -1), _reach(blocks, reasons, found[2] - 1, 1) + 1


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


def _scores(blocks: Sequence[str], reasons: Sequence[str]) -> list[float]:
    """What each block adds to an article that holds it: words of prose, less for what is none."""
    prose = [is_prose(b) and not why for b, why in zip(blocks, reasons, strict=True)]
    shapes = [re.sub(r"\d+", "#", block.lower()) for block in blocks]
    repeats = Counter(shapes)
    scores: list[float] = []
    for i, block in enumerate(blocks):
        words = count_words(block)
        if _is_fence(block):
            scores.append(-_FENCE_COST)
        elif reasons[i]:
            scores.append(-_INSERT_COST if reasons[i] in _INSERTS else -_MARKED_COST)
        elif repeats[shapes[i]] > 2:
            scores.append(-_REPEAT_COST)
        elif prose[i]:
            alone = not (_next(prose, reasons, i, -1) or _next(prose, reasons, i, 1))
            scores.append(min(words, _MOST) * (_ALONE if alone else 1))
        else:
            said = _is_sentence(block) and not block.endswith(":")
            scores.append(
                _SENTENCE * words if said else 0 if _BULLET.match(block) else -_SHORT_COST
            )
    return scores


def _next(prose: Sequence[bool], reasons: Sequence[str], i: int, step: int) -> bool:
    """Whether the next block that is no furniture, but a few at most, is prose."""
    ahead = [j for j in range(i + step, i + (_GAP + 1) * step, step) if 0 <= j < len(prose)]
    return next((prose[j] for j in ahead if not reasons[j]), False)


def _reach(blocks: Sequence[str], reasons: Sequence[str], i: int, step: int) -> int:
    """The farthest prose from block `i` that only captions, advertisements and the like part from it."""
    j = i + step
    while 0 <= j < len(blocks) and abs(j - i) <= _GAP:
        if not reasons[j] and not is_prose(blocks[j]):
            break
        if not reasons[j]:
            i = j
        elif step > 0 and _is_fence(blocks[j]):
            break
        j += step
    return i


def _mark_outside(
    blocks: Sequence[str], reasons: list[str], start: int, end: int, scraped: bool
) -> None:
    """Drop what stands above and below the article; of a clean text, only what stands above."""
    for i, block in enumerate(blocks):
        if i < start:
            reasons[i] = reasons[i] or ("above the article" if is_prose(block) else "stray line")
        elif i >= end and scraped:
            reasons[i] = reasons[i] or "after the article's end"


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


def _mark_lone_headings(blocks: Sequence[str], reasons: list[str], start: int, end: int) -> None:
    """Drop short lines of the article that head no paragraph and are no items of a list."""
    heads = False
    for i in range(end - 1, start - 1, -1):
        if reasons[i]:
            heads = heads and reasons[i] not in {"date line", "teaser"}
        elif _is_text(blocks, i):
            heads = True
        elif heads:
            heads = False
        else:
            reasons[i] = "stray line"


def _is_text(blocks: Sequence[str], i: int) -> bool:
    """Whether block `i` is a sentence, a long line, or an item of a list."""
    listed = (
        _BULLET.match(blocks[i])
        and i
        and (_BULLET.match(blocks[i - 1]) or blocks[i - 1].endswith(":"))
    )
    return bool(listed) or _is_sentence(blocks[i]) or count_words(blocks[i]) >= _LISTED_WORDS


def _title(blocks: Sequence[str], reasons: list[str], start: int) -> str | None:
    """The first line above the article whose words the article takes up, marked as its title."""
    body = set(_long_words(" ".join(blocks[start : start + _BODY])))
    above = [i for i in range(max(start - _ABOVE, 0), start) if not reasons[i]]
    candidates = [i for i in above if _is_title(blocks[i])]
    if not candidates:
        return None

    def taken_up(i: int) -> float:
        words = _long_words(blocks[i])
        found = sum(word in body for word in words)
        return found - 0.5 * (len(words) - found)

    most = max(map(taken_up, candidates))
    if most > 0:
        best = next(i for i in candidates if taken_up(i) >= 0.6 * most)
    else:
        best = max(candidates[-3:], key=lambda i: len(blocks[i]))
    reasons[best] = "title"
    return blocks[best]


def _date(above: Sequence[str]) -> str | None:
    """The first date that stands alone, or after "Published", above the article."""
    bare = (_PUBLISHED.sub("", block) for block in above)
    return next((block for block in bare if _DATELINE.search(block)), None)


def _long_words(text: str) -> list[str]:
    return re.findall(r"\w{4,}", text.lower())


def _is_title(block: str) -> bool:
    return 3 <= len(block.split()) <= 25 and not block.endswith((":", ","))


def _is_sentence(block: str) -> bool:
    return count_words(block) >= 3 and bool(_END.search(block))


def drop_shared_lines(texts: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Drop the blocks under 40 words that stand in many texts of one source.

    Many is five, or a hundredth where there are more than 500. Longer blocks are left alone:
    they are syndicated paragraphs, which are grouped and not dropped. A text that holds nothing
    else is left as it is.

    Returns the texts, and the dropped blocks with the position of the first text that had it.
    """
    holders = Counter(key for text in texts for key in {hash(b) for b in _short_blocks(text)})
    least = max(_SHARED_BY, len(texts) / 100)
    shared = {key for key, n in holders.items() if n >= least}
    kept: list[str] = []
    dropped: dict[str, int] = {}
    for i, text in enumerate(texts):
        here = [block for block in _short_blocks(text) if hash(block) in shared]
        rest = [block for block in text.split("\n\n") if block not in here] if here else []
        kept.append("\n\n".join(rest) or text)
        if rest:
            dropped.update((block, i) for block in here if block not in dropped)
    return kept, dropped


def _short_blocks(text: str) -> list[str]:
    blocks = text.split("\n\n")
    return [b for b in blocks if len(b.split()) < _PHRASE_WORDS] if len(blocks) > 1 else []
