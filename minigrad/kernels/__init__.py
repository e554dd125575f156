"""Floor 0: plain functions on raw arrays that NumPy or CuPy lack.  They know no tensor and no gradient.

Each is one body for both libraries, which it reaches through `array_namespace(x)`, usually called `xp`; where the two
must part, `of(x)` gives the module for the array at hand, `cpu` or `gpu`.  A first walk through the rooms:
`convolution.py` (matrix products out of windows), `pooling.py`, `resample.py` (linear maps along axes), `scatter.py`
(many values into few places), `optimizers.py`, `special.py`.
"""

import warnings

from minigrad.kernels._namespace import array_namespace, of

# log(0) is -inf and 1e30 * 1e30 is inf: PyTorch answers without a word, NumPy warns.  Such warnings are ignored where they
# arise in minigrad's own lines, in all threads, and stay as they are in the user's.  An operation that does not warn pays
# nothing, while `numpy.errstate` would cost each 0.6 us, as much as the whole of a small addition.
warnings.filterwarnings("ignore", r"(divide by zero|overflow|underflow|invalid value) encountered", RuntimeWarning, r"minigrad\.")

__all__ = ["array_namespace", "of"]
