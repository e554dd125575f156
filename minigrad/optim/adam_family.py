"""Relatives of Adam: another norm (Adamax), Nesterov's momentum (NAdam), a warm-up that is computed (RAdam)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.optim.optimizer import ParamGroup, check_betas, check_flags, check_lr, check_range
from minigrad.optim.per_parameter import PerParameter, running_average, shrink
from minigrad.tensor import Tensor


class Adamax(PerParameter):
    """Adam with the largest recent gradient in place of the root mean square   (Kingma & Ba, 2015, section 7.1).

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p = p - lr / (1 - beta1^t) * m / u

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.9000, -19.9000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("epsilon value", eps)
        check_betas(betas)
        check_range("weight_decay value", weight_decay)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["exp_avg"], state["exp_inf"] = minigrad.zeros_like(p), minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        beta1, beta2 = group["betas"]
        average = running_average(state["exp_avg"], grad, beta1)
        state["exp_inf"].copy_(minigrad.maximum(state["exp_inf"] * beta2, grad.abs() + group["eps"]))
        p -= lr / (1 - beta1 ** state["step"].item()) * average / state["exp_inf"]


class NAdam(PerParameter):
    """Adam with Nesterov's momentum: the step looks one momentum ahead   (Dozat, 2016).

        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2)
        m, v as in Adam
        d = (1 - mu_t) / (1 - mu_1...mu_t) * g + mu_{t+1} / (1 - mu_1...mu_{t+1}) * m
        p = p - lr * d / (sqrt(v / (1 - beta2^t)) + eps)

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach().round(decimals=2)
    tensor([  0.8900, -19.8900])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("epsilon value", eps)
        check_betas(betas)
        check_range("weight_decay value", weight_decay)
        check_range("momentum_decay value", momentum_decay)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["mu_product"] = minigrad.ones((), dtype=minigrad.float32)
        state["exp_avg"], state["exp_avg_sq"] = minigrad.zeros_like(p), minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        (beta1, beta2), t = group["betas"], state["step"].item()
        if group["decoupled_weight_decay"]:
            shrink(p, group, lr)
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1))
        state["mu_product"] *= mu
        product = state["mu_product"].item()
        average = running_average(state["exp_avg"], grad, beta1)
        square = running_average(state["exp_avg_sq"], grad * grad, beta2)
        size = (square / (1 - beta2**t)).sqrt() + group["eps"]
        p -= lr * (1 - mu) / (1 - product) * grad / size
        p -= lr * mu_next / (1 - product * mu_next) * average / size


class RAdam(PerParameter):
    """Adam that trusts its average of squares only once it has seen enough of them   (Liu et al., 2020).

    rho = rho_inf - 2 t beta2^t / (1 - beta2^t), with rho_inf = 2 / (1 - beta2) - 1, is the number of squares that the
    average is worth.

        p = p - lr * r * m_hat * sqrt(1 - beta2^t) / (sqrt(v) + eps)    when rho > 5,
            r = sqrt((rho - 4)(rho - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho))
        p = p - lr * m_hat                                              before that

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, -20.0], requires_grad=True)
    >>> optimizer = minigrad.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([  0.8000, -16.0000])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr, foreach)
        check_range("epsilon value", eps)
        check_betas(betas)
        check_range("weight_decay value", weight_decay)
        check_flags(foreach, None, differentiable, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        state["exp_avg"], state["exp_avg_sq"] = minigrad.zeros_like(p), minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        (beta1, beta2), t = group["betas"], state["step"].item()
        if group["decoupled_weight_decay"]:
            shrink(p, group, lr)
        average = running_average(state["exp_avg"], grad, beta1)
        square = running_average(state["exp_avg_sq"], grad * grad, beta2)
        unbiased = average / (1 - beta1**t)
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            rectified = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            unbiased = unbiased * (rectified * math.sqrt(1 - beta2**t)) / (square.sqrt() + group["eps"])
        p -= lr * unbiased
