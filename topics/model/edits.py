"""Discovered themes changed by hand: merged, split, renamed, hidden, or made named ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics.errors import InputError
from topics.model.discovered import DiscoveredThemes
from topics.model.named_themes import NamedTheme, as_entries, read_yaml

if TYPE_CHECKING:
    from topics.model.clusters import Levels
    from topics.model.graph import Batch, Embed

_MIN_PIECE, _MIN_SHARE = 3, 0.1  # passages, and share of the theme, that make a piece of their own
_NEW = "\0"  # before the id of a piece that has none yet
_WITH_NAME = {"merge", "rename", "promote"}  # the others take none
_SHAPE = (
    "expected one of merge: [ID, ID], split: ID, rename: ID, hide: ID, promote: ID, and with rename "
    "a name: TEXT, which merge and promote may have too"
)


@dataclass(frozen=True)
class Edit:
    """One change: `action` is merge, split, rename, hide or promote.

    >>> str(Edit("merge", ("tugs", "ferries"), "Vessels"))
    'merge tugs, ferries as “Vessels”'
    """

    action: str
    themes: tuple[str, ...]
    name: str = ""

    def __str__(self) -> str:
        named = f" as “{self.name}”" if self.name else ""
        return f"{self.action} {', '.join(self.themes)}{named}"


@dataclass(frozen=True)
class Group:
    """A theme: its fitted passages as a mask; a name, or none if it is to be named anew.

    `parts` are the themes that were merged in it.
    """

    rows: np.ndarray
    name: str = ""
    parts: tuple[str, ...] = ()
    promoted: bool = False


Edits = str | Path | Iterable[Edit | Mapping[str, Any]]


def read_edits(edits: Edits | None) -> list[Edit]:
    """Edits of a file (a YAML list), or as a notebook wrote them.

    Raises
    ------
    InputError
        If the file cannot be read or an entry is of another shape.

    Examples
    --------
    >>> [str(edit) for edit in read_edits([{"rename": "tugs", "name": "Harbour tugs"}, {"hide": "ads"}])]
    ['rename tugs as “Harbour tugs”', 'hide ads']
    """
    if isinstance(edits, str | Path):
        return as_entries(read_yaml(edits, "edits"), f"edits: {edits}", "edits", Edit, _as_edit)
    return as_entries(edits, "edits", "edits", Edit, _as_edit)


def _as_edit(item: Any, where: str) -> Edit:
    given = dict(item) if isinstance(item, Mapping) else {}
    name = given.pop("name", "")
    action, themes = given.popitem() if len(given) == 1 else ("", "")
    ids = themes if isinstance(themes, list) else [themes]
    fits = all(isinstance(text, str) and text for text in [*ids, name or "none"])
    several = fits and len(set(ids)) > 1
    named = action in _WITH_NAME if name else action != "rename"
    known = action in {*_WITH_NAME, "split", "hide"}
    if not (fits and known and named and several == (action == "merge")):
        raise InputError(f"{where}: {_SHAPE}; found {item!r:.80}")
    return Edit(action, tuple(dict.fromkeys(ids)), name)


def _apply(edit: Edit, groups: dict[str, Group], levels: Levels) -> str:
    """Change the groups of passages by an edit; or say why it does not fit, and change nothing."""
    missing = [id_ for id_ in edit.themes if id_ not in groups or groups[id_].promoted]
    if missing:
        return f"no discovered theme {', '.join(missing)}"
    first, *others = edit.themes
    own = groups[first]
    match edit.action:
        case "split":
            pieces = _pieces(own.rows, levels)
            if not pieces:
                return "it does not fall in two at any finer level"
            del groups[first]
            groups |= {first: Group(pieces[0])}
            groups |= {f"{_NEW}{first}-{n}": Group(rows) for n, rows in enumerate(pieces[1:])}
        case "hide":
            del groups[first]
        case _:  # merge, rename, promote
            merged = [groups.pop(id_) for id_ in others]
            rows = np.any([own.rows, *(group.rows for group in merged)], axis=0)
            parts = (*own.parts, *others, *(part for group in merged for part in group.parts))
            groups[first] = Group(rows, edit.name or own.name, parts, edit.action == "promote")
    return ""


def _pieces(rows: np.ndarray, levels: Levels) -> list[np.ndarray]:
    """The parts that passages fall in at the first finer level that cuts them, the largest first.

    What is smaller than a tenth goes with the largest.
    """
    for labels in levels.labels_by_resolution[levels.chosen :]:
        sizes = np.bincount(labels[rows])
        large = np.flatnonzero(sizes >= max(_MIN_PIECE, _MIN_SHARE * rows.sum()))
        if len(large) > 1:
            _, *others = large[np.argsort(-sizes[large], kind="stable")]
            pieces = [rows & (labels == number) for number in others]
            return [rows & ~np.any(pieces, axis=0), *pieces]
    return []


def edited_themes(
    edits: Iterable[Edit], themes: DiscoveredThemes, levels: Levels, batch: Batch,
    taken: Iterable[str], embed: Embed,
) -> tuple[DiscoveredThemes, list[tuple[NamedTheme, np.ndarray]], pd.DataFrame]:  # fmt: skip
    """Discovered themes after edits, in their order.

    Ids stay; of a split theme the largest piece keeps the id, and all pieces are named anew.

    Returns
    -------
    themes
        The largest first, without those that are to be named ones.
    promoted
        These, each with a mask of its fitted passages ``(n,)``.
    told
        edit, problem: why it did not fit, empty where it did.
    """
    numbered = enumerate(zip(themes.ids.tolist(), themes.names.tolist(), strict=True))
    groups = {id_: Group(themes.theme_of_passage == n, name) for n, (id_, name) in numbered}
    told = [(str(edit), _apply(edit, groups, levels)) for edit in edits]
    ids = sorted(groups, key=lambda id_: -groups[id_].rows.sum())
    theme_of_passage = np.full(len(batch.vectors), -1)
    for number, id_ in enumerate(ids):
        theme_of_passage[groups[id_].rows] = number
    kept = {number: id_ for number, id_ in enumerate(ids) if not id_.startswith(_NEW)}
    found = DiscoveredThemes.fit(batch, theme_of_passage, {*taken, *kept.values()}, embed)
    names = {number: groups[id_].name or str(found.names[number]) for number, id_ in kept.items()}
    found = found.renamed({number: (id_, names[number]) for number, id_ in kept.items()})
    found = _as_narrow_as_before(found, kept, themes)
    parts = {number: groups[id_].parts for number, id_ in kept.items() if groups[id_].parts}
    found = _as_large_as_parts(found, parts, themes, batch)
    texts = zip(found.ids.tolist(), found.names.tolist(), found.keywords.tolist(), strict=True)
    new = [NamedTheme(*own) for own in texts if own[0] in groups and groups[own[0]].promoted]
    promoted = [(theme, groups[theme.id].rows) for theme in new]
    return (
        found.without([theme.id for theme in new]),
        promoted,
        pd.DataFrame(told, columns=["edit", "problem"], dtype="str"),
    )


def _as_narrow_as_before(
    found: DiscoveredThemes, kept: Mapping[int, str], before: DiscoveredThemes
) -> DiscoveredThemes:
    """Themes of the same passages as before, which may have been merged then, with the same limit."""
    least, ids = found.min_similarity.copy(), before.ids.tolist()
    for number, id_ in kept.items():
        own = before.theme_of_passage == ids.index(id_)
        if np.array_equal(found.theme_of_passage == number, own):
            least[number] = before.min_similarity[ids.index(id_)]
    return replace(found, min_similarity=least)


def _as_large_as_parts(
    found: DiscoveredThemes,
    parts: Mapping[int, tuple[str, ...]],
    before: DiscoveredThemes,
    batch: Batch,
) -> DiscoveredThemes:
    """Merged themes with as many passages as their parts had, those nearest to their common centre."""
    had = before.scores(batch) >= before.thresholds
    least = np.where(np.isin(np.arange(len(found.ids)), [*parts]), -1.0, found.min_similarity)
    open_to = replace(found, min_similarity=least).scores(batch) >= found.thresholds
    for number, others in parts.items():
        n = int(had[:, np.isin(before.ids, [found.ids[number], *others])].any(axis=1).sum())
        close = batch.vectors[open_to[:, number]] @ found.centroids[number]
        least[number] = np.sort(close)[-min(n, len(close))] if len(close) else -1
    return replace(found, min_similarity=least)
