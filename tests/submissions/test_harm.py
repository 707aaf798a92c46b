"""Do submissions that escape, exhaust, die or hurt whoever looks do no harm, and cost nobody a point?"""

from __future__ import annotations

import sys

import pytest

from tests.submissions.hostile import dying, escaping, exhausting, looking
from tests.submissions.promises import Promises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


class TestHarm(Promises):
    entries = (*escaping.entries(), *exhausting.entries(), *dying.entries(), *looking.entries())
    quick = (
        *("network", "files written outside", "signals", "children that outlive", "shell cells"),  # escaping
        *("links beside the notebook", "a pipe for a notebook"),
        *("a loop", "eight gigabytes in small pieces", "a fork bomb", "a value of a hundred million"),
        *("metadata of megabytes", "brackets by the million"),  # exhausting
        *("os._exit", "another program", "a segmentation fault in a question"),  # dying
        *("HTML displayed", "escapes in an error", "markup in a question's error", "markup in Markdown"),  # looking
        "a file with markup for a name",
    )
