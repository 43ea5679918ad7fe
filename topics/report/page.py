"""Executed notebooks as one HTML page that asks no network, what it claims, and its search."""

from __future__ import annotations

import base64
import gzip
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
from topics.figures.format import QUIET, day, percent, plural, theme_colours
from topics.html import MIME_TYPE, Finding, table
from topics.measures.shares import choose_period
from topics.read.fields import language_name

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
_CONFIG = {"displaylogo": False, "showSendToCloud": False}
# Each button is a stop of the Tab key; what these do, the rest do too.
_UNUSED = ["toImage", "select2d", "lasso2d", "autoScale2d"]
_ZOOM = ["zoomIn2d", "zoomOut2d"]  # buttons of the map alone
_MAX_CHARACTERS = 12_000_000  # of text in one report: about 5 MB of it
_CUT = 270  # 58,000 passages make a file of less than 12 MB
_GROUPS = ("source", "country", "language")  # of documents, to choose from
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
    holds = "holds" if len(documents) == 1 else "hold"
    when = f", dated {day(dates.min())} to {day(dates.max())}," if len(dates) else ""
    return (
        f"{plural(len(documents), 'document')}{who}{when} {holds} {plural(len(passages), 'passage')} "
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
        missing=[(section.heading, why) for section in sections for why in section.missing],
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

    @property
    def missing(self) -> list[str]:
        """Why something is not shown, where that is known."""
        outputs = [output for _, own in self.blocks for output in own]
        return [output["missing"] for output in outputs if output.get("missing")]


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
    is_map = layout.get("dragmode") == "pan"
    for trace in data if is_map else []:  # the page has its texts already
        del trace["text"]
    has_columns = "xaxis2" in layout
    config = _CONFIG | {"modeBarButtonsToRemove": _UNUSED if is_map else _UNUSED + _ZOOM}
    drawing = {"data": data, "layout": layout, "config": config}
    return {
        "finding": finding,
        "json": json.dumps(drawing, separators=(",", ":")).replace("<", "\\u003c"),
        "height": layout["height"],
        "twin": table(pd.DataFrame(meta["table"]["rows"], columns=meta["table"]["columns"]), 300),
        "wide": has_columns or (data[0]["type"] == "heatmap" and len(data[0]["x"]) > _MAX_HALF),
    }


def packed(text: str) -> str:
    """Text as gzip in base64: nothing in it means anything to HTML, and its bytes repeat."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def passage_search(run: Run) -> dict[str, Any]:
    """What the page needs to let its reader look through the passages.

    Returns
    -------
    dict
        ``themes`` (id, name, passages, colour), ``quiet`` (the colour of none), ``groups`` (by
        "source", "country" and "language", value and name of each) and ``periods`` (first day, last
        day, name, passages) to choose from; ``n`` passages ``of`` so many, ``without`` a theme; ``cut``, the characters kept
        of each passage, None for all of them and 0 in a report without texts; ``data``, the
        passages packed.
    """
    passages = run.passages.iloc[run.drawn]
    cut = _CUT if passages["text"].str.len().sum() > _MAX_CHARACTERS else None
    documents = passages.drop_duplicates("document_id")
    if run.options.no_text:
        cut, documents = 0, documents.assign(title=None)
    groups = {column: documents[column].astype("category") for column in _GROUPS}
    own = run.assignments[run.assignments["passage_id"].isin(passages["passage_id"])]
    ids, names = run.themes["theme_id"].tolist(), run.themes["name"].tolist()
    counts = own["theme_id"].value_counts().reindex(ids, fill_value=0)
    data = {
        "themes": [*zip(ids, names, strict=True)],
        "groups": {column: [*values.cat.categories] for column, values in groups.items()},
        "documents": _documents(documents, groups, run.copy_of),
        "passages": _passages(run, passages, documents["document_id"], cut),
    }
    return {
        "themes": [*zip(ids, names, counts, theme_colours(run).values(), strict=True)],
        "quiet": QUIET,
        "groups": {column: _choices(values) for column, values in groups.items()},
        "periods": _periods(passages["date"].dropna(), documents["date"]),
        "n": len(passages),
        "of": len(run.passages),
        "without": len(passages) - own["passage_id"].nunique(),
        "cut": cut,
        "data": packed(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
    }


def _choices(values: pd.Series) -> list[tuple[str, str]]:
    """Value and name of what can be chosen; nothing where nothing is known."""
    named = language_name if values.name == "language" else str
    known = [(value, named(value)) for value in values.cat.categories]
    return [*known, ("none", "not known")] if known and values.isna().any() else known


def _periods(dates: pd.Series, of_documents: pd.Series) -> list[tuple[str, str, str, int]]:
    """First day, last day, name and number of passages of each period."""
    if dates.empty:
        return []
    own = dates.dt.to_period(choose_period(of_documents))
    every = pd.period_range(own.min(), own.max())
    counts = own.value_counts().reindex(every, fill_value=0)
    days = (times.strftime("%Y-%m-%d") for times in (every.start_time, every.end_time))
    return [*zip(*days, every.astype(str), counts, strict=True)]


def _documents(
    documents: pd.DataFrame, groups: dict[str, pd.Series], copy_of: pd.Series
) -> list[list[Any]]:
    """document_id, title, date, url, the number of each group, -1 where it is not known, and 1 if
    it is no near-duplicate of an earlier one.

    Of addresses only those of web pages are kept: others may run something or open a file.
    """
    frame = documents[["document_id", "title"]].astype(object)
    frame["date"] = documents["date"].dt.strftime("%Y-%m-%d")
    is_web = documents["url"].str.match(r"https?://", case=False, na=False)
    frame["url"] = documents["url"].where(is_web)
    for column, values in groups.items():
        frame[column] = values.cat.codes
    frame["independent"] = documents["document_id"].isin(copy_of).astype(int)
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def _passages(
    run: Run, passages: pd.DataFrame, documents: pd.Series, cut: int | None
) -> list[list[Any]]:
    """Number of the document, start, end, text, numbers of all themes and of the strongest."""
    numbers = {theme: i for i, theme in enumerate(run.themes["theme_id"])}
    places = {document: i for i, document in enumerate(documents)}
    assigned = run.assignments["theme_id"].map(numbers).groupby(run.assignments["passage_id"])
    themes = assigned.agg(list)
    strongest = [numbers.get(theme, -1) for theme in run.theme_of_passage.iloc[run.drawn]]
    return [
        [places[p.document_id], p.start, p.end, p.text[:cut], themes.get(p.passage_id, []), top]
        for p, top in zip(passages.itertuples(), strongest, strict=True)
    ]
