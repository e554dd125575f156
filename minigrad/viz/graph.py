"""The picture of a computation: `viz.graph(loss, model)` draws what autograd recorded on the way to `loss`.

The walk goes from the output up through `grad_fn.next_functions`, the very edges the backward pass will follow, and
turns what it meets into boxes: operations, parameters, other leaves, outputs. A `Graph` holds words and numbers
copied at that moment, no tensors, so it neither keeps memory alive nor changes later. It shows itself as SVG in a
notebook and as a text tree anywhere else. `boxes.py` draws the boxes, `layout.py` decides where they go.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from minigrad.autograd.node import AccumulateGrad, Node
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor
from minigrad.viz.boxes import KINDS, Box, dot, edges, picture, tree
from minigrad.viz.svg import bundle

SHOWS = ("shape", "dtype", "bytes", "value", "grad")
_FEW = 6  # a tensor of at most this many elements shows its values
_LEAVES = 12  # an operation shows at most this many leaves that it alone uses


class Graph:
    """A drawn computation graph. In a notebook it is a picture, elsewhere `print(graph)` is a tree.

    `boxes` lists what is drawn, each after its inputs; box i is called `n{i}` in `dot`. `svg`, `dot` and `tree` are
    texts, the same bytes for the same computation.
    """

    def __init__(self, boxes: list[Box], caption: str) -> None:
        self.boxes, self.caption = boxes, caption

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(source, target) for every arrow, numbered as in `boxes`."""
        return edges(self.boxes)

    @cached_property
    def svg(self) -> str:
        """The picture by minigrad's own layout: inputs on top, the output at the bottom."""
        return picture(self.boxes, self.caption)

    @cached_property
    def dot(self) -> str:
        """The graph in Graphviz's DOT language, for other tools."""
        return dot(self.boxes)

    @cached_property
    def tree(self) -> str:
        """The graph as lines of text, from the output upwards."""
        return tree(self.boxes, self.caption)

    def draw(self, engine: str = "layered") -> str:
        """The picture as SVG text, laid out by `engine`: "layered" (ours) or "dot" (Graphviz, if installed)."""
        if engine == "layered":
            return self.svg
        if engine != "dot":
            raise ValueError(f'Graph.draw: expected engine "layered" or "dot", got {engine!r}')
        try:
            import graphviz  # type: ignore[import-untyped]
        except ImportError as error:
            raise ImportError(
                'Graph.draw(engine="dot") needs the package graphviz and the program dot: pip install "minigrad[lab]". '
                'engine="layered" needs neither.'
            ) from error
        return str(graphviz.Source(self.dot).pipe(format="svg", encoding="utf-8"))  # says so if there is no dot

    def save(self, path: str | Path) -> None:
        """Write the picture (.svg), its DOT source (.dot, .gv) or the tree (.txt), as the ending of `path` asks."""
        path = Path(path)
        forms = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".txt": "tree"}
        if path.suffix not in forms:
            raise ValueError(f"Graph.save: expected a name that ends in {', '.join(forms)}, got {str(path)!r}")
        path.write_text(getattr(self, forms[path.suffix]).rstrip("\n") + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        return self.tree

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(self.svg, self.tree)


def graph(
    outputs: Any,
    params: Any = None,
    *,
    names: Mapping[str, Any] | None = None,
    show: Collection[str] = ("shape", "value", "grad"),
    limit: int = 150,
) -> Graph:
    """Draw the computation that led to `outputs`, as autograd recorded it.

    Args:
        outputs: a tensor, or a sequence of tensors drawn in one picture.
        params: whose names to write on the parameters: a module, or a mapping such as
            `dict(model.named_parameters())`.
        names: further names, for inputs, outputs and tensors on the way: `{"x": x, "loss": loss}`.
        show: what the boxes say besides their names, any of "shape", "dtype", "bytes", "value" and "grad". Values and
            gradients appear for leaves and outputs of at most six elements.
        limit: with more operations than this, those in the middle are folded into one box that says so.

    Inputs that do not require a gradient are not part of what autograd records, so they are not drawn.

    Raises TypeError when `outputs` holds something else than tensors, ValueError for an unknown word in `show`.

    >>> import minigrad
    >>> from minigrad import viz
    >>> w = minigrad.tensor(3.0, requires_grad=True)
    >>> viz.graph(w * w, names={"w": w})
    output: 1 operation on 1 leaf tensor (1 number)
    output  (), value 9
    mul  ()
    ├─ w  (), value 3  [n0]
    └─ w  see [n0]
    """
    roots = [outputs] if isinstance(outputs, Tensor) or not isinstance(outputs, Iterable) else list(outputs)
    for root in roots:
        if not isinstance(root, Tensor):
            raise TypeError(f"viz.graph: expected a Tensor or a sequence of them, got {type(root).__name__}")
    unknown = sorted(set([show] if isinstance(show, str) else show) - set(SHOWS))
    if unknown:
        raise ValueError(f"viz.graph: show can hold {', '.join(SHOWS)}; got {', '.join(map(repr, unknown))}")
    if limit < 2:
        raise ValueError(f"viz.graph: expected a limit of at least 2 operations, got {limit}")
    return Builder(params, names, show, limit).build(roots)


class Builder:
    """Turns nodes of the autograd graph into boxes.  `number` says afterwards which box a node became."""

    def __init__(self, params: Any, names: Mapping[str, Any] | None, show: Collection[str], limit: int) -> None:
        params = dict(params.named_parameters()) if hasattr(params, "named_parameters") else params or {}
        names = names or {}
        for name, tensor in [*params.items(), *names.items()]:
            if not isinstance(tensor, Tensor):
                kind = type(tensor).__name__
                raise TypeError(f"viz: expected a mapping of names to tensors, got a {kind} for {name!r}")
        self.parameters = {id(tensor) for tensor in params.values()}
        self.names = {id(tensor): name for name, tensor in [*params.items(), *names.items()]}
        self.on_the_way = {tensor.grad_fn: name for name, tensor in names.items()}
        self.show, self.limit = show, limit
        self.boxes: list[Box] = []
        self.number: dict[Any, int] = {}  # node -> its box
        self.leaves: dict[int, Any] = {}  # id -> leaf, for all leaves of the graph, drawn or folded

    def build(self, roots: list[Tensor]) -> Graph:
        nodes = _reachable([root.grad_fn for root in roots])
        self.leaves = {id(node.variable): node.variable for node in nodes if isinstance(node, AccumulateGrad)}
        operations = sorted((node for node in nodes if not _is_leaf(node)), key=lambda node: node.sequence)
        for root in roots:
            self.on_the_way.pop(root.grad_fn, None)  # it gets a box of its own
        surplus = max(len(operations) - self.limit, 0)
        first = self.limit // 3  # the end of the computation matters most, but where it begins should be seen too
        folded = operations[first : first + surplus]
        for node in operations[:first]:
            self.add_operation(node)
        if folded:
            self.add_folded(folded, operations[:first] + operations[first + surplus :])
        for node in operations[first + surplus :]:
            self.add_operation(node)
        for i, root in enumerate(roots):
            self.add_output(root, "output" if len(roots) == 1 else f"output {i}")
        return Graph(self.boxes, self.caption(roots, len(operations), surplus))

    def add(self, box: Box) -> int:
        self.boxes.append(box)
        return len(self.boxes) - 1

    def add_operation(self, node: Node) -> None:
        sources = _sources(node)
        fresh = [source for source in dict.fromkeys(sources) if _is_leaf(source) and source not in self.number]
        if len(fresh) > _LEAVES + 1:
            surplus = fresh[_LEAVES:]
            numbers = sum(source.variable.numel() for source in surplus)
            more = self.add(Box("folded", f"… {_count(len(surplus), 'more leaf tensor')}", [_count(numbers, "number")]))
            self.number.update(dict.fromkeys(surplus, more))
        inputs: list[int] = []
        for at in map(self.box_of, sources):
            if self.boxes[at].kind != "folded" or at not in inputs:
                inputs.append(at)
        self.number[node] = self.add(Box("operation", node.label, self.operation_lines(node), inputs))

    def add_folded(self, folded: list[Node], visible: list[Node]) -> None:
        """One box for all of `folded`: consecutive operations of the program, so the picture stays without cycles."""
        inside = set(folded)
        shown = {source for node in visible for source in _sources(node)}
        outside = dict.fromkeys(source for node in folded for source in _sources(node) if source not in inside)
        lost = [source for source in outside if _is_leaf(source) and source not in shown]
        common = Counter(node.label for node in folded).most_common(4)
        lines = [", ".join(f"{label} × {count:,}" for label, count in common[:3]) + (", …" if len(common) > 3 else "")]
        if lost:
            lines.append(f"and {_count(len(lost), 'leaf tensor')} used only there")
        for source in lost:
            del outside[source]
        inputs = list(dict.fromkeys(map(self.box_of, outside)))
        box = self.add(Box("folded", f"… {_count(len(folded), 'operation')} folded", lines, inputs))
        self.number.update(dict.fromkeys([*folded, *lost], box))

    def box_of(self, node: Any) -> int:
        if node not in self.number:  # operations come after their inputs, so this is a leaf met for the first time
            self.number[node] = self.add(self.leaf_box(node.variable))
        return self.number[node]

    def leaf_box(self, tensor: Tensor) -> Box:
        kind = self.leaf_kind(tensor)
        return Box(kind, self.names.get(id(tensor), KINDS[kind]), self.tensor_lines(tensor))

    def leaf_kind(self, tensor: Tensor) -> str:
        return "parameter" if id(tensor) in self.parameters or isinstance(tensor, Parameter) else "leaf"

    def add_output(self, tensor: Tensor, title: str) -> None:
        title = self.names.get(id(tensor), title)
        if tensor.grad_fn is not None:
            self.add(Box("output", title, self.tensor_lines(tensor), [self.number[tensor.grad_fn]]))
        elif not tensor.requires_grad:
            self.add(Box("output", title, [*self.tensor_lines(tensor), "no graph: requires_grad is False"]))
        elif id(tensor) not in self.leaves:
            self.leaves[id(tensor)] = tensor
            self.add(self.leaf_box(tensor))

    def operation_lines(self, node: Node) -> list[str]:
        outputs = node.output_metadata
        lines = [line for line in map(self.shape_line, outputs[:3]) if line]
        if lines and len(outputs) > 3:
            lines.append(f"… {len(outputs)} outputs")
        if node in self.on_the_way:
            lines.insert(0, f"→ {self.on_the_way[node]}")
        return lines

    def shape_line(self, tensor: Any) -> str:
        """What is known of a tensor without its elements: "(32, 64) float32 8.19 kB"."""
        shape = tuple(tensor.shape)
        words = {"shape": str(shape), "dtype": str(tensor.dtype).rpartition(".")[2]}
        words["bytes"] = _bytes(math.prod(shape) * tensor.dtype.itemsize)
        return " ".join(text for name, text in words.items() if name in self.show)

    def tensor_lines(self, tensor: Tensor) -> list[str]:
        lines = [line for line in [self.shape_line(tensor)] if line]
        if tensor.numel() <= _FEW:
            if "value" in self.show:
                lines += _value_lines("value", tensor)
            if "grad" in self.show and (tensor.is_leaf or tensor.retains_grad) and tensor.grad is not None:
                lines += _value_lines("grad", tensor.grad)
        return lines

    def caption(self, roots: list[Tensor], operations: int, folded: int) -> str:
        named = dict.fromkeys(self.names.get(id(root), "output") for root in roots)
        text = f"{', '.join(named)}: {_count(operations, 'operation')}"
        groups = []
        for kind in ("parameter", "leaf"):
            members = [tensor for tensor in self.leaves.values() if self.leaf_kind(tensor) == kind]
            if members:
                numbers = _count(sum(tensor.numel() for tensor in members), "number")
                groups.append(f"{_count(len(members), KINDS[kind])} ({numbers})")
        text += f" on {' and '.join(groups)}" if groups else ""
        return text + (f"; {_count(folded, 'operation')} folded" if folded else "")


def _reachable(starts: list[Node | None]) -> list[Node]:
    """Every node that `starts` depend on, themselves included; a stack instead of recursion, as graphs run deep."""
    stack = [node for node in starts if node is not None]
    found = dict.fromkeys(stack)
    while stack:
        for source in _sources(stack.pop()):
            if source not in found:
                found[source] = None
                stack.append(source)
    return list(found)


def _sources(node: Node) -> list[Any]:
    return [source for source, _ in node.next_functions if source is not None]


def _is_leaf(node: Node) -> bool:
    return isinstance(node, AccumulateGrad)


def _value_lines(word: str, tensor: Any) -> list[str]:
    """The elements of a small tensor, one row a line: "value [1, 0.5]"."""
    rows = tensor.tolist()
    if tensor.dim() < 2 or tensor.numel() == 0:
        return [f"{word} {digits_of(rows)}"]
    while rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], list):
        rows = [row for block in rows for row in block]
    return [f"{word if i == 0 else ''} {digits_of(row)}".strip() for i, row in enumerate(rows)]


def digits_of(value: Any) -> str:
    """Numbers in (nested) lists, each with four significant digits.

    >>> digits_of([1.0, 0.123456, [True]])
    '[1, 0.1235, [True]]'
    """
    if isinstance(value, list):
        return f"[{', '.join(map(digits_of, value))}]"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4g}"
    return str(value)


def _bytes(n: int) -> str:
    """A size in memory with three digits.

    >>> _bytes(640), _bytes(8192), _bytes(3_000_000)
    ('640 B', '8.19 kB', '3 MB')
    """
    if n < 1000:
        return f"{n} B"
    power = min(int(math.log10(n)) // 3, 4)
    return f"{n / 1000**power:.3g} {' kMGT'[power]}B"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
