"""Does the built chapter show the numbers that PyTorch gets?"""

import re
from html import unescape
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="module")
def text(site: Path) -> str:
    page = (site / "book" / "01_chain_rule.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


def test_the_chain_of_two_steps_shows_pytorchs_slopes(text: str) -> None:
    x, w1, b1, w2, b2 = (torch.tensor(value, requires_grad=True) for value in (1.0, 2.0, 1.0, 2.0, 1.0))
    y1 = x * w1 + b1
    y2 = y1 * w2 + b2
    for name, of, by in (("dy2/dy1", y2, y1), ("dy1/dw1", y1, w1), ("dy2/dw1", y2, w1)):
        (slope,) = torch.autograd.grad(of, by, retain_graph=True)
        assert f"{name} = {slope.item()}" in text


def test_softmax_hands_down_pytorchs_gradient(text: str) -> None:
    logits = torch.tensor([1.2, 0.1, 2.0, -0.6, 0.5], dtype=torch.float64, requires_grad=True)
    upstream = torch.tensor([0.5, -1.0, 1.5, 2.0, -0.5], dtype=torch.float64)
    (upstream * torch.softmax(logits, 0)).sum().backward()
    assert logits.grad is not None
    shown = re.search(r"without matrix \[([^\]]*)\]", text)
    assert shown
    assert [float(number) for number in shown[1].split()] == [round(g, 4) for g in logits.grad.tolist()]
