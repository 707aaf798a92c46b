"""The line on a terminal that says how far grading is."""

from __future__ import annotations

import shutil
import sys
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.course.grade_class import Outcome

_REDRAW = 0.1  # seconds


class ProgressBar:
    """One line on standard error, drawn anew as submissions are done; nothing where that is no terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = monotonic()
        self._drawn = 0.0
        self._visible = sys.stderr.isatty()
        self._draw(f"0 of {total}")

    def show(self, outcome: Outcome) -> None:
        now = monotonic()
        if outcome.done == self._total or now - self._drawn >= _REDRAW:
            self._drawn = now
            self._draw(line(outcome, self._total, now - self._began))

    def close(self) -> None:
        """Take the line away."""
        self._draw("")

    def _draw(self, text: str) -> None:
        if self._visible:
            width = shutil.get_terminal_size().columns - 1  # a longer line would wrap, and stay
            print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)


def line(outcome: Outcome, total: int, seconds: float) -> str:
    """Return how many are done, how many ask for a look, the rate, and the time left."""
    rate = len(outcome.graded) / seconds if seconds else 0.0
    words = [f"{outcome.done} of {total}"]
    words += [f"{outcome.attention} need attention"] if outcome.attention else []
    words += [f"{len(outcome.failed)} not recorded"] if outcome.failed else []
    words += [f"{rate:.1f} per second, {duration((total - outcome.done) / rate)} left"] if rate else []
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Return a time as people say it, such as "40 s", "3 min" or "1 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
