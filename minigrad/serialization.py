"""Saving and loading in PyTorch's file format: files pass between minigrad and PyTorch both ways.

A file is a zip archive.  `archive/data.pkl` is a pickle in which every tensor is a small record: which storage, offset,
shape, strides.  `archive/data/0`, `1`, ... are the storages, raw bytes; tensors that share memory share a storage.
PyTorch is not needed, its names stand in the pickle as text.  Reading runs no code from the file: see
`_safe_pickle.py`, and `_archive.py` for the zip.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from minigrad import dtypes
from minigrad._archive import Archive, damaged, replacing, write_record
from minigrad._safe_pickle import Machine, modern
from minigrad.autograd.function import wrap
from minigrad.autograd.variable import Version
from minigrad.devices import CPU, device, is_cuda_available, move, of_array
from minigrad.kernels import array_namespace
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Size, Tensor

UnpicklingError = pickle.UnpicklingError


class _StorageType:
    """`torch.FloatStorage` and its like: how a file names the element type of a storage."""

    def __init__(self, name: str, dtype: dtypes.dtype):
        self.name, self.dtype = name, dtype

    def __reduce__(self) -> str:
        return self.name


_STORAGE_TYPES = {
    d: _StorageType(f"{name}Storage", d)
    for name, d in {
        "Double": dtypes.float64, "Float": dtypes.float32, "Half": dtypes.float16, "BFloat16": dtypes.bfloat16,
        "Long": dtypes.int64, "Int": dtypes.int32, "Short": dtypes.int16, "Char": dtypes.int8, "Byte": dtypes.uint8,
        "Bool": dtypes.bool_, "ComplexFloat": dtypes.complex64, "ComplexDouble": dtypes.complex128,
    }.items()
}  # fmt: skip
globals().update({kind.name: kind for kind in _STORAGE_TYPES.values()})  # a pickle names things by module and name


# ------------------------------------------------------------------------------------------------ save


def save(
    obj: Any,
    f: str | os.PathLike[str] | IO[bytes],
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write `obj`, tensors in any nesting of containers, numbers and text, to a file that `load` and PyTorch read.

    `f` is a path or an object with `write`.  A path is replaced only when the new file is complete: an interrupted save
    leaves the old one.  Saving the same object twice gives the same bytes.  Other objects, such as a whole `nn.Module`,
    are pickled by the import path of their class, and only `load(..., weights_only=False)` reads them: prefer
    `model.state_dict()`.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"weight": minigrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if pickle_module not in (None, pickle) or pickle_protocol != 2 or not _use_new_zipfile_serialization:
        raise NotImplementedError(
            "save() writes PyTorch's zip format with Python's pickle, protocol 2: leave the other options out"
        )
    if isinstance(f, (str, os.PathLike)):
        with replacing(os.fspath(f)) as stream:
            _write_archive(obj, stream)
    elif hasattr(f, "write"):
        buffer = io.BytesIO()
        _write_archive(obj, buffer)
        f.write(buffer.getbuffer())
    else:
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, got {type(f).__name__}"
        )


def _write_archive(obj: Any, stream: IO[bytes]) -> None:
    program = io.BytesIO()
    pickler = _Pickler(program)
    pickler.dump(obj)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        write_record(archive, "data.pkl", _with_torch_names(program.getvalue()))
        write_record(archive, "byteorder", sys.byteorder.encode())
        for storage in pickler.storages.values():
            write_record(archive, f"data/{storage.key}", move(storage.flat, CPU).view(np.uint8))
        write_record(archive, "version", b"3\n")


class _Storage:
    """A block of memory that tensors look into: `flat` is all of it, as a one-dimensional array."""

    def __init__(self, key: str, flat: Any, dtype: dtypes.dtype):
        self.key, self.flat, self.dtype = key, flat, dtype
        self.version = Version()  # shared by the loaded tensors, as views of one storage share it

    @property
    def device(self) -> device:
        return of_array(self.flat)

    def cpu(self) -> _Storage:
        return _Storage(self.key, move(self.flat, CPU), self.dtype)

    def cuda(self, index: int = 0) -> _Storage:
        return _Storage(self.key, move(self.flat, device("cuda", index)), self.dtype)


class _Pickler(pickle.Pickler):
    """Python's own pickler, told how PyTorch writes tensors, types, shapes and devices."""

    def __init__(self, stream: IO[bytes]):
        super().__init__(stream, protocol=2)
        self.storages: dict[Any, _Storage] = {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Storage):
            return None
        return ("storage", _STORAGE_TYPES[obj.dtype], obj.key, str(obj.device), obj.flat.size)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Tensor) and any(not name.startswith("_") for name in vars(obj)):
            return NotImplemented  # it carries attributes of the user's: only Python's own way keeps them
        if type(obj) is Tensor:
            storage, offset, strides = self._place(obj)
            return _rebuild_tensor_v2, (storage, offset, tuple(obj.shape), strides, obj.requires_grad, OrderedDict())
        if type(obj) is Parameter:
            return _rebuild_parameter, (obj.detach(), obj.requires_grad, OrderedDict())
        if isinstance(obj, Size):
            return Size, (tuple(obj),)
        if isinstance(obj, device):
            return device, (obj.type,) if obj.index is None else (obj.type, obj.index)
        if isinstance(obj, dtypes.dtype):
            return "bool_" if obj is dtypes.bool_ else obj.name
        return NotImplemented

    def _place(self, tensor: Tensor) -> tuple[_Storage, int, tuple[int, ...]]:
        """Where a tensor lies: its storage, and the offset and strides in it, counted in elements."""
        address, itemsize = tensor.data_ptr(), tensor.element_size()
        array = tensor._array
        flat = _whole_memory(array)
        inside = flat is not None and 0 <= address - _address(flat) <= flat.nbytes - array.nbytes
        regular = all(stride >= 0 and stride % itemsize == 0 for stride in array.strides)
        if not (
            inside and regular and array.size and flat.nbytes % itemsize == 0 == (address - _address(flat)) % itemsize
        ):
            flat = array.ravel()  # a copy in reading order: nothing that PyTorch could describe is shared
            return self._storage(flat, tensor.dtype), 0, _contiguous(array.shape)
        storage = self._storage(flat.view(array.dtype), tensor.dtype)
        return storage, (address - _address(flat)) // itemsize, tuple(tensor.stride())

    def _storage(self, flat: Any, dtype: dtypes.dtype) -> _Storage:
        key = (str(of_array(flat)), _address(flat), flat.nbytes) if flat.nbytes else len(self.storages)
        storage = self.storages.setdefault(key, _Storage(str(len(self.storages)), flat, dtype))
        if storage.dtype is not dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types: "
                f"here as {storage.dtype} and {dtype}. clone() one of them"
            )
        return storage


def _whole_memory(array: Any) -> Any:
    """All the memory that `array` is a view of, as a flat array; None where it is not one dense block."""
    root = base = array
    while base is not None:
        root = base if isinstance(base, type(array)) else root
        base = getattr(base, "base", None)
    extent = sum((n - 1) * abs(stride) for n, stride in zip(root.shape, root.strides, strict=True)) + root.itemsize
    return root.ravel(order="K") if root.size and extent == root.nbytes and min(root.strides, default=0) >= 0 else None


def _address(array: Any) -> int:
    return wrap(array).data_ptr()


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor in reading order."""
    steps = [1]
    for n in reversed(shape[1:]):
        steps.append(steps[-1] * max(n, 1))
    return tuple(reversed(steps))[: len(shape)] if shape else ()


# ------------------------------------------------------------------------------------------------ load


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save`, or PyTorch's `torch.save`, wrote.

    `map_location` says where tensors go: a device or its name, a dictionary from saved to wanted device, or a function
    (storage, location) -> storage.  By default they go where they were, and a missing GPU is an error.

    `weights_only=True` reads tensors, numbers, text and plain containers and runs nothing from the file;
    `weights_only=False` unpickles any object, and with it runs whatever code the author of the file put there: only for
    files you trust.  `mmap=True` maps the file into memory instead of reading it (writes do not reach the file).

    Raises RuntimeError for a file that is cut short or damaged, and UnpicklingError for one that is no checkpoint or
    names a class that is not allowed; neither claims memory for what the file only pretends to hold.
    """
    if pickle_module not in (None, pickle) or pickle_load_args:
        raise NotImplementedError("load() reads with its own unpickler: leave pickle_module and its options out")
    with contextlib.ExitStack() as stack:
        if isinstance(f, (str, os.PathLike)):
            stream: IO[bytes] = stack.enter_context(open(f, "rb"))
        elif hasattr(f, "read") and hasattr(f, "seek"):
            stream = f
        else:
            raise AttributeError(
                f"{type(f).__name__!r} object has no attribute 'seek'. You can only torch.load from a file "
                "that is seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it "
                "instead."
            )
        if mmap and stream is f:
            raise ValueError("f must be a file path in order to use the mmap argument")
        archive = Archive(stream, f if mmap else None)  # type: ignore[arg-type]
        program, storages = archive.record("data.pkl").tobytes(), _Storages(archive, map_location)
        if weights_only is None or weights_only:
            return Machine(_CONSTRUCTORS, _CONSTANTS, storages).run(program)
        return _TrustingUnpickler(program, storages).load()


class _Storages:
    """Answers the pickle's requests for storages: each is read once, and moved to the device where it should live."""

    def __init__(self, archive: Archive, map_location: Any):
        self.archive, self.map_location = archive, map_location
        self.loaded: dict[str, _Storage] = {}

    def __call__(self, request: Any) -> _Storage:
        """The storage of a request, which reads ("storage", type, key, location, number of elements)."""
        match request:
            case ("storage", _StorageType() as kind, str(key), str(location), int(count)):
                pass
            case _:
                raise UnpicklingError(f"Weights only load failed. Not a request for a storage: {str(request)[:100]}")
        if key not in self.loaded:
            content = self.archive.record(f"data/{key}")
            if content.nbytes != count * kind.dtype.itemsize:
                raise damaged(f"storage {key} should hold {count} of {kind.dtype}, and has {content.nbytes} bytes")
            flat = content.view(kind.dtype.numpy)
            storage = _Storage(key, flat.byteswap() if self.archive.is_foreign else flat, kind.dtype)
            self.loaded[key] = self._relocated(storage, location)
        storage = self.loaded[key]
        if storage.dtype is not kind.dtype:
            raise UnpicklingError(
                f"Weights only load failed. Storage {key} is asked for as {storage.dtype} and as {kind.dtype}"
            )
        return storage

    def _relocated(self, storage: _Storage, location: str) -> _Storage:
        wanted = self.map_location
        if callable(wanted):
            chosen = wanted(storage, location)
            if chosen is not None:
                return chosen
        elif isinstance(wanted, dict):
            location = wanted.get(location, location)
        elif wanted is not None:
            location = wanted
        place = device(location)
        if place.type == "cuda" and not is_cuda_available():
            raise RuntimeError(
                f"Attempting to deserialize object on a CUDA device ({place}), and no usable GPU was found. "
                "Pass map_location='cpu' to load it into main memory"
            )
        return storage.cpu() if place.type == "cpu" else storage.cuda(place.index or 0)


def _rebuild_tensor_v2(
    storage: _Storage,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: bool,
    backward_hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """A tensor that looks into a storage; a shape that would reach outside of it is refused."""
    numbers = (offset, *size, *stride)
    if (
        not isinstance(storage, _Storage)
        or len(size) != len(stride)
        or not all(type(n) is int and n >= 0 for n in numbers)
    ):
        raise UnpicklingError("Weights only load failed. A tensor is described wrongly")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.flat.size:
        raise UnpicklingError(
            f"Weights only load failed. A tensor of shape {tuple(size)} and strides {tuple(stride)} from element "
            f"{offset} on reaches outside its storage of {storage.flat.size} elements"
        )
    xp, step = array_namespace(storage.flat), storage.dtype.itemsize
    rest = storage.flat[offset:] if 0 not in size else storage.flat[:0]
    array = xp.lib.stride_tricks.as_strided(rest, tuple(size), tuple(s * step for s in stride))
    tensor = wrap(array)
    tensor._version_counter = storage.version
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_parameter(data: Tensor, requires_grad: bool, backward_hooks: Any = None) -> Parameter:
    if not isinstance(data, Tensor):
        raise UnpicklingError("Weights only load failed. A parameter without a tensor")
    return Parameter(data, bool(requires_grad))


# What a file may name, by PyTorch's names; and, for writing, those names by ours.
_CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor": lambda storage, offset, size, stride: _rebuild_tensor_v2(
        storage, offset, size, stride, False
    ),
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch.Size": Size,
    "torch.device": device,
}
_CONSTANTS: dict[str, Any] = {f"torch.{d.name}": d for d in dtypes.ALL} | {
    f"torch.{k.name}": k for k in _STORAGE_TYPES.values()
}
_TORCH_NAMES = {
    f"{__name__} _rebuild_tensor_v2": "torch._utils _rebuild_tensor_v2",
    f"{__name__} _rebuild_parameter": "torch._utils _rebuild_parameter",
    "minigrad.tensor Size": "torch Size",
    "minigrad.devices device": "torch device",
    **{f"{__name__} {kind.name}": f"torch {kind.name}" for kind in _STORAGE_TYPES.values()},
    **{f"minigrad.dtypes {d.name}": f"torch {d.name}" for d in dtypes.ALL},
    "minigrad.dtypes bool_": "torch bool",
}


def _with_torch_names(program: bytes) -> bytes:
    """The pickle with our names replaced by PyTorch's: a GLOBAL instruction is the letter c and two lines of text."""
    result, done = bytearray(), 0
    for instruction, argument, position in pickletools.genops(program):
        if instruction.name == "GLOBAL" and argument in _TORCH_NAMES:
            module, name = _TORCH_NAMES[argument].split(" ")
            result += program[done:position] + f"c{module}\n{name}\n".encode()
            done = position + len(f"c{argument}\n")  # type: ignore[operator]
    return bytes(result + program[done:])


class _TrustingUnpickler(pickle.Unpickler):
    """Python's own unpickler, for `weights_only=False`: PyTorch's names lead to ours, all others are imported."""

    def __init__(self, program: bytes, persistent_load: Callable[[Any], Any]):
        super().__init__(io.BytesIO(program))
        self._load_storage = persistent_load

    def persistent_load(self, pid: Any) -> Any:
        return self._load_storage(pid)

    def find_class(self, module: str, name: str) -> Any:
        full = modern(module, name)
        if module.split(".")[0] != "torch":
            return super().find_class(module, name)
        if full in _CONSTRUCTORS:
            return _CONSTRUCTORS[full]
        if full in _CONSTANTS:
            return _CONSTANTS[full]
        raise UnpicklingError(
            f"the file holds an object of PyTorch's class {full}, which minigrad cannot build: "
            "save its state_dict() instead"
        )
