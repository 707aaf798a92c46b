"""Links of the built pages, followed over the tree of files without a browser."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Anchors(HTMLParser):
    """Collects where a page's links lead, and the places in it that a link can lead to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places = {"", "top"}
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given and (name == "id" or tag == "a")}
        if tag in {"a", "area"} and "href" in given:
            self.targets.append(given["href"])


def dead_links(site: Path) -> list[str]:
    """Links of any page below `site` that lead to no file, or to no such place in it."""
    pages = {page.resolve(): Anchors(page) for page in site.rglob("*.html") if "_static" not in page.parts}
    return [
        f"{page.relative_to(site.resolve()).as_posix()}: {target}"
        for page, anchors in pages.items()
        for target in anchors.targets
        if _is_dead(target, page, site.resolve(), pages)
    ]


def _is_dead(target: str, page: Path, site: Path, pages: dict[Path, Anchors]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return parts.scheme not in {"https", "mailto"}
    path = unquote(parts.path)
    start = site if path.startswith("/") else page.parent
    goal = (start / path.lstrip("/")).resolve() if path else page
    if goal.is_dir():
        goal /= "index.html"
    if goal in pages:
        return unquote(parts.fragment) not in pages[goal].places
    return not goal.is_file()
