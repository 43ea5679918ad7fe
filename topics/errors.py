"""Errors that a user can act on, and the one place where stages say that they are alive."""

from __future__ import annotations


class InputError(ValueError):
    """Input or options are wrong; the message says what was wanted, what came and what to do."""
