"""Right and wrong solutions of every exercise: `RIGHT[exercise]` earns every point, each of `WRONG` fails its parts."""

from tests.unit.corpus import (
    affine_layer,
    chain_rule,
    computation_graphs,
    delta_template,
    dropout,
    mlp_by_hand,
    without_autograd,
)
from tests.unit.corpus.wrong import Wrong

__all__ = ["CORPORA", "RIGHT", "WRONG", "Wrong"]

CORPORA = (
    chain_rule,
    computation_graphs,
    delta_template,
    affine_layer,
    mlp_by_hand,
    dropout,
    without_autograd,
)  # in course order

RIGHT = {name: solutions for corpus in CORPORA for name, solutions in corpus.RIGHT.items()}
WRONG: list[Wrong] = [wrong for corpus in CORPORA for wrong in corpus.WRONG]
