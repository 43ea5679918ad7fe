"""Themes as codes: the project is read back as a program for qualitative analysis would."""

from xml.etree import ElementTree
from zipfile import ZipFile

import pandas as pd
import pytest
from browser import topics

from topics.errors import InputError
from topics.report.qdpx import write_qdpx

TEXTS = ["Ferries 🚢 sank.\n\nGrain <rots> & stinks.", "Nobody \x0b came."]


@pytest.fixture
def folder(tmp_path):
    pd.DataFrame(
        {"document_id": ["a\x01.txt", "b.txt"], "text": TEXTS, "title": ["Quay", "Quay"]}
    ).to_parquet(tmp_path / "documents.parquet")
    pd.DataFrame(
        {
            "passage_id": ["a\x01.txt:1", "a\x01.txt:2", "b.txt:1"],
            "document_id": ["a\x01.txt", "a\x01.txt", "b.txt"],
            "start": [0, 17, 0],
            "end": [15, 39, 14],
        }
    ).to_parquet(tmp_path / "passages.parquet")
    pd.DataFrame(
        {
            "passage_id": ["a\x01.txt:1", "a\x01.txt:2", "a\x01.txt:2"],
            "theme_id": ["sea", "sea", "food"],
        }
    ).to_parquet(tmp_path / "assignments.parquet")
    pd.DataFrame(
        {"theme_id": ["sea", "food"], "name": ["Sea", "Bread & <butter>"], "keywords": "x, y"}
    ).to_csv(tmp_path / "themes.csv")
    return tmp_path


def read_project(path):
    """Names of sources and codes, and for each coded selection its text and its codes' names."""
    names = {"q": "urn:QDA-XML:project:1.0"}
    with ZipFile(path) as archive:
        project = ElementTree.fromstring(archive.read("project.qde"))
        codes = {
            code.get("guid"): code.get("name") for code in project.iterfind(".//q:Code", names)
        }
        sources, selections = [], []
        for source in project.iterfind(".//q:TextSource", names):
            sources.append(source.get("name"))
            file = source.get("plainTextPath").replace("internal://", "sources/")
            text = archive.read(file).decode("utf-8")
            for selection in source.iterfind("q:PlainTextSelection", names):
                at = slice(int(selection.get("startPosition")), int(selection.get("endPosition")))
                own = [ref.get("targetGUID") for ref in selection.iterfind(".//q:CodeRef", names)]
                selections.append((text[at], [codes[guid] for guid in own]))
    return sources, list(codes.values()), selections


def test_every_passage_with_a_theme_is_a_coded_selection_of_its_document(folder):
    said = write_qdpx(folder, folder / "themes.qdpx")
    assert said == f"2 codes on 2 documents: {folder / 'themes.qdpx'}"
    assert read_project(folder / "themes.qdpx") == (
        ["Quay (a\ufffd.txt)", "Quay (b.txt)"],
        ["Sea", "Bread & <butter>"],
        [("Ferries 🚢 sank.", ["Sea"]), ("Grain <rots> & stinks.", ["Sea", "Bread & <butter>"])],
    )


def test_no_two_codes_have_one_name(folder):
    """QualCoder keeps one of them, and the selections of the other lose their code."""
    pd.DataFrame({"theme_id": ["sea", "food"], "name": "Trade", "keywords": "x, y"}).to_csv(
        folder / "themes.csv"
    )
    write_qdpx(folder, folder / "themes.qdpx")
    _, codes, selections = read_project(folder / "themes.qdpx")
    assert codes == ["Trade (sea)", "Trade (food)"]
    assert [own for _, own in selections] == [["Trade (sea)"], codes]


def test_a_theme_may_be_called_null_and_have_no_keywords(folder):
    pd.DataFrame({"theme_id": ["sea", "food"], "name": ["null", "Food"], "keywords": ""}).to_csv(
        folder / "themes.csv"
    )
    write_qdpx(folder, folder / "themes.qdpx")
    assert read_project(folder / "themes.qdpx")[1] == ["null", "Food"]
    with ZipFile(folder / "themes.qdpx") as archive:
        assert b"nan" not in archive.read("project.qde")


def test_the_same_themes_make_the_same_bytes(folder):
    for name in ("one.qdpx", "two.qdpx"):
        write_qdpx(folder, folder / name)
    assert (folder / "one.qdpx").read_bytes() == (folder / "two.qdpx").read_bytes()


def test_a_folder_without_a_report_is_told_in_one_line(folder):
    (folder / "themes.csv").unlink()
    with pytest.raises(InputError, match="qdpx: expected the output folder of a report"):
        write_qdpx(folder, folder / "themes.qdpx")
    pd.DataFrame({"theme_id": ["sea"]}).to_csv(folder / "themes.csv")
    with pytest.raises(InputError, match=r"qdpx: .*cannot read .*keywords"):
        write_qdpx(folder, folder / "themes.qdpx")
    done = topics("export", "nowhere", "--qdpx", "x.qdpx", cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (folder / "x.qdpx").exists()
