"""Softmax and its kin: numbers made into probabilities, y_i = exp(x_i) / sum_j exp(x_j).

All of them first subtract a number near the largest, which changes nothing and keeps exp from overflowing (see
`kernels/rows.py`; Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990, has the
name softmax).  Their derivatives are written with the result y itself.  Read `cross_entropy.py` next.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import widened
from minigrad.kernels.rows import dots, exponentials
from minigrad.kernels.sums import total
from minigrad.ops._dims import normalize_dim, normalize_dims
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.random import default_generator
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


@widened
def _softmax(x: Any, axis: int) -> Any:
    if not x.size:
        return x.copy()
    _, y, sums = exponentials(x, axis, keep=False)
    y /= sums
    return y


@widened
def _log_softmax(x: Any, axis: int) -> Any:
    if not x.size:
        return x.copy()
    y, _, sums = exponentials(x, axis)
    y -= array_namespace(x).log(sums)
    return y


@widened
def _softmax_backward(g: Any, y: Any, axis: int) -> Any:
    dx = g - dots(g, y, (axis,))
    dx *= y
    return dx


@widened
def _log_softmax_backward(g: Any, y: Any, axis: int) -> Any:
    dx = array_namespace(y).exp(y)
    dx *= total(g, (axis,), keepdims=True)
    return array_namespace(y).subtract(g, dx, out=dx)


class Softmax(Operation):
    """y = exp(x) / sum(exp(x)) along an axis.

    dx = (g - sum(g y)) y, since dy_i / dx_j = y_i (1[i = j] - y_j).
    """

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        y = _softmax(x, axis)
        ctx.save_for_backward(y)
        ctx.axis = axis
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return SoftmaxBackward.apply(g, y, ctx.axis)


class SoftmaxBackward(Operation):
    """z = (g - sum(g y)) y in one pass.  Linear in g, and there its own adjoint; dy follows by the product rule."""

    @staticmethod
    def forward(ctx: Any, g: Any, y: Any, axis: int) -> Any:
        ctx.save_for_backward(g, y)
        ctx.axis = axis
        return _softmax_backward(g, y, axis)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        g, y = ctx.saved_tensors
        dg = SoftmaxBackward.apply(h, y, ctx.axis)
        return dg, h * (g - (g * y).sum(ctx.axis, keepdim=True)) - g * (h * y).sum(ctx.axis, keepdim=True)


class LogSoftmax(Operation):
    """y = x - log(sum(exp(x))) along an axis.

    dx = g - exp(y) sum(g), since dy_i / dx_j = 1[i = j] - exp(y_j).
    """

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        y = _log_softmax(x, axis)
        ctx.save_for_backward(y)
        ctx.axis = axis
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return LogSoftmaxBackward.apply(g, y, ctx.axis)


class LogSoftmaxBackward(Operation):
    """z = g - exp(y) sum(g) in one pass."""

    @staticmethod
    def forward(ctx: Any, g: Any, y: Any, axis: int) -> Any:
        ctx.save_for_backward(g, y)
        ctx.axis = axis
        return _log_softmax_backward(g, y, axis)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        g, y = ctx.saved_tensors
        weighed = h * y.exp()
        return h - weighed.sum(ctx.axis, keepdim=True), -weighed * g.sum(ctx.axis, keepdim=True)


class Logsumexp(Operation):
    """y = log(sum(exp(x))) over some axes: a smooth maximum.  dx = g exp(x - y), the softmax."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
        ctx.kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        y = _log_sum_exp(x, axes).reshape(
            ctx.kept if keepdim else tuple(n for i, n in enumerate(x.shape) if i not in axes)
        )
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g.reshape(ctx.kept) * (x - y.reshape(ctx.kept)).exp()


@widened
def _log_sum_exp(x: Any, axes: tuple[int, ...]) -> Any:
    xp = array_namespace(x)
    if not x.size:
        return xp.log(xp.exp(x).sum(axis=axes, keepdims=True))
    largest = x.max(axis=axes, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, x.dtype.type(0))  # inf - inf would be NaN
    return xp.log(xp.exp(x - largest).sum(axis=axes, keepdims=True)) + largest


# ------------------------------------------------------------------------------------------------ public names


def _along(cls: type[Operation], name: str, input: Any, dim: Any, dtype: dtypes.dtype | None) -> Tensor:
    """One of the two operations along a dimension, computed in `dtype` where one is given."""
    check_tensor(name, "input", input)
    axis = normalize_dim(dim, input.ndim)
    if dtype is not None:
        input = input.to(dtype)
    if not input.dtype.is_floating_point:
        raise NotImplementedError(
            f"{name} is not implemented for {input.dtype}: convert with .float(), or pass dtype=torch.float32"
        )
    return cls.apply(input, axis) if input.ndim else cls.apply(input.reshape(1), 0).reshape(())


def _implicit_dim(name: str, ndim: int) -> int:
    """The dimension that is taken when none is named: a habit of the past, warned about as PyTorch does."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if ndim in (0, 1, 3) else 1


def _public(cls: type[Operation], name: str, doc: str) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The two forms: `minigrad.name(x, dim, dtype)`, also a method, and the one in `nn.functional`."""

    def plain(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
        return _along(cls, name, input, dim, dtype)

    def functional(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
        return _along(cls, name, input, _implicit_dim(name, input.ndim) if dim is None else dim, dtype)

    for function in (plain, functional):
        function.__name__ = function.__qualname__ = name
        function.__doc__ = doc
    return operation(plain, where=("", "special")), operation(functional, where="nn.functional")


softmax, _ = _public(
    Softmax,
    "softmax",
    """y_i = exp(x_i) / sum_j exp(x_j) along `dim`: positive numbers that sum to 1.

    input: floating, any shape; the result has the same shape.  `dtype` converts the input first, for range or
    precision. Raises NotImplementedError for integers without `dtype`.

    >>> import minigrad
    >>> minigrad.softmax(minigrad.tensor([0.0, 1.0, 1.0]), dim=0)
    tensor([0.1554, 0.4223, 0.4223])
    """,
)
log_softmax, _ = _public(
    LogSoftmax,
    "log_softmax",
    """y_i = x_i - log(sum_j exp(x_j)) along `dim`: the logarithm of softmax, without its underflow.

    >>> import minigrad
    >>> minigrad.log_softmax(minigrad.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """,
)


@operation(where="nn.functional")
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-input): the smallest number gets the largest share.

    >>> import minigrad
    >>> minigrad.nn.functional.softmin(minigrad.tensor([0.0, 1.0, 1.0]), dim=0)
    tensor([0.5761, 0.2119, 0.2119])
    """
    return _along(Softmax, "softmin", -input, _implicit_dim("softmin", input.ndim) if dim is None else dim, dtype)


@operation(where=("", "special"))
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))) over one or several dimensions, without overflow; integers become floats.

    >>> import minigrad
    >>> minigrad.logsumexp(minigrad.tensor([1000.0, 1000.0]), dim=0)
    tensor(1000.6932)
    """
    check_tensor("logsumexp", "input", input)
    axes = normalize_dims(dim, input.ndim) or tuple(range(input.ndim))
    if not input.dtype.is_inexact:
        input = input.to(dtypes.get_default_dtype())
    return Logsumexp.apply(input, axes if input.ndim else (), keepdim)


@operation(where="nn.functional")
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A random category as a differentiable vector: softmax((logits + noise) / tau), with noise -log(Exponential(1)).

    Small `tau` gives vectors near one-hot.  With `hard=True` the result is one-hot, its gradient that of the soft
    vector. (Jang, Gu & Poole, "Categorical reparameterization with Gumbel-softmax", 2017; Maddison, Mnih & Teh, 2017.)

    >>> import minigrad
    >>> minigrad.nn.functional.gumbel_softmax(minigrad.zeros(2, 5), hard=True).sum(1)
    tensor([1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=3)
    array = logits._array
    noise = wrap(array_namespace(array).asarray(default_generator.exponential(array.shape, array.dtype)))
    soft = softmax((logits - noise.log()) / tau, dim)
    if not hard:
        return soft
    best = soft.detach().argmax(dim, keepdim=True)
    one_hot = soft.detach() * 0
    one_hot.scatter_(dim, best, 1.0)
    return one_hot - soft.detach() + soft
