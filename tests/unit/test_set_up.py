"""Does the set-up take PyTorch's build without GPU libraries, and say what it brings?"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tools import set_up

ROOT = Path(__file__).parents[2]
# As pip reports on the two builds of one version: from the package's own list of what it needs.
FOR_GPUS = ["filelock", "sympy>=1.13.3", 'nvidia-cublas==13.1.0; platform_system == "Linux"', "triton==3.7.0"]
FOR_CPUS = ["filelock", "sympy>=1.13.3", 'optree>=0.13.0; extra == "optree"']


# As pip 23 and 26 say it.
INSTALLING = [
    "Obtaining file:///course",
    "Collecting numpy==2.4.6 (from -r requirements.txt (line 20))",
    "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (62 kB)",
    "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.5 MB)",
    *(f"Collecting package{number}==1.0" for number in range(60)),
    "  Downloading package1-1.0-py3-none-any.whl (1.5 MB)",
    "Installing collected packages: numpy, package1, package2",
    "Successfully installed numpy-2.4.6",
]
ALL_IS_THERE = [
    "Obtaining file:///course",
    "Requirement already satisfied: numpy==2.4.6 in ./.venv/lib/python3.11/site-packages (2.4.6)",
    "Installing collected packages: backprop-by-hand",
]


class Machine:
    """Runs nothing: answers pip's questions with a report, and notes what was asked for."""

    def __init__(self, needs: Sequence[str], reaches_uv: bool = True, reaches_builds: bool = True) -> None:
        self.report = json.dumps({"install": [{"metadata": {"requires_dist": list(needs)}}]})
        self.lines = INSTALLING
        self.fails = {"uv==": not reaches_uv, "--torch-backend": not reaches_builds}
        self.asked: list[str] = []
        self.said: list[str] = []

    def run(self, command: Sequence[str], heard: Callable[[str], object]) -> subprocess.CompletedProcess[str]:
        text = " ".join(command)
        self.asked.append(text)
        for line in self.lines if " -r " in text else ():
            heard(f"{line}\n")
        failed = any(fails for word, fails in self.fails.items() if word in text)
        return subprocess.CompletedProcess(command, int(failed), self.report if "--report" in text else "")

    def set_up(self) -> int:
        return set_up.set_up(self.run, self.said.append)

    def told(self) -> str:
        return "\n".join(self.said)

    def got_cpu_build(self) -> bool:
        return any("--torch-backend cpu torch==" in command for command in self.asked)


@pytest.fixture(autouse=True)
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "is_installed", lambda pin: False)


def test_where_pip_would_take_the_build_for_gpus_the_cpu_build_comes_first() -> None:
    machine = Machine(FOR_GPUS)
    assert machine.set_up() == 0
    assert machine.got_cpu_build()
    assert "-r" in machine.asked[-1]
    assert f"{set_up.GB_WITH_CPU_BUILD:g} GB" in machine.told()


def test_where_pips_own_build_needs_no_gpu_nothing_else_is_fetched() -> None:
    machine = Machine(FOR_CPUS)
    machine.set_up()
    assert [command for command in machine.asked if "uv" in command] == []
    assert f"{set_up.GB_WITH_CPU_BUILD:g} GB" in machine.told()


@pytest.mark.parametrize("lost", [{"reaches_uv": False}, {"reaches_builds": False}])
def test_where_the_cpu_build_cannot_be_had_it_says_how_much_the_other_takes(lost: dict[str, bool]) -> None:
    machine = Machine(FOR_GPUS, **lost)
    assert machine.set_up() == 0
    assert f"{set_up.GB_WITH_GPU_BUILD:g} GB" in machine.told()


def test_a_build_that_is_there_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "is_installed", lambda pin: True)
    machine = Machine(FOR_GPUS)
    machine.set_up()
    assert len(machine.asked) == 1


def test_it_says_in_a_few_lines_how_far_it_is_and_what_is_large() -> None:
    machine = Machine(FOR_CPUS)
    machine.set_up()
    assert [line.strip() for line in machine.said[1:]] == [
        "downloading numpy, 16.5 MB",
        "50 packages found",
        "installing 3 packages",
    ]


def test_it_says_nothing_where_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "is_installed", lambda pin: True)
    machine = Machine(FOR_CPUS)
    machine.lines = ALL_IS_THERE
    machine.set_up()
    assert machine.said == []


@pytest.mark.slow
def test_the_real_pip_reports_on_the_build_it_would_take() -> None:
    asked = set_up._run([*set_up._PIP_SAYS, set_up.pinned("numpy")], set_up._ignore)
    (package,) = json.loads(asked.stdout)["install"]
    assert package["metadata"]["name"] == "numpy"
    assert not set_up.needs_gpu_libraries(json.loads(asked.stdout))


@pytest.mark.parametrize("page", ["README.md", "book/start.md"])
def test_pages_tell_the_sizes_that_the_set_up_tells(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert f"{set_up.GB_WITH_CPU_BUILD:g} GB" in text
    assert f"{set_up.GB_WITH_GPU_BUILD:g} GB" in text


@pytest.mark.parametrize(("code", "shown"), [(0, ""), (3, "a warning\n")], ids=["that works", "that fails"])
def test_standard_error_is_shown_only_of_a_command(code: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = f"import sys; print('a warning', file=sys.stderr); sys.exit({code})"
    assert set_up._run([sys.executable, "-c", program], set_up._ignore).returncode == code
    assert capsys.readouterr().err == shown
