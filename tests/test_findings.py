"""What a report opens with: by the level and kind of a finding, whatever its words are."""

from dataclasses import asdict

import pandas as pd
import pytest
from runs import PORT, run_on

from topics.html import MIME_TYPE, Finding
from topics.report.notebooks import Cell
from topics.report.page import PLOTLY, findings_of, summary


@pytest.fixture(scope="module")
def run():
    return run_on(PORT, date="2025-05-02", source="Gull")


@pytest.fixture(scope="module")
def two():
    """A run on documents of two sources."""
    return run_on(PORT, date="2025-05-02", source=["Gull", "Heron", "Gull", "Gull", "Gull"])


def figure(*claims, kind="trend", level="finding", weight=0.2):
    """A figure that sums up claims (text, theme), each less weighty than the one before."""
    claims = [
        asdict(Finding(text, kind, level, [theme], low=weight / i, high=1, sources=2))
        for i, (text, theme) in enumerate(claims, 1)
    ]
    finding = {"text": "; ".join(c["text"] for c in claims), "kind": kind, "claims": claims}
    return {PLOTLY: {"data": [], "layout": {"meta": {"finding": finding}}}}


def told(run, *outputs):
    cell = Cell("3_trends-a", "code", "", outputs=list(outputs))
    return [(f.text, f.level, f.anchor) for f in findings_of([cell], run)]


def test_what_moved_is_told_first_two_of_a_kind_and_one_of_a_theme_over_time(two):
    rose, first_use = ("Fragile states rose.", "fragile"), ("No first use rose.", "use")
    assert told(
        two,
        figure(rose, first_use, ("Grain rose.", "grain")),
        figure(("Fragile states is rising.", "fragile"), kind="emergence", weight=0.15),
        figure(("Gull writes more on grain.", "grain"), kind="source", weight=0.9),
        figure(("5 documents in 5 files.", ""), kind="corpus", weight=0.9),
    ) == [
        ("Fragile states rose.", "finding", "output-3_trends-a-0"),
        ("No first use rose.", "finding", "output-3_trends-a-0"),
        ("Gull writes more on grain.", "finding", "output-3_trends-a-2"),
    ]


def test_five_claims_are_told_at_most(two):
    kinds = ("source", "actors", "trend")
    outputs = [
        figure(*[(f"{kind} {i}", f"{kind} {i}") for i in (1, 2)], kind=kind) for kind in kinds
    ]
    assert len(told(two, *outputs)) == 5


def test_cautions_follow_findings_and_what_describes_or_shows_nothing_is_left_out(two):
    care = {"text": "Treat 1 of 2 themes with caution.", "kind": "trust", "level": "caution"}
    outputs = [
        {"text/html": "<p>…</p>", MIME_TYPE: care},
        figure(("No source differs clearly.", ""), kind="source", level="none"),
        figure(("No theme rose or fell by more than chance would explain.", ""), level="none"),
        {"text/plain": "5"},
    ]
    assert told(two, *outputs) == [
        ("No theme rose or fell by more than chance would explain.", "none", "output-3_trends-a-2"),
        ("Treat 1 of 2 themes with caution.", "caution", "output-3_trends-a-0"),
    ]


def test_a_corpus_of_one_outlet_says_so_once(run):
    assert told(run) == [
        (
            "All documents with a source are from Gull: no source is compared with others.",
            "caution",
            "",
        )
    ]


def test_gaps_of_the_corpus_are_cautions():
    run = run_on(PORT)
    run.corpus.skipped = pd.DataFrame({"file": ["a.png"], "reason": ["unknown format"]})
    assert [text for text, _, _ in told(run)] == [
        "5 documents without a date: no trend counts them.",
        "Not everything could be read: 1 gap.",
    ]


def test_the_summary_counts_what_was_read_and_found(run):
    assert summary(run) == (
        "5 documents from 1 source, dated 2 May 2025 to 2 May 2025, hold 5 passages and 1 theme; "
        "0% of the passages have no theme."
    )
