"""What a run says has changed since an earlier one."""

import numpy as np
import pandas as pd
import pytest
from test_themes import FISHING, RAIL, passages_of

from topics import InputError, ThemeModel, embed
from topics.model.compare import Earlier, changes, kept_ids, read_earlier


def earlier_run(themes: list[str | None]) -> Earlier:
    """A run of one passage a document, each on the theme that is given for it."""
    ids = [f"d{i}" for i in range(len(themes))]
    found = [theme for theme in dict.fromkeys(themes) if theme]
    pairs = [(i, theme, 1.0) for i, theme in zip(ids, themes, strict=True) if theme]
    return Earlier(
        pd.DataFrame({"theme_id": found, "name": [f.title() for f in found]}),
        pd.DataFrame(pairs, columns=["passage_id", "theme_id", "score"]),
        pd.DataFrame({"passage_id": ids, "document_id": ids, "text": ids}),
        np.zeros((len(ids), 2), np.float32),
    )


def test_a_theme_that_shares_half_of_its_passages_is_the_same():
    earlier = earlier_run(["fish"] * 4 + ["rail"] * 4 + [None])
    again = np.array([1, 1, 1, -1, 0, 0, 2, 2, 2])
    kept = kept_ids(earlier, again, ["a", "b", "c"], taken=())
    assert kept == {1: ("fish", "Fish"), 0: ("rail", "Rail")}


def test_of_the_parts_of_a_merged_theme_the_one_of_its_name_keeps_its_id():
    earlier = earlier_run(["fish"] * 9)
    again = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    assert kept_ids(earlier, again, ["rail", "fish"], taken=()) == {1: ("fish", "Fish")}
    assert kept_ids(earlier, again, ["rail", "cod"], taken=()) == {0: ("fish", "Fish")}
    assert kept_ids(earlier, again, ["fish", "fish"], taken=()) == {0: ("fish", "Fish")}


def test_a_theme_that_fell_apart_is_not_kept():
    earlier = earlier_run(["fish"] * 9)
    assert kept_ids(earlier, np.array([0, 0, 1, 1, 2, 2, 3, 3, -1]), list("abcd"), taken=()) == {}


def test_ids_of_themes_that_are_named_now_are_not_matched():
    assert kept_ids(earlier_run(["fish"] * 3), np.zeros(3, int), ["fish"], taken={"fish"}) == {}


def test_new_grown_shrunk_steady_and_vanished_themes_are_told():
    before = earlier_run(["fish"] * 40 + ["rail"] * 40 + ["ice"] * 10 + ["gas"] * 10)
    now = earlier_run(["fish"] * 80 + ["rail"] * 5 + ["ice"] * 9 + ["corn"] * 6)
    found = changes(before, now.themes.assign(n_documents=[80, 5, 9, 6]), now.passages).set_index(
        "theme_id"
    )
    assert found["change"].to_dict() == {
        "fish": "grown",
        "rail": "shrunk",
        "ice": "steady",
        "corn": "new",
        "gas": "vanished",
    }
    assert found.loc["fish", ["documents_before", "documents"]].tolist() == [40, 80]
    assert found.loc["gas", ["share_before", "share"]].tolist() == [0.1, 0.0]
    assert found.loc["fish", "low"] < 0.4 < found.loc["fish", "high"]


def test_a_folder_that_no_report_was_written_to_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"output folder of an earlier report.*no themes\.csv"):
        read_earlier(tmp_path, embed)


def test_damaged_files_of_an_earlier_report_are_refused(tmp_path):
    for name in ("themes.csv", "assignments.parquet", "passages.parquet"):
        (tmp_path / name).write_text("theme_id\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_earlier(tmp_path, embed)


def fitted(texts: list[str], earlier: Earlier | None = None) -> ThemeModel:
    vectors = embed(texts, progress=False)
    return ThemeModel().fit(passages_of(texts), vectors, earlier=earlier)


def test_themes_keep_ids_and_names_when_passages_are_added():
    texts = FISHING + RAIL
    first = fitted(texts)
    renamed = first.themes_.assign(name=first.themes_["name"] + " of old")
    vectors = embed(texts, progress=False)
    earlier = Earlier(renamed, first.assignments_, passages_of(texts), vectors)
    second = fitted([*texts, "Cod was dear on the fish market today."], earlier)
    found = second.themes_.set_index("theme_id")["name"]
    assert found.to_dict() == renamed.set_index("theme_id")["name"].to_dict()
    assert len(found) == 2
