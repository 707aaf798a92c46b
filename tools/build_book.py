"""Build the book into _build/html, unless nothing has changed since it was last built.

python -m tools.build_book [SOURCE] [--to TARGET]     the book in SOURCE, into TARGET/_build/html
python -m tools.build_book --compare                  how long it takes on one core and on all, from nothing
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.errors import UsageError
from tools import practice

ROOT = Path(__file__).parents[1]
CORES = "BACKPROP_BOOK_CORES"  # how many pages book/extensions/run_pages.py executes at a time; all cores without it
FLAGS = ["-q", "-W", "-n", "--keep-going"]
# With the files beside them, all that a build can read: pages, labs, pictures, the code that pages run and quote.
FOLDERS = ("autograder", "book", "computation_graph", "deploy", "docs", "exercises", "solutions", "tools")


def is_up_to_date(source: Path = ROOT, build: Path = ROOT / "_build") -> bool:
    """Return whether `build`/html is, file by file, what a build of `source` as it is now has made."""
    try:
        last = json.loads(_marker(build).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(last == {"read": _digest_of_sources(source), "built": _digest_of_pages(build)})


def build_book(source: Path, target: Path) -> int:
    """Build the book in `source` into `target`/_build/html; return the exit code."""
    build = target / "_build"
    try:
        practice.made(source)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    if is_up_to_date(source, build):
        print(f"Nothing has changed: {_short(build / 'html')} is up to date")
        return 0
    print(f"Building the book into {_short(build / 'html')}", flush=True)
    _marker(build).unlink(missing_ok=True)
    read = _digest_of_sources(source)  # before the build: what is edited meanwhile is read the next time
    if code := _jupyter_book(["build", str(source), *FLAGS, "--path-output", str(target)]):
        return code
    _marker(build).write_text(json.dumps({"read": read, "built": _digest_of_pages(build)}), "utf-8")
    return 0


def sources(source: Path) -> list[Path]:
    """Return every file that a build of `source` may read."""
    beside = [path for path in source.iterdir() if path.is_file()]
    below = [path for folder in FOLDERS for path in (source / folder).rglob("*") if path.is_file()]
    return [path for path in (*beside, *below) if not _is_made(path.relative_to(source))]


def _is_made(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _digest_of_sources(source: Path) -> str:
    packages = sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    beside = practice.is_from(source / practice.MADE)
    return _digest([sys.version, *packages, beside, *_contents(sources(source), source)])


def _digest_of_pages(build: Path) -> str:
    return _digest(_contents((path for path in (build / "html").rglob("*") if path.is_file()), build))


def _contents(paths: Iterable[Path], root: Path) -> Iterator[str]:
    for path in sorted(paths):
        yield f"{path.relative_to(root).as_posix()} {sha256(path.read_bytes()).hexdigest()}"


def _digest(lines: Iterable[str]) -> str:
    return sha256("\n".join(lines).encode()).hexdigest()


def _marker(build: Path) -> Path:
    return build / ".last_build.json"


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _jupyter_book(arguments: list[str]) -> int:
    # As in autograder.course: a second and more of imports, for a check of addresses that nothing here asks for.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from jupyter_book.cli.main import main

    try:
        main(arguments, standalone_mode=False)
    except RuntimeError as error:  # the build failed, and has said why above
        print(error, file=sys.stderr)
        return 1
    return 0


def compare(source: Path) -> int:
    """Build the book from nothing on one core and on all, say what each takes, and return whether the pages differ."""
    seconds, pages = {}, set()
    for cores in (1, os.cpu_count() or 1):
        with TemporaryDirectory() as folder:
            began = time.monotonic()
            asked = [sys.executable, "-m", "tools.build_book", str(source), "--to", folder]
            subprocess.run(asked, check=True, env={**os.environ, CORES: str(cores)})
            seconds[cores] = time.monotonic() - began
            pages.add(_digest_of_pages(Path(folder, "_build")))
    for cores, took in seconds.items():
        print(f"pages executed at a time: {cores:2}   seconds: {took:5.0f}   {took / seconds[1]:4.0%}")
    print("The pages are the same, byte by byte" if len(pages) == 1 else "The pages differ")
    return len(pages) - 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=ROOT, help="the folder of _config.yml (default: here)")
    parser.add_argument("--to", type=Path, help="where _build is made (default: in the source)")
    parser.add_argument("--compare", action="store_true", help="build it twice elsewhere: on one core and on all")
    asked = parser.parse_args(arguments)
    if asked.compare:
        return compare(asked.source.resolve())
    return build_book(asked.source.resolve(), (asked.to or asked.source).resolve())


if __name__ == "__main__":
    sys.exit(main())
