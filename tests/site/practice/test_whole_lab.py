"""Can a whole lab be done in the browser, taken along and handed in, without any other host?"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from playwright.sync_api import Browser, Locator, Page

from tests.course.helpers import command, grade
from tools import practice
from tools.class_answers import SLOPE_MISSING
from tools.lite import labs
from tools.make_class import LAB, released

ROOT = Path(__file__).parents[3]
LABS = [path.stem for path in labs(ROOT)]
NAME = "hidden_delta"


@pytest.fixture(scope="session")
def with_labs(site: Path) -> Path:
    if not (site / "_static" / "practice" / practice.LITE).is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the site was built without JupyterLite")
    return site


@pytest.mark.parametrize("slug", LABS)
def test_a_labs_page_leads_to_it(slug: str, with_labs: Path) -> None:
    page = with_labs / "exercises" / slug / f"{slug}.html"
    links = BeautifulSoup(page.read_text("utf-8"), "html.parser").select("a[href*='/lite/']")
    assert len(links) == 2  # in the text, and a button above it
    for link in links:
        address = urlsplit(str(link["href"]))
        assert (page.parent / address.path).is_file()
        assert address.query == f"path={slug}.ipynb"


@pytest.mark.parametrize("slug", LABS)
def test_the_notebook_in_it_is_the_learners_byte_for_byte(slug: str, with_labs: Path) -> None:
    served = with_labs / "_static" / "practice" / practice.LITE / "files" / f"{slug}.ipynb"
    assert served.read_bytes() == (ROOT / "exercises" / slug / f"{slug}.ipynb").read_bytes()


def test_only_the_lab_with_exercises_in_pytorch_says_what_cannot_be_done_there(with_labs: Path) -> None:
    pages = {slug: (with_labs / "exercises" / slug / f"{slug}.html").read_text("utf-8") for slug in LABS}
    assert [slug for slug, text in pages.items() if "cannot be done there" in text] == ["07_without_autograd"]


def test_all_that_it_may_load_is_in_the_lock(with_labs: Path) -> None:
    parts = with_labs / "_static" / "practice"
    settings = json.loads((parts / practice.LITE / "jupyter-lite.json").read_text("utf-8"))["jupyter-config-data"]
    kernel = settings["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    lock = json.loads((parts / "pyodide" / "pyodide-lock.json").read_text("utf-8"))["packages"]
    assert {name.replace("_", "-") for name in kernel["loadPyodideOptions"]["packages"]} <= {*lock}
    assert (parts / practice.LITE / kernel["pyodideUrl"]).resolve() == (parts / "pyodide" / "pyodide.js").resolve()


def test_where_the_book_is_opened_as_a_file_it_says_what_to_do(browser: Browser, with_labs: Path) -> None:
    page = browser.new_page()
    page.goto((with_labs / "exercises" / LAB / f"{LAB}.html").as_uri())
    page.locator(".lab-start").get_by_role("link", name="Open the whole lab in this browser").click()
    page.get_by_text("python -m http.server").wait_for()
    page.close()


# --- a lab, done


class Notebook:
    """A lab that is open in JupyterLite."""

    def __init__(self, page: Page, lab_page: str) -> None:
        self.page = page
        page.goto(lab_page)
        self.asked: set[str] = set()
        page.on("request", lambda request: self.asked.add(request.url))
        page.locator(".lab-start").get_by_role("link", name="Open the whole lab in this browser").click()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def cell(self, text: str) -> Locator:
        return self.page.locator(".jp-CodeCell", has_text=text).first

    def run(self, cell: Locator) -> None:
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()

    def write(self, cell: Locator, source: str) -> None:
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def download(self, to: Path) -> NotebookNode:
        button = self.page.get_by_text("Download to hand in")
        if not button.is_visible():  # JupyterLab folds a toolbar whose width it took while the page was being laid out
            self.page.locator(".jp-Toolbar-responsive-opener").click()
        with self.page.expect_download() as download:
            button.click()
        assert download.value.suggested_filename == to.name
        download.value.save_as(to)
        return nbformat.read(to, as_version=4)


@pytest.fixture(scope="module")
def lab(browser: Browser, address: str, with_labs: Path) -> Iterator[Notebook]:
    page = browser.new_page()
    notebook = Notebook(page, f"{address}/exercises/{LAB}/{LAB}.html")
    notebook.run(notebook.cell("from autograder import check"))  # when that is done, Python has loaded
    yield notebook
    page.close()


@pytest.mark.slow
def test_a_lab_is_done_downloaded_validated_and_graded(lab: Notebook, tmp_path: Path) -> None:
    answer = lab.cell(f"def {NAME}(")
    lab.write(answer, SLOPE_MISSING[NAME])
    lab.run(answer)
    check = lab.cell(f"check({NAME})")
    lab.run(check)
    check.get_by_text("slope").first.wait_for()

    submitted = tmp_path / "submitted" / "ada" / LAB / f"{LAB}.ipynb"
    submitted.parent.mkdir(parents=True)
    taken = lab.download(submitted)
    given = released()
    assert [(cell.id, cell.metadata.get("nbgrader")) for cell in taken.cells] == [
        (cell.id, cell.metadata.get("nbgrader")) for cell in given.cells
    ]
    assert {urlsplit(url).netloc for url in lab.asked} == {urlsplit(lab.page.url).netloc}

    said = command("autograder", "validate", str(submitted))
    assert NAME in said.stdout, said.stderr
    done = grade(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "slope-missing" in "".join(path.read_text("utf-8") for path in (tmp_path / "feedback").rglob("*.html"))


@pytest.mark.slow
def test_it_loads_as_much_as_its_page_says(lab: Notebook, with_labs: Path) -> None:
    manifest = json.loads((with_labs / "_static" / "practice" / "manifest.json").read_text("utf-8"))
    files = {with_labs / urlsplit(url).path.lstrip("/") for url in lab.asked}
    assert sum(path.stat().st_size for path in files if path.is_file()) == pytest.approx(
        manifest["lab_bytes"], rel=0.05
    )
