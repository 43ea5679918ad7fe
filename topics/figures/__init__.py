"""Every chart of the notebooks as a plotly Figure, with its finding as title and a table twin."""

from topics.figures.corpus import (
    coverage,
    documents_by,
    documents_over_time,
    funnel,
    near_duplicates_by_source,
)
from topics.figures.themes import hierarchy, level_curve, named_theme_scores, theme_map, theme_sizes
from topics.figures.trends import actors, emergence, shares_by_group, theme_trends

__all__ = [
    "actors", "coverage", "documents_by", "documents_over_time", "emergence",
    "funnel", "hierarchy", "level_curve", "named_theme_scores", "near_duplicates_by_source",
    "shares_by_group", "theme_map", "theme_sizes", "theme_trends",
]  # fmt: skip
