"""minigrad: PyTorch you can read.  `import minigrad as torch`, and most programs run.

Where to start reading: `autograd/variable.py`, `autograd/node.py`, `autograd/function.py` and `autograd/engine.py` for how
gradients are computed, `tensor.py` for what a tensor is, `ops/arithmetic.py` for what an operation looks like.
"""

from minigrad import _startup  # isort: skip  # before NumPy: it chooses settings of BLAS and of memory allocation

from math import e, inf, nan, pi
from typing import TYPE_CHECKING

from minigrad import autograd, backends, cuda, linalg, ops, random, special
from minigrad import devices as _devices
from minigrad import dtypes as _dtypes
from minigrad._config import show_config
from minigrad._version import __version__
from minigrad.autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.kernels.blas import get_num_threads, set_num_threads
from minigrad.layout import channels_last, channels_last_3d, contiguous_format, layout, memory_format, preserve_format, strided
from minigrad.ops.registry import export as _export
from minigrad.printing import set_printoptions
from minigrad.random import Generator, default_generator
from minigrad.tensor import Size, Tensor

if TYPE_CHECKING:
    from minigrad._functions import *  # noqa: F403

_export("", globals())

device, get_default_device, set_default_device = _devices.device, _devices.get_default_device, _devices.set_default_device
dtype, finfo, iinfo, promote_types = _dtypes.dtype, _dtypes.finfo, _dtypes.iinfo, _dtypes.promote_types
get_default_dtype, set_default_dtype = _dtypes.get_default_dtype, _dtypes.set_default_dtype
globals().update(_dtypes.NAMES)  # float32 and float, int64 and long, bool ...
newaxis = None

# The upper floors are written against this face, so they come last.
from minigrad import nn, optim, utils  # isort: skip  # noqa: E402
from minigrad.serialization import load, save  # isort: skip  # noqa: E402
