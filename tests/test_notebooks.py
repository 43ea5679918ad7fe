"""The notebooks as files; two as a user of JupyterLab runs them, the others where reports are tested."""

from __future__ import annotations

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
assert len(NOTEBOOKS) == 5
PARAMETERS = """path = "../data/articles"  # a folder of articles, or one file
options = {"themes": "../data/themes.yml", "gold": "../data/gold.csv"}  # see topics.Options"""


@pytest.mark.parametrize("path", [NOTEBOOKS[0], NOTEBOOKS[4]], ids=lambda path: path.stem)
def test_a_notebook_runs_top_to_bottom_on_the_sample_corpus(path):
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert [output for output in shown if output.output_type == "error"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_clean_and_opens_with_its_parameters(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    text = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    headings = [line for source in text for line in source.splitlines() if line.startswith("# ")]
    assert len(headings) == 1
    assert [c.metadata.get("tags") for c in code].count(["parameters"]) == 1
    assert code[0].metadata.tags == ["parameters"]
    assert code[0].source == PARAMETERS or path == NOTEBOOKS[0]
