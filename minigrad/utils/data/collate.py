"""From a list of samples to a batch: stack what can be stacked, and keep the structure around it.

`default_collate` turns a list of pairs into a pair of tensors, a list of dictionaries into a dictionary of tensors, and
so on down.  `default_convert` does the same to one sample, without a new dimension.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import minigrad
from minigrad import dtypes
from minigrad.tensor import Tensor

_EXPECTED = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def default_collate(batch: Sequence[Any]) -> Any:
    """A batch from a list of samples: tensors and arrays are stacked along a new first dimension.

    Python's floats become a float64 tensor, whole numbers int64; strings and bytes stay as they are; mappings, named
    tuples and sequences keep their structure (a plain tuple becomes a list, as in PyTorch).  TypeError for anything
    else, RuntimeError for samples whose sizes differ.

    >>> import minigrad
    >>> minigrad.utils.data.default_collate([(minigrad.tensor([1.0, 2.0]), 0), (minigrad.tensor([3.0, 4.0]), 1)])
    [tensor([[1., 2.],
            [3., 4.]]), tensor([0, 1])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return minigrad.stack(batch)
    if _is_array(first):
        if first.dtype.kind not in "biufc":
            raise TypeError(_EXPECTED.format(first.dtype))
        return minigrad.stack([minigrad.as_tensor(array) for array in batch])
    if isinstance(first, float):
        return minigrad.tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return minigrad.tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _like(first, [default_collate(parts) for parts in zip(*batch, strict=True)])
    raise TypeError(_EXPECTED.format(type(first)))


def default_convert(data: Any) -> Any:
    """One sample with its arrays turned into tensors, the structure kept; what is unknown stays as it is.

    >>> import minigrad
    >>> minigrad.utils.data.default_convert({"x": 1, "y": "text"})
    {'x': 1, 'y': 'text'}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if _is_array(data):
        return minigrad.as_tensor(data) if data.dtype.kind in "biufc" else data
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence):
        return _like(data, [default_convert(part) for part in data])
    return data


def _is_array(value: Any) -> bool:
    """Whether this is an array or a scalar of NumPy (or of another library that speaks its protocol)."""
    return hasattr(value, "__array__") and hasattr(value, "dtype") and not isinstance(value, Tensor)


def _like(original: Any, parts: Any) -> Any:
    """`parts` in a container of the original's kind, where that kind can be made; else a plain dict or list."""
    if isinstance(original, tuple):
        return type(original)(*parts) if hasattr(original, "_fields") else parts
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)  # keeps what else the mapping knows, such as the factory of a defaultdict
            clone.update(parts)
            return clone
        return type(original)(parts)
    except TypeError:
        return parts
