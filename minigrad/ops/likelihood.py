"""Losses that are likelihoods: minus the logarithm of how probable the target is, if the prediction is right.

`binary_cross_entropy` for yes and no, `poisson_nll_loss` for counts, `gaussian_nll_loss` for numbers, `kl_div` for
whole distributions; classes have a file of their own, `cross_entropy.py`.  Read `loss.py` first.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.distance import raised
from minigrad.ops.loss import apply_loss, check_pair, loss_row, reduced, reduction_word
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ the table


def _binary(xp: Any, p: Any, y: Any) -> Any:
    lowest = p.dtype.type(-100)  # instead of log(0) = -inf, whose gradient would be NaN
    return (y - 1) * xp.maximum(xp.log1p(-p), lowest) - y * xp.maximum(xp.log(p), lowest)


def _binary_of_logits(xp: Any, x: Any, y: Any) -> Any:
    return xp.maximum(x, x.dtype.type(0)) - x * y + xp.log1p(xp.exp(-xp.abs(x)))


BinaryCrossEntropy = loss_row(
    "BinaryCrossEntropy",
    _binary,
    lambda p, y: (p - y) / (p * (1 - p)).clamp_min(1e-12),
    lambda p, y: (-p).log1p().clamp_min(-100) - p.log().clamp_min(-100),
    doc="l = -y log p - (1 - y) log(1 - p),  dl/dp = (p - y) / (p (1 - p)),  dl/dy = log(1 - p) - log p.",
)
BinaryCrossEntropyWithLogits = loss_row(
    "BinaryCrossEntropyWithLogits",
    _binary_of_logits,
    lambda x, y: x.sigmoid() - y,
    lambda x, y: -x,
    doc="l = max(x, 0) - x y + log(1 + exp(-|x|)),  dl/dx = sigmoid(x) - y,  dl/dy = -x.",
)
SoftMarginLoss = loss_row(
    "SoftMarginLoss",
    lambda xp, x, y: _binary_of_logits(xp, x * y, x.dtype.type(1)),
    lambda x, y: -y * (-x * y).sigmoid(),
    lambda x, y: -x * (-x * y).sigmoid(),
    doc="l = log(1 + exp(-x y)),  dl/dx = -y sigmoid(-x y),  dl/dy = -x sigmoid(-x y).",
)


# ------------------------------------------------------------------------------------------------ public names


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

    Logarithms are cut off at -100.  From scores, `binary_cross_entropy_with_logits` is more exact than sigmoid and
    this.

    >>> import minigrad
    >>> minigrad.nn.functional.binary_cross_entropy(minigrad.tensor([0.5, 0.9]), minigrad.tensor([0.0, 1.0]))
    tensor(0.3993)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_pair("binary_cross_entropy", input, target)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype} but expected {input.dtype}: convert the target with .to(input.dtype)"
        )
    for what, values in (("input", input._array), ("target", target._array)):
        if values.size and not (bool((values >= 0).all()) and bool((values <= 1).all())):
            raise RuntimeError(
                f"all elements of {what} should be between 0 and 1: use binary_cross_entropy_with_logits for scores"
            )
    return apply_loss(BinaryCrossEntropy, "binary_cross_entropy", input, target, weight, reduction)


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
    >>> x, y = minigrad.tensor([0.0, -200.0]), minigrad.tensor([0.0, 1.0])
    >>> minigrad.nn.functional.binary_cross_entropy_with_logits(x, y)
    tensor(100.3466)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_pair("binary_cross_entropy_with_logits", input, target)
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        return apply_loss(
            BinaryCrossEntropyWithLogits, "binary_cross_entropy_with_logits", input, target, weight, reduction
        )
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
    """target (log target - input): the Kullback-Leibler divergence of a target from a model's log-probabilities.

    With `log_target=True` the target is given as logarithms too.  `reduction="batchmean"` divides by the batch size, as
    the definition does; "mean" divides by the number of elements.  (Kullback & Leibler, 1951.)

    >>> import minigrad
    >>> p, q = minigrad.tensor([[0.5, 0.5]]), minigrad.tensor([[0.25, 0.75]])
    >>> minigrad.nn.functional.kl_div(q.log(), p, reduction="batchmean")
    tensor(0.1438)
    """
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides "
            "only by the "
            "batch size, and aligns with the KL div math definition.",
            stacklevel=3,
        )
    by_batch = reduction == "batchmean"
    reduction = reduction_word(size_average, reduce, "sum" if by_batch else reduction)
    check_pair("kl_div", input, target)
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

    `input` is log(rate), or the rate itself with `log_input=False`.  `full` adds Stirling's approximation of
    log(target!).

    >>> import minigrad
    >>> minigrad.nn.functional.poisson_nll_loss(minigrad.tensor([0.0]), minigrad.tensor([3.0]))
    tensor(1.)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_pair("poisson_nll_loss", input, target)
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

    `var` has the shape of the input, or lacks its last dimension (or has 1 there), or is a number; it is raised to
    `eps` where it is smaller, without effect on gradients.  `full` adds log(2 pi) / 2.  (Nix & Weigend, 1994.)

    >>> import minigrad
    >>> minigrad.nn.functional.gaussian_nll_loss(minigrad.tensor([0.0]), minigrad.tensor([1.0]), minigrad.tensor([1.0]))
    tensor(0.5000)
    """
    reduction = reduction_word(None, None, reduction)
    check_pair("gaussian_nll_loss", input, target)
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
    check_pair("soft_margin_loss", input, target)
    return apply_loss(SoftMarginLoss, "soft_margin_loss", input, target, None, reduction)
