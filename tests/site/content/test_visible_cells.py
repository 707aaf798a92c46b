"""What a chapter shows can be copied and runs, and its notebook holds what the page shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

BOOK = Path(__file__).parents[3] / "book"

CHAPTERS = sorted(path.stem for path in BOOK.glob("[0-9][0-9]_*.md"))

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


def visible(chapter: str) -> list[str]:
    cells = [cell for cell in jupytext.read(BOOK / f"{chapter}.md").cells if cell.cell_type == "code"]
    return [cell.source for cell in cells if not {"remove-input", "remove-cell"} & set(cell.metadata.get("tags", ()))]


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program where the modules of the book's own figures cannot be found."""
    path = folder / "program.py"
    path.write_text(program, "utf-8")
    return subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, cwd=folder, check=False)


@each_chapter
def test_the_visible_cells_of_a_chapter_run_by_themselves(chapter: str, tmp_path: Path) -> None:
    cells = visible(chapter)
    imported = {
        line.split()[1].partition(".")[0] for cell in cells for line in re.findall(r"^(?:import|from) .*", cell, re.M)
    }
    assert imported == {"numpy", "torch"}
    done = run("\n\n".join(cells), tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_cell_that_needs_a_hidden_one_is_found(tmp_path: Path) -> None:
    assert "NameError" in run("\n\n".join(visible(CHAPTERS[0])[2:]), tmp_path).stderr


@pytest.fixture(params=CHAPTERS)
def notebook(request: pytest.FixtureRequest, site: Path) -> nbformat.NotebookNode:
    made = nbformat.read(site / "book" / f"{request.param}.ipynb", as_version=4)
    nbformat.validate(made)
    made.chapter = request.param
    return made


def test_the_notebook_of_a_chapter_has_its_visible_cells_in_order(notebook: nbformat.NotebookNode) -> None:
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code"] == visible(notebook.chapter)


def test_no_markup_of_the_book_is_left_in_the_text_of_a_notebook(notebook: nbformat.NotebookNode) -> None:
    texts = [re.sub(r"\$[^$]+\$", "", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    left = r"\{[\w:-]+\}`|^\([\w-]+\)=|\]\([^a]|\]\{|^`{3,}\{|glue"
    assert [found[0] for text in texts for found in re.finditer(left, text, re.M)] == []


def test_a_page_links_to_its_notebook(site: Path) -> None:
    pages = {chapter: (site / "book" / f"{chapter}.html").read_text("utf-8") for chapter in CHAPTERS}
    assert [chapter for chapter, page in pages.items() if f'href="{chapter}.ipynb"' not in page] == []


def test_the_notebook_of_a_chapter_has_its_figures_with_words_for_them(notebook: nbformat.NotebookNode) -> None:
    figures = [cell.source for cell in notebook.cells if "attachments" in cell]
    assert len(figures) >= 3
    described = re.compile(r"!\[[^]]{20,}\]\(attachment:figure\)\n\n\S")  # what is seen, then the caption
    assert [figure for figure in figures if not described.match(figure)] == []
