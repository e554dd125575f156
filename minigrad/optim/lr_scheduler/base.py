"""What every learning-rate scheduler shares: counting epochs, and writing new rates into the optimizer's groups.

A scheduler answers one question, `get_lr()`: which rate does each group get now?  Most answers are *recursive*: they
change the rate found in the group by a factor, instead of computing it from the start.  That is what lets several
schedulers act on one optimizer, each multiplying in its part.  Read `factors.py` next.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd.modes import no_grad
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor

Rate = Any  # a float, or a tensor of one element where the optimizer was given one

# Attributes that belong to the run and not to the schedule, so that `state_dict` leaves them out.
_NOT_STATE = frozenset({"optimizer", "_initial"})


class LRScheduler:
    """Base class: `last_epoch` counts the calls of `step`, `base_lrs` holds each group's first rate.

    A subclass defines `get_lr`, which returns one rate for each group.  `last_epoch` other than -1 resumes a schedule:
    the groups then have to hold "initial_lr", which an earlier scheduler left there.

    >>> import minigrad
    >>> class Inverse(minigrad.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / (1 + self.last_epoch) for lr in self.base_lrs]
    >>> optimizer = minigrad.optim.SGD([minigrad.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler, rates = Inverse(optimizer), []
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     rates += scheduler.get_last_lr()
    >>> [round(lr, 3) for lr in rates]
    [0.5, 0.333, 0.25]
    """

    # `_is_initial`, `_step_count` and the other names below are those of PyTorch's saved schedules.
    _is_initial = False
    _get_lr_called_within_step = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0. Load the optimizer's saved state first, or start with last_epoch=-1 and load the "
                    "scheduler's state_dict"
                )
        self.base_lrs: list[Rate] = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._is_initial = False
        self._get_lr_called_within_step = False
        optimizer._opt_called = False
        self._initial_step()

    def _rewind(self) -> None:
        """Go back to before the first epoch: a scheduler made of this one will begin it when its turn comes."""
        self.last_epoch -= 1

    def _initial_step(self) -> None:
        """Enter epoch `last_epoch + 1` (0 for a new schedule) and set the first rate."""
        self._is_initial = True
        self._step_count = 0
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Rate]:
        """One rate for each group, for the epoch just begun.  Only `step` should call it: see `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} has to define get_lr()")

    def get_last_lr(self) -> list[Rate]:
        """The rates that the last `step` set, one for each group."""
        return self._last_lr

    def step(self, epoch: float | None = None) -> None:
        """Begin the next epoch: call it once an epoch, after `optimizer.step()`.

        `step(epoch)` jumps to an epoch (deprecated in PyTorch).
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: "
                "`optimizer.step()` before `lr_scheduler.step()`, or the first value of the schedule is skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(
                "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible: "
                "call `scheduler.step()` without it.",
                UserWarning,
                stacklevel=2,
            )
        self._update_lr(epoch)

    def _update_lr(self, epoch: float | None) -> None:
        """Set the rates of the next epoch, or of any epoch (by the closed form, where there is one)."""
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch  # type: ignore[assignment]
                closed_form = getattr(self, "_get_closed_form_lr", None)
                rates = self.get_lr() if closed_form is None else closed_form()
        finally:
            self._get_lr_called_within_step = False
        self._set_rates(rates)

    def _set_rates(self, rates: Sequence[Rate]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_rate(group, rate)
        self._last_lr: list[Rate] = current_rates(self.optimizer)

    def _group_rates(self) -> list[Rate]:
        """The rates found in the groups, on which the recursive forms build; warns when a user calls `get_lr`."""
        self._warn_outside_step()
        return current_rates(self.optimizer)

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, in PyTorch's layout."""
        return {key: value for key, value in self.__dict__.items() if key not in _NOT_STATE}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state.  Load the optimizer's state as well: it holds the rates themselves."""
        self.__dict__.update(state_dict)


def check_optimizer(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def copied(rate: Rate) -> Rate:
    """Rates that are tensors are changed in place, so whoever wants to remember one keeps a copy."""
    return rate.detach().clone() if isinstance(rate, Tensor) else rate


def current_rates(optimizer: Optimizer) -> list[Rate]:
    return [copied(group["lr"]) for group in optimizer.param_groups]


def set_rate(group: dict[str, Any], rate: Rate) -> None:
    """Give a group a new rate; a tensor keeps its identity, as the caller may hold it."""
    if isinstance(group["lr"], Tensor):
        with no_grad():
            group["lr"].fill_(float(rate))
    else:
        group["lr"] = rate


def one_for_each(name: str, value: Any, groups: list[Any]) -> list[Any]:
    """A value for every group: the one given, or the list given if its length is right."""
    if not isinstance(value, (list, tuple)):
        return [value] * len(groups)
    if len(value) != len(groups):
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {len(groups)}."
        )
    return list(value)


def pack_callables(functions: Sequence[Callable[..., Any] | None]) -> list[dict[str, Any] | None]:
    """What can be saved of functions: the attributes of callable objects; None for plain functions and lambdas."""
    return [
        None if f is None or not hasattr(f, "__dict__") or _is_function(f) else f.__dict__.copy() for f in functions
    ]


def unpack_callables(functions: Sequence[Callable[..., Any]], packed: Sequence[dict[str, Any] | None]) -> None:
    for function, attributes in zip(functions, packed, strict=True):
        if attributes is not None:
            function.__dict__.update(attributes)


def _is_function(f: Any) -> bool:
    return hasattr(f, "__code__")
