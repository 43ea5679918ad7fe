"""What the user is told: the two errors to act on, and one line on the way."""

from __future__ import annotations

import sys


class InputError(ValueError):
    """Input or options are wrong; the message says what was expected, found, and what to do."""


class UnreadableError(ValueError):
    """A file or a row cannot be read; the message is the reason that the report lists."""


def log(text: str) -> None:
    """Tell the user one line, apart from what is printed as result."""
    # JupyterLab shows what comes on stderr as if it were a fault.
    in_kernel = type(sys.stdout).__module__.startswith("ipykernel")
    print(text, file=sys.stdout if in_kernel else sys.stderr)
