"""Themes as codes on text selections: a REFI-QDA project for NVivo, MAXQDA, ATLAS.ti and QualCoder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from topics.cache import written_atomically
from topics.errors import InputError

_FILES = {
    "documents.parquet": ["document_id", "text", "title"],
    "passages.parquet": ["passage_id", "document_id", "start", "end"],
    "assignments.parquet": ["passage_id", "theme_id"],
}
_OF_THEMES = ["theme_id", "name", "keywords"]
_NAMESPACE, _USER = "urn:QDA-XML:project:1.0", "topics"
# Of every file in the project, so that the same input has the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
_NOT_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_qdpx(folder: str | Path, target: str | Path) -> str:
    """Write the themes of a report's output folder as a project; say what it holds.

    Each document is a text source, each theme a code, each passage with themes a coded selection.
    Positions count code points of the text, as the standard (REFI-QDA 1.5) has it.

    Raises
    ------
    InputError
        If the folder holds no report's files, or the project cannot be written.
    """
    documents, passages, assignments, themes = _tables(Path(folder))
    project = _project(documents, passages, assignments, themes)
    content = ElementTree.tostring(project, encoding="utf-8", xml_declaration=True)
    files = {"project.qde": content.decode()}
    for row in documents.itertuples():
        files[f"sources/{_guid('TextSource', row.document_id)}.txt"] = row.text
    target = Path(target).expanduser()
    try:
        with written_atomically(target) as part, ZipFile(part, "w") as archive:
            for name, text in files.items():
                archive.writestr(ZipInfo(name, _DATE), _clean(text).encode(), ZIP_DEFLATED)
    except OSError as error:
        raise InputError(f"qdpx: cannot write {str(target)!r} ({error.strerror})") from error
    return f"{len(themes):,} codes on {len(documents):,} documents: {target}"


def _tables(folder: Path) -> list[pd.DataFrame]:
    try:
        parquet = [pd.read_parquet(folder / name, columns=own) for name, own in _FILES.items()]
        as_written = {"dtype": "str", "keep_default_na": False}  # a theme may be called "null"
        return [*parquet, pd.read_csv(folder / "themes.csv", usecols=_OF_THEMES, **as_written)]
    except (OSError, ValueError) as error:
        raise InputError(
            f"qdpx: expected the output folder of a report, cannot read {str(folder)!r} "
            f"({str(error).splitlines()[0]})"
        ) from error


def _project(
    documents: pd.DataFrame, passages: pd.DataFrame, assignments: pd.DataFrame, themes: pd.DataFrame
) -> Element:
    root = Element("Project", {"xmlns": _NAMESPACE, "name": _USER, "origin": _USER})
    SubElement(SubElement(root, "Users"), "User", {"guid": _guid("user", _USER), "name": _USER})
    codes = SubElement(SubElement(root, "CodeBook"), "Codes") if len(themes) else root
    # Of codes with one name some programs keep one.
    names = _names(themes["name"], themes["theme_id"])
    for theme, name in zip(themes.itertuples(), names, strict=True):
        code = _add(codes, "Code", theme.theme_id, name=name, isCodable="true")
        if theme.keywords:
            SubElement(code, "Description").text = _clean(f"Keywords: {theme.keywords}")
    sources = SubElement(root, "Sources")
    themes_of = assignments.groupby("passage_id")["theme_id"].agg(list)
    coded = passages[passages["passage_id"].isin(themes_of.index)]
    passages_of = dict(iter(coded.groupby("document_id")))
    titles = _names(documents["title"], documents["document_id"])
    for document, name in zip(documents["document_id"], titles, strict=True):
        path = f"internal://{_guid('TextSource', document)}.txt"
        source = _add(sources, "TextSource", document, name=name, plainTextPath=path)
        for passage in passages_of.get(document, coded[:0]).itertuples():
            _add_selection(source, passage, themes_of[passage.passage_id])
    return root


def _add_selection(source: Element, passage: Any, themes: list[str]) -> None:
    """A passage of a source, coded with its themes."""
    at = {"startPosition": str(passage.start), "endPosition": str(passage.end)}
    own = _add(source, "PlainTextSelection", passage.passage_id, name=passage.passage_id, **at)
    for theme_id in themes:
        coding = _add(own, "Coding", f"{passage.passage_id} {theme_id}")
        SubElement(coding, "CodeRef", {"targetGUID": _guid("Code", theme_id)})


def _add(parent: Element, tag: str, id_: str, **about: str) -> Element:
    """A child with an id of its own, made by the one user; codes have no maker."""
    maker = {} if tag == "Code" else {"creatingUser": _guid("user", _USER)}
    about = {key: _clean(value) for key, value in about.items()}
    return SubElement(parent, tag, {"guid": _guid(tag, id_), **about, **maker})


def _names(names: pd.Series, ids: pd.Series) -> list[str]:
    """Each name, or the id of what has none; with the id where two have one name."""
    names = names.fillna(ids)
    return names.mask(names.duplicated(keep=False), names + " (" + ids + ")").tolist()


def _guid(kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"topics {kind} {name}"))


def _clean(text: str) -> str:
    """Text with a mark in place of each character that XML or UTF-8 cannot hold; as many characters."""
    return _NOT_XML.sub("\ufffd", text)
