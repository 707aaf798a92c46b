"""Is each file of a platform's download given to its owner, or refused by name, and never to anybody else?"""

from __future__ import annotations

import unicodedata

import pytest

from autograder.course.lms.collectors import CanvasCollector, MoodleCollector, Plan, plan
from tools.make_class import LAB

IPYNB = f"{LAB}.ipynb"


def canvas(*paths: str) -> Plan:
    return plan(paths, CanvasCollector().name, IPYNB)


def moodle(*paths: str) -> Plan:
    return plan(paths, MoodleCollector().name, IPYNB)


CANVAS = {
    f"lovelaceada_4711_90001_{IPYNB}": IPYNB,
    f"lovelaceada_LATE_4711_90001_{IPYNB}": IPYNB,
    f"submissions/lovelaceada_4711_90001_{LAB}-3.ipynb": IPYNB,
    f"lovelaceada_4711_90001_{LAB}-0f8fad5b-d9cb-469f-a165-70867728950e.ipynb": IPYNB,
    "lovelaceada_4711_90001_my.lab v1.2.ipynb": "my.lab v1.2.ipynb",
    "lovelaceada_4711_90001_lab-2.ipynb": "lab-2.ipynb",
    f"lovelaceada_4711_90001_{LAB}.IPYNB": f"{LAB}.IPYNB",
    f"lovelaceada_4711_90001_{LAB}.ipynb.txt": f"{LAB}.ipynb.txt",
    f"lovelaceada_4711_90001_{LAB} (1).ipynb": f"{LAB} (1).ipynb",
    f"de_la_cruz_3_cy_4711_90001_{IPYNB}": IPYNB,
    f"studygroup7_4711_90001_{IPYNB}": IPYNB,
    f"user_12_x_LATE_4711_90001_{IPYNB}": IPYNB,
    f"शर्माप्रिया_4711_90001_{IPYNB}": IPYNB,
    f"{unicodedata.normalize('NFD', 'éléonoreñ')}_4711_90001_{IPYNB}": IPYNB,
    f"นักเรียน_4711_90001_{IPYNB}": IPYNB,
    f"_4711_90001_{IPYNB}": IPYNB,
    f"lovelaceada_LATE_4711_90001_2_{IPYNB}": f"2_{IPYNB}",
    f"submissions/lovelaceada_4711_90001_work/deep/{IPYNB}": IPYNB,
    f"lovelaceada_4711_90001_work/{IPYNB}": IPYNB,
    f"submissions/lovelaceada_4711_90001_work/bob_4712_90002_{IPYNB}": f"bob_4712_90002_{IPYNB}",
}
MOODLE = {
    f"Ada Lovelace_4711_assignsubmission_file_/{IPYNB}": IPYNB,
    f"C-Lab 03-77/Ada Lovelace_4711_assignsubmission_file/{IPYNB}": IPYNB,
    f"Ada Lovelace_4711_assignsubmission_file_{IPYNB}": IPYNB,
    f"Ada_4711_assignsubmission_file_/my work/v2/{LAB}.IPYNB": f"{LAB}.IPYNB",
    f"Ada_4711_assignsubmission_file_/{LAB}.ipynb.txt": f"{LAB}.ipynb.txt",
    f"Participant 4711_4711_assignsubmission_file_/{IPYNB}": IPYNB,
    f"Team 9-Cy de_la_12 Cruz_4711_assignsubmission_file_/{LAB} (1).ipynb": f"{LAB} (1).ipynb",
    f"शर्मा प्रिया_4711_assignsubmission_file_/{IPYNB}": IPYNB,
    f"Ada_4711_assignsubmission_file_Bob_4712_assignsubmission_file_{IPYNB}": f"Bob_4712_assignsubmission_file_{IPYNB}",
    f"C/Ada_4711_assignsubmission_file_/Bob_4712_assignsubmission_file_/{IPYNB}": IPYNB,
    f"Ada_4711_assignsubmission_file_work/{IPYNB}": IPYNB,
}


@pytest.mark.parametrize("path", CANVAS)
def test_a_file_from_canvas_goes_to_its_owner(path: str) -> None:
    assert canvas(path) == Plan(collected={path: ("4711", CANVAS[path])})


@pytest.mark.parametrize("path", MOODLE)
def test_a_file_from_moodle_goes_to_its_owner(path: str) -> None:
    assert moodle(path) == Plan(collected={path: ("4711", MOODLE[path])})


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"anon_k3xQ9_90003_{IPYNB}", "anonymously"),
        (f"LATE_anon_k3xQ9_90003_{IPYNB}", "anonymously"),
        ("anon_12345_90003_4_lab.ipynb", "anonymously"),
        (f"submissions/anon_k3xQ9_90003_work/{IPYNB}", "anonymously"),
        (f"student_12_4711_90001_{IPYNB}", "may be 12 or 4711"),
        ("lovelaceada_4711_90001_2_layers.ipynb", "may be 4711 or 90001"),
        ("mallory_4711_90001_LATE_4712_90002_x.ipynb", "may be 4711 or 4712"),
        (IPYNB, "no name on its path"),
        (f"lovelaceada_4711_{IPYNB}", "no name on its path"),
        (f"4711_90001_{IPYNB}", "no name on its path"),
        (f"bob_4712_90002_work/ada_4711_90001_{IPYNB}", "two students"),
    ],
)
def test_a_name_from_canvas_that_is_not_certain_is_refused(path: str, said: str) -> None:
    made = canvas(path)
    assert (made.collected, list(made.refused)) == ({}, [path])
    assert said in made.refused[path]
    (line,) = made.lines()
    assert path in line
    assert not made.complete


@pytest.mark.parametrize("path", [IPYNB, f"Ada Lovelace/{IPYNB}", f"Ada_assignsubmission_file_/{IPYNB}"])
def test_a_file_without_a_number_of_moodles_is_refused(path: str) -> None:
    assert list(moodle(path).refused) == [path]


def test_who_handed_in_no_notebook_is_told_last() -> None:
    made = canvas(
        f"a_1_5_{IPYNB}", "a_1_6_notes.pdf", "b_2_7_lab.pdf", "b_2_8_x.py", "c_3_text.html", "grades.csv", "?.ipynb"
    )
    assert list(made.lines()) == [
        "not collected, being no notebook: a_1_6_notes.pdf",
        "not collected: ?.ipynb: no name on its path holds a student's number",
        "nothing collected from student 2, who has no notebook in: b_2_7_lab.pdf, b_2_8_x.py",
        "nothing collected from student 3, who has no notebook in: c_3_text.html",
    ]
    text = moodle("Eve_4715_assignsubmission_onlinetext_/onlinetext.html")
    assert text.without == ["4715"]
    assert canvas(f"a_1_5_{IPYNB}", "a_1_6_notes.pdf").complete


@pytest.mark.parametrize(
    "clutter", ["__MACOSX/x.ipynb", f"a_1_5_w/__MACOSX/._{IPYNB}", "a_1_5_w/.ipynb_checkpoints/x.ipynb"]
)
def test_clutter_is_no_hand_in(clutter: str) -> None:
    made = canvas(clutter, ".DS_Store")
    assert (made, made.complete) == (Plan(), True)


def test_of_two_notebooks_of_a_name_the_later_upload_has_it() -> None:
    made = canvas(f"a_1_5_{IPYNB}", f"a_1_7_{LAB}-1.ipynb", f"a_1_6_{LAB}-2.ipynb", f"b_2_9_{IPYNB}")
    assert made.collected == {
        f"a_1_5_{IPYNB}": ("1", f"{LAB} (3).ipynb"),
        f"a_1_6_{LAB}-2.ipynb": ("1", f"{LAB} (2).ipynb"),
        f"a_1_7_{LAB}-1.ipynb": ("1", IPYNB),
        f"b_2_9_{IPYNB}": ("2", IPYNB),
    }


def test_of_two_notebooks_in_a_learners_folder_the_upper_one_has_the_name() -> None:
    made = moodle(f"A_1_assignsubmission_file_/a/{IPYNB}", f"A_1_assignsubmission_file_/{IPYNB}")
    assert made.collected[f"A_1_assignsubmission_file_/{IPYNB}"] == ("1", IPYNB)
    assert made.collected[f"A_1_assignsubmission_file_/a/{IPYNB}"] == ("1", f"{LAB} (2).ipynb")
