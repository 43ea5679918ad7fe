"""Figures that are drawn in another way where there is much to draw."""

import pytest
from runs import run_on

from topics import figures
from topics.figures import themes

TEXTS = [
    "The dock strike shut the harbour, and no ships were unloaded by the dockers.",
    "Dockers voted for the strike while forty ships waited outside the harbour.",
    "The wheat harvest was poor after a drought, and farmers feared for their fields.",
    "Farmers brought in the wheat harvest late; rain had come to the dry fields.",
]


@pytest.fixture(scope="module")
def run():
    return run_on(TEXTS)


def test_each_passage_is_a_point_of_the_map(run):
    assert sum(len(trace.x) for trace in figures.theme_map(run).data) == len(TEXTS)


def test_names_on_the_map_do_not_cover_each_other():
    crowd = [(0.0, 0.0, name, "#000000") for name in ("Harbour", "Wheat", "Ferries", "Strike")]
    crowd += [(0.1, 0.02, "Grain", "#000000"), (5.0, 0.0, "Far away", "#000000")]
    placed = themes._apart(crowd, extent=4.5)  # a line is 0.2 high, a letter 0.072 wide
    assert [(name, y) for _, y, name, _ in placed] == [
        ("Harbour", 0.0),
        ("Wheat", 0.2),
        ("Ferries", -0.2),
        ("Far away", 0.0),
    ]
