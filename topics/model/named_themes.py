"""Themes that the user names: read from a file or written in a notebook, and checked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from topics.errors import InputError

_LONGEST_NAME = 300  # characters; it stands in every figure


@dataclass(frozen=True)
class NamedTheme:
    """A theme to look for; `not_` holds phrases of what it is not."""

    id: str
    name: str
    description: str = ""
    phrases: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()

    @property
    def texts(self) -> list[str]:
        """What the theme is recognised by, the fullest text first."""
        return [f"{self.name}. {self.description}".strip(), *self.phrases]


def read_themes(path: str | Path) -> list[NamedTheme]:
    """Read ``themes.yml``: a list of ``id, name, description, phrases`` and optional ``not``.

    Raises
    ------
    InputError
        If the file cannot be read or is not of that shape, or it holds a duplicate id.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"themes: cannot read {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as PyYAML lets them through
        where = " ".join(str(error).split())
        raise InputError(f"themes: {str(path)!r} is not valid YAML: {where}") from error
    return as_themes(content, str(path))


def as_themes(content: Any, origin: str = "named") -> list[NamedTheme]:
    """Check and convert what was read, or what a notebook wrote by hand."""
    if content is None:
        return []
    if not isinstance(content, list):
        raise InputError(
            f"themes: {origin}: expected a list of themes (id, name, description, phrases), "
            f"got {type(content).__name__}"
        )
    themes = [_as_theme(item, number, origin) for number, item in enumerate(content, 1)]
    twice = [id_ for id_, n in Counter(theme.id for theme in themes).items() if n > 1]
    if twice:
        raise InputError(f"themes: {origin}: duplicate id {twice[0]!r}; give each its own")
    return themes


def _as_theme(item: Any, number: int, origin: str) -> NamedTheme:
    """One theme of a list; raise InputError with its number if it is of another shape."""
    if isinstance(item, NamedTheme):
        return item
    where = f"themes: {origin}: entry {number}"
    if not isinstance(item, dict) or not item.get("id"):
        raise InputError(
            f"{where}: expected fields id, name, description, phrases; got {item!r:.60}"
        )
    for key, value in item.items():
        if key not in ("id", "name", "description", "phrases", "not"):
            raise InputError(f"{where}: unknown field {str(key)!r}")
        if key in ("phrases", "not"):
            texts = value or []
            fits = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        else:
            fits = not isinstance(value, list | dict)
        if not fits:
            expected = "a list of texts" if key in ("phrases", "not") else "one text"
            raise InputError(f"{where}: {key}: expected {expected}, got {value!r:.60}")
    id_ = str(item["id"])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", id_):
        raise InputError(f"{where}: id {id_!r}: expected letters, digits, - and _ only")
    name = str(item.get("name") or id_.replace("-", " "))
    if len(name) > _LONGEST_NAME:
        raise InputError(
            f"{where}: name: expected {_LONGEST_NAME} characters at most, got {len(name):,}"
        )
    phrases, not_ = (tuple(item.get(key) or ()) for key in ("phrases", "not"))
    return NamedTheme(id_, name, str(item.get("description") or ""), phrases, not_)
