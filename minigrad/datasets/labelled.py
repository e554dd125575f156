"""The type that every data set here returns: inputs and targets, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.tensor import Tensor
from minigrad.utils.data import TensorDataset


class LabelledData(TensorDataset):
    """Inputs `x` and targets `y` of equal length; sample i is the pair (x[i], y[i]).

    `target_names[c]` says what class c is called, `feature_names[d]` what column d of x measures (empty for pictures).
    """

    def __init__(self, x: Tensor, y: Tensor, target_names: Sequence[Any] = (), feature_names: Sequence[Any] = ()):
        super().__init__(x, y)
        self.target_names = [str(name) for name in target_names]
        self.feature_names = [str(name) for name in feature_names]

    @property
    def x(self) -> Tensor:
        """The inputs, one sample a row."""
        return self.tensors[0]

    @property
    def y(self) -> Tensor:
        """The targets."""
        return self.tensors[1]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(x={tuple(self.x.shape)} {self.x.dtype}, y={tuple(self.y.shape)} {self.y.dtype})"

    def take(self, indices: Tensor) -> LabelledData:
        """The samples at `indices`, as a data set of its own."""
        return LabelledData(self.x[indices], self.y[indices], self.target_names, self.feature_names)
