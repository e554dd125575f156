"""Random tensors: PyTorch's numbers for PyTorch's seeds, through every public name."""

from __future__ import annotations

import copy
import pickle
import platform
from pathlib import Path

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same

_CPU = Path("/proc/cpuinfo")
ON_INTEL = "GenuineIntel" in (_CPU.read_text() if _CPU.exists() else platform.processor())
PER_LIBRARY = {"bernoulli_(0.3)", "exponential_", "multinomial"}  # PyTorch draws these through MKL on Intel processors


def seeded(draw):
    """The draw after the same seed, and one more, which tells whether as many words were read."""

    def program(T):
        T.manual_seed(3)
        return draw(T), T.rand(3)

    return program


DRAWS = {
    "rand": lambda T: [T.rand(2, 3), T.rand((2, 3), dtype=T.float64), T.rand(size=(5,)), T.rand([2])],
    "randn": lambda T: [T.randn(50), T.randn(3), T.randn(3, 7, dtype=T.float64), T.randn(())],
    "randint": lambda T: [
        T.randint(10, (20,)), T.randint(-3, 10, (2, 2)), T.randint(high=4, size=(3,)), T.randint(0, 9, (3,), dtype=T.float32),
    ],
    "randperm": lambda T: [T.randperm(20), T.randperm(5, dtype=T.int32), T.randperm(0)],
    "likes": lambda T: [
        T.rand_like(T.ones(2, 3)), T.randn_like(T.ones(40)), T.randint_like(T.ones(5), 3), T.randint_like(T.ones(5), 2, 9),
    ],
    "likes of a transpose": lambda T: [
        T.rand_like(T.ones(4, 3).t()), T.randn_like(T.ones(14, 3).t()), T.randint_like(T.ones(4, 3).t(), 9),
    ],
    "normal": lambda T: [
        T.normal(T.arange(20.0), T.arange(20.0)), T.normal(T.arange(20.0), 3.0), T.normal(1.0, T.arange(20.0)),
        T.normal(1.0, 2.0, (3, 4)), T.normal(T.zeros(2, 1), T.ones(3)), T.normal(mean=0.0, std=1.0, size=(2,)),
    ],
    "normal_": lambda T: [T.empty(20, 3).normal_(1, 2), T.empty(20, 3).t().normal_(mean=1), T.empty(9, 4)[:, ::2].normal_()],
    "uniform_": lambda T: [
        T.empty(5, 3).uniform_(), T.empty(5, 3).t().uniform_(-1, 1), T.empty(3, 4, 5).permute(1, 2, 0).uniform_(to=3),
    ],
    "log_normal_": lambda T: [T.empty(20).log_normal_(), T.empty(2).log_normal_(0, 0.5)],
    "cauchy_": lambda T: T.empty(20).cauchy_(1, 2),
    "geometric_": lambda T: [T.empty(20).geometric_(0.3), T.empty(20, dtype=T.int64).geometric_(0.3)],
    "exponential_": lambda T: [T.empty(20).exponential_(), T.empty(5).exponential_(lambd=2.0)],
    "random_": lambda T: [
        T.empty(9, dtype=T.int64).random_(), T.empty(9).random_(5), T.empty(9, dtype=T.uint8).random_(2, 5), T.empty(9).random_(),
    ],
    "bernoulli": lambda T: [T.bernoulli(T.full((5, 5), 0.3)), T.bernoulli(T.full((5, 5), 0.3).double())],
    "bernoulli_ of tensors": lambda T: [
        T.empty(4, 5).t().bernoulli_(T.linspace(0, 1, 20).reshape(5, 4)),
        T.empty(4, 5, dtype=T.int64).bernoulli_(T.full((5,), 0.3)),
    ],
    "bernoulli_(0.3)": lambda T: [T.empty(4, 5).bernoulli_(0.3), T.bernoulli(T.ones(9, dtype=T.int64), 0.5)],
    "multinomial": lambda T: [T.multinomial(T.arange(10.0), 5), T.multinomial(T.arange(20.0).reshape(2, 10), 1)],
    "multinomial with replacement": lambda T: T.multinomial(T.arange(20.0).reshape(2, 10), 50, replacement=True),
    "poisson": lambda T: [T.poisson(T.linspace(0, 30, 40)), T.poisson(T.full((3, 3), 2.5, dtype=T.float64))],
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_same_seed_same_numbers(name):
    if ON_INTEL and name in PER_LIBRARY:
        pytest.skip("PyTorch reads another tape here")
    assert_same(seeded(DRAWS[name]), rtol=1e-5, atol=1e-6)


def test_a_generator_of_ones_own_leaves_the_default_one_alone():
    def program(T):
        T.manual_seed(1)
        g = T.Generator().manual_seed(7)
        drawn = [
            T.rand(3, generator=g), T.randn(20, generator=g), T.randint(5, (3,), generator=g), T.randperm(5, generator=g),
            T.empty(3).uniform_(generator=g), T.normal(0.0, 1.0, (3,), generator=g), T.bernoulli(T.full((3,), 0.5), generator=g),
        ]  # fmt: skip
        return drawn, T.rand(3)

    assert_same(program, rtol=1e-5, atol=1e-6)


def test_states_are_tensors_of_pytorchs_bytes():
    torch = pytest.importorskip("torch")
    ours, theirs = minigrad.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    state = ours.get_state()
    assert (state.dtype, state.shape) == (minigrad.uint8, (5056,))
    np.testing.assert_array_equal(np.asarray(state.tolist()), theirs.get_state().numpy())
    minigrad.rand(10, generator=ours)
    ours.set_state(state)
    assert minigrad.rand(3, generator=ours).tolist() == torch.rand(3, generator=theirs).tolist()


def test_copies_of_a_generator_go_on_alike():
    g = minigrad.Generator().manual_seed(5)
    twins = [copy.deepcopy(g), pickle.loads(pickle.dumps(g)), g.clone_state()]
    assert all(isinstance(twin, minigrad.Generator) for twin in twins)
    expected = minigrad.rand(3, generator=g).tolist()
    assert [minigrad.rand(3, generator=twin).tolist() for twin in twins] == [expected] * 3


def test_the_module_has_torch_randoms_names():
    torch = pytest.importorskip("torch")
    for name in ("manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state", "fork_rng"):
        assert name in torch.random.__all__
        assert callable(getattr(minigrad.random, name))
    for name in ("manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state"):
        assert callable(getattr(minigrad, name))
    assert minigrad.manual_seed(4) is minigrad.default_generator
    assert minigrad.initial_seed() == 4
    state = minigrad.get_rng_state()
    first = minigrad.rand(2).tolist()
    with minigrad.random.fork_rng():
        minigrad.set_rng_state(state)
        assert minigrad.rand(2).tolist() == first
    assert minigrad.rand(2).tolist() != first
    assert minigrad.seed() == minigrad.initial_seed()


def test_filling_ends_the_history_of_a_tensor():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 2
    y.normal_()
    assert y.requires_grad
    y.sum().backward()
    assert x.grad is None or x.grad.tolist() == [0, 0, 0]
    with minigrad.no_grad():
        assert x.uniform_(1, 2) is x
    assert x.requires_grad and x.is_leaf and bool((x >= 1).all())


def test_drawn_numbers_do_not_follow_their_parameters():
    mean, std = minigrad.zeros(3, requires_grad=True), minigrad.ones(3, requires_grad=True)
    (minigrad.normal(mean, std).sum() + minigrad.bernoulli(std * 0.5).sum() + minigrad.poisson(std).sum()).backward()
    assert mean.grad.tolist() == std.grad.tolist() == [0, 0, 0]


def test_what_is_asked_for_is_what_comes():
    x = minigrad.rand(2, dtype=minigrad.float64, requires_grad=True)
    assert (x.dtype, x.requires_grad, x.is_leaf) == (minigrad.float64, True, True)
    assert minigrad.randn(3, out=minigrad.empty(3)).shape == (3,)
    assert minigrad.rand_like(minigrad.ones(2, dtype=minigrad.int64), dtype=minigrad.float32).dtype is minigrad.float32
    assert minigrad.rand_like(minigrad.ones(4, 3).t()).stride() == (1, 3)


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.ones(3, requires_grad=True).normal_(), "a leaf Variable that requires grad"),
        (lambda T: T.ones(3, requires_grad=True)[:2].uniform_(), "a view of a leaf Variable"),
        (lambda T: T.ones(3).expand(2, 3).normal_(), "refers to a single memory location"),
        (lambda T: T.rand(-1), "negative dimension -1"),
        (lambda T: T.rand(2.5), "integer"),
        (lambda T: T.rand(2, dtype=T.int64), "not implemented"),
        (lambda T: T.randint(10, 2), "'size'"),
        (lambda T: T.randint(0, 0, (2,)), "expects 'from' to be less than 'to'"),
        (lambda T: T.randint(0.5, 3, (2,)), "must be int"),
        (lambda T: T.randint(0, 300, (2,), dtype=T.uint8), "out of bounds"),
        (lambda T: T.randperm(-1), "negative dimension"),
        (lambda T: T.normal(0.0, 1.0), "invalid combination"),
        (lambda T: T.normal(0.0, -1.0, (2,)), r"std >= 0.0"),
        (lambda T: T.normal(T.zeros(2), -T.ones(2)), r"all elements of std >= 0.0"),
        (lambda T: T.ones(3).uniform_(2, 1), r"from=2 > to=1"),
        (lambda T: T.ones(3).uniform_(low=1), "unexpected keyword"),
        (lambda T: T.ones(3).exponential_(-1), "lambda > 0.0"),
        (lambda T: T.bernoulli(T.full((2,), 1.5)), "p_in >= 0 && p_in <= 1"),
        (lambda T: T.bernoulli(T.tensor([1])), "not implemented"),
        (lambda T: T.multinomial(T.ones(3), 4), "without replacement"),
        (lambda T: T.multinomial(T.ones(3), 0), "n_sample <= 0"),
        (lambda T: T.multinomial(-T.ones(3), 1), "element < 0"),
        (lambda T: T.multinomial(T.tensor([1]), 1), "floating-point"),
        (lambda T: T.poisson(-T.ones(3)), "non-negative"),
        (lambda T: T.set_rng_state(T.zeros(3)), "RNG state must be a torch.ByteTensor"),
        (lambda T: T.set_rng_state(T.zeros(3, dtype=T.uint8)), "but found the input RNG state size to be 3"),
        (lambda T: T.rand(2, generator=3), "'generator' must be"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)


def test_a_generator_of_any_device_draws_the_same_numbers_for_all():
    twins = [minigrad.Generator(place).manual_seed(3) for place in ("cpu", "cuda", minigrad.device("cuda:1"))]
    assert [str(g.device) for g in twins] == ["cpu", "cuda", "cuda:1"]
    first, *others = [minigrad.rand(3, generator=g).tolist() for g in twins]
    assert others == [first, first]


def test_scalars_are_filled_too():
    def program(T):
        T.manual_seed(0)
        return [T.tensor(0.0).uniform_(), T.zeros(2)[0].normal_(), T.rand_like(T.tensor(1.0))]

    assert_agrees(program)
