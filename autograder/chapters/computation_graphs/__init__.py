"""The exercises of chapter 02: computation graphs. Sizes: N samples; D units below, H between, K above."""

from __future__ import annotations

from autograder.chapters.computation_graphs import backward, fit, operations, order, value

PARTS = (operations, value, order, backward, fit)  # in the order of the lab
