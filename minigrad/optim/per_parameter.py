"""Optimizers that are short enough to be written for one parameter at a time, in tensor code.

What they have in common is here: counting steps, the sign of the gradient, weight decay.  `classics.py` and
`adam_family.py` hold the rules themselves, `adafactor.py` the longest of them.
"""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.optim.optimizer import Optimizer, ParamGroup
from minigrad.tensor import Tensor


class PerParameter(Optimizer):
    """A subclass says what to remember (`_start`) and how to move (`_move`); both see a gradient ready for use."""

    decoupled = False  # whether weight decay shrinks the weight, and `_move` does it, where no option says so

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        for p, grad in zip(params, grads, strict=True):
            if p.is_complex():
                raise NotImplementedError(
                    f"{type(self).__name__} does not move complex parameters: optimize view_as_real(p), or use Adam"
                )
            state = self.state[p]
            if not state:
                state["step"] = minigrad.zeros((), dtype=minigrad.float32, device="cpu")
                self._start(p, group, state)
            state["step"] += 1
            if group["maximize"]:
                grad = -grad
            decay = group.get("weight_decay", 0)
            if decay and not group.get("decoupled_weight_decay", self.decoupled):
                grad = grad + decay * p
            self._move(p, grad, group, state, float(group["lr"]))

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        """Make the state of a parameter that moves for the first time."""
        raise NotImplementedError

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        """Move one parameter in place."""
        raise NotImplementedError


def shrink(p: Tensor, group: ParamGroup, lr: float) -> None:
    """Decoupled weight decay: p = p * (1 - lr * weight_decay), in place   (Loshchilov & Hutter, 2019)."""
    if group["weight_decay"]:
        p *= 1 - lr * group["weight_decay"]


def running_average(average: Tensor, value: Tensor, beta: float) -> Tensor:
    """average = beta * average + (1 - beta) * value, in place."""
    average *= beta
    average += (1 - beta) * value
    return average
