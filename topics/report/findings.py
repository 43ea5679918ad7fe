"""What a report claims: findings and cautions, as the page, the terminal and findings.json show them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from topics.figures.format import day, percent, plural
from topics.findings import MIME_TYPE, Finding

if TYPE_CHECKING:
    from topics.report.notebooks import Cell
    from topics.run import Run

PLOTLY = "application/vnd.plotly.v1+json"
_LEADING = ("trend", "emergence", "source", "actors")  # kinds that a report opens with


def findings_of(cells: list[Cell], run: Run) -> list[Finding]:
    """What the figures and tables of executed cells found, and what a reader should beware of.

    Figures and tables that describe, and those with nothing to show, are left out; that no theme
    rose or fell is a finding.
    """
    told = [
        replace(Finding(**data), anchor=f"output-{cell.id}-{i}")
        for cell in cells
        for i, output in enumerate(cell.outputs)
        if (data := _finding(output))
    ]
    found = [f for f in told if f.kind in _LEADING and (f.level == "finding" or f.kind == "trend")]
    return [*found, *(f for f in told if f.level == "caution"), *_gaps(run)]


def _finding(output: dict) -> dict | None:
    """The finding of a figure or a table as it travels with it, if it has one."""
    figure = output.get(PLOTLY, {}).get("layout", {}).get("meta", {})
    return output.get(MIME_TYPE) or figure.get("finding")


def _gaps(run: Run) -> list[Finding]:
    """Cautions about what the run could not take into account."""
    lines = []
    if undated := int(run.documents["date"].isna().sum()):
        lines.append(f"{plural(undated, 'document')} without a date: no trend counts them.")
    if foreign := len(run.left_out):
        lines.append(f"{plural(foreign, 'document')} in a language that is not read.")
    if run.is_sampled:
        lines.append(f"Themes were fitted on a sample of {len(run.fitted):,} passages.")
    if skipped := len(run.corpus.skipped):
        lines.append(f"Not everything could be read: {plural(skipped, 'gap')}.")
    return [Finding(line, "corpus", "caution") for line in lines]


def summary(run: Run) -> list[str]:
    """What was read and found, in two or three sentences."""
    documents, passages, themes = run.documents, run.passages, run.themes
    without = 1 - run.assignments["passage_id"].nunique() / len(passages)
    dates, sources = documents["date"].dropna(), documents["source"].nunique()
    who = f" from {plural(sources, 'source')}" if sources else ""
    when = f", dated {day(dates.min())} to {day(dates.max())}," if len(dates) else ""
    lines = [
        f"{plural(len(documents), 'document')}{who}{when} hold {plural(len(passages), 'passage')} "
        f"and {plural(len(themes), 'theme')}; {percent(without)} of the passages have no theme."
    ]
    named = themes[themes["kind"] == "named"]
    found, absent = named[named["n_passages"] > 0], named[named["n_passages"] == 0]
    if len(found):
        sizes = [
            f"{_isolated(row.name)} ({plural(row.n_passages, 'passage')} in {plural(row.n_documents, 'document')})"
            for row in found.itertuples()
        ]
        lines.append(f"Of the themes named in advance, found: {', '.join(sizes)}.")
    if len(absent):
        lines.append(f"Named in advance, not found: {', '.join(map(_isolated, absent['name']))}.")
    return lines


def _isolated(name: str) -> str:
    """A name between Unicode's isolates: whichever way it is written, the sentence goes on."""
    return f"\u2068{name}\u2069"
