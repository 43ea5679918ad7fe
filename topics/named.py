"""Themes that the user names: read from a file, scored on every passage, assigned above a bar.

A passage's score adds two kinds of evidence: closeness of its vector to the theme's description
and phrases, less what it is closer to under `not`; and the share of the theme's rare words that
it uses. The score is then averaged with those of its nearest neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from topics.errors import InputError
from topics.words import content_words

Embed = Callable[[Sequence[str]], np.ndarray]

_WORD_SHARE = 0.2  # what a passage that uses the theme's own words gains
_NOT_SHARE = 0.5  # what it loses for each unit it is closer to a `not` phrase
_OWN_SHARE = 0.9  # of the closeness that the themes' own texts have to each other


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
        If the file cannot be read or is not of that shape, or an id stands twice.
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
            f"themes: {origin}: wanted a list of themes (id, name, description, phrases), "
            f"got {type(content).__name__}"
        )
    themes = [_as_theme(item, number, origin) for number, item in enumerate(content, 1)]
    twice = [id_ for id_, n in Counter(theme.id for theme in themes).items() if n > 1]
    if twice:
        raise InputError(f"themes: {origin}: id {twice[0]!r} stands twice; give each its own")
    return themes


def _as_theme(item: Any, number: int, origin: str) -> NamedTheme:
    if isinstance(item, NamedTheme):
        return item
    where = f"themes: {origin}: entry {number}"
    if not isinstance(item, dict) or not item.get("id"):
        raise InputError(f"{where}: wanted fields id, name, description, phrases; got {item!r:.60}")
    unknown = set(item) - {"id", "name", "description", "phrases", "not"}
    if unknown:
        raise InputError(f"{where}: unknown field {min(map(str, unknown))!r}")
    id_ = str(item["id"])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", id_):
        raise InputError(f"{where}: id {id_!r}: wanted letters, digits, - and _ only")
    for key in ("name", "description"):
        if isinstance(item.get(key), list | dict):
            raise InputError(f"{where}: {key}: wanted one text, got {item[key]!r:.60}")
    lists = {}
    for key in ("phrases", "not"):
        value = item.get(key) or []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InputError(f"{where}: {key}: wanted a list of texts, got {value!r:.60}")
        lists[key] = tuple(value)
    name = str(item.get("name") or id_.replace("-", " "))
    return NamedTheme(id_, name, str(item.get("description") or ""), lists["phrases"], lists["not"])


@dataclass
class NamedScorer:
    """Scores of named themes, calibrated on the corpus it was fitted to.

    Attributes
    ----------
    centres
        ``(n_themes, dim)`` unit rows, the mean of a theme's texts.
    against
        For each theme, ``(n, dim)`` vectors of its `not` phrases.
    word_weights
        For each theme, the weight of each of its words (rarer in the corpus, heavier).
    thresholds
        ``(n_themes,)``; a passage carries the theme at or above it.
    """

    themes: list[NamedTheme]
    centres: np.ndarray
    against: list[np.ndarray]
    own_closeness: float
    word_weights: list[dict[str, float]] = field(default_factory=list)
    thresholds: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def from_themes(cls, themes: list[NamedTheme], embed: Embed, dim: int) -> NamedScorer:
        """Embed the themes' texts; raise InputError if that gives vectors of another kind."""
        if not themes:
            return cls([], np.zeros((0, dim), np.float32), [], 0.0)
        texts = [embed(theme.texts) for theme in themes]
        if texts[0].shape[1] != dim:
            raise InputError(
                f"named themes cannot be scored: passages have {dim} dimensions, the embedder "
                f"gives {texts[0].shape[1]}; pass the embedder that made the vectors"
            )
        against = [
            embed(theme.not_) if theme.not_ else np.zeros((0, dim), np.float32) for theme in themes
        ]
        own = float(np.mean([_closeness_to_rest(t) for t in texts]))
        return cls(themes, np.stack([_unit(t.mean(axis=0)) for t in texts]), against, own)

    def fit_words(self, texts: Sequence[str]) -> None:
        """Weigh each theme's words by how rare they are in the corpus."""
        holders = Counter(word for text in texts for word in set(content_words(text)))
        self.word_weights = []
        for theme in self.themes:
            uses = Counter(
                word for text in [theme.name, *theme.texts] for word in set(content_words(text))
            )
            weights = {
                word: float(np.log((len(texts) + 1) / (holders[word] + 0.5)) * np.sqrt(n))
                for word, n in uses.items()
            }
            full = sum(sorted(weights.values())[-3:])
            self.word_weights.append(
                {w: max(x, 0.0) / full for w, x in weights.items()} if full > 0 else {}
            )

    def fit_thresholds(self, scores: np.ndarray) -> None:
        """Set the bar of each theme from all passages' scores ``(n, n_themes)``.

        The bar is the background's centre plus twice its spread, both taken from the lower
        half, where passages on the theme are not. It is kept between nine tenths of how close
        the themes' own texts are to each other, so that an absent theme stays empty, and the
        whole of it, so that one that prevails in the corpus is not taken for its background.
        """
        centre = np.median(scores, axis=0)
        below = np.minimum(scores - centre, 0)
        spread = np.sqrt(2 * (below**2).mean(axis=0))
        own = self.own_closeness
        self.thresholds = np.clip(centre + 2 * spread, _OWN_SHARE * own, own)

    def similarity(self, vectors: np.ndarray) -> np.ndarray:
        """Closeness of vectors to each theme ``(n, n_themes)``, less that to its `not` phrases."""
        close = vectors @ self.centres.T
        for column, against in enumerate(self.against):
            if len(against):
                excess = (vectors @ against.T).max(axis=1) - close[:, column]
                close[:, column] -= _NOT_SHARE * np.maximum(excess, 0)
        return close

    def word_evidence(self, texts: Iterable[str]) -> np.ndarray:
        """What each text gains by the themes' words ``(n, n_themes)``, 0 to 0.2."""
        rows = [set(content_words(text)) for text in texts]
        shares = [
            [sum(weights.get(word, 0.0) for word in words) for weights in self.word_weights]
            for words in rows
        ]
        return _WORD_SHARE * np.minimum(np.array(shares).reshape(len(rows), len(self.themes)), 1)


def _closeness_to_rest(vectors: np.ndarray) -> float:
    """Mean cosine of each row with the mean of the others; one text alone says nothing: 0.5."""
    if len(vectors) < 2:
        return 0.5
    rest = (vectors.sum(axis=0) - vectors) / (len(vectors) - 1)
    return float(np.mean([v @ _unit(r) for v, r in zip(vectors, rest, strict=True)]))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
