"""The browser of this machine, and the built pages served to it."""

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SECONDS_TO_OPEN = 900  # a browser or a page: only what hangs takes as long, on however busy a machine
NO_BROWSER = "no browser: install Debian's package chromium, or run `python -m playwright install chromium`"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Patient(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A page that is closed while it loads is no error."""


def browser_path(playwright: Playwright) -> str | None:
    """The machine's Chromium or Chrome, else Playwright's own, else None."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return found or (own if Path(own).exists() else None)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser without a window; SystemExit says what to install where there is none."""
    with sync_playwright() as playwright:
        path = browser_path(playwright)
        if path is None:
            raise SystemExit(NO_BROWSER)
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, timeout=SECONDS_TO_OPEN * 1000)
        yield browser
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which `folder` is served, on this machine only."""
    server = _Patient(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def page_names(site: Path) -> list[str]:
    """Every page below `site`, as `book/03_delta_template`, without those that a theme or a library brings."""
    built = (page.relative_to(site) for page in site.rglob("*.html"))
    return sorted(page.with_suffix("").as_posix() for page in built if "_static" not in page.parts)
