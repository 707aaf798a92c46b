"""The collectors by the name that users type: `nbgrader zip_collect --collector=autograder.course.collectors.X`."""

from autograder.course.lms.collectors import *  # noqa: F403
