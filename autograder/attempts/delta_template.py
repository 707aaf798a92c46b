"""Puts the questions of chapter 03 to a solution.

This module runs beside the learner's code: it imports NumPy and the standard library, nothing of the grader.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from autograder.attempts.answers import Array, read, split
from autograder.attempts.observe import Arguments, Solution, refuse_complex

PARAMS = ("W1", "b1", "W2", "b2")


def attempt_gradient_check(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Have f(x) = Σ a sin(c x + b) + 0.05 (Σ a x)² checked against the analytic gradient."""
    a, b, c = arguments["a"], arguments["b"], arguments["c"]

    def f(x: Array) -> float:
        refuse_complex(x)
        return float(np.sum(a * np.sin(c * x + b)) + 0.05 * np.sum(a * x) ** 2)

    return {"value": solution(f, arguments["analytic"], arguments["x"])}


def attempt_train_xor(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Train, and ask for the start three times: of this seed, of this seed again, and of another.

    The run is asked for once more up to each of `stops`.
    """
    X, T, hidden, lr, epochs, seed, stops = arguments.values()
    answers: dict[str, object] = {}
    for name, run_epochs, run_seed in (
        ("start", 0, seed),
        ("again", 0, seed),
        ("other", 0, seed + epochs),
        *((f"at {stop}", stop, seed) for stop in stops),
        ("end", epochs, seed),
    ):
        returned = split(solution(X, T, hidden, lr, run_epochs, run_seed), ("params", "losses"))
        params = split(returned["params"], PARAMS)
        # Read at once: the next call may write into the same arrays.
        answers |= {f"{name} {key}": read(value) for key, value in params.items()}
        answers[f"{name} losses"] = read(returned["losses"])
    return answers | {"trajectory": answers["end losses"]}
