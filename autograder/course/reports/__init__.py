"""From a graded class to what an instructor reads."""
