"""The number of threads that matrix products use: a setting of the OpenBLAS library inside NumPy."""

from __future__ import annotations

import ctypes
import functools
import glob
import os

import numpy as np

_PREFIXES = ("scipy_openblas_", "openblas_")
_SUFFIXES = ("64_", "", "_")


@functools.cache
def _openblas() -> ctypes.CDLL | None:
    """The OpenBLAS that NumPy's wheel brought along, loaded already; None where NumPy uses another BLAS."""
    root = os.path.dirname(np.__file__)
    for path in glob.glob(root + ".libs/*openblas*") + glob.glob(root + "/.dylibs/*openblas*"):
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    return None


def _call(name: str) -> ctypes._FuncPointer | None:  # type: ignore[name-defined]
    library = _openblas()
    for prefix in _PREFIXES if library is not None else ():
        for suffix in _SUFFIXES:
            function = getattr(library, prefix + name + suffix, None)
            if function is not None:
                return function
    return None


def set_num_threads(count: int) -> None:
    """Let matrix products use `count` threads."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError("set_num_threads expects a positive integer")
    function = _call("set_num_threads")
    if function is not None:
        function(ctypes.c_int(count))


def get_num_threads() -> int:
    """How many threads matrix products use."""
    function = _call("get_num_threads")
    return int(function()) if function is not None else 1
