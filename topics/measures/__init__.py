"""Counts that can be claimed: shares, changes, contrasts and trust, each with its uncertainty."""

from topics.incidence import Incidence
from topics.measures.actors import actors_by_theme, mentions, read_actors
from topics.measures.breaks import change_points
from topics.measures.contrasts import contrast, contrasts, within_sources
from topics.measures.emergence import Backtest, backtest, emergence
from topics.measures.gold import agreement, gold_labels, read_gold
from topics.measures.reading import copies, furniture, origins
from topics.measures.shares import PERIODS, choose_period, shares, shares_over_time
from topics.measures.sides import leads, marking_words
from topics.measures.trust import absent_theme, borderline, conclusions, trust

__all__ = [
    "PERIODS",
    "Backtest",
    "Incidence",
    "absent_theme",
    "actors_by_theme",
    "agreement",
    "backtest",
    "borderline",
    "change_points",
    "choose_period",
    "conclusions",
    "contrast",
    "contrasts",
    "copies",
    "emergence",
    "furniture",
    "gold_labels",
    "leads",
    "marking_words",
    "mentions",
    "origins",
    "read_actors",
    "read_gold",
    "shares",
    "shares_over_time",
    "trust",
    "within_sources",
]
