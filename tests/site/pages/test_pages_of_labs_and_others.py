"""Can every other page be read by everybody: wide and narrow, in light and dark, without another host?"""

import pytest
from playwright.sync_api import Browser

from tests.site.page_checks import faults, faults_on_a_phone
from tests.site.page_list import CHAPTERS, LABS, PAGES

OTHERS = [name for name in PAGES if name not in CHAPTERS]
FEW = ("book/index", "book/symbols", LABS[0])  # one of each kind
ON_A_PHONE = ("book/index", CHAPTERS[0], LABS[0], "search")


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in OTHERS])
def test_a_page_loads_by_itself_and_can_be_read_by_everybody(
    browser: Browser, address: str, name: str, quick: bool
) -> None:
    assert faults(browser, address, name, quick=quick) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_A_PHONE)
def test_a_page_that_is_opened_on_a_phone_can_be_read_by_everybody(browser: Browser, address: str, name: str) -> None:
    assert faults_on_a_phone(browser, address, name) == []
