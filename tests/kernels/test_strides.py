"""Views by strides."""

from __future__ import annotations

import numpy
import pytest

from minigrad.kernels.strides import strided

from .both_libraries import assert_close, both_libraries, send


@both_libraries
@pytest.mark.parametrize("turned", [False, True])
def test_a_strided_view_steps_through_the_memory_of_its_source(library, turned):
    x = send(library)(numpy.arange(12.0).reshape(3, 4))
    x = x.T if turned else x
    y = strided(x, (2, x.shape[0], 2), (0, x.strides[0], x.strides[1]))
    assert_close(y[1], (numpy.arange(12.0).reshape(3, 4).T if turned else numpy.arange(12.0).reshape(3, 4))[:, :2])
    y[0, 1, 1] = -5
    assert float(x[1, 1]) == -5


def test_numpy_checks_that_a_view_stays_within_its_memory():
    with pytest.raises(ValueError, match="strides"):
        strided(numpy.zeros(3), (5,), (8,))
