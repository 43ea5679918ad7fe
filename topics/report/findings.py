"""What a report claims: findings and cautions, as the page, the terminal and findings.json show them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from topics.figures.claims import of_corpus
from topics.figures.format import day, percent, plural
from topics.findings import MIME_TYPE, Finding, claims_in, front_page

if TYPE_CHECKING:
    from topics.report.notebooks import Cell
    from topics.run import Run

PLOTLY = "application/vnd.plotly.v1+json"


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
