"""Does the built chapter show the numbers that PyTorch gets?"""

import re
from html import unescape
from pathlib import Path

import pytest
import torch

Example = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def chapter(site: Path) -> str:
    page = (site / "book" / "03_delta_template.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


@pytest.fixture(scope="module")
def example() -> Example:
    """The worked example by autograd, with the gradients at both pre-activations and outputs."""

    def leaf(*numbers: float | list[float]) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)

    x, t = leaf(1.0, 0.5), leaf(1.0, 0.0)
    W1, b1 = leaf([0.5, -0.4], [0.8, 0.6]), leaf(0.1, -0.1)
    W2, b2 = leaf([0.9, -0.7], [0.4, 0.2]), leaf(-0.2, 0.3)
    net1 = x @ W1 + b1
    O1 = torch.sigmoid(net1)
    net2 = O1 @ W2 + b2
    O2 = torch.sigmoid(net2)
    E = 0.5 * ((O2 - t) ** 2).sum()
    g1, g2, d1, d2, dW1, dW2 = torch.autograd.grad(E, (O1, O2, net1, net2, W1, W2))
    return {"O1": O1, "O2": O2, "E": E, "g1": g1, "g2": g2, "d1": d1, "d2": d2, "dW1": dW1[1, 0], "dW2": dW2[0, 0]}


@pytest.mark.parametrize("name", ["O1", "O2", "E", "g1", "g2", "d1", "d2", "dW1", "dW2"])
def test_the_worked_example_shows_pytorchs_numbers(chapter: str, example: Example, name: str) -> None:
    for value in example[name].flatten().tolist():
        assert f"{value:.4f}" in chapter


@pytest.mark.parametrize(
    "sentence",
    [
        "learn it from 16 of 20 starts; three and four learn it from 20 and 20",
        "learning rate 1, 10 000 epochs",
        "accuracy 100%",
    ],
)
def test_xor_reproduces_its_facts(chapter: str, sentence: str) -> None:
    assert sentence in chapter


def exponent(chapter: str, before: str) -> int:
    """The power of ten of the first number after the words `before`."""
    found = re.search(re.escape(before) + r".*?\\times 10\^\{(-?\d+)\}", chapter)
    assert found, f"no power of ten after '{before}'"
    return int(found[1])


def test_the_numerical_check_is_below_its_bar(chapter: str) -> None:
    assert exponent(chapter, "the largest relative error over all of") < -6


def test_the_two_loss_curves_differ_by_less_than_their_bar(chapter: str) -> None:
    assert exponent(chapter, "The largest difference is") < -10


def test_mse_loss_differs_by_two_over_n_times_k(chapter: str) -> None:
    assert f"Measured: {2 / (5 * 2):.4f}" in chapter
