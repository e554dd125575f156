"""Scans: running sums, products and extremes along one dimension, as long as the input.

Each element of the result has seen all inputs up to its own place; so the gradient of an input comes from all results
from its place on, and is itself a scan in the other direction.  Read `sorting.py` next.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace
from minigrad.kernels.scans import exact_running, running
from minigrad.ops._dims import normalize_dim
from minigrad.ops.gathering import ScatterAdd
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.return_types import return_type
from minigrad.tensor import Tensor


def in_dtype(input: Tensor, dtype: dtypes.dtype | None) -> Tensor:
    """The tensor in the dtype asked for, if one was asked for."""
    return input if dtype is None or dtype is input.dtype else input.to(dtype)


def _backwards(x: Any, axis: int) -> Any:
    """One axis reversed, in memory of its own: no tensor has a negative stride."""
    return array_namespace(x).ascontiguousarray(x[(slice(None),) * axis + (slice(None, None, -1),)])


class Cumsum(Operation):
    """y_i = x_1 + ... + x_i; dx_i = g_i + ... + g_n: the same scan from the other end."""

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int, reverse: bool = False) -> Any:
        ctx.axis, ctx.reverse = axis, reverse
        return _backwards(exact_running("add", _backwards(x, axis), axis), axis) if reverse else exact_running("add", x, axis)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Cumsum.apply(g, ctx.axis, not ctx.reverse)


class Cumprod(Operation):
    """y_i = x_1 ... x_i; dx_i = (g_i y_i + ... + g_n y_n) / x_i.

    Where some x is zero, the same without dividing: dx_i = y_{i-1} s_i with s_i = g_i + x_{i+1} s_{i+1}.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        ctx.axis = axis
        out = exact_running("multiply", x, axis)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, out = ctx.saved_tensors
        if (x._array != 0).all():
            return Cumsum.apply(g * out, ctx.axis, True) / x
        return Shift.apply(out, ctx.axis, 1, 1) * Recurrence.apply(Shift.apply(x, ctx.axis, -1, 0), g, ctx.axis, True)


class Recurrence(Operation):
    """y_i = b_i + a_i y_{i-1}, or with `reverse` y_i = b_i + a_i y_{i+1}: each result feeds the next.

    Its derivative runs the other way, s_i = g_i + a_{i+1} s_{i+1}; then db = s and da_i = s_i y_{i-1}.  There is no
    division in it, so zeros do no harm in derivatives of any order.
    """

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, axis: int, reverse: bool) -> Any:
        ctx.axis, ctx.step = axis, -1 if reverse else 1
        xp = array_namespace(b)
        out = xp.array(b, copy=True)
        factors, lines = xp.moveaxis(a, axis, 0), xp.moveaxis(out, axis, 0)
        for i in range(1, len(lines))[:: ctx.step]:
            here = i - 1 if reverse else i
            lines[here] += factors[here] * lines[here - ctx.step]
        ctx.save_for_backward(a, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, Any]:
        a, out = ctx.saved_tensors
        s = Recurrence.apply(Shift.apply(a, ctx.axis, -ctx.step, 0), g, ctx.axis, ctx.step == 1)
        return s * Shift.apply(out, ctx.axis, ctx.step, 0), s


class Shift(Operation):
    """y_i = x_{i-step}, and a number in the place left free (step is 1 or -1); dx = g shifted back."""

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int, step: int, free: float) -> Any:
        ctx.axis, ctx.step = axis, step
        xp = array_namespace(x)
        out = xp.empty(x.shape, x.dtype)
        before = (slice(None),) * axis
        first, rest = (slice(0, 1), slice(1, None)), (slice(0, -1), slice(-1, None))
        (edge, goal), (source, _) = (first, rest) if step == 1 else (rest[::-1], first[::-1])
        out[(*before, edge)], out[(*before, goal)] = free, x[(*before, source)]
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Shift.apply(g, ctx.axis, -ctx.step, 0)


def _scan(cls: type[Operation], input: Tensor, dim: Any) -> Any:
    """The scan along a dimension; a 0-d tensor is a line of one element."""
    axis = normalize_dim(dim, len(input._array.shape))
    return cls.apply(input, axis) if input._array.shape else cls.apply(input.reshape(1), axis).reshape(())


@operation(in_place=True)
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along a dimension; integers and booleans are summed in int64.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3]).cumsum(0)
    tensor([1, 3, 6])
    """
    check_tensor("cumsum", "input", input)
    return in_dtype(_scan(Cumsum, in_dtype(input, dtype), dim), dtype)


@operation(in_place=True)
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along a dimension; integers and booleans are multiplied in int64.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3]).cumprod(0)
    tensor([1, 2, 6])
    """
    check_tensor("cumprod", "input", input)
    return in_dtype(_scan(Cumprod, in_dtype(input, dtype), dim), dtype)


# ------------------------------------------------------------------------------------------------ extremes, logarithms


class Cummax(Operation):
    """y_i = the largest of x_1 ... x_i, and where it stands last; dx = the g of all results that it gave."""

    extreme = "maximum"

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> tuple[Any, Any]:
        xp = array_namespace(x)
        ctx.shape, ctx.axis = x.shape, axis
        values = running(ctx.extreme, x, axis)
        places = xp.arange(x.shape[axis]).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
        indices = running("maximum", places * ((x == values) | (x != x)), axis)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        nothing = wrap(array_namespace(g._array).zeros(ctx.shape, g._array.dtype))
        return ScatterAdd.apply(nothing, ctx.axis, ctx.saved_tensors[0], g)

    def run(self, gradients: Any) -> Any:
        return (None,) if gradients[0] is None else super().run(gradients)  # nothing depends on the values


class Cummin(Cummax):
    """y_i = the smallest of x_1 ... x_i, and where it stands last; dx = the g of all results that it gave."""

    extreme = "minimum"


class Logcumsumexp(Operation):
    """y_i = log(exp(x_1) + ... + exp(x_i)); dx_i = s_i exp(x_i - y_i) with s_i = g_i + exp(y_i - y_{i+1}) s_{i+1}.

    As y never falls, no exponential is larger than one.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        ctx.axis = axis
        out = running("logaddexp", x, axis)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, out = ctx.saved_tensors
        empty = wrap(out._array == -math.inf)  # no exponential so far: 0 / 0, which counts as 0
        share = (x - out).masked_fill(empty, -math.inf).exp()
        passed_on = (out - Shift.apply(out, ctx.axis, -1, math.inf)).masked_fill(empty, -math.inf).exp()
        return Recurrence.apply(passed_on, g, ctx.axis, True) * share


def _extremes(cls: type[Cummax], word: str) -> None:
    name = cls.__name__.lower()

    def function(input: Tensor, dim: int) -> Any:
        check_tensor(name, "input", input)
        if input.is_complex():
            raise NotImplementedError(f"{name}() is not implemented for {input.dtype}: complex numbers have no order")
        axis = normalize_dim(dim, input.ndim)
        lines = input if input._array.shape else input.reshape(1)
        values, indices = cls.apply(lines, axis)
        return return_type(name, "values", "indices")(values.reshape(input.shape), indices.reshape(input.shape))

    function.__doc__ = f"""The {word} value so far along a dimension, and where it stands last: (values, indices).

    >>> import minigrad
    >>> minigrad.tensor([2, 1, 3]).{name}(0).values
    tensor([2, {"2, 3" if cls is Cummax else "1, 1"}])
    """
    operation(function, name=name)


_extremes(Cummax, "largest")
_extremes(Cummin, "smallest")


@operation
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """The logarithm of the running sum of exponentials along a dimension, without overflow.

    >>> import minigrad
    >>> minigrad.tensor([0., 0., 0.]).logcumsumexp(0).exp()
    tensor([1., 2., 3.])
    """
    check_tensor("logcumsumexp", "input", input)
    if not input.dtype.is_inexact:
        raise NotImplementedError(f"logcumsumexp() is not implemented for {input.dtype}: convert first, for example with .float()")
    return _scan(Logcumsumexp, input, dim)
