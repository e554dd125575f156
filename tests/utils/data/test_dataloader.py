"""The loader gives PyTorch's batches in PyTorch's order, on the short cut and off it."""

from __future__ import annotations

import collections
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.utils.data as mine
from minigrad.utils.data import dataloader

torch = pytest.importorskip("torch")
theirs = torch.utils.data
BOTH = [(minigrad, mine), (torch, theirs)]


def plain(value):
    """Tensors as lists with their type, containers as they are."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return str(value.dtype), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return type(value).__name__, {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(plain, value)]
    return value


def pairs(lib, data, n=10):
    return data.TensorDataset(lib.arange(2.0 * n).reshape(n, 2), lib.arange(n))


def squares(data, n=10):
    class Squares(data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, i):
            return {"i": i, "square": i * i / 2, "name": str(i)}

    return Squares()


def stream(data, n=7, length=None):
    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(n))

    if length is not None:
        Stream.__len__ = lambda self: length
    return Stream()


LOADERS = {
    "one by one": lambda L, D: D.DataLoader(pairs(L, D)),
    "batches": lambda L, D: D.DataLoader(pairs(L, D), batch_size=4),
    "whole batches": lambda L, D: D.DataLoader(pairs(L, D), 4, drop_last=True),
    "shuffled": lambda L, D: D.DataLoader(pairs(L, D), batch_size=4, shuffle=True),
    "own generator": lambda L, D: D.DataLoader(pairs(L, D), 3, True, generator=L.Generator().manual_seed(9)),
    "unbatched": lambda L, D: D.DataLoader(pairs(L, D), batch_size=None),
    "unbatched, shuffled": lambda L, D: D.DataLoader(pairs(L, D), batch_size=None, shuffle=True),
    "sampler": lambda L, D: D.DataLoader(pairs(L, D), 2, sampler=[5, 3, 1]),
    "weighted": lambda L, D: D.DataLoader(pairs(L, D), 3, sampler=D.WeightedRandomSampler([1.0] * 10, 8)),
    "batch sampler": lambda L, D: D.DataLoader(pairs(L, D), batch_sampler=[[1], [2, 3], [-1, 0, 4]]),
    "collate_fn": lambda L, D: D.DataLoader(pairs(L, D), 3, collate_fn=lambda samples: len(samples)),
    "subset": lambda L, D: D.DataLoader(D.Subset(D.Subset(pairs(L, D), [8, 6, 4, 2]), [3, 1, 0]), 2, shuffle=True),
    "dictionaries": lambda L, D: D.DataLoader(squares(D), 4, shuffle=True),
    "list": lambda L, D: D.DataLoader([1, 2, 3, 4, 5], 2, shuffle=True),
    "tensor": lambda L, D: D.DataLoader(L.arange(7), 3),
    "concat": lambda L, D: D.DataLoader(D.ConcatDataset([pairs(L, D), pairs(L, D, 3)]), 4, shuffle=True),
    "random split": lambda L, D: D.DataLoader(D.random_split(pairs(L, D), [0.7, 0.3])[0], 3, shuffle=True),
    "empty": lambda L, D: D.DataLoader([]),
    "stream": lambda L, D: D.DataLoader(stream(D), 3),
    "stream, whole batches": lambda L, D: D.DataLoader(stream(D), 3, drop_last=True),
    "stream, unbatched": lambda L, D: D.DataLoader(stream(D), None),
    "stream, shuffle=False": lambda L, D: D.DataLoader(stream(D), 2, shuffle=False),
}


@pytest.mark.parametrize("name", LOADERS)
def test_batches_of_three_epochs_are_those_of_torch(name):
    """And a fourth, left early; then the global generator stands at the same number."""
    seen = []
    for lib, data in BOTH:
        lib.manual_seed(3)
        loader = LOADERS[name](lib, data)
        epochs = [[plain(batch) for batch in loader] for _ in range(3)]
        epochs.append([plain(batch) for batch, _ in zip(loader, range(2), strict=False)])
        seen.append((epochs, lib.rand(2).tolist()))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", [n for n in LOADERS if not n.startswith("stream")])
def test_lengths_are_those_of_torch(name):
    assert len(LOADERS[name](minigrad, mine)) == len(LOADERS[name](torch, theirs))


@pytest.mark.parametrize("options", [{"batch_size": 2}, {"batch_size": None}, {"batch_size": 2, "drop_last": True}])
def test_a_stream_promises_its_length(options):
    lengths = [len(data.DataLoader(stream(data, length=5), **options)) for _, data in BOTH]
    assert lengths[0] == lengths[1]
    with pytest.raises(TypeError, match="has no len"):
        len(mine.DataLoader(stream(mine)))


@given(st.integers(1, 30), st.integers(1, 8), st.booleans(), st.booleans(), st.integers(0, 2**32), st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_short_cut_for_tensors_equals_the_long_way(n, batch_size, shuffle, drop_last, seed, subset):
    data = mine.TensorDataset(minigrad.rand(n, 3), minigrad.arange(n), minigrad.rand(n) > 0.5)
    if subset:
        data = mine.Subset(data, list(range(0, n, 2)))
    seen = []
    for collate in (None, lambda samples: mine.default_collate(samples)):
        minigrad.manual_seed(seed)
        seen.append(
            [plain(b) for b in mine.DataLoader(data, batch_size, shuffle, drop_last=drop_last, collate_fn=collate)]
        )
    assert seen[0] == seen[1]


def test_a_tensor_dataset_with_an_index_of_its_own_is_asked_sample_by_sample():
    class Doubled(mine.TensorDataset):
        def __getitem__(self, i):
            return tuple(2 * t for t in super().__getitem__(i))

    (batch,) = mine.DataLoader(Doubled(minigrad.arange(3)), batch_size=3)
    assert batch[0].tolist() == [0, 2, 4]


def test_batches_keep_the_graph():
    x = minigrad.arange(4.0).requires_grad_()
    for (batch,) in mine.DataLoader(mine.TensorDataset(x), 2, shuffle=True):
        (batch * batch).sum().backward()
    assert x.grad.tolist() == [0, 2, 4, 6]


def test_two_epochs_at_once_do_not_disturb_each_other():
    loader = mine.DataLoader(range(4), shuffle=True)
    a, b = iter(loader), iter(loader)
    assert len(a) == 4
    first = [int(next(a)) for _ in range(4)]
    assert sorted(first) == sorted(int(x) for x in b) == [0, 1, 2, 3]


OPTIONS = [
    {"num_workers": -1},
    {"timeout": -1},
    {"prefetch_factor": 2},
    {"prefetch_factor": -2, "num_workers": 1},
    {"persistent_workers": True},
    {"multiprocessing_context": "spawn"},
    {"timeout": 3},
    {"shuffle": True, "sampler": [1]},
    {"batch_sampler": [[1]], "shuffle": True},
    {"batch_sampler": [[1]], "batch_size": 3},
    {"batch_sampler": [[1]], "drop_last": True},
    {"batch_size": None, "drop_last": True},
    {"batch_size": 0},
    {"batch_size": -1},
    {"batch_size": 2.5},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_that_contradict_raise_the_errors_of_torch(options):
    with pytest.raises(Exception) as wanted:
        iter(theirs.DataLoader(range(4), **options))
    with pytest.raises(type(wanted.value)) as got:
        iter(mine.DataLoader(range(4), **options))
    if isinstance(wanted.value, ValueError):
        assert str(wanted.value) in str(got.value)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}], ids=str)
def test_a_stream_has_no_order_to_choose(options):
    for _, data in BOTH:
        with pytest.raises(ValueError, match="DataLoader with IterableDataset: expected unspecified"):
            data.DataLoader(stream(data), **options)


@pytest.mark.parametrize(
    "name", ["batch_size", "sampler", "batch_sampler", "drop_last", "dataset", "persistent_workers"]
)
def test_what_made_the_loader_is_fixed(name):
    loader = mine.DataLoader(range(3))
    with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoader is initialized"):
        setattr(loader, name, 3)
    loader.collate_fn = len  # the rest may change
    assert list(loader) == [1, 1, 1]


def test_workers_are_accepted_and_mentioned_once(monkeypatch):
    monkeypatch.setattr(dataloader, "_workers_mentioned", False)
    with pytest.warns(UserWarning, match="num_workers=2: minigrad loads data in the main process"):
        loader = mine.DataLoader(range(4), num_workers=2, persistent_workers=True, pin_memory=True, timeout=5)
    assert [int(x) for x in loader] == [0, 1, 2, 3] and loader.prefetch_factor == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine.DataLoader(range(4), num_workers=2)
    assert mine.get_worker_info() is None


Point = collections.namedtuple("Point", "x y")
COLLATED = {
    "ints": lambda L: [1, 2],
    "large ints": lambda L: [2**40, 1],
    "floats": lambda L: [1.5, 2],
    "first an int": lambda L: [1, 2.5],
    "bools": lambda L: [True, False],
    "text": lambda L: ["a", "b"],
    "bytes": lambda L: [b"a"],
    "tensors": lambda L: [L.arange(3), L.arange(3) + 1],
    "numbers in tensors": lambda L: [L.tensor(1.5), L.tensor(2.5)],
    "dictionaries": lambda L: [{"a": 1, "b": L.ones(2)}, {"a": 2, "b": L.zeros(2)}],
    "ordered": lambda L: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "tuples": lambda L: [(1, "a", L.ones(2)), (2, "b", L.zeros(2))],
    "named tuples": lambda L: [Point(1, "a"), Point(2, "b")],
    "lists": lambda L: [[1, [2.0, 3.0], "a"], [4, [5.0, 6.0], "b"]],
    "ranges": lambda L: [range(3), range(3)],
    "arrays": lambda L: [np.arange(3, dtype=np.int16), np.arange(3, dtype=np.int16)],
    "scalars": lambda L: [np.float32(1), np.float32(2)],
    "0-d arrays": lambda L: [np.array(1.5), np.array(2.5)],
    "numpy bools": lambda L: [np.bool_(True), np.bool_(False)],
    "float64 scalars": lambda L: [np.float64(1.5), np.float64(2)],
}
UNCOLLATED = {
    "None": lambda L: [None],
    "object": lambda L: [object()],
    "set": lambda L: [{1}],
    "complex": lambda L: [1j],
    "text in an array": lambda L: [np.array("a")],
    "uneven lists": lambda L: [[1, 2], [3]],
    "uneven tensors": lambda L: [L.arange(2), L.arange(3)],
}


@pytest.mark.parametrize("name", COLLATED)
def test_collated_batches_are_those_of_torch(name):
    assert plain(mine.default_collate(COLLATED[name](minigrad))) == plain(theirs.default_collate(COLLATED[name](torch)))


@pytest.mark.parametrize("name", UNCOLLATED)
def test_what_cannot_be_collated_raises_the_errors_of_torch(name):
    with pytest.raises(Exception) as wanted:
        theirs.default_collate(UNCOLLATED[name](torch))
    with pytest.raises(type(wanted.value)) as got:
        mine.default_collate(UNCOLLATED[name](minigrad))
    assert str(wanted.value)[:30] in str(got.value)


@pytest.mark.parametrize(
    "sample",
    [np.arange(2), [np.array([1.0]), {"a": np.float32(2)}, "s", (1, 2), Point(np.array(1), 2)], np.array(["a"]), 3],
    ids=str,
)
def test_converted_samples_are_those_of_torch(sample):
    assert plain(mine.default_convert(sample)) == plain(theirs.default_convert(sample))
