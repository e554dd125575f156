"""Many elements to one: sums, means, products, truth and counts, along every choice of dimensions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_agrees, assert_both_raise, assert_same, leaf

nan, inf = float("nan"), float("inf")
DIMS = [None, 0, -1, (0, 2), (-1, 1), (0, 1, 2), (), []]


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize("keepdim", [False, True])
def test_sum_and_mean_agree_with_pytorch_along_all_dims(dim, keepdim):
    assert_same_calculus(lambda T, x: (x.sum(dim, keepdim), x.mean(dim, keepdim=keepdim), x.nansum(dim, keepdim)), (2, 3, 4))
    for name in ("all", "any"):
        assert_same(lambda T, name=name: getattr(T.tensor([[[0.0, 1], [2, nan]]]), name)(dim, keepdim))


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        (lambda T, x: x.prod(), (2, 3)),
        (lambda T, x: x.prod(1), (2, 3)),
        (lambda T, x: x.prod(-2, True), (2, 3)),
        (lambda T, x: (x - 4).prod(), (2, 3)),  # the leaf is squared on its way in: one zero
        (lambda T, x: (x - 4).prod(0), (2, 3)),
        (lambda T, x: ((x - 4) * (x - 9)).prod(1), (2, 3)),  # two zeros in a line
        (lambda T, x: ((x - 4) * (x - 9)).prod(), (2, 3)),
        (lambda T, x: x.sum(-1), ()),
        (lambda T, x: x.mean(0), ()),
        (lambda T, x: x.prod(0), ()),
        (lambda T, x: x.sum(0), (0, 3)),
        (lambda T, x: x.prod(0), (0, 3)),
        (lambda T, x: x.t().sum(1), (2, 3)),
        (lambda T, x: x.expand(4, 2, 3).mean((0, 2)), (2, 3)),
    ],
)
def test_reductions_have_pytorchs_values_and_derivatives(change, shape):
    assert_same_calculus(change, shape)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64"])
def test_dtypes_of_results_are_pytorchs(kind):
    data = np.array([[3, 0, 1], [1, 1, 0]])

    def results(T):
        x = T.tensor(data).to(getattr(T, kind))
        return [
            x.sum(), x.sum(1), x.prod(0), x.prod(dtype=T.float32), x.sum(dtype=T.int16), x.nansum(0), x.all(0), x.any(),
            x.count_nonzero(), x.count_nonzero((0, 1)), x.mean(dtype=T.float64), x.sum(0, dtype=T.float16),
        ]  # fmt: skip

    assert_same(results, rtol=1e-3)
    assert_agrees(lambda T: T.tensor(data).to(getattr(T, kind)).mean(0), rtol=1e-3)


def test_the_sum_of_many_16_bit_floats_is_made_in_32_bits():
    assert minigrad.ones(3000, dtype=minigrad.float16).sum().item() == 3000
    assert minigrad.ones(70000, dtype=minigrad.float16).mean().item() == 1


@pytest.mark.cpu_only  # the stand-in for CuPy sums naively, CuPy does not
def test_a_long_sum_of_float32_keeps_its_digits():
    data = np.random.default_rng(0).random((300_000, 3), dtype="float32")
    x = minigrad.tensor(data)
    exact = data.astype("float64")
    for result, expected in ((x.sum(0), exact.sum(0)), (x.sum(), exact.sum()), (x.mean(0), exact.mean(0))):
        assert result.dtype is minigrad.float32
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=4), st.data())
def test_summing_dims_one_by_one_or_at_once_is_the_same(shape, data):
    x = minigrad.tensor(np.random.default_rng(0).standard_normal(shape))
    order = data.draw(st.permutations(range(len(shape))))
    dims = order[: data.draw(st.integers(0, len(shape)))]
    result = x.permute(order)
    x = x.permute(order)
    for dim in dims:
        result = result.sum(dim, keepdim=True)
    expected = x.sum(dims, keepdim=True) if dims else x
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.numpy(), expected.numpy(), atol=1e-12)


def test_nothing_sums_to_zero_multiplies_to_one_and_has_no_mean():
    assert_same(lambda T: [getattr(T.zeros(0, 3), name)() for name in ("sum", "prod", "mean", "nansum", "all", "any")])
    assert_same(lambda T: [getattr(T.zeros(0, 3), name)(0) for name in ("sum", "prod", "mean", "all", "any")])
    assert_same(lambda T: [T.zeros(0, 3).sum(1), T.zeros(2, 0).sum((0, 1), True)])


def test_what_is_not_a_number_is_left_out_where_the_name_says_so():
    def program(T):
        x = T.tensor([[1.0, nan, 3.0], [nan, 4.0, nan]], dtype=T.float64, requires_grad=True)
        y = x.nansum(1), x.nanmean(1), x.nanmean()
        (y[0].sum() * 2 + y[1][0] + y[2]).backward()
        return *y, x.grad

    assert_same(program)


def test_a_sum_hands_its_gradient_back_without_copying_it():
    x = minigrad.rand(3, 4, requires_grad=True)
    seen = []
    y = x * 1
    y.register_hook(lambda g: seen.append(g.stride()))
    y.sum().backward()
    assert seen == [(0, 0)]


def test_names_in_the_graph_tell_which_form_ran():
    x = minigrad.rand(2, 2, requires_grad=True)
    names = [x.sum(), x.sum(0), x.mean(), x.mean(0), x.prod(), x.prod(0)]
    assert [y.grad_fn.name() for y in names] == [f"{n}Backward{i}" for n, i in itertools.product(("Sum", "Mean", "Prod"), (0, 1))]


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.zeros(2, 3).sum(2), r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)"),
        (lambda T: T.tensor(1.0).sum(1), r"expected to be in range of \[-1, 0\], but got 1"),
        (lambda T: T.zeros(2, 3).sum((0, 0)), "dim 0 appears multiple times"),
        (lambda T: T.zeros(2, 3).sum(0, 1), "must be bool"),
        (lambda T: T.zeros(2, 3).sum(0.5), "integer"),
        (lambda T: T.zeros(2, 3).prod((0, 1)), "must be int"),
        (lambda T: T.sum([1.0]), "must be Tensor"),
        (lambda T: T.tensor([1, 2]).mean(), "could not infer output dtype. Input dtype .* Got: Long"),
        (lambda T: T.rand(2).mean(dtype=T.int64), "Optional dtype .* Got: Long"),
        (lambda T: T.tensor([1]).nanmean(), "floating point or complex"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)


def test_numpys_words_for_arguments_and_out_are_understood():
    assert_same(lambda T: T.sum(leaf(T, 2, 3).detach(), axis=0, keepdims=True))

    def program(T):
        place = T.empty(3)
        assert T.sum(T.ones(2, 3), 0, out=place) is place
        return place

    assert_same(program)
