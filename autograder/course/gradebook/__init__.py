"""From a result to nbgrader's gradebook, and what stands in it."""
