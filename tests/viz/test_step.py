"""Stepping shows what the engine did: each node once, its incoming gradient, its products, and the sums."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

import minigrad
from minigrad import Tensor, _frontend, nn, viz
from minigrad.viz.boxes import Box
from minigrad.viz.graph import digits_of
from minigrad.viz.step import Arrival, Step, Stepper
from minigrad.viz.svg import bundle


def leaf(value: Any) -> Tensor:
    return minigrad.tensor(value, requires_grad=True)


def final_gradients(stepper: Stepper) -> dict[str, str]:
    return {stepper.names[arrival.box]: arrival.total for step in stepper.steps for arrival in step.arrivals}


def test_incoming_times_local_is_outgoing_and_arrivals_add_up() -> None:
    a, b = leaf(2.0), leaf(3.0)
    c = a * b
    stepper = viz.step(c * c + a, names={"a": a, "b": b, "c": c})
    for step in stepper.steps:
        for arrival in step.arrivals:
            assert float(step.incoming) * float(arrival.local) == float(arrival.outgoing)
            assert float(arrival.before or 0) + float(arrival.outgoing) == float(arrival.total)
    assert final_gradients(stepper) == {"mul": "1", "a": "37", "c": "12", "b": "24"}


def test_the_last_gradients_are_those_of_backward_also_through_broadcasting() -> None:
    x, y, z = leaf([1.0, 2.0]), leaf([[0.5], [3.0], [1.0]]), leaf(2.0)
    loss = (x * y + z).exp().mean()
    shown = final_gradients(viz.step(loss, names={"x": x, "y": y, "z": z}))
    loss.backward()
    for name, tensor in {"x": x, "y": y, "z": z}.items():
        assert shown[name] == digits_of(tensor.grad.tolist())


def test_outputs_of_one_operation_collect_their_gradients_apart() -> None:
    x = leaf([1.0, 2.0, 3.0])
    first, rest = x.split([1, 2])
    loss = (first * 10).sum() + (rest * rest).sum() + first.sum()
    stepper = viz.step(loss, names={"x": x})
    (split,) = [step for step in stepper.steps if step.arrivals[0].box == stepper.names.index("x")]
    assert split.incoming == "[11], [4, 6]" and final_gradients(stepper)["x"] == "[11, 4, 6]"


def test_every_operation_is_in_hand_once_newest_first() -> None:
    a = leaf(0.5)
    value = a
    for _ in range(5):
        value = value.tanh() * a
    stepper = viz.step(value)
    assert len(stepper.steps) == 10
    assert [step.box for step in stepper.steps] == sorted((step.box for step in stepper.steps), reverse=True)


def test_stepping_leaves_gradients_hooks_and_graph_as_they_were() -> None:
    a = leaf(2.0)
    loss = a * a * 3
    viz.step(loss)
    viz.step(loss)
    assert a.grad is None and not loss.grad_fn._post_hooks
    loss.backward()
    assert a.grad.item() == 12


def test_a_module_can_be_stepped_through() -> None:
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    loss = nn.functional.cross_entropy(model(minigrad.randn(4, 3)), minigrad.tensor([0, 1, 1, 0]))
    stepper = viz.step(loss, model)
    assert {"0.weight", "0.bias", "2.weight", "2.bias"} <= set(final_gradients(stepper))
    loss.backward()
    assert final_gradients(stepper)["2.bias"] == digits_of(model[2].bias.grad.tolist())
    assert all(arrival.local == "" for step in stepper.steps for arrival in step.arrivals)


@pytest.mark.parametrize(
    ("output", "error", "message"),
    [
        (3.0, TypeError, "expected a Tensor, got float"),
        (minigrad.ones(()), ValueError, "a tensor without a graph"),
        (leaf([1.0, 2.0]) * 2, ValueError, r"got shape \(2,\)"),
    ],
)
def test_what_has_no_single_number_at_the_end_is_refused(output: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        viz.step(output)


def test_a_graph_too_large_to_step_through_is_refused() -> None:
    value = leaf(1.0)
    for _ in range(61):
        value = value * 1.0
    with pytest.raises(ValueError, match="expected at most 60 operations"):
        viz.step(value)


def test_the_text_is_a_table_of_all_steps() -> None:
    a, b, c = leaf(2.0), leaf(-3.0), leaf(10.0)
    e = a * b + c
    assert repr(viz.step(e * e, names={"a": a, "b": b, "c": c, "e": e})).splitlines() == [
        "output, backward in 3 steps",
        "step  at     incoming  to     local  outgoing   gradient",
        "   1  mul 2         1  e          4         4          4",
        "                       e          4         4  4 + 4 = 8",
        "   2  e             8  mul 1      1         8          8",
        "                       c          1         8          8",
        "   3  mul 1         8  a         -3       -24        -24",
        "                       b          2        16         16",
    ]


def test_nothing_moves_from_one_picture_to_the_next() -> None:
    stepper = viz.step((leaf(2.0) * leaf(3.0)).exp())
    namespace = "{http://www.w3.org/2000/svg}"

    def places(k: int) -> list[tuple[str | None, ...]]:
        root = ElementTree.fromstring(stepper.svg(k))
        boxes = [tuple(rect.get(key) for key in ("x", "y", "width", "height")) for rect in root.iter(f"{namespace}rect")]
        return sorted(boxes, key=str)

    assert places(0) == places(1) == places(2)
    assert 'class="lit"' not in stepper.svg(0) and 'class="lit"' in stepper.svg(1)


def test_the_overview_shows_start_and_end_side_by_side() -> None:
    stepper = viz.step((leaf(2.0) * leaf(3.0)).exp().log().sqrt())
    svg = stepper.svg()
    assert all(f"step {k} of 4" in svg for k in (1, 2, 4)) and "before the walk" in svg and "step 3 of 4" not in svg
    assert stepper._repr_mimebundle_() == bundle(svg, stepper.text)


def test_an_engine_of_ones_own_can_be_shown() -> None:
    boxes = [Box("leaf", "x", ["value 3"]), Box("operation", "y = square", ["value 9"], inputs=[0])]
    stepper = Stepper(boxes, [Step(1, "1", [Arrival(0, "6", "6", local="6")], rule="2 x")], "y")
    assert stepper.words(1) == ["step 1 of 1: y", "incoming gradient 1", "to x: 1 × 6 = 6", "rule 2 x"]
    assert ElementTree.fromstring(stepper.svg()).get("role") == "img"


class Notebook:
    """A front end that keeps every state of every output."""

    kernel = object()

    def __init__(self) -> None:
        self.outputs: list[list[Any]] = []

    def display(self, content: Any, raw: bool = False, display_id: bool = False) -> Any:
        self.outputs.append([content])
        area = self.outputs[-1]
        return SimpleNamespace(update=lambda content, raw: area.append(content))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    display = pytest.importorskip("IPython.display")
    notebook = Notebook()
    monkeypatch.setattr(_frontend, "shell", lambda: notebook)
    monkeypatch.setattr(display, "display", notebook.display)
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.setenv("MINIGRAD_LIVE", "1")
    yield notebook


def test_a_slider_turns_the_overview_into_single_steps_and_back(notebook: Notebook) -> None:
    pytest.importorskip("ipywidgets")
    stepper = viz.step(leaf(2.0) * leaf(3.0))
    stepper._ipython_display_()
    (controls,), picture = notebook.outputs
    _, slider, _ = controls.children
    for position in (1, 2, 0):
        slider.value = position
    assert [content["image/svg+xml"] for content in picture] == [stepper.svg(), stepper.svg(0), stepper.svg(1), stepper.svg()]
    assert picture[2]["text/plain"].startswith("step 1 of 1: ")


def test_where_nobody_watches_there_is_only_the_overview(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGRAD_LIVE", "0")
    stepper = viz.step(leaf(2.0) * leaf(3.0))
    stepper._ipython_display_()
    assert notebook.outputs == [[stepper._repr_mimebundle_()]]
