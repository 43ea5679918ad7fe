"""Pieces of HTML: what comes from documents is escaped, cells are easy to read."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from runs import FIELD, PORT, run_on, run_with

from topics import InputError, figures, labelling, measures
from topics.figures import tables

HOSTILE = "</p><script>alert(1)</script><img src=x onerror='go()'> \"quoted\" & 'so'"


class Reader(HTMLParser):
    """The tags, attributes and text of a piece of HTML as a browser understands it."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.attributes, self.links, self.text = set(), set(), set(), ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links |= {value for name, value in attributes if name == "href"}

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def hostile():
    """A run in which every text, title, source, file and named theme holds HTML."""
    texts = [f"{text} {HOSTILE}" for text in PORT + FIELD]
    return run_on(
        texts,
        named=[
            {"id": "strike", "name": HOSTILE, "phrases": ["A strike of dockers in the harbour"]},
            {"id": "opera", "name": "Opera <b>", "phrases": ["A soprano sang on the stage"]},
        ],
        title=HOSTILE,
        source=HOSTILE,
        date="2025-05-02",
        document_id=[f"{i} {HOSTILE}" for i in range(len(texts))],
    )


@pytest.fixture(scope="module")
def calm():
    """A run with two discovered themes and a named one that no passage carries."""
    return run_on(
        PORT + FIELD,
        named=[{"id": "opera", "name": "Opera", "phrases": ["A soprano sang on the stage"]}],
        source=["Gull", "Gull", "Gull", "Heron", None, *["Heron"] * 5],
    )


def gold_of(run, tmp_path, opening=None):
    """A file of labels, which has HTML in its name, that says `strike` of the first passages."""
    path = tmp_path / "<b>gold.csv"
    own = run.documents.head(3)
    gold = pd.DataFrame({"document_id": own["document_id"], "themes": "strike"})
    gold["opening"] = opening or own["text"].str[:30]
    gold.to_csv(path, index=False)
    return str(path)


def refused():
    raise InputError(HOSTILE)


def breaks_of(*found):
    """Breaks as `measures.find_change_points` finds them, from (theme, first day, before, after)."""
    table = pd.DataFrame(found, columns=["theme_id", "period", "before", "after"])
    table["period"] = table["earliest"] = table["latest"] = pd.to_datetime(table["period"])
    gap = table["after"] - table["before"]
    return table.assign(difference=gap, low=gap - 0.1, high=gap + 0.1, p=0.01)


def called(*found):
    """Themes that are new or rising, from (theme, kind, since)."""
    table = pd.DataFrame(found, columns=["theme_id", "kind", "since"])
    return table.assign(since=pd.to_datetime(table["since"]))


def trust(run, gold=None):
    breaks = measures.find_change_points(measures.DocumentThemes.from_run(run), permutations=9)
    return tables.trust(run, measures.trend_survival(run, breaks), gold)


def labelled(run, folder, coders=("Ann", HOSTILE)):
    """Half of the passages labelled as the model has them, the rest left blank, by each coder."""
    sheet, key = labelling.draw_sheet(run, len(run.passages))
    labelling.write_sheet(key, folder / "key.csv")
    theme = run.themes["theme_id"].iloc[0]
    for number, coder in enumerate(coders):
        themes = [theme if i % 4 == 0 else "none" if i % 2 == 0 else "" for i in range(len(sheet))]
        filled = sheet.assign(themes=themes, coder=coder)
        labelling.write_sheet(filled, folder / f"{number}.csv")
    return tables.labelled(run, str(folder))


SHARES = pd.DataFrame({"period": pd.to_datetime(["2025-04-01", "2025-05-01"]), "n_total": [9, 9]})
PIECES = {
    "cards of themes": lambda run, _: tables.theme_cards(run),
    "quotes": lambda run, _: tables.quotes(run, run.passages["passage_id"]),
    "doubtful": lambda run, _: tables.doubtful(run, seed=0),
    "table of trust": lambda run, _: tables.table(tables.named(run, measures.theme_support(run))),
    "table of documents": lambda run, _: tables.table(run.documents),
    "names of columns": lambda run, _: tables.table(pd.DataFrame({HOSTILE: [1]})),
    "note": lambda run, _: tables.note(HOSTILE),
    "agreement": lambda run, tmp_path: tables.agreement(run, gold_of(run, tmp_path)),
    "why not": lambda run, _: tables.or_why(refused),
    "another sentence": lambda run, _: tables.or_why(refused, HOSTILE),
    "trust": lambda run, _: trust(run),
    "labelled": labelled,
    "breaks": lambda run, _: tables.breaks(
        run, SHARES, breaks_of(("strike", "2025-05-02", 0.1, 0.5))
    ),
    "either side": lambda run, _: tables.either_side(
        run, breaks_of(("strike", "2025-05-02", 0.1, 0.5))
    ),
    "earliest": lambda run, _: tables.earliest(run, called(("strike", "new", "2025-05-01"))),
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
def test_text_from_documents_and_themes_is_shown_as_it_stands(hostile, tmp_path, piece):
    page = Reader(piece(hostile, tmp_path).markup)
    assert not page.tags & {"script", "img", "b"}
    assert page.attributes <= {"class", "href", "id", "scope", "tabindex"}
    assert all(re.fullmatch(r"#p-\d+", link) for link in page.links)
    assert HOSTILE in page.text


def own(name):
    """Words that stand in one document alone."""
    return [f"{name}x{i}" for i in range(12)]


def test_marking_words_stand_beside_escaped_names_of_sources():
    documents = [
        (f"{source}{i}", None, f"{source} {HOSTILE}", " ".join([words, *own(f"{source}{i}")]))
        for source, words in (("Gull", "Crane crews on the quay"), ("Heron", "Barley for the mill"))
        for i in range(7)
    ]
    run = run_with(documents, {"trade": [document_id for document_id, *_ in documents]})
    page = Reader(tables.wording(run, run.passages["source"]).markup)
    assert not page.tags & {"script", "img"}
    assert f"Gull {HOSTILE}" in page.text
    assert "quay (7 : 0)" in page.text


def test_what_falconry_was_given_is_quoted_escaped():
    hawk = "The falconer hooded her hawk and let it hunt from the glove over the moor."
    run = run_on([*PORT, *FIELD, f"{hawk} {HOSTILE}", f"{hawk} So she did. {HOSTILE}"])
    page = Reader(tables.controls(run, breaks_of()).markup)
    assert not page.tags & {"script", "img"}
    assert page.text.count(hawk) == 2
    assert "falconry, was given 2 of 12 passages" in page.text


def test_passages_without_a_theme_are_quoted_escaped(hostile):
    bare = run_on([HOSTILE, f"Of ships {HOSTILE}"])
    bare.assignments = bare.assignments.head(0)
    page = Reader(tables.without_theme(bare, seed=0).markup)
    assert not page.tags & {"script", "img"}
    assert page.text.startswith("2 of 2 passages (100%) carry no theme.")
    assert page.text.count(HOSTILE) == 2


def test_a_file_of_labels_that_fit_no_passage_is_named_escaped(hostile, tmp_path):
    path = gold_of(hostile, tmp_path, opening="Words that stand nowhere")
    page = Reader(tables.agreement(hostile, path).markup)
    assert page.tags == {"p"}
    assert page.text == f"None of the labels in {path} belongs to a passage of this corpus."


def test_a_quote_says_when_who_what_and_where():
    run = run_on(PORT[:1], title="Harbour shut", source="Gull", date="2025-05-02")
    page = Reader(tables.quotes(run, ["0.txt:1"]).markup)
    assert page.text == (
        f"{PORT[0]}2025-05-02 · Gull · Harbour shut · passage 1 · 0.txt, characters 0–{len(PORT[0])}"
    )


def test_a_quote_leaves_out_what_is_not_known():
    page = Reader(tables.quotes(run_on(PORT[:1]), ["0.txt:1"]).markup)
    assert page.text == f"{PORT[0]}passage 1 · 0.txt, characters 0–{len(PORT[0])}"


def test_a_card_counts_passages_documents_and_independent_ones(calm):
    port = tables.theme_cards(calm).markup.split("</article>")[1]
    assert (
        "<p>5 passages in 5 documents (5 independent of others); most by Gull (75%); "
        "stability 1.00.</p>"
    ) in port
    assert port.count("<blockquote>") == 3


def test_one_passage_is_not_called_passages():
    text = Reader(tables.theme_cards(run_on(PORT[:1])).markup).text
    assert "1 passage in 1 document (1 independent of others)" in text


def test_a_theme_that_no_passage_carries_says_so(calm):
    opera = tables.theme_cards(calm).markup.split("</article>")[0]
    assert Reader(opera).text == "Opera namedNo passage of this corpus carries it."


def test_names_of_files_may_hold_semicolons():
    names = [f"port; day {i}.txt" for i in range(5)]
    page = Reader(tables.theme_cards(run_on(PORT, document_id=names)).markup)
    assert "port; day " in page.text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (False, "no"),
        (0.126, "0.13"),
        (np.nan, "–"),
        (None, "–"),
        (pd.NaT, "–"),
        (pd.Timestamp("2025-05-02 10:30"), "2025-05-02"),
        (12, "12"),
        ("a & b", "a & b"),
    ],
)
def test_a_cell_is_easy_to_read(value, shown):
    assert Reader(tables.table(pd.DataFrame({"": [value]})).markup).text == shown


def test_a_long_table_says_how_many_rows_are_left_out():
    markup = tables.table(pd.DataFrame({"n": range(1234)}), most=2).markup
    assert markup.count("<td>") == 2
    assert markup.endswith("<p>and 1,232 more</p>")
    assert "more" not in tables.table(pd.DataFrame({"n": [1, 2]}), most=2).markup


def test_an_empty_table_gives_way_to_a_note():
    frame = pd.DataFrame({"n": [1]})
    assert tables.table_or_note(frame.head(0), "None < one.").markup == (
        "<p class='note'>None &lt; one.</p>"
    )
    assert tables.table_or_note(frame, "None.").markup == tables.table(frame).markup


def test_names_stand_in_place_of_ids_of_themes(calm):
    frame = pd.DataFrame({"n": [3], "theme_id": ["opera"]})
    named = tables.named(calm, frame)
    assert named.to_dict("list") == {"theme": ["Opera"], "n": [3]}


def test_what_is_missing_is_said_in_a_sentence():
    run = run_on(PORT[:1])
    assert "No labels were given." in tables.agreement(run, None).markup
    bare = run_with([("d", None, None, None)], {"ferries": []})
    assert "No passage carries a theme." in tables.doubtful(bare, seed=0).markup
    assert "Every passage carries a theme." in tables.without_theme(run, seed=0).markup


def test_what_was_not_found_is_said_in_a_sentence(calm):
    found = {
        "There is no break to show.": tables.either_side(calm, breaks_of()),
        "No theme is new or rising": tables.earliest(calm, called(("opera", None, "2025-05-01"))),
        "No word marks one source": tables.wording(calm, calm.passages["source"]),
        "No word marks one country": tables.wording(calm, calm.passages["country"]),
        "No labelled sheet was given": tables.labelled(calm, None),
        "given 0 of 10 passages": tables.controls(calm, breaks_of()),
    }
    for sentence, piece in found.items():
        assert sentence in Reader(piece.markup).text


@pytest.mark.parametrize(
    ("n", "sentence"),
    [
        (0, "No document has a date, so no break can be found."),
        (1, "All dates fall into one period, so no break can be found."),
        (2, "No clear change in any theme: there is no break to list."),
    ],
)
def test_it_is_said_why_there_is_no_break(calm, n, sentence):
    shares = SHARES.assign(n_total=[9 * (n > 0), 9 * (n > 1)])
    assert Reader(tables.breaks(calm, shares, breaks_of()).markup).text == sentence


def test_what_the_data_allow_is_shown_as_it_is_and_else_why_not():
    assert tables.or_why(lambda: 7) == 7
    assert Reader(tables.or_why(refused).markup).text == f"{HOSTILE}."
    assert Reader(tables.or_why(refused, "None.").markup).text == "None."


def test_documents_without_a_date_or_with_a_mistaken_one_are_counted():
    dates = [*pd.date_range("2025-01-01", periods=60, freq="D"), None, None, "1999-01-01"]
    documents = [(f"d{i}", date, None, None) for i, date in enumerate(dates)]
    run = run_with(documents, {"ferries": []})
    assert Reader(tables.counted(measures.DocumentThemes.from_run(run)).markup).text == (
        "60 independent documents with a date; 2 without one; 1 left out whose date is far from "
        "all others."
    )
    of_all_dated = measures.DocumentThemes.from_run(run_with(documents[:1], {"ferries": []}))
    assert Reader(tables.counted(of_all_dated).markup).text == "1 independent document with a date."


def test_a_break_is_shown_by_the_best_passage_on_either_side():
    dates = ["2025-05-01", "2025-05-02", "2025-05-03", "2025-06-01", "2025-06-02", None]
    documents = [(f"d{i}", date, None, None) for i, date in enumerate(dates)]
    run = run_with(documents, {"ferries": ["d5", "d1", "d4", "d0", "d3"], "grain": ["d2"]})
    page = tables.either_side(run, breaks_of(("ferries", "2025-06-01", 0.1, 0.5))).markup
    assert Reader(page).text.startswith("Ferries, before and after 2025-06-01")
    assert [text for text in ("d0", "d1", "d2", "d3", "d4", "d5") if f"{text}, " in page] == [
        "d1", "d4",
    ]  # fmt: skip
    assert page.count("<blockquote>") == 2


def test_the_clearest_breaks_are_shown_first_and_a_theme_from_nothing_by_one_passage():
    documents = [("may", "2025-05-01", None, None), ("june", "2025-06-01", None, None)]
    run = run_with(documents, {"ferries": ["may", "june"], "grain": ["june"]})
    found = breaks_of(("ferries", "2025-06-01", 0.2, 0.3), ("grain", "2025-06-01", 0, 0.9))
    articles = tables.either_side(run, found).markup.split("</article>")
    assert [Reader(part).text.split(",")[0] for part in articles] == ["Grain", "Ferries", ""]
    assert [part.count("<blockquote>") for part in articles] == [1, 2, 0]


def test_a_new_theme_is_shown_by_its_first_passages():
    documents = [(f"d{i}", f"2025-05-0{9 - i}", None, None) for i in range(5)]
    run = run_with(documents, {"ferries": [f"d{i}" for i in range(5)], "grain": ["d4"]})
    found = called(("ferries", "new", "2025-05-06"), ("grain", None, "2025-05-06"))
    page = tables.earliest(run, found).markup
    assert Reader(page).text.startswith("Ferries: new")
    assert [place for place in range(5) if f"d{place}, " in page] == [2, 3]
    assert page.index("d3, ") < page.index("d2, ")


def test_trust_says_what_to_beware_of(calm):
    page = Reader(trust(calm).markup)
    assert page.text.count("few documents (5)") == 2
    assert page.text.count("few documents (0)") == 1  # Opera
    assert "mostly Gull" in page.text


def test_trust_tells_precision_and_recall_where_there_are_labels(hostile, tmp_path):
    page = Reader(trust(hostile, gold_of(hostile, tmp_path)).markup)
    assert "precision" in page.text
    assert "recall" in page.text
    assert "precision" not in Reader(trust(hostile).markup).text


def test_each_theme_is_shown_by_passages_that_only_just_carry_it_and_by_others():
    names = [f"d{i}" for i in range(6)]
    run = run_with([(name, None, None, None) for name in names], {"ferries": names, "grain": []})
    page = tables.doubtful(run, seed=0).markup
    just, chance = page.split("At random:")
    assert [name for name in names if f"{name}, " in just] == ["d4", "d5"]
    assert chance.count("<blockquote>") == 2
    assert page == tables.doubtful(run, seed=0).markup
    assert page.count("<summary>") == 1  # none for grain


def test_labels_are_counted_with_their_coders(calm, tmp_path):
    page = Reader(labelled(calm, tmp_path).markup)
    assert "5 passages labelled by 2 coders, 5 left blank." in page.text


def trends_of(run, breaks=None):
    shares = measures.shares_over_time(measures.DocumentThemes.from_run(run), "M")
    return figures.trends(run, shares, breaks_of() if breaks is None else breaks)


def test_a_trend_that_no_dated_document_shows_gives_way_to_a_note():
    run = run_on(PORT[:4], date=["2025-05-02", "2025-05-03", "2025-06-01", "2025-06-02"])
    run.assignments = run.assignments.head(0)
    figure = trends_of(run)
    assert tables.shown(figure, "No trend.").markup == "<p class='note'>No trend.</p>"


def test_one_period_is_drawn_without_a_claim_about_change():
    run = run_on(PORT[:4], date="2025-05-02")
    figure = trends_of(run)
    assert tables.shown(figure, "No trend.") is figure
    assert figure.layout.meta["finding"] == (
        "All dated documents fall into one period: no change can be measured."
    )


@pytest.fixture(scope="module")
def dated():
    return run_on(PORT + FIELD, date=["2025-05-02", "2025-06-02"] * 5)


def test_without_a_break_the_trend_says_that_nothing_changed_clearly(dated):
    assert trends_of(dated).layout.meta["finding"].startswith("No clear change")
    assert not trends_of(dated).layout.shapes


def test_with_a_break_the_trend_names_theme_levels_and_day_and_draws_it(dated):
    theme_id, name = dated.themes[["theme_id", "name"]].iloc[0]
    figure = trends_of(dated, breaks_of((theme_id, "2025-06-01", 0.1, 0.4)))
    assert figure.layout.meta["finding"] == (
        f"{name} rose from 10% to 40% of documents from June 2025 on."
    )
    assert [shape.x0 for shape in figure.layout.shapes] == [pd.Timestamp("2025-06-01")]


def test_the_trend_tells_where_a_break_may_lie_and_how_many_more_there_are(dated):
    theme_id, name = dated.themes[["theme_id", "name"]].iloc[0]
    months = pd.date_range("2025-05-01", periods=5, freq="MS")
    breaks = breaks_of(*[(theme_id, month, 0.1 * (5 - i), 0) for i, month in enumerate(months)])
    breaks.loc[0, "latest"] = pd.Timestamp("2025-06-01")
    finding = trends_of(dated, breaks).layout.meta["finding"]
    assert finding.startswith(
        f"{name} fell from 50% to 0% of documents from May 2025 on "
        "(or between May 2025 and June 2025); "
    )
    assert finding.endswith("; 2 more breaks.")


def test_a_break_is_listed_in_months_and_points(calm):
    first = calm.themes["theme_id"].iloc[0]
    read = Reader(
        tables.breaks(calm, SHARES, breaks_of((first, "2025-06-01", 0.1, 0.4))).markup
    ).text
    assert "June 2025" in read
    assert "+30.0 (+20.0 to +40.0)" in read


def test_what_is_new_is_told_with_its_shares_documents_and_sources(dated):
    theme_id, name = dated.themes[["theme_id", "name"]].iloc[0]
    since = pd.Timestamp("2025-06-01")
    table = pd.DataFrame(
        [(theme_id, "new", since, since, 3, 2, 0.0, 0.6, 0.01)],
        columns=["theme_id", "kind", "since", "first_seen", "documents", "sources", "before",
                 "recent", "p"],
    )  # fmt: skip
    assert figures.emergence(dated, table).layout.meta["finding"] == (
        f"{name} is new (0% before, 60% since June 2025, in 3 documents of 2 sources)."
    )
    none = figures.emergence(dated, table.assign(kind=None)).layout.meta["finding"]
    assert none.startswith("No theme is new or rising")


def test_the_contrast_that_is_largest_among_the_clear_ones_is_told(dated):
    theme_id, name = dated.themes[["theme_id", "name"]].iloc[0]
    table = pd.DataFrame(
        [("Gull", theme_id, 0.2, 0.9, 0.5, 0.9, 0.7, False),
         ("Heron", theme_id, 0.2, 0.6, 0.25, 0.5, 0.4, True)],
        columns=["source", "theme_id", "first", "second", "low", "high", "difference", "clear"],
    )  # fmt: skip
    assert figures.contrasts(dated, table).layout.meta["finding"] == (
        f"Heron differs most: {name} is in 60% of its documents and in 20% of the others' "
        "(difference +25 to +50 points)."
    )
    none = figures.contrasts(dated, table.assign(clear=False)).layout.meta["finding"]
    assert none == "No source differs clearly from the others in any theme."
    assert figures.contrasts(dated, table.head(0)) is None
