"""How long does a learner wait for the first verdict of a notebook?"""

from tools.bench import first_checks


def test_without_pytorch_the_first_check_takes_at_most_half_as_long() -> None:
    everything, light = first_checks(3)
    assert light <= everything / 2
