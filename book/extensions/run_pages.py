"""Sphinx extension: pages are executed before any is read, on all cores, and only those that may come out otherwise.

myst-nb finds the outputs of a page by its cells.  Beside them stands here what the page ran and read of the repository
(`reads`); when that has changed, they are deleted, whichever page had them, so that nothing stale can be found.
Pages run in an IPython profile of their own: no start-up files of whoever builds, and no warning a page about TCP.
"""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import reads
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.cache.db import NbCacheRecord
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.logging import getLogger

CORES = "BACKPROP_BOOK_CORES"  # says how many pages are executed at a time; without it, as many as there are cores
LOG = "BACKPROP_BOOK_READS"  # names the file in which a kernel notes what it reads
KERNEL = f"""\
import os
from importlib.util import module_from_spec, spec_from_file_location

get_config().IPKernelApp.log_level = "ERROR"
if log := os.environ.pop({LOG!r}, None):
    spec = spec_from_file_location("reads", {reads.__file__!r})
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.note(log)
"""


class Page(NamedTuple):
    name: str
    path: Path
    notebook: NotebookNode
    key: str  # under which jupyter-cache keeps its outputs


class Loop(asyncio.SelectorEventLoop):
    """Lets no kernel's client take Ctrl-C for itself: it would end its own kernel, and the others would go on."""

    def add_signal_handler(self, *_: object) -> None:
        raise RuntimeError("asyncio.Runner cancels all of them")


class Outputs:
    """The outputs of the pages of one build."""

    def __init__(self) -> None:
        self.stamps: dict[str, str] = {}

    def bring_up_to_date(
        self, app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
    ) -> list[str]:
        """Execute what has to be, and return the pages that were read with other outputs than they have now."""
        config: Any = env.mystnb_config  # type: ignore[attr-defined]
        if config.execution_mode != "cache":
            return []
        cache = get_cache(config.execution_cache_path)
        root = Path(app.srcdir)
        pages = list(_pages(env))
        durations = {record.uri: record.data["execution_seconds"] for record in cache.list_cache_records()}
        _forget_outdated(cache, root)
        lacking = {page.key: page for page in pages if not _folder(cache, page.key).is_dir()}
        # The longest first.  Of those never executed the last by name, for the page of mistakes is the longest of all.
        order = sorted(lacking.values(), key=lambda page: (durations.get(str(page.path), 1e9), page.name), reverse=True)
        if order:
            _execute_all(order, cache, config, root)
        self.stamps = {page.name: _stamp(cache, page.key) for page in pages}
        return [name for name, stamp in self.stamps.items() if _stamps_read(env).get(name) != stamp]

    def note_outputs(self, app: Sphinx, docname: str, content: list[str]) -> None:
        if docname in self.stamps:
            _stamps_read(app.env)[docname] = self.stamps[docname]


def _stamps_read(env: BuildEnvironment) -> dict[str, str]:
    """Return the stamp of the outputs that each page was last read with; Sphinx keeps it from build to build."""
    stamps: dict[str, str] = vars(env).setdefault("outputs_read", {})
    return stamps


def _pages(env: BuildEnvironment) -> Iterator[Page]:
    """Yield the pages that have to be executed, as myst-nb will find them."""
    config: Any = env.mystnb_config  # type: ignore[attr-defined]
    cache = get_cache(config.execution_cache_path)
    for name in sorted(env.found_docs):
        path = Path(env.doc2path(name))
        if any(PurePosixPath(path.as_posix()).match(pattern) for pattern in config.execution_excludepatterns):
            continue
        text = path.read_text("utf-8-sig")
        reader = create_nb_reader(str(path), env.myst_config, config, text)  # type: ignore[attr-defined]
        if reader is not None:
            notebook = reader.read(text)
            yield Page(name, path, notebook, cache.create_hashed_notebook(notebook)[1])


def executed(env: BuildEnvironment) -> Iterator[tuple[str, NotebookNode]]:
    """Yield the name of every page that is executed, and its cells with the outputs that are stored."""
    config: Any = env.mystnb_config  # type: ignore[attr-defined]
    if config.execution_mode == "cache":
        cache = get_cache(config.execution_cache_path)
        yield from ((page.name, cache.merge_match_into_notebook(page.notebook)[1]) for page in _pages(env))


def _folder(cache: JupyterCacheAbstract, key: str) -> Path:
    return Path(cache.path) / "executed" / key


def _stamp(cache: JupyterCacheAbstract, key: str) -> str:
    return sha256((_folder(cache, key) / "base.ipynb").read_bytes()).hexdigest()


def _forget_outdated(cache: JupyterCacheAbstract, root: Path) -> None:
    """Delete the outputs that a page may not get any more, and those of which nobody noted what they depend on."""
    for record in cache.list_cache_records():
        folder = _folder(cache, record.hashkey)
        if not (folder / "base.ipynb").exists() or not _is_unchanged(folder / "reads.json", root):
            shutil.rmtree(folder, ignore_errors=True)
            NbCacheRecord.remove_record(record.pk, cache.db)


def _is_unchanged(noted: Path, root: Path) -> bool:
    try:
        return bool(reads.is_unchanged(json.loads(noted.read_text("utf-8")), root))
    except (OSError, ValueError, KeyError):
        return False


def _execute_all(pages: list[Page], cache: JupyterCacheAbstract, config: Any, root: Path) -> None:
    """Execute pages, each in a kernel of its own, and store the outputs of those that do not fail."""
    cores = min(len(pages), int(os.environ.get(CORES) or os.cpu_count() or 1))
    _say(f"Executing {_count(pages)}" + (f", {cores} at a time" if cores > 1 else ""))
    done: list[str] = []

    async def execute(page: Page, free: asyncio.Semaphore) -> str:
        async with free:
            began = time.monotonic()
            with TemporaryDirectory() as folder:
                log = Path(folder, "reads")
                log.touch()
                error = await _execute(page, config, log)
                seconds = time.monotonic() - began
                if not error:
                    _store(page, cache, seconds, reads.seen(log, root))
            done.append(page.name)
            _say(f"  {len(done)} of {len(pages)}: {page.name} ... {'FAILED after ' if error else ''}{seconds:.0f} s")
            return error

    async def execute_all() -> list[str]:
        free = asyncio.Semaphore(cores)
        return await asyncio.gather(*(execute(page, free) for page in pages))

    with asyncio.Runner(loop_factory=Loop) as runner:
        errors = runner.run(execute_all())
    _tell(dict(zip((page.name for page in pages), errors, strict=True)))


async def _execute(page: Page, config: Any, log: Path) -> str:
    """Fill in the outputs of a page, and return what went wrong, "" for nothing."""
    client = NotebookClient(
        page.notebook,
        timeout=config.execution_timeout,
        allow_errors=config.execution_allow_errors,
        record_timing=False,  # it would be noted in the cells, by which myst-nb finds the outputs
        shutdown_kernel="immediate",  # there is nothing to wait for: all its output is here
        resources={"metadata": {"path": str(page.path.parent)}},
    )
    # matplotlib writes the date into a drawing, and myst-nb makes the drawing's name of all that is in it.
    environment = {"OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "0", **os.environ, LOG: str(log)}
    try:
        await client.async_execute(env=environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        if (task := asyncio.current_task()) and task.cancelling():  # by Ctrl-C, of which nbclient makes a dead kernel
            raise asyncio.CancelledError from error
        return f"{type(error).__name__}: {error}"
    return ""


def _store(page: Page, cache: JupyterCacheAbstract, seconds: float, seen: dict[str, Any]) -> None:
    bundle = CacheBundleIn(page.notebook, str(page.path), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    (_folder(cache, page.key) / "reads.json").write_text(json.dumps({"page": page.name, **seen}), "utf-8")


def _tell(errors: dict[str, str]) -> None:
    failed = {name: error for name, error in errors.items() if error}
    for name, error in failed.items():
        getLogger(__name__).warning(error, location=name, type="mystnb", subtype="exec")
    if failed:
        raise ExtensionError(f"{_count(failed)} failed, and no page was written: {', '.join(failed)}")


def _count(pages: Iterable[object]) -> str:
    number = len(list(pages))
    return "1 page" if number == 1 else f"{number} pages"


def _say(text: str) -> None:
    print(text, flush=True)


def own_profile(app: Sphinx, config: object) -> None:
    profile = Path(app.outdir).parent / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL, "utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)


def setup(app: Sphinx) -> dict[str, Any]:
    outputs = Outputs()
    app.connect("config-inited", own_profile)
    app.connect("env-get-outdated", outputs.bring_up_to_date)
    app.connect("source-read", outputs.note_outputs)
    app.connect("env-before-read-docs", lambda app, env, names: _say(f"Reading {_count(names)}") if names else None)
    app.connect("write-started", lambda app, builder: _say("Writing them"))
    return {"parallel_read_safe": False, "parallel_write_safe": True}
