"""What becomes of a learner's import of a package that is not there when a lab is graded.

Outside of `try` it brings a placeholder, which may be named and passed on, but whose use raises an error that says
where the package was used. Inside `try` it fails as in Python, so that a learner's own way out is taken. What libraries
import is none of this.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import os
import re
import symtable
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from importlib.machinery import FileFinder, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

from autograder.sandbox.inside.packages import is_listed

_LONGEST_LINE = 80
# What Matplotlib says where there is no screen to open a window on.
_NO_WINDOW = re.compile(r"Cannot load backend '([^']+)'|any of the following (Qt) binding")
_MOST_REMARKS = 100
_USES = """call str format bool len iter next contains reversed setitem delitem enter exit aenter await array
add sub mul truediv floordiv mod pow matmul and xor radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul rand rxor
iadd isub imul itruediv neg pos abs invert lt le gt ge eq ne int float complex index round mro_entries setattr
delattr"""


class Place(NamedTuple):
    """A line of the learner's: what it is in ("cell 3", or the name of a file), its number and its text."""

    source: str
    line: int
    text: str


class NotThereError(ImportError):
    """A package that is not there was used; the message says which, and where."""

    def __init__(self, package: str, place: Place | None) -> None:
        where = f"; {place.source}, line {place.line} uses it: `{place.text}`" if place else ""
        super().__init__(f"`{package}` is not there when this lab is graded{where}")
        self.package = package


class Absent:
    """Stands for a package that is not there, for anything in it, and for what a line that used it would have made.

    `place` is that line, None for the package itself.
    """

    __all__ = ()
    __slots__ = ("_learners", "_package", "_place")

    def __init__(self, package: str, learners: Learners, place: Place | None = None) -> None:
        for name, value in (("_package", package), ("_learners", learners), ("_place", place)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)  # Python and NumPy ask so what a thing can do
        return self

    def _itself(self, _: object) -> Absent:  # in annotations: Float[ndarray, "N"], Tensor | None
        return self

    __getitem__ = __or__ = __ror__ = _itself
    __hash__ = object.__hash__

    def __instancecheck__(self, _: object) -> bool:
        return False  # nothing can be of a class that is not there

    __subclasscheck__ = __instancecheck__

    def __repr__(self) -> str:
        return f"<{self._package} is not there when this lab is graded>"


def _use(self: Any, *_: object, **__: object) -> None:
    raise NotThereError(self._package, self._learners.place() or self._place)


for _name in _USES.split():
    setattr(Absent, f"__{_name}__", _use)


class _Source(NamedTuple):
    """Code of the learner's: what learners call it, its lines, and which of them import inside a `try`."""

    name: str
    lines: Sequence[str]
    guarded: Set[int]


class Learners:
    """What is the learner's in this process: the cells that ran, the modules they wrote, and what those lacked.

    `remarks` says, as plain data, what was imported or used in the cell that runs and is not there: `left_out` is the
    text of the statement that was left out for it, "" for an import.
    """

    def __init__(self, namespace: Mapping[str, Any], instead: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self.remarks: list[dict[str, Any]] = []
        self._instead = instead
        self._sources: dict[str, _Source] = {}  # by what Python calls the file
        self._stars: list[str] = []  # packages that are not there, of which everything was imported
        self._folder = os.getcwd()
        self._import = builtins.__import__
        self._loaded = frozenset(sys.modules)

    def take_over(self) -> None:
        """Have the learner's imports go through here from now on, and find modules in the folder the learner has."""
        builtins.__import__ = self.bring
        place = sys.meta_path.index(PathFinder)
        sys.meta_path[place] = _Finder(self)

    def settle(self) -> None:
        """Take the current folder as the learner's."""
        self._folder = os.getcwd()

    def know(self, file: str, name: str, text: str, tree: ast.AST) -> None:
        """Take `file` (as Python calls it) as the learner's, who call it `name` and wrote `text`."""
        self._sources[file] = _Source(name, text.splitlines(), frozenset(_guarded(tree, False)))

    def bring(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Import as Python does; for the learner's code as told at the top of this module."""
        __tracebackhide__ = True
        frame = sys._getframe(1)
        package = name.partition(".")[0]
        if level or not self._is_learners(frame):
            return self._import(name, globals, locals, fromlist, level)
        if package in self._instead:
            return self._instead[package]
        try:
            if not self.is_there(package):
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            return self._import(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            lacking = self.not_there(error.name)
            if not lacking or self._is_guarded(frame):
                raise
        if "*" in (fromlist or ()):
            self._stars.append(lacking)
        self.remark(lacking, self.place())
        return Absent(lacking, self)

    def is_there(self, package: str) -> bool:
        """Say whether the learner's code can import a top-level package."""
        if package in ("", "__main__"):
            return True
        if sys.modules.get(package, self) is None:
            return False
        made = package in sys.modules and package not in self._loaded
        return is_listed(package) or made or self.written(package) is not None

    def not_there(self, module: str | None) -> str:
        """Return the package of a module that could not be found, "" when the package is there."""
        package = (module or "").partition(".")[0]
        return "" if self.is_there(package) else package

    def written(self, module: str, path: Sequence[str] | None = None) -> ModuleSpec | None:
        """Find a module that the learner's code wrote into its folder."""
        inside = [folder for folder in path or [os.getcwd()] if _is_below(folder, self._folder)]
        load: Any = partial(_Loader, self)
        finders = (FileFinder(folder, (load, [".py"])) for folder in inside)
        found = (finder.find_spec(module) for finder in finders)
        return next((spec for spec in found if spec and spec.loader), None)

    def asks(self) -> bool:
        """Say whether it is the learner's code that imports, straight or by importlib."""
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_globals.get("__name__", "").startswith(("importlib", __name__)):
            frame = frame.f_back
        return frame is not None and self._is_learners(frame)

    def lacking(self, error: BaseException | None) -> str:
        """Return the package for want of which the learner's code failed so, "" when it is another error."""
        if isinstance(error, NotThereError):
            return error.package
        if isinstance(error, ModuleNotFoundError):
            return self.not_there(error.name)
        window = _NO_WINDOW.search(str(error)) if type(error) is ImportError and not error.name else None
        if window:
            return str(window[1] or window[2])
        return self.unknown_from if isinstance(error, NameError) else ""

    @property
    def unknown_from(self) -> str:
        """The last package that is not there of which everything was imported; "" when there is none."""
        return self._stars[-1] if self._stars else ""

    def leave_out(self, package: str, statement: ast.stmt, code: CodeType) -> None:
        """Note that a statement could not run, and let placeholders stand for what it would have made."""
        file = code.co_filename
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        place = self._place(file, first)
        self.remark(package, place, left_out=True)
        for name in _assigned(statement):
            self.namespace[name] = Absent(package, self, place)  # type: ignore[index]

    def remark(self, package: str, place: Place | None, *, left_out: bool = False) -> None:
        said = {"package": package, "left_out": left_out, **(place._asdict() if place else Place("", 0, "")._asdict())}
        if said not in self.remarks and len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(said)

    def place(self) -> Place | None:
        """Return the innermost line of the learner's that runs, None when none does."""
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_code.co_filename not in self._sources:
            frame = frame.f_back
        return self._place(frame.f_code.co_filename, frame.f_lineno) if frame else None

    def place_of(self, error: BaseException) -> Place | None:
        """Return the innermost line of the learner's that an error came through."""
        trace, found = error.__traceback__, None
        while trace:
            file = trace.tb_frame.f_code.co_filename
            found = (file, trace.tb_lineno) if file in self._sources else found
            trace = trace.tb_next
        return self._place(*found) if found else None

    def _place(self, file: str, line: int) -> Place:
        source = self._sources[file]
        text = source.lines[line - 1].strip() if 0 < line <= len(source.lines) else ""
        return Place(source.name, line, text[:_LONGEST_LINE].replace("`", "'"))

    def _is_learners(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self._sources or frame.f_globals is self.namespace

    def _is_guarded(self, frame: FrameType) -> bool:
        source = self._sources.get(frame.f_code.co_filename)
        return source is None or frame.f_lineno in source.guarded


class _Finder(PathFinder):
    """Python's own, except that the learner's code finds only what is listed and what it wrote itself.

    What it wrote comes last, so it shadows nothing.
    """

    def __init__(self, learners: Learners) -> None:
        self.learners = learners

    def find_spec(  # type: ignore[override]
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        listed = is_listed(fullname.partition(".")[0]) or not self.learners.asks()
        found = PathFinder.find_spec(fullname, path, target) if listed else None
        return found or self.learners.written(fullname, path)


class _Loader(SourceFileLoader):
    """Loads a module that the learner's code wrote: what it imports is the learner's import too."""

    def __init__(self, learners: Learners, name: str, path: str) -> None:
        super().__init__(name, path)
        self.learners = learners

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        self.learners.know(path, Path(path).name, decode_source(data), ast.parse(data))
        return super().source_to_code(data, path)


def _guarded(node: ast.AST, inside: bool) -> Iterator[int]:
    """Yield the lines of the imports that stand where an ImportError may be caught."""
    for name, value in ast.iter_fields(node):
        catching = (isinstance(node, ast.Try | ast.TryStar) and node.handlers) or _suppresses(node)
        within = inside or bool(catching and name == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Import | ast.ImportFrom) and within:
                yield child.lineno
            elif isinstance(child, ast.AST):
                yield from _guarded(child, within)


def _suppresses(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and any("suppress" in ast.unparse(item.context_expr) for item in node.items)


def _assigned(statement: ast.stmt) -> list[str]:
    """Return the names that a statement would have given a meaning."""
    with contextlib.suppress(SyntaxError):
        names = symtable.symtable(ast.unparse(statement), "cell", "exec").get_symbols()
        return [one.get_name() for one in names if one.is_assigned() or one.is_imported()]
    return []


def _is_below(path: str, folder: str) -> bool:
    with contextlib.suppress(ValueError):  # another drive
        return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == os.path.realpath(folder)
    return False
