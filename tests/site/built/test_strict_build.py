"""Does a broken page stop the build, the second time too, and does every change reach the built page?"""

from pathlib import Path

import pytest

from tests.site.conftest import build, small_book

pytestmark = pytest.mark.slow

HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# A page\n\n"
RAISES = HEAD + "```{code-cell} python\nassert 1 == 2\n```\n"
WARNS = HEAD + "```{code-cell} python\nimport warnings\nwarnings.warn('look')\n```\n"
LEADS_NOWHERE = "# A page\n\n[gone](gone.md)\n"
# Each with a fault for each page; the first page raises, which ends a build at once.
BROKEN = {
    "a cell that raises": ({"book/index": RAISES}, ["AssertionError"]),
    "a cell that writes to stderr and a link that leads nowhere": (
        {"book/index": WARNS, "book/other": LEADS_NOWHERE},
        ["stderr was found", "gone.md"],
    ),
}
EXTENSION = """
set_up = setup

def setup(app):
    app.connect("source-read", lambda app, name, text: text.append(text.pop() + "\\n\\nextension {word}"))
    return set_up(app)
"""


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_fails_the_build_and_the_build_after_it(fault: str, tmp_path: Path) -> None:
    pages, words = BROKEN[fault]
    source = small_book(tmp_path / "source", pages)
    for _ in range(2):
        result = build(source, tmp_path)
        assert result.returncode != 0
        assert [word for word in words if word not in result.stdout + result.stderr] == []


def test_a_change_in_imported_code_a_data_file_an_extension_or_the_style_reaches_the_built_page(tmp_path: Path) -> None:
    cell = "import helper\nfrom pathlib import Path\nprint(helper.word, Path('words.json').read_text())"
    source = small_book(tmp_path / "source", {"book/index": f"{HEAD}```{{code-cell}} python\n{cell}\n```\n"})
    extension, html = source / "book" / "extensions" / "symbol_links.py", tmp_path / "_build" / "html"
    code = extension.read_text("utf-8")
    for word in ("before", "after"):
        (source / "book" / "helper.py").write_text(f"word = 'code {word}'\n", encoding="utf-8")
        (source / "book" / "words.json").write_text(f'"data {word}"', encoding="utf-8")
        (source / "book" / "_static" / "course.css").write_text(f"/* {word} */", encoding="utf-8")
        extension.write_text(code + EXTENSION.format(word=word), encoding="utf-8")
        result = build(source, tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        page = (html / "book" / "index.html").read_text("utf-8")
        assert [kind for kind in ("code", "data", "extension") if f"{kind} {word}" not in page] == []
        assert word in (html / "_static" / "course.css").read_text("utf-8")
