"""Python numbers written into tensors: what PyTorch stores, or what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.ops._numbers import number_as

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64"]
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-300, 300),
    st.floats(-300, 300),
    st.floats(-1e6, 1e6),
    st.sampled_from([math.inf, -math.inf, math.nan, 3e38, -1e300]),
    st.booleans(),
    st.complex_numbers(max_magnitude=9),
    st.integers(-300, 300).map(complex),
)


@settings(max_examples=1000, deadline=None)
@given(numbers, st.sampled_from(DTYPES))
def test_a_number_becomes_the_element_that_pytorch_stores(value, dtype):
    torch = pytest.importorskip("torch")
    place, kind = torch.zeros(1, dtype=getattr(torch, dtype)), getattr(minigrad, dtype)
    try:
        place[0] = value
    except RuntimeError:
        with pytest.raises(RuntimeError):
            number_as(value, kind, to_infinity=True)
    else:
        ours = torch.zeros_like(place).fill_(number_as(value, kind, to_infinity=True))
        torch.testing.assert_close(ours, place, rtol=0, atol=0, equal_nan=True)


def test_sixteen_bits_overflow_to_infinity_only_where_asked():
    assert number_as(1e10, minigrad.float16, to_infinity=True) == 1e10  # the cast that follows makes it infinite
    assert number_as(-math.inf, minigrad.float16) == -math.inf
    with pytest.raises(RuntimeError, match="without overflow"):
        number_as(1e10, minigrad.float16)
