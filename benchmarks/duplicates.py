"""Near-duplicates: recall on planted edits, precision on texts that are merely alike.

``python benchmarks/duplicates.py`` takes real articles from ``$TOPICS_CORPORA``, or from
``../shared/corpora``, edits some of them, puts the edits behind the rest and prints which find back
to their originals. Half of the answer is which pairs stay apart: the pairs nearest by TF-IDF, by
different outlets within two days or by one outlet on different days where that is known, of which
less than half is word for word the same.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import string
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

import topics
from topics.text.duplicates import representatives

ROOT = Path(__file__).parents[1]
CORPORA = Path(os.environ.get("TOPICS_CORPORA") or ROOT.parent / "shared" / "corpora")
PLANTED = 40  # articles edited in each way
NEAREST = 500  # pairs that are merely alike

Edit = Callable[[list[str], random.Random, list[str]], list[str]]  # words, chance, vocabulary


def sentences(words: list[str]) -> list[list[str]]:
    return [s.split() for s in re.split(r"(?<=[.!?])\s+", " ".join(words))]


def cut(share: float) -> Edit:
    return lambda words, chance, vocabulary: words[: int(len(words) * share)]


def changed(share: float) -> Edit:
    return lambda words, chance, vocabulary: [
        chance.choice(vocabulary) if chance.random() < share else word for word in words
    ]


def deleted(share: float) -> Edit:
    return lambda words, chance, vocabulary: [w for w in words if chance.random() >= share]


def mistyped(share: float) -> Edit:
    def slip(word: str, chance: random.Random) -> str:
        at, letter = chance.randrange(len(word)), chance.choice(string.ascii_lowercase)
        before, after = word[:at], word[at + 1 :]
        return chance.choice([before + after, before + letter + after, word[: at + 1] + word[at:]])

    return lambda words, chance, vocabulary: [
        slip(word, chance) if chance.random() < share else word for word in words
    ]


def reordered(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
    parts = sentences(words)
    chance.shuffle(parts)
    return [word for part in parts for word in part]


def new_lead(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
    """A headline and lead of other words for the first quarter, at most 50 words."""
    length = min(50, len(words) // 4)
    return chance.choices(vocabulary, k=length) + words[length:]


def renamed(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
    """Every capitalised word, at a sentence's head too, is another one throughout."""
    capitalised = [word for word in vocabulary if word[0].isupper()]
    names = {word: chance.choice(capitalised) for word in words}
    return [names[word] if word[0].isupper() else word for word in words]


def corrected(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
    note = ["Correction:", "an", "earlier", "version", "said", *chance.choices(vocabulary, k=9)]
    return [*words, *note] if chance.random() < 0.5 else [*note, *words]


def restyled(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
    return re.sub(r"[^\w\s]", " ", " ".join(words)).upper().split()


def together(*edits: Edit) -> Edit:
    def edit(words: list[str], chance: random.Random, vocabulary: list[str]) -> list[str]:
        for one in edits:
            words = one(words, chance, vocabulary)
        return words

    return edit


EDITS: dict[str, Edit] = {
    "case and marks": restyled,
    "correction added": corrected,
    "last fifth cut": cut(0.8),
    "cut to a half": cut(0.5),
    "sentences reordered": reordered,
    "new headline and lead": new_lead,
    "names replaced": renamed,
    "typos in 5% of words": mistyped(0.05),
    "typos in 10%": mistyped(0.1),
    "5% of words changed": changed(0.05),
    "10% changed": changed(0.1),
    "20% changed": changed(0.2),
    "30% changed": changed(0.3),
    "10% deleted": deleted(0.1),
    "30% deleted": deleted(0.3),
    "lead, names, 10% changed": together(new_lead, renamed, changed(0.1)),
    "cut, reordered, 10% typos": together(cut(0.6), reordered, mistyped(0.1)),
    "edited twice": together(cut(0.7), changed(0.1)),  # both versions are there
}


def read(name: str) -> pd.DataFrame | None:
    path = CORPORA / f"{name}.jsonl.gz"
    if not path.is_file():
        print(f"{name}: not at {CORPORA}, left out", file=sys.stderr)
        return None
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        frame = pd.DataFrame([json.loads(line) for line in lines])
    frame["date"] = pd.to_datetime(frame["date"]) if "date" in frame else pd.NaT
    frame["document_id"] = frame["id"]
    frame["language"] = "en"
    return frame


def samples() -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and texts, in order of publication, of each corpus at hand."""
    for name, units in {
        "bbc_news": ["articles", "passages"],
        "news_articles_2017": ["articles", "passages"],
        "ungdc_paragraphs_2010_2024": ["paragraphs"],
        "20newsgroups": ["posts"],
    }.items():
        frame = read(name)
        for unit in units if frame is not None else []:
            texts = topics.split_passages(frame) if unit == "passages" else frame
            texts = texts[texts["text"].str.split().str.len() >= 25]
            texts = texts.sample(min(len(texts), 10_000), random_state=0)
            yield f"{name.split('_')[0]} {unit}", texts.sort_values("date", ignore_index=True)


class Trial:
    """Texts of one corpus with edits of some behind them, and what ought to be found."""

    def __init__(self, frame: pd.DataFrame) -> None:
        chance = random.Random(0)
        self.texts: list[str] = frame["text"].tolist()
        words = [text.split() for text in self.texts]
        vocabulary = [w for i in chance.sample(range(len(words)), 200) for w in words[i]]
        sources = iter(chance.sample(range(len(words)), PLANTED * (len(EDITS) + 3)))
        self.copies: dict[str, list[tuple[int, int]]] = {kind: [] for kind in EDITS}
        for kind, edit in EDITS.items():
            for _ in range(PLANTED):
                source = next(sources)
                copy = edit(words[source], chance, vocabulary)
                if kind == "edited twice":
                    self.add(kind, source, cut(0.7)(words[source], chance, vocabulary))
                self.add(kind, source, copy)
        self.strangers: dict[str, list[tuple[int, int]]] = {}
        alone, quoted = [], []
        for _ in range(PLANTED):
            a, b, c = next(sources), next(sources), next(sources)
            for sentence in sentences(words[a]):
                if 8 <= len(sentence) <= len(words[a]) / 4:
                    alone.append((a, len(self.texts)))
                    self.texts.append(" ".join(sentence))
                    break
            for sentence in sentences(words[b]):
                if 8 <= len(sentence) <= min(len(words[b]), len(words[c])) / 4:
                    middle = len(words[c]) // 2
                    both = words[c][:middle] + sentence + words[c][middle:]
                    self.texts[c] = " ".join(both)
                    quoted.append((b, c))
                    break
        self.strangers["one sentence of it"] = alone
        self.strangers["one quotation shared"] = quoted
        self.strangers["nearest by TF-IDF"] = nearest(frame)

    def add(self, kind: str, source: int, copy: list[str]) -> None:
        self.copies[kind].append((source, len(self.texts)))
        self.texts.append(" ".join(copy))


def nearest(frame: pd.DataFrame) -> list[tuple[int, int]]:
    """Pairs most alike in their rarer words that are not half the same word for word."""
    vectors = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=0.03).fit_transform(frame["text"])
    like = (vectors @ vectors.T).tocoo()
    pairs = like.data > 0.3
    pairs &= like.row < like.col
    row, col, data = like.row[pairs], like.col[pairs], like.data[pairs]
    days = frame["date"].dt.normalize().to_numpy()
    outlets = frame["source"].to_numpy()
    if len(set(outlets)) > 1:
        apart = np.abs(days[row] - days[col]).astype("timedelta64[D]").astype(int)
        expected = np.where(outlets[row] == outlets[col], apart > 0, apart <= 2)
        row, col, data = row[expected], col[expected], data[expected]
    found = []
    for k in np.argsort(-data, kind="stable"):
        a, b = int(row[k]), int(col[k])
        if verbatim(frame["text"][a], frame["text"][b]) < 0.5:
            found.append((a, b))
        if len(found) == NEAREST:
            break
    return found


def verbatim(a: str, b: str, run: int = 8) -> float:
    """Share of the shorter text's words in runs of at least eight that the other has too."""
    short, long = sorted((re.findall(r"\w+", t.lower()) for t in (a, b)), key=len)
    known = {tuple(long[i : i + run]) for i in range(len(long) - run + 1)}
    same = np.zeros(len(short), bool)
    for i in range(len(short) - run + 1):
        if tuple(short[i : i + run]) in known:
            same[i : i + run] = True
    return float(same.mean())


def exact(texts: list[str]) -> np.ndarray:
    """The same words in the same order."""
    first: dict[str, int] = {}
    keys = (" ".join(re.findall(r"\w+", text.lower())) for text in texts)
    return np.array([first.setdefault(key, i) for i, key in enumerate(keys)])


def jaccard(texts: list[str]) -> np.ndarray:
    """At least half of all word 3-shingles of both in common, every pair compared."""
    shingles = HashingVectorizer(
        ngram_range=(3, 3), token_pattern=r"\w+", n_features=2**24, binary=True, norm=None,
        alternate_sign=False, dtype=np.int32,
    )  # fmt: skip
    rows = csr_array(shingles.transform(texts))
    sizes = np.diff(rows.indptr)
    found = np.arange(len(texts))
    for start in range(0, len(texts), 500):
        common = (rows[start : start + 500] @ rows.T).tocoo()
        i, j = common.row + start, common.col
        same = (j < i) & (2 * common.data >= sizes[i] + sizes[j] - common.data)
        for a, b in sorted(zip(i[same], j[same], strict=True)):
            if found[a] == a:
                found[a] = found[b]
    return found


def measured(trial: Trial, method: Callable[[list[str]], np.ndarray]) -> dict[str, float]:
    """Recall of each kind of edit, share of strangers put together, precision, time."""
    started = time.perf_counter()
    first = method(trial.texts)
    seconds = time.perf_counter() - started
    together = {k: [first[a] == first[b] for a, b in v] for k, v in trial.copies.items()}
    wrong = {k: [first[a] == first[b] for a, b in v] for k, v in trial.strangers.items()}
    found = sum(sum(v) for v in together.values())
    astray = sum(
        first[b] != b and first[a] != first[b] for v in trial.copies.values() for a, b in v
    )
    false = astray + sum(sum(v) for v in wrong.values())
    return {
        **{k: float(np.mean(v)) for k, v in together.items()},
        **{f"≠ {k}": float(np.mean(v)) for k, v in wrong.items()},
        "recall": found / sum(len(v) for v in together.values()),
        "precision": found / (found + false),
        "seconds": seconds,
        "texts/s": len(trial.texts) / seconds,
    }


def main() -> None:
    """Print one row a kind of edit and one column a corpus, and the same of two peers in brief."""
    trials = {name: Trial(frame) for name, frame in samples()}
    for method in (representatives, jaccard, exact):
        table = pd.DataFrame({name: measured(trial, method) for name, trial in trials.items()})
        if method is not representatives:
            table = table.loc["recall":]
        print(f"\nnear-duplicates by {method.__name__}:")
        print(table.to_string(float_format=lambda value: f"{value:,.3f}"))


if __name__ == "__main__":
    main()
