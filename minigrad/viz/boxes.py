"""Boxes and arrows, and the three forms they take: a picture, a tree of text, Graphviz's DOT.

Nothing here knows about tensors; `graph.py` turns a computation into boxes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from minigrad.viz.layout import layered
from minigrad.viz.svg import LOOKS, Svg, text_width

KINDS = {"operation": "operation", "parameter": "parameter", "leaf": "leaf tensor", "output": "output"}


@dataclass
class Box:
    """One box of the picture. `inputs` are the numbers of the boxes whose arrows end here, in argument order."""

    kind: str  # a key of KINDS, or "folded"
    title: str
    lines: list[str] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)


def edges(boxes: list[Box]) -> list[tuple[int, int]]:
    """(source, target) for every arrow."""
    return [(source, target) for target, box in enumerate(boxes) for source in box.inputs]


def _depths(boxes: list[Box]) -> list[int]:
    """How many boxes lie above each one. Where several paths meet, the deepest is the one to read as the main line."""
    depth = [0] * len(boxes)
    for i, box in enumerate(boxes):
        depth[i] = 1 + max((depth[j] for j in box.inputs), default=-1)
    return depth


def tree(boxes: list[Box], caption: str) -> str:
    """Lines of text from the outputs up. The main line runs straight down the margin, side branches are indented."""
    depth = _depths(boxes)
    uses = Counter(source for source, _ in edges(boxes))
    lines = [caption]
    seen: set[int] = set()
    stack = [(i, "", "", True) for i in reversed(range(len(boxes))) if not uses[i]]
    while stack:
        i, lead, margin, unfold = stack.pop()
        box = boxes[i]
        mark = f"  [n{i}]" if uses[i] > 1 else ""
        if i in seen or not unfold:
            lines.append(f"{lead}{box.title}  see{mark[1:]}")
            continue
        seen.add(i)
        kind = "parameter " if box.kind == "parameter" and box.title != "parameter" else ""
        lines.append(f"{lead}{box.title}  {kind}{', '.join(box.lines)}".rstrip() + mark)
        deep = [j for j in box.inputs if boxes[j].inputs or boxes[j].kind == "folded"]
        spine = max(deep, key=depth.__getitem__, default=None)
        branches = list(box.inputs)
        if spine is not None:
            branches.remove(spine)
        entries = []
        for k, j in enumerate(branches):
            last = k == len(branches) - 1 and spine is None
            # A second copy of the main line, as in x * x, only refers to it.
            entries.append((j, margin + ("└─ " if last else "├─ "), margin + ("   " if last else "│  "), j != spine))
        if spine is not None:
            entries.append((spine, margin, margin, True))
        stack.extend(reversed(entries))
    return "\n".join(lines)


def dot(boxes: list[Box]) -> str:
    """Graphviz's DOT language; box i is node n{i}."""
    lines = ["digraph {", '  node [fontname="Helvetica", fontsize=11, style=filled];', "  edge [arrowsize=0.7];"]
    for i, box in enumerate(boxes):
        look = LOOKS[box.kind][0]
        style = {"operation": ', style="rounded,filled"', "folded": ', style="rounded,dashed"'}.get(box.kind, "")
        colours = f'fillcolor="{look["fill"]}", color="{look["stroke"]}"'
        lines.append(f"  n{i} [label={_dot_string(box)}, shape=box, {colours}{style}];")
    lines += [f"  n{a} -> n{b};" for a, b in edges(boxes)]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_string(box: Box) -> str:
    text = "\n".join([box.title, *box.lines])
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# The picture

_TITLE, _LINE = 13.0, 11.5  # font sizes of the looks "name" and "quiet"
_TITLE_STEP, _LINE_STEP = 17.0, 15.0
_PAD_X, _PAD_Y, _MARGIN, _KEY = 12.0, 7.0, 18.0, 21.0


def _size(box: Box) -> tuple[float, float]:
    widths = [text_width(box.title, _TITLE, bold=True), *(text_width(line, _LINE) for line in box.lines)]
    height = _TITLE_STEP + _LINE_STEP * len(box.lines) + 2 * _PAD_Y
    arrows = 20.0 + 30.0 * min(len(box.inputs) - 1, 3)  # room for the side inputs beside a straight main one
    return max(44.0, arrows, round(max(widths)) + 2 * _PAD_X), height


def _weights(boxes: list[Box], arrows: list[tuple[int, int]]) -> list[float]:
    """How straight to draw each arrow: the main line first, parameters and what is made of them last."""
    depth = _depths(boxes)
    deepest = [max((depth[a] for a in box.inputs), default=0) for box in boxes]
    uses = Counter(a for a, _ in arrows)
    importance = [1.0 if not boxes[a].inputs else 100.0 if depth[a] == deepest[b] else 10.0 for a, b in arrows]
    return [weight / uses[a] for weight, (a, _) in zip(importance, arrows, strict=True)]


class Plan:
    """Where boxes and arrows go: laid out once, drawn as often as wanted.

    Several versions of the same boxes may be given, with the same arrows and other words: there is room for each, so
    that nothing moves from one drawing to the next.
    """

    def __init__(self, *versions: list[Box]) -> None:
        boxes, self.arrows = versions[0], edges(versions[0])
        every = [[_size(box) for box in version] for version in versions]
        self.sizes = [(max(w for w, _ in same), max(h for _, h in same)) for same in zip(*every, strict=True)]
        self._layout = layered(self.sizes, self.arrows, _weights(boxes, self.arrows))
        self.width, self.height = self._layout.width, self._layout.height

    def draw(self, svg: Svg, left: float, top: float, boxes: list[Box], lit: int | None = None) -> None:
        """Draw one version with its upper left corner at (left, top).

        Box `lit` stands out, and so do the arrows into it, which then point back: that way the gradient goes.
        """
        routes = [[(x + left, y + top) for x, y in route] for route in self._layout.routes]
        back = [target == lit for _, target in self.arrows]
        for lights, ((x, y), *middle, (end_x, end_y)) in zip(back, routes, strict=True):  # an arrowhead covers the rest
            if lights:
                svg.curve("litwire", [(x, y + 5), *middle, (end_x, end_y)])
            else:
                svg.curve("wire", [(x, y), *middle, (end_x, end_y - 5)])
        for lights, ((x, y), *_, (end_x, end_y)) in zip(back, routes, strict=True):
            if lights:
                svg.arrowhead(x, y + 0.5, "litarrow", up=True)
            else:
                svg.arrowhead(end_x, end_y - 0.5)
        centres = [(x + left, y + top) for x, y in self._layout.centres]
        corners = [(x, y - h / 2) for (x, y), (_, h) in zip(centres, self.sizes, strict=True)]
        for i, (box, (x, y), (width, height)) in enumerate(zip(boxes, corners, self.sizes, strict=True)):
            radius = 12 if box.kind in ("operation", "folded") else 2
            svg.box("lit" if i == lit else box.kind, x - width / 2, y, width, height, radius)
        for box, (x, y) in zip(boxes, corners, strict=True):
            svg.text("name", x, y + _PAD_Y + 13, box.title, "middle")
        for box, (x, y) in zip(boxes, corners, strict=True):
            for k, line in enumerate(box.lines):
                svg.text("quiet", x, y + _PAD_Y + 29 + k * _LINE_STEP, line, "middle")


def picture(boxes: list[Box], caption: str) -> str:
    """The drawing as SVG: inputs on top, arrows in the direction of the forward pass."""
    plan = Plan(boxes)
    kinds = [kind for kind in KINDS if any(box.kind == kind for box in boxes)]
    legend = [_KEY + text_width(KINDS[kind], _LINE) + _MARGIN for kind in kinds]
    content = max(plan.width, sum(legend) - _MARGIN, text_width(caption, _LINE))
    foot = _MARGIN + 26 + plan.height + 38
    svg = Svg(content + 2 * _MARGIN, foot + _MARGIN, f"Computation graph of {caption}", _alt(boxes))
    svg.text("quiet", _MARGIN, _MARGIN + 9, caption)
    plan.draw(svg, _MARGIN + (content - plan.width) / 2, _MARGIN + 26, boxes)
    x = _MARGIN
    for kind, width in zip(kinds, legend, strict=True):
        svg.box(kind, x, foot - 10, 15, 11, 5 if kind == "operation" else 1)
        svg.text("quiet", x + _KEY, foot, KINDS[kind])
        x += width
    return svg.render()


def _alt(boxes: list[Box]) -> str:
    """The picture in a sentence, for readers who do not see it."""
    titles = [box.title for box in boxes if box.kind in ("operation", "folded")]
    if len(titles) > 12:
        titles = [*titles[:6], "…", *titles[-6:]]
    return f"From the inputs at the top to the output at the bottom: {', '.join(titles)}." if titles else ""
