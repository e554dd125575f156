"""Floor 0: plain functions on raw arrays that NumPy or CuPy lack.  They know no tensor and no gradient."""

import warnings

from minigrad.kernels._namespace import array_namespace

# log(0) is -inf and 1e30 * 1e30 is inf: PyTorch answers without a word, NumPy warns.  Such warnings are ignored where they
# arise in minigrad's own lines, in all threads, and stay as they are in the user's.  An operation that does not warn pays
# nothing, while `numpy.errstate` would cost each 0.6 us, as much as the whole of a small addition.
warnings.filterwarnings("ignore", r"(divide by zero|overflow|underflow|invalid value) encountered", RuntimeWarning, r"minigrad\.")

__all__ = ["array_namespace"]
