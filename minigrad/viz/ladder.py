"""The order of the units in each layer, and their x: steps two and three of a layered drawing.

`Ladder` is the graph with its long edges cut into steps from one layer to the next. `order_rows` permutes each layer
until few edges cross; `place` slides the units sideways, first row by row, then as whole columns, until the edges that
matter are straight. Called by `layout.py`, which tells the whole story.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Wire = tuple[int, int]  # (source, which of its wires)

WIRE_GAP = 12.0  # least distance between two wires, or between two arrowheads on one node
OUTSIDE = -1  # the span of an edge that runs around the drawing
_SWEEPS = 24  # upper bounds; both loops stop earlier when nothing improves
_SETTLES = 12


@dataclass
class Ladder:
    """The graph with every long edge cut into steps from one layer to the next.

    Units 0 .. n-1 are the nodes; the later ones are waypoints of long edges. Edges that leave the same node share
    their waypoints (they carry the same value, so they are one wire that forks), except for the second copy of a
    double edge as in `x * x`, which gets a wire of its own.
    """

    nodes: int
    layer: list[int]
    width: list[float]
    rows: list[list[int]] = field(default_factory=list)
    above: list[dict[int, float]] = field(default_factory=list)  # unit -> {unit one layer up: weight}
    below: list[dict[int, float]] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)  # one an edge
    spans: list[int] = field(default_factory=list)  # waypoints an edge passes, or OUTSIDE
    waypoints: dict[Wire, list[int]] = field(default_factory=dict)


# Step 2: the order in each layer


def order_rows(ladder: Ladder) -> None:
    """Barycentre sweeps with neighbour swaps; the order with the fewest crossings wins (Gansner et al., 1993, sec. 3).

    Sweeps end in a local optimum, so they start several times: from the inputs in their order, from its mirror image,
    and, where that is cheap, from two shuffled orders.
    """
    fewest, shuffled = -1, random.Random(0)
    for start in range(4 if len(ladder.layer) < 2000 else 2):
        first = _first_order(ladder, mirrored=start == 1)
        if start > 1:
            for row in first:
                shuffled.shuffle(row)
        rows, crossings = _sweep(first, ladder)
        if fewest < 0 or crossings < fewest:
            ladder.rows, fewest = rows, crossings
        if not fewest:
            break


def _first_order(ladder: Ladder, mirrored: bool) -> list[list[int]]:
    """From each output up through its inputs, depth first: a tree comes out without crossings."""
    rows: list[list[int]] = [[] for _ in range(max(ladder.layer) + 1)]
    seen = [False] * len(ladder.layer)
    for start in (u for u, below in enumerate(ladder.below) if not below):
        stack = [start]
        while stack:
            u = stack.pop()
            if not seen[u]:
                seen[u] = True
                rows[ladder.layer[u]].append(u)
                stack.extend(ladder.above[u] if mirrored else reversed(ladder.above[u]))
    return rows


def _sweep(rows: list[list[int]], ladder: Ladder) -> tuple[list[list[int]], int]:
    place = [0] * len(ladder.layer)
    for row in rows:
        _number(row, place)
    best, fewest, stale = [list(row) for row in rows], _crossings(rows, ladder, place), 0
    for sweep in range(_SWEEPS):
        if not fewest or stale == 4:
            break
        down = sweep % 2 == 0
        for row in rows[1:] if down else reversed(rows[:-1]):
            _sort_row(row, ladder.above if down else ladder.below, place, flip=sweep % 4 > 1)
        _swap_neighbours(rows, ladder, place)
        now = _crossings(rows, ladder, place)
        stale += 1
        if now < fewest:
            best, fewest, stale = [list(row) for row in rows], now, 0
    return best, fewest


def _number(row: list[int], place: list[int]) -> None:
    for i, u in enumerate(row):
        place[u] = i


def _sort_row(row: list[int], towards: list[dict[int, float]], place: list[int], flip: bool) -> None:
    """Sort by the mean place of the neighbours; a unit without neighbours on that side keeps its slot.

    Equals keep their order or, with `flip`, swap it: now and then that opens a way out of a local optimum.
    """
    if len(row) < 2:
        return
    slots = [i for i, u in enumerate(row) if towards[u]]
    key = {row[i]: sum(place[v] for v in towards[row[i]]) / len(towards[row[i]]) for i in slots}
    for i, u in zip(slots, sorted(reversed(key) if flip else key, key=key.__getitem__), strict=True):
        row[i] = u
    _number(row, place)


def _swap_neighbours(rows: list[list[int]], ladder: Ladder, place: list[int]) -> None:
    for row in rows:
        if len(row) < 2:
            continue
        feet = {u: (sorted(place[v] for v in ladder.above[u]), sorted(place[v] for v in ladder.below[u])) for u in row}
        for _ in range(4):
            swapped = False
            for i in range(len(row) - 1):
                u, v = feet[row[i]], feet[row[i + 1]]
                if _pair_crossings(u, v) > _pair_crossings(v, u):
                    row[i], row[i + 1] = row[i + 1], row[i]
                    swapped = True
            if not swapped:
                break
        _number(row, place)


def _pair_crossings(left: tuple[list[int], list[int]], right: tuple[list[int], list[int]]) -> int:
    return sum(bisect_left(b, p) for a, b in zip(left, right, strict=True) if b for p in a)


def _crossings(rows: list[list[int]], ladder: Ladder, place: list[int]) -> int:
    """Count inversions with a binary indexed tree, O(edges log width) (Barth, Juenger & Mutzel, 2002)."""
    total = 0
    for row, next_row in zip(rows, rows[1:], strict=False):
        if len(row) < 2 or len(next_row) < 2:
            continue
        tree, placed = [0] * (len(next_row) + 1), 0
        for u in row:
            feet = sorted(place[v] for v in ladder.below[u])
            for foot in feet:
                i, not_right = foot + 1, 0
                while i:
                    not_right += tree[i]
                    i &= i - 1
                total += placed - not_right
            for foot in feet:
                i = foot + 1
                while i < len(tree):
                    tree[i] += 1
                    i += i & -i
            placed += len(feet)
    return total


# Step 3: sideways


def place(ladder: Ladder, gap_x: float) -> list[float]:
    """An x for every unit: first by rows, which finds where things belong, then by columns, which makes them straight.

    Both reduce the weighted sum of sideways lengths, as Gansner et al. (1993, sec. 4) do.
    """
    half = [w / 2 + (gap_x if u < ladder.nodes else WIRE_GAP) / 2 for u, w in enumerate(ladder.width)]
    by_rows = _place_rows(ladder, half)
    x = _straighten(ladder, half, by_rows)
    if _sideways(ladder, x) > 2 * _sideways(ladder, by_rows):  # a tangle: columns would only spread it out
        x = by_rows
    left = min(x[u] - ladder.width[u] / 2 for u in range(len(x)))
    return [round(value - left, 1) for value in x]


def _place_rows(ladder: Ladder, half: list[float]) -> list[float]:
    """Pull every unit to the weighted median of its neighbours, row by row, up and down."""
    x = [0.0] * len(half)
    for row in ladder.rows:
        settle(row, [0.0] * len(row), [1.0] * len(row), half, x)
    best, least, stale = list(x), _sideways(ladder, x), 0
    for sweep in range(_SETTLES):
        if stale == 4:
            break
        sides = ([ladder.above], [ladder.below], [ladder.above, ladder.below])[sweep % 3]
        for row in reversed(ladder.rows) if sweep % 3 == 1 else ladder.rows:
            want, pull = [], []
            for u in row:
                near = [(x[v], w) for side in sides for v, w in side[u].items()]
                # A unit with nothing on this side stays put unless something that matters pushes it.
                want.append(_median(near) if near else x[u])
                pull.append(max(w for _, w in near) if near else 1e-3)
            settle(row, want, pull, half, x)
        now = _sideways(ladder, x)
        stale += 1
        if now < least - 1e-6:
            best, least, stale = list(x), now, 0
    return best


def _straighten(ladder: Ladder, half: list[float], x: list[float]) -> list[float]:
    """Tie units into vertical columns and move whole columns (the blocks of Brandes & Koepf, 2001)."""
    column = _columns(ladder)
    members: list[list[int]] = [[] for _ in range(max(column) + 1)]
    for u, c in enumerate(column):
        members[c].append(u)
    left: list[dict[int, float]] = [{} for _ in members]  # column -> {column to its left: least distance}
    right: list[dict[int, float]] = [{} for _ in members]
    for row in ladder.rows:
        for u, v in zip(row, row[1:], strict=False):
            a, b = column[u], column[v]
            left[b][a] = right[a][b] = max(left[b].get(a, 0.0), half[u] + half[v])
    order = [c for c in range(len(members)) if not left[c]]
    waiting = [len(others) for others in left]
    for c in order:
        for b in right[c]:
            waiting[b] -= 1
            if not waiting[b]:
                order.append(b)

    # Pushing what overlaps to the right and pushing it to the left both clear the way; so does their mean.
    ideal = [_median([(x[u], 1.0) for u in units]) for units in members]
    pushed_right, pushed_left = list(ideal), list(ideal)
    for c in order:
        pushed_right[c] = max([ideal[c], *(pushed_right[a] + gap for a, gap in left[c].items())])
    for c in reversed(order):
        pushed_left[c] = min([ideal[c], *(pushed_left[b] - gap for b, gap in right[c].items())])
    at = [(a + b) / 2 for a, b in zip(pushed_right, pushed_left, strict=True)]

    ties = [
        [(column[v], w) for u in units for side in (ladder.above, ladder.below) for v, w in side[u].items()]
        for units in members
    ]
    for sweep in range(_SETTLES):
        moved = 0.0
        for c in reversed(order) if sweep % 2 else order:
            near = [(at[other], w) for other, w in ties[c] if other != c]
            if not near:
                continue
            low = max((at[a] + gap for a, gap in left[c].items()), default=-math.inf)
            high = min((at[b] - gap for b, gap in right[c].items()), default=math.inf)
            want = max(low, min(high, _median(near)))
            moved = max(moved, abs(want - at[c]))
            at[c] = want
        if moved < 0.1:
            break
    return [at[c] for c in column]


def _columns(ladder: Ladder) -> list[int]:
    """Which column each unit is in: two units share one when each is the other's main neighbour.

    With an even number of equally heavy neighbours there is no main one: the place in their middle is better. Where
    two such pairs cross, the lighter one is not tied.
    """
    place = [0] * len(ladder.layer)
    for row in ladder.rows:
        _number(row, place)

    def main(near: dict[int, float]) -> int | None:
        heaviest = max(near.values(), default=0.0)
        equals = sorted((v for v, w in near.items() if w == heaviest), key=place.__getitem__)
        return equals[len(equals) // 2] if len(equals) % 2 else None

    main_above, main_below = [main(near) for near in ladder.above], [main(near) for near in ladder.below]
    column = list(range(len(ladder.layer)))
    for row in ladder.rows:
        pairs = []
        for u in row:
            v = main_below[u]
            if v is not None and main_above[v] == u:
                pairs.append((ladder.below[u][v], u, v))
        taken: list[tuple[int, int]] = []  # places (above, below) of the pairs so far, sorted
        for _, u, v in sorted(pairs, key=lambda pair: -pair[0]):
            i = bisect_left(taken, (place[u], place[v]))
            if (i == 0 or taken[i - 1][1] < place[v]) and (i == len(taken) or taken[i][1] > place[v]):
                taken.insert(i, (place[u], place[v]))
                column[v] = column[u]
    names = {c: i for i, c in enumerate(dict.fromkeys(column))}
    return [names[c] for c in column]


def _sideways(ladder: Ladder, x: list[float]) -> float:
    return sum(w * abs(x[u] - x[v]) for u, below in enumerate(ladder.below) for v, w in below.items())


def _median(near: list[tuple[float, float]]) -> float:
    """Weighted median; the middle of the two when the weight splits in half."""
    near.sort()
    rest = sum(w for _, w in near) / 2
    for i, (value, w) in enumerate(near):
        rest -= w
        if rest < -1e-9:
            return value
        if rest <= 1e-9:
            return (value + near[min(i + 1, len(near) - 1)][0]) / 2
    return near[-1][0]


def settle(row: Iterable[int], want: list[float], pull: list[float], half: Sequence[float], x: list[float]) -> None:
    """Put a row as close to where it wants to be as its order and widths allow, in one pass.

    Least squares under x[i+1] - x[i] >= gap: subtract the gaps and it is isotonic regression, solved by pooling
    adjacent violators (Barlow et al., 1972).
    """
    units = list(row)
    offsets: list[float] = []
    blocks: list[list[float]] = []  # [sum of pull * target, sum of pull, members]
    for i, u in enumerate(units):
        offsets.append(offsets[-1] + half[units[i - 1]] + half[u] if i else 0.0)
        # Squared, so that a heavy edge is all but immovable for a light one.
        strength = pull[i] * pull[i]
        blocks.append([strength * (want[i] - offsets[i]), strength, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            moment, weight, members = blocks.pop()
            blocks[-1][0] += moment
            blocks[-1][1] += weight
            blocks[-1][2] += members
    i = 0
    for moment, weight, members in blocks:
        for _ in range(int(members)):
            x[units[i]] = moment / weight + offsets[i]
            i += 1
