"""The universal functions of the stand-in for CuPy (read `strict_cupy.py` first), and the operators that call them.
NumPy computes the values; which dtype they have is decided by CuPy's own list of loops and CuPy's way of searching it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import strict_cupy_names as names
from strict_cupy_array import cast, ndarray, numpy_index, operand, parse, refuse, refuse_overlap, shared, wrap

COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or"}
AT_DTYPES = {"add": "ilqILQefd", "subtract": "iI", "maximum": "ilqILQfd", "minimum": "ilqILQfd"}
AT_DTYPES |= dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), "ilqILQ")

LOOPS: dict[str, list[tuple[list[np.dtype], list[np.dtype] | None]]] = {}
for _line in names.UFUNCS.replace("\n    ", " ").strip().splitlines():
    _group, _, _types = _line.partition(":")
    _loops = [tuple(None if side == "!" else [*map(np.dtype, side)] for side in t.split("->")) for t in _types.split()]
    LOOPS |= dict.fromkeys(_group.split(), _loops)  # type: ignore[arg-type]


@functools.cache
def find_loop(name: str, dtypes: tuple[np.dtype, ...], weak: tuple[type | None, ...]) -> tuple[list, list]:
    """CuPy's search: the first loop all inputs can be cast to; a Python number adapts unless its kind is higher."""

    def score(kind: str) -> int:
        return 0 if kind == "b" else 1 if kind in "iu" else 2

    strong = [score(dtype.kind) for dtype, w in zip(dtypes, weak, strict=True) if w is None]
    weakly = [score(np.dtype(w).kind) for w in weak if w is not None]
    if not strong or not weakly or max(strong) < max(weakly):
        weak = (None,) * len(weak)
    if name in COMPARISONS:  # an integer out of the array's range must compare, not overflow
        others = zip(weak, reversed(weak), reversed(dtypes), strict=True)
        weak = tuple(None if w is int and o is None and dtype.kind in "iu" else w for w, o, dtype in others)
    for ins, outs in LOOPS[name]:
        adapts = (w is not None and np.result_type(w(0), t) == t for w, t in zip(weak, ins, strict=True))
        if all(a or np.can_cast(dtype, t) for a, dtype, t in zip(adapts, dtypes, ins, strict=True)):
            if outs is None:
                raise TypeError(f"cupy.{name} is not supported for {', '.join(map(str, dtypes))}")
            return ins, outs
    raise TypeError(f"Wrong type ({', '.join(map(str, dtypes))}) of arguments for cupy_{name}")


class ufunc:  # noqa: N801 - CuPy's name
    """CuPy's universal function: NumPy's values, CuPy's arguments, dtypes and memory order."""

    def __init__(self, name: str) -> None:
        self.__name__, self.name = name, f"cupy_{name}"
        self.function: Callable = getattr(np, name)
        ins, outs = LOOPS[name][-1]
        self.nin, self.nout, self.nargs = len(ins), len(outs or ()), len(ins) + len(outs or ())

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    def __call__(self, *args: Any, out: Any = None, dtype: Any = None, casting: Any = "same_kind", **wrong: Any) -> Any:
        if wrong:
            raise TypeError(f"Wrong arguments {wrong}")
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(f"Wrong number of arguments for '{self.name}': {len(args)}")
        if out is not None and len(args) > self.nin:
            raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
        given_outs = args[self.nin :] if out is None else out if isinstance(out, tuple) else (out,)
        if any(not isinstance(given, ndarray | None) for given in given_outs):
            raise TypeError("Output arguments type must be cupy.ndarray")
        if out is not None and len(given_outs) != self.nout:
            raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        values = [operand(value) for value in args[: self.nin]]
        if dtype is None:
            weak = tuple(type(v) if type(v) in (int, float, complex) else None for v in values)
            ins, outs = find_loop(self.__name__, tuple(np.asarray(v).dtype for v in values), weak)
        else:
            ins, outs = self.loop_of(np.dtype(dtype))
            for value, to in zip(values, ins, strict=True):
                if isinstance(value, np.ndarray) and not np.can_cast(value.dtype, to, casting):
                    raise TypeError(f"Cannot cast {value.dtype} to {to} in {casting} casting mode")
        with np.errstate(all="ignore"):
            results = self.function(*(np.asarray(v, dtype=to) for v, to in zip(values, ins, strict=True)))
            results = results if isinstance(results, tuple) else (results,)
            results = [np.asarray(r, dtype=to, order="C") for r, to in zip(results, outs, strict=True)]
        for result, given in zip(results, given_outs, strict=False):
            if given is not None:
                if not np.can_cast(result.dtype, given.dtype, casting):
                    raise TypeError(f"Cannot cast output operand from {result.dtype} to {given.dtype} with '{casting}'")
                refuse_overlap(given._array)
                np.copyto(given._array, result, casting="unsafe")
        pairs = itertools.zip_longest(results, given_outs)
        made = tuple(wrap(result) if given is None else given for result, given in pairs)
        return made[0] if self.nout == 1 else made

    def loop_of(self, dtype: np.dtype) -> tuple[list, list]:
        for ins, outs in LOOPS[self.__name__]:
            if outs is not None and {*ins, *outs} == {dtype} and self.__name__ not in COMPARISONS:
                return ins, outs
        raise TypeError(f"the stand-in knows no loop of {self.name} from {dtype} to {dtype}")

    def outer(self, A: ndarray, B: ndarray, **kwargs: Any) -> Any:  # noqa: N803 - CuPy's names
        return self(A.reshape(A.shape + (1,) * B.ndim), B, **kwargs)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        if self.__name__ not in AT_DTYPES:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.char not in AT_DTYPES[self.__name__]:
            raise TypeError(f"cupy.{self.__name__}.at does not support {a.dtype}")
        key, _, _ = numpy_index(indices, a.shape)
        self.function.at(a._array, key, cast(operand(b), a.dtype))  # type: ignore[attr-defined]

    def reduce(self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        method = {"add": "sum", "multiply": "prod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return getattr(array, method)(axis, dtype, out, keepdims=keepdims)

    def accumulate(self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None) -> ndarray:
        method = {"add": "cumsum", "multiply": "cumprod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"`{self.name}.accumulate` is not supported yet")
        return getattr(array, method)(axis, dtype, out)

    def reduceat(self, array: ndarray, indices: ndarray, axis: int = 0, dtype: Any = None) -> ndarray:
        if self.__name__ != "add":
            raise NotImplementedError(f"`{self.name}.reduceat` is not supported yet")
        return wrap(np.asarray(np.add.reduceat(operand(array), operand(indices), axis, dtype), order="C"))


UFUNCS = {name: ufunc(name) for name in LOOPS}
matmul = shared(np.matmul, "matmul", parse(names.FUNCTIONS)["matmul"])


def defers(x: ndarray, other: Any) -> bool:
    """Whether an operator leaves the work to the other operand (NEP 13), a Tensor for example."""
    if hasattr(other, "__array_ufunc__"):
        return other.__array_ufunc__ is None
    return getattr(other, "__array_priority__", 0) > x.__array_priority__


def operator_methods(symbol: str, name: str) -> dict[str, Callable]:
    """`__add__`, `__radd__` and `__iadd__`, for example."""

    def function(*args: Any) -> Any:
        return UFUNCS[name](*args) if name in UFUNCS else matmul(*args)

    def forward(x: ndarray, y: Any) -> Any:
        return NotImplemented if not isinstance(y, ndarray) and defers(x, y) else function(x, y)

    def backward(x: ndarray, y: Any) -> Any:
        return NotImplemented if defers(x, y) else function(y, x)

    made = {f"__{symbol}__": forward, f"__r{symbol}__": backward}
    return made if name in ("matmul", "divmod") else {**made, f"__i{symbol}__": lambda x, y: function(x, y, x)}


for _symbol, _name in {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide"},
    **{"mod": "remainder", "pow": "power", "divmod": "divmod", "matmul": "matmul", "and": "bitwise_and"},
    **{"or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift"},
}.items():
    for _method, _function in operator_methods(_symbol, _name).items():
        setattr(ndarray, _method, _function)
_names = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
for _symbol, _name in zip(("eq", "ne", "lt", "le", "gt", "ge"), _names, strict=True):
    setattr(ndarray, f"__{_symbol}__", operator_methods(_symbol, _name)[f"__{_symbol}__"])
for _symbol, _name in {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}.items():
    setattr(ndarray, f"__{_symbol}__", lambda self, _name=_name: UFUNCS[_name](self))
ndarray.__hash__ = None  # type: ignore[assignment]


def array_ufunc(self: ndarray, function: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What NumPy calls for `numpy.add(x, y)`, but also for `np.float32(2) * x`, the one case to let through."""
    if method == "__call__" and len(inputs) == 2 and not kwargs and function.__name__ in UFUNCS:
        left, right = inputs
        if function.__name__ in COMPARISONS and isinstance(left, np.ndarray) and left.ndim == 0:
            left = left[()]  # NumPy makes an array of its scalar before it compares
        if isinstance(left, np.generic):
            return UFUNCS[function.__name__](left, right)
    for x in inputs:
        if isinstance(x, np.ndarray):
            raise refuse(x)
    raise TypeError(f"numpy.{function.__name__} was called on a cupy array: minigrad must go through xp")


ndarray.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
