"""`show_config()`: what minigrad found on this machine and what it chose."""

from __future__ import annotations

import platform

import numpy as np

from minigrad import _startup, devices
from minigrad._version import __version__
from minigrad.kernels import blas


def show_config() -> str:
    """Versions, array libraries, BLAS threads, and the settings made at import with the reason for each.

    >>> import minigrad
    >>> print(minigrad.show_config())  # doctest: +ELLIPSIS
    minigrad ...
    """
    gpu = f"CuPy, {devices.cuda_device_count()} GPU(s)" if devices.is_cuda_available() else "none (CuPy or a GPU is missing)"
    lines = {
        "minigrad": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "GPU": gpu,
        "threads": f"{blas.get_num_threads()} for matrix products",
        "BLAS": _startup.decisions.get("blas", ""),
        "memory": _startup.decisions.get("memory", ""),
    }
    width = max(map(len, lines))
    return "\n".join(f"{name:{width}}  {value}" for name, value in lines.items())
