"""Index arrays and masks at some of the axes: NumPy's own indexing is the oracle, repetitions are counted."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.kernels.indexing import add, read, write

from .both_libraries import assert_close, both_libraries, send

SHAPE = (3, 4, 2, 5)


@st.composite
def places(draw) -> tuple[tuple[int, ...], tuple]:
    """Axes of SHAPE with an array of integers (all of shapes that broadcast) or a mask at each."""
    dims = tuple(sorted(draw(st.sets(st.integers(0, 3), min_size=1))))
    count = draw(st.integers(1, 4))
    arrays = []
    for dim in dims:
        size = SHAPE[dim]
        if draw(st.integers(0, 3)) == 0:  # a mask stands for as many integers as the others have
            true = draw(st.permutations(range(size)))[: min(count, size)]
            if len(true) == count or count == 1:
                arrays.append(numpy.isin(numpy.arange(size), true))
                continue
        shape = draw(st.sampled_from([(count,), (1,), (2, count)]))
        flat = draw(st.lists(st.integers(-size, size - 1), min_size=int(numpy.prod(shape)), max_size=int(numpy.prod(shape))))
        arrays.append(numpy.array(flat).reshape(shape))
    return dims, tuple(arrays)


def full_index(dims, arrays):
    index = [slice(None)] * 4
    for dim, array in zip(dims, arrays, strict=True):
        index[dim] = array
    return tuple(index)


@both_libraries
@given(case=places(), turned=st.booleans())
@settings(max_examples=200, deadline=None)
def test_read_write_and_add_agree_with_numpy(library, case, turned):
    to, (dims, arrays) = send(library), case
    x = numpy.arange(120.0).reshape(SHAPE)
    if turned:
        x = numpy.ascontiguousarray(x.T).T
    index = full_index(dims, arrays)
    sent = tuple(map(to, arrays))
    expected = x[index]
    assert_close(read(to(x), dims, sent), expected)
    values = numpy.random.default_rng(0).standard_normal(expected.shape)
    summed = x.copy()
    numpy.add.at(summed, index, values)
    assert_close(add(to(x.copy()), dims, sent, to(values)), summed)
    written, ours = x.copy(), to(x.copy())
    written[index] = -1
    write(ours, dims, sent, -1)
    assert_close(ours, written)


@both_libraries
def test_a_mask_over_everything_writes_one_number_to_its_elements(library):
    to = send(library)
    x = numpy.random.default_rng(0).standard_normal((90, 70)).astype("float32")
    mask = x > 0
    ours = to(x.copy())
    write(ours, (0,), (to(mask),), numpy.float32(numpy.nan))
    x[mask] = numpy.nan
    assert_close(ours, x)


@both_libraries
@pytest.mark.parametrize(("index", "named"), [([5], 5), ([-4], -4), ([0, 3], 3)])
def test_what_is_out_of_bounds_is_named(library, index, named):
    to = send(library)
    x, i = to(numpy.zeros((2, 3))), to(numpy.array(index))
    for use in (lambda: read(x, (1,), (i,)), lambda: write(x, (1,), (i,), 0), lambda: read(x, (0, 1), (i * 0, i))):
        with pytest.raises(IndexError, match=f"index {named} is out of bounds for dimension 1 with size 3"):
            use()
