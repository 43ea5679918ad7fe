"""Named and discovered themes of a small corpus of four subjects."""

import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from topics import InputError, ThemeModel, embed
from topics.model.bertopic import as_bertopic

FISHING = [
    "The trawler crews landed less cod this season, and the harbour auction sold out by noon.",
    "Fishermen along the bay want smaller nets so that young herring can escape and breed.",
    "A patrol boat stopped two vessels that were catching mackerel above their quota.",
    "Skippers say diesel eats the profit of every trip to the outer fishing grounds.",
    "The fish market will move to a colder hall where crates of haddock keep longer.",
    "Scientists on the survey ship counted fewer cod larvae than in any earlier cruise.",
    "Mackerel boats may fish for nine more days, then their quota for the season is spent.",
    "The fishing fleet stayed in port while gales kept the waves above six metres.",
    "New rules let small boats catch more herring close to the coast than big trawlers.",
]
SCHOOL = [
    "Pupils in the valley will sit their mathematics exam at school a week later than planned.",
    "Teachers asked for smaller classes, since thirty pupils cannot all be heard in a lesson.",
    "The headmistress opened a school library where pupils borrow books during the break.",
    "Parents objected to homework at the weekend and wrote to the school and its teachers.",
    "A textbook for history lessons was withdrawn because pupils found many errors in it.",
    "The school hired two more teachers for physics lessons after years with none.",
    "Pupils who learn to read late get an hour with a teacher each afternoon after school.",
    "The school board admitted that one question of the exam could not be answered by any pupil.",
    "Classrooms on the upper floor of the school stay closed, so pupils share lessons below.",
]
HOSPITAL = [
    "Nurses on the hospital ward look after twice as many patients as their guidelines allow.",
    "The clinic gave its patients the last doses of flu vaccine, and doctors ordered more.",
    "Surgeons at the hospital treat patients with a robot that shortens recovery.",
    "Patients wait eleven hours in the hospital before a doctor or a nurse sees them.",
    "Doctors ended a trial of the asthma drug early because their patients felt so much better.",
    "Doctors warned that patients catch measles wherever the vaccine is skipped.",
    "The clinic hired doctors who treat patients with a stroke before they reach the hospital.",
    "Nurses left the maternity ward, and its patients were sent to another hospital.",
    "A blood test at the clinic shows doctors the disease before any symptom troubles the patient.",
]
RAIL = [
    "The night train returns to the railway station with sleeping cars and a dining coach.",
    "Signal faults held up railway commuters, whose trains crawled through the station.",
    "Engineers will replace forty kilometres of railway track before trains run again.",
    "Ticket prices on the railway rise again, although every second train runs late.",
    "The railway tunnel for high speed trains broke through under the mountain.",
    "Train drivers on the railway voted to strike over shifts that end after the last train.",
    "A freight train derailed near the station and blocked both railway tracks.",
    "Railway passengers may take bicycles on regional trains outside the rush hour.",
    "The railway station gets lifts at last, so every passenger can reach the trains.",
]
TEXTS = FISHING + SCHOOL + HOSPITAL + RAIL
SUBJECTS = np.repeat(["fishing", "school", "hospital", "rail"], 9)
VOLCANOES = {
    "id": "volcanoes",
    "name": "Volcanoes",
    "description": "Eruptions of volcanoes, their lava and ash.",
    "phrases": ["lava flows from the crater", "a cloud of volcanic ash", "the volcano erupted"],
}
FISHERIES = {
    "id": "A_fisheries",
    "name": "Fisheries",
    "description": "Catching fish at sea with boats and trawlers.",
    "phrases": ["fishermen land cod and herring", "a quota for the fishing fleet", "fish market"],
    "not": ["anglers by the river"],
}


def passages_of(texts: list[str]) -> pd.DataFrame:
    """One passage a text, each a document of its own and no near-duplicate of another."""
    ids = [f"p{number:02d}" for number in range(len(texts))]
    return pd.DataFrame(
        {"passage_id": ids, "document_id": ids, "copy_group": ids, "text": texts},
        index=range(5, 5 + len(texts)),  # as rows picked from a longer table have it
    )


def fitted(texts: list[str], *named: dict) -> ThemeModel:
    return ThemeModel(named).fit(passages_of(texts), embed(texts, progress=False))


@pytest.fixture(scope="session")
def passages():
    return passages_of(TEXTS)


@pytest.fixture(scope="session")
def vectors():
    return embed(TEXTS, progress=False)


@pytest.fixture(scope="session")
def model(passages, vectors):
    return ThemeModel([VOLCANOES, FISHERIES]).fit(passages, vectors)


@pytest.fixture(scope="session")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.save(folder)
    return folder


def subjects_of(model: ThemeModel, theme_id: str) -> list[str]:
    own = model.assignments_[model.assignments_["theme_id"] == theme_id]
    return SUBJECTS[[int(passage[1:]) for passage in own["passage_id"]]].tolist()


def theme_on(model: ThemeModel, subject: str) -> str:
    """Id of the theme all of whose passages are on a subject."""
    (found,) = (i for i in model.themes_["theme_id"] if set(subjects_of(model, i)) == {subject})
    return found


def test_a_named_theme_gets_its_passages_and_an_absent_one_none(model):
    found = subjects_of(model, "A_fisheries")
    assert set(found) == {"fishing"}
    assert len(found) >= 7
    theme = model.themes_.set_index("theme_id").loc["volcanoes"]
    assert (theme["n_passages"], theme["n_documents"], theme["exemplars"]) == (0, 0, "")
    assert model.centroid("volcanoes").tolist() == [0] * 512


def test_named_themes_keep_their_ids_and_order_before_the_discovered_ones(model):
    assert model.themes_[["theme_id", "name", "kind"]].values.tolist()[:2] == [
        ["volcanoes", "Volcanoes", "named"],
        ["A_fisheries", "Fisheries", "named"],
    ]
    assert model.themes_["kind"].tolist()[2:] == ["discovered"] * 3


def test_each_other_subject_is_a_theme_of_its_own(model):
    found = {theme_on(model, subject) for subject in ("hospital", "rail", "school")}
    assert found == set(model.themes_["theme_id"][2:])


def test_a_discovered_theme_never_takes_the_id_of_a_named_one(model):
    taken = {**VOLCANOES, "id": model.themes_["theme_id"][2]}
    ids = fitted(TEXTS, taken, FISHERIES).themes_["theme_id"].tolist()
    assert ids[:2] == [taken["id"], "A_fisheries"]
    assert len(set(ids)) == len(ids) == 5


def test_a_named_theme_that_most_passages_are_on_keeps_them():
    model = fitted(FISHING + HOSPITAL[:3], FISHERIES)
    own = model.assignments_[model.assignments_["theme_id"] == "A_fisheries"]
    assert len(own) >= 5
    assert own["passage_id"].max() < "p09"


def test_the_tables_have_the_columns_that_are_promised(model):
    assert list(model.themes_) == [
        *("theme_id", "name", "kind", "n_passages", "n_documents"),
        *("keywords", "exemplars", "parent", "stability"),
    ]
    assert list(model.assignments_) == ["passage_id", "theme_id", "score"]
    assert list(model.levels_) == [
        *("resolution", "n_clusters", "stability", "stability_error"),
        *("persistence", "separation", "evenness", "score", "chosen"),
    ]


def test_exemplars_are_passages_of_the_theme_each_from_another_text():
    texts = TEXTS[:9] * 2 + TEXTS[9:]
    copies = passages_of(texts)
    copies["copy_group"] = [f"p{texts.index(text):02d}" for text in texts]
    copies["passage_id"] = "tariffs; chips " + copies["passage_id"]  # as of a file of that name
    model = ThemeModel([FISHERIES]).fit(copies, embed(texts, progress=False))
    exemplars = model.exemplars("A_fisheries")
    assert model.themes_["exemplars"][0] == "; ".join(exemplars)
    assert len({texts[int(passage[-2:])] for passage in exemplars} & set(FISHING)) == 3


def test_the_same_seed_gives_the_same_themes(model, passages, vectors):
    again = ThemeModel([VOLCANOES, FISHERIES]).fit(passages, vectors)
    assert_frame_equal(again.themes_, model.themes_)
    assert_frame_equal(again.assignments_, model.assignments_)


def test_fitted_passages_are_predicted_as_they_were_assigned(model, passages, vectors):
    assert_frame_equal(model.predict(passages, vectors), model.assignments_)


def test_a_passage_alone_is_predicted_as_in_company(model, passages, vectors):
    alone = [model.predict(passages[i : i + 1], vectors[i : i + 1]) for i in range(len(TEXTS))]
    assert_frame_equal(pd.concat(alone, ignore_index=True), model.assignments_, atol=1e-3)


def test_a_new_passage_gets_the_theme_of_its_subject(model):
    texts = ["Herring trawlers reached their fishing quota.", "Trains were late on the railway."]
    found = model.predict(passages_of(texts), embed(texts, progress=False))
    assert found[["passage_id", "theme_id"]].to_numpy().tolist() == [
        ["p00", "A_fisheries"],
        ["p01", theme_on(model, "rail")],
    ]


def test_decision_function_gives_the_scores_that_named_themes_were_assigned_by(model, vectors):
    scores = model.decision_function(vectors)
    assert list(scores) == list(model.thresholds_.index) == ["volcanoes", "A_fisheries"]
    own = model.assignments_[model.assignments_["theme_id"] == "A_fisheries"]
    rows = [int(passage[1:]) for passage in own["passage_id"]]
    np.testing.assert_allclose(scores["A_fisheries"][rows], own["score"], atol=1e-3)
    assert (scores["A_fisheries"] >= model.thresholds_["A_fisheries"]).sum() == len(own)


def test_search_finds_the_passage_that_means_what_was_asked_and_where_it_is():
    placed = passages_of(TEXTS).assign(start=range(36), end=range(100, 136))
    model = ThemeModel().fit(placed, embed(TEXTS, progress=False))
    found = model.search("pupils may borrow books", 2)
    assert list(found) == ["passage_id", "document_id", "start", "end", "similarity", "text"]
    assert found[["start", "end", "text"]].values.tolist()[0] == [11, 111, SCHOOL[2]]


def test_search_finds_words_that_meaning_alone_would_miss():
    model = ThemeModel().fit(
        passages_of([*TEXTS, "Ref. ZX-4417, see Malmgren."]),
        embed([*TEXTS, "Ref. ZX-4417, see Malmgren."], progress=False),
    )
    assert model.search("the Malmgren report on fishing quotas", 1)["text"].tolist() == [
        "Ref. ZX-4417, see Malmgren."
    ]


def test_labels_teach_a_named_theme_and_what_they_change_is_told_by_other_documents():
    texts = [
        f"{text} {end}"
        for end in ("Also.", "Now.", "Once.", "Then.", "Too.", "Yes.")
        for text in TEXTS
    ]
    passages, about = passages_of(texts), np.tile(SUBJECTS, 6)
    labels = pd.Series(
        [{"A_fisheries"} if s in ("fishing", "rail") else set() for s in about],
        passages.index,
        object,
    )
    labels.iloc[144:] = None
    model = ThemeModel([FISHERIES]).fit(passages, embed(texts, progress=False), labels=labels)
    told = model.validated_
    assert (len(told), told["label"].sum()) == (144, 72)
    rail = told[about[:144] == "rail"]
    assert (rail["before"].mean(), rail["after"].mean()) == (0, 1)
    has_theme = passages["passage_id"].isin(
        model.assignments_["passage_id"][model.assignments_["theme_id"] == "A_fisheries"]
    )
    assert set(about[144:][has_theme[144:]]) == {"fishing", "rail"}


def test_every_cluster_of_a_level_has_a_parent_at_the_coarser_one(model):
    tree = model.hierarchy_
    assert list(tree) == ["level", "cluster", "parent", "n_passages", "inside"]
    assert tree[tree["level"] == 0].values.tolist() == [[0, 0, -1, 36, 1.0]]
    assert tree.groupby("level")["n_passages"].sum().eq(36).all()
    assert tree.groupby("level").size().tolist() == model.levels_["n_clusters"].tolist()


def test_a_model_read_back_answers_as_the_saved_one(model, saved, passages, vectors):
    loaded = ThemeModel.load(saved)
    assert loaded.named == model.named
    for answer in (
        lambda m: m.predict(passages, vectors),
        lambda m: m.decision_function(vectors),
        lambda m: m.search("school exam"),
        lambda m: m.hierarchy_,
        lambda m: m.themes_,
        lambda m: m.levels_,
    ):
        assert_frame_equal(answer(loaded), answer(model))
    assert np.array_equal(loaded.refits(5), model.refits(5))


def test_refits_tell_which_passages_would_have_each_theme(model):
    again = model.refits(7)
    assert again.shape == (5, 7, len(TEXTS))
    assert model.refits().shape[1] == 20
    volcanoes, fisheries, *discovered = again
    assert set(np.unique(again[:2])) == {0, 1}  # none is left out for a named theme
    assert volcanoes.sum() == 0
    assert (fisheries[:, SUBJECTS == "fishing"] == 1).mean() > 0.6
    assert (fisheries[:, SUBJECTS != "fishing"] == 1).mean() < 0.05
    left_out = np.mean(np.array(discovered) == -1)
    assert left_out == pytest.approx(0.2, abs=0.03)
    for theme_id, found in zip(model.themes_["theme_id"][2:], discovered, strict=True):
        (subject,) = set(subjects_of(model, theme_id))
        assert (found == (subject == SUBJECTS))[found >= 0].mean() > 0.9


def test_no_file_of_a_saved_model_is_a_pickle(saved):
    files = {path.name: path for path in saved.iterdir()}
    assert sorted(files) == [
        *("assignments.parquet", "checksum.txt", "discovered.npz", "edits.parquet", "fitted.npz"),
        "languages.npz",
        *("levels.parquet", "model.json", "named.npz", "passages.parquet", "themes.parquet"),
        "validated.parquet",
    ]
    for name in ("discovered.npz", "fitted.npz", "languages.npz", "named.npz"):
        with np.load(files[name], allow_pickle=False) as arrays:
            assert all(array.dtype != object for array in arrays.values())


DAMAGE = {
    "missing": lambda path, _: path.unlink(),
    "empty": lambda path, _: path.write_bytes(b""),
    "cut": lambda path, _: path.write_bytes(path.read_bytes()[:-9]),
    "one bit": lambda path, _: path.write_bytes(flipped(path.read_bytes())),
    "of another model": lambda path, other: path.write_bytes((other / path.name).read_bytes()),
    "a folder": lambda path, _: (path.unlink(), path.mkdir()),
    "a link to itself": lambda path, _: (path.unlink(), path.symlink_to(path)),
}


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_folder_whose_files_were_changed_is_refused(model, tmp_path):
    model.save(tmp_path / "whole")
    fitted(SCHOOL).save(tmp_path / "other")
    for file in (tmp_path / "whole").iterdir():
        for kind, damage in DAMAGE.items():
            copy = shutil.copytree(tmp_path / "whole", tmp_path / f"{kind} {file.name}")
            damage(copy / file.name, tmp_path / "other")
            if kind == "of another model" and (copy / file.name).read_bytes() == file.read_bytes():
                continue  # the same in both
            with pytest.raises(InputError, match=r"^model: .* fit it again$"):
                ThemeModel.load(copy)


def test_a_model_of_another_format_is_refused(model, tmp_path):
    model.save(tmp_path)
    state = tmp_path / "model.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"format": 99}))
    with pytest.raises(InputError, match="expected format 9, found 99"):
        ThemeModel.load(tmp_path)


def test_named_themes_need_the_embedder_that_made_the_vectors(passages):
    with pytest.raises(InputError, match=r"expected .* 8 dimensions.* found 512"):
        ThemeModel([FISHERIES]).fit(passages, np.eye(36, 8) + 0.1)


def test_without_named_themes_vectors_of_any_embedder_do(passages):
    rows = np.eye(36, 8) + 0.1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    model = ThemeModel().fit(passages, rows)
    assert model.refits(3).shape == (len(model.themes_), 3, 36)
    assert model.decision_function(rows).shape == (36, 0)
    assert model.thresholds_.empty


def test_vectors_of_any_embedder_do_in_several_languages_too():
    passages = passages_of([f"{TEXTS[n % 36]} {n}" for n in range(120)])
    passages["language"] = ["en", "fr"] * 60
    rows = np.eye(120, 8) + 0.1
    model = ThemeModel().fit(passages, rows / np.linalg.norm(rows, axis=1, keepdims=True))
    assert len(model.assignments_) > 0


@pytest.mark.parametrize("named", [(), (VOLCANOES, FISHERIES)], ids=["none named", "two named"])
@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_passages_can_be_fitted(n, named):
    model = fitted(FISHING[:n], *named)
    assert model.assignments_["passage_id"].tolist() == [f"p{i:02d}" for i in range(n)]
    assert model.themes_["kind"].tolist().count("named") == len(named)
    assert model.themes_.query("theme_id == 'volcanoes'")["n_passages"].sum() == 0


@pytest.mark.parametrize("n", [2, 40])
def test_identical_passages_are_all_of_one_theme(n):
    assert fitted(FISHING[:1] * n).themes_["n_passages"].tolist() == [n]


@pytest.mark.parametrize("n", [5, 20])
def test_a_few_passages_in_two_languages_are_fitted_without_a_warning(n):
    german = [
        "Die Fischer landen in dieser Saison weniger Dorsch als je zuvor.",
        "Der Nachtzug kehrt mit Schlafwagen in den Bahnhof zurück.",
        "Im Krankenhaus warten Patienten elf Stunden auf eine Ärztin.",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted((german + TEXTS[::3] + TEXTS[1::3])[:n], VOLCANOES)
    assert model.themes_["n_passages"][0] == 0
    assert model.themes_["theme_id"].is_unique


def test_passages_that_share_a_single_phrase_are_named_by_it():
    model = fitted(["Trawlers sank.", "Trawlers burned.", "Trawlers returned."])
    assert model.themes_[["name", "keywords"]].to_numpy().tolist() == [["Trawlers", "Trawlers"]]


def test_the_bertopic_model_has_a_row_a_theme_and_one_for_passages_without(model):
    info = model.bertopic_.get_topic_info().set_index("CustomName")["Count"]
    names = dict(zip(model.themes_["theme_id"], model.themes_["name"], strict=True))
    counts = model.theme_of_passage_.map(names).value_counts().to_dict()
    without = int(model.theme_of_passage_.isna().sum())
    assert len(info) == len(counts) + (without > 0)
    assert {name: info[name] for name in counts} == counts
    assert info.sum() == len(TEXTS)


def test_bertopic_labels_stay_with_their_passages_where_themes_are_of_one_size(vectors):
    themes = pd.Series(["water", "school", "clinic", "rail"]).repeat(9).reset_index(drop=True)
    names = {theme: theme.upper() for theme in themes}
    bertopic = as_bertopic(TEXTS, vectors, themes, names, embed)
    labels = bertopic.get_topic_info().set_index("Topic")["CustomName"]
    assert [labels[topic] for topic in bertopic.topics_] == [names[theme] for theme in themes]


def test_the_bertopic_model_counts_topics_over_time_and_finds_topics_by_a_search_term(model):
    bertopic, dates = model.bertopic_, pd.date_range("2025-01-01", periods=36).tolist()
    assert bertopic.topics_over_time(TEXTS, dates, nr_bins=2)["Frequency"].sum() == 36
    topics, _ = bertopic.find_topics("a nurse at the clinic", top_n=1)
    assert topics == [bertopic.topics_[TEXTS.index(HOSPITAL[0])]]


def test_the_bertopic_model_is_saved_as_safetensors(model, tmp_path):
    model.bertopic_.save(tmp_path / "bertopic", serialization="safetensors")
    assert sorted(path.name for path in (tmp_path / "bertopic").iterdir()) == [
        *("config.json", "topic_embeddings.safetensors", "topics.json")
    ]


def test_a_model_fitted_again_has_the_bertopic_model_of_the_last_fit():
    model = fitted(FISHING[:2])
    assert len(model.bertopic_.topics_) == 2
    model.fit(passages_of(RAIL[:4]), embed(RAIL[:4], progress=False))
    assert len(model.bertopic_.topics_) == 4


def test_a_passage_of_fewer_than_five_words_has_no_theme():
    texts = [*TEXTS, "Read about pupils, teachers"]
    model = fitted(texts)
    assert "p36" not in set(model.assignments_["passage_id"])
    assert model.predict(passages_of(texts)[36:], embed(texts[36:], progress=False)).empty
