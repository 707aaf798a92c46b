"""The labs in JupyterLite: notebooks that a browser runs, with the Pyodide that the pages use.

Its tools have an environment of their own: JupyterLite takes every extension of JupyterLab that it finds beside it.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autograder.browser.wheel import Wheel, installed, unpacked
from autograder.errors import UsageError

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).with_name("jupyterlite.txt")
EXTENSION = Path("share", "jupyter", "labextensions", "@jupyterlite", "pyodide-kernel-extension")
# Of Pyodide's packages: what the kernel installs at its start, and pictures, which are loaded where they are imported.
PACKAGES = ("micropip", "ipython", "jedi", "sqlite3", "ssl", "matplotlib")
# In the lock and named here, so that the kernel does not look for them on another host.
AT_START = (
    *("micropip", "piplite", "ipykernel", "comm", "pyodide_kernel", "jedi", "ipython", "sqlite3", "ssl"),
    *("numpy", "autograder"),
)
BYTES_OF_JUPYTERLAB = 7_200_000  # without Python; a test compares with what a browser loads
_OF_KERNEL = ("ipykernel", "piplite", "pyodide_kernel")

# Without it, a browser shows an empty page there.
_NOT_HERE = """<script>
  const reason =
    location.protocol === "file:"
      ? "This page was opened as a file, and a browser runs Python only in a page that a server sends. " +
        "In the folder of the book's first page, run: python -m http.server. Then open the address that it names."
      : "This browser has no WebAssembly, in which Python runs here. Take another browser, or install the course.";
  if (location.protocol === "file:" || !window.WebAssembly) {
    document.body.textContent = reason;
    document.body.style.padding = "2em";
  }
</script>
"""

Say = Callable[[str], object]


class Tools:
    """JupyterLite, installed in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    @property
    def extension(self) -> Path:
        return self.folder / EXTENSION

    def wheels(self) -> list[Wheel]:
        """The kernel's own packages, by the names that it asks for."""
        found = [self._kernels(name) for name in _OF_KERNEL]
        return [*found, installed("comm", ("traitlets",))]

    def _kernels(self, name: str) -> Wheel:
        (path,) = (self.extension / "static" / "pypi").glob(f"{name}-*.whl")
        version = path.name.split("-")[1]
        return Wheel(name.replace("_", "-"), version, unpacked(path))

    def site(self, source: Path, folder: Path) -> Path:
        """Return the site of the labs of a course, made in `folder` unless it is there. Raises UsageError."""
        read = [Path(__file__), REQUIREMENTS, *labs(source)]
        made = folder / sha256(b"".join(path.read_bytes() for path in read)).hexdigest()[:16]
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._build(source, folder / "new")
            (folder / "new").rename(made)
        return made

    def _build(self, source: Path, target: Path) -> None:
        with TemporaryDirectory() as folder:  # where a build was before, the next leaves files out
            lite = Path(folder)
            _write_settings(lite, self.extension, target)
            (lite / "files").mkdir()
            for lab in labs(source):
                shutil.copy(lab, lite / "files")
            _run([str(self.python), "-m", "jupyterlite_core", "build"], lite, "JupyterLite")
        page = target / "notebooks" / "index.html"
        page.write_text(page.read_text("utf-8").replace("</body>", f"{_NOT_HERE}</body>"), "utf-8")


def installed_tools(folder: Path, say: Say) -> Tools:
    """Install JupyterLite's tools unless they are there. Raises UsageError where they cannot be had."""
    done = folder / ".done"
    wanted = sha256(REQUIREMENTS.read_bytes() + sys.version.encode() + _own_packages().encode()).hexdigest()
    if not (done.exists() and done.read_text("utf-8") == wanted):
        say("Installing JupyterLite's tools in an environment of their own")
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder)  # without pip: this Python's does it
        _install(Tools(folder))
        done.write_text(wanted, "utf-8")
    return Tools(folder)


def labs(source: Path) -> list[Path]:
    """Return the notebooks that learners get, in course order."""
    return [path for path in sorted((source / "exercises").glob("*/*.ipynb")) if path.stem == path.parent.name]


def _install(tools: Tools) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(tools.python), "install", "-qq", "--no-deps", "--retries", "1"]
    _run([*pip, "-r", str(REQUIREMENTS)], ROOT, "pip")
    beside = sysconfig.get_path("purelib", "venv", {"base": str(tools.folder), "platbase": str(tools.folder)})
    Path(beside, "what_they_need.pth").write_text(_own_packages(), "utf-8")


def _own_packages() -> str:
    """The packages of this environment, where what the tools need is pinned. Extensions of JupyterLab lie elsewhere."""
    return sysconfig.get_path("purelib")


def _write_settings(lite: Path, extension: Path, target: Path) -> None:
    kernel = {
        "disablePyPIFallback": True,
        "pyodideUrl": "./../pyodide/pyodide.js",  # beside lite/, for the pages too
        "loadPyodideOptions": {"packages": [*AT_START]},
    }
    build = {
        "apps": ["notebooks"],
        "contents": ["files"],
        "federated_extensions": [str(extension)],
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": str(target),
    }
    site = {
        "appName": "Backprop by Hand",
        "contentsStorageName": "Backprop by Hand",  # by its address, a site that moves would lose what learners wrote
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
    }
    download = {"command": "docmanager:download", "icon": "ui-components:download", "label": "Download to hand in"}
    overrides = {
        "@jupyterlab/notebook-extension:panel": {"toolbar": [{"name": "download", **download, "rank": 25}]},
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "defer"},  # a browser's own search finds all cells
    }
    _put(lite / "jupyter_lite_config.json", {"LiteBuildConfig": build})
    _put(lite / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": site})
    _put(lite / "overrides.json", overrides)


def _put(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), "utf-8")


def _run(command: Sequence[str], folder: Path, name: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise UsageError(f"{name} failed ({lines[-1].strip() if lines else done.returncode})")
