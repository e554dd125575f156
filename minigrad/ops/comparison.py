"""Comparisons, tests for NaN and infinity, and logic: the operators == != < <= > >= and & | ^ ~ << >>.

They answer with booleans (or, bit by bit, with integers), so no gradient passes through them: each is a plain function
that wraps its result.  Read `activation.py` next.
"""

from __future__ import annotations

import math
import operator as python
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd.function import reconcile_devices, wrap
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace
from minigrad.ops.pointwise import (
    Number,
    cast_all,
    check_broadcast,
    check_tensor,
    operands,
    operator,
    refusing,
    result_dtype,
    to_common,
    unchanged,
)
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


def _two(
    name: str,
    compute: Callable[..., Any],
    doc: str,
    *,
    promote: Callable[..., Any] = to_common,
    numbers: bool = True,
    first: bool = False,
    in_place: bool = True,
    dunder: str = "",
    **public: Any,
) -> Callable[..., Any]:
    """A public function of two tensors, or (with `numbers`) of a tensor and a number, or (with `first`) of a number and a
    tensor, and the operator of Python that stands for it."""

    def compare(x: Tensor, y: Any) -> Any:
        if isinstance(y, np.ndarray):
            y = wrap(y.view())  # NumPy arrays may stand beside a tensor of the CPU; what else is no number is left to Python
        elif not isinstance(y, (Variable, *Number)):
            return NotImplemented
        arrays = x._array, y._array if isinstance(y, Variable) else y.item() if isinstance(y, np.generic) else y
        try:
            return wrap(compute(*promote(*arrays)))
        except Exception:
            check_broadcast(*arrays)
            return compare(*reconcile_devices((x, y)))

    def function(input: Tensor, other: Any) -> Tensor:
        return compare(*operands(name, input, other, numbers, first))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = compare.__doc__ = doc
    if dunder:
        setattr(Tensor, f"__{dunder}__", compare)
    return operation(function, in_place=in_place, **public)


def _one(
    name: str, compute: Callable[..., Any], doc: str, promote: Callable[..., Any] = unchanged, **public: Any
) -> Callable[..., Any]:
    """A public function that tests each element of one tensor."""

    def function(input: Tensor) -> Tensor:
        check_tensor(name, "input", input)
        (x,) = promote(input._array)
        return wrap(compute(array_namespace(x), x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return operation(function, **public)


# ------------------------------------------------------------------------------------------------ order

eq = _two("eq", python.eq, """Where input == other, as booleans.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]) == 2
    tensor([False,  True])
    """, dunder="eq")  # fmt: skip
ne = _two("ne", python.ne, "Where input != other.", dunder="ne", aliases=("not_equal",))


def _ordering(name: str, sign: str, compute: Callable[..., Any], word: str) -> Callable[..., Any]:
    return _two(name, compute, f"Where input {sign} other.", promote=refusing(to_common, "c", name), dunder=name, aliases=(word,))


lt = _ordering("lt", "<", python.lt, "less")
le = _ordering("le", "<=", python.le, "less_equal")
gt = _ordering("gt", ">", python.gt, "greater")
ge = _ordering("ge", ">=", python.ge, "greater_equal")


@operation(out=False)
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements, as a bool of Python.

    >>> import minigrad
    >>> minigrad.equal(minigrad.tensor([1, 2]), minigrad.tensor([1, 2]))
    True
    """
    input, other = operands("equal", input, other, numbers=False)
    return input._array.shape == other._array.shape and bool(eq(input, other)._array.all())


@operation(out=False)
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol * |other|, for two tensors of one dtype.

    >>> import minigrad
    >>> minigrad.isclose(minigrad.tensor([1.0, 1.0]), minigrad.tensor([1.0 + 1e-6, 1.1]))
    tensor([ True, False])
    """
    input, other = operands("isclose", input, other, numbers=False)
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.dtype.name} did not match {other.dtype.name}: isclose() compares tensors of one dtype")
    for word, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(f"{word} must be greater than or equal to zero, but got {tolerance}")
    x, y = input._array, other._array
    xp = array_namespace(x)
    check_broadcast(x, y)
    close = x == y
    if equal_nan:
        close = close | (x != x) & (y != y)
    if not input.dtype.is_inexact:
        x, y = x.astype("float64"), y.astype("float64")
    distance = xp.abs(x - y)
    return wrap(close | xp.isfinite(distance) & (distance <= atol + xp.abs(rtol * y)))


@operation(out=False)
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements of two tensors are close, as a bool of Python (see `isclose`)."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@operation(method=False)
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Where an element is one of the test elements (with `invert`: is none of them).

    >>> import minigrad
    >>> minigrad.isin(minigrad.tensor([1, 2, 3]), minigrad.tensor([1, 3]))
    tensor([ True, False,  True])
    """
    elements, test_elements = operands("isin", elements, test_elements)
    tests = test_elements._array if isinstance(test_elements, Variable) else test_elements
    x, y = cast_all(result_dtype(elements._array, tests), (elements._array, tests))
    xp = array_namespace(x)
    return wrap(xp.isin(x, xp.asarray(y), assume_unique=assume_unique, invert=invert))


# ------------------------------------------------------------------------------------------------ NaN, infinity, sign

isnan = _one("isnan", lambda xp, x: x != x, "Where input is NaN, the one value that differs from itself.")
isinf = _one("isinf", lambda xp, x: xp.isinf(x), "Where input is infinite.")
isfinite = _one("isfinite", lambda xp, x: xp.isfinite(x), "Where input is neither infinite nor NaN.")
isposinf = _one(
    "isposinf",
    lambda xp, x: x == math.inf,
    "Where input is positive infinity.",
    refusing(unchanged, "c", "isposinf", "isposinf does not support complex inputs."),
)
isneginf = _one(
    "isneginf",
    lambda xp, x: x == -math.inf,
    "Where input is negative infinity.",
    refusing(unchanged, "c", "isneginf", "isneginf does not support complex inputs."),
)
isreal = _one(
    "isreal",
    lambda xp, x: x.imag == 0 if x.dtype.kind == "c" else xp.ones(x.shape, bool),
    "Where input has no imaginary part.",
    out=False,
)
signbit = _one(
    "signbit",
    lambda xp, x: xp.signbit(x) if x.dtype.kind in "fV" else x < 0,
    "Where the sign of input is minus, that of -0.0 too.",
    refusing(unchanged, "c", "signbit"),
)

# ------------------------------------------------------------------------------------------------ logic

logical_and = _two(
    "logical_and", lambda x, y: (x != 0) & (y != 0), "Where both are true, or not 0.", promote=unchanged, numbers=False
)
logical_or = _two("logical_or", lambda x, y: (x != 0) | (y != 0), "Where one is true, or not 0.", promote=unchanged, numbers=False)
logical_xor = _two(
    "logical_xor", lambda x, y: (x != 0) ^ (y != 0), "Where exactly one is true, or not 0.", promote=unchanged, numbers=False
)
logical_not = _one("logical_not", lambda xp, x: x == 0, "Where input is false, or 0.", in_place=True)


def _bits(name: str, kinds: str, dunder: str) -> dict[str, Any]:
    return dict(promote=refusing(to_common, kinds, name), dunder=dunder, first=True)


bitwise_and = _two("bitwise_and", python.and_, """The bits that both have: the operator &, which combines masks.

    >>> import minigrad
    >>> x = minigrad.tensor([1, 2, 3])
    >>> (x > 1) & (x < 3)
    tensor([False,  True, False])
    """, **_bits("bitwise_and", "fc", "and"))  # fmt: skip
bitwise_or = _two("bitwise_or", python.or_, "The bits that one has: the operator |.", **_bits("bitwise_or", "fc", "or"))
bitwise_xor = _two("bitwise_xor", python.xor, "The bits in which they differ: the operator ^.", **_bits("bitwise_xor", "fc", "xor"))
bitwise_left_shift = _two(
    "bitwise_left_shift",
    python.lshift,
    "input * 2^other, for integers: the operator <<.",
    **_bits("bitwise_left_shift", "bfc", "lshift"),
)
bitwise_right_shift = _two(
    "bitwise_right_shift",
    python.rshift,
    "floor(input / 2^other), for integers: the operator >>.",
    **_bits("bitwise_right_shift", "bfc", "rshift"),
)
bitwise_not = _one(
    "bitwise_not", lambda xp, x: ~x, "Every bit turned over: `not` for booleans, -1 - input for integers.",
    refusing(unchanged, "fc", "bitwise_not"), in_place=True,
)  # fmt: skip


def _invert(self: Tensor) -> Tensor:
    if self.dtype.is_inexact:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(self)


Tensor.__invert__ = _invert  # type: ignore[method-assign,assignment]
for _function, _name in ((bitwise_left_shift, "lshift"), (bitwise_right_shift, "rshift")):
    operator(_function, f"__r{_name}__", swap=True)
for _name in ("and", "or", "xor"):
    setattr(Tensor, f"__r{_name}__", getattr(Tensor, f"__{_name}__"))
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"bitwise_{_name}_"))
for _name, _word in (("lshift", "left"), ("rshift", "right")):
    setattr(Tensor, f"__i{_name}__", getattr(Tensor, f"bitwise_{_word}_shift_"))
