"""Adagrad: weights that have moved much move less.  The ancestor of RMSprop and Adam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.ops import optimizer_steps
from minigrad.optim.optimizer import Optimizer, ParamGroup, check_flags, check_lr, check_range
from minigrad.tensor import Tensor


class Adagrad(Optimizer):
    """Adagrad   (Duchi, Hazan & Singer, 2011).

        g = grad + weight_decay * p                    (-grad with maximize)
        s = s + g^2                                    the sum of all squares, from `initial_accumulator_value`
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    The state of a parameter is `step` (t) and `sum` (s), made when the parameter is added.
    `foreach` and `fused` choose an implementation in PyTorch; here there is one.  `differentiable=True` is refused.
    Raises ValueError for options out of range.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9000, -19.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_lr(lr)
        check_range("lr_decay value", lr_decay)
        check_range("weight_decay value", weight_decay)
        check_range("initial_accumulator_value value", initial_accumulator_value)
        check_range("epsilon value", eps)
        check_flags(foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def add_param_group(self, param_group: ParamGroup) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for p in group["params"]:
            start = group["initial_accumulator_value"]
            start = complex(start, start) if p.is_complex() else start
            step = minigrad.zeros((), dtype=minigrad.float32, device="cpu")
            self.state[p] = {"step": step, "sum": minigrad.full_like(p, start)}

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        states = [self.state[p] for p in params]
        optimizer_steps.adagrad(
            params,
            grads,
            [s["sum"] for s in states],
            [s["step"] for s in states],
            lr=group["lr"],
            lr_decay=group["lr_decay"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
        )
