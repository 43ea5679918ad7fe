"""What the user is told: the two errors to act on, and lines on the way."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

_SECONDS = 10  # between lines of progress in a log


class InputError(ValueError):
    """Input or options are wrong; the message says what was expected, found, and what to do."""


class UnreadableError(ValueError):
    """A file or a row cannot be read; the message is the reason that the report lists."""


def log(text: str) -> None:
    """Tell the user one line, apart from what is printed as result."""
    with suppress(OSError):  # where it cannot be told, the work goes on
        # JupyterLab shows what comes on stderr as if it were a fault.
        print(text, file=sys.stdout if _in_kernel() else sys.stderr)


def _in_kernel() -> bool:
    return type(sys.stdout).__module__.startswith("ipykernel")


class _Lines:
    """Where there is no terminal, each update of a bar of progress is a line."""

    def write(self, text: str) -> None:
        if text.strip():
            log(text.strip())

    def flush(self) -> None:
        sys.stderr.flush()


def progress_bar(*args: Any, **options: Any) -> tqdm:
    """A bar of progress with an estimate: `tqdm.auto.tqdm` of its arguments."""
    from tqdm.auto import tqdm

    if not (_in_kernel() or sys.stderr.isatty()):
        options |= {"file": _Lines(), "mininterval": _SECONDS, "ncols": 80}
    return tqdm(*args, **options)
