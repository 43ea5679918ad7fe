"""Pieces of HTML: what comes from documents is escaped, cells are easy to read."""

import re
from copy import copy
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from runs import FIELD, PORT, change_points, rising_run, run_on, run_with

from topics import figures, html, labelling, measures
from topics.figures import tables
from topics.html import MIME_TYPE, Finding

HOSTILE = "</p><script>alert(1);</script><img src=x onerror='go()'> \"quoted\" & 'so'"


class Reader(HTMLParser):
    """The tags, attributes and text of a piece of HTML as a browser understands it."""

    def __init__(self, piece):
        super().__init__()
        self.tags, self.attributes, self.links, self.text = set(), set(), set(), ""
        self.feed(piece.markup)
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
    """A run with two discovered themes and a named one that no passage has."""
    return run_on(
        PORT + FIELD,
        named=[{"id": "opera", "name": "Opera", "phrases": ["A soprano sang on the stage"]}],
        source=["Gull", "Gull", "Gull", "Heron", None, *["Heron"] * 5],
    )


def gold_of(run, tmp_path, opening=None):
    """A file of labels, which has HTML in its name, with `strike` for the first passages."""
    path = tmp_path / "<b>gold.csv"
    own = run.documents.head(3)
    gold = pd.DataFrame({"document_id": own["document_id"], "themes": "strike"})
    gold["opening"] = opening or own["text"].str[:30]
    gold.to_csv(path, index=False)
    return str(path)


def trust(run, gold=None):
    found = measures.find_change_points(measures.DocumentThemes.from_run(run), permutations=9)
    return tables.trust_table(run, measures.trend_survival(run, found), gold)


def labelled(run, folder, coders=("Ann", HOSTILE)):
    """Half of the passages labelled as the model has them, the rest left blank, by each coder."""
    sheet, key = labelling.draw_sheet(run, len(run.passages))
    labelling.write_sheet(key, folder / "key.csv")
    theme = run.themes["theme_id"].iloc[0]
    for number, coder in enumerate(coders):
        themes = [theme if i % 4 == 0 else "none" if i % 2 == 0 else "" for i in range(len(sheet))]
        filled = sheet.assign(themes=themes, coder=coder)
        labelling.write_sheet(filled, folder / f"{number}.csv")
    return tables.corrected_shares(run, str(folder), change_points())


STRIKE = change_points(("strike", "2025-05-02", 0.1, 0.5))
PIECES = {
    "cards of themes": lambda run, _: tables.theme_cards(run),
    "quotes": lambda run, _: tables.quotes(run, run.passages["passage_id"]),
    "passages to check": lambda run, _: tables.passages_to_check(run),
    "table of documents": lambda run, _: html.table(run.documents),
    "names of columns": lambda run, _: html.table(pd.DataFrame({HOSTILE: [1]})),
    "note": lambda run, _: html.note(HOSTILE),
    "agreement": lambda run, tmp_path: tables.label_agreement(run, gold_of(run, tmp_path)),
    "trust": lambda run, _: trust(run),
    "corrected shares": labelled,
    "change points": lambda run, _: tables.change_point_table(run, STRIKE),
    "around changes": lambda run, _: tables.passages_around_changes(run, STRIKE),
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
def test_text_from_documents_and_themes_is_shown_as_it_is(hostile, tmp_path, piece):
    page = Reader(piece(hostile, tmp_path))
    assert not page.tags & {"script", "img", "b"}
    assert page.attributes <= {"class", "href", "id", "scope", "style", "tabindex"}
    assert all(re.fullmatch(r"#p-\d+|#theme=[\w-]+", link) for link in page.links)
    assert HOSTILE in page.text


def test_distinctive_words_stand_beside_escaped_names_of_sources():
    documents = [
        (f"{source}{i}", None, f"{source} {HOSTILE}", f"{words} " + " ".join(own))
        for source, words in (("Gull", "Crane crews on the quay"), ("Heron", "Barley for the mill"))
        for i in range(7)
        for own in [
            [f"{source}{'abcdefg'[i]}{end}" for end in "abcdefghijkl"]
        ]  # of one document alone
    ]
    run = run_with(documents, {"trade": [document_id for document_id, *_ in documents]})
    page = Reader(tables.distinctive_words_table(run, run.passages["source"]))
    assert not page.tags & {"script", "img"}
    assert f"Gull {HOSTILE}" in page.text
    assert "quay (7 : 0)" in page.text


def test_what_the_invented_theme_was_given_is_quoted_escaped():
    hawk = "The falconer hooded her hawk and let it hunt from the glove over the moor."
    run = run_on([*PORT, *FIELD, f"{hawk} {HOSTILE}", f"{hawk} So she did. {HOSTILE}"])
    page = Reader(tables.negative_controls(run, change_points()))
    assert not page.tags & {"script", "img"}
    assert page.text.count(hawk) == 2
    assert "falconry, was given 2 of 12 passages" in page.text


def test_changes_in_permuted_dates_are_counted_where_there_are_dates():
    dated = run_on(PORT, date=[f"2025-05-0{i}" for i in range(1, 6)])
    assert tables.negative_controls(dated, change_points()).finding.text == (
        "With dates exchanged at random within each source, 0 changes (one corpus in twenty may "
        "show any). An invented theme, falconry, was given 0 of 5 passages."
    )


def test_passages_without_a_theme_are_counted_and_quoted():
    bare = run_on(PORT[:2])
    bare.assignments = bare.assignments.head(0)
    page = tables.passages_without_theme(bare)
    assert page.finding.text == "2 of 2 passages (100%) have no theme."
    assert page.markup.count("<blockquote>") == 2


def test_a_file_of_labels_that_fit_no_passage_is_named_escaped(hostile, tmp_path):
    path = gold_of(hostile, tmp_path, opening="Words that are nowhere")
    page = Reader(tables.label_agreement(hostile, path))
    assert page.tags == {"p"}
    assert page.text == f"None of the labels in {path} belongs to a passage of this corpus."


def test_a_quote_says_when_who_what_and_where_as_far_as_it_is_known():
    run = run_on(PORT[:1], title="Harbour shut", source="Gull", date="2025-05-02")
    place = f"passage 1 · 0.txt, characters 0–{len(PORT[0])}"
    known = Reader(tables.quotes(run, ["0.txt:1"]))
    assert known.text == f"{PORT[0]}2025-05-02 · Gull · Harbour shut · {place}"
    assert Reader(tables.quotes(run_on(PORT[:1]), ["0.txt:1"])).text == f"{PORT[0]}{place}"


def test_a_card_counts_passages_documents_and_independent_ones(calm):
    *_, port, opera, _ = tables.theme_cards(calm).markup.split("</article>")
    text = Reader(html.Html(port)).text
    assert "discovered, fragile5 passages in 5 documents, 5 independent; most from" in text
    assert port.count("<blockquote>") == 3
    text = Reader(html.Html(opera)).text
    assert text == "Opera named, absentNo passage of this corpus has this theme."


def test_a_card_of_a_theme_that_no_fitted_passage_has_quotes_none(calm):
    model = copy(calm.model)
    model.assignments_ = model.assignments_[:0]
    _, port, *_ = tables.theme_cards(replace(calm, model=model)).markup.split("</article>")
    assert "5 passages in 5 documents" in Reader(html.Html(port)).text
    assert "<blockquote>" not in port


def test_all_themes_stand_in_one_table_the_largest_first_and_lead_to_their_passages(calm):
    shares = measures.shares_over_time(measures.DocumentThemes.from_run(calm))
    shown = tables.theme_table(calm, shares).markup
    first, second, opera = (Reader(html.Html(row)) for row in shown.split("<tr>")[2:])
    assert {first.text, second.text} == {
        "Harbour and dock strike5Gull 75%fragile", "Wheat harvest5Heron 100%fragile",
    }  # fmt: skip
    assert opera.text == "Opera0–absent"
    assert opera.links == {"#theme-opera", "#theme=opera"}


def test_a_line_has_gaps_where_documents_are_too_few():
    run = rising_run()
    shares = measures.shares_over_time(measures.DocumentThemes.from_run(run), "M")
    whole = tables.theme_table(run, shares).markup
    thin = shares["period"] == sorted(set(shares["period"]))[2]
    broken = tables.theme_table(run, shares.assign(n_total=shares["n_total"].mask(thin, 1))).markup
    assert (whole.count("<polyline"), broken.count("<polyline")) == (2, 4)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.False_, "no"),
        (np.nan, "–"),
        (pd.NaT, "–"),
        (pd.Timestamp("2025-05-02 10:30"), "2025-05-02"),
        (12, "12"),
        ("a & b", "a & b"),
    ],
)
def test_a_cell_is_easy_to_read(value, shown):
    assert Reader(html.table(pd.DataFrame({"": [value]}))).text == shown


def test_a_piece_carries_its_finding_to_jupyter(calm):
    bundle = tables.negative_controls(calm, change_points())._repr_mimebundle_()
    text = "An invented theme, falconry, was given 0 of 10 passages."
    assert Finding(**bundle[MIME_TYPE]) == Finding(text, "trust", "finding")
    assert bundle["text/html"] == f"<p>{text}</p>"
    assert MIME_TYPE not in tables.theme_cards(calm)._repr_mimebundle_()


NOTHING = {
    "The themes form no families at a coarser level.": tables.families,
    "All was read.": lambda run: tables.corpus_table(run.corpus.skipped, "All was read."),
    "No earlier report was given to compare with.": tables.changes_table,
    "No labels were given": lambda run: tables.label_agreement(run, None),
    "No labelled sheet was given": lambda run: tables.corrected_shares(run, None, change_points()),
    "There are no change points to list.": (
        lambda run: tables.change_point_table(run, change_points())
    ),
    "There are no change points to quote around.": (
        lambda run: tables.passages_around_changes(run, change_points())
    ),
    "There is no new or rising theme to quote.": (
        lambda run: tables.first_passages(run, measures.DocumentThemes.from_run(run))
    ),
    "No source uses a word clearly more than the others": (
        lambda run: tables.distinctive_words_table(run, run.passages["source"])
    ),
    "Every passage has a theme.": tables.passages_without_theme,
}


@pytest.mark.parametrize(("text", "show"), NOTHING.items(), ids=NOTHING.keys())
def test_where_there_is_nothing_to_show_a_sentence_says_so(calm, text, show):
    piece = show(calm)
    assert piece.finding.level == "none"
    assert piece.finding.text.startswith(text)
    assert Reader(piece).text == piece.finding.text


def test_themes_of_one_coarser_cluster_are_a_family():
    documents = [(f"d{i}", None, None, None) for i in range(5)]
    run = run_with(documents, {"ferries": ["d0", "d1"], "tugs": ["d1", "d2"], "grain": ["d3"]})
    run.model.themes_["parent"] = [None, "ferries", None]
    piece = tables.families(run)
    assert piece.finding.text == "One level up, 2 discovered themes form 1 family."
    assert Reader(piece).text.endswith("passagesthemes3Ferries Tugs")
    assert Reader(piece).links == {"#theme-ferries", "#theme-tugs"}


def test_documents_without_a_date_or_with_a_mistaken_one_are_counted():
    dates = [*pd.date_range("2025-01-01", periods=60, freq="D"), None, None, "1999-01-01"]
    documents = [(f"d{i}", date, None, None) for i, date in enumerate(dates)]
    all_of = measures.DocumentThemes.from_run(run_with(documents, {"ferries": []}))
    assert Reader(tables.counted_documents(all_of)).text == (
        "60 independent documents with a date; 2 without one; 1 left out whose date is far from "
        "all others."
    )
    one = measures.DocumentThemes.from_run(run_with(documents[:1], {"ferries": []}))
    assert Reader(tables.counted_documents(one)).text == "1 independent document with a date."


def test_a_change_point_is_listed_in_months_and_points(calm):
    first = calm.themes["theme_id"].iloc[0]
    found = change_points((first, "2025-06-01", 0.1, 0.4))
    text = Reader(tables.change_point_table(calm, found)).text
    assert "jumpJune 2025" in text
    assert "10.0%40.0%+30.0 (+20.0 to +40.0)0.01" in text


def test_the_report_opens_with_what_figures_and_tables_claim():
    run = rising_run()
    found = change_points(("fragile states", "2025-05-01", 0.2, 0.4))
    shares = measures.shares_over_time(measures.DocumentThemes.from_run(run))
    trends = figures.theme_trends(run, shares, found)
    text = Reader(tables.front_page_table(run, trends, tables.passages_without_theme(run))).text
    assert text.startswith("levelkindtextnsourcesfindingtrendFragile States rose from 20% to 40%")
    assert "have no theme" not in text


def test_a_change_is_shown_by_the_best_passage_before_and_after_it():
    dates = ["2025-05-01", "2025-05-02", "2025-05-03", "2025-06-01", "2025-06-02", None]
    documents = [(f"d{i}", date, None, None) for i, date in enumerate(dates)]
    run = run_with(documents, {"ferries": ["d5", "d1", "d4", "d0", "d3"], "grain": ["d2"]})
    page = tables.passages_around_changes(run, change_points(("ferries", "2025-06-01", 0.1, 0.5)))
    assert Reader(page).text.startswith("Ferries, before and after 2025-06-01")
    assert re.findall(r"d\d(?=, )", page.markup) == ["d1", "d4"]


def test_the_clearest_changes_are_shown_first_and_a_theme_from_nothing_by_one_passage():
    documents = [("may", "2025-05-01", None, None), ("june", "2025-06-01", None, None)]
    run = run_with(documents, {"ferries": ["may", "june"], "grain": ["june"]})
    found = change_points(("ferries", "2025-06-01", 0.2, 0.3), ("grain", "2025-06-01", 0, 0.9))
    articles = tables.passages_around_changes(run, found).markup.split("</article>")
    headings = [re.findall(r"<h4>(\w+),", part) for part in articles]
    assert headings == [["Grain"], ["Ferries"], []]
    assert [part.count("<blockquote>") for part in articles] == [1, 2, 0]


def test_a_new_theme_is_shown_by_its_first_passages():
    run = rising_run()
    page = tables.first_passages(run, measures.DocumentThemes.from_run(run))
    new, rising = page.markup.split("</article>")[:2]
    assert "<h4>No First Use: new</h4>" in new
    assert "<h4>Fragile States: rising</h4>" in rising
    assert re.findall(r"\d-\d+(?=, )", new) == ["5-0", "5-10"]


def test_trust_says_how_many_themes_to_treat_with_caution_and_why(calm):
    names = " and ".join(calm.themes["name"].tolist()[1:])
    text = f"Treat 2 of 3 themes with caution (few independent documents: {names})."
    ids = calm.themes["theme_id"].tolist()[1:]  # the named theme is absent
    assert trust(calm).finding == Finding(text, "trust", "caution", ids)


def test_trust_tells_precision_and_recall_where_there_are_labels(hostile, tmp_path):
    text = Reader(trust(hostile, gold_of(hostile, tmp_path))).text
    assert "precisionrecall" in text
    assert "precision" not in Reader(trust(hostile)).text


def test_trust_is_told_of_a_single_document_of_no_known_source():
    text = Reader(trust(run_on(PORT[:1]))).text
    assert text.startswith("Treat 1 of 1 theme with caution (few independent documents: ")


def test_each_theme_is_shown_by_passages_that_only_just_have_it_and_by_others():
    names = [f"d{i}" for i in range(6)]
    run = run_with([(name, None, None, None) for name in names], {"ferries": names, "grain": []})
    page = tables.passages_to_check(run).markup
    only_just, at_random = page.split("At random:")
    assert re.findall(r"d\d(?=, )", only_just) == ["d5", "d4"]
    assert at_random.count("<blockquote>") == 2
    assert page == tables.passages_to_check(run).markup
    assert page.count("<summary>") == 1  # none for grain
    run.assignments = run.assignments.head(0)
    assert Reader(tables.passages_to_check(run)).text == "No passage has a theme."


def test_labels_are_counted_with_their_coders(calm, tmp_path):
    text = Reader(labelled(calm, tmp_path)).text
    assert "5 passages labelled by 2 coders, 5 left blank." in text
