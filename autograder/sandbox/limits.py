"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass

# On top of a submission's memory, for the questions: what its cells keep may be all that they may have.
BYTES_FOR_QUESTIONS = 64_000_000


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission. Sizes are bytes.

    Time is what a submission uses itself, so a busy machine changes nothing: `cpu_seconds` are seconds of computing,
    by the kernel's account, of all its threads; `waiting_seconds` those in which it slept or waited for something other
    than a core or the grader. Those of a cell hold for the question of a graded cell too; `seconds_to_stop` is how long
    a cell that was told to stop may go on, of either kind, before its process is ended. `memory_bytes` is what the
    learner's process may take on top of Python and the packages, `scratch_bytes` what it may write to files, `threads`
    how many it may start. `notebook_bytes` bounds the file, checked before it is read; `source_bytes` what remains of
    it without the stored outputs; `output_bytes` what the cells may print and draw, all together: more is dropped;
    `picture_bytes` the pictures in the learner's text, likewise.
    """

    cpu_seconds_per_cell: float = 30.0
    cpu_seconds_per_submission: float = 300.0
    waiting_seconds_per_cell: float = 120.0
    waiting_seconds_per_submission: float = 600.0
    seconds_to_stop: float = 5.0
    memory_bytes: int = 2_000_000_000
    scratch_bytes: int = 64_000_000
    threads: int = 32
    notebook_bytes: int = 60_000_000
    source_bytes: int = 1_000_000
    output_bytes: int = 5_000_000
    picture_bytes: int = 10_000_000
    timestamp_bytes: int = 1_000
