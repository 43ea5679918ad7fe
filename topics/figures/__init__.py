"""Every chart of the notebooks as a plotly Figure, with its finding as title and a table twin."""

from topics.figures.corpus import (
    copies_by_source,
    coverage,
    documents_by,
    documents_over_time,
    funnel,
)
from topics.figures.format import PALETTE, percent, plain, plural, theme_colours, theme_names
from topics.figures.themes import (
    hierarchy,
    level_curve,
    named_evidence,
    stability_of_themes,
    theme_map,
    theme_sizes,
)
from topics.figures.trends import actors, contrasts, day_or_month, emergence, theme_by, trends
from topics.html import cell

__all__ = [
    "PALETTE",
    "actors", "cell", "contrasts", "copies_by_source", "coverage", "day_or_month",
    "documents_by", "documents_over_time", "emergence", "funnel", "hierarchy", "level_curve",
    "named_evidence", "percent", "plain", "plural", "stability_of_themes", "theme_by",
    "theme_colours", "theme_map", "theme_names", "theme_sizes", "trends",
]  # fmt: skip
