"""What may be claimed of changes, differences and actors: the number tested, with what it rests on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from topics.figures import format as fmt
from topics.html import Finding
from topics.intervals import CLAIM_KINDS, CONFIDENCE, FALSE_ALARMS
from topics.measures.actors import mentions
from topics.measures.change_points import EITHER, SLOW
from topics.measures.shares import voice_of
from topics.measures.trust import THRESHOLDS, share_with_name, theme_support
from topics.model.labels import UNNAMED
from topics.text.words import overlap, tokens

if TYPE_CHECKING:
    from topics.run import Run

_MAX_P = FALSE_ALARMS / CLAIM_KINDS
_MIN_COMPARED = 20  # documents on either side: a share is known to +-.2
_MIN_COVERED = 0.5  # of the documents on either side, of sources that are on both
_MIN_NAMED = 10  # documents that name an actor
_MAX_WRONG = 1 - THRESHOLDS["precision"][1]  # of a usable theme's passages, where labels tell
_MAX_CLAIMS, _MAX_OF_KIND = 5, 2  # on a front page
_OVER_TIME = ("trend", "emergence")
_LEADING = ("trend", "emergence", "source", "actors")  # kinds that a report opens with, in order
_MIN_YEARS = 2  # of which a slope is told by the year
_MIN_SURVIVAL = 0.9  # share of refits
_MAX_TOLD = 2  # themes of a reason for caution that are named
_REASONS = {  # for caution, by the measure that is below the threshold of a usable theme
    "independent": "few independent documents",
    "breadth": "mostly from {largest_source}",
    "stability": "does not come back in refits",
    "borne_out": "no phrase that could name it is in enough of its passages",
    "phrased": "few of its passages hold one of its phrases",
    "precision": "labels say that many of its passages are on something else",
    "prose": "its passages are code or markup",
}
_MAX_KEYWORDS = 5  # of a theme, that say what it is about


def of_changes(run: Run, shares: pd.DataFrame, change_points: pd.DataFrame) -> Finding:
    """The clearest changes of themes that can be claimed, or why there is none."""
    otherwise = "No theme rose or fell by more than chance would explain."
    if len(change_points):
        otherwise = "No change of a theme is sure enough to be claimed."
    elif shares.loc[shares["n_total"] > 0, "period"].nunique() < 2:
        otherwise = "All dated documents fall into one period: no change can be measured."
    claims, names = [], fmt.theme_names(run)
    n_least = change_points[["n_before", "n_after"]].min(axis=1)
    sure = change_points.assign(n_least=n_least)[change_points["p"] <= _MAX_P]
    for row in _reliable(run, clearest_first(sure)).itertuples():
        name, since = names[row.theme_id], _in(run, row.period)
        if not _is_comparable(run, row):
            text = f"Whether {name} rose or fell {since} can't be told: its sources differ before and after."
            claims.append(Finding(text, "trend", "caution", [row.theme_id]))
        elif row.broad and row.n_least >= _MIN_COMPARED and not row.low <= 0 <= row.high:
            n = int(row.n_before + row.n_after)
            on = f"; {n:,} documents"
            if row.sources > 1:
                on += f" of {fmt.plural(row.sources, _voice(run))} that wrote before and after"
            claims.append(_measured(row, f"{name} {_moved(run, row)}", "trend", n, row.sources, on))
    if not claims and not _same_sources_throughout(run):
        text = "Whether themes rose or fell can't be told: most sources wrote early or late only."
        claims = [Finding(text, "trend", "caution")]
    return fmt.claim(claims, "trend", otherwise)


def _voice(run: Run) -> str:
    """What sources are called: where there is only one, its countries speak."""
    return str(voice_of(fmt.dated_documents(run)).name)


def _same_sources_throughout(run: Run) -> bool:
    """Whether enough of the dated documents are of sources that wrote in both halves of the time."""
    documents = fmt.dated_documents(run)
    dates, sources = documents["date"], documents["source"]
    late = dates > dates.min() + (dates.max() - dates.min()) / 2
    halves = pd.crosstab(sources, late[dates.notna()])
    both = halves[(halves > 0).all(axis=1)].sum().sum()
    return bool(halves.shape[1] < 2 or both >= _MIN_COVERED * halves.sum().sum())


def of_emergence(run: Run, table: pd.DataFrame) -> Finding:
    """What is new or rising, from `measures.emerging_themes`."""
    claims, names = [], fmt.theme_names(run)
    clear = _reliable(run, table[table["kind"].notna() & (table["p"] <= _MAX_P)])
    for row in clear[(clear["n"] >= _MIN_COMPARED) & (clear["low"] > 0)].itertuples():
        if _is_comparable(run, row):
            text = (
                f"{names[row.theme_id]} is {row.kind}: in {fmt.percent(row.before)} of documents "
                f"before and {fmt.percent(row.recent)} since {fmt.when(run, row.since)}"
            )
            on = f"; now in {fmt.plural(row.documents, 'document')}"
            on += f" from {fmt.plural(row.sources, _voice(run))}" if row.sources > 1 else ""
            claims.append(_measured(row, text, "emergence", row.documents, row.sources, on))
    otherwise = "No theme is new or rising by more than chance would explain."
    if not (table["covered"] >= _MIN_COVERED).any():
        otherwise = (
            "Whether a theme is new or rising can't be told: its sources differ before and since."
        )
    if table["kind"].notna().any():
        otherwise = "No rise of a theme is sure enough to be claimed."
    return fmt.claim(claims, "emergence", otherwise)


def of_contrasts(run: Run, table: pd.DataFrame) -> Finding:
    """The largest clear differences of a source (or country), or that there is none."""
    column, names, claims = table.columns[0], fmt.theme_names(run), []
    fit = clearest_first(_reliable(run, table[table["clear"]])).rename(columns={column: "group"})
    fit = fit[fit[["total_first", "total_second"]].min(axis=1) >= _MIN_COMPARED]
    fit = fit[_beyond_mistakes(fit, fit[["first", "second"]].max(axis=1))]
    groups = dict(iter(run.documents[run.documents[column].isin(fit["group"])].groupby(column)))
    said = {group: f"{group} {' '.join(own['country'].mode())}" for group, own in groups.items()}
    known = _tautologies(run, said)
    for row in fit.itertuples():
        if (row.group, row.theme_id) in known or not _names_it(run, row, column):
            continue
        text = (
            f"{row.group} writes {'more' if row.difference > 0 else 'less'} than others on "
            f"{names[row.theme_id]}: {fmt.percent(row.second)} of its {row.total_second:,} "
            f"documents and {fmt.percent(row.first)} of {row.total_first:,} others"
        )
        n = row.total_first + row.total_second
        claims.append(_measured(row, text, column, n, groups[row.group]["source"].nunique()))
    otherwise = f"No {column} differs clearly enough from the others in any theme to be claimed."
    return fmt.claim(claims, column, otherwise)


def of_actors(run: Run, table: pd.DataFrame) -> Finding:
    """The actors named most clearly more with one theme than elsewhere, but for its own."""
    names, claims = fmt.theme_names(run), []
    fit = _reliable(run, table[table["clear"] & (table["documents"] >= _MIN_NAMED)])
    fit = fit[_beyond_mistakes(fit, fit["share"])]
    fit = fit[fit["sources"] >= min(2, run.documents["source"].nunique())]
    known = _tautologies(run, {actor: actor for actor in fit["actor"]})
    new = np.array([(row.actor, row.theme_id) not in known for row in fit.itertuples()], bool)
    fit = fit[new].sort_values("low", ascending=False, kind="stable").drop_duplicates("theme_id")
    for row in fit.itertuples():
        text = (
            f"{row.actor} is named in {fmt.percent(row.share)} of the {row.n_total:,} passages on "
            f"{names[row.theme_id]} and in {fmt.percent(row.share_elsewhere)} of the "
            f"{row.n_elsewhere:,} others"
        )
        n = row.n_total + row.n_elsewhere
        claims.append(_measured(row, text, "actors", n, row.sources))
    otherwise = "No actor is named clearly more with one theme than with the others."
    return fmt.claim(claims, "actors", otherwise)


def warnings_of(facts: Any) -> list[str]:
    """Why to beware of a theme: what it would need to be usable, and a trend that comes and goes."""
    if facts.verdict == "absent":
        return []
    low = [key for key, (_, usable) in THRESHOLDS.items() if getattr(facts, key) < usable]
    reasons = [_REASONS[key].format(largest_source=facts.largest_source) for key in low]
    fickle = facts.claim != "no change" and facts.survives < _MIN_SURVIVAL
    return reasons + ["its trend depends on the fit"] * fickle


def of_trust(run: Run, warnings: list[list[str]]) -> Finding:
    """How many themes to treat with caution, and for each reason which, or how many."""
    themes = run.themes["theme_id"][[bool(own) for own in warnings]].tolist()
    if not themes:
        return Finding("No theme calls for special caution.", "trust")
    by_theme = pd.Series(warnings, index=run.themes["name"]).explode().dropna()
    by_reason = by_theme.index.to_series().groupby(by_theme.to_numpy(), sort=False).agg(list)
    told = "; ".join(
        f"{reason}: {' and '.join(own) if len(own) <= _MAX_TOLD else fmt.plural(len(own), 'theme')}"
        for reason, own in by_reason.sort_values(key=lambda own: -own.map(len)).items()
    )
    of = f"{len(themes)} of {fmt.plural(len(warnings), 'theme')}"
    return Finding(f"Treat {of} with caution ({told}).", "trust", "caution", themes)


def of_corpus(run: Run) -> list[Finding]:
    """Cautions about what the run could not take into account."""
    sources, undated = run.documents["source"].dropna().unique(), run.documents["date"].isna().sum()
    foreign, skipped = len(run.left_out), len(run.corpus.skipped)
    cautions = [  # with the cell of notebooks/1_corpus.ipynb that shows more
        (
            "", len(sources) == 1,
            f"All documents with a source are from {', '.join(sources[:1])}: no source is "
            "compared with others.",
        ),
        ("origins", undated, f"{fmt.plural(undated, 'document')} without a date: no trend counts them."),
        ("corpus-13", foreign, f"{fmt.plural(foreign, 'document')} in a language that is not read."),
        (
            "corpus-05", len(run.fitted) + run.added < len(run.passages),
            f"Themes were fitted on a sample of {len(run.fitted):,} passages.",
        ),
        (
            "corpus-05", run.added,
            f"{fmt.plural(run.added, 'passage')} came after the themes were found: they were given "
            "those that fit.",
        ),
        ("corpus-09", skipped, f"Not everything could be read: {fmt.plural(skipped, 'gap')}."),
    ]  # fmt: skip
    return [
        Finding(text, "corpus", "caution", anchor=cell and f"output-1_corpus-{cell}-0")
        for cell, applies, text in cautions
        if applies
    ]


def claims_in(finding: dict[str, Any] | None) -> list[Finding]:
    """The claims of a finding as it travels with a figure or a table; none where there is none."""
    return [Finding(**claim) for claim in finding.get("claims") or [finding]] if finding else []


def front_page(told: Iterable[Finding]) -> list[Finding]:
    """The claims that a reader should see first, and what to beware of.

    Five claims at most, the weightiest, two of a kind and one of a theme over time; what moved
    comes before who differs. That no theme rose or fell is told too. What describes, or has nothing to show, is left out.

    >>> ferries = Finding("Ferries rose.", "trend", low=0.1, high=0.3)
    >>> [claim.text for claim in front_page([Finding("Two themes.", "corpus"), ferries])]
    ['Ferries rose.']
    """
    told, kept = list(told), list[Finding]()
    of_kind, moved = Counter[str](), set[str]()
    for claim in sorted(told, key=lambda claim: -claim.weight):
        over_time = set(claim.themes) if claim.kind in _OVER_TIME else set()
        fits = claim.level == "finding" and claim.kind in _LEADING and not over_time & moved
        if fits and of_kind[claim.kind] < _MAX_OF_KIND and len(kept) < _MAX_CLAIMS:
            kept.append(claim)
            of_kind[claim.kind] += 1
            moved |= over_time
    kept.sort(key=lambda claim: _LEADING.index(claim.kind))
    still = [f for f in told if (f.kind, f.level) == ("trend", "none") and not moved]
    return [*kept, *still, *(f for f in told if f.level == "caution")]


def clearest_first(table: pd.DataFrame) -> pd.DataFrame:
    """Rows in order of the size of their difference."""
    return table.sort_values("difference", key=abs, ascending=False, kind="stable")


def _beyond_mistakes(table: pd.DataFrame, larger: pd.Series) -> pd.Series:
    """Rows whose difference is more than passages given wrongly, all on one side, would make."""
    return table[["low", "high"]].abs().min(axis=1) > _MAX_WRONG * larger


def _reliable(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the themes that are solid or usable, and that a reader knows by a name."""
    fit = theme_support(run)["verdict"].isin(["solid", "usable"])
    fit &= ~run.themes["name"].str.startswith(UNNAMED)
    return table[table["theme_id"].isin(run.themes.loc[fit, "theme_id"])]


def _is_comparable(run: Run, row: Any) -> bool:
    """Whether enough of the documents are of sources that wrote before and after."""
    n_sources = run.documents["source"].nunique()
    return row.covered >= _MIN_COVERED and row.sources >= min(2, n_sources)


def _in(run: Run, date: pd.Timestamp) -> str:
    """A date in words, with its preposition."""
    text = fmt.when(run, date)
    return f"on {text}" if re.match(r"\d+ ", text) else f"in {text}"


def _moved(run: Run, row: Any) -> str:
    """How a share moved, from when on, and between which days that may have begun."""
    rose, back = ("rose", "fell back") if row.difference > 0 else ("fell", "rose back")
    before, after = map(fmt.percent, (row.before, row.after))
    since, first, last = (fmt.when(run, x) for x in (row.period, row.earliest, row.latest))
    if row.shape == SLOW:
        years = (row.latest - row.earliest).days / 365.25
        span, digits, unit = (years, 1, " a year") if years >= _MIN_YEARS else (1, 0, "")
        slopes = [100 * x / span for x in (row.slope, row.slope_low, row.slope_high)]
        slope, low, high = (f"{x:+.{digits}f}" for x in slopes)
        line = (
            f"by a line through all, {slope} ({low} to {high}) points{unit} from {first} to {last}"
        )
        return f"{rose} slowly, from {before} of documents before {since} to {after} since; {line}"
    until = "on" if pd.isna(row.until) else f"and {back} {_in(run, row.until)}"
    if row.shape == EITHER:
        around = ", at once or slowly" + (f" between {first} and {last}" if first != last else "")
    else:
        around = "" if first == last else f" (or between {first} and {last})"
    return f"{rose} from {before} to {after} of documents from {since} {until}{around}"


def _measured(row: Any, text: str, kind: str, n: int, sources: int, on: str = "") -> Finding:
    """A claim with the difference, interval and theme of a row, and what it rests on."""
    estimate, low, high = (round(float(x), 4) for x in (row.difference, row.low, row.high))
    points = f"{100 * estimate:+.0f} points, {CONFIDENCE:.0%} interval {100 * low:+.0f} to {100 * high:+.0f}"
    return Finding(
        f"{text} ({points}{on}).", kind, themes=[row.theme_id],
        estimate=estimate, low=low, high=high, n=int(n), sources=int(sources),
    )  # fmt: skip


def _tautologies(run: Run, said: Mapping[str, str]) -> set[tuple[str, str]]:
    """Names and ids of the themes that are about them, by what is `said` of each name.

    That is by a word that the theme's name or first keywords share with it, or have within it (as
    in the address of an outlet), or by a state that both name.
    """
    keywords = run.themes["keywords"].str.split(", ").str[:_MAX_KEYWORDS].str.join(" ")
    about = dict(zip(run.themes["theme_id"], run.themes["name"] + ", " + keywords, strict=True))
    texts = pd.DataFrame({"text": [*about.values(), *said.values()]})
    found = mentions(texts.assign(passage_id=texts["text"]))[["passage_id", "actor"]]
    actors = found.groupby("passage_id")["actor"].agg(set).to_dict()
    return {
        (name, theme_id)
        for theme_id, theme in about.items()
        for name, text in said.items()
        if actors.get(theme, set()) & actors.get(text, set())
        or any(overlap(text, w) or w.lower() in text.lower() for w in tokens(theme) if len(w) > 3)
    }


def _names_it(run: Run, row: Any, column: str) -> bool:
    """Whether what a source (or country) says of a theme holds the words of its name."""
    ids = run.assignments.loc[run.assignments["theme_id"] == row.theme_id, "passage_id"]
    passages = run.passages[run.passages["passage_id"].isin(ids)]
    own = passages[passages[column] == row.group]
    is_named = row.theme_id in {theme.id for theme in run.model.named}
    threshold = THRESHOLDS["phrased" if is_named else "borne_out"][1]
    return not share_with_name(run, row.theme_id, own) < threshold
