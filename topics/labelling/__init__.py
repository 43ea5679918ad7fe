"""Validation by people: sheets to label, and what the labels say of the themes."""

from topics.labelling.estimates import (
    Agreement,
    coder_agreement,
    label_agreement,
    labelled_changes,
    labelled_difference,
    labelled_shares,
)
from topics.labelling.samples import draw_sheet, read_folder, read_sheet, write_sheet
from topics.text.gold import labels_of_passages, read_gold
