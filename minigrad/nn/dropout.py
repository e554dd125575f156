"""Dropout: while training, a random part of the input becomes zero and the rest is scaled up to keep the mean.

In evaluation all of these return their input.  Read `embedding.py` next.
"""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _DropoutNd(Module):
    """Holds the probability `p` of a zero, and `inplace`."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Each element is 0 with probability p, else x / (1 - p)   (Srivastava et al., 2014).  Any shape.

    >>> import minigrad
    >>> layer = minigrad.nn.Dropout(0.5)
    >>> sorted(set(layer(minigrad.ones(100)).tolist()))
    [0.0, 2.0]
    >>> bool((layer.eval()(minigrad.ones(100)) == 1).all())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Whole channels are dropped: (N, C, T) or (C, T)   (Tompson et al., 2015)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Whole channels are dropped: (N, C, H, W) or (N, C, T)   (Tompson et al., 2015).

    >>> import minigrad
    >>> y = minigrad.nn.Dropout2d(0.5)(minigrad.ones(1, 8, 2, 2))
    >>> bool((y == y[:, :, :1, :1]).all())
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Whole channels are dropped: (N, C, D, H, W) or (C, D, H, W)   (Tompson et al., 2015)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout for SELU networks: dropped elements take SELU's lowest value, and scale and shift keep mean 0 and
    variance 1   (Klambauer et al., 2017)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels: (N, C, *)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
