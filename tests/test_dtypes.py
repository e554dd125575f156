"""Element types: PyTorch's promotion table cell by cell, casts, limits."""

from __future__ import annotations

import itertools
import pickle

import pytest

import minigrad
from minigrad import dtypes

torch = pytest.importorskip("torch")

NAMES = [d.name for d in dtypes.ALL]
NUMBERS = [True, 3, 2.5, 1j]
PAIRS = list(itertools.product(NAMES, NAMES))


def named(d) -> str:
    """The name without its library; minigrad has no complex32 and computes in complex64 where PyTorch would use it."""
    return str(d).split(".")[-1].replace("complex32", "complex64")


@pytest.mark.parametrize("a, b", PAIRS)
def test_promote_types_and_can_cast(a, b):
    assert named(minigrad.promote_types(getattr(minigrad, a), getattr(minigrad, b))) == named(
        torch.promote_types(getattr(torch, a), getattr(torch, b))
    )
    assert minigrad.can_cast(getattr(minigrad, a), getattr(minigrad, b)) == torch.can_cast(getattr(torch, a), getattr(torch, b))


def operands(T, name):
    kind = getattr(T, name)
    return [T.ones(2, dtype=kind), T.ones((), dtype=kind)]


@pytest.mark.parametrize("a, b", PAIRS)
def test_result_type_of_tensors_with_and_without_dimensions(a, b):
    for i, j in itertools.product(range(2), range(2)):
        expected = torch.result_type(operands(torch, a)[i], operands(torch, b)[j])
        assert named(minigrad.result_type(operands(minigrad, a)[i], operands(minigrad, b)[j])) == named(expected)


@pytest.mark.parametrize("a, number", list(itertools.product(NAMES, NUMBERS)))
def test_result_type_of_tensors_and_numbers(a, number):
    for i in range(2):
        assert named(minigrad.result_type(operands(minigrad, a)[i], number)) == named(torch.result_type(operands(torch, a)[i], number))


@pytest.mark.parametrize("a, b", PAIRS)
def test_addition_and_division_follow_the_table(a, b):
    for i, j in itertools.product(range(2), range(2)):
        for f in (lambda x, y: x + y, lambda x, y: x / y, lambda x, y: x * y):
            try:
                expected = f(operands(torch, a)[i], operands(torch, b)[j])
            except NotImplementedError:  # complex32
                continue
            got = f(operands(minigrad, a)[i], operands(minigrad, b)[j])
            assert named(got.dtype) == named(expected.dtype)


@pytest.mark.parametrize("a, number", list(itertools.product(NAMES, NUMBERS)))
def test_arithmetic_with_numbers_follows_the_table(a, number):
    for i in range(2):
        for f in (lambda x, y: x + y, lambda x, y: y * x, lambda x, y: x / y):
            try:
                expected = f(operands(torch, a)[i], number)
            except NotImplementedError:  # complex32
                continue
            assert named(f(operands(minigrad, a)[i], number).dtype) == named(expected.dtype)


@pytest.mark.parametrize("name", [n for n in NAMES if dtypes.NAMES[n].is_floating_point])
def test_finfo(name):
    got, expected = minigrad.finfo(getattr(minigrad, name)), torch.finfo(getattr(torch, name))
    for field in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution"):
        assert getattr(got, field) == pytest.approx(getattr(expected, field), rel=1e-6)


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_iinfo(name):
    got, expected = minigrad.iinfo(getattr(minigrad, name)), torch.iinfo(getattr(torch, name))
    assert (got.bits, got.min, got.max) == (expected.bits, expected.min, expected.max)


def test_limits_of_the_wrong_kind_are_refused():
    with pytest.raises(TypeError, match="floating point"):
        minigrad.finfo(minigrad.int32)
    with pytest.raises(TypeError, match="integer"):
        minigrad.iinfo(minigrad.float32)


def test_the_default_dtype_is_that_of_python_floats():
    try:
        minigrad.set_default_dtype(minigrad.float64)
        assert minigrad.tensor(1.5).dtype is minigrad.float64
        assert minigrad.zeros(2).dtype is minigrad.float64
        assert (minigrad.arange(3) * 1.5).dtype is minigrad.float64
    finally:
        minigrad.set_default_dtype(minigrad.float32)
    assert (minigrad.arange(3) * 1.5).dtype is minigrad.float32
    with pytest.raises(TypeError, match="only floating-point types"):
        minigrad.set_default_dtype(minigrad.int64)


def test_a_dtype_is_one_object():
    assert minigrad.float is minigrad.float32 and minigrad.long is minigrad.int64
    assert pickle.loads(pickle.dumps(minigrad.float32)) is minigrad.float32
    assert repr(minigrad.bool) == "torch.bool"


def test_types_that_no_tensor_has_are_refused_by_name():
    import numpy as np

    with pytest.raises(TypeError, match="float128|longdouble|complex256|supported types"):
        minigrad.from_numpy(np.zeros(2, np.longdouble))
