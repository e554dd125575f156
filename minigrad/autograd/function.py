"""Functions: one step of calculus, forward and backward together.

`Function` is PyTorch's: subclass it, write `forward(ctx, ...)` and `backward(ctx, ...)` on tensors, call `.apply(...)`.
`Operation` is the same class for minigrad's own operations: its `forward` works on the raw arrays (NumPy's or CuPy's),
its `backward` on tensors, so that a derivative can itself be differentiated.  In both, `ctx` is the Node that enters the
graph.  Read `engine.py` next: it walks these nodes backward.
"""

from __future__ import annotations

import functools
import re
import traceback
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from minigrad import devices
from minigrad.autograd.modes import mode
from minigrad.autograd.node import NOT_A_TENSOR, USED_TWICE, Node, next_sequence
from minigrad.autograd.variable import INFERENCE, MADE_BY_FUNCTION, Variable, View, new
from minigrad.kernels import array_namespace
from minigrad.kernels.memory import addressable

_result_class: type[Variable] = Variable
anomaly_enabled = False  # set by detect_anomaly: nodes keep the stack of their forward call
check_nan = True  # and gradients are checked


def makes_results(cls: type) -> type:
    """Class decorator: what operations return is of this class (`tensor.Tensor`)."""
    global _result_class
    _result_class = cls
    return cls


def wrap(array: Any) -> Any:
    """A tensor around an array, outside any graph.  Two tensors never hold the same array object."""
    result = new(_result_class)
    result._array = array
    if mode.inference:
        result._version_counter = INFERENCE
    return result


class Function(Node):
    """A differentiable function of your own.

    `forward(ctx, *inputs)` computes tensors from tensors (unrecorded); keep what backward needs with
    `ctx.save_for_backward`.  `backward(ctx, *grad_outputs)` returns one gradient per input of forward, None where there
    is none.  Alternatively `forward(*inputs)` without ctx, together with `setup_context(ctx, inputs, output)`.

    >>> import minigrad
    >>> class Cube(minigrad.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * 3 * x * x
    >>> x = minigrad.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    materialize_grads: bool = True
    _dirty: tuple[Variable, ...] = ()
    _non_differentiable: tuple[Variable, ...] = ()

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError("You must implement either the backward or vjp method for your custom autograd.Function.")

    setup_context: ClassVar[Callable[..., None] | None] = None

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "vjp" in cls.__dict__ and "backward" not in cls.__dict__:
            cls.backward = cls.vjp  # type: ignore[attr-defined,method-assign]

    def name(self) -> str:
        return type(self).__name__ + "Backward"

    # ------------------------------------------------------------------------------------------ what forward may say

    def save_for_backward(self, *values: Any) -> None:
        """Keep inputs, outputs or other tensors until backward, where `ctx.saved_tensors` gives them back, checked."""
        self.saved = values

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept; raises if a value was changed in place since, or was already freed."""
        return self.unpack()

    def mark_dirty(self, *tensors: Variable) -> None:
        """Say which inputs forward changed in place; it must return them."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Variable) -> None:
        """Say which outputs have no gradient (indices, masks)."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, backward is given None instead of zeros for an output that nothing depended on."""
        self.materialize_grads = value

    # ------------------------------------------------------------------------------------------ recording

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Run forward and, when an input wants a gradient, record this step."""
        node = cls()
        edges, wanted = _edges(inputs)
        recording = wanted and mode.grad
        if recording:
            node.edges = edges
        grad, mode.grad = mode.grad, False
        try:
            if cls.setup_context is None:
                outputs = cls.forward(node, *inputs)
            else:
                outputs = cls.forward(*inputs)
                cls.setup_context(node, inputs, outputs)
        finally:
            mode.grad = grad
        if not recording:
            return outputs
        originals = outputs if isinstance(outputs, tuple) else (outputs,)
        if not all(any(t is r for r in originals) for t in node._dirty):
            raise RuntimeError(
                f"{cls.__name__}: some elements marked as dirty during the forward method were not returned as output: forward "
                "returns the inputs that it changed in place"
            )
        results = tuple(_as_new_result(r, inputs, node._dirty) for r in originals)
        node._non_differentiable = tuple(r for r, o in zip(results, originals) if any(o is t for t in node._non_differentiable))
        node.sequence = next_sequence()
        if anomaly_enabled:
            node.anomaly = traceback.extract_stack()
        node.saved = tuple(_saved(value, results, originals) for value in node.saved or ())
        node._attach(results)
        node._dirty = node._non_differentiable = ()  # results and their node must not keep each other alive
        return results if isinstance(outputs, tuple) else results[0]

    def _attach(self, results: tuple[Any, ...]) -> None:
        """Make this node the history of the results that can have one."""
        self.outputs = tuple([(r._array.shape, r._array.dtype) if isinstance(r, Variable) else ((), None) for r in results])
        for index, result in enumerate(results):
            if not isinstance(result, Variable):
                continue
            if not _differentiable(result._array.dtype) or any(result is t for t in self._non_differentiable):
                result._requires_grad, result._edge = False, None
            elif any(result is t for t in self._dirty):
                rebase(result, (self, index))
            else:
                result._edge, result._requires_grad = (self, index), True
                if result._view is not None:
                    result._view.flaw = MADE_BY_FUNCTION

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        if self.materialize_grads and any([g is None for g in gradients]):
            gradients = self._materialized(gradients)
        result = self.backward(self, *gradients)
        if not isinstance(result, tuple):
            result = tuple(result) if isinstance(result, list) else (result,)
        expected = len(self.edges)
        if len(result) != expected:
            if len(result) > expected and all(extra is None for extra in result[expected:]):
                return result[:expected]
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got {len(result)}): "
                "backward returns one gradient per input of forward, None for inputs without one"
            )
        for gradient in result:
            if gradient is not None and not isinstance(gradient, Variable):
                raise TypeError(f"{self.name()} must return Tensors or None as gradients, got {type(gradient).__name__}")
        return result

    def _materialized(self, gradients: Sequence[Any]) -> tuple[Any, ...]:
        there = next(g for g in gradients if g is not None)
        xp = array_namespace(there._array)
        return tuple(
            wrap(xp.zeros(shape, kind)) if g is None and kind is not None else g
            for g, (shape, kind) in zip(gradients, self.outputs, strict=True)
        )


def _edges(inputs: tuple[Any, ...]) -> tuple[tuple[Any, ...], bool]:
    """Where each input came from (see Node.edges), and whether any of them wants a gradient."""
    edges: list[Any] = []
    wanted = False
    for x in inputs:
        if isinstance(x, Variable):
            if x._view is not None:
                x._refresh()
            if x._requires_grad:
                wanted = True
                edges.append(x._edge or x)
            else:
                edges.append(None)
        else:
            edges.append(NOT_A_TENSOR)
    return tuple(edges), wanted


def _differentiable(kind: Any) -> bool:
    return kind.kind in "fcV"  # floating, complex, and bfloat16, which NumPy files under "void"


def _as_new_result(result: Any, inputs: tuple[Any, ...], dirty: tuple[Variable, ...]) -> Any:
    """An input that forward returns unchanged becomes a tensor of its own, on the same storage."""
    if isinstance(result, Variable) and any(result is x for x in inputs) and not any(result is t for t in dirty):
        source, result = result, alias(result)
        result._view = View(source, alias)
    return result


def alias(variable: Variable) -> Any:
    """A tensor on the same storage and version, outside the graph."""
    variable._array = addressable(variable._array)
    result = wrap(variable._array.view())
    result._version_counter = variable._shared_version()
    return result


def _saved(value: Any, results: tuple[Any, ...], originals: Any) -> tuple[Any, int | None, int | None]:
    """An entry of Node.saved for an output, an input or a constant."""
    if not isinstance(value, Variable):
        return value, None, None
    originals = originals if isinstance(originals, tuple) else (originals,)
    for index, (result, original) in enumerate(zip(results, originals, strict=True)):
        if value is result or value is original:
            return twin_entry(result, index)
    return entry(value)


def entry(value: Any) -> tuple[Any, int, None]:
    """An entry of Node.saved for an input, with its version now."""
    counter = value._version_counter
    return value, 0 if counter is None else counter.count, None


def twin_entry(result: Any, index: int = 0) -> tuple[Any, int, int]:
    """An entry of Node.saved for an output: a twin without history, so that node and output do not keep each other alive."""
    kept = new(_result_class)
    kept._array, kept._version_counter = result._array, result._shared_version()
    return kept, kept._version_counter.count, index


def record(node: Node, result: Any, array: Any) -> None:
    """Make a node the history of its one result."""
    node.sequence = next_sequence()
    node.outputs = ((array.shape, array.dtype),)
    result._edge, result._requires_grad = (node, 0), True
    if anomaly_enabled:
        node.anomaly = traceback.extract_stack()


class Operation(Function):
    """An operation of minigrad itself: `forward(ctx, *inputs)` on raw arrays, `backward(ctx, *gradients)` on tensors.

    `ctx.save_for_backward` takes the very arrays that forward was given or returns, and `ctx.saved_tensors` gives the
    tensors they belong to, with their place in the graph: what backward computes from them can be differentiated again.
    Anything else that backward needs and that is a constant (a mask, indices, a size) is set as a plain attribute.
    """

    def name(self) -> str:
        return type(self).__name__ + "Backward0"

    @property
    def label(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__).lower()

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        node = new(cls)
        arrays: list[Any] = []
        edges: list[Any] = []
        wanted = False
        for x in inputs:
            if isinstance(x, Variable):
                if x._view is not None:
                    x._refresh()
                arrays.append(x._array)
                if x._requires_grad:
                    wanted = True
                    edges.append(x._edge or x)
                else:
                    edges.append(None)
            else:
                arrays.append(x)
                edges.append(NOT_A_TENSOR)
        recording = wanted and mode.grad
        if recording:
            node.edges = tuple(edges)
        try:
            outputs = cls.forward(node, *arrays)
        except Exception:
            return cls.apply(*reconcile_devices(inputs))
        if type(outputs) is tuple:
            results = tuple([wrap(a) for a in outputs])
            if recording:
                node._remember(inputs, arrays, results)
                node.sequence = next_sequence()
                node._attach(results)
            return results
        result = wrap(outputs)
        if recording:
            if node.saved is not NOT_A_TENSOR:
                node._remember(inputs, arrays, result)
            record(node, result, outputs)
        return result

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        if self.saved is None:
            raise RuntimeError(USED_TWICE.format(node=self.name()))
        if self.materialize_grads and any([g is None for g in gradients]):
            gradients = self._materialized(gradients)
        result = self.backward(self, *gradients)
        return result if type(result) is tuple else (result,)

    def _remember(self, inputs: tuple[Any, ...], arrays: Sequence[Any], results: Any) -> None:
        """Turn the arrays that forward saved into entries of Node.saved, by finding the tensors they belong to."""
        entries: list[Any] = []
        for array in self.saved or ():
            for variable, candidate in zip(inputs, arrays):
                if candidate is array:
                    entries.append(entry(variable) if isinstance(variable, Variable) else (variable, None, None))
                    break
            else:
                entries.append(self._output_entry(array, results if isinstance(results, tuple) else (results,)))
        self.saved = tuple(entries)

    def _output_entry(self, array: Any, results: tuple[Any, ...]) -> tuple[Any, int | None, int | None]:
        for index, result in enumerate(results):
            if result._array is array:
                return twin_entry(result, index)
        raise RuntimeError(
            f"{type(self).__name__}.forward saved an array that is neither an input nor an output: a gradient through it "
            "would be lost. Return it as an output, recompute it in backward, or set it on ctx if it is a constant."
        )

    def release(self) -> None:
        """Give up what was saved, and the arrays that were kept as constants."""
        kept = self.__dict__
        arrays = [name for name, value in kept.items() if hasattr(value, "nbytes")]
        for name in arrays:
            del kept[name]
        if self.saved or arrays:
            self.saved = None


class ViewOperation(Operation):
    """An operation whose result looks into the storage of its first input instead of copying it."""

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        source, rest = inputs[0], inputs[1:]
        source._array = addressable(source._array)
        results = super().apply(*inputs)
        version = source._shared_version()
        if not isinstance(results, tuple):
            results._view, results._version_counter = View(source, lambda t: cls.apply(t, *rest)), version
            return results
        for index, result in enumerate(results):
            replay = functools.partial(lambda t, i: cls.apply(t, *rest)[i], i=index)
            result._view, result._version_counter = View(source, replay), version
        return results


def reconcile_devices(inputs: Sequence[Any]) -> list[Any]:
    """After a failure: numbers (0-d tensors) of the CPU may join a GPU; anything else on two devices is the user's mistake.

    Raises the failure again when devices were not its cause.  A number joins by a step of its own in the graph, so that
    its gradient finds the way back.
    """
    goal = check_same_device(*[x for x in inputs if isinstance(x, Variable) and (x.is_cuda or x._array.shape)])
    if goal is None or all(x.device == goal for x in inputs if isinstance(x, Variable)):
        raise  # noqa: PLE0704 - the exception being handled by the caller
    return [x.to(goal) if isinstance(x, Variable) else x for x in inputs]


def check_same_device(*variables: Any) -> Any:
    """The device of some tensors; raises PyTorch's RuntimeError where they are on several."""
    places = {devices.of_array(x._array) for x in variables}
    if len(places) > 1:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{' and '.join(sorted(map(str, places)))}! Move one of them with .to(device)."
        ) from None
    return places.pop() if places else None


def rebase(variable: Variable, edge: tuple[Node, int]) -> None:
    """Give a tensor that was written to a new history."""
    from minigrad.autograd.inplace import check_writable, give_history

    check_writable(variable)
    give_history(variable, edge)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a `backward` that cannot be differentiated again: trying to raises instead of giving a wrong answer."""

    @functools.wraps(backward)
    def wrapped(ctx: Any, *gradients: Any) -> Any:
        grad, mode.grad = mode.grad, False
        try:
            outputs = backward(ctx, *gradients)
        finally:
            mode.grad = grad
        if not grad:
            return outputs
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(_Refuse.of(ctx, g) if isinstance(g, Variable) else g for g in results)

    return wrapped


class _Refuse(Node):
    """The history of a gradient that cannot be differentiated again: reached from it, every input of the function refuses."""

    @classmethod
    def of(cls, ctx: Node, gradient: Variable) -> Any:
        node, result = cls(), alias(gradient)
        node.edges = ctx.edges
        record(node, result, result._array)
        return result

    def run(self, gradients: Sequence[Any]) -> Sequence[Any]:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")
