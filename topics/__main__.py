"""The command line: ``topics report PATH``, ``topics export DIR`` and ``topics cache``."""

from __future__ import annotations

import argparse
import gc
import os
import re
import shlex
import sys
import webbrowser
from dataclasses import fields
from importlib.metadata import version
from typing import Any

from topics.errors import InputError, log
from topics.options import Options

# Name of the value, none of a switch; and the meaning.
_OPTIONS = {
    "themes": ("FILE", "themes to look for (YAML)"),
    "edits": ("FILE", "themes to merge, split, rename, hide or promote (YAML)"),
    "gold": ("FILE", "labels made by people, to teach and check named themes (CSV)"),
    "labels": ("DIR", "folder of a labelled sheet and its key, to correct shares"),
    "columns": (
        "FIELD=NAME,…", "names of columns that are not understood, as text=Volltext,date=Tag"
    ),
    "all_languages": (None, "keep documents in languages that the embedder was not made for"),
    "base": ("DIR", "output of an earlier report: themes keep their ids, changes are listed"),
    "embedder": (
        "NAME",
        "multilingual (16 languages), minilm (English), or a fastembed model's name (multilingual)",
    ),
    "title": ("TEXT", "title of the report (the folder's name)"),
    "no_text": (None, "leave the documents' texts and titles out of the report"),
    "seed": ("N", "random seed (0)"),
}  # fmt: skip
# What libraries say for lack of memory in other words than MemoryError.
_NO_MEMORY = re.compile(
    r"allocate memory|failed to map segment|load shared object|can't start new thread"
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status, 2 when input or options are wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for name in ("stdout", "stderr"):  # None where it is closed
        stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: SIM115
        stream.reconfigure(errors="backslashreplace")  # not every terminal has every letter
        setattr(sys, name, stream)
    try:
        try:
            options = vars(_parser().parse_args(arguments or ["--help"]))
            print(options.pop("command")(**options))  # noqa: T201
            return 0
        finally:
            sys.stdout.flush()  # else it may fail when no one can tell
    except InputError as error:
        log(f"topics: {error}")
        return 2
    except KeyboardInterrupt:
        log(f"topics: stopped; to continue, run {shlex.join(['topics', *arguments])}")
        return 130
    except (MemoryError, ImportError, RuntimeError, OSError) as error:
        if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)):
            log(f"topics: not enough memory; close other programs or read less ({error!r:.200})")
        elif isinstance(error, OSError):
            log(f"topics: {error.filename or 'standard output'}: {error.strerror or error}")
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left is not tried again
        else:
            raise
        return 1


def _report(path: str, out: str, show: bool, **options: Any) -> str:
    # Before Arrow is loaded: its own allocator keeps what is free, gigabytes of a million passages.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from topics.report.files import summary_of, write_report

    sys.setswitchinterval(0.0002)  # seconds; the encoder is loaded while files are read
    gc.set_threshold(50_000, 20, 20)  # Python's own makes a tenth of the run a search for cycles
    folder = write_report(path, out, **options)
    if show and not webbrowser.open((folder / "report.html").resolve().as_uri()):
        log("no browser could be started; open the report yourself")
    gc.freeze()  # the process ends: a last look at millions of objects takes half a second
    return summary_of(folder)


def _export(folder: str, qdpx: str) -> str:
    from topics.report.qdpx import write_qdpx

    return write_qdpx(folder, qdpx)


def _cache(clear: bool) -> str:
    from topics import cache

    limit = cache.cache_limit()
    if clear:
        cache.trim(-1)
    held = cache.entries()
    lines = [f"cache: {cache.cache_dir()}"]
    for kind in cache.KINDS:
        sizes = [entry.size for entry in held if entry.kind == kind]
        lines.append(f"{kind:8}{len(sizes):7,} items {sum(sizes) / 1e9:9.3f} GB")
    total = sum(entry.size for entry in held) / 1e9
    lines.append(f"in all  {total:23.3f} GB; at most {limit / 1e9:g} are kept (TOPICS_CACHE_LIMIT)")
    return "\n".join(lines)


def _parse_columns(option: str) -> dict[str, str]:
    """Names of columns by field, from ``FIELD=NAME,FIELD=NAME``.

    >>> _parse_columns("text=Volltext,date=Tag")
    {'text': 'Volltext', 'date': 'Tag'}
    """
    pairs = [part.partition("=") for part in option.split(",")]
    if not all(name and column for name, _, column in pairs):
        raise argparse.ArgumentTypeError(f"expected FIELD=NAME,FIELD=NAME, got {option!r}")
    return {name.strip(): column.strip() for name, _, column in pairs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="topics", description="Themes in a folder of news and policy text, as one HTML report."
    )
    parser.add_argument("--version", action="version", version=f"topics {version('topics')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="analyse a file or folder and write a report")
    report.set_defaults(command=_report)
    report.add_argument(
        "path",
        metavar="PATH",
        help="a file or folder: text, web pages, office files, mail, tables, feeds, database exports, .zip",
    )
    report.add_argument("--out", metavar="DIR", default="reports", help="output folder (reports)")
    report.add_argument(
        "--open", dest="show", action="store_true", help="open the report in a browser when written"
    )
    for option in fields(Options):
        name, (value, text) = f"--{option.name.replace('_', '-')}", _OPTIONS[option.name]
        read = {"columns": _parse_columns, "seed": int}.get(option.name, str)
        kind: Any = {"metavar": value, "type": read} if value else {"action": "store_true"}
        report.add_argument(name, default=option.default, help=text, **kind)
    export = commands.add_parser("export", help="write a report's themes for other programs")
    export.set_defaults(command=_export)
    export.add_argument("folder", metavar="DIR", help="output folder of a report")
    export.add_argument(
        "--qdpx",
        metavar="FILE",
        required=True,
        help="a project for NVivo, MAXQDA, ATLAS.ti, QualCoder",
    )
    cache = commands.add_parser("cache", help="show what is kept to be used again, or clear it")
    cache.add_argument("--clear", action="store_true", help="delete it; runs start from nothing")
    cache.set_defaults(command=_cache)
    return parser


if __name__ == "__main__":
    sys.exit(main())
