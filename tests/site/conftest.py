"""One build of the book for all tests of the site."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.site.page_list import PAGES
from tools.browser import page_names, served
from tools.build_book import is_up_to_date

ROOT = Path(__file__).parents[2]


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the book in `source` as `make book` does; its pages end in `target`/_build/html."""
    asked = [sys.executable, "-m", "tools.build_book", str(source), "--to", str(target)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(asked, capture_output=True, text=True, env=environment, check=False)


def take_outputs(last: Path, here: Path) -> None:
    """Give a build below `here` the outputs that the one below `last` stored; it looks itself which still hold."""
    if (last / ".jupyter_cache").is_dir():
        shutil.copytree(last / ".jupyter_cache", here / ".jupyter_cache")


def small_book(folder: Path, pages: dict[str, str]) -> Path:
    """A book of `pages`, name to Markdown, of which the first is its root, with this repository's configuration."""
    for name in ("book/_static", "book/_templates", "book/extensions", "computation_graph/static"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "_config.yml", folder)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    root, *others = pages
    chapters = {"chapters": [{"file": name} for name in others]} if others else {}
    toc = {"format": "jb-book", "root": root, **chapters}
    (folder / "_toc.yml").write_text(json.dumps(toc), encoding="utf-8")
    return folder


def has_pages_of_now(build: Path) -> bool:
    """Whether the last `make book` made, of all as it is now, the pages of the contents and no others."""
    return is_up_to_date(ROOT, build) and page_names(build / "html") == sorted(PAGES)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the built pages, a copy of those of the last `make book` where nothing has changed since.

    The first test process to ask makes it, the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    target = (base if worker_id == "master" else base.parent) / "book"
    html, finished = target / "_build" / "html", target / "finished"
    target.mkdir(exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not finished.exists():
            if has_pages_of_now(ROOT / "_build"):
                for made in ("html", ".doctrees", ".jupyter_cache"):
                    shutil.copytree(ROOT / "_build" / made, target / "_build" / made)
            else:
                take_outputs(ROOT / "_build", target / "_build")
                result = build(ROOT, target)
                assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
            finished.touch()
    return html


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The address at which the built pages are served to the browser."""
    with served(site) as address:
        yield address
