"""Scattering counts every repetition of an index, as PyTorch's scatter_, index_add_ and index_put_ do."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.kernels import cpu, gpu
from minigrad.kernels.scatter import embedding_backward, gather, index_add, put_add, scatter, scatter_add, scatter_reduce

from .both_libraries import assert_close, both_libraries, home, send

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # minigrad itself silences its own
rng = numpy.random.default_rng(0)
REDUCTIONS = ["sum", "prod", "mean", "amax", "amin"]


@st.composite
def scatterings(draw: Any) -> dict[str, Any]:
    """out, index, src and an axis: index no longer than src, nor than out but for the axis."""
    d = draw(st.integers(1, 3))
    axis = draw(st.integers(0, d - 1))
    out = tuple(draw(st.integers(1, 5)) for _ in range(d))
    index = tuple(draw(st.integers(0, 7)) if a == axis else draw(st.integers(1, n)) for a, n in enumerate(out))
    src = tuple(n + draw(st.integers(0, 2)) for n in index)
    return {"axis": axis, "out": out, "index": rng.integers(0, out[axis], index), "src": src}


@both_libraries
@given(case=scatterings(), transposed=st.booleans())
@settings(max_examples=150, deadline=None)
def test_gather_and_scatter_add_agree_with_pytorch(library, case, transposed):
    to, axis, index = send(library), case["axis"], case["index"]
    out, src = rng.standard_normal(case["out"]), rng.standard_normal(case["src"])
    expected = torch.tensor(out).scatter_add(axis, torch.tensor(index), torch.tensor(src)).numpy()
    place = to(out.T.copy()).T if transposed else to(out.copy())
    assert scatter_add(place, axis, to(index), to(src)) is place
    assert_close(place, expected)
    assert_close(gather(to(out), axis, to(index)), torch.tensor(out).gather(axis, torch.tensor(index)).numpy())


@both_libraries
@pytest.mark.parametrize("reduce", REDUCTIONS)
@given(case=scatterings(), include_self=st.booleans(), dtype=st.sampled_from(["float64", "int64", "int16"]), nan=st.booleans())
@settings(max_examples=60, deadline=None)
def test_scatter_reduce_agrees_with_pytorch(library, reduce, case, include_self, dtype, nan):
    to, axis, index = send(library), case["axis"], case["index"]
    out, src = (rng.integers(-4, 5, shape).astype(dtype) for shape in (case["out"], case["src"]))
    if nan and dtype == "float64":
        src[rng.random(src.shape) < 0.2] = numpy.nan
    expected = torch.tensor(out).scatter_reduce(
        axis, torch.tensor(index), torch.tensor(src), reduce, include_self=include_self
    )
    assert_close(scatter_reduce(to(out), axis, to(index), to(src), reduce, include_self), expected.numpy())


@both_libraries
def test_scatter_assigns(library):
    index = numpy.argsort(rng.random((4, 3)), axis=0)[:2]
    out, src = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))
    expected = torch.tensor(out).scatter(0, torch.tensor(index), torch.tensor(src)).numpy()
    to = send(library)
    assert_close(scatter(to(out.copy()), 0, to(index), to(src)), expected)
    expected = torch.tensor(out).scatter(0, torch.tensor(index), 2.0).numpy()
    assert_close(scatter(to(out.copy()), 0, to(index), 2.0), expected)


@both_libraries
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    many=st.integers(0, 12),
    dtype=st.sampled_from(["float64", "float32", "int64", "uint8"]),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_index_add_agrees_with_pytorch(library, shape, many, dtype, data):
    axis, to = data.draw(st.integers(-len(shape), len(shape) - 1)), send(library)
    source_shape = list(shape)
    source_shape[axis] = many
    out, source = rng.integers(0, 9, shape).astype(dtype), rng.integers(0, 9, source_shape).astype(dtype)
    index = rng.integers(0, shape[axis], many)
    expected = torch.tensor(out).index_add(axis, torch.tensor(index), torch.tensor(source)).numpy()
    assert_close(index_add(to(out), axis, to(index), to(source)), expected)


@given(
    V=st.integers(1, 300),
    M=st.integers(1, 400),
    D=st.sampled_from([1, 17, 40]),
    skew=st.sampled_from([0.0, 1.0, 3.0]),
    dtype=st.sampled_from(["float32", "float64", "int32"]),
)
@settings(max_examples=150, deadline=None)
def test_rows_are_added_right_however_often_each_is_named(V, M, D, skew, dtype):
    """The arrangement by rows, on every mixture of rows named often and seldom."""
    chances = 1 / numpy.arange(1, V + 1) ** skew
    index = rng.choice(V, M, p=chances / chances.sum())
    out, rows = rng.integers(-9, 9, (V, D)).astype(dtype), rng.integers(-9, 9, (M, D)).astype(dtype)
    expected = out.copy()
    numpy.add.at(expected, index, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu, "FEW", 0)
        cpu.add_rows(out, index, rows)
    numpy.testing.assert_array_equal(out, expected)


def test_tables_of_more_than_65536_rows_sort_their_index_right():
    index = numpy.array([70_000, 3, 70_000 - 65_536, 70_000])
    order, places, starts, counts = cpu.runs(index, 100_000)
    assert (places.tolist(), counts.tolist()) == ([3, 70_000 - 65_536, 70_000], [1, 1, 2])


@given(V=st.integers(1, 10), M=st.integers(0, 60), ufunc=st.sampled_from(["add", "multiply", "maximum", "minimum"]))
@settings(max_examples=100, deadline=None)
def test_halving_combines_as_ufunc_at_does(V, M, ufunc):
    index, values, out = rng.integers(0, V, M), rng.integers(-3, 4, M), rng.integers(-3, 4, V)
    expected = out.copy()
    getattr(numpy, ufunc).at(expected, index, values)
    gpu.combine_by_halving(ufunc, out, index, values)
    numpy.testing.assert_array_equal(out, expected)


INDICES = {
    "one": lambda: (rng.integers(-4, 4, 9),),
    "a grid": lambda: (rng.integers(0, 4, (2, 3)),),
    "two": lambda: (rng.integers(-4, 4, 9), rng.integers(-3, 3, 9)),
    "two, broadcast": lambda: (rng.integers(0, 4, (5, 1)), rng.integers(0, 3, 6)),
    "three": lambda: (rng.integers(0, 4, 9), rng.integers(0, 3, 9), rng.integers(-5, 5, 9)),
    "after a slice": lambda: (slice(None), rng.integers(0, 3, 7)),
    "before a slice": lambda: (rng.integers(0, 4, 7), slice(1, 3)),
    "a mask": lambda: (rng.random((4, 3)) < 0.5,),
    "a number": lambda: (2,),
}


@both_libraries
@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int16"])
@pytest.mark.parametrize("transposed", [False, True])
def test_put_add_understands_every_kind_of_index(library, name, dtype, transposed):
    to, index = send(library), INDICES[name]()
    out = rng.integers(0, 9, (4, 3, 5)).astype(dtype)
    values = rng.integers(0, 9, out[index].shape).astype(dtype)
    expected = out.copy()
    numpy.add.at(expected, index, values)
    place = to(out.T.copy()).T if transposed else to(out)
    assert put_add(place, to(index), to(values)) is place
    assert_close(place, expected)
    assert_close(put_add(place, to(index), 0), expected)


@both_libraries
@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("by_frequency", [False, True])
def test_embedding_backward_agrees_with_pytorch(library, padding_idx, by_frequency):
    index, g = rng.integers(0, 50, (40, 30)), rng.standard_normal((40, 30, 33))
    table = torch.zeros(60, 33, dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.embedding(
        torch.tensor(index), table, padding_idx=padding_idx, scale_grad_by_freq=by_frequency
    )
    (expected,) = torch.autograd.grad(y, table, torch.tensor(g))
    to = send(library)
    assert_close(embedding_backward(to(g), to(index), 60, padding_idx, by_frequency), expected.numpy())


@both_libraries
@pytest.mark.parametrize("bad", [-1, 3])
def test_an_index_out_of_bounds_is_refused_and_changes_nothing(library, bad):
    to, out = send(library), send(library)(numpy.zeros((3, 2)))
    index = to(numpy.array([[0, bad]]))
    for call in (
        lambda: scatter_add(out, 0, index, to(numpy.ones((1, 2)))),
        lambda: gather(out, 0, index),
        lambda: index_add(out, 0, index[0], to(numpy.ones((2, 2)))),
    ):
        with pytest.raises(RuntimeError, match=f"index {bad} is out of bounds for dimension 0 with size 3"):
            call()
    assert not home(out).any()


def test_zero_dimensional_arrays_have_one_place():
    out = numpy.array(1.0)
    assert scatter_add(out, 0, numpy.array(0), numpy.array(2.0)) is out and out == 3
    assert index_add(out, 0, numpy.array(0), numpy.array(2.0)) is out and out == 5


def test_an_unknown_reduction_is_refused_in_words():
    with pytest.raises(RuntimeError, match="reduce argument must be one of sum, prod, mean, amax, amin, got 'median'"):
        scatter_reduce(numpy.zeros(2), 0, numpy.array([0]), numpy.ones(1), "median")
