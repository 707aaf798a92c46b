"""Picture every page of the built book, wide and narrow, in light and dark, and a page to look through the pictures.

python -m tools.screenshots [--site _build/html] [--to _build/screenshots]
"""

import argparse
from html import escape
from pathlib import Path

from playwright.sync_api import Browser

from tools.browser import opened_browser, page_names, served

ROOT = Path(__file__).parents[1]
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
ALL_IMAGES = """async () => {
    for (const image of document.images) {
        image.loading = 'eager';
        await image.decode();
    }
}"""
HEAD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Every page</title><style>
body { font-family: sans-serif; background: #888; margin: 1rem }
section { display: flex; align-items: flex-start; gap: 0.5rem }
img { height: 32rem; width: 20rem; object-fit: cover; object-position: top }
img[src*="-390-"] { width: 12rem }
</style></head><body><h1>Every page</h1>
"""


def file_name(name: str, width: int, theme: str) -> str:
    return f"{name.replace('/', '-')}-{width}-{theme}.png"


def take(browser: Browser, address: str, name: str, target: Path) -> None:
    """Write the pictures of one page below `target`, whole pages however long."""
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 900})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.goto(f"{address}/{name}.html", wait_until="networkidle")
            page.evaluate("window.MathJax?.startup?.promise")
            page.evaluate(ALL_IMAGES)
            page.screenshot(path=target / file_name(name, width, theme), full_page=True, animations="disabled")
        page.close()


def contact_sheet(names: list[str]) -> str:
    """A page that shows all pictures small, each leading to the whole one."""
    rows = []
    for name in names:
        files = [file_name(name, width, theme) for width in WIDTHS for theme in THEMES]
        pictures = "".join(f'<a href="{file}"><img src="{file}" alt="{file}" loading="lazy"></a>' for file in files)
        rows.append(f"<h2>{escape(name)}</h2><section>{pictures}</section>")
    return HEAD + "\n".join(rows) + "</body></html>\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description="Picture every page.")
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built pages")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "screenshots", help="the folder to write")
    asked = parser.parse_args()
    names = page_names(asked.site)
    if not names:
        raise SystemExit(f"There is no built book in {asked.site}: run `make book` first.")
    asked.to.mkdir(parents=True, exist_ok=True)
    with opened_browser() as browser, served(asked.site) as address:
        for number, name in enumerate(names, 1):
            print(f"{number:3} of {len(names)}  {name}", flush=True)
            take(browser, address, name, asked.to)
    (asked.to / "index.html").write_text(contact_sheet(names), encoding="utf-8")
    print(f"Look through them: {asked.to / 'index.html'}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("Stopped.  The pictures taken so far are whole.") from None
