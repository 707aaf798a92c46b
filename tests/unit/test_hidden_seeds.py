"""Every student is graded on inputs of another seed: what a draw must hold, it holds for every seed."""

from __future__ import annotations

import numpy as np

from autograder import exercises
from autograder.checking import draw

SEEDS = range(2**63, 2**63 + 40)


def test_the_long_xor_run_starts_from_the_seed_that_the_learner_has_seen() -> None:
    starts = {draw(exercises()["train_xor"], seed)[-1].arguments["seed"] for seed in SEEDS}
    assert len(starts) == 1


def test_sigmoid_linear_is_always_asked_where_exp_overflows_on_either_side() -> None:
    for seed in SEEDS:
        nets = [case.names.x @ case.names.W + case.names.b for case in draw(exercises()["SigmoidLinear"], seed)]
        assert max(map(np.max, nets)) > 710
        assert min(map(np.min, nets)) < -710
