"""Data sets index, join and split as PyTorch's do."""

from __future__ import annotations

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.utils.data as mine

torch = pytest.importorskip("torch")
theirs = torch.utils.data

BOTH = [(minigrad, mine), (torch, theirs)]
both = pytest.mark.parametrize("lib, data", BOTH, ids=["minigrad", "torch"])


def plain(value):
    """Tensors as lists, containers kept, so that results of the two libraries compare."""
    if hasattr(value, "tolist"):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, str):
        return [type(value).__name__, *map(plain, value)]
    return value


def stream(data, n=5):
    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

        def __len__(self):
            return n

    return Stream()


USES = {
    "row": lambda L, D: D.TensorDataset(L.arange(10.0), L.arange(10))[3],
    "rows": lambda L, D: D.TensorDataset(L.arange(10.0))[2:4],
    "last row": lambda L, D: D.TensorDataset(L.arange(10.0))[-1],
    "rows by list": lambda L, D: D.TensorDataset(L.arange(10.0))[[1, 2]],
    "lengths": lambda L, D: len(D.TensorDataset(L.zeros(4, 2), L.zeros(4))),
    "concat": lambda L, D: [
        (D.TensorDataset(L.arange(3)) + D.TensorDataset(L.arange(4)))[i] for i in (0, 2, 3, 6, -1, -7)
    ],
    "concat sizes": lambda L, D: D.ConcatDataset([range(2), range(5)]).cumulative_sizes,
    "subset": lambda L, D: D.Subset(range(10, 20), [3, 1])[1],
    "subset by list": lambda L, D: D.Subset(D.TensorDataset(L.arange(9)), [3, 1, 5])[[2, 0]],
    "subset at once": lambda L, D: D.Subset(range(10, 20), [3, 1, 5]).__getitems__([2, 0]),
    "stack": lambda L, D: D.StackDataset(range(5), "abcde")[2],
    "stack by name": lambda L, D: D.StackDataset(a=range(5), b=D.TensorDataset(L.arange(5)))[2],
    "stack at once": lambda L, D: D.StackDataset(a=range(5), b="abcde").__getitems__([3, 1]),
    "stack length": lambda L, D: len(D.StackDataset(a=range(5))),
    "chain": lambda L, D: (list(stream(D) + stream(D, 2)), len(D.ChainDataset([stream(D), stream(D)]))),
}

MISTAKES = {
    "sizes": lambda L, D: D.TensorDataset(L.zeros(3), L.zeros(4)),
    "beyond the end": lambda L, D: D.TensorDataset(L.arange(3))[3],
    "no __getitem__": lambda L, D: D.Dataset()[0],
    "no __len__": lambda L, D: len(D.Dataset()),
    "concat beyond the end": lambda L, D: D.ConcatDataset([range(2), range(2)])[4],
    "concat before the start": lambda L, D: D.ConcatDataset([range(2), range(2)])[-5],
    "nothing to concat": lambda L, D: D.ConcatDataset([]),
    "concat of a stream": lambda L, D: D.ConcatDataset([stream(D)]),
    "chain of no stream": lambda L, D: list(D.ChainDataset([range(3)])),
    "nothing to stack": lambda L, D: D.StackDataset(),
    "stack both ways": lambda L, D: D.StackDataset(range(3), a=range(3)),
    "stack sizes": lambda L, D: D.StackDataset(range(3), range(4)),
    "stream without __iter__": lambda L, D: iter(D.IterableDataset()),
    "split sum": lambda L, D: D.random_split(range(10), [3, 3]),
    "split fractions": lambda L, D: D.random_split(range(10), [0.5, 0.6]),
    "split fraction below zero": lambda L, D: D.random_split(range(10), [0.5, -0.1, 0.6]),
}


@pytest.mark.parametrize("name", USES)
def test_results_are_those_of_torch(name):
    assert plain(USES[name](minigrad, mine)) == plain(USES[name](torch, theirs))


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_the_errors_of_torch(name):
    with pytest.raises(Exception) as wanted:
        MISTAKES[name](torch, theirs)
    with pytest.raises(type(wanted.value)) as got:
        MISTAKES[name](minigrad, mine)
    if not isinstance(wanted.value, (IndexError, TypeError)):
        assert str(wanted.value)[:40] in str(got.value)


@given(st.integers(0, 2**40), st.lists(st.integers(0, 20), min_size=1, max_size=4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_random_split_deals_the_same_parts_from_the_same_seed(seed, lengths, own_generator):
    parts, after = [], []
    for lib, data in BOTH:
        generator = lib.Generator().manual_seed(seed) if own_generator else lib.manual_seed(seed)
        parts.append([list(s.indices) for s in data.random_split(range(sum(lengths)), lengths, generator)])
        after.append(lib.rand(3).tolist())
    assert parts[0] == parts[1]
    if not own_generator:
        assert after[0] == after[1]
    assert sorted(i for part in parts[0] for i in part) == list(range(sum(lengths)))


@pytest.mark.filterwarnings("ignore:Length of split")
@pytest.mark.parametrize("n", [1, 7, 10, 101])
@pytest.mark.parametrize("fractions", [[0.5, 0.5], [0.33, 0.33, 0.34], [0.05, 0.95], [1.0], [0.9, 0.05, 0.05]])
def test_fractions_are_rounded_as_in_torch(n, fractions):
    sizes = [[len(s) for s in data.random_split(range(n), fractions)] for _, data in BOTH]
    assert sizes[0] == sizes[1]


@both
def test_an_empty_part_warns(lib, data):
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        data.random_split(range(3), [0.9, 0.1])


Point = collections.namedtuple("Point", "x y")


def test_subsets_of_subsets_find_the_rows_of_the_first():
    data = mine.TensorDataset(minigrad.arange(10))
    inner = mine.Subset(mine.Subset(data, [9, 7, 5, 3]), [3, 0])
    assert [int(row) for (row,) in inner] == [3, 9]
