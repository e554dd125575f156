"""Where an array lives: `device("cpu")` is NumPy, `device("cuda:0")` is CuPy.

Nothing else in minigrad decides between the two libraries: an operation reaches its library through the array it was
handed (`array_namespace`).  CuPy is imported only when a GPU is asked for.  Read `autograd/` next.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np

from minigrad.kernels import array_namespace


class device:
    """A place for tensors: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`, `device("cuda:1")`.

    Used as a context manager it becomes the default place of new tensors.

    >>> import minigrad
    >>> minigrad.device("cuda:1")
    device(type='cuda', index=1)
    """

    type: str
    index: int | None

    def __init__(self, type: str | int | device, index: int | None = None):
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            index = type
            type = "cuda"
        match = re.fullmatch(r"(cpu|cuda|meta|mps|xpu)(?::(\d+))?", type)
        if not match:
            raise RuntimeError(f"Expected one of cpu, cuda device type at start of device string: {type}")
        if match[1] not in ("cpu", "cuda"):
            raise RuntimeError(f"device type {match[1]!r} is not supported: minigrad runs on cpu (NumPy) and cuda (CuPy)")
        if match[2] is not None and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        self.type = match[1]
        self.index = int(match[2]) if match[2] is not None else index

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}" + (")" if self.index is None else f", index={self.index})")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple:
        return (device, (self.type, self.index))

    def __enter__(self) -> device:
        _state.stack.append(_state.default)
        _state.default = self
        return self

    def __exit__(self, *error: object) -> None:
        _state.default = _state.stack.pop()


CPU = device("cpu")


class _State(threading.local):
    def __init__(self) -> None:
        self.default: device = CPU
        self.stack: list[device] = []


_state = _State()


def get_default_device() -> device:
    """Where new tensors are made when no device is named."""
    return _state.default


def set_default_device(d: device | str | None) -> None:
    """Make `d` the place of new tensors; None goes back to the CPU."""
    _state.default = CPU if d is None else device(d)


def cupy() -> ModuleType:
    """CuPy, or an error that says what is missing."""
    try:
        library = importlib.import_module("cupy")
    except ImportError:
        raise RuntimeError(
            "device 'cuda' needs CuPy, which is not installed: pip install 'minigrad[cuda12]' (or cuda13), or stay on device 'cpu'"
        ) from None
    if not library.cuda.is_available():
        raise RuntimeError(
            "device 'cuda' was asked for, but CuPy finds no usable NVIDIA GPU (no driver, or a driver too old): stay on "
            "device 'cpu'"
        )
    return library


def is_cuda_available() -> bool:
    """Whether CuPy is installed and sees a GPU; never raises."""
    try:
        cupy()
    except RuntimeError:
        return False
    return True


def cuda_device_count() -> int:
    """How many GPUs CuPy sees."""
    return int(cupy().cuda.runtime.getDeviceCount()) if is_cuda_available() else 0


def of_array(array: Any) -> device:
    """The device an array lives on."""
    if isinstance(array, (np.ndarray, np.generic)):
        return CPU
    return device("cuda", array.device.id)


def library_of(place: device) -> ModuleType:
    """The array library of a device: `numpy` or `cupy`."""
    return np if place.type == "cpu" else cupy()


def on(place: device) -> Any:
    """A context in which CuPy allocates on `place` (nothing to do for the CPU)."""
    if place.type == "cpu":
        return contextlib.nullcontext()
    return cupy().cuda.Device(place.index or 0)


def move(array: Any, place: device) -> Any:
    """The array on another device; the same array when it is there already."""
    here = of_array(array)
    if here.type == place.type and (place.index is None or here.index == place.index):
        return array
    if place.type == "cpu":
        return array.get()
    with on(place):
        return cupy().asarray(array)


def synchronize(place: device | None = None) -> None:
    """Wait until the GPU has finished what was asked of it; nothing to wait for on the CPU."""
    if "cupy" in sys.modules and is_cuda_available():
        with on(place or device("cuda", 0)):
            cupy().cuda.Device().synchronize()


__all__ = ["CPU", "array_namespace", "cuda_device_count", "cupy", "device", "get_default_device", "is_cuda_available",
           "library_of", "move", "of_array", "on", "set_default_device", "synchronize"]  # fmt: skip
