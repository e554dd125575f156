"""Adafactor: Adam's adaptive steps in a fraction of the memory, for large matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.optim.optimizer import ParamGroup, check_lr
from minigrad.optim.per_parameter import PerParameter, shrink
from minigrad.tensor import Tensor


class Adafactor(PerParameter):
    """Adafactor   (Shazeer & Stern, 2018).

    The running average v of squared gradients is not kept for every weight of a matrix, but as the means R of its rows
    and C of its columns: v = R C / mean(R).

        beta = 1 - t^beta2_decay
        R, C = beta * R + (1 - beta) * row means of g^2, the same for columns    (a vector keeps v itself)
        u = g / sqrt(v)                      with v at least eps1^2
        u = u / max(1, rms(u) / d)           no update larger than d on average
        p = p - max(eps2, rms(p)) * min(lr, 1 / sqrt(t)) * u

    `eps` is (eps1, eps2); eps1 None stands for the precision of the type.  Weight decay shrinks the weight itself.

    >>> import minigrad
    >>> w = minigrad.tensor([[1.0, -20.0]], requires_grad=True)
    >>> optimizer = minigrad.optim.Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach().round(decimals=2)
    tensor([[ -0.4200, -18.5800]])
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ):
        if isinstance(lr, Tensor):
            check_lr(lr)
        for allowed, words in (
            (lr >= 0, f"Learning rate should be >= 0 but is: {lr}"),
            (beta2_decay <= 0, f"beta2_decay should be <= 0 but is: {beta2_decay}"),
            (eps[0] is None or eps[0] >= 0, f"epsilon1 should be >= 0 but is: {eps[0]}"),
            (eps[1] >= 0, f"epsilon2 should be >= 0 but is: {eps[1]}"),
            (d >= 1, f"Clipping threshold d should be >= 1 but is: {d}"),
            (weight_decay >= 0, f"weight_decay should be >= 0 but is: {weight_decay}"),
        ):
            if not allowed:
                raise ValueError(words)
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": eps,
                "d": d,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
            },
        )

    def _start(self, p: Tensor, group: ParamGroup, state: dict[str, Any]) -> None:
        if p.dim() > 1:
            state["row_var"] = minigrad.zeros_like(p[..., :1])
            state["col_var"] = minigrad.zeros_like(p[..., :1, :])
        else:
            state["variance"] = minigrad.zeros_like(p)

    def _move(self, p: Tensor, grad: Tensor, group: ParamGroup, state: dict[str, Any], lr: float) -> None:
        eps1, eps2 = group["eps"]
        eps1 = minigrad.finfo(p.dtype).eps if eps1 is None else eps1
        t, square = state["step"].item(), grad * grad
        forget = t ** group["beta2_decay"]
        if p.dim() > 1:
            row = _toward(state["row_var"], square.mean(-1, keepdim=True), forget)
            column = _toward(state["col_var"], square.mean(-2, keepdim=True), forget)
            variance = row @ column / row.mean(-2, keepdim=True).clamp(min=eps1)
        else:
            variance = _toward(state["variance"], square, forget)
        update = grad / variance.clamp(min=eps1 * eps1).sqrt()
        size = max(eps2, _rms(p)) * min(lr, t**-0.5) / max(1.0, _rms(update) / group["d"])
        shrink(p, group, lr)
        p -= size * update


def _toward(average: Tensor, value: Tensor, weight: float) -> Tensor:
    """average = average + weight * (value - average), in place."""
    average += weight * (value - average)
    return average


def _rms(x: Tensor) -> float:
    """The root mean square."""
    return x.norm(2).item() / x.numel() ** 0.5
