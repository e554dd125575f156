"""A chart is a faithful, deterministic, bounded picture of a history."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.viz import History
from minigrad.viz.chart import chart, describe, log_ticks, ticks

SVG = "{http://www.w3.org/2000/svg}"


def history_of(**series: list[float]) -> History:
    history = History()
    for name, values in series.items():
        for step, value in enumerate(values):
            history.append(step, **{name: value})
    return history


def line_points(svg: str, look: str) -> list[list[tuple[float, float]]]:
    root = ElementTree.fromstring(svg)
    paths = [path.get("d") for group in root.iter(SVG + "g") if group.get("class") == look for path in group.iter(SVG + "path")]
    lines = [[(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)] for path in paths]
    return [line for line in lines if not (len(line) == 2 and line[1][0] - line[0][0] == 16)]  # that is the legend


def texts(svg: str) -> list[str]:
    return [text.text for text in ElementTree.fromstring(svg).iter(SVG + "text")]


def test_a_straight_series_is_a_straight_line_across_the_axes() -> None:
    (line,) = line_points(chart(history_of(loss=[0.0, 1.0, 2.0, 3.0])), "line0")
    xs, ys = zip(*line, strict=True)
    assert [b - a for a, b in zip(xs, xs[1:], strict=False)] == pytest.approx([xs[1] - xs[0]] * 3, abs=0.21)
    assert [b - a for a, b in zip(ys, ys[1:], strict=False)] == pytest.approx([ys[1] - ys[0]] * 3, abs=0.21)
    assert ys[0] > ys[-1]  # up is more


def test_a_geometric_series_is_straight_on_a_log_axis() -> None:
    (line,) = line_points(chart(history_of(loss=[1.0, 0.1, 0.01, 0.001]), log=True), "line0")
    ys = [y for _, y in line]
    assert [b - a for a, b in zip(ys, ys[1:], strict=False)] == pytest.approx([ys[1] - ys[0]] * 3, abs=0.21)


def test_a_log_axis_leaves_out_what_is_not_positive() -> None:
    lines = line_points(chart(history_of(loss=[1.0, 2.0, 0.0, -1.0, 4.0, 8.0]), log=True), "line0")
    assert [len(line) for line in lines] == [2, 2]


def test_smoothing_draws_the_numbers_faintly_under_the_average() -> None:
    svg = chart(history_of(loss=[1.0, 0.0, 1.0, 0.0]), smoothing=0.5)
    assert len(line_points(svg, "faint0")) == len(line_points(svg, "line0")) == 1
    assert svg.index('class="faint0"') < svg.rindex('class="line0"')
    assert "step, smoothing 0.5" in texts(svg)


def test_nan_breaks_the_line_and_is_named_in_the_legend() -> None:
    svg = chart(history_of(loss=[2.0, 1.0, math.nan, 1.0, 2.0]))
    assert [len(line) for line in line_points(svg, "line0")] == [2, 2]
    assert "best 1 at 1, not finite at step 2" in texts(svg)


def test_the_legend_carries_last_and_best() -> None:
    shown = texts(chart(history_of(loss=[3.0, 0.5, 0.75], val_acc=[0.5, 0.625]), title="A run"))
    assert shown[0] == "A run"
    for text in ("loss", "0.75", "best 0.5 at 1", "val_acc", "0.625", "best 0.625 at 1"):
        assert text in shown


def test_names_select_and_order_the_axes() -> None:
    history = history_of(loss=[1.0, 2.0], acc=[0.1, 0.2], lr=[0.1, 0.1])
    shown = texts(chart(history, "acc", "loss"))
    assert shown.index("acc") < shown.index("loss") and "lr" not in shown


def test_the_picture_does_not_grow_with_the_run() -> None:
    short, long = (chart(history_of(loss=[math.sin(i * i) for i in range(n)])) for n in (400, 40_000))
    assert len(long) < 1.2 * len(short) < 12_000


def test_same_history_gives_the_same_bytes() -> None:
    assert chart(history_of(loss=[1.0, 0.3])) == chart(history_of(loss=[1.0, 0.3]))


anything = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(st.lists(anything, max_size=8), st.lists(anything, max_size=8), st.booleans(), st.sampled_from([0.0, 0.9]))
def test_no_numbers_break_the_picture(a: list[float], b: list[float], log: bool, smoothing: float) -> None:
    history = history_of(loss=a, val_acc=b)
    svg = chart(history, log=log, smoothing=smoothing)
    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(side)) for side in ("width", "height"))
    for look in ("line0", "line1", "faint0"):
        for line in line_points(svg, look):
            assert all(-0.1 <= x <= width + 0.1 and -0.1 <= y <= height + 0.1 for x, y in line)
    places = [mark.get(key, "") for mark in root.iter() for key in ("d", "x", "y", "cx", "cy")]
    assert not any("nan" in place or "inf" in place for place in places)


def test_words_for_those_who_do_not_see() -> None:
    text = describe(history_of(loss=[2.0, 0.5, 1.0]))
    assert text == "loss went from 2 to 1 in 3 values, best 0.5 at step 1"
    assert ElementTree.fromstring(chart(history_of(loss=[2.0, 0.5, 1.0]))).find(SVG + "desc").text == text


@given(st.floats(-1e9, 1e9), st.floats(-6, 3), st.floats(1e-6, 1))
def test_ticks_are_round_inside_and_evenly_spaced_and_their_labels_differ(low: float, zoom: float, span: float) -> None:
    span = max(abs(low), span) * 10**zoom
    marks, labels = zip(*ticks(low, low + span), strict=True)
    assert len(set(labels)) == len(labels)
    gaps = [b - a for a, b in zip(marks, marks[1:], strict=False)]
    assert 3 <= len(marks) <= 9
    assert all(low - 1e-3 * span <= mark <= low + 1.001 * span for mark in marks)
    assert gaps == pytest.approx([gaps[0]] * len(gaps), rel=1e-3, abs=abs(low) * 1e-9)
    assert f"{gaps[0]:.0e}"[0] in "125"


def test_integer_ticks_stay_integers() -> None:
    assert [label for _, label in ticks(0, 3, about=6, whole=True)] == ["0", "1", "2", "3"]
    assert [label for _, label in ticks(0, 4_000, about=4, whole=True)] == ["0", "1,000", "2,000", "3,000", "4,000"]


@given(st.floats(-30, 30), st.floats(0.01, 40))
def test_log_ticks_lie_inside_and_are_few(exponent: float, decades: float) -> None:
    low, high = 10**exponent, 10 ** (exponent + decades)
    marks = [value for value, _ in log_ticks(low, high)]
    assert 2 <= len(marks) <= 10
    assert all(low * 0.999 <= mark <= high * 1.001 for mark in marks)
