"""The options of a run: Python, the command line and the notebooks share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topics.model.edits import Edits
    from topics.model.named_themes import NamedTheme
    from topics.vectors.encoders import Embedder


@dataclass(frozen=True)
class Options:
    """What `topics.analyse` and ``topics report`` can be told.

    Attributes
    ----------
    themes
        Themes to look for: the path of a themes file, or the themes themselves; None for
        discovered themes only.
    gold, labels
        A file of labels made by people, which teach the named themes and check them, each passage
        by what was learnt from other documents; and a folder of a labelled sheet and its key to
        correct shares with, which changes no theme.
    edits
        Changes of discovered themes, done when they have been found: the path of a file, or a list
        as for `ThemeModel.edited`.
    columns
        Names of table columns or front-matter keys that are not understood by themselves, by
        field: ``{"text": "Volltext", "date": "Erschienen"}``.
    all_languages
        Keep documents in languages that the embedder was not made for.
    base
        Output folder of an earlier report: themes that come again keep their ids and names, and
        `Run.changes` lists what is new, grown, shrunk or gone.
    embedder
        As for `topics.embed`.
    title
        Title of the report; None for the name of the folder or file that was read.
    no_text
        Leave texts and titles of documents out of the report, for a corpus that must not be handed
        on: names, keywords, counts and places in files stay.
    seed
        Seed of all that is random; the same seed on the same input gives the same run.

    >>> Options(seed=7).changed
    {'seed': 7}
    """

    themes: str | Path | Iterable[NamedTheme | dict[str, Any]] | None = None
    edits: Edits | None = None
    gold: str | None = None
    labels: str | None = None
    columns: Mapping[str, str] | None = None
    all_languages: bool = False
    base: str | Path | None = None
    embedder: str | Embedder = "multilingual"
    title: str | None = None
    no_text: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        from topics.checks import checked_seed  # NumPy and pandas take a moment to import

        object.__setattr__(self, "seed", checked_seed(self.seed))
        if isinstance(self.themes, Iterator):  # they are read more than once
            object.__setattr__(self, "themes", [*self.themes])

    @property
    def changed(self) -> dict[str, Any]:
        """The options that are not at their defaults, by name."""
        given = vars(self)
        return {o.name: given[o.name] for o in fields(self) if given[o.name] != o.default}

    def as_words(self) -> list[str]:
        """The options that are not at their defaults as words of a command line.

        >>> Options(themes="my.yml", all_languages=True, columns={"date": "Tag"}).as_words()
        ['--themes', 'my.yml', '--columns', 'date=Tag', '--all-languages']
        """
        words = []
        for name, value in self.changed.items():
            words.append(f"--{name.replace('_', '-')}")
            if isinstance(value, Mapping):
                words.append(",".join(f"{key}={column}" for key, column in value.items()))
            elif value is not True:
                words.append(str(value))
        return words
