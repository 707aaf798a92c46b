"""Do submissions that are broken without malice get what they earned, and lose nothing?"""

from __future__ import annotations

import sys

import pytest

from tests.submissions import broken
from tests.submissions.promises import Promises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


class TestBroken(Promises):
    entries = tuple(broken.entries())
    workers = 1
    quick = (
        *("cut off", "conflict markers in the file", "UTF-16", "Latin-1"),  # files
        *("nbformat 3", "cells without metadata", "every cell twice", "graded cells edited", "an answer deleted"),
        *("upside down", "all below an import of PyTorch", "a lab of another chapter"),  # notebooks
        *("a syntax error", "paths in tracebacks", "an exit", "a command"),  # cells
        *("renamed", "no return", "masked", "curly quotes", "torch in an answer"),  # answers
        *("another file name", "two notebooks of other names", "an empty folder", "a senseless timestamp"),  # folders
    )
