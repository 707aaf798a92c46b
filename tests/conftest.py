"""Settings for every test, and the browser that some share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Playwright, sync_playwright

# Each worker and each process it starts gets one core.
os.environ["OMP_NUM_THREADS"] = "1"

# Time is no property of the code: a test that is slow once on a busy machine is not wrong.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("course")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(playwright), args=QUIET)
        yield browser
        browser.close()


def browser_path(playwright: Playwright) -> str:
    """The machine's Chromium or Chrome, else Playwright's own, which is fetched where nobody watches for a browser."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    if found or Path(own).exists():
        return found or own
    if os.environ.get("CI"):
        pytest.fail("no browser: install Debian's package chromium, or run `python -m playwright install chromium`")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    return own
