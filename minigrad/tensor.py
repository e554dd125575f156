"""The tensor: an array of NumPy or CuPy, plus its place in the graph of recorded operations.

This file holds what a tensor *is*: its shape, type, device and memory, and the ways in and out (Python, NumPy, `.data`,
`detach`, copies, pickles).  What a tensor can *do* is defined once, in `ops/`, where each operation adds its method to
this class.  Read `autograd/variable.py` for the graph side, then `ops/registry.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import devices, dtypes
from minigrad.autograd.function import alias, makes_results, wrap
from minigrad.autograd.inplace import detach_
from minigrad.autograd.variable import Variable, Version, new
from minigrad.kernels.memory import address, addressable, offset
from minigrad.layout import strided

Device = devices.device


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as `torch.Size([2, 3])` and knows its `numel()`."""

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Size:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, count: Any) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


if TYPE_CHECKING:
    from minigrad._methods import TensorMethods  # what ops/ adds; see ops/stubs.py
else:
    TensorMethods = object


@makes_results
class Tensor(Variable, TensorMethods):
    """An n-dimensional array that remembers how it was computed.  Make one with `minigrad.tensor(data)`.

    >>> import minigrad
    >>> x = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([[2., 4.],
            [6., 8.]])
    """

    __array_priority__ = 1000  # numpy_array * tensor asks the tensor first

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """`Tensor(2, 3)` is uninitialised memory of that shape, `Tensor([1, 2])` holds data, both of the default dtype."""
        if cls is not Tensor:
            return new(cls)
        place = devices.device(kwargs.pop("device", None) or devices.get_default_device())
        if kwargs:
            raise TypeError(f"Tensor() got unexpected keyword arguments {sorted(kwargs)}: use minigrad.tensor(data, ...)")
        kind = dtypes.get_default_dtype().numpy
        xp = devices.library_of(place)
        if len(args) == 1 and isinstance(args[0], Tensor):
            return wrap(addressable(args[0]._array).view())
        if len(args) == 1 and isinstance(args[0], Size):
            args = tuple(args[0])
        if all(isinstance(a, (int, np.integer)) for a in args):
            return wrap(xp.zeros(args or (0,), kind))
        if len(args) != 1:
            raise TypeError(f"Tensor() takes sizes or one sequence of data, got {len(args)} arguments")
        with devices.on(place):
            return wrap(xp.asarray(np.asarray(args[0], dtype=kind)))

    @staticmethod
    def _make_subclass(cls: type, data: Tensor, requires_grad: bool = False) -> Any:
        """An instance of a subclass (such as nn.Parameter) on the storage of `data`, outside the graph."""
        result: Any = new(cls)
        data._array = addressable(data._array)
        result._array = data._array.view()
        if requires_grad:
            result.requires_grad_(True)
        return result

    # ------------------------------------------------------------------------------------------ shape, type, place

    @property
    def shape(self) -> Size:
        """The number of elements along each dimension."""
        return Size(self._array.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.of_array(self._array)

    @property
    def device(self) -> Device:
        """Where the elements are stored."""
        return devices.of_array(self._array)

    @property
    def is_cuda(self) -> bool:
        """Whether the elements are on a GPU."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """Whether the elements are in main memory."""
        return self.device.type == "cpu"

    is_sparse = is_quantized = is_meta = is_mkldnn = is_nested = is_mps = is_xpu = False
    layout = strided

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.size * self._array.dtype.itemsize

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return self.shape
        rank = len(self._array.shape)
        if not -max(rank, 1) <= dim < max(rank, 1) or rank == 0:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-max(rank, 1)}, {max(rank, 1) - 1}], but got {dim})"
            )
        return self._array.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return len(self._array.shape)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self._array.size)

    nelement = numel

    def element_size(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """How many elements to step in memory for one step along each dimension (or along `dim`)."""
        steps = self._strides()
        return steps if dim is None else steps[dim]

    def _strides(self) -> tuple[int, ...]:
        array = self._array
        if array.size == 0 or (array.flags.c_contiguous and 1 in array.shape):
            steps, count = [], 1  # NumPy leaves the strides of empty and one-element axes open; PyTorch does not
            for n in reversed(array.shape):
                steps.append(count)
                count *= max(n, 1)
            return tuple(reversed(steps))
        return tuple(s // array.dtype.itemsize for s in array.strides)

    def storage_offset(self) -> int:
        """How many elements of the storage come before the first one of this tensor."""
        return offset(self._array) // self._array.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first element."""
        self._array = addressable(self._array)
        return address(self._array)

    def is_floating_point(self) -> bool:
        """Whether the dtype is float16, bfloat16, float32 or float64."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
        return self.dtype.is_signed

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in reading order, without gaps."""
        return bool(self._array.flags.c_contiguous)

    def is_pinned(self) -> bool:
        """Pinned memory is not used by minigrad: False."""
        return False

    def get_device(self) -> int:
        """The number of the GPU, -1 for the CPU."""
        return -1 if self.is_cpu else int(self.device.index or 0)

    # ------------------------------------------------------------------------------------------ same memory, no graph

    def detach(self) -> Tensor:
        """The same values in the same memory, outside the graph; writes to one are seen by the other."""
        return alias(self)

    def detach_(self) -> Tensor:
        """Cut this tensor off from its history; it becomes a leaf that needs no gradient."""
        return detach_(self)

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph, and outside the check that saved values were not changed (prefer `detach`)."""
        result = alias(self)
        result._version_counter = Version()
        return result

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        value._array = addressable(value._array)
        self._array = value._array.view()

    # ------------------------------------------------------------------------------------------ out to Python and NumPy

    def item(self) -> Any:
        """The only element as a Python number."""
        if self._array.size != 1:
            raise RuntimeError(f"a Tensor with {self._array.size} elements cannot be converted to Scalar")
        value = self._array.item()
        return value if isinstance(value, (bool, int, float, complex)) else float(value)

    def tolist(self) -> Any:
        """The elements as nested Python lists (a number for a 0-d tensor)."""
        array = self._array
        return (array.astype("float32") if self.dtype is dtypes.bfloat16 else array).tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The NumPy array whose memory this tensor uses (a copy with `force=True` where it must be one)."""
        if force:
            return np.asarray(self.detach().cpu()._array)
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.is_cuda:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory "
                "first."
            )
        if self.dtype is dtypes.bfloat16:
            raise TypeError("Got unsupported ScalarType BFloat16: NumPy has no such type; use .float() first")
        self._array = addressable(self._array)
        return self._array.view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __bool__(self) -> bool:
        if self._array.size != 1:
            what = "no values" if self._array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous: use .any() or .all()")
        return bool(self._array.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.is_inexact or self._array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __len__(self) -> int:
        if not self._array.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, (Tensor, bool, int, float, complex)):
            raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(value)}.")
        return bool((self == value).any())

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec) if self._array.shape else format(self.item(), spec)

    def __repr__(self) -> str:
        from minigrad.printing import tensor_repr

        return tensor_repr(self)

    def __hash__(self) -> int:
        return id(self)

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self._array.shape else self

    # ------------------------------------------------------------------------------------------ copies and pickles

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self.grad_fn is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment: "
                "detach() or clone() this one first."
            )
        if id(self) in memo:
            return memo[id(self)]
        twin = memo[id(self)] = new(type(self))
        twin._array = self._array.copy()
        twin._requires_grad = self._requires_grad
        twin._grad = copy.deepcopy(self._grad, memo)
        for name, value in self.__dict__.items():
            if name not in _PLACE:
                setattr(twin, name, copy.deepcopy(value, memo))
        return twin

    def __reduce_ex__(self, protocol: Any) -> tuple:
        if self.grad_fn is not None:
            raise RuntimeError("only leaf tensors can be pickled: detach() this one first")
        array = self._array if isinstance(self._array, (np.ndarray, np.generic)) else self._array.get()
        extra = {k: v for k, v in self.__dict__.items() if k not in _PLACE}
        return _unpickle, (type(self), np.asarray(array), str(self.device), self._requires_grad, extra)


_PLACE = {"_array", "_requires_grad", "_edge", "_view", "_version_counter", "_epoch", "_grad", "_hooks",
          "_post_accumulate_hooks", "_retains_grad", "_accumulator"}  # fmt: skip


def _unpickle(cls: type, array: np.ndarray, place: str, requires_grad: bool, extra: dict[str, Any]) -> Any:
    result: Any = new(cls)
    result._array = devices.move(array, devices.device(place))
    result._requires_grad = requires_grad
    result.__dict__.update(extra)
    return result


__all__ = ["Size", "Tensor"]
