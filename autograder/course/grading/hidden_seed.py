"""The secret of a course: it makes a learner's hidden inputs the same at every regrade, and unknown to the learner."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

_NAME = "secret.key"


def key_of(course: Path, assignment: str, student: str) -> bytes:
    """Return the key of one submission's hidden inputs, from the course's secret. Raises OSError."""
    return hmac.digest(_secret(course), f"{assignment}\0{student}".encode("utf-8", "surrogateescape"), "sha256")


def _secret(course: Path) -> bytes:
    """Return the secret in `course`, readable by its owner alone; make it the first time."""
    path = course / _NAME
    try:
        secret = path.read_bytes()
        if len(secret) == 32:
            return secret
    except FileNotFoundError:
        pass
    new = course / f".{_NAME}.{secrets.token_hex(4)}"
    with open(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
        os.fsync(file.fileno())
    try:
        os.link(new, path)  # fails when another process was first
    except FileExistsError:
        if path.stat().st_size != 32:
            os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return path.read_bytes()
