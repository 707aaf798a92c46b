"""Tells a learner's words in a cell from the text of the lab that learners were given, and from code."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.course.cells import parsed_cell, squeezed

# A letter of a script that writes no blanks counts as a word.
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+")
_NO_PROSE = re.compile(
    r"<[^<>]*>|(?<=\])\([^()\n]*\)|^\W*(?:name|student|matri\w*|group|author|date|e-?mail|course)\b.*$",
    re.MULTILINE | re.IGNORECASE,
)
_TEXT_MAGICS = ("%%markdown", "%%latex", "%%html")
_CODE = re.compile(r"\w[(\[]|=|^\s*(?:import|from|return|pass)\b", re.MULTILINE)
_BEGINS_AS_CODE = re.compile(
    r"^\s*(?:def \w+\s*\(|class \w+.*:|import \w|from [\w.]+ import|return\b|@\w|print\()", re.MULTILINE
)
_EDGE = 12  # characters by which a changed line is known to be a given one
_SAME = 0.8  # of a given line: then the rest is what was written into it
_FEW_SIGNS = 0.12  # of the characters of prose
_SHORTEST_LINE = 4  # characters
_SHORTEST_TEXT = 4  # words of a text in code: shorter ones are labels


def count_words(text: str) -> int:
    """Return how many words there are in a text, without HTML, addresses and who wrote it."""
    return len(_WORD.findall(_NO_PROSE.sub(" ", text)))


class GivenText:
    """The text of a lab as it was released."""

    def __init__(self, released: NotebookNode) -> None:
        sources = [cell.source for cell in released.cells]
        lines = [line.strip() for source in sources for line in source.splitlines()]
        comments = [line[place:].lstrip("# ") for line in lines for place, sign in enumerate(line) if sign == "#"]
        self.cells = {squeezed(source) for source in sources}
        self.lines = {squeezed(line) for line in (*lines, *comments)}
        self.everything = squeezed("".join(sources))
        self.by_beginning = {line[:_EDGE]: line for line in lines if len(line) >= _EDGE}
        self.by_end = {line[-_EDGE:]: line for line in lines if len(line) >= _EDGE}

    def own(self, source: str) -> str:
        """Return what is not given in a learner's text: whole lines, and what was written into given ones."""
        if squeezed(source) in self.cells:
            return ""
        lines = source.splitlines()
        own = [self._own_line(line) for line in lines]
        if own == lines:
            return source
        return re.sub(r"\n{3,}", "\n\n", "\n".join(own)).strip()

    def _own_line(self, line: str) -> str:
        if len(squeezed(line)) < _SHORTEST_LINE:
            return line
        if squeezed(line) in self.lines:
            return ""
        plain = line.strip()
        given = self.by_beginning.get(plain[:_EDGE]) or self.by_end.get(plain[-_EDGE:])
        if not given:
            return line
        first = _same_beginning(plain, given)
        last = min(_same_beginning(plain[::-1], given[::-1]), len(given) - first, len(plain) - first)
        same = first + last >= _SAME * len(given)
        return plain[first : len(plain) - last].strip() if same else line

    def words_in_code(self, source: str, texts: bool = True) -> tuple[str, bool]:
        """Return the words in a code cell, and whether it holds nothing else: comments, texts that stand alone,
        docstrings, and with `texts` other texts that are long enough not to be labels.

        A cell that Python cannot read holds words only where it looks like prose.
        """
        first, _, rest = source.partition("\n")
        if first.strip() in _TEXT_MAGICS:
            return self.own(rest), True
        tree = parsed_cell(source)
        if tree is None and _looks_like_prose(source):
            return self.own(source), True
        found = [*_comments(source), *(_texts(tree, texts) if tree else ())]
        own = [text for _, text in sorted(found) if self._is_own(text)]
        only_words = tree is not None and all(_stands_alone(line) for line in tree.body)
        return "\n\n".join(own), only_words and bool(own)

    def _is_own(self, text: str) -> bool:
        if not count_words(text) or squeezed(text) in self.everything:
            return False
        return bool(self.own(text)) and not (parsed_cell(text) and _CODE.search(text))


def _same_beginning(one: str, other: str) -> int:
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


def _looks_like_prose(source: str) -> bool:
    signs = sum(map(source.count, "=()[]{}*/+_"))
    return not source.startswith("%") and not _BEGINS_AS_CODE.search(source) and signs < _FEW_SIGNS * len(source)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the comments of a code cell with their lines; those on lines of their own below one another together."""
    block: list[str] = []
    last = 0
    for line, text, alone in _each_comment(source):
        if block and not (alone and line == last + 1):
            yield last, "\n".join(block)
            block = []
        block.append(text)
        last = line
    if block:
        yield last, "\n".join(block)


def _each_comment(source: str) -> Iterator[tuple[int, str, bool]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string.lstrip("# "), not token.line[: token.start[1]].strip()
    except (tokenize.TokenError, SyntaxError):
        return


def _texts(tree: ast.Module, others: bool) -> Iterator[tuple[int, str]]:
    """Yield the texts in code: those that stand alone, docstrings too, and `others` that are no labels."""
    alone = {id(line.value) for line in ast.walk(tree) if isinstance(line, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = "\n".join(line.strip() for line in node.value.strip().splitlines())
            if id(node) in alone or (others and count_words(text) >= _SHORTEST_TEXT):
                yield node.lineno, text


def _stands_alone(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
