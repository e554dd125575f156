"""Adam and AdamW: a step length for every weight, from running averages of its gradient and of its square.

The two differ in one line, weight decay: Adam adds it to the gradient, where it is divided by the average like all
else; AdamW shrinks the weight itself.  Read `rmsprop.py` for where the idea came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.ops import optimizer_steps
from minigrad.optim.optimizer import Optimizer, ParamGroup, check_betas, check_flags, check_lr, check_range
from minigrad.tensor import Tensor

Betas = tuple[float | Tensor, float | Tensor]


class Adam(Optimizer):
    """Adam   (Kingma & Ba, 2015; amsgrad: Reddi et al., 2018; decoupled weight decay: Loshchilov & Hutter, 2019).

        t = t + 1
        g = grad + weight_decay * p                    (-grad with maximize)
        m = beta1 * m + (1 - beta1) * g                running average of the gradient
        v = beta2 * v + (1 - beta2) * g^2              running average of its square
        p = p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    Dividing by 1 - beta^t makes up for the averages' start at zero.  `amsgrad` divides by the largest v so far.
    `decoupled_weight_decay` leaves g alone and shrinks the weight instead, p = p * (1 - lr * weight_decay): see AdamW.

    The state of a parameter is `step` (t), `exp_avg` (m), `exp_avg_sq` (v) and, with amsgrad, `max_exp_avg_sq`.
    `foreach` and `fused` choose an implementation in PyTorch; here there is one, and they change nothing.
    `differentiable=True` and `capturable=True` are refused.  Raises ValueError for options out of range.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9000, -19.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("epsilon value", eps)
        check_betas(betas, foreach)
        check_range("weight_decay value", weight_decay)
        check_flags(foreach, fused, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        states = [self.state[p] for p in params]
        for p, state in zip(params, states, strict=True):
            if not state:
                state["step"] = minigrad.zeros((), dtype=minigrad.float32, device="cpu")
                state["exp_avg"] = minigrad.zeros_like(p)
                state["exp_avg_sq"] = minigrad.zeros_like(p)
                if group["amsgrad"]:
                    state["max_exp_avg_sq"] = minigrad.zeros_like(p)
        optimizer_steps.adam(
            params,
            grads,
            [s["exp_avg"] for s in states],
            [s["exp_avg_sq"] for s in states],
            [s["max_exp_avg_sq"] for s in states] if group["amsgrad"] else None,
            [s["step"] for s in states],
            lr=group["lr"],
            betas=group["betas"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )


class AdamW(Adam):
    """Adam with weight decay that acts on the weight itself: p = p * (1 - lr * weight_decay) before each step of Adam
    (Loshchilov & Hutter, 2019).  The arguments are Adam's; `weight_decay` is 0.01 unless said otherwise.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.8500, -18.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
