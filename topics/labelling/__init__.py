"""Blind validation by people: sheets of passages to label, intrusion tests, what they say."""

from topics.labelling.estimates import coder_agreement, labelled_shares
from topics.labelling.intrusion import draw_tests, score_tests
from topics.labelling.sheets import (
    draw_sheet,
    read_folder,
    read_labels,
    read_sheet,
    save_sheet,
    write_sheet,
)

__all__ = [
    "coder_agreement", "draw_sheet", "draw_tests", "labelled_shares", "read_folder", "read_labels",
    "read_sheet", "save_sheet", "score_tests", "write_sheet",
]  # fmt: skip
