"""L-BFGS walks PyTorch's path, with and without the line search, and stops where it stops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.optim.lbfgs import LBFGS, Point, cubic_minimum

from .problem import converted

torch = pytest.importorskip("torch")


class Valley:
    """Rosenbrock's valley in six dimensions, as a vector and a matrix."""

    def __init__(self, lib, **options):
        self.lib, self.calls = lib, 0
        self.params = [
            lib.tensor(v, dtype=lib.float64, requires_grad=True) for v in ([-1.2, 1.0], [[0.5, -0.3], [1.5, 2.0]])
        ]
        self.optimizer = lib.optim.LBFGS(self.params, **options)

    def closure(self):
        self.calls += 1
        self.optimizer.zero_grad()
        x = self.lib.cat([p.reshape(-1) for p in self.params])
        loss = (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    def values(self):
        return np.concatenate([p.detach().numpy().ravel() for p in self.params])


OPTIONS = [
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_eval": 6, "lr": 0.5},
    {"lr": 1e-3, "max_iter": 4},
    {"lr": 0.01, "max_iter": 7, "history_size": 3, "max_eval": 5},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2},
    {"line_search_fn": "strong_wolfe", "tolerance_change": 1e-3},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_path_and_the_number_of_evaluations_are_those_of_torch(options):
    paths = []
    for lib in (minigrad, torch):
        valley, path = Valley(lib, **options), []
        for _ in range(8):
            loss = valley.optimizer.step(valley.closure)
            path.append([float(loss), valley.calls, *valley.values()])
        paths.append(np.array(path))
    np.testing.assert_allclose(*paths, rtol=1e-6, atol=1e-9)


def test_the_bottom_of_the_valley_is_found():
    valley = Valley(minigrad, line_search_fn="strong_wolfe")
    for _ in range(8):
        valley.optimizer.step(valley.closure)
    np.testing.assert_allclose(valley.values(), 1, atol=1e-4)


@pytest.mark.parametrize("order", [(minigrad, torch), (torch, minigrad)], ids=["to torch", "from torch"])
def test_state_passes_to_torch_and_back(order):
    options = {"line_search_fn": "strong_wolfe", "max_iter": 3}
    whole = Valley(torch, **options)
    for _ in range(6):
        whole.optimizer.step(whole.closure)
    first, second = (Valley(lib, **options) for lib in order)
    for _ in range(3):
        first.optimizer.step(first.closure)
    for p, q in zip(first.params, second.params, strict=True):
        q.data = converted(p.detach(), second.lib)
    second.optimizer.load_state_dict(converted(first.optimizer.state_dict(), second.lib))
    for _ in range(3):
        second.optimizer.step(second.closure)
    np.testing.assert_allclose(second.values(), whole.values(), rtol=1e-6)


def test_a_loaded_state_belongs_to_the_loaded_optimizer():
    """Its groups are new dictionaries over the same parameters."""
    valley = Valley(minigrad, line_search_fn="strong_wolfe", max_iter=2)
    valley.optimizer.step(valley.closure)
    valley.optimizer.load_state_dict(valley.optimizer.state_dict())
    before = valley.values().copy()
    valley.optimizer.step(valley.closure)
    assert not np.array_equal(before, valley.values())


def test_parameters_without_gradient_count_as_level():
    a, b = minigrad.ones(2, requires_grad=True), minigrad.ones(2, requires_grad=True)
    optimizer = LBFGS([a, b])

    def closure():
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert b.detach().tolist() == [1, 1] and abs(a.detach()).max().item() < 1e-3


points = st.floats(-10, 10, allow_subnormal=False)


@given(points, points, points, points, points, st.floats(0.1, 5))
@settings(max_examples=200)
def test_the_minimum_of_a_cubic_is_level_or_at_a_bound(a, b, c, d, left, width):
    """For the cubic a t^3 + b t^2 + c t + d itself."""
    ends = [Point(t, ((a * t + b) * t + c) * t + d, None, (3 * a * t + 2 * b) * t + c) for t in (left, left + width)]
    t = cubic_minimum(*ends, left, left + width)
    assert left <= t <= left + width
    inside = left + 1e-6 < t < left + width - 1e-6
    if inside and abs(a) > 1e-3 and abs(t - left - width / 2) > 1e-9:
        assert abs((3 * a * t + 2 * b) * t + c) < 1e-3 * (1 + max(abs(e.slope) for e in ends))


MISTAKES = {
    "groups": lambda lib: lib.optim.LBFGS(
        [{"params": [lib.ones(1, requires_grad=True)]}, {"params": [lib.ones(1, requires_grad=True)]}]
    ),
    "rate": lambda lib: lib.optim.LBFGS([lib.ones(1, requires_grad=True)], lr=-1),
    "no closure": lambda lib: lib.optim.LBFGS([lib.ones(1, requires_grad=True)]).step(),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_the_errors_of_torch(name):
    with pytest.raises(Exception) as theirs:
        MISTAKES[name](torch)
    with pytest.raises(type(theirs.value)) as mine:
        MISTAKES[name](minigrad)
    assert str(mine.value) == str(theirs.value)


def test_an_unknown_line_search_is_refused():
    with pytest.raises(RuntimeError, match="strong_wolfe"):
        LBFGS([minigrad.ones(1, requires_grad=True)], line_search_fn="armijo")
