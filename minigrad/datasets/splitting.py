"""Cutting a data set into one part to learn from and one to be judged by."""

from __future__ import annotations

import minigrad
from minigrad.datasets.labelled import LabelledData


def split(dataset: LabelledData, test: float = 0.25, seed: int = 0) -> tuple[LabelledData, LabelledData]:
    """Deal `dataset` out at random: (train, test), with the fraction `test` of the samples, rounded, in the second.

    The same seed gives the same parts.  Raises ValueError if a part would be empty.

    >>> from minigrad import datasets
    >>> train, test = datasets.split(datasets.moons(100))
    >>> len(train), len(test)
    (75, 25)
    """
    held_out = round(len(dataset) * test)
    if not 0 < held_out < len(dataset):
        raise ValueError(
            f"split() of {len(dataset)} samples with test={test} leaves one part empty: give a fraction between 0 and 1"
        )
    order = minigrad.randperm(len(dataset), generator=minigrad.Generator().manual_seed(seed), device="cpu")
    order = order.to(dataset.x.device)
    return dataset.take(order[held_out:]), dataset.take(order[:held_out])
