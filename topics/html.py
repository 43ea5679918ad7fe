"""Pieces of HTML for notebooks and the report, and what each says as data. All text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd

MIME_TYPE = "application/vnd.topics.finding+json"  # beside the HTML of a table that has a finding
# JupyterLab makes all columns equally wide and aligns them to the right.
_IN_LAB = (
    "<style>.jp-OutputArea table.plain{table-layout:auto}"
    ".jp-OutputArea table.plain :is(td,th){text-align:left;vertical-align:top}</style>"
)


@dataclass(frozen=True)
class Finding:
    """One sentence that a figure or a table supports.

    Attributes
    ----------
    text
        The sentence.
    kind
        What it is about: corpus, themes, trend, emergence, source, country, actors, trust, …
    level
        ``finding`` where something was found, ``caution`` where a reader should beware, ``none``
        where there is nothing to show, and the text says why.
    themes
        Ids of the themes that it names, in its order.
    anchor
        Where on the report's page it stands; empty where it stands on no page.
    estimate, low, high
        The difference of shares that was tested, as told in the text, with its interval.
    n, sources
        Documents or passages compared, and how many sources it rests on.
    claims
        What `text` sums up, one sentence each.
    """

    text: str
    kind: str
    level: Literal["finding", "caution", "none"] = "finding"
    themes: Sequence[str] = ()
    anchor: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    sources: int | None = None
    claims: Sequence[Finding] = ()

    @property
    def weight(self) -> float:
        """Size, certainty and breadth in one: the difference that is certain, less for few sources.

        >>> Finding("Ferries rose.", "trend", low=0.1, high=0.3, sources=1).weight
        0.05
        """
        near = min(abs(self.low or 0), abs(self.high or 0))
        return near * (1 - 1 / (1 + (self.sources or 1)))


@dataclass(frozen=True)
class Html:
    """HTML that Jupyter shows and the report takes over, and the finding that it supports."""

    markup: str
    finding: Finding | None = None

    def __add__(self, below: Html) -> Html:
        return Html(self.markup + below.markup, self.finding)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        style = _IN_LAB if "<table" in self.markup else ""
        shown: dict[str, Any] = {"text/html": style + self.markup}
        return shown | ({MIME_TYPE: asdict(self.finding)} if self.finding else {})


def table(frame: pd.DataFrame, max_rows: int = 50) -> Html:
    """The first rows of a frame as a plain table, and how many more there are; cells may be `Html`.

    >>> table(pd.DataFrame({"n_total": [1, 2, 3]}), max_rows=1).markup.split("<tbody>")[1]
    '<tr><td>1</td></tr></tbody></table></div><p>and 2 more</p>'
    """
    headings = [escape(str(name).replace("_", " ")) for name in frame.columns]
    head = "".join(f"<th scope='col'>{heading}</th>" for heading in headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_markup(value)}</td>" for value in row) + "</tr>"
        for row in frame.head(max_rows).itertuples(index=False)
    )
    left = len(frame) - max_rows
    more = f"<p>and {left:,} more</p>" if left > 0 else ""
    return Html(
        f"<div class='scroll' tabindex='0'><table class='plain{' cut' * (left > 0)}'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _markup(value: Any) -> str:
    """A value as HTML; what is HTML already stays as it is."""
    return value.markup if isinstance(value, Html) else escape(cell(value))


def note(text: str, finding: Finding | None = None) -> Html:
    """A sentence that stands out.

    >>> note("Profit & loss.").markup
    "<p class='note'>Profit &amp; loss.</p>"
    """
    return Html(f"<p class='note'>{escape(text)}</p>", finding)


def sentence(finding: Finding) -> Html:
    """A finding as a paragraph."""
    return Html(f"<p>{escape(finding.text)}</p>", finding)


def cell(value: Any) -> str:
    """A value as text in a table, a missing one as a dash.

    >>> [cell(value) for value in (0.12345, 1234.5, True, None, "text")]
    ['0.123', '1,234', 'yes', '–', 'text']
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value:.3g}" if -100 < value < 100 else f"{value:,.0f}"
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
