"""The backward pass, one node at a time: `viz.step(loss)` is a picture with a slider.

At each step one box of the graph is in hand.  The gradient that arrived at it, times its local derivative, goes to each
of its inputs and is added to what is there: the chain rule and its sum, in numbers.  What is shown is what happened: the
engine itself walks the graph, and hooks take down what it hands to whom.  Without a kernel a few steps stand side by side,
and the text holds all of them.  `Stepper` draws any such walk, also that of an engine of your own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from minigrad import _frontend
from minigrad.autograd import grad, no_grad
from minigrad.autograd.node import NOT_A_TENSOR, AccumulateGrad, Node
from minigrad.tensor import Tensor
from minigrad.viz.boxes import Box, Plan
from minigrad.viz.graph import Builder, digits_of
from minigrad.viz.svg import Svg, bundle, text_width

_FEW = 6  # gradients of at most this many elements are shown in numbers
_MOST = 60  # operations in a graph that can be stepped through by hand
_MARGIN, _LINE, _GAP = 18.0, 17.0, 14.0
_PAGE = 1060.0  # steps stand side by side as long as they fit into this width

RULES = {  # label of an operation: its differential
    "add": "d(a + b) = da + db", "sub": "d(a - b) = da - db", "mul": "d(a b) = b da + a db", "neg": "d(-a) = -da",
    "div": "d(a / b) = da / b - a db / b²", "pow": "d(aⁿ) = n aⁿ⁻¹ da", "exp": "d(eᵃ) = eᵃ da", "log": "d(log a) = da / a",
    "relu": "da where a > 0, else 0", "tanh": "d(tanh a) = (1 - tanh² a) da", "sigmoid": "dσ = σ (1 - σ) da",
    "matmul": "d(A B) = dA B + A dB", "sum": "d(Σ a) = Σ da", "mean": "d(mean a) = mean da",
}  # fmt: skip


@dataclass
class Arrival:
    """What one input of a node gets: incoming gradient times local derivative, added to what had arrived before."""

    box: int
    outgoing: str
    total: str  # the gradient of the input after this step
    local: str = ""  # the derivative of the node with respect to this input; empty where it is no single number
    before: str = ""  # what had arrived earlier; empty for the first arrival


@dataclass
class Step:
    """One node in hand: the gradient that came in, and what goes out of it."""

    box: int
    incoming: str
    arrivals: list[Arrival] = field(default_factory=list)
    rule: str = ""  # the derivative of the node, as a book writes it


class Stepper:
    """A walk over boxes, shown in a notebook as a picture with a slider and anywhere else as a table.

    >>> boxes = [Box("leaf", "a", ["value 3"]), Box("operation", "square", ["value 9"], inputs=[0])]
    >>> Stepper(boxes, [Step(1, "1", [Arrival(0, outgoing="6", total="6", local="6")])], "square of a")
    square of a, backward in 1 step
    step  at      incoming  to  local  outgoing  gradient
       1  square         1  a       6         6         6

    Args:
        boxes: as for a `Graph`: each after its inputs.
        steps: in the order of the walk.
        caption: what is differentiated.
    """

    def __init__(self, boxes: list[Box], steps: Sequence[Step], caption: str) -> None:
        self.steps, self.caption = list(steps), caption
        titles = _unique([box.title for box in boxes])
        self.names = [title.partition(" = ")[0] for title in titles]
        boxes = [replace(box, title=title) for box, title in zip(boxes, titles, strict=True)]
        self._versions = [self._version(boxes, k) for k in range(len(self.steps) + 1)]

    def _version(self, boxes: list[Box], k: int) -> list[Box]:
        """The boxes after k steps, each with the gradient that has arrived so far."""
        known = {self.steps[0].box: self.steps[0].incoming} if self.steps else {}
        known.update({arrival.box: arrival.total for step in self.steps[:k] for arrival in step.arrivals})
        return [replace(box, lines=[*box.lines, f"grad {known.get(i, '?')}"]) for i, box in enumerate(boxes)]

    @cached_property
    def _plan(self) -> Plan:
        return Plan(*self._versions)

    def words(self, k: int) -> list[str]:
        """Step k in words, k from 1; step 0 is the state before the walk."""
        if not k:
            return ["before the walk", "start from gradient 1"]
        step = self.steps[k - 1]
        lines = [f"step {k} of {len(self.steps)}: {self.names[step.box]}", f"incoming gradient {step.incoming}"]
        for arrival in step.arrivals:
            product = f"{step.incoming} × {arrival.local} = {arrival.outgoing}" if arrival.local else arrival.outgoing
            added = f"; {_sum(arrival)}" if arrival.before else ""
            lines.append(f"to {self.names[arrival.box]}: {product}{added}")
        return [*lines, *([f"rule {step.rule}"] if step.rule else [])]

    def svg(self, *which: int) -> str:
        """The picture of the given steps side by side; by default of the start, the end, and two between."""
        n = len(self.steps)
        shown = which or tuple(sorted({0, min(1, n), (n + 1) // 2, n}))
        texts = [self.words(k) for k in range(n + 1)]
        high = _LINE * max(map(len, texts))
        wide = max(self._plan.width, *(text_width(line, 13, bold=not i) for text in texts for i, line in enumerate(text)))
        per_row = max(int(_PAGE // (wide + 2 * _MARGIN)), 1)
        rows = [shown[i : i + per_row] for i in range(0, len(shown), per_row)]
        cell = high + _GAP + self._plan.height + 2 * _MARGIN
        width = max(map(len, rows)) * (wide + 2 * _MARGIN)
        svg = Svg(width, len(rows) * cell, f"Backward pass of {self.caption}", ". ".join(" ".join(texts[k]) for k in shown))
        for r, row in enumerate(rows):
            for c, k in enumerate(row):
                left, top = _MARGIN + c * (wide + 2 * _MARGIN), _MARGIN + r * cell
                if c:
                    svg.line("grid", [(left - _MARGIN, top), (left - _MARGIN, top + cell - 2 * _MARGIN)])
                for i, line in enumerate(texts[k]):
                    svg.text("ink" if i else "name", left, top + 12 + i * _LINE, line)
                middle = left + (wide - self._plan.width) / 2
                self._plan.draw(svg, middle, top + high + _GAP, self._versions[k], self.steps[k - 1].box if k else None)
        return svg.render()

    @property
    def text(self) -> str:
        """All steps as a table: incoming gradient, local derivative, their product, and the gradient so far."""
        rows = [("step", "at", "incoming", "to", "local", "outgoing", "gradient")]
        for k, step in enumerate(self.steps, 1):
            start = (str(k), self.names[step.box], step.incoming)
            for arrival in step.arrivals:
                added = f"{arrival.before} + {arrival.outgoing} = {arrival.total}" if arrival.before else arrival.total
                rows.append((*start, self.names[arrival.box], arrival.local or "-", arrival.outgoing, added))
                start = ("", "", "")
        wide = [max(len(row[i]) for row in rows) for i in range(7)]
        lines = []
        for row in rows:
            cells = [cell.ljust(w) if i in (1, 3) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, wide, strict=True))]
            lines.append("  ".join(cells).rstrip())
        count = len(self.steps)
        return "\n".join([f"{self.caption}, backward in {count} step{'' if count == 1 else 's'}", *lines])

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(self.svg(), self.text)

    def _ipython_display_(self) -> None:
        """The picture; where somebody watches, below a slider that turns it into one step after the other."""
        from IPython.display import display

        slider = _control_box(len(self.steps)) if _frontend.in_notebook() and _frontend.watched() else None
        handle = display(self._repr_mimebundle_(), raw=True, display_id=True)
        if slider is None:
            return

        def at(position: int) -> dict[str, str]:
            k = position - 1
            return bundle(self.svg(k), "\n".join(self.words(k))) if position else self._repr_mimebundle_()

        slider.observe(lambda event: handle.update(at(event["new"]), raw=True), "value")


def _sum(arrival: Arrival) -> str:
    """The addition where gradients meet: written out for numbers, only its result where it would be long."""
    added = f"{arrival.before} + {arrival.outgoing} = {arrival.total}"
    return added if len(added) <= 24 else f"sum {arrival.total}"


def _control_box(steps: int) -> Any:
    """Display a slider with a play button; position 0 is the overview, 1 the state before the walk."""
    from IPython.display import display

    widgets = _frontend.widgets("the controls of viz.step()")
    slider = widgets.IntSlider(value=0, min=0, max=steps + 1, description="step", readout=False)
    play = widgets.Play(value=0, min=0, max=steps + 1, interval=900, show_repeat=False)
    widgets.jslink((play, "value"), (slider, "value"))
    hint = widgets.HTML('<span style="color:#79828d;margin-left:1em">far left: overview; arrow keys: one step</span>')
    display(widgets.HBox([play, slider, hint]))
    return slider


def step(output: Tensor, params: Any = None, *, names: Mapping[str, Any] | None = None) -> Stepper:
    """Walk backward from `output` and keep every step to look at.  Gradients of leaves are left as they are.

    Args:
        output: a tensor of one element, the result of a small computation (at most 60 operations).
        params, names: what to call tensors, as in `viz.graph`.

    Raises TypeError when `output` is no tensor, ValueError when it has no graph, more than one element, or too many
    operations to step through by hand.

    >>> import minigrad
    >>> from minigrad import viz
    >>> a, b = minigrad.tensor(2.0, requires_grad=True), minigrad.tensor(3.0, requires_grad=True)
    >>> viz.step(a * b + a, names={"a": a, "b": b})
    output, backward in 2 steps
    step  at   incoming  to   local  outgoing   gradient
       1  add         1  mul      1         1          1
                         a        1         1          1
       2  mul         1  a        3         3  1 + 3 = 4
                         b        2         2          2
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"viz.step: expected a Tensor, got {type(output).__name__}")
    if output.grad_fn is None or output.numel() != 1:
        what = f"shape {tuple(output.shape)}" if output.grad_fn is not None else "a tensor without a graph"
        raise ValueError(f"viz.step: expected one number that was computed from tensors with requires_grad=True, got {what}")
    builder = Builder(params, names, show=("shape", "value"), limit=_MOST)
    graph = builder.build([output])
    if any(box.kind == "folded" for box in graph.boxes):
        raise ValueError(f"viz.step: expected at most {_MOST} operations, got {graph.caption}: step through a part of it")
    named = {tensor.grad_fn: (name, tensor) for name, tensor in [("", output), *(names or {}).items()]}
    nodes = {number: node for node, number in builder.number.items()}
    boxes = [_box(box, *named.get(nodes[i], ("", None))) for i, box in enumerate(graph.boxes) if box.kind != "output"]
    return Stepper(boxes, _watch(output, builder.number), graph.caption.partition(":")[0])


def _box(box: Box, name: str, tensor: Tensor | None) -> Box:
    """A box of the graph with the value and the name of an operation's result, as far as a tensor tells them."""
    lines = [line for line in box.lines if line != "()" and not line.startswith("→")]
    if box.kind == "operation" and tensor is not None and tensor.numel() <= _FEW:
        lines.append(f"value {digits_of(tensor.tolist())}")
    return replace(box, title=f"{name} = {box.title}" if name and box.kind == "operation" else box.title, lines=lines)


def _unique(titles: list[str]) -> list[str]:
    """The titles, numbered where one comes more than once."""
    count, seen = Counter(titles), Counter[str]()
    names = []
    for title in titles:
        seen[title] += 1
        names.append(title if count[title] == 1 else f"{title} {seen[title]}")
    return names


def _watch(output: Tensor, number: Mapping[Any, int]) -> list[Step]:
    """Let the engine differentiate `output`, and take down each node's gradients as it passes."""
    arrived: dict[tuple[Node, int], Any] = {}  # node, which of its outputs -> the gradient so far
    steps: list[Step] = []

    def note(node: Node, outgoing: Sequence[Any], incoming: Sequence[Any]) -> None:
        shown = ", ".join(_show(gradient) for gradient in incoming if gradient is not None)
        taken = Step(number[node], shown, rule=RULES.get(node.label, ""))
        for source, gradient, local in zip(_sources(node), outgoing, _local_derivatives(node, incoming), strict=False):
            if source is None or gradient is None:
                continue
            gradient = gradient.sum_to_size(_shape(source))  # as the engine does where an input was broadcast
            before = arrived.get(source)
            arrived[source] = gradient if before is None else before + gradient
            earlier = "" if before is None else _show(before)
            taken.arrivals.append(Arrival(number[source[0]], _show(gradient), _show(arrived[source]), local, earlier))
        steps.append(taken)

    operations = [node for node in number if not isinstance(node, AccumulateGrad)]
    leaves = [node.variable for node in number if isinstance(node, AccumulateGrad)]
    handles = []
    for node in operations:
        handles.append(node.register_hook(lambda outgoing, incoming, node=node: note(node, outgoing, incoming)))
    try:
        grad(output, leaves, retain_graph=True, allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
    return steps


def _sources(node: Node) -> list[tuple[Node, int] | None]:
    """For each input of forward the node it came from and which of its outputs it is; None where no gradient is wanted."""
    rest = iter(node.next_functions)
    sources = [(None, 0) if edge is NOT_A_TENSOR else next(rest) for edge in node.edges]
    return [None if source is None else (source, index) for source, index in sources]


def _shape(source: tuple[Node, int]) -> tuple[int, ...]:
    return tuple(source[0].output_metadata[source[1]].shape)


def _local_derivatives(node: Node, incoming: Sequence[Any]) -> list[str]:
    """d(output)/d(input) for each input, where both are single numbers: what the node answers to a gradient of 1."""
    shapes = [() if source is None else _shape(source) for source in _sources(node)]
    if len(incoming) != 1 or incoming[0].numel() != 1 or any(shape not in ((), (1,)) for shape in shapes):
        return [""] * len(shapes)
    with no_grad():
        slopes = node(incoming[0].new_ones(incoming[0].shape))
    return ["" if slope is None else _show(slope) for slope in slopes]


def _show(gradient: Any) -> str:
    if gradient.numel() <= _FEW:
        return digits_of(gradient.tolist())
    return f"{tuple(gradient.shape)} of norm {digits_of(gradient.detach().norm().item())}"
