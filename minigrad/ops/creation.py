"""Making tensors: from data, filled with a value, counted out."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


@operation(method=False, out=False)
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """draft"""
    array = np.array(data)
    if dtype is None and array.dtype == np.float64 and not isinstance(data, (np.ndarray, np.generic)):
        dtype = dtypes.get_default_dtype()
    if dtype is not None:
        array = array.astype(dtype.numpy)
    result = wrap(array)
    return result.requires_grad_() if requires_grad else result


@operation(method=False)
def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """draft"""
    return tensor(np.ones(size, "float32"), requires_grad=requires_grad)
