"""The loader: reads a data set in the order a sampler says, batch by batch.

`for batch in DataLoader(dataset, batch_size=32, shuffle=True)` is `for indices in batch_sampler: collate([dataset[i]
for i in indices])`; the rest of this file is options, and a short cut for data sets made of tensors.  Everything runs
in this process: `num_workers` is accepted and said to be without effect.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import minigrad
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import IterableDataset, Subset, TensorDataset, fetch
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed

if TYPE_CHECKING:
    from minigrad.generator import Generator

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"})
_workers_mentioned = False  # the notice about num_workers appears once in a program


class DataLoader(Generic[T_co]):
    """An iterable of batches of `dataset`; each `for` loop over it is one epoch.

    - `batch_size` samples to a batch (None: samples one by one, unbatched); `drop_last` leaves out a short last batch.
    - `shuffle` draws a new order each epoch: the same order as PyTorch after the same `manual_seed`.  `sampler` or
      `batch_sampler` give another order; `generator` draws it from a generator of your own.
    - `collate_fn` makes a batch of a list of samples; see `default_collate`.
    - `num_workers`: loading runs in this process whatever the number (a warning says so once); `timeout`,
      `prefetch_factor`, `persistent_workers`, `worker_init_fn`, `multiprocessing_context`, `in_order` have no effect.
    - `pin_memory` has no effect.

    >>> import minigrad
    >>> data = minigrad.utils.data.TensorDataset(minigrad.arange(5))
    >>> [batch for (batch,) in minigrad.utils.data.DataLoader(data, batch_size=2)]
    [tensor([0, 1]), tensor([2, 3]), tensor([4])]

    Raises ValueError for options that contradict each other.
    """

    batch_size: int | None
    sampler: Any
    _initialized = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ):
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        self.dataset, self.num_workers, self.prefetch_factor, self.timeout = (
            dataset,
            num_workers,
            prefetch_factor,
            timeout,
        )
        self.pin_memory, self.pin_memory_device, self.persistent_workers = (
            pin_memory,
            pin_memory_device,
            persistent_workers,
        )
        self.worker_init_fn, self.multiprocessing_context, self.in_order = (
            worker_init_fn,
            multiprocessing_context,
            in_order,
        )
        self.generator = generator
        if isinstance(dataset, IterableDataset):
            for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = _Endless()
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)  # type: ignore[arg-type]
        self.batch_size, self.drop_last, self.sampler, self.batch_sampler = (
            batch_size,
            drop_last,
            sampler,
            batch_sampler,
        )
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized: make a new loader"
            )
        super().__setattr__(name, value)

    @property
    def _auto_collation(self) -> bool:
        """Whether samples are put together into batches here."""
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self) -> Iterator[T_co]:
        return _Epoch(self)

    def __len__(self) -> int:
        """How many batches an epoch has (for a stream: how many its `__len__` promises)."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


class _Epoch(Iterator[Any]):
    """One pass over a loader."""

    def __init__(self, loader: DataLoader[Any]):
        if loader.num_workers == 0 and loader.timeout != 0:
            raise AssertionError(f"timeout={loader.timeout} is for workers: with num_workers=0 it has to be 0")
        self._length = loader.__len__
        # PyTorch draws a seed for its workers here, also when it has none: draw it too, and all later numbers agree.
        draw_seed(loader.generator)
        self._batches = _stream(loader) if isinstance(loader.dataset, IterableDataset) else _indexed(loader)

    def __next__(self) -> Any:
        return next(self._batches)

    def __len__(self) -> int:
        return self._length()


def _indexed(loader: DataLoader[Any]) -> Iterator[Any]:
    dataset, collate = loader.dataset, loader.collate_fn
    if not loader._auto_collation:
        for index in loader.sampler:
            yield collate(dataset[index])
    elif collate is default_collate and _is_tensors(dataset):
        for indices in loader.batch_sampler:  # type: ignore[union-attr]
            yield _rows(dataset, indices)
    else:
        for indices in loader.batch_sampler:  # type: ignore[union-attr]
            yield collate(fetch(dataset, indices))


def _stream(loader: DataLoader[Any]) -> Iterator[Any]:
    samples, collate = iter(loader.dataset), loader.collate_fn
    if not loader._auto_collation:
        for sample in samples:
            yield collate(sample)
        return
    for indices in loader.batch_sampler:  # type: ignore[union-attr]
        batch = list(itertools.islice(samples, len(indices)))
        if not batch or (loader.drop_last and len(batch) < len(indices)):
            return
        yield collate(batch)


class _Endless(Sampler[None]):
    """Stands for the indices of a stream, which has none."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


def _is_tensors(dataset: Any) -> bool:
    """Whether the samples are rows of tensors and nothing else, so that a batch can be indexed in one go."""
    while type(dataset) is Subset:
        dataset = dataset.dataset
    is_plain = getattr(type(dataset), "__getitem__", None) is TensorDataset.__getitem__
    return is_plain and not hasattr(dataset, "__getitems__")


def _rows(dataset: Any, indices: list[int]) -> list[Any]:
    """The batch that collating the samples one by one would give: ten times faster on rows of 784 numbers."""
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, [dataset.indices[i] for i in indices]
    rows = minigrad.as_tensor(indices)
    return [tensor[rows.to(tensor.device)] for tensor in dataset.tensors]


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    global _workers_mentioned
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if context is not None and num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
            "but got num_workers=0"
        )
    if num_workers > 0 and not _workers_mentioned:
        _workers_mentioned = True
        warnings.warn(
            f"num_workers={num_workers}: minigrad loads data in the main process, so workers have no effect "
            "(worker_init_fn is not called). Set num_workers=0 to say so.",
            UserWarning,
            stacklevel=3,
        )


def get_worker_info() -> None:
    """None: loading runs in the main process."""
    return None
