"""Which states, blocs, agencies and policy instruments passages mention, and in which themes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd
from countryinfo import all_countries

from topics.checks import check_table
from topics.errors import InputError
from topics.intervals import CLAIM_KINDS, CONFIDENCE, Estimate, difference, wilson
from topics.measures.permutation import difference_within
from topics.measures.shares import DocumentThemes, crossed, voice_of
from topics.model.named_themes import as_entries, read_yaml

KINDS = ("state", "bloc", "agency", "instrument")
_BUNDLED = Path(__file__).with_name("actors.yml")
_OPENERS = "And|As|At|Both|But|By|For|From|If|In|Of|On|The|To|When|While|With"
_NAME = rf"(?!(?:{_OPENERS})\b)[A-Z][\w'.-]+"  # what * stands for


@dataclass(frozen=True)
class Actor:
    """Somebody or something to look for; `not_` holds longer names that an alias is part of."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()

    def updated(self, by: Actor) -> Actor:
        """With what a later entry of the same name adds and takes away."""
        not_ = tuple(text for text in self.not_ if text not in by.aliases)
        return Actor(self.name, by.kind, self.aliases + by.aliases, not_ + by.not_)


def read_actors(path: str | Path | None = None) -> list[Actor]:
    """States of the world and the bundled ``actors.yml``, updated by a file of the same form.

    Parameters
    ----------
    path
        A list of ``name, kind`` (state, bloc, agency or instrument), ``aliases`` and ``not``.
        To an actor of a known name an entry adds its aliases. What is under ``not`` is no alias,
        nor is an alias within it ("New Mexico"); there ``*`` is any word with a capital.

    Returns
    -------
    list[Actor]
        States with name, official names, demonym and capital from the package countryinfo,
        then the others. An alias that several have is the last one's.

    Raises
    ------
    InputError
        If a file cannot be read or is not of that form.

    Examples
    --------
    >>> norway = next(actor for actor in read_actors() if actor.name == "Norway")
    >>> norway.kind, norway.aliases[-2:]
    ('state', ('Norwegian', 'Oslo'))
    """
    found = {actor.name: actor for actor in _states()}
    for actor in [*_bundled(), *(_read(path) if path else [])]:
        found[actor.name] = found[actor.name].updated(actor) if actor.name in found else actor
    return list(found.values())


def _states() -> Iterator[Actor]:
    """States, the most populous last: "Chinese" is of China, not of Macau."""
    for state in sorted(all_countries(), key=lambda state: state.population() or 0):
        name = state.name().removeprefix("The ")
        official = [text for text in state.alt_spellings() if " " in text]
        capital = state.capital()
        others = [*(state.demonym() or "").split(","), capital if isinstance(capital, str) else ""]
        yield Actor(name, "state", (name, *official, *filter(None, others)))


@lru_cache(maxsize=1)
def _bundled() -> tuple[Actor, ...]:
    return tuple(_read(_BUNDLED))


def _read(path: str | Path) -> list[Actor]:
    what = "actors (name, kind, aliases)"
    return as_entries(read_yaml(path, "actors"), f"actors: {path}", what, Actor, _as_actor)


def _as_actor(item: Any, where: str) -> Actor:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"]:
        raise InputError(f"{where}: expected fields name, kind, aliases; found {item!r:.60}")
    name, kind = item["name"], item.get("kind")
    for key in item:
        if key not in ("name", "kind", "aliases", "not"):
            raise InputError(f"{where}: unknown field {str(key)!r}")
    if kind not in KINDS:
        raise InputError(f"{where}: kind: expected {', '.join(KINDS)}; found {kind!r:.60}")
    lists = [item.get(key) or [] for key in ("aliases", "not")]
    for key, texts in zip(("aliases", "not"), lists, strict=True):
        if not (isinstance(texts, list) and all(isinstance(t, str) and t.strip() for t in texts)):
            raise InputError(f"{where}: {key}: expected a list of texts, found {texts!r:.60}")
    aliases, not_ = (tuple(text.replace("’", "'") for text in texts) for texts in lists)
    name = name.replace("’", "'")
    return Actor(name, kind, (name, *aliases), not_)


def mentions(passages: pd.DataFrame, actors: Iterable[Actor] | None = None) -> pd.DataFrame:
    """Actors that passages mention by an alias: a whole word or its plural, the longest first.

    Case counts, but for instruments.

    Parameters
    ----------
    passages
        With passage_id and text.
    actors
        Those of `read_actors` if not given.

    Returns
    -------
    pd.DataFrame
        passage_id, actor, kind; one row a passage and actor, in the order of the passages.

    Examples
    --------
    >>> passages = pd.DataFrame({"passage_id": ["a:1"], "text": ["Beijing raised tariffs."]})
    >>> mentions(passages)
      passage_id   actor        kind
    0        a:1   China       state
    1        a:1  tariff  instrument
    """
    check_table(passages, "passages", ["passage_id", "text"])
    known = list(read_actors() if actors is None else actors)
    names = _finder([actor for actor in known if actor.kind != "instrument"], str)
    instruments = _finder([actor for actor in known if actor.kind == "instrument"], _folded)
    rows = []
    for passage_id, said in zip(passages["passage_id"], passages["text"].fillna(""), strict=True):
        text = " ".join(said.replace("’", "'").split())
        rows += [(passage_id, *mention) for mention in sorted(names(text) | instruments(text))]
    return pd.DataFrame(rows, columns=["passage_id", "actor", "kind"])


def _folded(text: str) -> str:
    """A text without capitals and hyphens."""
    return text.lower().replace("-", " ")


def _finder(
    actors: list[Actor], fold: Callable[[str], str]
) -> Callable[[str], set[tuple[str, str]]]:
    """What finds name and kind of each of some actors in a text, once `fold` is applied to it."""
    owner = {
        fold(alias): (a.name, a.kind)
        for a in actors
        for alias in a.aliases
        if fold(alias) not in map(fold, a.not_)
    }
    known = {*owner, *(fold(text) for a in actors for text in a.not_)}
    by_first = defaultdict[str, list[str]](list)  # others aren't tried: a fourth of the time
    for text in sorted(known, key=lambda text: (-len(text), text)):
        for first in ascii_uppercase if text[0] == "*" else text[0]:
            by_first[first].append(re.escape(text).replace(r"\*", _NAME))
    any_of = "|".join(f"(?={re.escape(k)})(?:{'|'.join(v)})" for k, v in by_first.items())
    pattern = re.compile(rf"(?<!\w)({any_of})(?:e?s)?(?![\w$])")
    return lambda text: {owner[own] for own in pattern.findall(fold(text)) if own in owner}


def actors_by_theme(
    document_themes: DocumentThemes,
    passages: pd.DataFrame,
    assignments: pd.DataFrame,
    found: pd.DataFrame,
) -> pd.DataFrame:
    """Which actors passages with a theme mention, compared with the other passages.

    Parameters
    ----------
    document_themes
        The documents that count: without near-duplicates, or those of a source or period.
    passages, assignments
        passage_id, document_id; passage_id, theme_id; as in a `Run`.
    found
        From `mentions`.

    Returns
    -------
    pd.DataFrame
        theme_id, actor, kind, documents (that mention the actor in a passage with the theme), n
        (such passages), sources (of these), n_total (passages with the theme), share, n_elsewhere
        (passages without it), share_elsewhere, difference, low, high (MOVER; a document counts as
        one observation), clear (more than elsewhere, and than elsewhere in the same sources, by Bonferroni's rule for all
        rows and the four kinds of claim on a front page). By theme, the most frequent first.

    Examples
    --------
    >>> passages = pd.DataFrame({"passage_id": ["a:1", "b:1"], "document_id": ["a", "b"]})
    >>> found = pd.DataFrame({"passage_id": ["a:1"], "actor": "China", "kind": "state"})
    >>> themes = pd.DataFrame({"trade": [True, False]})
    >>> about = passages[["document_id"]].assign(date=pd.NaT, source="Gull", country=None)
    >>> table = DocumentThemes(about, themes)
    >>> assignments = pd.DataFrame({"passage_id": ["a:1"], "theme_id": "trade"})
    >>> rows = actors_by_theme(table, passages, assignments, found)
    >>> rows[["theme_id", "actor", "n", "n_total", "share", "share_elsewhere", "clear"]]
      theme_id  actor  n  n_total  share  share_elsewhere  clear
    0    trade  China  1        1    1.0              0.0  False
    """
    about = document_themes.documents[["document_id"]].assign(
        source=document_themes.sources, voice=voice_of(document_themes.documents)
    )
    owner = passages[["passage_id", "document_id"]].merge(about)
    held = assignments[["passage_id", "theme_id"]].merge(owner)
    mentioned = owner.merge(found)
    pairs = held.merge(mentioned).groupby(["theme_id", "actor", "kind"], sort=False)
    table = pairs.agg(
        documents=("document_id", "nunique"), n=("passage_id", "size"), sources=("voice", "nunique")
    ).reset_index()
    of_theme = held.groupby("theme_id").agg({"passage_id": "size", "document_id": "nunique"})
    table["n_total"], n_documents = of_theme.loc[table["theme_id"]].to_numpy().T
    table["share"] = table["n"] / table["n_total"]
    table["n_elsewhere"] = len(owner) - table["n_total"]
    n_others = mentioned["actor"].value_counts()[table["actor"]].to_numpy() - table["n"]
    table["share_elsewhere"] = n_others / table["n_elsewhere"]
    others = table["n_elsewhere"] * owner["document_id"].nunique() / max(len(owner), 1)

    def compared(confidence: float) -> Estimate:
        own = wilson(table["share"] * n_documents, n_documents, confidence)
        return difference(wilson(table["share_elsewhere"] * others, others, confidence), own)

    table[["difference", "low", "high"]] = np.transpose(compared(CONFIDENCE))
    wide = 1 - (1 - CONFIDENCE) / (CLAIM_KINDS * max(len(table), 1))
    table["clear"] = compared(wide).low > 0
    likely = table[table["clear"]]
    table.loc[likely.index, "clear"] = (
        _lowest_within_sources(owner, held, mentioned, likely, wide) > 0
    )
    order = document_themes.has_theme.columns.get_indexer(table["theme_id"])
    return table.iloc[np.lexsort((table["actor"], -table["n"], order))].reset_index(drop=True)


def _lowest_within_sources(
    owner: pd.DataFrame,
    held: pd.DataFrame,
    mentioned: pd.DataFrame,
    table: pd.DataFrame,
    confidence: float,
) -> pd.Series:
    """Lower end of the difference between passages of the same sources, of each row of `table`."""
    passages, actors = pd.Index(owner["passage_id"]), pd.Index(table["actor"].unique())
    names = crossed(passages, actors, mentioned["passage_id"], mentioned["actor"])
    sources, documents = owner["source"].to_numpy(), pd.factorize(owner["document_id"])[0]
    low = pd.Series(0.0, table.index)
    for theme_id, own in table.groupby("theme_id"):
        with_theme = passages.isin(held.loc[held["theme_id"] == theme_id, "passage_id"])
        named = names[:, actors.get_indexer(own["actor"])]
        found = difference_within(named, sources, documents, with_theme, confidence)
        low[own.index] = found.low
    return low
