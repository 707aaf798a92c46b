"""Releases labs and grades a class: from solutions to exercises, from submissions to gradebook and feedback.

Data flows one way, and each folder is a station: `release` (from solutions/ to what learners get) → `intake` (what was
handed in, found, read and put back on the released notebook) → `grading` (one submission run and asked, on a pool) →
`feedback` (shown) → `gradebook` (recorded) → `reports` (read by an instructor) → `lms` (sent elsewhere). `grade_class`
conducts them for `python -m autograder`, `nbgrader_steps` for nbgrader's own commands.
"""

import sys

# nbformat imports jsonschema, which would import this to check addresses, which no notebook has: half a second or more
# in every process that grades.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
