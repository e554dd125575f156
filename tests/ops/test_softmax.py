"""Softmax and its kin: what they are made of, what they keep, what PyTorch says, to second order."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0, scale=1.0):
    return np.random.default_rng(seed).standard_normal(shape) * scale


shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, data=st.data())
def test_softmax_and_log_softmax_are_what_they_say(shape, data):
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = minigrad.tensor(numbers(*shape, scale=3))
    e = x.exp()
    np.testing.assert_allclose(minigrad.softmax(x, dim).numpy(), (e / e.sum(dim, keepdim=True)).numpy(), 1e-12)
    np.testing.assert_allclose(minigrad.log_softmax(x, dim).numpy(), (x - e.sum(dim, keepdim=True).log()).numpy(), 1e-9, 1e-9)
    np.testing.assert_allclose(minigrad.logsumexp(x, dim).numpy(), e.sum(dim).log().numpy(), 1e-9, 1e-9)


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_rows_far_apart_are_as_exact_as_rows_alike(scale, dtype):
    x = numbers(64, 9)
    x[:32] -= scale  # so that the largest number of all says nothing about these rows
    x = x.astype(dtype)
    for name in ("softmax", "log_softmax", "logsumexp"):
        rtol = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}[dtype]
        assert_same(lambda T, name=name: getattr(T, name)(T.tensor(x), 1), rtol, rtol)


@pytest.mark.parametrize("row", [[0.0, -np.inf], [-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 0.0], [1e30, -1e30]])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinities_and_nan_are_treated_as_in_pytorch(row):
    x = np.array([row] * 200 + [[1.0, 2.0]], dtype="float32")
    for name in ("softmax", "log_softmax", "logsumexp"):
        assert_same(lambda T, name=name: getattr(T, name)(T.tensor(x), 1), 1e-6, 1e-6)


@pytest.mark.parametrize("shape, dim", [((4,), 0), ((2, 3), 0), ((2, 3), -1), ((2, 3, 2), 1), ((), 0), ((), -1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_two_orders_of_derivatives_are_pytorchs(name, shape, dim):
    assert_same(lambda T: to_second_order(T, lambda x: getattr(T, name)(x * x, dim), numbers(*shape)), 1e-8, 1e-10)


def test_third_order_is_exact_too():
    x = minigrad.tensor(numbers(2, 3), requires_grad=True)
    assert minigrad.autograd.gradgradcheck(
        lambda x: minigrad.autograd.grad((minigrad.softmax(x, 1) ** 2).sum(), x, create_graph=True)[0], (x,)
    )


def test_logsumexp_takes_several_dimensions_and_integers():
    x = numbers(2, 3, 4)
    assert_same(lambda T: [T.logsumexp(T.tensor(x), (0, -1), keepdim=k) for k in (True, False)])
    assert_same(lambda T: T.logsumexp(T.arange(6).reshape(2, 3), 1), 1e-6)
    assert_same(lambda T: T.logsumexp(T.ones(0, 2), 0))


def test_dtype_converts_before_the_sum():
    assert_same(lambda T: T.softmax(T.arange(3), 0, T.float64))
    assert_same(lambda T: T.nn.functional.log_softmax(T.ones(3, dtype=T.float16), 0, dtype=T.float64))
    assert_same(lambda T: T.arange(3).softmax(0, dtype=T.float32), 1e-6)


def test_empty_inputs_give_empty_results():
    assert_same(lambda T: [T.softmax(T.ones(0, 3), 0), T.softmax(T.ones(0, 3), 1), T.log_softmax(T.ones(2, 0), 1)])


def test_without_a_dimension_one_is_chosen_and_warned_about():
    for shape in ((3,), (2, 3), (2, 3, 2), (1, 2, 3, 2)):
        with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
            got = F.softmax(minigrad.tensor(numbers(*shape)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = pytest.importorskip("torch").nn.functional.softmax(pytest.importorskip("torch").tensor(numbers(*shape)))
        np.testing.assert_allclose(got.numpy(), expected.numpy())


def test_what_makes_no_sense_is_refused_as_by_pytorch():
    assert_both_raise(lambda T: T.softmax(T.arange(3), 0), "not implemented for")
    assert_both_raise(lambda T: T.softmax(T.ones(2, 2), 5), "Dimension out of range")
    assert_both_raise(lambda T: T.softmax(T.ones(2, 2)), "dim")


def test_gumbel_softmax_draws_pytorchs_noise_and_passes_the_soft_gradient():
    x = numbers(3, 4).astype("float32")

    def program(T):
        T.manual_seed(5)
        leaf = T.tensor(x, requires_grad=True)
        hard = T.nn.functional.gumbel_softmax(leaf, tau=0.5, hard=True)
        (hard * T.arange(4)).sum().backward()
        T.manual_seed(5)
        return hard, leaf.grad, T.nn.functional.gumbel_softmax(leaf, tau=0.5, dim=0)

    assert_same(program, 1e-4, 1e-5)


def test_softmin_is_softmax_of_the_negative():
    assert_agrees(lambda T: T.nn.functional.softmin(T.tensor(numbers(2, 3)), dim=1))
