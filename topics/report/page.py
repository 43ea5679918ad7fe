"""Executed notebooks as one HTML page that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
from datetime import UTC, datetime
from html import escape
from importlib.metadata import metadata, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from topics.html import note, table
from topics.report.findings import PLOTLY, summary
from topics.report.search import packed, passage_search

if TYPE_CHECKING:
    from topics.findings import Finding
    from topics.report.notebooks import Cell
    from topics.run import Run

_FOLDER = Path(__file__).parent
_MARKDOWN_HEADING = re.compile(r"^(#{1,4}) (.+)$", re.MULTILINE)
_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    # Each is a stop of the Tab key; what they do, the rest do too.
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}
_YEAR = 2026  # of this version, as in CITATION.cff


def as_page(cells: list[Cell], found: list[Finding], run: Run, path: str) -> str:
    """One HTML page from executed notebooks: no request to anywhere, nothing run but its own code.

    Parameters
    ----------
    cells
        The cells of the notebooks, with their outputs.
    found
        What the page opens with, see `topics.report.findings.findings_of`.
    run, path
        The run that they show, and the file or folder that it read.
    """
    from jinja2 import Environment, FileSystemLoader
    from plotly.offline import get_plotlyjs

    sections: list[dict[str, Any]] = []
    theme_map = "".join(_cell(cell, sections) for cell in cells if "map" in cell.tags)
    body = "".join(_cell(cell, sections) for cell in cells if "map" not in cell.tags)
    plotly_js = get_plotlyjs()
    page_js = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True)
    return environment.get_template("page.html").render(
        css=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        plotly=packed(plotly_js),
        page_js=page_js,
        allowed=[_csp_hash(plotly_js), _csp_hash(page_js), *_compiled(theme_map)],
        sections=sections,
        theme_map=theme_map,
        body=body,
        summary=summary(run),
        findings=[finding for finding in found if finding.level != "caution"],
        cautions=[finding for finding in found if finding.level == "caution"],
        explore=passage_search(run),
        stamp=_stamp(),
        command=shlex.join(["topics", "report", path, *run.options.as_words()]),
        citation=_citation(),
        run=run,
        version=version("topics"),
    )


def _citation() -> str:
    """The software as a BibTeX entry."""
    return (
        f"@software{{topics,\n  title = {{topics: {metadata('topics')['Summary']}}},\n"
        f"  author = {{{{The topics authors}}}},\n  version = {{{version('topics')}}},\n"
        f"  year = {{{_YEAR}}}\n}}"
    )


def _stamp() -> str:
    """When the report was made; fixed by SOURCE_DATE_EPOCH, so that bytes can repeat."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    when = datetime.fromtimestamp(int(fixed), UTC) if fixed else datetime.now(UTC)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _compiled(theme_map: str) -> list[str]:
    """What else must be allowed: plotly compiles its own code to draw many points by WebGL."""
    return ["'unsafe-eval'"] if '"type":"scattergl"' in theme_map else []


def _csp_hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _cell(cell: Cell, sections: list[dict[str, Any]]) -> str:
    if cell.kind == "markdown":
        return _markdown(cell.source, sections)
    shown = "".join(_output(output, f"{cell.id}-{i}") for i, output in enumerate(cell.outputs))
    code = f"<pre><code>{escape(cell.source)}</code></pre>"
    return f'<details class="code"><summary>Code</summary>{code}</details>\n{shown}'


def _markdown(source: str, sections: list[dict[str, Any]]) -> str:
    """Markdown as HTML, its headings one level down, since the page has a title of its own."""
    import mistune

    def lowered(match: re.Match[str]) -> str:
        level, text = len(match[1]) + 1, match[2].strip()
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        anchor = f"s{len(sections) + 1}-{base}"
        sections.append({"level": level, "text": text, "anchor": anchor})
        return f'<h{level} id="{anchor}">{escape(text)}</h{level}>\n'

    return str(mistune.html(_MARKDOWN_HEADING.sub(lowered, source)))


def _output(data: dict[str, Any], name: str) -> str:
    """A figure, a piece of our own HTML, or text."""
    if PLOTLY in data:
        return _figure(data[PLOTLY], name)
    if "text/html" in data:
        return f'<div class="output" id="output-{name}">{data["text/html"]}</div>\n'
    return f"<pre>{escape(data['text/plain'])}</pre>\n" if "text/plain" in data else ""


def _figure(bundle: dict[str, Any], name: str) -> str:
    """A figure with its finding as caption, its data as JSON, and its table twin."""
    layout = bundle["layout"]
    meta = layout.pop("meta", {})
    finding = meta.get("finding", {}).get("text", "Figure")
    if not bundle["data"]:
        return f'<div class="output" id="output-{name}">{note(finding).markup}</div>\n'
    layout.pop("title", None)
    layout.setdefault("margin", {})["t"] = 40
    if "scaleanchor" in layout.get("yaxis", {}):  # the map: the page has its texts already
        for trace in bundle["data"]:
            trace.pop("text", None)
    drawing = {"data": bundle["data"], "layout": layout, "config": _CONFIG}
    text = json.dumps(drawing, separators=(",", ":")).replace("<", "\\u003c")
    twin = meta.get("table", {"columns": [], "rows": []})
    rows = table(pd.DataFrame(twin["rows"], columns=twin["columns"]), max_rows=300).markup
    return (
        f'<figure id="output-{name}"><figcaption>{escape(finding)}</figcaption>'
        f'<div class="plot" role="group" aria-label="{escape(finding)}" '
        f'style="height:{int(layout.get("height", 400))}px"></div>'
        f'<script type="application/json">{text}</script>'
        f'<details class="twin"><summary>The same as a table</summary>{rows}</details></figure>\n'
    )
