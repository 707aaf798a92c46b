"""The pages of the site, known before it is built, so that each is a test of its own."""

import re

import yaml

from autograder.labs import ROOT

CONTENTS = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
_SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
_ADDED = {"index", "search", *_SETTINGS.get("html_additional_pages", {})}

PAGES = [*CONTENTS, *sorted(_ADDED)]
CHAPTERS_AND_LABS = [name for name in CONTENTS if re.search(r"/\d\d_", name)]
CHAPTERS = [name for name in CHAPTERS_AND_LABS if name.startswith("book/")]
LABS = [name for name in CHAPTERS_AND_LABS if name not in CHAPTERS]
