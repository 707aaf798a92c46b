"""Are the pictures of a page whole, and is there a page to look through them?"""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tools import screenshots
from tools.browser import served

PAGE = """<!DOCTYPE html><html><style>body { margin: 0; height: 2000px; background: white }
@media (prefers-color-scheme: dark) { body { background: black } }</style><body></body></html>"""


def test_a_page_is_pictured_whole_at_each_width_in_each_theme(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.html").write_text(PAGE, encoding="utf-8")
    with served(tmp_path) as address:
        screenshots.take(browser, address, "book/page", tmp_path)
    for width in (1280, 390):
        for theme, colour in (("light", 255), ("dark", 0)):
            with Image.open(tmp_path / f"book-page-{width}-{theme}.png") as picture:
                assert picture.size == (width, 2000)
                assert picture.convert("L").getpixel((5, 1995)) == colour


def test_the_contact_sheet_shows_every_picture() -> None:
    sheet = screenshots.contact_sheet(["book/one", "book/two"])
    assert sheet.count("<img") == 2 * 4
    assert 'src="book-two-390-dark.png"' in sheet
