"""Works as where PyTorch is not installed, and prints what comes of it.

python -m tests.unit.without_pytorch reports STEP     as JSON, the reports on every STEP-th solution of the corpus
python -m tests.unit.without_pytorch answers SEED     as bytes, all that the oracles answer on the cases of a seed
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any


def hide_pytorch() -> None:
    """Import the exercises without PyTorch; solutions of chapter 07 are written in it and may have it afterwards."""
    sys.modules["torch"] = None  # type: ignore[assignment]  # importing it fails
    import_module("autograder.checking")
    del sys.modules["torch"]
    assert not import_module("autograder.oracles.tensors").PYTORCH


def reports(step: int) -> Iterator[dict[str, Any]]:
    from autograder import check
    from autograder.checking import PUBLIC_SEED
    from tests.unit.corpus import solutions

    for place, (exercise, solution) in enumerate(solutions()):
        if place % step == 0:
            report = check(solution, exercise, PUBLIC_SEED)
            yield {"place": place, "text": str(report), "data": report.to_data()}


def answers(seed: int) -> bytes:
    from autograder import exercises
    from autograder.oracles.recorded import pack
    from tests.unit import all_answers

    return pack({name: all_answers.answers(exercise, seed) for name, exercise in exercises().items()})


if __name__ == "__main__":
    asked, number = sys.argv[1], int(sys.argv[2])
    hide_pytorch()
    if asked == "reports":
        json.dump(list(reports(number)), sys.stdout)
    else:
        sys.stdout.buffer.write(answers(number))
