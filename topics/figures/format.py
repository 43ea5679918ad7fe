"""How themes are coloured, and counts, shares and dates written, in figures, cards and the report."""

from __future__ import annotations

import pandas as pd

from topics.run import Run

# Colours that stand out from white by 3:1 at least; the first five are Okabe and Ito's.
PALETTE = [
    "#0072B2", "#D55E00", "#008F68", "#B85C93", "#34495E", "#7A5195", "#8C564B", "#1B7F8C",
    "#B3002D", "#5F6B00", "#4C5A9E", "#A6611A", "#6D28D9", "#3F7D20", "#C2185B", "#0E6BA8",
    "#7C2D12", "#475569", "#A21CAF", "#937000",
]  # fmt: skip
QUIET = "#8A8A8A"


def theme_colours(run: Run) -> dict[str, str]:
    """One colour a theme, the same in every figure."""
    ids = run.themes["theme_id"]
    return {theme_id: PALETTE[i % len(PALETTE)] for i, theme_id in enumerate(ids)}


def theme_names(run: Run) -> dict[str, str]:
    """Name of each theme by id."""
    return dict(zip(run.themes["theme_id"], run.themes["name"], strict=True))


def percent(share: float) -> str:
    """A share as whole per cent, or as "less than 1%"."""
    return "less than 1%" if 0 < share < 0.005 else f"{share:.0%}"


def day(date: pd.Timestamp) -> str:
    """A date as written out: 4 November 2024."""
    return f"{date.day} {date:%B %Y}"


def plural(n: int, noun: str) -> str:
    """A count with its noun: 1 passage, 2 passages, 3 countries."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else many}"


def plain(text: str) -> str:
    """Text that plotly shows as it stands, though it reads some HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
