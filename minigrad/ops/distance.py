"""How far apart, or how alike in direction, vectors are: what the losses of `ranking_loss.py` are made of."""

from __future__ import annotations

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


def raised(x: Tensor, least: float) -> Tensor:
    """x, but `least` where it is smaller, with the derivative of x everywhere."""
    constant = x.detach()
    return x + (constant.clamp_min(least) - constant)


@operation(where=("nn.functional", ""), method=False, out=False)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (||x1|| ||x2||) along `dim`, the cosine of the angle between; norms count as `eps` at least.

    >>> import minigrad
    >>> minigrad.cosine_similarity(minigrad.tensor([[1.0, 0.0]]), minigrad.tensor([[3.0, 4.0]]))
    tensor([0.6000])
    """
    check_tensor("cosine_similarity", "x1", x1)
    check_tensor("cosine_similarity", "x2", x2)
    if not (x1.dtype.is_inexact or x2.dtype.is_inexact):
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {x1.dtype}")
    shape = broadcast_shape(x1.shape, x2.shape)
    if x1.dtype is not x2.dtype:
        x1, x2 = x1 + x2.new_zeros(()), x2 + x1.new_zeros(())
    x1, x2 = x1.expand(shape), x2.expand(shape)
    direction1 = x1 / raised(x1.norm(2, dim, keepdim=True), eps)
    direction2 = x2 / raised(x2.norm(2, dim, keepdim=True), eps)
    return (direction1 * direction2).sum(dim)


@operation(where=("nn.functional", ""), method=False, out=False)
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """||x1 - x2 + eps||_p over the last dimension; the rest broadcasts.

    >>> import minigrad
    >>> minigrad.pairwise_distance(minigrad.tensor([[0.0, 0.0]]), minigrad.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    check_tensor("pairwise_distance", "x1", x1)
    check_tensor("pairwise_distance", "x2", x2)
    return (x1 - x2 + eps).norm(p, -1, keepdim)


@operation(where=("nn.functional", ""), method=False, out=False)
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """||x_i - x_j||_p for all pairs of rows i < j: (N, D) gives N (N - 1) / 2 distances.

    >>> import minigrad
    >>> minigrad.pdist(minigrad.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    check_tensor("pdist", "input", input)
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    xp, N = array_namespace(input._array), input.shape[0]
    first, second = xp.nonzero(~xp.tri(N, dtype="bool"))
    return (input.index_select(0, wrap(first)) - input.index_select(0, wrap(second))).norm(p, -1)
