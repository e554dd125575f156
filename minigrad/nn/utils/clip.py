"""Keeping gradients small: by the norm of all of them together, or each number by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.tensor import Tensor


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as if they were one long vector: the norm of their norms.

    >>> import minigrad
    >>> minigrad.nn.utils.get_total_norm([minigrad.tensor([3.0]), minigrad.tensor([[4.0]])])
    tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return minigrad.tensor(0.0)
    norm_type = float(norm_type)
    place = tensors[0].device
    norms = [minigrad.linalg.vector_norm(tensor, norm_type).to(place) for tensor in tensors]
    total = minigrad.linalg.vector_norm(minigrad.stack(norms), norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. Look for the inf or nan in the gradients, or set `error_if_nonfinite=False` to go on with it"
        )
    return total


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients, in place, by min(1, max_norm / (total_norm + 1e-6))."""
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    with minigrad.no_grad():
        for gradient in _gradients(parameters):
            gradient.mul_(factor.to(gradient.device))


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, in place, so that their total norm is at most `max_norm` (Pascanu et al., 2013).

    Returns the norm before.  `foreach` chooses a faster kernel in PyTorch and has no effect here.

    >>> import minigrad
    >>> w = minigrad.tensor([0.0, 0.0], requires_grad=True)
    >>> (3 * w[0] + 4 * w[1]).backward()
    >>> minigrad.nn.utils.clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    with minigrad.no_grad():
        total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
        clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every number of every gradient, in place, to [-clip_value, clip_value].

    >>> import minigrad
    >>> w = minigrad.tensor([0.0, 0.0], requires_grad=True)
    >>> (3 * w[0] - 4 * w[1]).backward()
    >>> minigrad.nn.utils.clip_grad_value_([w], 0.5)
    >>> w.grad
    tensor([ 0.5000, -0.5000])
    """
    with minigrad.no_grad():
        for gradient in _gradients(parameters):
            gradient.clamp_(min=-float(clip_value), max=float(clip_value))
