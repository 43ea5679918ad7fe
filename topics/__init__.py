"""Themes in a folder of news and policy text: found, named, measured and reported, offline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topics.errors import InputError
    from topics.model.clusterer import Clusterer
    from topics.model.clusters import cluster
    from topics.model.named_themes import NamedTheme, read_themes
    from topics.model.themes import ThemeModel
    from topics.options import Options
    from topics.pipeline import analyse
    from topics.read.corpus import Corpus, read_corpus
    from topics.run import Run
    from topics.text.passages import split_passages
    from topics.vectors.encoders import embed

__all__ = [
    "Clusterer", "Corpus", "InputError", "NamedTheme", "Options", "Run", "ThemeModel", "analyse", "cluster",
    "embed", "read_corpus", "read_themes", "split_passages",
]  # fmt: skip

_HOMES = {
    "Run": "run",
    "Corpus": "read.corpus",
    "InputError": "errors",
    "NamedTheme": "model.named_themes",
    "Options": "options",
    "ThemeModel": "model.themes",
    "analyse": "pipeline",
    "Clusterer": "model.clusterer",
    "cluster": "model.clusters",
    "embed": "vectors.encoders",
    "read_corpus": "read.corpus",
    "read_themes": "model.named_themes",
    "split_passages": "text.passages",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import topics`` is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'topics' has no attribute {name!r}")
    return getattr(import_module(f"topics.{_HOMES[name]}"), name)
