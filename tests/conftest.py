"""Settings for every test, and the browser that some share."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests import patience
from tools.browser import NO_BROWSER, QUIET, browser_path

# Each worker and each process it starts gets one core.
os.environ["OMP_NUM_THREADS"] = "1"

# Time is no property of the code: a test that is slow once on a busy machine is not wrong.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("course")


def pytest_configure() -> None:
    # A job in the background of a shell begins with Ctrl-C ignored, and so does all that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: some test always waits, for a browser, a server or a limit of time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def quick(pytestconfig: pytest.Config) -> bool:
    """Whether this is the quick pace, in which a test may leave out what a change seldom breaks."""
    return "not slow" in pytestconfig.option.markexpr


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = browser_for_tests(playwright)
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, timeout=1000 * patience.SECONDS)
        _be_patient(browser)
        yield browser
        browser.close()


def _be_patient(browser: Browser) -> None:
    """Have all that is opened here wait for as long as it takes: Playwright gives up after half a minute."""
    expect.set_options(timeout=1000 * patience.SECONDS)
    for name in ("new_context", "new_page"):
        setattr(browser, name, partial(_opened, getattr(browser, name)))


def _opened(make: Callable[..., BrowserContext | Page], **options: Any) -> BrowserContext | Page:
    opened = make(**options)
    opened.set_default_timeout(1000 * patience.SECONDS)
    return opened


def browser_for_tests(playwright: Playwright) -> str:
    """The machine's browser, else Playwright's own, which is fetched where nobody watches for a browser."""
    if found := browser_path(playwright):
        return found
    if os.environ.get("CI"):
        pytest.fail(NO_BROWSER)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    return playwright.chromium.executable_path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the site's pages weigh; here, because with xdist only the root's conftest sees all reports."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [row for report in reports for name, row in report.user_properties if name == "page weight"]
    if rows:
        terminalreporter.section("Weight of the pages, on a first visit")
        terminalreporter.write("\n".join(rows) + "\n")
