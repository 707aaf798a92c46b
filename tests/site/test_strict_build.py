"""Does a broken page stop the build, the second time too?"""

from pathlib import Path

import pytest

from tests.site.conftest import build, small_book

HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# A page\n\n"
BROKEN = {
    "a cell that raises": HEAD + "```{code-cell} python\nassert 1 == 2\n```\n",
    "a cell that writes to stderr": HEAD + "```{code-cell} python\nimport warnings\nwarnings.warn('look')\n```\n",
    "a link that leads nowhere": HEAD + "[gone](gone.md)\n",
}
WORDS = {
    "a cell that raises": "AssertionError",
    "a cell that writes to stderr": "stderr was found",
    "a link that leads nowhere": "gone.md",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_fails_the_build_and_the_build_after_it(fault: str, tmp_path: Path) -> None:
    source = small_book(tmp_path / "source", {"book/index": BROKEN[fault]})
    for _ in range(2):
        result = build(source, tmp_path)
        assert result.returncode != 0
        assert WORDS[fault] in result.stdout + result.stderr


def test_a_change_in_imported_code_or_in_the_style_reaches_the_built_page(tmp_path: Path) -> None:
    page = HEAD + "```{code-cell} python\nimport helper\nprint(helper.word)\n```\n"
    source = small_book(tmp_path / "source", {"book/index": page})
    html = tmp_path / "_build" / "html"
    for word in ("before", "after"):
        (source / "book" / "helper.py").write_text(f"word = {word!r}\n", encoding="utf-8")
        (source / "book" / "_static" / "course.css").write_text(f"/* {word} */", encoding="utf-8")
        result = build(source, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        assert word in (html / "book" / "index.html").read_text(encoding="utf-8")
        assert word in (html / "_static" / "course.css").read_text(encoding="utf-8")
