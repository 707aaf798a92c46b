"""What learners ask of their labs outside a check: what is done, and what would be graded."""

import autograder.course  # noqa: F401  before nbformat, which would take seconds longer to load
