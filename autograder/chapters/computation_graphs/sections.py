"""Where the exercises of chapter 02 belong."""

from __future__ import annotations

from autograder.exercise import Section

CHAPTER = "02_computation_graphs"

MULTIPLY = Section("computation-graphs-multiply", "A multiplication")
ADD = Section("computation-graphs-add", "An addition")
WORKED = Section("computation-graphs-worked", "A worked example")
COLLAPSE = Section("computation-graphs-collapse", "Two linear layers are one")
EDGES = Section("computation-graphs-engine", "Slopes on the edges")
ORDER = Section("computation-graphs-order", "Consumers first")
PATHS = Section("computation-graphs-paths", "Fan-out: the sum over paths")
FIT = Section("computation-graphs-fit", "Fitting one weight")
