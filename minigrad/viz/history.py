"""What a training run reported: named series of numbers over steps, and the few sums that a plot needs.

`History` knows nothing of screens. `chart.py` draws it as SVG, `plot()` with matplotlib, `live.py` keeps the drawing
up to date while the numbers come in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Series = tuple[list[float], list[float]]  # steps, values

_RISING = ("acc", "accuracy", "score", "f1", "auc", "bleu", "precision", "recall", "reward", "return", "iou")


class History:
    """Numbers by name: `history.append(loss=0.3)`, then `history["loss"]` is the list of them.

    >>> history = History()
    >>> for value in (3.0, 1.0, 2.0):
    ...     history.append(loss=value)
    >>> history["loss"], history.steps("loss"), history.best("loss")
    ([3.0, 1.0, 2.0], [0, 1, 2], (1, 1.0))
    """

    def __init__(self, best: Mapping[str, str] | None = None) -> None:
        """`best` maps a name to "min" or "max"; by default accuracies and scores want to rise, all else to fall."""
        for name, which in (best or {}).items():
            if which not in ("min", "max"):
                raise ValueError(f'History: expected "min" or "max" as the best of {name!r}, got {which!r}')
        self._series: dict[str, Series] = {}
        self._best_of = dict(best or {})
        self._best: dict[str, tuple[float, float]] = {}
        self._broken: dict[str, float] = {}
        self._hues: dict[str, int] = {}
        self._step: float = -1

    def append(self, step: float | None = None, **values: Any) -> None:
        """Record numbers, or tensors of one element, at a step.

        Without `step` a number belongs to the current step, unless its name already has one there: then the next step
        begins. So `append(loss=...)` per batch and `append(val_loss=...)` per epoch end up on one axis.
        """
        numbers = {name: _as_float(name, value) for name, value in values.items()}
        if step is None:
            taken = any(name in self._series and self._series[name][0][-1] >= self._step for name in numbers)
            step = self._step + 1 if taken or self._step < 0 else self._step
        self._step = step
        for name, value in numbers.items():
            steps, series = self._series.setdefault(name, ([], []))
            self._hues.setdefault(name.rpartition("_")[0], len(self._hues))
            steps.append(step)
            series.append(value)
            if not math.isfinite(value):
                self._broken.setdefault(name, step)
            elif name not in self._best or self._better(name, value, self._best[name][1]):
                self._best[name] = (step, value)

    def _better(self, name: str, value: float, than: float) -> bool:
        return value > than if self.wants(name) == "max" else value < than

    def wants(self, name: str) -> str:
        """ "max" for what should rise (accuracy, score, ...), "min" for what should fall."""
        return self._best_of.get(name, "max" if name.lower().rpartition("_")[2] in _RISING else "min")

    @property
    def names(self) -> list[str]:
        """The names in the order they first came."""
        return list(self._series)

    def steps(self, name: str) -> list[float]:
        """The steps at which `name` was recorded."""
        return self._series[name][0]

    def best(self, name: str) -> tuple[float, float] | None:
        """(step, value) of the best finite number, the first of equals; None when there is none."""
        return self._best.get(name)

    def broken(self, name: str) -> float | None:
        """The first step at which `name` was not finite: where a run diverged. None when it never was."""
        return self._broken.get(name)

    def __getitem__(self, name: str) -> list[float]:
        return self._series[name][1]

    def __contains__(self, name: str) -> bool:
        return name in self._series

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        """How many numbers the longest series has."""
        return max((len(values) for _, values in self._series.values()), default=0)

    def table(self) -> str:
        """One line a name: the last number, the best and where it was.

        >>> history = History()
        >>> history.append(loss=0.5, val_acc=0.8)
        >>> print(history.table())
                   last    best  at step
        loss        0.5     0.5        0
        val_acc     0.8     0.8        0
        """
        rows = [("", "last", "best", "at step")]
        for name in self:
            step, value = self.best(name) or ("-", "-")
            rows.append((name, digits(self[name][-1]), digits(value), digits(step)))
        wide = [max(len(row[i]) for row in rows) for i in range(4)]
        wide[1], wide[2] = max(wide[1], 6), max(wide[2], 6)
        lines = (
            f"{name:<{wide[0]}}  {last:>{wide[1]}}  {best:>{wide[2]}}  {at:>{wide[3]}}" for name, last, best, at in rows
        )
        return "\n".join(line.rstrip() for line in lines)

    def __repr__(self) -> str:
        return self.table() if self._series else "History: nothing recorded yet"

    def panels(self, *names: str) -> list[list[str]]:
        """Series that belong on one pair of axes: those with the same last word, as in train_loss and val_loss.

        With `names` (series, or the last word of several), only these and in this order.
        """
        groups: dict[str, list[str]] = {}
        for name in self:
            word = name.rpartition("_")[2]
            if not names or name in names or word in names:
                groups.setdefault(word, []).append(name)
        order = {word: i for i, word in enumerate(name.rpartition("_")[2] for name in reversed(names))}
        return [groups[word] for word in sorted(groups, key=lambda word: -order.get(word, 0))]

    def hue(self, name: str) -> int:
        """The number of a series' colour: series with the same first words, as in val_loss and val_acc, share it."""
        return self._hues[name.rpartition("_")[0]]

    def plot(self, *names: str, smoothing: float = 0.0, log: bool = False, title: str = "") -> Any:
        """A matplotlib figure with one pair of axes for each group of `panels(*names)`."""
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError('History.plot needs matplotlib: pip install "minigrad[lab]"') from error
        from minigrad.viz.svg import LINES

        panels = self.panels(*names) or [[]]
        figure, axes = plt.subplots(
            len(panels), 1, sharex=True, squeeze=False, figsize=(6.4, 0.6 + 2.6 * len(panels)), layout="constrained"
        )
        plt.close(figure)  # the caller has it; pyplot would show it a second time
        for ax, group in zip(axes[:, 0], panels, strict=True):
            for name in group:
                colour, steps, values = LINES[self.hue(name) % len(LINES)], self.steps(name), self[name]
                if smoothing:
                    ax.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
                ax.plot(steps, ema(steps, values, smoothing), color=colour, linewidth=1.6, label=name)
                if best := self.best(name):
                    ax.plot(*best, "o", color=colour, markerfacecolor="white", markersize=5)
            ax.set_yscale("log" if log else "linear")
            ax.grid(alpha=0.3)
            ax.spines[["top", "right"]].set_visible(False)
            if group:
                ax.legend(frameon=False)
        axes[-1, 0].set_xlabel("step")
        axes[0, 0].set_title(title, loc="left", fontweight="bold")
        return figure


def ema(steps: Sequence[float], values: Sequence[float], smoothing: float) -> list[float]:
    """Exponential moving average that starts without a jump and counts steps, not values.

    Over a gap of d steps the past keeps the weight smoothing**d: a series recorded every 100 steps is smoothed no more
    than one recorded at each. The sum is divided by the weight it holds, so that the zero it starts from does not count
    (the bias correction of Adam; Kingma & Ba, 2015). Numbers that are not finite pass through and are not averaged.

    >>> ema([0, 1, 2], [1.0, 1.0, 4.0], 0.5)
    [1.0, 1.0, 2.7142857142857144]
    """
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing: expected a number in [0, 1), got {smoothing}")
    mean, weight, smooth = 0.0, 0.0, list(values)
    before = steps[0] - 1 if values else 0
    for i, (step, value) in enumerate(zip(steps, values, strict=True)):
        if math.isfinite(value):
            keep = smoothing ** max(step - before, 1)
            mean = keep * mean + (1 - keep) * value
            weight = keep * weight + (1 - keep)
            smooth[i] = mean / weight
            before = step
    return smooth


def decimate(steps: Sequence[float], values: Sequence[float], most: int = 400) -> list[list[tuple[float, float]]]:
    """At most `most` points that look like all of them: the least and the greatest of each stretch, in their order.

    Unlike taking every k-th point, no spike is lost. Returns pieces: a number that is not finite breaks the line.

    >>> decimate([0, 1, 2, 3], [0.0, 9.0, float("nan"), 1.0])
    [[(0, 0.0), (1, 9.0)], [(3, 1.0)]]
    """
    pieces: list[list[tuple[float, float]]] = [[]]
    n = len(values)
    stretches = max(most // 2, 1)
    if n <= most:
        bounds = [(i, i + 1) for i in range(n)]
    else:
        edges = [round(k * n / stretches) for k in range(stretches + 1)]
        bounds = list(zip(edges, edges[1:], strict=False))
    for start, stop in bounds:
        part = values[start:stop]
        low, high = min(part), max(part)
        whole = math.isfinite(sum(part))
        if not whole:  # min and max are no use beside a nan
            finite = [value for value in part if math.isfinite(value)]
            low, high = min(finite, default=math.nan), max(finite, default=math.nan)
        if not math.isnan(low):
            for i in sorted({part.index(low), part.index(high)}):
                pieces[-1].append((steps[start + i], part[i]))
        if not whole and pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def digits(value: float | str) -> str:
    """Four significant digits, and plain integers: what tables, legends and axes show.

    >>> digits(0.123456), digits(1500.0), digits(12), digits(1e-7)
    ('0.1235', '1500', '12', '1e-07')
    """
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value == round(value, 0) and abs(value) < 1e6 else f"{value:.4g}"


def _as_float(name: str, value: Any) -> float:
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError) as error:
        what = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
        raise TypeError(f"{name}: expected a number or a tensor with one element, got {what}") from error
