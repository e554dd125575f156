"""Normalisation: y = (x - mean) / sqrt(var + eps) * weight + bias.

The layers differ in one thing, the axes over which mean and variance are taken; so there is one operation, `Normalize`,
and one derivation of its gradient.  Its formulas are written once and run on arrays and on tensors alike: on arrays for
speed, on tensors when the backward walk itself is recorded.  RMS norm is the same without a mean.

(Ioffe & Szegedy, "Batch normalization", 2015; Ba, Kiros & Hinton, "Layer normalization", 2016; Ulyanov et al.,
"Instance normalization", 2016; Wu & He, "Group normalization", 2018; Zhang & Sennrich, "Root mean square layer
normalization", 2019.)
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import mode
from minigrad.kernels._namespace import is_half
from minigrad.kernels.rows import dots
from minigrad.kernels.sums import total
from minigrad.ops.padding import pad
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.pooling import avg_pool1d
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Axes = tuple[int, ...]


class Plan(NamedTuple):
    """What a normalisation does: x in `shape`, statistics over `axes`, weight and bias in the shape `affine`."""

    shape: tuple[int, ...]
    axes: Axes
    affine: tuple[int, ...]
    eps: float
    centred: bool = True  # False: RMS norm, whose mean counts as 0

    @property
    def number(self) -> int:
        """How many numbers share a mean."""
        return prod(self.shape[axis] for axis in self.axes)

    @property
    def repeated(self) -> Axes:
        """The axes along which a weight is repeated."""
        return tuple(axis for axis, n in enumerate(self.affine) if n == 1)


def _sum(x: Any, axes: Axes) -> Any:
    return x.sum(axes, keepdim=True) if isinstance(x, Tensor) else total(x, axes, keepdims=True)


def _dot(x: Any, y: Any, axes: Axes) -> Any:
    return (x * y).sum(axes, keepdim=True) if isinstance(x, Tensor) else dots(x, y, axes)


def _statistics(x: Any, plan: Plan) -> tuple[Any, Any, Any]:
    """(mean, x - mean, variance) of arrays or tensors; the mean counts as 0 where the plan is not centred."""
    n = plan.number or float("nan")
    mean = _sum(x, plan.axes) / n if plan.centred else 0
    c = x - mean
    return mean, c, _dot(c, c, plan.axes) / n


def _gradients(g: Any, c: Any, rstd: Any, w: Any, plan: Plan, fixed: bool, affine: bool) -> tuple[Any, Any, Any]:
    """(dx, dw, db) of y = c rstd w + b, as arrays or as tensors; `affine`: there is a weight w or a bias b.

    With h = g w, and since mean and rstd depend on every x they are taken over (unless they are `fixed`),
    dx = rstd (h - mean(h) - c rstd^2 mean(h c)).  All sums are made of g and g c, summed first over what they share.
    """
    shared = tuple(axis for axis in plan.axes if axis in plan.repeated or not affine)
    gc, g1 = (_dot(g, c, shared), _sum(g, shared)) if shared else (g * c, g)
    dw, db = (_dot(gc, rstd, plan.repeated), _sum(g1, plan.repeated)) if affine else (None, None)
    factor = rstd if w is None else w * rstd
    if fixed:
        return g * factor, dw, db
    if w is not None:
        gc, g1 = _dot(gc, w, plan.axes), _dot(g1, w, plan.axes)
    elif affine:
        gc, g1 = _sum(gc, plan.axes), _sum(g1, plan.axes)
    slope, shift = gc * (rstd * rstd * rstd / plan.number), g1 * (rstd / plan.number) if plan.centred else 0
    return g * factor - c * slope - shift, dw, db


class Normalize(Operation):
    """y = (x - mean) / sqrt(var + eps) * w + b; see `_gradients`.

    With `momentum` the running statistics take part of those of the batch; with `fixed` they are used in their place.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Any,
        w: Any,
        b: Any,
        running_mean: Any,
        running_var: Any,
        plan: Plan,
        momentum: float | None,
        fixed: bool,
    ) -> Any:
        ctx.save_for_backward(x, w, *((running_mean, running_var) if fixed else ()))
        ctx.plan, ctx.fixed = plan, fixed
        ctx.affine = w is not None or b is not None
        ctx.parameter = next((p.shape for p in (w, b) if p is not None), plan.affine)
        kind, shape = x.dtype, x.shape
        x = (x.astype("float32") if is_half(x) else x).reshape(plan.shape)
        if fixed:
            mean, variance = running_mean.reshape(plan.affine), running_var.reshape(plan.affine)
            y = x - mean
        else:
            mean, y, variance = _statistics(x, plan)
        if momentum is not None:
            _update(running_mean, mean, plan, momentum)
            _update(running_var, variance * (plan.number / max(plan.number - 1, 1)), plan, momentum)
        rstd = (variance + plan.eps) ** -0.5
        ctx.mean, ctx.rstd = mean, rstd  # what backward may take for constants, but only where it is not recorded
        if w is not None and set(plan.axes) <= set(plan.repeated):  # one factor for each mean: one pass less
            y *= rstd * w.reshape(plan.affine)
        else:
            y *= rstd
            if w is not None:
                y *= w.reshape(plan.affine)
        if b is not None:
            y += b.reshape(plan.affine)
        return y.reshape(shape).astype(kind, copy=False)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, w, *running = ctx.saved_tensors
        plan, fixed, recorded = ctx.plan, ctx.fixed, mode.grad
        weight = None if w is None else (w if recorded else w._array).reshape(plan.affine)
        if recorded:  # mean and rstd have to be functions of x, so that the result can be differentiated
            x, g = ((t.float() if t.itemsize == 2 else t).reshape(plan.shape) for t in (x, g))
            if fixed:
                mean, variance = (t.reshape(plan.affine) for t in running)
                c = x - mean
            else:
                _, c, variance = _statistics(x, plan)
            rstd = (variance + plan.eps) ** -0.5
        else:
            x, g = ((t.astype("float32") if is_half(t) else t).reshape(plan.shape) for t in (x._array, g._array))
            c, rstd = x - ctx.mean, ctx.rstd
        shapes = (ctx.outputs[0][0], ctx.parameter, ctx.parameter)
        gradients = zip(_gradients(g, c, rstd, weight, plan, fixed, ctx.affine), shapes)
        dx, dw, db = (None if d is None else d.reshape(s) if recorded else wrap(d.reshape(s)) for d, s in gradients)
        return dx, dw if w is not None else None, db if ctx.needs_input_grad[2] else None

    @property
    def label(self) -> str:
        return "normalize"


def _update(running: Any, batch: Any, plan: Plan, momentum: float) -> None:
    """running = (1 - momentum) running + momentum batch, in place; instances of a channel count through their mean."""
    spread = tuple(axis for axis, n in enumerate(plan.affine) if n == 1)
    running *= 1 - momentum
    running += (batch.mean(axis=spread) * momentum).reshape(running.shape).astype(running.dtype, copy=False)


class NativeBatchNorm(Normalize):
    """Over the batch and space: one mean for each channel."""

    label = "batch_norm"


class NativeLayerNorm(Normalize):
    """Over the last dimensions: one mean for each example."""

    label = "layer_norm"


class NativeGroupNorm(Normalize):
    """Over space and the channels of a group."""

    label = "group_norm"


class InstanceNorm(Normalize):
    """Over space: one mean for each channel of each example."""

    label = "instance_norm"


class RmsNorm(Normalize):
    """Over the last dimensions, without a mean."""

    label = "rms_norm"


# ------------------------------------------------------------------------------------------------ public names


def _check_types(name: str, input: Tensor, *parameters: Tensor | None) -> None:
    check_tensor(name, "input", input)
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"{name} is not implemented for {input.dtype}: convert with .float()")
    for p in parameters:
        if p is not None and p.dtype is not input.dtype and not (input.itemsize == 2 and p.dtype is dtypes.float32):
            raise RuntimeError(
                f"{name}: mixed dtype (CPU): expect parameter to have scalar type of Float, or that of the input: "
                f"{input.dtype} and {p.dtype}"
            )


def _per_channel(
    name: str, input: Tensor, running: tuple[Tensor | None, Tensor | None], affine: tuple[Tensor | None, Tensor | None]
) -> int:
    """The number of channels, which all four vectors must have."""
    C = input.shape[1] if input.ndim > 1 else 0
    for word, vector in zip(("running_mean", "running_var", "weight", "bias"), (*running, *affine)):
        if vector is not None and tuple(vector.shape) != (C,):
            raise RuntimeError(
                f"{word} should contain {C} elements not {vector.numel()}: one for each channel of input "
                f"{list(input.shape)}"
            )
        if vector is not None and word.startswith("running") and vector.requires_grad and mode.grad:
            raise RuntimeError(
                f"The function '{name}' is not differentiable with respect to argument '{word}'. This input cannot "
                "have requires_grad True."
            )
    return C


def _with_running(
    cls: type[Normalize], input: Tensor, weight: Tensor | None, bias: Tensor | None,
    running: tuple[Tensor | None, Tensor | None], plan: Plan, momentum: float, fixed: bool,
) -> Tensor:  # fmt: skip
    mean, var = running
    updates = not fixed and None not in running and input.numel() > 0
    result = cls.apply(input, weight, bias, mean, var, plan, momentum if updates else None, fixed)
    if updates:
        for statistic in running:
            statistic._bump_version()  # type: ignore[union-attr]
    return result


@operation(where="nn.functional", out=False)
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias with one mean and variance for each channel of (N, C, *).

    In training they are those of the batch, and the running ones are moved towards them in place:
    running = (1 - momentum) running + momentum batch, with the unbiased variance.  Otherwise the running ones are used.
    (Ioffe & Szegedy, 2015.)

    >>> import minigrad
    >>> x = minigrad.tensor([[1.0, 0.0], [3.0, 0.0]])
    >>> minigrad.nn.functional.batch_norm(x, None, None, training=True)
    tensor([[-1.0000,  0.0000],
            [ 1.0000,  0.0000]])
    """
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    _check_types("batch_norm", input, weight, bias)
    shape = tuple(input.shape)
    if training and input.ndim > 1 and prod(shape) == shape[1]:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    running = (running_mean, running_var)
    if not training:
        for word, statistic in zip(("running_mean", "running_var"), running):
            if statistic is None:
                raise RuntimeError(f"{word} must be defined in evaluation mode")
    C = _per_channel("batch_norm", input, running, (weight, bias))
    plan = Plan(shape, (0, *range(2, input.ndim)), (1, C, *(1,) * (input.ndim - 2)), eps)
    return _with_running(NativeBatchNorm, input, weight, bias, running, plan, momentum, not training)


@operation(where="nn.functional", out=False)
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`batch_norm` with a mean and variance for each channel of each example of (N, C, *).  (Ulyanov et al., 2016.)

    >>> import minigrad
    >>> minigrad.nn.functional.instance_norm(minigrad.tensor([[[1.0, 3.0], [0.0, 80.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    _check_types("instance_norm", input, weight, bias)
    if use_input_stats and prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    running = (running_mean, running_var)
    if not use_input_stats and None in running:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    C = _per_channel("instance_norm", input, running, (weight, bias))
    plan = Plan(tuple(input.shape), tuple(range(2, input.ndim)), (1, C, *(1,) * (input.ndim - 2)), eps)
    return _with_running(InstanceNorm, input, weight, bias, running, plan, momentum, not use_input_stats)


def _last_dimensions(
    name: str, input: Tensor, normalized_shape: Any, parameters: dict[str, Tensor | None]
) -> tuple[int, ...]:
    """`normalized_shape` as a tuple, checked against the input and the parameters."""
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(normalized_shape).__name__}"
        )
    goal = tuple(int(n) for n in normalized_shape)
    if not goal:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for word, p in parameters.items():
        if p is not None and tuple(p.shape) != goal:
            raise RuntimeError(
                f"Expected {word} to be of same shape as normalized_shape, but got {word} of shape {list(p.shape)} and "
                f"normalized_shape = {list(goal)}"
            )
    if tuple(input.shape[-len(goal) :]) != goal:
        raise RuntimeError(
            f"Given normalized_shape={list(goal)}, expected input with shape [*, {', '.join(map(str, goal))}], but got "
            f"input of size{list(input.shape)}"
        )
    return goal


@operation(where=("nn.functional", ""), method=False, out=False)
def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias with a mean and variance over the last dimensions.

    `normalized_shape`, the shape of those dimensions, is also that of weight and bias.  (Ba, Kiros & Hinton, 2016.)

    >>> import minigrad
    >>> minigrad.nn.functional.layer_norm(minigrad.tensor([[1.0, 3.0], [0.0, 80.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    _check_types("layer_norm", input, weight, bias)
    goal = _last_dimensions("layer_norm", input, normalized_shape, {"weight": weight, "bias": bias})
    lead = input.ndim - len(goal)
    plan = Plan(tuple(input.shape), tuple(range(lead, input.ndim)), (1,) * lead + goal, eps)
    return NativeLayerNorm.apply(input, weight, bias, None, None, plan, None, False)


@operation(where=("nn.functional", ""), method=False, out=False)
def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """input / sqrt(mean(input^2) + eps) * weight, the mean taken over the last dimensions.  (Zhang & Sennrich, 2019.)

    `eps` is the machine epsilon of the input's dtype unless given.

    >>> import minigrad
    >>> minigrad.nn.functional.rms_norm(minigrad.tensor([3.0, 4.0, 5.0]), (3,))
    tensor([0.7348, 0.9798, 1.2247])
    """
    _check_types("rms_norm", input, weight)
    goal = _last_dimensions("rms_norm", input, normalized_shape, {"weight": weight})
    lead = input.ndim - len(goal)
    if eps is None:
        eps = dtypes.finfo(dtypes.float32 if input.itemsize == 2 else input.dtype).eps
    plan = Plan(tuple(input.shape), tuple(range(lead, input.ndim)), (1,) * lead + goal, eps, centred=False)
    return RmsNorm.apply(input, weight, None, None, None, plan, None, False)


@operation(where=("nn.functional", ""), method=False, out=False)
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias with a mean and variance for each group of channels.

    The C channels of (N, C, *) fall into `num_groups` groups; weight and bias have one number for each channel.
    (Wu & He, 2018.)

    >>> import minigrad
    >>> minigrad.nn.functional.group_norm(minigrad.tensor([[1.0, 3.0, 0.0, 80.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    _check_types("group_norm", input, weight, bias)
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    N, C, *S = input.shape
    if num_groups < 1 or C % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    if N * C // num_groups * prod(S) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    for word, p in (("weight", weight), ("bias", bias)):
        if p is not None and tuple(p.shape) != (C,):
            raise RuntimeError(
                f"Expected {word} to be a vector of size equal to the number of channels in input, but got {word} of "
                f"shape {list(p.shape)} "
                f"and input of shape {list(input.shape)}"
            )
    shape = (N, num_groups, C // num_groups, prod(S))
    plan = Plan(shape, (2, 3), (1, num_groups, C // num_groups, 1), eps)
    return NativeGroupNorm.apply(input, weight, bias, None, None, plan, None, False)


@operation(where="nn.functional")
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """input / max(||input||_p, eps) along `dim`: vectors of length 1.

    >>> import minigrad
    >>> minigrad.nn.functional.normalize(minigrad.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    check_tensor("normalize", "input", input)
    return input / input.norm(p, dim, keepdim=True).clamp_min(eps)


@operation(where="nn.functional", out=False)
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """input / (k + alpha mean of input^2 over `size` neighbouring channels)^beta, for (N, C, *).

    (Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural networks", 2012.)

    >>> import minigrad
    >>> minigrad.nn.functional.local_response_norm(minigrad.ones(1, 2, 1), 2, alpha=2.0, beta=1.0)
    tensor([[[0.5000],
             [0.3333]]])
    """
    check_tensor("local_response_norm", "input", input)
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if not input.numel():
        return input
    squares = (input * input).flatten(2).transpose(1, 2)  # channels last, where pad and pool work
    mean = avg_pool1d(pad(squares, (size // 2, (size - 1) // 2)), size, stride=1)
    return input / (mean.transpose(1, 2).reshape(input.shape) * alpha + k) ** beta
