"""What of a folder does a running program read?

`note` watches the process it is called in, a page's kernel: the files that are opened, the folders that are listed, the
names that are imported.  `seen` makes of its notes what a later build compares with the folder as it is then, in
`is_unchanged`.  Python tells an audit hook of all three before they happen, whoever asks and however late.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

Seen = dict[str, Any]
PACKAGES = "requirements.txt"  # of which every page runs some
_MADE = {"_build", "__pycache__"}
_LISTING = {"os.listdir", "os.scandir"}
# Where Python looks for modules, and for what is installed, it lists every folder on the path.
_SEARCHING = ("<frozen importlib", os.path.join(os.path.dirname(importlib.__file__), "metadata"))
_STARTING = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}


def note(log: str) -> None:
    """From now on, append a line to `log` for whatever this process or a fork of it reads, once for each."""
    noted = {("file", os.path.abspath(log))}

    def add(kind: str, name: object) -> None:
        text = os.fsdecode(name) if isinstance(name, bytes | os.PathLike) else name
        if not isinstance(text, str):  # a descriptor: whoever opened it was noted
            return
        line = (kind, text if kind == "name" else os.path.abspath(text))
        if line not in noted:
            noted.add(line)
            with open(log, "a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if not given[2] & os.O_WRONLY:
                add("file", given[0])
        elif event == "import":
            add("name", given[0])
        elif event in _LISTING:
            searching = sys._getframe(1).f_code.co_filename.startswith(_SEARCHING)
            add("searched" if searching else "folder", given[0] or ".")
        elif event in _STARTING and "python" in str(given[:2]):
            add("program", str(given[0]))

    for folder in sys.path_importer_cache:
        add("searched", folder)
    sys.addaudithook(hook)


def seen(log: Path, root: Path) -> Seen:
    """Return what the notes in `log` say was read below `root`, and how that is now."""
    notes = [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    def below(kind: str) -> list[str]:
        paths = {Path(_source(name)) for noted, name in notes if noted == kind}
        return sorted(path.relative_to(root).as_posix() for path in paths if _is_kept(path, root))

    names = sorted({part for kind, name in notes if kind == "name" for part in name.split(".")})
    searched = below("searched")
    return {
        "files": {name: content(root / name) for name in [PACKAGES, *below("file")]},
        "folders": {name: listed(root / name) for name in below("folder")},
        "names": names,
        "modules": {name: modules(root / name, names) for name in searched},
        # Another Python reads what nobody noted.
        "everything": everything(root) if any(kind == "program" for kind, _ in notes) else "",
    }


def stored(cache: Path) -> dict[str, Seen]:
    """Return what each page that has outputs in `cache` has read, by the name of the page."""
    found = [json.loads(path.read_text("utf-8")) for path in cache.glob("executed/*/reads.json")]
    return {seen["page"]: seen for seen in found}


def is_unchanged(found: Mapping[str, Any], root: Path) -> bool:
    """Return whether the same program would read the same below `root` now."""
    return (
        all(content(root / name) == was for name, was in found["files"].items())
        and all(listed(root / name) == was for name, was in found["folders"].items())
        and all(modules(root / name, found["names"]) == was for name, was in found["modules"].items())
        and found["everything"] in ("", everything(root))
    )


def content(path: Path) -> str:
    """Return a digest of a file, "" where there is none: a page may have looked for it in vain."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def listed(folder: Path) -> list[str]:
    """Return the names in a folder, without those that tools leave behind."""
    try:
        return sorted(name for name in os.listdir(folder) if name not in _MADE and not name.startswith("."))
    except OSError:
        return []


def modules(folder: Path, names: Iterable[str]) -> list[str]:
    """Return what in a folder can be imported under one of `names`: a new one would be taken for another."""
    known = set(names)
    found = (name for name in listed(folder) if name.partition(".")[0] in known)
    return [name for name in found if name.endswith((".py", ".so", ".pyd")) or (folder / name).is_dir()]


def everything(root: Path) -> str:
    """Return a digest of all files below `root`."""
    digest = sha256()
    for path in _walk(root):
        digest.update(f"{path.relative_to(root).as_posix()} {content(path)}\n".encode())
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    for name in listed(folder):
        path = folder / name
        if not path.is_dir():
            yield path
        elif not (path / "pyvenv.cfg").exists():
            yield from _walk(path)


def _source(name: str) -> str:
    """Return the module whose compiled form `name` is, else `name`."""
    try:
        return source_from_cache(name) if name.endswith(".pyc") else name
    except ValueError:
        return name


def _is_kept(path: Path, root: Path) -> bool:
    """Say whether `path` lies below `root` and is neither made there nor installed there."""
    if not path.is_relative_to(root):
        return False
    parts = path.relative_to(root).parts
    return not _MADE & set(parts) and not any(part.startswith(".") for part in parts) and not _is_installed(path)


def _is_installed(path: Path) -> bool:
    return path.is_relative_to(sys.prefix) or path.is_relative_to(sys.base_prefix)
