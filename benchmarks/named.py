"""Named themes on the sample corpus beside BERTopic's zero-shot rule, and what absent themes take.

The rule's second row has the best single similarity for each theme, chosen with the labels in
hand: no threshold can do better with plain closeness.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score
from themes import CORPORA, ROOT

import topics
from topics import NamedTheme
from topics.labelling import labels_of_passages, read_gold

MAX_DOCUMENTS = 1000  # of another corpus, to take minutes
ZEROSHOT = 0.7  # BERTopic's zeroshot_min_similarity
ABSENT = [
    ("lunar-mining", "Lunar mining", "Plans to mine the Moon.", ("water ice on the Moon",)),
    ("whaling", "Whaling ban", "The moratorium on hunting whales.", ("whale meat is sold",)),
    ("uniforms", "School uniforms", "What pupils must wear.", ("the price of blazers",)),
    ("fish", "Fisheries subsidies", "The WTO bargains on fishing.", ("subsidies for fleets",)),
    ("coins", "Cryptocurrency mining bans", "Bitcoin mines.", ("rigs use electricity",)),
    ("opioids", "Opioid settlement", "Drug makers pay.", ("fentanyl overdose deaths",)),
    ("nodules", "Deep-sea mining", "Permits for the sea floor.", ("polymetallic nodules",)),
    ("avocados", "Avocado cartels", "Crime in the avocado trade.", ("extortion of orchards",)),
    ("bees", "Beekeeping", "Honey bees and their keepers.", ("hives and varroa mites",)),
    ("scooters", "Electric scooters", "Scooters for rent.", ("scooters on pavements",)),
    ("chess", "Chess championship", "The title match.", ("a drawn game of grandmasters",)),
    ("visas", "Golden visas", "Residence for investors.", ("passport by investment",)),
]
LIKELY = {"ungdc_paragraphs_2010_2024": ["fish", "nodules"], "news_articles_2017": ["opioids"]}


def embedded(texts: list[str]) -> np.ndarray:
    """Vectors, past the progress bar."""
    return topics.embed(texts, progress=False)


def f1(true: np.ndarray, found: np.ndarray) -> tuple[float, float, float]:
    """F1, precision and recall."""
    both = (true & found).sum()
    return (
        2 * both / max(true.sum() + found.sum(), 1),
        both / max(found.sum(), 1),
        both / max(true.sum(), 1),
    )


def best(true: np.ndarray, scores: np.ndarray) -> float:
    """The highest threshold of those with the best F1."""
    return float(max(np.unique(scores)[::-1], key=lambda value: f1(true, scores >= value)[0]))


def invented(absent: list[NamedTheme]) -> None:
    """Print how many invented themes, with phrases and by name alone, corpora at hand seem to hold.

    Themes that a corpus may well hold are left out.
    """
    bare = [NamedTheme(f"{theme.id}-name", theme.name) for theme in absent]
    for name in ("bbc_news", *LIKELY, "peoples_daily_tariff"):
        path = CORPORA / f"{name}.jsonl.gz"
        if path.exists():
            themes = [t for t in absent + bare if t.id.split("-")[0] not in LIKELY.get(name, [])]
            documents = topics.read_corpus(path, progress=False).documents[:MAX_DOCUMENTS]
            passages = topics.split_passages(documents)
            vectors = embedded(passages["text"].tolist())
            model = topics.ThemeModel(themes).fit(passages, vectors)
            found = (model.decision_function(vectors) >= model.thresholds_).sum()
            print(f"{name}: of {len(themes)} invented themes taken: {found[found > 0].to_dict()}")


def reliability(probabilities: np.ndarray, true: np.ndarray) -> None:
    """Print how many passages of each range of probability are on the theme."""
    edges = np.linspace(0, 1, 6)
    place = np.digitize(probabilities.ravel(), edges[1:-1])
    for i in range(5):
        own = true.ravel()[place == i]
        told = probabilities.ravel()[place == i].mean() if len(own) else np.nan
        print(f"probability {edges[i]:.1f} to {edges[i + 1]:.1f}: {len(own):5} pairs, "
              f"told {told:.2f}, true {own.mean() if len(own) else np.nan:.2f}")  # fmt: skip


def taught(passages: pd.DataFrame, vectors: np.ndarray, true: np.ndarray, named: list) -> None:
    """Print what labels teach, by the labels of other documents."""
    ids = np.array([theme.id for theme in named])
    sets = pd.Series([set(ids[row]) for row in true], passages.index, object)
    for n in (100, 200, 400, len(sets)):
        chosen = np.random.default_rng(0).permutation(len(sets)) < n
        model = topics.ThemeModel(named).fit(passages, vectors, labels=sets.where(chosen, None))
        told = model.validated_.groupby("theme_id")[["label", "before", "after"]]
        scores = [[f1(*own[["label", when]].to_numpy(bool).T)[0] for when in ("before", "after")]
                  for _, own in told]  # fmt: skip
        before, after = np.mean(scores, axis=0)
        print(f"{n} labels: F1 of labelled passages {before:.2f} untaught, {after:.2f} taught")


def main() -> None:
    """Print one row a method and theme, AP by language, and how much absent themes took."""
    warnings.simplefilter("ignore")
    documents = topics.read_corpus(ROOT / "data" / "articles", progress=False).documents
    passages = topics.split_passages(documents)
    labels = labels_of_passages(passages, documents, read_gold(ROOT / "data" / "gold.csv"))
    vectors = embedded(passages["text"].tolist())
    named = topics.read_themes(ROOT / "data" / "themes.yml")
    bare = [NamedTheme(theme.id, theme.name) for theme in named]
    absent = [NamedTheme(*theme) for theme in ABSENT]
    true = np.array([[theme.id in label for theme in named] for label in labels.map(set)])
    plain = vectors @ embedded([theme.texts[0] for theme in named]).T
    results = {}
    for method, themes in (("ours", named), ("names only", bare)):
        model = topics.ThemeModel(themes + absent).fit(passages, vectors)
        scores = model.decision_function(vectors).to_numpy()
        results[method] = (scores, scores >= model.thresholds_.to_numpy())
        for language, rows in passages.groupby("language").indices.items():
            ap = [
                average_precision_score(true[rows, j], scores[rows, j])
                for j in range(len(named))
                if true[rows, j].any()
            ]
            print(f"{method}: AP {np.mean(ap):.2f} in {language}, {len(rows)} passages")
    results["zero-shot"] = (plain, plain >= ZEROSHOT)
    thresholds = [best(true[:, j], plain[:, j]) for j in range(len(named))]
    results["best threshold"] = (plain, plain >= thresholds)
    print(f"{'method':<16}{'theme':<18}{'F1':>6}{'P':>6}{'R':>6}{'AP':>6}")
    for method, (scores, found) in results.items():
        rows = []
        for j, theme in enumerate(named):
            ap = average_precision_score(true[:, j], scores[:, j])
            rows.append((*f1(true[:, j], found[:, j]), ap))
            print(f"{method:<16}{theme.id:<18}" + "".join(f"{x:>6.2f}" for x in rows[-1]))
        print(f"{method:<16}{'mean':<18}" + "".join(f"{x:>6.2f}" for x in np.mean(rows, axis=0)))
        if found.shape[1] > len(named):
            print(f"{method:<16}absent themes took {int(found[:, len(named) :].sum())} passages")
    reliability(results["ours"][0][:, : len(named)], true)
    taught(passages, vectors, true, named)
    invented(absent)


if __name__ == "__main__":
    main()
