"""To and from learning platforms and nbgrader's exchange."""
