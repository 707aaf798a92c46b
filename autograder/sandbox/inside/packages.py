"""Which packages are there when a lab is graded: the standard library, and what requirements.txt pins.

One list for grading and for `validate`, so that a package which only one machine has counts on neither.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path

_PINNED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
_REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements.txt"


@cache
def pinned() -> frozenset[str]:
    """Return the names of the pinned distributions, as packages are compared: small letters, `_` for `-` and `.`.

    Where this package was installed without the file, as a worker of a cluster may have it, what is installed counts.
    """
    if not _REQUIREMENTS.exists():
        return frozenset(_normal(name) for names in _all_distributions().values() for name in names)
    return frozenset(map(_normal, _PINNED.findall(_REQUIREMENTS.read_text("utf-8"))))


@cache
def is_listed(package: str) -> bool:
    """Say whether a top-level package is here and of the standard library, or of a pinned distribution."""
    if package in sys.builtin_module_names:
        return True
    if PathFinder.find_spec(package) is None:  # some builds of Python lack a part of the library, such as tkinter
        return False
    return (
        package in sys.stdlib_module_names
        or _normal(package) in pinned()
        or any(_normal(name) in pinned() for name in _distributions(package))
    )


def _distributions(package: str) -> list[str]:
    return _all_distributions().get(package, [])


@cache
def _all_distributions() -> dict[str, list[str]]:
    return {package: list(names) for package, names in packages_distributions().items()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
