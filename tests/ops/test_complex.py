"""Complex numbers: values and gradients by PyTorch's convention (the conjugate Wirtinger derivative)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import assert_both_raise, assert_same

Z = np.array([0.5 + 1j, -1.5 + 0.25j, 2 - 1j])
W = np.array([1 - 2j, 0.5 + 0.5j, 1.5 + 0j])

LOSSES = {
    "product": lambda T, z, w: (z * w).abs().sum(),
    "quotient": lambda T, z, w: (z / w - z).abs().sum(),
    "exponential": lambda T, z, w: (z.exp() * w).real.sum(),
    "sine and square": lambda T, z, w: (z.sin() + w * w * 3).imag.sum(),
    "matrix product": lambda T, z, w: (z.outer(w) @ w).abs().sum(),
    "conjugate": lambda T, z, w: (z.conj() * w + z.real * w.imag).abs().sum(),
    "parts": lambda T, z, w: (T.view_as_real(z) ** 2).sum() + T.complex(w.real, z.imag).abs().sum(),
    "mixed with real": lambda T, z, w: (z.abs() * w * 2.5).real.sum() + (z * z.real).imag.sum(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_gradients_with_respect_to_complex_numbers(loss):
    def program(T):
        z, w = T.tensor(Z, requires_grad=True), T.tensor(W, requires_grad=True)
        value = loss(T, z, w)
        value.backward()
        return value, z.grad, w.grad

    assert_same(program, rtol=1e-9)


def test_a_complex_loss_cannot_start_a_walk():
    assert_both_raise(lambda T: T.tensor(1j, requires_grad=True).backward(), "only for real scalar outputs")


def test_parts_share_memory():
    def program(T):
        z = T.tensor(Z)
        z.real.mul_(2)
        T.view_as_real(z)[0, 1] = 7
        return z, z.imag

    assert_same(program)


def test_misuse_is_refused():
    assert_both_raise(lambda T: T.imag(T.ones(2)), "not implemented for tensors with non-complex dtypes")
    assert_both_raise(lambda T: T.view_as_complex(T.ones(3)), "last dimension of size 2")
    assert_both_raise(lambda T: T.view_as_real(T.ones(3)), "only supported for complex tensors")
