"""Watching a training run: `LivePlot` draws the numbers as they come and leaves a still picture behind.

In a notebook it is one output that is redrawn in place: SVG by `chart.py`, or a matplotlib figure. When the run ends,
that output holds a picture and a table of text, so the saved notebook shows what the screen showed. In a terminal it
prints plain lines; where nobody watches (a pipe, a test run, `MINIGRAD_LIVE=0`) it shows the end result once.
The numbers themselves live in `history.py`.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol, TypeVar

from minigrad import _frontend
from minigrad.viz.chart import chart
from minigrad.viz.history import History, digits
from minigrad.viz.still import png as png_of
from minigrad.viz.svg import bundle

T = TypeVar("T")


class LivePlot:
    """A plot of what a training loop reports, drawn while it runs.

    >>> from minigrad import viz
    >>> with viz.LivePlot("loss") as plot:
    ...     for step in plot.steps(range(100)):
    ...         plot(loss=1 / (step + 1))
    ...         if step % 10 == 9:
    ...             plot(val_loss=1.5 / (step + 1))
    LivePlot
                last    best  at step
    loss        0.01    0.01       99
    val_loss   0.015   0.015       99

    Args:
        names: what to draw, in this order: names, or the last word of several ("loss" also takes "val_loss"). All by
            default. Everything is recorded in `history` either way.
        title: the headline.
        log: logarithmic y axes.
        smoothing: weight of the past in a running average, in [0, 1); the numbers themselves stay visible, faintly.
        best: {"name": "min" or "max"} where the plot cannot guess which is better.
        rate: redraw at most so often a second. Drawing never takes more than a tenth of the time.
        backend: "svg" (our own chart) or "matplotlib".
        controls: in a notebook, also show a smoothing slider, a log-scale button and a stop button (ipywidgets).
        live: whether to draw while the numbers come; by default, if somebody is watching.

    The last state is drawn when the `with` block ends, by `close()`, or at the end of the notebook cell. An exception
    in the block, KeyboardInterrupt among them, passes through after that. To stop a run early and go on with the
    program, loop over `plot.steps(...)`.
    """

    def __init__(
        self,
        *names: str,
        title: str = "",
        log: bool = False,
        smoothing: float = 0.0,
        best: Mapping[str, str] | None = None,
        rate: float = 8.0,
        backend: str = "svg",
        controls: bool = False,
        live: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if backend not in ("svg", "matplotlib"):
            raise ValueError(f'LivePlot: expected backend "svg" or "matplotlib", got {backend!r}')
        if not 0 <= smoothing < 1:
            raise ValueError(f"LivePlot: expected smoothing in [0, 1), got {smoothing}")
        if not rate > 0:
            raise ValueError(f"LivePlot: expected a positive rate, got {rate}")
        self.names, self.title, self.log, self.smoothing, self.backend = names, title, log, smoothing, backend
        self.history = History(best)
        self.stopped = False  # set by the stop button and by Ctrl-C inside `steps`
        self._live = _frontend.watched() if live is None else live
        self._screen: _Screen = _Notebook(self, controls and self._live) if _frontend.in_notebook() else _Terminal()
        self._rate, self._clock, self._due = rate, clock, -math.inf
        self._pending = False  # numbers have come that no picture shows
        self._depth = 0  # `with` blocks and loops over `steps` that the program is in
        self._may_restart = True

    def update(self, step: float | None = None, **values: Any) -> None:
        """Record numbers or one-element tensors by name and, when it is time, redraw. `plot(loss=...)` is the same.

        Without `step`, numbers belong to the current step until a name comes a second time.
        """
        self.history.append(step, **values)
        if not self._pending:
            self._pending = True
            _at_end_of_cell(self._end_of_cell)
        if self._live:
            start = self._clock()
            if start >= self._due:
                self._screen.show(self)
                end = self._clock()
                pause = 1 / min(self._rate, self._screen.most_per_second)
                self._due = max(start + pause, end + 9 * (end - start))

    __call__ = update

    def close(self) -> None:
        """Show the final state. Numbers that come later open the plot again."""
        if self._pending:
            self._pending = False
            self._due = -math.inf
            self._screen.finish(self)

    def steps(self, iterable: Iterable[T]) -> Iterator[T]:
        """Iterate until the end, or until the run is stopped by Ctrl-C, the notebook's stop or the plot's own button.

        The first interrupt lets the current step finish, so no update is left half done; a second one raises
        KeyboardInterrupt at once. A stopped plot stays stopped, so that loops over `steps` inside loops all end; a new
        `with` block or a new notebook cell starts it again. Outside a `with` block, the outermost loop closes the plot.
        """
        if self._may_restart:
            self._may_restart = self.stopped = False
        self._depth += 1
        try:
            with _interrupts(self.stop):
                for item in () if self.stopped else iterable:
                    yield item
                    if self.stopped:
                        break
        finally:
            self._leave()

    def stop(self) -> None:
        """Ask the loop over `steps` to end after the current step."""
        self.stopped = True

    @property
    def svg(self) -> str:
        """The picture as it is now."""
        return chart(self.history, *self.names, title=self.title, log=self.log, smoothing=self.smoothing)

    @property
    def text(self) -> str:
        """The picture in plain text: a table of last and best numbers."""
        stop = " (stopped by hand)" if self.stopped else ""
        return f"{self.title or 'LivePlot'}{stop}\n{self.history!r}"

    def figure(self) -> Any:
        """The picture as a matplotlib figure."""
        return self.history.plot(*self.names, smoothing=self.smoothing, log=self.log, title=self.title)

    def redraw(self) -> None:
        """Show a change of `log` or `smoothing`: at once, or with the next number while a run goes on."""
        self._due = -math.inf
        if not self._pending and len(self.history):
            self._screen.finish(self)

    def __enter__(self) -> LivePlot:
        self._may_restart = True
        self._depth += 1
        return self

    def __exit__(self, *error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._depth -= 1
        if not self._depth:
            self.close()

    def _end_of_cell(self) -> None:
        self._may_restart = True
        self.close()

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return _bundle(self)


class _Screen(Protocol):
    """Where a plot appears: `show` while it grows, `finish` when it is complete."""

    most_per_second: float

    def show(self, plot: LivePlot) -> None: ...

    def finish(self, plot: LivePlot) -> None: ...


class _Terminal:
    """Plain lines, at most one a second, and a table at the end. No cursor tricks, so logs stay readable."""

    most_per_second = 1.0

    def __init__(self) -> None:
        self._shown = ""

    def show(self, plot: LivePlot) -> None:
        history = plot.history
        numbers = "  ".join(f"{name} {digits(history[name][-1])}" for name in history)
        line = f"step {digits(max(history.steps(name)[-1] for name in history))}  {numbers}"
        if line != self._shown:
            print(line, flush=True)
        self._shown = line

    def finish(self, plot: LivePlot) -> None:
        if self._shown:
            self.show(plot)
            self._shown = ""
        print(plot.text, flush=True)


class _Notebook:
    """One output cell, redrawn in place through its display id."""

    most_per_second = math.inf

    def __init__(self, plot: LivePlot, controls: bool) -> None:
        if plot.backend == "matplotlib":
            self.most_per_second = 4.0
        self._handle: Any = None
        self._image: Any = None  # the ipywidgets.Image that shows matplotlib's picture while it moves
        self._controls = controls

    def show(self, plot: LivePlot) -> None:
        if plot.backend == "svg":
            return self._put(plot, _bundle(plot), raw=True)
        png = png_of(plot.figure())
        if self._image is None and self._handle is None:
            self._image = _frontend.widgets('LivePlot(backend="matplotlib")').Image(value=png, format="png")
            self._put(plot, self._image, raw=False)
        elif self._image is not None:
            self._image.value = png
        else:
            self._put(plot, _bundle(plot, png), raw=True)

    def finish(self, plot: LivePlot) -> None:
        # A widget is not saved with the notebook: the picture takes its place.
        self._put(plot, _bundle(plot), raw=True)
        if self._image is not None:
            self._image.close()
            self._image = None

    def _put(self, plot: LivePlot, content: Any, raw: bool) -> None:
        from IPython.display import display

        if self._handle is not None:
            self._handle.update(content, raw=raw)
            return
        if self._controls:
            display(_control_box(plot))
        self._handle = display(content, raw=raw, display_id=True)


def _bundle(plot: LivePlot, png: bytes | None = None) -> dict[str, Any]:
    if plot.backend == "matplotlib":
        return {"image/png": png or png_of(plot.figure()), "text/plain": plot.text}
    return bundle(plot.svg, plot.text)


def _control_box(plot: LivePlot) -> Any:
    """Slider and buttons. Their callbacks may run in another thread, so they only set a flag and ask for a redraw."""
    widgets = _frontend.widgets("the controls of a LivePlot")
    slider = widgets.FloatSlider(value=plot.smoothing, min=0, max=0.99, step=0.01, description="smoothing")
    toggle = widgets.ToggleButton(value=plot.log, description="log scale")
    button = widgets.Button(description="stop", tooltip="end the loop over plot.steps(...) after the current step")

    def change(name: str) -> Callable[[Any], None]:
        def changed(event: Any) -> None:
            setattr(plot, name, event["new"])
            plot.redraw()

        return changed

    slider.observe(change("smoothing"), "value")
    toggle.observe(change("log"), "value")
    button.on_click(lambda _: plot.stop())
    for widget in (slider, toggle, button):
        _frontend.answer_at_once(widget)
    return widgets.HBox([slider, toggle, button])


def _at_end_of_cell(action: Callable[[], None]) -> None:
    """Run `action` once when the current notebook cell ends; nothing outside IPython."""
    shell = _frontend.shell()
    if shell is None:
        return

    def once(*_: Any) -> None:
        shell.events.unregister("post_run_cell", once)
        action()

    shell.events.register("post_run_cell", once)


@contextmanager
def _interrupts(action: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first Ctrl-C calls `action`; the next does what Ctrl-C did before."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread; elsewhere there is nothing to catch
        return
    before = signal.getsignal(signal.SIGINT)

    def interrupted(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        action()

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, before)
