"""What repeats over the documents of one source: datelines, page footers, share bars, credits."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from topics.read.boilerplate import SENTENCE_END, count_words, match_rule

# A unit ends where a paragraph, a sentence or a bracket does, at addresses and code; not after "U.S.",
# "Mr." or "Gov.", which would cut sentences.
_UNIT_END = re.compile(
    r"""\s(?: (?<=\n)\n
      | (?<=[.!?…”»")\]]\s)(?<!\b[A-Z]\.\s)(?<!\b[A-Z][a-z]\.\s)(?<!\b[A-Z][a-z]{2}\.\s)
        (?!\s*[-–—]+\s)\s*(?![a-z](?![a-z]*/))
      | (?<=[.!?]-\s)\s* | (?<=[)\]]\s[-–—]\s)\s* | (?<=[)\]]\s--\s)\s*
      | \s*(?=[(\[]|https?:|\S+@\S|(?:var|let|const)\s\w+\s=\s) )
    | (?<!\S)(?P<address>https?:\S+|[^\s(@]+@[^\s)]+\w)\s+ | (?<=[。！？])""",
    re.VERBOSE,
)
_ADDRESS = re.compile(r"https?:\S+|(?<!\S)\S+@\S+")
# "READ MORE: A title without an end The next sentence" was a paragraph before its row lost the line
# breaks. It ends at a question mark or where a sentence begins; else before its second name.
_LINK = re.compile(
    r"""(?:^|\s)(?P<marker>[A-Z]{3,}(?:\s[A-Z]{2,})*)\s?[:–-]+\s
    (?:(?:(?![.?!]["”]?\s).){10,100}?(?:[?!]["”]?(?=\s)|(?=\s+["“]|\s+
      (?:The|An?|As|At|But|For|He|His|If|In|It|Its|On|She|Since|That|These|They|This|We|When|While
      |Der|Die|Das|Eine?|Er|Sie|Es|Le|La|Les|Une?|Il|Elle|El|Los|Las|Una?|Os?|Um|Uma)\s))
    |(?:\S+\s){3,}?\S+(?=\s[A-Z]))\s*""",
    re.VERBOSE,
)
_HEAD_END = re.compile(r"[.!?:/–—-]$|[.!?][\"”)]$|\n")  # of what may go above the first sentence
_SIGNS = re.compile(r"[/()\[\]|@©]")
_MAX_WORDS = 40  # longer units are syndicated paragraphs
_MIN_WORDS = 4  # shorter sentences, such as "The trial continues.", may be news each time
_NEAR_EDGE = 5  # words (a town, a day, initials) that go with the repeat behind them
_MANY = "in many documents"
_MIN_SHARED = 5  # texts of one source that have a unit in common: it is boilerplate


@dataclass
class Repeats:
    """Texts of one source without what many of them share.

    Attributes
    ----------
    texts
        As they were given, without it. A text that holds nothing else is left as it is.
    dropped
        Each dropped unit as it first stands, the reason, the position of that text and the number
        of texts; figures and addresses may differ between them.
    left
        Repeats that stay, for they are within the text, with their number of texts.
    """

    texts: list[str]
    dropped: list[tuple[str, str, int, int]]
    left: list[tuple[str, int]]


def drop_repeats(texts: Sequence[str]) -> Repeats:
    r"""Texts of one source without the paragraphs, beginnings and endings that many share.

    Many is five, or a hundredth where there are more than 500. Within a paragraph a repeat stays,
    for it may be a sentence of background, and so does what versions of one story share; edges
    that look like boilerplate by themselves (a share bar, an agency's credit) go in any case.

    >>> footer = "(The Weekly 05/0{}/2025 page{})"
    >>> shut = ["North", "South", "East", "West", "Middle"]
    >>> pages = [f"{quay} Quay is shut. {footer.format(i, i)}" for i, quay in enumerate(shut)]
    >>> found = drop_repeats(pages)
    >>> found.texts[0], found.dropped
    ('North Quay is shut.', [('(The Weekly 05/00/2025 page0)', 'in many documents', 0, 5)])
    """
    n_many = max(_MIN_SHARED, len(texts) / 100)
    linked = [_LINK.sub(_as_paragraph, text) for text in texts]  # most are the same objects
    ends = [_unit_ends(text) for text in linked]
    shared, frames = _shared_units(linked, ends, n_many)
    kept, places = [], defaultdict[tuple[str, bool], dict[int, str]](dict)
    for i, text in enumerate(texts):
        page = _units(linked[i], ends[i])
        stays = _stays(page, shared, frames)
        stays = stays if any(stays) else [True] * len(page)
        whole = "".join(u.text + u.gap for u, stay in zip(page, stays, strict=True) if stay).strip()
        kept.append(text if whole == text else whole)  # once in memory
        for unit, stay in zip(page, stays, strict=True):
            if unit.text and (not stay or unit.key in shared):
                places[unit.key, stay].setdefault(i, unit.text)
    rows = [(*next(iter(at.items())), len(at), stay) for (_, stay), at in places.items()]
    return Repeats(
        kept,
        sorted((text, match_rule(text)[0] or _MANY, i, n) for i, text, n, stay in rows if not stay),
        sorted(((text, n) for _, text, n, stay in rows if stay), key=lambda row: (-row[1], row[0])),
    )


def _shared_units(
    texts: Sequence[str], ends: Sequence[array[int]], n_many: float
) -> tuple[set[str], list[set[str]]]:
    """Keys that many texts share, and those of them that are frames at beginnings and at endings.

    Units are made anew each time, and their hashes are counted: all of them would take ten times
    the memory of the texts.
    """
    hashes, sizes = array("q"), []
    for text, where in zip(texts, ends, strict=True):
        found = {hash(unit.key) for unit in _units(text, where)}
        hashes.extend(found)
        sizes.append(len(found))
    values, places, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    is_often = counts >= n_many
    often = set(values[is_often].tolist())
    shared = set[str]()
    followers = [defaultdict[str, set[int]](set) for _ in ("beginnings", "endings")]
    for i in np.unique(np.repeat(np.arange(len(sizes)), sizes)[is_often[places]]):
        page = [unit.key for unit in _units(texts[i], ends[i])]
        shared.update(key for key in page if hash(key) in often and _is_telling(key))
        for order, after in zip((page, page[::-1]), followers, strict=True):
            for key, next_key in pairwise(order):
                if key in shared and len(after[key]) < n_many:
                    after[key].add(hash(next_key))
    frames = [{key for key, found in after.items() if len(found) >= n_many} for after in followers]
    return shared, frames


class _Unit(NamedTuple):
    """A sentence, a bracket, an address: with the white space after it, and what it is known by."""

    text: str
    gap: str
    key: str


def _unit_ends(text: str) -> array[int]:
    """Where each unit of a text ends and the next one starts, one after the other."""
    found = _UNIT_END.finditer(text)
    return array("I", [n for m in found for n in (max(m.start(), m.end("address")), m.end())])


def _units(text: str, ends: array[int]) -> list[_Unit]:
    """Units of a text; joined with their gaps they are the text."""
    spans = zip([0, *ends[1::2]], [*ends[::2], len(text)], [*ends[1::2], len(text)], strict=True)
    return [_Unit(text[a:b], text[b:c], _key(text[a:b])) for a, b, c in spans]


def _as_paragraph(link: re.Match[str]) -> str:
    return f"\n\n{link[0].strip()}\n\n" if match_rule(link[0].strip())[0] else link[0]


def _key(unit: str) -> str:
    """A unit without figures and addresses, which differ from day to day; a sentence as it is.

    Of a link to another article only the words in capitals before its title count.
    """
    if (link := _LINK.match(f"{unit} The ")) and match_rule(unit)[0]:
        return link["marker"]
    return unit if _is_sentence(unit) else re.sub(r"\d+", "0", _ADDRESS.sub("@address", unit))


def _is_sentence(unit: str) -> bool:
    return bool(SENTENCE_END.search(unit)) and not _SIGNS.search(unit)


def _is_telling(key: str) -> bool:
    """Whether a unit that repeats is more than a short sentence or a word, and no long paragraph."""
    is_telling = count_words(key) >= _MIN_WORDS or not _is_sentence(key)
    return count_words(key) < _MAX_WORDS and is_telling and bool(re.search(r"[^\W\d_]{2}", key))


def _stays(page: Sequence[_Unit], shared: set[str], frames: Sequence[set[str]]) -> list[bool]:
    """Whether each unit stays: not shared paragraphs, share bars and repeats at the two edges."""
    gaps = ["\n\n", *(unit.gap for unit in page[:-1]), "\n\n"]
    is_paragraph = [a == b == "\n\n" and len(page) > 1 for a, b in pairwise(gaps)]
    stays = [
        unit.key not in shared or not (is_whole or match_rule(unit.text)[0])
        for unit, is_whole in zip(page, is_paragraph, strict=True)
    ]
    end = len(page) - _edge(page[::-1], shared, frames[1])
    start = _edge(page[:end], shared, frames[0])
    while start and not _HEAD_END.search(page[start - 1].text):
        start -= 1  # "The Fund (IMF)" begins a sentence
    said = sum(count_words(u.text) for u in (*page[:start], *page[end:]) if _is_sentence(u.text))
    if said and said > sum(count_words(unit.text) for unit in page[start:end]):  # a copy, no frame
        start, end = 0, len(page)
    stays = [stay and start <= i < end for i, stay in enumerate(stays)]
    for i in range(1, len(page)):  # an address behind a share bar or a sentence is part of none
        alone = not stays[i - 1] or SENTENCE_END.search(page[i - 1].text)
        stays[i] &= not (alone and page[i].key in shared and _ADDRESS.fullmatch(page[i].text))
    return stays


def _edge(page: Sequence[_Unit], shared: set[str], frame: set[str]) -> int:
    """Number of units that go at one edge, with a few words between repeats (a town, initials)."""
    n = words = 0
    for i, unit in enumerate(page):
        if unit.key in frame or not re.search(r"\w", unit.text) or match_rule(unit.text)[0]:
            n, words = i + 1, 0
        elif unit.key not in shared:
            words += count_words(unit.text)
        if words > _NEAR_EDGE:
            break
    return n
