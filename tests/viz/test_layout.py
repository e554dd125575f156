"""The layered layout keeps its promises on any acyclic graph: nothing overlaps, edges point down, equal in gives equal out."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.viz.layout import Layout, layered

Graph = tuple[list[tuple[float, float]], list[tuple[int, int]], list[float]]


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> Graph:
    n = draw(st.integers(1, 24))
    sizes = draw(st.lists(st.tuples(st.integers(10, 200), st.integers(10, 80)), min_size=n, max_size=n))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] < pair[1])
    edges = draw(st.lists(pairs, max_size=3 * n)) if n > 1 else []
    return sizes, edges, draw(st.lists(st.sampled_from([1.0, 10.0, 100.0]), min_size=len(edges), max_size=len(edges)))


def boxes(sizes: list[tuple[float, float]], drawing: Layout) -> list[tuple[float, float, float, float]]:
    pairs = zip(drawing.centres, sizes, strict=True)
    return [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in pairs]


def along(route: list[tuple[float, float]], n: int = 12) -> list[tuple[float, float]]:
    """Points on the drawn line: vertical pieces and S-curves with vertical ends, as `Svg.curve` draws them."""
    points = []
    for (x0, y0), (x1, y1) in zip(route, route[1:], strict=False):
        for t in (i / n for i in range(n + 1)):
            blend = 3 * t * t - 2 * t**3
            points.append((x0 + (x1 - x0) * blend, y0 + (y1 - y0) * (1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t**3)))
    return points


@given(acyclic_graphs())
def test_no_two_nodes_overlap_and_all_lie_in_the_frame(graph: Graph) -> None:
    drawing = layered(*graph)
    placed = boxes(graph[0], drawing)
    for i, (left, top, right, bottom) in enumerate(placed):
        assert left >= -0.11 and top >= -0.11 and right <= drawing.width + 0.11 and bottom <= drawing.height + 0.11
        for other_left, other_top, other_right, other_bottom in placed[:i]:
            apart = right < other_left or other_right < left or bottom < other_top or other_bottom < top
            assert apart


@given(acyclic_graphs())
def test_every_edge_points_down_and_joins_its_two_nodes(graph: Graph) -> None:
    sizes, edges, _ = graph
    drawing = layered(*graph)
    placed = boxes(sizes, drawing)
    assert len(drawing.routes) == len(edges)
    for (a, b), route in zip(edges, drawing.routes, strict=True):
        assert drawing.layers[a] < drawing.layers[b]
        assert all(y0 <= y1 for (_, y0), (_, y1) in zip(route, route[1:], strict=False))
        (x0, y0), (x1, y1) = route[0], route[-1]
        assert placed[a][0] <= x0 <= placed[a][2] and y0 == pytest.approx(placed[a][3], abs=0.11)
        assert placed[b][0] <= x1 <= placed[b][2] and y1 == pytest.approx(placed[b][1], abs=0.11)


@given(acyclic_graphs())
def test_no_edge_runs_through_a_node(graph: Graph) -> None:
    assert_free_of_nodes(graph[0], graph[1], layered(*graph))


def test_an_edge_passes_a_tall_node_before_it_turns() -> None:
    sizes, edges = [(40, 20), (150, 200), (40, 20)], [(0, 1), (1, 2), (0, 2)]
    assert_free_of_nodes(sizes, edges, layered(sizes, edges))


def assert_free_of_nodes(sizes: list[tuple[float, float]], edges: list[tuple[int, int]], drawing: Layout) -> None:
    placed = boxes(sizes, drawing)
    for (a, b), route in zip(edges, drawing.routes, strict=True):
        for v, (left, top, right, bottom) in enumerate(placed):
            if v not in (a, b):
                assert not any(left + 1 < x < right - 1 and top + 1 < y < bottom - 1 for x, y in along(route))


@settings(max_examples=25)
@given(acyclic_graphs())
def test_same_graph_gives_the_same_numbers(graph: Graph) -> None:
    assert layered(*graph) == layered(*graph)


def test_a_chain_is_one_straight_column() -> None:
    drawing = layered([(30, 20), (90, 20), (50, 40)], [(0, 1), (1, 2)])
    assert {x for x, _ in drawing.centres} == {45.0}
    assert all(len(route) == 2 and route[0][0] == route[1][0] for route in drawing.routes)


@pytest.mark.parametrize("skip", [1.0, 0.1])
def test_the_path_stays_straight_beside_a_skip_connection(skip: float) -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]
    drawing = layered([(40, 20)] * 5, edges, [1.0, 1.0, 1.0, 1.0, skip])
    assert len({x for x, _ in drawing.centres}) == 1
    assert any(abs(x - drawing.centres[0][0]) > 20 for x, _ in drawing.routes[4])


def test_of_several_inputs_the_heavy_one_is_straight_above() -> None:
    centres = layered([(60, 20)] * 4, [(0, 3), (1, 3), (2, 3)], [1.0, 1.0, 10.0]).centres
    assert centres[2][0] == centres[3][0]


def test_skips_beyond_all_measure_run_around_the_outside() -> None:
    n = 1_000
    edges = [(i, i + 1) for i in range(n - 1)] + [(i, n - 1 - i) for i in range(n // 2 - 1)]
    drawing = layered([(60, 30)] * n, edges)
    edge_of_nodes = max(x for x, _ in drawing.centres) + 30
    assert max(x for x, _ in drawing.routes[n - 1]) > edge_of_nodes
    outermost = drawing.routes[n - 1]
    assert outermost[0][1] < outermost[-1][1] and max(x for x, _ in outermost) <= drawing.width


def test_a_parameter_sinks_to_the_operation_that_uses_it() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (4, 3)]
    assert layered([(40, 20)] * 5, edges).layers == [0, 1, 2, 3, 2]


def test_a_whole_branch_sinks_to_the_operation_that_uses_it() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (7, 6), (6, 4)]
    assert layered([(40, 20)] * 8, edges).layers == [0, 1, 2, 3, 4, 2, 3, 2]


def test_a_tensor_used_twice_has_two_arrows() -> None:
    drawing = layered([(60, 20), (60, 20)], [(0, 1), (0, 1)])
    first, second = drawing.routes
    assert abs(first[-1][0] - second[-1][0]) >= 5 and abs(first[0][0] - second[0][0]) >= 5


def test_inputs_stand_in_the_order_of_the_arguments() -> None:
    xs = [x for x, _ in layered([(40, 20)] * 5, [(0, 4), (1, 4), (2, 4), (3, 4)]).centres[:4]]
    assert xs == sorted(xs)


def test_heavy_edges_that_cross_do_not_tie_their_columns_in_a_knot() -> None:
    sizes, edges = [(40, 20)] * 4, [(0, 2), (1, 2), (0, 3), (1, 3)]
    drawing = layered(sizes, edges, [1.0, 10.0, 10.0, 1.0])
    (a, _), (b, _), (c, _), (d, _) = drawing.centres
    assert abs(a - b) >= 40 and abs(c - d) >= 40


def crossings(upper: list[float], lower: list[float], edges: list[tuple[int, int]]) -> int:
    pairs = itertools.combinations([(upper[a], lower[b]) for a, b in edges], 2)
    return sum((a - c) * (b - d) < 0 for (a, b), (c, d) in pairs)


def test_crossings_are_close_to_the_fewest_possible() -> None:
    """On thirty random graphs of 5 + 4 nodes, against trying every order."""
    rng = random.Random(0)
    ours = best = 0
    for _ in range(30):
        edges = [(a, b) for a in range(5) for b in range(4) if rng.random() < 0.4]
        edges += [(a, 0) for a in range(5) if not any(a == c for c, _ in edges)]
        drawing = layered([(40, 20)] * 9, [(a, b + 5) for a, b in edges])
        x = [x for x, _ in drawing.centres]
        ours += crossings(x[:5], x[5:], edges)
        orders = itertools.product(itertools.permutations(range(5)), itertools.permutations(range(4)))
        best += min(crossings(list(up), list(low), edges) for up, low in orders)
    assert best <= ours <= 1.05 * best


def test_a_tree_is_drawn_without_crossings() -> None:
    edges = [(2 * i + side, i) for i in range(15) for side in (1, 2)]
    drawing = layered([(20, 10)] * 31, edges)
    for level in set(drawing.layers):
        row = [(drawing.centres[a][0], drawing.centres[b][0]) for a, b in edges if drawing.layers[a] == level]
        parents = [parent for _, parent in sorted(row)]
        assert parents == sorted(parents)


@pytest.mark.parametrize(
    "edges",
    [
        [(i, i + 1) for i in range(9_999)],
        [(i, i + 1) for i in range(9_999)] * 2,
        [(i, 9_999) for i in range(9_999)],
        [(0, i) for i in range(1, 10_000)] + [(i, i + 1) for i in range(1, 9_999)],
        [(i, i + 1) for i in range(9_999)] + [(i, 9_999 - i) for i in range(4_990)],
    ],
    ids=["chain", "doubling chain", "fan in", "one weight used everywhere", "nested skips"],
)
def test_ten_thousand_nodes_neither_recurse_nor_blow_up(edges: list[tuple[int, int]]) -> None:
    start = time.process_time()
    drawing = layered([(60, 30)] * 10_000, edges)
    assert len(drawing.centres) == 10_000
    assert time.process_time() - start < 20  # about one second on an idle machine; quadratic work takes minutes


def test_the_empty_graph_has_an_empty_drawing() -> None:
    assert layered([], []) == Layout([], [], [], 0.0, 0.0)


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="without cycles"):
        layered([(1, 1)] * 3, [(0, 1), (1, 2), (2, 1)])


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"edge \(0, 5\) names a node outside 0..1"):
        layered([(1, 1)] * 2, [(0, 5)])


def test_weights_must_match_edges() -> None:
    with pytest.raises(ValueError, match="one weight for each of the 1 edges, got 2"):
        layered([(1, 1)] * 2, [(0, 1)], [1.0, 2.0])


def test_a_double_edge_does_not_cross_itself() -> None:
    """w * w + 2 * w: the arrows of w * w leave w side by side and arrive in the same order."""
    drawing = layered([(60, 40)] + [(44, 30)] * 3, [(0, 1), (0, 1), (0, 2), (1, 3), (2, 3)], [1.0, 1.0, 1.0, 100.0, 100.0])
    (start_0, *_, end_0), (start_1, *_, end_1) = drawing.routes[:2]
    assert (start_0[0] < start_1[0]) == (end_0[0] < end_1[0]) and start_0[0] != start_1[0]
