"""What a report opens with: by the level and kind of a finding, whatever its words are."""

import pandas as pd
import pytest
from runs import PORT, run_on

from topics.findings import MIME_TYPE
from topics.report.findings import PLOTLY, findings_of, summary
from topics.report.notebooks import Cell


@pytest.fixture(scope="module")
def run():
    return run_on(PORT, date="2025-05-02", source="Gull")


def figure(text, kind, level="finding"):
    meta = {"finding": {"text": text, "kind": kind, "level": level, "themes": []}}
    return {PLOTLY: {"data": [], "layout": {"meta": meta}}}


def told(run, *outputs):
    cell = Cell("3_trends-a", "code", "", outputs=list(outputs))
    return [(f.text, f.level, f.anchor) for f in findings_of([cell], run)]


def test_a_theme_called_fragile_that_rises_is_a_finding_and_one_that_begins_with_no_is_kept(run):
    fragile = "Fragile states rose from 3% to 9% of documents."
    first_use = "No first use is new (0% before, 12% since May 2025)."
    assert told(run, figure(fragile, "trend"), figure(first_use, "emergence")) == [
        (fragile, "finding", "output-3_trends-a-0"),
        (first_use, "finding", "output-3_trends-a-1"),
    ]


def test_cautions_follow_findings_and_what_describes_or_shows_nothing_is_left_out(run):
    care = {"text": "Treat 1 of 2 themes with caution.", "kind": "trust", "level": "caution"}
    outputs = [
        {"text/html": "<p>…</p>", MIME_TYPE: care},
        figure("5 documents in 5 files.", "corpus"),
        figure("No source differs clearly.", "source", "none"),
        figure("No theme rose or fell by more than chance would explain.", "trend", "none"),
        {"text/plain": "5"},
    ]
    assert told(run, *outputs) == [
        ("No theme rose or fell by more than chance would explain.", "none", "output-3_trends-a-3"),
        ("Treat 1 of 2 themes with caution.", "caution", "output-3_trends-a-0"),
    ]


def test_gaps_of_the_corpus_are_cautions():
    run = run_on(PORT)
    run.corpus.skipped = pd.DataFrame({"file": ["a.png"], "reason": ["unknown format"]})
    assert [text for text, _, _ in told(run)] == [
        "5 documents without a date: no trend counts them.",
        "Not everything could be read: 1 gap.",
    ]


def test_the_summary_counts_what_was_read_and_found(run):
    assert summary(run) == [
        "5 documents from 1 source, dated 2 May 2025 to 2 May 2025, hold 5 passages and 1 theme; "
        "0% of the passages have no theme."
    ]
