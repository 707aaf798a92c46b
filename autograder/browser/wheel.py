"""Builds the wheels that a browser's Python loads: of what a check needs, and of nothing that only a class needs."""

from __future__ import annotations

import base64
import io
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

# Below autograder/: a command line, grading, and what builds these wheels.
LEFT_OUT = (
    *("__main__.py", "cli.py", "course", "sandbox", "student"),
    *("browser/pyodide.py", "browser/record.py", "browser/wheel.py"),
)
_WHEEL = "Wheel-Version: 1.0\nGenerator: backprop-by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can tell


@dataclass(frozen=True)
class Wheel:
    """A package for every Python: its files by their place, and the packages that have to be loaded with it."""

    name: str
    version: str
    files: Mapping[str, bytes]
    depends: tuple[str, ...] = ()
    data: bytes = field(init=False)  # the file; of the same files, the same bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", _zipped(self._all_files()))

    @property
    def file_name(self) -> str:
        """The digest is in it, as a build's tag: a browser that kept an older file does not take it for this one."""
        return f"{self.name.replace('-', '_')}-{self.version}-0{self.digest[:10]}-py3-none-any.whl"

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()

    @property
    def entry(self) -> dict[str, Any]:
        """What Pyodide's lock says of it."""
        return {
            "depends": list(self.depends),
            "file_name": self.file_name,
            "imports": sorted({place.partition("/")[0] for place in self.files if place.endswith(".py")}),
            "install_dir": "site",
            "name": self.name,
            "package_type": "package",
            "sha256": self.digest,
            "unvendored_tests": False,
            "version": self.version,
        }

    def _all_files(self) -> dict[str, bytes]:
        info = f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        described = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        files = dict(self.files) | {f"{info}/METADATA": described.encode(), f"{info}/WHEEL": _WHEEL.encode()}
        lines = [f"{place},sha256={_digest(data)},{len(data)}" for place, data in sorted(files.items())]
        return files | {f"{info}/RECORD": "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()}


def ours(root: Path) -> list[Wheel]:
    """Return the wheels of the course in `root`: the checks, and the drawings, which no check needs."""
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    drawn = files_of(root / "computation_graph", ["pytorch.py"])
    return [
        Wheel("autograder", version, files_of(root / "autograder", LEFT_OUT), ("numpy",)),
        Wheel("computation-graph", version, drawn, ("jinja2",)),
        installed("jinja2", ("markupsafe",)),
        installed("markupsafe"),
    ]


def files_of(folder: Path, left_out: Iterable[str] = ()) -> dict[str, bytes]:
    """Return the files of a package, its data too, by their place in a wheel."""
    away = {folder / name for name in left_out}
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and away.isdisjoint((path, *path.parents)) and not _is_made(path.relative_to(folder))
    }


def installed(name: str, depends: tuple[str, ...] = ()) -> Wheel:
    """Return a wheel of a package that is installed here, with its licence, without what is compiled for this machine.

    Of two packages that the drawings need: one has no wheel for every Python, though it runs on every one.
    """
    found = metadata.distribution(name)
    code = [path for path in found.files or () if path.parts[0] == name and path.suffix == ".py"]
    files = [*code, *(path for path in found.files or () if path.name.startswith("LICENSE"))]
    return Wheel(name, found.version, {path.as_posix(): path.read_binary() for path in files}, depends)


def unpacked(path: Path) -> dict[str, bytes]:
    """Return the files of a package from its wheel, by their place in it."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name or "LICENSE" in name]
        return {name: archive.read(name) for name in names}


def _is_made(path: Path) -> bool:
    return "__pycache__" in path.parts or any(part.startswith(".") for part in path.parts)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for place, data in sorted(files.items()):
            entry = zipfile.ZipInfo(place, _EPOCH)
            entry.create_system = 3  # as on Linux, on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
