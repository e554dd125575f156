"""RMSprop: divide each gradient by how large it has been lately.  Read `adagrad.py` next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.ops import optimizer_steps
from minigrad.optim.optimizer import Optimizer, ParamGroup, check_flags, check_lr, check_range
from minigrad.tensor import Tensor


class RMSprop(Optimizer):
    """RMSprop   (Tieleman & Hinton, 2012, lecture 6.5; centered: Graves, 2013).

        g = grad + weight_decay * p                    (-grad with maximize)
        v = alpha * v + (1 - alpha) * g^2              running average of the square
        a = alpha * a + (1 - alpha) * g                running average of the gradient
        s = v - a^2 if centered, else v
        b = momentum * b + g / (sqrt(s) + eps)
        p = p - lr * b

    The state of a parameter is `step`, `square_avg` (v) and, where asked for, `grad_avg` (a) and `momentum_buffer` (b).
    `foreach` chooses an implementation in PyTorch; here there is one.  `differentiable=True` and `capturable=True` are
    refused.  Raises ValueError for options out of range.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9000, -19.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("epsilon value", eps)
        check_range("momentum value", momentum)
        check_range("weight_decay value", weight_decay)
        check_range("alpha value", alpha)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        states = [self.state[p] for p in params]
        for p, state in zip(params, states, strict=True):
            if not state:
                state["step"] = minigrad.zeros((), dtype=minigrad.float32, device="cpu")
                state["square_avg"] = minigrad.zeros_like(p)
                if group["momentum"] > 0:
                    state["momentum_buffer"] = minigrad.zeros_like(p)
                if group["centered"]:
                    state["grad_avg"] = minigrad.zeros_like(p)
        optimizer_steps.rmsprop(
            params,
            grads,
            [s["square_avg"] for s in states],
            [s["grad_avg"] for s in states] if group["centered"] else None,
            [s["momentum_buffer"] for s in states] if group["momentum"] > 0 else None,
            [s["step"] for s in states],
            lr=group["lr"],
            alpha=group["alpha"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            maximize=group["maximize"],
        )
