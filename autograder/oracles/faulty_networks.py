"""The usual wrong variants of the LeakyReLU–softmax network's pieces: slopes of the activation, and losses.

No backward formula is written out: a wrong slope is an activation of the right value, a wrong gradient at the logits
a loss whose gradient it is. Losses take logits z (N, K) and integer labels (N,), and return one number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from autograder.oracles.reference_networks import logits, mean_cross_entropy
from autograder.oracles.tensors import Tensor, torch

Activation: TypeAlias = Callable[[Tensor, float], Tensor]
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Probabilities: TypeAlias = Callable[[Tensor], Tensor]

leaky_relu: Activation = torch.nn.functional.leaky_relu


def network_error(
    x: Tensor,
    labels: Tensor,
    W1: Tensor,
    b1: Tensor,
    W2: Tensor,
    b2: Tensor,
    negative_slope: float,
    activation: Activation = leaky_relu,
    loss: Loss = mean_cross_entropy,
) -> Tensor:
    """Return the loss of the network, with one of its pieces replaced if wished."""
    if activation is leaky_relu:
        return loss(logits(x, W1, b1, W2, b2, negative_slope), labels)
    return loss(activation(x @ W1 + b1, negative_slope) @ W2 + b2, labels)


# --- the activation


def with_leaky_slope(slope: Activation) -> Activation:
    """Return an activation whose value is LeakyReLU's and whose local slope is slope(net, a)."""

    def activation(net: Tensor, a: float) -> Tensor:
        at = net.detach()
        return leaky_relu(at, a) + slope(at, a) * (net - at)

    return activation


def _sides(above: float, below: float | None = None, inclusive: bool = False) -> Activation:
    """Return the slope `above` on the positive side and `below` on the other; None is the right one there."""

    def slope(net: Tensor, a: float) -> Tensor:
        positive = net >= 0 if inclusive else net > 0
        return torch.where(positive, above, a if below is None else below).to(net.dtype)

    return slope


def _inverted(net: Tensor, a: float) -> Tensor:
    return torch.where(net > 0, 1.0, 1 / torch.tensor(a, dtype=net.dtype))


def _by_the_output(net: Tensor, a: float) -> Tensor:
    return torch.where(leaky_relu(net, a) >= 0, 1.0, torch.tensor(a, dtype=net.dtype))


def _negated(net: Tensor, a: float) -> Tensor:
    return torch.where(net > 0, 1.0, torch.tensor(-a, dtype=net.dtype))


def _swapped(net: Tensor, a: float) -> Tensor:
    return torch.where(net > 0, torch.tensor(a, dtype=net.dtype), 1.0)


WRONG_LEAKY_SLOPES: tuple[tuple[str, Activation], ...] = (
    ("slope-missing", lambda net, a: torch.ones_like(net)),
    ("plain-relu", _sides(1.0, 0.0)),
    ("slope-hard-coded", _sides(1.0, 0.01)),
    ("kink-on-the-positive-side", _sides(1.0, inclusive=True)),
    ("mask-from-output", _by_the_output),
    ("slope-inverted", _inverted),
    ("slope-negated", _negated),
    ("sides-swapped", _swapped),
    ("one-slope-for-both", lambda net, a: torch.full_like(net, a)),
    ("sigmoid-for-leaky", lambda net, a: torch.sigmoid(net) * (1 - torch.sigmoid(net))),
    ("activation-for-slope", leaky_relu),
)

# The same slopes in a network, where one of them has a name of its own.
SLOPES_OF_HIDDEN = (("hidden-slope-missing", WRONG_LEAKY_SLOPES[0][1]), *WRONG_LEAKY_SLOPES[1:])

# Activations that are wrong going forward and back alike.
OTHER_ACTIVATIONS: tuple[tuple[str, Activation], ...] = (
    ("plain-relu", lambda net, a: torch.relu(net)),
    ("slope-hard-coded", lambda net, a: leaky_relu(net, 0.01)),
    ("activation-missing", lambda net, a: net),
)


# --- the loss


def instead_of_softmax(probabilities: Probabilities) -> Loss:
    """Return a loss whose gradient has probabilities(z) where softmax(z) belongs."""

    def loss(z: Tensor, labels: Tensor) -> Tensor:
        target = z.gather(1, labels[:, None])
        return ((probabilities(z.detach()) * z).sum() - target.sum()) / len(z)

    return loss


def _times(factor: Callable[[int, int], float]) -> Loss:
    return lambda z, labels: mean_cross_entropy(z, labels) * factor(*z.shape)


def logits_gradient(z: Tensor, labels: Tensor) -> Tensor:
    """Return the right gradient at the logits as a constant, from autograd."""
    at = z.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(mean_cross_entropy(at, labels), at)[0]


def _changed(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Loss:
    """Return a loss whose gradient is change(gradient, z, labels)."""
    return lambda z, labels: (change(logits_gradient(z, labels), z.detach(), labels) * z).sum()


def _softmax_with_slope(slope: Probabilities) -> Loss:
    """Return the cross-entropy of a softmax whose Jacobian is diagonal, with slope(z) on it."""

    def loss(z: Tensor, labels: Tensor) -> Tensor:
        at = z.detach()
        p = torch.softmax(at, 1) + slope(at) * (z - at)
        return -p.gather(1, labels[:, None]).log().mean()

    return loss


def one_hot(z: Tensor, labels: Tensor) -> Tensor:
    """Return 1 in the column of each label and 0 elsewhere, in the shape (N, K) of z."""
    return torch.nn.functional.one_hot(labels, z.shape[1]).to(z.dtype)


def softmax(z: Tensor) -> Tensor:
    return torch.softmax(z, 1)


def _label_as_number(z: Tensor, labels: Tensor) -> Tensor:
    return ((softmax(z.detach()) - labels[:, None]) * z).sum() / len(z)


def _first_sample(z: Tensor, labels: Tensor) -> Tensor:
    return mean_cross_entropy(z[:1], labels[:1])


def _of_two_softmaxes(z: Tensor, labels: Tensor) -> Tensor:
    return mean_cross_entropy(softmax(z), labels)


def naive_softmax(z: Tensor) -> Tensor:
    """Return the softmax by rows without a shift, as it overflows."""
    return z.exp() / z.exp().sum(1, keepdim=True)


def softmax_less_one_maximum(z: Tensor) -> Tensor:
    """Return the softmax by rows, shifted by the largest logit of the whole batch."""
    return naive_softmax(z - z.max())


OTHER_PROBABILITIES: tuple[tuple[str, Probabilities], ...] = (
    ("softmax-wrong-axis", lambda z: torch.softmax(z, 0)),
    ("softmax-over-everything", lambda z: torch.softmax(z.ravel(), 0).reshape(z.shape)),
    ("softmax-twice", lambda z: softmax(softmax(z))),
    ("softmax-missing", lambda z: z),
    ("sigmoid-for-softmax", torch.sigmoid),
    ("thresholded-prediction", lambda z: one_hot(z, z.argmax(1))),
    ("max-not-subtracted", naive_softmax),
    ("max-over-everything", softmax_less_one_maximum),
)

WRONG_LOSSES: tuple[tuple[str, Loss], ...] = (
    ("mean-missing", _times(lambda N, K: N)),
    ("mean-twice", _times(lambda N, K: 1 / N)),
    ("divided-by-classes", _times(lambda N, K: 1 / K)),
    ("divided-by-classes", _times(lambda N, K: N / K)),
    ("target-missing", lambda z, labels: torch.logsumexp(z, 1).mean()),
    ("label-as-number", _label_as_number),
    ("slope-after-softmax", _changed(lambda d, z, labels: d * softmax(z) * (1 - softmax(z)))),
    ("target-column-only", _changed(lambda d, z, labels: d * one_hot(z, labels))),
    ("absolute-error", _changed(lambda d, z, labels: abs(d))),
    ("softmax-slope-missing", _softmax_with_slope(torch.ones_like)),
    ("jacobian-from-logits", _softmax_with_slope(lambda z: softmax(z) * (1 - z))),
    ("jacobian-from-logits", lambda z, labels: (one_hot(z, labels) * (z.detach() - 1) * z).sum() / len(z)),
    ("softmax-twice", _of_two_softmaxes),
    ("first-sample-only", _first_sample),
    ("first-sample-only", lambda z, labels: _first_sample(z, labels) / len(z)),
    *((mistake, instead_of_softmax(wrong)) for mistake, wrong in OTHER_PROBABILITIES),
)
