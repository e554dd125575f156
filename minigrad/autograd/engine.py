"""Backpropagation: the walk from a result back to the leaves.

Every recorded operation is a Node that can turn the gradient of its output into gradients of its inputs (the chain rule,
one step at a time).  The walk hands each node the sum of all gradients that reach it, which is right only if everything
that used its output has run before: since a node is always newer than what it depends on, taking the newest pending node
first is a correct order.  A heap gives it, without recursion, however deep the graph is.
(Linnainmaa 1970; Griewank & Walther, *Evaluating Derivatives*, 2nd ed. 2008, chapter 3.)
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from minigrad import dtypes
from minigrad.autograd import function
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.modes import mode
from minigrad.autograd.node import NOT_A_TENSOR, AccumulateGrad, Node, accumulate
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace

_accumulating = threading.Lock()  # graphs may be walked by several threads; `.grad += g` must not be torn


class Walk:
    """One walk: the gradients that wait at nodes and at leaves."""

    def __init__(self, create_graph: bool, retain_graph: bool, wanted: set[tuple[int, int]], only: set[int] | None):
        self.create_graph, self.retain_graph = create_graph, retain_graph
        self.wanted = wanted  # (node or leaf, output) whose gradients are asked for; empty: those of all leaves
        self.only = only  # ids of the nodes and leaves that lead there
        self.heap: list[int] = []  # sequence numbers of the nodes that wait, negative: the newest comes out first
        self.waiting: dict[int, tuple[Node, list[Any]]] = {}  # -sequence -> the node, and the gradient so far of each output
        self.leaves: dict[int, list[Any]] = {}  # id -> [leaf, gradient so far, whether that is ours alone]
        self.captured: dict[tuple[int, int], Any] = {}

    def run(self) -> None:
        """Visit the pending nodes, newest first, until none is left."""
        heap, waiting, wanted, send, keeping = self.heap, self.waiting, self.wanted, self.send, self.retain_graph
        gradients: Sequence[Any]
        while heap:
            node, gradients = waiting.pop(heappop(heap))
            if node.watched:
                gradients = _before_node(node, gradients)
            if wanted and not self._capture(node, gradients):
                continue
            if node._pre_hooks is not None:
                gradients = _replaced(node._pre_hooks, tuple(gradients))
            try:
                results = node.run(gradients)
            except Exception as error:
                if node.anomaly is not None:
                    error.add_note(_forward_lines(node))
                raise
            if node._post_hooks:
                results = _replaced(node._post_hooks, tuple(results), tuple(gradients))
            if function.anomaly_enabled and function.check_nan:
                _check_nan(node, results)
            send(node, results, gradients)
            if not keeping:
                node.release()

    def send(self, node: Node, results: Sequence[Any], gradients: Sequence[Any] = ()) -> None:
        """Add what a node returned to what waits at the other ends of its edges."""
        waiting = self.waiting
        for edge, gradient in zip(node.edges, results):
            if gradient is None or edge is None or edge is NOT_A_TENSOR:
                continue
            array = gradient._array
            if type(edge) is tuple:
                target, index = edge
                shape, kind = target.outputs[index]
                if array.shape != shape or array.dtype is not kind:
                    gradient = _fit(gradient, shape, kind, node, edge)
                key = -target.sequence
                if key in waiting:
                    slots = waiting[key][1]
                    before = slots[index]
                    slots[index] = gradient if before is None else before + gradient
                elif self.only is None or id(target) in self.only:
                    slots = [None] * len(target.outputs)
                    slots[index] = gradient
                    waiting[key] = target, slots
                    heappush(self.heap, key)
            elif self.only is None or id(edge) in self.only:
                if array.shape != edge._array.shape or array.dtype is not edge._array.dtype:
                    gradient = _fit(gradient, edge._array.shape, edge._array.dtype, node, edge)
                leaf = self.leaves.get(id(edge))
                if leaf is None:
                    self.leaves[id(edge)] = [edge, gradient, self._is_fresh(node, gradient, results, gradients)]
                elif leaf[2] and not self.create_graph:
                    leaf[1]._array += gradient._array  # the sum is ours: no new memory for each further gradient
                else:
                    leaf[1:] = leaf[1] + gradient, True

    def _capture(self, node: Node, gradients: Sequence[Any]) -> bool:
        """Note the gradients that `autograd.grad` asked for; whether the walk has anything to look for behind this node."""
        for index, gradient in enumerate(gradients):
            if (id(node), index) in self.wanted:
                self.captured[id(node), index] = gradient
        return any(end in self.only for end in _ends(node))  # type: ignore[operator]

    def _is_fresh(self, node: Node, gradient: Any, results: Sequence[Any], gradients: Sequence[Any]) -> bool:
        """Whether nobody else holds a gradient that a node returned: one of our own operations has just made it, as no view,
        and neither passed on what it was given nor returned the same memory twice."""
        array = gradient._array
        return (
            not self.create_graph
            and isinstance(node, Operation)
            and gradient._view is None
            and gradient._version_counter is None
            and sum(r is not None and r._array is array for r in results) <= 1
            and all(g is None or g._array is not array for g in gradients)
        )

    def finish(self, accumulating: bool) -> None:
        """Hand the leaves what reached them."""
        for leaf, gradient, owned in self.leaves.values():
            if array_namespace(gradient._array) is not array_namespace(leaf._array):
                gradient = gradient.to(leaf.device)  # a number of the CPU had joined the tensors of a GPU
            if leaf._hooks:
                gradient, owned = leaf._hooks.run(gradient), False
            if (id(leaf), -1) in self.wanted:
                self.captured[id(leaf), -1] = gradient
                if not accumulating:
                    continue
            if not leaf._requires_grad:
                continue
            if leaf._edge is not None:
                raise RuntimeError(
                    "leaf variable has been moved into the graph interior: it was used as a leaf and written to since; write to a "
                    "clone() of it"
                )
            with _accumulating:
                accumulate(leaf, gradient, owned)
            if leaf._post_accumulate_hooks:
                for hook in list(leaf._post_accumulate_hooks.values()):
                    hook(leaf)


def _before_node(node: Node, gradients: Sequence[Any]) -> Sequence[Any]:
    """Run the hooks of the tensors that a node made, and keep the gradients that are to be retained."""
    passed = list(gradients)
    for index, hooks in (node._tensor_hooks or {}).items():
        if passed[index] is not None:
            passed[index] = hooks.run(passed[index])
    for index, reference in (node._retained or {}).items():
        variable, gradient = reference(), passed[index]
        if variable is not None and gradient is not None:
            with _accumulating:
                variable._grad = gradient.clone() if variable._grad is None else variable._grad + gradient
    return passed


def _replaced(hooks: dict[int, Any], gradients: tuple[Any, ...], *seen: tuple[Any, ...]) -> tuple[Any, ...]:
    """Run the hooks of a node: what one returns replaces the gradients."""
    for hook in list(hooks.values()):
        replaced = hook(gradients, *seen)
        if replaced is not None:
            gradients = tuple(replaced) if isinstance(replaced, (tuple, list)) else (replaced,)
    return gradients


def _fit(gradient: Any, shape: tuple[int, ...], kind: Any, node: Node, edge: Any) -> Any:
    """Undo the broadcasting and the type promotion that an input went through: the one place where this is done.

    y = x broadcast to a larger shape means that each x was used many times, so its gradient is the sum over those uses.
    """
    have = gradient._array.shape
    if have != shape:
        lead = len(have) - len(shape)
        if lead < 0 or any(b not in (1, a) for a, b in zip(have[lead:], shape, strict=True)):
            index = next(i for i, other in enumerate(node.edges) if other is edge)
            raise RuntimeError(
                f"Function {node.name()} returned an invalid gradient at index {index} - got {list(have)} but expected shape "
                f"compatible with {list(shape)}"
            )
        axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and have[lead + i] != 1)
        if axes:
            gradient = gradient.sum(axes, keepdim=True)
        if lead:
            gradient = gradient.reshape(shape)
    if gradient._array.dtype != kind:
        wanted = dtypes.of_numpy(kind)
        gradient = gradient.to(wanted) if wanted.is_complex or not gradient.is_complex() else gradient.real.to(wanted)
    return gradient


# ------------------------------------------------------------------------------------------------ where a walk starts


def _start(outputs: Sequence[Any], gradients: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each output's edge with the gradient to start from: 1 for a single number, what was given otherwise."""
    roots = []
    for i, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        if not output.requires_grad:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn: nothing it was computed from has "
                "requires_grad=True, or it was computed under no_grad() or detached"
            )
        array = output._array
        if gradient is None:
            if array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, this one has shape {list(array.shape)}: reduce it "
                    "with .sum() or .mean(), or pass gradient="
                )
            if not dtypes.of_array(array).is_floating_point:
                kind = dtypes.of_array(array)
                raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {kind}")
            gradient = wrap(array_namespace(array).ones(array.shape, array.dtype))
        elif not isinstance(gradient, Variable):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        elif gradient._array.shape != array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {list(gradient._array.shape)} and output[{i}] has a shape "
                f"of {list(array.shape)}."
            )
        elif array.shape and gradient.device != output.device:
            raise RuntimeError(f"invalid gradient at index {i} - expected device {output.device} but got {gradient.device}")
        else:
            gradient = gradient.to(output.device, dtypes.of_array(array))
        roots.append((output._edge or output, gradient))
    return roots


def _leading_to(roots: list[tuple[Any, Any]], targets: set[int]) -> set[int]:
    """Ids of the nodes and leaves from which a target can be reached (the targets among them)."""
    found: dict[int, Node] = {}
    stack = [edge[0] for edge, _ in roots if isinstance(edge, tuple)]
    while stack:
        node = stack.pop()
        if id(node) not in found:
            found[id(node)] = node
            stack.extend(edge[0] for edge in node.edges if isinstance(edge, tuple) and edge is not NOT_A_TENSOR)
    leading = set(targets)
    for node in sorted(found.values(), key=lambda n: n.sequence):
        if any(end in leading for end in _ends(node)):
            leading.add(id(node))
    return leading


def _ends(node: Node) -> list[int]:
    """Ids of the nodes and leaves at the other ends of a node's edges."""
    edges = [e for e in node.edges if e is not None and e is not NOT_A_TENSOR]
    return [id(e[0]) if isinstance(e, tuple) else id(e) for e in edges]


def _key(variable: Variable) -> tuple[int, int]:
    edge = variable._edge
    return (id(variable), -1) if edge is None else (id(edge[0]), edge[1])


def _walk(
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Any] | None,
    accumulating: bool,
) -> Walk:
    roots = _start(outputs, gradients)
    wanted: set[tuple[int, int]] = set()
    only = None
    if inputs is not None:
        for variable in inputs:
            if not variable.requires_grad:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            if accumulating:
                variable.retain_grad()
        wanted = {_key(v) for v in inputs}
        only = _leading_to(roots, {key for key, _ in wanted})
    walk = Walk(create_graph, retain_graph, wanted, only)
    was, mode.grad = mode.grad, create_graph
    try:
        start = Node()
        start.edges = tuple(edge for edge, _ in roots)
        walk.send(start, [gradient for _, gradient in roots])
        walk.run()
        walk.finish(accumulating)
    finally:
        mode.grad = was
    return walk


def _as_sequence(value: Any) -> Sequence[Any]:
    return (value,) if value is None or isinstance(value, Variable) else tuple(value)


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False, *, inputs: Any = None
) -> None:
    """Add to the `.grad` of every leaf the derivative of `tensors`, weighted with `grad_tensors` (`Tensor.backward`)."""
    outputs = _as_sequence(tensors)
    gradients = _as_sequence(grad_tensors) if grad_tensors is not None else (None,) * len(outputs)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients: pass one gradient (or None) per tensor")
    chosen = None if inputs is None else _as_sequence(inputs)
    if chosen is not None and not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    if create_graph and any(o._edge is not None for o in outputs) and chosen is None:
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
            "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this.",
            UserWarning,
            stacklevel=3,
        )
    keep = create_graph if retain_graph is None else retain_graph
    _walk(outputs, gradients, keep, create_graph, chosen, accumulating=True)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The derivative of `outputs` with respect to `inputs`, returned instead of accumulated.

    Visits only the nodes between the two.  `allow_unused` gives None for an input that was not used instead of raising;
    `materialize_grads` gives zeros.

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> (first,) = minigrad.autograd.grad(x * x * x, x, create_graph=True)
    >>> (second,) = minigrad.autograd.grad(first, x)
    >>> first.item(), second.item()
    (27.0, 18.0)
    """
    results, wanted = _as_sequence(outputs), _as_sequence(inputs)
    if not wanted:
        raise ValueError("grad requires non-empty inputs.")
    for variable in wanted:
        if not isinstance(variable, Variable):
            raise TypeError(f"inputs must be Tensors, got {type(variable).__name__}")
    if allow_unused is False and materialize_grads:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got False.")
    gradients = _as_sequence(grad_outputs) if grad_outputs is not None else (None,) * len(results)
    keep = create_graph if retain_graph is None else retain_graph
    walk = _walk(results, gradients, keep, create_graph, wanted, accumulating=False)
    found = []
    for variable in wanted:
        gradient = walk.captured.get(_key(variable))
        if gradient is None and materialize_grads:
            gradient = wrap(array_namespace(variable._array).zeros(variable._array.shape, variable._array.dtype))
        if gradient is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if this "
                "is the desired behavior."
            )
        found.append(gradient)
    return tuple(found)


# ------------------------------------------------------------------------------------------------ detect_anomaly


def _forward_lines(node: Node) -> str:
    return f"The forward call that made {node.name()} (most recent call last):\n" + "".join(node.anomaly.format()[:-2])


def _check_nan(node: Node, results: Sequence[Any]) -> None:
    for i, gradient in enumerate(results):
        if gradient is not None and bool((gradient._array != gradient._array).any()):
            where = "" if node.anomaly is None else "\n" + _forward_lines(node)
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.{where}")


__all__ = ["AccumulateGrad", "backward", "grad"]
