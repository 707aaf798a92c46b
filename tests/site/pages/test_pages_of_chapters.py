"""Can every chapter be read by everybody: wide and narrow, in light and dark, without another host?"""

import pytest
from playwright.sync_api import Browser

from tests.site.page_checks import faults
from tests.site.page_list import CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_loads_by_itself_and_can_be_read_by_everybody(
    browser: Browser, address: str, name: str, quick: bool
) -> None:
    assert faults(browser, address, name, quick=quick) == []
