"""The exporters by the name that users type: `nbgrader export --exporter=autograder.course.exporters.X`."""

from autograder.course.lms.exporters import *  # noqa: F403
