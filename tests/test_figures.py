"""What figures find, in words and in data, and what they show where there is nothing to draw."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from runs import PORT, change_points, document_themes, rising_run, run_on, run_with

from topics import figures, measures
from topics.html import Finding


def finding(figure):
    """The finding that a figure carries, with its themes as a list, without what it sums up."""
    found = Finding(**figure.layout.meta["finding"])
    return replace(found, themes=list(found.themes), claims=())


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
    "No document with a date has a theme, so no trend can be shown.": trends,
    "Too few periods to tell what is new or rising: at least four are needed.": (
        lambda run: figures.emergence(run, themes_of(run))
    ),
    "Nothing to compare: no second source of five documents is known.": (
        lambda run: figures.shares_by_group(run, contrasted(run, "source"))
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
        "No First Use rose from 0% to 95% of documents from May 2025 on (+95 points, 95% interval "
        "+85 to +105; 90 documents of 2 sources that wrote before and after). "
        "Fragile States rose from 20% to 40% of documents from April 2025 on (+20 points, 95% "
        "interval +10 to +30; 90 documents of 2 sources that wrote before and after).",
        "trend",
        "finding",
        ["no first use", "fragile states"],
    )
    layout = trends(rising, found).layout
    dates = {pd.Timestamp("2025-04-01"), pd.Timestamp("2025-05-01")}
    assert {shape.x0 for shape in layout.shapes} == dates
    texts = {note.text: note.x for note in layout.annotations}
    assert {texts["from April 2025"], texts["from May 2025"]} == dates


def test_bars_points_and_cells_lead_to_their_passages(rising):
    bars = figures.documents_by(rising, "source").data[0]
    assert dict(zip(bars.y, bars.customdata, strict=True))["Gull"] == "#source=Gull"
    points = trends(rising).data[2].customdata
    assert points[0] == "#theme=fragile+states&from=2025-01-01&to=2025-01-31"
    cells = figures.shares_by_group(rising, contrasted(rising, "source")).data[0].customdata
    assert "#theme=no+first+use&source=Heron" in set(np.ravel(cells))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"covered": 0.4}, "Whether Fragile States rose or fell in May 2025 can't be told: its "
                           "sources differ before and after."),
        ({"sources": 1}, "Whether Fragile States rose or fell in May 2025 can't be told: its "
                         "sources differ before and after."),
        ({"n_before": 19}, "No change of a theme is sure enough to be claimed."),
        ({"low": -0.01}, "No change of a theme is sure enough to be claimed."),
        ({"theme_id": "grain"}, "No change of a theme is sure enough to be claimed."),
    ],
    ids=str,
)  # fmt: skip
def test_no_change_is_claimed_that_its_sources_its_documents_or_its_theme_do_not_bear(change, text):
    run = rising_run()
    extra = run.model.themes_.tail(1).assign(theme_id="grain", name="Grain")  # of no passage
    run.model.themes_ = pd.concat([run.model.themes_, extra], ignore_index=True)
    found = change_points(("fragile states", "2025-05-01", 0.2, 0.4)).assign(**change)
    assert finding(trends(run, found)).text == text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"shape": "slow move", "slope": 0.3, "slope_low": 0.2, "slope_high": 0.4,
          "earliest": pd.Timestamp("2025-01-01"), "latest": pd.Timestamp("2025-06-01")},
         "rose slowly, from 20% of documents before May 2025 to 40% since; by a line through all, "
         "+30 (+20 to +40) points from January 2025 to June 2025 (+20 points, "),
        ({"shape": "slow move", "slope": 0.3, "slope_low": 0.2, "slope_high": 0.4,
          "earliest": pd.Timestamp("2015-01-01"), "latest": pd.Timestamp("2025-01-01")},
         "rose slowly, from 20% of documents before May 2025 to 40% since; by a line through all, "
         "+3.0 (+2.0 to +4.0) points a year from January 2015 to January 2025 (+20 points, "),
        ({"shape": "up and back", "until": pd.Timestamp("2025-06-01")},
         "rose from 20% to 40% of documents from May 2025 and fell back in June 2025 (+20 points, "),
        ({"shape": "jump or slow move", "earliest": pd.Timestamp("2025-03-01")},
         "rose from 20% to 40% of documents from May 2025 on, at once or slowly between March 2025 "
         "and May 2025 (+20 points, "),
        ({"broad": False}, "No change of a theme is sure enough to be claimed."),
    ],
    ids=["slow move", "over years", "up and back", "either", "one source or one month makes it"],
)  # fmt: skip
def test_a_move_is_told_by_its_shape(rising, given, told):
    found = change_points(("fragile states", "2025-05-01", 0.2, 0.4)).assign(**given)
    assert finding(trends(rising, found)).text.removeprefix("Fragile States ").startswith(told)


def test_where_sources_wrote_early_or_late_only_nothing_can_be_told_of_change():
    documents = [
        (f"d{i}", f"2025-0{1 + i // 10}-1{i % 10}", "Gull" if i < 30 else "Heron", None)
        for i in range(60)
    ]
    run = run_with(documents, {"ferries": [f"d{i}" for i in range(25, 55)]})
    told = finding(trends(run))
    assert (told.text, told.level) == (
        "Whether themes rose or fell can't be told: most sources wrote early or late only.",
        "caution",
    )


def test_one_date_that_is_far_from_all_others_hides_no_trend():
    documents = [
        (f"d{i}", f"2025-{1 + i % 6:02}-1{i % 9}", ("Gull", "Heron")[i % 2], None)
        for i in range(60)
    ]
    run = run_with([*documents, ("stray", "1970-01-01", "Gull", None)], {"ferries": ["d3", "d9"]})
    assert finding(trends(run)).level == "none"


def test_nothing_is_claimed_of_a_theme_without_a_name():
    run = rising_run()
    run.model.themes_["name"] = "Unnamed: first, use, states"
    found = change_points(("fragile states", "2025-05-01", 0.2, 0.4))
    assert finding(trends(run, found)).text == "No change of a theme is sure enough to be claimed."


def test_without_a_change_point_the_trend_says_that_nothing_changed(rising):
    figure = trends(rising)
    text = "No theme rose or fell by more than chance would explain."
    assert finding(figure) == Finding(text, "trend", "none", [])
    assert figure.data
    assert not figure.layout.shapes


def test_a_trend_says_where_a_change_may_lie_and_how_many_more_there_are(rising):
    months = pd.date_range("2025-01-01", periods=5, freq="MS")
    found = change_points(
        *[("fragile states", month, 0.1 * (6 - i), 0) for i, month in enumerate(months)]
    )
    found.loc[0, "latest"] = pd.Timestamp("2025-02-05")
    text = finding(trends(rising, found)).text
    assert text.startswith(
        "Fragile States fell from 60% to 0% of documents from January 2025 on "
        "(or between January 2025 and 5 February 2025) (-60 points, "
    )
    assert text.endswith(" And 2 more.")


def test_a_corpus_of_many_years_is_told_by_the_year():
    dates = [f"{year}-{month:02}-05" for year in range(2015, 2021) for month in range(1, 9)]
    documents = [(date, date, None, None) for date in dates]
    run = run_with(documents, {"fragile states": dates[:2]})
    found = change_points(("fragile states", "2017-01-01", 0.2, 0.4))
    shares = measures.shares_over_time(themes_of(run))
    drawn = figures.theme_trends(run, shares, found).layout.annotations
    assert "from 2017" in [note.text for note in drawn]


def test_one_period_is_drawn_without_a_claim_about_change():
    run = run_with([("d0", "2025-05-02", None, None)], {"ferries": ["d0"]})
    text = "All dated documents fall into one period: no change can be measured."
    assert finding(trends(run)) == Finding(text, "trend", "none", [])
    assert trends(run).data


def test_what_is_new_or_rising_is_told_with_shares_documents_and_sources(rising):
    assert finding(figures.emergence(rising, themes_of(rising))) == Finding(
        "No First Use is new: in 0% of documents before and 100% since May 2025 (+100 points, 95% "
        "interval +74 to +100; now in 40 documents from 2 sources). "
        "Fragile States is rising: in 30% of documents before and 75% since April 2025 (+45 points, "
        "95% interval +28 to +62; now in 45 documents from 2 sources).",
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


def contrast(theme_id="no first use", group="Heron", n=40, clear=True):
    """As `contrast_groups` finds it of one source."""
    numbers = {"n_second": n * 0.6, "first": 0.2, "total_first": 80, "second": 0.6, "total_second": n, "low": 0.25,
               "high": 0.5, "difference": 0.4, "clear": clear}  # fmt: skip
    return pd.DataFrame([{"source": group, "theme_id": theme_id} | numbers])


def test_a_clear_contrast_is_told_with_the_documents_that_it_is_counted_in(rising):
    assert finding(figures.shares_by_group(rising, contrast())) == Finding(
        "Heron writes more than others on No First Use: 60% of its 40 documents and 20% of 80 "
        "others (+40 points, 95% interval +25 to +50).",
        "source",
        "finding",
        ["no first use"],
    )


@pytest.mark.parametrize(
    "table",
    [
        contrast(clear=False),
        contrast(n=19),
        contrast(theme_id="fragile states"),
        contrast().assign(low=0.1),
    ],
    ids=["not clear", "few documents", "an outlet on its own name", "may be mistakes"],
)
def test_no_contrast_is_claimed_that_is_chance_rests_on_little_or_goes_without_saying(table):
    rising = rising_run()
    rising.model.themes_["keywords"] = ["first use", "fragile states, herons"]
    text = "No source differs clearly enough from the others in any theme to be claimed."
    assert finding(figures.shares_by_group(rising, table)) == Finding(text, "source", "none", [])


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


def test_rows_whose_long_names_begin_alike_stay_apart():
    ministry = "Ministry of Foreign Affairs of the Republic of"
    run = run_on(
        PORT[:3], source=[f"{ministry} Tarn", f"{ministry} Tarn", f"{ministry} Ost & West"]
    )
    figure = figures.documents_by(run, "source")
    names = [*figure.data[0].y]
    assert names == [f"{ministry} Tarn", f"{ministry} Ost &amp; West"]
    shown = "Ministry of Foreign Affairs of the Repu…"
    assert figure.layout.yaxis.labelalias == dict.fromkeys(names, shown)


def test_names_on_the_map_do_not_cover_each_other():
    places = {"harbour": (0, 0), "wheat": (0, 0), "ferries": (0, 0), "strike": (0, 0),
              "grain": (0.1, 0.1), "far away": (4.5, 0)}  # fmt: skip
    run = run_with([(name, None, None, None) for name in places], {name: [name] for name in places})
    run = replace(run, coordinates=np.array(list(places.values()), dtype=float))
    run.theme_of_passage = pd.Series(list(places))
    names = figures.theme_map(run).layout.annotations
    assert [(name.text, name.visible) for name in names] == [
        ("<b>Harbour</b>", True), ("<b>Wheat</b>", False), ("<b>Ferries</b>", False),
        ("<b>Strike</b>", False), ("<b>Grain</b>", True), ("<b>Far Away</b>", True),
    ]  # fmt: skip


def test_parts_of_a_theme_have_names_that_are_not_shown_at_first():
    texts = ["Tugs pull barges."] * 6 + ["Ferries carry lorries."] * 6
    ids = [f"d{i}" for i in range(12)]
    run = run_with([(i, None, None, text) for i, text in zip(ids, texts, strict=True)],
                   {"vessels": ids})  # fmt: skip
    run.model.finer_clusters_ = np.repeat([0, 1], 6)
    run = replace(run, coordinates=np.column_stack([np.repeat([0.0, 9.0], 6), np.zeros(12)]))
    _, *parts = figures.theme_map(run).layout.annotations
    assert [(part.x, part.visible) for part in parts] == [(0, False), (9, False)]
    assert "tugs" in parts[0].text.lower()
    assert "ferries" in parts[1].text.lower()


def test_outliers_do_not_squeeze_the_map():
    run = run_with([(f"d{i}", None, None, None) for i in range(1000)], {"grain": ["d0"]})
    places = np.array([(i % 40, i // 40) for i in range(1000)], dtype=float)
    places[7] = 9e3, -9e3
    run = replace(run, coordinates=places)
    layout = figures.theme_map(run).layout
    assert -4 < layout.xaxis.range[0] < 0 < 39 < layout.xaxis.range[1] < 43
    assert -3 < layout.yaxis.range[0] < 0 < 24 < layout.yaxis.range[1] < 27


def test_a_period_with_too_few_documents_is_a_gap(rising):
    shares = measures.shares_over_time(themes_of(rising), "M")
    thin = shares["period"] == sorted(set(shares["period"]))[2]
    shares["n_total"] = shares["n_total"].mask(thin, 1)
    *bands, _, line = figures.theme_trends(rising, shares, change_points()).data[:4]
    assert len(bands) == 2
    assert [bool(np.isnan(share)) for share in line.y] == [False, False, True, False, False, False]


def test_where_no_actor_is_clear_none_is_claimed(rising):
    row = {
        "theme_id": "fragile states",
        "actor": "China",
        "documents": 30,
        "n": 40,
        "share": 0.5,
        "low": 0.1,
        "high": 0.3,
        "sources": 2,
    }
    found = finding(figures.actors(rising, pd.DataFrame([row | {"clear": False}])))
    text = "No actor is named clearly more with one theme than with the others."
    assert found == Finding(text, "actors", "none", [])


def test_what_is_drawn_around_on_the_map_is_a_table_of_passages():
    chosen = figures.SelectableMap(run_on([*PORT, "A comet crossed the night sky over the bay."]))
    assert chosen.passages.empty

    def select(*points):  # as the browser tells the widget
        traces, rows = zip(*points, strict=True)
        nowhere = [0.0] * len(rows)
        chosen.figure._js2py_pointsCallback = {
            "event_type": "plotly_selected",
            "points": {
                "trace_indexes": traces,
                "point_indexes": rows,
                "xs": nowhere,
                "ys": nowhere,
            },
        }

    select((0, 3), (0, 1))
    assert chosen.passages["text"].tolist() == [PORT[1], PORT[3]]
    select((0, 0))
    assert chosen.passages["text"].tolist() == [PORT[0]]
