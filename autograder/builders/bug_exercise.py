"""Builds exercises that print a network with a mistake and ask which one of a list it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from autograder.attempts.answers import Answer, Unusable
from autograder.attempts.without_autograd import attempt_bug
from autograder.builders.gradient_exercise import Oracle
from autograder.exercise import Arrays, Case, Exercise, Section, Verdict
from autograder.judging import RIGHT, agree, compare
from autograder.oracles.autodiff import autograd, central_differences, tensors
from autograder.oracles.faulty_layers import Pieces
from autograder.oracles.tensors import Tensor, torch

# (data, params) → the loss and what the network takes for its gradients, by the names of the parameters
Computes: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[float, Mapping[str, Any]]]


@dataclass(frozen=True)
class PrintedNetwork:
    """A network as a lab prints it, and the same as a forward formula of (pieces, what a case gives by name).

    Of the formula the gradients are taken, with each of `mistakes` in turn, the list that the lab gives.
    """

    name: str
    computes: Computes
    forward: Callable[[Pieces, Any], Tensor]
    mistakes: Mapping[str, type[Pieces]]

    def printed(self, case: Case) -> Arrays:
        """Return what the printed network takes for its gradients."""
        return dict(self.computes(case.oracle_inputs, case.oracle_inputs)[1])

    def gradients(self, mistake: str, case: Case, oracle: Oracle = autograd) -> Arrays:
        """Return the gradients with this mistake; with "" the right ones."""
        make = self.mistakes[mistake] if mistake else Pieces
        tape = _Tape()

        def loss(**given: Any) -> Tensor:
            pieces = make(tape.start())
            return self.forward(pieces, SimpleNamespace(**given)) + pieces.extra

        with torch.no_grad():
            loss(**tensors(case.oracle_inputs))
        return oracle(loss, case.oracle_inputs, list(self.printed(case)))

    def differing(self, mistake: str, case: Case, oracle: Oracle = autograd) -> list[str]:
        """Return the parameters whose printed gradients are others than those with this mistake."""
        printed, other = self.printed(case), self.gradients(mistake, case, oracle)
        return [name for name in printed if not agree(printed[name], other[name])]


class _Tape:
    """Remembers what a forward formula holds constant on its first run, and plays it back on later ones.

    So a difference quotient, which runs the formula at moved inputs, sees the same constants as autograd does.
    """

    def __init__(self) -> None:
        self.values: list[Tensor] = []
        self.place: int | None = None

    def start(self) -> Callable[[Tensor], Tensor]:
        self.place = 0 if self.values else None
        return self._hold

    def _hold(self, tensor: Tensor) -> Tensor:
        if self.place is None:
            self.values.append(tensor.detach())
            return tensor.detach()
        self.place += 1
        return self.values[self.place - 1]


def bug_exercise(
    number: int,
    chapter: str,
    section: Section,
    network: PrintedNetwork,
    inputs: Callable[[np.random.Generator], Sequence[Case]],
) -> Exercise:
    """Return the exercise bug_<number>, whose answer is the id of the one mistake that has the printed gradients."""
    ids = tuple(network.mistakes)

    def reproducing(oracle: Oracle, case: Case) -> Arrays:
        fitting = [place for place, id in enumerate(ids) if not network.differing(id, case, oracle)]
        if len(fitting) != 1:
            raise ValueError(f"{network.name} fits {len(fitting)} mistakes of the list, not one")
        return {"value": np.array(fitting[0])}

    def judge(exercise: Exercise, case: Case, answers: Mapping[str, Answer]) -> dict[str, Verdict]:
        answer = answers["value"]
        if isinstance(answer, Unusable):
            return {"value": compare(answer, np.zeros(()))}
        claimed = ids[int(answer)]
        differing = network.differing(claimed, case)
        if not differing:
            return {"value": RIGHT}
        names = " and ".join([", ".join(differing[:-1]), differing[-1]] if differing[1:] else differing)
        message = f"with `{claimed}` the gradients {names} would be others than those that this network computes"
        return {"value": Verdict("another mistake", message)}

    return Exercise(
        name=f"bug_{number}",
        signature=f"bug_{number}()",
        chapter=chapter,
        section=section,
        points={"value": 1},
        inputs=inputs,
        attempt=attempt_bug,
        expected=partial(reproducing, autograd),
        numerical=partial(reproducing, central_differences),
        judge=judge,
    )
