"""Which of several equal values is named: the one that PyTorch names on the CPU.

`topk`, `kthvalue` and `mode` leave open which of equal values they pick.  PyTorch takes what its algorithms happen to
leave there, and these move equal values about in a way that is intricate but always the same.  So the rows in which a
tie matters, and only these, are done over here, one at a time, with the same textbook algorithms: introspective sorting
and selection (Musser, 1997), heaps (Floyd, 1964), selection by halves (Hoare, 1961; median of three: Singleton, 1969).
They see the ranks of values and move places about.  Read `order.py` next; `ops/sorting.py` calls both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

from ._namespace import Array, array_namespace
from .order import order

MANY = 1 << 14  # in larger arrays any of equal values may be named: the loops below take up to 1 us a number
SHORT = 16  # so few are sorted by insertion, which keeps equal values in their order

Rank = list[int]  # of the value at each place of a row, the same for equal values


def matter(x: Array) -> bool:
    """Is it worth looking for ties?  Not in large arrays, and not on a GPU, where PyTorch itself picks others."""
    return array_namespace(x) is numpy and x.size <= MANY


def equal(x: Array, y: Array) -> Array:
    """Where x and y rank equal: nan is as large as nan."""
    return (x == y) | ((x != x) & (y != y)) if x.dtype.kind in "fV" else x == y


def repeats(x: Array, indices: Array, axis: int) -> Array:
    """Which values at sorted indices are equal to the one before; there is none before the first, which is left out."""
    values, before = numpy.take_along_axis(x, indices, axis), (slice(None),) * axis
    return equal(values[(*before, slice(1, None))], values[(*before, slice(-1))])


def settled(x: Array, indices: Array, axis: int, tied: Array, rule: Callable[[Rank], list[int]], descending: bool = False) -> Array:
    """The indices along an axis, those of the tied rows (a mask without that axis) chosen anew by a rule."""
    if not tied.any():
        return indices
    rows = numpy.moveaxis(x, axis, -1)[tied]
    places = order(rows, 1, descending)
    rank = numpy.zeros_like(places)
    numpy.put_along_axis(rank, places[:, 1:], numpy.cumsum(~repeats(rows, places, 1), axis=1), 1)
    indices = indices.copy()
    numpy.moveaxis(indices, axis, -1)[tied] = [rule(row) for row in rank.tolist()]
    return indices


# ------------------------------------------------------------------------------------------------ the rules


def smallest(rank: Rank, k: int) -> list[int]:
    """The places of the k smallest, in order: with a heap if they are few, else by selection, then sorting.

    >>> smallest([1, 0, 1, 1], 2)
    [1, 3]
    """
    places = list(range(len(rank)))
    if 64 * k <= len(rank):
        _heap_select(places, rank, 0, k, len(rank), sort=True)
    else:
        _introselect(places, rank, k - 1)
        _introsort(places, rank, k - 1)
    return places[:k]


def ascending(rank: Rank) -> list[int]:
    """All places in order of their values; equal values do not keep theirs."""
    places = list(range(len(rank)))
    _introsort(places, rank, len(rank))
    return places


def nth(rank: Rank, n: int) -> list[int]:
    """The place of the n-th smallest (from 0), by halves around the median of three."""
    row, low, high = list(range(len(rank))), 0, len(rank) - 1
    while high > low + 1:
        middle = (low + high) // 2
        row[middle], row[low + 1] = row[low + 1], row[middle]
        for i, j in ((low + 1, high), (low, high), (low + 1, low)):  # the median comes to the front
            if rank[row[i]] > rank[row[j]]:
                row[i], row[j] = row[j], row[i]
        i, j = _crossing(row, rank, low + 2, high - 1, rank[row[low]])
        i, j = (i + 1, j - 1) if i == j else (i, j)
        row[low], row[j] = row[j], row[low]
        low, high = (i if j <= n else low), (j - 1 if j >= n else high)
    row[low : high + 1] = sorted(row[low : high + 1], key=rank.__getitem__)  # one or two, or none
    return [row[n]]


# ------------------------------------------------------------------------------------------------ their parts


def _crossing(row: list[int], rank: Rank, i: int, j: int, pivot: int) -> tuple[int, int]:
    """From i upwards and j downwards, exchange what is on the wrong side of the pivot, until the two have met."""
    while True:
        while rank[row[i]] < pivot:
            i += 1
        while rank[row[j]] > pivot:
            j -= 1
        if i >= j:
            return i, j
        row[i], row[j] = row[j], row[i]
        i, j = i + 1, j - 1


def _partition(row: list[int], rank: Rank, low: int, high: int) -> int:
    """Part row[low:high] around the median of three, which is brought to its front; where the second part begins."""
    median = sorted((high - 1, (low + high) // 2, low + 1), key=lambda i: rank[row[i]])[1]
    row[low], row[median] = row[median], row[low]
    return _crossing(row, rank, low + 1, high - 1, rank[row[low]])[0]


def _introselect(row: list[int], rank: Rank, n: int) -> None:
    """Bring the n-th smallest to its place, no larger ones before it; with a heap where partitions do not get on."""
    low, high = 0, len(row)
    for _ in range(2 * (high.bit_length() - 1)):
        if high - low <= 3:
            break
        cut = _partition(row, rank, low, high)
        low, high = (cut, high) if cut <= n else (low, cut)
    if high - low > 3:
        _heap_select(row, rank, low, n + 1, high, sort=False)
        row[low], row[n] = row[n], row[low]
    else:
        row[low:high] = sorted(row[low:high], key=rank.__getitem__)


def _introsort(row: list[int], rank: Rank, size: int) -> None:
    """Sort row[:size]: partitions down to short pieces, then insertion, which is stable and so is Python's own sort."""
    pieces = [(0, size, 2 * (size.bit_length() - 1))]
    while pieces:
        low, high, patience = pieces.pop()
        if high - low > SHORT and patience:
            cut = _partition(row, rank, low, high)
            pieces += [(low, cut, patience - 1), (cut, high, patience - 1)]
        elif high - low > SHORT:
            _heap_select(row, rank, low, high, high, sort=True)
    row[:size] = sorted(row[:size], key=rank.__getitem__)


def _heap_select(row: list[int], rank: Rank, low: int, mid: int, high: int, sort: bool) -> None:
    """Bring the smallest of row[low:high] to row[low:mid], sorted or as a heap with the largest of them in front."""
    heap = row[low:mid]
    for hole in reversed(range(len(heap) // 2)):
        _sift(heap, rank, hole, len(heap), heap[hole])
    for i in range(mid, high):
        if rank[row[i]] < rank[heap[0]]:
            place, row[i] = row[i], heap[0]
            _sift(heap, rank, 0, len(heap), place)
    for last in reversed(range(1, len(heap) if sort else 1)):
        place, heap[last] = heap[last], heap[0]
        _sift(heap, rank, 0, last, place)
    row[low:mid] = heap


def _sift(heap: list[int], rank: Rank, hole: int, size: int, place: int) -> None:
    """Fill a hole in heap[:size]: let it sink to a leaf along the larger children, then rise to where the place fits."""
    top = hole
    while (child := 2 * hole + 2) < size:
        child -= rank[heap[child]] < rank[heap[child - 1]]
        heap[hole], hole = heap[child], child
    if child == size:  # a left child alone
        heap[hole], hole = heap[child - 1], child - 1
    while hole > top and rank[heap[parent := (hole - 1) // 2]] < rank[place]:
        heap[hole], hole = heap[parent], parent
    heap[hole] = place
