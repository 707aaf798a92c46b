"""A small reverse-mode autograd on NumPy, for where there is no PyTorch: in a browser, on a small machine.

It has the operations of PyTorch that the forward formulas of this course use, under PyTorch's names, so that a formula
is written once (`autograder.oracles.tensors`). Values and gradients are of float64; a tensor of whole numbers or truth
values has no gradient. Every operation comes with its vector–Jacobian product: from the upstream gradient of its result
to those of its operands. The tests hold all of it against PyTorch; what is missing here raises AttributeError there.
"""

# mypy: allow-any-generics

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Vjp: TypeAlias = Callable[[Array], Array]

float64, float32, int64 = np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.int64)
_born = count()
_recording = True


class Tensor:
    """An array, and how it was made of others: `parents` with, for each, the vector–Jacobian product to it."""

    __array_priority__ = 1000.0  # NumPy leaves `array * tensor` to the tensor
    __slots__ = ("_data", "born", "parents", "requires_grad")
    requires_grad: bool

    def __init__(self, data: Any, parents: Sequence[tuple[Tensor, Vjp]] = (), requires_grad: bool = False) -> None:
        self._data: Array = np.asarray(data)
        self.parents = [(one, vjp) for one, vjp in parents if one.requires_grad] if _recording else []
        self.requires_grad = requires_grad or bool(self.parents)
        self.born = next(_born)  # an operand is older than its result

    # --- what it holds

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def dtype(self) -> np.dtype:
        return self._data.dtype

    def numpy(self) -> Array:
        if self.requires_grad:
            raise RuntimeError("a tensor that requires a gradient has no array of its own: detach it first")
        return self._data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._data, dtype, copy=True)

    def item(self) -> Any:
        return self._data.item()

    def tolist(self) -> Any:
        return self._data.tolist()

    def __float__(self) -> float:
        return float(self._data.item())

    def __int__(self) -> int:
        return int(self._data.item())

    def __bool__(self) -> bool:
        return bool(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Tensor({self._data!r})"

    def detach(self) -> Tensor:
        return Tensor(self._data)

    def new_zeros(self, shape: tuple[int, ...]) -> Tensor:
        return Tensor(np.zeros(shape, self.dtype))

    def requires_grad_(self) -> Tensor:
        self.requires_grad = True
        return self

    def to(self, dtype: np.dtype) -> Tensor:
        return Tensor(self._data.astype(dtype), [(self, lambda g: g)])

    # --- arithmetic

    def __add__(self, other: Any) -> Tensor:
        return _entrywise(np.add, self, other, lambda a, b: 1.0, lambda a, b: 1.0)

    def add(self, other: Any, alpha: float = 1.0) -> Tensor:
        return self + _as_tensor(other) * alpha

    def __sub__(self, other: Any) -> Tensor:
        return _entrywise(np.subtract, self, other, lambda a, b: 1.0, lambda a, b: -1.0)

    def __mul__(self, other: Any) -> Tensor:
        return _entrywise(np.multiply, self, other, lambda a, b: b, lambda a, b: a)

    def __truediv__(self, other: Any) -> Tensor:
        return _entrywise(np.true_divide, self, other, lambda a, b: 1 / b, lambda a, b: -a / b**2)

    def __pow__(self, power: float) -> Tensor:
        return _function(self, self._data**power, lambda: power * self._data ** (power - 1))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> Tensor:
        return _as_tensor(other) - self

    def __rtruediv__(self, other: Any) -> Tensor:
        return _as_tensor(other) / self

    def __neg__(self) -> Tensor:
        return self * -1.0

    def __isub__(self, other: Any) -> Tensor:
        if _recording and self.requires_grad:
            raise RuntimeError("a leaf that requires a gradient changes in place under no_grad only")
        self._data -= _as_tensor(other)._data
        return self

    def __matmul__(self, other: Any) -> Tensor:
        a, b = self._data, _as_tensor(other)._data

        def to_a(g: Array) -> Array:
            if a.ndim == b.ndim == 1:
                return g * b
            return g @ b.T if a.ndim == 1 else np.multiply.outer(g, b) if b.ndim == 1 else g @ b.swapaxes(-1, -2)

        def to_b(g: Array) -> Array:
            if a.ndim == b.ndim == 1:
                return g * a
            return np.multiply.outer(a, g) if a.ndim == 1 else a.swapaxes(-1, -2) @ g

        return Tensor(a @ b, [(self, to_a), (_as_tensor(other), to_b)])

    def __rmatmul__(self, other: Any) -> Tensor:
        return _as_tensor(other) @ self

    def __abs__(self) -> Tensor:
        return _function(self, abs(self._data), lambda: np.sign(self._data))

    abs = __abs__

    # --- comparisons have no gradient

    def __gt__(self, other: Any) -> Tensor:
        return Tensor(self._data > _as_tensor(other)._data)

    def __ge__(self, other: Any) -> Tensor:
        return Tensor(self._data >= _as_tensor(other)._data)

    def __lt__(self, other: Any) -> Tensor:
        return Tensor(self._data < _as_tensor(other)._data)

    def __le__(self, other: Any) -> Tensor:
        return Tensor(self._data <= _as_tensor(other)._data)

    def __eq__(self, other: object) -> Any:
        return Tensor(self._data == _as_tensor(other)._data)

    __hash__ = object.__hash__

    def any(self) -> Tensor:
        return Tensor(self._data.any())

    def all(self) -> Tensor:
        return Tensor(self._data.all())

    def argmax(self, dim: int | None = None) -> Tensor:
        return Tensor(self._data.argmax(dim))

    # --- shape

    @property
    def T(self) -> Tensor:
        return Tensor(self._data.T, [(self, lambda g: g.T)])

    def reshape(self, *shape: Any) -> Tensor:
        return Tensor(self._data.reshape(*shape), [(self, lambda g: g.reshape(self.shape))])

    def ravel(self) -> Tensor:
        return self.reshape(-1)

    def flatten(self, start: int = 0) -> Tensor:
        return self.reshape(*self.shape[:start], -1)

    def expand_as(self, other: Tensor) -> Tensor:
        return Tensor(np.broadcast_to(self._data, other.shape), [(self, lambda g: _sum_to(self.shape, g))])

    def __getitem__(self, key: Any) -> Tensor:
        key = tuple(map(_index, key)) if isinstance(key, tuple) else _index(key)
        return Tensor(self._data[key], [(self, lambda g: _put_back(self.shape, key, g))])

    def gather(self, dim: int, index: Tensor) -> Tensor:
        """Return the entries at `index` along the axis `dim`; every entry is taken once at most."""

        def back(g: Array) -> Array:
            whole = np.zeros(self.shape)
            np.put_along_axis(whole, index._data, g, dim)
            return whole

        return Tensor(np.take_along_axis(self._data, index._data, dim), [(self, back)])

    # --- sums and the like

    def sum(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        def back(g: Array) -> Array:
            return np.broadcast_to(g if keepdim or dim is None else np.expand_dims(g, dim), self.shape)

        return Tensor(self._data.sum(axis=dim, keepdims=keepdim), [(self, back)])

    def mean(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        total = self.sum(dim, keepdim)
        return total / (self._data.size / total._data.size)

    def amax(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        """Return the maximum; equal ones share its gradient."""
        held = self._data.max(axis=dim, keepdims=True)
        at = self._data == held

        def back(g: Array) -> Array:
            whole = g if keepdim or dim is None else np.expand_dims(g, dim)
            return whole * at / at.sum(axis=dim, keepdims=True)

        return Tensor(self._data.max(axis=dim, keepdims=keepdim), [(self, back)])

    def max(self) -> Tensor:
        return self.amax()

    # --- functions of each entry

    def sigmoid(self) -> Tensor:
        return sigmoid(self)

    def exp(self) -> Tensor:
        return exp(self)

    def log(self) -> Tensor:
        return log(self)

    def clamp(self, min: float = -np.inf, max: float = np.inf) -> Tensor:
        inside = (self._data >= min) & (self._data <= max)
        return _function(self, self._data.clip(min, max), lambda: inside * 1.0)


# --- how operations are made


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def _index(key: Any) -> Any:
    return key._data if isinstance(key, Tensor) else key


def _put_back(shape: tuple[int, ...], key: Any, g: Array) -> Array:
    whole = np.zeros(shape)
    np.add.at(whole, key, g)
    return whole


def _function(x: Tensor, value: Any, slope: Callable[[], Any]) -> Tensor:
    """Return `value`, an entrywise function of x whose derivative is slope()."""
    return Tensor(value, [(x, lambda g: g * slope())])


def _entrywise(
    operation: Callable[..., Any],
    left: Any,
    right: Any,
    to_left: Callable[[Array, Array], Any],
    to_right: Callable[[Array, Array], Any],
) -> Tensor:
    """Return an entrywise operation on two operands, which are broadcast to one shape."""
    a, b = _as_tensor(left), _as_tensor(right)
    value = operation(a._data, b._data)
    return Tensor(
        value,
        [
            (a, lambda g: _sum_to(a.shape, g * to_left(a._data, b._data))),
            (b, lambda g: _sum_to(b.shape, g * to_right(a._data, b._data))),
        ],
    )


def _sum_to(shape: tuple[int, ...], g: Array) -> Array:
    """Sum over the axes along which an operand of this shape was broadcast."""
    if g.shape == shape:
        return g
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] > 1), keepdims=True)


# --- making tensors


def tensor(data: Any, dtype: np.dtype | None = None, requires_grad: bool = False) -> Tensor:
    return Tensor(np.array(data, dtype), requires_grad=requires_grad)


def zeros(*shape: Any, dtype: np.dtype = float64, requires_grad: bool = False) -> Tensor:
    size = shape[0] if shape and isinstance(shape[0], tuple) else shape
    return Tensor(np.zeros(size, dtype), requires_grad=requires_grad)


def ones_like(x: Tensor) -> Tensor:
    return Tensor(np.ones_like(x._data))


def zeros_like(x: Tensor) -> Tensor:
    return Tensor(np.zeros_like(x._data))


def full_like(x: Tensor, value: float) -> Tensor:
    return Tensor(np.full_like(x._data, value))


def arange(end: int) -> Tensor:
    return Tensor(np.arange(end))


# --- functions


def sigmoid(x: Tensor) -> Tensor:
    e = np.exp(-abs(x._data))  # of what is not positive, so that nothing overflows
    value = np.where(x._data >= 0, 1, e) / (1 + e)
    return _function(x, value, lambda: value * (1 - value))  # as PyTorch has it: 0 where the value rounds to 1


def tanh(x: Tensor) -> Tensor:
    value = np.tanh(x._data)
    return _function(x, value, lambda: 1 - value**2)


def exp(x: Tensor) -> Tensor:
    value = np.exp(x._data)
    return _function(x, value, lambda: value)


def log(x: Tensor) -> Tensor:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(x._data)
    return _function(x, value, lambda: 1 / x._data)


def sin(x: Tensor) -> Tensor:
    return _function(x, np.sin(x._data), lambda: np.cos(x._data))


def atanh(x: Tensor) -> Tensor:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.arctanh(x._data)
    return _function(x, value, lambda: 1 / (1 - x._data**2))


def logit(x: Tensor) -> Tensor:
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(x._data / (1 - x._data))
    return _function(x, value, lambda: 1 / (x._data * (1 - x._data)))


def relu(x: Tensor) -> Tensor:
    return _leaky_relu(x, 0.0)


def _leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    slope = np.where(x._data > 0, 1.0, negative_slope)
    return _function(x, x._data * slope, lambda: slope)


def _softplus(x: Tensor) -> Tensor:
    return _function(x, np.logaddexp(x._data, 0.0), lambda: sigmoid(x)._data)


def add(a: Tensor, b: Any) -> Tensor:
    return a + b


def mul(a: Tensor, b: Any) -> Tensor:
    return a * b


def max(x: Tensor) -> Tensor:
    return x.amax()


def where(condition: Tensor, yes: Any, no: Any) -> Tensor:
    taken = condition._data
    return _entrywise(lambda a, b: np.where(taken, a, b), yes, no, lambda a, b: taken * 1.0, lambda a, b: ~taken * 1.0)


def softmax(x: Tensor, dim: int) -> Tensor:
    e = np.exp(x._data - x._data.max(axis=dim, keepdims=True))
    p = e / e.sum(axis=dim, keepdims=True)
    return Tensor(p, [(x, lambda g: p * (g - (g * p).sum(axis=dim, keepdims=True)))])


def logsumexp(x: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    largest = x._data.max(axis=dim, keepdims=True)
    return (x - largest).exp().sum(dim, keepdim).log() + (largest if keepdim else largest.squeeze(dim))


def log_softmax(x: Tensor, dim: int) -> Tensor:
    return x - logsumexp(x, dim, keepdim=True)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over the batch of −log softmax(logits) (N, K) at integer labels (N,)."""
    return log_softmax(logits, 1).gather(1, labels[:, None]).mean() * -1.0


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    return Tensor(np.eye(classes, dtype=int64)[labels._data])


# --- derivatives


@contextmanager
def _recorded(whether: bool) -> Iterator[None]:
    global _recording
    before, _recording = _recording, whether
    try:
        yield
    finally:
        _recording = before


def no_grad() -> Any:
    return _recorded(False)


def enable_grad() -> Any:
    return _recorded(True)


def _grad(output: Tensor, inputs: Any, allow_unused: bool = False) -> tuple[Tensor | None, ...]:
    """Return the gradient of a single number with respect to each input, None where it plays no part."""
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if output._data.size != 1:
        raise RuntimeError("a gradient is of a single number")
    if not output.requires_grad:
        raise RuntimeError("the number depends on nothing that requires a gradient")
    found: dict[int, Array] = {id(output): np.ones(output.shape)}
    for node in _youngest_first(output):
        for parent, vjp in node.parents:
            g = vjp(found[id(node)])
            found[id(parent)] = found[id(parent)] + g if id(parent) in found else g
    gradients = [found.get(id(one)) for one in wanted]
    if not allow_unused and any(g is None for g in gradients):
        raise RuntimeError("the number does not depend on one of the inputs")
    return tuple(None if g is None else Tensor(np.array(g)) for g in gradients)


def _youngest_first(output: Tensor) -> list[Tensor]:
    """Return all that `output` was made of, each before what it was made of itself."""
    seen, waiting = {id(output): output}, [output]
    while waiting:
        for parent, _ in waiting.pop().parents:
            if id(parent) not in seen:
                seen[id(parent)] = parent
                waiting.append(parent)
    return sorted(seen.values(), key=lambda node: node.born, reverse=True)


def _jacobian(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Return ∂function_i/∂at_j (outputs, inputs) of a function of a vector to a vector."""
    with enable_grad():
        leaf = at.detach().requires_grad_()
        rows = [_grad(one, leaf)[0] for one in function(leaf)]
        return Tensor(np.stack([row.numpy() for row in rows if row is not None]))


def get_num_threads() -> int:
    return 1


def set_num_threads(number: int) -> None:
    """Stay with the one there is."""


# PyTorch's places for them.
nn = SimpleNamespace(
    functional=SimpleNamespace(
        leaky_relu=_leaky_relu, softplus=_softplus, cross_entropy=_cross_entropy, one_hot=_one_hot
    )
)
autograd = SimpleNamespace(grad=_grad, functional=SimpleNamespace(jacobian=_jacobian))
