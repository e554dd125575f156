"""reshape, view and their kin: views wherever strides allow it, PyTorch's shapes, gradients and refusals."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.ops.shape import viewable
from tests.oracle import assert_both_raise, assert_same, leaf

# ------------------------------------------------------------------------------------------------ when is it a view


@st.composite
def strided_arrays(draw) -> np.ndarray:
    """Transposed, sliced and broadcast arrays of up to four axes."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    array = np.arange(prod(shape)).reshape(shape)
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    array = array[tuple(slice(draw(st.integers(0, n - 1)), None, draw(st.integers(1, 2))) for n in array.shape)]
    if draw(st.booleans()):
        array = np.broadcast_to(array, (draw(st.integers(1, 3)), *array.shape))
    return array


@st.composite
def shapes_of(draw, count: int) -> tuple[int, ...]:
    """A shape with this many elements."""
    shape = []
    while count > 1 and len(shape) < 4:
        n = draw(st.sampled_from([d for d in range(1, count + 1) if count % d == 0]))
        shape.append(n)
        count //= n
    return (*shape, count)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_viewable_says_exactly_when_numpy_can_reshape_without_copying(data):
    array = data.draw(strided_arrays())
    shape = data.draw(shapes_of(array.size))
    try:
        np.reshape(array, shape, copy=False)
    except ValueError:
        assert not viewable(array, shape)
    else:
        assert viewable(array, shape)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_view_agrees_with_pytorch_and_reshape_copies_where_view_refuses(data):
    torch = pytest.importorskip("torch")
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    order = data.draw(st.permutations(range(len(shape))))
    goal = data.draw(shapes_of(prod(shape)))
    ours, theirs = (T.arange(prod(shape)).reshape(shape).permute(order) for T in (minigrad, torch))
    reshaped = ours.reshape(goal)
    assert reshaped.tolist() == theirs.reshape(goal).tolist()
    try:
        theirs.view(goal)
    except RuntimeError:
        with pytest.raises(RuntimeError, match="view size is not compatible"):
            ours.view(goal)
        assert not reshaped._is_view()
    else:
        assert ours.view(goal).tolist() == theirs.view(goal).tolist()
        assert reshaped._is_view()


def test_a_view_shares_memory_and_version():
    x = minigrad.zeros(2, 3)
    y = x.view(3, 2)
    y[0, 0] = 1
    assert x[0, 0] == 1 and x._version == y._version == 1 and y._base is x


# ------------------------------------------------------------------------------------------------ values and gradients


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.reshape(4, -1),
        lambda x: x.view(-1),
        lambda x: x.reshape((6, 4)),
        lambda x: x.view(x.shape[:1] + (12,)),
        lambda x: x.transpose(0, 2).reshape(6, 4),
        lambda x: x.flatten(),
        lambda x: x.flatten(1),
        lambda x: x.flatten(0, 1),
        lambda x: x.flatten(-2),
        lambda x: x.unflatten(2, (2, -1)),
        lambda x: x.unflatten(-1, (2, 2)),
        lambda x: x.ravel(),
        lambda x: x.unsqueeze(0),
        lambda x: x.unsqueeze(-1),
        lambda x: x.unsqueeze(2),
        lambda x: x.squeeze(),
        lambda x: x[:, :1].squeeze(1),
        lambda x: x[:1, :1].squeeze(),
        lambda x: x[:1, :1].squeeze((0, 1, 2)),
        lambda x: x[:1].squeeze(-3),
        lambda x: x.reshape(shape=(6, 4)),
        lambda x: x.view(size=(6, 4)),
        lambda x: x.view_as(x.permute(0, 1, 2)),
        lambda x: x.reshape_as(x.view(4, 6)),
    ],
)
def test_every_change_of_shape_has_pytorchs_values_and_both_derivatives(change):
    def program(T):
        x = leaf(T, 2, 3, 4)
        y = change(x * x)
        (g,) = T.autograd.grad((y * y).sum(), x, create_graph=True)
        (g * g).sum().backward()
        return y, g, x.grad

    assert_same(program)


def test_0_d_and_empty_tensors():
    assert_same(
        lambda T: [
            leaf(T).flatten(),
            leaf(T).ravel(),
            leaf(T).reshape(1, 1),
            leaf(T).unsqueeze(-1),
            leaf(T).squeeze(),
            leaf(T).squeeze(0),
        ]
    )
    assert_same(lambda T: [leaf(T, 0, 4).reshape(4, 0), leaf(T, 0, 4).view(-1, 2), leaf(T, 2, 0).flatten(), leaf(T, 1).reshape(())])


def test_sizes_may_be_tensors_and_numpy_numbers():
    assert_same(lambda T: leaf(T, 6).reshape(T.tensor(2), np.int64(3)))


def test_flattening_one_dimension_gives_the_tensor_itself():
    x = minigrad.zeros(2, 3)
    assert x.flatten(1, 1) is x


def test_atleast_takes_one_or_several():
    assert_same(lambda T: [T.atleast_1d(leaf(T)), *T.atleast_2d(leaf(T), leaf(T, 2)), *T.atleast_3d((leaf(T, 2), leaf(T, 2, 3)))])


@pytest.mark.parametrize("dtype", ["bool", "int16", "float16", "complex64"])
def test_dtypes_stay(dtype):
    assert_same(lambda T: T.ones(2, 3, dtype=getattr(T, dtype)).t().reshape(2, 3).unsqueeze(0).flatten())


def test_nodes_have_pytorchs_names():
    x = minigrad.ones(2, 1, 3, requires_grad=True)
    views = {
        "View": x.view(6),
        "UnsafeView": x.transpose(0, 2).reshape(6),
        "Squeeze": x.squeeze(),
        "Unsqueeze": x.unsqueeze(0),
        "Expand": x.expand(2, 4, 3),
    }
    for name, y in views.items():
        assert y.grad_fn.name() == name + "Backward0"
    assert x.squeeze(1).grad_fn.name() == "SqueezeBackward1" and x.squeeze((0, 1)).grad_fn.name() == "SqueezeBackward2"


# ------------------------------------------------------------------------------------------------ view as another dtype


def test_bytes_read_as_another_type():
    assert_same(lambda T: T.ones(2, 4).view(T.int32))
    assert_same(lambda T: T.ones(2, 4, dtype=T.float64).view(T.int32))
    assert_same(lambda T: T.ones(2, 4, dtype=T.int32).view(T.int64))
    x = minigrad.ones(2)
    x.view(minigrad.int32)[0] = 0
    assert x.tolist() == [0, 1] and x._version == 1
    assert_both_raise(lambda T: T.ones(2, 3).view(T.float64), "must be divisible by 2")
    assert_both_raise(lambda T: T.ones(4, 2).t().view(T.float64), "must be 1")
    assert_both_raise(lambda T: T.tensor(1.0).view(T.float64), "cannot be 0")


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x.view(5), r"shape '\[5\]' is invalid for input of size 24"),
        (lambda x: x.view(-1, -1), "only one dimension can be inferred"),
        (lambda x: x.view(-2, 3), "invalid shape dimension -2 at index 0"),
        (lambda x: x.view(-2, -12), "invalid shape dimension -2 at index 0"),
        (lambda x: x.view(-1, 5), r"shape '\[-1, 5\]' is invalid for input of size 24"),
        (lambda x: x.view(-1, 0), r"shape '\[-1, 0\]' is invalid"),
        (lambda x: x[:0].view(-1, 0), "ambiguous"),
        (lambda x: x.view(1.0), "float"),
        (lambda x: x.view(), "got nothing"),
        (lambda x: x.reshape(), "shape"),
        (lambda x: x.transpose(0, 1).view(6, 4), "view size is not compatible"),
        (lambda x: x.flatten(1, 0), "start_dim cannot come after end_dim"),
        (lambda x: x.flatten(1, 5), "Dimension out of range"),
        (lambda x: x.unflatten(1, (2, 2)), "don't multiply up to the size of dim 1"),
        (lambda x: x.unflatten(1, ()), "sizes must be non-empty"),
        (lambda x: x.unsqueeze(5), r"expected to be in range of \[-4, 3\], but got 5"),
        (lambda x: x.squeeze(3), "Dimension out of range"),
        (lambda x: x.squeeze((0, 0)), "appears multiple times"),
    ],
)
def test_impossible_shapes_are_refused(change, match):
    assert_both_raise(lambda T: change(leaf(T, 2, 3, 4)), match)
