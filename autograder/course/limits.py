"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission. Times are wall-clock seconds, sizes bytes.

    `seconds_per_cell` holds for the question of a graded cell too. `memory_bytes` is what the learner's process may
    take on top of Python and the packages, `scratch_bytes` what it may write to files, `threads` how many it may start.
    `notebook_bytes` bounds the file, checked before it is read; `source_bytes` what remains of it without the
    stored outputs; `output_bytes` what the cells may print and draw, all together: more is dropped.
    `seconds_to_stop` is how long a cell that ran out of time may take to heed the interrupt before its kernel
    is ended.
    """

    seconds_per_cell: float = 30.0
    seconds_per_submission: float = 300.0
    seconds_to_stop: int = 5
    memory_bytes: int = 2_000_000_000
    scratch_bytes: int = 64_000_000
    threads: int = 32
    notebook_bytes: int = 20_000_000
    source_bytes: int = 1_000_000
    output_bytes: int = 5_000_000
    timestamp_bytes: int = 1_000
