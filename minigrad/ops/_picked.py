"""Values picked along an axis by index: what `max(dim)`, `sort`, `topk` and `median(dim)` have in common.

Such an operation differs from the others of its kind only in how it chooses the indices.  Its derivative does not: the
gradient of each value goes back to the place that the value came from.
"""

from __future__ import annotations

from typing import Any

from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace


class Picked(Operation):
    """values = x[indices] along an axis; dx = g at those places, 0 elsewhere.  No place is picked twice."""

    @staticmethod
    def choose(x: Any, axis: int, *args: Any) -> Any:
        """The indices, with the axis kept."""
        raise NotImplementedError

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int, keepdim: bool, *args: Any) -> tuple[Any, Any]:
        ctx.shape, ctx.axis = x.shape, axis
        lines = x if x.shape else x.reshape(1)
        indices = ctx.choose(lines, axis, *args)
        values = array_namespace(x).take_along_axis(lines, indices, axis)
        ctx.kept = values.shape
        if not (keepdim and x.shape):
            shape = values.shape[:axis] + values.shape[axis + 1 :]
            values, indices = values.reshape(shape), indices.reshape(shape)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        (indices,) = ctx.saved_tensors
        places = indices._array.reshape(ctx.kept)
        return PutAlong.apply(g.reshape(ctx.kept), places, ctx.axis, ctx.shape or (1,)).reshape(ctx.shape)

    def run(self, gradients: Any) -> Any:
        return (None,) if gradients[0] is None else super().run(gradients)  # nothing depends on the values


class PutAlong(Operation):
    """Zeros with g at given places along an axis, each of them once; its derivative picks them again."""

    @staticmethod
    def forward(ctx: Any, g: Any, places: Any, axis: int, shape: tuple[int, ...]) -> Any:
        ctx.places, ctx.axis, ctx.shape = places, axis, shape
        xp = array_namespace(places)
        result = xp.zeros(shape, g.dtype)
        xp.put_along_axis(result, places, g, axis)
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return TakeAlong.apply(g, ctx.places, ctx.axis)


class TakeAlong(Operation):
    """g picked at given places along an axis; its derivative puts it back."""

    @staticmethod
    def forward(ctx: Any, g: Any, places: Any, axis: int) -> Any:
        ctx.places, ctx.axis, ctx.shape = places, axis, g.shape
        return array_namespace(g).take_along_axis(g, places, axis)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return PutAlong.apply(g, ctx.places, ctx.axis, ctx.shape)
