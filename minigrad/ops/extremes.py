"""Extremes: the largest and the smallest of many elements, their values and where they stand.

Where several elements are equally large, `amax`, and `max` over all elements, share the gradient out evenly; `max` along a
dimension names one place, the first, which gets all of it.  nan counts as larger, and as smaller, than every number.  Read
`sorting.py` next.
"""

from __future__ import annotations

from typing import Any

from minigrad.autograd.function import wrap
from minigrad.kernels.extremes import extreme, place
from minigrad.kernels.sums import total
from minigrad.ops._dims import normalize_dim
from minigrad.ops._picked import Picked
from minigrad.ops.choosing import kept
from minigrad.ops.reduction import Axes, Reduction, checked
from minigrad.ops.registry import operation
from minigrad.ops.return_types import return_type
from minigrad.tensor import Tensor


class Amax(Reduction):
    """y = the largest x over axes; dx = g shared out evenly among the places where x = y."""

    side = "max"

    def name(self) -> str:
        return f"{type(self).__name__}Backward0"

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        out = extreme(x, ctx.side, axes, keepdim)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _evenly(ctx, g, *ctx.saved_tensors)


class Amin(Amax):
    """y = the smallest x over axes; dx = g shared out evenly among the places where x = y."""

    side = "min"


class Max(Amax):
    """y = the largest of all x; dx = g shared out evenly among the places where x = y, or where both are nan."""

    def name(self) -> str:
        return f"{type(self).__name__}Backward1"

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = (t._array for t in ctx.saved_tensors)
        equal = (a == b) | ((a != a) & (b != b))
        return kept(g / int(total(equal)), equal)


class Min(Max):
    """y = the smallest of all x; dx = g shared out evenly among the places where x = y, or where both are nan."""

    side = "min"


def _evenly(ctx: Reduction, g: Any, x: Any, y: Any) -> Any:
    """g for each place where x = y, divided by how many there are."""
    equal = (x._array == y._array.reshape(ctx.kept_shape)).astype(x._array.dtype)
    return ctx.unfold(g) * wrap(equal / total(equal, ctx.axes, True))


class Aminmax(Reduction):
    """Both ends over axes at once; dx as for `amin` and `amax`, added up."""

    def name(self) -> str:
        return "AminmaxBackward0"

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> tuple[Any, Any]:
        ctx.folding(x, axes, keepdim)
        low, high = extreme(x, "min", axes, keepdim), extreme(x, "max", axes, keepdim)
        ctx.save_for_backward(x, low, high)
        return low, high

    @staticmethod
    def backward(ctx: Any, g_low: Any, g_high: Any) -> Any:
        x, low, high = ctx.saved_tensors
        return _evenly(ctx, g_low, x, low) + _evenly(ctx, g_high, x, high)


class MaxDim(Picked):
    """The largest x along an axis and where it stands first; dx = g at that place."""

    def name(self) -> str:
        return "MaxBackward0"

    @staticmethod
    def choose(x: Any, axis: int) -> Any:
        return place(x, "max", axis)


class MinDim(Picked):
    """The smallest x along an axis and where it stands first; dx = g at that place."""

    def name(self) -> str:
        return "MinBackward0"

    @staticmethod
    def choose(x: Any, axis: int) -> Any:
        return place(x, "min", axis)


def _folding_needs_elements(name: str, input: Tensor, axes: Axes) -> None:
    """Refuse the largest of nothing."""
    shape = input._array.shape
    if axes is None and 0 in shape:
        kind = IndexError if name.startswith("arg") else RuntimeError
        raise kind(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            + ("" if kind is IndexError else " Specify the reduction dim with the 'dim' argument.")
        )
    for axis in axes or ():
        if shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


def _ordered(name: str, input: Any, dim: Any, keepdim: Any) -> Axes:
    """The axes to look for an extreme along, which must not be empty; complex numbers have no order."""
    axes = checked(name, input, dim, keepdim)
    _folding_needs_elements(name, input, axes)
    if input.is_complex():
        raise NotImplementedError(f"{name}() is not implemented for {input.dtype}: complex numbers have no order")
    return axes


def _amax_or_amin(cls: type[Amax], word: str) -> None:
    name = cls.__name__.lower()

    def function(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
        return cls.apply(input, _ordered(name, input, dim, keepdim), keepdim)

    function.__doc__ = f"""The {word} value over `dim` (an int, a tuple, or () for all); equal ones share the gradient evenly.

    >>> import minigrad
    >>> minigrad.tensor([[1., 2.], [4., 3.]]).{name}(1)
    tensor([{"2., 4." if name == "amax" else "1., 3."}])
    """
    operation(function, name=name)


_amax_or_amin(Amax, "largest")
_amax_or_amin(Amin, "smallest")


def _max_or_min(full: type[Max], along: type[Picked], word: str, of_two: str) -> None:
    name = full.__name__.lower()
    result = return_type(name, "values", "indices")

    def function(input: Tensor, dim: Any = ..., keepdim: Any = ..., *, other: Any = ...) -> Any:
        if other is not ... or isinstance(dim, Tensor):
            return getattr(input, of_two)(dim if other is ... else other)
        if dim is ...:
            if keepdim is not ...:
                raise TypeError(f"{name}() received an invalid combination of arguments: keepdim goes with dim")
            return full.apply(input, _ordered(name, input, None, False), False)
        if dim is None or isinstance(dim, (tuple, list)):
            raise TypeError(
                f"{name}() received an invalid combination of arguments: dim must be int, not {type(dim).__name__}; "
                f"a{name} takes several dimensions"
            )
        keepdim = False if keepdim is ... else keepdim
        _ordered(name, input, dim, keepdim)
        return result(*along.apply(input, normalize_dim(dim, len(input._array.shape)), keepdim))

    function.__doc__ = f"""The {word} value of all; with a dimension, (values, indices) along it; with another tensor, `{of_two}`.

    Among equal values the first one's index is returned, and its place gets the gradient; of a {name} over all elements they
    share it evenly.  nan counts as the {word}.

    >>> import minigrad
    >>> x = minigrad.tensor([[1., 2.], [4., 3.]])
    >>> x.{name}()
    tensor({4 if name == "max" else 1}.)
    >>> x.{name}(dim=0).indices
    tensor([{"1, 1" if name == "max" else "0, 0"}])
    """
    operation(function, name=name)


_max_or_min(Max, MaxDim, "largest", "maximum")
_max_or_min(Min, MinDim, "smallest", "minimum")


@operation
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest value along a dimension, or of all, as (min, max).

    >>> import minigrad
    >>> low, high = minigrad.tensor([3., 1., 2.]).aminmax()
    >>> low, high
    (tensor(1.), tensor(3.))
    """
    if dim is None and 0 in input._array.shape:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.")
    axes = _ordered("aminmax", input, dim, keepdim)
    return return_type("aminmax", "min", "max")(*Aminmax.apply(input, axes, keepdim))


def _argmax_or_argmin(name: str, word: str) -> None:
    def function(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        if dim is not None and not hasattr(dim, "__index__"):
            raise TypeError(f"{name}(): argument 'dim' (position 1) must be int, not {type(dim).__name__}")
        _ordered(name, input, dim, keepdim)
        x = input._array
        if x.dtype.kind == "b":
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is None or not x.shape:
            found = getattr(x, name)()
            return wrap(found.reshape((1,) * x.ndim) if keepdim else found)
        axis = normalize_dim(dim, x.ndim)
        found = place(x, name.removeprefix("arg"), axis)
        return wrap(found if keepdim else found.reshape(x.shape[:axis] + x.shape[axis + 1 :]))

    function.__doc__ = f"""The index of the {word} value along a dimension, or in the flattened tensor; the first of equal ones.

    >>> import minigrad
    >>> minigrad.tensor([[1., 2.], [4., 3.]]).{name}(dim=1)
    tensor([{"1, 0" if name == "argmax" else "0, 1"}])
    """
    operation(function, name=name)


_argmax_or_argmin("argmax", "largest")
_argmax_or_argmin("argmin", "smallest")
