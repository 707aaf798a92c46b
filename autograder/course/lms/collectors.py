"""Submissions from a learning platform's download: `nbgrader zip_collect 03_delta_template --collector=...`.

The names that Canvas and Moodle give to files and folders are the whole of what a download says about its owner. What
does not say it for certain is refused by name. What is in a learner's own folder or archive is that learner's, whatever
it is called.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from nbgrader.plugins import FileNameCollectorPlugin

from autograder.course.intake.notebooks import shown
from autograder.course.intake.submissions import is_clutter, is_notebook

_CANVAS_NUMBER = re.compile(r"[1-9][0-9]*")
_CANVAS_ANONYMOUS = re.compile(r"(?:LATE_)?anon_[^_]*_[0-9]+_.+", re.DOTALL)
_CANVAS_NO_FILE = re.compile(r".*_([1-9][0-9]*)_(?:text|link)\.html", re.DOTALL)
# The first such number counts: what follows it, a learner may have named.
_MOODLE = re.compile(r".*?_([0-9]+)_assignsubmission_([a-z]+)_?(.*)", re.DOTALL)
# What Canvas puts behind the name of a file that is uploaded again.
_AGAIN = re.compile(r"-(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\.ipynb)", re.IGNORECASE)


class NoOwnerError(Exception):
    """A name says of nobody for certain whose it is; the message says why."""


class Named(NamedTuple):
    """What a name that the platform gave says: the student's number there, the name that the learner gave, whether it
    is that of something uploaded, and a number that grows with each upload (0 where there is none)."""

    student: str
    own: str
    uploaded: bool = True
    upload: int = 0


@dataclass
class Plan:
    """What becomes of each file of a download, by its path there.

    `collected` has the student's number and the name it gets. `refused` says why of what may be a hand-in. `ignored`
    holds each student's files that are no notebooks.
    """

    collected: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def without(self) -> list[str]:
        """The students of whom there are files but no notebook."""
        found = {student for student, _ in self.collected.values()}
        return [student for student in self.ignored if student not in found]

    @property
    def complete(self) -> bool:
        return not self.refused and not self.without

    def lines(self) -> Iterator[str]:
        """Yield what was left behind, and last of whom nothing was collected."""
        for student in self.ignored:
            if student not in self.without:
                yield f"not collected, being no notebook: {_listed(self.ignored[student])}"
        for path, reason in self.refused.items():
            yield f"not collected: {_listed([path])}: {reason}"
        for student in self.without:
            yield f"nothing collected from student {student}, who has no notebook in: {_listed(self.ignored[student])}"


def _listed(paths: Iterable[str]) -> str:
    return ", ".join(shown(path, 300) for path in paths)


def plan(paths: Iterable[str], name: Callable[[str], Named | None], expected: str) -> Plan:
    """Return what to do with the files of a download. `paths` are relative to its folder; `name` reads the name of a
    file or a folder and may raise NoOwnerError; `expected` is what the notebook should be called."""
    made = Plan()
    notebooks: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for path in sorted(paths):
        parts = path.split("/")
        if any(map(is_clutter, parts)):
            continue
        try:
            named, own = _owner(parts, name)
        except NoOwnerError as error:
            made.refused[path] = str(error)
            continue
        if named and named.uploaded and is_notebook(own):
            notebooks[named.student].append((-named.upload, len(parts), own, path))
        elif named:
            made.ignored[named.student].append(path)
        elif is_notebook(own):
            made.refused[path] = "no name on its path holds a student's number"
    for student, found in notebooks.items():
        made.collected |= {path: (student, own) for path, own in _without_doubles(sorted(found), expected)}
    return made


def _owner(parts: Sequence[str], name: Callable[[str], Named | None]) -> tuple[Named | None, str]:
    """Return what the outermost name on a path says that says anything, and what the learner called the file.

    A folder at the top is the whole download or one learner's archive; where it names somebody, nothing in it may name
    somebody else.
    """
    named = name(parts[0])
    if len(parts) == 1:
        return named, named.own if named else parts[0]
    inner, own = _owner_inside(parts[1:], name)
    if not named:
        return inner, own
    if inner and inner.student != named.student:
        raise NoOwnerError("the folder at the top and a name in it are of two students")
    return named, parts[-1]


def _owner_inside(parts: Sequence[str], name: Callable[[str], Named | None]) -> tuple[Named | None, str]:
    for place, part in enumerate(parts, 1):
        named = name(part)
        if named:
            return named, named.own if place == len(parts) else parts[-1]
    return None, parts[-1]


def _without_doubles(found: Iterable[tuple[int, int, str, str]], expected: str) -> Iterator[tuple[str, str]]:
    """Yield each path with its name in the student's folder: the first of a name has it, the others get a number."""
    taken: set[str] = set()
    for _, _, own, path in found:
        plain = _AGAIN.sub("", own, count=1)
        wanted = plain if plain.lower() == expected.lower() else own
        ending = wanted.lower().rindex(".ipynb")
        new, number = wanted, 1
        while new.lower() in taken:
            number += 1
            new = f"{wanted[:ending]} ({number}){wanted[ending:]}"
        taken.add(new.lower())
        yield path, new


class _Collector(FileNameCollectorPlugin):
    """Collects whatever `python -m autograder grade` would take. The command ends by listing what it left behind; its
    exit code is 1 where that may be somebody's hand-in."""

    def name(self, part: str) -> Named | None:
        """Return what the name of a file or a folder says, None where the platform did not give it. Raises
        NoOwnerError."""
        raise NotImplementedError

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        path = Path(submitted_file).relative_to(self._folder).as_posix()
        student, own = self._plan.collected.get(path, (None, ""))
        return None if student is None else {"student_id": student, "file_id": own}

    @property
    def _folder(self) -> str:
        return str(self.parent._format_collect_path(self.parent.extracted_directory))

    @cached_property
    def _plan(self) -> Plan:
        """What to do with the whole download: nbgrader shows a collector one file after the other."""
        below = [Path(folder, name) for folder, _, names in os.walk(self._folder) for name in names]
        paths = {path.relative_to(self._folder).as_posix(): path for path in below}
        links = [name for name, path in paths.items() if path.is_symlink()]
        made = plan(paths.keys() - links, self.name, f"{self.parent.coursedir.assignment_id}.ipynb")
        made.refused |= {
            name: "it is a link; links are not followed" for name in links if is_notebook(paths[name].name)
        }
        self._end_with(made)
        return made

    def _end_with(self, made: Plan) -> None:
        """Have nbgrader end with what was left behind: of its steps, transferring the files is the last."""
        transfer = self.parent._transfer_files

        def transfer_and_tell(collected: dict[str, Any]) -> None:
            transfer(collected)
            for line in made.lines():
                self.log.warning(line)
            if not made.complete:
                self.parent.exit(1)

        self.parent._transfer_files = transfer_and_tell


class CanvasCollector(_Collector):
    """Assignment > Download Submissions of Canvas. A student is known by Canvas's number, the ID of its gradebook.

    A file is called <name>_LATE_<number of the student>_<number of the file>_<its name>, _LATE where it was late; a
    later upload under the same name has -1, -2 and so on at its end. The work of a group bears the group's name and the
    number of one of its students.
    """

    def name(self, part: str) -> Named | None:
        if _CANVAS_ANONYMOUS.fullmatch(part):
            raise NoOwnerError("Canvas grades anonymously here; switch that off for the assignment and download again")
        fields = part.split("_")
        numbers = [bool(_CANVAS_NUMBER.fullmatch(each)) for each in fields]
        places = [place for place in range(1, len(fields) - 2) if numbers[place] and numbers[place + 1]]
        if not places:
            found = _CANVAS_NO_FILE.fullmatch(part)
            return Named(found[1], part, uploaded=False) if found else None
        if len(places) > 1 and fields[places[0] - 1] != "LATE":
            read = " or ".join(fields[place] for place in places)
            raise NoOwnerError(f"the student's number may be {read}; put it into that student's folder yourself")
        first = places[0]
        return Named(fields[first], "_".join(fields[first + 2 :]), upload=int(fields[first + 1]))


class MoodleCollector(_Collector):
    """Assignment > Download all submissions of Moodle, in folders or not. A student is known by the participant number.

    A folder is called <full name>_<participant number>_assignsubmission_file_ (in newer versions without the last _);
    without folders that is the beginning of each file's name.
    """

    def name(self, part: str) -> Named | None:
        found = _MOODLE.fullmatch(part)
        return Named(found[1], found[3], uploaded=found[2] == "file") if found else None
