"""Words and phrases of a text: what counts as one, which say nothing, how they are written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

# Words of reporting and of the calendar: frequent in every theme of a news corpus.
_NEWS_WORDS = """
say says said saying told tell according added asked called reported report reports news
year years month months week weeks day days today yesterday tomorrow time times morning evening
january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter
new old first second third last next early late recent recently later earlier past long
one two three four five six seven eight nine ten dozen half third per cent percent
mr mrs ms like just including include includes make makes made making way ways come comes came
use used using want wants need needs good better best people thing things lot does did doing
u.s u.k u.n don doesn didn isn wasn won hasn haven couldn wouldn shouldn ll ve re http https www com
""".split()
_TOPICAL = frozenset("bill fire interest mill mine system".split())  # stop words in scikit-learn
STOP_WORDS = (frozenset(ENGLISH_STOP_WORDS) - _TOPICAL) | frozenset(_NEWS_WORDS)
_CONTRACTION = re.compile(r"(n[’']t|[’'](ll|ve|re|d|m|s|t))$")
_TOKEN = re.compile(r"(?<!\w)[^\W\d_](?:[\w’'.&-]*\w)?")
_INNER = frozenset({"of"})  # may stand inside a phrase: Bank of Japan


def tokens(text: str) -> Iterator[str]:
    """Words of a text as written, without possessive endings."""
    for match in _TOKEN.finditer(text):
        yield re.sub(r"[’']s?$", "", match[0])


def stem(word: str) -> str:
    """A word in lower case without its plural ending."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("xes", "sses", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one: China and Chinese, vote and voter."""
    one, other = stem(one), stem(other)
    same = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return one == other or same >= max(4, min(len(one), len(other)) - 1)


def _is_stop(word: str) -> bool:
    word = word.lower()
    return word in STOP_WORDS or _is_contraction(word)


def _is_contraction(word: str) -> bool:
    """Whether a word is don't, we'll, they've and the like."""
    stem_ = _CONTRACTION.sub("", word)
    return stem_ != word and (stem_ in STOP_WORDS or word.endswith(("n't", "n’t")))


def content_words(text: str) -> list[str]:
    """Stems of the words of a text that say something."""
    return [stem(t) for t in tokens(text) if len(t) > 2 and not _is_stop(t)]


def phrases(text: str, longest: int = 3) -> Iterator[str]:
    """Runs of one to `longest` words as written, that neither start nor end with a stop word."""
    for part in re.split(r"[^\w\s’'.&-]+|\.\s|\s[-–—]\s|\n\s*\n|(?<!\w)\d[\w.,’'-]*", text):
        words = list(tokens(part))
        stops = [_is_stop(w) or len(w) < 2 for w in words]
        for first in range(len(words)):
            for last in range(first, min(first + longest, len(words))):
                inner = range(first + 1, last)
                if stops[first] or stops[last]:
                    continue
                if all(not stops[i] or words[i].lower() in _INNER for i in inner):
                    yield " ".join(words[first : last + 1])


class PhraseCounter:
    """Counts phrases without regard to case or plural, and remembers how each is written most."""

    def __init__(self) -> None:
        self._forms: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def keys(self, text: str) -> set[str]:
        """The phrases of a text, each as one key; their written forms are remembered."""
        found = set()
        for phrase in phrases(text):
            key = " ".join(stem(word) for word in phrase.split())
            self._forms[key][phrase] += 1
            found.add(key)
        return found

    def written(self, key: str) -> str:
        """The commonest form of a phrase; of equally common ones the one in lower case."""
        forms = self._forms[key]
        return max(forms, key=lambda form: (forms[form], form.lower() == form, form))


def distinct(terms: Iterable[str], most: int) -> list[str]:
    """The first `most` terms of which none is a part, or mostly other forms, of an earlier one."""
    kept: list[str] = []
    for term in terms:
        if not any(overlap(term, other) for other in kept):
            kept.append(term)
        if len(kept) == most:
            break
    return kept


def overlap(one: str, other: str) -> bool:
    """Whether the shorter phrase has no word that the longer one lacks."""
    shorter, longer = sorted((one.split(), other.split()), key=len)
    return all(any(alike(word, w) for w in longer) for word in shorter)
