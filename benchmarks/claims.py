"""What a front page claims in planted worlds, and whether what reports claim is so when recounted.

Each world is a corpus of five outlets, two of them of another language, over two years, with four
themes whose shares differ by outlet, but for the last, which all write of alike. In some the first
theme moves. Claims are those on changes, rises and sources that the gate of the front page lets
pass. False is a claim that another theme than the first moved (or any, where none does), or that an
outlet writes more or less than others on the last.

    python benchmarks/claims.py [corpora of each world, or folders of reports to recount]
"""

import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from topics import measures
from topics.figures import claims
from topics.measures.change_points import BACK, EITHER, JUMP, SLOW
from topics.text.duplicates import near_duplicate_groups

STILL = ["nothing", "outlet joins", "outlet leaves", "outlet doubles", "one outlet's one week",
         "seasons", "sharp seasons", "copies multiply", "label error 10%", "label error 25%"]  # fmt: skip
MOVING = ["slow drift", "jump", "jump in one language", "up and back", "jump, label error 10%",
          "jump, label error 25%"]  # fmt: skip
SHAPES = {"slow drift": SLOW, "up and back": BACK}  # of all others a jump
TIMES = (1.5, 2, 3)
FILES = ("documents", "passages", "assignments")
DAY = r"(?:(?:\d+ )?[A-Z][a-z]+ )?\d{4}"
PERCENT = re.compile(r"less than 1%|more than 99%|\d+%")
POINTS = re.compile(r"\(([+-]\d+) points")
COUNT = re.compile(r"([\d,]+)(?= (?:documents?|sources?|countr(?:y|ies)|passages|others)\b)")
DAYS, HALF, OUTLETS, THEMES = 730, 365, 5, 4


def world(kind, times, seed, n=1200):
    """A run with what claims are counted from; each theme is named by its only word."""
    random = np.random.default_rng(seed)
    days, outlet = random.integers(0, DAYS, n), random.integers(0, OUTLETS, n)
    if kind == "one outlet's one week":
        days = np.concatenate([days, random.integers(280, 287, 40)])
        outlet = np.concatenate([outlet, np.zeros(40, int)])
    if kind == "outlet doubles":
        more = random.integers(HALF, DAYS, n // OUTLETS // 2)
        days = np.concatenate([days, more])
        outlet = np.concatenate([outlet, np.full(len(more), OUTLETS - 1)])
    late, last = days >= HALF, outlet == OUTLETS - 1
    kept = ~(last & (~late if kind == "outlet joins" else late)) | (
        kind not in ("outlet joins", "outlet leaves")
    )
    days, outlet, late, last = days[kept], outlet[kept], late[kept], last[kept]
    rates = 0.15 * random.uniform(0.3, 1.7, (OUTLETS, THEMES))
    rates[-1] = np.minimum(3 * rates[-1], 0.9)
    rates[:, -1] = 0.15
    chance = rates[outlet]
    chance[:, 0] = np.minimum(chance[:, 0] * moved(kind, times, days, outlet), 0.95)
    has_theme = random.random(chance.shape) < chance
    if "error" in kind:  # so many of the themes given are given in place of another
        row, theme = np.nonzero(has_theme & (random.random(chance.shape) < int(kind[-3:-1]) / 100))
        has_theme[row, theme] = False
        has_theme[row, (theme + random.integers(1, THEMES, len(row))) % THEMES] = True
    origin = np.arange(len(days))
    if kind == "copies multiply":
        origin = np.concatenate([origin, *[np.flatnonzero(late & last)] * 4])
    return as_run(days[origin], outlet[origin], has_theme[origin], origin)


def moved(kind, times, days, outlet):
    """By how much the share of the first theme is multiplied in each document."""
    if kind == "one outlet's one week":
        return np.where((outlet == 0) & (days >= 280) & (days < 287), 6, 1)
    if kind == "seasons":
        return 1 + 0.8 * np.cos(2 * np.pi * days / 365)
    if kind == "sharp seasons":
        return np.where(days % 365 < 40, 3, 1)
    if kind == "slow drift":
        return 1 + (times - 1) * days / DAYS
    if kind == "up and back":
        return np.where((days >= 240) & (days < 480), times, 1)
    late = days >= HALF
    return np.where(late & ((outlet >= 3) | (kind != "jump in one language")), times, 1)


class World(SimpleNamespace):
    __hash__ = object.__hash__


def as_run(days, outlet, has_theme, origin):
    ids = np.array([f"d{i}" for i in range(len(days))])
    documents = pd.DataFrame({
        "document_id": ids, "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"),
        "source": [f"Outlet {o}" for o in outlet], "country": None,
        "language": np.where(outlet < 3, "en", "fr"),
    })  # fmt: skip
    first = np.unique(origin, return_index=True)[1]
    themes = np.array([f"t{i}" for i in range(THEMES)])
    row, column = np.nonzero(has_theme)
    assignments = pd.DataFrame({"passage_id": ids[row], "theme_id": themes[column]})
    text = [" ".join(themes[own]) for own in has_theme]
    return World(
        documents=documents, copy_of=pd.Series(ids[first], ids[first]), assignments=assignments,
        passages=documents.assign(passage_id=ids, text=text),
        themes=pd.DataFrame({"theme_id": themes, "name": themes, "keywords": "", "stability": 0.9}),
        model=SimpleNamespace(
            named=[], validated_=pd.DataFrame(columns=["theme_id", "label", "after"])
        ),
    )  # fmt: skip


def claimed(run, seed):
    """kind and theme of each claim, and the shape of the first theme's move."""
    table = measures.DocumentThemes.from_run(run)
    options = {"permutations": 199, "random_state": seed}
    changes = measures.find_change_points(table, **options)
    told = [
        claims.of_changes(run, pd.DataFrame({"n_total": [], "period": []}), changes),
        claims.of_emergence(run, measures.emerging_themes(table, **options)),
        claims.of_contrasts(run, measures.contrast_groups(table, "source")),
    ]
    every = [claim for finding in told for claim in finding.claims if claim.level == "finding"]
    shape = changes.loc[changes["theme_id"] == "t0", "shape"]
    return {(claim.kind, claim.themes[0]) for claim in every}, next(iter(shape), None)


def measured(kind, times, runs):
    """Share of corpora with a false claim: any, on changes, rises, sources; true found; shape right."""
    still = {"t1", "t2", "t3"} | ({"t0"} if times == 1 else set())
    wrong = {"trend": still, "emergence": still, "source": {"t3"}}
    rows = []
    with ProcessPoolExecutor() as pool:
        for told, shape in pool.map(partial(one, kind, times), range(runs)):
            false = [any(k == of and t in own for k, t in told) for of, own in wrong.items()]
            found = bool({("trend", "t0"), ("emergence", "t0")} & told)
            right = [found and shape == name for name in (SHAPES.get(kind, JUMP), EITHER)]
            rows.append([any(false), *false, found, *right])
    return np.mean(rows, axis=0)


def one(kind, times, seed):
    return claimed(world(kind, times, seed), seed)


def worlds(runs):
    print(
        f"\n{runs} corpora each: false claims (changes, rises, sources), true found, its shape right, left open"
    )
    for kind, times in [(k, 1) for k in STILL] + [(k, t) for k in MOVING for t in TIMES]:
        any_, *each, found, right, either = measured(kind, times, runs)
        true = f"   {found:.2f}  {right:.2f}  {either:.2f}" if times > 1 else ""
        shown = "  ".join(f"{value:.3f}" for value in each)
        print(f"{kind:24} {times:3}  {any_:.3f} ({shown}){true}", flush=True)


class Recount:
    """The claims of a report's folder, counted again from its Parquet files by other code."""

    def __init__(self, folder):
        read = {name: pd.read_parquet(folder / f"{name}.parquet") for name in FILES}
        self.passages, self.themes = read["passages"], pd.read_csv(folder / "themes.csv")
        held = read["assignments"].merge(self.passages[["passage_id", "document_id"]])
        documents = read["documents"]
        documents = documents[documents["document_id"].isin(self.passages["document_id"])]
        first = near_duplicate_groups(documents, "document_id").to_numpy()
        self.documents = documents[documents["document_id"].to_numpy() == first].copy()
        self.passages = self.passages[self.passages["document_id"].isin(first)]
        self.of_theme = held[held["document_id"].isin(first)].groupby("theme_id")
        dates = self.documents["date"]
        if dates.count() >= 10:
            low, high = dates.quantile([0.02, 0.98], interpolation="nearest")
            reach = max((high - low) / 2, pd.Timedelta(days=30))
            self.dated = self.documents[dates.between(low - reach, high + reach)].copy()
        else:
            self.dated = self.documents[dates.notna()].copy()

    def numbers(self, claim):
        """The numbers of a claim's text, as it would print them."""
        self.own = self.of_theme.get_group(claim["themes"][0])
        return getattr(self, claim["kind"])(claim["text"])

    def _within(self, table, side):
        """Shares of either side in sources on both, with equal weights; documents and sources."""
        table = table.assign(side=side, has=table["document_id"].isin(self.own["document_id"]))
        by = table.groupby([table["source"].fillna(""), table["country"].fillna(""), "side"])["has"]
        n, share = by.size().unstack(fill_value=0), by.mean().unstack()
        both = (n > 0).all(axis=1)
        n, share = n[both], share[both]
        weight = n[True] * n[False] / n.sum(axis=1)
        return (
            [np.average(share[key], weights=weight) for key in (False, True)],
            int(n.sum().sum()),
            len(n),
        )

    def trend(self, text):
        days = [pd.Timestamp(day) for day in re.findall(rf"(?:from|before|in) ({DAY})", text)]
        late = self.dated["date"] >= days[0]
        if "back in" in text:
            late &= self.dated["date"] < days[1]
        (before, after), n, sources = self._within(self.dated, late)
        told = [before, after, after - before, n] + [sources] * (sources > 1)
        return told, [*PERCENT.findall(text)[:2], POINTS.search(text)[1], *COUNT.findall(text)]

    def emergence(self, text):
        since = pd.Timestamp(re.search(rf"since ({DAY})", text)[1])
        recent = self.dated["date"] >= since
        (before, after), _, _ = self._within(self.dated, recent)
        now = self.dated[recent & self.dated["document_id"].isin(self.own["document_id"])]
        told = [before, after, after - before, len(now)]
        sources = len(now[["source", "country"]].drop_duplicates())
        return told + [sources] * (sources > 1), [
            *PERCENT.findall(text)[:2], POINTS.search(text)[1], *COUNT.findall(text)
        ]  # fmt: skip

    def source(self, text):
        name = text.partition(" writes ")[0]
        known = self.documents.dropna(subset="source")
        has = known["document_id"].isin(self.own["document_id"])
        own, other = has[known["source"] == name], has[known["source"] != name]
        shares = [own.mean(), other.mean()]
        told = [*shares, shares[0] - shares[1], len(own), len(other)]
        return told, [*PERCENT.findall(text)[:2], POINTS.search(text)[1], *COUNT.findall(text)]

    def actors(self, text):
        actor = text.partition(" is named in ")[0]
        found = measures.mentions(self.passages)
        named = self.passages["passage_id"].isin(found.loc[found["actor"] == actor, "passage_id"])
        on = self.passages["passage_id"].isin(self.own["passage_id"])
        shares = [named[on].mean(), named[~on].mean()]
        told = [*shares, shares[0] - shares[1], on.sum(), (~on).sum()]
        return told, [*PERCENT.findall(text)[:2], POINTS.search(text)[1], *COUNT.findall(text)]


def printed(value, like):
    """A number as a claim prints it."""
    if "than" in like or like.endswith("%"):
        return "less than 1%" if 0 < value < 0.005 else f"{value:.0%}"
    return f"{100 * value:+.0f}" if like[0] in "+-" else f"{value:,}"


def recounted(folders):
    """Whether every number that the claims of finished reports print is counted again."""
    right = total = 0
    for folder in map(Path, folders):
        claims_of = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        report = Recount(folder)
        for claim in (c for c in claims_of if c["level"] == "finding"):
            counted, told = report.numbers(claim)
            again = [printed(value, like) for value, like in zip(counted, told, strict=True)]
            right, total = right + (again == told), total + 1
            if again != told:
                print(f"{folder.name}: {claim['text']}\n  counted again: {again}, told {told}")
    print(f"{right} of {total} claims are true to the printed digit")


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].isdigit():
        recounted(sys.argv[1:])
    else:
        worlds(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
