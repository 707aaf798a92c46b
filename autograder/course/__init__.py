"""Releases labs and grades a class: from solutions to exercises, from submissions to gradebook and feedback.

Data flows one way. Releasing: `labs` → `release`. Grading: `submissions` (found and read) → `notebooks`, `rebuild`
(made whole) → `work` on a `pool` → `execution` (run) → `inert`, `feedback` (shown) → `gradebook` (recorded) →
`results` → `summary`.
"""
