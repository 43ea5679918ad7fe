"""Words and phrases of texts: what counts as one, which say nothing, how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, pairwise
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
_OF_USE = ["form", "start", "end", "noun", "led"]  # what `_phrases` tells of each use

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
    found: list[str] = []
    for unit in _UNIT.findall(text):
        bare = unit.removesuffix("'s").removesuffix("’s")
        found += _pieces(unit) if _IN_PIECES.search(unit) else [bare]
    return found


def _pieces(word: str) -> list[str]:
    """Pieces of a word without particles; all but the first are marked as glued to the one before.

    Of a Korean word the first piece alone, for the others are endings.
    """
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
        found = [_phrases(text, language) for text in _without_repeats(texts)]
        rows = np.repeat(np.arange(len(texts)), [len(phrases) for phrases in found])
        uses = pd.DataFrame(chain.from_iterable(found), columns=_OF_USE)
        codes, forms = pd.factorize(uses["form"].to_numpy(object))
        keys, names = pd.factorize(np.array([_key(form) for form in forms], object))
        ones = np.ones(len(codes), np.int32)
        table = sp.csr_matrix((ones, (rows, keys[codes])), (len(texts), len(names)))
        counts = np.maximum(table.sum(axis=0).A1, 1)
        starts, ends, nouns, led = uses[_OF_USE[1:]].groupby(keys[codes]).sum().to_numpy(float).T
        nouns, led = nouns / np.maximum(starts, 1), (led + 2) / (starts + 4)
        if language not in _LEADS:
            nouns, led = np.ones((2, len(names)))
        table = table.sign()
        kept = np.flatnonzero((table.getnnz(axis=0) >= min_texts) & (names != ""))
        often = np.bincount(codes, minlength=len(forms))
        plural = np.array([_is_plural(form, language) for form in forms], bool)
        plural &= nouns[keys] >= MIN_NOUN
        self.language = language
        self.keys: list[str] = names[kept].tolist()
        self.columns = {key: column for column, key in enumerate(self.keys)}
        weighted = (often, often * np.where(plural, _PLURAL, 1))
        commonest = [_commonest(keys, forms, weights) for weights in weighted]
        self.written, self.in_names = ([best[key] for key in kept.tolist()] for best in commonest)
        self.table = table[:, kept]
        self.starts, self.ends = starts[kept] / counts[kept], ends[kept] / counts[kept]
        self.nouns, self.led = nouns[kept], led[kept]


def _commonest(keys: np.ndarray, forms: np.ndarray, often: np.ndarray) -> dict[int, str]:
    """The form of each key that is used most often; of equally common ones that in lower case."""
    lower = [form == form.lower() for form in forms]
    order = np.lexsort((lower, often))  # the last one of a key stays
    written = [f.replace(f" {_GLUE}", "").replace(_GLUE, "") for f in forms[order]]
    return dict(zip(keys[order].tolist(), written, strict=True))


def _is_plural(form: str, language: str) -> bool:
    """Whether a word ends with a plural's "s"; in German that is a genitive's too."""
    return language != "de" and form.endswith("s") and stem(form) != form.lower()


def _without_repeats(texts: Sequence[str]) -> Iterator[str]:
    """Texts without the longer sentences that an earlier text has, figures aside."""
    seen: set[str] = set()
    for text in texts:
        parts = {part: _FIGURE.sub("0", part) for part in _SENTENCE.split(text)}
        yield "\n\n".join(p for p, key in parts.items() if len(p) < _MIN_REPEAT or key not in seen)
        seen.update(parts.values())


def _phrases(text: str, language: str) -> list[tuple[str, bool, bool, bool, bool]]:
    """All phrases of a text, as written; whether free at start and end, nouns, and led by an article."""
    units = tokens(text)
    kept = [not _is_stop(unit, language) or unit in _INSIDE for unit in units]
    for at in [i for i, unit in enumerate(units) if unit in _IN_NAMES]:
        beside = "".join(units[max(at + _IN_NAMES[units[at]], 0) :][:1])
        kept[at] = beside[:1].isupper() and not _is_stop(beside)
    words = ["|", *(unit if keep else "|" for unit, keep in zip(units, kept, strict=True)), "|"]
    edge = [word == "|" or word in _INSIDE for word in words]
    name = [word[:1].isupper() for word in words]
    name_ends = [here and not after for here, after in pairwise(name)]
    leads = _LEADS.get(language, [])
    lead = [False, *(unit.lower() in leads for unit in units)]
    found = []
    for n in range(1, _MAX_WORDS + 1):
        ends = edge[n + 1 :]
        if n > 1:  # a name ends where a small letter follows: "Orla May sold ferries"
            ends = [e or end for e, end in zip(ends, name_ends[n:], strict=False)]
        grams = zip(*(words[1 + k :] for k in range(n)), edge, ends, lead, strict=False)
        found += [(" ".join(g), a, b, c and b, c) for *g, a, b, c in grams if "|" not in g]
    return found


def _key(phrase: str) -> str:
    """Stems of the words of a phrase; empty for one that begins or ends with "of" or "de"."""
    words = phrase.replace(_GLUE, "").split(" ")
    return "" if {words[0], words[-1]} & _INSIDE else " ".join(map(stem, words))


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
