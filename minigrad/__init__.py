"""minigrad: PyTorch you can read.  `import minigrad as torch`."""

from minigrad import autograd, dtypes, ops
from minigrad.autograd.modes import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minigrad.device import device
from minigrad.dtypes import *  # noqa: F403
from minigrad.ops.registry import export
from minigrad.tensor import Size, Tensor

__version__ = "0.1.0"
export("", globals())
