"""Pieces of HTML that notebooks show: theme cards, tables, quoted passages. All text is escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from topics import figures, labelling, measures
from topics.errors import InputError
from topics.html import Html, note, table
from topics.run import Run
from topics.vectors.quotes import best_sentence

_FEW = 10  # independent documents, below which a theme's share is an anecdote
_CHANGES = ("new", "grown", "steady", "shrunk", "vanished")


def shown(figure: go.Figure | None, otherwise: str) -> go.Figure | Html:
    """The figure, or, where there is none to draw, a sentence that says why."""
    return note(otherwise) if figure is None else figure


def or_why(make: Callable[[], Any], otherwise: str | None = None) -> Any:
    """What `make` returns, or, where the data do not allow it, why not, or another sentence."""
    try:
        return make()
    except InputError as error:
        return note(otherwise or f"{error}.")


def counted(carried: measures.DocumentThemes) -> Html:
    """What the shares are counted in, and what is left out for want of a date."""
    documents, dated = carried.documents, carried.dated.documents
    unknown = int(documents["date"].isna().sum())
    stray = len(documents) - unknown - len(dated)
    text = f"{figures.plural(len(dated), 'independent document')} with a date"
    text += f"; {unknown:,} without one" if unknown else ""
    text += f"; {stray:,} left out whose date is far from all others" if stray else ""
    return note(f"{text}.")


def quotes(run: Run, passage_ids: Iterable[str], like: np.ndarray | None = None) -> Html:
    """Passages quoted whole, with date, source, title and place in their file.

    In each, the sentence nearest to the vector `like` is marked, where one is given. The number
    of a passage links to where the report lets its reader look around it, if it is there.
    """
    numbers = np.zeros(len(run.passages), int)
    numbers[run.fitted] = range(1, len(run.fitted) + 1)
    passages = run.passages.assign(number=numbers).set_index("passage_id")
    parts = []
    for passage in (passages.loc[passage_id] for passage_id in passage_ids):
        marked = (0, 0)
        if like is not None:
            marked = best_sentence(passage["text"], like, passage["language"], run.model.embedder)
        parts.append(_quote(passage, *marked))
    return Html("".join(parts))


def _quote(passage: pd.Series, start: int, end: int) -> str:
    parts = [passage["source"], passage["title"]]
    if not pd.isna(passage["date"]):
        parts.insert(0, f"{passage['date']:%Y-%m-%d}")
    about = " · ".join(str(part) for part in parts if isinstance(part, str))
    place = f"{passage['document_id']}, characters {passage['start']}–{passage['end']}"
    number = passage["number"]
    link = f"<a href='#p-{number}'>passage {number}</a> · " if number else ""
    text = escape(passage["text"])
    if 0 < end - start < len(passage["text"]):
        cuts = slice(start), slice(start, end), slice(end, None)
        text = "{}<mark>{}</mark>{}".format(*(escape(passage["text"][cut]) for cut in cuts))
    return (
        f"<blockquote><p>{text}</p>"
        f"<footer>{escape(about)}{' · ' if about else ''}{link}<code>{escape(place)}</code></footer>"
        "</blockquote>"
    )


def theme_cards(run: Run) -> Html:
    """A card a theme: what it is called, how much of it there is, and the passages that show it."""
    facts = measures.theme_support(run).set_index("theme_id")
    return Html("".join(_card(run, theme, facts) for theme in run.themes.itertuples()))


def _card(run: Run, theme: Any, facts: pd.DataFrame) -> str:
    own, model = facts.loc[theme.theme_id], run.model
    if theme.n_passages == 0:
        body = "<p>No passage of this corpus carries it.</p>"
    else:
        count = (
            f"{figures.plural(theme.n_passages, 'passage')} in {figures.plural(own['documents'], 'document')} "
            f"({own['independent']} independent of others)"
        )
        if isinstance(own["largest_source"], str):
            count += f"; most by {own['largest_source']} ({own['source_share']:.0%})"
        if not pd.isna(own["stability"]):
            count += f"; stability {own['stability']:.2f}"
        body = (
            f"<p>{escape(count)}.</p><p>Keywords: {escape(theme.keywords)}</p>"
            f"{quotes(run, model.exemplars(theme.theme_id), model.centroid(theme.theme_id)).markup}"
        )
    return (
        f"<article class='card'><h4 id='theme-{escape(theme.theme_id)}'>{escape(theme.name)} "
        f"<small>{escape(theme.kind)}</small></h4>{body}</article>"
    )


def table_or_note(frame: pd.DataFrame, otherwise: str, most: int = 50) -> Html:
    """The frame as a table, or a sentence if it has no rows."""
    return note(otherwise) if frame.empty else table(frame, most)


def named(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with names of themes in place of their ids, ready to be read."""
    names = run.themes.set_index("theme_id")["name"]
    renamed = frame.assign(theme=frame["theme_id"].map(names)).drop(columns="theme_id")
    return renamed[["theme", *renamed.columns.drop("theme")]]


def agreement(run: Run, gold: str | None) -> Html:
    """Precision and recall of named themes and AMI of clusters against labels made by people."""
    if not gold:
        return note(
            "No labels were given. Label a few hundred passages by hand before you rely on a "
            "theme's share: without labels its errors cannot be known."
        )
    scores, ami, n, labels = _gold_scores(run, gold)
    if labels.isna().all():
        return note(f"None of the labels in {gold} belongs to a passage of this corpus.")
    share = labels.notna().mean()
    text = (
        f"{labels.notna().sum():,} of {len(labels):,} passages ({share:.0%}) have labels. Discovered "
        f"clusters agree with them with an adjusted mutual information of {ami:.2f} (0 is chance, "
        f"1 is perfect), over the {n:,} passages that carry exactly one label."
    )
    found = table(named(run, scores)).markup if len(scores) else ""
    return Html(f"<p>{escape(text)}</p>{found}")


def _gold_scores(run: Run, gold: str) -> tuple[pd.DataFrame, float, int, pd.Series]:
    labels = measures.labels_of_passages(run.passages, run.documents, measures.read_gold(gold))
    return *measures.label_agreement(run, labels), labels


def labelled(run: Run, folder: str | None) -> Html:
    """Shares corrected by a labelled sheet: a folder with ``key.csv`` and a sheet a coder."""
    if not folder:
        return note(
            "No labelled sheet was given with the parameter labels, so shares are as the model counts them."
        )
    labels = labelling.read_folder(folder, run.themes["theme_id"])
    shares = labelling.labelled_shares(run, labels)
    coders = labels["coder"].nunique()
    text = (
        f"{figures.plural(labels['passage_id'].nunique(), 'passage')} labelled by "
        f"{figures.plural(coders, 'coder')}, {labels.attrs['blank']} left blank."
    )
    found = table(named(run, shares)).markup
    if coders > 1:
        found += table(named(run, labelling.coder_agreement(labels))).markup
    return Html(f"<p>{escape(text)}</p>{found}")


def changes(run: Run) -> Html:
    """What changed since the earlier run that this one was given."""
    found = run.changes
    if found.empty:
        return note("No earlier report was named to compare with; --base names one.")
    found = found.sort_values("change", kind="stable").drop(columns="theme_id")
    kinds = found["change"].value_counts()
    counts = ", ".join(f"{kinds.get(kind, 0)} {kind}" for kind in _CHANGES)
    return Html(f"<p>Since the earlier report: {counts}.</p>" + table(found).markup)


def trust(run: Run, conclusions: pd.DataFrame, gold: str | None = None) -> Html:
    """A row a theme: what it rests on, whether its trend survives refits, and what to beware of.

    `conclusions` is from `measures.trend_survival`, `gold` a file of labels made by people.
    """
    facts = measures.theme_support(run).merge(conclusions, on="theme_id", how="left")
    facts["stability"] = facts["stability"].fillna(facts["overlap"])
    scores = _gold_scores(run, gold)[0].set_index("theme_id") if gold else pd.DataFrame()
    beware = [_warnings(row) for row in facts.itertuples()]
    names = facts["theme_id"].map(figures.theme_names(run))
    largest = [
        f"{row.largest_source} {row.source_share:.0%}" if row.sources else None
        for row in facts.itertuples()
    ]
    shown = pd.DataFrame(
        {
            "theme_id": facts["theme_id"],
            "documents": facts["documents"],
            "without copies": facts["independent"],
            "sources": facts["sources"],
            "largest source": largest,
            "stability": facts["stability"],
            "trend": facts["claim"],
            "survives": facts["survives"].map("{:.0%}".format, na_action="ignore"),
            **{c: facts["theme_id"].map(scores[c]) for c in ("precision", "recall") if c in scores},
            "beware": beware,
        }
    )
    line = f"Themes that call for care: {sum(map(bool, beware))} of {len(facts)}{_by_kind(beware, names)}."
    return Html(f"<p>{escape(line)}</p>{table(named(run, shown)).markup}")


def _by_kind(beware: list[str], names: Iterable[str]) -> str:
    """Which themes each kind of warning is about, three named at most."""
    about: dict[str, list[str]] = {}
    for warnings, name in zip(beware, names, strict=True):
        for warning in filter(None, warnings.split("; ")):
            about.setdefault(re.sub(r" \(\d+\)$", "", warning), []).append(name)
    told = [
        f"{kind}: {', '.join(them[:3])}" + (f" and {len(them) - 3} more" if len(them) > 3 else "")
        for kind, them in about.items()
    ]
    return f" ({'; '.join(told)})" if told else ""


def _warnings(row: Any) -> str:
    tests = {
        f"few documents ({row.independent})": row.independent < _FEW,
        f"mostly {row.largest_source}": row.source_share > 0.5,
        "does not come back in refits": row.stability < 0.6,
        "copies make up much of it": row.documents > 1.5 * max(row.independent, 1),
        "its trend hangs on the fit": row.survives < 0.9,
    }
    return "; ".join(text for text, holds in tests.items() if holds)


def breaks(run: Run, shares: pd.DataFrame, found: pd.DataFrame) -> Html:
    """The breaks as a table, or why there are none; from `measures`, shares over time and breaks."""
    periods = shares.loc[shares["n_total"] > 0, "period"].nunique()
    reasons = {0: "No document has a date, so no break can be found.",
               1: "All dates fall into one period, so no break can be found."}  # fmt: skip
    otherwise = reasons.get(periods, "No clear change in any theme: there is no break to list.")
    if found.empty:
        return note(otherwise)
    shown = pd.DataFrame(
        [
            (
                row.theme_id, figures.day_or_month(row.period),
                f"{figures.day_or_month(row.earliest)} to {figures.day_or_month(row.latest)}",
                f"{row.before:.1%}", f"{row.after:.1%}",
                f"{100 * row.difference:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})",
                f"{row.p:.3f}",
            )
            for row in found.itertuples()
        ],
        columns=["theme_id", "from", "it may lie", "before", "after", "points (95%)", "p"],
    )  # fmt: skip
    return table(named(run, shown))


def either_side(run: Run, breaks: pd.DataFrame, most: int = 3) -> Html:
    """For the clearest breaks, the theme's best passage before and after it."""
    names = figures.theme_names(run)
    clearest = breaks.reindex(breaks["difference"].abs().sort_values(ascending=False).index)
    parts = []
    for row in clearest.head(most).itertuples():
        best = _carriers(run, row.theme_id).sort_values("score", ascending=False, kind="stable")
        ids = [
            side["passage_id"].head(1)
            for side in (best[best["date"] < row.period], best[best["date"] >= row.period])
        ]
        heading = f"{names[row.theme_id]}, before and after {row.period:%Y-%m-%d}"
        parts.append(_article(heading, quotes(run, pd.concat(ids))))
    return Html("".join(parts)) if parts else note("There is no break to show.")


def earliest(run: Run, emergence: pd.DataFrame, most: int = 2) -> Html:
    """The first passages of each theme that is new or rising, from where it began to be."""
    names = figures.theme_names(run)
    parts = []
    for row in emergence.dropna(subset="kind").itertuples():
        own = _carriers(run, row.theme_id)
        own = own[own["date"] >= row.since].sort_values("date", kind="stable")
        parts.append(
            _article(
                f"{names[row.theme_id]}: {row.kind}", quotes(run, own["passage_id"].head(most))
            )
        )
    return (
        Html("".join(parts))
        if parts
        else note("No theme is new or rising, so there is none to quote.")
    )


def _carriers(run: Run, theme_id: str) -> pd.DataFrame:
    """passage_id, score and date of the independent, dated passages that carry a theme."""
    own = run.assignments[run.assignments["theme_id"] == theme_id]
    found = own.merge(run.passages[["passage_id", "document_id", "date"]], on="passage_id")
    return found[found["document_id"].isin(run.copy_of)].dropna(subset="date")


def _article(heading: str, body: Html) -> str:
    return f"<article class='card'><h4>{escape(heading)}</h4>{body.markup}</article>"


def wording(run: Run, sides: pd.Series, most: int = 4) -> Html:
    """For each theme, the words that mark a side (a source, country or period) among the others.

    `sides` has a side for each row of `run.passages`; its name says what they are.
    """
    what, parts = str(sides.name), []
    independent = run.passages["document_id"].isin(run.copy_of)
    for theme_id, own in run.assignments.groupby("theme_id", sort=False):
        carrying = independent & run.passages["passage_id"].isin(own["passage_id"])
        words = measures.distinctive_words(run.passages[carrying], sides[carrying], most)
        told = pd.Series(
            [f"{row.word} ({row.n} : {row.n_others})" for row in words.itertuples()], dtype="str"
        )
        joined = told.groupby(words["side"], sort=True).agg(", ".join)
        parts.append(pd.DataFrame({"theme_id": theme_id, what: joined.index, "words": joined}))
    found = pd.concat(parts) if parts else pd.DataFrame()
    if found.empty:
        return note(
            f"No word marks one {what} beside the others; fewer than five documents of a theme are not looked at."
        )
    line = f"Behind each word, documents of the {what} with it and of the others."
    return Html(f"<p>{line}</p>{table(named(run, found)).markup}")


def leads(run: Run, found: pd.DataFrame) -> Html:
    """Which source follows another, from `measures.leads`; or that none clearly does."""
    if found.empty:
        return note("Too few dated documents of two sources to tell who leads.")
    clear = found[found["p"] <= 0.05]
    text = f"No source clearly leads another in any theme ({len(found)} comparisons)."
    return table_or_note(named(run, clear), text)


def doubtful(run: Run, seed: int, most: int = 2) -> Html:
    """Of each theme, folded away: passages that only just carry it, and some at random."""
    parts = []
    for theme in run.themes.itertuples():
        own = run.assignments.query("theme_id == @theme.theme_id")["passage_id"]
        if own.empty:
            continue
        chance = own.sample(min(most, len(own)), random_state=seed)
        only_just = measures.borderline(run, theme.theme_id, most)
        parts.append(
            f"<details><summary>{escape(theme.name)}</summary>"
            f"<p>Only just:</p>{quotes(run, only_just).markup}"
            f"<p>At random:</p>{quotes(run, chance).markup}</details>"
        )
    return Html("".join(parts)) if parts else note("No passage carries a theme.")


def controls(run: Run, placebo: pd.DataFrame) -> Html:
    """Two checks that should find nothing: dates at random, and a theme that is not there.

    `placebo` are the `find_change_points` of permuted dates.
    """
    taken, n = measures.absent_theme(run)
    lines = [
        f"With dates permuted within sources: {figures.plural(len(placebo), 'break')}; up to one run in twenty may find one.",
        f"An invented theme, falconry, was given {len(taken)} of {figures.plural(n, 'passage')}.",
    ]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return Html(f"<ul>{items}</ul>" + quotes(run, taken[:2]).markup)


def without_theme(run: Run, seed: int, most: int = 5) -> Html:
    """Some passages that carry no theme, at random."""
    ids = run.passages["passage_id"]
    none = ids[~ids.isin(run.assignments["passage_id"])]
    if none.empty:
        return note("Every passage carries a theme.")
    share = len(none) / len(ids)
    chosen = none.sample(min(most, len(none)), random_state=seed)
    line = f"<p>{len(none):,} of {len(ids):,} passages ({share:.0%}) carry no theme.</p>"
    return Html(line + quotes(run, chosen).markup)
