"""What a run reported is kept exactly, and what a plot shows of it loses no spike and starts without a jump."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.viz import History
from minigrad.viz.history import decimate, digits, ema

finite = st.floats(-1e6, 1e6)


def recorded(**series: list[float]) -> History:
    history = History()
    for i in range(max(map(len, series.values()))):
        history.append(i, **{name: values[i] for name, values in series.items() if i < len(values)})
    return history


def test_numbers_reported_apart_share_a_step() -> None:
    history = History()
    for _ in range(2):
        for batch in range(3):
            history.append(loss=batch)
        history.append(val_loss=9.0)
        history.append(val_acc=0.5)
    assert history.steps("loss") == [0, 1, 2, 3, 4, 5]
    assert history.steps("val_loss") == history.steps("val_acc") == [2, 5]


def test_steps_can_be_given() -> None:
    history = History()
    history.append(10, loss=1.0)
    history.append(20, loss=2.0)
    history.append(loss=3.0)
    assert history.steps("loss") == [10, 20, 21]


def test_tensors_of_one_element_are_numbers() -> None:
    history = History()
    history.append(loss=minigrad.tensor([[2.5]], requires_grad=True))
    assert history["loss"] == [2.5] and type(history["loss"][0]) is float


@pytest.mark.parametrize(("value", "what"), [(minigrad.zeros(2, 3), r"shape \(2, 3\)"), ("high", "str"), (None, "NoneType")])
def test_what_is_no_number_is_refused_by_name(value: object, what: str) -> None:
    history = History()
    with pytest.raises(TypeError, match=f"val_loss: expected a number or a tensor with one element, got {what}"):
        history.append(loss=1.0, val_loss=value)
    assert len(history) == 0


@given(st.lists(finite, min_size=1))
def test_best_is_the_first_minimum_of_a_loss_and_maximum_of_an_accuracy(values: list[float]) -> None:
    history = recorded(loss=values, val_acc=values)
    assert history.best("loss") == (values.index(min(values)), min(values))
    assert history.best("val_acc") == (values.index(max(values)), max(values))


def test_best_can_be_told() -> None:
    history = History(best={"margin": "max"})
    for value in (1.0, 3.0, 2.0):
        history.append(margin=value)
    assert history.best("margin") == (1, 3.0)
    with pytest.raises(ValueError, match='expected "min" or "max" as the best of \'loss\''):
        History(best={"loss": "low"})


def test_divergence_is_noted_where_it_began() -> None:
    history = recorded(loss=[1.0, 0.5, math.inf, math.nan])
    assert history.broken("loss") == 2 and history.best("loss") == (1, 0.5)
    only_nan = recorded(loss=[math.nan])
    assert only_nan.best("loss") is None and "nan" in repr(only_nan)


def test_series_with_the_same_last_word_share_axes_and_those_with_the_same_first_words_a_colour() -> None:
    history = recorded(loss=[1.0], val_loss=[1.0], acc=[0.1], val_acc=[0.2], lr=[0.01])
    assert history.panels() == [["loss", "val_loss"], ["acc", "val_acc"], ["lr"]]
    assert history.panels("acc", "loss") == [["acc", "val_acc"], ["loss", "val_loss"]]
    assert history.panels("val_loss") == [["val_loss"]]
    assert history.hue("val_loss") == history.hue("val_acc") != history.hue("loss")


def test_an_empty_history_says_so() -> None:
    assert repr(History()) == "History: nothing recorded yet"
    assert History().panels() == [] and len(History()) == 0


@given(st.lists(finite, min_size=1, max_size=50), st.floats(0, 0.99))
def test_the_first_smoothed_value_is_the_first_value_and_all_stay_in_range(values: list[float], smoothing: float) -> None:
    smooth = ema(range(len(values)), values, smoothing)
    slack = 1e-6 * (1 + max(map(abs, values)))
    assert smooth[0] == pytest.approx(values[0])
    assert all(min(values) - slack <= s <= max(values) + slack for s in smooth)


@given(st.lists(finite, min_size=1, max_size=30))
def test_smoothing_is_adams_bias_corrected_average(values: list[float]) -> None:
    beta, mean = 0.9, 0.0
    for t, (value, smooth) in enumerate(zip(values, ema(range(len(values)), values, beta), strict=True), 1):
        mean = beta * mean + (1 - beta) * value
        assert smooth == pytest.approx(mean / (1 - beta**t), abs=1e-6)


def test_rare_numbers_are_smoothed_less_than_frequent_ones() -> None:
    assert ema([0, 100, 200], [0.0, 0.0, 1.0], 0.9)[-1] > 0.99
    assert ema([0, 1, 2], [0.0, 0.0, 1.0], 0.9)[-1] < 0.4


def test_smoothing_steps_over_what_is_not_finite() -> None:
    smooth = ema([0, 1, 2], [1.0, math.nan, 1.0], 0.9)
    assert math.isnan(smooth[1]) and smooth[2] == pytest.approx(1.0)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, 2.0])
def test_smoothing_outside_its_range_is_refused(smoothing: float) -> None:
    with pytest.raises(ValueError, match=r"smoothing: expected a number in \[0, 1\)"):
        ema([0], [1.0], smoothing)


@given(st.lists(finite, min_size=1, max_size=3000), st.integers(10, 400))
def test_decimation_keeps_extremes_and_order_and_is_short(values: list[float], most: int) -> None:
    (points,) = decimate(range(len(values)), values, most)
    assert len(points) <= most
    assert {min(values), max(values)} <= {value for _, value in points}
    assert [step for step, _ in points] == sorted({step for step, _ in points})
    assert all(values[step] == value for step, value in points)


@given(st.lists(st.one_of(finite, st.just(math.nan), st.just(math.inf)), max_size=1500))
def test_decimation_breaks_the_line_at_what_is_not_finite(values: list[float]) -> None:
    pieces = decimate(range(len(values)), values, 100)
    kept = [value for piece in pieces for _, value in piece]
    assert all(map(math.isfinite, kept)) and all(pieces)
    real = [value for value in values if math.isfinite(value)]
    assert bool(real) == bool(kept)
    if real:
        assert min(kept) == min(real) and max(kept) == max(real)


def test_a_short_series_is_not_decimated() -> None:
    assert decimate([0, 1, 2], [1.0, math.nan, 2.0]) == [[(0, 1.0)], [(2, 2.0)]]


@pytest.mark.parametrize(
    ("value", "text"), [(0.1 + 0.2, "0.3"), (3.0, "3"), (math.nan, "nan"), (-math.inf, "-inf"), (1e9, "1e+09"), (12.3456, "12.35")]
)
def test_digits_are_few(value: float, text: str) -> None:
    assert digits(value) == text


def test_matplotlib_figure_has_one_pair_of_axes_for_each_group() -> None:
    pytest.importorskip("matplotlib").use("agg")
    history = recorded(loss=[3.0, 1.0, 2.0], val_loss=[3.0, 2.0], acc=[0.1, 0.2])
    figure = history.plot(smoothing=0.5, log=True, title="run")
    loss, acc = figure.axes
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["loss", "val_loss"]
    assert loss.get_yscale() == "log" and acc.get_xlabel() == "step" and loss.get_title(loc="left") == "run"
    assert [list(line.get_ydata()) for line in loss.lines if line.get_alpha()] == [[3.0, 1.0, 2.0], [3.0, 2.0]]
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []  # shown once, by whoever got it
