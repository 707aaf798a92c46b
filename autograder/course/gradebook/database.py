"""The gradebook's database: opened, or the reason why not and what to do about it."""

from __future__ import annotations

import re

from nbgrader.api import Gradebook
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from autograder.course.nbgrader_api import quiet_nbgrader
from autograder.errors import UsageError

_ADDRESS = "An address looks like postgresql+psycopg://USER@HOST/DATABASE"
# What drivers say, and what to do then; the first that fits.
_ADVICE = (
    ("resolve host|translate host", "Check the name of the host"),
    (
        "refused|No such file or directory|timed? ?out|unreachable|No route",
        "Start the server there, or correct the host",
    ),
    ("database .* does not exist", "Make the database first, with PostgreSQL's createdb"),
    (
        "no password supplied|authentication failed|role .* does not exist|pg_hba",
        "Check user and password (in ~/.pgpass)",
    ),
    ("permission denied|InsufficientPrivilege", "Let this user make tables, as the owner of a database may"),
    (
        "No module named",
        "Install the driver that the address names; for postgresql+psycopg: pip install -e '.[postgresql]'",
    ),
    ("unable to open", "Its folder is missing, or you may not write there"),
    ("not a database", "Move that file away, or name another"),
    ("column|no such table|relation", "An older nbgrader made it: copy it, then run `nbgrader db upgrade`"),
)


def open_gradebook(address: str) -> Gradebook:
    """Return nbgrader's gradebook at an address, made where the database is empty. Raises UsageError."""
    try:
        with quiet_nbgrader():
            return Gradebook(address)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise UsageError(f"the gradebook {shown(address)} cannot be opened: {_why(error, address)}") from None


def shown(address: str) -> str:
    """Return an address without its password, also where it is no proper address."""
    try:
        told = make_url(address).render_as_string()
    except (ArgumentError, ValueError):
        told = re.sub(r"(?<=:)[^:/][^:]*(?=@)", "***", address)
    return re.sub(r"(?<=password=)[^&]*", "***", told)


def _why(error: Exception, address: str) -> str:
    if isinstance(error, ArgumentError | NoSuchModuleError | ValueError):
        return f"this is no address of a database. {_ADDRESS}"
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")
    url = make_url(address)
    for password in filter(None, (url.password, url.query.get("password"))):
        said = said.replace(str(password), "***")
    advice = next((f". {advice}" for pattern, advice in _ADVICE if re.search(pattern, said)), "")
    return said + advice
