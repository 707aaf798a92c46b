"""The page of a lab in a browser, with what a learner does there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, BrowserContext, Locator, Page

# As strict as the book's own pages allow: nothing from another host, and no code made of text but WebAssembly.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)


class _Strict(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A worker that is ended while it loads is no error."""


@contextmanager
def strictly_served(folder: Path) -> Iterator[str]:
    """The address at which `folder` is served, on this machine only, under the policy."""
    server = _Server(("127.0.0.1", 0), partial(_Strict, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@dataclass(frozen=True)
class Verdict:
    points: float
    most: float
    text: str


class LabPage:
    """The page of a lab that is open in a browser; `asked` are the addresses it asked for, `wrong` what it reported."""

    def __init__(self, context: BrowserContext, address: str, lab: str) -> None:
        self.address, self.lab = f"{address}/exercises/{lab}/{lab}.html", lab
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.goto(self.address)

    def exercise(self, name: str) -> Locator:
        return self.page.locator(f'[data-exercise="{name}"]')

    def field(self, name: str) -> Locator:
        return self.exercise(name).locator(".cm-content")

    def source(self, name: str) -> str:
        """What stands in the field of an exercise, its last line end left out."""
        lines = self.field(name).locator(".cm-line").all_inner_texts()
        return "\n".join(line.strip("\n") for line in lines).rstrip("\n")

    def type(self, name: str, source: str) -> None:
        self.field(name).fill(source)

    def press(self, name: str, action: str = "check") -> None:
        self.exercise(name).locator(f'[data-action="{action}"]').click()

    def said(self, name: str) -> str:
        """Wait for what stands below an exercise after its check: a verdict, or why there is none."""
        idle = self.exercise(name).locator('[data-action="check"]:not([aria-disabled])')
        idle.wait_for()
        return self.exercise(name).locator("[data-verdict]").inner_text()

    def verdict(self, name: str) -> Verdict:
        text = self.said(name)
        box = self.exercise(name).locator("[data-verdict][data-points]")
        points, most = (float(box.get_attribute(of) or "nan") for of in ("data-points", "data-max-points"))
        return Verdict(points, most, text)

    def check(self, name: str, source: str) -> Verdict:
        self.type(name, source)
        self.press(name)
        return self.verdict(name)


@contextmanager
def opened(browser: Browser, address: str, lab: str, width: int = 1280) -> Iterator[LabPage]:
    """The page of a lab in a browser that has never seen it."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    yield LabPage(context, address, lab)
    context.close()
