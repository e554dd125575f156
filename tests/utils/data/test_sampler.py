"""Samplers give PyTorch's orders from the same seed, and leave the generator where PyTorch leaves it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.utils.data as mine

torch = pytest.importorskip("torch")
theirs = torch.utils.data
BOTH = [(minigrad, mine), (torch, theirs)]

SAMPLERS = {
    "random": lambda L, D, g: D.RandomSampler(range(50), generator=g),
    "random with replacement": lambda L, D, g: D.RandomSampler(range(50), True, generator=g),
    "few": lambda L, D, g: D.RandomSampler(range(50), num_samples=7, generator=g),
    "more than all": lambda L, D, g: D.RandomSampler(range(50), num_samples=120, generator=g),
    "a multiple of all": lambda L, D, g: D.RandomSampler(range(5), num_samples=15, generator=g),
    "32 with replacement": lambda L, D, g: D.RandomSampler(range(9), True, 32, generator=g),
    "100 with replacement": lambda L, D, g: D.RandomSampler(range(9), True, 100, generator=g),
    "subset": lambda L, D, g: D.SubsetRandomSampler([3, 1, 4, 1, 5, 9, 2, 6], generator=g),
    "weighted": lambda L, D, g: D.WeightedRandomSampler([0.1, 2.0, 0.3, 5.0], 40, generator=g),
    "weighted without replacement": lambda L, D, g: D.WeightedRandomSampler(
        [0.1, 2.0, 0.3, 5.0], 3, False, generator=g
    ),
    "sequential": lambda L, D, g: D.SequentialSampler(range(6)),
    "batches": lambda L, D, g: D.BatchSampler(D.RandomSampler(range(11), generator=g), 4, False),
    "whole batches": lambda L, D, g: D.BatchSampler(D.RandomSampler(range(11), generator=g), 4, True),
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("own_generator", [True, False], ids=["own generator", "global"])
def test_orders_of_three_epochs_are_those_of_torch(name, own_generator):
    seen = []
    for lib, data in BOTH:
        lib.manual_seed(5)
        generator = lib.Generator().manual_seed(7) if own_generator else None
        sampler = SAMPLERS[name](lib, data, generator)
        seen.append((len(sampler), [list(sampler) for _ in range(3)], lib.rand(2).tolist()))
    assert seen[0] == seen[1]


@given(st.integers(0, 2**63 - 1), st.integers(1, 40), st.integers(1, 9), st.booleans())
@settings(max_examples=30, deadline=None)
def test_every_sample_comes_once(seed, n, batch_size, drop_last):
    minigrad.manual_seed(seed)
    sampler = mine.BatchSampler(mine.RandomSampler(range(n)), batch_size, drop_last)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    flat = [i for batch in batches for i in batch]
    assert len(set(flat)) == len(flat)
    assert len(flat) == (n // batch_size * batch_size if drop_last else n)


def test_the_order_does_not_depend_on_what_is_drawn_between_samples():
    minigrad.manual_seed(0)
    alone = list(mine.RandomSampler(range(20)))
    minigrad.manual_seed(0)
    between = []
    for i in mine.RandomSampler(range(20)):
        between.append(i)
        minigrad.rand(3)
    assert between == alone


MISTAKES = {
    "no data": lambda D: D.RandomSampler([]),
    "no samples": lambda D: D.RandomSampler([1], num_samples=0),
    "half a sample": lambda D: D.RandomSampler([1], num_samples=1.5),
    "replacement": lambda D: D.RandomSampler([1], replacement=3),
    "weighted none": lambda D: D.WeightedRandomSampler([1, 2], 0),
    "weighted True": lambda D: D.WeightedRandomSampler([1, 2], True),
    "weighted replacement": lambda D: D.WeightedRandomSampler([1, 2], 2, 3),
    "weights of rank 2": lambda D: D.WeightedRandomSampler([[1, 2]], 2),
    "too few weights": lambda D: list(D.WeightedRandomSampler([1, 2], 3, False)),
    "batch of none": lambda D: D.BatchSampler(range(4), 0, False),
    "batch of True": lambda D: D.BatchSampler(range(4), True, False),
    "drop_last": lambda D: D.BatchSampler(range(4), 2, 3),
    "no order": lambda D: list(D.Sampler()),
    "no length": lambda D: len(D.Sampler()),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_the_errors_of_torch(name):
    with pytest.raises(Exception) as wanted:
        MISTAKES[name](theirs)
    with pytest.raises(type(wanted.value)) as got:
        MISTAKES[name](mine)
    assert str(wanted.value)[:30] in str(got.value)
