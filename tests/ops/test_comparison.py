"""Comparisons, tests for NaN and infinity, and logic agree with PyTorch in value, type and refusal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same

inf, nan = np.inf, np.nan
TYPES = ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64", "complex64"]
ORDER = ["eq", "ne", "lt", "le", "gt", "ge"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]
SIGNS = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "bitwise_and": "&", "bitwise_or": "|",
    "bitwise_xor": "^", "bitwise_left_shift": "<<", "bitwise_right_shift": ">>",
}  # fmt: skip


@pytest.mark.parametrize("name", [*ORDER, *LOGIC, *BITS])
def test_every_pair_of_types(name):
    for left, right in itertools.product(TYPES, TYPES):
        x, y = np.array([0, 1, 5, 3]).astype(left), np.array([0, 2, 3, 3]).astype(right)
        assert_agrees(lambda T: getattr(T, name)(T.tensor(x), T.tensor(y)))  # noqa: B023


@pytest.mark.parametrize("name", SIGNS)
@pytest.mark.parametrize("number", [2, 0, -1, True, 2.0, 0.5, 300, nan, inf, 1j])
def test_operators_with_every_type_and_number_on_either_side(name, number):
    for kind in TYPES:
        x = np.array([0, 2, 100]).astype(kind)
        assert_agrees(lambda T: eval(f"x {SIGNS[name]} y", {"x": T.tensor(x), "y": number}))  # noqa: B023
        if number != 300 or kind not in ("uint8", "int8"):  # where PyTorch wraps 300 on one side only
            assert_agrees(lambda T: eval(f"y {SIGNS[name]} x", {"x": T.tensor(x), "y": number}))  # noqa: B023


def test_nan_is_equal_to_nothing_and_in_no_order():
    x = minigrad.tensor([nan, 1.0])
    for name in ORDER:
        assert getattr(minigrad, name)(x, x).tolist() == [name == "ne", name in ("eq", "le", "ge")]


@pytest.mark.parametrize(
    "name", ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal", "signbit", "logical_not", "bitwise_not"]
)
def test_tests_of_one_tensor(name):
    for kind in TYPES:
        values = [0.0, -0.0, 1.5, -2.0, inf, -inf, nan] if kind.startswith("float") else [0, 1, 3]
        for x in (np.array(values).astype(kind), np.array(values[2]).astype(kind), np.zeros((0, 2), kind)):
            assert_agrees(lambda T: getattr(T, name)(T.tensor(x)))  # noqa: B023


def test_bits_shifted_out_of_the_type_are_lost():
    assert_same(
        lambda T: [
            f(T.tensor([5, -3, 0], dtype=T.int32))
            for f in (lambda x: x << 31, lambda x: x << 40, lambda x: x >> 40, lambda x: x << -1)
        ]
    )
    assert_same(lambda T: [T.tensor([200], dtype=T.uint8) << 1, T.tensor([200], dtype=T.uint8) >> 3, 1 << T.tensor([0, 3, 64])])


@pytest.mark.parametrize("dunder", ["&=", "|=", "^=", "<<=", ">>="])
def test_operators_in_place(dunder):
    def program(T):
        x = T.tensor([5, 2])
        names = {"x": x}
        exec(f"x {dunder} 3", names)
        return x, T.tensor(names["x"] is x)

    assert_same(program)


def test_comparisons_in_place_write_into_the_type_of_the_tensor():
    assert_same(
        lambda T: [
            T.tensor([1.0, 3.0]).gt_(2),
            T.tensor([1, 0]).logical_not_(),
            T.tensor([1.0, 0.0]).logical_and_(T.tensor([1, 1])),
        ]
    )


@pytest.mark.parametrize("equal_nan", [True, False])
@pytest.mark.parametrize(("rtol", "atol"), [(1e-5, 1e-8), (0.0, 0.0), (0.1, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_isclose_and_allclose(kind, rtol, atol, equal_nan):
    values = [0.0, 1.0, 1.05, 100.0, -1.0] + [inf, -inf, nan] * (kind != "int64")
    x, y = (np.array(list(side)).astype(kind) for side in zip(*itertools.product(values, repeat=2), strict=True))

    def program(T):
        a, b = T.tensor(x), T.tensor(y)
        return (
            T.isclose(a, b, rtol, atol, equal_nan),
            T.tensor(T.allclose(a, b, rtol, atol, equal_nan)),
            T.tensor(T.allclose(a, a, equal_nan=True)),
        )

    assert_same(program)


def test_equal_asks_for_one_shape_and_the_same_elements():
    x = minigrad.tensor([1.0, 2.0])
    assert minigrad.equal(x, x.clone()) is True
    assert not minigrad.equal(x, minigrad.tensor([1.0, 3.0]))
    assert not minigrad.equal(x, minigrad.tensor([[1.0, 2.0]]))
    assert minigrad.equal(x, minigrad.tensor([1, 2]))
    assert minigrad.equal(minigrad.zeros(0), minigrad.zeros(0))


@settings(deadline=None)
@given(x=st.lists(st.integers(0, 9)), tests=st.lists(st.integers(0, 9)), invert=st.booleans())
def test_isin_is_pythons_in(x, tests, invert):
    found = minigrad.isin(minigrad.tensor(x, dtype=minigrad.int64), minigrad.tensor(tests, dtype=minigrad.int64), invert=invert)
    assert found.tolist() == [(n in tests) != invert for n in x]


def test_a_comparison_carries_no_gradient():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    for result in (x > 1, x == x, minigrad.isnan(x), minigrad.isclose(x, x)):
        assert not result.requires_grad


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T: T.tensor([1j]) < T.tensor([1j]), "lt"),
        (lambda T: ~T.tensor([1.0]), "~ .* integer and Boolean"),
        (lambda T: T.bitwise_not(T.tensor([1.0])), "bitwise_not"),
        (lambda T: T.tensor([1.0]) & T.tensor([1.0]), "bitwise_and"),
        (lambda T: T.tensor([1]) & 2.0, "bitwise_and"),
        (lambda T: T.tensor([True]) << True, "shift"),
        (lambda T: T.eq(2, T.tensor([1.0])), "argument 'input'"),
        (lambda T: T.logical_and(T.tensor([1]), 1), "argument 'other'"),
        (lambda T: T.isclose(T.tensor([1.0]), T.tensor([1])), "did not match"),
        (lambda T: T.isclose(T.tensor([1.0]), T.tensor([1.0]), rtol=-1), "rtol must be greater than or equal to zero"),
        (lambda T: T.isposinf(T.tensor([1j])), "isposinf does not support complex"),
        (lambda T: T.signbit(T.tensor([1j])), "signbit"),
        (lambda T: T.tensor([1.0]) > None, "'>' not supported"),
    ],
)
def test_refusals(program, words):
    assert_both_raise(program, words)
