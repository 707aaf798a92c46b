"""Does every link of the built pages lead somewhere, and would a dead one be found?"""

from pathlib import Path

import pytest

from tests.site.links import dead_links


def test_every_link_leads_to_a_page_and_a_place_in_it(site: Path) -> None:
    assert dead_links(site) == []


@pytest.fixture
def two_pages(tmp_path: Path) -> Path:
    (tmp_path / "book").mkdir()
    (tmp_path / "index.html").write_text('<a href="book/one.html#here">one</a> <p id="end">', encoding="utf-8")
    (tmp_path / "book" / "one.html").write_text('<p id="here"> <a href="../index.html#end">back</a>', encoding="utf-8")
    return tmp_path


def test_a_good_tree_has_no_dead_link(two_pages: Path) -> None:
    assert dead_links(two_pages) == []


@pytest.mark.parametrize(
    "target",
    ["#gone", "gone.html", "../index.html#gone", "../gone.zip", "/gone.html", "http://example.org", "../../index.html"],
)
def test_a_dead_link_is_found(two_pages: Path, target: str) -> None:
    with (two_pages / "book" / "one.html").open("a", encoding="utf-8") as page:
        page.write(f'<a href="{target}">dead</a>')
    assert dead_links(two_pages) == [f"book/one.html: {target}"]
