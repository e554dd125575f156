"""The arithmetic of the optimizers: tensors in, a kernel of `kernels/optimizers.py` on their arrays, versions raised.

These are the only operations that change tensors without a place in the graph: an optimizer runs outside of it.  The
formulas stand in the docstrings of `optim/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.kernels import optimizers as kernels
from minigrad.kernels.memory import addressable
from minigrad.tensor import Tensor

Number = float | Tensor


def _arrays(tensors: Sequence[Tensor] | None) -> list[Any] | None:
    """The arrays to be changed; complex numbers are seen as pairs of reals, which the optimizers treat apart."""
    if tensors is None:
        return None
    for t in tensors:
        t._array = addressable(t._array)
    return [t._array.view(t._array.real.dtype) if t._array.dtype.kind == "c" else t._array for t in tensors]


def _changed(*groups: Sequence[Tensor] | None) -> None:
    for tensors in groups:
        for t in tensors or ():
            t._bump_version()
