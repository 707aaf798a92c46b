"""Does the feedback page say what the gradebook says, and can nothing a learner wrote run where it is shown?"""

from __future__ import annotations

import html
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page, Route

from autograder import exercises, labs
from autograder.course.gradebook.course_folder import Course
from autograder.course.grading.grade_submission import Graded, Task, grade_notebook
from autograder.sandbox.limits import Limits
from tests.course.helpers import WHOLE, command, in_formgrader
from tests.course.helpers import graded as graded_here
from tests.submissions.pages import text_of
from tools.make_class import LAB, WRITTEN, answered, hand_in, reference

ACT = "top.hurt = 1"
MARKUP = [
    f"<script>{ACT}</script>",
    f"<img src=x onerror='{ACT}'>",
    f"<svg onload='{ACT}'><style>@import 'http://evil.example/svg.css'</style></svg>",
    f"<iframe srcdoc='<script>{ACT}</script>'></iframe>",
    "<iframe src='data:text/html,<script>document.location=\"http://evil.example/frame\"</script>'></iframe>",
    "<meta http-equiv=refresh content='0; url=http://evil.example/refresh'>",
    "<style>@import 'http://evil.example/style.css'; body { background: url(http://evil.example/back.png) }</style>",
    "<link rel=stylesheet href='http://evil.example/link.css'><base href='http://evil.example/'>",
    "<object data='http://evil.example/object'></object><embed src='http://evil.example/embed'>",
    f"<details open ontoggle='{ACT}'><form action='http://evil.example'><input autofocus onfocus='{ACT}'></form>",
]
MARKDOWN = [
    *MARKUP,
    "![x](http://evil.example/x.png)",
    "![x][y]\n\n[y]: http://evil.example/y.png",
    f"[click](javascript:{ACT}) [click](<data:text/html,x>)",
    "![x](attachment:missing.png)",
    "```mermaid\n<img src=http://evil.example/mermaid.png>\n```",
]
ODD_NAME = f"type(\"<img src=x onerror='{ACT}'>\", (Exception,), {{}})"


def hostile() -> NotebookNode:
    """Return the lab with every payload in text, outputs that are made when it runs, errors and answers."""
    notebook = answered(reference() | {"output_delta": f"def output_delta(O, t):\n    raise {ODD_NAME}('{MARKUP[0]}')"})
    shows = [f"from IPython.display import *\ndisplay(HTML({m!r}), SVG(data={m!r}), Markdown({m!r}))" for m in MARKUP]
    shows += [f"display(Javascript({ACT!r}))", f"print({MARKUP!r})", f"raise {ODD_NAME}({MARKUP[1]!r})"]
    shows += ["print('\\x1b]0;hurt\\x07\\x1b[2J')", f"{ODD_NAME}({MARKUP[1]!r})"]
    notebook.cells += [new_code_cell(source) for source in shows]
    notebook.cells += [new_markdown_cell(source) for source in MARKDOWN]
    notebook.cells += [new_raw_cell(source, metadata={"raw_mimetype": "text/html"}) for source in MARKUP]
    notebook.cells += [new_code_cell("", outputs=[new_output("display_data", data={"text/html": m})]) for m in MARKUP]
    return notebook


@pytest.fixture(scope="module")
def graded() -> Graded:
    released = labs.exercise_path(LAB).read_text("utf-8")
    task = Task("x", nbformat.writes(hostile()).encode(), "", (), "", released, Limits(), b"key")
    with ThreadPoolExecutor(1) as beside_the_browser:  # whose event loop occupies this thread
        return beside_the_browser.submit(grade_notebook, task).result()


class Visit:
    """A page opened in a browser that reaches no host: who was asked for, and whether anything ran."""

    def __init__(self, browser: Browser, path: Path, html: str) -> None:
        path.write_text(html, "utf-8")
        self.asked: list[str] = []
        page = browser.new_page()
        page.route("**/*", self._note)
        page.on("dialog", lambda dialog: self.asked.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        page.evaluate("new Promise(done => setTimeout(done, 500))")  # time of the page, in which its scripts have run
        self.hurt = page.evaluate("window.hurt")
        self.text = page.inner_text("body")
        self.links = set(page.evaluate("[...document.links].map(link => link.protocol)"))
        page.close()

    def _note(self, route: Route) -> None:
        if route.request.is_navigation_request() and route.request.url.startswith("file:"):
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    @property
    def evil(self) -> list[str]:
        return [url for url in self.asked if "evil.example" in url]


def test_the_payloads_act_where_nothing_stops_them(browser: Browser, tmp_path: Path) -> None:
    notebook = hostile()
    notebook.cells = [cell for cell in notebook.cells if "refresh" not in str(cell) and "attachment" not in str(cell)]
    visit = Visit(browser, tmp_path / "page.html", in_formgrader(notebook))
    assert visit.hurt
    assert len(visit.evil) >= 5


def test_nothing_a_learner_wrote_acts_on_the_feedback_page(browser: Browser, tmp_path: Path, graded: Graded) -> None:
    visit = Visit(browser, tmp_path / "page.html", graded.feedback)
    assert not visit.hurt
    assert visit.asked == []
    assert visit.links == {"file:"}
    assert "onerror" in visit.text


def test_the_page_allows_no_script_even_if_one_came_through(browser: Browser, tmp_path: Path, graded: Graded) -> None:
    came_through = "".join(markup for markup in MARKUP if "refresh" not in markup)
    visit = Visit(browser, tmp_path / "page.html", graded.feedback.replace("</main>", f"{came_through}</main>"))
    assert not visit.hurt
    assert visit.evil == []


def test_nothing_a_learner_wrote_acts_in_formgrader(browser: Browser, tmp_path: Path, graded: Graded) -> None:
    notebook = nbformat.reads(graded.notebook, as_version=4)
    visit = Visit(browser, tmp_path / "page.html", in_formgrader(notebook))
    assert not visit.hurt
    assert visit.evil == []
    assert not visit.links & {"javascript:", "data:"}
    assert "onerror" in visit.text


def test_a_graded_notebook_is_valid(graded: Graded) -> None:
    nbformat.validate(nbformat.reads(graded.notebook, as_version=4))


def test_an_answer_in_words_is_shown_with_its_state_and_without_the_rubric(tmp_path: Path) -> None:
    course = Course.at(tmp_path, LAB)
    hand_in(tmp_path, "ada", nbformat.writes(answered({WRITTEN: "They stay <b>equal</b>."})))
    hand_in(tmp_path, "bob", nbformat.writes(answered({})))
    graded_here(tmp_path)
    ada, bob = (course.feedback_page(student).read_text("utf-8") for student in ("ada", "bob"))
    assert "They stay &lt; b>equal&lt; /b>." in html.unescape(ada).replace("<", "&lt;")
    assert "waits for your instructor" in ada
    assert "2 of them are not given yet" in ada
    assert "You wrote no answer" in bob
    assert "waits for your instructor" not in bob
    assert not [page for page in (ada, bob) if "Rubric" in page]
    assert "Rubric" in course.graded_notebook("ada").read_text("utf-8")
    with Gradebook(course.db_url) as book:
        grade = book.find_grade(WRITTEN, LAB, LAB, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False  # as formgrader does
        book.find_comment(WRITTEN, LAB, LAB, "ada").manual_comment = "Why is one unit too few?"
        book.db.commit()
    done = command("nbgrader", "generate_feedback", LAB, "--force", f"--CourseDirectory.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    by_nbgrader = course.feedback_page("ada").read_text("utf-8")
    assert "graded by hand: Why is one unit too few?" in by_nbgrader
    assert "1.5 of 2" in by_nbgrader
    assert "Rubric" not in by_nbgrader
    graded_here(tmp_path, force=True)
    assert course.feedback_page("ada").read_text("utf-8") == by_nbgrader


def test_manual_scores_and_comments_are_shown_by_grading_and_by_nbgrader_alike(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", "[]")
    course = Course.at(tmp_path, LAB)
    graded_here(tmp_path)
    with Gradebook(course.db_url) as book:
        book.find_grade("train_xor_check", LAB, LAB, "ada").manual_score = 3.5
        book.find_comment("hidden_delta", LAB, LAB, "ada").manual_comment = "Nearly <b>right</b>"
        book.db.commit()
    done = command("nbgrader", "generate_feedback", LAB, "--force", f"--CourseDirectory.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    by_nbgrader = course.feedback_page("ada").read_text("utf-8")
    graded_here(tmp_path, force=True)
    assert course.feedback_page("ada").read_text("utf-8") == by_nbgrader
    for said in ("3.5 of 4", "graded by hand", "Nearly &lt;b&gt;right&lt;/b&gt;", f"3.5 of {WHOLE:g}"):
        assert said in by_nbgrader


def section(page: str, anchor: str) -> str:
    """Return what stands beside an answer on a page."""
    return page.partition(f'id="{anchor}">')[2].partition("</section>")[0]


def test_the_page_tells_whose_it_is_when_it_was_handed_in_and_when_it_was_graded(tmp_path: Path) -> None:
    (hand_in(tmp_path, "x7", "[]") / "timestamp.txt").write_text("2026-02-03 14:05:06 UTC")
    hand_in(tmp_path, "<b>bob", "[]")
    course = Course.at(tmp_path, LAB)
    graded_here(tmp_path)
    with Gradebook(course.db_url) as book:
        book.update_or_create_student("x7", first_name="Ada <i>", last_name="Lovelace")
        book.db.commit()
    graded_here(tmp_path, force=True)
    ada, bob = (text_of(course.feedback_page(student).read_text("utf-8")) for student in ("x7", "<b>bob"))
    assert "Ada <i> Lovelace (x7). Handed in on 3 February 2026 at 14:05 UTC. Graded on 1 March 2026." in ada
    assert "<b>bob. Graded on 1 March 2026." in bob


def test_what_a_person_said_of_an_answer_stands_beside_it(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", nbformat.writes(answered({WRITTEN: "They stay equal."})))
    course = Course.at(tmp_path, LAB)
    graded_here(tmp_path)
    with Gradebook(course.db_url) as book:
        grade = book.find_grade(WRITTEN, LAB, LAB, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.0, False
        book.find_comment(WRITTEN, LAB, LAB, "ada").manual_comment = "Say <b>why</b>.\nSee chapter 03."
        book.find_comment("output_delta", LAB, LAB, "ada").manual_comment = "Begin with this one."
        book.db.commit()
    graded_here(tmp_path, force=True)
    page = course.feedback_page("ada").read_text("utf-8")
    assert "1 of 2 points, graded by hand: Say <b>why</b>. See chapter 03." in text_of(section(page, WRITTEN))
    assert "0 of 2 points: Begin with this one." in text_of(section(page, "output_delta_check"))
    assert page.count("See chapter 03.") == page.count("Begin with this one.") == 1
    assert "<!-- " not in page


def test_what_is_not_written_is_said_once_and_in_our_words(tmp_path: Path) -> None:
    hand_in(tmp_path, "ada", nbformat.writes(answered({})))
    graded_here(tmp_path)
    page = Course.at(tmp_path, LAB).feedback_page("ada").read_text("utf-8")
    rows = text_of(page.partition("<tbody>")[2].partition("</tbody>")[0])
    assert "No response" not in page
    assert rows.count("not written") == len(reference()) + 1


def test_no_given_text_stands_twice_on_a_page(graded: Graded) -> None:
    said = text_of(graded.feedback)
    first = "Look at what you have trained: the loss from epoch to epoch, for three random starts."
    assert said.count(first) == 1


BOOK = "https://book.example/backprop"
ODD_CODE = "\n\n# <b>é\n%matplotlib inline\nx = f\"{'<i>'!r}\" \\\n  + '\t'\n\n"
HALF_RIGHT = {
    "output_delta": "def output_delta(O, t):\n    return O - t",
    "sigmoid_linear_backward": "def sigmoid_linear_backward(upstream, O, x, W):\n    d = upstream * O * (1 - O)\n"
    "    return d @ W.T, x.T @ d, d.mean(axis=0)",
}


@pytest.fixture(scope="module")
def half_right(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page of somebody who got two exercises wrong, with links, as the course folder gets it."""
    course = tmp_path_factory.mktemp("course")
    notebook = answered(reference() | HALF_RIGHT)
    notebook.cells.append(new_code_cell(ODD_CODE))
    hand_in(course, "ada", nbformat.writes(notebook))
    with ThreadPoolExecutor(1) as beside_the_browser:
        beside_the_browser.submit(graded_here, course, book=BOOK).result()
    return Course.at(course, LAB).feedback_page("ada").read_text("utf-8")


def opened(browser: Browser, tmp_path: Path, html: str, **options: Any) -> Page:
    """Open a page; what axe needs to run in it is let through, which shows nothing that a learner would not see."""
    (tmp_path / "page.html").write_text(html, "utf-8")
    page = browser.new_context(bypass_csp=True, **options).new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    return page


def test_the_table_tells_the_points_of_each_part_and_what_was_wrong(
    browser: Browser, tmp_path: Path, half_right: str
) -> None:
    page = opened(browser, tmp_path, half_right)
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in page.inner_text("#scores").splitlines()}
    assert rows["output_delta"] == ["0 of 2", "✗ slope-missing"]
    assert rows["sigmoid_linear_backward"] == ["2 of 3", "✓ dx 1 of 1 ✓ dW 1 of 1 ✗ db 0 of 1: batch-mean"]


def test_what_to_read_is_linked_to_its_section_and_its_mistake(
    browser: Browser, tmp_path: Path, half_right: str
) -> None:
    page = opened(browser, tmp_path, half_right)
    links = page.evaluate("[...document.links].map(link => link.href).filter(href => !href.startsWith('file:'))")
    anchor = exercises()["output_delta"].section.anchor
    assert links[:2] == [f"{BOOK}/book/{LAB}.html#{anchor}", f"{BOOK}/book/mistakes.html#mistake-slope-missing"]


def test_without_the_books_address_the_page_names_chapter_and_section(graded: Graded) -> None:
    assert "https:" not in graded.feedback
    assert f"Read again: chapter 03, “{exercises()['output_delta'].section.title}”" in graded.feedback


def test_a_learners_code_stands_there_as_it_was_typed(browser: Browser, tmp_path: Path, half_right: str) -> None:
    page = opened(browser, tmp_path, half_right)
    typed = page.evaluate("[...document.querySelectorAll('pre.code')].map(code => code.textContent)")
    assert HALF_RIGHT["output_delta"] in typed
    assert ODD_CODE in typed
    assert page.evaluate("document.querySelectorAll('pre.code .k').length") > 10  # coloured keywords


def test_formulas_are_set_and_no_tex_is_left(browser: Browser, tmp_path: Path, half_right: str) -> None:
    page = opened(browser, tmp_path, half_right)
    assert page.evaluate("document.querySelectorAll('math').length") > 20
    given = page.evaluate("[...document.querySelectorAll('details')].map(d => d.innerText).join(' ')")
    assert not [tex for tex in ("$", "\\frac", "\\partial", "\\color") if tex in given]


def test_an_ask_of_a_number_does_not_tell_which(tmp_path: Path) -> None:
    wrong = "def sigmoid_slope(O):\n    return 1 - O**2 if isinstance(O, float) else O * (1 - O)"
    lab = "01_chain_rule"
    text = nbformat.writes(answered({"sigmoid_slope": wrong}, lab)).encode()
    graded = grade_notebook(Task("x", text, "", (), "", labs.exercise_path(lab).read_text("utf-8"), Limits(), b"key"))
    message = graded.reports["sigmoid_slope_check"].findings[0].message
    assert "(a number)" in message


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_accessible_and_fits(
    browser: Browser, tmp_path: Path, half_right: str, theme: str, width: int
) -> None:
    page = opened(browser, tmp_path, half_right, color_scheme=theme, viewport={"width": width, "height": 900})
    assert not [v["id"] for v in Axe().run(page).response["violations"]]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_in_print_nothing_is_cut_off_and_the_page_is_light(browser: Browser, tmp_path: Path, half_right: str) -> None:
    page = opened(browser, tmp_path, half_right, color_scheme="dark", viewport={"width": 600, "height": 900})
    page.emulate_media(media="print")
    cut = "[...document.querySelectorAll('pre')].filter(p => p.scrollWidth > p.clientWidth + 1).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 33, 40)"
