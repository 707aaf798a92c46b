"""What a page of the book has to be, as checks on a page that is open in a real browser.

Each check takes the page and returns what is wrong with it, in words; an empty list is a pass.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

DESKTOP, PHONE, NARROW = 1280, 390, 320
OF_COLOURS = ("color-contrast", "link-in-text-block")  # the theme changes nothing that axe's other rules look at
CONTRAST = 4.5  # WCAG 2.1, level AA, text of normal size

UNRENDERED = """() => [...document.querySelectorAll('.math:not(:has(mjx-container)), mjx-merror, [data-mjx-error]')]
    .map(element => element.textContent.trim().slice(0, 80))"""

IMAGES = """async () => {
    const broken = [];
    for (const image of document.images) {
        image.loading = 'eager';
        await image.decode().catch(() => broken.push(image.src));
    }
    return broken;
}"""

# A heading that is not shown on the screen, like the theme's title for paper, is none there.
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .filter(heading => heading.checkVisibility())
    .map(heading => [Number(heading.tagName[1]), heading.textContent.trim()])"""

# Boxes that may scroll: formulas, tables, code, drawings and figures.  Everything else keeps to the window.  What
# MathJax hides for screen readers is on no screen, and what is smaller than a pixel stands for a reader, too.
SIDEWAYS = """() => {
    const scrolls = element => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
    const cuts = element => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX);
    const named = element => `${element.tagName.toLowerCase()}.${element.className}: `
        + element.textContent.trim().slice(0, 40);
    const box = `.math, .pst-scrollable-table-container, pre, figure, .drawing, .cg-scroll,
        .cell_output:has(> table)`;
    const over = document.documentElement.scrollWidth - innerWidth;
    const found = over > 0 ? [`the page is ${over} px wider than the window`] : [];
    const shown = [...(document.querySelector('article') ?? document.body).querySelectorAll('*')].filter(element =>
        !element.closest('mjx-container *, svg *') && element.checkVisibility());
    for (const element of shown) {
        if (scrolls(element) && !element.closest(box) && element.scrollWidth > element.clientWidth + 1)
            found.push(`scrolls sideways: ${named(element)}`);
        const {left, right, width} = element.getBoundingClientRect();
        if (width < 2) continue;
        const around = [];
        for (let box = element.parentElement; box; box = box.parentElement) around.push(box);
        const nearest = around.find(box => scrolls(box) || cuts(box));
        const start = nearest ? nearest.getBoundingClientRect().left - nearest.scrollLeft : 0;
        if (left < start - 1 && right > start)
            found.push(`begins ${Math.round(start - left)} px too far left: ${named(element)}`);
        if (nearest && scrolls(nearest)) continue;
        const end = Math.min(nearest && nearest.clientWidth ? nearest.getBoundingClientRect().right : Infinity,
            around.some(scrolls) ? Infinity : innerWidth);
        if (right > end + 1) found.push(`ends ${Math.round(right - end)} px too far right: ${named(element)}`);
    }
    return found;
}"""

# Axe does not look into formulas, so what has a slot's colour is measured here: the colour of the text over the
# backgrounds of everything it stands in, as the browser computed them.
SLOT_CONTRAST = """() => {
    const probe = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        if (colour === 'none') return [0, 0, 0, 0];
        probe.clearRect(0, 0, 1, 1); probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
    };
    const over = (top, below) => top.slice(0, 3).map((value, i) => value * top[3] + below[i] * (1 - top[3]));
    const background = element => {
        if (!element) return rgba('Canvas').slice(0, 3);
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, background(element.parentElement));
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(v => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    // A drawing's text stands on the box of its own group, or else on the page.
    const behindDrawn = text => {
        const page = background(text.closest('svg').parentElement);
        const box = text.parentElement.querySelector(':scope > rect');
        return box ? over(rgba(getComputedStyle(box).fill), page) : page;
    };
    const slots = '[class*="slot-"], [class*="cg-key-"], mjx-container [style*="color"], svg text';
    return [...document.querySelectorAll(slots)].filter(element => element.checkVisibility()).map(element => {
        const drawn = element.matches('svg *'), style = getComputedStyle(element);
        const behind = drawn ? behindDrawn(element) : background(element);
        const text = over(rgba(drawn ? style.fill : style.color), behind);
        const [low, high] = [light(text), light(behind)].sort((a, b) => a - b);
        return [(high + 0.05) / (low + 0.05), element.textContent.trim().slice(0, 40) || String(element.className),
                `rgb(${text.map(Math.round)}) on rgb(${behind.map(Math.round)})`];
    });
}"""


class Visit:
    """One page, opened with every other host refused, and what went wrong while it loaded."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page, self.address = page, address
        self.foreign: list[str] = []
        self.problems: list[str] = []
        page.route("**/*", self._guard)
        page.on("console", self._note)
        page.on("response", lambda answer: self.problems.append(answer.url) if answer.status >= 400 else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.wait_for_function(
            "!document.querySelector('meta[http-equiv=refresh i]')"
        )  # index.html sends on to the first page
        page.wait_for_load_state("load")
        page.evaluate("window.MathJax?.startup?.promise")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _guard(self, route: Route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()


def unfold(page: Page) -> None:
    """Open what is folded, so that the checks see answers too."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")


def show_in(page: Page, theme: str) -> None:
    """Have the machine ask for `theme`, which the page follows by itself."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)


def unrendered_formulas(page: Page) -> list[str]:
    return [f"not rendered: {formula}" for formula in page.evaluate(UNRENDERED)]


def broken_images(page: Page) -> list[str]:
    return [f"no image at {source}" for source in page.evaluate(IMAGES)]


def misordered_headings(page: Page) -> list[str]:
    headings: list[tuple[int, str]] = page.evaluate(HEADINGS)
    tops = [text for level, text in headings if level == 1]
    found = [] if len(tops) == 1 else [f"{len(tops)} headings of level 1: {tops}"]
    for (above, _), (level, text) in zip([(0, ""), *headings], headings, strict=False):
        if level > above + 1:
            found.append(f"level {level} follows level {above}: {text}")
    return found


def barriers(page: Page, rules: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[str]:
    """Axe's serious and critical findings, of `rules` only when some are given, and `without` some."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}  # the browser has the style sheets
    if rules:
        options["runOnly"] = list(rules)
    options["rules"] = {rule: {"enabled": False} for rule in without}
    violations = page.evaluate(f"axe.run({json.dumps(options)}).then(results => results.violations)")
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def scrolling_sideways(page: Page) -> list[str]:
    return list(page.evaluate(SIDEWAYS))


def faint_slots(page: Page) -> list[str]:
    """Text in a slot's colour with less contrast to what is behind it than WCAG's level AA asks for."""
    seen: list[tuple[float, str, str]] = page.evaluate(SLOT_CONTRAST)
    return [f"contrast {ratio:.2f}, {colours}: {text}" for ratio, text, colours in seen if ratio < CONTRAST]


def faults(browser: Browser, address: str, name: str, *, quick: bool) -> list[str]:
    """Everything that is wrong with the page `name`, which is opened once: read in light and dark, and made narrow.

    A colour is looked at in the wide window only, since it seldom depends on the width. A quick look leaves out the
    dark and what assistive technology is told on a phone.
    """
    with _visited(browser, address, name, DESKTOP) as visit:
        page = visit.page
        found = [*unrendered_formulas(page), *broken_images(page), *misordered_headings(page)]
        found += [*scrolling_sideways(page), *(f"in light: {fault}" for fault in (*barriers(page), *faint_slots(page)))]
        if not quick:
            found += _in_dark(page)
            show_in(page, "light")
        for width in (PHONE, NARROW):
            _resize(page, width)
            found += [f"{width} px wide: {fault}" for fault in (*misordered_headings(page), *scrolling_sideways(page))]
            if width == PHONE and not quick:
                found += [f"{width} px wide: {fault}" for fault in barriers(page, without=OF_COLOURS)]
    return [*_of_the_visit(visit), *found]


def faults_on_a_phone(browser: Browser, address: str, name: str) -> list[str]:
    """Everything that is wrong with the page `name` where it is opened on a phone, which has buttons of its own."""
    with _visited(browser, address, name, PHONE) as visit:
        page = visit.page
        _settle(page)
        found = [*unrendered_formulas(page), *broken_images(page), *scrolling_sideways(page)]
        found += [f"in light: {fault}" for fault in (*barriers(page), *faint_slots(page))]
        found += _in_dark(page)
    return [*_of_the_visit(visit), *found]


@contextmanager
def _visited(browser: Browser, address: str, name: str, width: int) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    visit = Visit(context.new_page(), address, name)
    still = "*, ::before, ::after { transition: none !important }"  # no colour on its way to another
    visit.page.add_style_tag(content=still)
    unfold(visit.page)
    yield visit
    context.close()


def _resize(page: Page, width: int) -> None:
    """Make the window so wide, and let the theme see first which boxes scroll now, as it does a while later."""
    page.set_viewport_size({"width": width, "height": 900})
    _settle(page)


def _settle(page: Page) -> None:
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 500)))")


def _of_the_visit(visit: Visit) -> list[str]:
    return [*(f"asks another host: {url}" for url in visit.foreign), *visit.problems]


def _in_dark(page: Page) -> list[str]:
    show_in(page, "dark")
    return [f"in dark: {fault}" for fault in (*barriers(page, OF_COLOURS), *faint_slots(page))]
