"""Who is mentioned, who only seems to be, and in which themes."""

import pandas as pd
import pytest
from runs import rows

from topics.errors import InputError
from topics.measures.actors import Actor, actors_by_theme, mentions, read_actors
from topics.measures.shares import DocumentThemes


def passages_of(*texts):
    return pd.DataFrame({
        "passage_id": [f"p{i}" for i in range(1, len(texts) + 1)],
        "text": pd.Series(texts, dtype="str"),
    })  # fmt: skip


@pytest.fixture(scope="module")
def named():
    """Names of the actors that a text mentions, by the bundled list."""
    actors = read_actors()
    return lambda text: mentions(passages_of(text), actors)["actor"].tolist()


def written(folder, content):
    """Path of an actors file with this content."""
    (folder / "mine.yml").write_text(content, encoding="utf-8")
    return folder / "mine.yml"


@pytest.mark.parametrize(
    ("text", "actors"),
    [
        ("Beijing’s answer came late.", ["China"]),
        ("Two Norwegians rowed past.", ["Norway"]),
        ("The U.S. and the US-led group", ["United States"]),
        ("The White House waited for Downing Street.", ["United Kingdom", "United States"]),
        ("Brussels wrote to Kyiv.", ["European Union", "Ukraine"]),
        ("Seoul and Pyongyang exchanged lists.", ["North Korea", "South Korea"]),
        ("Tokyo met Taipei\nin Hong\nKong.", ["Hong Kong", "Japan", "Taiwan"]),
        ("Côte d’Ivoire sells cocoa to Türkiye and Czechia.", ["Czech Republic", "Ivory Coast", "Turkey"]),
        ("The Chinese are French.", ["China", "France"]),
        ("Burma and Belgrade", ["Myanmar", "Serbia"]),
        ("A Congolese miner", ["Democratic Republic of the Congo"]),
        ("The Fed followed the People's Bank of China.", ["Federal Reserve", "People's Bank of China"]),
        ("US Treasury Secretary", ["Treasury Department", "United States"]),
        ("In Jordan, South Sudanese", ["Jordan", "South Sudan"]),
        ("Democratic People’s Republic of Korea", ["North Korea"]),
    ],
)  # fmt: skip
def test_names_demonyms_and_capitals_stand_for_the_actor(named, text, actors):
    assert named(text) == actors


@pytest.mark.parametrize(
    "text",
    [
        "tell us about the turkey and the chad",
        "a Roman road",
        "New Mexico, Latin America and Washington Post",
        "a jersey from New Jersey",
        "the coach Bertil Jordan and Jordan Miller",
        "peaches from Georgia",
        "Georgetown, Victoria, Kingston and San José",
        "the Paris Agreement in the South China Sea",
        "it cost US$40",
        "the Koreas and the Americas",
    ],
)
def test_what_only_looks_like_an_actor_is_none(named, text):
    assert named(text) == []


@pytest.mark.parametrize(
    "actor",
    ["Papua New Guinea", "Equatorial Guinea", "Guinea-Bissau", "Guinea", "Nigeria", "Niger",
     "Dominican Republic"],
)  # fmt: skip
def test_the_longest_name_wins(named, actor):
    assert named(actor) == [actor]


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("Tariffs rose.", "tariff"),
        ("a free trade agreement", "free-trade agreement"),
        ("Free-Trade Agreements", "free-trade agreement"),
        ("embargoes", "embargo"),
        ("Treasurys fell.", "government bonds"),
        ("anti-dumping case", "anti-dumping"),
    ],
)
def test_instruments_are_found_in_any_case_number_and_hyphenation(named, text, instrument):
    assert named(text) == [instrument]


def test_a_passage_and_actor_make_one_row_in_the_order_of_the_passages():
    actors = [Actor("Tarn", "state", ("Tarn",)), Actor("toll", "instrument", ("toll",))]
    found = mentions(passages_of("Tarn sets a toll; Tarn!", "none", "A TOLL"), actors)
    assert found.to_dict("list") == {
        "passage_id": ["p1", "p1", "p3"],
        "actor": ["Tarn", "toll", "toll"],
        "kind": ["state", "instrument", "instrument"],
    }


def test_without_a_mention_there_are_no_rows_but_the_columns():
    found = mentions(passages_of("quiet"), [])
    assert (len(found), list(found)) == (0, ["passage_id", "actor", "kind"])


def test_a_file_adds_actors_and_aliases_and_takes_aliases_away(tmp_path):
    path = written(
        tmp_path,
        """
- {name: Harbour League, kind: bloc, aliases: [HL, King’s Quay]}
- {name: Georgia, kind: state}
- {name: Norway, kind: state, aliases: [Oslofjord], not: [Oslo, Norwegian Blue]}
""",
    )
    text = "King's Quay: Georgia.", "Oslofjord", "Oslo", "a Norwegian Blue", "Norwegian"
    found = mentions(passages_of(*text), read_actors(path))
    assert rows(found, "passage_id", "actor") == [
        ("p1", "Georgia"), ("p1", "Harbour League"), ("p2", "Norway"), ("p5", "Norway"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: Tarn", "expected a list of actors (name, kind, aliases), found dict"),
        ("- Tarn", "entry 1: expected fields name, kind, aliases; found 'Tarn'"),
        ("- {name: no, kind: state}", "entry 1: expected fields name, kind, aliases; found"),
        ("- {name: Tarn}", "kind: expected state, bloc, agency, instrument; found None"),
        ("- {name: Tarn, kind: state, colour: red}", "entry 1: unknown field 'colour'"),
        ("- {name: Tarn, kind: state, aliases: T}", "aliases: expected a list of texts, found 'T'"),
        ("- {name: Tarn, kind: state, not: ['']}", "not: expected a list of texts, found ['']"),
        ("- [", "is not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path, content, message):
    with pytest.raises(InputError) as caught:
        read_actors(written(tmp_path, content))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*none\.yml.*No such file"):
        read_actors(tmp_path / "none.yml")


def in_themes(held, themes, sources="Gull"):
    """Tables of documents d1, d2, ... whose passages mention and carry what is listed."""
    passages = pd.DataFrame(
        [(f"d{d}:{i}", f"d{d}") for d, own in enumerate(held, 1) for i in range(len(own))],
        columns=["passage_id", "document_id"],
    )
    flat = [pair for own in held for pair in own]
    ids = passages["passage_id"]
    assignments = pd.DataFrame(
        [(p, t) for p, (_, own) in zip(ids, flat, strict=True) for t in own],
        columns=["passage_id", "theme_id"],
    )
    found = pd.DataFrame(
        [(p, a, "state") for p, (own, _) in zip(ids, flat, strict=True) for a in own],
        columns=["passage_id", "actor", "kind"],
    )
    documents = passages[["document_id"]].drop_duplicates(ignore_index=True)
    documents = documents.assign(date=pd.NaT, source=sources, country=None)
    carries = pd.DataFrame({t: [any(t in own for _, own in doc) for doc in held] for t in themes})
    return DocumentThemes(documents, carries), passages, assignments, found


def test_passages_of_the_theme_that_name_an_actor_are_set_against_all_others():
    held = [
        [("A", "t"), ("A", "t"), ("B", "")],  # B stands beside the theme
        [("", "t"), ("A", "")],
        [("A", ""), ("", ""), ("", ""), ("", "")],
    ]
    table = actors_by_theme(*in_themes(held, "t"))
    columns = ("actor", "documents", "n", "n_total", "share", "share_elsewhere", "clear")
    assert rows(table, *columns) == [("A", 1, 2, 3, 2 / 3, 2 / 6, False)]


def test_an_actor_is_clearly_named_more_where_many_documents_name_it():
    held = [[("A", "t"), ("", "")]] * 20 + [[("A", ""), ("", "")]]
    row = actors_by_theme(*in_themes(held, "t")).iloc[0]
    assert row["clear"]
    assert row["difference"] == pytest.approx(1 - 1 / 22)
    assert 0.6 < row["low"] < row["difference"] < row["high"] <= 1


def test_an_actor_that_one_outlet_names_whatever_its_theme_is_not_clear():
    held = [[("A", "t"), ("A", "")]] * 20 + [[("", "")]] * 40
    sources = ["Gull"] * 20 + ["Heron"] * 40  # all that Gull writes names A
    row = actors_by_theme(*in_themes(held, "t", sources)).iloc[0]
    assert (row["share"], row["clear"]) == (1, False)
    assert row["low"] > 0.3


def test_themes_keep_their_order_and_the_most_frequent_actor_comes_first():
    held = [[("BA", "u"), ("", "")], [("B", "u")], [("C", "t")]]
    table = actors_by_theme(*in_themes(held, "tu"))
    assert rows(table, "theme_id", "actor", "n") == [("t", "C", 1), ("u", "B", 2), ("u", "A", 1)]


def test_where_every_passage_has_the_theme_elsewhere_is_not_known():
    table = actors_by_theme(*in_themes([[("A", "t")], [("A", "t")]], "t"))
    assert table["share_elsewhere"].isna().all()
    assert not table["clear"].any()


def test_documents_left_out_of_the_table_do_not_count():
    document_themes, *rest = in_themes([[("A", "t")], [("A", "t")], [("", "")]], "t")
    row = actors_by_theme(document_themes.where([True, False, True]), *rest).iloc[0]
    assert (row["n"], row["n_total"]) == (1, 1)


def test_no_mentions_make_no_rows():
    table = actors_by_theme(*in_themes([[("", "t")], [("", "")]], "t"))
    assert list(table) == ["theme_id", "actor", "kind", "documents", "n", "sources", "n_total", "share",
                           "n_elsewhere", "share_elsewhere", "difference", "low", "high", "clear"]  # fmt: skip
    assert table.empty
