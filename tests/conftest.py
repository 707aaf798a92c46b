"""Settings for every test."""

from hypothesis import settings

# Time is no property of the code: a test that is slow once on a busy machine is not wrong.
settings.register_profile("course", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("course")
