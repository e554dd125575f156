"""Calculus on samples: differences, gradients and integrals of values given at points along a dimension.

All of these are made of slices, sums and products, whose derivatives they take over.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.ops._dims import normalize_dim, normalize_dims
from minigrad.ops.joining import cat
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


@operation
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """The n-th differences x[i + 1] - x[i] along a dimension, with `prepend` and `append` put around first.

    >>> import minigrad
    >>> minigrad.tensor([1, 4, 9, 16]).diff(), minigrad.tensor([1, 4, 9, 16]).diff(2)
    (tensor([3, 5, 7]), tensor([2, 2]))
    """
    check_tensor("diff", "input", input)
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = normalize_dim(dim, input.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for more in (prepend, append):
        if more is None:
            continue
        if more.ndim != input.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
        for i, (a, b) in enumerate(zip(input.shape, more.shape, strict=True)):
            if a != b and i != axis:
                raise RuntimeError(
                    "diff expects the shape of tensor to prepend or append to match that of input except along the differencing "
                    f"dimension; input.size({i}) = {a}, but got tensor.size({i}) = {b}"
                )
    if n == 0:
        return input.clone()
    pieces = [piece for piece in (prepend, input, append) if piece is not None]
    result = input if len(pieces) == 1 else cat(pieces, axis)
    for _ in range(min(n, result.shape[axis])):
        below, above = _neighbours(result, axis)
        result = above.logical_xor(below) if result.dtype is dtypes.bool_ else above - below
    return result


def _neighbours(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """All but the last, and all but the first, along an axis."""
    n = max(x._array.shape[axis] - 1, 0)
    return x.narrow(axis, 0, n), x.narrow(axis, min(1, x._array.shape[axis]), n)


# ------------------------------------------------------------------------------------------------ integrals


def _panels(name: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> tuple[Tensor, int]:
    """The areas of the trapezoids between neighbouring points, and their axis."""
    check_tensor(name, "y", y)
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = normalize_dim(dim, y.ndim)
    for word, given in (("y", y), ("x", x)):
        if given is not None and given.dtype is dtypes.bool_:
            raise RuntimeError(f"{name}: received a bool input for `{word}`, but bool is not supported")
    below, above = _neighbours(y, axis)
    if x is None:
        return (below + above) * dx / 2.0, axis
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point along dimension {axis}: expected {y.shape[axis]}, got "
                f"{x.shape[0]}"
            )
        x = x.reshape([-1 if i == axis else 1 for i in range(y.ndim)])
    left, right = _neighbours(x, axis if x.ndim == y.ndim else normalize_dim(dim, x.ndim))
    return (below + above) * (right - left) / 2.0, axis


@operation(method=False, out=False, aliases=("trapz",))
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral along a dimension by the trapezoidal rule: sum of (y_i + y_{i+1}) / 2 * (x_{i+1} - x_i).

    The points are `x`, or `dx` apart.

    >>> import minigrad
    >>> minigrad.trapezoid(minigrad.tensor([0., 1., 2.]))
    tensor(2.)
    """
    _one_spacing("trapezoid", x, dx)
    areas, axis = _panels("trapezoid", y, x, 1 if dx is None else dx, dim)
    return areas.sum(axis)


@operation(method=False, out=False)
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running integral along a dimension by the trapezoidal rule, from the second point on."""
    _one_spacing("cumulative_trapezoid", x, dx)
    areas, axis = _panels("cumulative_trapezoid", y, x, 1 if dx is None else dx, dim)
    return areas.cumsum(axis)


def _one_spacing(name: str, x: Any, dx: Any) -> None:
    if x is not None and dx is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments: the points are either x, or dx apart")


# ------------------------------------------------------------------------------------------------ gradients


@operation(method=False, out=False)
def gradient(input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """Estimates of the partial derivatives of a sampled function, one tensor for each dimension.

    Inside by central differences, at the edges by one-sided ones of first or second order.  `spacing` is a number, a number
    for each dimension, or the coordinates along each.

    >>> import minigrad
    >>> minigrad.gradient(minigrad.tensor([1., 4., 9., 16.]))
    (tensor([3., 4., 6., 7.]),)
    """
    check_tensor("gradient", "input", input)
    axes = tuple(range(input.ndim)) if dim is None else normalize_dims(dim, input.ndim)
    spacing = 1 if spacing is None else spacing
    spacings = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(axes)
    if len(spacings) != len(axes):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
            f"length, but got a spacing argument of length {len(spacings)} and a dim argument of length {len(axes)}."
        )
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    for axis, space in zip(axes, spacings, strict=True):
        if input.shape[axis] <= edge_order:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
        if isinstance(space, Tensor) and space.ndim and space.shape != (input.shape[axis],):
            raise RuntimeError(
                f"torch.gradient expected each tensor of coordinates to have one value per point: {input.shape[axis]} along "
                f"dimension {axis}, got shape {list(space.shape)}"
            )
    values = input if input.dtype.is_inexact else input.to(dtypes.get_default_dtype())
    return tuple(_slopes(values, axis, space, edge_order) for axis, space in zip(axes, spacings, strict=True))


def _slopes(f: Tensor, axis: int, space: Any, edge_order: int) -> Tensor:
    """The derivative along one axis, from the slope of each step: inside, those of the two steps around weigh inversely."""
    n = f.shape[axis]
    if isinstance(space, Tensor) and space.ndim:
        steps = space.diff().reshape([-1 if i == axis else 1 for i in range(f.ndim)])
    else:
        steps = f.new_full([n - 1 if i == axis else 1 for i in range(f.ndim)], 1) * space
    slope = f.diff(dim=axis) / steps
    before, after = _neighbours(steps, axis)
    low, high = _neighbours(slope, axis)
    inside = (low * after + high * before) / (before + after)
    ends = []
    for first, second in ((0, 1), (n - 2, n - 3)):
        edge = slope.narrow(axis, first, 1)
        if edge_order == 2:  # the parabola through the three outermost points
            near, next_ = steps.narrow(axis, first, 1), steps.narrow(axis, second, 1)
            edge = edge + (edge - slope.narrow(axis, second, 1)) * near / (near + next_)
        ends.append(edge)
    return cat([ends[0], inside, ends[1]], axis)
