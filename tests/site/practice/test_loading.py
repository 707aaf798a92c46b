"""Is Python fetched when it is asked for and not before, from here only, and what is said where it cannot be had?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.site.practice.lab_page import LabPage, opened

LAB = "03_delta_template"
RIGHT = "def bias_gradient(delta):\n    return delta.sum(0)"
OF_PYTHON = re.compile(r"pyodide|worker\.js|\.whl|\.wasm")


def of_python(lab: LabPage) -> list[str]:
    return [url for url in lab.asked if OF_PYTHON.search(url)]


def test_python_comes_with_the_first_check_and_all_of_it_from_here(browser: Browser, strict: str) -> None:
    with opened(browser, strict, LAB) as lab:
        lab.type("bias_gradient", RIGHT)
        lab.page.wait_for_load_state("networkidle")
        assert of_python(lab) == []
        told = lab.exercise("bias_gradient").locator(".practice-size").inner_text()
        assert re.fullmatch(r"The first check loads Python, 1\d MB\.", told)
        lab.press("bias_gradient")
        assert lab.verdict("bias_gradient").points == 1
        assert any(url.endswith("pyodide.asm.wasm") for url in of_python(lab))
        assert {url.partition("/exercises")[0] for url in lab.asked if not url.startswith(strict)} <= {"blob:"}
        assert lab.exercise("bias_gradient").locator(".practice-size").inner_text() == ""
        assert lab.wrong == []


@pytest.mark.slow
def test_what_arrives_is_told_while_it_loads(browser: Browser, strict: str) -> None:
    with opened(browser, strict, LAB) as lab:
        lab.page.evaluate(
            """() => { window.told = new Set(); new MutationObserver(() => {
                for (const news of document.querySelectorAll('.practice-busy span')) window.told.add(news.textContent);
            }).observe(document.body, {subtree: true, childList: true, characterData: true}) }"""
        )
        lab.press("bias_gradient")
        lab.verdict("bias_gradient")
        told = lab.page.evaluate("[...window.told]")
    amounts = [float(found[1]) for text in told if (found := re.fullmatch(r"Loading Python: (.*) of 1.* MB", text))]
    assert len(amounts) > 3
    assert amounts == sorted(amounts)
    assert "Checking" in told


@pytest.mark.parametrize(
    "missing",
    [
        "**/pyodide.asm.wasm",
        pytest.param("**/*.whl", marks=pytest.mark.slow),
        pytest.param("**/worker.js*", marks=pytest.mark.slow),
    ],
)
def test_where_a_file_is_held_back_the_page_says_what_to_do(browser: Browser, strict: str, missing: str) -> None:
    context = browser.new_context()
    context.route(missing, lambda route: route.abort())
    lab = LabPage(context, strict, LAB)
    lab.type("bias_gradient", RIGHT)
    lab.press("bias_gradient")
    assert_says_what_to_do(lab, "Python could not be started here")
    context.close()


@pytest.mark.slow
def test_a_second_try_can_succeed(browser: Browser, strict: str) -> None:
    context = browser.new_context()
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        refused.append(route.request.url)
        route.abort() if len(refused) == 1 else route.continue_()

    context.route("**/*.whl", refuse_once)
    lab = LabPage(context, strict, LAB)
    lab.type("bias_gradient", RIGHT)
    lab.press("bias_gradient")
    lab.said("bias_gradient")
    lab.press("bias_gradient")
    assert lab.verdict("bias_gradient").points == 1
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["Worker", "WebAssembly"])
def test_an_old_browser_is_told_what_to_do(browser: Browser, strict: str, lacking: str) -> None:
    context = browser.new_context()
    context.add_init_script(f"delete window.{lacking}")
    lab = LabPage(context, strict, LAB)
    lab.type("bias_gradient", RIGHT)
    lab.press("bias_gradient")
    assert_says_what_to_do(lab, "Python could not be started here")
    context.close()


def test_a_page_that_was_opened_as_a_file_says_so(browser: Browser, practice_site: Path) -> None:
    context = browser.new_context()
    lab = LabPage(context, practice_site.as_uri(), LAB)
    lab.type("bias_gradient", RIGHT)
    lab.press("bias_gradient")
    assert_says_what_to_do(
        lab, "This page was opened as a file, and a browser runs Python only in a page that a server"
    )
    context.close()


def assert_says_what_to_do(lab: LabPage, reason: str) -> None:
    said = lab.said("bias_gradient")
    assert said.startswith(reason)
    assert said.endswith("check it in a notebook: Start here says how.")
    assert lab.exercise("bias_gradient").locator("[data-points]").count() == 0
    assert lab.source("bias_gradient") == RIGHT
