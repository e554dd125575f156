"""Reductions: many elements to one."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.function import Operation
from minigrad.ops.registry import operation
from minigrad.ops.shape import Expand
from minigrad.tensor import Tensor


class Sum(Operation):
    """y = sum of x over axes; dx = g repeated along them."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Any, keepdim: bool) -> Any:
        ctx.shape, ctx.axes, ctx.keepdim = x.shape, axes, keepdim
        return x.sum(axis=axes, keepdims=keepdim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        if ctx.axes is not None and not ctx.keepdim:
            g = g.reshape([1 if i in ctx.axes else n for i, n in enumerate(ctx.shape)])
        return Expand.apply(g, ctx.shape)


@operation()
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """draft"""
    return Sum.apply(input, None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim), keepdim)
