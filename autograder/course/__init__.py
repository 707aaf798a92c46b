"""Releases labs and grades a class: from solutions to exercises, from submissions to gradebook and feedback.

Data flows one way. Releasing: `labs` → `release`. Grading: `submissions` (found and read) → `notebooks`, `rebuild`
(made whole) → `work` on a `pool` or `cluster` → `execution` (run) → `gradebook` (recorded) → `results` → `tally` →
`summary` or `machine_readable`.
"""
