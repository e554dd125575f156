"""Shape: the same elements under another shape, without moving them where that is possible.

An array is a block of memory, a shape and one stride per axis; a *view* is a second shape and other strides on the same
block.  So `view`, `squeeze` and `expand` cost the same for ten elements and for ten million, and a write through one is
seen through the other.  `viewable` decides when a new shape can be had by strides alone.  Read `axes.py` next (the order
of axes), then `joining.py` and `slicing.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, ViewOperation, alias
from minigrad.kernels.strides import strided
from minigrad.ops._dims import normalize_dim, normalize_dims, sizes
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Shape = tuple[int, ...]


class View(ViewOperation):
    """The same elements in the same memory under another shape; dx = g in the old shape."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: Shape) -> Any:
        ctx.shape = x.shape
        return x.reshape(shape)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return reshape(g, ctx.shape)


class UnsafeView(Operation):
    """The same elements in reading order, copied because no strides lead to the new shape; dx = g in the old shape."""

    forward = staticmethod(View.forward)
    backward = staticmethod(View.backward)


class Squeeze(ViewOperation):
    """Without some axes of size 1; dx = g with them put back."""

    form = 0  # PyTorch numbers its forms: 0 for squeeze(), 1 for squeeze(dim), 2 for squeeze(dims)

    def name(self) -> str:
        return f"SqueezeBackward{self.form}"

    @staticmethod
    def forward(ctx: Any, x: Any, dims: Shape) -> Any:
        ctx.shape = x.shape
        return x.squeeze(dims)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return reshape(g, ctx.shape)


class SqueezeOne(Squeeze):
    """Without one axis of size 1."""

    form = 1


class SqueezeSome(Squeeze):
    """Without those of several axes that have size 1."""

    form = 2


class Unsqueeze(ViewOperation):
    """With one more axis of size 1; dx = g without it."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int) -> Any:
        ctx.dim = dim
        return x[(slice(None),) * dim + (None, ...)]

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return squeeze(g, ctx.dim)


class Expand(ViewOperation):
    """Axes of size 1 repeated by a stride of 0, without copying; dx = g summed over the repeats (the engine does it)."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: Shape) -> Any:
        lead = len(shape) - len(x.shape)
        steps = [s if n == m else 0 for n, m, s in zip(x.shape, shape[lead:], x.strides, strict=True)]
        return strided(x, shape, (0,) * lead + tuple(steps))

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


def viewable(array: Any, shape: Shape) -> bool:
    """Whether strides alone lead from an array to a new shape of as many elements.

    Neighbouring axes that step evenly through memory are one long axis to it; each axis of the new shape has to lie
    within one of those.

    >>> import numpy
    >>> viewable(numpy.zeros((2, 3, 4)).transpose(2, 0, 1), (4, 6)), viewable(numpy.zeros((2, 3)).T, (6,))
    (True, False)
    """
    if array.flags.c_contiguous or array.size == 0:
        return True
    runs: list[tuple[int, int]] = []  # (length, step in bytes)
    for length, step in zip(array.shape, array.strides, strict=True):
        if length != 1:
            if runs and runs[-1][1] == length * step:
                length *= runs.pop()[0]
            runs.append((length, step))
    room = 1
    for length in reversed(shape):
        if room == 1 and length != 1:
            room = runs.pop()[0]
        if room % length:
            return False
        room //= length
    return True


def resolve(shape: Shape, count: int) -> Shape:
    """A shape for `count` elements with its -1, if there is one, worked out."""
    if prod(shape) == count and min(shape, default=0) >= 0:
        return shape
    for i, length in enumerate(shape):
        if length < -1:
            raise RuntimeError(f"invalid shape dimension {length} at index {i} of shape {list(shape)}")
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    known = prod(n for n in shape if n != -1)
    if -1 in shape and known == 0 and count == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 can be any "
            "value and is ambiguous"
        )
    if -1 not in shape or known == 0 or count % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
    return tuple(count // known if n == -1 else n for n in shape)


# ------------------------------------------------------------------------------------------------ any new shape


@operation(out=False)
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in reading order under another shape; one size may be -1 and is then worked out.

    A view where strides alone can do it, a copy otherwise: use `view` when it has to be a view.
    Raises RuntimeError when the number of elements differs.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2, 3], [4, 5, 6]]).reshape(3, -1)
    tensor([[1, 2],
            [3, 4],
            [5, 6]])
    """
    if not shape:
        raise TypeError('reshape() missing 1 required positional arguments: "shape"')
    goal = resolve(sizes(shape), input._array.size)
    return (View if viewable(input._array, goal) else UnsafeView).apply(input, goal)


@operation(where=(), method=True, out=False)
def view(input: Tensor, *size: Any) -> Tensor:
    """The same memory under another shape (one size may be -1), or, given a dtype, its bytes read as that type.

    Raises RuntimeError when no strides lead from this shape to the new one, as after a transposition.
    A view as another dtype is outside the graph.

    >>> import minigrad
    >>> x = minigrad.zeros(2, 2)
    >>> x.view(4)[0] = 1
    >>> x
    tensor([[1., 0.],
            [0., 0.]])
    """
    if len(size) == 1 and isinstance(size[0], dtypes.dtype):
        return _view_as_type(input, size[0])
    if not size:
        raise TypeError("view() needs a shape or a dtype, got nothing")
    goal = resolve(sizes(size), input._array.size)
    if not viewable(input._array, goal):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return View.apply(input, goal)


def _view_as_type(input: Tensor, kind: dtypes.dtype) -> Tensor:
    """The bytes of a tensor read as another dtype: same memory, same version, no gradient."""
    here, shape = input.dtype, input._array.shape
    if here.itemsize != kind.itemsize:
        between = f"to view {here} as {kind} (different element sizes)"
        if not shape:
            raise RuntimeError(f"self.dim() cannot be 0 {between}")
        if input.stride(-1) != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {between}, but got {input.stride(-1)}")
        if shape[-1] * here.itemsize % kind.itemsize:
            times = kind.itemsize // here.itemsize
            raise RuntimeError(f"self.size(-1) must be divisible by {times} {between}, but got {shape[-1]}")
    result = alias(input)
    result._array = result._array.view(kind.numpy)
    return result


@operation(where=(), method=True, out=False)
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.view(other.shape)`.

    >>> import minigrad
    >>> x = minigrad.zeros(2, 3)
    >>> x.view_as(minigrad.zeros(6)).shape
    torch.Size([6])
    """
    return view(input, other._array.shape)


@operation(where=(), method=True, out=False)
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.reshape(other.shape)`.

    >>> import minigrad
    >>> minigrad.zeros(2, 3).t().reshape_as(minigrad.zeros(6)).shape
    torch.Size([6])
    """
    return reshape(input, other._array.shape)


@operation(out=False)
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` made into one; the tensor itself when they are one already.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = input._array.shape
    first, last = normalize_dim(start_dim, len(shape)), normalize_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(f"flatten() has invalid args: start_dim cannot come after end_dim (got {start_dim} and {end_dim})")
    if shape and first == last:
        return input
    return reshape(input, (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


@operation(out=False)
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension made into several, whose sizes multiply to its own (one of them may be -1).

    >>> import minigrad
    >>> minigrad.zeros(2, 12).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 4])
    """
    shape = input._array.shape
    position = normalize_dim(dim, len(shape))
    if len(sizes) == 0:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if not shape:
        raise IndexError("unflatten: a 0-d tensor has no dimension to unflatten")
    try:
        parts = resolve(tuple(sizes), shape[position])
    except RuntimeError as error:
        if str(error).startswith("shape"):
            raise RuntimeError(
                f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[position]}) in the "
                "input tensor"
            ) from None
        raise
    return view(input, (*shape[:position], *parts, *shape[position + 1 :]))


@operation(out=False)
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension, in reading order: `input.reshape(-1)`.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).ravel()
    tensor([1, 2, 3, 4])
    """
    return reshape(input, -1)


# ------------------------------------------------------------------------------------------------ axes of size 1


@operation(out=False)
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of size 1: all of them, or those among `dim`.

    >>> import minigrad
    >>> x = minigrad.zeros(1, 3, 1)
    >>> x.squeeze().shape, x.squeeze(0).shape, x.squeeze(1).shape
    (torch.Size([3]), torch.Size([3, 1]), torch.Size([1, 3, 1]))
    """
    cls, dims = squeezed(input, dim)
    return cls.apply(input, dims)


def squeezed(input: Tensor, dim: Any) -> tuple[type[Squeeze], Shape]:
    shape = input._array.shape
    cls = Squeeze if dim is None else SqueezeSome if isinstance(dim, (tuple, list)) else SqueezeOne
    dims = range(len(shape)) if dim is None else normalize_dims(dim, len(shape))
    return cls, tuple([d for d in dims if shape and shape[d] == 1])


@operation(out=False)
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in before position `dim` (-1: after the last).

    >>> import minigrad
    >>> minigrad.zeros(3).unsqueeze(0).shape, minigrad.zeros(3).unsqueeze(-1).shape
    (torch.Size([1, 3]), torch.Size([3, 1]))
    """
    return Unsqueeze.apply(input, normalize_dim(dim, len(input._array.shape) + 1))


def _at_least(tensors: tuple[Any, ...], rank: int, lift: Callable[[Tensor], Tensor]) -> Any:
    """`lift` what has fewer dimensions than `rank`: one tensor for one, a tuple for several."""
    one = len(tensors) == 1 and isinstance(tensors[0], Tensor)
    given = tensors[0] if len(tensors) == 1 and not one else tensors
    for i, t in enumerate(given):
        if not isinstance(t, Tensor):
            raise TypeError(f"atleast_{rank}d(): expected Tensor as element {i}, but got {type(t).__name__}")
    lifted = tuple(lift(t) if t.ndim < rank else t for t in given)
    return lifted[0] if one else lifted


@operation(method=False, out=False)
def atleast_1d(*tensors: Any) -> Any:
    """0-d tensors as tensors of shape (1,); takes one tensor, several, or a sequence of them.

    >>> import minigrad
    >>> minigrad.atleast_1d(minigrad.tensor(5))
    tensor([5])
    """
    return _at_least(tensors, 1, lambda t: reshape(t, 1))


@operation(method=False, out=False)
def atleast_2d(*tensors: Any) -> Any:
    """Tensors of fewer than 2 dimensions as one row: (n,) becomes (1, n).

    >>> import minigrad
    >>> minigrad.atleast_2d(minigrad.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _at_least(tensors, 2, lambda t: reshape(t, (1, -1)) if t.numel() else unsqueeze(t, 0))


@operation(method=False, out=False)
def atleast_3d(*tensors: Any) -> Any:
    """Tensors of fewer than 3 dimensions with axes of size 1 put in: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1).

    >>> import minigrad
    >>> minigrad.atleast_3d(minigrad.tensor([1, 2])).shape
    torch.Size([1, 2, 1])
    """
    return _at_least(tensors, 3, lambda t: unsqueeze(t if t.ndim == 2 else atleast_2d(t), -1))
