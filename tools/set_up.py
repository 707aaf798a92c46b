"""Installs requirements.txt into the Python that runs this, with PyTorch's CPU build wherever one can be had.

    python tools/set_up.py [FILE]     another list than requirements.txt

On Linux the PyTorch that pip takes by default may be the build for GPUs, which brings gigabytes that this course has no
use for. pip cannot be asked for the other build without the address it lies at; uv knows it. Standard library only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements.txt"
GB_WITH_CPU_BUILD = 2.0  # on disk, everything in requirements.txt; measured with `du -sh .venv`
GB_WITH_GPU_BUILD = 5.7
UV = "uv==0.13.9"
_GPU_LIBRARIES = re.compile(r"nvidia|cuda|triton|rocm", re.IGNORECASE)

# Runs a command, tells the function each line of its output as it comes, and returns all of it.
Run: TypeAlias = Callable[[Sequence[str], Callable[[str], object]], subprocess.CompletedProcess[str]]
Say: TypeAlias = Callable[[str], object]
_LARGE = 10  # MB: such a download takes long enough to be told
_EVERY = 50  # packages


def set_up(run: Run, say: Say = print, requirements: Path = REQUIREMENTS) -> int:
    """Install what `requirements` lists; return pip's exit code. Says what it does, nothing where all is there."""
    pin = pinned("torch", requirements)
    size = GB_WITH_CPU_BUILD
    if not is_installed(pin) and takes_gpu_build(run, pin) and not install_cpu_build(run, pin, say):
        say("PyTorch's CPU build cannot be had here, so pip takes the one for GPUs; it works as well")
        size = GB_WITH_GPU_BUILD
    progress = Progress(say, f"Installing the packages in {requirements.name}: {size:g} GB on disk, when all are there")
    return run([sys.executable, "-m", "pip", "install", "-r", str(requirements)], progress.hear).returncode


class Progress:
    """Makes a few lines of the hundreds in which pip tells what it does."""

    def __init__(self, say: Say, beginning: str) -> None:
        self.say = say
        self.beginning = beginning
        self.found = 0

    def hear(self, line: str) -> None:
        if line.startswith("Collecting "):
            self._count()
        elif download := _DOWNLOAD.match(line):
            if float(download["size"]) >= _LARGE:
                self.say(f"  downloading {download['name']}, {download['size']} MB")
        elif line.startswith("Installing collected packages: ") and self.found:
            self.say(f"  installing {line.count(',') + 1} packages")

    def _count(self) -> None:
        self.found += 1
        if self.found == 1:
            self.say(self.beginning)
        if self.found % _EVERY == 0:
            self.say(f"  {self.found} packages found")


_DOWNLOAD = re.compile(r"\s*Downloading (?P<name>[^-\s]+)\S* \((?P<size>[\d.]+) MB\)")


def pinned(package: str, requirements: Path = REQUIREMENTS) -> str:
    """Return the line of `requirements` that pins `package`, as in "torch==2.13.0"."""
    found = re.search(rf"^{package}==\S+", requirements.read_text("utf-8"), re.MULTILINE)
    assert found, f"{requirements} pins no {package}"
    return found.group()


def is_installed(pin: str) -> bool:
    """Say whether the pinned version is here already, in any build."""
    name, _, version = pin.partition("==")
    try:
        return metadata.version(name).partition("+")[0] == version
    except metadata.PackageNotFoundError:
        return False


def takes_gpu_build(run: Run, pin: str) -> bool:
    """Ask pip, without installing anything, whether the build it would take needs libraries for GPUs."""
    asked = run([*_PIP_SAYS, pin], _ignore)
    try:
        report = json.loads(asked.stdout)
    except json.JSONDecodeError:  # pip failed; it will say why when it installs
        return False
    return needs_gpu_libraries(report)


_PIP_SAYS = [
    *(sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--no-deps", "--ignore-installed"),
    *("--report", "-"),
]


def needs_gpu_libraries(report: Mapping[str, Any]) -> bool:
    """Read that off pip's report on an installation."""
    needed = [line for item in report.get("install", ()) for line in item["metadata"].get("requires_dist", ())]
    return any(_GPU_LIBRARIES.match(line) for line in needed)


def install_cpu_build(run: Run, pin: str, say: Say) -> bool:
    """Install the CPU build with uv, which is fetched for that alone; return whether it worked."""
    say("Installing PyTorch's CPU build with uv, which knows where it is: about 200 MB to download")
    with tempfile.TemporaryDirectory() as folder:
        fetched = run([sys.executable, "-m", "pip", "install", "-qq", "--target", folder, UV], _ignore)
        uv = [str(Path(folder, "bin", "uv")), "pip", "install", "--quiet", "--python", sys.executable]
        return fetched.returncode == 0 and run([*uv, "--torch-backend", "cpu", pin], _ignore).returncode == 0


def _ignore(line: str) -> None:
    """A report is read whole, and what is quiet says nothing."""


def _run(command: Sequence[str], heard: Callable[[str], object]) -> subprocess.CompletedProcess[str]:
    """Run a command, and show its standard error only if it fails: much of what pip warns of helps nobody."""
    lines = []
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                lines.append(line)
                heard(line)
        if process.returncode:
            errors.seek(0)
            sys.stderr.write(errors.read())
    return subprocess.CompletedProcess(command, process.returncode, "".join(lines))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(set_up(_run, _say, *map(Path, sys.argv[1:])))
