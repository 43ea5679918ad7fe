"""Executed notebooks as one HTML page that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
from datetime import UTC, datetime
from functools import partial
from html import escape
from importlib.metadata import metadata, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from topics.html import table
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
    plotly_js = get_plotlyjs()
    page_js = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True)
    return environment.get_template("page.html").render(
        css=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        plotly=packed(plotly_js),
        page_js=page_js,
        allowed=[_csp_hash(plotly_js), _csp_hash(page_js), *_compiled(cells)],
        cells=cells,
        markdown=partial(_markdown, sections=sections),
        drawn=_drawn,
        figure_type=PLOTLY,
        sections=sections,
        title=run.options.title or _name(Path(path)),
        summary=summary(run),
        found=found,
        explore=passage_search(run),
        stamp=_stamp(),
        command=shlex.join(["topics", "report", path, *run.options.as_words()]),
        citation=_citation(),
        run=run,
        version=version("topics"),
    )


def _name(read: Path) -> str:
    """What a report is called that was given no title: as the folder or file that was read."""
    return (read.stem if read.is_file() else read.resolve().name) or "Themes in the corpus"


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


def _compiled(cells: list[Cell]) -> list[str]:
    """What else must be allowed: plotly compiles its own code to draw many points by WebGL."""
    figures = [output[PLOTLY] for cell in cells for output in cell.outputs if PLOTLY in output]
    drawn = {trace["type"] for figure in figures for trace in figure["data"]}
    return ["'unsafe-eval'"] if "scattergl" in drawn else []


def _csp_hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


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


def _drawn(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure's finding, its data as JSON, its height and its table twin."""
    data, layout = figure["data"], figure["layout"]
    meta = layout.pop("meta")
    del layout["title"]
    layout["margin"]["t"] = 40
    if "scaleanchor" in layout.get("yaxis", {}):  # the map: the page has its texts already
        for trace in data:
            del trace["text"]
    drawing = {"data": data, "layout": layout, "config": _CONFIG}
    return {
        "finding": meta["finding"]["text"],
        "json": json.dumps(drawing, separators=(",", ":")).replace("<", "\\u003c") if data else "",
        "height": layout["height"],
        "twin": table(pd.DataFrame(meta["table"]["rows"], columns=meta["table"]["columns"]), 300),
    }
