"""The part of a tensor that autograd works with: an array, and its place in the graph of recorded operations.

`Variable` is what floors 0 to 2 know of a tensor; `tensor.Tensor` adds everything a user calls.  Here live the leaf and
its gradient, the version of a storage (which in-place writes raise, and which saved values are checked against), and
views: values that look into the storage of another.  Read `node.py` next, then `function.py` and `engine.py`.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad import devices, dtypes
from minigrad.autograd.hooks import Hooks, RemovableHandle
from minigrad.autograd.modes import mode
from minigrad.kernels.memory import shares

if TYPE_CHECKING:
    from minigrad.autograd.node import AccumulateGrad, Node

new = object.__new__


class Version:
    """How often the storage that some tensors share was written to."""

    __slots__ = ("count",)

    def __init__(self, count: int = 0):
        self.count = count


class _Inference(Version):
    """The version of every tensor made in `inference_mode`: it is not tracked, so such a tensor cannot be saved."""

    __slots__ = ()

    @property
    def count(self) -> int:  # type: ignore[override]
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal tensor "
            "and use it in autograd."
        )

    def __init__(self) -> None:
        pass


INFERENCE = _Inference()


MADE_UNRECORDED = (
    "A view that was made in no_grad or inference_mode and {event} with grad mode enabled: whether that is to be recorded is "
    "unclear. Make the view and write both inside the block (not recorded) or both outside of it (recorded)."
)
MADE_BY_FUNCTION = (
    "A view that a custom Function returned (or its input, returned as it is) and {event}: what is written would bypass the "
    "backward of that Function. Return a clone() of the view, or write to a clone() of the output."
)


class View:
    """How a tensor was made from the one whose storage it looks into: `replay(source)` makes it again.

    A write through a view gives its root (the tensor at the end of the chain of sources) a new history, and with it
    all views of that root: `epoch` tells which of the root's histories the view's own edge was made from.
    `flaw` is the error to raise where making the view again would give it another meaning than it had.
    """

    __slots__ = ("source", "seen", "root", "replay", "epoch", "flaw")

    def __init__(self, source: Variable, replay: Callable[[Any], Any]):
        self.source, self.seen, self.replay = source, source._array, replay
        above = source._view
        self.root: Variable = source if above is None else above.root
        self.flaw: str | None = None if mode.grad else MADE_UNRECORDED
        if above is not None and above.flaw is not None:
            self.flaw = above.flaw
        self.epoch = self.root._epoch


class Variable:
    """An array and its place in the graph.  What is rarely set has its default on the class, so that making one is cheap."""

    if TYPE_CHECKING:  # the operations of tensors, which floor 4 adds

        def __getattr__(self, name: str) -> Any: ...

    _array: Any
    _requires_grad: bool = False
    _edge: tuple[Node, int] | None = None  # the node that made this value, and which of its outputs it is; None: a leaf
    _view: View | None = None
    _version_counter: Version | None = None  # None: never written to and not shared
    _epoch: int = 0  # how many times a write gave this tensor a new history
    _grad: Any = None
    _hooks: Hooks | None = None  # of a leaf; those of other tensors are kept by the node that made them
    _post_accumulate_hooks: Hooks | None = None
    _retains_grad: bool = False
    _cut: tuple[weakref.ref[Node], int] | None = None  # the history that `detach_` took away
    _accumulator: weakref.ref[AccumulateGrad] | None = None

    # ------------------------------------------------------------------------------------------ place in the graph

    @property
    def grad_fn(self) -> Node | None:
        """The node of the graph that made this tensor; None for a leaf.

        >>> import minigrad
        >>> x = minigrad.ones(2, requires_grad=True)
        >>> (x * 2).grad_fn.name()
        'MulBackward0'
        """
        if self._view is not None:
            self._refresh()
        return None if self._edge is None else self._edge[0]

    @property
    def output_nr(self) -> int:
        """Which output of `grad_fn` this tensor is."""
        return 0 if self._edge is None else self._edge[1]

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor: a parameter, an input, or a value that needs no gradient."""
        return self.grad_fn is None

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that `backward` can reach it."""
        if self._view is not None:
            self._refresh()
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        if self.grad_fn is not None and not flag:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if flag and not dtypes.of_array(self._array).is_inexact:
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients; this one is "
                f"{dtypes.of_array(self._array)}: convert it first, for example with .float()"
            )
        if flag and self.is_inference() and not mode.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed: clone() it first."
            )
        self._requires_grad = bool(flag)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set `requires_grad` of a leaf in place; returns the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def _base(self) -> Any:
        """The tensor whose storage this view looks into; None when it is not a view."""
        return None if self._view is None else self._view.root

    def _is_view(self) -> bool:
        return self._view is not None

    def is_inference(self) -> bool:
        """Whether the tensor was made in `inference_mode`."""
        return self._version_counter is INFERENCE

    def _refresh(self) -> None:
        """Give a view the history that a write through its root, or through another view of it, has made since."""
        view = self._view
        assert view is not None
        if view.epoch == view.root._epoch:
            return
        if view.flaw is not None:
            if mode.grad:
                raise RuntimeError(view.flaw.format(event="whose base, or another view of it, was written to"))
            return
        behind, above = [self], view.source  # a long chain is brought up to date from its root on: no recursion is needed
        while above._view is not None and above._view.epoch != view.root._epoch:
            behind.append(above)
            above = above._view.source
        grad, mode.grad = mode.grad, True
        try:
            for variable in reversed(behind):
                variable._remake()
        finally:
            mode.grad = grad

    def _remake(self) -> None:
        """Replay a view whose source is up to date."""
        view = self._view
        assert view is not None
        twin = view.replay(view.source)
        here, there = self._array, twin._array
        same_place = here.shape == there.shape and here.strides == there.strides and shares(here, there)
        if view.source._array is not view.seen or not same_place:
            raise RuntimeError(
                "a view whose base was given another shape or other memory (by .data = or an operation like t_()) has lost its "
                "place in the graph: take the view afterwards, or clone() it"
            )
        view.epoch = view.root._epoch
        self._move(twin._edge, twin._requires_grad)

    def _move(self, edge: tuple[Node, int] | None, requires_grad: bool) -> None:
        """Take another place in the graph; a gradient that is to be retained is from now on that of the new value."""
        old, self._edge, self._requires_grad = self._edge, edge, requires_grad
        if self._retains_grad:
            if old is not None:
                old[0].retain(old[1], None)
            if edge is not None:
                edge[0].retain(edge[1], self)

    # ------------------------------------------------------------------------------------------ versions

    @property
    def _version(self) -> int:
        """How often the storage was written to; autograd compares it with what it was when the tensor was saved."""
        return 0 if self._version_counter is None else self._version_counter.count

    def _shared_version(self) -> Version:
        """The counter for tensors that share this storage (made now if nobody shared it before)."""
        if self._version_counter is None:
            self._version_counter = Version()
        return self._version_counter

    def _bump_version(self) -> None:
        """Say that the storage was written to."""
        if self._version_counter is None:
            self._version_counter = Version(1)
        elif self._version_counter is not INFERENCE:
            self._version_counter.count += 1

    # ------------------------------------------------------------------------------------------ gradients

    @property
    def grad(self) -> Any:
        """The gradient that `backward` accumulated: a tensor of the same shape, or None before the first one."""
        if self._grad is None and self._edge is not None and not self._retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
                "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf "
                "Tensor, use .retain_grad() on the non-leaf Tensor.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, Variable):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value._array.shape != self._array.shape:
                raise RuntimeError(
                    "assigned grad has data of a different size: expected shape "
                    f"{list(self._array.shape)}, got {list(value._array.shape)}"
                )
            if value._array.dtype != self._array.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: expected {dtypes.of_array(self._array)}, "
                    f"got {dtypes.of_array(value._array)}"
                )
            if devices.of_array(value._array) != devices.of_array(self._array):
                raise RuntimeError("assigned grad has data located on a different device")
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Walk the graph from this tensor to its leaves and add d(self)/d(leaf) to each leaf's `.grad`.

        `gradient` is the vector v in v^T J; it may be left out when the tensor has one element (then it is 1).
        `create_graph` records the walk, for higher derivatives; `retain_graph` (default: `create_graph`) keeps what was
        saved, for a second walk; `inputs` accumulates into these tensors only.

        >>> import minigrad
        >>> x = minigrad.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        from minigrad.autograd.engine import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(grad)` whenever a gradient for this tensor is computed; what it returns replaces the gradient."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._edge is not None:
            node, index = self._edge
            return node.tensor_hooks(index).register(hook)
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks.register(hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], None]) -> RemovableHandle:
        """Call `hook(tensor)` after a gradient was added to this leaf's `.grad`."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._edge is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if self._post_accumulate_hooks is None:
            self._post_accumulate_hooks = Hooks()
        return self._post_accumulate_hooks.register(hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `.grad` although it is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._edge is None or self._retains_grad:
            return
        self._retains_grad = True
        node, index = self._edge
        node.retain(index, self)

    @property
    def retains_grad(self) -> bool:
        """Whether this non-leaf tensor keeps its gradient."""
        return self._retains_grad
