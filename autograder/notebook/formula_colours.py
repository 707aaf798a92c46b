"""The slots' colours in the formulas of a lab that is open in JupyterLab, where they are to be read on dark pages too.

A formula can name one colour only, and none has a contrast of 4.5:1 on white and on JupyterLab's black: 4.35 is the
most there is. So the labs name the light ones, and the first cell brings a style sheet for the dark theme.
"""

from __future__ import annotations

import os
import sys

from autograder.palette import SLOTS

# Set by Jupyter's server for a kernel that a notebook was opened with, not where notebooks are run by a program.
_OPENED = "JPY_SESSION_NAME"


def style() -> str:
    """Return the style sheet: MathJax writes a colour as rgb(…), KaTeX as it stands in the formula."""
    rules = []
    for slot in SLOTS.values():
        red, green, blue = (int(slot.light[at : at + 2], 16) for at in (1, 3, 5))
        ways = (f"rgb({red}, {green}, {blue})", slot.light)
        places = ", ".join(f'[data-jp-theme-light="false"] .jp-RenderedHTMLCommon [style*="{way}"]' for way in ways)
        rules.append(f"{places} {{ color: {slot.dark} !important; }}")
    return "\n".join(rules)


def show() -> None:
    """Bring the style sheet into a notebook that somebody has opened."""
    ipython = sys.modules.get("IPython")
    if os.environ.get(_OPENED) and ipython and hasattr(ipython.get_ipython(), "kernel"):
        from IPython.display import HTML, display

        display(HTML(f"<style>{style()}</style>"))
