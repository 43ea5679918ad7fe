"""What a front page claims in planted worlds: false claims over time where nothing changes, true ones.

Each world is a corpus of five outlets over twelve months with four themes, whose shares differ by
outlet. Only the first theme changes, if any does. A claim is one that the trend and the emergence
figure would pass to the front page.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd

from topics import measures
from topics.figures import claims

WORLDS = ["nothing changes", "an outlet joins", "an outlet leaves", "an outlet doubles",
          "one outlet's one week", "copies multiply", "twice the share", "three times the share"]  # fmt: skip
MONTHS, HALF = 12, 180  # days


def world(kind, seed, n=900, outlets=5, themes=4):
    """A run with what claims are counted from; each theme is named by its only word."""
    random = np.random.default_rng(seed)
    days, outlet = random.integers(0, 30 * MONTHS, n), random.integers(0, outlets, n)
    rates = 0.15 * random.uniform(0.3, 1.7, (outlets, themes))
    rates[-1] = np.minimum(3 * rates[-1], 0.9)
    late, last = days >= HALF, outlet == outlets - 1
    keep = ~(last & ~late) if kind == "an outlet joins" else np.ones(n, bool)
    keep &= ~(last & late) if kind == "an outlet leaves" else True
    chance = rates[outlet]
    times = {"twice the share": 2, "three times the share": 3}.get(kind, 1)
    chance[late, 0] = np.minimum(times * chance[late, 0], 0.95)
    if kind == "one outlet's one week":
        chance[(outlet == 0) & (days // 7 == 40), 0] = 0.9
    has_theme = random.random((n, themes)) < chance
    again = np.flatnonzero(keep)
    if kind in ("an outlet doubles", "copies multiply"):
        more = again[(late & last)[again]]
        again = np.concatenate([again, *[more] * (1 if kind == "an outlet doubles" else 4)])
    if kind == "an outlet doubles":  # other documents, at the outlet's own rates
        fresh = random.random((len(more), themes)) < rates[-1]
        has_theme = np.vstack([has_theme[again[: -len(more)]], fresh])
    else:
        has_theme = has_theme[again]
    return as_run(days[again], outlet[again], has_theme, again, kind == "copies multiply")


class World(SimpleNamespace):
    __hash__ = object.__hash__


def as_run(days, outlet, has_theme, origin, copies):
    ids = np.array([f"d{i}" for i in range(len(days))])
    documents = pd.DataFrame({
        "document_id": ids, "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"),
        "source": [f"Outlet {o}" for o in outlet], "country": None, "language": "en",
    })  # fmt: skip
    first = pd.Series(ids).groupby(origin).transform("first") if copies else pd.Series(ids)
    themes = [f"t{i}" for i in range(has_theme.shape[1])]
    row, column = np.nonzero(has_theme)
    assignments = pd.DataFrame({"passage_id": ids[row], "theme_id": np.array(themes)[column]})
    text = [" ".join(np.array(themes)[own]) for own in has_theme]
    kept = first.to_numpy() == ids
    return World(
        documents=documents, copy_of=pd.Series(ids[kept], ids[kept]), assignments=assignments,
        passages=documents.assign(passage_id=ids, text=text),
        themes=pd.DataFrame({"theme_id": themes, "name": themes, "keywords": "", "stability": 0.9}),
        model=SimpleNamespace(
            named=[], validated_=pd.DataFrame(columns=["theme_id", "label", "after"])
        ),
    )  # fmt: skip


def claimed(run, seed):
    """Ids of the themes that the tests find to change, be new or rise, and of those claimed to."""
    table = measures.DocumentThemes.from_run(run)
    options = {"permutations": 399, "random_state": seed}
    changes = measures.find_change_points(table, **options)
    rising = measures.emerging_themes(table, **options)
    shares = measures.shares_over_time(table)
    told = claims.of_changes(run, shares, changes), claims.of_emergence(run, rising)
    every = [claim for finding in told for claim in finding.claims if claim.level == "finding"]
    found = {*changes["theme_id"], *rising.dropna(subset="kind")["theme_id"]}
    return found, {claim.themes[0] for claim in every}


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(
        f"\nchanges over time, {runs} corpora each: false in, true found in; by the tests, claimed"
    )
    for kind in WORLDS:
        changed = {"t0"} if "share" in kind else set()
        told = [claimed(world(kind, seed), seed) for seed in range(runs)]
        for_each = [[(bool(own - changed), "t0" in own) for own in pair] for pair in told]
        (false, true), (false_claimed, true_claimed) = np.mean(for_each, axis=0)
        shown = f"{true:.2f}  {true_claimed:.2f}" if changed else "–"
        print(f"{kind:22} {false:.3f}  {false_claimed:.3f}   {shown}", flush=True)
