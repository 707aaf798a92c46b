"""Pages followed to the letter: every command of a page, in its order, as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder import labs
from tests.course.helpers import ENVIRONMENT

PROGRAMS = r"(?:[A-Z_]+=\S* )*(?:python3?|nbgrader|jupyter|pip|make|git|cd|rm|grep|dask|sudo|export|\.) "
BLOCK = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(rf"(?<!`)`({PROGRAMS}[^`\n]+)`(?!`)")  # A command that is spoken of, not one to type.
MENTION = re.compile(r"python -m autograder( [a-z-]+)?")
# What else stands in a block without a language: the path of a file.
PATH = re.compile(r"[\w./<>-]+\n")

# Left out everywhere: what they do was done for this environment, or is done by who runs these tests.
# To install would also make this environment's `autograder` that of a copy, which is deleted afterwards.
SET_UP = re.compile(
    r"^(python3 -m venv|\. \.venv/bin/activate|(uv )?pip install|python tools/set_up\.py|make)\b.*\n?", re.MULTILINE
)

JUPYTER = f"""#!{sys.executable}
# Starts what was typed, without a browser, and ends it once it answers.
import subprocess, sys
asked = [sys.executable, "-m", "jupyter", *sys.argv[1:], "--no-browser", "--allow-root", "--port=0"]
started = subprocess.Popen(asked, stderr=subprocess.PIPE, text=True)
said = []
for line in started.stderr:
    said.append(line)
    if "is running at" in line:
        break
else:
    sys.exit("".join(said))
started.terminate()
started.communicate()
"""


def commands(page: str) -> list[str]:
    """Return the commands of a page, a block of lines at a time and those in its sentences, in their order."""
    text = (labs.ROOT / page).read_text("utf-8")
    found = [(match.start(), match[2]) for match in BLOCK.finditer(text) if match[1] in ("", "sh", "bash")]
    sentences = BLOCK.sub(lambda block: " " * len(block[0]), text)
    inline = [(m.start(), f"{m[1]} --help" if MENTION.fullmatch(m[1]) else m[1]) for m in INLINE.finditer(sentences)]
    blocks = [block for _, block in sorted(found + inline)]
    strange = [block for block in blocks if not re.match(PROGRAMS, block) and not PATH.fullmatch(block)]
    assert not strange, f"neither a command nor a path: {strange}"
    told = [block for block in blocks if re.match(PROGRAMS, block)]
    assert told, f"no command on {page}: this test has lost its subject"
    return told


def copy_of_the_repository(folder: Path) -> Path:
    shutil.copytree(labs.ROOT, folder, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info"))
    return folder


@dataclass
class Shell:
    """A terminal: where it is and what its variables are, from one command to the next."""

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        stand_in = self.home / "programs" / "jupyter"
        stand_in.parent.mkdir()
        stand_in.write_text(JUPYTER)
        stand_in.chmod(0o755)
        path = f"{stand_in.parent}{os.pathsep}{ENVIRONMENT['PATH']}"
        own = {"HOME": str(self.home), "PATH": path, "PYTHONPATH": str(self.folder)}
        self.variables = {**ENVIRONMENT, **own, **self.variables}

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as typed, and stay where it ended."""
        left = self.home / "left"
        script = f"set -e\n{command.rstrip()}\n{{ pwd; env -0; }} > {shlex.quote(str(left))}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            where, _, variables = left.read_text().partition("\n")
            self.folder = Path(where)
            self.variables = dict(each.split("=", 1) for each in variables.split("\0") if each)
        return done

    def well(self, command: str) -> str:
        done = self.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def follow(
    page: str,
    run: Callable[[str], object],
    *,
    instead: Mapping[str, Callable[[str], object]] | None = None,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> list[str]:
    """Run every command of a page in its order, and return them.

    `before` is what happens first, by how a command begins; `instead` runs a command another way. Each beginning has
    to be on the page.
    """
    ways, events = instead or {}, before or {}
    told = [left for left in (SET_UP.sub("", command) for command in commands(page)) if left]
    unused = [each for each in (*ways, *events) if not any(command.startswith(each) for command in told)]
    assert not unused, f"{page} has no command that begins with {unused}"
    waiting = dict(events)
    for command in told:
        for beginning in [each for each in waiting if command.startswith(each)]:
            waiting.pop(beginning)()
        way = next((way for beginning, way in ways.items() if command.startswith(beginning)), run)
        way(command)
    return told
