"""The error that a user can act on."""

from __future__ import annotations


class InputError(ValueError):
    """Input or options are wrong; the message says what was expected, what came and what to do."""


class UnreadableError(ValueError):
    """A file or a row cannot be read; the message is the reason that the report lists."""
