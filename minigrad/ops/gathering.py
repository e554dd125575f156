"""One index per element: `gather` reads along a dimension wherever an index tensor says, the scatters write there.

    gather:   result[i, j] = input[index[i, j], j]          (dim = 0)
    scatter:  result[index[i, j], j] = src[i, j]

Each is the other's derivative, except that where several values go to one place their gradient is counted for each: the
derivative of `gather` is `scatter_add`.  The loops over raw arrays are in `kernels/scatter.py`.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import mode
from minigrad.kernels import array_namespace
from minigrad.kernels import scatter as kernels
from minigrad.ops._dims import normalize_dim
from minigrad.ops._numbers import number_as
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.pointwise import Number
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Gather(Operation):
    """y[i, j] = x[index[i, j], j]; dx = g added where it was read."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, index: Any) -> Any:
        ctx.shape, ctx.dim = x.shape, dim
        ctx.save_for_backward(index)
        return kernels.gather(x, dim, index)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        nothing = wrap(array_namespace(g._array).zeros(ctx.shape, g._array.dtype))
        return ScatterAdd.apply(nothing, ctx.dim, ctx.saved_tensors[0], g)


class Scatter(Operation):
    """x with src[i, j] written at [index[i, j], j]; dx = g, 0 where it was overwritten; dsrc = g read there."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, index: Any, src: Any) -> Any:
        ctx.dim = dim
        ctx.save_for_backward(index)
        return kernels.scatter(array_namespace(x).array(x, copy=True), dim, index, src)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (index,) = ctx.saved_tensors
        return Scatter.apply(g, ctx.dim, index, 0), None, None, Gather.apply(g, ctx.dim, index) if ctx.needs_input_grad[3] else None


class ScatterAdd(Operation):
    """x with src[i, j] added at [index[i, j], j]; dx = g; dsrc = g read there."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, index: Any, src: Any) -> Any:
        ctx.dim = dim
        ctx.save_for_backward(index)
        return kernels.scatter_add(array_namespace(x).array(x, copy=True), dim, index, src)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g, None, None, Gather.apply(g, ctx.dim, ctx.saved_tensors[0]) if ctx.needs_input_grad[3] else None


class ScatterReduce(Operation):
    """All src[i, j] that go to one place (and what is there) reduced to one value.

    mean: the gradient shared evenly.  amax and amin: shared evenly by those that reach the extreme value.  prod: g times
    the product of all the others, found without dividing by zero: the product of all that are not zero, over the factor
    itself unless it is zero, and only where no other factor is zero.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
        ctx.dim, ctx.reduce, ctx.include_self = dim, reduce, include_self
        out = kernels.scatter_reduce(array_namespace(x).array(x, copy=True), dim, index, src, reduce, include_self)
        ctx.save_for_backward(x, index, src, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, index, src, out = ctx.saved_tensors
        dx, dsrc = _DERIVATIVES[ctx.reduce](ctx, g, x, index, src, out)
        if not ctx.include_self:  # x remains only where no index points
            dx = Scatter.apply(g, ctx.dim, index, 0)
        return dx, None, None, dsrc, None, None


def _zeros(like: Tensor) -> Tensor:
    return wrap(array_namespace(like._array).zeros(like._array.shape, like._array.dtype))


def _mean_gradient(ctx: Any, g: Tensor, x: Tensor, index: Tensor, src: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
    start = _zeros(x) + 1 if ctx.include_self else _zeros(x)
    count = ScatterAdd.apply(start, ctx.dim, index, _zeros(src) + 1)
    share = g / count.clamp(min=1)
    return share, Gather.apply(share, ctx.dim, index)


def _extreme_gradient(ctx: Any, g: Tensor, x: Tensor, index: Tensor, src: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
    x_wins = (x == out).to(g.dtype) if ctx.include_self else _zeros(g)
    src_wins = (src == Gather.apply(out, ctx.dim, index)).to(g.dtype)
    share = g / ScatterAdd.apply(x_wins, ctx.dim, index, src_wins).clamp(min=1)
    return share * x_wins, Gather.apply(share, ctx.dim, index) * src_wins


def _product_gradient(ctx: Any, g: Tensor, x: Tensor, index: Tensor, src: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
    ones = _zeros(x) + 1
    dx = g * ScatterReduce.apply(ones, ctx.dim, index, src, "prod", True)
    is_zero = src == 0
    if mode.grad and bool(is_zero.any()):
        raise RuntimeError("scatter_reduce: the product of factors some of which are 0 is not differentiable twice here")
    count = ScatterAdd.apply(_zeros(x), ctx.dim, index, is_zero.to(x.dtype))
    others = Gather.apply(count, ctx.dim, index) - is_zero.to(x.dtype)
    safe = src.masked_fill(is_zero, 1)
    product = ScatterReduce.apply(x if ctx.include_self else ones, ctx.dim, index, safe, "prod", True)
    return dx, Gather.apply(g * product, ctx.dim, index) / safe * (others == 0).to(g.dtype)


_DERIVATIVES = {"mean": _mean_gradient, "amax": _extreme_gradient, "amin": _extreme_gradient, "prod": _product_gradient}


# ------------------------------------------------------------------------------------------------ reading


def _check(name: str, input: Tensor, dim: int, index: Any, src: Any = None) -> int:
    """Raise PyTorch's errors about the shapes and types of an index (and of what is written); returns the position of dim."""
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): argument 'index' (position 3) must be Tensor, not {type(index).__name__}")
    rank = max(input.ndim, 1)
    dim = normalize_dim(dim, input.ndim)
    if isinstance(src, Tensor) and src.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    if index.numel() == 0:
        return dim
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index, got {index.dtype}")
    if max(index.ndim, 1) != rank:
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor, got {index.ndim} and {input.ndim} for {name}()"
        )
    if isinstance(src, Tensor) and max(src.ndim, 1) != rank:
        raise RuntimeError(f"Index tensor must have the same number of dimensions as src tensor, got {index.ndim} and {src.ndim}")
    shape = input._array.shape or (1,)
    for d, n in enumerate(index._array.shape or (1,)):
        if d != dim and n > shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index._array.shape)} to be no larger than self "
                f"{list(input._array.shape)} apart from dimension {dim}"
            )
        if isinstance(src, Tensor) and n > (src._array.shape or (1,))[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index._array.shape)} to be no larger than src "
                f"{list(src._array.shape)}"
            )
    return dim


@operation
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Elements along `dim` wherever an index says: result[i, j] = input[i, index[i, j]] for dim=1; shaped like `index`.

    >>> import minigrad
    >>> logits = minigrad.tensor([[0.1, 0.9], [0.8, 0.2]])
    >>> logits.gather(1, minigrad.tensor([[1], [0]]))
    tensor([[0.9000],
            [0.8000]])
    """
    return Gather.apply(input, _check("gather", input, dim, index), index)


@operation
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` with `input` and `indices` broadcast but for `dim`; without `dim` both are taken as flat.

    Here a negative index counts from the end.

    >>> import minigrad
    >>> x = minigrad.tensor([[3, 1, 2]])
    >>> x.take_along_dim(minigrad.tensor([[1, 2, 0]]), dim=1)
    tensor([[1, 2, 3]])
    """
    if indices.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype}")
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {input.ndim} dimensions "
            f"for input, and {indices.ndim} dimensions for indices"
        )
    dim = normalize_dim(dim, input.ndim)
    rest = [(*t._array.shape[:dim], 1, *t._array.shape[dim + 1 :]) for t in (input, indices)]
    shape = broadcast_shape(*rest)
    if shape:
        input, indices = (t.expand((*shape[:dim], t._array.shape[dim], *shape[dim + 1 :])) for t in (input, indices))
    if indices.numel() and int(indices._array.min()) < 0:
        indices = wrap(indices._array % input._array.shape[dim]) if _within(indices, input, dim) else indices
    return gather(input, dim, indices)


def _within(indices: Tensor, input: Tensor, dim: int) -> bool:
    size = input._array.shape[dim]
    return -size <= int(indices._array.min()) and int(indices._array.max()) < size


# ------------------------------------------------------------------------------------------------ writing


def _covered(src: Tensor, index: Tensor) -> Tensor:
    """The part of src that the index covers."""
    if src._array.shape == index._array.shape or not src._array.shape:
        return src
    return src[tuple([slice(n) for n in index._array.shape])]


@operation(in_place=True)
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """`input` with a number or the elements of `src` written along `dim` where an index says.

    result[index[i, j], j] = src[i, j] for dim=0.  With reduce="add" or "multiply" they are added or multiplied.

    >>> import minigrad
    >>> minigrad.zeros(2, 3).scatter(1, minigrad.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    src = value if src is None else src
    if not isinstance(src, (Tensor, *Number)):
        raise TypeError(f"scatter(): argument 'src' must be Tensor or Number, not {type(src).__name__}")
    dim = _check("scatter", input, dim, index, src)
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce!r}")
    if index.numel() == 0:
        return input.clone()
    src = _covered(src, index) if isinstance(src, Tensor) else number_as(src, input.dtype)
    if reduce is None:
        return Scatter.apply(input, dim, index, src)
    if not isinstance(src, Tensor):
        xp = array_namespace(input._array)
        src = wrap(xp.broadcast_to(xp.asarray(src).astype(input._array.dtype), index._array.shape))
    if reduce == "add":
        return ScatterAdd.apply(input, dim, index, src)
    return ScatterReduce.apply(input, dim, index, src, "prod", True)


@operation(in_place=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with the elements of `src` added along `dim` where an index says; a place named twice gets both.

    >>> import minigrad
    >>> minigrad.zeros(3).scatter_add(0, minigrad.tensor([0, 0, 2]), minigrad.tensor([1.0, 2.0, 3.0]))
    tensor([3., 0., 3.])
    """
    if not isinstance(src, Tensor):
        raise TypeError(f"scatter_add(): argument 'src' (position 4) must be Tensor, not {type(src).__name__}")
    dim = _check("scatter_add", input, dim, index, src)
    return ScatterAdd.apply(input, dim, index, _covered(src, index)) if index.numel() else input.clone()


@operation(in_place=True)
def scatter_reduce(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """All elements of `src` that an index sends to one place reduced by "sum", "prod", "mean", "amax" or "amin".

    What `input` has there takes part, unless `include_self` is False.

    >>> import minigrad
    >>> src = minigrad.tensor([1.0, 5.0, 3.0])
    >>> minigrad.zeros(2).scatter_reduce(0, minigrad.tensor([0, 0, 1]), src, "amax")
    tensor([5., 3.])
    """
    dim = _check("scatter_reduce", input, dim, index, src)
    if reduce not in ("sum", *_DERIVATIVES):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    if not index.numel():
        return input.clone()
    src = _covered(src, index)
    if reduce == "sum":
        return ScatterAdd.apply(input if include_self else Scatter.apply(input, dim, index, 0), dim, index, src)
    return ScatterReduce.apply(input, dim, index, src, reduce, include_self)


@operation(in_place=True)
def index_reduce(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """`scatter_reduce` with whole rows: row i of `source` goes to position index[i] along `dim`; not for "sum".

    >>> import minigrad
    >>> source = minigrad.tensor([1.0, 5.0, 3.0])
    >>> minigrad.zeros(2).index_reduce(0, minigrad.tensor([0, 0, 1]), source, "amax")
    tensor([5., 3.])
    """
    if reduce not in _DERIVATIVES:
        raise RuntimeError(f"reduce argument must be either prod, mean, amax or amin, got {reduce}.")
    if index.ndim > 1:
        raise IndexError(f"index_reduce_(): Index is supposed to be a vector, got {index.ndim} dimensions")
    dim = normalize_dim(dim, input.ndim)
    length = source._array.shape[dim] if source._array.shape else 1
    if index.numel() != length:
        raise RuntimeError(f"index_reduce_(): Number of indices ({index.numel()}) should be equal to source.size(dim) ({length})")
    shape = source._array.shape
    if shape:
        index = index.reshape([-1 if d == dim else 1 for d in range(len(shape))]).expand(shape)
    return scatter_reduce(input, dim, index, source, reduce, include_self=include_self)
