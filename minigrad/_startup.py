"""Two settings that have to be made before NumPy is first imported, or before the first large array: nothing else.

BLAS: the OpenBLAS inside NumPy may take its AVX2 kernels on processors that have AVX-512, at half the speed; naming the
core type cures it.  Memory: glibc hands large blocks back to the system at once, so that every large result has to fault
its pages in anew; raising two thresholds keeps them.  Both are left alone where the user has set them, where they do not
apply, and altogether with `MINIGRAD_TUNE=0`.  `minigrad.show_config()` tells what was done and why.
"""

from __future__ import annotations

import ctypes
import os
import sys

AVX512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h

decisions: dict[str, str] = {}


def tune() -> None:
    """Make both settings, each only where it helps."""
    if os.environ.get("MINIGRAD_TUNE") == "0":
        decisions["blas"] = decisions["memory"] = "left alone: MINIGRAD_TUNE=0"
        return
    decisions["blas"] = _choose_blas_kernels()
    decisions["memory"] = _keep_memory()


def _choose_blas_kernels() -> str:
    if "OPENBLAS_CORETYPE" in os.environ:
        return f"left alone: OPENBLAS_CORETYPE={os.environ['OPENBLAS_CORETYPE']} was set"
    if not AVX512 <= _processor_flags():
        return "left alone: this processor has no AVX-512, or does not say so"
    if "numpy" in sys.modules:
        return "left alone: NumPy was imported before minigrad; import minigrad first for AVX-512 kernels"
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"
    return "OPENBLAS_CORETYPE=SkylakeX: the processor has AVX-512"


def _processor_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


def _keep_memory() -> str:
    if any(name in os.environ for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")):
        return "left alone: malloc was configured through the environment"
    if not sys.platform.startswith("linux"):
        return "left alone: not Linux"
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - glibc only; musl has a mallopt of no effect
        kept = library.mallopt(M_MMAP_THRESHOLD, 1 << 30) or library.mallopt(M_MMAP_THRESHOLD, 32 << 20)
        kept = library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1) and kept
    except (OSError, AttributeError):
        return "left alone: not glibc"
    return "freed memory up to 1 GiB a block is kept for reuse" if kept else "left alone: glibc refused"


tune()
