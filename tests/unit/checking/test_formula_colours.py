"""Formulas of a lab in JupyterLab's dark theme: the first cell brings the colours that can be read there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from autograder.notebook.formula_colours import style
from autograder.palette import SLOTS

SETUP = "import numpy as np\n\nfrom autograder import check"


@contextmanager
def kernel(variables: Mapping[str, str]) -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(kernel_name="python3", env=os.environ | variables)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def shown(client: BlockingKernelClient, source: str) -> list[Any]:
    messages: list[dict[str, Any]] = []
    client.execute_interactive(source, output_hook=messages.append)
    return [message["content"]["data"] for message in messages if message["msg_type"] == "display_data"]


def test_an_opened_lab_gets_the_style_sheet_with_its_first_cell_and_once() -> None:
    with kernel({"JPY_SESSION_NAME": "/labs/lab.ipynb"}) as client:
        (data,) = shown(client, SETUP)
        assert data["text/html"] == f"<style>{style()}</style>"
        assert shown(client, SETUP) == []


def test_a_lab_that_a_program_runs_shows_nothing_more() -> None:
    with kernel({"JPY_SESSION_NAME": ""}) as client:
        assert shown(client, SETUP) == []


@pytest.mark.parametrize("key", SLOTS)
def test_the_light_colour_is_replaced_in_both_spellings_on_dark_pages_only(key: str) -> None:
    slot = SLOTS[key]
    rule = next(line for line in style().splitlines() if slot.light in line)
    red, green, blue = (int(slot.light[at : at + 2], 16) for at in (1, 3, 5))
    selectors, _, declarations = rule.partition(" { ")
    assert declarations == f"color: {slot.dark} !important; }}"
    assert selectors.count('[data-jp-theme-light="false"] ') == 2
    assert re.findall(r'\[style\*="([^"]+)"\]', selectors) == [f"rgb({red}, {green}, {blue})", slot.light]
