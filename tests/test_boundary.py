"""Wrong calls of public functions: each ends in one clear line, whatever was wrong."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from runs import document_themes
from sklearn.exceptions import NotFittedError

import topics
from topics import figures, labelling, measures
from topics.errors import InputError
from topics.intervals import wilson

N, DIM = 20, 8
GOOD = np.eye(N, DIM) + 0.1
FRAME = pd.DataFrame(
    {"passage_id": [f"p{i}" for i in range(N)], "document_id": "d", "text": "The quay is shut."}
)
DOCUMENTS = pd.DataFrame({"document_id": ["a", "b"], "text": ["The quay is shut.", "It rains."]})


def changed(value, row=3):
    vectors = GOOD.astype(np.result_type(GOOD, np.asarray(value)) if value is not None else object)
    vectors[row, 2] = value
    return vectors


WRONG_VECTORS = {
    "NaN": (changed(np.nan), "NaN or infinity in row 3"),
    "infinity": (changed(np.inf), "finite numbers"),
    "minus infinity": (changed(-np.inf), "finite numbers"),
    "too large for float32": (changed(1e300), "finite numbers"),
    "complex": (changed(1j), "complex ones"),
    "missing": (changed(None), "finite numbers"),
    "a row of zeros": (np.vstack([GOOD[:-1], np.zeros(DIM)]), "row 19 is all zeros"),
    "one vector": (GOOD[0], r"shape \(8,\)"),
    "three dimensions": (GOOD[None], r"shape \(1, 20, 8\)"),
    "a number": (3, r"shape \(\)"),
    "nothing": (None, r"shape \(\)"),
    "texts": (np.full((N, DIM), "quay"), "finite numbers"),
    "one text": ("quay", "finite numbers"),
    "no columns": (np.zeros((N, 0)), "all zeros|found 0"),
    "rows of several lengths": ([[1, 2], [3]], "finite numbers"),
}


class Fitted:
    """A model and a clusterer on good data, fitted once."""

    model = None

    @classmethod
    def get(cls):
        if cls.model is None:
            cls.model = topics.ThemeModel().fit(FRAME, GOOD)
            cls.clusterer = topics.Clusterer().fit(GOOD)
        return cls


TAKERS = {
    "cluster": topics.cluster,
    "Clusterer.fit": lambda vectors: topics.Clusterer().fit(vectors),
    "Clusterer.predict": lambda vectors: Fitted.get().clusterer.predict(vectors),
    "ThemeModel.fit": lambda vectors: topics.ThemeModel().fit(FRAME, vectors),
    "ThemeModel.predict": lambda vectors: Fitted.get().model.predict(FRAME, vectors),
    "ThemeModel.decision_function": lambda v: Fitted.get().model.decision_function(v),
}


@pytest.mark.parametrize("kind", WRONG_VECTORS)
@pytest.mark.parametrize("taker", TAKERS)
def test_vectors_that_are_none_are_refused(taker, kind):
    vectors, message = WRONG_VECTORS[kind]
    with pytest.raises(InputError, match=f"^vectors: .*{message}") as told:
        TAKERS[taker](vectors)
    assert "\n" not in str(told.value)


def test_rows_of_another_length_are_brought_to_length_one():
    lengths = np.linspace(0.5, 7, N)[:, None]
    assert topics.cluster(GOOD * lengths).tolist() == topics.cluster(GOOD).tolist()
    model = Fitted.get().model
    pd.testing.assert_frame_equal(model.predict(FRAME, GOOD * lengths), model.assignments_)


WRONG_PASSAGES = {
    "a list": ([1, 2], "expected a DataFrame, found list"),
    "a path": ("passages.parquet", "expected a DataFrame, found str"),
    "none": (None, "expected a DataFrame, found NoneType"),
    "no ids": (FRAME.drop(columns="passage_id"), "passage_id missing, found document_id, text"),
    "no documents": (FRAME.drop(columns="document_id"), "document_id missing"),
    "no texts": (FRAME.drop(columns="text"), "text missing"),
    "no columns": (FRAME[[]], "found none"),
    "no rows": (FRAME[:0], "expected at least one, found none"),
    "an id twice": (FRAME.assign(passage_id=["p0", *FRAME["passage_id"][:-1]]), "'p0' twice"),
    "an id missing": (FRAME.assign(passage_id=[None, *FRAME["passage_id"][1:]]), "none in row 0"),
    "fewer than vectors": (FRAME[:-1], "expected one a passage, 19, found 20"),
}


@pytest.mark.parametrize("kind", WRONG_PASSAGES)
@pytest.mark.parametrize("taker", ["fit", "predict"])
def test_passages_that_are_none_are_refused(taker, kind):
    passages, message = WRONG_PASSAGES[kind]
    model = topics.ThemeModel() if taker == "fit" else Fitted.get().model
    with pytest.raises(InputError, match=message):
        getattr(model, taker)(passages, GOOD)


def test_vectors_of_another_model_are_refused():
    message = "expected 8 dimensions, as the model was fitted to, found 5; embed with the same"
    for call in (
        lambda: Fitted.get().model.predict(FRAME, GOOD[:, :5]),
        lambda: Fitted.get().model.decision_function(GOOD[:, :5]),
        lambda: Fitted.get().clusterer.predict(GOOD[:, :5]),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_ids_that_are_numbers_count_as_text():
    numbered = FRAME.assign(passage_id=range(N), document_id=range(N))
    model = topics.ThemeModel().fit(numbered, GOOD)
    assert set(model.assignments_["passage_id"]) <= set(map(str, range(N)))


def test_seeds_of_numpy_and_themes_that_can_be_read_once_are_taken():
    options = topics.Options(themes=iter([{"id": "ferries"}]), seed=np.int64(7))
    assert (options.themes, type(options.seed)) == ([{"id": "ferries"}], int)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, "7", None, [1]], ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda seed: topics.ThemeModel(random_state=seed),
        lambda seed: topics.cluster(GOOD, random_state=seed),
        lambda seed: topics.Options(seed=seed),
    ],
    ids=["ThemeModel", "cluster", "Options"],
)
def test_seeds_that_are_none_are_refused(call, seed):
    with pytest.raises(InputError, match=r"^seed: expected a whole number"):
        call(seed)


WRONG_TEXTS = {
    "one text": ("The quay is shut.", "found one text; put it into a list"),
    "bytes": (b"quay", "found one text"),
    "a number": (7, "expected a list, found int"),
    "nothing": (None, "expected a list, found NoneType"),
    "a missing text": (["quay", None], "found None in row 1"),
    "NaN": ([float("nan")], "found nan in row 0"),
    "a list inside": ([["quay"]], "found \\['quay'\\] in row 0"),
}


@pytest.mark.parametrize("kind", WRONG_TEXTS)
def test_texts_that_are_none_are_refused(kind):
    texts, message = WRONG_TEXTS[kind]
    with pytest.raises(InputError, match=f"^texts: .*{message}"):
        topics.embed(texts, progress=False)


class Broken:
    def __init__(self, *rows):
        self.name, self.rows = f"broken {rows}", rows

    def encode(self, texts):
        return np.array([self.rows[0]] * len(texts)) if len(self.rows) == 1 else self.rows


@pytest.mark.parametrize(
    ("embedder", "message"),
    [
        (Broken([np.nan, 1.0]), "expected finite numbers"),
        (Broken([np.inf, 1.0]), "expected finite numbers"),
        (Broken(1.0), r"shape \(2,\)"),
        (Broken([1.0], [1.0], [1.0]), "expected one a passage, 2, found 3"),
    ],
    ids=["NaN", "infinity", "one dimension", "too many rows"],
)
def test_what_an_embedder_gives_is_checked_before_it_is_kept(embedder, message):
    for _ in range(2):
        with pytest.raises(InputError, match=f"^embedder broken .*{message}"):
            topics.embed(["a", "b"], embedder, progress=False)


def test_texts_that_cannot_be_encoded_are_read_all_the_same():
    texts = ["The quay \ud800 is shut.", "The quay ? is shut."]
    one, other = topics.embed(texts, progress=False)
    assert one.tolist() == other.tolist()


WRONG_DOCUMENTS = {
    "a list": (["a"], "expected a DataFrame, found list"),
    "no ids": (DOCUMENTS[["text"]], "document_id missing, found text"),
    "no texts": (DOCUMENTS[["document_id"]], "text missing"),
    "an id twice": (pd.concat([DOCUMENTS, DOCUMENTS]), "'a' twice"),
    "an id missing": (DOCUMENTS.assign(document_id=["a", None]), "none in row 1"),
    "a date that is none": (DOCUMENTS.assign(date=["2025-05-02", "soon"]), "date: expected dates"),
    "a date as a list": (DOCUMENTS.assign(date=[["2025"], None]), "date: expected dates"),
}


@pytest.mark.parametrize("kind", WRONG_DOCUMENTS)
def test_documents_that_are_none_are_refused(kind):
    documents, message = WRONG_DOCUMENTS[kind]
    with pytest.raises(InputError, match=message):
        topics.split_passages(documents)


@pytest.mark.parametrize(("least", "most"), [(-1, 9), (0, 0), (3, -1)])
def test_limits_that_cannot_be_kept_are_refused(least, most):
    with pytest.raises(InputError, match=f"found {least} and {most}$"):
        topics.split_passages(DOCUMENTS, min_words=least, max_words=most)


def test_dates_of_several_time_zones_and_texts_that_are_missing_are_taken():
    dated = DOCUMENTS.assign(
        date=["2025-05-02T23:00-05:00", "2025-05-03T01:00+09:00"],
        text=pd.Series(["The quay \ud800.", None], dtype=object),
        title=pd.Series(["\udfff", None], dtype=object),
    )
    found = topics.split_passages(dated, min_words=1)
    assert found[["text", "title", "date"]].astype("str").to_numpy().tolist() == [
        ["The quay ?.", "?", "2025-05-03 04:00:00"]
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.predict(FRAME, GOOD),
        lambda model: model.decision_function(GOOD),
        lambda model: model.search("quay"),
        lambda model: model.refits(),
        lambda model: model.edited([]),
        lambda model: model.exemplars("quay"),
        lambda model: model.centroid("quay"),
        lambda model: model.thresholds_,
        lambda model: model.hierarchy_,
        lambda model: model.theme_of_passage_,
        lambda model: model.bertopic_,
        lambda model: model.save("nowhere"),
    ],
)
def test_a_model_that_is_not_fitted_says_so(call):
    with pytest.raises(NotFittedError, match="This ThemeModel instance is not fitted yet"):
        call(topics.ThemeModel())


def test_an_unfitted_clusterer_says_so():
    with pytest.raises(NotFittedError, match="This Clusterer instance is not fitted yet"):
        topics.Clusterer().predict(GOOD)


def test_nobody_is_searched_for_a_theme_that_is_not_there():
    with pytest.raises(InputError, match="theme: expected one of "):
        Fitted.get().model.exemplars("tides")


@pytest.mark.parametrize("path", ["", None, 7, ["articles"]], ids=repr)
@pytest.mark.parametrize(
    "call", [topics.read_corpus, topics.analyse], ids=lambda call: call.__name__
)
def test_what_is_no_path_is_refused(call, path):
    with pytest.raises(InputError, match=r"^input: expected the path of a file or a folder, found"):
        call(path, progress=False)


TABLE = document_themes(["2025-05-01", "2025-06-01"], ["Gull", "Heron"], ferries=[True, False])
NO_COLUMNS = pd.DataFrame()
WRONG_MEASURES = {
    "documents as a list": (lambda: measures.DocumentThemes([1], [2]), "documents: expected a Data"),
    "documents without sources": (
        lambda: measures.DocumentThemes(DOCUMENTS.assign(date=pd.NaT), TABLE.has_theme),
        "source, country missing",
    ),
    "dates as text": (
        lambda: measures.DocumentThemes(TABLE.documents.assign(date="2025"), TABLE.has_theme),
        "expected dates, found str; convert",
    ),
    "fewer rows of themes": (
        lambda: measures.DocumentThemes(TABLE.documents, TABLE.has_theme[:1]),
        "has_theme: expected one a document, 2, found 1",
    ),
    "too few rows": (lambda: TABLE.where([True]), "rows: expected 2 booleans"),
    "rows by number": (lambda: measures.overall_shares(TABLE, [0, 1]), "found int64 of shape"),
    "sets of other length": (lambda: measures.contrast_two(TABLE, [True], [False]), "rows: expect"),
    "within sources": (lambda: measures.contrast_within_sources(TABLE, [1], [0]), "rows: expected"),
    "an unknown theme": (lambda: TABLE.only(["tides"]), "theme: expected one of ferries; found 'ti"),
    "an unknown column": (lambda: measures.contrast_groups(TABLE, "editor"), "found 'editor'"),
    "columns in a list": (lambda: measures.contrast_groups(TABLE, ["source"]), "column: expected"),
    "an unknown period": (lambda: measures.shares_over_time(TABLE, "X"), "D, W, M, Q, Y; found 'X'"),
    "a rate above one": (
        lambda: measures.find_change_points(TABLE, false_alarms=2),
        "false_alarms: expected a number from 0 to 1, found 2",
    ),
    "a rate below zero": (lambda: measures.emerging_themes(TABLE, false_alarms=-1), "found -1"),
    "a rate as text": (lambda: measures.find_change_points(TABLE, false_alarms="5"), "found '5'"),
    "no permutations": (
        lambda: measures.emerging_themes(TABLE, permutations=0),
        "permutations: expected a whole number of 1 or more, found 0",
    ),
    "half a permutation": (lambda: measures.find_change_points(TABLE, permutations=0.5), "found 0.5"),
    "a seed below zero": (lambda: measures.find_change_points(TABLE, random_state=-1), "seed: exp"),
    "a seed as text": (lambda: TABLE.permuted("7"), "seed: expected a whole number"),
    "confidence above one": (lambda: wilson(5, 20, 2), "confidence: expected a number from 0 to 1"),
    "confidence of NaN": (lambda: wilson(5, 20, np.nan), "confidence: expected a number"),
    "counts below zero": (lambda: wilson(-5, 20), "counts: expected none below 0, found -5"),
    "totals below zero": (lambda: wilson([5, 1], [20, -3]), "counts: expected none below 0"),
    "words of no texts": (lambda: measures.distinctive_words(FRAME[[]], []), "text missing, found n"),
    "groups of others": (
        lambda: measures.distinctive_words(FRAME, ["Gull"]),
        "groups: expected one a passage, 20, found 1",
    ),
    "fewer than no words": (
        lambda: measures.distinctive_words(FRAME, ["Gull"] * N, -1),
        "max_words: expected a whole number of 0 or more",
    ),
    "mentions of no texts": (lambda: measures.mentions(NO_COLUMNS), "passage_id, text missing"),
    "mentions of a list": (lambda: measures.mentions(["Beijing"]), "expected a DataFrame"),
    "changes without columns": (lambda: measures.trend_survival(None, NO_COLUMNS), "changes: expec"),
    "a sheet of less than one": (lambda: draw(0), "labels: expected a whole number of 1 or more"),
    "a sheet of a half": (lambda: draw(5.5), "labels: expected a whole number"),
    "a sheet with a wrong seed": (lambda: draw(9, random_state=-1), "seed: expected"),
    "labels without columns": (
        lambda: labelling.labelled_shares(None, NO_COLUMNS),
        "labels: expected columns passage_id, stratum, probability, themes",
    ),
    "labels of no coder": (lambda: labelling.coder_agreement(FRAME), "coder, themes missing"),
    "a figure by an unknown column": (
        lambda: figures.documents_by(SimpleNamespace(documents=DOCUMENTS), "editor"),
        "column: expected one of document_id, text; found 'editor'",
    ),
    "a figure of no table": (lambda: figures.theme_trends(None, NO_COLUMNS, NO_COLUMNS), "shares: ex"),
    "a figure of other columns": (lambda: figures.shares_by_group(None, FRAME), "first, second, cl"),
}  # fmt: skip


def draw(n, **options):
    run = SimpleNamespace(themes=pd.DataFrame({"theme_id": ["ferries"]}))
    return labelling.draw_sheet(run, n, **options)


@pytest.mark.parametrize("kind", WRONG_MEASURES)
def test_what_cannot_be_measured_is_refused(kind):
    call, message = WRONG_MEASURES[kind]
    with pytest.raises(InputError, match=message) as told:
        call()
    assert "\n" not in str(told.value)
