"""Variance in all its calling forms, covariance, quantiles."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_agrees, assert_both_raise, assert_same, leaf

nan = float("nan")
FORMS = [
    ((), {}), ((False,), {}), ((True,), {}), ((0,), {}), ((0, False), {}), ((1, True, True), {}), (((0, 1),), {"keepdim": True}),
    ((), {"unbiased": False}), ((), {"dim": 0, "correction": 2}), ((), {"correction": 0}), ((None,), {"correction": 0.5}),
    ((1,), {"unbiased": False, "keepdim": True}), (([0, 2],), {}), ((), {"axis": 1, "keepdims": True}),
]  # fmt: skip


@pytest.mark.parametrize(("args", "kwargs"), FORMS)
def test_every_calling_form_of_variance_and_deviation(args, kwargs):
    assert_same_calculus(lambda T, x: [T.var(x, *args, **kwargs), x.std(*args, **kwargs)], (3, 2, 4))
    assert_same_calculus(lambda T, x: [*T.var_mean(x, *args, **kwargs), *T.std_mean(x, *args, **kwargs)], (3, 2, 4))


def test_no_dimensions_are_all_of_them():
    assert_same(lambda T: [leaf(T, 3, 2).var(dim=(), keepdim=True), leaf(T, 3, 2).std([])])


def test_a_small_spread_around_a_large_mean_keeps_its_digits():
    data = (1e6 + np.random.default_rng(0).random(1000)).astype("float32")
    exact = data.astype("float64").var(ddof=1)
    np.testing.assert_allclose(minigrad.tensor(data).var().item(), exact, rtol=1e-2)
    assert_same(lambda T: T.tensor([1.0, 2.0, 4.0], dtype=T.float16).var(0), rtol=1e-3)


@pytest.mark.parametrize("correction", [1, 3])
def test_without_degrees_of_freedom_there_is_a_warning_and_no_number(correction):
    for name in ("var", "std", "var_mean", "std_mean"):
        function = getattr(minigrad, name)
        with pytest.warns(UserWarning, match=rf"{name}\(\): degrees of freedom is <= 0"), np.errstate(invalid="ignore"):
            result = function(minigrad.ones(1), correction=correction)
        assert (result if isinstance(result, minigrad.Tensor) else result[0]).isnan().item()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        minigrad.zeros(3, 0).std(0)


def test_the_deviation_of_equal_values_has_gradient_zero():
    x = minigrad.ones(3, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda T, x: x.cov(),
        lambda T, x: T.cov(x, correction=0),
        lambda T, x: x.cov(fweights=T.tensor([1, 2, 1, 3])),
        lambda T, x: x.cov(aweights=T.tensor([0.1, 0.2, 0.3, 0.4], dtype=T.float64)),
        lambda T, x: x.cov(fweights=T.tensor([1, 2, 1, 3]), aweights=T.tensor([0.1, 0.2, 0.3, 0.4], dtype=T.float64)),
        lambda T, x: x[0].cov(),
    ],
)
def test_covariance_and_its_derivatives_are_pytorchs(change):
    assert_same_calculus(change, (2, 4))


def test_correlation_is_covariance_of_unit_spread():
    assert_same(lambda T: [(leaf(T, 3, 4) ** 2).corrcoef(), leaf(T, 4).corrcoef()])
    assert_same(lambda T: T.tensor([[1, 2, 4], [1, 0, 1]]).corrcoef(), rtol=1e-6)
    x = minigrad.rand(3, 50, dtype=minigrad.float64)
    r = x.corrcoef()
    np.testing.assert_allclose(r.numpy(), np.corrcoef(x.numpy()), rtol=1e-9)


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles_and_their_derivatives_are_pytorchs(name, interpolation):
    def change(T, x):
        q = T.tensor([0.0, 0.3, 0.5, 1.0], dtype=T.float64)
        f = getattr(T, name)
        kwargs = {"interpolation": interpolation}
        return [f(x, q, dim=0, **kwargs), f(x, 0.25, 1, True, **kwargs), f(x, 0.4, **kwargs), f(x, q, keepdim=True, **kwargs)]

    assert_same_calculus(change, (3, 5))


def test_nan_spoils_quantiles_but_not_nanquantiles():
    def program(T):
        x = T.tensor([[1.0, nan, 3.0, 2.0], [4.0, 1.0, 0.0, 2.0]])
        return [x.quantile(0.4, 1), x.nanquantile(0.4, 1), x.nanquantile(T.tensor([0.1, 0.9]), 0)]

    assert_same(program, rtol=1e-6)


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.tensor([1, 2]).var(), "floating point and complex"),
        (lambda T: T.var_mean(T.tensor([1, 2])), "var_mean only support"),
        (lambda T: T.ones(3).var(0, unbiased=True, correction=1), "invalid combination"),
        (lambda T: T.ones(3, 3).var(0, 1), "invalid combination"),
        (lambda T: T.cov(T.ones(1, 2, 3)), "two or fewer dimensions"),
        (lambda T: T.cov(T.tensor([True])), "bool dtype is not supported"),
        (lambda T: T.cov(T.ones(2, 2), fweights=T.ones(2)), "integral dtype"),
        (lambda T: T.cov(T.ones(2, 2), fweights=T.tensor([1, -2])), "cannot be negative"),
        (lambda T: T.quantile(T.ones(3), 2.0), r"must be in the range \[0, 1\]"),
        (lambda T: T.quantile(T.tensor([1]), 0.5), "float or double"),
        (lambda T: T.quantile(T.ones(3), 0.5, interpolation="best"), "must be one of"),
        (lambda T: T.quantile(T.zeros(0), 0.5), "non-empty"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)


def test_integers_have_covariance_in_the_default_dtype():
    assert_agrees(lambda T: T.tensor([[1, 2, 4], [0, 1, 1]]).cov())
