"""Themes that the user names: read from a file or written in a notebook, and checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from topics.errors import InputError
from topics.model.graph import unit
from topics.read.boilerplate import UNSPACED
from topics.text.tfidf import word_keys
from topics.text.words import stop_words

if TYPE_CHECKING:
    from topics.model.graph import Embed

NO_THEME = "none"  # where themes are told by their ids, as in sheets of labels: has none of them
_MAX_NAME = 300  # characters; a name is written in every figure
_TEXTS = ("phrases", "not", "terms")  # fields that hold a list of texts
_MIN_RELIABLE = 200  # characters of ASCII whose language is detected well; fewer count as English
_N_WORDS = 5  # heaviest words of a theme that together weigh 1
_PRIOR = 20  # passages without a word that are added to a corpus, lest all words be common

# Also Lao, Burmese and Khmer, and Hangul, whose particles are suffixes
_UNSPACED = f"[{UNSPACED}\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\uac00-\ud7af]"


@dataclass(frozen=True)
class NamedTheme:
    """A theme to look for.

    `not_` holds phrases of what it is not; `terms` words or phrases that a passage on the theme
    holds exactly, in any case and script, with `*` at the end of a word for any ending.

    Examples
    --------
    >>> NamedTheme("quotas", "Fishing quotas", phrases=("talks on catch limits",)).texts
    ['Fishing quotas.', 'talks on catch limits']
    """

    id: str
    name: str
    description: str = ""
    phrases: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What finds the terms in a text; None where there are none.

        Examples
        --------
        >>> NamedTheme("chips", "Chips", terms=("chip*", "半导体")).pattern.findall("Chips, 与半导体业")
        ['Chips', '半导体']
        """
        found = [_as_pattern(term) for term in self.terms if term.strip(" *")]
        return re.compile("|".join(found), re.IGNORECASE) if found else None

    @property
    def texts(self) -> list[str]:
        """What the theme is recognised by, the fullest text first."""
        return [f"{self.name}. {self.description}".strip(), *self.phrases]


def read_themes(path: str | Path) -> list[NamedTheme]:
    """The themes of a file: a YAML list of ``id, name, description, phrases`` and optional ``not``
    and ``terms``.

    Raises
    ------
    InputError
        If the file cannot be read or is not of that shape, or it holds a duplicate id.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "themes.yml")
    ...     _ = path.write_text("- {id: quotas, phrases: [talks on catch limits]}")
    ...     read_themes(path)
    [NamedTheme(id='quotas', name='quotas', description='', phrases=('talks on catch limits',), not_=(), terms=())]
    """
    return as_themes(read_yaml(path, "themes"), str(path))


def read_yaml(path: str | Path, what: str) -> Any:
    """Content of a YAML file; raise InputError, which begins with `what`, if it cannot be read."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{what}: cannot read {str(path)!r}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # as PyYAML lets them through
        where = " ".join(str(error).split())
        raise InputError(f"{what}: {str(path)!r} is not valid YAML: {where}") from error


def as_entries(
    content: Any, where: str, what: str, kind: type, convert: Callable[[Any, str], Any]
) -> list[Any]:
    """Entries of a list that was read, each converted unless it is of the `kind` that is wanted."""
    if not isinstance(content, list | tuple | None):
        raise InputError(f"{where}: expected a list of {what}, found {type(content).__name__}")
    return [
        item if isinstance(item, kind) else convert(item, f"{where}: entry {n}")
        for n, item in enumerate(content or (), 1)
    ]


def as_themes(content: Any, origin: str = "named") -> list[NamedTheme]:
    """Check and convert what was read, or what a notebook wrote by hand."""
    what = "themes (id, name, description, phrases)"
    themes = as_entries(content, f"themes: {origin}", what, NamedTheme, _as_theme)
    for n, theme in enumerate(themes, 1):
        _check(theme, f"themes: {origin}: entry {n}")
    for id_, n in Counter(theme.id for theme in themes).items():
        if n > 1:
            raise InputError(f"themes: {origin}: duplicate id {id_!r}; give each its own")
    return themes


def _as_pattern(term: str) -> str:
    """Pattern of a term as whole words; a side in a script without spaces is not bounded."""
    words = [
        re.escape(word.rstrip("*")) + r"\w*" * word.endswith("*")
        for word in term.split()
        if word.strip("*")
    ]
    inner = r"\s+".join(words)
    start = "" if re.match(_UNSPACED, term.strip()) else r"(?<!\w)"
    end = "" if re.search(f"{_UNSPACED}$", term.strip()) else r"(?!\w)"
    return f"{start}{inner}{end}"


def _check(theme: NamedTheme, where: str) -> None:
    """Raise InputError, which says `where` it is, if a theme cannot be told by its id and name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", theme.id):
        raise InputError(f"{where}: id {theme.id!r}: expected letters, digits, - and _ only")
    if theme.id == NO_THEME:
        raise InputError(f"{where}: id 'none' means that there is no theme; choose another")
    if (n := len(theme.name)) > _MAX_NAME:
        raise InputError(f"{where}: name: expected at most {_MAX_NAME} characters, found {n:,}")


def _as_theme(item: Any, where: str) -> NamedTheme:
    """One theme of a list; raise InputError, which says `where` it is, if it is of another shape."""
    if not isinstance(item, dict) or not item.get("id"):
        raise InputError(
            f"{where}: expected fields id, name, description, phrases; found {item!r:.60}"
        )
    for key, value in item.items():
        if key not in ("id", "name", "description", *_TEXTS):
            raise InputError(f"{where}: unknown field {str(key)!r}")
        if key in _TEXTS:
            expected, texts = "a list of texts", value or []
            fits = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        else:
            expected, fits = "one text", not isinstance(value, list | dict)
        if not fits:
            raise InputError(f"{where}: {key}: expected {expected}, found {value!r:.60}")
    id_ = str(item["id"])
    name = str(item.get("name") or id_.replace("-", " "))
    phrases, not_, terms = (tuple(item.get(key) or ()) for key in _TEXTS)
    return NamedTheme(id_, name, str(item.get("description") or ""), phrases, not_, terms)


def theme_anchors(themes: Sequence[NamedTheme], embed: Embed, dim: int) -> np.ndarray:
    """Mean of each theme's texts and, below it, what it is not; the mean again fills short ones."""
    anchors = np.zeros((len(themes), 1 + max((len(t.not_) for t in themes), default=0), dim))
    for block, theme in zip(anchors, themes, strict=True):
        rows = np.asarray(embed([*theme.texts, *theme.not_]), float)
        if rows.shape[1] != dim:
            raise InputError(
                f"named themes: expected an embedder of {dim} dimensions, as the passages' vectors "
                f"have, found {rows.shape[1]} dimensions; pass the embedder that made the vectors"
            )
        rows = unit(rows)
        block[:] = unit(rows[: len(theme.texts)].mean(axis=0))
        block[1 : 1 + len(theme.not_)] = rows[len(theme.texts) :]
    return anchors


def theme_language(themes: Sequence[NamedTheme]) -> str:
    """The language that the themes' texts are written in."""
    import py3langid  # takes a moment to import

    text = " ".join(text for theme in themes for text in theme.texts)
    short = text.isascii() and len(text) < _MIN_RELIABLE
    return "en" if short else str(py3langid.classify(text)[0])


def theme_words(
    themes: Sequence[NamedTheme], passages: Sequence[set[str]], language: str
) -> tuple[np.ndarray, np.ndarray]:
    """Words of themes and their weights, by rarity in the corpus; a theme's heaviest make 1."""
    uses_of = [Counter(word_keys(" ".join([theme.name, *theme.texts]))) for theme in themes]
    stops = {key for word in stop_words(language) for key in word_keys(word)}
    wanted = set[str]().union(*uses_of) - stops
    distinct = dict.fromkeys(map(frozenset, passages))  # near-duplicates count once
    holders, n = Counter(key for row in distinct for key in row & wanted), len(distinct) + _PRIOR
    words = sorted(wanted)
    times = np.array([[uses[key] for uses in uses_of] for key in words], float)
    times = times.reshape(len(words), len(themes))  # where there are no words, too
    rarity = np.log([n / (holders[key] + 0.5) for key in words])[:, None]
    heavy = (times > 0) * (1 + np.log(np.maximum(times, 1))) * rarity
    full = sum(np.sort(heavy, axis=0)[-_N_WORDS:])
    return np.array(words, str), heavy / np.maximum(full, 1e-12)


def words_held(query: str, texts: Iterable[str]) -> np.ndarray:
    """How much each text holds of the words of a query, rarer ones heavier ``(n,)``.

    Examples
    --------
    >>> words_held("grain silos", ["Silos burn", "Rain"]).round(1).tolist()
    [0.4, 0.0]
    """
    asked = [NamedTheme("query", query)]
    keys = [set(word_keys(text)) for text in texts]
    words, weights = theme_words(asked, keys, theme_language(asked))
    weight = dict(zip(words.tolist(), weights[:, 0].tolist(), strict=True))
    return np.array([sum(weight[key] for key in sorted(own & weight.keys())) for own in keys])
