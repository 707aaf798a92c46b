"""Does every page work on a phone, in light and dark, without another host?"""

import pytest
from playwright.sync_api import Browser

from tests.site.page_checks import PHONE, faults
from tests.site.page_list import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_by_itself_and_can_be_read_by_everybody(browser: Browser, address: str, name: str) -> None:
    assert faults(browser, address, name, PHONE) == []
