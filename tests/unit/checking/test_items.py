"""Is the analysis of exercises what textbooks and NumPy make of the same points?"""

from __future__ import annotations

import numpy as np
import pytest

from autograder.course.reports.item_analysis import LEAST, analyse, by_chance

MOST = {"easy": 2.0, "hard": 4.0, "other": 1.0}
NAMES = list(MOST)
RNG = np.random.default_rng(0)
POINTS = RNG.integers(0, [3, 5, 2], size=(40, 3)).astype(float)
CLASS = [dict(zip(NAMES, row, strict=True)) for row in POINTS.tolist()]


@pytest.mark.parametrize("place", range(3))
def test_discrimination_is_the_correlation_with_all_other_exercises(place: int) -> None:
    others = np.delete(POINTS, place, axis=1).sum(axis=1)
    expected = np.corrcoef(POINTS[:, place], others)[0, 1]
    assert analyse(MOST, CLASS)[place].discrimination == pytest.approx(expected)


def test_an_exercise_is_not_correlated_with_itself() -> None:
    alone = [{"easy": float(n % 3), "hard": 2.0, "other": float(n % 2)} for n in range(60)]
    easy = analyse(MOST, alone)[0]
    assert easy.discrimination == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("place", range(3))
def test_difficulty_is_the_mean_share_of_the_points(place: int) -> None:
    item = analyse(MOST, CLASS)[place]
    assert item.share == pytest.approx(POINTS[:, place].mean() / MOST[NAMES[place]])
    assert item.full == (POINTS[:, place] == MOST[NAMES[place]]).sum()
    assert item.none == (POINTS[:, place] == 0).sum()


def test_few_submissions_or_equal_points_have_no_discrimination() -> None:
    assert analyse(MOST, CLASS[: LEAST - 1])[0].discrimination is None
    assert analyse(MOST, CLASS[:LEAST])[0].discrimination is not None
    assert analyse(MOST, [each | {"easy": 2.0} for each in CLASS])[0].discrimination is None


def test_what_is_not_graded_yet_counts_in_no_item() -> None:
    waits = [{name: points for name, points in each.items() if name != "other"} for each in CLASS[:5]]
    items = {item.name: item for item in analyse(MOST, [*waits, *CLASS[5:]])}
    assert (items["other"].count, items["easy"].count) == (35, 40)
    assert items["other"].share == pytest.approx(POINTS[5:, 2].mean())


def test_chance_reaches_the_stated_size_in_one_class_of_twenty() -> None:
    pairs = RNG.normal(size=(4000, 2, 30))
    found = np.array([np.corrcoef(pair)[0, 1] for pair in pairs])
    assert np.mean(np.abs(found) > by_chance(30)) == pytest.approx(0.05, abs=0.02)
