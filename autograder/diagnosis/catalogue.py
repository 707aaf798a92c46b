"""The catalogue of mistakes: what goes wrong in handwritten backpropagation, in words and as a formula.

All of it stands in catalogue.toml, in the order of the book's page of mistakes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mistake:
    """A mistake learners make: what happened, and the wrong formula beside the right one.

    `slot` is what it concerns of the δ template, "" for none of the three; `tempting` says why one falls for it,
    `notice` how to see it. `exercises` name it by their judge or by a relation in the numbers, not by a suspect.
    """

    id: str
    group: str
    sentence: str
    wrong: str
    right: str
    tempting: str
    notice: str
    slot: str = ""
    exercises: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        return f"{self.sentence} That is {self.wrong}; it should be {self.right}."


_FILE = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text("utf-8"))

GROUPS: dict[str, str] = _FILE["groups"]
CATALOGUE = {
    id_: Mistake(id_, **{**entry, "exercises": tuple(entry.get("exercises", ()))})
    for id_, entry in _FILE["mistakes"].items()
}
