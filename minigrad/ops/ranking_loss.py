"""Losses that compare: one example with another, or the score of one class with the others'.

All of them are hinges, max(0, margin - difference): no loss where the right order holds by the margin, a straight slope
where it does not.  They are written in tensor operations; read `loss.py` first.
"""

from __future__ import annotations

from collections.abc import Callable

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops.distance import pairwise_distance
from minigrad.ops.likelihood import BinaryCrossEntropyWithLogits
from minigrad.ops.loss import reduced, reduction_word
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ examples


@operation(where=("nn.functional",), method=False, out=False)
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target (input1 - input2)): target 1 wants the first larger, -1 the second.

    >>> import minigrad
    >>> a, b = minigrad.tensor([3.0, 1.0]), minigrad.tensor([1.0, 3.0])
    >>> minigrad.nn.functional.margin_ranking_loss(a, b, minigrad.tensor([1.0, 1.0]))
    tensor(1.)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: "
            f"{input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@operation(where="nn.functional", out=False)
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1; `input` is usually a distance.

    >>> import minigrad
    >>> minigrad.nn.functional.hinge_embedding_loss(minigrad.tensor([0.5, 0.5]), minigrad.tensor([1, -1]))
    tensor(0.5000)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("hinge_embedding_loss", "input", input)
    alike, unlike = input.masked_fill(target == -1, 0), (margin - input).clamp_min(0).masked_fill(target == 1, 0)
    return reduced(alike + unlike, reduction)


@operation(where=("nn.functional",), method=False, out=False)
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where target is 1, max(0, cos - margin) where it is -1; cos is that of the angle between the inputs.

    inputs: (N, D) with target (N), or (D) with target ().

    >>> import minigrad
    >>> a, b = minigrad.tensor([[1.0, 0.0]]), minigrad.tensor([[3.0, 4.0]])
    >>> minigrad.nn.functional.cosine_embedding_loss(a, b, minigrad.tensor([1]))
    tensor(0.4000)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if {input1.ndim, input2.ndim} != {target.ndim + 1}:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and "
            f"{list(input2.shape)}."
        )
    least = 1e-12
    product = (input1 * input2).sum(-1)
    cosine = product / (((input1 * input1).sum(-1) + least) * ((input2 * input2).sum(-1) + least)).sqrt()
    alike, unlike = (
        (1 - cosine).masked_fill(target != 1, 0),
        (cosine - margin).clamp_min(0).masked_fill(target != -1, 0),
    )
    return reduced(alike + unlike, reduction)


def _check_triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            "anchor "
            f"{anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )


def _triplet(
    distance: Callable[[Tensor, Tensor], Tensor], anchor: Tensor, positive: Tensor, negative: Tensor, margin: float,
    swap: bool, reduction: str,
) -> Tensor:  # fmt: skip
    to_positive, to_negative = distance(anchor, positive), distance(anchor, negative)
    if swap:
        to_negative = to_negative.minimum(distance(positive, negative))
    return reduced((margin + to_positive - to_negative).clamp_min(0), reduction)


@operation(where=("nn.functional",), method=False, out=False)
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + d(anchor, positive) - d(anchor, negative)) with d = `pairwise_distance`, inputs (N, D) or (D).

    `swap` takes the positive for anchor where it is nearer to the negative.  (Balntas et al., 2016; Schroff et al.,
    2015.)

    >>> import minigrad
    >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[0.0, 3.0]]), minigrad.tensor([[2.0, 0.0]])
    >>> minigrad.nn.functional.triplet_margin_loss(a, p, n)
    tensor(2.)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_triplet(anchor, positive, negative, margin)
    return _triplet(lambda x, y: pairwise_distance(x, y, p, eps), anchor, positive, negative, margin, swap, reduction)


@operation(where=("nn.functional",), method=False, out=False)
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of your own (`pairwise_distance` unless given).

    >>> import minigrad
    >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[0.0, 3.0]]), minigrad.tensor([[2.0, 0.0]])
    >>> far = lambda x, y: (x - y).abs().max(-1).values
    >>> minigrad.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=far)
    tensor(2.)
    """
    reduction = reduction_word(None, None, reduction)
    _check_triplet(anchor, positive, negative, margin)
    return _triplet(distance_function or pairwise_distance, anchor, positive, negative, margin, swap, reduction)


# ------------------------------------------------------------------------------------------------ classes


def _rows(input: Tensor) -> tuple[Tensor, int]:
    """The input as (N, C), and C; a number is a row of one class."""
    input = input if input.ndim else input.reshape(1)
    if input.ndim not in (1, 2) or not input.shape[-1]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )
    return (input if input.ndim == 2 else input.unsqueeze(0)), input.shape[-1]


@operation(where="nn.functional", out=False)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """sum over i != t of weight[t] max(0, margin - x_t + x_i)^p / C for the right class t; p is 1 or 2.

    input: scores (N, C) or (C); target: int64 (N) or ().
    (Crammer & Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.)

    >>> import minigrad
    >>> minigrad.nn.functional.multi_margin_loss(minigrad.tensor([[2.0, 1.5, 0.0]]), minigrad.tensor([0]))
    tensor(0.1667)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("multi_margin_loss", "input", input)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    x, C = _rows(input)
    if tuple(target.shape) not in ((x.shape[0],), input.shape[:-1]):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            "size). Expected target size "
            f"[{x.shape[0]}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if target.dtype.name != "int64":
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype}: the target holds class numbers, convert with .long()"
        )
    if weight is not None and tuple(weight.shape) != (C,):
        raise RuntimeError(f"inconsistent weight size, expected {C} but got {list(weight.shape)}")
    t = target.reshape(-1, 1)
    if t.numel() and not 0 <= int(t.min()) <= int(t.max()) < C:
        raise RuntimeError(f"target out of range: classes are 0 to {C - 1}")
    hinge = (margin - x.gather(1, t) + x).clamp_min(0)
    hinge = hinge if p == 1 else hinge * hinge
    if weight is not None:
        hinge = hinge * weight[t]
    others = wrap(array_namespace(x._array).arange(C)) != t
    loss = hinge.masked_fill(~others, 0).sum(1) / C
    return reduced(loss if target.ndim else loss.squeeze(0), reduction)


@operation(where="nn.functional", out=False)
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """sum over right classes j and wrong classes i of max(0, 1 - (x_j - x_i)) / C; scores (N, C) or (C).

    target: int64, of the same shape; each row lists its right classes and ends at the first -1.

    >>> import minigrad
    >>> x, y = minigrad.tensor([[0.1, 0.2, 0.4, 0.8]]), minigrad.tensor([[3, 0, -1, 1]])
    >>> minigrad.nn.functional.multilabel_margin_loss(x, y)
    tensor(0.8500)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("multilabel_margin_loss", "input", input)
    x, C = _rows(input)
    if target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    if target.dtype.name != "int64":
        raise RuntimeError(
            f"expected scalar type Long but found {target.dtype}: the target holds class numbers, convert with .long()"
        )
    xp, labels = array_namespace(x._array), target._array.reshape(x.shape)
    if labels.size and not (-1 <= int(labels.min()) and int(labels.max()) < C):
        raise RuntimeError(f"target out of range: classes are 0 to {C - 1}, and -1 ends a list")
    listed = xp.cumsum(labels < 0, axis=1) == 0  # what comes before the first -1
    labels = labels * listed
    right = ((labels[:, :, None] == xp.arange(C)) & listed[:, :, None]).any(axis=1)
    hinge = (1 - x.gather(1, wrap(labels)).unsqueeze(2) + x.unsqueeze(1)).clamp_min(0)  # (N, right class, other class)
    counted = wrap(listed[:, :, None] & ~right[:, None, :])
    loss = (hinge * counted).sum((1, 2)) / C
    return reduced(loss if input.ndim == 2 else loss.squeeze(0), reduction)


@operation(where="nn.functional", out=False)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of `binary_cross_entropy_with_logits`: each class is right or wrong on its own.

    >>> import minigrad
    >>> minigrad.nn.functional.multilabel_soft_margin_loss(minigrad.zeros(1, 3), minigrad.tensor([[1.0, 0.0, 1.0]]))
    tensor(0.6931)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("multilabel_soft_margin_loss", "input", input)
    loss = BinaryCrossEntropyWithLogits.apply(input, target, "none")
    if weight is not None:
        loss = loss * weight
    return reduced(loss.mean(-1), reduction)
