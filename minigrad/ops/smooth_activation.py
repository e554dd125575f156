"""Smooth activations: softplus, SiLU, GELU, Mish and others, each fused into few passes over memory.

SiLU, GELU and Mish are y = x * gate(x), where the gate rises from 0 to 1; each has a backward operation of its own, which
has a derivative in turn.  Forward keeps the gate that it computed as a constant, to save that operation the work; whoever
differentiates the operation again gets the dependence on x from the formula.  `sigmoid` and `tanh` are in `elementary.py`.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace, special
from minigrad.kernels._namespace import is_half, widened
from minigrad.kernels.elementwise import choose, clip, into, positive_part
from minigrad.ops._dims import normalize_dim
from minigrad.ops.activation import FUNCTIONAL, activate, floats_alone
from minigrad.ops.choosing import where
from minigrad.ops.elementary import logistic
from minigrad.ops.pointwise import Pointwise, check_tensor, pointwise, refusing, to_float
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ logarithms of sigmoids


def _log_1_exp(z: Any) -> Any:
    """log(1 + e^z) = max(z, 0) + log(1 + e^-|z|), which cannot overflow."""
    xp = array_namespace(z)
    y = xp.abs(z)
    y *= -1
    y = xp.exp(y, out=into(y))
    y = xp.log1p(y, out=into(y))
    y += positive_part(z)
    return y


@widened
def _soft_plus(x: Any, beta: float, threshold: float) -> Any:
    z = x * beta
    return choose(z > threshold, x, _log_1_exp(z) / beta)


_Softplus = pointwise(
    "softplus",
    _soft_plus,
    lambda g, x, out, beta, threshold: where(x * beta > threshold, g, -g * (out * -beta).expm1()),
    promote=floats_alone("softplus"),
)
_LogSigmoid = pointwise(
    "log_sigmoid", widened(lambda x: -_log_1_exp(-x)), lambda g, out: -g * out.expm1(), promote=floats_alone("log_sigmoid")
)


@operation(where=FUNCTIONAL)
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e^(beta * input)) / beta, a smooth relu; input itself where beta * input > threshold.

    >>> import minigrad
    >>> minigrad.nn.functional.softplus(minigrad.tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """
    return activate(_Softplus, input, beta, threshold)


@operation(where=FUNCTIONAL)
def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e^-input)), finite however negative the input is.

    >>> import minigrad
    >>> minigrad.nn.functional.logsigmoid(minigrad.tensor([-200.0, 0.0]))
    tensor([-200.0000,   -0.6931])
    """
    return activate(_LogSigmoid, input)


# ------------------------------------------------------------------------------------------------ gates


def single(x: Any) -> Any:
    """16-bit floats as float32: too few digits are left of a gate near 0 or 1 when it is rounded."""
    return x.astype("float32") if is_half(x) else x


class Silu(Operation):
    """y = x sigmoid(x),  dy/dx = s (1 + x (1 - s))   (Elfwing et al., 2018)."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.gate = logistic(single(x))
        return (x * ctx.gate).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _SiluBackward.apply(g, *ctx.saved_tensors, wrap(ctx.gate))


@widened
def _silu_slope(g: Any, x: Any, gate: Any) -> Any:
    slope = 1 - gate
    slope *= x
    slope += 1
    slope *= gate
    slope *= g
    return slope


def _silu_curvature(x: Tensor) -> Tensor:
    s = x.sigmoid()
    return s * (1 - s) * (2 + x * (1 - s * 2))


_SiluBackward: type[Pointwise] = pointwise(
    "silu_backward",
    _silu_slope,
    lambda h, x, gate: _SiluBackward.apply(h, x, gate),
    lambda h, g, x: h * g * _silu_curvature(x),
)


class Gelu(Operation):
    """y = x P(X <= x) for a standard normal X,  dy/dx = P(X <= x) + x p(x)   (Hendrycks and Gimpel, 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.gate = _normal_cdf(single(x))
        return (x * ctx.gate).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _GeluBackward.apply(g, *ctx.saved_tensors, wrap(ctx.gate))


def _normal_cdf(x: Any) -> Any:
    gate = special.erf(x * math.sqrt(0.5))
    gate *= 0.5
    gate += 0.5
    return gate


@widened
def _gelu_slope(g: Any, x: Any, gate: Any) -> Any:
    xp = array_namespace(x)
    slope = x * x
    slope *= -0.5
    slope = xp.exp(slope, out=into(slope))
    slope *= 1 / math.sqrt(2 * math.pi)
    slope *= x
    slope += gate
    slope *= g
    return slope


_GeluBackward: type[Pointwise] = pointwise(
    "gelu_backward",
    _gelu_slope,
    lambda h, x, gate: _GeluBackward.apply(h, x, gate),
    lambda h, g, x: h * g * ((x * x * -0.5).exp() * (1 / math.sqrt(2 * math.pi)) * (2 - x * x)),
)

ROOT, CUBE = math.sqrt(2 / math.pi), 0.044715  # gelu is nearly 0.5 x (1 + tanh(ROOT (x + CUBE x^3)))


class GeluTanh(Operation):
    """y = 0.5 x (1 + tanh u) with u = sqrt(2 / pi) (x + 0.044715 x^3): the approximation that GPT-2 uses."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.tanh = _tanh_of_cubic(single(x))
        y = ctx.tanh + 1
        y *= x
        y *= 0.5
        return y.astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _GeluTanhBackward.apply(g, *ctx.saved_tensors, wrap(ctx.tanh))

    def name(self) -> str:
        return "GeluBackward0"


def _tanh_of_cubic(x: Any) -> Any:
    xp = array_namespace(x)
    u = x * x
    u *= ROOT * CUBE
    u += ROOT
    u *= x
    return xp.tanh(u, out=into(u))


@widened
def _gelu_tanh_slope(g: Any, x: Any, tanh: Any) -> Any:
    """0.5 (1 + t + x (1 - t^2) u'), with the halves inside the constants."""
    rise = x * x
    rise *= -1.5 * ROOT * CUBE
    rise -= 0.5 * ROOT
    slope = tanh * tanh
    slope -= 1
    slope *= x
    slope *= rise
    slope += 0.5
    tanh = tanh * 0.5
    slope += tanh
    slope *= g
    return slope


def _gelu_tanh_curvature(x: Tensor) -> Tensor:
    t = (x * (x * x * (ROOT * CUBE) + ROOT)).tanh()
    u1, u2 = x * x * (3 * ROOT * CUBE) + ROOT, x * (6 * ROOT * CUBE)
    return (1 - t * t) * (u1 + x * (u2 * 0.5 - t * u1 * u1))


_GeluTanhBackward: type[Pointwise] = pointwise(
    "gelu_backward",
    _gelu_tanh_slope,
    lambda h, x, tanh: _GeluTanhBackward.apply(h, x, tanh),
    lambda h, g, x: h * g * _gelu_tanh_curvature(x),
)


class Mish(Operation):
    """y = x t with t = tanh(log(1 + e^x)) = n / (n + 2) where n = e^x (e^x + 2)   (Misra, 2019).

    dy/dx = t + x w, where w = dt/dx = 4 e^x (1 + e^x) / (n + 2)^2.
    """

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return _mish(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _MishBackward.apply(g, *ctx.saved_tensors)


def _bounded_exp(x: Any) -> Any:
    """e^x, but no more than e^20: from there on t is 1 to the last digit."""
    xp = array_namespace(x)
    e = clip(x, None, 20)
    return xp.exp(e, out=into(e))


@widened
def _mish(x: Any) -> Any:
    e = _bounded_exp(x)
    n = e + 2
    n *= e
    y = x * n
    n += 2
    y /= n
    return y


@widened
def _mish_slope(g: Any, x: Any) -> Any:
    e = _bounded_exp(x)
    n = e + 2
    n *= e
    below = n + 2
    n /= below
    slope = e + 1
    slope *= e
    slope /= below
    slope /= below
    slope *= 4
    slope *= x
    slope += n
    slope *= g
    return slope


def _mish_curvature(x: Tensor) -> Tensor:
    s, t = x.sigmoid(), softplus(x).tanh()
    return (1 - t * t) * s * (2 + x * (1 - s - t * s * 2))


_MishBackward: type[Pointwise] = pointwise(
    "mish_backward", _mish_slope, lambda h, x: _MishBackward.apply(h, x), lambda h, g, x: h * g * _mish_curvature(x)
)


@operation(where=FUNCTIONAL)
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), also called swish   (Elfwing et al., 2018).

    >>> import minigrad
    >>> minigrad.nn.functional.silu(minigrad.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    return _gated("silu", Silu, input, inplace)


@operation(where=FUNCTIONAL)
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input))   (Misra, 2019)."""
    return _gated("mish", Mish, input, inplace)


@operation(where=FUNCTIONAL)
def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """input * P(X <= input) for a standard normal X   (Hendrycks and Gimpel, 2016).

    approximate="tanh" is the cheaper formula that GPT-2 was trained with; the two differ by at most 0.0005.

    >>> import minigrad
    >>> minigrad.nn.functional.gelu(minigrad.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return _gated("gelu", Gelu if approximate == "none" else GeluTanh, input)


def _gated(name: str, cls: type[Operation], input: Tensor, inplace: bool = False) -> Tensor:
    check_tensor(name, "input", input)
    floats_alone(name)(input._array)
    return activate(cls, input, inplace=inplace)


@operation(where=FUNCTIONAL)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the two halves of input along dim   (Dauphin et al., 2017).

    >>> import minigrad
    >>> minigrad.nn.functional.glu(minigrad.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    check_tensor("glu", "input", input)
    floats_alone("glu")(input._array)
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    dim = normalize_dim(dim, input.ndim)
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    return input.narrow(dim, 0, size // 2) * input.narrow(dim, size // 2, size // 2).sigmoid()


# ------------------------------------------------------------------------------------------------ others

_Softsign = pointwise(
    "softsign",
    lambda xp, x: x / (xp.abs(x) + 1),
    lambda g, x: g / (x.abs() + 1).square(),
    promote=refusing(to_float, "c", "softsign"),
)
_Tanhshrink = pointwise("tanhshrink", lambda xp, x: x - xp.tanh(x), lambda g, x: g * x.tanh().square(), promote=to_float)


@operation(where=FUNCTIONAL)
def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|)   (Turian et al., 2009)."""
    return activate(_Softsign, input)


@operation(where=FUNCTIONAL)
def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input)."""
    return activate(_Tanhshrink, input)
