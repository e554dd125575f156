"""The arrays and ufuncs of the stand-in for CuPy: views, indices, dtypes, and what a GPU leaves undefined."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strict_cupy import UndefinedOnGPU, cupy, cupyx, numbered
from strict_cupy_ufunc import AT_DTYPES, LOOPS, UFUNCS

# ---- arrays behave like CuPy's ---------------------------------------------------------------------------------------


def test_reductions_and_full_indices_give_0d_arrays():
    x, _ = numbered(2, 3)
    results = [x.sum(), cupy.max(x), x.argmax(), cupy.any(x > 3), cupy.linalg.norm(x), x[1, 2], x.ravel()[0]]
    results += [cupy.allclose(x, x), cupy.array_equal(x, x), cupy.count_nonzero(x), cupy.median(x)]
    results += [x[0] @ x[1], cupy.dot(x[0], x[0])]
    for result in results:
        assert type(result) is cupy.ndarray and result.shape == ()
    assert (x.shape, x.size, x.ndim, cupy.ndim(x), cupy.shape(x)) == ((2, 3), 6, 2, 2, (2, 3))


def test_0d_arrays_leave_by_conversion():
    x = numbered(3)[0]
    assert (float(x[1]), int(x[1]), bool(x[1]), x[1].item(), f"{x[1]:.1f}") == (2.0, 2, True, 2.0, "2.0")
    assert x.tolist() == [1.0, 2.0, 3.0] and [float(v) for v in x] == [1.0, 2.0, 3.0] and len(x) == 3
    assert type(x.get()) is np.ndarray and x.get() is not x._array
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)
    with pytest.raises(ValueError, match="size 1"):
        x.item()


def test_basic_indices_are_views_and_arrays_as_indices_copy():
    x, _ = numbered(4)
    element, part, fancy, zero_d = x[0], x[1:3], x[[0, 1]], x[cupy.asarray(3)]
    element += 10
    part *= 0
    fancy += 100
    zero_d += 100
    assert x.tolist() == [11.0, 0.0, 0.0, 4.0]
    assert element.base is x and part[1:].base is x and fancy.base is None and zero_d.base is None


def test_views_share_an_allocation_and_copies_do_not():
    x, _ = numbered(2, 6)
    halves = cupy.split(x, 2, axis=1)
    for view in (x[0], x[:, 1:], x.T, x.reshape(3, 4), x.ravel(), x.view(), x.view("int32"), *halves):
        assert view.base is x and view.data.mem is x.data.mem and not view.flags.owndata
    for fresh in (x.copy(), x + 0, x[[0]], x.T.ravel(), x.T.reshape(4, 3), x.astype("f8"), x.sum(0), copy.deepcopy(x)):
        assert fresh.base is None and fresh.data.mem is not x.data.mem and fresh.flags.owndata
    assert x[0, 2].data.ptr == x.data.ptr + 8 and x[:0].base is x
    assert cupy.asarray(x) is x and x.astype("float32", copy=False) is x and cupy.ascontiguousarray(x) is x


def test_as_strided_forgets_its_base_but_not_its_memory():
    x, _ = numbered(6)
    view = cupy.lib.stride_tricks.as_strided(x, (4, 3), (4, 4))
    assert view.base is None and view.data.mem is x.data.mem
    view[0, 0] = 9.0
    assert x[0].item() == 9.0
    for shape, strides in [((7,), (4,)), ((2,), (-4,)), ((5, 3), (4, 4))]:
        with pytest.raises(UndefinedOnGPU, match="too far"):
            cupy.lib.stride_tricks.as_strided(x, shape, strides)
    assert cupy.lib.stride_tricks.as_strided(x[2:], (2, 2), (-8, 4)).shape == (2, 2)


@pytest.mark.parametrize(
    "make",
    [lambda x: x + x, cupy.exp, lambda x: x.sum(axis=0), lambda x: x[:, [0, 1]]],
    ids=["sum of two", "exp", "reduction", "indexing"],
)
def test_results_are_c_contiguous_whatever_the_input_was(make):
    x = numbered(4, 3, 2)[0]
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        assert make(x.transpose(order)).flags.c_contiguous


def test_flags_have_cupys_names():
    flags = numbered(2, 3)[0].T.flags
    assert (flags.c_contiguous, flags.f_contiguous, flags.owndata, flags.fnc, flags["F_CONTIGUOUS"]) == (0, 1, 0, 1, 1)
    with pytest.raises(KeyError):
        flags["WRITEABLE"]


def test_empty_memory_is_poisoned():
    for made in (cupy.empty((2, 2), "float32"), cupy.empty_like(cupy.zeros(3)), cupy.ndarray((2,), "complex64")):
        assert bool(cupy.isnan(made).all())
    assert cupy.empty(2, "int8").tolist() == [127, 127]


def test_arrays_are_copied_and_pickled():
    x, host = numbered(2, 3)
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(twin) is cupy.ndarray and twin.data.ptr != x.data.ptr
        np.testing.assert_array_equal(twin.get(), host)


def test_set_and_get_want_the_very_dtype_and_shape():
    x, host = numbered(3)
    x.set(host * 2)
    assert x.get(out=np.empty(3, np.float32)).tolist() == [2.0, 4.0, 6.0]
    for wrong in (host.astype(float), [1.0, 2.0, 3.0]):
        with pytest.raises(TypeError):
            x.set(wrong)
        with pytest.raises(TypeError):
            x.get(out=wrong)


# ---- indices ---------------------------------------------------------------------------------------------------------


def test_index_arrays_wrap_around_and_integers_do_not():
    x = numbered(2, 3)[0]
    assert x[:, cupy.asarray([3, -4, 5])].tolist() == [[1, 3, 3], [4, 6, 6]]
    assert x[[0, 2], [0, 4]].tolist() == [1, 2]
    assert cupy.take(x, cupy.asarray([6, 13])).tolist() == x.take([6, 13]).tolist() == [1, 2]
    assert cupy.take_along_axis(x, cupy.asarray([[4], [-1]]), 1).tolist() == [[2], [6]]
    x[:, [3]] = 0
    assert x[:, 0].tolist() == [0, 0]
    for index in (2, -3, (0, 3), np.int64(5)):
        with pytest.raises(IndexError):
            x[index]


@pytest.mark.parametrize(
    "index", [1.0, "a", [0.5], cupy.zeros(2), (0, 0, 0), (..., ...), [True], cupy.asarray([True] * 3)], ids=repr
)
def test_indices_that_are_none_are_index_errors(index):
    with pytest.raises(IndexError):
        numbered(2, 3)[0][index]


def test_two_masks_in_one_index_are_refused():
    x = numbered(2, 2)[0]
    with pytest.raises(NotImplementedError, match="more than one boolean"):
        x[cupy.asarray([True, False]), cupy.asarray([True, False])]


def test_two_values_for_one_place_are_undefined_and_one_is_not():
    x, values = numbered(3)[0], cupy.asarray([5.0, 6.0], dtype="float32")
    with pytest.raises(UndefinedOnGPU, match="different values to one place"):
        x[[1, 1]] = values
    with pytest.raises(UndefinedOnGPU):
        x[[1, 4]] = values  # 4 wraps around to 1
    with pytest.raises(UndefinedOnGPU):
        cupy.put_along_axis(x, cupy.asarray([1, 1]), values, 0)
    assert x.tolist() == [1, 2, 3]
    x[[1, 1]] = 7.0
    x[[0, 2, 0]] = cupy.asarray([5.0, 6.0, 5.0], dtype="float32")
    assert x.tolist() == [5.0, 7.0, 6.0]


def test_an_array_that_overlaps_itself_cannot_be_written_to():
    x = numbered(4)[0]
    windows = cupy.lib.stride_tricks.as_strided(x, (3, 2), (4, 4))
    for write in (
        lambda: windows.__setitem__(..., cupy.ones((3, 2), "float32")),
        lambda: windows.__iadd__(1),
        lambda: cupy.sum(cupy.ones((1, 3, 2), "float32"), axis=0, out=windows),
    ):
        with pytest.raises(UndefinedOnGPU, match="share memory"):
            write()
    windows[...] = 5.0
    windows[::2] += 1
    assert x.tolist() == [6.0, 6.0, 6.0, 6.0]


basic = st.sampled_from([slice(None), slice(1, None), slice(None, None, -1), slice(0, 0), 0, -1, None, ...])
arrays_of_integers = st.sampled_from([[0], [1, 0, 1], [[0, 1], [1, 1]], [-1, -2, 0]])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.one_of(basic, arrays_of_integers.map(np.array), st.just(np.array([True, False]))), max_size=4))
def test_indexing_agrees_with_numpy(index):
    x, host = numbered(2, 2, 2, 2)
    ours = tuple(cupy.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
    try:
        expected = host[tuple(index)]
    except IndexError:
        with pytest.raises((IndexError, NotImplementedError)):
            x[ours]
        return
    try:
        result = x[ours]
    except NotImplementedError:
        assert sum(isinstance(i, np.ndarray) and i.dtype == bool for i in index) > 1
        return
    np.testing.assert_array_equal(result.get(), expected, strict=True)
    host[tuple(index)] = 0
    x[ours] = 0
    np.testing.assert_array_equal(x.get(), host)


# ---- ufuncs ----------------------------------------------------------------------------------------------------------


def test_ufuncs_write_into_out_and_return_it():
    x, host = numbered(2, 3)
    out = cupy.empty_like(x)
    assert cupy.multiply(x, 2, out=out) is out and cupy.multiply(x, 2, out) is out and x.__imul__(1) is x
    np.testing.assert_array_equal(out.get(), host * 2)
    fraction, whole = cupy.modf(x / 2)
    np.testing.assert_array_equal((fraction + whole).get(), host / 2)
    with pytest.raises(ValueError):
        cupy.add(x, x, out=cupy.empty(2, "float32"))
    with pytest.raises(TypeError):
        cupy.add(x, x, out=cupy.empty((2, 3), "int32"))
    with pytest.raises(TypeError):
        x //= cupy.ones(3, "complex64")


not_complex_in_numpy = ("arctan2", "atan2", "copysign", "hypot", "i0", "nextafter")


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_ufuncs_have_numpys_values_and_never_return_their_input(name):
    for ins, outs in LOOPS[name]:
        if outs is None or (ins[0].kind == "c" and name in not_complex_in_numpy):
            continue
        hosts = [np.arange(1, 4).astype(dtype) for dtype in ins]
        results = UFUNCS[name](*(cupy.asarray(host) for host in hosts))
        with np.errstate(all="ignore"):
            expected = getattr(np, name)(*hosts)
        for result, value, dtype in zip(
            results if isinstance(results, tuple) else [results],
            expected if isinstance(expected, tuple) else [expected],
            outs,
            strict=True,
        ):
            assert result.dtype == dtype
            assert result.base is None and not any(np.may_share_memory(result._array, host) for host in hosts)
            np.testing.assert_array_equal(result.get(), value)


@pytest.mark.parametrize(
    ("name", "operands", "dtype"),
    [
        ("add", (np.ones(2, "f4"), 2.5), "f4"),
        ("add", (np.ones(2, "f4"), np.float64(2.5)), "f8"),
        ("add", (np.ones(2, "i4"), 2.5), "f8"),
        ("add", (np.ones(2, "u1"), 2), "u1"),
        ("add", (np.ones(2, "?"), 2), "i8"),
        ("add", (np.ones(2, "f4"), 2j), "c8"),
        ("true_divide", (np.ones(2, "i1"), np.ones(2, "i1")), "f8"),
        ("power", (np.ones(2, "?"), np.ones(2, "?")), "i1"),
        ("equal", (np.ones(2, "u1"), 300), "?"),
        ("less", (np.ones(2, "i8"), np.ones(2, "u8")), "?"),
        ("exp", (np.ones(2, "i2"),), "f4"),
    ],
)
def test_dtypes_of_results(name, operands, dtype):
    ours = [cupy.asarray(x) if isinstance(x, np.ndarray) else x for x in operands]
    assert UFUNCS[name](*ours).dtype == dtype


@pytest.mark.parametrize(
    "call",
    [
        lambda: -cupy.ones(2, bool),
        lambda: cupy.ones(2, bool) - cupy.ones(2, bool),
        lambda: cupy.logical_and(cupy.ones(2, "c8"), True),
        lambda: ~cupy.ones(2),
        lambda: cupy.equal(cupy.ones(2), 1, dtype=bool),
        lambda: cupy.ones(2, "i4").__iadd__(1.5),
    ],
)
def test_loops_that_cupy_lacks_are_type_errors(call):
    with pytest.raises(TypeError):
        call()


def test_numbers_that_a_dtype_cannot_hold_overflow():
    with pytest.raises(OverflowError):
        cupy.ones(2, "u1") + 300
    with pytest.raises(OverflowError):
        cupy.ones(2, "u1")[0] = -1


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_only_a_few_ufuncs_have_at_reduce_and_accumulate(name):
    x = cupy.ones(3, "int32")
    for method, allowed, args in [
        ("at", set(AT_DTYPES), (0, 1)),
        ("reduce", {"add", "multiply"}, ()),
        ("accumulate", {"add", "multiply"}, ()),
        ("reduceat", {"add"}, (cupy.zeros(1, int),)),
    ]:
        if name in allowed:
            getattr(UFUNCS[name], method)(x, *args)
        else:
            with pytest.raises(NotImplementedError, match="not supported yet"):
                getattr(UFUNCS[name], method)(x, *args)


@pytest.mark.parametrize("name", sorted(AT_DTYPES))
@pytest.mark.parametrize("dtype", "?bhilBHILefdFD")
def test_at_accumulates_for_the_dtypes_it_knows(name, dtype):
    x, values = cupy.ones(3, dtype), cupy.asarray(np.array([4, 0, 2]).astype(dtype))
    if dtype not in AT_DTYPES[name]:
        with pytest.raises(TypeError, match="does not support"):
            UFUNCS[name].at(x, [0, 0, 4], values)
        return
    expected = np.ones(3, dtype)
    getattr(np, name).at(expected, [0, 0, 1], values.get())
    UFUNCS[name].at(x, [0, 0, 4], values)  # 4 wraps around to 1
    np.testing.assert_array_equal(x.get(), expected)


def test_scatter_add_adds_every_value_and_says_that_it_is_old():
    x = cupy.zeros((2, 3), "float32")
    with pytest.warns(DeprecationWarning, match=r"cupy\.add\.at"):
        cupyx.scatter_add(x, (slice(None), cupy.asarray([0, 0, 2])), cupy.ones(3, "float32"))
    assert x.tolist() == [[2, 0, 1], [2, 0, 1]]
