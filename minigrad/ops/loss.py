"""Losses: how far predictions are from what they should be, as one number (or one for each element).

Every loss is an elementwise function followed by a mean, a sum, or nothing: `reduction`.  Those whose derivative
deserves a formula of its own are rows of a table (`loss_row`); the others are written as what they are, in tensor
operations. Here are that mechanism and the losses of numbers against numbers; likelihoods are in `likelihood.py`,
classes in `cross_entropy.py`, comparisons of examples with each other in `ranking_loss.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import is_half
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.pointwise import cast_all, check_tensor, result_dtype
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ reductions


def reduction_word(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """`reduction`, checked; the two arguments that it replaced are still understood, with PyTorch's warning."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=4,
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
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to "
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
        return tuple(
            slope(x, y, *ctx.settings) * g if want else None for slope, want in zip(ctx.slopes, ctx.needs_input_grad)
        )


def loss_row(
    name: str, value: Callable[..., Any], dx: Callable[..., Any], dy: Callable[..., Any], doc: str
) -> type[PointwiseLoss]:
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


MseLoss = loss_row(
    "MseLoss",
    _squared,
    lambda x, y: (x - y) * 2,
    lambda x, y: (y - x) * 2,
    doc="l = (x - y)^2,  dl/dx = 2 (x - y) = -dl/dy.",
)
HuberLoss = loss_row(
    "HuberLoss",
    _huber,
    lambda x, y, delta: (x - y).clamp(-delta, delta),
    lambda x, y, delta: (y - x).clamp(-delta, delta),
    doc="l = d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = x - y.  dl/dx = d within +-delta.",
)
SmoothL1Loss = loss_row(
    "SmoothL1Loss",
    _smooth_l1,
    lambda x, y, beta: ((x - y) / beta).clamp(-1, 1),
    lambda x, y, beta: ((y - x) / beta).clamp(-1, 1),
    doc="Huber's loss divided by its delta, here beta: the slope ends at 1.",
)


def apply_loss(
    row: type[PointwiseLoss],
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    reduction: str,
    *settings: Any,
) -> Tensor:
    """A loss of the table; with weights, each element's loss is multiplied by its own first."""
    if not input.dtype.is_floating_point and not target.dtype.is_floating_point:
        raise NotImplementedError(
            f"{name} is not implemented for {input.dtype}: it needs floating numbers, convert with .float()"
        )
    broadcast_shape(input._array.shape, target._array.shape)
    if weight is None:
        return row.apply(input, target, reduction, *settings)
    return reduced(row.apply(input, target, "none", *settings) * weight, reduction)


def check_pair(name: str, input: Any, target: Any) -> None:
    check_tensor(name, "input", input)
    check_tensor(name, "target", target)


# ------------------------------------------------------------------------------------------------ public names


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
    check_pair("mse_loss", input, target)
    _warn_of_broadcasting(input, target)
    if weight is None:
        return apply_loss(MseLoss, "mse_loss", input, target, None, reduction)
    return _weighted_mean(apply_loss(MseLoss, "mse_loss", input, target, None, "none"), weight, input, reduction)


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
    check_pair("l1_loss", input, target)
    _warn_of_broadcasting(input, target)
    return _weighted_mean((input - target).abs(), weight, input, reduction)


@operation(where="nn.functional", out=False)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), d = input - target: outliers pull with bounded force.

    With `weight` each loss is multiplied by its own before the mean.  (Huber, "Robust estimation of a location
    parameter", 1964.)

    >>> import minigrad
    >>> minigrad.nn.functional.huber_loss(minigrad.tensor([1.0, 9.0]), minigrad.zeros(2), reduction="none")
    tensor([0.5000, 8.5000])
    """
    reduction = reduction_word(None, None, reduction)
    check_pair("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    _warn_of_broadcasting(input, target)
    if weight is not None and weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    return apply_loss(HuberLoss, "huber_loss", input, target, weight, reduction, delta)


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
    check_pair("smooth_l1_loss", input, target)
    _warn_of_broadcasting(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return apply_loss(SmoothL1Loss, "smooth_l1_loss", input, target, None, reduction, beta)
