"""The command line with short limits: python -m tests.submissions.short_limits grade ASSIGNMENT --course DIR."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

from autograder.cli import main
from autograder.course import grade_class
from autograder.sandbox.limits import Limits

QUICK = replace(
    Limits(),
    cpu_seconds_per_cell=4.0,
    cpu_seconds_per_submission=16.0,
    waiting_seconds_per_cell=8.0,
    waiting_seconds_per_submission=32.0,
    seconds_to_stop=1,
)

if __name__ == "__main__":
    grade_class.grade_class = partial(grade_class.grade_class, limits=QUICK)
    sys.exit(main())
