"""Shared fixtures: a cache of the test run's own."""

import os
import tempfile
from pathlib import Path

# Before anything is imported or started, so that kernels and child processes use it too.
os.environ.setdefault("TOPICS_CACHE", tempfile.mkdtemp(prefix="topics-cache-"))

ROOT = Path(__file__).parents[1]
