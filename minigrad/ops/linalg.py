"""Linear algebra: solving, inverting, determinants, and the singular value decomposition.

The derivatives are those of M. Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
differentiation* (2008), each written in matrix operations, so that they can be differentiated again.  A^H is the conjugate
transpose.  All functions take batches: (..., n, n).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import is_grad_enabled
from minigrad.kernels import array_namespace
from minigrad.ops.joining import cat
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.return_types import return_type
from minigrad.tensor import Tensor


class LinAlgError(RuntimeError):
    """Raised when a matrix has no inverse, or a decomposition does not converge."""


def _check_matrix(name: str, a: Tensor, square: bool = False) -> None:
    check_tensor(name, "A", a)
    if a.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions, got shape {list(a.shape)}.")
    if square and a.shape[-1] != a.shape[-2]:
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {a.shape[-2]} by {a.shape[-1]} matrices")
    if not a.dtype.is_inexact:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {a.dtype}")
    if a.element_size() == 2:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {a.dtype}: use .float()")


def _broadcast(xp: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Both with the same batch axes, which CuPy does not arrange by itself."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return xp.broadcast_to(a, (*batch, *a.shape[-2:])), xp.broadcast_to(b, (*batch, *b.shape[-2:]))


class LinalgSolveEx(Operation):
    """X with A X = B.   dB = A^-H g,   dA = -dB X^H."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        xp = array_namespace(a)
        left, right = _broadcast(xp, a, b)
        try:
            x = xp.linalg.solve(left, right)
        except np.linalg.LinAlgError:
            raise LinAlgError("linalg.solve: The solver failed because the input matrix is singular.") from None
        ctx.save_for_backward(a, x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, x = ctx.saved_tensors
        db = LinalgSolveEx.apply(a.mH, g)
        return -(db @ x.mH) if ctx.needs_input_grad[0] else None, db


class LinalgInvEx(Operation):
    """Y = A^-1.   dA = -Y^H g Y^H."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        try:
            y = array_namespace(a).linalg.inv(a)
        except np.linalg.LinAlgError:
            raise LinAlgError("linalg.inv: The diagonal element of a factor is zero, the inversion could not be completed because "
                              "the input matrix is singular.") from None  # fmt: skip
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return -(y.mH @ g @ y.mH)


class LinalgDet(Operation):
    """y = det A.   dA = g cof(A), the matrix of cofactors, which is det(A) A^-H where A has an inverse."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        y = array_namespace(a).linalg.det(a)
        ctx.save_for_backward(a, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, y = ctx.saved_tensors
        if is_grad_enabled():
            return (g * y.conj()).unsqueeze(-1).unsqueeze(-1) * inv(a).mH
        return g.unsqueeze(-1).unsqueeze(-1) * wrap(_cofactors(a._array))


def _cofactors(a: Any) -> Any:
    """The conjugate of the derivative of det A, of singular matrices too: with A = U S V^H it is det(U V^H) U C V^H, where
    C holds, for each singular value, the product of all others."""
    xp = array_namespace(a)
    u, s, vh = xp.linalg.svd(a)
    n = a.shape[-1]
    others = xp.ones_like(s)
    for shift in range(1, n):
        others = others * xp.roll(s, shift, axis=-1)
    sign = xp.linalg.det(xp.matmul(u, vh)).conj()
    return sign[..., None, None] * xp.matmul(u * others[..., None, :], vh)


class LinalgSlogdet(Operation):
    """sign and log|det A|.   dA = g A^-H."""

    materialize_grads = False

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        sign, logabsdet = array_namespace(a).linalg.slogdet(a)
        ctx.save_for_backward(a)
        return sign, logabsdet

    @staticmethod
    def backward(ctx: Any, g_sign: Any, g: Any) -> Any:
        (a,) = ctx.saved_tensors
        if a.is_complex():
            raise NotImplementedError("slogdet has no gradient for complex matrices here: use det, or real matrices")
        return None if g is None else g.unsqueeze(-1).unsqueeze(-1) * inv(a).mH


class LinalgSvd(Operation):
    """A = U S V^H with k = min(m, n) singular values S, largest first.

    With E[i, j] = s_j^2 - s_i^2 off the diagonal and skew(X) = X - X^H (Townsend, *Differentiating the Singular Value
    Decomposition*, 2016):
    dA = U ( (skew(U^H gU) / E) S + S (skew(V^H gV) / E) + diag(gS) ) V^H  +  (I - U U^H) gU S^-1 V^H  +  U S^-1 gV^H (I - V V^H)
    """

    materialize_grads = False

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        xp = array_namespace(a)
        try:
            u, s, vh = xp.linalg.svd(a, full_matrices=False)
        except np.linalg.LinAlgError:
            raise LinAlgError("linalg.svd: The algorithm failed to converge because the input matrix is ill-conditioned.") from None
        ctx.save_for_backward(u, s, vh)
        return u, s, vh

    @staticmethod
    def backward(ctx: Any, gu: Any, gs: Any, gvh: Any) -> Any:
        u, s, vh = ctx.saved_tensors
        if gu is None and gvh is None:
            return None if gs is None else (u * gs.unsqueeze(-2).to(u.dtype)) @ vh
        if u.is_complex():
            raise NotImplementedError(
                "svd: the gradient of U and V of complex matrices depends on a free phase; differentiate S only"
            )
        v, row, column = vh.mH, s.unsqueeze(-2), s.unsqueeze(-1)
        gaps = (row - column) * (row + column)
        gaps = gaps + gaps.new_ones(gaps.shape[-1]).diag()
        inner = gaps * 0
        outside = None
        if gu is not None:
            w = u.mH @ gu
            inner = inner + (w - w.mH) / gaps * row
            if u.shape[-2] > u.shape[-1]:
                outside = ((gu - u @ w) / row) @ vh
        if gvh is not None:
            w = v.mH @ gvh.mH
            inner = inner + column * ((w - w.mH) / gaps)
            if v.shape[-2] > v.shape[-1]:
                part = (u / row) @ (gvh - w.mH @ vh)
                outside = part if outside is None else outside + part
        if gs is not None:
            inner = inner + gs.diag_embed()
        total = u @ inner @ vh
        return total if outside is None else total + outside


class LinalgQr(Operation):
    """A = Q R with orthonormal columns of Q and R upper triangular, for matrices with at least as many rows as columns.

    With M = R gR^H - gQ^H Q and sym(M) its lower triangle mirrored upward:
    dA = (gQ + Q sym(M)) R^-H   (Walter & Lehmann, *Algorithmic differentiation of linear algebra functions*, 2012)
    """

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        q, r = array_namespace(a).linalg.qr(a)
        ctx.save_for_backward(q, r)
        return q, r

    @staticmethod
    def backward(ctx: Any, gq: Any, gr: Any) -> Any:
        q, r = ctx.saved_tensors
        m = r @ gr.mH - gq.mH @ q
        below = m.tril(-1)
        mirrored = below + below.mH + m.diagonal(0, -2, -1).diag_embed()
        return LinalgSolveEx.apply(r, (gq + q @ mirrored).mH).mH


class LinalgQrOfMode(Operation):
    """The forms of A = Q R that have no derivative: a complete Q is not determined by A, and R alone needs Q."""

    @staticmethod
    def forward(ctx: Any, a: Any, form: str) -> Any:
        linalg = array_namespace(a).linalg
        return tuple(linalg.qr(a, mode="complete")) if form == "complete" else (a[..., :0, :0], linalg.qr(a, mode="r"))

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise RuntimeError("The derivative of linalg.qr exists for mode='reduced' only: use it, or detach() the matrix")


# ------------------------------------------------------------------------------------------------ public


@operation(where="linalg")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B (or X A = B with left=False): A (..., n, n), B (..., n, k) or (..., n).

    Raises LinAlgError when A is singular.

    >>> import minigrad
    >>> minigrad.linalg.solve(minigrad.tensor([[2.0, 0.0], [0.0, 4.0]]), minigrad.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    _check_matrix("linalg.solve", A, square=True)
    check_tensor("linalg.solve", "B", B)
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {A.dtype} and B of type {B.dtype} instead"
        )
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])
    right = B.unsqueeze(-1) if vector else B
    if right.shape[-2 if left or vector else -1] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
                           f"({A.shape[-2]}x{A.shape[-1]} and {right.shape[-2]}x{right.shape[-1]})")  # fmt: skip
    if not left:
        if vector:
            raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False.")
        return LinalgSolveEx.apply(A.mT, B.mT).mT
    x = LinalgSolveEx.apply(A, right)
    return x.squeeze(-1) if vector else x


@operation(where="linalg")
def inv(A: Tensor) -> Tensor:
    """The inverse of each matrix: A^-1 A = I.  Raises LinAlgError when there is none (prefer `solve` to multiplying by it)."""
    _check_matrix("linalg.inv", A, square=True)
    return LinalgInvEx.apply(A)


@operation(name="inverse")
def inverse(input: Tensor) -> Tensor:
    """The inverse of each matrix (`linalg.inv`)."""
    return inv(input)


@operation(where="linalg")
def det(A: Tensor) -> Tensor:
    """The determinant of each matrix: (..., n, n) -> (...)."""
    _check_matrix("linalg.det", A, square=True)
    return LinalgDet.apply(A)


@operation(name="det")
def _det(input: Tensor) -> Tensor:
    """The determinant of each matrix (`linalg.det`)."""
    return det(input)


@operation(where="linalg")
def slogdet(A: Tensor) -> Any:
    """The sign and the logarithm of the absolute value of the determinant: det A = sign exp(logabsdet)."""
    _check_matrix("linalg.slogdet", A, square=True)
    return return_type("linalg_slogdet", "sign", "logabsdet")(*LinalgSlogdet.apply(A))


@operation(name="slogdet")
def _slogdet(input: Tensor) -> Any:
    """The sign and the logarithm of the absolute value of the determinant (`linalg.slogdet`)."""
    return return_type("slogdet", "sign", "logabsdet")(*slogdet(input))


@operation()
def logdet(input: Tensor) -> Tensor:
    """log det A: NaN where the determinant is negative, -inf where it is zero."""
    sign, logabsdet = slogdet(input)
    return sign.log() + logabsdet


@operation(where="linalg")
def svd(A: Tensor, full_matrices: bool = True) -> Any:
    """A = U diag(S) Vh with orthonormal columns of U and rows of Vh, singular values S largest first.

    With full_matrices=True, U and Vh are square; then they have no gradient unless A is square.
    """
    _check_matrix("linalg.svd", A)
    named = return_type("linalg_svd", "U", "S", "Vh")
    if not full_matrices or A.shape[-1] == A.shape[-2]:
        return named(*LinalgSvd.apply(A))
    if A.requires_grad and is_grad_enabled():
        raise RuntimeError("linalg.svd: the full U and Vh of a matrix that is not square have no gradient: use full_matrices=False")
    return named(*[wrap(a) for a in array_namespace(A._array).linalg.svd(A._array)])


@operation(where="linalg")
def svdvals(A: Tensor) -> Tensor:
    """The singular values of each matrix, largest first."""
    _check_matrix("linalg.svdvals", A)
    return LinalgSvd.apply(A)[1]


@operation(where="linalg")
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """A = Q R: Q with orthonormal columns, R upper triangular.  mode: "reduced", "complete" (Q square) or "r" (R alone).

    The gradient exists for "reduced", and for "complete" where that is the same; otherwise backward says so.
    """
    _check_matrix("linalg.qr", A)
    named = return_type("linalg_qr", "Q", "R")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    rows, columns = A.shape[-2:]
    if mode == "r" or (mode == "complete" and rows > columns):
        q, r = LinalgQrOfMode.apply(A, mode)
        return named(q if mode == "complete" else A.new_empty(0), r)
    if rows >= columns:
        return named(*LinalgQr.apply(A))
    q, left = LinalgQr.apply(A[..., :rows])  # a wide matrix: the columns beyond the square part only follow
    return named(q, cat([left, q.mH @ A[..., rows:]], -1))


@operation(name="qr")
def _qr(input: Tensor, some: bool = True) -> Any:
    """A = Q R (`linalg.qr`); some=False gives the complete Q."""
    return return_type("qr", "Q", "R")(*qr(input, "reduced" if some else "complete"))
