"""What a figure or a table says, as data: the front page, the terminal and findings.json filter it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

_MAX_CLAIMS, _MAX_OF_KIND = 5, 2
_OVER_TIME = ("trend", "emergence")
_LEADING = ("trend", "emergence", "source", "actors")  # kinds that a report opens with
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


def claims_in(finding: dict[str, Any] | None) -> list[Finding]:
    """The claims of a finding as it travels with a figure or a table; none where there is none."""
    return [Finding(**claim) for claim in finding.get("claims") or [finding]] if finding else []


def front_page(told: Iterable[Finding]) -> list[Finding]:
    """The claims that a reader should see first, and what to beware of.

    Five claims at most, the weightiest first, two of a kind and one of a theme over time. That no
    theme rose or fell is told too. What describes, or has nothing to show, is left out.

    >>> ferries = Finding("Ferries rose.", "trend", low=0.1, high=0.3)
    >>> [claim.text for claim in front_page([Finding("Two themes.", "corpus"), ferries])]
    ['Ferries rose.']
    """
    told, kept = list(told), list[Finding]()
    of_kind, moved = Counter[str](), set[str]()
    for claim in sorted(told, key=lambda claim: -claim.weight):
        over_time = set(claim.themes) if claim.kind in _OVER_TIME else set()
        fits = claim.level == "finding" and claim.kind in _LEADING and not over_time & moved
        if fits and of_kind[claim.kind] < _MAX_OF_KIND and len(kept) < _MAX_CLAIMS:
            kept.append(claim)
            of_kind[claim.kind] += 1
            moved |= over_time
    still = [f for f in told if (f.kind, f.level) == ("trend", "none") and not moved]
    return [*kept, *still, *(f for f in told if f.level == "caution")]
