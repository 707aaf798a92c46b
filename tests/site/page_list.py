"""The pages of the site, known before it is built, so that each is a test of its own."""

import re

import yaml

from tests.site.conftest import ROOT

_CONTENTS = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
_SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
_ADDED = {"index", "search", *_SETTINGS.get("html_additional_pages", {})}

PAGES = [*_CONTENTS, *sorted(_ADDED)]
CHAPTERS_AND_LABS = [name for name in _CONTENTS if re.search(r"/\d\d_", name)]
