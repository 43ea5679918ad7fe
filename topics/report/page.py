"""Executed notebooks as one HTML page that asks no network for anything, and what it claims."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from importlib.metadata import metadata, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from topics.figures.claims import claims_in, front_page, of_corpus
from topics.figures.format import day, percent, plural
from topics.html import MIME_TYPE, Finding, table
from topics.report.search import packed, passage_search

if TYPE_CHECKING:
    from topics.report.notebooks import Cell
    from topics.run import Run

PLOTLY = "application/vnd.plotly.v1+json"
_FOLDER = Path(__file__).parent
_HEADING = re.compile(r"(#{1,3}) (.+)\n*")
_ORDER = "2314"  # of the notebooks: what was found comes before what was read
_OWN_PLACE = {"overview", "map"}  # tags of cells that the page shows before all sections
_MAX_HALF = 12  # columns of a heat map whose numbers fit half of the page
_TOP = 30  # pixels for plotly's buttons
_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    # Each is a stop of the Tab key; what they do, the rest do too.
    "modeBarButtonsToRemove": "toImage select2d lasso2d zoomIn2d zoomOut2d autoScale2d".split(),
}
_YEAR = 2026  # of this version, as in CITATION.cff


def findings_of(cells: list[Cell], run: Run) -> list[Finding]:
    """What can be claimed by the figures and tables of executed cells, and what to beware of."""
    told = [
        replace(claim, anchor=f"output-{cell.id}-{i}", claims=())
        for cell in cells
        for i, output in enumerate(cell.outputs)
        for claim in claims_in(output.get(MIME_TYPE) or _in_figure(output))
    ]
    return [*front_page(told), *of_corpus(run)]


def _in_figure(output: dict[str, Any]) -> dict[str, Any] | None:
    return output.get(PLOTLY, {}).get("layout", {}).get("meta", {}).get("finding")


def summary(run: Run) -> str:
    """What was read and found, in one sentence."""
    documents, passages, themes = run.documents, run.passages, run.themes
    without = 1 - run.assignments["passage_id"].nunique() / len(passages)
    dates, sources = documents["date"].dropna(), documents["source"].nunique()
    who = f" from {plural(sources, 'source')}" if sources else ""
    languages = documents["language"].nunique()
    who += f" in {plural(languages, 'language')}" if languages > 1 else ""
    when = f", dated {day(dates.min())} to {day(dates.max())}," if len(dates) else ""
    return (
        f"{plural(len(documents), 'document')}{who}{when} hold {plural(len(passages), 'passage')} "
        f"and {plural(len(themes), 'theme')}; {percent(without)} of the passages have no theme."
    )


def as_page(cells: list[Cell], found: list[Finding], run: Run, path: str) -> str:
    """One HTML page from executed notebooks: no request to anywhere, nothing run but its own code.

    Parameters
    ----------
    cells
        The cells of the notebooks, with their outputs.
    found
        What the page opens with, see `findings_of`.
    run, path
        The run that they show, and the file or folder that it read.
    """
    from jinja2 import Environment, FileSystemLoader
    from plotly.offline import get_plotlyjs

    plotly_js = get_plotlyjs()
    sections = _sections([cell for cell in cells if not _OWN_PLACE & {*cell.tags}])
    page_js = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True)
    return environment.get_template("page.html").render(
        css=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        plotly=packed(plotly_js),
        page_js=page_js,
        allowed=[_csp_hash(plotly_js), _csp_hash(page_js), *_compiled(cells)],
        sections=[*_with_content(sections)],
        missing=[
            (section.heading, output["missing"])
            for section in sections
            for _, outputs in section.blocks
            for output in outputs
            if output.get("missing")
        ],
        pulled={
            tag: [output for cell in cells if tag in cell.tags for output in _outputs(cell)]
            for tag in _OWN_PLACE
        },
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


@dataclass
class _Section:
    """A heading of a notebook, one level down since the page has a title of its own.

    Its blocks are paragraphs, each with what the cells after it show.
    """

    level: int = 2
    heading: str = ""
    anchor: str = ""
    blocks: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=lambda: [("", [])])


def _sections(cells: list[Cell]) -> list[_Section]:
    """What the notebooks say and show, in the order of the page."""
    import mistune

    sections = [_Section()]
    for cell in sorted(cells, key=lambda cell: _ORDER.find(cell.id[0])):
        if cell.kind == "code":
            sections[-1].blocks[-1][1].extend(_outputs(cell) or [{"missing": None}])
            continue
        text = cell.source
        if heading := _HEADING.match(text):
            name = re.sub(r"[^a-z0-9]+", "-", heading[2].lower()).strip("-")
            anchor = f"s{len(sections)}-{name}"
            sections.append(_Section(len(heading[1]) + 1, heading[2].strip(), anchor, []))
            text = text[heading.end() :]
        sections[-1].blocks.append((str(mistune.html(text)), []))
    return sections


def _with_content(sections: list[_Section]) -> Iterator[_Section]:
    """Sections without what has nothing to show."""
    for section in sections:
        blocks = [
            (text, shown)
            for text, outputs in section.blocks
            if (shown := [output for output in outputs if "missing" not in output])
            or not outputs
            or section.level == 2
        ]
        if blocks and section.heading:
            yield replace(section, blocks=blocks)


def _outputs(cell: Cell) -> list[dict[str, Any]]:
    """What a cell shows, as HTML or as a figure, or why it is missing."""
    return [{"id": f"output-{cell.id}-{i}"} | _output(o) for i, o in enumerate(cell.outputs)]


def _output(output: dict[str, Any]) -> dict[str, Any]:
    if PLOTLY in output:
        return _drawn(output[PLOTLY])
    finding = output.get(MIME_TYPE)
    markup = output.get("text/html", "")
    if finding and finding["level"] == "none" and "<table" not in markup:
        return {"missing": finding["text"]}
    return {"html": markup or f"<pre>{escape(output['text/plain'])}</pre>"}


def _drawn(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure's finding, its data as JSON, its height and its table twin."""
    data, layout = figure["data"], figure["layout"]
    meta = layout.pop("meta")
    finding = meta["finding"]["text"]
    if not data:
        return {"missing": finding}
    del layout["title"]
    layout["height"] -= layout["margin"]["t"] - _TOP  # the finding stands above the figure
    layout["margin"]["t"] = _TOP
    if layout.get("dragmode") == "pan":  # the map: the page has its texts already
        for trace in data:
            del trace["text"]
    has_columns = "xaxis2" in layout and layout["xaxis2"]["domain"][0] > 0
    drawing = {"data": data, "layout": layout, "config": _CONFIG}
    return {
        "finding": finding,
        "json": json.dumps(drawing, separators=(",", ":")).replace("<", "\\u003c"),
        "height": layout["height"],
        "twin": table(pd.DataFrame(meta["table"]["rows"], columns=meta["table"]["columns"]), 300),
        "wide": has_columns or (data[0]["type"] == "heatmap" and len(data[0]["x"]) > _MAX_HALF),
    }
