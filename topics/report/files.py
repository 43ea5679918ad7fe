"""A report and the data behind it as files: written whole or not at all, and only when needed."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topics import cache
from topics.cache import digest, file_digest, written_atomically
from topics.errors import InputError, log
from topics.options import Options
from topics.parallel import stage
from topics.read.files import as_path, files_digest, find_files
from topics.report.notebooks import notebook_paths, run_notebooks

if TYPE_CHECKING:
    from topics.html import Finding
    from topics.run import Run

_DATA_FILES = (
    "documents.parquet", "passages.parquet", "assignments.parquet", "themes.csv", "findings.json",
)  # fmt: skip
_CODE = ". read text vectors model measures labelling figures report"  # folders of the package


def write_report(path: str, out: str | Path, **options: Any) -> Path:
    """Analyse `path`, write report.html and the data files into the folder `out`; its path.

    Nothing is done where the folder holds the report of the same input, options and code.

    Parameters
    ----------
    path
        A file or folder, as for `topics.read_corpus`.
    out
        The output folder, ``~`` for the user's own; it is made if it does not exist.
    options
        See `topics.Options`.

    Raises
    ------
    InputError
        If the input, an option or the output folder is wrong.
    """
    chosen = Options(**options)
    find_files(as_path(path))  # what is wrong is told before hours of work
    folder = _writable(Path(out).expanduser())
    inputs = _inputs_digest(path, chosen)
    if _holds(folder, inputs):
        log("nothing has changed since this report was written")
    else:
        _write(path, folder, chosen, inputs)
    return folder


def _write(path: str, folder: Path, options: Options, inputs: str) -> None:
    """Make a report and write its files."""
    from topics.pipeline import analyse
    from topics.report.page import as_page, findings_of

    run = analyse(path, **vars(options))
    log("writing the report")
    timeline = run.about["timeline"]
    with stage("notebooks", timeline):
        cells = run_notebooks(path, options.changed)
    with stage("page", timeline):
        found = findings_of(cells, run)
        page = as_page(cells, found, run, path)
    try:
        write_data(run, found, folder)
        with written_atomically(folder / "report.html") as part:
            part.write_text(page, encoding="utf-8")
        _write_about(run, folder, {"path": path, **vars(options)}, inputs)
    except OSError as error:
        advice = "make room, or name another with --out: what was computed is kept"
        raise _cannot_write(folder, error, advice) from error


def _cannot_write(folder: Path, error: OSError, advice: str) -> InputError:
    return InputError(f"output: cannot write to {str(folder)!r} ({error.strerror}); {advice}")


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".topics-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _cannot_write(folder, error, "name another with --out") from error
    for name in ("report.html", *_DATA_FILES, "run.json"):
        if (folder / name).is_dir():
            raise InputError(
                f"output: expected a file or nothing at {str(folder / name)!r}, found a folder; "
                "move it, or name another output folder with --out"
            )
    return folder


def _inputs_digest(path: str, options: Options) -> str:
    """Digest of all that a report depends on: files, options, notebooks, code."""
    given = (path, options.themes, options.edits, options.gold, options.labels, options.base)
    files = [_digest_if_there(Path(name)) for name in given if isinstance(name, str | Path)]
    notebooks = map(file_digest, notebook_paths())
    return digest(path, repr(options), cache.code_digest(_CODE), *files, *notebooks)


def _digest_if_there(path: Path) -> str:
    try:
        return files_digest(path)
    except InputError:  # told where it is read
        return ""


def _holds(folder: Path, inputs: str) -> bool:
    """Whether a folder holds the files of a report on these inputs, as they were written."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        files = about["files"]
        same = about["inputs"] == inputs
        return same and all(file_digest(folder / name) == sha for name, sha in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def write_data(run: Run, found: list[Finding], folder: Path) -> None:
    """Write the Parquet, CSV and findings files of a run; each is replaced whole or not at all.

    Ids begin with names of files, which a spreadsheet may take for formulas.
    """
    from topics.labelling.samples import harmless
    from topics.measures import theme_support

    frames = run.corpus.documents, run.passages, run.assignments
    for name, frame in zip(_DATA_FILES[:3], frames, strict=True):
        with written_atomically(folder / name) as part:
            frame.to_parquet(part, index=False)
    ids = harmless(run.themes["exemplars"].str.split("; ").explode()).groupby(level=0)
    themes = run.themes.assign(exemplars=ids.agg("; ".join), verdict=theme_support(run)["verdict"])
    with written_atomically(folder / "themes.csv") as part:
        themes.to_csv(part, index=False)
    told = [{k: v for k, v in asdict(f).items() if k != "claims"} for f in found]
    _write_json(told, folder / "findings.json")


def _write_about(run: Run, folder: Path, parameters: dict[str, Any], inputs: str) -> None:
    """Write run.json: what the run was told, what it depends on, and what its files hold."""
    about = {
        "parameters": parameters,
        **run.about,
        "edits": run.model.edits_.to_dict("records"),
        "inputs": inputs,
        "files": {name: file_digest(folder / name) for name in ("report.html", *_DATA_FILES)},
    }
    _write_json(about, folder / "run.json")


def _write_json(content: Any, path: Path) -> None:
    with written_atomically(path) as part:
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
        part.write_text(text, encoding="utf-8")


def summary_of(folder: Path) -> str:
    """The themes and the findings of a report's folder as lines, and the path of its page."""
    with (folder / "themes.csv").open(encoding="utf-8", newline="") as file:
        themes = sorted(csv.DictReader(file), key=lambda theme: -int(theme["n_documents"]))
    found = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    width = max((len(theme["name"]) for theme in themes), default=0)
    lines = ["themes"]
    for theme in themes:
        count = f"{int(theme['n_passages']):6,} passages {int(theme['n_documents']):6,} documents"
        lines.append(f"  {theme['name']:{width}} {count}  {theme['verdict']}")
    cautions = [finding["text"] for finding in found if finding["level"] == "caution"]
    others = [finding["text"] for finding in found if finding["level"] != "caution"]
    for heading, texts in (("findings", others), ("treat with caution", cautions)):
        lines += [heading, *(f"  {text}" for text in texts)] if texts else []
    return "\n".join([*lines, f"report: {folder / 'report.html'}"])
