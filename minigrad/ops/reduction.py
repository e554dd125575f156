"""Reductions: many elements to one, along some dimensions or along all of them.

Forward folds axes away, backward hands the gradient back along them: a sum repeats it, a mean repeats a share of it.  Read
`extremes.py`, `statistics.py` and `norm.py` next, `scan.py` for running sums.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.inplace import _spoken as spoken
from minigrad.kernels import array_namespace
from minigrad.kernels.sums import total
from minigrad.ops._dims import normalize_dim, normalize_dims
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.scan import Cumprod, Shift, in_dtype
from minigrad.ops.shape import Expand
from minigrad.tensor import Tensor

Axes = tuple[int, ...] | None  # None: all of them


class Reduction(Operation):
    """An operation that folds axes of x away; its inputs are (x, axes, keepdim)."""

    shape: tuple[int, ...]
    axes: Axes
    keepdim: bool

    def name(self) -> str:
        return f"{type(self).__name__}Backward{int(self.axes is not None)}"

    def folding(self, x: Any, axes: Axes, keepdim: bool) -> None:
        """Keep what `unfold` needs."""
        self.shape, self.axes, self.keepdim = x.shape, axes, keepdim

    @property
    def kept_shape(self) -> tuple[int, ...]:
        """The shape of x with a 1 in place of each axis folded away."""
        return tuple([1 if self.axes is None or i in self.axes else n for i, n in enumerate(self.shape)])

    @property
    def count(self) -> int:
        """How many elements of x fall into one of the result."""
        return math.prod(self.shape if self.axes is None else [self.shape[i] for i in self.axes])

    def unfold(self, g: Any) -> Any:
        """A tensor of the result's shape, made to broadcast against x."""
        return g if self.axes is None or self.keepdim else g.reshape(self.kept_shape)


def axes_of(input: Tensor, dim: Any) -> Axes:
    """The axes that a reduction is asked to fold; `dim=None` and `dim=()` mean all."""
    if dim is None:
        return None
    rank = len(input._array.shape)
    if isinstance(dim, (tuple, list)):
        return (normalize_dims(dim, rank) if dim and rank else _of_number(dim)) or None
    axis = normalize_dim(dim, rank)
    return (axis,) if rank else None


def _of_number(dims: Any) -> Axes:
    """Axes of a 0-d tensor, which has none but accepts 0 and -1."""
    for dim in dims:
        normalize_dim(dim, 0)
    return None


def check_flag(name: str, keepdim: Any) -> None:
    """Refuse `x.sum(0, 1)`, which looks like two dimensions and is not."""
    if not isinstance(keepdim, bool):
        raise TypeError(
            f"{name}(): argument 'keepdim' (position 2) must be bool, not {type(keepdim).__name__}: several dimensions are a "
            "tuple, dim=(0, 1)"
        )


def checked(name: str, input: Any, dim: Any, keepdim: Any) -> Axes:
    """The axes to fold, after a look at the arguments."""
    check_tensor(name, "input", input)
    check_flag(name, keepdim)
    return axes_of(input, dim)


# ------------------------------------------------------------------------------------------------ sums and means


class Sum(Reduction):
    """y = sum of x over axes; dx = g repeated along them."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        return total(x, axes, keepdim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Expand.apply(ctx.unfold(g), ctx.shape)


class Mean(Reduction):
    """y = (sum of x over axes) / n; dx = g / n repeated along them."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        return mean_of(x, ctx.count, axes, keepdim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Expand.apply(ctx.unfold(g) / ctx.count, ctx.shape)


def mean_of(x: Any, count: int, axes: Axes, keepdim: bool) -> Any:
    """The mean of an array whose reduction folds `count` elements into one; of none it is nan."""
    if x.dtype.itemsize == 2:  # the sum of many 16-bit floats may be too large for one of them
        return (total(x.astype("float32"), axes, keepdim) / (count or math.nan)).astype(x.dtype)
    return total(x, axes, keepdim) / (count or math.nan)


@operation
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over `dim` (an int, a tuple, or None for all); integers and booleans are summed in int64.

    >>> import minigrad
    >>> x = minigrad.tensor([[1., 2.], [3., 4.]])
    >>> x.sum(), x.sum(0), x.sum(1, keepdim=True).shape
    (tensor(10.), tensor([4., 6.]), torch.Size([2, 1]))
    """
    axes = checked("sum", input, dim, keepdim)
    return in_dtype(Sum.apply(in_dtype(input, dtype), axes, keepdim), dtype)


@operation
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over `dim` (an int, a tuple, or None for all), of a floating type.

    >>> import minigrad
    >>> minigrad.tensor([[1., 2.], [3., 4.]]).mean(1)
    tensor([1.5000, 3.5000])
    """
    axes = checked("mean", input, dim, keepdim)
    kind = dtype or input.dtype
    if not kind.is_inexact:
        given = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {given} dtype must be either a floating point or complex dtype. "
            f"Got: {spoken(kind)}"
        )
    return Mean.apply(in_dtype(input, dtype), axes, keepdim)


# ------------------------------------------------------------------------------------------------ products


class Prod(Reduction):
    """y = product of x over axes; dx = g times the product of all others, which is y / x where no x is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        wide = "int64" if x.dtype.kind in "biu" else "float32" if x.dtype.itemsize == 2 else x.dtype
        out = array_namespace(x).multiply.reduce(x, axes, wide, None, keepdim)
        out = out if wide == "int64" else out.astype(x.dtype, copy=False)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, out = ctx.saved_tensors
        if (x._array != 0).all():
            return ctx.unfold(g * out) / x
        if ctx.axes is None:
            return (_product_of_others(x.reshape(-1), 0) * g).reshape(ctx.shape)
        return _product_of_others(x, ctx.axes[0]) * ctx.unfold(g)


def _product_of_others(x: Any, axis: int) -> Any:
    """For each element the product of those before it times the product of those after it."""
    before = Shift.apply(Cumprod.apply(x, axis), axis, 1, 1)
    after = Shift.apply(Cumprod.apply(x.flip(axis), axis), axis, 1, 1).flip(axis)
    return before * after


@operation
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product along a dimension, or of all elements; integers and booleans are multiplied in int64.

    >>> import minigrad
    >>> minigrad.tensor([[1., 2.], [3., 4.]]).prod(0)
    tensor([3., 8.])
    """
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}: take one dimension after the other")
    axes = checked("prod", input, dim, keepdim)
    return in_dtype(Prod.apply(in_dtype(input, dtype), axes, keepdim), dtype)


# ------------------------------------------------------------------------------------------------ truth and counts


def _all_or_any(name: str, doc: str) -> None:
    def function(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        axes = checked(name, input, dim, keepdim)
        x = input._array
        if isinstance(dim, (tuple, list)) and not dim:  # here no dimensions are none of them
            found = x.astype(bool)
        else:
            found = getattr(x, name)(axis=axes, keepdims=keepdim)
        return wrap(found.astype("uint8") if x.dtype == "uint8" else found)

    function.__doc__ = doc
    operation(function, name=name)


_all_or_any(
    "all",
    """Whether all elements along `dim` (an int, a tuple, or None for all dimensions) are true, that is, not zero.

    >>> import minigrad
    >>> minigrad.tensor([[True, True], [True, False]]).all(dim=1)
    tensor([ True, False])
    """,
)
_all_or_any(
    "any",
    """Whether any element along `dim` (an int, a tuple, or None for all dimensions) is true, that is, not zero.

    >>> import minigrad
    >>> (minigrad.tensor([1., float("nan")]) > 2).any()
    tensor(False)
    """,
)


@operation(out=False)
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero, along `dim` (an int, a tuple, or None for all dimensions).

    >>> import minigrad
    >>> minigrad.tensor([[0, 1], [2, 3]]).count_nonzero(dim=0)
    tensor([1, 2])
    """
    check_tensor("count_nonzero", "input", input)
    return wrap(total(input._array != 0, axes_of(input, dim)))


@operation
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over `dim` of what is not nan.

    >>> import minigrad
    >>> minigrad.tensor([1., float("nan"), 2.]).nansum()
    tensor(3.)
    """
    check_tensor("nansum", "input", input)
    return sum(input.masked_fill(_is_nan(input), 0), dim, keepdim, dtype=dtype)


@operation
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over `dim` of what is not nan; nan where there is nothing else.

    >>> import minigrad
    >>> minigrad.tensor([1., float("nan"), 2.]).nanmean()
    tensor(1.5000)
    """
    check_tensor("nanmean", "input", input)
    if not input.dtype.is_inexact:
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {spoken(input.dtype)}")
    numbers = wrap(~_is_nan(input)._array)
    return nansum(input, dim, keepdim, dtype=dtype) / sum(numbers, dim, keepdim)


def _is_nan(input: Tensor) -> Tensor:
    return wrap(input._array != input._array)
