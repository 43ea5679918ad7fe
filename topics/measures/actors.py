"""Which states, blocs, agencies and policy instruments passages mention, and in which themes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
import scipy.sparse as sp
import yaml
from countryinfo import all_countries

from topics.errors import InputError
from topics.intervals import wilson
from topics.measures.document_themes import DocumentThemes

KINDS = ("state", "bloc", "agency", "instrument")
_BUNDLED = Path(__file__).with_name("actors.yml")
_OPENERS = "And|As|At|Both|But|By|For|From|If|In|Of|On|The|To|When|While|With"
_NAME = rf"(?!(?:{_OPENERS})\b)[A-Z][\w'.-]+"  # what * stands for


@dataclass(frozen=True)
class Actor:
    """Somebody or something to look for; `not_` holds what its aliases also stand in."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()

    def mended(self, by: Actor) -> Actor:
        """With what a later entry of the same name adds and takes away."""
        not_ = tuple(text for text in self.not_ if text not in by.aliases)
        return Actor(self.name, by.kind, self.aliases + by.aliases, not_ + by.not_)


def read_actors(path: str | Path | None = None) -> list[Actor]:
    """States of the world and the bundled ``actors.yml``, mended by a file of the same form.

    Parameters
    ----------
    path
        A list of ``name, kind`` (state, bloc, agency or instrument), ``aliases`` and ``not``.
        To an actor of a known name an entry adds its aliases; it takes away what stands under
        ``not``, and passes over it where it holds an alias ("New Mexico"). There ``*`` stands
        for any word with a capital.

    Returns
    -------
    list[Actor]
        States with name, official names, demonym and capital from the package countryinfo,
        then the others. An alias that several have belongs to the last of them.

    Raises
    ------
    InputError
        If a file cannot be read or is not of that form.
    """
    found = {actor.name: actor for actor in _states()}
    for actor in [*_read(_BUNDLED), *(_read(path) if path else [])]:
        found[actor.name] = found[actor.name].mended(actor) if actor.name in found else actor
    return list(found.values())


def _states() -> Iterator[Actor]:
    """States, the most populous last: "Chinese" is of China, not of Macau."""
    for state in sorted(all_countries(), key=lambda state: state.population() or 0):
        name = state.name().removeprefix("The ")
        official = [text for text in state.alt_spellings() if " " in text]
        capital = state.capital()
        others = [*(state.demonym() or "").split(","), capital if isinstance(capital, str) else ""]
        yield Actor(name, "state", (name, *official, *filter(None, others)))


def _read(path: str | Path) -> list[Actor]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8").replace("’", "'"))
    except OSError as error:
        raise InputError(f"actors: cannot read {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as PyYAML lets them through
        where = " ".join(str(error).split())
        raise InputError(f"actors: {str(path)!r} is not valid YAML: {where}") from error
    if not isinstance(content or [], list):
        raise InputError(
            f"actors: {path}: expected a list of actors (name, kind, aliases), "
            f"got {type(content).__name__}"
        )
    return [
        _as_actor(item, f"actors: {path}: entry {i}") for i, item in enumerate(content or [], 1)
    ]


def _as_actor(item: Any, where: str) -> Actor:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"]:
        raise InputError(f"{where}: expected fields name, kind, aliases; got {item!r:.60}")
    unknown = [str(key) for key in item if key not in ("name", "kind", "aliases", "not")]
    if unknown:
        raise InputError(f"{where}: unknown field {unknown[0]!r}")
    if item.get("kind") not in KINDS:
        raise InputError(
            f"{where}: kind: expected {', '.join(KINDS)}; got {item.get('kind')!r:.60}"
        )
    for key in ("aliases", "not"):
        texts = item.get(key) or []
        if not (isinstance(texts, list) and all(isinstance(t, str) and t.strip() for t in texts)):
            raise InputError(f"{where}: {key}: expected a list of texts, got {texts!r:.60}")
    aliases = (item["name"], *(item.get("aliases") or ()))
    return Actor(item["name"], item["kind"], aliases, tuple(item.get("not") or ()))


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
    """
    known = list(read_actors() if actors is None else actors)
    names = _Aliases(actor for actor in known if actor.kind != "instrument")
    instruments = _Aliases(_folded(actor) for actor in known if actor.kind == "instrument")
    rows = []
    for passage_id, said in zip(passages["passage_id"], passages["text"], strict=True):
        text = " ".join(said.replace("’", "'").split())
        found = names.found(text) | instruments.found(text.lower().replace("-", " "))
        rows += [(passage_id, *mention) for mention in sorted(found)]
    return pd.DataFrame(rows, columns=["passage_id", "actor", "kind"])


def _folded(actor: Actor) -> Actor:
    aliases, not_ = (
        tuple(text.lower().replace("-", " ") for text in texts)
        for texts in (actor.aliases, actor.not_)
    )
    return Actor(actor.name, actor.kind, aliases, not_)


class _Aliases:
    """All aliases of some actors as one pattern."""

    def __init__(self, actors: Iterable[Actor]) -> None:
        actors = list(actors)
        self._owner = {
            alias: (a.name, a.kind) for a in actors for alias in a.aliases if alias not in a.not_
        }
        sought = {*self._owner, *(text for a in actors for text in a.not_)}
        self._alias = re.compile(rf"(?<!\w)({_union(sought)})(?:e?s)?(?![\w$])")

    def found(self, text: str) -> set[tuple[str, str]]:
        """Name and kind of each actor that a text holds."""
        return {self._owner[m] for m in self._alias.findall(text) if m in self._owner}


def _union(texts: Iterable[str]) -> str:
    """Pattern of any of the texts, the longest first; by initial, which makes it fast."""
    ordered = sorted(texts, key=lambda text: (text[0], -len(text), text))
    return "|".join(
        _pattern(initial) + "(?:" + "|".join(_pattern(text[1:]) for text in own) + ")"
        for initial, own in groupby(ordered, key=itemgetter(0))
    )


def _pattern(text: str) -> str:
    return re.escape(text).replace(r"\*", _NAME)


def actors_by_theme(
    document_themes: DocumentThemes,
    passages: pd.DataFrame,
    assignments: pd.DataFrame,
    found: pd.DataFrame,
) -> pd.DataFrame:
    """Which actors documents mention where they speak of a theme, against other documents.

    Parameters
    ----------
    document_themes
        The documents that count: without near-copies, or those of a source or period.
    passages, assignments
        passage_id, document_id; passage_id, theme_id; as in an `Run`.
    found
        From `mentions`.

    Returns
    -------
    pd.DataFrame
        theme_id, actor, kind, n (documents that mention the actor in a passage that carries
        the theme), n_total (documents with the theme), share, low, high (95% Wilson interval),
        share_elsewhere (share to expect in documents without the theme, in as many passages of each
        drawn at random: rarefaction, Hurlbert 1971), lift (share / share_elsewhere, infinite for an
        actor met nowhere else). By theme, the most frequent actors first.
    """
    rows = pd.Index(document_themes.documents["document_id"]).get_indexer(passages["document_id"])
    owner = passages[["passage_id"]].assign(row=rows)[rows >= 0]
    held = assignments[["passage_id", "theme_id"]].merge(owner)
    pairs = held.merge(found).drop_duplicates(["theme_id", "row", "actor"])
    table = pairs.value_counts(["theme_id", "actor", "kind"]).rename("n").reset_index()
    table["n_total"] = document_themes.has_theme.sum()[table["theme_id"]].to_numpy()
    table[["share", "low", "high"]] = np.transpose(wilson(table["n"], table["n_total"]))
    elsewhere = _elsewhere(document_themes, held, owner, found)
    order = elsewhere.index.get_indexer(table["theme_id"])
    column = elsewhere.columns.get_indexer(table["actor"])
    table["share_elsewhere"] = elsewhere.to_numpy()[order, column]
    with np.errstate(divide="ignore"):
        table["lift"] = table["share"] / table["share_elsewhere"]
    return table.iloc[np.lexsort((table["actor"], -table["n"], order))].reset_index(drop=True)


def _elsewhere(
    document_themes: DocumentThemes, held: pd.DataFrame, owner: pd.DataFrame, found: pd.DataFrame
) -> pd.DataFrame:
    """Expected shares in documents without a theme: one row a theme, one column an actor."""
    without = ~document_themes.has_theme.to_numpy().T
    mentioned = owner.merge(found).value_counts(["row", "actor"]).reset_index()
    row, (actor, actors) = mentioned["row"].to_numpy(), pd.factorize(mentioned["actor"])
    size = np.bincount(owner["row"], minlength=without.shape[1])[row]
    drawn = held.value_counts(["theme_id", "row"]).groupby("theme_id").value_counts(normalize=True)
    drawn = drawn.unstack(fill_value=0).reindex(document_themes.has_theme.columns, fill_value=0)
    shares = np.zeros((len(without), len(actors)))
    for n, weight in drawn.items():
        met = 1 - scipy.stats.hypergeom.pmf(0, size, mentioned["count"], np.minimum(n, size))
        chances = sp.csr_matrix((met, (row, actor)), (without.shape[1], len(actors)))
        shares += weight.to_numpy()[:, None] * (without.astype(float) @ chances)
    with np.errstate(invalid="ignore"):
        shares /= without.sum(axis=1, keepdims=True)
    return pd.DataFrame(shares, document_themes.has_theme.columns, actors)
