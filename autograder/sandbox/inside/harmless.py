"""What a learner's cells get for `autograder` and `computation_graph` while a lab is graded: something that does
nothing, whatever is done with it. The grader asks by itself, and nobody looks at the pictures."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import autograder

PACKAGES = ("autograder", "computation_graph")
_ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and or xor radd rsub rmul rtruediv rmatmul neg pos abs"


class Harmless:
    """Any name in it, any call of it and any item of it is another one; as a report it is one that has passed."""

    points = max_points = 0.0
    passed = True
    findings = ()

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Harmless()

    def __call__(self, *_: object, **__: object) -> Harmless:
        return Harmless()

    def __getitem__(self, _: object) -> Harmless:
        return Harmless()

    def __setitem__(self, _: object, __: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0

    def __enter__(self) -> Harmless:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __instancecheck__(self, one: object) -> bool:
        return isinstance(one, Harmless)

    def __mro_entries__(self, _: object) -> tuple[type, ...]:
        return (Harmless,)

    def __format__(self, _: str) -> str:
        return str(self)

    def __repr__(self) -> str:
        return "(left out while a lab is graded)"


for _name in _ARITHMETIC.split():
    setattr(Harmless, f"__{_name}__", Harmless.__call__)


def packages() -> dict[str, Any]:
    """Return what the packages are for a learner's cells, by name; `import *` brings what it brings elsewhere."""
    found = {}
    for name in PACKAGES:
        found[name] = Harmless()
        vars(found[name])["__all__"] = _public_names(name)
    return found


def _public_names(package: str) -> list[str]:
    """Read `__all__` in the source of a package, without loading what the package needs."""
    spec = find_spec(package)
    assert spec
    assert spec.origin
    body = ast.parse(Path(spec.origin).read_text("utf-8")).body
    values = [n.value for n in body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    return [str(name) for value in values for name in ast.literal_eval(value)]


def put_in_place(found: dict[str, Any]) -> None:
    """Have those who get at the modules themselves, by importlib or sys.modules, find the same."""
    for name in autograder.__all__:
        setattr(autograder, name, getattr(found["autograder"], name))
    sys.modules["computation_graph"] = found["computation_graph"]
