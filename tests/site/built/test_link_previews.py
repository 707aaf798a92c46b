"""What do a browser's tab, a search engine and a link to a page say of it?"""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.site.page_list import CONTENTS

NAME = "Backprop by Hand"


def head(site: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((site / f"{name}.html").read_text("utf-8").partition("</head>")[0], "html.parser")


def tags(site: Path, name: str) -> dict[str, str]:
    found = head(site, name).select("meta:is([name], [property])")
    return {str(tag.get("property") or tag.get("name")): str(tag["content"]) for tag in found}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_title_names_the_page_and_then_the_course(site: Path, name: str) -> None:
    page = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")
    (heading,) = page.select("article h1")
    own = heading.get_text().removesuffix("#")
    assert page.title
    assert page.title.text == (NAME if own == NAME else f"{own} — {NAME}")
    assert tags(site, name)["og:title"] == own


def test_no_two_pages_have_the_same_title_or_description(site: Path) -> None:
    for key in ("og:title", "description"):
        assert len({tags(site, name)[key] for name in CONTENTS}) == len(CONTENTS)


@pytest.mark.parametrize("name", [*CONTENTS, "index"])
def test_a_description_is_words_and_not_too_long(site: Path, name: str) -> None:
    text = tags(site, name)["description"]
    assert 60 <= len(text) <= 200
    assert not re.search(r"[\\$_{}`]", text)
    assert tags(site, name)["og:description"] == text


def test_the_sites_own_address_is_described_as_its_first_page(site: Path) -> None:
    assert tags(site, "index").items() <= tags(site, "book/index").items()
    assert head(site, "index").select_one("title") == head(site, "book/index").select_one("title")


@pytest.mark.parametrize("name", [*CONTENTS, "index"])
def test_nothing_absolute_is_claimed_while_no_address_is_configured(site: Path, name: str) -> None:
    assert not {"og:url", "og:image"} & tags(site, name).keys()
    assert not head(site, name).select("link[rel=canonical]")


@pytest.mark.parametrize("name", CONTENTS)
def test_headings_leave_out_no_level(site: Path, name: str) -> None:
    page = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")
    levels = [int(heading.name[1]) for heading in page.select("article :is(h1, h2, h3, h4, h5, h6)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(lower - upper for upper, lower in zip(levels, [*levels[1:], 1], strict=True)) <= 1
