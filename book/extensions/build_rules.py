"""Sphinx extension: rules for the build.

- Pages are read again when an extension has changed.  Sphinx asks an extension for its version, and these have none.
- A changed style sheet reaches the built pages.  Sphinx copies it only when it writes a page.
- After a build with warnings nothing counts as up to date, so that the next build reads every page and warns again.
- Jupyter Book loads sphinx-thebe whether it is asked to or not, and thebe names another host in every page.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config


def digest(paths: Iterable[Path], root: Path) -> str:
    """Return a digest of the names and contents of those files that are there."""
    found = sha256()
    for path in sorted(path for path in paths if path.is_file()):
        found.update(f"{path.relative_to(root).as_posix()}\0{sha256(path.read_bytes()).hexdigest()}\0".encode())
    return found.hexdigest()[:12]


def note_changes(app: Sphinx, config: Config) -> None:
    root = Path(app.srcdir)
    config["code_of_extensions"] = digest((root / "book" / "extensions").glob("*.py"), root)
    static = [*(root / "book" / "_static").iterdir(), *(root / "computation_graph" / "static").iterdir()]
    config["html_context"] = {**config["html_context"], "static_files": digest(static, root)}


def forget_after_warnings(app: Sphinx, exception: Exception | None) -> None:
    if exception or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def drop_thebe(app: Sphinx) -> None:
    for listeners in list(app.events.listeners.values()):
        for listener in list(listeners):
            if listener.handler.__module__.startswith("sphinx_thebe"):
                app.disconnect(listener.id)
    app.registry.css_files = [entry for entry in app.registry.css_files if "thebe" not in entry[0]]


def setup(app: Sphinx) -> dict[str, Any]:
    drop_thebe(app)
    app.add_config_value("code_of_extensions", "", "env")
    app.connect("config-inited", note_changes)
    app.connect("build-finished", forget_after_warnings)
    return {"parallel_read_safe": True}
