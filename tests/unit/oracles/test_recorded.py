"""What PyTorch answers to the public cases is in the files, and comes back from them as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import labs
from autograder.browser.record import answers_of, is_fresh
from autograder.cli import main
from autograder.oracles import recorded
from autograder.oracles.recorded import agree, pack, path_of, unpack

LAB = "01_chain_rule"
DATA: dict[str, Any] = {
    "arrays": [
        np.arange(6.0).reshape(2, 3),
        np.array([True, False]),
        np.array([3, 4]),
        np.ones((0, 2)),
        np.array(1.5),
    ],
    "scalars": [np.float64(0.1), np.int64(7), 0.1, 7, True, None, "Σ δ"],
    "nested": {"tuple": (1, (2.5, np.ones(2))), "odd": [float("inf"), float("nan"), -0.0]},
}


@pytest.mark.parametrize("lab", labs.all_labs())
def test_the_recorded_answers_are_what_pytorch_answers(lab: str) -> None:
    assert is_fresh(lab, answers_of(lab)), f"run: python -m autograder record {lab}"


def test_the_same_answers_make_the_same_bytes() -> None:
    answers = unpack(path_of(LAB).read_bytes())
    assert pack(answers) == pack(unpack(pack(answers))) == path_of(LAB).read_bytes()


def test_data_come_back_as_they_were() -> None:
    back = unpack(pack(DATA))
    assert repr(back) == repr(DATA)
    assert agree(back, DATA)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("arrays", [np.arange(6.0).reshape(3, 2), *DATA["arrays"][1:]]),
        ("arrays", [np.arange(6.0).reshape(2, 3) + 1e-6, *DATA["arrays"][1:]]),
        ("arrays", [DATA["arrays"][0], np.array([True, True]), *DATA["arrays"][2:]]),
        ("arrays", DATA["arrays"][:-1]),
        ("scalars", [0.1, *DATA["scalars"][1:]]),
        ("scalars", [*DATA["scalars"][:-1], "Σ"]),
        ("nested", {**DATA["nested"], "tuple": [1, (2.5, np.ones(2))]}),
        ("nested", {"tuple": DATA["nested"]["tuple"]}),
    ],
)
def test_other_data_do_not_agree(name: str, other: Any) -> None:
    assert not agree(DATA, {**DATA, name: other})


def test_the_last_bits_of_another_processor_agree() -> None:
    assert agree(DATA, {**DATA, "arrays": [DATA["arrays"][0] * (1 + 1e-15), *DATA["arrays"][1:]]})


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_or_missing_file_is_stale_and_written_anew(
    damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = path_of(LAB).read_bytes()
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    if damage is not None:
        path_of(LAB).write_bytes(damage)
    assert main(["record", "--check", LAB]) == 1
    assert "python -m autograder record 01_chain_rule" in capsys.readouterr().out
    assert main(["record", LAB]) == 0
    assert path_of(LAB).read_bytes() == before
    assert main(["record", "--check", LAB]) == 0
