"""Words and phrases of texts: what counts as one, which say nothing, how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import yaml

from topics.read.boilerplate import UNSPACED
from topics.text.pieces import splitter

_TABLE = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
_LEADS = {language: words.split() for language, words in _TABLE["leads"].items()}
_NEWS_WORDS, _TOPICAL = (frozenset(_TABLE[name].split()) for name in ("news", "topical"))
_IN_NAMES = {"May": -1, "New": 1, "First": 1, "Second": 1, "Third": 1}  # Theresa May, New Zealand
_INSIDE = frozenset(["of", "de"])  # stop words that a phrase may contain
_CONTRACTION = re.compile(r"(n[’']t|[’'](ll|ve|re|d|m|s|t))$")
_IN_PIECES = re.compile(rf"[{UNSPACED}\uac00-\ud7af]")  # and Korean, which adds endings to words
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_PARTICLES = re.compile(r"^[\u3040-\u309f的了]+|[\u3040-\u309f的了]+$")  # at the ends of a piece
_ELISION = r"(?:[cdjlmnst]|qu|all|dall|dell|nell|sull|un)['’](?=\w)"  # French, Italian
_GLUE = "\u2060"  # before a piece that follows another without a blank
_TOKEN = rf"{_IN_PIECES.pattern}+|(?<![\w?�])(?:{_ELISION}|[^\W\d_](?:[\w’'.&-]*\w)?)"
_BREAK = r"[^\w\s’'.&-]+|\.\s|\s[-–—]\s|\n\s*\n|(?<!\w)\d[\w.,’'-]*"
_UNIT = re.compile(rf"({_TOKEN})|{_BREAK}")
_SENTENCE = re.compile(r"\s*\n\s*|(?<=[.!?])\s+|https?:\S+|[()]")
_FIGURE = re.compile(r"\d+")
_MIN_REPEAT = 25  # characters of a sentence that counts once; shorter ones recur in any prose
MIN_NOUN = 0.15  # see `Phrases.nouns`; of the words read, most verbs are below, most nouns above
# See `Phrases.led`; of fifty words, verbs have 0 to .19, nouns and adjectives .33 to .89.
MIN_LED = 0.25
_PLURAL = 4  # times that a plural counts: names of themes are in the plural
_MAX_WORDS = 4  # in a phrase
_OF_USE = ["start", "end", "noun", "led"]  # what is counted of the uses of a phrase

# What may follow the common start of two words for them to be forms of one.
_BASES = {"", "e", "a", "y", "ain"}
_FORMS = {*_BASES, *"n an ian ese ish es d ed r er or ing ping ist ic al ity i ion tion nt".split()}


@cache
def stop_words(language: str = "en") -> frozenset[str]:
    """Words that say nothing about what a news text is about, in lower case; none if unknown.

    Examples
    --------
    >>> "monday" in stop_words(), "harbour" in stop_words(), "und" in stop_words("de")
    (True, False, True)
    """
    if language != "en":
        import stopwordsiso

        known = stopwordsiso.has_lang(language)
        return frozenset(stopwordsiso.stopwords(language)) if known else frozenset()
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS  # takes a second to import

    return (ENGLISH_STOP_WORDS - _TOPICAL) | _NEWS_WORDS


def tokens(text: str) -> list[str]:
    """Words without possessive endings; an empty one for each mark, figure and blank line.

    Languages without spaces, and Korean, come in pieces of words.

    Examples
    --------
    >>> tokens("Korvia's dockers, 40 of them")
    ['Korvia', 'dockers', '', '', 'of', 'them']
    """
    return [*chain.from_iterable(map(_pieces, _UNIT.findall(text)))]


@lru_cache(maxsize=2**17)  # the same passages are read for names, keywords and comparisons
def _read(sentence: str) -> tuple[str, list[str]]:
    """By what a sentence is known again, and a mark and its words."""
    return _FIGURE.sub("0", sentence), ["", *tokens(sentence)]


@lru_cache(maxsize=2**18)
def _pieces(word: str) -> list[str]:
    """A word without possessive ending, or its pieces in languages that write no spaces, and Korean.

    Pieces come without particles; all but the first are marked as glued to the one before. Of a
    Korean word the first piece alone, for the others are endings.
    """
    if not _IN_PIECES.search(word):
        return [word.removesuffix("'s").removesuffix("’s")]
    pieces = [p.removeprefix("▁") for p in splitter().encode(word, out_type=str)]
    first, *rest = [_PARTICLES.sub("", piece) for piece in pieces if piece] or [""]
    return [first] if _HANGUL.search(word) else [first, *(_GLUE + p if p else "" for p in rest)]


@lru_cache(maxsize=2**18)
def stem(word: str) -> str:
    """A word in lower case without its plural ending.

    Examples
    --------
    >>> stem("Ferries")
    'ferry'
    """
    word = word.lower().removeprefix("al-")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("xes", "sses", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=2**18)
def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one.

    Examples
    --------
    >>> alike("China", "Chinese"), alike("police", "policy")
    (True, False)
    """
    one, other = stem(one), stem(other)
    if one[:2] != other[:2]:  # nearly all pairs
        return False
    one, other = (re.sub("ism$", "ist", word) for word in (one, other))
    pairs = zip(one, other, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    rests = {one[same:], other[same:]}
    return one == other or (same > 3 and rests <= _FORMS and not rests <= _BASES)


@lru_cache(maxsize=2**18)
def _is_stop(word: str, language: str = "en") -> bool:
    word, stops = word.removeprefix(_GLUE), stop_words(language)
    if word == "US" or len(word) < 2:
        return word != "US"
    bare = _CONTRACTION.sub("", word.lower())
    contracted = bare != word.lower() and (bare in stops or word.endswith(("n't", "n’t")))
    return contracted or word.lower() in stops or word.endswith(("'", "’"))


class Phrases:
    """Phrases of up to four words in texts, without regard to case or plural.

    They neither start nor end with a stop word and contain none but "of" and "de". A sentence
    or parenthesis that is in an earlier text too, figures aside, such as boilerplate and agency
    copy, counts once.

    Parameters
    ----------
    texts
        What to read.
    min_texts
        Phrases of fewer texts are left out.
    language
        Of the texts, ISO 639-1: it says which words are stop words.

    Attributes
    ----------
    language
        As given.
    keys, written
        The phrases: each as the stems of its words, and in its commonest form.
    in_names
        As written, but nouns in the plural where at least one use in five is.
    columns
        Place of each key.
    table
        Sparse ``(len(texts), len(keys))``, 1 where a text has a phrase.
    starts, ends
        ``(len(keys),)`` share of a phrase's uses before which, and after which, no other word of
        a phrase stands: low for fragments of longer phrases, and for adjectives.
    nouns
        ``(len(keys),)`` how often an article or preposition is before it and nothing after it, by
        uses that start free: low for verbs and for people. 1 in languages without a list of them.
    led
        ``(len(keys),)`` the same, whatever follows, as if four uses more had two: low for verbs.

    Examples
    --------
    >>> phrases = Phrases(["Grain Silos", "the grain silo", "a grain port"], min_texts=2)
    >>> phrases.keys, phrases.written
    (['grain', 'silo', 'grain silo'], ['grain', 'silo', 'grain silo'])
    >>> phrases.table.toarray().tolist()
    [[1, 1, 1], [1, 1, 1], [1, 0, 0]]
    """

    def __init__(self, texts: Sequence[str], min_texts: int = 1, language: str = "en") -> None:
        uses, words = _uses(texts, language)
        uses = uses[uses.groupby("key")["text"].transform("nunique") >= min_texts]
        keys, names = pd.factorize(uses["key"])
        pairs = np.ones(len(uses), np.int32), (uses["text"], keys)
        counts = np.bincount(keys)
        starts, ends, nouns, led = uses.groupby(keys)[_OF_USE].sum().to_numpy(float).T
        self.language = language
        self.table = sp.csr_matrix(pairs, (len(texts), len(names))).sign()
        self.starts, self.ends = starts / counts, ends / counts
        self.nouns, self.led = nouns / np.maximum(starts, 1), (led + 2) / (starts + 4)
        if language not in _LEADS:
            self.nouns, self.led = np.ones((2, len(names)))
        often = np.bincount(pd.factorize(uses["form"])[0])
        first = uses.assign(key=keys).drop_duplicates("form")
        own = first["key"].to_numpy()
        forms = [" ".join(words[a:b]) for a, b in zip(first["at"], first["after"], strict=True)]
        plural = np.array([_is_plural(form, language) for form in forms], bool)
        plural &= self.nouns[own] >= MIN_NOUN
        self.keys = [*dict.fromkeys(map(_key, forms))]
        self.columns = {key: column for column, key in enumerate(self.keys)}
        self.written = _commonest(own, forms, often)
        self.in_names = _commonest(own, forms, often * np.where(plural, _PLURAL, 1))


def _commonest(keys: np.ndarray, forms: list[str], often: np.ndarray) -> list[str]:
    """The form of each key that is used most often; of equally common ones that in lower case."""
    lower = np.array([form == form.lower() for form in forms])
    order = np.lexsort((lower, often, keys))
    last = order[np.diff(keys[order], append=-1) != 0]
    return [forms[i].replace(f" {_GLUE}", "").replace(_GLUE, "") for i in last]


def _uses(texts: Sequence[str], language: str) -> tuple[pd.DataFrame, np.ndarray]:
    """The phrases of texts, use by use, and the words of all texts one after the other.

    Columns: at and after (places of the first word, and of that after the last), form and key (a
    number for each, the same however often it is used), text (its row), start and end (whether
    free), noun, led (by an article, with nothing after it or whatever follows); by text, the
    shorter phrases first.
    """
    found = [*_without_repeats(texts)]
    row = np.repeat(np.arange(len(found)), [*map(len, found)])
    codes, words = pd.factorize(np.array([*chain.from_iterable(found), ""], object))
    inside = np.array([word.removeprefix(_GLUE) in _INSIDE for word in words])[codes]
    kept = inside | ~np.array([_is_stop(word, language) for word in words])[codes]
    step = np.array([_IN_NAMES.get(word, 0) for word in words])[codes]
    named = np.flatnonzero(step)
    kept[named] = [w[:1].isupper() and not _is_stop(w) for w in words[codes[named + step[named]]]]
    free = kept & ~inside
    name = kept & np.array([word[:1].isupper() for word in words])[codes]
    lead = np.array([word.lower() in _LEADS.get(language, []) for word in words])[codes]
    stems = pd.factorize(np.array([_key(word) for word in words], object))[0][codes]
    at, parts = np.flatnonzero(free), []
    form, key = codes[at], stems[at]
    for n in range(1, _MAX_WORDS + 1):
        told = {
            "at": at,
            "after": at + n,
            "form": form * _MAX_WORDS + n,
            "key": key * _MAX_WORDS + n,
        }
        parts.append(pd.DataFrame(told)[free[at + n - 1]])
        longer = kept[at + n]
        at = at[longer]
        form = pd.factorize(form[longer] * len(words) + codes[at + n])[0]
        key = pd.factorize(key[longer] * len(words) + stems[at + n])[0]
    uses = pd.concat(parts)
    at, after = uses["at"].to_numpy(), uses["after"].to_numpy()
    end, led = ~free[after], lead[at - 1]
    end |= (after - at > 1) & name[after - 1] & ~name[after]  # "Orla May sold": the name ends
    uses = uses.assign(text=row[at], start=~free[at - 1], end=end, noun=end & led, led=led)
    return uses.sort_values("text", kind="stable"), words[codes]


def _is_plural(form: str, language: str) -> bool:
    """Whether a word ends with a plural's "s"; in German that is a genitive's too."""
    return language != "de" and form.endswith("s") and stem(form) != form.lower()


def _without_repeats(texts: Sequence[str]) -> Iterator[list[str]]:
    """Words of texts without the longer sentences that an earlier text has, figures aside."""
    seen: set[str] = set()
    for text in texts:
        parts = {part: _read(part) for part in _SENTENCE.split(text)}
        new = [w for p, (key, w) in parts.items() if len(p) < _MIN_REPEAT or key not in seen]
        yield [*chain.from_iterable(new)]
        seen.update(key for key, _ in parts.values())


def _key(phrase: str) -> str:
    """Stems of the words of a phrase."""
    return " ".join(map(stem, phrase.replace(_GLUE, "").split(" ")))


def distinct(terms: Iterable[str], max_terms: int) -> list[str]:
    """The first `max_terms` terms that have little in common with those before them.

    Examples
    --------
    >>> distinct(["grain silo", "silo", "ferry", "port"], 2)
    ['grain silo', 'ferry']
    """
    kept: list[str] = []
    for term in terms:
        if len(kept) < max_terms and not any(overlap(term, other) for other in kept):
            kept.append(term)
    return kept


def overlap(one: str, other: str) -> bool:
    """Whether two phrases share two words, or the only word of either.

    Examples
    --------
    >>> overlap("grain silo", "silos"), overlap("grain silo", "grain port")
    (True, False)
    """
    shorter, longer = sorted((one.split(), other.split()), key=len)
    shared = sum(any(alike(word, w) for w in longer) for word in shorter)
    return shared >= min(len(shorter), 2)
