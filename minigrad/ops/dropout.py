"""Dropout: while training, forget some numbers at random, and scale what is left so that the mean stays.

(Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.)  A mask of zeros and
1 / (1 - p) is drawn and multiplied by; the forms differ in which places share one draw.  With the same seed the masks
on the CPU are PyTorch's.
"""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.autograd.function import wrap
from minigrad.autograd.inplace import apply_in_place
from minigrad.kernels import array_namespace
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.random import default_generator, in_memory_order
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

SELU_LIMIT = -1.7580993408473766  # what selu tends to as its input falls


def _survivors(input: Tensor, p: float, shape: Any) -> Any:
    """An array of ones (kept, with probability 1 - p) and zeros (dropped)."""
    x = input._array

    def draw(size: tuple[int, ...], _: bool) -> Any:
        return default_generator.bernoulli(1 - p, size, x.dtype)

    return array_namespace(x).asarray(in_memory_order(x, draw) if tuple(shape) == x.shape else draw(shape, True))


def _scaled(input: Tensor, p: float, shape: Any) -> Tensor:
    """input times ones and zeros of a shape that broadcasts, the ones raised to 1 / (1 - p)."""
    if p == 1:
        return input * 0
    mask = _survivors(input, p, shape)
    mask /= 1 - p
    return input * wrap(mask)


def _selu_scaled(input: Tensor, p: float, shape: Any) -> Tensor:
    """What is dropped is set to selu's limit; then scale and shift restore mean 0 and variance 1."""
    if p == 1:
        return input * 0
    kept = _survivors(input, p, shape)
    a = ((1 - p) * (1 + p * SELU_LIMIT * SELU_LIMIT)) ** -0.5
    shift = (1 - kept) * (a * SELU_LIMIT) - a * p * SELU_LIMIT
    return input * wrap(kept * a) + wrap(shift.astype(kept.dtype, copy=False))


def _features(input: Tensor) -> tuple[int, ...]:
    """One draw for each channel: (N, C, *S) to (N, C, 1, ...)."""
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *(1,) * (input.ndim - 2))


def _unbatched_features(input: Tensor) -> tuple[int, ...]:
    """One draw for each channel: (C, *S) to (C, 1, ...)."""
    return (input.shape[0], *(1,) * (input.ndim - 1))


def _drop(function: Any, name: str, input: Tensor, p: float, training: bool, inplace: bool, shape: Any) -> Tensor:
    check_tensor(name, "input", input)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or not input.numel():
        return input
    if not input.dtype.is_inexact:
        raise RuntimeError(
            f"{name}: result type Float can't be cast to the desired output type {input.dtype}: convert with .float()"
        )
    where = shape(input)
    return apply_in_place(function, input, p, where) if inplace else function(input, p, where)


def _all(input: Tensor) -> Any:
    return input._array.shape


@operation(where=("nn.functional", ""), method=False, out=False)
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element becomes 0 with probability p and is divided by 1 - p otherwise; nothing happens unless `training`.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.nn.functional.dropout(minigrad.ones(6), p=0.5)
    tensor([0., 0., 2., 0., 0., 0.])
    """
    return _drop(_scaled, "dropout", input, p, training, inplace, _all)


@operation(where="nn.functional", out=False)
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drop whole channels of a sequence, (N, C, T) or (C, T), with probability p; divide the rest by 1 - p.

    (Tompson et al., "Efficient object localization using convolutional networks", 2015.)
    """
    check_tensor("dropout1d", "input", input)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input: it drops channels of sequences"
        )
    return _drop(
        _scaled, "dropout1d", input, p, training, inplace, _features if input.ndim == 3 else _unbatched_features
    )


@operation(where="nn.functional", out=False)
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drop whole channels of images (N, C, H, W) with probability p; divide the rest by 1 - p.

    >>> import minigrad
    >>> image = minigrad.nn.functional.dropout2d(minigrad.ones(1, 8, 2, 2))
    >>> all(channel.unique().numel() == 1 for channel in image[0])
    True
    """
    check_tensor("dropout2d", "input", input)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is "
            "interpreted as shape (N, C, L), where C is the channel dim. For one image of shape (C, H, W), use "
            "unsqueeze(0).",
            stacklevel=3,
        )
    elif input.ndim != 4:
        _warn_of_rank("dropout2d", input)
    return _drop(_scaled, "dropout2d", input, p, training, inplace, _features)


@operation(where="nn.functional", out=False)
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Drop whole channels of volumes (N, C, D, H, W) or (C, D, H, W) with probability p; divide the rest by 1 - p."""
    check_tensor("dropout3d", "input", input)
    if input.ndim not in (4, 5):
        _warn_of_rank("dropout3d", input)
    return _drop(
        _scaled, "dropout3d", input, p, training, inplace, _unbatched_features if input.ndim == 4 else _features
    )


def _warn_of_rank(name: str, input: Tensor) -> None:
    warnings.warn(
        f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will result in an error in a "
        "future release. "
        "To retain the behavior and silence this warning, please use dropout instead.",
        stacklevel=4,
    )


@operation(where=("nn.functional", ""), method=False, out=False)
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for networks of selu units; what is dropped becomes selu's lower limit.

    (Klambauer et al., "Self-normalizing neural networks", 2017.)

    >>> import minigrad
    >>> minigrad.nn.functional.alpha_dropout(minigrad.zeros(1000), training=True).unique().numel()
    2
    """
    return _drop(_selu_scaled, "alpha_dropout", input, p, training, inplace, _all)


@operation(where=("nn.functional", ""), method=False, out=False)
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of (N, C, *)."""
    return _drop(_selu_scaled, "feature_alpha_dropout", input, p, training, inplace, _features)
