"""Run one program twice, with minigrad and with PyTorch in the same role, and compare what it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad


def arrays(values: Any) -> list[np.ndarray]:
    """The tensors of a result as NumPy arrays, in order."""
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, (list, tuple)):
        return [a for v in values for a in arrays(v)]
    if values is None:
        return [np.array(np.nan)]
    return [np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values)]


def assert_same(program: Callable[[Any], Any], rtol: float = 1e-10, atol: float = 1e-12) -> None:
    """`program(torch)` and `program(minigrad)` return the same shapes, dtypes and values."""
    torch = pytest.importorskip("torch")
    for got, expected in zip(arrays(program(minigrad)), arrays(program(torch)), strict=True):
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol, atol)


def assert_both_raise(program: Callable[[Any], Any], match: str) -> None:
    """Both libraries refuse the program with the same type of error, ours with words that match."""
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as theirs:  # noqa: PT011, B017 - whatever PyTorch raises
        program(torch)
    with pytest.raises(type(theirs.value), match=match):
        program(minigrad)


def leaf(T: Any, *shape: int) -> Any:
    """1, 2, 3, ... as a float64 leaf."""
    count = int(np.prod(shape))
    return T.tensor((np.arange(count, dtype=np.float64) + 1).reshape(shape), requires_grad=True)


def assert_agrees(program: Callable[[Any], Any], rtol: float = 1e-6, atol: float = 1e-7) -> None:
    """Both libraries return the same from `program`, or both refuse it, with the same type of error."""
    torch = pytest.importorskip("torch")
    try:
        expected = arrays(program(torch))
    except Exception as refusal:
        with pytest.raises(type(refusal)):
            program(minigrad)
        return
    for got, wanted in zip(arrays(program(minigrad)), expected, strict=True):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(got, wanted, rtol, atol)


def to_second_order(T: Any, function: Callable[..., Any], *inputs: np.ndarray) -> list[Any]:
    """The value of a function of tensors, its gradients, and the gradients of a weighted sum of these."""
    leaves = [T.tensor(x, requires_grad=True) for x in inputs]
    value = function(*leaves)
    first = T.autograd.grad(value, leaves, T.tensor(np.cos(np.arange(value.numel()).reshape(value.shape))), create_graph=True)
    sums = [(g * T.tensor(np.sin(np.arange(g.numel()) + 1.0).reshape(g.shape))).sum() for g in first if g.requires_grad]
    second: Any = [x.detach() * 0 for x in leaves]
    if sums:
        second = T.autograd.grad(sum(sums), leaves, allow_unused=True, materialize_grads=True)
    return [result + 0 for result in (value, *first, *second)]  # + 0: PyTorch has zero tensors without memory
