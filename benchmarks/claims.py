"""What a front page claims in planted worlds, and whether what reports claim is so when recounted.

Each world is a corpus of five outlets, two of them of another language, over two years, with four
themes whose shares differ by outlet, but for the last, which all write of alike. In some the first
theme moves. Claims are those on changes, rises and sources that the gate of the front page lets
pass. False is a claim that another theme than the first moved (or any, where none does), or that an
outlet writes more or less than others on the last.

    python benchmarks/claims.py [corpora of each world]
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd

from topics import measures
from topics.figures import claims
from topics.measures.change_points import BACK, EITHER, JUMP, SLOW

STILL = ["nothing", "outlet joins", "outlet leaves", "outlet doubles", "one outlet's one week",
         "seasons", "sharp seasons", "copies multiply", "label error 10%", "label error 25%"]  # fmt: skip
MOVING = ["slow drift", "jump", "jump in one language", "up and back", "jump, label error 10%",
          "jump, label error 25%"]  # fmt: skip
SHAPES = {"slow drift": SLOW, "up and back": BACK}  # of all others a jump
TIMES = (1.5, 2, 3)
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


if __name__ == "__main__":
    worlds(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
