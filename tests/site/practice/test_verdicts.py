"""Does a check on a lab's page say what it says in a notebook: right, wrong, raised, without an end?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from autograder import exercises
from autograder.labs import all_labs
from tests.site.practice.lab_page import LabPage, opened
from tests.unit.chapters.solved import answers_of


class Wrong(NamedTuple):
    lab: str
    exercise: str
    source: str
    mistake: str


WRONG = [
    Wrong("01_chain_rule", "tanh_slope", "def tanh_slope(O):\n    return 1 - O", "tanh-slope-not-squared"),
    Wrong(
        "02_computation_graphs",
        "multiply_backward",
        "def multiply_backward(x, w, upstream):\n    return upstream * x, upstream * w",
        "own-factor",
    ),
    Wrong("03_delta_template", "output_delta", "def output_delta(O, t):\n    return O - t", "slope-missing"),
    Wrong(
        "04_affine_layer",
        "bias_add_backward",
        "def bias_add_backward(upstream):\n    return upstream.mean(axis=0)",
        "batch-mean",
    ),
    Wrong(
        "05_mlp_by_hand",
        "leaky_relu_backward",
        "def leaky_relu_backward(upstream, net, negative_slope):\n    return np.where(net > 0, 1.0, negative_slope)",
        "upstream-ignored",
    ),
    Wrong(
        "06_dropout",
        "dropout_backward",
        "def dropout_backward(upstream, mask, p, training):\n    return upstream * mask if training else upstream",
        "dropout-scale-missing",
    ),
    Wrong(
        "07_without_autograd", "bug_1", "def bug_1():\n    return 'sign'", ""
    ),  # a wrong id is no mistake with a name
]
QUICK = "03_delta_template"
ENDLESS = "def output_delta(O, t):\n    while True:\n        O = O + t\n    return O"
ENDLESS_IN_C = "import itertools\ndef output_delta(O, t):\n    return sum(itertools.count())"


def slow_but(quick: str, labs: list[str]) -> list[object]:
    return [pytest.param(lab, marks=() if lab == quick else pytest.mark.slow) for lab in labs]


@pytest.fixture(scope="module")
def lab_03(browser: Browser, strict: str) -> Iterator[LabPage]:
    """A page on which Python is loaded."""
    with opened(browser, strict, QUICK) as page:
        yield page


@pytest.mark.slow
@pytest.mark.parametrize("lab", all_labs())
def test_the_courses_own_answers_get_every_point(browser: Browser, strict: str, lab: str) -> None:
    practised = [one for one in exercises().values() if one.chapter == lab and not one.needs_torch]
    answers = answers_of(lab)
    with opened(browser, strict, lab) as page:
        points = {one.name: page.check(one.name, answers[one.name]).points for one in practised}
        done = page.page.locator(".practice-done").inner_text()
    assert points == {one.name: one.max_points for one in practised}
    assert done.startswith(f"{len(practised)} of {len(practised)} exercises done")
    assert all(one.name in done for one in exercises().values() if one.chapter == lab and one.needs_torch)


@pytest.mark.parametrize(
    "wrong", [pytest.param(one, id=one.lab, marks=() if one.lab == QUICK else pytest.mark.slow) for one in WRONG]
)
def test_a_wrong_answer_is_told_its_mistake(browser: Browser, strict: str, wrong: Wrong) -> None:
    with opened(browser, strict, wrong.lab) as page:
        verdict = page.check(wrong.exercise, wrong.source)
    assert verdict.points < verdict.most == exercises()[wrong.exercise].max_points
    assert (f"“{wrong.mistake}” in the catalogue of mistakes" in verdict.text) == bool(wrong.mistake)


@pytest.mark.parametrize("lab", slow_but(QUICK, all_labs()))
def test_what_raises_names_the_learners_line(browser: Browser, strict: str, lab: str) -> None:
    name = next(one.name for one in exercises().values() if one.chapter == lab and not one.needs_torch)
    with opened(browser, strict, lab) as page:
        source = page.source(name).replace("raise NotImplementedError", 'raise KeyError("lost")')
        verdict = page.check(name, source)
    assert verdict.points == 0
    assert "raised KeyError: 'lost', at the line raise KeyError(\"lost\")" in verdict.text


def test_a_right_answer_after_a_wrong_one_gets_its_points(lab_03: LabPage) -> None:
    assert lab_03.check("bias_gradient", "def bias_gradient(delta):\n    return delta.mean(0)").points == 0
    assert lab_03.check("bias_gradient", "def bias_gradient(delta):\n    return delta.sum(0)").points == 1


def test_a_stub_is_told_to_be_not_written(lab_03: LabPage) -> None:
    lab_03.press("hidden_delta")
    assert "Not written yet: hidden_delta(O, W, delta_above)" in lab_03.verdict("hidden_delta").text


@pytest.mark.slow
def test_a_loop_without_end_is_stopped_at_its_line_and_the_answer_kept(lab_03: LabPage) -> None:
    verdict = lab_03.check("output_delta", ENDLESS)
    assert verdict.points == 0
    assert "stopped after 10 seconds of computing at the line O = O + t: does what stands there come to" in verdict.text
    assert lab_03.source("output_delta") == ENDLESS


@pytest.mark.slow
def test_what_python_cannot_stop_is_stopped_and_the_next_check_answers(lab_03: LabPage) -> None:
    lab_03.type("output_delta", ENDLESS_IN_C)
    lab_03.press("output_delta")
    assert lab_03.said("output_delta").startswith("The check was stopped: it took more than 10 seconds.")
    assert lab_03.source("output_delta") == ENDLESS_IN_C
    assert lab_03.check("bias_gradient", "def bias_gradient(delta):\n    return delta.sum(0)").points == 1


@pytest.mark.slow
def test_two_checks_at_a_time_both_get_their_verdict(lab_03: LabPage) -> None:
    lab_03.type("bias_gradient", "def bias_gradient(delta):\n    return delta.sum(0)")
    lab_03.type("output_delta", "def output_delta(O, t):\n    return O - t")
    for name in ("bias_gradient", "output_delta"):
        lab_03.press(name)
    assert (lab_03.verdict("bias_gradient").points, lab_03.verdict("output_delta").points) == (1, 0)


def test_what_a_page_reports_is_nothing_wrong(lab_03: LabPage) -> None:
    lab_03.check("bias_gradient", "def bias_gradient(delta):\n    return delta.sum(0)")
    assert lab_03.wrong == []
