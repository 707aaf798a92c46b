"""Submissions that attack: the grade, the answers, the machine, the other submissions, whoever looks at the result.

One module for each row of the threats. Sources are cells as an attacker would write them. They find in `canary` what
they could know, call `hole(what)` when they get somewhere, and `contained()` before they would do damage on a machine
without protection.
"""

from __future__ import annotations

from tests.submissions.corpus import Entry
from tests.submissions.hostile import dying, escaping, exhausting, forging, knowing, looking


def entries() -> list[Entry]:
    """Return the whole hostile corpus."""
    return [entry for module in (forging, knowing, escaping, exhausting, dying, looking) for entry in module.entries()]
