"""All parameters of a model as one long vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import minigrad
from minigrad.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters one after the other, as a vector that is part of their graph.

    >>> import minigrad
    >>> minigrad.nn.utils.parameters_to_vector(minigrad.nn.Linear(3, 2).parameters()).shape
    torch.Size([8])
    """
    return minigrad.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Cut a vector into pieces and give them to the parameters as their data: the inverse of `parameters_to_vector`."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    parameters = list(parameters)
    wanted = sum(parameter.numel() for parameter in parameters)
    if vec.numel() != wanted:
        raise ValueError(f"vector_to_parameters: the parameters have {wanted} elements, the vector has {vec.numel()}")
    pieces = vec.detach().split([parameter.numel() for parameter in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.data = piece.reshape(parameter.shape)
