"""Reads the time at which something was handed in, as nbgrader, JupyterHub, `date` and git write it.

A time that can be meant in two ways, or that leaves out what a time needs, is refused with the reason and never
completed. One without a zone is in UTC, as nbgrader takes it.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from autograder.course.intake.notebooks import shown

FORM = "2026-11-01 13:00:00 UTC"

# Hours east of UTC. Each of these names has meant one offset in all the world since 1970; CST, IST, BST, PST and more
# have not, and AST and MST are used for others than the tz database has.
ZONES = {
    **{"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3},
    **{"WAT": 1, "CAT": 2, "SAST": 2, "EAT": 3, "PKT": 5, "WIB": 7, "WITA": 8, "WIT": 9, "HKT": 8, "JST": 9},
    **{"AWST": 8, "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
    **{"NDT": -2.5, "EDT": -4, "EST": -5, "MDT": -6, "AKDT": -8, "AKST": -9, "HST": -10},
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_HOURS = 14  # that a zone is away from UTC

_AROUND = " \t\r\n\f\v\0\ufeff\"'`“”‘’"
_LABEL = re.compile(r"(?:author|commit)?date:\s*", re.IGNORECASE)  # of git log
_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d-?\d)(?:T|\s|$)", re.IGNORECASE)
_DIGITS = re.compile(r"\A(\d\d)(\d\d)(\d\d)?(?!\d|:)")  # ISO 8601 allows a clock without colons
_CLOCK = re.compile(
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?(?!\w))?(?:\s?(?P<zone>\S+))?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(UTC|GMT)?([+-])(\d\d?)(:?\d\d)?", re.IGNORECASE)
_COMMENT = re.compile(r"(?<=[+-]\d{4})\s?\([^()]*\)$")  # a zone's name behind its offset
_WORDS = {
    "weekday": r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?",
    "month": r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|(?:nov|dec)(?:ember)?)\.?",
    "year": r"\d{4}",
    "day": r"\d\d?",
}


class UnclearTimeError(Exception):
    """No time can be had for certain; `text` is what stands there, the message what is wrong with it."""

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(reason)
        self.text = text


def read_time(data: bytes) -> datetime:
    """Return the time that the content of a timestamp.txt tells, in UTC and without tzinfo. Raises UnclearTimeError."""
    text = _decoded(data)
    if not text:
        raise UnclearTimeError("is empty")
    try:
        time = _time(_COMMENT.sub("", _LABEL.sub("", " ".join(text.replace("\u2212", "-").split()), count=1)))
        now = datetime.now(UTC).replace(tzinfo=None)
        if not datetime(2000, 1, 1) <= time <= now + timedelta(days=1):
            raise UnclearTimeError("which is long past or still to come")
    except UnclearTimeError as error:
        raise UnclearTimeError(str(error), text) from None
    except (ValueError, OverflowError):
        raise UnclearTimeError("which is no date with a time of day in a form that is known", text) from None
    return time


def _decoded(data: bytes) -> str:
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip(_AROUND)


def _time(text: str) -> datetime:
    """Return the time in UTC. Raises ValueError where it has no known form."""
    iso = _ISO_DATE.match(text)
    if iso:
        day, rest = date.fromisoformat(iso[1]), _DIGITS.sub(_with_colons, text[iso.end() :])
    else:
        day, rest = _in_words(text)
    if not rest:
        raise UnclearTimeError("which tells no time of day")
    clock = _CLOCK.fullmatch(rest)
    if not clock:
        raise ValueError(rest)
    local = datetime(day.year, day.month, day.day) + _since_midnight(clock)
    return local - _offset(clock["zone"] or "UTC", local)


def _with_colons(digits: re.Match[str]) -> str:
    return ":".join(part for part in digits.groups() if part)


def _in_words(text: str) -> tuple[date, str]:
    """Return a date with an English month, whatever the order of its parts, and the words that are left."""
    words: dict[str, list[str]] = {kind: [] for kind in (*_WORDS, "rest")}
    for word in re.sub(r",(?= |$)", "", text).split():
        kind = next((kind for kind, form in _WORDS.items() if re.fullmatch(form, word, re.IGNORECASE)), "rest")
        words[kind].append(word)
    (year,), (month,), (number,) = words["year"], words["month"], words["day"]
    day = date(int(year), _MONTHS.index(month[:3].lower()) + 1, int(number))
    if [name[:3].lower() for name in words["weekday"]] not in ([], [_DAYS[day.weekday()]]):
        raise UnclearTimeError("whose day of the week is not that of its date")
    return day, " ".join(words["rest"])


def _since_midnight(clock: re.Match[str]) -> timedelta:
    hour, minute, second = (int(clock[part] or 0) for part in ("hour", "minute", "second"))
    if clock["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if clock["half"].lower() == "p" else 0)
    microsecond = int((clock["fraction"] or "0")[:6].ljust(6, "0"))
    since = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond)
    if minute > 59 or second > 59 or since > timedelta(days=1):
        raise ValueError(since)
    return since


def _offset(zone: str, local: datetime) -> timedelta:
    """Return how far a zone is ahead of UTC at a local time. Raises UnclearTimeError where that is not certain."""
    if zone.upper() in ZONES:
        return timedelta(hours=ZONES[zone.upper()])
    numbers = _OFFSET.fullmatch(zone)
    if numbers and (len(numbers[3]) == 2 or (numbers[1] and not (numbers[4] or ":").isdecimal())):
        minutes = int((numbers[4] or "0").removeprefix(":"))
        ahead = timedelta(hours=int(numbers[3]), minutes=minutes)
        if minutes < 60 and ahead <= timedelta(hours=_MOST_HOURS):
            return ahead if numbers[2] == "+" else -ahead
    place = _place(zone, local) if "/" in zone else None
    if place is None:
        raise UnclearTimeError(f"and `{shown(zone)}` is no zone with one meaning")
    return place


def _place(zone: str, local: datetime) -> timedelta | None:
    """Return the offset of a zone such as Europe/Berlin; None in an hour that summer time repeats or leaves out."""
    try:
        info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return None
    first, second = (local.replace(tzinfo=info, fold=fold).utcoffset() for fold in (0, 1))
    return first if first == second else None
