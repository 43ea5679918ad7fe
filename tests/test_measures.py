"""Shares, their intervals, changes, and agreement with labels."""

import numpy as np
import pandas as pd
import pytest

from topics import Analysis, Corpus, InputError, ThemeModel, split_passages
from topics.measures import (
    agreement,
    borderline,
    change,
    choose_period,
    copies,
    difference_interval,
    gold_labels,
    read_gold,
    shares_by,
    shares_over_time,
    trust,
    wilson,
)

NO_ROWS = pd.DataFrame()


def analysis_of(documents, carried, *, named=(), clusters=()):
    """A run on documents (id, date, source, text) of one passage each, as if found by hand.

    `carried` says for each theme which documents' passages carry it, the best first.
    """
    table = pd.DataFrame(documents, columns=["document_id", "date", "source", "text"])
    table["date"] = pd.to_datetime(table["date"])
    table["text"] = [
        text if isinstance(text, str) else " ".join(f"{name}{i}" for i in range(9))
        for name, text in zip(table["document_id"], table["text"], strict=True)
    ]
    table = table.assign(country=None, language="en").astype({"source": "str"})
    model = ThemeModel([{"id": theme_id} for theme_id in named])
    model.themes_ = pd.DataFrame({"theme_id": list(carried), "stability": 0.8})
    model.assignments_ = pd.DataFrame(
        [
            (f"{document}:1", theme_id, 1 - place / 10)
            for theme_id, own in carried.items()
            for place, document in enumerate(own)
        ],
        columns=["passage_id", "theme_id", "score"],
    )
    model._labels = np.array(clusters)
    corpus = Corpus(table, NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
    left_out = pd.DataFrame({"document_id": []})
    passages = split_passages(table)
    return Analysis(corpus, left_out, passages, NO_ROWS, model, NO_ROWS, {})


def counted(shares, *columns):
    return list(shares[list(columns)].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(successes, n, low, high):  # Newcombe 1998a, table I
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_has_no_interval():
    assert np.isnan(wilson(0, 0)).all()


@pytest.mark.parametrize(
    ("a", "n", "b", "m", "low", "high"),
    [
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (0, 29, 5, 56, -0.0381, 0.1926),
        (0, 10, 10, 10, 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(a, n, b, m, low, high):
    # Newcombe 1998b, table II, method 10
    assert difference_interval(a, n, b, m) == pytest.approx((low, high), abs=5e-5)


def test_wilsons_interval_covers_the_share_95_times_in_100():
    rng = np.random.default_rng(1)
    covered = []
    for share, n in zip(rng.uniform(0.03, 0.97, 800), rng.integers(8, 80, 800), strict=True):
        low, high = wilson(rng.binomial(n, share), n)
        covered.append(low <= share <= high)
    assert 0.92 < np.mean(covered) < 0.98


def test_the_interval_of_a_difference_covers_it_95_times_in_100():
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(800):
        (p, q), (n, m) = rng.uniform(0.05, 0.95, 2), rng.integers(10, 80, 2)
        low, high = difference_interval(rng.binomial(n, p), n, rng.binomial(m, q), m)
        covered.append(low <= q - p <= high)
    assert 0.92 < np.mean(covered) < 0.98


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        (pd.date_range("2025-05-01", periods=20).repeat(8), "D"),
        (pd.date_range("2025-05-01", periods=20).repeat(2), "W"),
        (pd.date_range("2025-01-01", periods=100).repeat(3), "W"),
        (pd.date_range("2024-01-01", periods=366).repeat(1), "M"),
        (pd.date_range("2020-01-01", periods=1500).repeat(1), "Q"),
        (pd.date_range("2025-01-01", periods=5, freq="30D"), "Y"),
        (pd.date_range("1950-01-01", periods=60, freq="YE"), "Y"),
    ],
)
def test_the_period_is_the_shortest_with_eight_documents_in_each_of_at_most_24(dates, code):
    assert choose_period(pd.Series(dates)) == code
    assert choose_period(pd.Series([pd.NaT, *dates, pd.NaT])) == code


def test_periods_without_documents_count_among_the_24():
    dates = pd.Series([*["2020-01-01"] * 100, *["2023-12-31"] * 100]).astype("datetime64[us]")
    assert choose_period(dates) == "Q"


COPY = "The ferry to the northern island sank in shallow water while it was moored on Friday night."
DATED = [
    ("may-a", "2025-05-05", "Gull", COPY),
    ("may-b", "2025-05-30", "Gull", None),
    ("july-a", "2025-07-01", "Heron", None),
    ("july-b", "2025-07-02", None, None),
    ("july-copy", "2025-07-03", "Heron", COPY + " Again."),
    ("july-c", "2025-07-31", "Heron", None),
    ("undated", None, "Ibis", None),
]
CARRIED = {"ferries": ["may-a", "july-a", "july-copy", "undated"], "grain": ["july-a", "july-b"]}


def test_shares_are_of_independent_documents_with_a_date_and_none_where_there_are_none():
    shares = shares_over_time(analysis_of(DATED, CARRIED), "M")
    may, june, july = pd.to_datetime(["2025-05-01", "2025-06-01", "2025-07-01"])
    assert counted(shares, "period", "theme_id", "n", "of") == [
        (may, "ferries", 1, 2), (june, "ferries", 0, 0), (july, "ferries", 1, 3),
        (may, "grain", 0, 2), (june, "grain", 0, 0), (july, "grain", 2, 3),
    ]  # fmt: skip
    assert shares["share"].tolist() == pytest.approx(
        [1 / 2, np.nan, 1 / 3, 0, np.nan, 2 / 3], nan_ok=True
    )
    last = shares.iloc[-1]
    assert (last["low"], last["high"]) == wilson(2, 3)


def test_a_period_that_the_corpus_does_not_span_is_partial():
    shares = shares_over_time(analysis_of(DATED, CARRIED), "M")
    assert shares["partial"].tolist() == [True, False, False] * 2


def test_a_document_counts_once_however_many_of_its_passages_carry_a_theme():
    text = "\n\n".join(" ".join(f"{part}{i}" for i in range(30)) for part in ("one", "two"))
    analysis = analysis_of([("long", "2025-05-05", None, text)], {"ferries": ["long"]})
    both = [(passage_id, "ferries", 0.9) for passage_id in analysis.passages["passage_id"]]
    analysis.model.assignments_ = pd.DataFrame(both, columns=["passage_id", "theme_id", "score"])
    assert len(both) == 2
    assert counted(shares_over_time(analysis), "n", "of") == [(1, 1)]


def test_without_dates_there_are_no_shares_over_time():
    shares = shares_over_time(analysis_of(DATED[-1:], {"ferries": ["undated"]}))
    assert shares.empty
    assert "share" in shares


def test_shares_by_source_put_the_source_of_most_documents_first():
    shares = shares_by(analysis_of(DATED, CARRIED), "source")
    assert counted(shares, "source", "theme_id", "n", "of") == [
        ("Gull", "ferries", 1, 2), ("Heron", "ferries", 1, 2), ("Ibis", "ferries", 1, 1),
        ("Gull", "grain", 0, 2), ("Heron", "grain", 1, 2), ("Ibis", "grain", 0, 1),
    ]  # fmt: skip


def test_shares_by_a_column_that_is_missing_are_empty():
    assert shares_by(analysis_of(DATED, CARRIED), "country").empty


def test_a_theme_rests_on_its_documents_less_near_copies_and_on_its_largest_source():
    table = trust(analysis_of(DATED, CARRIED | {"empty": []}))
    columns = ("theme_id", "documents", "independent", "stability")
    assert counted(table, *columns) == [
        ("ferries", 4, 3, 0.8), ("grain", 2, 2, 0.8), ("empty", 0, 0, 0.8),
    ]  # fmt: skip
    assert table["largest_source"].tolist()[:2] == ["Heron", "Heron"]
    assert table["source_share"].tolist() == pytest.approx([1 / 2, 1, np.nan], nan_ok=True)


def test_copies_are_listed_with_their_originals():
    assert counted(
        copies(analysis_of(DATED, CARRIED)),
        "document_id",
        "source",
        "copy_of",
        "source_of_original",
    ) == [("july-copy", "Heron", "may-a", "Gull")]


def test_borderline_passages_are_the_lowest_scored():
    assert borderline(analysis_of(DATED, CARRIED), "ferries") == ["undated:1", "july-copy:1"]


def months(**counts):
    """Shares of fifty documents a month; for each theme, in how many it stands."""
    return pd.DataFrame(
        [
            (pd.Timestamp(2025, month, 1), theme_id, n, 50)
            for theme_id, own in counts.items()
            for month, n in enumerate(own, 1)
        ],
        columns=["period", "theme_id", "n", "of"],
    )


def test_a_large_change_is_clear_and_none_is_not():
    changes = change(months(rising=[4, 6, 20, 20], falling=[25, 25, 9, 11], steady=[9, 11, 10, 10]))
    assert counted(changes, "theme_id", "before", "after", "clear") == [
        ("rising", 0.1, 0.4, True), ("falling", 0.5, 0.2, True), ("steady", 0.2, 0.2, False),
    ]  # fmt: skip
    assert changes["difference"].tolist() == pytest.approx([0.3, -0.3, 0])


def test_a_change_that_is_clear_alone_is_not_clear_among_twenty():
    alone = change(months(a=[10, 20])).iloc[0]
    assert alone["low"] > 0
    assert alone["clear"]
    among = change(months(a=[10, 20], **{f"b{i}": [10, 10] for i in range(19)}))
    assert not among["clear"].any()


def test_where_nothing_changes_hardly_one_corpus_in_twenty_shows_a_clear_change():
    rng = np.random.default_rng(3)
    alarms = [
        change(months(**{f"t{i}": rng.binomial(50, 0.2, 4) for i in range(4)}))["clear"].any()
        for _ in range(120)
    ]
    assert np.mean(alarms) < 0.08


def test_one_period_shows_no_change():
    changes = change(months(a=[10]))
    assert changes[changes["clear"]].columns.tolist() == [
        "theme_id", "before", "after", "difference", "low", "high", "clear",
    ]  # fmt: skip
    assert changes.empty


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "cannot read"),
        (b"document_id,opening,themes\n\xff\xfe,x,y\n", "cannot read"),
        (b"document_id,themes\na,b\n", "has no column 'opening'"),
    ],
)
def test_gold_labels_that_cannot_be_read_are_refused(tmp_path, content, message):
    path = tmp_path / "gold.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"gold labels: .*{message}"):
        read_gold(path)


FIRST = (
    "Ships waited for a berth, one more of them every day since the strike of the dockers began, "
    "and nobody could say when it would end."
)
SECOND = (
    "Grain prices rose again, as the silo at the northern quay was closed and the mills had none "
    "left to grind for the bakers."
)
THIRD = (
    "Nobody spoke of rain. It had not fallen for a month, and the fields were so dry that the "
    "farmers gave up."
)


def labels_of(rows):
    """Labels of three passages, one a paragraph, from rows (document_id, opening, themes)."""
    documents = pd.DataFrame(
        {
            "document_id": ["a", "b"],
            "text": [f"{FIRST}\n\n{SECOND}", f"{THIRD} {SECOND}\n\n{FIRST}"],
        }
    )
    passages = split_passages(documents, min_words=5)
    assert passages["passage_id"].tolist() == ["a:1", "a:2", "b:1", "b:2"]
    gold = pd.DataFrame(rows, columns=["document_id", "opening", "themes"])
    return gold_labels(passages, documents, gold).tolist()


def test_a_label_belongs_to_the_passage_that_opens_so():
    rows = [("a", "Grain prices", "grain"), ("b", "Ships waited", "ferries;strikes")]
    assert labels_of(rows) == [None, {"grain"}, None, {"ferries", "strikes"}]


def test_a_passage_labelled_none_has_an_empty_set_and_an_unlabelled_one_nothing():
    assert labels_of([("a", "Ships", "none"), ("b", "Nobody", "")]) == [set(), None, set(), None]


def test_labels_of_one_passage_add_up_and_unknown_ones_are_passed_over():
    rows = [("a", "Ships", "x"), ("a", "Ships waited", "y"), ("c", "Ships", "x"), ("a", "Cod", "x")]
    assert labels_of(rows) == [{"x", "y"}, None, None, None]


def test_spaces_around_labels_do_not_count():
    assert labels_of([("a", "Ships", "x; y ")]) == [{"x", "y"}, None, None, None]


def test_a_label_without_an_opening_belongs_to_no_passage():
    assert labels_of([("a", "", "x")]) == [None, None, None, None]


def test_opening_words_that_stand_earlier_within_a_paragraph_do_not_mislead():
    documents = pd.DataFrame(
        {"document_id": ["a"], "text": [f"{THIRD} Ships waited all the same.\n\n{FIRST}"]}
    )
    passages = split_passages(documents, min_words=5)
    gold = pd.DataFrame({"document_id": ["a"], "opening": ["Ships waited"], "themes": ["x"]})
    assert gold_labels(passages, documents, gold).tolist() == [None, {"x"}]


def found_by_hand():
    """Six documents: `ferries` is found in a, b, c and f; `grain` nowhere."""
    documents = [(name, None, None, None) for name in "abcdef"]
    carried = {"ferries": list("abcf"), "grain": [], "rain": list("a")}
    return analysis_of(documents, carried, named=carried, clusters=[0, 0, 1, 1, 0, 0])


def test_precision_and_recall_are_counted_over_labelled_passages():
    labels = pd.Series([{"ferries"}, {"ferries"}, {"grain"}, {"grain"}, {"ferries"}, None])
    table, ami, n = agreement(found_by_hand(), labels)
    assert counted(table, "theme_id", "n_true", "n_found") == [("ferries", 3, 3), ("grain", 2, 0)]
    assert table["precision"].tolist() == pytest.approx([2 / 3, 0])
    assert table["recall"].tolist() == pytest.approx([2 / 3, 0])
    assert table["f1"].tolist() == pytest.approx([2 / 3, 0])
    assert (ami, n) == (pytest.approx(1), 5)


def test_clusters_are_compared_over_passages_of_exactly_one_label():
    labels = pd.Series([{"ferries"}, {"grain"}, {"ferries", "grain"}, set(), None, None])
    _, ami, n = agreement(found_by_hand(), labels)
    assert (ami, n) == (0, 2)


def test_without_labels_there_is_nothing_to_agree_with():
    table, ami, n = agreement(found_by_hand(), pd.Series([None] * 6, dtype=object))
    assert (len(table), ami, n) == (0, 0, 0)
