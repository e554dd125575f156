"""Losses: how far predictions are from what they should be, as one number (or one for each element).

Every loss is an elementwise function followed by a mean, a sum, or nothing: `reduction`.  Those whose derivative deserves
a formula of its own are rows of a table (`_row`); the others are written as what they are, in tensor operations.
Losses over classes are in `cross_entropy.py`, losses that compare examples with each other in `ranking_loss.py`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import is_half
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.distance import raised
from minigrad.ops.pointwise import cast_all, check_tensor, result_dtype
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ reductions


def reduction_word(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """`reduction`, checked; the two arguments that it replaced are still understood, with PyTorch's warning."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.", stacklevel=4
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction: it is 'none', 'mean' or 'sum'")
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The mean, the sum, or all of the elements."""
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def _warn_of_broadcasting(input: Tensor, target: Tensor) -> None:
    """(N, 1) against (N) gives (N, N) numbers: almost always a mistake."""
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=4,
        )


# ------------------------------------------------------------------------------------------------ the table


class PointwiseLoss(Operation):
    """The mean, the sum, or all of l(x_i, y_i).  dx_i = g dl/dx_i (divided by the number of elements for a mean)."""

    value: Callable[..., Any]  # (xp, x, y, *settings) -> l, on arrays
    slopes: tuple[Callable[..., Any], ...]  # (x, y, *settings) -> dl/dx and dl/dy, on tensors

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, reduction: str, *settings: Any) -> Any:
        ctx.save_for_backward(x, y)
        ctx.reduction, ctx.settings = reduction, settings
        x, y = cast_all(result_dtype(x, y), (x, y))
        kind = x.dtype
        if is_half(x):
            x, y = x.astype("float32"), y.astype("float32")
        loss = type(ctx).value(array_namespace(x), x, y, *settings)
        ctx.count = loss.size
        if reduction == "mean":
            loss = loss.sum() / loss.dtype.type(loss.size)
        elif reduction == "sum":
            loss = loss.sum()
        return loss.astype(kind, copy=False)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        if ctx.reduction == "mean":
            g = g / ctx.count
        return tuple(slope(x, y, *ctx.settings) * g if want else None for slope, want in zip(ctx.slopes, ctx.needs_input_grad))


def _row(name: str, value: Callable[..., Any], dx: Callable[..., Any], dy: Callable[..., Any], doc: str) -> type[PointwiseLoss]:
    """A loss: its value on arrays, its derivatives on tensors."""
    members = {"value": staticmethod(value), "slopes": (dx, dy), "__doc__": doc, "__module__": __name__}
    return type(name, (PointwiseLoss,), members)


def _squared(xp: Any, x: Any, y: Any) -> Any:
    d = x - y
    return d * d


def _huber(xp: Any, x: Any, y: Any, delta: float) -> Any:
    d = xp.abs(x - y)
    m = xp.minimum(d, d.dtype.type(delta))
    return m * (d - m / 2)  # d d / 2 where d <= delta, delta (d - delta / 2) beyond


def _smooth_l1(xp: Any, x: Any, y: Any, beta: float) -> Any:
    return _huber(xp, x, y, beta) / x.dtype.type(beta)


def _binary(xp: Any, p: Any, y: Any) -> Any:
    lowest = p.dtype.type(-100)  # instead of log(0) = -inf, whose gradient would be NaN
    return (y - 1) * xp.maximum(xp.log1p(-p), lowest) - y * xp.maximum(xp.log(p), lowest)


def _binary_of_logits(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, x.dtype.type(0)) - x * y + xp.log1p(xp.exp(-xp.abs(x)))


MseLoss = _row(
    "MseLoss", _squared, lambda x, y: (x - y) * 2, lambda x, y: (y - x) * 2, doc="l = (x - y)^2,  dl/dx = 2 (x - y) = -dl/dy."
)
HuberLoss = _row(
    "HuberLoss",
    _huber,
    lambda x, y, delta: (x - y).clamp(-delta, delta),
    lambda x, y, delta: (y - x).clamp(-delta, delta),
    doc="l = d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = x - y.  dl/dx = d within +-delta.",
)
SmoothL1Loss = _row(
    "SmoothL1Loss",
    _smooth_l1,
    lambda x, y, beta: ((x - y) / beta).clamp(-1, 1),
    lambda x, y, beta: ((y - x) / beta).clamp(-1, 1),
    doc="Huber's loss divided by its delta, here beta: the slope ends at 1.",
)
BinaryCrossEntropy = _row(
    "BinaryCrossEntropy",
    _binary,
    lambda p, y: (p - y) / (p * (1 - p)).clamp_min(1e-12),
    lambda p, y: (-p).log1p().clamp_min(-100) - p.log().clamp_min(-100),
    doc="l = -y log p - (1 - y) log(1 - p),  dl/dp = (p - y) / (p (1 - p)),  dl/dy = log(1 - p) - log p.",
)
BinaryCrossEntropyWithLogits = _row(
    "BinaryCrossEntropyWithLogits",
    _binary_of_logits,
    lambda x, y: x.sigmoid() - y,
    lambda x, y: -x,
    doc="l = max(x, 0) - x y + log(1 + exp(-|x|)),  dl/dx = sigmoid(x) - y,  dl/dy = -x.",
)
SoftMarginLoss = _row(
    "SoftMarginLoss",
    lambda xp, x, y: _binary_of_logits(xp, x * y, x.dtype.type(1)),
    lambda x, y: -y * (-x * y).sigmoid(),
    lambda x, y: -x * (-x * y).sigmoid(),
    doc="l = log(1 + exp(-x y)),  dl/dx = -y sigmoid(-x y),  dl/dy = -x sigmoid(-x y).",
)


def _apply(row: type[PointwiseLoss], name: str, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, *settings: Any) -> Tensor:
    """A loss of the table; with weights, each element's loss is multiplied by its own first."""
    if not input.dtype.is_floating_point and not target.dtype.is_floating_point:
        raise NotImplementedError(f"{name} is not implemented for {input.dtype}: it needs floating numbers, convert with .float()")
    broadcast_shape(input._array.shape, target._array.shape)
    if weight is None:
        return row.apply(input, target, reduction, *settings)
    return reduced(row.apply(input, target, "none", *settings) * weight, reduction)


def _check_pair(name: str, input: Any, target: Any) -> None:
    check_tensor(name, "input", input)
    check_tensor(name, "target", target)


# ------------------------------------------------------------------------------------------------ numbers against numbers


def _weighted_mean(loss: Tensor, weight: Tensor | None, input: Tensor, reduction: str) -> Tensor:
    """Elementwise weights, and a mean that divides by their sum."""
    if weight is None:
        return reduced(loss, reduction)
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


@operation(where="nn.functional", out=False)
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)^2, averaged; of one shape.  With `weight` the mean is weighted.

    >>> import minigrad
    >>> minigrad.nn.functional.mse_loss(minigrad.tensor([1.0, 2.0]), minigrad.tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("mse_loss", input, target)
    _warn_of_broadcasting(input, target)
    if weight is None:
        return _apply(MseLoss, "mse_loss", input, target, None, reduction)
    return _weighted_mean(_apply(MseLoss, "mse_loss", input, target, None, "none"), weight, input, reduction)


@operation(where="nn.functional", out=False)
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|, averaged; of one shape.  With `weight` the mean is weighted.

    >>> import minigrad
    >>> minigrad.nn.functional.l1_loss(minigrad.tensor([1.0, 2.0]), minigrad.tensor([0.0, 4.0]))
    tensor(1.5000)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("l1_loss", input, target)
    _warn_of_broadcasting(input, target)
    return _weighted_mean((input - target).abs(), weight, input, reduction)


@operation(where="nn.functional", out=False)
def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None) -> Tensor:
    """d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = input - target: outliers pull with bounded force.

    (Huber, "Robust estimation of a location parameter", 1964.)

    >>> import minigrad
    >>> minigrad.nn.functional.huber_loss(minigrad.tensor([1.0, 9.0]), minigrad.zeros(2), reduction="none")
    tensor([0.5000, 8.5000])
    """
    reduction = reduction_word(None, None, reduction)
    _check_pair("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _warn_of_broadcasting(input, target)
    if weight is None:
        return _apply(HuberLoss, "huber_loss", input, target, None, reduction, delta)
    return _weighted_mean(_apply(HuberLoss, "huber_loss", input, target, None, "none", delta), weight, input, reduction)


@operation(where="nn.functional", out=False)
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d^2 / (2 beta) for |d| < beta, else |d| - beta / 2, with d = input - target.  (Girshick, "Fast R-CNN", 2015.)

    >>> import minigrad
    >>> minigrad.nn.functional.smooth_l1_loss(minigrad.tensor([1.0, 9.0]), minigrad.zeros(2), reduction="none")
    tensor([0.5000, 8.5000])
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("smooth_l1_loss", input, target)
    _warn_of_broadcasting(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return _apply(SmoothL1Loss, "smooth_l1_loss", input, target, None, reduction, beta)


# ------------------------------------------------------------------------------------------------ probabilities


@operation(where="nn.functional", out=False)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-y log p - (1 - y) log(1 - p) for probabilities p = input and y = target, both in [0, 1] and of one shape.

    Logarithms are cut off at -100.  From scores, `binary_cross_entropy_with_logits` is more exact than sigmoid and this.

    >>> import minigrad
    >>> minigrad.nn.functional.binary_cross_entropy(minigrad.tensor([0.5, 0.9]), minigrad.tensor([0.0, 1.0]))
    tensor(0.3993)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("binary_cross_entropy", input, target)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {target.dtype} but expected {input.dtype}: convert the target with .to(input.dtype)")
    for what, values in (("input", input._array), ("target", target._array)):
        if values.size and not (bool((values >= 0).all()) and bool((values <= 1).all())):
            raise RuntimeError(f"all elements of {what} should be between 0 and 1: use binary_cross_entropy_with_logits for scores")
    return _apply(BinaryCrossEntropy, "binary_cross_entropy", input, target, weight, reduction)


@operation(where="nn.functional", out=False)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of sigmoid(input), computed from the scores without overflow or loss of digits.

    input, target: of one shape.  `pos_weight` (broadcast) multiplies the losses of the positive class.

    >>> import minigrad
    >>> minigrad.nn.functional.binary_cross_entropy_with_logits(minigrad.tensor([0.0, -200.0]), minigrad.tensor([0.0, 1.0]))
    tensor(100.3466)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("binary_cross_entropy_with_logits", input, target)
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        return _apply(BinaryCrossEntropyWithLogits, "binary_cross_entropy_with_logits", input, target, weight, reduction)
    broadcast_shape(input._array.shape, pos_weight._array.shape)
    # softplus(-x) = -log sigmoid(x) is what the positive class costs
    surprise = BinaryCrossEntropyWithLogits.apply(input, target * 0 + 1, "none")
    loss = (1 - target) * input + (1 + (pos_weight - 1) * target) * surprise
    return reduced(loss if weight is None else loss * weight, reduction)


@operation(where="nn.functional", out=False)
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input): the Kullback-Leibler divergence of a target from a model with log-probabilities `input`.

    With `log_target=True` the target is given as logarithms too.  `reduction="batchmean"` divides by the batch size, as the
    definition does; "mean" divides by the number of elements.  (Kullback & Leibler, 1951.)

    >>> import minigrad
    >>> p, q = minigrad.tensor([[0.5, 0.5]]), minigrad.tensor([[0.25, 0.75]])
    >>> minigrad.nn.functional.kl_div(q.log(), p, reduction="batchmean")
    tensor(0.1438)
    """
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only by the "
            "batch size, and aligns with the KL div math definition.",
            stacklevel=3,
        )
    by_batch = reduction == "batchmean"
    reduction = reduction_word(size_average, reduce, "sum" if by_batch else reduction)
    _check_pair("kl_div", input, target)
    loss = target.exp() * (target - input) if log_target else target.xlogy(target) - target * input
    total = reduced(loss, reduction)
    return total / input.shape[0] if by_batch and input.ndim else total


@operation(where="nn.functional", out=False)
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """rate - target log(rate): the negative log-likelihood of counts under a Poisson distribution, up to a constant.

    `input` is log(rate), or the rate itself with `log_input=False`.  `full` adds Stirling's approximation of log(target!).

    >>> import minigrad
    >>> minigrad.nn.functional.poisson_nll_loss(minigrad.tensor([0.0]), minigrad.tensor([3.0]))
    tensor(1.)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("poisson_nll_loss", input, target)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduced(loss, reduction)


@operation(where="nn.functional", out=False)
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log(var) + (input - target)^2 / var) / 2: the negative log-likelihood of numbers under normal distributions.

    `var` has the shape of the input, or lacks its last dimension (or has 1 there), or is a number; it is raised to `eps`
    where it is smaller, without effect on gradients.  `full` adds log(2 pi) / 2.  (Nix & Weigend, 1994.)

    >>> import minigrad
    >>> minigrad.nn.functional.gaussian_nll_loss(minigrad.tensor([0.0]), minigrad.tensor([1.0]), minigrad.tensor([1.0]))
    tensor(0.5000)
    """
    reduction = reduction_word(None, None, reduction)
    _check_pair("gaussian_nll_loss", input, target)
    if not isinstance(var, Tensor):
        var = input.new_full(input.shape, float(var))
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif var.ndim != input.ndim or any(n not in (1, m) for n, m in zip(var.shape, input.shape)):
            raise ValueError(f"var is of incorrect size: {list(var.shape)} fits no input of shape {list(input.shape)}")
    if bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    var = raised(var, eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


@operation(where="nn.functional", out=False)
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-target * input)) for targets +1 and -1: `binary_cross_entropy_with_logits` with other labels.

    >>> import minigrad
    >>> minigrad.nn.functional.soft_margin_loss(minigrad.tensor([0.0, 2.0]), minigrad.tensor([1.0, -1.0]))
    tensor(1.4100)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    _check_pair("soft_margin_loss", input, target)
    return _apply(SoftMarginLoss, "soft_margin_loss", input, target, None, reduction)


__all__ = [
    "BinaryCrossEntropy", "BinaryCrossEntropyWithLogits", "HuberLoss", "MseLoss", "PointwiseLoss", "SmoothL1Loss", "SoftMarginLoss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "gaussian_nll_loss", "huber_loss", "kl_div", "l1_loss", "mse_loss", "poisson_nll_loss",
    "reduced", "reduction_word", "smooth_l1_loss", "soft_margin_loss",
]  # fmt: skip
