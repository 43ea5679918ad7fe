"""Counts that can be claimed: shares, changes, contrasts and trust, each with its uncertainty."""

from topics.measures.actors import actors_by_theme, mentions, read_actors
from topics.measures.change_points import emerging_themes, find_change_points
from topics.measures.keyness import distinctive_words
from topics.measures.shares import (
    PERIODS,
    DocumentThemes,
    choose_period,
    contrast_groups,
    contrast_two,
    contrast_within_sources,
    overall_shares,
    shares_over_time,
)
from topics.measures.trust import (
    absent_theme,
    borderline,
    metadata_sources,
    near_duplicates,
    removed_boilerplate,
    theme_support,
    trend_survival,
)
