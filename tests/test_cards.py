"""Pieces of HTML: what comes from documents is escaped, cells are easy to read."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from topics import Analysis, Corpus, ThemeModel, cards, embed, figures, measures, split_passages

HOSTILE = "</p><script>alert(1)</script><img src=x onerror='go()'> \"quoted\" & 'so'"
PORT = [
    "The dock strike shut the harbour on Monday, and no ships were unloaded by the dockers.",
    "Dockers voted for the strike over wages while forty ships waited outside the harbour.",
    "Shipping lines counted the cost of the dock strike in the harbour as it went on.",
    "Talks between dockers and the harbour board failed again, so the strike goes on.",
    "Ships left the harbour for other ports when the dockers' strike entered its third week.",
]
FIELD = [
    "The wheat harvest was poor after a drought, and farmers feared for their dry fields.",
    "Farmers brought in the harvest late; rain had come to the wheat fields at last.",
    "A harvest so small was last seen in the great drought, wheat farmers remembered.",
    "Bread prices rose as the wheat harvest failed in fields that drought had cracked.",
    "The ministry will pay farmers who lost their wheat harvest to the summer drought.",
]


class Reader(HTMLParser):
    """The tags, attributes and text of a piece of HTML as a browser understands it."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def run_on(texts, named=(), **meta):
    """A run on documents of one passage each, without a map."""
    documents = pd.DataFrame(
        {"document_id": [f"{i}.txt" for i in range(len(texts))], "text": texts}
    )
    for column in ("title", "source", "country", "url", "path"):
        documents[column] = pd.Series(meta.get(column), index=documents.index, dtype="str")
    documents["date"] = pd.to_datetime(pd.Series(meta.get("date"), index=documents.index))
    documents["document_id"] = meta.get("document_id", documents["document_id"])
    documents["language"] = "en"
    none = pd.DataFrame(columns=["file", "reason"])
    corpus = Corpus(documents, none, none, none, none)
    passages = split_passages(documents)
    vectors = embed(passages["text"].tolist(), progress=False)
    model = ThemeModel(named).fit(passages, vectors)
    left_out = pd.DataFrame(columns=["document_id", "language"])
    return Analysis(corpus, left_out, passages, vectors, model, np.zeros((len(texts), 2)), {})


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


def gold_of(analysis, tmp_path, opening=None):
    """A file of labels, which has HTML in its name, that says `strike` of the first passages."""
    path = tmp_path / "<b>gold.csv"
    own = analysis.documents.head(3)
    gold = pd.DataFrame({"document_id": own["document_id"], "themes": "strike"})
    gold["opening"] = opening or own["text"].str[:30]
    gold.to_csv(path, index=False)
    return str(path)


PIECES = {
    "cards of themes": lambda run, _: cards.theme_cards(run),
    "quotes": lambda run, _: cards.quotes(run, run.passages["passage_id"]),
    "borderline": lambda run, _: cards.borderline(run),
    "table of trust": lambda run, _: cards.table(cards.named(run, measures.trust(run))),
    "table of documents": lambda run, _: cards.table(run.documents),
    "names of columns": lambda run, _: cards.table(pd.DataFrame({HOSTILE: [1]})),
    "note": lambda run, _: cards.note(HOSTILE),
    "agreement": lambda run, tmp_path: cards.agreement(run, gold_of(run, tmp_path)),
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
def test_text_from_documents_and_themes_is_shown_as_it_stands(hostile, tmp_path, piece):
    page = Reader(piece(hostile, tmp_path).markup)
    assert not page.tags & {"script", "img", "b"}
    assert page.attributes <= {"class", "id", "scope", "tabindex"}
    assert HOSTILE in page.text


def test_passages_without_a_theme_are_quoted_escaped(hostile):
    bare = run_on([HOSTILE, f"Of ships {HOSTILE}"])
    bare.model.assignments_ = bare.assignments.head(0)
    page = Reader(cards.without_theme(bare, seed=0).markup)
    assert not page.tags & {"script", "img"}
    assert page.text.startswith("2 of 2 passages (100%) carry no theme.")
    assert page.text.count(HOSTILE) == 2


def test_a_file_of_labels_that_fit_no_passage_is_named_escaped(hostile, tmp_path):
    path = gold_of(hostile, tmp_path, opening="Words that stand nowhere")
    page = Reader(cards.agreement(hostile, path).markup)
    assert page.tags == {"p"}
    assert page.text == f"None of the labels in {path} belongs to a passage of this corpus."


def test_a_quote_says_when_who_what_and_where():
    run = run_on(PORT[:1], title="Harbour shut", source="Gull", date="2025-05-02")
    page = Reader(cards.quotes(run, ["0.txt:1"]).markup)
    assert page.text == (
        f"{PORT[0]}2025-05-02 · Gull · Harbour shut · 0.txt, characters 0–{len(PORT[0])}"
    )


def test_a_quote_leaves_out_what_is_not_known():
    page = Reader(cards.quotes(run_on(PORT[:1]), ["0.txt:1"]).markup)
    assert page.text == f"{PORT[0]}0.txt, characters 0–{len(PORT[0])}"


def test_a_card_counts_passages_documents_and_independent_ones(calm):
    port = cards.theme_cards(calm).markup.split("</article>")[1]
    assert (
        "<p>5 passages in 5 documents (5 independent of others); most by Gull (75%); "
        "stability 1.00.</p>"
    ) in port
    assert port.count("<blockquote>") == 3


def test_one_passage_is_not_called_passages():
    text = Reader(cards.theme_cards(run_on(PORT[:1])).markup).text
    assert "1 passage in 1 document (1 independent of others)" in text


def test_a_theme_that_no_passage_carries_says_so(calm):
    opera = cards.theme_cards(calm).markup.split("</article>")[0]
    assert Reader(opera).text == "Opera namedNo passage of this corpus carries it."


def test_names_of_files_may_hold_semicolons():
    names = [f"port; day {i}.txt" for i in range(5)]
    page = Reader(cards.theme_cards(run_on(PORT, document_id=names)).markup)
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
    assert Reader(cards.table(pd.DataFrame({"": [value]})).markup).text == shown


def test_a_long_table_says_how_many_rows_are_left_out():
    markup = cards.table(pd.DataFrame({"n": range(1234)}), most=2).markup
    assert markup.count("<td>") == 2
    assert markup.endswith("<p>and 1,232 more</p>")
    assert "more" not in cards.table(pd.DataFrame({"n": [1, 2]}), most=2).markup


def test_an_empty_table_gives_way_to_a_note():
    frame = pd.DataFrame({"n": [1]})
    assert cards.table_or_note(frame.head(0), "None < one.").markup == (
        "<p class='note'>None &lt; one.</p>"
    )
    assert cards.table_or_note(frame, "None.").markup == cards.table(frame).markup


def test_names_stand_in_place_of_ids_of_themes(calm):
    frame = pd.DataFrame({"n": [3], "theme_id": ["opera"]})
    named = cards.named(calm, frame)
    assert named.to_dict("list") == {"theme": ["Opera"], "n": [3]}


def test_what_is_missing_is_said_in_a_sentence():
    run = run_on(PORT[:1])
    assert "No labels were given." in cards.agreement(run, None).markup
    assert "No themes were named in advance." in cards.borderline(run).markup
    assert "Every passage carries a theme." in cards.without_theme(run, seed=0).markup


def test_a_trend_that_no_dated_document_shows_gives_way_to_a_note():
    run = run_on(PORT[:4], date=["2025-05-02", "2025-05-03", "2025-06-01", "2025-06-02"])
    run.model.assignments_ = run.assignments.head(0)
    figure = figures.trends(run, measures.shares_over_time(run, "M"))
    assert cards.shown(figure, "No trend.").markup == "<p class='note'>No trend.</p>"


def test_one_period_is_drawn_without_a_claim_about_change():
    run = run_on(PORT[:4], date="2025-05-02")
    figure = figures.trends(run, measures.shares_over_time(run, "M"))
    assert cards.shown(figure, "No trend.") is figure
    assert figure.layout.meta["finding"] == (
        "All dated documents fall into one period: no change can be measured."
    )
