"""Sphinx extension: rules for the build.

- Stored outputs are used again only while the code that a page imports is unchanged.  myst-nb compares a page's own
  cells only, so that a change in `style.py` or `autograder/slots.py` would not reach the page.
- A changed style sheet reaches the built pages.  Sphinx copies it only when it writes a page.
- After a build with warnings nothing counts as up to date, so that the next build reads every page and warns again.
- Pages run in an IPython profile of their own: no start-up files of whoever builds, and no warning a page about TCP.
- Jupyter Book loads sphinx-thebe whether it is asked to or not, and thebe names another host in every page.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config


def digest(paths: list[Path]) -> str:
    return sha256(b"".join(path.read_bytes() for path in paths if path.is_file())).hexdigest()[:12]


def note_changes(app: Sphinx, config: Config) -> None:
    root = Path(app.srcdir)
    package = root / "computation_graph"
    outside = [root / "autograder" / name for name in ("slots.py", "course/limits.py", "sandbox/jail.py")]
    drawing = [*sorted(package.glob("*.py")), package / "templates" / "graph.html.j2"]
    imported = [*sorted((root / "book").glob("*.py")), *drawing, *outside, root / "requirements.txt"]
    config["nb_execution_cache_path"] = str(Path(app.outdir).parent / ".jupyter_cache" / digest(imported))
    static = sorted([*(root / "book" / "_static").iterdir(), *(package / "static").iterdir()])
    config["html_context"] = {**config["html_context"], "static_files": digest(static)}


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
    app.connect("config-inited", note_changes)
    app.connect("config-inited", own_profile)
    app.connect("build-finished", forget_after_warnings)
    return {"parallel_read_safe": True}
