"""Builds exercises of the kinds that repeat, and the inputs that tell right answers from nearly right ones."""
