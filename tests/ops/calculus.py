"""Values, first and second derivatives of a function of tensors, compared with PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle import assert_same, leaf


def assert_same_calculus(function: Callable[..., Any], *shapes: tuple[int, ...], rtol: float = 1e-9) -> None:
    """`function(T, x, y...)` of leaves with these shapes: its results, their gradients, and the gradients of those.

    The leaves are squared on their way in and the results on their way out, so that no derivative is a constant.
    """

    def program(T: Any) -> Any:
        leaves = [leaf(T, *shape) for shape in shapes]
        results = function(T, *[x * x for x in leaves])
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        total = sum((y * y * (i + 1)).sum() for i, y in enumerate(results))
        first = T.autograd.grad(total, leaves, create_graph=True)
        sum((g * g).sum() for g in first).backward()
        return results, first, [x.grad for x in leaves]

    assert_same(program, rtol)
