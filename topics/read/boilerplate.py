"""Boilerplate of scraped pages: menus, credits, log-in lines, teasers of other articles.

Text copied from a page is a list of blocks, each a line or a paragraph. A block is judged by its
words, its place and its repeats; what is dropped is returned with the reason, so that a mistake
can be seen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate, chain, pairwise
from operator import mul
from pathlib import Path

import yaml

# Thai, kana and Chinese characters: no spaces part their words.
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
SENTENCE_END = re.compile(r"""[.!?…:;。！？।॥؟۔]["'”’»」』)\]]*$""")
_BULLET = re.compile(r"^([•►▪◦‣·*–—-]\s*(?=\S)|\d{1,2}[.)]\s)")
_WORD = re.compile(r"[^\W\d_]\w*")
_LONG_WORD = re.compile(r"\w{4,}")
_PUBLISHED = re.compile(r"(?i)^(published|posted|date)\b\s*(on\b)?\s*:?\s*")
_DATE = "date line"  # a reason in boilerplate.yml
_SECTION_COST = 40  # there, of what may end an article
_PROSE_WORDS = 12  # a block of this many words that ends like a sentence is prose
_LONG_WORDS = 40  # any block of this many is
_QUOTE_WORDS = 8  # a shorter line within a paragraph is not a pull quote
_MENU_LINES = 20  # short lines, and more than of others: the text is a page with its menus

# A logistic regression of what belongs to an article, fitted to 2,600 labelled lines of 487 pages
# (every second one of trafilatura's evaluation set, by hash of the address) and to the lines of
# the 181 pages of Scrapinghub's benchmark; benchmarks/reading.py measures it on both.
_WEIGHTS = (0.6, 0.5, 2.6, -1.3, -0.9)  # in the order of the features in `_drop_other_lines`
_THRESHOLD = 2.0

# Scores of blocks, in words; F1 changes little between half and twice of each.
_MAX_SCORE = 60  # of prose
_ALONE_WEIGHT = 0.4  # of prose that is far from other prose
_SENTENCE_WEIGHT = 0.3  # of a short sentence
_SHORT_COST = 6  # of a line that may be a heading
_MAX_GAP = 3  # blocks of boilerplate between two of prose that are still not far apart
_TITLE_BLOCKS = 20  # blocks above an article to look for its title in
_BODY_BLOCKS = 60  # blocks of the article whose words its title shares
_MAX_BLOCKS = 2000  # of a page; comparing all with all would take too long beyond


@dataclass
class Cleaned:
    """Text without boilerplate.

    Attributes
    ----------
    text
        Paragraphs with a blank line between them.
    title, date
        The title, and the date as written, found above the article.
    dropped
        Each block that was left out, with the reason, in the page's order.
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
        self.ends_sentence = bool(SENTENCE_END.search(text))
        self.is_sentence = self.ends_sentence and self.words >= 3
        self.is_item = bool(_BULLET.match(text))
        self.reason, self.cost = match_rule(text)
        min_words = _PROSE_WORDS if self.ends_sentence else _LONG_WORDS
        self.is_prose = self.words >= min_words and not self.reason
        self.is_short = not (self.is_prose or self.is_sentence)
        initials = [word[0].isupper() for word in _WORD.findall(text)]
        self.capitals = sum(initials) / len(initials) if initials else 1.0

    def drop(self, reason: str) -> None:
        self.reason = self.reason or reason


def remove_boilerplate(raw: str, titled: bool = False) -> Cleaned:
    r"""The article of a page copied as plain text, and what was dropped.

    Headings stay where a paragraph follows them; the first one above the article becomes the
    title, unless the page is `titled` already. Bulleted summaries stay, unless the article says
    the same sentence again.

    Examples
    --------
    >>> vote = "The board voted to keep the quay shut until all of its cranes are repaired."
    >>> page = remove_boilerplate(f"Log in\nQuay stays shut\n{vote}\nAll rights reserved.")
    >>> page.title, page.text == vote
    ('Quay stays shut', True)
    >>> page.dropped
    [('Log in', 'site boilerplate'), ('All rights reserved.', 'site boilerplate')]
    """
    blocks = [_Block(text) for text in split_blocks(raw)]
    start, end = _article_bounds(blocks)
    above = blocks[:start]
    title = None if titled else _find_title(above, blocks[start : start + _BODY_BLOCKS])
    dates = (_PUBLISHED.sub("", block.text) for block in above)
    date = next((date for date in dates if match_rule(date)[0] == _DATE), None)
    _drop_other_lines(blocks, start, end)
    if title:
        title.drop("title")
    _drop_repeats(blocks)
    text = "\n\n".join(block.text for block in blocks if not block.reason)
    dropped = [(b.text, b.reason) for b in blocks if b.reason and b is not title]
    return Cleaned(text, title.text if title else None, date, dropped)


def split_blocks(raw: str) -> list[str]:
    r"""Paragraphs of `raw`: its lines, or its parts between blank lines if lines are wrapped.

    >>> split_blocks("The quay is shut.\nNobody was surprised.")
    ['The quay is shut.', 'Nobody was surprised.']
    """
    lines = [re.sub(r"[\s\u200b\ufeff]+", " ", line).strip() for line in raw.splitlines()]
    return join_wrapped(lines) if _is_wrapped(lines) else list(filter(None, lines))


def join_wrapped(lines: Iterable[str]) -> list[str]:
    """A line for each paragraph of lines cut by width; empty ones stand between paragraphs.

    >>> join_wrapped(["The quay", "is shut.", "", "Nobody was surprised."])
    ['The quay is shut.', 'Nobody was surprised.']
    """
    parts = re.split(r"\n{2,}", "\n".join(lines))
    return [part.replace("\n", " ").strip() for part in parts if part.strip()]


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines are cut by width: few are long, and most full ones break off mid-sentence."""
    if sum(len(line) for line in lines if len(line) > 120) > 0.05 * sum(map(len, lines)):
        return False
    full = [(line, after) for line, after in pairwise(lines) if len(line) >= 50]
    broken = sum(bool(after) and not SENTENCE_END.search(line) for line, after in full)
    return len(full) >= 3 and broken > 0.5 * len(full)


def count_words(text: str) -> int:
    """Number of words; where no spaces part them (Chinese, Japanese, Thai), two letters are one.

    >>> count_words("The quay is shut."), count_words("北码头关闭")
    (4, 3)
    """
    unspaced = 0 if text.isascii() else len(re.findall(f"[{UNSPACED}]", text))
    return len(text.split()) + unspaced // 2


@dataclass
class _Rule:
    """How boilerplate of one kind looks; boilerplate.yml explains the fields."""

    reason: str
    cost: int
    max_words: int
    signs: Sequence[str] = ("",)  # in every block
    pattern: str = "(?!)"  # matches nothing
    phrases: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def patterns(self) -> list[re.Pattern[str]]:
        """Of signs, and of phrases: the more words one has, the more may follow it.

        The last is of short lines that are no sentence.
        """
        ends: list[list[str]] = [["(?!)"], ["(?!)"], ["(?!)"]]
        for phrase in chain.from_iterable(text.split(", ") for text in self.phrases.values()):
            ends[min(phrase.count(" "), 2)].append(re.escape(phrase))
        one, two, more = map("|".join, ends)
        short = rf"(?i)\W*(?:(?:{one})\b.{{0,20}}|(?:{two})\b.{{0,40}})$"
        return [re.compile(part) for part in (self.pattern, rf"(?i)\W*(?:{more})\b", short)]


@cache
def _rules() -> list[_Rule]:
    path = Path(__file__).with_suffix(".yml")
    return [_Rule(**rule) for rule in yaml.safe_load(path.read_text(encoding="utf-8"))]


def match_rule(text: str) -> tuple[str, int]:
    """Reason and cost of the first rule of boilerplate.yml that a block matches; ("", 0) if none.

    >>> match_rule("Sign up for our newsletter"), match_rule("The quay is shut.")
    (('site boilerplate', 20), ('', 0))
    """
    words = count_words(text)
    plain = text.replace("’", "'")
    small = plain.lower()
    is_sentence = words >= 4 and plain.endswith((".", "!", "?", "。"))
    for rule in _rules():
        if words < rule.max_words and any(map(small.__contains__, rule.signs)):
            patterns = rule.patterns[:-1] if is_sentence else rule.patterns
            if any(pattern.match(plain) for pattern in patterns):
                return rule.reason, rule.cost
    return "", 0


def _article_bounds(blocks: Sequence[_Block]) -> tuple[int, int]:
    """Start and end of the article: the contiguous blocks whose scores have the greatest sum.

    This is maximum subsequence segmentation (Pasternack and Roth, WWW 2009), with rules for a
    classifier, by Kadane's algorithm.
    """
    best, bounds, total, start = 0.0, (0, len(blocks) - 1), 0.0, 0
    for i in range(len(blocks)):
        if total <= 0:
            total, start = 0.0, i
        total += _score(blocks, i)
        if total > best:
            best, bounds = total, (start, i)
    return _extend(blocks, bounds[0], -1), _extend(blocks, bounds[1], 1) + 1


def _score(blocks: Sequence[_Block], i: int) -> float:
    """What a block adds to an article that contains it: words of prose; less for boilerplate."""
    block = blocks[i]
    if block.reason:
        return -block.cost
    if block.is_prose:
        sides = blocks[max(i - _MAX_GAP - 1, 0) : i][::-1], blocks[i + 1 : i + _MAX_GAP + 2]
        near = (next((b.is_prose for b in side if not b.reason), False) for side in sides)
        return min(block.words, _MAX_SCORE) * (1 if any(near) else _ALONE_WEIGHT)
    if block.is_sentence and not block.text.endswith(":"):
        return _SENTENCE_WEIGHT * block.words
    return 0 if block.is_item else -_SHORT_COST


def _extend(blocks: Sequence[_Block], edge: int, step: int) -> int:
    """The farthest prose beyond the block at `edge` with only a little boilerplate between."""
    position = edge
    while 0 <= (position := position + step) < len(blocks) and abs(position - edge) <= _MAX_GAP:
        block = blocks[position]
        if block.is_prose:
            edge = position
        elif not block.reason or (step > 0 and block.cost == _SECTION_COST):
            break
    return edge


def _is_page(blocks: Sequence[_Block]) -> bool:
    """Whether this is a page with its menus; a clean text is kept to its last line."""
    costs = [block.cost for block in blocks if block.reason]
    n_short = sum(block.is_short for block in blocks)
    is_list = n_short >= _MENU_LINES and 2 * n_short > len(blocks)
    return len(costs) > 1 or _SECTION_COST in costs or is_list


def _drop_other_lines(blocks: Sequence[_Block], start: int, end: int) -> None:
    """Drop what is hardly a part of the article by its length, place and capitals.

    This is a logistic regression; at `_WEIGHTS` is said what it was fitted to. A line in the
    article that heads a paragraph stays. So does a clean text from the article's start on.
    """
    prose = [min(block.words, _MAX_SCORE) * block.is_prose for block in blocks]
    before = list(accumulate(prose, initial=0))
    for i, block in enumerate(blocks if _is_page(blocks) else blocks[:start]):
        in_article = start <= i < end
        above = before[i] / (before[-1] or 1)
        features = math.log1p(block.words), block.is_prose, in_article, above, block.capitals
        is_heading = in_article and blocks[i + 1 : end] and prose[i + 1]
        if not is_heading and sum(map(mul, _WEIGHTS, features)) < _THRESHOLD:
            is_stray = in_article or (i < start and block.is_short)
            place = "above the article" if i < start else "after the article's end"
            block.drop("stray line" if is_stray else place)


def _find_title(above: Sequence[_Block], body: Sequence[_Block]) -> _Block | None:
    """The first line above the article that shares most of its words with the article."""
    lines = [b for b in above[-_TITLE_BLOCKS:] if not b.reason and not b.text.endswith((":", ","))]
    lines = [b for b in lines if 3 <= len(b.text.split()) <= 25]
    known = {word for block in body for word in _LONG_WORD.findall(block.text.lower())}

    def overlap(block: _Block) -> float:
        shared = [word in known for word in _LONG_WORD.findall(block.text.lower())]
        return 1.5 * sum(shared) - 0.5 * len(shared)

    best = max(map(overlap, lines), default=0)
    if best > 0:
        return next(block for block in lines if overlap(block) >= 0.6 * best)
    return max(lines[-3:], key=lambda block: len(block.text), default=None)


def _drop_repeats(blocks: Sequence[_Block]) -> None:
    """Drop pull quotes and all but the first of any other repeat."""
    kept = [block for block in blocks if not block.reason]
    seen = set[str]()
    for block in kept:
        if block.text in seen:
            block.drop("repeated")
        elif len(kept) <= _MAX_BLOCKS and _is_quoted(block, kept):
            block.drop("pull quote")
        seen.add(block.text)


def _is_quoted(block: _Block, others: Sequence[_Block]) -> bool:
    """Whether a longer paragraph contains the same sentence."""
    bare = _BULLET.sub("", block.text)
    if len(bare.split()) < _QUOTE_WORDS:
        return False
    return any(len(b.text) > len(bare) + 20 and bare in b.text for b in others if b is not block)
