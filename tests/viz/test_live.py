"""A live plot redraws when it is time, always shows the first and the last state, and lets go of training cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from minigrad import _frontend
from minigrad.viz import LivePlot
from minigrad.viz.svg import bundle


class Clock:
    """A clock that the test moves; each look at it takes `cost` seconds."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost = 0.0, cost

    def __call__(self) -> float:
        self.now += self.cost
        return self.now


class Recorder:
    """A screen that remembers what it was shown."""

    most_per_second = 1000.0

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def show(self, plot: LivePlot) -> None:
        self.shown.append(plot.history["loss"][-1])

    def finish(self, plot: LivePlot) -> None:
        self.shown.append(("final", plot.history["loss"][-1]))


def watched(clock: Callable[[], float], **options: Any) -> tuple[LivePlot, list[Any]]:
    plot = LivePlot(live=True, clock=clock, **options)
    screen = Recorder()
    plot._screen = screen
    return plot, screen.shown


def test_redraws_are_spaced_in_time_and_first_and_last_are_always_shown() -> None:
    clock = Clock()
    plot, shown = watched(clock, rate=10)
    for i in range(50):
        plot(loss=i)
        clock.now += 0.03
    plot.close()
    assert shown == [*range(0, 50, 4), ("final", 49)]


def test_drawing_takes_at_most_a_tenth_of_the_time() -> None:
    clock = Clock(cost=0.5)
    plot, shown = watched(clock, rate=10)
    while clock.now < 100:
        plot(loss=clock.now)
        clock.now += 0.01
    spent = 0.5 * len(shown)
    assert 5 <= spent <= 100 / 10 + 0.5


def test_closing_twice_shows_once_and_later_numbers_open_it_again() -> None:
    plot, shown = watched(Clock())
    plot(loss=1.0)
    plot.close()
    plot.close()
    plot(loss=2.0)
    plot.close()
    assert shown == [1.0, ("final", 1.0), 2.0, ("final", 2.0)]


def test_an_unused_plot_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with LivePlot():
        pass
    assert capsys.readouterr().out == ""


def test_unwatched_output_is_the_final_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with LivePlot("loss", title="A run") as plot:
        for value in (0.5, 0.25, 0.375):
            plot(loss=value)
    assert capsys.readouterr().out.splitlines() == [
        "A run",
        "        last    best  at step",
        "loss   0.375    0.25        1",
    ]


def test_a_terminal_gets_plain_lines_once_a_second_and_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with LivePlot(live=True, clock=clock) as plot:
        for i in range(5):
            plot(loss=1 / (i + 1))
            clock.now += 0.6
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["step 0  loss 1", "step 2  loss 0.3333", "step 4  loss 0.2"]
    assert lines[3] == "LivePlot" and lines[-1].split() == ["loss", "0.2", "0.2", "4"]
    assert "\r" not in "".join(lines) and "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("variables", "terminal", "expected"),
    [({}, True, True), ({}, False, False), ({"MINIGRAD_LIVE": "0"}, True, False), ({"PYTEST_VERSION": "9"}, True, False)],
)
def test_it_is_live_only_when_somebody_watches(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], terminal: bool, expected: bool
) -> None:
    for name in ("PYTEST_VERSION", "MINIGRAD_LIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: terminal))
    assert LivePlot()._live is expected


def test_an_error_inside_with_passes_through_after_the_last_drawing() -> None:
    plot, shown = watched(Clock())
    with pytest.raises(KeyboardInterrupt), plot:
        plot(loss=1.0)
        raise KeyboardInterrupt
    assert shown[-1] == ("final", 1.0)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_inside_steps_finishes_the_step_and_leaves_the_loop() -> None:
    before = signal.getsignal(signal.SIGINT)
    plot, shown = watched(Clock())
    done = []
    for i in plot.steps(range(10)):
        if i == 3:
            interrupt()
        plot(loss=i)
        done.append(i)
    assert done == [0, 1, 2, 3] and plot.stopped and shown[-1] == ("final", 3)
    assert "stopped by hand" in plot.text
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_raises_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    plot, _ = watched(Clock())
    with pytest.raises(KeyboardInterrupt):
        for _ in plot.steps(range(10)):
            interrupt()
            interrupt()
    assert signal.getsignal(signal.SIGINT) is before


def test_stop_leaves_nested_loops_and_a_new_with_block_starts_again() -> None:
    plot, shown = watched(Clock())
    for _ in range(2):
        seen = []
        with plot:
            for epoch in plot.steps(range(3)):
                for batch in plot.steps(range(3)):
                    seen.append((epoch, batch))
                    plot(loss=batch)
                    if (epoch, batch) == (1, 0):
                        plot.stop()
        assert seen == [(0, 0), (0, 1), (0, 2), (1, 0)]
        assert [entry for entry in shown if isinstance(entry, tuple)] == [("final", 0)]
        shown.clear()


def test_without_a_with_block_the_outermost_loop_closes_the_plot() -> None:
    plot, shown = watched(Clock())
    for epoch in plot.steps(range(2)):
        for _ in plot.steps(range(2)):
            plot(loss=epoch)
    assert [entry for entry in shown if isinstance(entry, tuple)] == [("final", 1)]


def test_leaving_steps_by_break_or_error_gives_ctrl_c_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    plot, shown = watched(Clock())
    for _ in plot.steps(range(3)):
        plot(loss=1.0)
        break
    assert signal.getsignal(signal.SIGINT) is before and shown[-1] == ("final", 1.0)
    with pytest.raises(ZeroDivisionError):
        for _ in plot.steps(range(3)):
            1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is before


def test_steps_works_outside_the_main_thread() -> None:
    plot, _ = watched(Clock())
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.extend(plot.steps(range(3))))
    thread.start()
    thread.join()
    assert seen == [0, 1, 2]


def test_importing_viz_imports_no_notebook_and_no_matplotlib() -> None:
    code = "import sys, minigrad.viz; print(sorted({'IPython', 'ipywidgets', 'matplotlib', 'graphviz'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "bokeh"}, 'expected backend "svg" or "matplotlib", got \'bokeh\''),
        ({"smoothing": 1.0}, r"expected smoothing in \[0, 1\), got 1.0"),
        ({"rate": 0}, "expected a positive rate, got 0"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LivePlot(**options)


# Notebooks


class Shell:
    """What `LivePlot` uses of IPython's shell and of a display handle."""

    kernel = object()

    def __init__(self) -> None:
        self.events = self
        self.hooks: list[Callable[..., None]] = []
        self.outputs: list[list[Any]] = []  # for each output area all that it has shown

    def register(self, event: str, hook: Callable[..., None]) -> None:
        assert event == "post_run_cell"
        self.hooks.append(hook)

    def unregister(self, event: str, hook: Callable[..., None]) -> None:
        self.hooks.remove(hook)

    def display(self, content: Any, raw: bool = False, display_id: bool = False) -> Any:
        self.outputs.append([content])
        area = self.outputs[-1]
        return SimpleNamespace(update=lambda content, raw: area.append(content))

    def end_cell(self) -> None:
        for hook in list(self.hooks):
            hook(None)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    display = pytest.importorskip("IPython.display")
    shell = Shell()
    monkeypatch.setattr(_frontend, "shell", lambda: shell)
    monkeypatch.setattr(display, "display", shell.display)
    yield shell


def test_a_notebook_redraws_one_output_which_ends_as_picture_and_text(shell: Shell) -> None:
    with LivePlot(live=True, clock=Clock(1.0)) as plot:
        for i in range(200):
            plot(loss=i)
    (area,) = shell.outputs
    assert len(area) > 3
    assert all(set(content) == {"image/svg+xml", "text/html", "text/plain"} for content in area)
    assert area[-1] == bundle(plot.svg, plot.text) == plot._repr_mimebundle_()


def test_an_unwatched_notebook_shows_the_final_state_alone_and_the_same(shell: Shell) -> None:
    finals = []
    for watched_by_somebody in (False, True):
        with LivePlot(live=watched_by_somebody) as plot:
            plot(loss=1.0)
            plot(loss=0.5)
        finals.append(shell.outputs[-1][-1])
    assert len(shell.outputs) == 2 and len(shell.outputs[0]) == 1
    assert finals[0] == finals[1]


def test_without_with_the_end_of_the_cell_shows_the_last_state(shell: Shell) -> None:
    plot = LivePlot(live=True, clock=Clock())
    plot(loss=1.0)
    plot(loss=2.0)
    shell.end_cell()
    assert shell.outputs[0][-1]["image/svg+xml"] == plot.svg and shell.hooks == []
    plot(loss=3.0)
    shell.end_cell()
    assert len(shell.outputs) == 1 and "3" in shell.outputs[0][-1]["text/plain"]


def test_a_new_cell_starts_a_stopped_plot_again(shell: Shell) -> None:
    plot = LivePlot(live=True)
    for cell in range(2):
        for i in plot.steps(range(5)):
            plot(loss=i)
            plot.stop()
        assert len(plot.history) == cell + 1
        assert list(plot.steps(range(5))) == []
        shell.end_cell()


def test_matplotlib_moves_as_a_widget_and_stays_as_a_picture(shell: Shell) -> None:
    widgets = pytest.importorskip("ipywidgets")
    pytest.importorskip("matplotlib").use("agg")
    clock = Clock()
    with LivePlot(live=True, backend="matplotlib", clock=clock) as plot:
        plot(loss=1.0)
        clock.now += 10
        plot(loss=0.5)
    (area,) = shell.outputs
    widget, final = area
    assert isinstance(widget, widgets.Image)
    assert final["image/png"][:4] == b"\x89PNG" and final["text/plain"] == plot.text
    assert final["image/png"] == plot._repr_mimebundle_()["image/png"]


def test_controls_change_the_picture_and_stop_the_run(shell: Shell) -> None:
    pytest.importorskip("ipywidgets")
    plot = LivePlot(live=True, controls=True)
    plot(loss=1.0)
    plot(loss=2.0)
    plot.close()
    (box,), picture = shell.outputs
    slider, toggle, button = box.children
    slider.value, toggle.value = 0.5, True
    assert plot.smoothing == 0.5 and plot.log
    assert "step, smoothing 0.5, log scale" in picture[-1]["image/svg+xml"]
    button.click()
    assert plot.stopped


def test_a_saved_notebook_shows_the_picture() -> None:
    """In a real kernel: the numbers come live, the file holds the final picture."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "from minigrad import viz\nwith viz.LivePlot('loss') as plot:\n    for i in range(30):\n        plot(loss=1 / (i + 1))",
        "import os, signal\nfor i in viz.LivePlot().steps(range(100)):\n    os.kill(os.getpid(), signal.SIGINT)\nprint(i)",
        "viz.LivePlot()(loss=1.0)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_VERSION"}
    client = nbclient.NotebookClient(notebook, timeout=60)
    client.execute(env=environment)
    live_plot, interrupted, bare = (cell.outputs for cell in notebook.cells)
    assert [output.output_type for output in live_plot] == ["display_data"]
    assert live_plot[0].data["image/svg+xml"].startswith("<svg") and "29" in live_plot[0].data["text/plain"]
    assert [output.text for output in interrupted] == ["0\n"]
    assert [sorted(output.data) for output in bare] == [["image/svg+xml", "text/html", "text/plain"]]
