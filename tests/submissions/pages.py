"""What in a feedback page would act in a browser or a terminal, though a learner wrote it."""

from __future__ import annotations

from html.parser import HTMLParser

_ACTING_LINKS = ("javascript:", "vbscript:", "data:text", "data:image/svg", "file:")


class _Acting(HTMLParser):
    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            plain = "".join((value or "").split()).lower()
            if self.mark in f"{tag} {name} {value}" or name.startswith("on") or plain.startswith(_ACTING_LINKS):
                self.found.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in ("script", "style") and self.mark in data:
            self.found.append(f"<{self.inside}> {data[:100]}")

    def handle_comment(self, data: str) -> None:
        if self.mark in data:
            self.found.append(f"<!--{data[:100]}")

    handle_pi = unknown_decl = handle_comment


def acting(page: str, mark: str) -> list[str]:
    """Return where `mark` stands as anything but text, and what else is written to act."""
    parser = _Acting(mark)
    parser.feed(page)
    parser.close()
    return parser.found


def control_characters(text: str) -> set[str]:
    """Return the characters that a terminal obeys, but for line ends and tabs."""
    return {c for c in text if (ord(c) < 32 and c not in "\n\t\r") or 127 <= ord(c) < 160}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def text_of(page: str) -> str:
    """Return what a page says, without its tags and with single spaces."""
    parser = _Text()
    parser.feed(page)
    return " ".join("".join(parser.text).split())
