"""Activations made of pieces: relu and its leaky kin, clamps and shrinkages, elu and its kin.

Each passes or scales its gradient by the piece that an element lies on.  `inplace=True` overwrites the input.  Read
`smooth_activation.py` next; `nn/activation.py` makes layers of these functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.function import wrap
from minigrad.autograd.inplace import apply_in_place
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import widened
from minigrad.kernels.elementwise import choose, clip, into, keep, positive_part
from minigrad.ops.choosing import kept, where
from minigrad.ops.pointwise import cast, check_fits, check_tensor, pointwise, refusing, unchanged
from minigrad.ops.random import default_generator
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

FUNCTIONAL = "nn.functional"


def floats_alone(name: str) -> Callable[..., Any]:
    """The inputs as they are, for a function that is defined for floating tensors alone."""
    return refusing(unchanged, "biuc", name)


def activate(cls: Any, input: Tensor, *settings: Any, inplace: bool = False) -> Tensor:
    """One of the operations below on a tensor, or in its memory."""
    check_tensor(cls.label, "input", input)
    return apply_in_place(cls.apply, input, *settings) if inplace else cls.apply(input, *settings)


# ------------------------------------------------------------------------------------------------ the rectifier family


def _real_numbers(x: Any) -> tuple[Any]:
    if x.dtype.kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if x.dtype.kind == "c":
        raise NotImplementedError("relu is not supported for complex types")
    return (x,)


_Relu = pointwise("relu", positive_part, lambda g, out: kept(g, out._array > 0), promote=_real_numbers)


@operation(where=("", FUNCTIONAL), in_place=True)
def relu(input: Tensor) -> Tensor:
    """max(input, 0), with derivative 0 at 0   (Nair and Hinton, 2010).

    >>> import minigrad
    >>> minigrad.relu(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    check_tensor("relu", "input", input)
    return _Relu.apply(input)


@operation(name="relu", where=FUNCTIONAL, method=False)
def _functional_relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0), with derivative 0 at 0   (Nair and Hinton, 2010)."""
    return activate(_Relu, input, inplace=inplace)


def two_values(mask: Any, yes: float, no: float, like: Tensor) -> Tensor:
    """One number where a mask is true and another where it is not: the slopes of two straight pieces."""
    number = like._array.dtype.type
    return wrap(choose(mask, number(yes), number(no)))


def _leaky(x: Any, slope: float) -> Any:
    """The greater of x and slope * x (the lesser for a slope above 1): no choice to be guessed, two passes."""
    xp = array_namespace(x)
    if slope == 0:
        return positive_part(x)
    y = x * slope
    return (xp.maximum if slope <= 1 else xp.minimum)(x, y, out=into(y))


_LeakyRelu = pointwise(
    "leaky_relu", widened(_leaky), lambda g, x, slope: g * two_values(x._array > 0, 1, slope, g), promote=floats_alone("leaky_relu")
)


@operation(where=FUNCTIONAL, in_place=True)
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, else negative_slope * input   (Maas et al., 2013).

    >>> import minigrad
    >>> minigrad.nn.functional.leaky_relu(minigrad.tensor([-1.0, 2.0]), 0.5)
    tensor([-0.5000,  2.0000])
    """
    return activate(_LeakyRelu, input, negative_slope, inplace=inplace)


_PreluKernel = pointwise(
    "prelu_kernel",
    lambda x, y: choose(x > 0, x, x * y),
    lambda g, x, y: where(x > 0, g, g * y),
    lambda g, x: kept(g * x, ~(x._array > 0)),
    promote=floats_alone("prelu"),
)


@operation(where=("", FUNCTIONAL))
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is positive, else weight * input, with one learned weight or one for each channel   (He et al., 2015).

    Shapes: input (N, C, *) and weight (C,), or any input and weight () or (1,).

    >>> import minigrad
    >>> minigrad.prelu(minigrad.tensor([-1.0, 2.0]), minigrad.tensor([0.25]))
    tensor([-0.2500,  2.0000])
    """
    check_tensor("prelu", "input", input)
    check_tensor("prelu", "weight", weight)
    if input.dtype is not weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {input.dtype.name} and {weight.dtype.name}")
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and channel "
                f"size = {channels}."
            )
    if weight.ndim:
        weight = weight.reshape((1, -1) + (1,) * (input.ndim - 2) if input.ndim > 1 else (1,) * input.ndim)
    return _PreluKernel.apply(input, weight)


_RreluWithNoise = pointwise(
    "rrelu_with_noise", lambda x, noise: x * noise, lambda g, noise: g * noise, promote=floats_alone("rrelu")
)


def _rrelu(input: Tensor, lower: float, upper: float, training: bool) -> Tensor:
    if not training:
        return _LeakyRelu.apply(input, (lower + upper) / 2)
    x = input._array
    floats_alone("rrelu")(x)
    xp = array_namespace(x)
    noise = xp.ones(x.shape, x.dtype)
    falling = x <= 0
    noise[falling] = xp.asarray(default_generator.uniform(int(falling.sum()), "float64", lower, upper).astype(x.dtype))
    return _RreluWithNoise.apply(input, wrap(noise))


@operation(where=FUNCTIONAL, in_place=True)
def rrelu(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False) -> Tensor:
    """input where it is positive, else a * input: in training a is drawn uniformly from [lower, upper) for each element,
    otherwise it is their mean   (Xu et al., 2015).
    """
    check_tensor("rrelu", "input", input)
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}")
    return apply_in_place(_rrelu, input, lower, upper, training) if inplace else _rrelu(input, lower, upper, training)


operation(rrelu, name="rrelu", in_place=True, method=False)

# ------------------------------------------------------------------------------------------------ straight pieces

_Threshold = pointwise(
    "threshold",
    lambda xp, x, threshold, value: choose(x <= threshold, cast(value, x.dtype), x),
    lambda g, x, threshold: kept(g, ~(x._array <= threshold)),
    promote=refusing(unchanged, "bc", "threshold"),
)
_Hardtanh = pointwise(
    "hardtanh",
    lambda xp, x, low, high: clip(x, low, high),
    lambda g, x, low, high: kept(g, (x._array > low) & (x._array < high)),
    promote=refusing(unchanged, "bc", "hardtanh"),
)


@operation(where=FUNCTIONAL, in_place=True)
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above a threshold, else a value."""
    check_tensor("threshold", "input", input)
    check_fits(input.dtype, value)
    return activate(_Threshold, input, threshold, value, inplace=inplace)


operation(threshold, name="threshold", in_place=True, method=False)


@operation(where=FUNCTIONAL, in_place=True)
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it lies between min_val and max_val, else the nearer of them; the derivative on the edges is 0.

    >>> import minigrad
    >>> minigrad.nn.functional.hardtanh(minigrad.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    check_tensor("hardtanh", "input", input)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if not input.dtype.is_inexact:
        min_val, max_val = int(min_val), int(max_val)
        if not input.dtype.is_signed and min_val < 0:
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return activate(_Hardtanh, input, min_val, max_val, inplace=inplace)


@operation(where=FUNCTIONAL)
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6)   (Krizhevsky, 2010)."""
    return hardtanh(input, 0.0, 6.0, inplace)


_Hardsigmoid = pointwise(
    "hardsigmoid",
    widened(lambda x: clip(x + 3, 0, 6) / 6),
    lambda g, x: kept(g / 6, (x._array > -3) & (x._array < 3)),
    promote=floats_alone("hardsigmoid"),
)
_Hardswish = pointwise(
    "hardswish",
    widened(lambda x: x * clip(x + 3, 0, 6) / 6),
    lambda g, x: g * (kept(x * (1 / 3) + 0.5, abs(x._array) < 3) + two_values(x._array >= 3, 1, 0, g)),
    promote=floats_alone("hardswish"),
)
_Softshrink = pointwise(
    "softshrink",
    widened(lambda x, lambd: x - clip(x, -lambd, lambd)),
    lambda g, x, lambd: kept(g, abs(x._array) > lambd),
    promote=floats_alone("softshrink"),
)
_Hardshrink = pointwise(
    "hardshrink",
    lambda xp, x, lambd: keep(x, ~(xp.abs(x) <= lambd)),
    lambda g, x, lambd: kept(g, ~(abs(x._array) <= lambd)),
    promote=floats_alone("hardshrink"),
)


@operation(where=FUNCTIONAL)
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(input + 3) / 6, a sigmoid of straight pieces   (Courbariaux et al., 2015)."""
    return activate(_Hardsigmoid, input, inplace=inplace)


@operation(where=FUNCTIONAL)
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * relu6(input + 3) / 6   (Howard et al., 2019)."""
    return activate(_Hardswish, input, inplace=inplace)


@operation(where=FUNCTIONAL)
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by lambd, and 0 where it is nearer than that."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return activate(_Softshrink, input, lambd)


@operation(where=("", FUNCTIONAL))
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, but 0 where |input| <= lambd."""
    return activate(_Hardshrink, input, lambd)


# ------------------------------------------------------------------------------------------------ exponential pieces


@widened
def _elu_pieces(x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    """The sum of what is below 0 and what is above: one of the two is 0."""
    xp = array_namespace(x)
    y = clip(x, None, 0)
    if input_scale != 1:
        y *= input_scale
    y = xp.expm1(y, out=into(y))
    y *= alpha * scale
    above = positive_part(x)
    above *= scale
    y += above
    return y


def _elu_slope(g: Tensor, x: Tensor, out: Tensor, alpha: float, scale: float, input_scale: float) -> Tensor:
    """g times scale above 0, and input_scale * (y + alpha * scale) below."""
    falling = kept(out, x._array < 0)
    steepest = alpha * scale * input_scale
    straight = steepest if steepest == scale else two_values(x._array <= 0, steepest, scale, g)
    return g * ((falling if input_scale == 1 else falling * input_scale) + straight)


_Elu, _Celu = (
    pointwise(
        name,
        _elu_pieces,
        _elu_slope,
        promote=floats_alone(name),
    )
    for name in ("elu", "celu")
)
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@operation(where=FUNCTIONAL, in_place=True)
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (e^input - 1)   (Clevert et al., 2016).

    >>> import minigrad
    >>> minigrad.nn.functional.elu(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return activate(_Elu, input, alpha, 1.0, 1.0, inplace=inplace)


@operation(where=("", FUNCTIONAL), in_place=True, method=False)
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(input, alpha) with the two numbers that keep mean 0 and variance 1 from layer to layer
    (Klambauer et al., 2017)."""
    return activate(_Elu, input, SELU_ALPHA, SELU_SCALE, 1.0, inplace=inplace)


@operation(where=("", FUNCTIONAL), in_place=True, method=False)
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, else alpha * (e^(input / alpha) - 1)   (Barron, 2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return activate(_Celu, input, alpha, 1.0, 1 / alpha, inplace=inplace)
