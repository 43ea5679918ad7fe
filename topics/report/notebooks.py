"""The cells of the notebooks: read, run one after the other or read back, and what each one shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from topics.cache import (
    cache_dir,
    cache_limit,
    code_digest,
    digest,
    file_digest,
    folder_digests,
    log,
    remove,
    touch,
    trim,
    written_atomically,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_PACKAGE = Path(__file__).parents[1]
PLOTLY = "application/vnd.plotly.v1+json"


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


def notebooks_folder() -> Path:
    """Where the notebooks are: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "notebooks"
    return inside if inside.is_dir() else _PACKAGE.parent / "notebooks"


def run_notebooks(parameters: dict[str, Any], key: str) -> list[Cell]:
    """The cells of all numbered notebooks, with `parameters` in place of their own.

    They run in this process: a kernel of their own would have to start, to import everything
    and to load the run again. What they showed is cached: a second time it is read back.

    Parameters
    ----------
    parameters
        The arguments of `write_report` by name.
    key
        What tells the run that they show from any other.
    """
    paths = sorted(notebooks_folder().glob("[1-9]_*.ipynb"))
    cells = [cell for path in paths for cell in _read(path)]
    code = [cell for cell in cells if cell.kind == "code"]
    for cell in code:
        if "parameters" in cell.tags:
            cell.source = "\n".join(f"{key} = {value!r}" for key, value in parameters.items())
    sources = [cell.source for cell in code]
    key = digest(
        key,
        *sources,
        *_labelled(parameters),
        code_digest(". measures labelling figures report"),
        version("plotly"),
    )
    path = cache_dir() / "cells" / f"{key[:24]}.json"
    shown = _kept(path)
    if shown is None:
        with _shell() as shell:
            shown = [_run(shell, source) for source in tqdm(sources, desc="report", unit="cell")]
        _keep(shown, path)
    for cell, outputs in zip(code, shown, strict=True):
        cell.outputs = outputs
    return cells


def _labelled(parameters: dict[str, Any]) -> Iterator[str]:
    """Digests of what people labelled: cells read it, a run does not."""
    if gold := parameters.get("gold"):
        yield file_digest(Path(gold))
    if labels := parameters.get("labels"):
        yield folder_digests(Path(labels))


def _kept(path: Path) -> list[list[dict[str, Any]]] | None:
    """What the cells showed before; None where they have to be run."""
    try:
        checked, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        checked, text = "", ""
    if checked and checked == digest(text):
        touch(path)
        shown: list[list[dict[str, Any]]] = json.loads(text)
        return shown
    if path.is_file():
        log(f"cache: {path} is damaged, so the notebooks run again")
        remove(path)
    return None


def _keep(shown: list[list[dict[str, Any]]], path: Path) -> None:
    limit = cache_limit()
    text = json.dumps(shown)
    try:
        with written_atomically(path) as part:
            part.write_text(f"{digest(text)}\n{text}", encoding="utf-8")
        trim(limit, keep=path)
    except OSError as error:
        log(f"what the notebooks show is not cached: {error}")


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


def _run(shell: InteractiveShell, source: str) -> list[dict[str, Any]]:
    """What a cell shows; what it raises is raised. What it says on stderr is not kept."""
    from IPython.utils.capture import capture_output

    with capture_output() as shown:
        result = shell.run_cell(source)
    result.raise_error()
    said = [{"text/plain": shown.stdout}] if shown.stdout else []
    return said + [output.data for output in shown.outputs if output.data]
