"""Words and phrases of texts: what counts as one, which say nothing, how they are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

# Words of reporting, of the calendar and of web pages: frequent in every theme of a news corpus.
_NEWS_WORDS = """
say says said saying told tell wrote write tweeted ap afp dpa reuters according added asked called reported report reports news
year years month months week weeks day days today yesterday tomorrow time times morning evening
january february march april may june july august september october november december
jan feb apr aug sept oct nov dec tues wed thurs fri
monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter
new old first second third last next early late recent recently later earlier past long
one two three four five six seven eight nine ten eleven twelve dozen half per cent percent
twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion
mr mrs ms dr like just including include includes make makes made making way ways come comes came
use used using want wants need needs good better best people thing things lot does did doing
read learn click subscribe follow
u.s u.k u.n don doesn didn isn wasn won hasn haven couldn wouldn shouldn ll ve re http https www com
""".split()
_TOPICAL = frozenset("bill fire interest mill mine system".split())  # stop words in scikit-learn
STOP_WORDS = (frozenset(ENGLISH_STOP_WORDS) - _TOPICAL) | frozenset(_NEWS_WORDS)
_IN_NAMES = {"May": -1, "New": 1, "First": 1, "Second": 1, "Third": 1}  # Theresa May, New Zealand
_CONTRACTION = re.compile(r"(n[’']t|[’'](ll|ve|re|d|m|s|t))$")
_TOKEN = r"(?<!\w)[^\W\d_](?:[\w’'.&-]*\w)?"
_BREAK = r"[^\w\s’'.&-]+|\.\s|\s[-–—]\s|\n\s*\n|(?<!\w)\d[\w.,’'-]*"
_UNIT = re.compile(rf"({_TOKEN})|{_BREAK}")
_LONGEST = 4  # words in a phrase
_RUN = 8  # words; what stands so in an earlier text is not said anew

# What may follow the common start of two words for them to be forms of one.
_BASES = frozenset(["", "e", "a", "y", "ain"])
_FORMS = (
    frozenset("n an ian ese ish d ed r er or ing ist ic ical al ity i ion tion nt".split()) | _BASES
)


def tokens(text: str) -> Iterator[str]:
    """Words of a text as written, without possessive endings."""
    return filter(None, _units(text))


def _units(text: str) -> list[str]:
    """Words as written, and an empty one where no phrase goes on: marks, figures, blank lines."""
    return [u.removesuffix("'s").removesuffix("’s") for u in _UNIT.findall(text)]


@lru_cache(maxsize=2**18)
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
    pairs = zip(one, other, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    rests = {one[same:], other[same:]}
    return one == other or (same > 3 and rests <= _FORMS and not rests <= _BASES)


@lru_cache(maxsize=2**18)
def _is_stop(word: str) -> bool:
    if word == "US" or len(word) < 2:
        return word != "US"
    bare = _CONTRACTION.sub("", word.lower())
    contracted = bare != word.lower() and (bare in STOP_WORDS or word.endswith(("n't", "n’t")))
    return contracted or word.lower() in STOP_WORDS


def content_words(text: str) -> list[str]:
    """Stems of the words of a text that say something."""
    return [stem(t) for t in tokens(text) if len(t) > 2 and not _is_stop(t)]


class Phrases:
    """Phrases of up to four words that stand in texts, without regard to case or plural.

    They neither start nor end with a stop word and hold none but "of". A run of eight words
    that stands in an earlier text too, as furniture, agency copy and formulas do, counts once.

    Parameters
    ----------
    texts
        What to read.
    groups
        Number of the group of each text, from 0; a group counts a phrase once.
    least
        Groups that a phrase stands in to be kept.

    Attributes
    ----------
    keys
        The phrases, each as the stems of its words.
    table
        Sparse ``(n_groups, len(keys))``, 1 where a group has a phrase.
    """

    def __init__(self, texts: Sequence[str], groups: Sequence[int], least: int = 1) -> None:
        found = [["", *_units(text), ""] for text in texts]
        self._units = [unit for units in found for unit in units]
        owners = np.repeat(np.asarray(groups, int), [len(units) for units in found])
        numbers: dict[str, int] = {}
        words = np.array([numbers.setdefault(stem(u), len(numbers)) for u in self._units], int)
        ends, inner = _roles(self._units)
        grams = np.where((ends | inner) & ~_repeated(words), words, -1)
        self.keys: list[str] = []
        self._columns: list[np.ndarray] = []  # by length: which phrase starts at each unit
        for length in range(1, _LONGEST + 1):
            grams = _frequent(grams, owners, least)
            self._keep(np.where(ends & np.roll(ends, 1 - length), grams, -1), length)
            after = np.roll(grams, -1)  # the first unit is a break: nothing runs over the end
            grams = np.where(
                (grams < 0) | (after < 0), -1, grams * (grams.max(initial=0) + 1) + after
            )
        starts, at = np.concatenate(self._columns), np.tile(owners, _LONGEST)
        places = (at[starts >= 0], starts[starts >= 0])
        shape = (int(owners.max(initial=-1)) + 1, len(self.keys))
        self.table = sp.csr_matrix((np.ones(len(places[0])), places), shape).sign()

    def _keep(self, grams: np.ndarray, length: int) -> None:
        _, first, columns = np.unique(grams[grams >= 0], return_index=True, return_inverse=True)
        numbered = np.full(len(grams), -1)
        numbered[grams >= 0] = columns + len(self.keys)
        self._columns.append(numbered)
        for at in np.flatnonzero(grams >= 0)[first]:
            self.keys.append(" ".join(stem(unit) for unit in self._units[at : at + length]))

    def written(self, columns: Iterable[int]) -> dict[int, str]:
        """The commonest form of each phrase; of equally common ones the one in lower case."""
        forms: dict[int, Counter[str]] = {column: Counter() for column in columns}
        wanted = np.zeros(len(self.keys) + 1, bool)  # the last stands for no phrase, -1
        wanted[list(forms)] = True
        for length, starts in enumerate(self._columns, 1):
            for at in np.flatnonzero(wanted[starts]):
                forms[starts[at]][" ".join(self._units[at : at + length])] += 1
        return {
            column: max(found, key=lambda form: (found[form], form.lower() == form, form))
            for column, found in forms.items()
        }


def _roles(units: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which units may stand at the ends of a phrase, and which only inside."""
    ends = np.array([not _is_stop(unit) for unit in units], bool)
    for at in [i for i, unit in enumerate(units) if unit in _IN_NAMES]:
        beside = at + _IN_NAMES[units[at]]
        ends[at] = units[beside][:1].isupper() and not _is_stop(units[beside])
    return ends, np.array([unit.lower() == "of" for unit in units], bool)


def _repeated(words: np.ndarray) -> np.ndarray:
    """Which words stand in a run of words that stood before."""
    n = len(words) - _RUN + 1
    if n < 1:
        return np.zeros(len(words), bool)
    runs = np.zeros(n, np.uint64)
    for k in range(_RUN):
        runs = runs * np.uint64(1_000_003) + words[k : k + n].astype(np.uint64)
    again = np.ones(n, int)
    again[np.unique(runs, return_index=True)[1]] = 0
    return np.convolve(again, np.ones(_RUN, int)) > 0


def _frequent(grams: np.ndarray, owners: np.ndarray, least: int) -> np.ndarray:
    """Grams numbered from 0, those of fewer than `least` owners and gaps -1."""
    used = grams >= 0
    numbered = np.full(len(grams), -1)
    numbered[used] = np.unique(grams[used], return_inverse=True)[1]
    width = owners.max(initial=0) + 1
    pairs = np.unique(numbered[used] * width + owners[used])
    often = np.bincount(pairs // width, minlength=1) >= least
    return np.where(used & often[numbered], numbered, -1)


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
