"""What runs in a learner's process."""
