"""Does the built chapter show the numbers that PyTorch gets?"""

import re
from html import unescape
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    return (site / "book" / "04_affine_layer.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chapter(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


def worked_example() -> dict[str, float]:
    """The first entry of y and of each gradient of the worked example, by autograd."""
    x = torch.tensor([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0], [-0.5, 1.0, 0.0], [2.0, 0.0, 0.5]], requires_grad=True)
    W = torch.tensor([[0.2, -0.4], [0.6, 0.1], [-0.3, 0.5]], requires_grad=True)
    b = torch.tensor([0.1, -0.2], requires_grad=True)
    g = torch.tensor([[0.5, -1.0], [1.0, 0.4], [-0.6, 0.2], [0.3, 0.8]])
    y = x @ W + b
    dx, dW, db = torch.autograd.grad((g * y).sum(), (x, W, b))
    return {"y": y[0, 0].item(), "dx": dx[0, 0].item(), "dW": dW[0, 0].item(), "db": db[0].item()}


@pytest.mark.parametrize(("name", "value"), worked_example().items())
def test_the_worked_example_shows_pytorchs_numbers(chapter: str, name: str, value: float) -> None:
    assert f"= {value:.2f}" in chapter


def test_the_jacobian_that_is_never_built_has_its_size(chapter: str) -> None:
    assert f"it would fill {64 * 1000 * 64 * 1000 * 8 / 1e9:.1f} GB" in chapter


def test_the_chapter_has_a_section_of_mistakes(page: str) -> None:
    assert 'id="affine-layer-mistakes"' in page
