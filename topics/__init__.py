"""Themes in a folder of news and policy text: found, named, measured and reported, offline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topics.analysis import Run, analyse
    from topics.clusters import cluster
    from topics.corpus import Corpus, read_corpus
    from topics.embedding import embed
    from topics.errors import InputError
    from topics.named import NamedTheme, read_themes
    from topics.passages import split_passages
    from topics.themes import ThemeModel

__all__ = [
    "Corpus",
    "InputError",
    "NamedTheme",
    "Run",
    "ThemeModel",
    "analyse",
    "cluster",
    "embed",
    "read_corpus",
    "read_themes",
    "split_passages",
]

_HOMES = {
    "Run": "analysis",
    "Corpus": "corpus",
    "InputError": "errors",
    "NamedTheme": "named",
    "ThemeModel": "themes",
    "analyse": "analysis",
    "cluster": "clusters",
    "embed": "embedding",
    "read_corpus": "corpus",
    "read_themes": "named",
    "split_passages": "passages",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import topics`` is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'topics' has no attribute {name!r}")
    return getattr(import_module(f"topics.{_HOMES[name]}"), name)
