"""Writing to a tensor that is part of a graph.

An in-place operation is its out-of-place form, whose result is then written into the tensor's memory and whose history
the tensor takes over.  Writing through a view changes the tensor that it looks into as well: the root of the view gets a
`CopySlices` node, which sends the gradient of the written region to what was written and the rest to what was there
before; every view of that root finds its own new history when it is next used (`Variable._refresh`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import alias, check_same_device, wrap
from minigrad.autograd.modes import mode
from minigrad.autograd.node import Node, next_sequence
from minigrad.autograd.variable import Variable
from minigrad.kernels.memory import addressable, overlaps_itself, store


def apply_in_place(function: Callable[..., Any], target: Variable, *args: Any, **kwargs: Any) -> Any:
    """`target` becomes `function(target, *args, **kwargs)`, in its own memory and with that history; returns `target`."""
    check_writable(target)
    before = _before(target) if mode.grad else target
    result = function(before, *args, **kwargs)
    if result._requires_grad:
        # Whoever saved the value from before the write keeps it: it gets memory of its own.  A view of it cannot.
        shared, kept = before._version_counter, weakref.ref(before)
        del before
        survivor = kept()
        if survivor is not None and survivor is not target:
            survivor._array, survivor._version_counter = survivor._array.copy(), None
        if shared is not None:
            shared.count += 1
    return overwrite(target, result)


def _before(target: Variable) -> Any:
    """The tensor as it is now: same memory, same history, its own version."""
    requires_grad = target.requires_grad
    result = wrap(target._array)
    result._edge, result._requires_grad = target._edge, requires_grad
    return result


def check_writable(target: Variable) -> None:
    """Refuse a write that would lose a gradient or has no meaning, before anything is changed."""
    if mode.grad:
        if target.requires_grad and target._edge is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. Write under no_grad(), as "
                "optimizers do, or use the form without the underscore."
            )
        root = None if target._view is None else target._view.root
        if root is not None and root._edge is None and (root._requires_grad or target._requires_grad):
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation. Write under "
                "no_grad(), or to a clone() of it."
            )
    if target.is_inference() and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal "
            "tensor before doing inplace update."
        )
    if overlaps_itself(target._array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )


def overwrite(target: Variable, value: Variable) -> Any:
    """Write `value`, which may broadcast, into the memory of `target`, which takes over its history."""
    shape, new_shape = target._array.shape, value._array.shape
    if new_shape != shape and not _broadcasts_to(new_shape, shape):
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(new_shape)}")
    kind, new_kind = dtypes.of_array(target._array), dtypes.of_array(value._array)
    if not dtypes.can_cast(new_kind, kind):
        raise RuntimeError(
            f"result type {_spoken(new_kind)} can't be cast to the desired output type {_spoken(kind)}: use the form without "
            "the underscore, or convert first"
        )
    view = target._view
    recording = mode.grad and (value._requires_grad or target._requires_grad or (view is not None and view.root._requires_grad))
    if view is not None:
        if recording and view.flaw is not None:
            raise RuntimeError(view.flaw.format(event="is being written to"))
        target._array = addressable(target._array)
    try:
        target._array = store(target._array, value._array)
    except TypeError:
        check_same_device(target, value)
        raise
    target._bump_version()
    if recording:
        give_history(target, value._edge)
    return target


def _broadcasts_to(shape: tuple[int, ...], goal: tuple[int, ...]) -> bool:
    return len(shape) <= len(goal) and all(
        a in (1, b) for a, b in zip(reversed(shape), reversed(goal), strict=False)
    )


def _spoken(kind: dtypes.dtype) -> str:
    """The name PyTorch's messages use: Float, Double, Long..."""
    names = {"float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "int16": "Short",
             "int8": "Char", "uint8": "Byte", "complex64": "ComplexFloat", "complex128": "ComplexDouble"}  # fmt: skip
    return names.get(kind.name, kind.name.capitalize().replace("Bf", "BF"))


# ------------------------------------------------------------------------------------------------ new history


class Written(Node):
    """The history of a tensor that was filled with values that have none: what was there before has no part in them."""

    def name(self) -> str:
        return "FillBackward0"

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        return (gradients[0].new_zeros(gradients[0].shape),)


class CopySlices(Node):
    """The history of a tensor after one of its views was written to.

    With base' = base, except base'[region] = written:   d base = g, zero in the region;   d written = g[region].
    """

    def __init__(self, view_path: list[Callable[[Any], Any]], strides: tuple[int, ...]):
        self.view_path, self.strides = view_path, strides

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        base_gradient = _laid_out(gradients[0], self.strides)
        region = base_gradient
        for replay in self.view_path:
            region = replay(region)
        written_gradient = region.clone()
        region.zero_()
        return base_gradient, written_gradient


def _laid_out(gradient: Any, strides: tuple[int, ...]) -> Any:
    """A copy of the gradient whose axes lie in memory in the order that `strides` tells, so that views can be replayed."""
    order = sorted(range(len(strides)), key=lambda axis: -strides[axis])
    back = sorted(range(len(order)), key=order.__getitem__)
    copy = gradient.permute(order).clone(memory_format="contiguous").permute(back) if order else gradient.clone()
    return copy


def give_history(target: Variable, edge: tuple[Node, int] | None) -> None:
    """Make `edge` (None: that of a constant) the history of a tensor that was just written to."""
    if edge is not None:  # the gradient arrives as that of the target, whose type and shape the value was brought to
        node, index = edge
        shape_and_type = target._array.shape, target._array.dtype
        if node.outputs[index] != shape_and_type:
            node.outputs = (*node.outputs[:index], shape_and_type, *node.outputs[index + 1 :])
    view = target._view
    if view is None:
        _rebase(target, edge or _recorded(Written(), (target._edge,), target))
        return
    root = view.root
    node = CopySlices(_replays(view), root._array.strides)
    _rebase(root, _recorded(node, (root._edge or (root if root._requires_grad else None), edge), root))
    target._refresh()


def _recorded(node: Node, edges: tuple[Any, ...], target: Variable) -> tuple[Node, int]:
    """A node behind a tensor, as an edge that leads to it."""
    node.edges, node.sequence, node.outputs = edges, next_sequence(), ((target._array.shape, target._array.dtype),)
    return node, 0


def _rebase(variable: Variable, edge: tuple[Node, int]) -> None:
    variable._move(edge, True)
    variable._epoch += 1


def _replays(view: Any) -> list[Callable[[Any], Any]]:
    """The replays from the root down to this view; they hold no tensor, so the graph does not keep itself alive."""
    path = []
    while view is not None:
        path.append(view.replay)
        view = view.source._view
    return path[::-1]


def detach_(variable: Variable) -> Any:
    """Cut a tensor off from its history, in place."""
    if variable._view is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead.")
    if variable._edge is not None:
        variable._cut = weakref.ref(variable._edge[0]), variable._edge[1]
    variable._edge, variable._requires_grad = None, False
    return variable


__all__ = ["alias", "apply_in_place", "check_writable", "detach_", "give_history", "overwrite"]
