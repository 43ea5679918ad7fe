"""What a figure or a table says, as data: the front page, the terminal and findings.json filter it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MIME_TYPE = "application/vnd.topics.finding+json"  # beside the HTML of a table that has a finding


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
