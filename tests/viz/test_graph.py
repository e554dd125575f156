"""`viz.graph` draws exactly what autograd recorded, in words and in a picture, however large it is."""

from __future__ import annotations

import gc
import re
import sys
import weakref
from pathlib import Path
from xml.etree import ElementTree

import pytest

import minigrad
from minigrad import Tensor, viz
from minigrad.autograd.node import AccumulateGrad
from minigrad.nn.parameter import Parameter
from minigrad.viz.svg import bundle

SVG = "{http://www.w3.org/2000/svg}"


def leaf(*values: float) -> Tensor:
    return minigrad.tensor(values[0] if len(values) == 1 else list(values), requires_grad=True)


def chain(length: int) -> Tensor:
    x = leaf(1.0, 1.0)
    for _ in range(length):
        x = x * 1.0
    return x


def titles(graph: viz.Graph, kind: str) -> list[str]:
    return [box.title for box in graph.boxes if box.kind == kind]


def test_boxes_and_arrows_are_the_nodes_and_edges_of_autograd() -> None:
    w, b = leaf(3.0), leaf(1.0)
    h = w * b + b
    y = h * h
    graph = viz.graph(y, names={"w": w, "b": b})
    assert titles(graph, "leaf") == ["w", "b"]
    assert titles(graph, "operation") == [h.grad_fn.next_functions[0][0].label, h.grad_fn.label, y.grad_fn.label]
    assert titles(graph, "output") == ["output"]
    place = {box.title: i for i, box in enumerate(graph.boxes) if box.kind == "leaf"}
    mul, add, square, out = (i for i, box in enumerate(graph.boxes) if box.kind != "leaf")
    assert sorted(graph.edges) == sorted(
        [(place["w"], mul), (place["b"], mul), (mul, add), (place["b"], add), (add, square), (add, square), (square, out)]
    )


def test_every_box_comes_after_its_inputs() -> None:
    assert all(source < target for source, target in viz.graph(chain(30), limit=7).edges)


def test_inputs_without_gradient_are_not_part_of_the_graph() -> None:
    x, w = minigrad.tensor([1.0, 2.0]), leaf(0.5, 0.5)
    graph = viz.graph((x * w).sum())
    assert len(graph.boxes) == 4 and titles(graph, "leaf") == ["leaf tensor"]


def test_small_values_and_gradients_are_shown_and_large_ones_are_not() -> None:
    small, large = leaf(1.0, -0.123456), minigrad.ones(7, requires_grad=True)
    y = (small * large.sum()).sum()
    y.retain_grad()
    y.backward()
    graph = viz.graph(y, names={"small": small, "large": large})
    lines = {box.title: box.lines for box in graph.boxes}
    assert lines["small"] == ["(2,)", "value [1, -0.1235]", "grad [7, 7]"]
    assert lines["large"] == ["(7,)"]
    assert lines["output"] == ["()", "value 6.136", "grad 1"]


def test_a_matrix_is_written_row_by_row() -> None:
    m = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    assert viz.graph(m).boxes[0].lines == ["(2, 2)", "value [1, 2]", "[3, 4]"]


@pytest.mark.parametrize(
    ("show", "lines"),
    [
        ((), []),
        ("shape", ["(2,)"]),
        (("dtype",), ["float32"]),
        (("shape", "dtype"), ["(2,) float32"]),
        (("value",), ["value [1, 2]"]),
        (("grad",), ["grad [1, 1]"]),
    ],
)
def test_show_chooses_what_boxes_say(show: str | tuple[str, ...], lines: list[str]) -> None:
    x = leaf(1.0, 2.0)
    x.sum().backward()
    assert viz.graph(x, show=show).boxes[0].lines == lines


def test_parameters_are_named_by_a_mapping_and_drawn_apart() -> None:
    weight, other = leaf(1.0), leaf(2.0)
    graph = viz.graph(weight * other, {"layer.weight": weight})
    assert titles(graph, "parameter") == ["layer.weight"] and titles(graph, "leaf") == ["leaf tensor"]
    assert "layer.weight  parameter ()" in graph.tree
    assert "1 parameter (1 number) and 1 leaf tensor (1 number)" in graph.caption


def test_parameters_are_named_by_their_module() -> None:
    class Scale:
        def __init__(self) -> None:
            self.gain = Parameter(minigrad.ones(2))

        def named_parameters(self) -> list[tuple[str, Tensor]]:
            return [("gain", self.gain)]

    module = Scale()
    assert titles(viz.graph(module.gain * 2.0, module), "parameter") == ["gain"]
    assert titles(viz.graph(module.gain * 2.0), "parameter") == ["parameter"]


def test_a_tensor_on_the_way_can_be_named() -> None:
    x = leaf(2.0)
    h = x * x
    graph = viz.graph(h + 1.0, names={"h": h})
    (box,) = (box for box in graph.boxes if "→ h" in box.lines)
    assert box.title == h.grad_fn.label


def test_the_name_of_an_output_stands_on_its_own_box_alone() -> None:
    x = leaf(2.0)
    y = x * x
    graph = viz.graph(y, names={"y": y})
    assert titles(graph, "output") == ["y"] and not any("→ y" in box.lines for box in graph.boxes)


def test_several_outputs_share_one_picture() -> None:
    x = leaf(2.0)
    h = x * x
    graph = viz.graph([h + 1.0, h + 2.0, h])
    assert titles(graph, "output") == ["output 0", "output 1", "output 2"] and len(titles(graph, "operation")) == 3


def test_a_leaf_alone_is_one_box_even_when_it_is_used_too() -> None:
    x = leaf(2.0)
    assert [box.kind for box in viz.graph(x).boxes] == ["leaf"]
    assert [box.kind for box in viz.graph([x * x, x]).boxes] == ["leaf", "operation", "output"]


def test_a_tensor_without_graph_says_so() -> None:
    (box,) = viz.graph(minigrad.tensor([1.0])).boxes
    assert box.kind == "output" and "no graph: requires_grad is False" in box.lines


def test_ten_thousand_operations_fold_into_a_picture_that_says_so() -> None:
    graph = viz.graph(chain(10_000))
    (box,) = (box for box in graph.boxes if box.kind == "folded")
    assert len(titles(graph, "operation")) == 150
    assert box.title == "… 9,850 operations folded" and box.lines == ["mul × 9,850"]
    assert graph.caption.endswith("10,000 operations on 1 leaf tensor (2 numbers); 9,850 operations folded")
    assert len(graph.svg) < 200_000 and len(graph.tree.splitlines()) < 200


def test_leaves_that_only_folded_operations_use_are_counted_not_drawn() -> None:
    y = leaf(1.0)
    for i in range(30):
        y = y * leaf(float(i))
    graph = viz.graph(y, limit=6)
    (box,) = (box for box in graph.boxes if box.kind == "folded")
    assert box.lines[-1] == "and 24 leaf tensors used only there"
    assert len(titles(graph, "leaf")) == 7


def test_an_operation_with_many_leaves_shows_some_and_counts_the_rest() -> None:
    graph = viz.graph(minigrad.stack([leaf(float(i)) for i in range(1_000)]))
    assert len(titles(graph, "leaf")) == 12
    assert titles(graph, "folded") == ["… 988 more leaf tensors"]
    assert len(graph.edges) == 12 + 1 + 1


def test_doubling_sixty_times_is_sixty_boxes() -> None:
    x = leaf(1.0)
    for _ in range(60):
        x = x + x
    graph = viz.graph(x)
    assert len(graph.boxes) == 62 and len(graph.edges) == 121
    assert len(graph.tree.splitlines()) == 1 + 62 + 60


def test_same_computation_gives_the_same_bytes() -> None:
    def drawn() -> viz.Graph:
        w, b = leaf(3.0), leaf(1.0, 2.0)
        return viz.graph((w * b + b).sum(), names={"w": w})

    first, second = drawn(), drawn()
    assert (first.svg, first.dot, first.tree) == (second.svg, second.dot, second.tree)


def test_the_picture_holds_every_word_and_an_arrow_for_every_edge() -> None:
    w = leaf(3.0)
    graph = viz.graph(w * w + w, names={"w <1>": w})
    root = ElementTree.fromstring(graph.svg)
    words = [text.text for text in root.iter(SVG + "text")]
    assert all(word in words for box in graph.boxes for word in [box.title, *box.lines])
    arrows = [path for group in root.iter(SVG + "g") if group.get("class") == "arrow" for path in group]
    assert len(arrows) == len(graph.edges)
    assert graph.caption in root.find(SVG + "title").text


def test_the_tree_shows_each_box_once_and_refers_to_it_after() -> None:
    x = leaf(1.0)
    assert repr(viz.graph(x * x + x, names={"x": x})).splitlines() == [
        "output: 2 operations on 1 leaf tensor (1 number)",
        "output  (), value 2",
        "add  ()",
        "├─ x  (), value 1  [n0]",
        "mul  ()",
        "├─ x  see [n0]",
        "└─ x  see [n0]",
    ]


def test_the_tree_unfolds_a_square_once() -> None:
    x = leaf(2.0)
    h = x + 1.0
    assert repr(viz.graph(h * h, names={"x": x})).splitlines()[2:] == [
        "mul  ()",
        "├─ add  see [n1]",
        "add  ()  [n1]",
        "└─ x  (), value 2",
    ]


def test_a_notebook_gets_picture_and_text() -> None:
    graph = viz.graph(leaf(1.0) * 2.0)
    assert graph._repr_mimebundle_() == bundle(graph.svg, repr(graph))
    assert graph._repr_svg_() == graph.svg


def test_a_graph_keeps_no_tensor_alive_and_does_not_change() -> None:
    x = leaf(1.0)
    y = x * x
    alive, graph = weakref.ref(x), viz.graph(y)
    before = graph.svg
    y.backward()
    assert graph.svg == before
    del x, y
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("ending", ["svg", "dot", "gv", "txt"])
def test_save_writes_what_the_name_asks_for(tmp_path: Path, ending: str) -> None:
    graph = viz.graph(leaf(1.0) * 2.0)
    graph.save(tmp_path / f"graph.{ending}")
    text = {"svg": graph.svg, "dot": graph.dot, "gv": graph.dot, "txt": repr(graph)}[ending]
    assert (tmp_path / f"graph.{ending}").read_text("utf-8") == text.rstrip("\n") + "\n"


def test_save_refuses_other_endings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a name that ends in .svg, .dot, .gv, .txt, got .*graph.png"):
        viz.graph(leaf(1.0)).save(tmp_path / "graph.png")


def test_dot_names_nodes_in_order_and_escapes_labels() -> None:
    x = leaf(1.0)
    dot = viz.graph(x * 2.0, names={'a "quoted" \\ name': x}).dot
    assert re.findall(r"^  (n\d+) \[", dot, re.MULTILINE) == ["n0", "n1", "n2"]
    assert re.findall(r"n\d+ -> n\d+;", dot) == ["n0 -> n1;", "n1 -> n2;"]
    assert 'label="a \\"quoted\\" \\\\ name\\n()\\nvalue 1"' in dot


def test_graphviz_accepts_our_dot() -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    x = leaf(1.0)
    graph = pygraphviz.AGraph(string=viz.graph(x * x, names={'"x"\\': x}).dot)
    assert sorted(graph.nodes()) == ["n0", "n1", "n2"] and graph.number_of_edges() == 3


def test_the_default_engine_is_our_own_and_unknown_ones_are_refused() -> None:
    graph = viz.graph(leaf(1.0) * 2.0)
    assert graph.draw() == graph.svg
    with pytest.raises(ValueError, match='expected engine "layered" or "dot", got \'neato\''):
        graph.draw("neato")


def test_draw_by_dot_asks_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = viz.graph(leaf(1.0) * 2.0)
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad\[lab\]". engine="layered" needs neither'):
        graph.draw("dot")
    monkeypatch.undo()
    graphviz = pytest.importorskip("graphviz")
    monkeypatch.setattr(graphviz.Source, "pipe", lambda self, format, encoding: f"{format} of {self.source}")
    assert graph.draw("dot") == f"svg of {graph.dot}"


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3,), {}, TypeError, "expected a Tensor or a sequence of them, got int"),
        (([leaf(1.0), "loss"],), {}, TypeError, "expected a Tensor or a sequence of them, got str"),
        ((leaf(1.0),), {"names": {"x": 1.0}}, TypeError, "expected a mapping of names to tensors, got a float for 'x'"),
        ((leaf(1.0),), {"show": ("shape", "size")}, ValueError, "show can hold shape, dtype, bytes, value, grad; got 'size'"),
        ((leaf(1.0),), {"limit": 1}, ValueError, "expected a limit of at least 2 operations, got 1"),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: tuple[object, ...], options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        viz.graph(*arguments, **options)


def test_accumulate_grad_is_where_leaves_end() -> None:
    x = leaf(1.0)
    ((node, _),) = (x * 2.0).grad_fn.next_functions[:1]
    assert isinstance(node, AccumulateGrad) and node.variable is x


def test_boxes_say_how_much_memory_a_tensor_takes() -> None:
    x = minigrad.ones(50, 10, requires_grad=True)
    graph = viz.graph(x.double().sum(), show=("shape", "dtype", "bytes"))
    lines = {box.title: box.lines for box in graph.boxes}
    assert lines["leaf tensor"] == ["(50, 10) float32 2 kB"]
    assert ["(50, 10) float64 4 kB"] in lines.values() and lines["sum"] == ["() float64 8 B"]
