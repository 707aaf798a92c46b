"""What runs beside a learner's code: NumPy and the standard library, nothing else."""
