"""The notebooks, run cell by cell in two processes, and what each cell shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from topics.errors import progress_bar
from topics.parallel import side_by_side

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_PACKAGE = Path(__file__).parents[1]
_NEEDED = ("plotly.graph_objects", "sklearn.linear_model", "topics.figures.tables")  # by the cells
_HALF = "3"  # number of the notebook that takes as long as the others together
_IN_LAB = "lab"  # tag of cells that a report has no use for: it opens with what they show


@dataclass
class Cell:
    """A cell of a notebook.

    Attributes
    ----------
    id
        Of the notebook and of the cell in it.
    kind
        markdown or code.
    source, tags
        As in the notebook.
    outputs
        What it showed when it was run: by MIME type, what each output is.
    """

    id: str
    kind: str
    source: str
    tags: list[str] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)


def notebook_paths() -> list[Path]:
    """The notebooks that make up a report, inside an installed package or beside it in a checkout."""
    inside = _PACKAGE / "notebooks"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "notebooks"
    return sorted(folder.glob("[1-9]_*.ipynb"))


def run_notebooks(path: str, options: dict[str, Any]) -> list[Cell]:
    """The cells of all notebooks, run on `path` with `options` instead of their own parameters.

    They run in this process: a kernel of their own would have to start, to import everything and
    to load the run again. A copy of this process runs half of them.
    """
    every = (cell for notebook in notebook_paths() for cell in _read(notebook))
    cells = [cell for cell in every if _IN_LAB not in cell.tags]
    code = [cell for cell in cells if cell.kind == "code"]
    for cell in code:
        if "parameters" in cell.tags:
            cell.source = f"path = {path!r}\noptions = {options!r}"
    half = [cell for cell in code if cell.id.startswith(_HALF)]
    rest = [cell for cell in code if cell not in half]
    for name in _NEEDED:  # once for both
        import_module(name)
    # The half here has a cell that copies of this process share; a copy cannot be copied.
    shown, told = side_by_side(lambda: _shown(half), lambda: json.dumps(_shown(rest)).encode())
    shown += json.loads(told)
    for cell, outputs in zip(half + rest, shown, strict=True):
        cell.outputs = outputs
    return cells


def _read(path: Path) -> Iterator[Cell]:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        tags = cell["metadata"].get("tags", [])
        yield Cell(f"{path.stem}-{cell['id']}", cell["cell_type"], "".join(cell["source"]), tags)


@contextmanager
def _shell() -> Iterator[InteractiveShell]:
    """IPython without a trace: no history, no profile, no window for a figure."""
    import plotly.io as pio
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    before, pio.renderers.default = pio.renderers.default, "plotly_mimetype"
    with TemporaryDirectory() as folder:
        unkept = Config(HistoryManager={"enabled": False})
        shell = InteractiveShell.instance(ipython_dir=folder, config=unkept)
        try:
            with shell.builtin_trap, shell.display_trap:
                yield shell
        finally:
            InteractiveShell.clear_instance()
            pio.renderers.default = before


def _shown(cells: list[Cell]) -> list[list[dict[str, Any]]]:
    """What each of these cells shows; what one raises is raised. What they log is not kept."""
    from IPython.utils.capture import capture_output

    found = []
    with _shell() as shell:
        for cell in progress_bar(cells, desc="report", unit="cell"):
            with capture_output() as shown:
                result = shell.run_cell(cell.source)
            result.raise_error()
            said = [{"text/plain": shown.stdout}] if shown.stdout else []
            found.append(said + [output.data for output in shown.outputs if output.data])
    return found
