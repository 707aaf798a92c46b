"""The forward formulas of the course's LeakyReLU–softmax network, in PyTorch: what the oracles differentiate.

x (N, D) → affine W1 (D, H), b1 (H,) → LeakyReLU → inverted dropout → affine W2 (H, K), b2 (K,) → logits (N, K).
"""

from __future__ import annotations

from autograder.oracles.tensors import Tensor, torch


def logits(
    x: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    negative_slope: float,
    mask: Tensor | None = None,
    p: float = 0.0,
) -> Tensor:
    """Return the logits; with a mask (N, H) of 0 and 1, hidden units are dropped and the others scaled by 1/(1−p)."""
    hidden = torch.nn.functional.leaky_relu(x @ W1 + b1, negative_slope)
    if mask is not None:
        hidden = hidden * mask / (1 - p)
    return hidden @ W2 + b2


def mean_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy of softmax(logits) against integer labels (N,), averaged over the batch."""
    return torch.nn.functional.cross_entropy(logits, labels)
