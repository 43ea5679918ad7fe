"""The command line: ``topics report PATH``."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status, 2 when input or options are wrong."""
    options = _parser().parse_args(arguments)
    from topics.errors import InputError
    from topics.report import write_report

    try:
        report = write_report(
            options.path,
            options.out,
            themes=options.themes,
            gold=options.gold,
            labels=options.labels,
            columns=options.columns,
            all_languages=options.all_languages,
            base=options.base,
            embedder=options.embedder,
            seed=options.seed,
        )
    except InputError as error:
        print(f"topics: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("topics: stopped; run the same command to go on", file=sys.stderr)  # noqa: T201
        return 130
    print(f"report: {report}")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="topics", description="Themes in a folder of news and policy text, as one HTML report."
    )
    parser.add_argument("--version", action="version", version=f"topics {version('topics')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="analyse a file or folder and write a report")
    report.add_argument(
        "path",
        metavar="PATH",
        help="a file or folder: .txt .md .html .pdf .csv .jsonl .rss .atom .xml, also .gz",
    )
    report.add_argument("--themes", metavar="FILE", help="themes to look for (YAML)")
    report.add_argument(
        "--gold", metavar="FILE", help="labels made by people, to check against (CSV)"
    )
    report.add_argument(
        "--labels", metavar="DIR", help="folder of a labelled sheet and its key, to correct shares"
    )
    report.add_argument(
        "--columns",
        metavar="FIELD=NAME,…",
        type=_columns,
        help="names of columns that are not understood by themselves, as text=Volltext,date=Tag",
    )
    report.add_argument(
        "--all-languages",
        action="store_true",
        help="keep documents in languages that the embedder was not made for",
    )
    report.add_argument(
        "--base",
        metavar="DIR",
        help="output folder of an earlier report: themes keep their ids, changes are listed",
    )
    report.add_argument("--out", metavar="DIR", default="reports", help="output folder (reports)")
    report.add_argument(
        "--embedder",
        metavar="NAME",
        default="minilm",
        help="minilm, static (faster, for large corpora), or a fastembed model's name (minilm)",
    )
    report.add_argument("--seed", metavar="N", type=int, default=0, help="random seed (0)")
    return parser


def _columns(option: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in option.split(",")]
    if not all(name and column for name, _, column in pairs):
        raise argparse.ArgumentTypeError(f"wanted FIELD=NAME,FIELD=NAME, got {option!r}")
    return {name.strip(): column.strip() for name, _, column in pairs}


if __name__ == "__main__":
    sys.exit(main())
