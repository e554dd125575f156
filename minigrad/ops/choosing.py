"""Choosing between values: where, maximum and minimum, clamp, and what replaces NaN and infinity.

Each of these passes its gradient to the value it chose and nothing to the other; where two values tie, `maximum` and
`minimum` give each half, and a value on the edge of a clamp counts as inside.  Read `elementary.py` next.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace
from minigrad.kernels.elementwise import choose, clip, keep
from minigrad.ops.pointwise import (
    Number,
    Pointwise,
    as_tensor_like,
    binary,
    cast,
    check_fits,
    check_tensor,
    pointwise,
    refusing,
    result_dtype,
    to_common,
    unchanged,
)
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ pieces of derivatives

_Keep: type[Pointwise] = pointwise("keep", keep, lambda g, mask: _Keep.apply(g, mask))


def kept(x: Tensor, mask: Any) -> Tensor:
    """x where an array of booleans is true, 0 elsewhere, whatever x is there."""
    return _Keep.apply(x, wrap(mask))


def zeros(g: Tensor) -> Tensor:
    """The gradient of a step function: zero wherever it has one."""
    return wrap(array_namespace(g._array).zeros(g._array.shape, g._array.dtype))


def not_implemented(name: str) -> Any:
    """The derivative of a function for which PyTorch defines none."""

    def derivative(g: Tensor) -> Tensor:
        raise RuntimeError(f"derivative for {name} is not implemented: its result does not change with its input, or not smoothly")

    return derivative


# ------------------------------------------------------------------------------------------------ where


def _branches_to_common(condition: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The two values in their common type, numbers as arrays of the condition's library."""
    if condition.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {dtypes.of_array(condition).name}: "
            "compare it with something, for example condition != 0"
        )
    if hasattr(x, "dtype") and hasattr(y, "dtype") and x.dtype is y.dtype:
        return condition, x, y
    kind = result_dtype(x, y).numpy
    xp = array_namespace(condition)
    x, y = (cast(value, kind) if hasattr(value, "dtype") else xp.full((), value, kind) for value in (x, y))
    return condition, x, y


_Where = pointwise(
    "where",
    lambda xp, condition, x, y: choose(condition, x, y),
    None,
    lambda g, condition: _Keep.apply(g, condition),
    lambda g, condition: _Keep.apply(g, ~condition),
    promote=_branches_to_common,
)


@operation(method=False)
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition is true, other elsewhere; each may be a tensor or a number, and all three broadcast.

    With the condition alone: the indices where it is true, one tensor per dimension.

    >>> import minigrad
    >>> x = minigrad.tensor([-1.0, 2.0])
    >>> minigrad.where(x > 0, x, 0)
    tensor([0., 2.])
    """
    check_tensor("where", "condition", condition)
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    for word, value in (("input", input), ("other", other)):
        if not isinstance(value, (Variable, *Number)):
            raise TypeError(f"where(): argument '{word}' must be Tensor or Number, not {type(value).__name__}")
    if condition.dtype is dtypes.uint8:
        condition = condition.bool()
    return _Where.apply(condition, input, other)


@operation(name="where", where=(), method=True)
def _where_method(input: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor where condition is true, other elsewhere."""
    return where(condition, input, other)


# ------------------------------------------------------------------------------------------------ maximum, minimum


def _ordered(name: str) -> Any:
    return refusing(to_common, "c", name, f"{name} not implemented for complex tensors: they have no order")


def _tied(g: Tensor, beaten: Any, tie: Any) -> Tensor:
    """The gradient of one of two values that compete: none where it is beaten, half where they tie."""
    result = kept(g, ~beaten)
    return result - kept(g, tie) * 0.5 if bool(tie.any()) else result


maximum = binary(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    lambda g, x, y: _tied(g, x._array < y._array, x._array == y._array),
    lambda g, x, y: _tied(g, y._array < x._array, x._array == y._array),
    promote=_ordered("maximum"),
    doc="""The greater of two values, NaN if either is; a gradient is shared equally between equals.

    >>> import minigrad
    >>> minigrad.maximum(minigrad.tensor([1.0, 5.0]), minigrad.tensor(3.0))
    tensor([3., 5.])
    """,
    numbers=False,
    in_place=False,
)
minimum = binary(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    lambda g, x, y: _tied(g, x._array > y._array, x._array == y._array),
    lambda g, x, y: _tied(g, y._array > x._array, x._array == y._array),
    promote=_ordered("minimum"),
    doc="The smaller of two values, NaN if either is; a gradient is shared equally between equals.",
    numbers=False,
    in_place=False,
)


def _first_wins(g: Tensor, better: Any, y: Tensor, first: bool) -> Tensor:
    """The gradient of `fmax` and `fmin`, which goes to one of the two: the first unless the second is better."""
    chosen = better | (y._array != y._array)
    return kept(g, chosen if first else ~chosen)


fmax = binary(
    "fmax",
    lambda xp, x, y: xp.fmax(x, y),
    lambda g, x, y: _first_wins(g, x._array >= y._array, y, True),
    lambda g, x, y: _first_wins(g, x._array >= y._array, y, False),
    promote=_ordered("fmax"),
    doc="The greater of two values, and the other one where one is NaN.",
    numbers=False,
    in_place=False,
)
fmin = binary(
    "fmin",
    lambda xp, x, y: xp.fmin(x, y),
    lambda g, x, y: _first_wins(g, x._array <= y._array, y, True),
    lambda g, x, y: _first_wins(g, x._array <= y._array, y, False),
    promote=_ordered("fmin"),
    doc="The smaller of two values, and the other one where one is NaN.",
    numbers=False,
    in_place=False,
)

# ------------------------------------------------------------------------------------------------ clamp


def _between_numbers(x: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    """x in the type that it and its bounds have in common; the bounds must fit into it."""
    if x.dtype.kind == "f" and not isinstance(low, complex) and not isinstance(high, complex):
        return x, low, high
    kind = result_dtype(x, *[bound for bound in (low, high) if bound is not None])
    _refuse_unordered(kind)
    if kind is dtypes.bool_:
        raise NotImplementedError('"clamp" not implemented for bool tensors')
    check_fits(kind, low, high)
    return cast(x, kind.numpy), low, high


def _between_tensors(*operands: Any) -> tuple[Any, ...]:
    kind = result_dtype(*[operand for operand in operands if operand is not None])
    _refuse_unordered(kind)
    return tuple(operand if operand is None else cast(operand, kind.numpy) for operand in operands)


def _refuse_unordered(kind: dtypes.dtype) -> None:
    if kind.is_complex:
        raise NotImplementedError("clamp is not supported for complex types")


def _within(x: Any, low: Any, high: Any) -> Any:
    """Where low <= x <= high, with None for no bound."""
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


def _bounded(xp: Any, x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _arrays(*operands: Any) -> list[Any]:
    return [operand._array if isinstance(operand, Variable) else operand for operand in operands]


def _low_applies(x: Tensor, low: Tensor, high: Tensor | None) -> Any:
    below = x._array < low._array
    return below if high is None else below & (low._array < high._array)


def _high_applies(x: Tensor, low: Tensor | None, high: Tensor) -> Any:
    above = x._array > high._array
    return above if low is None else above | (high._array < low._array)


_Clamp = pointwise(
    "clamp",
    lambda xp, x, low, high: clip(x, low, high),
    lambda g, x, low, high: kept(g, _within(x._array, low, high)),
    promote=_between_numbers,
)
_ClampTensor = pointwise(
    "clamp",
    _bounded,
    lambda g, x, low, high: kept(g, _within(*_arrays(x, low, high))),
    lambda g, x, low, high: kept(g, _low_applies(x, low, high)),
    lambda g, x, low, high: kept(g, _high_applies(x, low, high)),
    promote=_between_tensors,
)


@operation(in_place=True, aliases=("clip",))
def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """input where it lies between min and max, else the nearer of the two; each is a number, a tensor or None.

    The gradient passes where min <= input <= max, and goes to a bound that is a tensor where that bound applies.

    >>> import minigrad
    >>> minigrad.clamp(minigrad.tensor([-2.0, 0.5, 2.0]), -1, 1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    check_tensor("clamp", "input", input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    for word, bound in (("min", min), ("max", max)):
        if bound is not None and not isinstance(bound, (Variable, *Number)):
            raise TypeError(f"clamp(): argument '{word}' must be Tensor or Number, not {type(bound).__name__}")
    if isinstance(min, Variable) or isinstance(max, Variable):
        low, high = (bound if bound is None else as_tensor_like(bound, input) for bound in (min, max))
        return _ClampTensor.apply(input, low, high)
    return _Clamp.apply(input, min, max)


@operation(in_place=True)
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """The greater of input and min, a number or a tensor."""
    return clamp(input, min=min)


@operation(in_place=True)
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """The smaller of input and max, a number or a tensor."""
    return clamp(input, max=max)


# ------------------------------------------------------------------------------------------------ NaN and infinity


def _finite(xp: Any, x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if x.dtype.kind in "biu":
        return x.copy()
    limits = dtypes.finfo(dtypes.of_array(x))
    replacements = (
        (x != x, 0.0 if nan is None else nan),
        (x == math.inf, limits.max if posinf is None else posinf),
        (x == -math.inf, limits.min if neginf is None else neginf),
    )
    for mask, value in replacements:
        x = xp.where(mask, xp.asarray(value, dtype=x.dtype), x)
    return x


_NanToNum = pointwise(
    "nan_to_num",
    _finite,
    lambda g, x: kept(g, array_namespace(x._array).isfinite(x._array)),
    promote=refusing(unchanged, "c", "nan_to_num"),
)


@operation(in_place=True)
def nan_to_num(input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """The input with NaN replaced by `nan`, and the infinities by the largest and smallest number of the dtype or what is given.

    >>> import minigrad
    >>> minigrad.nan_to_num(minigrad.tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
    tensor([0., 9., 1.])
    """
    check_tensor("nan_to_num", "input", input)
    return _NanToNum.apply(input, nan, posinf, neginf)
