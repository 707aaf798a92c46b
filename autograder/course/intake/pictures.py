"""Keeps the pictures of a learner's text: attached to a cell, or written into it as data.

Only what is a PNG, JPEG, GIF or WebP by its bytes is kept, under a name of ours and encoded anew. What showed it in the
text shows it still, in one form that `SHOWN` finds again.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote

import imagesize
from nbformat import NotebookNode

SHOWN = re.compile(r"!\[(?P<words>picture \d{1,3})\]\(attachment:(?P<name>picture-\d{1,3}\.(?:png|jpeg|gif|webp))\)")

_WRITTEN_IN = re.compile(r"data:image/[\w.+-]{1,30};base64,[A-Za-z0-9+/=]+")
_IN_MARKDOWN = re.compile(
    r'!\[[^\]\n]*\]\(\s*<?attachment:(?P<name>(?:[^()\n<>"]|\([^()\n]*\))*)>?\s*(?:"[^"\n]*"\s*)?\)'
)
_IN_HTML = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?attachment:(?P<name>[^\"'<>]*)[\"']?[^<>]*>")
_IN_THE_TEXT = "in the text"
_FARTHEST = 600  # characters from the beginning of what shows a picture to the picture's name
_LONGEST_SHOWING = 2_000  # characters
_MOST_SHOWN = 200  # in one cell
_MOST_PICTURES = 100  # in one notebook
_MOST_PIXELS = 64_000_000  # a browser takes 4 bytes for each
_MOST_PIXELS_TOGETHER = 160_000_000
_MOST_NAMED = 5  # in one sentence


def lifted_out(source: str) -> tuple[str, NotebookNode]:
    """Return a text without the pictures that are written into it as data, and these as attachments."""
    lifted = NotebookNode()

    def lift(data: re.Match[str]) -> str:
        name = f"{_IN_THE_TEXT} {len(lifted) + 1}"
        lifted[name] = NotebookNode({"image/any": data[0].partition(",")[2]})
        return f"attachment:{name}"

    return _WRITTEN_IN.sub(lift, source), lifted


def keep_pictures(cells: Iterable[NotebookNode], most: int) -> list[str]:
    """Leave of what is attached to cells of text the pictures, within `most` bytes; say what is left out, and why."""
    pictures = _Pictures(most)
    for cell in cells:
        if cell.cell_type != "code":
            pictures.take(cell)
    return [_left_out(names, why) for why, names in pictures.left_out.items()]


def _left_out(names: Sequence[str], why: str) -> str:
    listed = ", ".join(f"`{_printable(name)}`" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"The picture{'s' if names[1:] else ''} {listed}{more} {'are' if names[1:] else 'is'} left out: {why}."


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() and c != "`" else "?" for c in name)[:80]


@dataclass
class _Pictures:
    """The pictures of one notebook, which may take `most` bytes together; `left_out` are names by the reason."""

    most: int
    taken: int = 0
    pixels: int = 0
    count: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def take(self, cell: NotebookNode) -> None:
        """Leave in a cell of text the attachments that are pictures, and show each in the text where it was shown."""
        found = dict(_attached(cell.pop("attachments", None)))
        names = {name: ours for name, texts in found.items() if (ours := self._keep(name, texts, cell))}
        cell.source, shown = _renamed(cell.source, names)
        hidden = [ours for ours in names.values() if ours not in shown]
        cell.source += "".join(f"\n\n{_showing(ours)}" for ours in hidden)
        for name in _shown_in(cell.source) - found.keys() - names.keys():
            self._leave_out(
                name, "the text shows what the notebook does not hold. Paste the picture into the cell again"
            )

    def _keep(self, name: str, texts: list[str], cell: NotebookNode) -> str:
        """Return the name of ours under which a picture is kept, or "" where it is left out."""
        if self.count >= _MOST_PICTURES:
            return self._leave_out(name, f"a notebook may hold {_MOST_PICTURES} pictures")
        if min(map(len, texts), default=0) * 3 // 4 > self.most - self.taken:
            return self._leave_out(name, f"a notebook may hold {self.most / 1e6:g} MB of pictures. Make them smaller")
        image, kind = next(((i, k) for i in map(decoded, texts) if (k := kind_of(i))), (b"", ""))
        if not kind:
            return self._leave_out(name, "only PNG, JPEG, GIF and WebP are taken. Save pictures as one of these")
        size = pixels(image)
        if not size:
            return self._leave_out(name, "the data are damaged")
        if size > min(_MOST_PIXELS, _MOST_PIXELS_TOGETHER - self.pixels):
            return self._leave_out(name, "there are too many pixels. Make the pictures smaller")
        self.taken, self.pixels, self.count = self.taken + len(image), self.pixels + size, self.count + 1
        ours = f"picture-{self.count}.{kind}"
        kept = NotebookNode({f"image/{kind}": base64.b64encode(image).decode()})
        cell.attachments = NotebookNode(cell.get("attachments", {}), **{ours: kept})
        return ours

    def _leave_out(self, name: str, why: str) -> str:
        self.left_out.setdefault(why, []).append(name)
        return ""


def data_uri(attachment: object) -> str:
    """Return the address that shows an attachment of ours, or "" for what is not one."""
    for text in _texts(attachment):
        image = decoded(text)
        if kind_of(image):
            return f"data:image/{kind_of(image)};base64,{base64.b64encode(image).decode()}"
    return ""


def decoded(text: str) -> bytes:
    """Return the bytes of base64, none for what is not base64."""
    plain = "".join(text.split())
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def kind_of(image: bytes) -> str:
    """Return what a picture is by its first bytes: "png", "jpeg", "gif", "webp", or "" for anything else."""
    if image.startswith(b"RIFF") and image[8:12] == b"WEBP":
        return "webp"
    beginnings = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}
    return next((kind for beginning, kind in beginnings.items() if image.startswith(beginning)), "")


def pixels(image: bytes) -> int:
    """Return how many pixels a picture has by its header, 0 when that is damaged."""
    width, height = imagesize.get(io.BytesIO(image), exif_rotation=False)
    return int(width * height) if min(width, height) > 0 else 0


def _attached(attachments: object) -> Iterator[tuple[str, list[str]]]:
    if isinstance(attachments, dict):
        for name, bundle in islice(attachments.items(), 2 * _MOST_PICTURES):
            yield str(name), _texts(bundle)


def _texts(bundle: object) -> list[str]:
    """Return the texts of an attachment, which holds one picture in one or several formats."""
    values = bundle.values() if isinstance(bundle, dict) else ()
    lines = [value if isinstance(value, list) else [value] for value in values]
    return ["".join(line for line in one if isinstance(line, str)) for one in lines]


def _renamed(source: str, names: dict[str, str]) -> tuple[str, set[str]]:
    """Return text that shows pictures by their new names, and the new names it shows."""
    parts, done, shown = [], 0, set()
    for beginning, end, name in _showings(source):
        ours = names.get(name) or names.get(unquote(name)) or names.get(name.split(" ")[0])
        if ours and beginning >= done:
            parts += [source[done:beginning], _showing(ours)]
            done = end
            shown.add(ours)
    return "".join([*parts, source[done:]]), shown


def _showings(source: str) -> Iterator[tuple[int, int, str]]:
    """Yield beginning, end and name of everything in a text that shows an attachment."""
    for word in islice(re.finditer("attachment:", source), _MOST_SHOWN):
        earliest = max(0, word.start() - _FARTHEST)
        for pattern, opening in ((_IN_MARKDOWN, "!["), (_IN_HTML, "<img")):
            beginning = source.rfind(opening, earliest, word.start())
            match = pattern.match(source, beginning, beginning + _LONGEST_SHOWING) if beginning >= 0 else None
            if match and match.start("name") == word.end():
                yield beginning, match.end(), match["name"].strip()


def _showing(ours: str) -> str:
    return f"![picture {ours.partition('-')[2].partition('.')[0]}](attachment:{ours})"


def _shown_in(source: str) -> set[str]:
    """Return the names of the attachments that a text shows, but for those that are ours already."""
    names = {unquote(name) for *_, name in _showings(source)}
    return {name for name in names if not name.startswith(("picture-", _IN_THE_TEXT))}
