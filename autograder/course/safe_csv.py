"""CSV files that a spreadsheet can open without running what stands in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

# A spreadsheet takes text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_rows(file: TextIO, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV. Numbers stay as they are; None is an empty field; text is made harmless."""
    csv.writer(file, lineterminator="\n").writerows([[_field(value) for value in row] for row in rows])


def harmless(text: str) -> str:
    """Return text that is no formula: with an apostrophe in front where it would be one. The usual advice of OWASP."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _field(value: object) -> object:
    if value is None:
        return ""
    return value if isinstance(value, int | float) else harmless(str(value))
