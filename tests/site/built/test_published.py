"""What does the site show more once `_config.yml` names its address and its repository?"""

import json
import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.site.conftest import ROOT, build, small_book

pytestmark = pytest.mark.slow

HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# A chapter\n\n"
CHAPTER = HEAD + "```{code-cell} python\n1\n```\n"
LAB = "exercises/01_chain_rule/01_chain_rule"
ADDRESS = "https://example.org/some/course"
REPOSITORY = "https://github.com/someone/backprop"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of three pages, with this repository's settings and both addresses."""
    pages = {
        "book/index": "# The course\n\nWhat it is about.\n",
        "book/01_chain_rule": CHAPTER,
        "book/symbols": "# Symbols\n\nNone.\n",
        "book/start": "# Start here\n\n```{get-course}\n```\n",
    }
    source = small_book(tmp_path_factory.mktemp("published"), pages)
    shutil.copytree(ROOT / "exercises", source / "exercises")
    toc = json.loads((source / "_toc.yml").read_text("utf-8"))
    toc["chapters"].append({"file": LAB})
    (source / "_toc.yml").write_text(json.dumps(toc), encoding="utf-8")
    config = (ROOT / "_config.yml").read_text("utf-8")
    for setting, value in (("url", REPOSITORY), ("baseurl", ADDRESS)):
        config, found = re.subn(rf'^  {setting}: ""', f'  {setting}: "{value}"', config, flags=re.MULTILINE)
        assert found == 1
    (source / "_config.yml").write_text(config, encoding="utf-8")
    result = build(source, source)
    assert result.returncode == 0, result.stdout + result.stderr
    return source / "_build" / "html"


def page(site: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")


def test_a_lab_can_be_launched_where_its_notebook_lies(published: Path) -> None:
    links = page(published, LAB).select(".dropdown-launch-buttons a")
    assert {link.text.strip(): link["href"] for link in links} == {
        "Binder": f"https://mybinder.org/v2/gh/someone/backprop/main?urlpath=lab/tree/{LAB}.ipynb",
        "Colab": f"https://colab.research.google.com/github/someone/backprop/blob/main/{LAB}.ipynb",
    }


def test_a_lab_says_what_colab_needs(published: Path) -> None:
    assert f"%pip install --no-deps git+{REPOSITORY}" in page(published, LAB).select(".lab-start")[0].text


def test_start_here_tells_how_to_clone_the_repository(published: Path) -> None:
    (command,) = page(published, "book/start").select("article pre")
    assert command.text.strip() == f"git clone {REPOSITORY} backprop-by-hand"


@pytest.mark.parametrize("name", ["book/01_chain_rule", "book/index", "book/symbols"])
def test_a_page_that_is_no_notebook_cannot_be_launched(published: Path, name: str) -> None:
    assert not page(published, name).select(".dropdown-launch-buttons")


def test_a_preview_gives_the_pages_address_and_a_picture_that_exists(published: Path) -> None:
    tags = {str(tag["property"]): str(tag["content"]) for tag in page(published, LAB).select("meta[property]")}
    assert tags["og:url"] == f"{ADDRESS}/{LAB}.html"
    picture = published / tags["og:image"].removeprefix(f"{ADDRESS}/")
    with Image.open(picture) as image:
        assert image.size == (1200, 630)  # what link previews are cut to


def test_the_sites_address_previews_its_first_page(published: Path) -> None:
    tags = {str(tag["property"]): str(tag["content"]) for tag in page(published, "index").select("meta[property]")}
    assert tags["og:url"] == f"{ADDRESS}/book/index.html"


def test_the_missing_page_starts_from_the_path_of_the_address(published: Path) -> None:
    assert [base["href"] for base in page(published, "404").select("base")] == ["/some/course/"]
