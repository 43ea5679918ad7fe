"""Every chart of the notebooks as a plotly Figure, with its finding as title and a table twin."""

from topics.figures.corpus import coverage, documents_by, documents_over_time, funnel
from topics.figures.themes import SelectableMap, level_table, theme_map
from topics.figures.trends import actors, emergence, shares_by_group, theme_trends
