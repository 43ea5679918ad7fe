"""What notebooks show beside figures: tables, and passages by theme. All text is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from topics import labelling, measures
from topics.figures import claims
from topics.figures import format as fmt
from topics.figures.themes import quotes, theme_link
from topics.figures.themes import theme_cards as theme_cards
from topics.figures.trends import emerging, sparklines
from topics.html import Finding, Html, note, sentence, table
from topics.parallel import copies, side_by_side
from topics.read.fields import language_name

if TYPE_CHECKING:
    from topics.run import Run

_TEXTS = ("block", "longest")  # columns that quote documents
_MAX_QUOTED = 2  # passages of a theme
_MAX_OTHERS = 50_000  # passages, at random, that tell how often a group uses a word elsewhere
_CHANGES = ("new", "grown", "steady", "shrunk", "vanished")


def _nothing(text: str, kind: str) -> Html:
    """A sentence where there is nothing to show."""
    return note(text, Finding(text, kind, "none"))


def corpus_table(frame: pd.DataFrame, otherwise: str, max_rows: int = 50) -> Html:
    """A frame about the corpus as a table, or the sentence `otherwise` where it has no rows."""
    return _nothing(otherwise, "corpus") if frame.empty else table(frame, max_rows)


def quoting_table(run: Run, frame: pd.DataFrame, otherwise: str, max_rows: int = 50) -> Html:
    """As `corpus_table`, for a frame that quotes documents; a report without texts drops that."""
    dropped = frame.columns.intersection(_TEXTS) if run.options.no_text else []
    return corpus_table(frame.drop(columns=dropped), otherwise, max_rows)


def _quoted(run: Run, heading: str, ids: Iterable[str]) -> str:
    """An article of the passages with these ids."""
    quoted = quotes(run, ids).markup
    return f"<article class='card'><h4>{escape(heading)}</h4>{quoted}</article>"


def theme_table(run: Run, shares: pd.DataFrame) -> Html:
    """All themes, the largest first: size, share by period, main voice, languages and verdict.

    `shares` is from `measures.shares_over_time`. Names lead to the themes' cards, counts to their
    passages. What is the same for all themes, as the voice of a single source, is left out.
    """
    support = measures.theme_support(run)
    several = run.documents[["source", "language"]].nunique() > 1
    lines, scale = sparklines(run, shares)
    languages = _languages_by_theme(run)
    rows = []
    for theme in support.sort_values("documents", ascending=False, kind="stable").itertuples():
        theme_id, voice = theme.theme_id, None
        if theme.sources and several["source"]:
            own = fmt.search_state(theme=theme_id, source=theme.largest_source)
            link = f"<a href='{escape(own)}'>{escape(theme.largest_source)}</a>"
            voice = Html(f"{link} {theme.source_share:.0%}")
        count = f"<a href='{fmt.search_state(theme=theme_id)}'>{theme.documents:,}</a>"
        language = languages.get(theme_id) if several["language"] else None
        name = Html(theme_link(run, theme_id))
        rows.append((name, Html(count), lines.get(theme_id), voice, language, theme.verdict))
    columns = ["theme", "documents", "share", "main voice", "languages", "verdict"]
    shown = pd.DataFrame(rows, columns=columns).dropna(axis="columns", how="all")
    below = f"<p class='quiet'>{escape(scale)}</p>" if scale else ""
    return Html(f"<div class='overview'>{table(shown, len(shown)).markup}{below}</div>")


def _languages_by_theme(run: Run) -> pd.Series:
    """The two main languages of each theme's passages, and how many more there are."""
    languages = run.assignments.merge(run.passages[["passage_id", "language"]], on="passage_id")
    counts = languages.groupby("theme_id")["language"].value_counts().reset_index()
    return counts.groupby("theme_id")["language"].agg(_first_two)


def _first_two(languages: pd.Series) -> str:
    more = len(languages) - 2
    return ", ".join(languages[:2].map(language_name)) + (f" +{more}" if more > 0 else "")


def families(run: Run) -> Html:
    """Discovered themes that fall into one cluster at the next coarser level."""
    themes = run.themes
    is_head = themes["theme_id"].isin(themes["parent"])
    family = themes["parent"].where(~is_head, themes["theme_id"])
    if family.isna().all():
        return _nothing("The themes form no families at a coarser level.", "themes")
    by_family = themes["theme_id"].groupby(family, sort=False)
    n, n_families = fmt.plural(int(family.count()), "discovered theme"), by_family.ngroups
    text = f"One level up, {n} form {fmt.plural(n_families, 'family')}."
    rows = []
    for _, ids in by_family:
        passages = run.assignments.loc[run.assignments["theme_id"].isin(ids), "passage_id"]
        rows.append((passages.nunique(), Html(" ".join(theme_link(run, own) for own in ids))))
    rows.sort(key=lambda row: -row[0])
    shown = pd.DataFrame(rows, columns=["passages", "themes"])
    return sentence(Finding(text, "themes")) + table(shown)


def changes_table(run: Run) -> Html:
    """What changed since the earlier run that this one was given."""
    if run.changes.empty:
        return _nothing("No earlier report was given to compare with.", "changes")
    found = run.changes.sort_values("change", kind="stable")
    counts = found["change"].value_counts()
    text = ", ".join(f"{counts.get(change, 0)} {change}" for change in _CHANGES)
    finding = Finding(f"Since the earlier report: {text}.", "changes")
    return sentence(finding) + table(found.drop(columns="theme_id"))


def counted_documents(document_themes: measures.DocumentThemes) -> Html:
    """What shares are counted in, and what is left out for want of a date."""
    documents, dated = document_themes.documents, document_themes.dated.documents
    unknown = int(documents["date"].isna().sum())
    stray = len(documents) - unknown - len(dated)
    text = f"{fmt.plural(len(dated), 'independent document')} with a date"
    text += f"; {unknown:,} without one" if unknown else ""
    text += f"; {stray:,} left out whose date is far from all others" if stray else ""
    return note(f"{text}.", Finding(f"{text}.", "corpus"))


def change_point_table(run: Run, change_points: pd.DataFrame) -> Html:
    """Each move with its shape, dates, levels, difference and p; from `find_change_points`."""
    if change_points.empty:
        return _nothing("There are no change points to list.", "change points")
    points = 100 * change_points[["difference", "low", "high"]].to_numpy()
    dates = change_points[["period", "earliest", "latest"]].map(partial(fmt.when, run))
    dates.columns = ["from", "at the earliest", "at the latest"]
    levels = change_points[["before", "after"]].map("{:.1%}".format)
    shown = change_points[["theme_id", "shape"]].join(dates).join(levels)
    shown["points (95%)"] = ["{:+.1f} ({:+.1f} to {:+.1f})".format(*row) for row in points]
    shown["p"] = change_points["p"]
    return table(fmt.with_names(run, shown))


def passages_around_changes(run: Run, change_points: pd.DataFrame, max_changes: int = 3) -> Html:
    """For the clearest change points, the theme's best passage before and after."""
    if change_points.empty:
        return _nothing("There are no change points to quote around.", "change points")
    names, shown = fmt.theme_names(run), ""
    for row in claims.clearest_first(change_points).head(max_changes).itertuples():
        own = _dated_passages(run, row.theme_id)
        best = own.sort_values("score", ascending=False, kind="stable")
        ids = best.groupby(best["date"] >= row.period)["passage_id"].first()
        shown += _quoted(run, f"{names[row.theme_id]}, before and after {row.period:%Y-%m-%d}", ids)
    return Html(shown)


def first_passages(run: Run, document_themes: measures.DocumentThemes) -> Html:
    """The first passages of each theme that is new or rising, from where it began to be."""
    found = emerging(document_themes).dropna(subset="kind")
    if found.empty:
        return _nothing("There is no new or rising theme to quote.", "passages")
    names, shown = fmt.theme_names(run), ""
    for row in found.itertuples():
        own = _dated_passages(run, row.theme_id).sort_values("date", kind="stable")
        ids = own.loc[own["date"] >= row.since, "passage_id"].head(_MAX_QUOTED)
        shown += _quoted(run, f"{names[row.theme_id]}: {row.kind}", ids)
    return Html(shown)


def _passages_by_theme(run: Run) -> list[tuple[str, pd.Series]]:
    """Each theme that a passage has, in the order of themes, and the ids of its passages."""
    own = dict(iter(run.assignments.groupby("theme_id")["passage_id"]))
    return [(theme_id, own[theme_id]) for theme_id in run.themes["theme_id"] if theme_id in own]


def _dated_passages(run: Run, theme_id: str) -> pd.DataFrame:
    """passage_id, score and date of a theme's passages in independent, dated documents."""
    own = run.assignments[run.assignments["theme_id"] == theme_id]
    found = own.merge(run.passages[["passage_id", "document_id", "date"]], on="passage_id")
    return found[found["document_id"].isin(run.copy_of)].dropna(subset="date")


def distinctive_words_table(run: Run, groups: pd.Series, max_words: int = 4) -> Html:
    """For each theme, the words that a source, country or period uses more than the others.

    `groups` has the source, country or period of each row of `run.passages`; its name says which.
    """
    column = str(groups.name)
    if groups.nunique() < 2:
        return _nothing(f"There is no second {column} to compare words with.", "words")
    passages = run.passages[["passage_id", "document_id", "text"]].assign(group=groups)
    passages = passages[passages["document_id"].isin(run.copy_of)]
    others = passages.sample(min(_MAX_OTHERS, len(passages)), random_state=0)
    every = [*_passages_by_theme(run)]

    def rows_of(themes: list[tuple[str, pd.Series]]) -> bytes:
        found = []
        for theme_id, own in themes:
            has_theme = passages[passages["passage_id"].isin(own)]
            elsewhere = others[~others["passage_id"].isin(own)]
            words = measures.distinctive_words(has_theme, has_theme["group"], max_words, elsewhere)
            words["told"] = [f"{row.word} ({row.n} : {row.n_others})" for row in words.itertuples()]
            told = words.groupby("group")["told"].agg(", ".join)
            found += [(theme_id, str(group), text) for group, text in told.items()]
        return json.dumps(found).encode()

    parts = (partial(rows_of, every[start :: copies()]) for start in range(copies()))
    rows = [row for part in side_by_side(*parts) for row in json.loads(part)]
    if not rows:
        return _nothing(f"No {column} uses a word clearly more than the others.", "words")
    ids = [theme_id for theme_id, _ in every]
    rows.sort(key=lambda row: ids.index(row[0]))
    shown = pd.DataFrame(rows, columns=["theme_id", column, "words"])
    told = f"<p>Behind each word: documents of the {column} with it, and of the others.</p>"
    return Html(told) + table(fmt.with_names(run, shown))


def trust_table(run: Run, survival: pd.DataFrame, gold: str | None = None) -> Html:
    """A row a theme: what it rests on, whether its trend survives refits, and what to beware of.

    `survival` is from `measures.trend_survival`, `gold` a file of labels made by people.
    """
    facts = measures.theme_support(run).merge(survival, on="theme_id", how="left")
    if facts.empty:
        return _nothing("There is no theme to judge.", "trust")
    warnings = [claims.warnings_of(row) for row in facts.itertuples()]
    facts["caution"] = ["; ".join(own) for own in warnings]
    shares = facts["source_share"].map(" ({:.0%})".format, na_action="ignore")
    facts["largest_source"] = facts["largest_source"] + shares
    facts["survives"] = facts["survives"].map("{:.0%}".format, na_action="ignore")
    columns = ["theme_id", "verdict", "caution", "documents", "independent", "sources", "largest_source",
               "stability", "borne_out", "phrased", "claim", "survives"]  # fmt: skip
    if gold:
        agreement = labelling.label_agreement(run, _gold_labels(run, gold)).themes
        facts = facts.drop(columns="precision").merge(agreement, on="theme_id", how="left")
        columns += ["precision", "recall"]
    known = facts[columns].dropna(axis="columns", how="all")
    shown = fmt.with_names(run, known).rename(columns={"claim": "trend"})
    return sentence(claims.of_trust(run, warnings)) + table(shown)


def label_agreement(run: Run, gold: str | None) -> Html:
    """Precision and recall of named themes and AMI of clusters against labels made by people."""
    if not gold:
        text = "No labels were given: label a few hundred passages before relying on any share."
        return _nothing(text, "labels")
    labels = _gold_labels(run, gold)
    n_labelled = int(labels.notna().sum())
    if not n_labelled:
        text = f"None of the labels in {gold} belongs to a passage of this corpus."
        return _nothing(text, "labels")
    found = labelling.label_agreement(run, labels)
    text = (
        f"{n_labelled:,} of {fmt.plural(len(labels), 'passage')} ({labels.notna().mean():.0%}) have "
        f"labels. Over the {found.n:,} with exactly one, discovered clusters agree with them with "
        f"an adjusted mutual information of {found.ami:.2f} (0 is chance, 1 is perfect)."
    )
    taught = found.themes.dropna()[["f1", "f1_untaught"]].mean()
    if taught.notna().all():
        text += (
            f" Taught by the labels of other documents, named themes agree with F1 "
            f"{taught['f1']:.2f}; taught by none, {taught['f1_untaught']:.2f}."
        )
    told = sentence(Finding(text, "labels"))
    return told + table(fmt.with_names(run, found.themes)) if len(found.themes) else told


def _gold_labels(run: Run, gold: str) -> pd.Series:
    return labelling.labels_of_passages(run.passages, run.documents, labelling.read_gold(gold))


def corrected_shares(run: Run, folder: str | None, change_points: pd.DataFrame) -> Html:
    """Shares and changes corrected by a labelled sheet: a folder with ``key.csv`` and a sheet a coder."""
    if not folder:
        text = "No labelled sheet was given, so shares are as the model counts them."
        return _nothing(text, "labels")
    labels = labelling.read_folder(folder, run.themes["theme_id"])
    n_coders = labels["coder"].nunique()
    text = (
        f"{fmt.plural(labels['passage_id'].nunique(), 'passage')} labelled by "
        f"{fmt.plural(n_coders, 'coder')}, {labels.attrs['blank']} left blank."
    )
    shares = labelling.labelled_shares(run, labels)
    told = sentence(Finding(text, "labels")) + table(fmt.with_names(run, shares))
    if len(change_points):
        told += table(fmt.with_names(run, labelling.labelled_changes(run, labels, change_points)))
    if n_coders > 1:
        told += table(fmt.with_names(run, labelling.coder_agreement(labels)))
    return told


def front_page_table(run: Run, *shown: go.Figure | Html) -> Html:
    """What the report claims first, by what figures and tables say; as in findings.json."""
    told = [
        (asdict(one.finding) if one.finding else None)
        if isinstance(one, Html)
        else one.layout.meta["finding"]
        for one in shown
    ]
    every = [claim for finding in told for claim in claims.claims_in(finding)]
    rows = [vars(claim) for claim in [*claims.front_page(every), *claims.of_corpus(run)]]
    return table(pd.DataFrame(rows, columns=["level", "kind", "text", "n", "sources"]))


def negative_controls(run: Run, placebo: pd.DataFrame) -> Html:
    """Two checks that should find nothing: dates at random, and a theme that is not there.

    `placebo` are the `find_change_points` of permuted dates.
    """
    taken, n = measures.absent_theme(run)
    text = f"An invented theme, falconry, was given {len(taken)} of {fmt.plural(n, 'passage')}."
    if run.documents["date"].nunique() > 1:
        text = (
            "With dates exchanged at random within each source, "
            f"{fmt.plural(len(placebo), 'change')} (one corpus in twenty may show any). {text}"
        )
    return sentence(Finding(text, "trust")) + quotes(run, taken[:_MAX_QUOTED])


def passages_to_check(run: Run, seed: int = 0) -> Html:
    """Of each theme, folded: passages that only just have it, and some at random."""
    shown, names = "", fmt.theme_names(run)
    for theme_id, own in _passages_by_theme(run):
        at_random = own.sample(min(_MAX_QUOTED, len(own)), random_state=seed)
        only_just = measures.borderline(run, theme_id, _MAX_QUOTED)
        shown += (
            f"<details><summary>{escape(names[theme_id])}</summary>"
            f"<p>Only just:</p>{quotes(run, only_just).markup}"
            f"<p>At random:</p>{quotes(run, at_random).markup}</details>"
        )
    return Html(shown) if shown else _nothing("No passage has a theme.", "passages")


def passages_without_theme(run: Run, seed: int = 0, max_passages: int = 4) -> Html:
    """Some passages that have no theme, at random."""
    ids = run.passages["passage_id"]
    without = ids[~ids.isin(run.assignments["passage_id"])]
    if without.empty:
        return _nothing("Every passage has a theme.", "passages")
    share, total = len(without) / len(ids), fmt.plural(len(ids), "passage")
    have = "has" if len(without) == 1 else "have"
    text = f"{len(without):,} of {total} ({fmt.percent(share)}) {have} no theme."
    at_random = without.sample(min(max_passages, len(without)), random_state=seed)
    return sentence(Finding(text, "passages")) + quotes(run, at_random)
