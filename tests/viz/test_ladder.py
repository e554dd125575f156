"""Counting crossings is exact, settling a row is optimal, and the passes over the rows earn their place."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.viz import ladder, layout


def random_ladder(seed: int) -> ladder.Ladder:
    rng, n = random.Random(seed), 40 + 10 * seed
    edges = [(rng.randrange(max(0, i - 20), i), i) for i in range(1, n) for _ in range(1 + (rng.random() < 0.5))]
    weights = [1.0] * len(edges)
    return layout._cut_long_edges([(60, 30)] * n, edges, weights, layout._assign_layers(n, edges, weights))


def crossings(rungs: ladder.Ladder) -> int:
    place = [0] * len(rungs.layer)
    for row in rungs.rows:
        ladder._number(row, place)
    return ladder._crossings(rungs.rows, rungs, place)


@pytest.mark.parametrize("seed", range(3))
def test_crossings_are_counted_exactly(seed: int) -> None:
    rungs = random_ladder(seed)
    rungs.rows = ladder._first_order(rungs, mirrored=False)
    count = 0
    for row, next_row in itertools.pairwise(rungs.rows):
        links = [(row.index(u), next_row.index(v)) for u in row for v in rungs.below[u]]
        count += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(links, 2))
    assert crossings(rungs) == count > 0


def test_swapping_neighbours_removes_crossings_that_mean_places_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    def total() -> int:
        rungs = [random_ladder(seed) for seed in range(8)]
        for each in rungs:
            ladder.order_rows(each)
        return sum(map(crossings, rungs))

    with_swaps = total()
    monkeypatch.setattr(ladder, "_swap_neighbours", lambda *_: None)
    assert with_swaps < 0.95 * total()


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 10), st.floats(0, 20)), min_size=1, max_size=8))
def test_settling_keeps_the_gaps_and_nothing_near_it_is_better(row: list[tuple[float, float, float]]) -> None:
    want, pull, half = (list(column) for column in zip(*row, strict=True))
    x = [0.0] * len(row)
    ladder.settle(range(len(row)), want, pull, half, x)

    def cost(x: list[float]) -> float:
        return sum((p * (a - w)) ** 2 for a, w, p in zip(x, want, pull, strict=True))

    def allowed(x: list[float]) -> bool:
        return all(x[i + 1] - x[i] >= half[i] + half[i + 1] - 1e-6 for i in range(len(x) - 1))

    assert allowed(x)
    for i, j in itertools.combinations(range(len(row) + 1), 2):  # moving any run of neighbours together
        for shift in (-0.01, 0.01):
            moved = [a + shift if i <= k < j else a for k, a in enumerate(x)]
            assert not allowed(moved) or cost(moved) >= cost(x) - 1e-6


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 5)), min_size=1, max_size=9))
def test_weighted_median_is_the_middle_of_the_best_places(near: list[tuple[int, int]]) -> None:
    def cost(x: float) -> float:
        return sum(w * abs(x - value) for value, w in near)

    values = sorted({value for value, _ in near})
    best = [value for value in values if cost(value) == min(map(cost, values))]
    assert ladder._median([(float(value), float(w)) for value, w in near]) == (best[0] + best[-1]) / 2
