"""The arithmetic of the optimizers: tensors in, a kernel of `kernels/optimizers.py` on their arrays, versions raised.

These are the only operations that change tensors without a place in the graph: an optimizer runs outside of it.  The
formulas stand in the docstrings of `optim/`.  Options that may be tensors (a learning rate) are read at each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.kernels import optimizers as kernels
from minigrad.kernels.memory import addressable
from minigrad.tensor import Tensor

Tensors = Sequence[Tensor]
Number = float | Tensor


def sgd(
    params: Tensors,
    grads: Tensors,
    momentum_buffers: Tensors | None,
    *,
    lr: Number,
    momentum: float,
    dampening: float,
    weight_decay: Number,
    nesterov: bool,
    maximize: bool,
) -> None:
    """One step of `optim.SGD`; the buffers of a first step are zeros, and its dampening is 0."""
    kernels.sgd_step(
        _changing(params),
        _reading(grads),
        None if momentum_buffers is None else _changing(momentum_buffers),
        lr=float(lr),
        momentum=momentum,
        dampening=dampening,
        weight_decay=float(weight_decay),
        nesterov=nesterov,
        maximize=maximize,
    )


def adam(
    params: Tensors,
    grads: Tensors,
    exp_avgs: Tensors,
    exp_avg_sqs: Tensors,
    max_exp_avg_sqs: Tensors | None,
    steps: Tensors,
    *,
    lr: Number,
    betas: tuple[Number, Number],
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """One step of `optim.Adam`, or of AdamW (`decoupled`)."""
    kernels.adam_step(
        _changing(params),
        _reading(grads),
        _changing(exp_avgs),
        _changing(exp_avg_sqs),
        None if max_exp_avg_sqs is None else _changing(max_exp_avg_sqs),
        _advanced(steps, params),
        lr=float(lr),
        betas=(float(betas[0]), float(betas[1])),
        eps=eps,
        weight_decay=weight_decay,
        decoupled=decoupled,
        maximize=maximize,
    )


def rmsprop(
    params: Tensors,
    grads: Tensors,
    square_avgs: Tensors,
    grad_avgs: Tensors | None,
    momentum_buffers: Tensors | None,
    steps: Tensors,
    *,
    lr: Number,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> None:
    """One step of `optim.RMSprop`; `grad_avgs` makes it the centered form."""
    _advanced(steps, params)
    kernels.rmsprop_step(
        _changing(params),
        _reading(grads),
        _changing(square_avgs),
        None if grad_avgs is None else _changing(grad_avgs),
        None if momentum_buffers is None else _changing(momentum_buffers),
        lr=float(lr),
        alpha=alpha,
        eps=eps,
        weight_decay=weight_decay,
        momentum=momentum,
        maximize=maximize,
    )


def adagrad(
    params: Tensors,
    grads: Tensors,
    sums: Tensors,
    steps: Tensors,
    *,
    lr: Number,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """One step of `optim.Adagrad`."""
    kernels.adagrad_step(
        _changing(params),
        _reading(grads),
        _changing(sums),
        _advanced(steps, params),
        lr=float(lr),
        lr_decay=lr_decay,
        eps=eps,
        weight_decay=weight_decay,
        maximize=maximize,
    )


def _reals(array: Any) -> tuple[Any, ...]:
    """The array, or the two real ones that a complex array consists of: optimizers move these apart."""
    return (array.real, array.imag) if array.dtype.kind == "c" else (array,)


def _reading(tensors: Tensors) -> list[Any]:
    return [part for t in tensors for part in _reals(t._array)]


def _changing(tensors: Tensors) -> list[Any]:
    """The arrays to write into, with the writing announced to autograd."""
    for t in tensors:
        t._array = addressable(t._array)
        t._bump_version()
    return _reading(tensors)


def _advanced(steps: Tensors, params: Tensors) -> list[float]:
    """Count one step more; the counts as numbers, one for each array of `params`."""
    counts = []
    for count, p in zip(_changing(steps), params, strict=True):
        count += 1
        counts += [float(count)] * len(_reals(p._array))
    return counts
