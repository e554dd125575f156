"""Pointwise operations as a table: each is a value, and one derivative per input.

    exp = unary("exp", lambda xp, x: xp.exp(x), lambda g, out: g * out)

The first function computes on arrays (`xp` is the library they belong to), the others turn the gradient g of the result
into the gradient of an input, in tensor operations, so that they can be differentiated again.  The *names* of their
arguments say what is kept for backward: `x`, `y`... are inputs by the name that the first function gives them, `out` is
the result.  Broadcasting and type promotion are undone by the engine.  The tables are in `arithmetic.py`,
`elementary.py` and `activation.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from minigrad import dtypes
from minigrad.autograd.function import Operation, _saved, entry, reconcile_devices, record, twin_entry, wrap
from minigrad.autograd.modes import mode
from minigrad.autograd.node import NOT_A_TENSOR
from minigrad.autograd.variable import INFERENCE, Variable, new
from minigrad.kernels import array_namespace
from minigrad.kernels.memory import overlaps_itself
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Number = (bool, int, float, complex, np.generic)
_operands = (Variable, *Number, np.ndarray)


class Pointwise(Operation):
    """An operation on each element, made from a row of a table."""

    compute: ClassVar[Callable[..., Any]]
    promote: ClassVar[Callable[..., tuple[Any, ...]]]
    names: ClassVar[tuple[str, ...]]  # what compute calls its inputs
    rules: ClassVar[tuple[Callable[[Any, Any], Any] | None, ...]]  # per input: (g, saved values) -> gradient
    picks: ClassVar[tuple[tuple[int, ...], ...]]  # per input: which values its rule reads, the result after the inputs
    kept: ClassVar[dict[tuple[bool, ...], tuple[bool, ...]]]  # wanted gradients -> which inputs, and the result, to save

    _name: ClassVar[str]

    def name(self) -> str:
        return self._name

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        return super().apply(*[x.item() if isinstance(x, np.generic) else x for x in inputs])

    @staticmethod
    def forward(ctx: Any, *arrays: Any) -> Any:
        cls = type(ctx)
        ctx.saved = None  # `_remember` knows what the derivatives read
        try:
            return cls.compute(*cls.promote(*arrays))
        except ValueError:
            check_broadcast(*arrays)
            raise

    def run(self, gradients: Any) -> Sequence[Any]:
        g, values = gradients[0], self.unpack()
        if g._array.dtype.kind == "c":
            return self._run_complex(g, values)
        return [
            None if rule is None or edge is None or edge is NOT_A_TENSOR else rule(g, values)
            for rule, edge in zip(self.rules, self.edges)
        ]

    def _run_complex(self, g: Any, values: Sequence[Any]) -> Sequence[Any]:
        """The rules multiply g by f'(z); the gradient of a complex result is g times the conjugate of f'(z), and that is the
        conjugate of what they make of the conjugate of g."""
        g = g.conj()
        return [
            None if rule is None or edge is None or edge is NOT_A_TENSOR else rule(g, values).conj()
            for rule, edge in zip(self.rules, self.edges)
        ]

    def release(self) -> None:
        if self.saved:
            self.saved = None

    def _remember(self, inputs: tuple[Any, ...], arrays: Sequence[Any], results: Any) -> None:
        kept = self._kept(self.needs_input_grad)
        values = (*inputs, results)
        self.saved = tuple([
            _saved(value, (results,), results) if keep else None for keep, value in zip(kept, values, strict=True)
        ])  # fmt: skip

    @classmethod
    def _kept(cls, wanted: tuple[bool, ...]) -> tuple[bool, ...]:
        """Which inputs, and whether the result, the rules of the wanted gradients read."""
        found = cls.kept.get(wanted)
        if found is None:
            read = {i for picks, want in zip(cls.picks, wanted) if want for i in picks}
            found = cls.kept[wanted] = tuple(i in read for i in range(len(cls.names) + 1))
        return found


def _apply_unary(cls: type[Pointwise]) -> Callable[[Any], Any]:
    """`Operation.apply` written out for one input: most operations of a program come through here or the next function."""
    compute, promote, (keep_x, keep_out) = cls.compute, cls.promote, cls._kept((True,))

    def apply(x: Any) -> Any:
        out = compute(*promote(x._array))
        result = new(Tensor)
        result._array = out
        if mode.grad:
            if x._view is not None:
                x._refresh()
            if x._requires_grad:
                node = new(cls)
                node.edges = (x._edge or x,)
                node.saved = (entry(x) if keep_x else None, twin_entry(result) if keep_out else None)
                record(node, result, out)
        elif mode.inference:
            result._version_counter = INFERENCE
        return result

    return apply


def _apply_binary(cls: type[Pointwise]) -> Callable[[Any, Any], Any]:
    """`Operation.apply` written out for two inputs, the second of which may be a number.

    It is also what Python's operator calls, so an operand of a type that it does not know is left to Python.
    """
    compute, promote, kept = cls.compute, cls.promote, cls._kept
    as_given = promote in (to_common, unchanged)
    floats = "" if "f" in getattr(promote, "refused", "") else "f"  # two arrays of one floating type need no promotion
    keep_of_both, keep_of_x, keep_of_y = kept((True, True)), kept((True, False)), kept((False, True))

    def apply(x: Any, y: Any) -> Any:
        a = x._array
        if not isinstance(y, Variable):
            return apply_to_number(x, y) if isinstance(y, Number) else _beside_array(apply, x, y)
        b = y._array
        try:
            out = compute(a, b) if a.dtype is b.dtype and (as_given or a.dtype.kind in floats) else compute(*promote(a, b))
        except Exception:
            check_broadcast(a, b)
            return apply(*reconcile_devices((x, y)))
        result = new(Tensor)
        result._array = out
        if mode.grad:
            if x._view is not None:
                x._refresh()
            if y._view is not None:
                y._refresh()
            if x._requires_grad:
                keep = keep_of_both if y._requires_grad else keep_of_x
            elif y._requires_grad:
                keep = keep_of_y
            else:
                return result
            node = new(cls)
            node.edges = (x._edge or x) if x._requires_grad else None, (y._edge or y) if y._requires_grad else None
            keep_x, keep_y, keep_out = keep
            if keep_x or keep_y or keep_out:
                node.saved = entry(x) if keep_x else None, entry(y) if keep_y else None, twin_entry(result) if keep_out else None
            record(node, result, out)
        elif mode.inference:
            result._version_counter = INFERENCE
        return result

    def apply_to_number(x: Any, y: Any) -> Any:
        if type(y) is not float and isinstance(y, np.generic):
            y = y.item()  # NumPy's numbers stand for Python's, which do not promote
        out = compute(*promote(x._array, y))
        result = new(Tensor)
        result._array = out
        if mode.grad:
            if x._view is not None:
                x._refresh()
            if x._requires_grad:
                node = new(cls)
                node.edges = (x._edge or x, NOT_A_TENSOR)
                keep_x, keep_y, keep_out = keep_of_x
                node.saved = (
                    entry(x) if keep_x else None,
                    (y, None, None) if keep_y else None,
                    twin_entry(result) if keep_out else None,
                )
                record(node, result, out)
        elif mode.inference:
            result._version_counter = INFERENCE
        return result

    return apply


def _beside_array(apply: Callable[..., Any], x: Any, y: Any) -> Any:
    """NumPy arrays may stand beside a tensor of the CPU; anything else is left to Python."""
    return apply(x, wrap(y.view())) if isinstance(y, np.ndarray) else NotImplemented


def pointwise(
    name: str, compute: Callable[..., Any], *derivatives: Callable[..., Any] | None, promote: Callable[..., Any] | None = None
) -> type[Pointwise]:
    """Make the Operation of one row: `compute(xp, x, ...)` or, without `xp`, an operator of Python such as `operator.mul`."""
    names, body = _without_xp(compute)
    places = {word: i for i, word in enumerate(names)} | {"out": len(names)}
    picks = [() if d is None else tuple(places[word] for word in list(inspect.signature(d).parameters)[1:]) for d in derivatives]
    title = "".join(part.capitalize() for part in name.strip("_").split("_"))
    members = {
        "compute": staticmethod(body), "promote": staticmethod(promote or unchanged), "names": names,
        "rules": tuple([None if d is None else _reading(d, pick) for d, pick in zip(derivatives, picks)]),
        "picks": tuple(picks), "kept": {},
        "_name": title + "Backward0", "label": name, "__doc__": f"The operation `{name}`.", "__module__": __name__,
    }  # fmt: skip
    cls: Any = type(title, (Pointwise,), members)
    if len(names) == 1:
        cls.apply = staticmethod(_apply_unary(cls))
    elif len(names) == 2:
        cls.apply = staticmethod(_apply_binary(cls))
        cls.run = _run_binary(cls)
    return cls


def _without_xp(compute: Callable[..., Any]) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """What a row calls its inputs, and its value as a function of arrays alone."""
    if inspect.isbuiltin(compute):
        return ("x", "y")[: len(inspect.signature(compute).parameters)], compute
    parameters = list(inspect.signature(compute).parameters)
    if parameters[0] != "xp":
        return tuple(parameters), compute
    bodies: dict[int, Callable[..., Any]] = {
        2: lambda x: compute(array_namespace(x), x),
        3: lambda x, y: compute(array_namespace(x), x, y),
    }
    body = bodies.get(len(parameters), lambda *arrays: compute(array_namespace(arrays[0]), *arrays))
    return tuple(parameters[1:]), body


def _reading(derivative: Callable[..., Any], picks: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    """The derivative as a function of the gradient and of all saved values, of which it reads some."""
    if not picks:
        return lambda g, values: derivative(g)
    if len(picks) == 1:
        (i,) = picks
        return lambda g, values: derivative(g, values[i])
    return lambda g, values: derivative(g, *[values[i] for i in picks])


def _run_binary(cls: type[Pointwise]) -> Callable[..., Any]:
    """`Pointwise.run` written out for two inputs."""
    rule_x, rule_y = (*cls.rules, None, None)[:2]

    def run(self: Pointwise, gradients: Sequence[Any]) -> Sequence[Any]:
        g, saved = gradients[0], self.saved
        values: Any = saved
        if saved is not NOT_A_TENSOR:
            values = [item if item is None else self.read(item) for item in saved or self._kept_values()]
        if g._array.dtype.kind == "c":
            return self._run_complex(g, values)
        edge_x, edge_y = self.edges
        return (
            None if edge_x is None or rule_x is None else rule_x(g, values),
            None if edge_y is None or rule_y is None or edge_y is NOT_A_TENSOR else rule_y(g, values),
        )

    return run


# ------------------------------------------------------------------------------------------------ promotion of arrays


def unchanged(*arrays: Any) -> tuple[Any, ...]:
    """The inputs as they are."""
    return arrays


def to_float(x: Any, *rest: Any) -> tuple[Any, ...]:
    """Integers and booleans become the default floating type; numbers that follow stay."""
    if x.dtype.kind in "biu":
        x = x.astype(dtypes.get_default_dtype().numpy)
    return x, *rest


def to_common(*operands: Any) -> tuple[Any, ...]:
    """All operands in their common type (see `dtypes.result_of`)."""
    if len(operands) == 2:
        x, y = operands
        kind = type(y)
        if kind is float or kind is int:
            if x.dtype.kind == "f":
                return operands
        elif x.dtype is getattr(y, "dtype", None):
            return operands
    return cast_all(result_dtype(*operands), operands)


def to_common_float(x: Any, *rest: Any) -> tuple[Any, ...]:
    """All operands in their common type, a floating one."""
    if x.dtype.kind == "f" and len(rest) == 1:
        kind_of_other = type(rest[0])
        if kind_of_other is float or kind_of_other is int or x.dtype is getattr(rest[0], "dtype", None):
            return x, *rest
    operands = x, *rest
    kind = result_dtype(*operands)
    return cast_all(kind if kind.is_inexact else dtypes.get_default_dtype(), operands)


def refusing(promote: Callable[..., tuple[Any, ...]], kinds: str, name: str, message: str = "") -> Callable[..., tuple[Any, ...]]:
    """The same promotion, for an operation that has no meaning for some kinds of numbers.

    `kinds` are NumPy's letters: b for bool, iu for integers, f for floating, c for complex numbers.
    """

    def promoted(*operands: Any) -> tuple[Any, ...]:
        operands = promote(*operands)
        letter = operands[0].dtype.kind.replace("V", "f")  # bfloat16 is a kind of its own to NumPy
        if letter in kinds:
            if message:
                raise RuntimeError(message)
            kind = dtypes.of_array(operands[0])
            advice = "" if kind.is_complex else ": convert them first, for example with .float()"
            raise NotImplementedError(f'"{name}" not implemented for {kind.name} tensors{advice}')
        return operands

    promoted.refused = kinds  # type: ignore[attr-defined]
    return promoted


def check_fits(kind: dtypes.dtype, *numbers: Any) -> None:
    """Raise PyTorch's RuntimeError where a number is too large for an integer type."""
    if kind.category == dtypes.INTEGER:
        limits = dtypes.iinfo(kind)
        if not all(limits.min <= number <= limits.max for number in numbers if number is not None):
            raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")


def check_broadcast(*operands: Any) -> None:
    """Raise PyTorch's RuntimeError where the shapes of two operands do not fit together."""
    shape: tuple[int, ...] = ()
    for operand in operands:
        other = getattr(operand, "shape", ())
        rank = max(len(shape), len(other))
        shape, other = (1,) * (rank - len(shape)) + shape, (1,) * (rank - len(other)) + tuple(other)
        for dim, (a, b) in enumerate(zip(shape, other, strict=True)):
            if a != b and 1 not in (a, b):
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}: "
                    "shapes are compared from the last dimension backward, and only 1 stretches"
                ) from None
        shape = tuple([b if a == 1 else a for a, b in zip(shape, other, strict=True)])


def result_dtype(*operands: Any) -> dtypes.dtype:
    """The common type of arrays and Python numbers."""
    described = []
    for operand in operands:
        if isinstance(operand, (bool, int, float, complex)) and not isinstance(operand, np.generic):
            described.append((dtypes.of_number(operand), 0))
        elif hasattr(operand, "dtype"):
            described.append((dtypes.of_array(operand), 2 if operand.shape else 1))
        else:
            raise TypeError(f"expected a Tensor or a number, got {type(operand).__name__}")
    return dtypes.result_of(*described)


def cast_all(kind: dtypes.dtype, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arrays cast to a type; Python numbers as scalars of that type."""
    goal = kind.numpy
    return tuple([cast(operand, goal) for operand in operands])


def cast(operand: Any, goal: Any) -> Any:
    """One array or number in a NumPy type."""
    if hasattr(operand, "dtype"):
        return operand if operand.dtype == goal else operand.astype(goal)
    return np.asarray(operand).astype(goal)[()]


# ------------------------------------------------------------------------------------------------ rows that are public


def unary(
    name: str,
    compute: Callable[..., Any],
    derivative: Callable[..., Any] | None = None,
    *,
    doc: str,
    promote: Callable[..., Any] = to_float,
    in_place: bool = True,
    **public: Any,
) -> Callable[..., Any]:
    """A public function of one tensor."""
    cls = pointwise(name, compute, derivative, promote=promote)

    def function(input: Tensor) -> Tensor:
        check_tensor(name, "input", input)
        return cls.apply(input)

    return _named(function, name, doc, cls, in_place=in_place, **public)


def binary(
    name: str,
    compute: Callable[..., Any],
    dx: Callable[..., Any] | None = None,
    dy: Callable[..., Any] | None = None,
    *,
    doc: str,
    promote: Callable[..., Any] = to_common,
    in_place: bool = True,
    numbers: bool = True,
    first: bool = False,
    **public: Any,
) -> Callable[..., Any]:
    """A public function of two tensors, or (with `numbers`) of a tensor and a number, or (with `first`) the other way round."""
    cls = pointwise(name, compute, dx, dy, promote=promote)

    def function(input: Tensor, other: Any) -> Tensor:
        return cls.apply(*operands(name, input, other, numbers, first))

    return _named(function, name, doc, cls, in_place=in_place, **public)


def _named(function: Callable[..., Any], name: str, doc: str, cls: type[Pointwise], **public: Any) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    result = operation(function, **public)
    result.operation = cls
    return result


def operands(name: str, input: Any, other: Any, numbers: bool = True, first: bool = False) -> tuple[Any, Any]:
    """The operands of a function of two tensors, or (with `numbers`) of a tensor and a number, or (with `first`) of a
    number, which is made a tensor, and a tensor; anything else raises PyTorch's TypeError.
    """
    if isinstance(input, Variable):
        if isinstance(other, Variable) or (numbers and isinstance(other, Number)):
            return input, other
    elif first and isinstance(input, Number) and isinstance(other, Variable):
        return as_tensor_like(input, other), other  # type: ignore[arg-type]
    word, position, value = ("other", 2, other) if isinstance(input, Variable) else ("input", 1, input)
    expected = "Tensor or Number" if numbers and (first or position == 2) else "Tensor"
    raise TypeError(f"{name}(): argument '{word}' (position {position}) must be {expected}, not {type(value).__name__}")


def check_tensor(name: str, argument: str, value: Any) -> None:
    """Raise PyTorch's TypeError unless the value is a tensor."""
    if not isinstance(value, Variable):
        raise TypeError(f"{name}(): argument '{argument}' (position 1) must be Tensor, not {type(value).__name__}")


def operator(function: Callable[..., Any], dunder: str, swap: bool = False) -> None:
    """Make a public function an operator of Python, one that leaves operands it does not know to Python."""
    fast = getattr(function, "operation", None)

    def plain(self: Any, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            other = wrap(other.view())
        return function(self, other) if isinstance(other, _operands) else NotImplemented

    def swapped(self: Any, other: Any) -> Any:
        return function(as_tensor_like(other, self), self) if isinstance(other, _operands) else NotImplemented

    setattr(Tensor, dunder, swapped if swap else plain if fast is None else fast.apply)


def in_place_operator(twin: Callable[..., Any], dunder: str, augmented: Callable[[Any, Any], Any]) -> None:
    """Make an in-place method an augmented assignment of Python.

    Where nothing is recorded and the types agree, the array does it itself (`augmented` is Python's own operator), without
    a result of its own: an optimizer written by hand, `p -= lr * p.grad`, takes this way.
    """

    def assign(self: Any, other: Any) -> Any:
        array = self._array
        if mode.grad or not isinstance(other, Variable) or array.dtype is not other._array.dtype or array.dtype.kind != "f":
            return twin(self, other)
        if self._version_counter is INFERENCE or (self._view is not None and overlaps_itself(array)):
            return twin(self, other)
        try:
            result = augmented(array, other._array)
        except Exception:  # the shapes do not fit: the method says it in words
            return twin(self, other)
        if result.shape != array.shape:
            return twin(self, other)
        self._array = result
        self._bump_version()
        return self

    assign.__doc__ = twin.__doc__
    setattr(Tensor, dunder, assign)


def as_tensor_like(value: Any, like: Tensor) -> Any:
    """A Python number as a 0-d tensor that promotes as the number would beside `like`."""
    if isinstance(value, Variable):
        return value
    if isinstance(value, np.ndarray):
        return wrap(value.view())
    kind = dtypes.result_of((like.dtype, 2), (dtypes.of_number(value), 0))
    return wrap(array_namespace(like._array).asarray(np.asarray(value).astype(kind.numpy)))
