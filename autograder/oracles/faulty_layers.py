"""Forward formulas built of pieces, and the pieces that a mistake replaces.

A `Pieces` has the right ones. Each of its subclasses is a mistake of the catalogue: it leaves the values of a network
as they are and gives one piece the gradient that somebody with that mistake would write down. What is differentiated
is always a forward formula; `hold` marks what counts as a constant there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

from autograder.oracles.tensors import Tensor, torch

Function: TypeAlias = Callable[[Tensor], Tensor]
Hold: TypeAlias = Callable[[Tensor], Tensor]


class Pieces:
    """The right pieces. `extra` is added to the loss: its value means nothing, its gradient does."""

    mistake: ClassVar[str] = ""

    def __init__(self, hold: Hold = Tensor.detach) -> None:
        self.hold = hold
        self.extra: Tensor = torch.zeros(())

    def layer(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor | None = None) -> Tensor:
        """Return function(xW + b). `below` is the network's input where x is a hidden layer's output, else None."""
        net = self.affine(x, W, b, below)
        return self.activation(net, function)

    def output(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor) -> Tensor:
        """Return the topmost layer."""
        return function(self.affine(x, W, b, below))

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        return x @ W + b

    def activation(self, net: Tensor, function: Function) -> Tensor:
        return function(net)

    def dropout(self, h: Tensor, mask: Tensor, p: float) -> Tensor:
        return h * mask / (1 - p)

    def fan_out(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return h for each of its two readers."""
        return h, h

    def squared_error(self, O: Tensor, T: Tensor) -> Tensor:
        return 0.5 * ((O - T) ** 2).sum()

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean over the batch."""
        return torch.nn.functional.cross_entropy(logits, labels)

    def swap(self, value: Tensor, surrogate: Tensor) -> Tensor:
        """Return `value` with the gradient of `surrogate`."""
        return self.hold(value) + surrogate - self.hold(surrogate)

    def slope(self, net: Tensor, function: Function) -> Tensor:
        """Return the local slope of an entrywise function, as a constant."""
        with torch.enable_grad():
            at = net.detach().requires_grad_()
            found = torch.autograd.grad(function(at).sum(), at)[0]
        return self.hold(found)

    def with_slope(self, net: Tensor, function: Function, slope: Tensor) -> Tensor:
        return self.swap(function(net), slope * net)


class HiddenSlopeMissing(Pieces):
    mistake = "hidden-slope-missing"

    def activation(self, net: Tensor, function: Function) -> Tensor:
        return self.with_slope(net, function, torch.ones_like(net))


class SlopeTwice(Pieces):
    mistake = "slope-twice"

    def activation(self, net: Tensor, function: Function) -> Tensor:
        return self.with_slope(net, function, self.slope(net, function) ** 2)


class UpstreamIgnored(Pieces):
    mistake = "upstream-ignored"

    def activation(self, net: Tensor, function: Function) -> Tensor:
        self.extra = self.extra + (self.slope(net, function) * net).sum()
        return self.hold(function(net))


class OutputsForDeltas(Pieces):
    mistake = "outputs-for-deltas"

    def layer(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor | None = None) -> Tensor:
        return self._blind(x, W, b, function, below)

    def output(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor) -> Tensor:
        return self._blind(x, W, b, function, below)

    def _blind(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor | None) -> Tensor:
        O = function(self.affine(self.hold(x), W, b, below))
        if below is not None:
            self.extra = self.extra + (self.hold(O) * (x @ self.hold(W))).sum()
        return O


class WeightsTransposed(Pieces):
    mistake = "weights-transposed"

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        net = x @ W + b
        if below is None or W.shape[0] != W.shape[1]:
            return net
        return self.swap(net, x @ self.hold(W).T + self.hold(x) @ W + b)


class InputForHidden(Pieces):
    mistake = "input-for-hidden"

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        net = x @ W + b
        if below is None or below.shape != x.shape:
            return net
        return self.swap(net, x @ self.hold(W) + below @ W + b)


class SumsBeforeProduct(Pieces):
    mistake = "sums-before-product"

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        total = self.hold(x).sum(0, keepdim=True).expand_as(x)
        return self.swap(x @ W + b, x @ self.hold(W) + total @ W + b)


class FirstSampleOnly(Pieces):
    mistake = "first-sample-only"

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        first = (torch.arange(len(x)) == 0)[:, None]
        return self.swap(x @ W + b, x @ self.hold(W) + first * (self.hold(x) @ W + b))


class BatchMean(Pieces):
    mistake = "batch-mean"

    def affine(self, x: Tensor, W: Tensor, b: Tensor, below: Tensor | None) -> Tensor:
        return self.swap(x @ W + b, x @ self.hold(W) + (self.hold(x) @ W + b) / len(x))


class SquaredErrorTimes(Pieces):
    factor: ClassVar[float]

    def squared_error(self, O: Tensor, T: Tensor) -> Tensor:
        return self.factor * super().squared_error(O, T)

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.factor * super().cross_entropy(logits, labels)


class Sign(SquaredErrorTimes):
    mistake = "sign"
    factor = -1.0


class FactorTwo(SquaredErrorTimes):
    mistake = "factor-two"
    factor = 2.0


class CrossEntropyFrom(Pieces):
    """Mistakes that put something else where (P − Y)/N belongs."""

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        P = torch.softmax(logits, dim=1)
        Y = torch.nn.functional.one_hot(labels, logits.shape[1])
        return (self.hold(self.wrong(P, Y) / len(P)) * logits).sum()

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        raise NotImplementedError


class SlopeAfterSoftmax(CrossEntropyFrom):
    mistake = "slope-after-softmax"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return (P - Y) * P * (1 - P)


class TargetColumnOnly(CrossEntropyFrom):
    mistake = "target-column-only"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return (P - Y) * Y


class LabelsIgnored(CrossEntropyFrom):
    mistake = "target-missing"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return P


class BatchNotAveraged(CrossEntropyFrom):
    mistake = "mean-missing"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return (P - Y) * len(P)


class AveragedTwice(CrossEntropyFrom):
    mistake = "mean-twice"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return (P - Y) / len(P)


class AveragedOverClasses(CrossEntropyFrom):
    mistake = "divided-by-classes"

    def wrong(self, P: Tensor, Y: Tensor) -> Tensor:
        return (P - Y) * len(P) / P.shape[1]


class DropoutBackwardBy(Pieces):
    """Mistakes in the factor with which dropout's backward pass multiplies."""

    def dropout(self, h: Tensor, mask: Tensor, p: float) -> Tensor:
        return self.swap(super().dropout(h, mask, p), h * self.factor(mask, p))

    def factor(self, mask: Tensor, p: float) -> Tensor:
        raise NotImplementedError


class DropoutMaskMissing(DropoutBackwardBy):
    mistake = "mask-missing"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return torch.ones_like(mask) / (1 - p)


class DropoutScaleMissing(DropoutBackwardBy):
    mistake = "dropout-scale-missing"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return mask


class DropoutForgotten(DropoutBackwardBy):
    mistake = "dropout-missing"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return torch.ones_like(mask)


class DropoutMaskInverted(DropoutBackwardBy):
    mistake = "mask-inverted"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return (1 - mask) / (1 - p)


class DropoutScaleTwice(DropoutBackwardBy):
    mistake = "dropout-scale-twice"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return mask / (1 - p) ** 2


class DropoutScaleInverted(DropoutBackwardBy):
    mistake = "dropout-scale-inverted"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return mask * (1 - p)


class DropoutDividedByP(DropoutBackwardBy):
    mistake = "divided-by-p"

    def factor(self, mask: Tensor, p: float) -> Tensor:
        return mask / p if p else mask


class Undropped(Pieces):
    """The weights above dropout meet what came into it."""

    mistake = "undropped-activations"

    def dropout(self, h: Tensor, mask: Tensor, p: float) -> Tensor:
        self.before = self.hold(h)
        return super().dropout(h, mask, p)

    def output(self, x: Tensor, W: Tensor, b: Tensor, function: Function, below: Tensor) -> Tensor:
        return function(self.swap(x @ W + b, x @ self.hold(W) + self.before @ W + b))


class PathOverwritten(Pieces):
    """Only the path that the backward pass walks last is left."""

    mistake = "path-overwritten"

    def fan_out(self, h: Tensor) -> tuple[Tensor, Tensor]:
        return self.hold(h), h


def _by_mistake(*wrong: type[Pieces]) -> Mapping[str, type[Pieces]]:
    return {pieces.mistake: pieces for pieces in wrong}


# The list that lab 07 gives, in its order.
PRINTED = _by_mistake(
    HiddenSlopeMissing,
    SlopeTwice,
    SlopeAfterSoftmax,
    UpstreamIgnored,
    OutputsForDeltas,
    WeightsTransposed,
    PathOverwritten,
    InputForHidden,
    SumsBeforeProduct,
    FirstSampleOnly,
    BatchMean,
    Sign,
    FactorTwo,
    DropoutMaskMissing,
    DropoutScaleMissing,
)

# What can be wrong in a network with one hidden layer, dropout and softmax.
TRAINING = _by_mistake(
    HiddenSlopeMissing,
    SlopeTwice,
    SlopeAfterSoftmax,
    TargetColumnOnly,
    LabelsIgnored,
    BatchNotAveraged,
    AveragedTwice,
    AveragedOverClasses,
    DropoutMaskMissing,
    DropoutScaleMissing,
    DropoutForgotten,
    DropoutMaskInverted,
    DropoutScaleTwice,
    DropoutScaleInverted,
    DropoutDividedByP,
    Undropped,
    UpstreamIgnored,
    OutputsForDeltas,
    WeightsTransposed,
    InputForHidden,
    SumsBeforeProduct,
    FirstSampleOnly,
    BatchMean,
    FactorTwo,
)
