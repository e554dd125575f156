"""Layers that multiply by a weight: `Linear`, `Bilinear`, and `Identity`, which does nothing.

The shortest complete example of a layer: parameters made in `__init__`, their starting values in `reset_parameters`,
one line in `forward`.  Read `containers.py` or `conv.py` next.
"""

from __future__ import annotations

import math
from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class Identity(Module):
    """Returns its input; takes any arguments and ignores them.  Useful in the place of a layer that is switched off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """y = x W^T + b.

    x: (*, in_features), y: (*, out_features), weight: (out_features, in_features), bias: (out_features) or None.
    Both start uniform on (-1/sqrt(in_features), 1/sqrt(in_features)).

    >>> import minigrad
    >>> layer = minigrad.nn.Linear(20, 30)
    >>> layer(minigrad.ones(128, 20)).shape
    torch.Size([128, 30])
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(minigrad.empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter(
            "bias", Parameter(minigrad.empty(out_features, device=device, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # with this `a` the bound is 1 / sqrt(fan_in)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        try:
            return F.linear(input, self.weight, self.bias)
        except RuntimeError as error:
            shape = tuple(getattr(input, "shape", ()))
            if shape and shape[-1] != self.in_features:
                me = f"{type(self).__name__}(in_features={self.in_features}, out_features={self.out_features})"
                raise RuntimeError(
                    f"{error}. {me}: expected input of shape (*, {self.in_features}), got {shape}. "
                    f"Did you mean in_features={shape[-1]}?"
                ) from None
            raise

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y_k = x1^T A_k x2 + b_k: linear in each of two inputs.

    x1: (*, in1_features), x2: (*, in2_features), y: (*, out_features); A: (out_features, in1_features, in2_features).

    >>> import minigrad
    >>> layer = minigrad.nn.Bilinear(20, 30, 40)
    >>> layer(minigrad.ones(128, 20), minigrad.ones(128, 30)).shape
    torch.Size([128, 40])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(minigrad.empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        self.register_parameter(
            "bias", Parameter(minigrad.empty(out_features, device=device, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values, uniform on (-1/sqrt(in1_features), 1/sqrt(in1_features))."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
