"""`cuda`: what programs ask about GPUs.  The arrays themselves are CuPy's; `devices.py` decides where they live."""

from __future__ import annotations

from typing import Any

from minigrad import devices
from minigrad.ops.random import manual_seed


def is_available() -> bool:
    """Whether CuPy is installed and finds a GPU; never raises.

    >>> import minigrad
    >>> device = minigrad.device("cuda" if minigrad.cuda.is_available() else "cpu")
    """
    return devices.is_cuda_available()


def device_count() -> int:
    """How many GPUs there are."""
    return devices.cuda_device_count()


def current_device() -> int:
    """The number of the GPU in use."""
    return int(devices.cupy().cuda.Device().id)


def set_device(device: Any) -> None:
    """Make a GPU the one in use."""
    place = devices.device(device)
    devices.cupy().cuda.Device(place.index or 0).use()


def get_device_name(device: Any = None) -> str:
    """The name that the maker gave the GPU."""
    library = devices.cupy()
    index = current_device() if device is None else devices.device(device).index or 0
    name = library.cuda.runtime.getDeviceProperties(index)["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has done all it was asked to; nothing to wait for without one."""
    devices.synchronize(None if device is None else devices.device(device))


def empty_cache() -> None:
    """Give memory that CuPy keeps for reuse back to the GPU."""
    if is_available():
        devices.cupy().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Bytes of GPU memory that arrays hold; 0 without a GPU."""
    return int(devices.cupy().get_default_memory_pool().used_bytes()) if is_available() else 0


def manual_seed_all(seed: int) -> None:
    """Seed the generator; minigrad draws for all devices from one, so this is `manual_seed`."""
    manual_seed(seed)


__all__ = ["current_device", "device_count", "empty_cache", "get_device_name", "is_available", "manual_seed", "manual_seed_all",
           "memory_allocated", "set_device", "synchronize"]  # fmt: skip
