"""Sphinx extension: rules for the build.

- Stored outputs are used again only while nothing has changed that a page may run or read.  myst-nb compares a page's
  own cells only, so that a change in `autograder/diagnosis/catalogue.toml` would not reach the page.
- Pages are read again when an extension has changed.  Sphinx asks an extension for its version, and these have none.
- A changed style sheet reaches the built pages.  Sphinx copies it only when it writes a page.
- After a build with warnings nothing counts as up to date, so that the next build reads every page and warns again.
- Pages run in an IPython profile of their own: no start-up files of whoever builds, and no warning a page about TCP.
- Jupyter Book loads sphinx-thebe whether it is asked to or not, and thebe names another host in every page.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

_RUN_AND_READ = ("autograder", "book", "computation_graph")
_NOT_RUN = {"__pycache__", ".ipynb_checkpoints", "_static", "_templates", "extensions"}


def run_and_read(root: Path) -> list[Path]:
    """Return every file below `root` that the cells of a page may run or read, the pages themselves left out."""
    found = [path for folder in _RUN_AND_READ for path in (root / folder).rglob("*") if path.suffix != ".md"]
    return [path for path in found if not _NOT_RUN & set(path.relative_to(root).parts)] + [root / "requirements.txt"]


def stored_outputs(build: Path, root: Path) -> Path:
    """Return the folder below `build` in which pages of `root`, as it is now, have their outputs."""
    return build / ".jupyter_cache" / digest(run_and_read(root), root)


def digest(paths: Iterable[Path], root: Path) -> str:
    """Return a digest of the names and contents of those files that are there."""
    found = sha256()
    for path in sorted(path for path in paths if path.is_file()):
        found.update(f"{path.relative_to(root).as_posix()}\0{sha256(path.read_bytes()).hexdigest()}\0".encode())
    return found.hexdigest()[:12]


def note_changes(app: Sphinx, config: Config) -> None:
    root = Path(app.srcdir)
    config["nb_execution_cache_path"] = str(stored_outputs(Path(app.outdir).parent, root))
    config["code_of_extensions"] = digest((root / "book" / "extensions").glob("*.py"), root)
    static = [*(root / "book" / "_static").iterdir(), *(root / "computation_graph" / "static").iterdir()]
    config["html_context"] = {**config["html_context"], "static_files": digest(static, root)}


def own_profile(app: Sphinx, config: Config) -> None:
    profile = Path(app.outdir).parent / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 'ERROR'\n")
    os.environ["IPYTHONDIR"] = str(profile.parent)


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
    app.connect("config-inited", own_profile)
    app.connect("build-finished", forget_after_warnings)
    return {"parallel_read_safe": True}
