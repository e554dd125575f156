"""Axes: the same elements with the dimensions in another order (views), or walked in another direction (copies).

A transposition moves no element: it exchanges strides.  `flip`, `roll` and `rot90` copy, for a stride is never negative
here, as in PyTorch.  Read `joining.py` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.function import Operation, ViewOperation
from minigrad.kernels import array_namespace
from minigrad.ops._dims import normalize_dim, normalize_dims, sizes
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Permute(ViewOperation):
    """The axes in another order; dx = g with the axes put back."""

    @staticmethod
    def forward(ctx: Any, x: Any, order: tuple[int, ...]) -> Any:
        ctx.order = order
        return x.transpose(order)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Permute.apply(g, tuple(sorted(range(len(ctx.order)), key=ctx.order.__getitem__)))


class Transpose(ViewOperation):
    """Two axes exchanged; dx = g with the same two exchanged back."""

    @staticmethod
    def forward(ctx: Any, x: Any, a: int, b: int) -> Any:
        ctx.axes = a, b
        return x.swapaxes(a, b)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Transpose.apply(g, *ctx.axes)


class T(Transpose):
    """A matrix transposed."""


@operation(out=False)
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order: result.shape[i] = input.shape[dims[i]].  A view.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 5).permute(2, 0, 1).shape
    torch.Size([5, 2, 3])
    """
    rank, order = len(input._array.shape), sizes(dims, "dims")
    if len(order) != rank:
        raise RuntimeError(
            f"permute: number of dimensions in the tensor input does not match the length of the desired ordering of dimensions "
            f"i.e. input.dim() = {rank} is not equal to len(dims) = {len(order)}"
        )
    order = tuple([normalize_dim(d, rank) for d in order])
    if len(set(order)) != rank:
        raise RuntimeError(f"permute(): duplicate dims are not allowed, got {list(order)}")
    return Permute.apply(input, order)


@operation(out=False, aliases=("swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged.  A view.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 5).transpose(0, -1).shape
    torch.Size([5, 3, 2])
    """
    if not input._array.shape:
        return Permute.apply(input, no_axes(dim0, dim1))
    return Transpose.apply(input, *two_axes(input, dim0, dim1))


def two_axes(input: Tensor, dim0: int, dim1: int) -> tuple[int, int]:
    rank = len(input._array.shape)
    return normalize_dim(dim0, rank), normalize_dim(dim1, rank)


def no_axes(*dims: int) -> tuple[()]:
    for dim in dims:
        normalize_dim(dim, 0)
    return ()


@operation(out=False)
def t(input: Tensor) -> Tensor:
    """A matrix transposed; a tensor of fewer than two dimensions as it is.  A view.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).t()
    tensor([[1, 3],
            [2, 4]])
    """
    rank = at_most_matrix(input, "t")
    return T.apply(input, 0, 1) if rank == 2 else Permute.apply(input, tuple(range(rank)))


def at_most_matrix(input: Tensor, name: str) -> int:
    rank = len(input._array.shape)
    if rank > 2:
        raise RuntimeError(f"{name}() expects a tensor with <= 2 dimensions, but self is {rank}D: use .transpose(...) or .mT")
    return rank


@operation(out=False)
def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions exchanged, complex numbers conjugated.

    >>> import minigrad
    >>> minigrad.tensor([[1j, 2], [3, 4]]).adjoint()
    tensor([[0.-1.j, 3.-0.j],
            [2.-0.j, 4.-0.j]])
    """
    if len(input._array.shape) < 2:
        raise RuntimeError(f"tensor.adjoint() is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor.")
    turned = transpose(input, -2, -1)
    return turned.conj() if turned.is_complex() else turned


def _reversed_axes(input: Tensor) -> Tensor:
    """All dimensions in reversed order (of a matrix: its transpose).  A view."""
    return Permute.apply(input, tuple(range(len(input._array.shape) - 1, -1, -1)))


def _matrix_transpose(input: Tensor) -> Tensor:
    """The last two dimensions exchanged: each matrix of a batch transposed.  A view."""
    if len(input._array.shape) < 2:
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor.")
    return transpose(input, -2, -1)


def _conjugate_transpose(input: Tensor) -> Tensor:
    """A matrix transposed, complex numbers conjugated."""
    rank = len(input._array.shape)
    if rank not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {rank}-D tensor."
            + (" For batches of matrices, consider using tensor.mH" if rank > 2 else "")
        )
    return adjoint(input) if rank else input


def _batch_adjoint(input: Tensor) -> Tensor:
    """Each matrix of a batch transposed, complex numbers conjugated."""
    if len(input._array.shape) < 2:
        raise RuntimeError(f"tensor.mH is only supported on matrices or batches of matrices. Got {input.ndim}-D tensor.")
    return adjoint(input)


_properties: dict[str, Callable[[Tensor], Tensor]] = {
    "T": _reversed_axes, "mT": _matrix_transpose, "H": _conjugate_transpose, "mH": _batch_adjoint,
}  # fmt: skip
for _name, _function in _properties.items():
    setattr(Tensor, _name, property(_function))


@operation(out=False, aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved from the positions `source` to `destination`; the others keep their order.  A view.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 5).movedim(0, -1).shape
    torch.Size([3, 5, 2])
    """
    rank = len(input._array.shape)
    sources, goals = (tuple(v) if isinstance(v, (tuple, list)) else (v,) for v in (source, destination))
    if len(sources) != len(goals):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should contain the same number of dims as "
            f"destination ({list(goals)} dims)"
        )
    places = []
    for name, dims in (("source", sources), ("destination", goals)):
        places.append([normalize_dim(d, rank) for d in dims])
        if len(set(places[-1])) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    if not rank:
        return Permute.apply(input, ())
    rest = iter([d for d in range(rank) if d not in places[0]])
    moved = dict(zip(places[1], places[0], strict=True))
    return Permute.apply(input, tuple([moved[d] if d in moved else next(rest) for d in range(rank)]))


# ------------------------------------------------------------------------------------------------ another direction


class Flip(Operation):
    """Some axes in the opposite direction; dx = g flipped back."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...]) -> Any:
        ctx.dims = dims
        return array_namespace(x).flip(x, dims).copy() if dims else x.copy()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Flip.apply(g, ctx.dims)


class Roll(Operation):
    """Elements shifted along axes, those pushed out at the end coming in at the start; dx = g shifted back."""

    @staticmethod
    def forward(ctx: Any, x: Any, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
        ctx.shifts, ctx.dims = shifts, dims
        return array_namespace(x).roll(x, shifts if dims else shifts[0], dims or None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Roll.apply(g, tuple([-s for s in ctx.shifts]), ctx.dims)


@operation(out=False)
def flip(input: Tensor, *dims: Any) -> Tensor:
    """The order of the elements reversed along some dimensions.  A copy.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).flip(0)
    tensor([[3, 4],
            [1, 2]])
    """
    axes = normalize_dims(sizes(dims, "dims"), len(input._array.shape))
    return Flip.apply(input, axes if input._array.shape else ())


@operation(out=False)
def fliplr(input: Tensor) -> Tensor:
    """Columns in reversed order: `input.flip(1)`.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).fliplr()
    tensor([[2, 1],
            [4, 3]])
    """
    if len(input._array.shape) < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


@operation(out=False)
def flipud(input: Tensor) -> Tensor:
    """Rows in reversed order: `input.flip(0)`.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).flipud()
    tensor([[3, 4],
            [1, 2]])
    """
    if not input._array.shape:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@operation(out=False)
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Turned `k` times by 90 degrees in the plane of two dimensions, from the first towards the second.  A copy.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).rot90()
    tensor([[2, 4],
            [1, 3]])
    """
    rank = len(input._array.shape)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if rank < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {rank}")
    a, b = two_axes(input, *dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    turns = k % 4
    if turns == 1:
        return Transpose.apply(Flip.apply(input, (b,)), a, b)
    if turns == 3:
        return Transpose.apply(Flip.apply(input, (a,)), a, b)
    return Flip.apply(input, (a, b) if turns else ())


@operation(out=False)
def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """Elements shifted by `shifts` along `dims`; what leaves at the end comes back at the start.

    Without `dims` the tensor is shifted as if it were flat.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4]).roll(1)
    tensor([4, 1, 2, 3])
    """
    steps, axes = sizes((shifts,), "shifts"), sizes((dims,), "dims")
    if not steps:
        raise RuntimeError("`shifts` required")
    if len(steps) != len(axes) and not (len(steps) == 1 and not axes):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}")
    if axes and not input._array.shape:
        raise IndexError(f"Dimension specified as {axes[0]} but tensor has no dimensions")
    return Roll.apply(input, steps, tuple([normalize_dim(d, len(input._array.shape)) for d in axes]))
