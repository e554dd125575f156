"""Which of several equal values is named: the one that PyTorch names on the CPU.

`topk`, `kthvalue`, `median` and `mode` leave open which of equal values they pick.  PyTorch takes what its algorithms
happen to leave there, and these move equal values about in a way that is intricate but always the same.  So the rows in
which a tie matters, and only these, are done over here, one at a time, with the same textbook algorithms: introspective
sorting and selection (Musser, 1997) on heaps (Floyd, 1964), and selection by halves (Hoare, 1961).  They know a row
as `rank`, the rank of the value at each place, and move the places about.  `ops/sorting.py` is the caller.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

from ._namespace import Array, array_namespace, is_half

MANY = 1 << 16  # larger arrays name whichever of equal values is at hand: the loops below take some 0.5 us a number
SHORT = 16  # so few are sorted by insertion, which keeps equal values in their order

Rank = list[int]


def matter(x: Array) -> bool:
    """Is it worth asking for ties?  Not in large arrays, and not on a GPU, where PyTorch's answer is another one."""
    return array_namespace(x) is numpy and x.size <= MANY


def equal(x: Array, y: Array) -> Array:
    """Where two arrays rank equal: nan is as large as nan."""
    return (x == y) | ((x != x) & (y != y))


def settled(x: Array, indices: Array, axis: int, tied: Array, rule: Callable[[Rank], list[int]], descending: bool = False) -> Array:
    """The indices along an axis, those of the tied rows chosen anew by a rule.  `tied` has size 1 along the axis."""
    rows = numpy.moveaxis(x.astype("float32") if is_half(x) else x, axis, -1)
    settled = numpy.moveaxis(indices.copy(), axis, -1)
    for row in zip(*numpy.moveaxis(tied, axis, -1)[..., 0].nonzero(), strict=True):
        rank = numpy.unique(rows[row], return_inverse=True)[1]
        settled[row] = rule((-rank if descending else rank).tolist())
    return numpy.moveaxis(settled, -1, axis)


# ------------------------------------------------------------------------------------------------ the rules


def smallest(rank: Rank, k: int) -> list[int]:
    """The places of the k smallest, in order: with a heap if they are few, else by selection, then sorting.

    >>> smallest([1, 0, 1, 1], 2)
    [1, 3]
    """
    places = list(range(len(rank)))
    if 64 * k <= len(rank):
        _heap_select(places, rank, 0, k, len(rank))
        _heap_sort(places, rank, 0, k)
    else:
        _introselect(places, rank, k - 1)
        _introsort(places, rank, k - 1)
    return places[:k]


def middle(rank: Rank, n: int) -> int:
    """The place of the n-th smallest (from 0), as the median finds it."""
    places = list(range(len(rank)))
    _introselect(places, rank, n)
    return places[n]


def ascending(rank: Rank) -> list[int]:
    """All places in order, as the mode sorts them: equal values do not keep theirs."""
    places = list(range(len(rank)))
    _introsort(places, rank, len(rank))
    return places


def nth(rank: Rank, n: int) -> int:
    """The place of the n-th smallest (from 0), as kthvalue finds it: by halves around the median of three."""
    row = list(range(len(rank)))

    def swap(i: int, j: int, only_if: bool = True) -> None:
        if only_if:
            row[i], row[j] = row[j], row[i]

    low, high = 0, len(row) - 1
    while high > low + 1:
        swap((low + high) // 2, low + 1)
        swap(low + 1, high, rank[row[low + 1]] > rank[row[high]])
        swap(low, high, rank[row[low]] > rank[row[high]])
        swap(low + 1, low, rank[row[low + 1]] > rank[row[low]])
        pivot = rank[row[low]]
        i, j = _crossing(row, rank, low + 2, high - 1, pivot)
        i, j = (i + 1, j - 1) if i == j else (i, j)
        swap(low, j)
        low, high = (i if j <= n else low), (j - 1 if j >= n else high)
    if high == low + 1:
        swap(low, high, rank[row[low]] > rank[row[high]])
    return row[n]


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
    """Bring the n-th smallest to its place, smaller ones before it; with a heap where partitions do not get on."""
    low, high = 0, len(row)
    for _ in range(2 * (high.bit_length() - 1)):
        if high - low <= 3:
            break
        cut = _partition(row, rank, low, high)
        low, high = (cut, high) if cut <= n else (low, cut)
    if high - low > 3:
        _heap_select(row, rank, low, n + 1, high)
        row[low], row[n] = row[n], row[low]
    else:
        row[low:high] = sorted(row[low:high], key=rank.__getitem__)


def _introsort(row: list[int], rank: Rank, size: int) -> None:
    """Sort row[:size]: partitions down to short pieces, then insertion, which is stable and so is Python's own sort."""
    pieces = [(0, size, 2 * (size.bit_length() - 1))]
    while pieces:
        low, high, patience = pieces.pop()
        if high - low <= SHORT:
            continue
        if not patience:
            _heap_select(row, rank, low, high, high)
            _heap_sort(row, rank, low, high)
            continue
        cut = _partition(row, rank, low, high)
        pieces += [(low, cut, patience - 1), (cut, high, patience - 1)]
    row[:size] = sorted(row[:size], key=rank.__getitem__)


def _heap_select(row: list[int], rank: Rank, low: int, mid: int, high: int) -> None:
    """Bring the smallest of row[low:high] to row[low:mid], as a heap with the largest of them in front."""
    heap = row[low:mid]
    for hole in reversed(range(len(heap) // 2)):
        _sift(heap, rank, hole, len(heap), heap[hole])
    for i in range(mid, high):
        if rank[row[i]] < rank[heap[0]]:
            place, row[i] = row[i], heap[0]
            _sift(heap, rank, 0, len(heap), place)
    row[low:mid] = heap


def _heap_sort(row: list[int], rank: Rank, low: int, high: int) -> None:
    """Sort row[low:high], which is a heap: its front goes to the end, again and again."""
    heap = row[low:high]
    for last in reversed(range(1, len(heap))):
        place, heap[last] = heap[last], heap[0]
        _sift(heap, rank, 0, last, place)
    row[low:high] = heap


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
