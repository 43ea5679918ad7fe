"""Whether a text's translations are near it: ``make bench``.

News stories that translators put into many languages (NTREX, in ``$TOPICS_CORPORA`` or
``../shared/corpora``): the share of stories whose nearest story in the other language is their own
translation, from English and into it, by the bundled encoder and by MiniLM.
"""

from __future__ import annotations

import gzip
import json
import sys

import numpy as np
import pandas as pd
from themes import CORPORA

import topics
from topics.vectors.multilingual import LANGUAGES

EMBEDDERS = ("multilingual", "minilm")


def found(one: np.ndarray, other: np.ndarray) -> float:
    """Share of rows whose nearest row among the others is their own, both ways."""
    similarity = one @ other.T
    own = np.arange(len(one))
    return float(np.mean([similarity.argmax(axis=1) == own, similarity.argmax(axis=0) == own]))


def main() -> None:
    """Print one row a language."""
    path = CORPORA / "ntrex_parallel_news.jsonl.gz"
    if not path.is_file():
        print(f"ntrex_parallel_news: not at {CORPORA}, left out", file=sys.stderr)
        return
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = pd.DataFrame(map(json.loads, lines))
    rows = rows[rows["language"].isin(LANGUAGES)].sort_values("doc_id")
    texts = {language: own["text"].tolist() for language, own in rows.groupby("language")}
    print(f"{'English and':<14}{'stories':>9}" + "".join(f"{name:>14}" for name in EMBEDDERS))
    shares = []
    for language in sorted(set(texts) - {"en"}):
        row = []
        for embedder in EMBEDDERS:
            english, own = (
                topics.embed(texts[code], embedder, progress=False) for code in ("en", language)
            )
            row.append(found(english, own))
        shares.append(row)
        print(f"{language:<14}{len(texts['en']):>9}" + "".join(f"{share:>14.2f}" for share in row))
    print(f"{'mean':<23}" + "".join(f"{share:>14.2f}" for share in np.mean(shares, axis=0)))


if __name__ == "__main__":
    main()
