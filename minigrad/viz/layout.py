"""Where the boxes of a graph go: a layered drawing in plain Python.

Given sizes and edges, `layered` returns a centre for every node and a route for every edge. The method is the classic
one in four steps (Sugiyama, Tagawa & Toda, 1981; Gansner, Koutsofios, North & Vo, 1993): give every node a layer so
that edges point down, order each layer so that few edges cross, slide the nodes sideways until the heavy edges are
straight, and draw each edge through the room its layers left for it. No step recurses, none compares all pairs, and
the same graph always gives the same numbers. Read `svg.py` next for the pen, `graph.py` for what is drawn.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from minigrad.viz.ladder import OUTSIDE, WIRE_GAP, Ladder, Wire, order_rows, place, settle

Point = tuple[float, float]
Edge = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """A finished drawing in the frame (0, 0) to (width, height), y growing downwards.

    `routes[e]` runs from the bottom of the edge's source to the top of its target. Between two of its points the line
    is either vertical or an S-curve that leaves and arrives vertically, so the whole is smooth.
    """

    centres: list[Point]
    routes: list[list[Point]]
    layers: list[int]
    width: float
    height: float


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    weights: Sequence[float] | None = None,
    *,
    gap_x: float = 24.0,
    gap_y: float = 34.0,
) -> Layout:
    """Lay out a directed acyclic graph from top to bottom.

    `sizes[v]` is the (width, height) of node v; `edges` are pairs (source, target), repeats allowed; an edge of higher
    weight is kept shorter and straighter. Raises ValueError for a cycle or an edge to a node that does not exist.

    >>> drawing = layered([(40, 20), (40, 20), (40, 20)], [(0, 1), (1, 2)])
    >>> [x for x, y in drawing.centres], drawing.layers
    ([20.0, 20.0, 20.0], [0, 1, 2])
    """
    weights = [1.0] * len(edges) if weights is None else weights
    if len(weights) != len(edges):
        raise ValueError(f"layered: expected one weight for each of the {len(edges)} edges, got {len(weights)}")
    for a, b in edges:
        if not (0 <= a < len(sizes) and 0 <= b < len(sizes)):
            raise ValueError(f"layered: edge ({a}, {b}) names a node outside 0..{len(sizes) - 1}")
    if not sizes:
        return Layout([], [], [], 0.0, 0.0)
    ladder = _cut_long_edges(sizes, edges, weights, _assign_layers(len(sizes), edges, weights))
    order_rows(ladder)
    x = place(ladder, gap_x)
    return _draw(ladder, sizes, edges, weights, x, gap_y)


# Step 1: layers


def _assign_layers(n: int, edges: Sequence[Edge], weights: Sequence[float]) -> list[int]:
    """Longest path from the sources, then every node sinks towards its consumers where that shortens its edges."""
    inputs: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    outputs: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for (a, b), w in zip(edges, weights, strict=True):
        outputs[a].append((b, w))
        inputs[b].append((a, w))

    waiting = [len(ins) for ins in inputs]
    order = [v for v in range(n) if not waiting[v]]
    layer = [0] * n
    for v in order:  # grows while it is walked (Kahn, 1962)
        for b, _ in outputs[v]:
            layer[b] = max(layer[b], layer[v] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                order.append(b)
    if len(order) < n:
        stuck = next(v for v in range(n) if waiting[v])
        raise ValueError(f"layered: expected a graph without cycles, but there is one at or above node {stuck}")

    # What holds a node up is the weight of its inputs; but an input that feeds nothing else can sink along with it,
    # if that is cheaper. So a branch ends up right above the place where it is used.
    held = [0.0] * n
    for v in order:
        for a, w in inputs[v]:
            alone = all(b == v for b, _ in outputs[a])
            held[v] += min(w, held[a]) if alone else w
    for v in reversed(order):
        if outputs[v] and sum(w for _, w in outputs[v]) >= held[v]:
            layer[v] = min(layer[b] for b, _ in outputs[v]) - 1
    return layer


def _cut_long_edges(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], weights: Sequence[float], layer: list[int]
) -> Ladder:
    n = len(sizes)
    ladder = Ladder(n, list(layer), [w for w, _ in sizes])
    copies: dict[Edge, int] = {}
    for edge in edges:
        ladder.wires.append((edge[0], copies.get(edge, 0)))
        copies[edge] = ladder.wires[-1][1] + 1
    ladder.spans = [layer[b] - layer[a] - 1 for a, b in edges]
    budget = 2000 + 4 * n  # keeps n skips over n layers linear; what exceeds it runs around the outside
    links: dict[Edge, float] = {}

    def link(u: int, v: int, weight: float) -> None:
        # Straight matters most inside a long wire and least where it meets a node: a skip connection bends there, so
        # that the path it skips can stay straight.
        between = 8.0 if u >= n and v >= n else 1.0 if u < n and v < n else 0.25
        links[u, v] = max(links.get((u, v), 0.0), between * weight)

    for e in sorted(range(len(edges)), key=ladder.spans.__getitem__):
        (a, b), span = edges[e], ladder.spans[e]
        way = ladder.waypoints.setdefault(ladder.wires[e], [])
        if span - len(way) > budget:
            ladder.spans[e] = OUTSIDE
            continue
        while len(way) < span:
            budget -= 1
            unit = len(ladder.layer)
            link(way[-1] if way else a, unit, weights[e])
            way.append(unit)
            ladder.layer.append(layer[a] + len(way))
            ladder.width.append(0.0)
        link(way[span - 1] if span else a, b, weights[e])

    ladder.above = [{} for _ in ladder.layer]
    ladder.below = [{} for _ in ladder.layer]
    for (u, v), w in links.items():
        ladder.below[u][v] = w
        ladder.above[v][u] = w
    return ladder


# Step 4: heights and routes


def _draw(
    ladder: Ladder,
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    weights: Sequence[float],
    x: list[float],
    gap_y: float,
) -> Layout:
    n, layer = ladder.nodes, ladder.layer
    tall = [max((sizes[u][1] for u in row if u < n), default=0.0) for row in ladder.rows]
    top, y = [], 0.0
    for k, row in enumerate(ladder.rows):
        top.append(round(y, 1))
        widest = max((abs(x[u] - x[v]) for u in row for v in ladder.below[u]), default=0.0)
        y += tall[k] + gap_y + min(1.5 * gap_y, widest / 12)  # a wide swing gets more height, or it looks like a wall
    bottom = [round(t + h, 1) for t, h in zip(top, tall, strict=True)]
    centres = [(x[v], round((top[layer[v]] + bottom[layer[v]]) / 2, 1)) for v in range(n)]
    width = max(x[u] + ladder.width[u] / 2 for u in range(len(x)))

    lanes = sorted({wire[0] for wire, span in zip(ladder.wires, ladder.spans, strict=True) if span == OUTSIDE})
    lane = {a: width + WIRE_GAP * (i + 1) for i, a in enumerate(lanes)}
    width += WIRE_GAP * len(lanes)

    def inside(e: int, waypoint: int, without: float) -> float:
        """Where edge e passes one of its waypoints; `without` where it has none."""
        way, span = ladder.waypoints[ladder.wires[e]], ladder.spans[e]
        return lane[edges[e][0]] if span == OUTSIDE else x[way[:span][waypoint]] if span else without

    every = range(len(edges))
    leave = _ports(n, [a for a, _ in edges], ladder.wires, [inside(e, 0, x[edges[e][1]]) for e in every], weights, x, sizes)
    # What leaves a node side by side arrives in the same order, so that a double edge does not cross itself.
    enter = _ports(n, [b for _, b in edges], every, [inside(e, -1, leave[e]) for e in every], weights, x, sizes)

    routes: list[list[Point]] = [[] for _ in edges]
    trunks: dict[Wire, tuple[list[Point], int]] = {}  # points along a wire so far, waypoints they cover
    for e in sorted(range(len(edges)), key=ladder.spans.__getitem__):
        (a, b), wire, span = edges[e], ladder.wires[e], ladder.spans[e]
        start = [(leave[e], round(centres[a][1] + sizes[a][1] / 2, 1)), (leave[e], bottom[layer[a]])]
        end = [(enter[e], top[layer[b]]), (enter[e], round(centres[b][1] - sizes[b][1] / 2, 1))]
        if span == OUTSIDE:
            routes[e] = _join([], [*start, (lane[a], top[layer[a] + 1]), (lane[a], bottom[layer[b] - 1]), *end])
            continue
        trunk, covered = trunks.get(wire, (_join([], start), 0))
        for u in ladder.waypoints[wire][covered:span]:
            trunk = _join(trunk, [(x[u], top[layer[u]]), (x[u], bottom[layer[u]])])
        trunks[wire] = trunk, span
        routes[e] = _join(list(trunk), end)
    return Layout(centres, routes, layer[:n], round(width, 1), bottom[-1])


def _ports(
    n: int,
    ends: list[int],
    groups: Sequence[Hashable],
    other: list[float],
    weights: Sequence[float],
    x: list[float],
    sizes: Sequence[tuple[float, float]],
) -> list[float]:
    """The x at which each edge touches its node: right under its other end where possible, a gap apart, in order.

    Edges of one group (one wire) share a port. A lone port sits in the middle.
    """
    at: list[dict[Hashable, list[int]]] = [{} for _ in range(n)]
    for e, v in enumerate(ends):
        at[v].setdefault(groups[e], []).append(e)
    port = [0.0] * len(ends)
    for v, wires in enumerate(at):
        reach = max(sizes[v][0] / 2 - 10, 0.0) * 0.8
        bundles = sorted(wires.values(), key=lambda bundle: sum(other[e] for e in bundle) / len(bundle))
        if len(bundles) < 2:
            reach = 0.0
        step = min(WIRE_GAP, 2 * reach / max(len(bundles) - 1, 1))
        want = [sum(max(-reach, min(reach, other[e] - x[v])) for e in bundle) / len(bundle) for bundle in bundles]
        where = [0.0] * len(bundles)
        pull = [max(weights[e] for e in bundle) for bundle in bundles]
        settle(range(len(bundles)), want, pull, [step / 2] * len(bundles), where)
        for i, bundle in enumerate(bundles):
            inside = max(-reach + i * step, min(where[i], reach - (len(bundles) - 1 - i) * step))
            for e in bundle:
                port[e] = round(x[v] + inside, 1)
    return port


def _join(route: list[Point], more: Iterable[Point]) -> list[Point]:
    """Extend a route in place, without repeated points and points in the middle of a vertical line."""
    for point in more:
        if len(route) > 1 and route[-2][0] == route[-1][0] == point[0]:
            route[-1] = point
        elif not route or point != route[-1]:
            route.append(point)
    return route
