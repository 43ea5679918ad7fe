"""What is shown of each theme: name and keywords, from the phrases that set it apart; exemplars."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from babel.lists import format_list
from babel.localedata import locale_identifiers
from countryinfo import all_countries

from topics.model.graph import unit
from topics.model.languages import languages_of
from topics.text.words import MIN_LED, MIN_NOUN, Phrases, alike, distinct, stem

if TYPE_CHECKING:
    from topics.model.graph import Embed

_MAX_READ = 10_000  # passages that are read for phrases, as many of each theme
_MIN_PASSAGES = 2  # of the corpus, that a phrase occurs in
_MIN_SHARE = 0.1  # of the passages that the theme's commonest phrase occurs in, for a keyword
_MIN_LIFT = 1.5  # times that it is oftener in the theme than in the corpus
_MIN_START, _MIN_END = 0.3, 0.4  # uses in which it stands free: others are parts of longer phrases
_MAX_CANDIDATES = 24  # phrases of a theme that may be keywords
_MAX_KEYWORDS = 10
_TOGETHER = 2.0  # what a keyword gains that occurs with the other ones
_MAX_FOUND, _MAX_IN_NAMES = 40, 16  # phrases of a theme that may be in its name, before and after
_MIN_PART = 0.12  # of a theme's passages that hold each phrase of its name
_MIN_COVERED = 0.42  # of a theme's passages that hold a name's words: 40%, and a margin
_MIN_FOUND = 0.25  # F-measure of a name; below, read on four corpora, it names an aside
_PRECISION = 0.5  # weight of passages that a name misses, for those that it finds elsewhere
# What a name gains or loses, in terms of its F-measure: by reading the names of the sample and of
# 2017's news with each left out, and looking at four other corpora.
_CLOSE = 1.0  # for a phrase near the theme in meaning, by the cosine
_FULLER = 0.06  # for a phrase longer than a word
_PERSON = 0.2  # of a phrase with a capital that follows no article and no preposition
_MORE = 0.08  # of each phrase after the first
_NO_NOUN = 0.05  # of a name of capitals alone: it says who, not what
_BARE = 0.2  # of a single word or state
_MIN_WITH_KEYWORDS = 3  # passages of a language, for its keywords to be shown
_MIN_OF_LANGUAGE = 5  # passages, or half of the theme's, for it to be named in that language
_MAX_NAMES = 5  # of a theme, should an earlier theme have taken the best
_MIN_OUTLET = 6  # letters of an outlet, for a phrase with them to be about it
_OF_OUTLET = 0.6  # of an outlet's letters, that a phrase has that is its name
UNNAMED = "Unnamed: "
_EXEMPLARS = 3  # passages that show a theme


def describe(
    passages: pd.DataFrame, labels: np.ndarray, centroids: np.ndarray, embed: Embed
) -> list[tuple[str, list[str]]]:
    """Name and keywords of each cluster.

    A name is up to three noun phrases, such that the passages with one of them are the cluster's:
    of all choices among its commonest phrases the one with the highest F-measure (van Rijsbergen
    1979), more for phrases that are near the cluster's centroid, less for each further phrase and
    for people. States stand for their peoples, and come first; capitals are left out. A cluster
    that no choice covers is called unnamed, and shown by three keywords. Keywords weigh as much as independent passages of
    the cluster use them, times how much oftener they occur there than by chance, in the manner
    of class-based TF-IDF (Grootendorst 2022); of the best those stay that occur together
    (normalised pointwise mutual information, Bouma 2009).

    Parameters
    ----------
    passages
        With text, passage_id and copy_group; language, and source, which no name repeats, where
        they are known. A cluster with English passages is named in English, others in the
        language of most of their passages.
    labels
        ``(n,)`` cluster of each passage; -1 for none.
    centroids
        ``(n_clusters, dim)`` unit rows, less the mean of all passages' vectors: what is near to
        every theme names none.
    embed
        Texts to unit vectors, of the kind that `centroids` are made of.

    Returns
    -------
    list of (name, keywords)
        One for each cluster, names all different.
    """
    outlets = _outlets(passages)
    described: dict[str, list[str]] = {}
    for number, (phrases, is_own) in enumerate(_phrases_of(passages, labels, len(centroids))):
        words = _distinctive(phrases, is_own)
        keywords = _keywords(words, phrases.table)
        candidates = _candidates(words, phrases, outlets)
        close = _closeness(candidates, centroids[number], embed)
        names = _names(candidates, is_own, close, phrases.language)
        names.append(UNNAMED + ", ".join(keywords[:3]) if keywords else f"Theme {number + 1}")
        name = next((name for name in names if name not in described), names[-1])
        while name in described:
            name += " (other)"
        described[name] = keywords
    return list(described.items())


def keywords_of(passages: pd.DataFrame, labels: np.ndarray, n: int) -> list[list[str]]:
    """Keywords of each of `n` clusters, best first, see `describe`."""
    found = _phrases_of(passages, labels, n)
    return [_keywords(_distinctive(*pair), pair[0].table) for pair in found]


def keywords_by_language(passages: pd.DataFrame, labels: np.ndarray, n: int) -> pd.DataFrame:
    """Keywords of each of `n` clusters in each language that it has three passages of.

    Returns
    -------
    pd.DataFrame
        number (of the cluster), language, n_passages, keywords; most passages first.
    """
    languages = languages_of(passages, "en")
    rows: list[tuple[int, str, int, str]] = []
    for language in sorted(set(languages)):
        own, numbers = passages[languages == language], labels[languages == language]
        sizes = np.bincount(numbers[numbers >= 0], minlength=n)
        words = map(", ".join, keywords_of(own, numbers, n))
        rows += zip(range(n), [language] * n, sizes, words, strict=True)
    table = pd.DataFrame(rows, columns=["number", "language", "n_passages", "keywords"])
    table = table[(table["n_passages"] >= _MIN_WITH_KEYWORDS) & (table["keywords"] != "")]
    return table.sort_values(["number", "n_passages"], ascending=[True, False], kind="stable")


def centroid_of(vectors: np.ndarray) -> np.ndarray:
    """Mean direction of vectors, a unit vector; zeros of zeros and of none."""
    return unit(vectors.sum(axis=0) / max(len(vectors), 1))


def _outlets(passages: pd.DataFrame) -> list[str]:
    """Names of the sources, in small letters without blanks."""
    sources = passages["source"].dropna().unique() if "source" in passages else []
    return [_squashed(max(source.split("."), key=len)) for source in sources]


def _squashed(name: str) -> str:
    return re.sub(r"\W", "", name.lower())


def _is_outlet(phrase: str, outlets: list[str]) -> bool:
    own = _squashed(phrase)
    return any(
        len(own) > _OF_OUTLET * len(name) if own in name else len(name) >= _MIN_OUTLET
        for name in outlets
        if own in name or name in own
    )


def _phrases_of(
    passages: pd.DataFrame, labels: np.ndarray, n: int
) -> Iterator[tuple[Phrases, np.ndarray]]:
    """For each cluster the phrases of the language that it is named in, and its texts among them."""
    languages, rows = languages_of(passages, "en"), _read(passages, labels, n)
    texts = {code: tuple(own) for code, own in passages["text"].iloc[rows].groupby(languages[rows])}
    for number in range(n):
        counts = Counter(languages[labels == number].tolist())
        english = counts["en"] >= min(_MIN_OF_LANGUAGE, counts.total() / 2)
        language = "en" if english else counts.most_common(1)[0][0]
        own = rows[languages[rows] == language]
        yield _phrases_in(texts.get(language, ()), language), labels[own] == number


@lru_cache(maxsize=8)  # names, and keywords of named themes and by language, are of the same texts
def _phrases_in(texts: tuple[str, ...], language: str) -> Phrases:
    found = Phrases(texts, _MIN_PASSAGES, language)
    return found if found.keys else Phrases(texts, language=language)


def _read(passages: pd.DataFrame, labels: np.ndarray, n: int) -> np.ndarray:
    """Rows that are read: of each cluster, and of none, as many at most; near-duplicates once."""
    representatives = (passages["copy_group"] == passages["passage_id"]).to_numpy()
    own = [np.flatnonzero(representatives & (labels == i)) for i in range(-1, n)]
    max_rows = max(_MAX_READ // (n + 1), 100)
    return np.sort(np.concatenate([rows[:: len(rows) // max_rows + 1] for rows in own]))


def _distinctive(phrases: Phrases, is_own: np.ndarray) -> pd.DataFrame:
    """Phrases that are oftener in a cluster's texts than elsewhere, and are no fragments.

    Columns: key, column, own (texts of the cluster with the phrase), found (F-measure of the texts
    with it), weight (0 to 1); as written, heaviest first.
    """
    n, n_own = len(is_own), max(int(is_own.sum()), 1)
    own, every = (table.sum(axis=0).A1 for table in (phrases.table[is_own], phrases.table))
    lift = own / every * n / n_own
    least = max(_MIN_PASSAGES, _MIN_SHARE * own.max(initial=0))
    often = own >= (least if (own >= least).any() else 1)
    often &= (lift >= _MIN_LIFT) | is_own.all()
    columns = np.flatnonzero(often)
    written = pd.Index([phrases.written[column] for column in columns], dtype=str)
    keys = [phrases.keys[column] for column in columns]
    starts, ends = phrases.starts[columns], phrases.ends[columns]
    single = np.array([" " not in key for key in keys], bool)
    proper = np.array([form[:1].isupper() for form in written], bool)
    free = (starts >= _MIN_START) & (ends >= _MIN_END)
    free |= single & proper & (ends >= _MIN_END / 2)  # "the APEC summit" is on APEC
    weight = (own * np.log1p(lift) ** 2)[columns] + 1e-6 * ~single  # of two alike the longer one
    found = _f_measure(own, every, n_own)[columns]
    told = {"key": keys, "column": columns, "own": own[columns], "found": found, "weight": weight}
    table = pd.DataFrame(told, written)[free if free.any() else ~free]
    table["weight"] /= max(table["weight"].max(), 1e-9)
    return table.sort_values("weight", ascending=False, kind="stable")


def _f_measure(found: np.ndarray, every: np.ndarray, n_own: int) -> np.ndarray:
    return (1 + _PRECISION) * found / (_PRECISION * n_own + every)


def _keywords(words: pd.DataFrame, table: sp.csr_matrix) -> list[str]:
    """A cluster's keywords, best first."""
    by_key = words.reset_index().drop_duplicates("key").set_index("key")
    kept = by_key.loc[distinct(words["key"].head(2 * _MAX_CANDIDATES), _MAX_CANDIDATES)]
    found = _coherent(kept["weight"].to_numpy(), table[:, kept["column"].to_numpy()])
    return kept["index"].iloc[found].tolist()


def _candidates(found: pd.DataFrame, phrases: Phrases, outlets: list[str]) -> pd.DataFrame:
    """What may be in a name: noun phrases, and states instead of their people.

    Columns: holds (bool ``(n_texts,)``, whether each text has the name, or all words of the
    phrase), gain.
    """
    kept: dict[str, tuple[np.ndarray, float]] = {}
    table = phrases.table.tocsc()  # of which columns are taken far faster
    best = found.sort_values("found", ascending=False, kind="stable").head(_MAX_FOUND)
    for key, column in zip(best["key"], best["column"], strict=True):
        form = phrases.in_names[column]
        several, proper = " " in key, form[:1].isupper()
        words = [key] if proper else key.split(" ")
        columns = [phrases.columns[word] for word in words if word in phrases.columns]
        holds = np.equal(table[:, columns].sum(axis=1).A1, len(columns))
        follows = phrases.nouns[[column, columns[-1]]].max()
        noun = proper or follows >= MIN_NOUN or (several and form.endswith("s"))
        noun &= proper == form.split(" ")[-1][:1].isupper()
        noun &= not (several and _states().get(key.split(" ")[0]))  # "Norwegian ports": Norway
        noun &= proper or phrases.led[columns[0]] >= MIN_LED  # not "sell passports"
        if state := _states().get(key):
            kept[state] = (kept[state][0] | holds if state in kept else holds, 0.0)
        elif state is None and noun and not _is_outlet(form, outlets):
            kept[form] = (holds, _FULLER * several - _PERSON * proper * max(1 - 2 * follows, 0))
    return pd.DataFrame.from_dict(kept, orient="index", columns=["holds", "gain"], dtype=object)


@cache
def _states() -> dict[str, str]:
    """States by the stems of their names and peoples, the most populous last; none by capitals."""
    found = {"kiev": "", "washington": ""}
    for state in sorted(all_countries(), key=lambda state: state.population() or 0):
        name = state.name().removeprefix("The ")
        found[_stems(str(state.capital()))] = ""
        found |= {_stems(alias): name for alias in (*(state.demonym() or "").split(","), name)}
    uk, us = "United Kingdom", "United States"
    return found | {"uk": uk, "britain": uk, "us": us, "america": us}


def _stems(phrase: str) -> str:
    return " ".join(map(stem, phrase.split()))


def _closeness(candidates: pd.DataFrame, centroid: np.ndarray, embed: Embed) -> np.ndarray:
    vectors = embed(candidates.index.tolist()) if len(candidates) else np.zeros((0, 0))
    if vectors.shape[1] != len(centroid):  # vectors of another model say nothing
        return np.zeros(len(candidates))
    return vectors @ centroid


def _names(
    candidates: pd.DataFrame, is_own: np.ndarray, close: np.ndarray, language: str
) -> list[str]:
    """Names of up to three phrases that find the texts of the cluster, and not others, best first."""
    n_own, forms = int(is_own.sum()), candidates.index.to_numpy(object)
    holds = np.array(candidates["holds"].tolist(), bool).reshape(len(forms), len(is_own))
    own, gain = holds[:, is_own].sum(axis=1), _CLOSE * close + candidates["gain"].to_numpy(float)
    common = np.array([form[:1].islower() for form in forms], bool)
    state = np.array([form in _states().values() for form in forms], bool)
    bare = state | np.array([" " not in form for form in forms], bool)
    alone = gain + _f_measure(own, holds.sum(axis=1), n_own)
    best = [i for i in np.argsort(-alone, kind="stable") if own[i] >= _MIN_PART * n_own]
    scored: list[tuple[float, list[int]]] = []
    for n in (1, 2, 3):
        for parts in map(list, combinations(best[:_MAX_IN_NAMES], n)):
            either = holds[parts].max(axis=0)
            covered = either[is_own].sum()
            found = _f_measure(covered, either.sum(), n_own)
            if covered >= _MIN_COVERED * n_own and found >= _MIN_FOUND and _differ(forms[parts]):
                loss = _MORE * (n - 1) + _NO_NOUN * (not common[parts].any())
                loss += _BARE * (n == 1 and bare[parts[0]])
                scored.append((found + np.average(gain[parts], weights=own[parts]) - loss, parts))
    # Whose "and" joins the parts of a name.
    locale = language if language != "en" and language in locale_identifiers() else "en_GB"
    names: list[str] = []
    for _, parts in sorted(scored, key=lambda pair: -pair[0])[:_MAX_NAMES]:
        states_first = forms[sorted(parts, key=lambda part: not state[part])].tolist()
        names.append(format_list(states_first, locale=locale))
    return [name[0].upper() + name[1:] for name in names]


def _differ(forms: np.ndarray) -> bool:
    """Whether no two phrases share a word, or a part of one."""
    return not any(
        alike(a, b) or a in b or b in a
        for one, other in combinations(forms, 2)
        for a, b in product(one.split(), other.split())
    )


def _coherent(weights: np.ndarray, table: sp.csr_matrix) -> list[int]:
    """The columns, best first, that stay as the least fitting is left out in turn."""
    both = np.maximum((table.T @ table).toarray() / table.shape[0], 1e-12)
    alone = np.diag(both)
    together = np.log(both / np.outer(alone, alone)) / np.maximum(-np.log(both), 1e-12)
    kept = np.arange(len(weights))
    while True:
        shared = together[np.ix_(kept, kept)].sum(axis=1) / max(len(kept), 1)
        scores = weights[kept] + _TOGETHER * shared
        best = np.argsort(-scores, kind="stable")
        if len(kept) <= _MAX_KEYWORDS:
            return kept[best].tolist()
        kept = kept[best[:-1]]


def exemplars_of(passages: pd.DataFrame, vectors: np.ndarray, scores: pd.Series) -> list[str]:
    """See `ThemeModel.exemplars`; `scores` of a theme's passages are labelled by their row."""
    own = vectors[scores.index]
    ranked = (scores + own @ centroid_of(own)).sort_values(ascending=False, kind="stable")
    best = passages.loc[ranked.index]
    different = best.drop_duplicates("copy_group").drop_duplicates("document_id")
    return different["passage_id"].head(_EXEMPLARS).tolist()


def numbers_of_themes(
    ids: list[str], passages: pd.DataFrame, assignments: pd.DataFrame
) -> np.ndarray:
    """Place in `ids` of each passage's strongest theme ``(n,)``, -1 for another or none."""
    numbers = {theme_id: number for number, theme_id in enumerate(ids)}
    strongest = passages["passage_id"].map(strongest_theme(assignments))
    return strongest.map(numbers).fillna(-1).to_numpy(int)


def strongest_theme(assignments: pd.DataFrame) -> pd.Series:
    """The theme with the highest score by passage_id; of equal scores the first."""
    ordered = assignments.sort_values("score", kind="stable", ascending=False)
    return ordered.drop_duplicates("passage_id").set_index("passage_id")["theme_id"]
