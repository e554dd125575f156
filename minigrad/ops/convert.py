"""Copies and conversions: `clone`, `contiguous`, `to` another dtype or device, and writing over (`copy_`, `fill_`, `zero_`)."""

from __future__ import annotations

from typing import Any

from minigrad import devices, dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.inplace import apply_in_place
from minigrad.kernels import array_namespace
from minigrad.kernels.memory import overlaps_itself
from minigrad.layout import preserve_format
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Clone(Operation):
    """A copy in memory of its own: y = x, dx = g."""

    @staticmethod
    def forward(ctx: Any, x: Any, order: str) -> Any:
        if overlaps_itself(x):
            order = "C"  # NumPy's "K" would make the repeated axis of an expanded array the innermost
        return array_namespace(x).array(x, order=order, copy=True)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


class To(Operation):
    """Another dtype or device: y = x in the new type, dx = g in the old one."""

    @staticmethod
    def forward(ctx: Any, x: Any, kind: Any, place: Any) -> Any:
        ctx.place = devices.of_array(x)
        moved = devices.move(x, place)
        return moved.astype(kind, copy=True) if moved is x or moved.dtype != kind else moved

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g.to(ctx.place)

    def name(self) -> str:
        return "ToCopyBackward0"


@operation(out=False)
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy in memory of its own that stays part of the graph.

    >>> import minigrad
    >>> x = minigrad.zeros(2)
    >>> y = x.clone().add_(1)
    >>> x
    tensor([0., 0.])
    """
    return Clone.apply(input, "K" if memory_format in (None, preserve_format) else "C")


@operation(where=(), method=True, out=False)
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself when its elements lie in reading order, a copy that does otherwise."""
    return input if input.is_contiguous() else Clone.apply(input, "C")


@operation(where=(), method=True, out=False)
def to(input: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
       memory_format: Any = None) -> Tensor:  # fmt: skip
    """The tensor in another dtype and/or on another device; itself when nothing changes.

    Accepts `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other_tensor)`.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).to(minigrad.float64)
    tensor([1., 2.], dtype=torch.float64)
    """
    flags: list[bool] = []
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, (str, int, devices.device)) and not isinstance(arg, bool):
            device = arg
        elif isinstance(arg, bool):
            flags.append(arg)  # non_blocking, then copy
        elif arg is not None:
            raise TypeError(f"to() takes a dtype, a device or a tensor, got {type(arg).__name__}")
    copy = copy or flags[1:2] == [True]
    kind = input.dtype if dtype is None else dtype
    here = input.device
    place = here if device is None else devices.device(device)
    same_place = place.type == here.type and (place.index is None or place.index == here.index)
    if kind is input.dtype and same_place:
        return clone(input) if copy else input
    if kind.is_inexact:
        return To.apply(input, kind.numpy, place)
    return wrap(devices.move(input._array, place).astype(kind.numpy))


def _caster(name: str, kind: dtypes.dtype) -> None:
    def cast(input: Tensor, memory_format: Any = None) -> Tensor:
        return to(input, kind)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The tensor as {kind}; itself when it is that already."
    operation(cast, where=(), method=True, out=False)


for _name, _kind in dtypes.NAMES.items():
    if _name in ("bool", "short", "int", "long", "half", "float", "double", "bfloat16", "cfloat", "cdouble"):
        _caster(_name, _kind)
_caster("byte", dtypes.uint8)
_caster("char", dtypes.int8)


_LEGACY = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


@operation(name="type", where=(), method=True, out=False)
def type_(input: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, such as `torch.FloatTensor`; with a dtype or such a name, the tensor converted to it."""
    if dtype is None:
        return f"torch.{'cuda.' if input.is_cuda else ''}{_LEGACY[input.dtype.name]}Tensor"
    if isinstance(dtype, str):
        words = dtype.removeprefix("torch.").removeprefix("cuda.").removesuffix("Tensor")
        found = [name for name, legacy in _LEGACY.items() if legacy == words]
        if not found:
            raise ValueError(f"invalid type: '{dtype}': expected a dtype or a name such as 'torch.FloatTensor'")
        return to(input, "cuda" if ".cuda." in dtype else "cpu", dtypes.NAMES[found[0]])
    return to(input, dtype)


@operation(where=(), method=True, out=False)
def cpu(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor in main memory; itself when it is there."""
    return to(input, "cpu")


@operation(where=(), method=True, out=False)
def cuda(input: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    """The tensor on a GPU; itself when it is there."""
    return to(input, "cuda" if device is None else devices.device(device))


class Conj(Operation):
    """The complex conjugate: y = a - bi for x = a + bi; dx is the conjugate of g."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return array_namespace(x).conj(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return conj(g)


@operation(out=False)
def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor is its own."""
    return Conj.apply(input) if input.dtype.is_complex else input


@operation(out=False)
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: minigrad conjugates at once."""
    return input


@operation(out=False)
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: minigrad negates at once."""
    return input


@operation(where=(), method=True, out=False)
def type_as(input: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another."""
    return to(input, other.dtype)


@operation(method=False, out=False)
def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype of an arithmetic result of two operands, tensors or Python numbers.

    Tensors with dimensions decide; 0-d tensors, and after them numbers, only lift the category (int to float...).

    >>> import minigrad
    >>> minigrad.result_type(minigrad.ones(2, dtype=minigrad.int8), 1.5)
    torch.float32
    """
    return dtypes.result_of(_described(tensor1), _described(tensor2))


def _described(operand: Any) -> tuple[dtypes.dtype, int]:
    if isinstance(operand, Tensor):
        return operand.dtype, 2 if operand.ndim else 1
    if not isinstance(operand, (bool, int, float, complex)):
        raise TypeError(f"result_type(): expected Tensors or numbers, got {type(operand).__name__}")
    return dtypes.of_number(operand), 0


@operation(method=False, out=False)
def can_cast(from_: dtypes.dtype, to: dtypes.dtype) -> bool:
    """Whether a result of one dtype may be written into a tensor of another: never into a lower category.

    >>> import minigrad
    >>> minigrad.can_cast(minigrad.float64, minigrad.float32), minigrad.can_cast(minigrad.float32, minigrad.int64)
    (True, False)
    """
    return dtypes.can_cast(from_, to)


# ------------------------------------------------------------------------------------------------ writing over


class Fill(Operation):
    """y = value everywhere: dx = 0, dvalue = the sum of g."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any) -> Any:
        return array_namespace(x).full_like(x, value)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _nothing(g), g.sum() if ctx.needs_input_grad[1] else None


class Copy(Operation):
    """y = the values of another tensor instead of those of x: dx = 0, dother = g."""

    @staticmethod
    def forward(ctx: Any, x: Any, other: Any) -> Any:
        ctx.place = devices.of_array(other)
        return devices.move(other, devices.of_array(x)).astype(x.dtype, copy=False)[...]  # what is written need not be a copy

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x_wanted, other_wanted = ctx.needs_input_grad
        return _nothing(g) if x_wanted else None, g.to(ctx.place) if other_wanted else None

    def name(self) -> str:
        return "CopyBackwards"


def _nothing(g: Tensor) -> Tensor:
    return wrap(array_namespace(g._array).zeros(g._array.shape, g._array.dtype))


@operation(method=False, in_place=True, out=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with every element set to a number, or to the value of a 0-d tensor.

    >>> import minigrad
    >>> minigrad.fill(minigrad.zeros(2), 3)
    tensor([3., 3.])
    """
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    return Fill.apply(input, value)


@operation(out=False)
def zero_(input: Tensor) -> Tensor:
    """Set every element to zero."""
    return apply_in_place(lambda x: fill(x, 0), input)


@operation(where=(), method=True, out=False)
def copy_(input: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of another tensor, cast and broadcast to this one; the gradient goes to the other."""
    if not isinstance(other, Tensor):
        return input.fill_(other)
    return apply_in_place(Copy.apply, input, other if input.dtype.is_inexact else other.detach())
