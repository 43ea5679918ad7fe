"""What a report claims: findings and cautions, as the page, the terminal and findings.json show them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from topics.figures.format import day, percent, plural
from topics.findings import MIME_TYPE, Finding
from topics.measures import theme_support

if TYPE_CHECKING:
    from topics.report.notebooks import Cell
    from topics.run import Run

PLOTLY = "application/vnd.plotly.v1+json"
_OF_NAMED = {
    ("solid", "usable"): "Of the themes named in advance, found",
    ("fragile",): "Found, but too fragile to rely on",
    ("absent",): "Named in advance, not found",
}
_MAX_CLAIMS, _MAX_OF_KIND = 5, 2
_OVER_TIME = ("trend", "emergence")
_LEADING = ("trend", "emergence", "source", "actors")  # kinds that a report opens with


def findings_of(cells: list[Cell], run: Run) -> list[Finding]:
    """What can be claimed by the figures and tables of executed cells, and what to beware of.

    Five claims at most, the weightiest first, two of a kind and one of a theme over time. That no
    theme rose or fell is told too. What describes, or has nothing to show, is left out.
    """
    told = [
        replace(claim, anchor=f"output-{cell.id}-{i}", claims=())
        for cell in cells
        for i, output in enumerate(cell.outputs)
        for claim in _claims(output)
    ]
    kept: list[Finding] = []
    of_kind, moved = Counter[str](), set[str]()
    for claim in sorted(told, key=lambda claim: -claim.weight):
        over_time = set(claim.themes) if claim.kind in _OVER_TIME else set()
        fits = claim.level == "finding" and claim.kind in _LEADING and not over_time & moved
        if fits and of_kind[claim.kind] < _MAX_OF_KIND and len(kept) < _MAX_CLAIMS:
            kept.append(claim)
            of_kind[claim.kind] += 1
            moved |= over_time
    still = [f for f in told if (f.kind, f.level) == ("trend", "none") and not moved]
    return [*kept, *still, *(f for f in told if f.level == "caution"), *_gaps(run)]


def _claims(output: dict) -> list[Finding]:
    """The claims of a figure or a table as they travel with it."""
    figure = output.get(PLOTLY, {}).get("layout", {}).get("meta", {})
    finding = output.get(MIME_TYPE) or figure.get("finding")
    if not finding:
        return []
    return [Finding(**claim) for claim in finding.get("claims") or [finding]]


def _gaps(run: Run) -> list[Finding]:
    """Cautions about what the run could not take into account."""
    lines = []
    if run.documents["source"].nunique() == 1:
        source = run.documents["source"].dropna().iloc[0]
        lines.append(
            f"All documents with a source are from {source}: nothing is compared with others."
        )
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
    for verdicts, told in _OF_NAMED.items():
        own = themes[(themes["kind"] == "named") & theme_support(run)["verdict"].isin(verdicts)]
        sizes = [
            _isolated(row.name)
            + (f" ({plural(row.n_documents, 'document')})" if row.n_passages else "")
            for row in own.itertuples()
        ]
        lines += [f"{told}: {', '.join(sizes)}."] if sizes else []
    return lines


def _isolated(name: str) -> str:
    """A name between Unicode's isolates: whichever way it is written, the sentence goes on."""
    return f"\u2068{name}\u2069"
