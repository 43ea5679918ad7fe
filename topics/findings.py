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
    """

    text: str
    kind: str
    level: Literal["finding", "caution", "none"] = "finding"
    themes: Sequence[str] = ()
    anchor: str = ""
