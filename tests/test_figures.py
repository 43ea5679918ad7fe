"""What figures find, in words and in data, and what they show where there is nothing to draw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from runs import PORT, change_points, document_themes, rising_run, run_on, run_with

from topics import figures, measures
from topics.findings import Finding


def finding(figure):
    """The finding that a figure carries, with its themes as a list."""
    found = Finding(**figure.layout.meta["finding"])
    return replace(found, themes=list(found.themes))


@pytest.fixture(scope="module")
def bare():
    """A run on one passage of which nothing else is known."""
    return run_on(PORT[:1])


@pytest.fixture(scope="module")
def rising():
    return rising_run()


def themes_of(run):
    return measures.DocumentThemes.from_run(run)


def trends(run, found=None):
    shares = measures.shares_over_time(themes_of(run), "M")
    return figures.theme_trends(run, shares, change_points() if found is None else found)


def contrasted(run, column):
    return measures.contrast_groups(themes_of(run), column)


NOTHING = {
    "No document has a date.": figures.documents_over_time,
    "No document names its country.": lambda run: figures.documents_by(run, "country"),
    "No document names both its date and its source.": lambda run: figures.coverage(run, "source"),
    "No near-duplicates were found among documents that name their sources.": (
        figures.near_duplicates_by_source
    ),
    "The themes form no families at a coarser level.": figures.hierarchy,
    "No themes were named in advance.": figures.named_theme_scores,
    "No document with a date has a theme, so no trend can be shown.": trends,
    "Too few periods to tell what is new or rising: at least four are needed.": (
        lambda run: figures.emergence(run, themes_of(run))
    ),
    "Nothing to compare: no second source is known.": (
        lambda run: figures.shares_by_group(run, contrasted(run, "source"))
    ),
    "No differences to show: no second country is known.": (
        lambda run: figures.contrasts(run, contrasted(run, "country"))
    ),
    "No actor on the list is named in a passage with a theme.": (
        lambda run: figures.actors(run, pd.DataFrame({"theme_id": []}))
    ),
}


@pytest.mark.parametrize(("text", "draw"), NOTHING.items(), ids=NOTHING.keys())
def test_a_figure_with_nothing_to_show_says_why(bare, text, draw):
    figure = draw(bare)
    assert (finding(figure).text, finding(figure).level, figure.data) == (text, "none", ())


def test_a_change_names_theme_shares_and_day_and_is_drawn_whatever_the_theme_is_called(rising):
    found = change_points(
        ("fragile states", "2025-04-01", 0.2, 0.4), ("no first use", "2025-05-01", 0, 0.95)
    )
    assert finding(trends(rising, found)) == Finding(
        "No First Use rose from 0% to 95% of documents from May 2025 on; "
        "Fragile States rose from 20% to 40% of documents from April 2025 on.",
        "trend",
        "finding",
        ["no first use", "fragile states"],
    )
    lines = {shape.x0 for shape in trends(rising, found).layout.shapes}
    assert lines == {pd.Timestamp("2025-04-01"), pd.Timestamp("2025-05-01")}


def test_without_a_change_point_the_trend_says_that_nothing_changed(rising):
    figure = trends(rising)
    text = "No theme rose or fell by more than chance would explain."
    assert finding(figure) == Finding(text, "trend", "none", [])
    assert figure.data
    assert not figure.layout.shapes


def test_a_trend_says_where_a_change_may_lie_and_how_many_more_there_are(rising):
    months = pd.date_range("2025-01-01", periods=5, freq="MS")
    found = change_points(
        *[("fragile states", month, 0.1 * (5 - i), 0) for i, month in enumerate(months)]
    )
    found.loc[0, "latest"] = pd.Timestamp("2025-02-05")
    text = finding(trends(rising, found)).text
    assert text.startswith(
        "Fragile States fell from 50% to 0% of documents from January 2025 on "
        "(or between January 2025 and 5 February 2025); "
    )
    assert text.endswith(" and 2 more.")


def test_one_period_is_drawn_without_a_claim_about_change():
    run = run_with([("d0", "2025-05-02", None, None)], {"ferries": ["d0"]})
    text = "All dated documents fall into one period: no change can be measured."
    assert finding(trends(run)) == Finding(text, "trend", "none", [])
    assert trends(run).data


def test_what_is_new_or_rising_is_told_with_shares_documents_and_sources(rising):
    assert finding(figures.emergence(rising, themes_of(rising))) == Finding(
        "No First Use is new (0% before, 100% since May 2025, in 40 documents from 2 sources); "
        "Fragile States is rising (30% before, 75% since April 2025, in 45 documents from 2 sources).",
        "emergence",
        "finding",
        ["no first use", "fragile states"],
    )


def test_where_nothing_is_new_or_rising_that_is_said():
    run = run_with([("d0", None, None, None)], {"grain": ["d0"]})
    dates = pd.date_range("2025-01-01", periods=60, freq="3D")
    steady = document_themes(dates, ["Gull", "Heron"] * 30, grain=[True, False, False] * 20)
    found = finding(figures.emergence(run, steady))
    text = "No theme is new or rising by more than chance would explain."
    assert found == Finding(text, "emergence", "none", [])


def test_the_contrast_that_is_largest_among_the_clear_ones_is_told(rising):
    table = pd.DataFrame(
        [("Gull", "no first use", 0.2, 0.9, 0.5, 0.9, 0.7, False),
         ("Heron", "no first use", 0.2, 0.6, 0.25, 0.5, 0.4, True)],
        columns=["source", "theme_id", "first", "second", "low", "high", "difference", "clear"],
    )  # fmt: skip
    assert finding(figures.contrasts(rising, table)) == Finding(
        "Heron differs most: No First Use is in 60% of its documents and in 20% of the others' "
        "(difference +25 to +50 points).",
        "source",
        "finding",
        ["no first use"],
    )
    text = "No source differs clearly from the others in any theme."
    none = finding(figures.contrasts(rising, table.assign(clear=False)))
    assert none == Finding(text, "source", "none", [])


def test_a_source_s_largest_share_is_told(rising):
    text = "The largest share: Fragile States is in 55% of the documents from Gull (33 of 60)."
    found = finding(figures.shares_by_group(rising, contrasted(rising, "source")))
    assert found == Finding(text, "shares", "finding", ["fragile states"])


@pytest.mark.parametrize(
    ("countries", "text"),
    [
        (
            ["United Kingdom", "United Kingdom", "Japan"],
            "67% of documents come from the United Kingdom; 2 countries in all.",
        ),
        (
            ["Japan", None, None],
            "100% of documents whose country is known come from Japan; 1 country in all, unknown "
            "for 2 documents.",
        ),
    ],
)
def test_where_most_documents_come_from_is_told(countries, text):
    run = run_on(PORT[:3], country=countries)
    assert finding(figures.documents_by(run, "country")) == Finding(text, "corpus", "finding", [])


def test_fragile_themes_are_named_or_else_the_least_stable():
    stable = run_with([("d0", None, None, None)], {"fragile states": ["d0"]})
    assert finding(figures.theme_stability(stable)) == Finding(
        "Every discovered theme comes back in 20 refits; the least stable is Fragile States, "
        "with an overlap of 0.80.",
        "trust",
        "finding",
        ["fragile states"],
    )
    stable.model.themes_["stability"] = 0.5
    text = "Fragile, with an overlap below 0.6 in 20 refits: Fragile States."
    found = finding(figures.theme_stability(stable))
    assert found == Finding(text, "trust", "finding", ["fragile states"])
    stable.model.themes_["stability"] = np.nan
    text = "There are no discovered themes whose stability could be tested."
    assert finding(figures.theme_stability(stable)) == Finding(text, "trust", "none", [])


def test_names_on_the_map_do_not_cover_each_other():
    places = {"harbour": (0, 0), "wheat": (0, 0), "ferries": (0, 0), "strike": (0, 0),
              "grain": (0.1, 0.02), "far away": (4.5, 0)}  # fmt: skip
    run = run_with([(name, None, None, None) for name in places], {name: [name] for name in places})
    run = replace(run, coordinates=np.array(list(places.values()), dtype=float))
    run.theme_of_passage = pd.Series(list(places))
    names = figures.theme_map(run).layout.annotations  # a line is 0.2 high, a letter 0.072 wide
    assert [(name.text, round(name.y, 2)) for name in names] == [
        ("<b>Harbour</b>", 0.0), ("<b>Wheat</b>", 0.2), ("<b>Ferries</b>", -0.2),
        ("<b>Far Away</b>", 0.0),
    ]  # fmt: skip
