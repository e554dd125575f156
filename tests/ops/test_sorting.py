"""Order: what is sorted is sorted, equal values keep theirs, nan comes last, and gradients find their way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same

nan, inf = float("nan"), float("inf")
KINDS = ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"]
SHAPES = [(2, 4), (3, 1, 2), (5,), ()]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize(
    "change",
    [
        lambda x, dim: x.sort(dim).values,
        lambda x, dim: x.sort(dim, descending=True)[0],
        lambda x, dim: x.topk(1, dim).values,
        lambda x, dim: x.topk(1, dim, largest=False).values,
        lambda x, dim: x.kthvalue(1, dim).values,
        lambda x, dim: x.median(dim).values,
        lambda x, dim: x.nanmedian(dim, True).values,
        lambda x, dim: x.mode(dim, keepdim=True).values,
        lambda x, dim: x.median(),
        lambda x, dim: x.nanmedian(),
    ],
)
def test_values_and_derivatives_are_pytorchs(change, dim, shape):
    assert_same_calculus(lambda T, x: change(x, dim), shape)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(6, 40), (40, 30), (3000,), (2, 3, 4)])
def test_sorts_are_stable_as_pytorchs_are(kind, descending, shape):
    data = np.random.default_rng(0).integers(0, 5, shape)

    def program(T):
        x = T.tensor(data).to(getattr(T, kind))
        ways = {"descending": descending, "stable": True}
        return [*[x.sort(dim=dim, **ways) for dim in (0, -1)], x.argsort(dim=-1, **ways)]

    assert_same(program)


@pytest.mark.parametrize("kind", ["float32", "float64", "float16"])
@pytest.mark.parametrize("copies", [1, 200])  # few and many values are sorted in different ways
def test_nan_is_the_largest_and_both_zeros_are_equal(kind, copies):
    def program(T):
        x = T.tensor([0.0, nan, -0.0, inf, 1.0, -inf, -nan, 0.0] * copies, dtype=getattr(T, kind))
        return [x.sort(stable=True), x.sort(descending=True, stable=True), x.msort(), x.topk(2).values]

    assert_same(program)


def test_bfloat16_is_sorted_too():
    for copies in (1, 300):
        x = minigrad.tensor([2.0, nan, -1.0, 2.0] * copies).bfloat16()
        values, indices = x.sort(descending=True)
        assert values[:copies].isnan().all() and values[copies].item() == 2
        assert indices[copies].item() == 0
        assert x.topk(1).values.isnan().item()
        assert x.unique()[0].item() == -1


@settings(max_examples=100, deadline=None)
@given(
    arrays.arrays("float32", arrays.array_shapes(max_dims=3, max_side=40), elements=st.sampled_from([0.0, 1, -2, nan, inf, 0.5])),
    st.data(),
)
def test_a_sort_is_a_permutation_in_order(array, data):
    dim, descending = data.draw(st.integers(0, array.ndim - 1)), data.draw(st.booleans())
    x = minigrad.tensor(array)
    values, indices = x.sort(dim, descending)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(array, np.asarray(indices.tolist()).reshape(array.shape), dim))
    np.testing.assert_array_equal(indices.sort(dim).values.numpy(), np.indices(array.shape)[dim])
    rising = np.flip(values.numpy(), dim) if descending else values.numpy()
    np.testing.assert_array_equal(rising, np.sort(array, dim))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.data())
def test_topk_is_the_head_of_the_sorted_values(n, data):
    k, largest = data.draw(st.integers(0, n)), data.draw(st.booleans())
    x = minigrad.tensor(np.random.default_rng(n).integers(0, 90, (2, n)).astype("float32"))
    values, indices = x.topk(k, largest=largest)
    assert values.tolist() == x.sort(descending=largest).values[:, :k].tolist()
    assert x.gather(1, indices).tolist() == values.tolist()
    assert all(len(set(row)) == k for row in indices.tolist())
    if k:
        assert x.kthvalue(k).values.tolist() == x.sort().values[:, k - 1].tolist()


@pytest.mark.parametrize("n", [1, 2, 5, 6, 1500, 1501])
def test_the_median_is_the_lower_of_two_and_nan_spoils_it(n):
    data = np.random.default_rng(n).standard_normal(n)
    assert minigrad.tensor(data).median().item() == np.sort(data)[(n - 1) // 2]
    assert_same(lambda T: [T.tensor(data).median(0), T.tensor(data).nanmedian()])
    spoiled = np.append(data, nan)
    assert_same(lambda T: [T.tensor(spoiled).median(0), T.tensor(spoiled).median(), T.tensor(spoiled).nanmedian(0)])


def test_medians_share_the_gradient_among_equal_values():
    def program(T):
        x = T.tensor([[1.0, 3, 3], [3, 2, 2]], requires_grad=True)
        y = x.median()
        y.backward()
        return y, x.grad

    assert_same(program)


@pytest.mark.cpu_only  # elsewhere any of equal values may be named
@pytest.mark.parametrize("kind", ["int64", "uint8", "float32", "float16"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 16, 17, 40, 64, 131, 200, 700])
def test_of_equal_values_the_same_are_named_as_by_pytorch(n, kind):
    rng = np.random.default_rng(n)
    odd = [nan, inf, -inf, -0.0] if kind.startswith("float") else []
    for values in (1, 3, n):
        data = rng.choice([*odd, *range(values)], (2, n, 2))

        def program(T, data=data):
            x = T.tensor(data.tolist()).to(getattr(T, kind))
            ks = range(1, n + 1) if n < 70 else (1, 2, n // 64, n // 9, n // 2, n - 1, n)
            picked = [x.topk(k, 1, largest) for k in ks for largest in (False, True)]
            sets = [x.topk(k, 1, sorted=False).indices.sort(1).values for k in ks]
            modes = [] if odd else [x.mode(1)]  # PyTorch's mode loses its way among nan
            return [*picked, *sets, *[x.kthvalue(k, 1) for k in ks], *modes]

        assert_same(program)


@pytest.mark.cpu_only
def test_equal_values_are_told_apart_without_pytorch_too():
    x = minigrad.tensor([2, 0, 1, 2, 1, 0, 2, 1, 2, 0, 1, 1, 2, 0, 2, 1, 0, 2, 1, 0])
    assert x.topk(6).indices.tolist() == [17, 6, 8, 0, 12, 14]
    assert x.topk(6, largest=False).indices.tolist() == [1, 19, 16, 13, 9, 5]
    assert x.repeat(20).topk(4).indices.tolist() == [0, 3, 8, 6]
    assert [x.kthvalue(k).indices.item() for k in (1, 7, 10, 20)] == [9, 10, 15, 0]
    assert x.mode().indices.item() == 18


@pytest.mark.cpu_only
def test_ties_in_a_row_that_the_median_of_three_does_not_split():
    """Partitions of this row (Musser, 1997) each take two numbers off, so that heaps have to finish the work."""
    half = range(1, 201)
    row = [i if i % 2 else 199 + i for i in half] + [2 * i for i in half]

    def program(T):
        x = T.tensor(row) // 2
        return [x.mode(), *[x.topk(k, largest=False) for k in (100, 133, 200, 400)]]

    assert_same(program)


def test_the_mode_is_the_smallest_of_the_most_frequent_and_stands_last():
    assert_same(lambda T: [T.tensor(data).mode() for data in ([2, 2, 1, 1, 3], [3, 1, 2], [5], [[1, 1, 0], [2, 0, 2]])])
    assert_same(lambda T: T.tensor([[True, False, True]]).mode(1, True))


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes_are_kept(kind):
    def program(T):
        x = T.tensor([[3, 1, 2], [7, 9, 0]]).to(getattr(T, kind))
        bits = kind == "bool"
        return [x.sort(0), *([] if bits else [x.kthvalue(2), x.topk(2), x.median(), x.nanmedian(1)])]

    assert_same(program)


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.zeros(3).topk(4), "selected index k out of range"),
        (lambda T: T.zeros(3).topk(-1), "selected index k out of range"),
        (lambda T: T.tensor([True]).topk(1), "bool"),
        (lambda T: T.tensor([True]).kthvalue(1), "bool"),
        (lambda T: T.zeros(3).kthvalue(0), "selected number k out of range for dimension 0"),
        (lambda T: T.zeros(0, 3).kthvalue(1, 0), "Expected reduction dim 0 to have non-zero size"),
        (lambda T: T.zeros(0, 3).median(0), "Expected reduction dim 0 to have non-zero size"),
        (lambda T: T.zeros(0, 3).mode(0), "Expected reduction dim 0 to have non-zero size"),
        (lambda T: T.tensor([True]).median(), "bool"),
        (lambda T: T.zeros(3).sort(1), "Dimension out of range"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)


def test_empty_tensors_sort_to_empty_tensors():
    assert_same(lambda T: [T.zeros(0, 3).sort(), T.zeros(0, 3).sort(0), T.zeros(3, 0).argsort(1), T.zeros(0, 3).topk(2)])
    assert_same(lambda T: T.zeros(0, 3).median(1))
    assert_same(lambda T: [T.zeros(0).median(), T.zeros(2, 0).nanmedian()])
