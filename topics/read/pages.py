"""The article of a web page, and all text of a page."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from topics.errors import UnreadableError
from topics.read.boilerplate import match_rule, remove_boilerplate
from topics.read.files import decode

_INLINE = frozenset("a abbr b cite code em font i img mark q s small span strong sub sup u".split())
_UNSEEN = frozenset("head iframe noscript object script style svg template".split())
_OF_DATES = {"extensive_search": False, "original_date": True}
_SURE = 0.7  # of the text in paragraphs; of 70 pages none that had as much needed the lenient mode
_MIN_STRICT = 0.6  # of the lenient mode's text; from .5 to .8 F1 changes by .002


def read_article(content: bytes) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Fields of the article of a page, and each line left out of it with the reason.

    It is trafilatura's: in its strict mode, unless that loses many of the paragraphs. Blocks that
    look like boilerplate are dropped from it, as from a text.

    Raises
    ------
    UnreadableError
        If there is none.
    """
    import trafilatura  # takes a second to import

    tree = trafilatura.load_html(content)
    page: dict[str, Any] = {"text": ""} if tree is None else _article(tree)
    if page["text"]:
        lines = dict.fromkeys(visible_text(tree).split("\n"))
        lost = [line for line in lines if line not in page["text"] and line != page.get("title")]
        dropped = [(line, "outside the article") for line in lost]
    else:
        cleaned = remove_boilerplate(plain_html(decode(content)), titled=bool(page.get("title")))
        page["text"], dropped = cleaned.text, cleaned.dropped
    if not page["text"]:
        raise UnreadableError("no article text found in the page")
    return page, dropped


def _article(tree: Any) -> dict[str, Any]:
    """Fields of the article: of the strict mode, or its text of the lenient one."""
    in_paragraphs = sum(len("".join(node.itertext())) for node in tree.iter("p"))
    page = _extracted(tree, strict=True)
    found = len(page["text"])
    if not _SURE * in_paragraphs <= found <= 2 * in_paragraphs:
        lenient = _extracted(tree, strict=False)["text"]
        if found < max(_MIN_STRICT * len(lenient), in_paragraphs / 2):
            page["text"] = max(page["text"], lenient, key=len)
    return page | {"language": tree.get("lang")}


def _extracted(tree: Any, strict: bool) -> dict[str, Any]:
    """What trafilatura finds; a date in the text is never taken for the date of publication."""
    import trafilatura

    options: Any = {"include_comments": False, "date_extraction_params": _OF_DATES}
    options |= {"with_metadata": strict, "favor_precision": strict}
    page: Any = trafilatura.bare_extraction(tree, **options)
    fields: dict[str, Any] = page.as_dict() if page else {}
    blocks = [" ".join(line.split()) for line in (fields.get("text") or "").split("\n")]
    kept = [block for block in blocks if block not in ("", fields.get("title"))]
    text = "\n\n".join(block for block in kept if not match_rule(block)[0])
    return fields | {"text": text}


def plain_html(html: str) -> str:
    r"""All text of a page or a part of one, as a browser copies it: a line for each block.

    >>> plain_html("<p>The <b>quay</b> is shut.</p><p>Nobody asked.</p>").split("\n")
    ['The quay is shut.', 'Nobody asked.']
    """
    content = f"<html>{html}".replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    return visible_text(etree.fromstring(content, parser))


def visible_text(tree: Any) -> str:
    """Text of a tree without comments, a line for each block."""
    walk = etree.iterwalk(tree, events=("start", "end"))
    parts: list[str] = []
    for event, node in walk:
        text = node.text if event == "start" else node.tail
        if event == "start" and node.tag in _UNSEEN:
            walk.skip_subtree()
            text = ""
        parts += ["" if node.tag in _INLINE | _UNSEEN else "\n", re.sub(r"\s+", " ", text or "")]
    lines = (line.strip() for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)
