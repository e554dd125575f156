"""Line charts of a `History` as SVG: quick to redraw while a network trains, and a still picture afterwards.

One pair of axes for each group of series, one x axis for all. A chart draws at most 400 points a line, so its cost
does not grow with the run. The legend carries the last and the best number, so the chart can be read without a
cursor. `live.py` shows it; `svg.py` holds the pen.
"""

from __future__ import annotations

import math

from minigrad.viz.history import History, decimate, digits, ema
from minigrad.viz.svg import LINES, Svg, text_width

_EDGE, _TOP, _BOTTOM = 18.0, 14.0, 38.0
_ROW = 19.0  # height of a legend row
_GAP = 22.0  # between two pairs of axes
_LABEL = 11.5  # font size of the look "quiet"


def chart(
    history: History, *names: str, title: str = "", log: bool = False, smoothing: float = 0.0, width: float = 640.0
) -> str:
    """The SVG of a history: all series, or those that `names` selects as in `History.panels`.

    With `smoothing` in (0, 1) the running average is drawn strong and the numbers themselves faint; `log` makes the y
    axes logarithmic and leaves out what is not positive.

    >>> history = History()
    >>> history.append(loss=1.0)
    >>> chart(history).startswith("<svg")
    True
    """
    panels = history.panels(*names)
    panes = [_Pane(history, group, log, smoothing, width) for group in panels]
    tall = 210.0 if len(panes) < 2 else 150.0
    head = _TOP + (_ROW + 4 if title else 0.0)
    height = head + sum(pane.head + tall for pane in panes) + _GAP * max(len(panes) - 1, 0) + _BOTTOM
    svg = Svg(width, height if panes else 90.0, title or "Training curves", describe(history, *names))
    if title:
        svg.text("name", _EDGE, _TOP + 12, title)
    if not panes:
        svg.text("quiet", width / 2, 52, "nothing recorded yet", "middle")
        return svg.render()

    steps = [history.steps(name) for group in panels for name in group]
    first, last = min(min(s) for s in steps), max(max(s) for s in steps)
    span = (first, last) if last > first else (first - 0.5, first + 0.5)
    left = max(pane.label_width for pane in panes) + 22
    y = head
    for pane in panes:
        y += pane.head
        pane.draw(svg, left, y, width - left - _EDGE, tall, span)
        y += tall + _GAP
    y += 16 - _GAP
    for tick, label in ticks(*span, about=6, whole=True):
        svg.text("quiet", left + (width - left - _EDGE) * (tick - span[0]) / (span[1] - span[0]), y, label, "middle")
    notes = ["step", *([f"smoothing {digits(smoothing)}"] if smoothing else []), *(["log scale"] if log else [])]
    svg.text("quiet", width - _EDGE, y + 15, ", ".join(notes), "end")
    return svg.render()


def describe(history: History, *names: str) -> str:
    """The chart in words, for readers who do not see it."""
    parts = []
    for name in (name for group in history.panels(*names) for name in group):
        values, best = history[name], history.best(name)
        text = f"{name} went from {digits(values[0])} to {digits(values[-1])} in {len(values):,} values"
        parts.append(text + (f", best {digits(best[1])} at step {digits(best[0])}" if best else ""))
    return "; ".join(parts)


class _Pane:
    """One pair of axes: its points, its legend, its scale."""

    def __init__(self, history: History, names: list[str], log: bool, smoothing: float, width: float) -> None:
        self.log, self.smoothing = log, smoothing
        self.names, self.history = names, history
        self.raw = [self._points(name, history[name]) for name in names]
        self.smooth = self.raw
        if smoothing:
            self.smooth = [self._points(name, ema(history.steps(name), history[name], smoothing)) for name in names]
        shown = [value for lines in (self.raw, self.smooth) for line in lines for piece in line for _, value in piece]
        low, high = (min(shown), max(shown)) if shown else (0.1, 1.0) if log else (0.0, 1.0)
        if log:
            room = math.log10(high / low) * 0.06 or 0.2
            self.low, self.high = low / 10**room, high * 10**room
            self.ticks = log_ticks(self.low, self.high)
        else:
            room = (high - low) * 0.06 or abs(low) * 0.1 or 0.5
            self.low, self.high = low - room, high + room
            self.ticks = ticks(self.low, self.high)
        self.label_width = max((text_width(label, _LABEL) for _, label in self.ticks), default=0.0)
        self.legend = self._legend(width)
        self.head = _ROW * len(self.legend) + 6

    def _points(self, name: str, values: list[float]) -> list[list[tuple[float, float]]]:
        if self.log:
            values = [value if value > 0 else math.nan for value in values]
        return decimate(self.history.steps(name), values)

    def _legend(self, width: float) -> list[list[tuple[int, str, str, str]]]:
        """Entries (hue, name, last value, what else there is to say), broken into rows."""
        rows: list[list[tuple[int, str, str, str]]] = [[]]
        x = _EDGE
        for name in self.names:
            best, broken = self.history.best(name), self.history.broken(name)
            notes = [f"best {digits(best[1])} at {digits(best[0])}"] if best and len(self.history[name]) > 1 else []
            notes += [f"not finite at step {digits(broken)}"] if broken is not None else []
            entry = (self.history.hue(name) % len(LINES), name, digits(self.history[name][-1]), ", ".join(notes))
            wide = _entry_width(entry)
            if rows[-1] and x + wide > width - _EDGE:
                rows.append([])
                x = _EDGE
            rows[-1].append(entry)
            x += wide
        return rows

    def draw(self, svg: Svg, x: float, y: float, width: float, height: float, span: tuple[float, float]) -> None:
        def across(step: float) -> float:
            return x + width * (step - span[0]) / (span[1] - span[0])

        def down(value: float) -> float:
            part = (value - self.low) / (self.high - self.low)
            if self.log:
                part = math.log(value / self.low) / math.log(self.high / self.low)
            return y + height * (1 - part)

        for tick, _ in self.ticks:
            svg.line("grid", [(x, down(tick)), (x + width, down(tick))])
        for tick, label in self.ticks:
            svg.text("quiet", x - 8, down(tick) + 4, label, "end")
        svg.line("axis", [(x, y + height), (x + width, y + height)])
        hues = [self.history.hue(name) % len(LINES) for name in self.names]
        layers = [("faint", self.raw), ("line", self.smooth)] if self.smoothing else [("line", self.raw)]
        for look, lines in layers:
            for hue, pieces in zip(hues, lines, strict=True):
                for piece in pieces:
                    points = [(across(step), down(value)) for step, value in piece]
                    if len(points) > 1:
                        svg.line(f"{look}{hue}", points)
                    elif look == "line":
                        svg.circle(f"dot{hue}", *points[0], 2)
        for hue, name in zip(hues, self.names, strict=True):
            best = self.history.best(name)
            if best and len(self.history[name]) > 1 and (best[1] > 0 or not self.log):
                svg.circle(f"dot{hue}", across(best[0]), down(best[1]), 3.5)
        self._draw_legend(svg, y - self.head)

    def _draw_legend(self, svg: Svg, y: float) -> None:
        for k, row in enumerate(self.legend):
            x, base = _EDGE, y + 13 + k * _ROW
            for entry in row:
                hue, name, last, note = entry
                svg.line(f"line{hue}", [(x, base - 4.5), (x + 16, base - 4.5)])
                at = x + 22
                svg.text("ink", at, base, name)
                at += text_width(name) + 7
                svg.text("name", at, base, last)
                at += text_width(last, bold=True) + 9
                if note:
                    svg.text("quiet", at, base, note)
                x += _entry_width(entry)


def _entry_width(entry: tuple[int, str, str, str]) -> float:
    _, name, last, note = entry
    return 22 + text_width(name) + 7 + text_width(last, bold=True) + 9 + text_width(note, _LABEL) + 22


def ticks(low: float, high: float, about: int = 5, whole: bool = False) -> list[tuple[float, str]]:
    """Round numbers in [low, high] with their labels, about `about` of them: 1, 2 or 5 times a power of ten apart.

    After Heckbert (1990), "Nice numbers for graph labels", Graphics Gems. `whole` keeps to integers.

    >>> [label for _, label in ticks(0.0, 1.1)]
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    """
    rough = (high - low) / about
    if not rough > 0 or not math.isfinite(rough):
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(nice for below, nice in ((1.5, 1), (3, 2), (7, 5), (11, 10)) if rough / power < below)
    step = max(step, 1.0) if whole else step
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    most = max(abs(low), abs(high))
    if 1e-3 <= most < 1e7:
        return [(value, f"{value:,.{places}f}") for value in numbers]
    significant = 2 + max(0, math.floor(math.log10(most / step)))  # enough to tell neighbours apart
    return [(value, f"{value:.{significant}g}") for value in numbers]


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks of a logarithmic axis: powers of ten, at most seven; with 2 and 5 where these are few; else round numbers.

    >>> [label for _, label in log_ticks(0.009, 1.2)]
    ['0.01', '0.1', '1']
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = range(first, last + 1)
    if len(powers) >= 3:
        return [(10.0**k, f"{10.0**k:g}") for k in powers[:: math.ceil(len(powers) / 7)]]
    fine = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    return [(value, f"{value:g}") for value in fine] if len(fine) >= 3 else ticks(low, high, about=4)
