"""Older optimizers that still teach something: units that cancel (Adadelta), averaging (ASGD), signs alone (Rprop)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.optim.optimizer import ParamGroup, check_flags, check_lr, check_range
from minigrad.optim.per_parameter import PerParameter, running_average
from minigrad.tensor import Tensor


class Adadelta(PerParameter):
    """Steps in the units of the parameter: the size of recent steps over the size of recent gradients   (Zeiler, 2012).

        v = rho * v + (1 - rho) * g^2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d^2
        p = p - lr * d

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adadelta([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9968, -19.9968])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr, foreach)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_range("epsilon value", eps)
        check_range("weight_decay value", weight_decay)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["square_avg"], state["acc_delta"] = minigrad.zeros_like(p), minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        rho, eps = group["rho"], group["eps"]
        square = running_average(state["square_avg"], grad * grad, rho)
        delta = (state["acc_delta"] + eps).sqrt() / (square + eps).sqrt() * grad
        running_average(state["acc_delta"], delta * delta, rho)
        p -= lr * delta


class ASGD(PerParameter):
    """Gradient descent with a falling rate, and the average of its path kept beside it   (Polyak & Juditsky, 1992).

        p = p * (1 - lambd * eta) - eta * g
        ax = p while t <= t0, then the running mean of p      (in `state[p]["ax"]`)
        eta = lr / (1 + lambd * lr * t)^alpha

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.ASGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach().round(decimals=3)
    tensor([  0.8000, -16.0000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("weight_decay value", weight_decay)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["eta"] = minigrad.tensor(float(group["lr"]), dtype=minigrad.float32)
        state["mu"] = minigrad.ones((), dtype=minigrad.float32)
        state["ax"] = minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        eta, mu, t = state["eta"].item(), state["mu"].item(), state["step"].item()
        p *= 1 - group["lambd"] * eta
        p -= eta * grad
        if mu == 1:
            state["ax"].copy_(p)
        else:
            state["ax"] += (p - state["ax"]) * mu
        state["eta"].fill_(lr / (1 + group["lambd"] * lr * t) ** group["alpha"])
        state["mu"].fill_(1 / max(1, t - group["t0"]))


class Rprop(PerParameter):
    """A step length for every weight, ruled by the gradient's sign alone   (Riedmiller & Braun, 1993).

    Where the sign is as before, the length grows by etas[1]; where it changed, it shrinks by etas[0] and the weight
    rests for one step.  Lengths stay within `step_sizes`.  For full batches only: noise flips signs.

        p = p - sign(g) * length

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9000, -19.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr, foreach)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["prev"] = minigrad.zeros_like(p)
        state["step_size"] = minigrad.full_like(p, float(group["lr"]))

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        shrink, grow = group["etas"]
        agreement = (grad * state["prev"]).sign()
        factor = minigrad.ones_like(p).masked_fill(agreement > 0, grow).masked_fill(agreement < 0, shrink)
        state["step_size"].copy_((state["step_size"] * factor).clamp(*group["step_sizes"]))
        grad = grad.masked_fill(agreement < 0, 0.0)
        p -= grad.sign() * state["step_size"]
        state["prev"].copy_(grad)
