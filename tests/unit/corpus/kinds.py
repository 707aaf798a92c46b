"""What a corpus holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Wrong(NamedTuple):
    """A wrong solution: the parts that must fail, and the id of the mistake that must be named for them, or None."""

    exercise: str
    solution: Callable[..., Any]
    parts: tuple[str, ...]
    mistake: str | None
    label: str
