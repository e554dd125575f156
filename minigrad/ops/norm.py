"""Norms: how large a vector or a matrix is, and how far apart two tensors are.

    |x|_p = (sum of |x|^p)^(1/p),   |x|_inf = the largest |x|,   |x|_-inf = the smallest,   |x|_0 = how many are not zero

At a corner, where the derivative does not exist, the gradient is one that a descent can follow: 0 at x = 0.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.inplace import _spoken as spoken
from minigrad.kernels import array_namespace
from minigrad.kernels.sums import total
from minigrad.ops._dims import normalize_dim
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.choosing import kept
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.reduction import Axes, Reduction, axes_of, check_flag
from minigrad.ops.registry import REGISTRY, operation
from minigrad.ops.scan import in_dtype
from minigrad.tensor import Tensor


class LinalgVectorNorm(Reduction):
    """y = |x|_p over axes.  p = 2: dx = g x / y; in general dx = g sign(x) (|x| / y)^(p-1)."""

    def name(self) -> str:
        return "LinalgVectorNormBackward0"

    @staticmethod
    def forward(ctx: Any, x: Any, p: float, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        ctx.p = p
        half = x.dtype.itemsize == 2
        out = _norm(x.astype("float32") if half else x, p, axes, keepdim)
        out = out.astype(x.dtype) if half else out
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        g, y, p = ctx.unfold(g), ctx.unfold(y), ctx.p
        if p == 2:
            return kept(x / y, y._array != 0) * g
        sign = x.sgn()
        if p == 1:
            return sign * g
        if p == 0:
            return None
        size, some = x.abs(), y._array != 0
        if math.isinf(p):
            equal = (size._array == y._array) | ((size._array != size._array) & (y._array != y._array))
            equal = equal.astype(y._array.dtype)
            return sign * g * wrap(equal / total(equal, ctx.axes, True))
        if p < 1:
            return sign * kept(size ** (p - 1), x._array != 0) * g * y ** (1 - p)
        if p < 2:
            return sign * size ** (p - 1) * kept(g / y ** (p - 1), some)
        return x * size ** (p - 2) * kept(g / y ** (p - 1), some)


def _norm(x: Any, p: float, axes: Axes, keepdim: bool) -> Any:
    xp = array_namespace(x)
    if p == 2:
        if x.dtype.kind == "c":
            return xp.sqrt(total(x.real * x.real + x.imag * x.imag, axes, keepdim))
        if axes is None and not keepdim and x.flags.c_contiguous:
            flat = x.reshape(-1)
            return xp.sqrt(flat.dot(flat))
        return xp.sqrt(total(x * x, axes, keepdim))
    if p == 0:
        return total(x != 0, axes, keepdim).astype(x.real.dtype)
    size = abs(x)
    if math.isinf(p):
        return getattr(size, "max" if p > 0 else "min")(axis=axes, keepdims=keepdim) if size.size else total(size, axes, keepdim)
    if p == 1:
        return total(size, axes, keepdim)
    return xp.power(total(xp.power(size, p), axes, keepdim), 1 / p)


def _inexact(name: str, input: Any, dtype: dtypes.dtype | None) -> Tensor:
    """The input in the dtype asked for, refused when there are no norms in it."""
    check_tensor(name, "A", input)
    if not input.dtype.is_inexact:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {spoken(input.dtype)}: convert first, with .float()"
        )
    if dtype is None:
        return input
    if not dtype.is_inexact:
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {spoken(dtype)}")
    if dtype.is_complex != input.is_complex():
        kind = "complex" if input.is_complex() else "real"
        raise RuntimeError(f"{name}: dtype should be {kind} for {kind} inputs, but got {spoken(dtype)}")
    if dtypes.promote_types(input.dtype, dtype) is not dtype:
        raise RuntimeError(
            f"{name}: the dtype of the input ({spoken(input.dtype)}) should be convertible without narrowing to the specified "
            f"dtype ({spoken(dtype)})"
        )
    return in_dtype(input, dtype)


@operation(where="linalg", name="vector_norm")
def vector_norm(x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm |x|_ord of all elements as one vector, or of the vectors along `dim` (an int or a tuple).

    `ord` is any number, inf and -inf included.  0 counts what is not zero.

    >>> import minigrad
    >>> minigrad.linalg.vector_norm(minigrad.tensor([3., 4.]))
    tensor(5.)
    """
    x = _inexact("linalg.vector_norm", x, dtype)
    if isinstance(ord, (str, bool)) or not isinstance(ord, (int, float)):
        raise TypeError(f"linalg_vector_norm(): argument 'ord' must be Number, not {type(ord).__name__}")
    check_flag("linalg_vector_norm", keepdim)
    axes = axes_of(x, dim)
    shape = x._array.shape
    if 0 in shape and (ord < 0 or ord == math.inf):
        where = "an empty tensor because" if axes is None else ""
        for axis in axes or ():
            if not shape[axis]:
                where = f"the dimension {axis} because this dimension is empty and"
        if where:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on {where} the operation does not have an identity"
            )
    return LinalgVectorNorm.apply(x, ord, axes, keepdim)


@operation(where="linalg", name="matrix_norm")
def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of the matrices in two dimensions.

    "fro": the root of the sum of squares; "nuc": the sum of the singular values; 2, -2: the largest and smallest of them;
    inf, -inf: the largest and smallest sum of absolute values in a row; 1, -1: in a column.

    >>> import minigrad
    >>> minigrad.linalg.matrix_norm(minigrad.tensor([[1., 2.], [3., 4.]]), 1)
    tensor(6.)
    """
    A = _inexact("linalg.matrix_norm", A, dtype)
    check_flag("linalg_matrix_norm", keepdim)
    if A.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, got {A.ndim}.")
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    row, column = (normalize_dim(d, A.ndim) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return vector_norm(A, 2, (row, column), keepdim)
    if isinstance(ord, str) and ord != "nuc":
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if not isinstance(ord, str) and abs(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if ord == "nuc" or abs(ord) == 2:
        values = REGISTRY["linalg", "svdvals"].function(A.movedim((row, column), (-2, -1)))
        result = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord > 0 else values.amin(-1)
        return result.reshape([1 if i in (row, column) else n for i, n in enumerate(A.shape)]) if keepdim else result
    along, across = (row, column) if abs(ord) == 1 else (column, row)
    sums = vector_norm(A, 1, along, True)
    result = sums.amax(across, True) if ord > 0 else sums.amin(across, True)
    return result if keepdim else result.squeeze((row, column))


@operation(where="linalg", name="norm")
def linalg_norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of vectors (`dim` an int) or matrices (`dim` two of them); without `ord` and `dim`, of all elements.

    >>> import minigrad
    >>> minigrad.linalg.norm(minigrad.tensor([[3., 4.], [0., 0.]]))
    tensor(5.)
    """
    check_tensor("linalg_norm", "A", A)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is not None and (not isinstance(dim, (tuple, list)) or len(dim) not in (1, 2)):
        dim = (dim,) if not isinstance(dim, (tuple, list)) else dim
        if len(dim) != 1:
            raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if dim is None and A.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    if isinstance(ord, str) and dim is not None and len(dim) == 1:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim[0]}")
    if (len(dim) if dim is not None else A.ndim) == 1 and not isinstance(ord, str):
        return vector_norm(A, ord, dim, keepdim, dtype=dtype)
    return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)


@operation
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of all elements as one vector, or of the vectors along `dim`; p is a number, "fro" (2) or "nuc".

    `linalg.norm`, `linalg.vector_norm` and `linalg.matrix_norm` say more clearly what they compute.

    >>> import minigrad
    >>> minigrad.tensor([3., 4.]).norm(), minigrad.tensor([3., 4.]).norm(p=1)
    (tensor(5.), tensor(7.))
    """
    check_tensor("norm", "input", input)
    if p == "nuc":
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    return vector_norm(input, 2 if p in (None, "fro") else p, dim, keepdim, dtype=dtype)


@operation
def dist(input: Tensor, other: Tensor, p: Any = 2) -> Tensor:
    """The p-norm of the difference of two tensors.

    >>> import minigrad
    >>> minigrad.dist(minigrad.tensor([1., 1.]), minigrad.tensor([4., 5.]))
    tensor(5.)
    """
    check_tensor("dist", "input", input)
    return vector_norm(input - other, p)


@operation(in_place=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice along a dimension, scaled down to p-norm `maxnorm` if it is larger.

    >>> import minigrad
    >>> minigrad.tensor([[3., 4.], [0.3, 0.4]]).renorm(2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    check_tensor("renorm", "input", input)
    if isinstance(p, complex) or p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported, got p = {p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    axis = normalize_dim(dim, input.ndim)
    others = tuple(i for i in range(input.ndim) if i != axis)
    sizes = vector_norm(input, p, others, True)
    scale = maxnorm / (sizes + 1e-7)
    return input * scale.masked_fill(wrap(sizes._array <= maxnorm), 1)


# ------------------------------------------------------------------------------------------------ distances of points


class Cdist(Operation):
    """y_ij = |a_i - b_j|_2; da_i = sum over j of g_ij (a_i - b_j) / y_ij, and none from where y_ij = 0.

    Many points by |a|^2 + |b|^2 - 2 a b, a matrix product; few by their differences, which are more exact.
    """

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, by_product: bool) -> Any:
        xp = array_namespace(a)
        if by_product:
            squares = total(a * a, (a.ndim - 1,), True) + total(b * b, (b.ndim - 1,), True).swapaxes(-1, -2)
            out = xp.sqrt(xp.maximum(squares - 2 * (a @ b.swapaxes(-1, -2)), 0))
        else:
            away = a[..., :, None, :] - b[..., None, :, :]
            out = xp.sqrt(total(away * away, (away.ndim - 1,)))
        ctx.save_for_backward(a, b, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, Any]:
        a, b, y = ctx.saved_tensors
        share = kept(g / y, y._array != 0)
        return a * share.sum(-1, keepdim=True) - share @ b, b * share.sum(-2).unsqueeze(-1) - share.transpose(-1, -2) @ a


@operation(method=False, out=False)
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distance of each point of x1 (..., P, M) to each point of x2 (..., R, M): (..., P, R).

    >>> import minigrad
    >>> minigrad.cdist(minigrad.tensor([[0., 0.]]), minigrad.tensor([[3., 4.], [0., 0.]]))
    tensor([[5., 0.]])
    """
    for word, points in (("X1", x1), ("X2", x2)):
        check_tensor("cdist", word, points)
        if points.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {word} got: {points.ndim}D")
        if not points.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, {word} got: {spoken(points.dtype)}")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    if compute_mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: it is one of {', '.join(MODES)}")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"expected scalar type {spoken(x1.dtype)} but found {spoken(x2.dtype)}")
    batch = broadcast_shape(x1.shape[:-2], x2.shape[:-2])
    x1, x2 = x1.expand(*batch, *x1.shape[-2:]), x2.expand(*batch, *x2.shape[-2:])
    if p == 2 and x1.shape[-1]:
        many = max(x1.shape[-2], x2.shape[-2]) > 25
        return Cdist.apply(x1, x2, compute_mode == MODES[1] or many and compute_mode == MODES[0])
    away = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    return vector_norm(away, p, -1) if x1.shape[-1] else away.sum(-1)


MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
