"""The five networks of lab 07 have the mistakes they are said to have, and two of them train all the same."""

from __future__ import annotations

import importlib
import inspect
import re
import sys

import numpy as np
import pytest

from autograder import exercises
from autograder.chapters.without_autograd import IDS, NETWORKS
from autograder.checking import draw_cases
from autograder.diagnosis.catalogue import CATALOGUE
from autograder.labs import ROOT, solution_path
from autograder.oracles import lab07_networks
from autograder.oracles.autodiff import central_differences

LAB = solution_path("07_without_autograd").read_text()
each_network = pytest.mark.parametrize("number", range(1, 6))
each_seed = pytest.mark.parametrize("seed", [0, 1, 2])


def in_words(number: int) -> str:
    """Return the answer that the lab's solution gives."""
    found = re.search(rf'def bug_{number}\(\):.*?return "(.*?)"', LAB, re.DOTALL)
    assert found
    return found[1]


@each_network
def test_the_lab_prints_the_network_that_the_grader_runs(number: int) -> None:
    assert inspect.getsource(getattr(lab07_networks, f"network_{number}")) in LAB


@each_network
@each_seed
def test_a_printed_network_computes_what_the_catalogued_mistake_gives(number: int, seed: int) -> None:
    for case in draw_cases(exercises()[f"bug_{number}"], seed):
        wrong = NETWORKS[number].gradients(in_words(number), case)
        for name, gradient in NETWORKS[number].printed(case).items():
            np.testing.assert_allclose(gradient, wrong[name], rtol=1e-9, atol=1e-12)


@each_network
@each_seed
def test_a_printed_network_does_not_compute_the_gradient(number: int, seed: int) -> None:
    for case in draw_cases(exercises()[f"bug_{number}"], seed):
        right, printed = NETWORKS[number].gradients("", case), NETWORKS[number].printed(case)
        assert max(np.abs(printed[name] - right[name]).max() for name in printed) > 1e-2


@each_network
def test_the_right_gradients_are_the_difference_quotients_of_the_printed_loss(number: int) -> None:
    case = draw_cases(exercises()[f"bug_{number}"], 3)[0]
    right = NETWORKS[number].gradients("", case)
    quotients = NETWORKS[number].gradients("", case, central_differences)
    network = getattr(lab07_networks, f"network_{number}")
    for name in right:
        np.testing.assert_allclose(right[name], quotients[name], rtol=1e-6, atol=1e-9)
        step = np.zeros(right[name].shape)
        step.flat[0] = 1e-5
        above, below = (
            network(case.oracle_inputs, {**case.oracle_inputs, name: case.oracle_inputs[name] + s})[0]
            for s in (step, -step)
        )
        assert (above - below) / 2e-5 == pytest.approx(right[name].flat[0], rel=1e-5, abs=1e-9)


def test_the_lab_lists_the_mistakes_of_the_grader_in_the_words_of_the_catalogue() -> None:
    rows = re.findall(r"^# \| `([a-z-]+)` \| (.*) \|$", LAB.split("| what is wrong |")[1], re.MULTILINE)
    assert rows == [(id, CATALOGUE[id].sentence) for id in IDS]


def test_no_two_networks_have_the_same_mistake() -> None:
    assert len({in_words(number) for number in range(1, 6)}) == 5


def test_two_of_the_five_networks_still_train(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "book")])
    runs = importlib.import_module("figures.without_autograd")
    tasks = runs.problems()
    ends = {number: runs.trained(number, 2)[:, -1] / runs.cost_of_a_constant(tasks[number]) for number in tasks}
    assert sorted(number for number, end in ends.items() if end.max() < 0.2) == [2, 3]
    assert min(end.min() for number, end in ends.items() if number not in (2, 3)) > 0.3
