"""Losses over classes: `nll_loss` of log-probabilities and `cross_entropy` of scores.

For scores x and the right class t the loss is -log softmax(x)_t = log(sum_j exp(x_j)) - x_t, and its derivative is the
most used formula of the field: dx = softmax(x) - onehot(t).  `CrossEntropy` computes both without ever storing
log-probabilities.  Read `softmax.py` first, `loss.py` for the losses of numbers against numbers.
"""

from __future__ import annotations

from math import prod
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import mode
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import is_half
from minigrad.kernels.rows import exponentials
from minigrad.ops.loss import reduction_word
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.tensor import Tensor


class _Chosen:
    """The targets as arrays: where the chosen classes are, and what the loss of each place is multiplied by.

    The classes lie along axis 1 of (N, C, *S), or axis 0 of (C); targets are (N, *S), or ().  `weight` is an array
    like the targets with 0 where they are ignored, or None for ones; a mean is divided by the sum of the weights.
    """

    def __init__(self, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str):
        xp = array_namespace(x)
        kind = xp.dtype("float32") if is_half(x) else x.dtype
        self.axis, self.reduction = (1 if x.ndim > 1 else 0), reduction
        C, places = x.shape[self.axis], target.astype("int64", copy=False)
        smallest, largest = (int(places.min()), int(places.max())) if places.size else (0, 0)
        self.counted: Any = None
        self.weight: Any = None
        if smallest <= ignore_index <= largest:
            self.counted = places != ignore_index
            places, self.weight = places * self.counted, self.counted.astype(kind)
            smallest, largest = int(places.min()), int(places.max())
        if (smallest < 0 or largest >= C) and places.size:
            wrong = places[(places < 0) | (places >= C)]
            raise IndexError(f"Target {int(wrong.reshape(-1)[0])} is out of bounds.")
        if weight is not None:
            weight = weight.astype(kind, copy=False).take(places)
            self.weight = weight if self.weight is None else weight * self.weight
        self.total = kind.type(1)
        if reduction == "mean":
            self.total = kind.type(places.size or float("nan")) if self.weight is None else self.weight.sum()
        grid = [xp.arange(n).reshape(-1, *(1,) * (places.ndim - i - 1)) for i, n in enumerate(places.shape)]
        self.index = (*grid[: self.axis], places, *grid[self.axis :])

    def reduced(self, loss: Any, dtype: Any) -> Any:
        """The weighed losses, summed unless each of them is wanted."""
        loss = loss if self.weight is None else loss * self.weight
        if self.reduction != "none":
            loss = loss.sum() / self.total
        return loss.astype(dtype, copy=False)

    def spread(self, g: Any) -> Any:
        """The gradient of each place's loss, given that of the result: one number for all where they are alike."""
        if self.weight is None:
            return g / self.total
        factor = self.weight / self.total
        if self.counted is not None:  # 0, and not 0 / 0, where everything is ignored
            factor = array_namespace(factor).where(self.counted, factor, factor.dtype.type(0))
        return (g * wrap(factor)).to(g.dtype)


class NllLoss(Operation):
    """-w x_t for class t of every place, summed or not.  dx is -w g at the classes chosen, 0 elsewhere."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
        ctx.save_for_backward(target)
        ctx.chosen, ctx.shape = _Chosen(x, target, weight, ignore_index, reduction), x.shape
        return ctx.chosen.reduced(-x[ctx.chosen.index], x.dtype)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        ctx.unpack()  # raises where the target was changed since
        return _Place.apply(-ctx.chosen.spread(g), ctx.chosen, ctx.shape)


class NllLoss2D(NllLoss):
    """The same for the classes of pixels, for which PyTorch has a name of its own."""


class _Place(Operation):
    """r (N, *S) placed at the chosen classes of zeros (N, C, *S); its derivative picks them out again."""

    @staticmethod
    def forward(ctx: Any, r: Any, chosen: _Chosen, shape: Any) -> Any:
        ctx.chosen = chosen
        x = array_namespace(r).zeros(shape, r.dtype)
        x[chosen.index] = r
        return x

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return _Pick.apply(h, ctx.chosen)


class _Pick(Operation):
    """x (N, C, *S) at the chosen classes: (N, *S)."""

    @staticmethod
    def forward(ctx: Any, x: Any, chosen: _Chosen) -> Any:
        ctx.chosen, ctx.shape = chosen, x.shape
        return x[chosen.index]

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return _Place.apply(h, ctx.chosen, ctx.shape)


class CrossEntropy(Operation):
    """w (log(sum_j exp(x_j)) - x_t) for class t of every place, summed or not.

    dx = w g (softmax(x) - onehot(t)).
    """

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
        ctx.save_for_backward(x, target)
        chosen = ctx.chosen = _Chosen(x, target, weight, ignore_index, reduction)
        xp = array_namespace(x)
        shifted, e, total = x, x, x.sum(chosen.axis, keepdims=True)
        if x.size:
            shifted, e, total = exponentials(x.astype("float32") if is_half(x) else x, chosen.axis)
        ctx.exponentials, ctx.total = e, total
        loss = xp.log(total).squeeze(chosen.axis) - shifted[chosen.index]
        return chosen.reduced(loss, x.dtype)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, _ = ctx.saved_tensors
        return CrossEntropyBackward.apply(ctx.chosen.spread(g), x, ctx.chosen, ctx.exponentials, ctx.total)

    def name(self) -> str:
        """PyTorch takes two steps, log_softmax and nll_loss, and shows the second."""
        return "NllLossBackward0"


class CrossEntropy2D(CrossEntropy):
    """The same for the classes of pixels."""

    def name(self) -> str:
        return "NllLoss2DBackward0"


class CrossEntropyBackward(Operation):
    """z = r (softmax(x) - onehot(t)) with r the gradient of each place's loss, or one for all; exp(x) is at hand.

    dr = sum_j h_j (softmax(x) - onehot(t))_j, and dx is the derivative of softmax at r h.
    """

    @staticmethod
    def forward(ctx: Any, r: Any, x: Any, chosen: _Chosen, exponentials: Any, total: Any) -> Any:
        ctx.save_for_backward(r, x)
        ctx.chosen = chosen
        if not x.size:
            return x.copy()
        r = r.astype(total.dtype, copy=False)
        dx = exponentials * ((array_namespace(x).expand_dims(r, chosen.axis) if r.ndim else r) / total)
        dx[chosen.index] -= r
        return dx.astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        r, x = ctx.saved_tensors
        axis = ctx.chosen.axis
        p = softmax(x, axis)
        mean = (h * p).sum(axis, keepdim=True)
        return mean.squeeze(axis) - _Pick.apply(h, ctx.chosen), (r.unsqueeze(axis) if r.ndim else r) * p * (h - mean)


# ------------------------------------------------------------------------------------------------ public names


@operation(where="nn.functional", out=False)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight[t] * input[t] for the right class t of every place, given log-probabilities.

    input: (N, C, *S) or (C); target: class numbers, int64 or uint8, (N, *S) or (); weight: (C).  The mean is taken with
    the weights: sum of losses / sum of weights; places with target `ignore_index` do not count.  Raises IndexError for
    a class out of bounds.

    >>> import minigrad
    >>> log_p = minigrad.tensor([[0.5, 0.5], [0.1, 0.9]]).log()
    >>> minigrad.nn.functional.nll_loss(log_p, minigrad.tensor([0, 1]))
    tensor(0.3993)
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("nll_loss", "input", input)
    target = _check("nll_loss", input, target, weight)
    return (NllLoss2D if target.ndim > 1 else NllLoss).apply(input, target, weight, ignore_index, reduction)


@operation(where="nn.functional", out=False)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)_t for the right class t: how surprised a model with these scores is.

    input: scores (logits, no softmax) of shape (N, C, *S) or (C); target: class numbers (N, *S) or (), or probabilities
    of the classes in the shape of the input; weight (C), ignore_index and mean as in `nll_loss`.  `label_smoothing` = e
    mixes the target with the uniform distribution, (1 - e) target + e / C (Szegedy et al., 2016).  Raises IndexError
    for a class out of bounds.

    >>> import minigrad
    >>> scores = minigrad.tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = minigrad.nn.functional.cross_entropy(scores, minigrad.tensor([0, 1]))
    >>> loss
    tensor(0.4100, grad_fn=<NllLossBackward0>)
    >>> loss.backward()
    >>> scores.grad
    tensor([[-0.0596,  0.0596],
            [ 0.2500, -0.2500]])
    """
    reduction = reduction_word(size_average, reduce, reduction)
    check_tensor("cross_entropy", "input", input)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if not input.dtype.is_floating_point:
        raise NotImplementedError(
            f"cross_entropy is not implemented for {input.dtype}: scores are floating, convert with .float()"
        )
    if input.shape == target.shape:
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    target = _check("cross_entropy", input, target, weight)
    if label_smoothing:
        return _smoothed(input, target, weight, ignore_index, reduction, label_smoothing)
    return (CrossEntropy2D if target.ndim > 1 else CrossEntropy).apply(input, target, weight, ignore_index, reduction)


def _along_classes(values: Tensor | None, ndim: int) -> Any:
    """Weights (C) in the shape that multiplies (N, C, *S)."""
    return 1 if values is None else values if ndim == 1 else values.reshape(-1, *(1,) * (ndim - 2))


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """-sum_c w_c target_c log softmax(input)_c for every place."""
    if not target.dtype.is_floating_point:
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype}: targets in the "
            "shape of the input "
            "are probabilities; class numbers have no axis for the classes"
        )
    if ignore_index >= 0:
        raise RuntimeError(
            "ignore_index is not supported for floating point target: give the place probabilities 0 instead"
        )
    axis = 1 if input.ndim > 1 else 0
    _check_weight("cross_entropy: ", input.shape[axis], weight)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    loss = -(log_softmax(input, axis) * target * _along_classes(weight, input.ndim)).sum(axis)
    return loss if reduction == "none" else loss.sum() if reduction == "sum" else loss.sum() / prod(loss.shape)


def _smoothed(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """(1 - e) times the loss of the right class, plus e times the mean of the losses that all C classes would give."""
    axis = 1 if input.ndim > 1 else 0
    log_p = log_softmax(input, axis)
    right = NllLoss.apply(log_p, target, weight, ignore_index, reduction)
    counted = target != ignore_index
    uniform = -(log_p * _along_classes(weight, input.ndim)).mean(axis) * counted
    if reduction == "mean":
        share = counted.sum() if weight is None else (weight[target * counted] * counted).sum()
        uniform = uniform.sum() / share
    elif reduction == "sum":
        uniform = uniform.sum()
    return right * (1 - smoothing) + uniform * smoothing


def _check(name: str, input: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """Refuse targets and weights that do not fit, in PyTorch's words; returns the target in its proper shape."""
    check_tensor(name, "target", target)
    x, t = tuple(input.shape), tuple(target.shape)
    if not x:
        raise RuntimeError(f"{name}: input should have one dimension for the classes at least, got a 0-d tensor")
    if len(x) > 1 and (not t or x[0] != t[0]):
        raise ValueError(f"Expected input batch_size ({x[0]}) to match target batch_size ({t[0] if t else 1}).")
    expected = x[:1] + x[2:] if len(x) > 1 else ()
    if t != expected and not (len(x) == 1 and t == (1,)):
        if len(x) <= 2:
            raise RuntimeError(
                f"0D or 1D target tensor expected, multi-target not supported: input {list(x)}, target {list(t)}"
            )
        if len(x) == 4 and len(t) != 3:
            raise RuntimeError(
                f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(t)}"
            )
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(t)}")
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype}: class numbers are int64, convert with "
            ".long()"
        )
    _check_weight("", x[1] if len(x) > 1 else x[0], weight)
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected the weight to have the dtype of the input, {input.dtype}, but found {weight.dtype}"
        )
    if weight is not None and weight.requires_grad and mode.grad:
        raise RuntimeError(
            f"{name} is not differentiable with respect to argument 'weight'. This input cannot have requires_grad "
            "True."
        )
    return target if t == expected else target.reshape(expected)


def _check_weight(prefix: str, C: int, weight: Tensor | None) -> None:
    if weight is not None and tuple(weight.shape) != (C,):
        raise RuntimeError(
            f"{prefix}weight tensor should be defined either for all {C} classes or no classes but got weight tensor "
            f"of shape: {list(weight.shape)}"
        )
