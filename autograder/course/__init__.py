"""Releases labs and grades a class: from solutions to exercises, from submissions to gradebook and feedback.

Data flows one way. Releasing: `labs` → `release`. Grading: `submissions` (found and read) → `notebooks`, `rebuild`
(made whole) → `work` on a `pool` or `cluster` → `execution` (run) → `inert`, `feedback` (shown) → `gradebook`
(recorded) → `results` → `class_statistics` → `summary`, `machine_readable` or `class_report`.
"""

import sys

# nbformat imports jsonschema, which would import this to check addresses, which no notebook has: half a second or more
# in every process that grades.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
