"""Do submissions that forge a verdict, or look for the answer, get what their work earns and nothing else?"""

from __future__ import annotations

import sys

import pytest

from tests.submissions.hostile import forging, knowing
from tests.submissions.promises import Promises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


class TestCheating(Promises):
    entries = (*forging.entries(), *knowing.entries())
    quick = (
        *("patched comparisons", "forged report displayed", "hooks around every cell"),  # cells
        *("equal to everything", "array subclass", "a list without an end"),  # answers
        *("frames nested too deeply", "pickled arrays", "an answer sent ahead, and deaf afterwards"),
        *("points that are no number", "exchanged ids", "stored outputs"),  # notebooks
        *("a masked answer", "memory never written", "right only once"),
        *("frames on the stack", "the grader imported", "the gradebook read", "environments read"),
        *("visible cases by heart", "backward by autograd.grad", "trained by torch"),
    )
