"""Is the time of a hand-in read as it was meant, however it was written, and left alone where that is not certain?"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.gradebook.course_folder import Course
from autograder.course.gradebook.recorder import register
from autograder.course.intake.notebooks import Notice
from autograder.course.intake.submissions import read_timestamp
from autograder.course.intake.timestamps import ZONES, UnclearTimeError, read_time
from autograder.sandbox.limits import Limits
from tests.course.helpers import command, graded, results
from tools.make_class import LAB, answered, reference

NOON = datetime(2025, 11, 2, 12, 0)  # a Sunday

AT_NOON = [
    *("2025-11-02T12:00:00Z", "2025-11-02 12:00", "2025-11-02T12:00", "2025-11-02t12:00:00z", "2025-11-02T12:00:00"),
    *("2025-11-02 13:00:00 +0100", "2025-11-02 13:00:00+01:00", "2025-11-02T13:00+01", "2025-11-02 13:00:00 +01"),
    *("2025-11-02T07:30:00-0430", "2025-11-02 12:00:00 -0000", "2025-11-02 08:00:00 \u221204:00", "20251102T120000Z"),
    *("20251102T1300+0100", "2025-W44-7T12:00Z", "2025-11-01T24:00:00-1200", "2025-11-03 02:00:00+14:00"),
    *("2025-11-02 12:00:00.000000 UTC", "2025-11-02 13:00:00.000000 CET", "2025-11-02 09:00:00.000000 -03"),
    *("2025-11-02T12:00:00.000000Z", "2025-11-02T12:00:00,000+00:00", "2025-11-02 12:00:00 GMT"),
    *("Sun Nov  2 13:00:00 CET 2025", "Sun Nov  2 12:00:00 UTC 2025", "Sun Nov  2 01:00:00 PM CET 2025"),
    *("Sun 02 Nov 2025 01:00:00 PM CET", "Sun  2 Nov 15:00:00 +03 2025", "Sun  2 Nov 07:00:00 EST 2025"),
    *("Sun, 02 Nov 2025 13:00:00 +0100", "2 Nov 2025 12:00 GMT", "Sun, 2 Nov 2025 13:00:00 +0100 (CET)"),
    *("Sun Nov 2 13:00:00 2025 +0100", "Date:   Sun Nov 2 13:00:00 2025 +0100", "Sun Nov  2 12:00:00 2025"),
    *("Sun Nov 02 2025 13:00:00 GMT+0100 (Central European Standard Time)", "Sunday, November 2, 2025 12:00 pm"),
    *("2025-11-02 13:00:00 UTC+1", "2025-11-02 13:00:00 UTC+01:00", "2025-11-02 13:00:00 Europe/Berlin"),
    *('"2025-11-02 12:00:00 UTC"\n', "\n\n  2025-11-02 12:00:00 UTC\r\n\r\n", "2025-11-02\u00a012:00:00 UTC"),
]
ELSEWHERE = {
    "2025-11-02 12:00:00.250000 UTC": NOON + timedelta(milliseconds=250),
    "2025-11-02T13:00:00,123456789+01:00": NOON + timedelta(microseconds=123456),
    "Sat Jul  5 14:00:00 CEST 2025": datetime(2025, 7, 5, 12, 0),
    "2025-07-05 14:00:00 CET": datetime(2025, 7, 5, 13, 0),
    "2025-07-05 14:00:00 Europe/Berlin": datetime(2025, 7, 5, 12, 0),
    "Sun Nov  2 12:30:00 AM UTC 2025": datetime(2025, 11, 2, 0, 30),
}
UNCLEAR = {
    "2025-11-02 12:00:00 CST": "`CST`",
    "2025-11-02 12:00:00 IST": "`IST`",
    "Sun Nov  2 12:00:00 BST 2025": "`BST`",
    "2025-11-02 12:00:00 PST": "`PST`",
    "2025-11-02 12:00:00 XYZ": "`XYZ`",
    "2025-11-02 12:00:00 A": "`A`",
    "2025-11-02 12:00:00 +1": "`+1`",
    "2025-11-02 12:00:00 +100": "`+100`",
    "2025-11-02 12:00:00 +2500": "`+2500`",
    "2025-11-02 12:00:00 +0170": "`+0170`",
    "2025-10-26 02:30:00 Europe/Berlin": "`Europe/Berlin`",
    "2025-03-30 02:30:00 Europe/Berlin": "`Europe/Berlin`",
    "2025-11-02 12:00:00 ../../etc/passwd": "etc/passwd",
    "2025-11-02": "no time of day",
    "Sun Nov 2 2025": "no time of day",
    "2025-11-02T": "no time of day",
    "2025-11": "form that is known",
    "2025": "form that is known",
    "13:00": "form that is known",
    "2025-11-02 13": "form that is known",
    "Sun Nov  2 13:00": "form that is known",
    "02/11/2025 13:00": "form that is known",
    "2.11.2025 13:00": "form that is known",
    "So 2. Nov 13:00:00 CET 2025": "form that is known",
    "2025-11-31 12:00:00 UTC": "form that is known",
    "2025-11-02 25:00:00 UTC": "form that is known",
    "2025-11-02 12:60:00 UTC": "form that is known",
    "2025-11-02 13:00 PM": "form that is known",
    "2025-11-02 12:00:00 UTC 2025-11-03 12:00:00 UTC": "form that is known",
    "Mon Nov  2 12:00:00 UTC 2025": "day of the week",
    "yesterday, about noon": "form that is known",
    "1793534400": "form that is known",
    "9999-12-31 23:59:59 UTC": "still to come",
    "0001-01-01 00:00:00 +1400": "form that is known",
    "1999-12-31 12:00": "long past",
    "": "is empty",
    " \n": "is empty",
}  # fmt: skip


@pytest.mark.parametrize("text", AT_NOON)
def test_the_same_time_is_read_in_every_known_form(text: str) -> None:
    assert read_time(text.encode()) == NOON


@pytest.mark.parametrize("text", ELSEWHERE)
def test_fractions_summer_time_and_midnight_are_read(text: str) -> None:
    assert read_time(text.encode()) == ELSEWHERE[text]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_an_editors_encoding_changes_nothing(encoding: str) -> None:
    assert read_time("2025-11-02 13:00:00 +0100\r\n".encode(encoding)) == NOON


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_not_certain_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UnclearTimeError, match=UNCLEAR[text].replace("+", r"\+")):
        read_time(text.encode())


def test_each_named_zone_has_one_offset_in_all_the_world_since_1970() -> None:
    offsets: dict[str, set[float]] = defaultdict(set)
    for zone in available_timezones():
        for days in range(0, 60 * 365, 45):
            local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).astimezone(ZoneInfo(zone))
            offset = local.utcoffset()
            assert offset is not None
            offsets[local.tzname() or ""].add(offset.total_seconds() / 3600)
    assert {name: {float(hours)} for name, hours in ZONES.items() if name != "Z"} == {
        name: offsets[name] for name in ZONES if name != "Z"
    }
    assert len(offsets["CST"]) > 1


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A class in which whoever is late gets nothing; all handed in an hour after noon in Berlin, or cannot be told."""
    said = {"date": "Sun Nov  2 13:00:00 CET 2025", "git": "2025-11-02 13:00:00 +0100", "india": "2025-11-02 19:00 IST"}
    for student, text in {**said, "late": "2025-11-02T12:31:00Z"}.items():
        folder = tmp_path / "submitted" / student / LAB
        folder.mkdir(parents=True)
        (folder / f"{LAB}.ipynb").write_text(nbformat.writes(answered(reference())))
        (folder / "timestamp.txt").write_text(text)
    at = Course.at(tmp_path, LAB)
    register(at)
    with Gradebook(at.db_url) as book:
        book.update_or_create_assignment(LAB, duedate=datetime(2025, 11, 2, 12, 30))
    return tmp_path


LATE = {"date": 0, "git": 0, "india": 0, "late": 60}


def seconds_late(course: Path) -> dict[str, float]:
    with Gradebook(Course.at(course, LAB).db_url) as book:
        return {each.student.id: each.total_seconds_late for each in book.assignment_submissions(LAB)}


def test_nobody_is_late_for_the_way_a_time_is_written(course: Path) -> None:
    graded(course)
    assert seconds_late(course) == LATE
    ((notice,),) = [result.notices for result in results(course).values() if result.notices]
    assert "`IST` is no zone with one meaning" in notice.text


@pytest.mark.slow
def test_nbgraders_own_command_reads_the_same_times(course: Path) -> None:
    done = command("nbgrader", "autograde", LAB, f"--CourseDirectory.root={course}")
    assert done.returncode == 0, done.stderr
    assert seconds_late(course) == LATE
    ((notice,),) = [result.notices for result in results(course).values() if result.notices]
    assert "`IST` is no zone with one meaning" in notice.text


@pytest.mark.parametrize("content", [b"2025-11-02 12:00 IST", b"", b"\xff\xfe\x00", b"`<b>` 12:00", b"x" * 2_000])
def test_a_time_that_is_ignored_is_shown_with_the_form_that_was_expected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "timestamp.txt").write_bytes(content)
    notices: list[Notice] = []
    assert read_timestamp(tmp_path / "timestamp.txt", Limits(), notices) is None
    (notice,) = notices
    assert notice.text.count("`") % 2 == 0
    assert "a time such as `2026-11-01 13:00:00 UTC` was expected, so it was ignored, and costs nothing" in notice.text
