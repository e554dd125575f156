"""Schedules that go up and down: one cycle, triangles, the cosine with warm restarts.

The first two also swing the momentum the other way: large steps with little momentum, small steps with much (Smith,
2018).  Read `combined.py` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

from minigrad.optim.lr_scheduler.base import (
    LRScheduler,
    Rate,
    check_optimizer,
    one_for_each,
    pack_callables,
    set_rate,
    unpack_callables,
)
from minigrad.optim.optimizer import Optimizer


def _uses_beta1(optimizer: Optimizer) -> bool:
    """Whether the momentum of this optimizer is called betas[0] (Adam) and not "momentum" (SGD)."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled: "
            f"{type(optimizer).__name__} has neither; pass cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def _set_momentum(group: dict[str, Any], momentum: float, use_beta1: bool) -> None:
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def _cosine(start: float, end: float, done: float) -> float:
    """From `start` to `end` along half a cosine, as `done` goes from 0 to 1."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)


def _linear(start: float, end: float, done: float) -> float:
    return (end - start) * done + start


class OneCycleLR(LRScheduler):
    """Up to `max_lr` for the first `pct_start` of the steps, then down to almost nothing   (Smith & Topin, 2019).

    From max_lr / div_factor to max_lr, then to max_lr / div_factor / final_div_factor, along a cosine or a line.
    `three_phase` comes down as it went up, and adds a last phase to the end.  Call `step` after every batch;
    the number of steps is `total_steps`, or `epochs * steps_per_epoch`.

    >>> import minigrad
    >>> optimizer = minigrad.optim.SGD([minigrad.ones(2, requires_grad=True)], lr=0.1, momentum=0.9)
    >>> scheduler, rates = minigrad.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=5), []
    >>> for step in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> [round(lr, 2) for lr in rates]
    [0.04, 0.95, 0.61, 0.19]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        groups = check_optimizer(optimizer).param_groups
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._schedule_phases = list(_phases(self.total_steps, pct_start, three_phase))
        self._anneal_func_type = anneal_strategy
        for group, peak in zip(groups, one_for_each("max_lr", max_lr, groups), strict=True):
            if last_epoch == -1:
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer)
            high, low = (
                one_for_each(n, v, groups)
                for n, v in (("max_momentum", max_momentum), ("base_momentum", base_momentum))
            )
            for group, most, least in zip(groups, high, low, strict=True):
                if last_epoch == -1:
                    _set_momentum(group, most, self.use_beta1)
                    group["max_momentum"], group["base_momentum"] = most, least
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        anneal = _cosine if self._anneal_func_type == "cos" else _linear
        start = 0.0
        for phase in self._schedule_phases:
            if self.last_epoch <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        length = phase["end_step"] - start
        done = (self.last_epoch - start) / length if length else 1.0
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                momentum = anneal(group[phase["start_momentum"]], group[phase["end_momentum"]], done)
                _set_momentum(group, momentum, self.use_beta1)
        return [anneal(group[phase["start_lr"]], group[phase["end_lr"]], done) for group in groups]


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        wanted = {"total_steps": total_steps}
    elif epochs is not None and steps_per_epoch is not None:
        wanted = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in wanted.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return math.prod(wanted.values())


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> Iterator[dict[str, Any]]:
    """The legs of the cycle: where each ends, and between which rates and momenta it runs."""

    def leg(end: float, lr: tuple[str, str], momentum: tuple[str, str]) -> dict[str, Any]:
        return {
            "end_step": end, "start_lr": lr[0], "end_lr": lr[1],
            "start_momentum": momentum[0], "end_momentum": momentum[1],
        }  # fmt: skip

    down, up = ("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")
    top = float(pct_start * total_steps) - 1
    yield leg(top, ("initial_lr", "max_lr"), down)
    if three_phase:
        yield leg(float(2 * pct_start * total_steps) - 2, ("max_lr", "initial_lr"), up)
        yield leg(total_steps - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum"))
    else:
        yield leg(total_steps - 1, ("max_lr", "min_lr"), up)


class CyclicLR(LRScheduler):
    """Triangles between `base_lr` and `max_lr`, `step_size_up` steps up and `step_size_down` down   (Smith, 2017).

    `mode`: "triangular"; "triangular2" halves the height each cycle; "exp_range" shrinks it by gamma^step.
    `scale_fn(x)` replaces the mode: x is the cycle (from 1) or the step, as `scale_mode` says.  Step after every batch.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ):
        groups = check_optimizer(optimizer).param_groups
        base_lrs = one_for_each("base_lr", base_lr, groups)
        if last_epoch == -1:
            for group, lr in zip(groups, base_lrs, strict=True):
                set_rate(group, lr)
        self.max_lrs = one_for_each("max_lr", max_lr, groups)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None: mode is one of triangular, triangular2, exp_range")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _uses_beta1(optimizer)
            self.base_momentums = one_for_each("base_momentum", base_momentum, groups)
            self.max_momentums = one_for_each("max_momentum", max_momentum, groups)
            if last_epoch == -1:
                for group, most, least in zip(groups, self.max_momentums, self.base_momentums, strict=True):
                    _set_momentum(group, most, self.use_beta1)
                    group["max_momentum"], group["base_momentum"] = most, least
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The height of the triangle: in cycle x, or at step x."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / (2.0 ** (x - 1)) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Rate]:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle  # how far into the cycle, from 0 to 1
        up = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, least, most in momenta:
                _set_momentum(group, most - (most - least) * up * scale, self.use_beta1)
        return [base + (top - base) * up * scale for base, top in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        (packed,) = pack_callables([state.pop("_scale_fn_custom")])
        return {**state, "_scale_fn_custom": packed}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        packed = state_dict.get("_scale_fn_custom")
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if self._scale_fn_custom is not None:
            unpack_callables([self._scale_fn_custom], [packed])


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from base_lr to `eta_min` over T_i epochs, then again from the top   (Loshchilov & Hutter, 2017).

    lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2, with T_0 epochs until the first restart and
    T_i multiplied by `T_mult` at each.  `step(epoch + i / batches)` moves in fractions of an epoch.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        self._warn_outside_step()
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Begin the next epoch, or go to `epoch`, which may be a fraction."""
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self.T_cur, self.T_i = epoch, self.T_0
            while self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            self._set_rates(self.get_lr())
        finally:
            self._get_lr_called_within_step = False
