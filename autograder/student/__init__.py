"""What learners ask of their labs outside a check: what is done, and what would be graded."""
