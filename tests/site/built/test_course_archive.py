"""Does the site give its reader the course, whole and without an answer?

tests/course/student/test_light_installation.py installs the same archive and follows its README.
"""

from pathlib import Path
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup

from autograder.course.release.student_repository import make, write_archive
from tests.site.built.test_built_tree import solution_blocks, squeezed
from tests.site.page_list import LABS

NAME = "backprop-by-hand"


@pytest.fixture(scope="module")
def course(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that the site offers, unpacked."""
    folder = tmp_path_factory.mktemp("course")
    with ZipFile(site / f"{NAME}.zip") as archive:
        archive.extractall(folder)
    assert [path.name for path in folder.iterdir()] == [NAME]
    return folder / NAME


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["book/index", "book/start", *LABS])
def test_a_page_that_sends_to_practise_links_the_archive(site: Path, name: str) -> None:
    article = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser").article
    assert article
    found = [str(link["href"]) for link in article.select("a[href]") if str(link["href"]).endswith(".zip")]
    assert found
    assert {(site / name).parent.joinpath(href).resolve() for href in found} == {(site / f"{NAME}.zip").resolve()}


def test_the_same_course_makes_the_same_bytes(site: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / f"{NAME}.zip")
    assert (tmp_path / f"{NAME}.zip").read_bytes() == (site / f"{NAME}.zip").read_bytes()


def test_it_holds_what_the_learners_repository_holds(course: Path, tmp_path: Path) -> None:
    make(tmp_path)
    assert files(tmp_path) == files(course)
    assert "book/start.md" in files(course)


def test_no_solution_is_in_it(course: Path) -> None:
    texts = {name: squeezed(data.decode("utf-8", "ignore")) for name, data in files(course).items()}
    # One line alone, such as `return delta.sum(axis=0)`, is a formula of the book.
    long = [(name, block) for name, block in solution_blocks() if block.strip().count("\n")]
    assert len(long) > 20
    for name, block in long:
        in_json = squeezed(block.replace('"', '\\"').replace("\n", '\\n",\n"'))
        leaks = [path for path, text in texts.items() if squeezed(block) in text or in_json in text]
        assert not leaks, f"the solution of {name} is in {leaks}"
    assert not [path for path in texts if path.startswith(("solutions", "tests", ".git/"))]
