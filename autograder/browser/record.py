"""Records what PyTorch answers to the public cases, for `autograder.oracles.recorded` to read where PyTorch is not."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

from autograder.chapters import exercises
from autograder.checking import PUBLIC_SEED, draw_cases
from autograder.errors import UsageError
from autograder.oracles.recorded import agree, pack, path_of, record, unpack
from autograder.oracles.tensors import PYTORCH


def chapters() -> list[str]:
    """Return the chapters that something can be recorded of, in course order."""
    return list(dict.fromkeys(one.chapter for one in exercises().values() if not one.needs_torch))


def answers_of(chapter: str) -> dict[str, list[dict[str, Any]]]:
    """Return what there is to record of a chapter, by exercise. Raises UsageError where PyTorch is not installed."""
    if not PYTORCH:
        raise UsageError("answers are recorded with PyTorch, which is not installed: pip install -r requirements.txt")
    found = [one for one in exercises().values() if one.chapter == chapter and not one.needs_torch]
    return {one.name: record(one, draw_cases(one, PUBLIC_SEED)) for one in found}


def is_fresh(chapter: str, answers: Mapping[str, Any]) -> bool:
    """Say whether the file of a chapter holds these answers, but for the last bits of their numbers."""
    try:
        return agree(unpack(path_of(chapter).read_bytes()), dict(answers))
    except (EOFError, OSError, ValueError, LookupError, zipfile.BadZipFile):  # missing, damaged or of another format
        return False


def write(chapter: str, answers: Mapping[str, Any]) -> bool:
    """Write the file of a chapter unless it is fresh: another processor's last bits are no change. Say whether."""
    if is_fresh(chapter, answers):
        return False
    path = path_of(chapter)
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(pack(answers))
    beside.replace(path)
    return True
