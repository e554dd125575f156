"""One recorded step of a computation: what ran, where its inputs came from, what it kept for backward.

`Node` is the base of every `grad_fn`; a `Function` (see `function.py`) is a Node, so `loss.grad_fn` is the very object
whose class holds the forward and backward code that ran.  Nodes carry a rising sequence number: a node is always newer
than the nodes it depends on, so the engine's order is simply "newest first".
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from minigrad import dtypes
from minigrad.autograd.hooks import Hooks, RemovableHandle
from minigrad.autograd.modes import mode
from minigrad.autograd.variable import Variable, new

next_sequence = itertools.count(1).__next__
NOT_A_TENSOR: tuple[()] = ()  # the edge of an input that is no tensor; edges are compared with `is`: a leaf is an edge too

USED_TWICE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed): {node} gave up its saved tensors in the first backward. Specify retain_graph=True in the first call if you "
    "need to backward through the graph a second time."
)


class Metadata(NamedTuple):
    """What an output looks like: enough to check a gradient and to draw the graph when the value itself is gone."""

    shape: tuple[int, ...]
    dtype: dtypes.dtype


class Node:
    """A node of the graph.

    `edges` has one entry per input: (node, index) where another node made it, the leaf itself where it is a leaf that
    wants a gradient, None where no gradient is wanted, NOT_A_TENSOR where the input is no tensor.
    `outputs` has (shape, array dtype) per output.  `saved` has one entry per value kept for backward: (value, version at
    that time, None) for an input, (value, version, output index) for an output, (value, None, None) for a constant.
    """

    edges: tuple[Any, ...] = ()
    outputs: tuple[tuple[tuple[int, ...], Any], ...] = ()
    sequence: int = 0
    saved: tuple[tuple[Any, int | None, int | None] | None, ...] | None = ()
    anomaly: Any = None  # the stack of the forward call, kept inside detect_anomaly
    _tensor_hooks: dict[int, Hooks] | None = None
    _retained: dict[int, weakref.ref[Variable]] | None = None
    _pre_hooks: Hooks | None = None
    watched: bool = False  # a tensor hook, a pre-hook or a tensor that retains its gradient waits here
    _post_hooks: Hooks | None = None

    # ------------------------------------------------------------------------------------------ what a user sees

    def name(self) -> str:
        """The name that `grad_fn=<...>` prints, for example `MulBackward0`."""
        return type(self).__name__

    @property
    def label(self) -> str:
        """The short name that pictures show."""
        return self.name()

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that made the inputs, with the index of the output that was used; leaves appear as AccumulateGrad."""
        return tuple(_as_next(edge) for edge in self.edges if edge is not NOT_A_TENSOR)

    @property
    def output_metadata(self) -> tuple[Metadata, ...]:
        """Shape and dtype of each output."""
        return tuple(Metadata(shape, dtypes.of_numpy(kind)) for shape, kind in self.outputs)

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes."""
        return self.__dict__.setdefault("_notes", {})

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each input of forward, whether its gradient is wanted."""
        return tuple([edge is not None and edge is not NOT_A_TENSOR for edge in self.edges])

    def register_hook(self, hook: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after this node's backward; what it returns replaces grad_inputs."""
        if self._post_hooks is None:
            self._post_hooks = Hooks()
        return self._post_hooks.register(hook)

    def register_prehook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before this node's backward; what it returns replaces grad_outputs."""
        if self._pre_hooks is None:
            self._pre_hooks, self.watched = Hooks(), True
        return self._pre_hooks.register(hook)

    def __call__(self, *gradients: Any) -> Any:
        """Run this node's backward by hand."""
        return self.run(gradients)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    # ------------------------------------------------------------------------------------------ what the engine uses

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        """Gradients of the outputs in (None where none arrived), gradients of the inputs out."""
        raise NotImplementedError

    def tensor_hooks(self, index: int) -> Hooks:
        """The hooks on output `index`."""
        if self._tensor_hooks is None:
            self._tensor_hooks, self.watched = {}, True
        return self._tensor_hooks.setdefault(index, Hooks())

    def retain(self, index: int, variable: Variable | None) -> None:
        """Have the engine keep the gradient of output `index` in `variable.grad` (None: no longer)."""
        if self._retained is None:
            self._retained, self.watched = {}, True
        if variable is None:
            self._retained.pop(index, None)
        else:
            self._retained[index] = weakref.ref(variable)

    def unpack(self) -> tuple[Any, ...]:
        """The saved values, each checked to be unchanged since; outputs come back with this node as their history."""
        return tuple([None if item is None else self.read(item) for item in self._kept_values()])

    def _kept_values(self) -> tuple[Any, ...]:
        if self.saved is None:
            raise RuntimeError(USED_TWICE.format(node=self.name()))
        return self.saved

    def read(self, item: tuple[Any, int | None, int | None]) -> Any:
        """One saved value, checked."""
        value, version, output = item
        if version is None:
            return value
        counter = value._version_counter
        if version != (0 if counter is None else counter.count):
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: the "
                f"{dtypes.of_array(value._array)} tensor of shape {list(value._array.shape)} that {self.name()} saved is at "
                f"version {value._version}; expected version {version} instead. Write to a clone() of it, or use the form "
                "without the underscore. Hint: autograd.detect_anomaly() shows the forward line."
            )
        edge: Any = (self, output)
        if output is None:
            edge = None if value._cut is None else self._edge_to(*value._cut)
            if edge is None:
                return value
        result: Variable = new(type(value))
        result._array, result._edge, result._requires_grad = value._array, edge, True
        result._version_counter = counter
        return result

    def _edge_to(self, reference: weakref.ref[Node], output: int) -> Any:
        """The edge that leads to an output of a node: how a value that was detached in place since it was saved got here."""
        node = reference()
        return next((e for e in self.edges if type(e) is tuple and e is not NOT_A_TENSOR and e == (node, output)), None)

    def release(self) -> None:
        """Give up what was saved; a second walk through this node will say so."""
        if self.saved:
            self.saved = None


class AccumulateGrad(Node):
    """Stands for a leaf at the end of the graph: what arrives here is added to the leaf's `.grad`."""

    def __init__(self, variable: Variable):
        self.variable = variable

    @property
    def output_metadata(self) -> tuple[Metadata, ...]:
        return (Metadata(self.variable._array.shape, dtypes.of_array(self.variable._array)),)

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        if gradients[0] is not None:
            accumulate(self.variable, gradients[0], owned=False)
        return ()


def accumulate(variable: Variable, gradient: Any, owned: bool) -> None:
    """Add to a leaf's `.grad`.  `owned` says that nobody else holds the gradient's memory, so that it need not be copied."""
    old = variable._grad
    if old is not None:
        variable._grad = old + gradient if mode.grad else old.add_(gradient)
    elif gradient._requires_grad:
        variable._grad = gradient.clone()
    else:
        variable._grad = gradient if owned else gradient.detach().clone()


def _as_next(edge: Any) -> tuple[Node | None, int]:
    if edge is None:
        return None, 0
    if isinstance(edge, tuple):
        return edge
    return accumulator(edge), 0


def accumulator(leaf: Variable) -> AccumulateGrad:
    """The AccumulateGrad node of a leaf: one and the same as long as anybody holds it."""
    node = leaf._accumulator() if leaf._accumulator is not None else None
    if node is None:
        node = AccumulateGrad(leaf)
        leaf._accumulator = weakref.ref(node)
    return node
