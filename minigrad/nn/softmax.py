"""The softmax family as layers: scores along one dimension become probabilities, or their logarithms.

Read `loss.py` next: `CrossEntropyLoss` takes the scores themselves, so a classifier trained with it needs none.
"""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.activation import _Activation
from minigrad.tensor import Tensor


class Softmax(_Activation):
    """exp(x_i) / sum_j exp(x_j) along `dim`: numbers into probabilities.

    >>> import minigrad
    >>> minigrad.nn.Softmax(dim=-1)(minigrad.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)


class Softmin(Softmax):
    """softmax(-x) along `dim`.

    >>> import minigrad
    >>> minigrad.nn.Softmin(dim=-1)(minigrad.tensor([0.0, 1.0]))
    tensor([0.7311, 0.2689])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)


class LogSoftmax(Softmax):
    """log(softmax(x)) along `dim`, without overflow.

    >>> import minigrad
    >>> minigrad.nn.LogSoftmax(dim=-1)(minigrad.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmax2d(_Activation):
    """softmax over the channels at every place of an image: (N, C, H, W) or (C, H, W).

    >>> import minigrad
    >>> minigrad.nn.Softmax2d()(minigrad.zeros(4, 1, 2))[0]
    tensor([[0.2500, 0.2500]])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)
