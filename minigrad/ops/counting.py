"""Counting: the distinct values of a tensor, how often each occurs, and in which of some intervals each one lies.

None of these has a gradient: counts and positions do not move when values move a little.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.autograd.inplace import _spoken as spoken
from minigrad.kernels import array_namespace
from minigrad.kernels.order import order
from minigrad.ops._dims import normalize_dim
from minigrad.ops.creation import linspace
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.return_types import return_type
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ distinct values


@operation(out=False)
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The distinct values in order; or with `dim` the distinct slices along it, in the order of a dictionary.

    `return_inverse` adds where each input element is in the result, `return_counts` how often each of the result occurs.
    A nan equals nothing, not even itself.

    >>> import minigrad
    >>> minigrad.tensor([3, 1, 3]).unique(return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    rows = _rows("unique", input, dim)
    xp = array_namespace(rows)
    one = rows.shape[1] == 1
    indices = order(rows[:, 0], 0) if one else xp.lexsort(xp.ascontiguousarray(rows.T[::-1]))
    return _runs(input, rows[indices], indices, return_inverse, return_counts, dim)


@operation(out=False)
def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """One value for each run of equal ones; or with `dim` one slice for each run of equal slices along it.

    >>> import minigrad
    >>> minigrad.tensor([1, 1, 2, 1]).unique_consecutive()
    tensor([1, 2, 1])
    """
    return _runs(input, _rows("unique_consecutive", input, dim), None, return_inverse, return_counts, dim)


def _rows(name: str, input: Any, dim: int | None) -> Any:
    """What is compared with each other, one per row: single elements, or slices along `dim`."""
    check_tensor(name, "input", input)
    x = input._array
    if dim is None:
        return x.reshape(-1, 1)
    if not x.shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = normalize_dim(dim, x.ndim)
    if 0 in x.shape and x.shape[axis]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    width = 1
    for i, n in enumerate(x.shape):
        width *= 1 if i == axis else n
    return array_namespace(x).moveaxis(x, axis, 0).reshape(x.shape[axis], width)


def _runs(input: Tensor, rows: Any, indices: Any, return_inverse: bool, return_counts: bool, dim: int | None) -> Any:
    """The first of each run of equal rows; `indices` says where the rows stood in the input."""
    xp, n = array_namespace(rows), len(rows)
    fresh = xp.ones(n, bool)
    fresh[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    starts = xp.flatnonzero(fresh)
    values = rows[starts]
    if dim is None:
        values = values[:, 0]
    else:
        shape, axis = input._array.shape, normalize_dim(dim, input.ndim)
        values = xp.ascontiguousarray(xp.moveaxis(values.reshape(-1, *shape[:axis], *shape[axis + 1 :]), 0, axis))
    results = [values]
    if return_inverse:
        inverse = xp.cumsum(fresh, dtype="int64") - 1
        if indices is not None:
            scattered = xp.empty(n, "int64")
            scattered[indices] = inverse
            inverse = scattered
        results.append(inverse.reshape(input._array.shape) if dim is None else inverse)
    if return_counts:
        results.append(xp.diff(xp.concatenate((starts, xp.asarray([n])))))
    return wrap(values) if len(results) == 1 else tuple(map(wrap, results))


@operation(method=False)
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is one of `test_elements`.

    >>> import minigrad
    >>> minigrad.isin(minigrad.tensor([1, 2, 3]), minigrad.tensor([1, 3]))
    tensor([ True, False,  True])
    """
    given = [t for t in (elements, test_elements) if isinstance(t, Tensor)]
    if not given:
        raise TypeError("isin(): expected a Tensor for elements or test_elements")
    xp = array_namespace(given[0]._array)
    x, candidates = (xp.asarray(t._array if isinstance(t, Tensor) else t) for t in (elements, test_elements))
    return wrap(xp.isin(x, candidates.reshape(-1), invert=invert))


# ------------------------------------------------------------------------------------------------ counts


@operation
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2... occurs in a vector of integers, or the sum of the weights of its occurrences.

    >>> import minigrad
    >>> minigrad.tensor([1, 1, 3]).bincount()
    tensor([0, 2, 0, 1])
    """
    check_tensor("bincount", "input", input)
    x = input._array
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f'"bincount_cpu" not implemented for {spoken(input.dtype)!r}: it counts integers')
    if x.ndim != 1 or x.size and bool((x < 0).any()):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError(f"minlength should be >= 0, got {minlength}")
    xp = array_namespace(x)
    x = x.astype("int64", copy=False)
    if weights is None:
        return wrap(xp.bincount(x, minlength=minlength))
    if weights._array.shape != x.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    kind = "float32" if weights.dtype is dtypes.float32 else "float64"
    return wrap(xp.bincount(x, weights._array.astype("float64", copy=False), minlength).astype(kind, copy=False))


@operation
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements fall into each of `bins` equal intervals between min and max, or between the data's own ends.

    Elements outside are not counted; the last interval includes its right end.

    >>> import minigrad
    >>> minigrad.histc(minigrad.tensor([1., 2., 1.]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    check_tensor("histc", "input", input)
    if not input.is_floating_point():
        raise NotImplementedError(f'"histogram_cpu" not implemented for {spoken(input.dtype)!r}: convert first, with .float()')
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0, but got {bins} for dimension 0")
    low, high = _ends("histc", input, min, max)
    return wrap(_linear_counts(input._array.reshape(-1), None, bins, low, high))


def _ends(name: str, input: Tensor, low: Any, high: Any) -> tuple[float, float]:
    """The range to count in: the one asked for, or that of the data if it is empty."""
    low, high = float(low), float(high)
    x = input._array
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.{name}: max must be larger than min, got [{low}, {high}]")
    return (low - 1, high + 1) if low == high else (low, high)


def _linear_counts(x: Any, weights: Any, bins: int, low: float, high: float) -> Any:
    """Counts in equal intervals: the number of an interval is a linear function of the value."""
    xp, kind = array_namespace(x), x.dtype
    inside = (x >= low) & (x <= high)
    x = x[inside]
    places = xp.minimum(((x - low) * bins / (high - low)).astype("int64"), bins - 1)
    weights = weights if weights is None else weights[inside]
    return xp.bincount(places, weights, bins).astype(kind)


@operation
def histogram(input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None, density: bool = False) -> Any:
    """How many elements fall into each interval: (hist, bin_edges).

    `bins` is a number of equal intervals, in a `range` (low, high) or between the data's own ends, or a tensor of their edges.
    `weight` says how much each element counts; `density` divides by the total and by the widths, so that the integral is 1.

    >>> import minigrad
    >>> minigrad.histogram(minigrad.tensor([1., 2., 1.]), bins=2).hist
    tensor([2., 1.])
    """
    check_tensor("histogram", "input", input)
    if not isinstance(bins, (int, Tensor)):
        raise TypeError(f"histogram(): argument 'bins' must be int or Tensor, not {type(bins).__name__}")
    points = input.reshape(-1, 1)
    weight = weight if weight is None else weight.reshape(-1)
    hist, edges = histogramdd(points, (bins,), range=range, weight=weight, density=density)
    return return_type("histogram", "hist", "bin_edges")(hist, edges[0])


@operation(method=False, out=False)
def histogramdd(input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False) -> Any:
    """How many points fall into each box of a grid: (hist, bin_edges).  The last dimension holds the coordinates of a point.

    `bins` is one number of intervals for all coordinates, or for each coordinate a number or a tensor of edges.

    >>> import minigrad
    >>> minigrad.histogramdd(minigrad.tensor([[0., 0.], [1., 1.]]), [2, 2]).hist
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_tensor("histogramdd", "input", input)
    if not input.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if input.ndim < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    if not input.is_floating_point():
        raise NotImplementedError(f'"histogramdd" not implemented for {spoken(input.dtype)!r}: convert first, with .float()')
    points = input._array.reshape(-1, input._array.shape[-1])
    xp, coordinates = array_namespace(points), points.shape[1]
    axes = list(builtins.range(coordinates))
    bins = [bins] * coordinates if isinstance(bins, int) else list(bins)
    if len(bins) != coordinates:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    if range is not None and len(range) != 2 * coordinates:
        raise RuntimeError(
            f"torch.histogramdd: for a {coordinates}-dimensional histogram range should have {2 * coordinates} elements, but got "
            f"{len(range)}"
        )
    weights = _check_weight(input, weight)
    ends = [None] * coordinates if range is None else [range[2 * i : 2 * i + 2] for i in axes]
    edges = [_edges(input, points[:, i], bins[i], ends[i], i) for i in axes]
    box, inside = xp.zeros(len(points), "int64"), xp.ones(len(points), bool)
    for x, bounds in zip(points.T, edges, strict=True):
        count = max(len(bounds) - 1, 0)
        place = xp.where(x == bounds[-1:], count, _search(bounds, x, True)) - 1  # the last interval has its right end
        inside &= (place >= 0) & (place < count)
        box = box * count + place
    shape = tuple(max(len(bounds) - 1, 0) for bounds in edges)
    weights = weights if weights is None else weights[inside]
    hist = xp.bincount(box[inside], weights, math.prod(shape)).astype(points.dtype).reshape(shape)
    if density:
        hist = hist / hist.sum()
        for axis, bounds in enumerate(edges):
            hist = hist / xp.diff(bounds).reshape([-1 if i == axis else 1 for i in axes])
    return return_type("histogramdd", "hist", "bin_edges")(wrap(hist), tuple(map(wrap, edges)))


def _check_weight(input: Tensor, weight: Tensor | None) -> Any:
    if weight is None:
        return None
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got "
            f"input({input.dtype}), and weight({weight.dtype})"
        )
    if weight.shape != input.shape[:-1]:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its "
            f"innermost dimension, but got input with shape {list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    return weight._array.reshape(-1)


def _edges(input: Tensor, x: Any, bins: Any, ends: Any, dim: int) -> Any:
    """The edges of the intervals along one coordinate."""
    if isinstance(bins, Tensor):
        if bins.ndim != 1:
            raise RuntimeError(
                f"torch.histogramdd: bins tensor should have one dimension, but got {bins.ndim} dimensions in the bins tensor for "
                f"dimension {dim}"
            )
        if bins.dtype is not input.dtype:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{input.dtype} and bins for dimension {dim} with dtype {bins.dtype}"
            )
        return bins._array.copy()
    if bins <= 0:
        raise RuntimeError(f"torch.histogramdd(): bins must be > 0, but got {bins} for dimension {dim}")
    low, high = map(float, ends) if ends is not None else (float(x.min()), float(x.max())) if x.size else (0.0, 1.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {dim}'s range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.histogramdd: min should not exceed max, but got min {low} max {high} for dimension {dim}")
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    return linspace(low, high, bins + 1, dtype=input.dtype, device=input.device)._array


# ------------------------------------------------------------------------------------------------ intervals


@operation(method=False)
def searchsorted(sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False,
                 side: str | None = None, sorter: Tensor | None = None) -> Tensor:  # fmt: skip
    """Where each value would have to be inserted to keep a sequence sorted: to the left or right of equal ones.

    Sequences lie along the last dimension; the other dimensions of the values are theirs, unless there is one sequence.

    >>> import minigrad
    >>> minigrad.searchsorted(minigrad.tensor([1, 3, 5]), minigrad.tensor([3, 6]))
    tensor([1, 3])
    """
    check_tensor("searchsorted", "sorted_sequence", sorted_sequence)
    bounds = sorted_sequence._array
    xp = array_namespace(bounds)
    number = not isinstance(input, Tensor)
    values = xp.asarray(input) if number else input._array
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True")
    if not values.shape and bounds.ndim != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
            f"tensor dim({bounds.ndim}) and input value's dim(0) numel(1)"
        )
    if bounds.ndim != 1 and bounds.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(bounds.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    if not number and input.dtype is not sorted_sequence.dtype:
        raise RuntimeError(
            "torch.searchsorted(): boundary tensor and input value tensor should have same dtype, but got boundary tensor's dtype "
            f"{spoken(sorted_sequence.dtype)} and input value tensor's dtype {spoken(input.dtype)}"
        )
    if sorter is not None:
        _check_sorter(sorted_sequence, sorter)
        bounds = xp.take_along_axis(bounds, sorter._array, -1)
    if out_int32 and bounds.shape[-1] >= 2**31:
        raise RuntimeError("torch.searchsorted(): with out_int32 the boundaries' last dimension should be less than 2^31")
    return wrap(_search(bounds, values, right or side == "right").astype("int32" if out_int32 else "int64"))


def _check_sorter(sequence: Tensor, sorter: Tensor) -> None:
    if sorter._array.shape != sequence._array.shape:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence._array.shape)} and got sorter tensor {list(sorter._array.shape)}"
        )
    if sorter.dtype is not dtypes.int64:
        raise RuntimeError(f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {spoken(sorter.dtype)}")
    if sorter._array.size and not (0 <= int(sorter._array.min()) and int(sorter._array.max()) < sequence._array.shape[-1]):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


def _search(bounds: Any, values: Any, right: bool) -> Any:
    """Bisection of all values at once: the place lies in [low, high), which halves in each step."""
    xp, n = array_namespace(bounds), bounds.shape[-1]
    low = xp.zeros(values.shape, "int64")
    high = xp.full(values.shape, n, "int64")
    flat = bounds.reshape(-1)
    rows = xp.arange(flat.size // max(n, 1)).reshape(bounds.shape[:-1] + (1,)) * n if bounds.ndim > 1 else 0
    for _ in range(n.bit_length()):
        middle = (low + high) // 2
        found = flat[rows + xp.minimum(middle, n - 1)]
        further = ~(found > values if right else found >= values) & (low < high)
        low, high = xp.where(further, middle + 1, low), xp.where(further, high, middle)
    return low


@operation
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the interval that each value lies in, between sorted boundaries.

    >>> import minigrad
    >>> minigrad.bucketize(minigrad.tensor([0, 3, 9]), minigrad.tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    check_tensor("bucketize", "boundaries", boundaries)
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
