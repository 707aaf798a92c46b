"""The graded exercises, one module a chapter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from autograder.chapters import (
    affine_layer,
    chain_rule,
    computation_graphs,
    delta_template,
    dropout,
    mlp_by_hand,
    without_autograd,
)
from autograder.exercise import Exercise

CHAPTERS = (
    chain_rule,
    computation_graphs,
    delta_template,
    affine_layer,
    mlp_by_hand,
    dropout,
    without_autograd,
)  # in course order


@cache
def exercises() -> Mapping[str, Exercise]:
    """Return every exercise by name, in course order. Names are unique over the course."""
    found = [exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES]
    return MappingProxyType({exercise.name: exercise for exercise in found})
