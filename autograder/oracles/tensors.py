"""The tensors that the forward formulas are written in: PyTorch's where it is installed, else those of the tape.

from autograder.oracles.tensors import torch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch

    PYTORCH: bool
else:
    try:
        import torch

        PYTORCH = True
    except ModuleNotFoundError:
        from autograder.oracles import tape as torch

        PYTORCH = False

__all__ = ["PYTORCH", "Tensor", "torch"]

Tensor: TypeAlias = torch.Tensor
