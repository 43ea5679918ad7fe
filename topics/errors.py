"""The error that a user can act on."""

from __future__ import annotations


class InputError(ValueError):
    """Input or options are wrong; the message says what was wanted, what came and what to do."""
