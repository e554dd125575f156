"""Embedding: rows of a table, taken by number.

Taking a row is a product with a one-hot vector without the product; so the gradient of the table is zero but for the
rows taken, where what arrived is added up.  `Embedding` and `EmbeddingBackward` are each other's derivative.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import no_grad
from minigrad.kernels import array_namespace
from minigrad.kernels.scatter import embedding_backward
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Embedding(Operation):
    """y[i] = W[index[i]].  dW: g[i] added to row index[i]; none for `padding_idx`; by its frequency if so asked."""

    @staticmethod
    def forward(ctx: Any, weight: Any, indices: Any, padding_idx: int | None, by_frequency: bool) -> Any:
        ctx.save_for_backward(indices)
        ctx.settings = len(weight), padding_idx, by_frequency
        return weight.take(indices, axis=0)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return EmbeddingBackward.apply(g, *ctx.saved_tensors, *ctx.settings)


class EmbeddingBackward(Operation):
    """g (*, D) added up in a table (V, D).  Its derivative takes rows again, divided and left out in the same way."""

    @staticmethod
    def forward(ctx: Any, g: Any, indices: Any, V: int, padding_idx: int | None, by_frequency: bool) -> Any:
        ctx.save_for_backward(indices)
        ctx.settings = V, padding_idx, by_frequency
        return embedding_backward(g, indices, V, padding_idx, by_frequency)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        (indices,), (V, padding_idx, by_frequency) = ctx.saved_tensors, ctx.settings
        xp = array_namespace(indices._array)
        factor = xp.ones(V, h._array.dtype)
        if padding_idx is not None:
            factor[padding_idx] = 0
        if by_frequency:
            factor /= xp.maximum(xp.bincount(indices._array.reshape(-1), minlength=V), 1).astype(factor.dtype)
        return Embedding.apply(h * wrap(factor[:, None]), indices, None, False)


def _padding(padding_idx: int | None, V: int) -> int | None:
    if padding_idx is None:
        return None
    if not -V <= padding_idx < V:
        raise AssertionError(f"Padding_idx must be within num_embeddings: {padding_idx} is not a row of {V}")
    return padding_idx % V


def _check(name: str, input: Tensor, weight: Tensor) -> None:
    check_tensor(name, "input", input)
    check_tensor(name, "weight", weight)
    if weight.ndim != 2:
        raise RuntimeError(
            f"'weight' must be 2-D: {name} takes rows of a table, got a weight of shape {list(weight.shape)}"
        )
    if input.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input.dtype} instead "
            f"(while checking arguments for {name}): convert with .long()"
        )
    array, V = input._array, weight.shape[0]
    if array.size and not (0 <= int(array.min()) and int(array.max()) < V):
        worst = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise IndexError(f"index out of range in self: the table has {V} rows, and index {worst} is asked for")


def _renormalize(weight: Tensor, indices: Any, max_norm: float, norm_type: float) -> None:
    """Shorten, in place, the rows that are about to be taken and are longer than `max_norm`."""
    with no_grad():
        rows = wrap(array_namespace(indices).unique(indices.reshape(-1)))
        norms = weight[rows].norm(norm_type, 1, keepdim=True)
        long = norms.squeeze(1) > max_norm
        if bool(long.any()):
            weight[rows[long]] = weight[rows[long]] * (max_norm / (norms[long] + 1e-7))


@operation(where="nn.functional", out=False)
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Row i of `weight` for every number i of `input`: integers (*) and a table (V, D) give (*, D).

    Row `padding_idx` gets no gradient.  With `max_norm`, rows that are longer (in the norm of order `norm_type`) are
    shortened in the table itself.  `scale_grad_by_freq` divides a row's gradient by how often it was taken.  Raises
    IndexError for a row that is not there.

    >>> import minigrad
    >>> table = minigrad.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> minigrad.nn.functional.embedding(minigrad.tensor([2, 0]), table)
    tensor([[4., 5.],
            [0., 1.]])
    """
    _check("embedding", input, weight)
    if sparse:
        raise NotImplementedError(
            "embedding: minigrad has no sparse gradients; sparse=False gives the same numbers, dense"
        )
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, input._array, max_norm, norm_type)
    return Embedding.apply(weight, input, padding, bool(scale_grad_by_freq))


@operation(where="nn.functional", out=False)
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or largest of the rows of each bag: integers (B, n), or (n) cut at `offsets` (B), give (B, D).

    Rows `padding_idx` do not count.  `per_sample_weights`, in the shape of the input, weighs the rows of a sum.  With
    `include_last_offset` the last offset is the end of the last bag.

    >>> import minigrad
    >>> table = minigrad.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> minigrad.nn.functional.embedding_bag(minigrad.tensor([2, 0, 1]), table, minigrad.tensor([0, 2]), mode="sum")
    tensor([[4., 6.],
            [2., 3.]])
    """
    _check("embedding_bag", input, weight)
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode='{mode}')"
        )
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(per_sample_weights.shape)}) is not None, it has to have the "
            "same shape as the input "
            f"({list(input.shape)})"
        )
    if sparse or (scale_grad_by_freq and mode == "max"):
        raise NotImplementedError("embedding_bag: no sparse gradients, and no scale_grad_by_freq with mode='max'")
    padding = _padding(padding_idx, weight.shape[0])
    xp = array_namespace(input._array)
    starts, ends = _bags(input, offsets, include_last_offset)
    length = max((e - s for s, e in zip(starts, ends)), default=0)
    begin = xp.asarray(starts, dtype="int64")[:, None]
    places = begin + xp.arange(length)  # (B, longest bag): positions in the flattened input
    there = places < xp.asarray(ends, dtype="int64")[:, None]
    places = places * there
    flat = input._array.reshape(-1)
    numbers = flat.take(places) if flat.size else places
    if padding is not None:
        there = there & (numbers != padding)
    if max_norm is not None:
        _renormalize(weight, input._array, max_norm, norm_type)
    taken = wrap(numbers.astype("int64") * there)
    rows = embedding(taken, weight, padding, scale_grad_by_freq=scale_grad_by_freq)
    counted = wrap(there[..., None])
    if mode == "max":
        empty = wrap(~there.any(axis=1)[:, None])
        return rows.masked_fill(~counted, float("-inf")).max(1).values.masked_fill(empty, 0) if length else rows.sum(1)
    rows = rows.masked_fill(~counted, 0)
    if per_sample_weights is not None and flat.size:
        rows = rows * per_sample_weights.reshape(-1)[wrap(places.view())].unsqueeze(-1)
    total = rows.sum(1)
    return total if mode == "sum" else total / wrap(xp.maximum(there.sum(axis=1), 1)[:, None])


def _bags(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[list[int], list[int]]:
    """Where each bag starts and ends in the flattened input."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                "sequences"
            )
        B, n = input.shape
        return [b * n for b in range(B)], [(b + 1) * n for b in range(B)]
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None or offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor but got {None if offsets is None else list(offsets.shape)}")
    starts = [int(n) for n in offsets.tolist()]
    if starts and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {starts[0]}"
        )
    if starts and starts[-1] > input.shape[0]:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {input.shape[0]} but got offsets[-1] of {starts[-1]}"
        )
    return (starts[:-1], starts[1:]) if include_last_offset else (starts, [*starts[1:], input.shape[0]])
