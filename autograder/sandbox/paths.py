"""Takes out of text where this machine keeps its files: that is of no use to a learner."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_ELSEWHERE = "…"
SCRATCH = "/scratch"  # a submission's folder in the sandbox
# What a learner's process may read, Python's own folders aside.
READABLE = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
FOLDER = "autograder-"  # how the name of such a folder begins elsewhere


@cache
def _places() -> tuple[tuple[str, str], ...]:
    """Return what to replace by what, the longest first: a file of a package is told from the package on."""
    paths = sysconfig.get_paths()
    within = {paths[name] for name in ("purelib", "platlib", "stdlib", "platstdlib")}
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).parent), str(_ROOT)}
    pairs = [(f"{place}{os.sep}", "") for place in _and_real(within)]
    pairs += [(place, _ELSEWHERE) for place in _and_real(roots) if len(Path(place).parts) > 2]  # /usr says nothing
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def _and_real(paths: set[str]) -> set[str]:
    return paths | {str(Path(path).resolve()) for path in paths}


def without_paths(text: str) -> str:
    """Return `text` without the folders of Python, its packages and this course."""
    for place, new in _places():
        text = text.replace(place, new)
    return _scratch().sub(lambda found: "" if found[0][-1] in "/\\" else ".", text)


@cache
def _scratch() -> re.Pattern[str]:
    """Return what the folders that submissions have for themselves look like."""
    return re.compile(rf"(?:{re.escape(SCRATCH)}|{re.escape(tempfile.gettempdir())}[/\\]{FOLDER}\w+)(?:[/\\]|\b)")
