"""Floor 0: plain functions on raw arrays that NumPy or CuPy lack.  They know no tensor and no gradient."""

from minigrad.kernels._namespace import array_namespace

__all__ = ["array_namespace"]
