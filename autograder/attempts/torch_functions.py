"""Puts questions to solutions in labs that use PyTorch, and sees whether autograd did the work.

This module runs beside the learner's code: it imports NumPy, PyTorch and the standard library, nothing of the grader.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from autograder.attempts.answers import Unusable, describe, read
from autograder.attempts.observe import Arguments, Solution, in_words, raised_by

_DERIVES = (torch.autograd.grad, torch.autograd.backward, torch.Tensor.backward, torch._make_dual)
# What gives memory that was something else before: NaN instead, so that entries never written are no answer by luck.
_UNWRITTEN = (torch.empty, torch.empty_like, torch.empty_strided, torch.Tensor.new_empty)
_APPLY = vars(torch.autograd.Function)["apply"].__func__.__code__
INPUTS = {"dx": "x", "dW": "W", "db": "b"}


class Watch(TorchFunctionMode):
    """Notes while it is active whether PyTorch is used at all, and whether it is made to differentiate."""

    def __init__(self) -> None:
        super().__init__()
        self.used = False
        self.derived = False

    def __enter__(self) -> Watch:
        self.runs = _engine_runs()
        self.recorded = saved_tensors_hooks(self._note, lambda tensor: tensor)
        self.recorded.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.recorded.__exit__(*error)
        # The count finds what went past the calls that are noted below. It counts itself once.
        self.derived = self.derived or _engine_runs() - self.runs > 1

    def _note(self, tensor: torch.Tensor) -> torch.Tensor:
        """Called for each tensor kept for a derivative. `apply` itself keeps what `ctx.save_for_backward` was given."""
        self.derived = self.derived or sys._getframe(1).f_code is not _APPLY
        return tensor

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.used = True
        self.derived = self.derived or func in _DERIVES
        result = func(*args, **(kwargs or {}))
        return result.fill_(torch.nan) if func in _UNWRITTEN and result.is_floating_point() else result


def _engine_runs() -> int:
    """Return how often PyTorch's autograd engine has run in this process, this run left out."""
    number: list[int] = []
    with torch.enable_grad():
        leaf = torch.zeros((), requires_grad=True)
        result = leaf * 1
        result.register_hook(lambda _: number.append(torch._C._current_graph_task_id()))
        torch.autograd.grad(result, leaf)
    return number[0]


def train_in_numpy(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Call `solution` for its list of losses; return it, its first 10, and how much of it was PyTorch's work."""
    with Watch() as watch:
        losses = read(solution(*arguments.values()))
    first = losses
    if len(arguments["batches"]) > 10 and isinstance(losses, np.ndarray) and losses.ndim:
        first = losses[:10]
    answers = {"first 10 steps": first, "200 steps": losses}
    return answers | {"used": watch.used or watch.derived, "derived": watch.derived}


def apply_and_go_back(solution: Solution, arguments: Arguments) -> Mapping[str, object]:
    """Run an autograd.Function of (x, W, b) forward, and its own backward directly, as PyTorch's engine would.

    The tensors share memory with the arguments, so that a change in place shows there. `arguments` holds upstream,
    x, W, b and the names of the inputs that need a gradient; with `alive` the function is applied elsewhere before
    it goes back, with `twice` it goes back twice and the second answer counts, with `gradcheck` PyTorch's own check
    is run as well.
    """
    if not (isinstance(solution, type) and issubclass(solution, torch.autograd.Function)):
        return dict.fromkeys(("forward", *INPUTS), Unusable(describe(solution), "a class of torch.autograd.Function"))
    upstream = torch.from_numpy(arguments["upstream"])
    tensors = {name: torch.from_numpy(arguments[name]) for name in INPUTS.values()}
    for name in arguments["needed"]:
        tensors[name].requires_grad_()
    with Watch() as watch:
        out = solution.apply(*tensors.values())
        if arguments["alive"]:
            solution.apply(*(tensor.detach().flip(0) for tensor in tensors.values()))
        gradients = _go_back(watch, solution, out, upstream, times=2 if arguments["twice"] else 1)
    answers = {"forward": _plain(out), **gradients, "derived": watch.derived or not _is_own(solution, out)}
    if arguments["gradcheck"] and not watch.derived:
        answers["gradcheck"] = _gradcheck(solution, list(tensors.values()))
    return answers


def _go_back(watch: Watch, solution: Any, out: Any, upstream: torch.Tensor, times: int) -> Mapping[str, object]:
    if not _is_own(solution, out):
        return dict.fromkeys(INPUTS, Unusable("no gradient of its own backward", "a gradient"))
    returned: object = None
    try:
        with torch.no_grad():
            for _ in range(times):
                returned = out.grad_fn.apply(upstream)
    except Exception as error:
        # torch.func refuses to work while the watch looks at what is kept.
        watch.derived = watch.derived or "saved tensor hooks" in str(error)
        return dict.fromkeys(INPUTS, Unusable(f"`backward` {in_words(raised_by(error, solution))}", "no error"))
    return {part: _plain(value) for part, value in _three(returned).items()}


def _is_own(solution: Any, out: Any) -> bool:
    node = getattr(out, "grad_fn", None)
    return isinstance(node, BackwardCFunction) and getattr(type(node), "_forward_cls", None) is solution


def _three(returned: object) -> Mapping[str, object]:
    if isinstance(returned, tuple) and len(returned) == 3:  # PyTorch takes no list here
        return dict(zip(INPUTS, returned, strict=True))
    many = f" of {len(returned)} values" if isinstance(returned, tuple | list) else ""
    return dict.fromkeys(INPUTS, Unusable(describe(returned) + many, "a tuple of 3 values (dx, dW, db)"))


def _plain(value: object) -> object:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _gradcheck(solution: Any, tensors: Sequence[torch.Tensor]) -> object:
    leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    try:
        return bool(torch.autograd.gradcheck(solution.apply, leaves))
    except Exception as error:
        return Unusable(str(error).strip().split("\n")[0][:200], "True from gradcheck")


# --- what the grader knows the answer to


def train_by_autograd(batches: object) -> list[float]:
    """Answer `train_in_numpy` in a forbidden way."""
    leaf = torch.ones((), requires_grad=True)
    return [float(torch.autograd.grad(leaf.exp(), leaf)[0])]


class BackwardByAutograd(torch.autograd.Function):
    """Answer `apply_and_go_back` in a forbidden way."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, W, b)
        return x @ W + b

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, ...]:
        leaves = [tensor.detach().requires_grad_() for tensor in ctx.saved_tensors]
        with torch.enable_grad():
            out = leaves[0] @ leaves[1] + leaves[2]
        return torch.autograd.grad(out, leaves, upstream)
