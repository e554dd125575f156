"""`x[index]` and `x[index] = value`: the same elements, views, gradients and refusals as PyTorch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.oracle import assert_both_raise, assert_same, leaf

# ------------------------------------------------------------------------------------------------ any index


def basic_items(size: int) -> st.SearchStrategy:
    bounds = st.none() | st.integers(-size - 2, size + 2)
    steps = st.none() | st.integers(1, 3)
    return st.integers(-size, size - 1) | st.builds(slice, bounds, bounds, steps)


def lists_of_integers(size: int) -> st.SearchStrategy:
    return st.lists(st.integers(-size, size - 1), min_size=3, max_size=3)


@st.composite
def indices(draw, shape: tuple[int, ...], advanced: bool = True) -> tuple:
    """An index of a tensor of this shape, with tensors written as ("ints", nested list) and ("mask", nested list)."""
    items: list = []
    dim = 0
    while dim < len(shape):
        kind = draw(st.sampled_from(["basic", "basic", "none", "stop", *(["ints", "grid", "mask", "bool"] if advanced else [])]))
        if kind == "stop":
            break
        if kind == "none":
            items.append(None)
            continue
        if kind == "bool":
            items.append(draw(st.booleans()))
            continue
        size = shape[dim]
        if kind == "basic":
            items.append(draw(basic_items(size)))
        elif kind == "ints":
            items.append(("ints", draw(lists_of_integers(size))))
        elif kind == "grid":
            items.append(("ints", [draw(lists_of_integers(size)) for _ in range(2)]))
        else:
            items.append(("mask", draw(st.lists(st.booleans(), min_size=size, max_size=size))))
        dim += 1
    if draw(st.booleans()):
        at = draw(st.integers(0, len(items)))
        used = sum(not (i is None or isinstance(i, bool)) for i in items[at:])
        if at + used <= len(shape):
            items.insert(at, ...)
    return tuple(items)


def translate(T, index: tuple) -> tuple:
    return tuple(T.tensor(item[1]) if isinstance(item, tuple) else item for item in index)


def fitting(index: tuple, shape: tuple[int, ...]) -> tuple | None:
    """Items after an Ellipsis meet other dimensions than the strategy thought of: keep only what still fits.

    Of an empty result PyTorch does not say whether its indices are in bounds; minigrad does.
    """
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return index if torch.zeros(shape)[translate(torch, index)].numel() else None
        except (IndexError, RuntimeError):
            return None


SHAPE = (3, 4, 2, 3)


@settings(max_examples=400, deadline=None)
@given(indices(SHAPE))
def test_any_index_reads_what_pytorch_reads_with_its_gradient(index):
    if fitting(index, SHAPE) is None:
        return

    def program(T):
        x = leaf(T, *SHAPE)
        y = (x * x)[translate(T, index)]
        (y * y).sum().backward()
        return y, x.grad

    assert_same(program)


@settings(max_examples=200, deadline=None)
@given(indices((4, 4, 4, 4), advanced=False))
def test_any_basic_index_gives_a_view(index):
    x = minigrad.zeros(4, 4, 4, 4)
    y = x[index]
    assert y._is_view() and y._base is x
    y += 1
    assert x.sum() == y.numel()


@settings(max_examples=300, deadline=None)
@given(indices(SHAPE), st.booleans())
def test_any_index_writes_what_pytorch_writes_with_its_gradients(index, number):
    if fitting(index, SHAPE) is None:
        return
    torch = pytest.importorskip("torch")
    places = torch.arange(72).reshape(SHAPE)[translate(torch, index)].flatten().tolist()
    if not number and len(set(places)) < len(places):
        return  # which of two values for one place wins is nobody's promise

    def program(T):
        x = leaf(T, *SHAPE)
        y = x * x
        value = 7.0
        if not number:
            value = leaf(T, *y.detach()[translate(T, index)].shape)
        y[translate(T, index)] = value
        (y * y).sum().backward()
        return y, x.grad, *([] if number else [value.grad])

    assert_same(program)


@pytest.mark.parametrize(
    "index",
    [
        (slice(None), 0),
        (0, slice(None), [0, 1]),
        ([0, 1], slice(None), [0, 1]),
        ([0, 1], slice(None), 0),
        (None, [0, 1], None, [0, 1]),
        (True, 0),
        (0, True),
        (False, True),
        (slice(None), True, [0, 1]),
        ([[0], [1]], [0, 1, 2]),
        ([], []),
        [0, 1],
        [True, False],
        [0, slice(0, 1)],
        [None, 0],
        range(2),
        (..., ...),
        (..., 0, ...),
        (),
        True,
        False,
        ...,
        None,
    ],
)
def test_tuples_lists_and_booleans_mean_what_they_mean_in_pytorch(index):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(lambda T: leaf(T, 2, 3, 4)[index])


def test_numpy_arrays_and_numpy_numbers_index_too():
    for index in (np.array([1, 0]), np.array([True, False]), np.int64(1), (np.int32(1), np.array([2, 2]))):
        assert_same(lambda T, index=index: leaf(T, 2, 3, 4)[index])


def test_0_d_tensors_are_integers_and_bounds():
    assert_same(lambda T: leaf(T, 4, 3)[T.tensor(1), T.tensor(0) : T.tensor(2)])
    x = minigrad.zeros(4, 3)
    assert x[minigrad.tensor(1)]._is_view()


def test_bytes_index_as_masks_with_a_warning():
    with pytest.warns(UserWarning, match="uint8"):
        assert_same(lambda T: leaf(T, 2, 3)[T.tensor([0, 1], dtype=T.uint8)])


def test_a_0_d_tensor_takes_none_ellipsis_and_booleans():
    for index in (None, ..., True, False, ()):
        assert_same(lambda T, index=index: leaf(T)[index])


def test_non_contiguous_and_empty_tensors():
    assert_same(lambda T: leaf(T, 3, 4, 2).permute(2, 0, 1)[:, T.tensor([2, 0]), 1:])
    assert_same(lambda T: leaf(T, 0, 4)[:, T.tensor([2, 0])])
    assert_same(lambda T: leaf(T, 3, 4)[T.zeros(0, dtype=T.int64)])
    assert_same(lambda T: leaf(T, 3, 4)[T.zeros(3, 4, dtype=T.bool)])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "complex64"])
def test_every_dtype_is_read_and_written(dtype):
    def program(T):
        x = T.ones(3, 4, dtype=getattr(T, dtype))
        x[1:, T.tensor([0, 2])] = 0
        x[x == 0] = 1
        x[0] = 0
        return x, x[:, 1], x[T.tensor([2, 0])]

    assert_same(program)


# ------------------------------------------------------------------------------------------------ names in the graph


def test_the_graph_names_the_last_step_of_an_index():
    x = minigrad.ones(2, 3, 4, requires_grad=True)
    for index, name in [
        (0, "Select"), ((0, slice(1, None)), "Slice"), ((slice(None), 0), "Select"), ((0, None), "Unsqueeze"), (..., "Alias"),
        (slice(None), "Slice"), ([0, 1], "Index"), (None, "Unsqueeze"),
    ]:  # fmt: skip
        assert x[index].grad_fn.name() == name + "Backward0"


# ------------------------------------------------------------------------------------------------ writing


def test_a_written_value_is_cast_and_broadcast():
    def program(T):
        x = T.zeros(2, 3, dtype=T.int64)
        x[0] = T.tensor([[1.9]], dtype=T.float64)
        x[1, 1:] = T.tensor([5, 6], dtype=T.uint8)
        x[:, 0] = 2.7
        return x

    assert_same(program)


def test_written_numbers_become_elements_or_are_refused():
    def program(T):
        x = T.ones(3, dtype=T.uint8)
        x[0], x[T.tensor([1])] = -1, 2.7
        return x

    assert_same(program)
    for value in (300, float("nan"), 1j):
        assert_both_raise(lambda T, value=value: T.ones(3, dtype=T.uint8).__setitem__(0, value), "without overflow")
    assert_both_raise(lambda T: T.ones(3).__setitem__(0, 1e300), "without overflow")


def test_leading_dimensions_of_size_1_may_be_written_to_fewer():
    def program(T):
        x, w, v = T.zeros(3, 2, dtype=T.float64), leaf(T, 1, 1, 2), leaf(T, 1, 1, 2, 2)
        x[0] = w
        x[T.tensor([1, 2])] = v
        (x * x).sum().backward()
        return x, w.grad, v.grad

    assert_same(program)


def test_writing_a_row_stops_its_old_gradient():
    def program(T):
        x, w = leaf(T, 3, 3), leaf(T)
        y = x * 2
        y[1] = w
        y[:, 0] = 0
        (y * y).sum().backward()
        return y, x.grad, w.grad

    assert_same(program)


def test_writing_through_chains_of_views():
    def program(T):
        x, w = leaf(T, 3, 4), leaf(T, 2, 2)
        y = x * x
        y.view(2, 6)[1:].t()[2:4].mul_(2)
        y[0][1] = w[0, 1]
        y.t()[1:3, 1:].copy_(w)
        y.unsqueeze(0).squeeze().diagonal()[1:] += 5
        (y * y).sum().backward()
        return y, x.grad, w.grad

    assert_same(program)


def test_a_view_taken_before_its_base_was_written_knows_of_it():
    def program(T):
        x = leaf(T, 3, 4)
        y = x * 1
        row, column = y[1], y[:, 2]
        y[1, 2:] = 0
        y.mul_(3)
        (row * row).sum().backward(retain_graph=True)
        first = x.grad.clone()
        column.sum().backward()
        return row, column, first, x.grad

    assert_same(program)


def test_pieces_of_a_split_may_be_written():
    x = minigrad.ones(4, 2, requires_grad=True)
    y = x * 1
    for piece in (*y.split(3), *y.unbind(1)):
        piece.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [[4, 4]] * 4


def test_masks_write_numbers_and_values():
    def program(T):
        x = leaf(T, 3, 4)
        y = x * x
        y[y > 50] = 0
        y[y < 1] = T.tensor([1.0, 2.0, 3.0, 4.0, 5.0], dtype=T.float64)
        y[y[:, 0] > 0] += 1
        y.sum().backward()
        return y, x.grad

    assert_same(program)


def test_a_large_random_mask_writes_exactly_its_elements():
    rng = np.random.default_rng(0)
    a, m = rng.standard_normal((300, 200)).astype("float32"), rng.random((300, 200)) < 0.5
    a[0] = np.nan
    x = minigrad.tensor(a)
    x[minigrad.tensor(m)] = -np.inf
    expected = np.where(m, np.float32(-np.inf), a)
    np.testing.assert_array_equal(x.numpy(), expected)


def test_a_write_raises_the_version_and_backward_notices():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 1
    z = y * y
    y[0] = 5
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_an_index_tensor_changed_before_backward_is_noticed():
    x, i = minigrad.ones(3, requires_grad=True), minigrad.tensor([0, 1])
    y = x[i]
    i[0] = 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_leaf_that_wants_a_gradient_is_not_written():
    assert_both_raise(lambda T: leaf(T, 3).__setitem__(0, 1.0), "leaf Variable")


def test_detach_shares_memory_and_versions():
    x = minigrad.ones(3)
    y = x.detach()
    y[1] = 7
    assert x.tolist() == [1, 7, 1] and x._version == 1


# ------------------------------------------------------------------------------------------------ derivatives of derivatives


def test_second_derivatives_through_repeated_indices():
    def program(T):
        x, i = leaf(T, 4, 3), T.tensor([0, 2, 0])
        y = x[i] ** 3 + x[i, i] * x[:, 1][i]
        (g,) = T.autograd.grad(y.sum(), x, create_graph=True)
        (g * g).sum().backward()
        return g, x.grad

    assert_same(program)


def test_second_derivatives_through_a_write():
    def program(T):
        x, w = leaf(T, 4, 3), leaf(T, 3)
        y = x * x
        y[T.tensor([1, 3])] = w * w
        gx, gw = T.autograd.grad((y**3).sum(), (x, w), create_graph=True)
        ((gx * gx).sum() + (gw * gw).sum()).backward()
        return gx, gw, x.grad, w.grad

    assert_same(program, rtol=1e-9)


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (5, "index 5 is out of bounds for dimension 0 with size 2"),
        ((0, -4), "index -4 is out of bounds for dimension 1 with size 3"),
        ((0, 0, 0), "too many indices for tensor of dimension 2"),
        (slice(None, None, -1), "step must be greater than zero"),
        (slice(None, None, 0), "slice step cannot be zero"),
        (slice(1.0, 2), "slice indices must be integers"),
        (1.0, "only integers, slices"),
        ("a", "invalid data type 'str'"),
        ({}, "only integers, slices"),
        ([5], "index 5 is out of bounds for dimension 0 with size 2"),
        ((slice(None), [0, 7]), "index 7 is out of bounds"),
        (([0, 1], [0, 1, 2]), "shape mismatch: indexing"),
        ([True, False, True], r"The shape of the mask \[3\] at index 0 does not match the shape of the indexed tensor \[2, 3\]"),
        ((slice(None), [True, False]), r"The shape of the mask \[2\] at index 1 does not match"),
    ],
)
def test_indices_that_mean_nothing_are_refused(index, match):
    assert_both_raise(lambda T: leaf(T, 2, 3)[index], match)


def test_more_refusals():
    with pytest.raises(IndexError, match="must be long, int, byte or bool"):
        minigrad.zeros(3)[[1.5]]  # PyTorch cuts it to 1
    assert_both_raise(lambda T: leaf(T)[0], "invalid index of a 0-dim tensor")
    assert_both_raise(lambda T: leaf(T, 3)[T.tensor([0, 1], dtype=T.int16)], "must be long, int, byte or bool")
    assert_both_raise(lambda T: leaf(T, 3)[T.tensor(1.5)], "must be long, int, byte or bool")
    assert_both_raise(lambda T: T.zeros(3).__setitem__(slice(2), T.zeros(3)), "expanded size of the tensor")
    assert_both_raise(lambda T: T.zeros(3).__setitem__([0, 1], T.zeros(3)), "shape mismatch")
    assert_both_raise(lambda T: T.zeros(3).__setitem__(0, [1.0]), "can't assign a list")
    assert_both_raise(lambda T: T.zeros(3).__setitem__(3, 1.0), "out of bounds")
    assert_both_raise(lambda T: T.zeros(3).expand(2, 3).__setitem__(slice(None), 1.0), "single memory location")
