"""Every student is graded on inputs of another seed: what a draw must hold, it holds for every seed."""

from __future__ import annotations

import numpy as np
import pytest

from autograder import check, exercises
from autograder.checking import draw_cases

SEEDS = range(2**63, 2**63 + 40)


def test_the_long_xor_run_starts_from_the_seed_that_the_learner_has_seen() -> None:
    starts = {draw_cases(exercises()["train_xor"], seed)[-1].arguments["seed"] for seed in SEEDS}
    assert len(starts) == 1


def test_sigmoid_linear_is_always_asked_where_exp_overflows_on_either_side() -> None:
    for seed in SEEDS:
        nets = [case.names.x @ case.names.W + case.names.b for case in draw_cases(exercises()["SigmoidLinear"], seed)]
        assert max(map(np.max, nets)) > 710
        assert min(map(np.min, nets)) < -710


@pytest.mark.parametrize("name", ["mlp_forward", "mlp_backward", "mlp_dropout_backward", "train_by_hand", "sgd_step"])
def test_the_keys_of_params_always_come_in_several_orders(name: str) -> None:
    for seed in SEEDS:
        assert len({tuple(case.arguments["params"]) for case in draw_cases(exercises()[name], seed)}) > 2


def test_a_node_is_always_used_twice_by_one_consumer_while_another_is_open() -> None:
    for seed in SEEDS:
        for name in ("topological_order", "backward"):
            edges = [
                list(zip(case.arguments["consumers"].tolist(), case.arguments["inputs"].tolist(), strict=True))
                for case in draw_cases(exercises()[name], seed)
                if len(case.arguments["data"]) < 100
            ]
            assert any(len({c for c, i in one if i == 1}) > 1 < one.count((2, 1)) for one in edges)


@pytest.mark.parametrize("name", ["leaky_relu_slope", "leaky_relu_backward"])
def test_a_net_of_0_always_follows_a_positive_one_in_its_row_and_in_its_column(name: str) -> None:
    for seed in SEEDS:
        nets = [case.arguments["net"] for case in draw_cases(exercises()[name], seed)]
        assert any((net[1:, 1:] == 0)[(net[:-1, 1:] > 0) & (net[1:, :-1] > 0)].any() for net in nets if net.ndim == 2)


def test_a_right_mask_always_passes() -> None:
    for seed in SEEDS[:20]:
        assert check(lambda shape, p, rng: (rng.random(shape) >= p).astype(float), "dropout_mask", seed).passed
