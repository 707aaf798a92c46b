"""Does nbgrader's formgrader, in a browser, grade safely, show rubrics, and keep what is entered by hand?"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import Browser, Page, expect

from autograder import labs
from autograder.course.gradebook.course_folder import Course
from autograder.course.release.release import rubrics, write_source
from tests import patience
from tests.course.helpers import ALL, ENVIRONMENT, WHOLE, graded, results
from tools import class_answers
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

pytestmark = pytest.mark.slow

COMMENT = "Why is one unit too few?"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of one that was graded, with an answer in words."""
    folder = tmp_path_factory.mktemp("course")
    write_source(LAB, folder)
    hand_in(folder, "ada", nbformat.writes(answered(reference() | {WRITTEN: class_answers.WRITTEN[1]})))
    with ThreadPoolExecutor(1) as beside_the_browser:
        beside_the_browser.submit(graded, folder).result()
    return folder


@pytest.fixture(scope="module")
def server(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Jupyter started as the instructors' page says, without JupyterLab around formgrader."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = tmp_path_factory.mktemp("jupyter")
    places = {"JUPYTER_CONFIG_DIR": str(own), "JUPYTER_DATA_DIR": str(own), "AUTOGRADER_COURSE": str(course)}
    extension = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    options = [f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token=", extension, str(course)]
    started = [sys.executable, "-m", "jupyter_server", *options]
    with (own / "log").open("w") as log:
        process = subprocess.Popen(started, cwd=labs.ROOT, env=ENVIRONMENT | places, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + patience.SECONDS
        while not answers_at(f"{address}/api"):
            assert process.poll() is None, (own / "log").read_text()
            assert time.monotonic() < deadline, (own / "log").read_text()
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(patience.SECONDS)


def answers_at(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5):
        return True
    return False


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def row(page: Page, server: str, student: str) -> str:
    page.goto(f"{server}/formgrader/manage_submissions/{LAB}")
    return page.locator("tbody tr", has_text=student).inner_text()


def test_the_autograde_button_runs_a_submission_in_the_sandbox(page: Page, server: str, course: Path) -> None:
    proof = course / "written by a submission"
    notebook = answered(reference())
    notebook.cells.append(new_code_cell(f"open({str(proof)!r}, 'w').write('x')"))
    hand_in(course, "mallory", nbformat.writes(notebook))
    assert "needs autograding" in row(page, server, "mallory")
    page.locator("tbody tr", has_text="mallory").locator("td.autograde a, a:has(.glyphicon-flash)").first.click()
    expect(page.locator(".modal-body").first).to_contain_text("Successfully autograded")
    assert not proof.exists()
    assert results(course)["mallory"].score.score == ALL


def test_a_written_answer_is_graded_beside_its_rubric_and_the_button_feedback_tells_the_learner(
    page: Page, server: str, course: Path
) -> None:
    assert "needs manual grading" in row(page, server, "ada")
    page.goto(f"{server}/formgrader/manage_students/ada/{LAB}")
    page.locator("tbody").get_by_role("link", name=LAB).click()
    page.wait_for_load_state("networkidle")  # it fetches what the gradebook says
    answer = page.locator(".nbgrader_cell", has_text=class_answers.WRITTEN[1])
    assert "1 for why that is not enough" in page.locator("body").inner_text()
    assert "Rubric" in rubrics(LAB)[WRITTEN]
    for field, typed, saved in (("input.score", "1", "grade"), ("textarea.comment", COMMENT, "comment")):
        answer.locator(field).click()
        answer.locator(field).press_sequentially(typed)
        with page.expect_response(re.compile(f"/api/{saved}/")):
            answer.locator(field).press("Tab")
    assert results(course)["ada"].score.waiting == []
    assert results(course)["ada"].score.score == ALL + 1

    assert "graded" in row(page, server, "ada")
    page.locator("tbody tr", has_text="ada").locator("a:has(.glyphicon-comment)").first.click()
    expect(page.locator(".modal-body").first).to_contain_text("Successfully generated feedback")
    told = Course.at(course, LAB).feedback_page("ada").read_text("utf-8")
    assert f"graded by hand: {COMMENT}" in told
    assert f"{ALL + 1:g} of {WHOLE:g}" in told
    assert "Rubric" not in told
