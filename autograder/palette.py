"""The three slots of the delta template and the colours they keep everywhere.

The figures and the feedback take their colours from here.  The book's style sheet and that of the graphs repeat both
sets, the book's icon and the labs in `solutions/` the light one: a colour changed here has to be changed there, and
`tests/site/content/test_slot_colours.py` finds the place that was forgotten.  Both sets reach a contrast of 4.5:1
against their page (WCAG AA) and stay apart under protanopia, deuteranopia and tritanopia; the same tests measure it.
Colour never carries the meaning alone: name or symbol is beside it.
"""

from typing import NamedTuple


class Slot(NamedTuple):
    """One factor of the template.  `symbol` is LaTeX without dollar signs; colours are `#rrggbb`."""

    key: str
    name: str
    symbol: str
    light: str
    dark: str


UPSTREAM = Slot("upstream", "upstream gradient", "g", "#3355ee", "#8099ff")
SLOPE = Slot("slope", "local slope", r"\sigma'(\mathrm{net})", "#c2480c", "#ff9326")
INPUT = Slot("input", "input", "x", "#97477f", "#f2c4e2")

SLOTS = {slot.key: slot for slot in (UPSTREAM, SLOPE, INPUT)}


def colour(slot: Slot) -> str:
    """Return the slot's colour as CSS that follows light and dark; the first where `light-dark` is not known."""
    return f"color: {slot.light}; color: light-dark({slot.light}, {slot.dark})"
