"""Statistics: variance and standard deviation, covariance and correlation, quantiles.

The variance is computed in two passes, mean first: the textbook's E[x^2] - E[x]^2 loses all digits where the mean is large
against the spread (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.autograd.inplace import _spoken as spoken
from minigrad.kernels import array_namespace
from minigrad.kernels.sums import total
from minigrad.ops._dims import normalize_dim
from minigrad.ops.choosing import kept
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.reduction import Axes, Mean, Reduction, axes_of, check_flag, mean_of
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ variance


class Var(Reduction):
    """y = sum of (x - mean)^2 over axes / (n - correction); dx = g * 2 (x - mean) / (n - correction)."""

    with_mean, root = False, False

    def name(self) -> str:
        return type(self).__name__ + "Backward0"

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool, correction: float) -> Any:
        ctx.folding(x, axes, keepdim)
        ctx.freedom = max(ctx.count - correction, 0)
        values = x.astype("float32") if x.dtype.itemsize == 2 else x
        mean = mean_of(values, ctx.count, axes, True)
        away = values - mean
        away = (away * away.conj()).real if x.dtype.kind == "c" else away * away
        out = total(away, axes, keepdim)
        out = out / ctx.freedom if ctx.freedom else out * math.inf
        if ctx.root:
            out = array_namespace(x).sqrt(out)
        if values is not x:
            out, mean = out.astype(x.dtype), mean.astype(x.dtype)
        ctx.save_for_backward(x, out)
        return (out, mean.reshape(out.shape)) if ctx.with_mean else out

    @staticmethod
    def backward(ctx: Any, g: Any, g_mean: Any = None) -> Any:
        x, out = ctx.saved_tensors
        if ctx.root:  # y = sqrt(v): dv = g / 2y, and 0 at the corner y = 0
            g = kept(g / (2 * out), out._array != 0)
        scale = 2 / ctx.freedom if ctx.freedom else math.inf
        dx = ctx.unfold(g) * scale * (x - Mean.apply(x, ctx.axes, True).reshape(ctx.kept_shape))
        return dx if g_mean is None else dx + ctx.unfold(g_mean) / ctx.count


class Std(Var):
    """y = sqrt(variance of x over axes); dx = g * (x - mean) / (y (n - correction)), and 0 where y = 0."""

    root = True


class VarMean(Var):
    """The variance and the mean of x over axes; the gradients of both, added up."""

    with_mean = True


class StdMean(Std):
    """The standard deviation and the mean of x over axes; the gradients of both, added up."""

    with_mean = True


def _spread(cls: type[Var], name: str, doc: str, method: bool) -> None:
    def function(
        input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
    ) -> Any:
        check_tensor(name, "input", input)
        check_flag(name, keepdim)
        if isinstance(dim, bool):  # var(x, False)
            dim, unbiased = None, dim
        if unbiased is not None and (correction is not None or not isinstance(unbiased, bool)):
            raise TypeError(
                f"{name}() received an invalid combination of arguments: unbiased must be bool, and goes without correction; "
                "several dimensions are a tuple, dim=(0, 1)"
            )
        if not input.dtype.is_inexact:
            who = name if cls.with_mean else "std and var"
            raise RuntimeError(f"{who} only support floating point and complex dtypes, got {input.dtype}")
        correction = float(unbiased is not False) if correction is None else correction
        axes = axes_of(input, dim)
        shape = input._array.shape
        count = math.prod(shape if axes is None else [shape[i] for i in axes])
        if count <= correction and (not count or input._array.size):
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
                "numel divided by output numel).",
                UserWarning,
                stacklevel=3,
            )
        return cls.apply(input, axes, keepdim, correction)

    function.__doc__ = doc
    operation(function, name=name, method=method)


_FORMS = """

    `correction` is subtracted from the number of elements n: 1 (the default, also `unbiased=True`) for a sample's estimate,
    0 (`unbiased=False`) for a whole population.  With n <= correction the result is not a number, and a warning says so.
"""
_spread(
    Var,
    "var",
    f"""The variance over `dim` (an int, a tuple, or None for all): sum of (x - mean)^2 / (n - correction).{_FORMS}
    >>> import minigrad
    >>> minigrad.tensor([1., 2., 3.]).var(), minigrad.tensor([1., 2., 3.]).var(correction=0)
    (tensor(1.), tensor(0.6667))
    """,
    True,
)
_spread(
    Std,
    "std",
    f"""The standard deviation over `dim` (an int, a tuple, or None for all), the root of the variance.{_FORMS}
    >>> import minigrad
    >>> minigrad.tensor([[1., 3.], [2., 2.]]).std(dim=1)
    tensor([1.4142, 0.0000])
    """,
    True,
)
_spread(VarMean, "var_mean", f"The variance and the mean over `dim`, as a tuple.{_FORMS}", False)
_spread(StdMean, "std_mean", f"The standard deviation and the mean over `dim`, as a tuple.{_FORMS}", False)


# ------------------------------------------------------------------------------------------------ covariance


@operation(out=False)
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of variables in rows, observed in columns: C = D w D^T / (sum of w - correction), D = x - mean.

    `fweights` says how often each observation was made, `aweights` how much it counts.

    >>> import minigrad
    >>> minigrad.tensor([[0., 1., 2.], [2., 1., 0.]]).cov()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor("cov", "input", input)
    _check_observations("cov", input)
    x = input.reshape(1, -1) if input.ndim < 2 else input
    x = x if x.dtype.is_inexact else x.to(dtypes.get_default_dtype())
    n = x._array.shape[1]
    weights = _weights(fweights, aweights, n, x)
    if weights is None:
        freedom: Any = max(n - correction, 0)
        mean = x.mean(1, keepdim=True)
        scaled = x - mean
        away, known = scaled, freedom
    else:
        whole = weights.sum()
        if n and not bool(whole != 0):
            raise ZeroDivisionError("cov(): weights sum to zero, can't be normalized")
        mean = (x * weights).sum(1, keepdim=True) / whole
        away = x - mean
        scaled = away * weights
        freedom = whole - correction
        if aweights is not None and correction:
            squared = weights * aweights.to(weights.dtype)
            freedom = whole - correction * squared.sum() / whole
        freedom = freedom.clamp(min=0)
        known = float(freedom)
    if known <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=3,
        )
    product = scaled @ (away.conj() if away.is_complex() else away).t()
    return (product / freedom if known else product * math.inf).squeeze()


def _check_observations(name: str, input: Tensor) -> None:
    if input.ndim > 2:
        raise RuntimeError(
            f"{name}(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input.dtype is dtypes.bool_:
        raise RuntimeError(f"{name}(): bool dtype is not supported for input")


def _weights(fweights: Tensor | None, aweights: Tensor | None, n: int, x: Tensor) -> Tensor | None:
    """How much each of n observations counts, checked; None where all count one."""
    for name, given, integral in (("fweights", fweights, True), ("aweights", aweights, False)):
        if given is None:
            continue
        if given.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {given.ndim} dimensions"
            )
        if integral and (given.dtype.is_inexact or given.dtype is dtypes.bool_):
            raise RuntimeError(f"cov(): expected {name} to have integral dtype but got {name} with {spoken(given.dtype)} dtype")
        if not integral and not given.is_floating_point():
            raise RuntimeError(
                f"cov(): expected {name} to have floating point dtype but got {name} with {spoken(given.dtype)} dtype"
            )
        if given.numel() != n:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got {given.numel()} "
                f"!= {n}"
            )
        if n and bool((given._array < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is not None:
        return (fweights if aweights is None else fweights * aweights).to(x.dtype.to_real())
    return aweights


@operation(out=False)
def corrcoef(input: Tensor) -> Tensor:
    """The correlation matrix of variables in rows, observed in columns: R_ij = C_ij / sqrt(C_ii C_jj).

    >>> import minigrad
    >>> minigrad.tensor([[0., 1., 2.], [2., 1., 0.]]).corrcoef()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor("corrcoef", "input", input)
    _check_observations("corrcoef", input)
    covariance = cov(input)
    if not covariance.ndim:
        return covariance / covariance
    spread = covariance.diagonal().sqrt()
    return (covariance / spread.unsqueeze(1) / spread.unsqueeze(0)).clamp(-1, 1)


# ------------------------------------------------------------------------------------------------ quantiles

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name: str, doc: str) -> None:
    def function(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
        check_tensor(name, "input", input)
        if input.dtype not in (dtypes.float32, dtypes.float64):
            raise RuntimeError(f"{name}() input tensor must be either float or double dtype, got {input.dtype}")
        if interpolation not in INTERPOLATIONS:
            raise RuntimeError(
                f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
            )
        if isinstance(q, Tensor):
            if q.ndim > 1:
                raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, got {q.ndim} dimensions")
            if q.dtype is not input.dtype:
                raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor, got {q.dtype}")
            if q.device != input.device:
                raise RuntimeError(f"{name}() q tensor must be on the same device as the input tensor")
        elif not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        if not input.numel():
            raise RuntimeError(f"{name}() input tensor must be non-empty")
        axis = None if dim is None else normalize_dim(dim, input.ndim)
        lines = input.reshape(-1) if axis is None or not input.ndim else input.movedim(axis, -1)
        many = isinstance(q, Tensor) and q.ndim == 1
        found = _between(lines.sort(-1).values, _ranks(lines, q, name == "nanquantile"), interpolation)
        found = found.movedim(-1, 0)  # the quantiles come first
        if keepdim:
            kept = [1 if axis in (None, i) else n for i, n in enumerate(input.shape)]
            found = found.reshape(-1, *kept)
        return found if many else found.squeeze(0)

    function.__doc__ = doc
    operation(function, name=name)


def _ranks(lines: Tensor, q: Any, skip_nan: bool) -> Tensor:
    """Where in a sorted line each quantile lies, a number in [0, n - 1]: (..., number of quantiles)."""
    x = lines._array
    xp, n = array_namespace(x), x.shape[-1]
    fractions = (q if isinstance(q, Tensor) else lines.new_tensor(q)).reshape(-1)
    numbers = (x == x).sum(axis=-1, keepdims=True)
    if skip_nan:
        return fractions * wrap(xp.maximum(numbers - 1, 0).astype(x.dtype))
    return (fractions * (n - 1)).masked_fill(wrap(numbers < n), n - 1)  # nan is sorted last


def _between(ranked: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """The value at each rank, from the two neighbours where it lies between places."""
    rank = ranks._array
    xp = array_namespace(rank)
    if interpolation in ("lower", "higher", "nearest"):
        rounded = {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.rint}[interpolation](rank)
        return ranked.gather(-1, wrap(rounded.astype("int64")))
    below = xp.floor(rank)
    low = ranked.gather(-1, wrap(below.astype("int64")))
    high = ranked.gather(-1, wrap(xp.ceil(rank).astype("int64")))
    return low.lerp(high, 0.5 if interpolation == "midpoint" else ranks - wrap(below))


_quantile(
    "quantile",
    """The value below which a fraction q of the sorted elements lies, along a dimension or of all.

    Where that is between two elements, `interpolation` tells what is taken: "linear", "lower", "higher", "midpoint" or
    "nearest".  q is a number or a vector of them, which comes first in the result's shape.  A line with a nan gives nan.

    >>> import minigrad
    >>> minigrad.tensor([1., 2., 3., 4.]).quantile(0.5)
    tensor(2.5000)
    """,
)
_quantile("nanquantile", "As `quantile`, of what is not nan.")
