"""Are the three slots told apart, by everybody, on both backgrounds?"""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from autograder.palette import SLOTS

ROOT = Path(__file__).parents[3]
CSS = (ROOT / "book" / "_static" / "course.css").read_text(encoding="utf-8")
GRAPHS = (ROOT / "computation_graph" / "static" / "colours.css").read_text(encoding="utf-8")
ICON = ROOT / "book" / "_static" / "favicon.svg"
LABS = sorted((ROOT / "solutions").glob("*.py"))
COLOUR = re.compile(r"--slot-(\w+): (#[0-9a-f]{6});")
# The page, and the stripes of a table on it.
PAGES = {"light": ("#ffffff", "#f3f4f5"), "dark": ("#121212", "#29313d")}
JUPYTERLAB = {"light": "#ffffff", "dark": "#111111"}
BEFORE_THE_FIRST_CELL = 3.0  # is run, a dark notebook shows the light colours
# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHT = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# From linear sRGB, for D65.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])

Array = NDArray[np.float64]


def linear(colour: str) -> Array:
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Array) -> Array:
    """CIE L*a*b* of linear RGB."""
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def in_css(theme: str) -> dict[str, str]:
    block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', CSS, re.DOTALL)
    assert block
    return dict(COLOUR.findall(block[1]))


@pytest.mark.parametrize("theme", PAGES)
def test_the_style_sheet_has_exactly_the_slots_colours(theme: str) -> None:
    assert in_css(theme) == {key: getattr(slot, theme) for key, slot in SLOTS.items()}


@pytest.mark.parametrize("theme", PAGES)
def test_the_graphs_have_exactly_the_slots_colours(theme: str) -> None:
    block = dict(zip(PAGES, re.findall(r"\{(.*)\}", GRAPHS), strict=True))[theme]
    assert dict(COLOUR.findall(block)) == {key: getattr(slot, theme) for key, slot in SLOTS.items()}


@pytest.mark.parametrize("key", SLOTS)
def test_the_style_sheet_gives_each_class_its_own_colour(key: str) -> None:
    assert f".slot-{key} {{ color: var(--slot-{key}); }}" in CSS


@pytest.mark.parametrize("key", SLOTS)
def test_a_labs_formula_takes_the_dark_colour_on_a_dark_page_of_the_book(key: str) -> None:
    red, green, blue = (int(SLOTS[key].light[at : at + 2], 16) for at in (1, 3, 5))
    rule = f'[style*="rgb({red}, {green}, {blue})"] {{ color: var(--slot-{key}) !important; }}'
    assert f'html[data-theme="dark"] mjx-container {rule}' in CSS


@pytest.mark.parametrize("path", [*LABS, ICON], ids=lambda path: path.stem)
def test_the_labs_and_the_icon_have_no_other_colours_than_the_slots_light_ones(path: Path) -> None:
    found = set(re.findall(r"#[0-9a-f]{6}\b", path.read_text("utf-8").lower()))
    assert found
    assert found <= {slot.light for slot in SLOTS.values()}


@pytest.mark.parametrize("key", SLOTS)
@pytest.mark.parametrize("theme", PAGES)
def test_a_slot_is_readable_on_its_page(theme: str, key: str) -> None:
    assert min(contrast(getattr(SLOTS[key], theme), background) for background in PAGES[theme]) >= 4.5


@pytest.mark.parametrize("key", SLOTS)
def test_a_lab_is_readable_in_jupyterlab(key: str) -> None:
    assert min(contrast(getattr(SLOTS[key], theme), page) for theme, page in JUPYTERLAB.items()) >= 4.5
    assert contrast(SLOTS[key].light, JUPYTERLAB["dark"]) >= BEFORE_THE_FIRST_CELL


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", PAGES)
def test_two_slots_never_look_alike(theme: str, sight: str) -> None:
    seen = [lab(SIGHT[sight] @ linear(getattr(slot, theme))) for slot in SLOTS.values()]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) >= 30
