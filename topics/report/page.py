"""From a run to the files that are handed on: data files, and the notebooks as one HTML page."""

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
from typing import Any

import pandas as pd

from topics.cache import log, written_atomically
from topics.errors import InputError
from topics.html import table
from topics.labelling import read_gold
from topics.read.files import find_files
from topics.report.findings import cares, findings, metadata_source, summary
from topics.report.notebooks import PLOTLY, Cell, run_notebooks
from topics.report.search import explorer, packed
from topics.run import Run, analyse

_PACKAGE = Path(__file__).parent
_MARKDOWN_HEADING = re.compile(r"^(#{1,4}) (.+)$", re.MULTILINE)
_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    # Each is a stop of the Tab key; what they do, the rest do too.
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}
_YEAR = 2026  # of this version, as in CITATION.cff


def write_report(
    path: str,
    out: str | Path,
    *,
    themes: str | None = None,
    gold: str | None = None,
    labels: str | None = None,
    columns: dict[str, str] | None = None,
    all_languages: bool = False,
    base: str | None = None,
    embedder: str = "minilm",
    seed: int = 0,
) -> Path:
    """Analyse `path` and write report.html and the data files into the folder `out`.

    Returns the path of the report.

    Raises
    ------
    InputError
        If the input, an option or the output folder is wrong.
    """
    find_files(Path(path))  # what is wrong is said before hours of work
    if gold:
        read_gold(gold)
    folder = _writable(Path(out))
    options: dict[str, Any] = {
        "themes": themes,
        "columns": columns,
        "all_languages": all_languages,
        "base": base,
        "embedder": embedder,
        "seed": seed,
    }
    parameters = {"folder": path, "gold": gold, "labels": labels, **options}
    run = analyse(path, **options)
    log("writing the report")
    key = json.dumps([run.about["digests"], run.about["seed"]])
    page = as_page(run_notebooks(parameters, key), run, parameters)
    try:
        write_data(run, folder, parameters)
        with written_atomically(folder / "report.html") as part:
            part.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"output: cannot write to {str(folder)!r} ({error.strerror}); make room, or name "
            "another with --out: what was computed is kept"
        ) from error
    return folder / "report.html"


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".topics-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"output: cannot write to {str(folder)!r} ({error.strerror}); name another with --out"
        ) from error
    return folder


def write_data(run: Run, folder: Path, parameters: dict[str, Any]) -> None:
    """Write the Parquet, CSV and JSON files of a run; each is replaced whole or not at all."""
    frames = {
        "documents": run.corpus.documents,
        "passages": run.passages,
        "assignments": run.assignments,
    }
    for name, frame in frames.items():
        with written_atomically(folder / f"{name}.parquet") as part:
            frame.to_parquet(part, index=False)
    with written_atomically(folder / "themes.csv") as part:
        run.themes.to_csv(part, index=False)
    with written_atomically(folder / "run.json") as part:
        part.write_text(json.dumps({"parameters": parameters, **run.about}, indent=2) + "\n")


def as_page(cells: list[Cell], run: Run, parameters: dict[str, Any]) -> str:
    """One HTML page from executed notebooks: no request to anywhere, nothing run but its own code."""
    from jinja2 import Environment, FileSystemLoader
    from plotly.offline import get_plotlyjs

    told = metadata_source(cells)
    sections: list[dict[str, Any]] = []
    theme_map = "".join(_cell(cell, sections) for cell in cells if "map" in cell.tags)
    body = "".join(_cell(cell, sections) for cell in cells if "map" not in cell.tags)
    plotly_js = get_plotlyjs()
    page_js = (_PACKAGE / "page.js").read_text(encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(_PACKAGE), autoescape=True)
    return environment.get_template("page.html").render(
        css=(_PACKAGE / "page.css").read_text(encoding="utf-8"),
        plotly=packed(plotly_js),
        page_js=page_js,
        allowed=[_csp_hash(plotly_js), _csp_hash(page_js), *_compiled(theme_map)],
        sections=sections,
        theme_map=theme_map,
        body=body,
        summary=summary(run),
        findings=findings(cells, told),
        care=cares(told, run),
        explore=explorer(run),
        stamp=_stamp(),
        command=_command(parameters),
        citation=_citation(),
        about=run.about,
        version=version("topics"),
    )


def _command(parameters: dict[str, Any]) -> str:
    """The command line that repeats the run, into the folder that --out names by default."""
    words = ["topics", "report", str(parameters["folder"])]
    for name, value in parameters.items():
        if name == "folder" or value is None or value is False:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if isinstance(value, dict):
            words.append(",".join(f"{field}={column}" for field, column in value.items()))
        elif value is not True:
            words.append(str(value))
    return shlex.join(words)


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
    layout.pop("title", None)
    layout.setdefault("margin", {})["t"] = 40
    if "scaleanchor" in layout.get("yaxis", {}):  # the map: the page has its texts already
        for trace in bundle["data"]:
            trace.pop("text", None)
    finding = meta.get("finding", "Figure")
    drawing = {"data": bundle["data"], "layout": layout, "config": _CONFIG}
    text = json.dumps(drawing, separators=(",", ":")).replace("<", "\\u003c")
    twin = meta.get("table", {"columns": [], "rows": []})
    rows = table(pd.DataFrame(twin["rows"], columns=twin["columns"]), most=300).markup
    return (
        f'<figure id="output-{name}"><figcaption>{escape(finding)}</figcaption>'
        f'<div class="plot" role="group" aria-label="{escape(finding)}" '
        f'style="height:{int(layout.get("height", 400))}px"></div>'
        f'<script type="application/json">{text}</script>'
        f'<details class="twin"><summary>The same as a table</summary>{rows}</details></figure>\n'
    )
