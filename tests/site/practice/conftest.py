"""The site with what practice in its pages is made of, served as strictly as it can be."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.practice.lab_page import strictly_served

MISSING = "the site was built without practice: python -m tools.practice says why"


@pytest.fixture(scope="session")
def practice_site(site: Path) -> Path:
    if not (site / "_static" / "practice" / "manifest.json").exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return site


@pytest.fixture(scope="session")
def strict(practice_site: Path) -> Iterator[str]:
    with strictly_served(practice_site) as address:
        yield address
