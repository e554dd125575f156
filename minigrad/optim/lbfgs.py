"""L-BFGS: a quasi-Newton method, which learns curvature from the last steps and may search along each direction.

All parameters are one long vector here.  Unlike the other optimizers it evaluates the loss several times in a step, so
that `step` needs a closure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import minigrad
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.optim.optimizer import Optimizer, check_lr
from minigrad.tensor import Tensor

STATE = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")  # PyTorch's names


class LBFGS(Optimizer):
    """L-BFGS   (Nocedal, 1980; Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4).

    From the last `history_size` steps s and changes of gradient y, two loops compute d = -H g, where H approximates the
    inverse of the Hessian.  Then p = p + t d, where t is `lr`, or, with `line_search_fn="strong_wolfe"`, found by a
    search that meets the strong Wolfe conditions (algorithms 3.5 and 3.6).

    `step(closure)` runs up to `max_iter` iterations and `max_eval` (default: 5/4 of that) evaluations of the closure.
    It stops earlier when no gradient exceeds `tolerance_grad`, or when steps or loss change by less than
    `tolerance_change`, and returns the loss before the step.  There is one parameter group only.

    >>> import minigrad
    >>> w = minigrad.tensor([-1.0, 2.0], requires_grad=True)
    >>> optimizer = minigrad.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> w.detach().round(decimals=3)
    tensor([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ):
        check_lr(lr)
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported as line_search_fn, got {line_search_fn!r}")
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        if any(p.is_complex() for p in self._params):
            raise NotImplementedError("LBFGS does not move complex parameters: optimize view_as_real(p)")

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Go on from where the last step ended; `closure` clears the gradients, computes them and returns the loss."""
        group = self.param_groups[0]
        lr, tolerance = float(group["lr"]), group["tolerance_change"]
        search = group["line_search_fn"] == "strong_wolfe"
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> tuple[Any, Tensor]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, self._gradient()

        first_loss, grad = evaluate()
        loss, start = float(first_loss), state["func_evals"] - 1
        if _largest(grad) <= group["tolerance_grad"]:
            return first_loss
        memory: list[Any] = [state.get(name) for name in STATE]
        d, t, dirs, steps, ro, scale, previous, _ = memory
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                d, dirs, steps, ro, scale = -grad, [], [], [], 1.0
            else:
                y, s = grad - previous, d * t
                curvature = _dot(y, s)
                if curvature > 1e-10:
                    for past, new in ((dirs, y), (steps, s), (ro, 1.0 / curvature)):
                        past.append(new)
                        del past[: -group["history_size"]]
                    scale = curvature / _dot(y, y)
                d = _direction(grad, dirs, steps, ro, scale)
            previous, previous_loss = grad, loss
            t = min(1.0, 1.0 / grad.abs().sum().item()) * lr if state["n_iter"] == 1 else lr
            slope = _dot(grad, d)
            if slope > -tolerance:
                break
            if search:
                here = [p.clone() for p in self._params]

                def at(t: float, d: Tensor = d, here: list[Tensor] = here) -> Point:
                    self._move(t, d)
                    value, gradient = evaluate()
                    for p, old in zip(self._params, here, strict=True):
                        p.copy_(old)
                    return Point(t, float(value), gradient, _dot(gradient, d))

                begin, left = Point(0.0, loss, grad, slope), group["max_eval"] - state["func_evals"] + start
                t, loss, grad, _ = strong_wolfe(at, begin, t, _largest(d), tolerance, min(25, left))
                self._move(t, d)
            else:
                self._move(t, d)
                if iteration == group["max_iter"]:  # nobody would look at the new gradient
                    break
                value, grad = evaluate()
                loss = float(value)
            if state["func_evals"] - start >= group["max_eval"] or _largest(grad) <= group["tolerance_grad"]:
                break
            if _largest(d * t) <= tolerance or abs(loss - previous_loss) < tolerance:
                break
        state.update(zip(STATE, (d, t, dirs, steps, ro, scale, previous, previous_loss), strict=True))
        return first_loss

    def _gradient(self) -> Tensor:
        """All gradients as one vector; zeros for a parameter without one."""
        return minigrad.cat([(minigrad.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in self._params])

    def _move(self, t: float, d: Tensor) -> None:
        """p = p + t d."""
        for p, part in zip(self._params, d.split([p.numel() for p in self._params]), strict=True):
            p += t * part.view_as(p)


def _dot(a: Tensor, b: Tensor) -> float:
    return a.dot(b).item()


def _largest(x: Tensor) -> float:
    return x.abs().max().item()


def _direction(grad: Tensor, dirs: list[Tensor], steps: list[Tensor], ro: list[float], scale: float) -> Tensor:
    """-H grad, by the two loops over the remembered steps (Nocedal & Wright, algorithm 7.4)."""
    d, weights = -grad, []
    for y, s, r in zip(reversed(dirs), reversed(steps), reversed(ro), strict=True):
        weights.append(_dot(s, d) * r)
        d = d - weights[-1] * y
    d = d * scale
    for y, s, r, weight in zip(dirs, steps, ro, reversed(weights), strict=True):
        d = d + (weight - _dot(y, d) * r) * s
    return d


# ------------------------------------------------------------------------------------------------ line search


class Point(NamedTuple):
    """A place on the line: how far along, and there the loss, its gradient, and its slope along the line."""

    t: float
    loss: float
    grad: Tensor
    slope: float


def strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, length: float, tolerance: float, evaluations: int = 25
) -> Point:
    """A point with a loss low enough, loss <= start + c1 t slope, and a slope flat enough, |slope'| <= c2 |slope|
    (c1 = 1e-4, c2 = 0.9; Nocedal & Wright, 2006, algorithms 3.5 and 3.6).

    First walk on until such a point lies between two others, then narrow the interval; each new point is the minimum
    of a cubic through the last two.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    before, point, used = start, at(t), 0
    while True:
        if used >= evaluations:
            bracket = [start, point]
            break
        if too_high(point) or (used > 1 and point.loss >= before.loss):
            bracket = [before, point]
            break
        if flat(point):
            return point
        if point.slope >= 0:
            bracket = [before, point]
            break
        t = cubic_minimum(before, point, point.t + 0.01 * (point.t - before.t), point.t * 10)
        before, point, used = point, at(t), used + 1

    stalled = False
    low, high = sorted(bracket, key=lambda p: p.loss)
    while used < evaluations and abs(high.t - low.t) * length >= tolerance:
        left, right = sorted((low.t, high.t))
        t = cubic_minimum(low, high, left, right)
        margin = 0.1 * (right - left)
        close = min(right - t, t - left) < margin
        if close and (stalled or t >= right or t <= left):  # too near an end twice: step away from it
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            close = False
        stalled = close
        point, used = at(t), used + 1
        if too_high(point) or point.loss >= low.loss:
            low, high = sorted((low, point), key=lambda p: p.loss)
            continue
        if flat(point):
            return point
        if point.slope * (high.t - low.t) >= 0:
            high = low
        low = point
    return low


def cubic_minimum(a: Point, b: Point, left: float, right: float) -> float:
    """Where the cubic with the losses and slopes of two points is least, kept within bounds (equation 3.59)."""
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    d2 = math.sqrt(max(square, 0.0))
    curvature = b.slope - a.slope + 2 * d2
    if square < 0 or curvature == 0:  # it falls all the way
        return (left + right) / 2
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / curvature)
    return min(max(t, left), right)
