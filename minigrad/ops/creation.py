"""Making tensors: from data, filled with a value, counted out.  (Random ones are in `random.py`.)"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import devices, dtypes
from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.kernels.memory import addressable
from minigrad.ops._dims import sizes
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


def place_of(device: Any) -> devices.device:
    """The device asked for, or the default one."""
    return devices.get_default_device() if device is None else devices.device(device)


def make(
    build: Callable[[Any], Any],
    dtype: dtypes.dtype | None,
    device: Any,
    requires_grad: bool,
    layout: Any = None,
    pin_memory: Any = None,
) -> Tensor:
    """A tensor from `build(xp)` on the device asked for, cast to the dtype asked for."""
    place = place_of(device)
    with devices.on(place):
        array = build(devices.library_of(place))
    if dtype is not None and array.dtype != dtype.numpy:
        array = array.astype(dtype.numpy)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


# ------------------------------------------------------------------------------------------------ from data


def _plain(data: Any) -> Any:
    """Nested lists in which 0-d tensors have become Python numbers."""
    if isinstance(data, Tensor):
        if data.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars: use minigrad.stack(list_of_tensors)")
        return data.item()
    if isinstance(data, (list, tuple)) and any(isinstance(d, (list, tuple, Tensor)) for d in data):
        return [_plain(d) for d in data]
    return data


def _first(data: Any) -> Any:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def to_array(data: Any, dtype: dtypes.dtype | None) -> np.ndarray:
    """A NumPy array of data as users write it; Python floats get the default dtype, NumPy's own types are kept."""
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        try:
            array = np.array(_plain(data))
        except ValueError as error:
            raise ValueError(f"expected nested sequences of equal length in each dimension, got ragged data ({error})") from None
        if array.dtype == object or array.dtype.kind in "USMm":
            raise TypeError(
                f"new(): invalid data type '{type(_first(data)).__name__}': expected numbers, nested lists of numbers or arrays"
            )
        if dtype is None and array.size == 0 and not isinstance(_first(data), np.ndarray):
            dtype = dtypes.get_default_dtype()
        elif dtype is None and not isinstance(_first(data), (np.generic, np.ndarray)):
            dtype = {"f": dtypes.get_default_dtype(), "c": dtypes.default_complex()}.get(array.dtype.kind)
    if dtype is None:
        dtypes.of_array(array)  # refuses types that no tensor has
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "c" and not dtype.is_complex:
        raise RuntimeError(f"value cannot be converted to type {dtype} without dropping its imaginary part")
    with np.errstate(all="ignore"):
        return array.astype(dtype.numpy, copy=False)


@operation(method=False, out=False)
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested lists, or an array.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> minigrad.tensor(0.5, requires_grad=True)
    tensor(0.5000, requires_grad=True)
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than minigrad.tensor(sourceTensor).",
            UserWarning,
            stacklevel=3,
        )
        result = data.detach().clone().to(data.device if device is None else device, dtype or data.dtype)
        return result.requires_grad_() if requires_grad else result
    place = place_of(device)
    array = to_array(data, dtype)
    array = np.array(array, copy=True, order="C") if place.type == "cpu" else devices.move(array, place)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


@operation(method=False, out=False, aliases=("asarray",))
def as_tensor(data: Any, dtype: Any = None, device: Any = None, *, copy: bool | None = None, requires_grad: bool = False) -> Tensor:
    """`data` as a tensor, without a copy where none is needed: a tensor stays itself, an array shares its memory.

    >>> import minigrad, numpy
    >>> a = numpy.zeros(2)
    >>> minigrad.as_tensor(a)[0] = 1
    >>> a
    array([1., 0.])
    """
    if isinstance(data, Tensor):
        result = data.to(data.device if device is None else device, dtype or data.dtype, copy=bool(copy))
    elif isinstance(data, np.ndarray) and not copy:
        array = to_array(data, dtype)
        result = wrap(devices.move(array.view() if array is data else array, place_of(device)))
    else:
        result = tensor(data, dtype=dtype, device=device)
    return result.requires_grad_() if requires_grad else result


@operation(method=False, out=False)
def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor on the memory of a NumPy array: writing to one changes the other.

    >>> import minigrad, numpy
    >>> minigrad.from_numpy(numpy.arange(3))
    tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.of_array(ndarray)
    return wrap(ndarray.view())


@operation(method=False, out=False)
def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of a number, of the default dtype when none is given."""
    return tensor(s, dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad)


# ------------------------------------------------------------------------------------------------ filled with a value


def _shape(size: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...]:
    """The shape given by position or as `size=`, refused when negative."""
    if "size" in kwargs:
        size = (kwargs.pop("size"),)
    shape = sizes(size)
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def _filling(name: str, doc: str) -> None:
    """`zeros`, `ones`, `empty` and their `_like` and `new_` forms."""

    def function(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
                 pin_memory: bool = False, memory_format: Any = None, **kwargs: Any) -> Tensor:  # fmt: skip
        shape = _shape(size, kwargs)
        if kwargs:
            raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(kwargs))}'")
        kind = (dtype or dtypes.get_default_dtype()).numpy
        return make(lambda xp: getattr(xp, name)(shape, kind), None, device, requires_grad)

    def like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
             pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
        kind = (dtype or input.dtype).numpy
        order = "K" if memory_format is None or str(memory_format).endswith("preserve_format") else "C"
        if device is None:
            return _wanting(
                wrap(getattr(array_namespace(input._array), name + "_like")(addressable(input._array), kind, order)), requires_grad
            )
        return function(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)

    def fresh(
        input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, **kwargs: Any
    ) -> Tensor:
        return function(*size, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad, **kwargs)

    function.__doc__ = (
        f"{doc}, of the given size.\n\n    >>> import minigrad\n    >>> minigrad.{name}(2, 3).shape\n    torch.Size([2, 3])\n    "
    )
    like.__doc__ = f"{doc}, of the shape, dtype and device of another tensor."
    fresh.__doc__ = f"{doc}, of the given size, with the dtype and device of this one."
    operation(function, name=name, method=False)
    operation(like, name=name + "_like", method=False, out=False)
    operation(fresh, name="new_" + name, where=(), method=True, out=False)


def _wanting(result: Tensor, requires_grad: bool) -> Tensor:
    return result.requires_grad_() if requires_grad else result


for _name, _doc in (("zeros", "A tensor of zeros"), ("ones", "A tensor of ones"), ("empty", "A tensor of uninitialised values")):
    _filling(_name, _doc)


@operation(method=False)
def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
         names: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of the given size filled with a number, whose type decides the dtype when none is given.

    >>> import minigrad
    >>> minigrad.full((2,), 7)
    tensor([7, 7])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    kind = dtype or (fill_value.dtype if isinstance(fill_value, Tensor) else dtypes.of_number(value))
    shape = _shape((size,), {}) if isinstance(size, (tuple, list)) else _shape((size,), {})
    return make(lambda xp: xp.full(shape, xp.asarray(value).astype(kind.numpy)), kind, device, requires_grad)


@operation(method=False, out=False)
def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              layout: Any = None, memory_format: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor filled with a number, of the shape, dtype and device of another."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


@operation(where=(), method=True, out=False)
def new_full(input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
             layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor of the given size filled with a number, with the dtype and device of this one."""
    return full(size, fill_value, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


@operation(where=(), method=True, out=False)
def new_tensor(input: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor of data, with the dtype and device of this one."""
    return tensor(data, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


@operation(method=False)
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None,
        pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The n x m matrix with ones on the diagonal and zeros elsewhere.

    >>> import minigrad
    >>> minigrad.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    for name, value in (("n", n), ("m", n if m is None else m)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    kind = (dtype or dtypes.get_default_dtype()).numpy
    return make(lambda xp: xp.eye(n, n if m is None else m, dtype=kind), None, device, requires_grad)


# ------------------------------------------------------------------------------------------------ counted out


@operation(method=False)
def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
           layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """start, start + step, ... below `end`: ceil((end - start) / step) numbers; int64 when all arguments are integers.

    >>> import minigrad
    >>> minigrad.arange(0, 10, 3)
    tensor([0, 3, 6, 9])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, (Tensor, np.generic)) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not all(math.isfinite(v) for v in (start, end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) / step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    if dtype is not None and dtype.category == dtypes.INTEGER:
        start, end, step = int(start), int(end), int(step)
    whole = all(isinstance(v, int) for v in (start, end, step))
    kind = dtype or (dtypes.int64 if whole else dtypes.get_default_dtype())
    if whole:
        return make(lambda xp: xp.arange(start, end, step), kind, device, requires_grad)
    count = math.ceil((end - start) / step)
    return make(lambda xp: start + xp.arange(count, dtype="float64") * step, kind, device, requires_grad)


@operation(method=False, out=False)
def range(start: Any, end: Any, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... up to and including `end` (prefer `arange`)."""
    return arange(
        start, end + step / 2, step, dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad
    )


@operation(method=False)
def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
             layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers evenly spaced from `start` to `end`, both included.

    >>> import minigrad
    >>> minigrad.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    start, end = (v.item() if isinstance(v, (Tensor, np.generic)) else v for v in (start, end))
    if not isinstance(steps, (int, np.integer)):
        raise TypeError(
            f"linspace() received an invalid combination of arguments: steps must be an int, got {type(steps).__name__}"
        )
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    complex_ends = isinstance(start, complex) or isinstance(end, complex)
    kind = dtype or (dtypes.default_complex() if complex_ends else dtypes.get_default_dtype())

    def build(xp: Any) -> Any:
        """Counted from both ends, so that the sequence is symmetric and ends exactly at `end`."""
        if kind.category == dtypes.INTEGER:
            start_, end_ = int(start), int(end)
            spacing = (end_ - start_) / (steps - 1) if steps > 1 else 0.0
            k = xp.arange(steps)
            return xp.where(k < steps / 2, xp.trunc(start_ + spacing * k), xp.trunc(end_ - spacing * (steps - 1 - k)))
        one = (np.complex128 if complex_ends else np.float64)(1)
        spacing = (end - start) * one / (steps - 1) if steps > 1 else 0.0
        k = xp.arange(steps)
        return xp.where(k < steps / 2, start + spacing * k, end - spacing * (steps - 1 - k))

    return make(build, kind, device, requires_grad)


@operation(method=False)
def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """base ** linspace(start, end, steps)."""
    kind = dtype or dtypes.get_default_dtype()
    if kind.category == dtypes.INTEGER:
        start, end = int(start), int(end)
    exponents = linspace(start, end, steps, dtype=dtypes.float64)
    return make(lambda xp: xp.power(float(base), xp.asarray(exponents._array)), kind, device, requires_grad)
