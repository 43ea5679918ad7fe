"""The report's first page: what was read, what stands out, and what to beware of."""

from __future__ import annotations

import re
from html import unescape

from topics.figures.format import day, percent, plural
from topics.report.notebooks import PLOTLY, Cell
from topics.run import Run

_CALLS_FOR_CARE = re.compile(r"<p>(Themes that call for care: [1-9][^<]*)</p>")


def metadata_source(cells: list[Cell]) -> dict[str, dict[str, str]]:
    """By cell, the finding of its figure or its call for care, and where on the page it stands."""
    found = {}
    for cell in cells:
        for i, data in enumerate(cell.outputs):
            text = data.get(PLOTLY, {}).get("layout", {}).get("meta", {}).get("finding")
            if call := _CALLS_FOR_CARE.search(data.get("text/html", "")):
                text = unescape(call[1])
            if text:
                found[cell.id] = {"text": text, "anchor": f"output-{cell.id}-{i}"}
    return found


def findings(cells: list[Cell], told: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Findings of the cells tagged "finding"; of those that find nothing only the first, on trends."""
    lines = [told[cell.id] for cell in cells if "finding" in cell.tags and cell.id in told]
    return lines[:1] + [line for line in lines[1:] if not line["text"].startswith("No ")]


def cares(told: dict[str, dict[str, str]], run: Run) -> list[dict[str, str]]:
    """What to beware of before anything is believed; no lines where there is nothing."""
    lines = [line for line in told.values() if line["text"].startswith(("Themes that", "Fragile"))]
    gaps = {
        "without a date: no trend counts them": run.documents["date"].isna().sum(),
        "in a language that the embedder does not read": len(run.left_out),
    }
    lines += [{"text": f"{plural(int(n), 'document')} {what}."} for what, n in gaps.items() if n]
    if run.is_sampled:
        lines.append({"text": f"Themes were found on a sample of {len(run.fitted):,} passages."})
    if skipped := len(run.corpus.skipped):
        lines.append({"text": f"Not everything could be read: {plural(skipped, 'gap')}."})
    return lines


def summary(run: Run) -> list[str]:
    """What was read and found, in two or three sentences."""
    documents, passages, themes = run.documents, run.passages, run.themes
    without = 1 - run.assignments["passage_id"].nunique() / len(passages)
    dates, sources = documents["date"].dropna(), documents["source"].nunique()
    who = f" of {plural(sources, 'source')}" if sources else ""
    when = f", dated {day(dates.min())} to {day(dates.max())}," if len(dates) else ""
    lines = [
        f"{plural(len(documents), 'document')}{who}{when} gave {plural(len(passages), 'passage')} "
        f"and {plural(len(themes), 'theme')}; {percent(without)} of the passages carry none."
    ]
    named = themes[themes["kind"] == "named"]
    found, empty = named[named["n_passages"] > 0], named[named["n_passages"] == 0]
    if len(found):
        sizes = [
            f"{_isolated(row.name)} ({plural(row.n_passages, 'passage')} in {plural(row.n_documents, 'document')})"
            for row in found.itertuples()
        ]
        lines.append(f"Of the themes named in advance, found: {', '.join(sizes)}.")
    if len(empty):
        lines.append(
            f"Named in advance, but in no passage: {', '.join(map(_isolated, empty['name']))}."
        )
    return lines


def _isolated(name: str) -> str:
    """A name between Unicode's isolates: whichever way it is written, the sentence goes on."""
    return f"\u2068{name}\u2069"
