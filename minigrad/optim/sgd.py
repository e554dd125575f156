"""Gradient descent, with momentum.  The rule of every step is in the docstring; `adam.py` comes next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.ops import optimizer_steps
from minigrad.optim.optimizer import Optimizer, ParamGroup, check_flags, check_lr, check_range
from minigrad.tensor import Tensor


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum, Nesterov's too   (Sutskever et al., 2013).

        g = grad + weight_decay * p                    (-grad with maximize)
        v = momentum * v + (1 - dampening) * g         (v = g at the first step; v = g without momentum)
        p = p - lr * v                                 (nesterov: p - lr * (g + momentum * v))

    `foreach` and `fused` choose an implementation in PyTorch; here there is one, and they change nothing.
    `differentiable=True` is refused.  Raises ValueError for options out of range.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = minigrad.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.8000, 1.6000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_lr(lr)
        check_range("momentum value", momentum)
        check_range("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_flags(foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        if group["momentum"] == 0:
            return self._move(group, params, grads, None, 0.0)
        fresh = [self.state[p].get("momentum_buffer") is None for p in params]
        for p, is_fresh in zip(params, fresh, strict=True):
            if is_fresh:
                self.state[p]["momentum_buffer"] = minigrad.zeros_like(p)
        # A buffer of zeros without dampening gives v = g: the first step of a parameter.
        for first in {True, False} & set(fresh):
            chosen = [i for i, is_fresh in enumerate(fresh) if is_fresh == first]
            buffers = [self.state[params[i]]["momentum_buffer"] for i in chosen]
            dampening = 0.0 if first else group["dampening"]
            self._move(group, [params[i] for i in chosen], [grads[i] for i in chosen], buffers, dampening)

    @staticmethod
    def _move(
        group: ParamGroup, params: list[Tensor], grads: list[Tensor], buffers: list[Tensor] | None, dampening: float
    ) -> None:
        optimizer_steps.sgd(
            params,
            grads,
            buffers,
            lr=group["lr"],
            momentum=group["momentum"],
            dampening=dampening,
            weight_decay=group["weight_decay"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
        )
