"""The largest and the smallest: values, places, ties, nan, and who gets the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same

nan = float("nan")
TIES = [[1.0, 3.0, 3.0], [3.0, 2.0, 2.0]]
WITH_NAN = [[1.0, 3.0, 3.0], [nan, 2.0, nan]]


@pytest.mark.parametrize("data", [TIES, WITH_NAN])
@pytest.mark.parametrize("name", ["max", "min", "amax", "amin"])
@pytest.mark.parametrize("dim", ["all", 0, 1, -1])
def test_ties_and_nan_share_the_gradient_as_in_pytorch(data, name, dim):
    def program(T):
        x = T.tensor(data, dtype=T.float64, requires_grad=True)
        y = getattr(x, name)() if dim == "all" else getattr(x, name)(dim)
        values = y if isinstance(y, T.Tensor) else y.values
        (values * values).nansum().backward()
        return y, x.grad

    with np.errstate(invalid="ignore"):
        assert_same(program)


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        (lambda T, x: x.max(), (2, 3)),
        (lambda T, x: x.min(0).values, (2, 3)),
        (lambda T, x: x.max(1, True)[0], (2, 3)),
        (lambda T, x: x.amax((0, 2)), (2, 3, 2)),
        (lambda T, x: x.amin((), True), (2, 3)),
        (lambda T, x: tuple(x.aminmax()), (2, 3)),
        (lambda T, x: tuple(x.aminmax(dim=1, keepdim=True)), (2, 3)),
        (lambda T, x: x.max(0).values, ()),
        (lambda T, x: x.amax(), ()),
        (lambda T, x: x.t().max(0).values, (2, 3)),
        (lambda T, x: x.max(10 - x), (2, 3)),
    ],
)
def test_extremes_have_pytorchs_values_and_derivatives(change, shape):
    assert_same_calculus(change, shape)


@settings(max_examples=80, deadline=None)
@given(
    arrays.arrays("float32", arrays.array_shapes(max_dims=3, max_side=5), elements=st.sampled_from([0.0, -1.0, 2.0, nan])),
    st.data(),
)
def test_the_index_names_the_first_place_of_the_value(array, data):
    dim = data.draw(st.integers(-array.ndim, array.ndim - 1))
    x = minigrad.tensor(array)
    values, indices = x.max(dim)
    assert indices.tolist() == x.argmax(dim).tolist() == np.argmax(array, dim).tolist()
    picked = x.gather(dim, indices.unsqueeze(dim)).squeeze(dim)
    np.testing.assert_array_equal(values.numpy(), picked.numpy())
    np.testing.assert_array_equal(values.numpy(), x.amax(dim).numpy())
    np.testing.assert_array_equal(x.min(dim).indices.numpy(), np.argmin(array, dim))


@pytest.mark.parametrize("kind", ["bool", "uint8", "int64", "float16", "float32"])
def test_dtypes_are_kept_and_indices_are_int64(kind):
    def program(T):
        x = T.tensor([[1, 0, 1], [0, 0, 1]]).to(getattr(T, kind))
        return [x.max(), x.max(0), x.amin(1), x.aminmax(), *([] if kind == "bool" else [x.argmax(), x.argmin(1, True)])]

    assert_same(program)


def test_three_forms_of_max():
    x = minigrad.tensor([[1.0, 4.0], [3.0, 2.0]])
    assert x.max().item() == 4
    named = x.max(dim=0)
    assert repr(named).startswith("torch.return_types.max(\nvalues=tensor([3., 4.]")
    assert x.max(minigrad.tensor(2.5)).tolist() == [[2.5, 4], [3, 2.5]]
    assert minigrad.min(x, other=x * 0).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(100, 300), (300, 5), (3, 80, 70), (70_000,)])
def test_large_arrays_take_quicker_ways_to_the_same_places(shape):
    data = np.random.default_rng(0).integers(0, 50, shape).astype("float32")
    for data_ in (data, np.where(data == 49, nan, data).astype("float32")):
        x = minigrad.tensor(data_)
        for dim in range(len(shape)):
            np.testing.assert_array_equal(x.argmax(dim).numpy(), data_.argmax(dim))
            np.testing.assert_array_equal(x.argmin(dim, True).numpy(), data_.argmin(dim, keepdims=True))
            np.testing.assert_array_equal(x.amin(dim, True).numpy(), data_.min(dim, keepdims=True))
            np.testing.assert_array_equal(x.max(dim).values.numpy(), data_.max(dim))


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.zeros(0, 3).max(), r"max\(\): Expected reduction dim to be specified for input.numel\(\) == 0"),
        (lambda T: T.zeros(0, 3).amin(), r"amin\(\): Expected reduction dim to be specified"),
        (lambda T: T.zeros(0, 3).argmax(), r"argmax\(\): Expected reduction dim to be specified"),
        (lambda T: T.zeros(0, 3).max(0), "Expected reduction dim 0 to have non-zero size"),
        (lambda T: T.zeros(2, 0).amax((0, 1)), "Expected reduction dim 1 to have non-zero size"),
        (lambda T: T.zeros(0).aminmax(), "cannot compute aminmax over an empty dimension"),
        (lambda T: T.zeros(2, 3).max(dim=(0, 1)), "invalid combination of arguments"),
        (lambda T: T.zeros(2, 3).max(keepdim=True), "invalid combination of arguments"),
        (lambda T: T.zeros(2, 3).max(None), "invalid combination of arguments"),
        (lambda T: T.zeros(2, 3).argmax((0, 1)), "must be int"),
        (lambda T: T.tensor([True]).argmax(), "does not support bool"),
        (lambda T: T.zeros(2, 3).max(2), "Dimension out of range"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)


def test_an_empty_result_of_an_empty_tensor_is_fine():
    assert_same(lambda T: [T.zeros(0, 3).max(1), T.zeros(0, 3).argmin(1), T.zeros(0, 3).amax(1, True)])
