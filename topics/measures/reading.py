"""What became of the files: copies, dropped boilerplate, where metadata came from."""

from __future__ import annotations

import pandas as pd

from topics.run import Run


def near_duplicates(run: Run) -> pd.DataFrame:
    """document_id, source, copy_of, source_of_original: documents that are near-copies."""
    documents = run.documents.set_index("document_id").assign(copy_of=run.copy_of)
    later = documents[documents["copy_of"] != documents.index]
    return pd.DataFrame(
        {
            "document_id": later.index,
            "source": later["source"].to_numpy(),
            "copy_of": later["copy_of"].to_numpy(),
            "source_of_original": documents.loc[later["copy_of"], "source"].to_numpy(),
        }
    )


def removed_boilerplate(run: Run, samples: int = 3) -> pd.DataFrame:
    """reason, blocks, files, longest: what was dropped as boilerplate, the longest blocks shown.

    A real paragraph that was dropped by mistake is long: it will be among them.
    """
    dropped = run.corpus.boilerplate
    dropped = dropped.assign(length=dropped["block"].str.len())
    rows = [
        (
            reason,
            len(own),
            own["file"].nunique(),
            " ¶ ".join(own.nlargest(samples, "length")["block"].unique()),
        )
        for reason, own in dropped.groupby("reason", sort=True)
    ]
    table = pd.DataFrame(rows, columns=["reason", "blocks", "files", "longest"])
    return table.sort_values("blocks", ascending=False, ignore_index=True)


def metadata_sources(run: Run) -> pd.DataFrame:
    """field, from, documents: where date, source, country and language were taken from."""
    details = run.corpus.details.filter(like="_from")
    long = details.melt(var_name="field", value_name="from").fillna({"from": "not known"})
    long["field"] = long["field"].str.removesuffix("_from")
    return long.groupby(["field", "from"], sort=True).size().rename("documents").reset_index()
