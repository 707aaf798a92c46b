"""Loads what a learner's process needs, the same for grading and on the learner's own machine. Runs on any system."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pkgutil
import random
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.sandbox.inside.shell import LabShell


def hide_torch() -> list[str]:
    """Make PyTorch impossible to import; return where it lies."""
    names = ("torch", "functorch", "torchgen")
    found = [importlib.util.find_spec(name) for name in names]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]
    return [place for spec in found if spec for place in spec.submodule_search_locations or ()]


def load(torch: bool, most_output: int) -> LabShell:
    """Load all that labs use, and what runs beside the learner's code; return the shell."""
    from autograder import attempts
    from autograder.sandbox.inside import shell

    if torch:
        import torch as loaded

        loaded.set_num_threads(1)
        importlib.import_module("torch.fx.experimental.symbolic_shapes")  # PyTorch's own check needs it, for a second
    for name in ("numpy.fft", "numpy.linalg", "numpy.polynomial", "numpy.random", "numpy.testing"):
        importlib.import_module(name)
    for module in pkgutil.iter_modules(attempts.__path__, "autograder.attempts."):
        with contextlib.suppress(ImportError):  # what needs PyTorch, where there is none
            importlib.import_module(module.name)
    return shell.make_shell(most_output)


def settle(shell: LabShell | None, folder: str, kept: tuple[str, ...] = ()) -> None:
    """Make this process the learner's, who has `folder`: with an environment of its own, but for what is `kept`."""
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"PATH": "", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    os.environ.clear()
    os.environ.update(environment)
    _seed_anew()
    if shell:
        shell.learners.settle()


def _seed_anew() -> None:
    """Forks share the state of the random generators until they are seeded."""
    import numpy as np

    random.seed()
    np.random.seed(int.from_bytes(os.urandom(4)))  # noqa: NPY002
    if sys.modules.get("torch"):
        sys.modules["torch"].manual_seed(int.from_bytes(os.urandom(4)))
