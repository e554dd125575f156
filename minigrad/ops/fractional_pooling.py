"""Fractional max pooling: windows that start at random places, so that an image can shrink by any ratio.

(Graham, "Fractional max-pooling", 2014.)  Once the places of the largest numbers are known this is max pooling again;
read `pooling.py` first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.pooling import MaxPoolGather
from minigrad.ops.random import default_generator
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Ints = tuple[int, ...]


def _starts(sample: Any, S: int, out: int, k: int) -> Any:
    """Where the windows of one axis start, (N, C, O): steps of (S - k) / (O - 1) from a random phase, then the end."""
    xp = array_namespace(sample)
    starts = xp.full((*sample.shape, out), S - k, "int64")
    if out > 1:
        step = sample.dtype.type((S - k) / (out - 1))
        steps = (xp.arange(out - 1, dtype=sample.dtype) + sample[..., None]) * step
        starts[..., :-1] = steps.astype("int64") - (sample * step).astype("int64")[..., None]
    return starts


def _places_of_largest(x: Any, samples: Any, kernel: Ints, out: Ints) -> Any:
    """The place of each window's largest number, (N, C, *O), counted through the spatial axes of x (N, C, *S)."""
    xp, d = array_namespace(x), len(kernel)
    places = xp.zeros((*x.shape[:2], *(1,) * d), "int64")
    for axis, (S, o, k) in enumerate(zip(x.shape[2:], out, kernel)):
        sample = samples[..., 1 - axis if d == 2 else axis]  # PyTorch's order: in two dimensions width first
        start = _starts(sample, S, o, k).reshape(*x.shape[:2], *(o if i == axis else 1 for i in range(d)))
        places = places * S + start
    taps = []
    for offsets in itertools.product(*map(range, kernel)):
        offset = 0
        for S, i in zip(x.shape[2:], offsets):
            offset = offset * S + i
        taps.append(places + offset)
    windows = xp.stack(taps, -1)
    planes = x.reshape(*x.shape[:2], prod(x.shape[2:]))
    in_a_row = windows.reshape(*x.shape[:2], prod(windows.shape[2:]))
    values = xp.take_along_axis(planes, in_a_row, -1).reshape(windows.shape)
    return xp.take_along_axis(windows, values.argmax(axis=-1)[..., None], -1)[..., 0]


def _public(d: int) -> Callable[..., Any]:
    name = f"fractional_max_pool{d}d"

    def fractional_max_pool(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        check_tensor(name, "input", input)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        if input.ndim not in (d + 1, d + 2) or 0 in input.shape[-d - 1 :]:
            raise RuntimeError(f"{name}(): Expected {d + 1}D or {d + 2}D tensor, but got: {list(input.shape)}")
        if input.ndim == d + 1:
            batch = input.unsqueeze(0)
            result = fractional_max_pool(batch, kernel_size, output_size, output_ratio, True, _random_samples)
            return tuple(t.squeeze(0) for t in result) if return_indices else result[0].squeeze(0)
        kernel, size = _per_axis(kernel_size, d), tuple(input.shape[2:])
        if output_size is None:
            ratios = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio,) * d
            out = tuple(int(n * ratio) for n, ratio in zip(size, ratios))
        else:
            out = _per_axis(output_size, d)
        for n, o, k in zip(size, out, kernel):
            if o + k - 1 > n or o < 1:
                raise RuntimeError(f"{name}(): pool size {k} too large relative to input size {n} for an output of {o}")
        xp, x = array_namespace(input._array), input._array
        if _random_samples is None:
            samples = xp.asarray(default_generator.uniform((*x.shape[:2], d), x.dtype))
        else:
            samples = _random_samples._array
        places = wrap(_places_of_largest(x, samples, kernel, out))
        y = MaxPoolGather.apply(input, places, d)
        return (y, places) if return_indices else y

    fractional_max_pool.__name__ = fractional_max_pool.__qualname__ = name
    fractional_max_pool.__doc__ = f"""The largest number of windows that start at random places, over {d} spatial axes.

    The output has `output_size`, or `output_ratio` (below 1) times the size of the input, (N, C, *S) or (C, *S).  With
    `return_indices` also the place of each.  (Graham, 2014.)

    >>> import minigrad
    >>> minigrad.nn.functional.{name}(minigrad.ones(1, 1, {", ".join("7" * d)}), 2, output_ratio=0.6).sum()
    tensor({4**d}.)
    """
    return operation(fractional_max_pool, where="nn.functional", out=False)


def _per_axis(value: Any, d: int) -> Ints:
    return tuple(int(n) for n in value) if isinstance(value, Sequence) else (int(value),) * d


fractional_max_pool2d = _public(2)
fractional_max_pool3d = _public(3)
