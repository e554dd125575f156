"""`backends`: the switches that programs set for PyTorch's libraries.  minigrad has none of these libraries: it takes the
settings and says that the backends are not there."""

from __future__ import annotations


class _Backend:
    """A library of PyTorch that minigrad does without; any switch may be set and has no effect."""

    def is_available(self) -> bool:
        """False: minigrad computes with NumPy and CuPy."""
        return False

    def is_built(self) -> bool:
        """False: minigrad computes with NumPy and CuPy."""
        return False

    enabled = benchmark = deterministic = allow_tf32 = False


cudnn, mps, mkldnn, mkl, openmp = _Backend(), _Backend(), _Backend(), _Backend(), _Backend()
__all__ = ["cudnn", "mkl", "mkldnn", "mps", "openmp"]
