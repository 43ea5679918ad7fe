"""Small runs and tables of documents and themes that several test files count from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topics import Corpus, Run, ThemeModel, embed, split_passages
from topics.measures import DocumentThemes
from topics.text.duplicates import near_duplicate_groups

NO_ROWS = pd.DataFrame()
NO_LABELS = pd.DataFrame(columns=["passage_id", "theme_id", "label", "before", "after"])
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


def run_around(model, corpus, left_out, passages, vectors, layout):
    """A run on a model that was fitted on all passages."""
    fitted, assignments = np.arange(len(passages)), model.assignments_
    about = {"fit": {"corpus": "", "passages": len(passages)}}
    documents = corpus.documents
    known = not documents.empty
    copy_of = near_duplicate_groups(documents, "document_id") if known else pd.Series(dtype="str")
    return Run(
        corpus,
        left_out,
        copy_of,
        passages,
        vectors,
        model,
        fitted,
        fitted,
        assignments,
        layout,
        about,
    )


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
    return run_around(model, corpus, left_out, passages, vectors, np.zeros((len(texts), 2)))


def run_with(documents, carried, *, named=(), clusters=()):
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
    model.themes_ = pd.DataFrame(
        {
            "theme_id": list(carried),
            "name": [i.title() for i in carried],
            "keywords": "",
            "stability": 0.8,
        }
    )
    model.assignments_ = pd.DataFrame(
        [
            (f"{document}:1", theme_id, 1 - place / 10)
            for theme_id, own in carried.items()
            for place, document in enumerate(own)
        ],
        columns=["passage_id", "theme_id", "score"],
    )
    model.clusters_ = np.array(clusters)
    model.finer_clusters_ = np.zeros(len(table), int)
    model.validated_ = NO_LABELS
    corpus = Corpus(table, NO_ROWS, NO_ROWS, NO_ROWS, NO_ROWS)
    left_out = pd.DataFrame({"document_id": []})
    passages = split_passages(table)
    return run_around(model, corpus, left_out, passages, NO_ROWS, NO_ROWS)


def document_themes(dates, sources, **carries):
    """One document a date and source; for each theme, whether the document carries it."""
    documents = pd.DataFrame(
        {
            "document_id": [f"d{i}" for i in range(len(dates))],
            "date": pd.to_datetime(pd.Series(list(dates), dtype=object)),
            "source": pd.Series(list(sources), dtype="str"),
            "country": pd.Series([None] * len(dates), dtype="str"),
            "language": "en",
        }
    )
    themes = {name: np.array(carried, dtype=bool) for name, carried in carries.items()}
    return DocumentThemes(documents, pd.DataFrame(themes, index=documents.index))


def rows(table, *columns):
    """Some columns of a table as a list of tuples."""
    return list(table[list(columns)].itertuples(index=False, name=None))


def monthly(rng, rates, *, per_source=20, sources=("Gull", "Heron"), start="2025-01-01"):
    """So many documents a month and source, on days at random; with `ferries` at each rate.

    `rates` is ``(months,)`` or ``(months, sources)``; `grain` is in a fifth throughout.
    """
    rates = np.broadcast_to(np.transpose(rates), (len(sources), len(rates))).T
    months = pd.date_range(start, periods=len(rates), freq="MS")
    dates = months.repeat(len(sources) * per_source)
    dates += pd.to_timedelta(rng.integers(28, size=len(dates)), "D")
    names = np.tile(np.repeat(sources, per_source), len(rates))
    ferries = rng.random(len(dates)) < np.repeat(rates.ravel(), per_source)
    return document_themes(dates, names, ferries=ferries, grain=rng.random(len(dates)) < 0.2)


def rising_run():
    """Six months of two sources: `no first use` in all documents of the last two months alone,
    `fragile states` in more of them the later they are.
    """
    said = "No first use and fragile states" + "".join(f" {{0}}x{i}" for i in range(20))
    ids = [f"{month}-{i}" for month in range(1, 7) for i in range(20)]
    documents = [
        (name, f"2025-0{name[0]}-{10 + i % 10}", ("Gull", "Heron")[i % 2], said.format(name))
        for i, name in enumerate(ids)
    ]
    last = [name for name in ids if name[0] in "56"]
    more = [name for i, name in enumerate(ids) if i % 20 < 3 * int(name[0])]
    return run_with(documents, {"no first use": last, "fragile states": more})


def change_points(*found):
    """As `measures.find_change_points` finds them, from (theme, first day, before, after)."""
    table = pd.DataFrame(found, columns=["theme_id", "period", "before", "after"])
    table["period"] = table["earliest"] = table["latest"] = pd.to_datetime(table["period"])
    gap = table["after"] - table["before"]
    within = {"n_before": 40, "n_after": 50, "sources": 2, "covered": 1.0, "broad": True,
              "shape": "jump", "until": pd.NaT}  # fmt: skip
    return table.assign(difference=gap, low=gap - 0.1, high=gap + 0.1, p=0.01, **within)
