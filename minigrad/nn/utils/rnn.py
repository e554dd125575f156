"""Sequences of different lengths in one batch: padded to the longest, or packed without the padding.

A packed batch lists, for each time step, the rows of the sequences that are still running, the longest sequence first.
A recurrent layer then does no work on padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import minigrad
from minigrad.nn import functional as F
from minigrad.tensor import Tensor


class _PackedSequenceFields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_PackedSequenceFields):
    """`data` (number of elements, *), step after step; `batch_sizes` (T), how many sequences run at each step.

    `sorted_indices` is the order by length in which the sequences stand, `unsorted_indices` the way back; None when
    they came sorted.  `batch_sizes` stays on the CPU.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            raise ValueError("PackedSequence needs batch_sizes: make one with pack_padded_sequence or pack_sequence")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with `data.to(...)`; the indices follow to its device."""
        data = self.data.to(*args, **kwargs)
        indices = [
            None if part is None else part.to(data.device) for part in (self.sorted_indices, self.unsorted_indices)
        ]
        return PackedSequence(data, self.batch_sizes, *indices)

    def cpu(self) -> PackedSequence:
        """The same on the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = "cuda") -> PackedSequence:
        """The same on a GPU."""
        return self.to(device)

    @property
    def is_cuda(self) -> bool:
        """Whether the data are on a GPU."""
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one."""
    return None if permutation is None else permutation.argsort()


def _running(batch_sizes: Tensor, device: Any) -> Tensor:
    """Of all places (t, n) of a padded batch (T, N), numbered through, those that hold an element."""
    rows = minigrad.arange(int(batch_sizes[0]), device="cpu")
    return (rows < batch_sizes.unsqueeze(1)).flatten().nonzero().squeeze(1).to(device)


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave the padding out of a padded batch: (T, N, *), or (N, T, *) with `batch_first=True`.

    `lengths` (N) must fall unless `enforce_sorted=False`, which sorts here and restores the order in the results.

    >>> import minigrad
    >>> from minigrad.nn.utils.rnn import pack_padded_sequence
    >>> batch = minigrad.tensor([[1, 2, 3], [4, 5, 0]])
    >>> packed = pack_padded_sequence(batch, [3, 2], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """
    if not isinstance(lengths, Tensor):
        lengths = minigrad.tensor(lengths, device="cpu")
    elif lengths.is_cuda:
        raise RuntimeError("'lengths' argument should be a 1D CPU int64 tensor, but got one on cuda: use lengths.cpu()")
    lengths = lengths.to(minigrad.int64)
    if batch_first:
        input = input.transpose(0, 1)
    steps, rows = input.shape[:2]
    if lengths.shape != (rows,):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths.numel()} (batch_size={rows})"
        )
    order = None
    if not enforce_sorted:
        lengths, order = lengths.sort(descending=True)
        order = order.to(input.device)
        input = input.index_select(1, order)
    elif bool((lengths[1:] > lengths[:-1]).any()):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement."
        )
    shortest, longest = int(lengths[-1]), int(lengths[0])
    if shortest <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if longest > steps:
        raise RuntimeError(f"Expected lengths of at most {steps}, the padded length of the input, got {longest}")
    batch_sizes = (lengths > minigrad.arange(longest, device="cpu").unsqueeze(1)).sum(1)
    data = input[:longest].flatten(0, 1).index_select(0, _running(batch_sizes, input.device))
    return PackedSequence(data, batch_sizes, order)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`: the padded batch and the lengths, in the original order.

    `total_length` pads further than the longest sequence.

    >>> import minigrad
    >>> from minigrad.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4, 5])])
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 5, 0]]), tensor([3, 2]))
    """
    data, batch_sizes, _, back = sequence
    steps, rows = len(batch_sizes), int(batch_sizes[0])
    if total_length is not None and total_length < steps:
        raise ValueError(
            f"Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {steps}"
        )
    length = steps if total_length is None else total_length
    flat = data.new_full((length * rows, *data.shape[1:]), padding_value)
    padded = flat.index_copy(0, _running(batch_sizes, data.device), data).unflatten(0, (length, rows))
    lengths = (batch_sizes.unsqueeze(1) > minigrad.arange(rows, device="cpu")).sum(0)
    if back is not None:
        padded, lengths = padded.index_select(1, back), lengths[back.cpu()]
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(
    sequences: Sequence[Tensor] | Tensor,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences (T_i, *) of different lengths, filled up to the longest: (T, N, *), or (N, T, *).

    >>> import minigrad
    >>> from minigrad.nn.utils.rnn import pad_sequence
    >>> pad_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(len(sequence) for sequence in sequences)

    def fill(sequence: Tensor) -> Tensor:
        missing = longest - len(sequence)
        ends = (missing, 0) if padding_side == "left" else (0, missing)
        return F.pad(sequence, (0, 0) * (sequence.dim() - 1) + ends, value=padding_value)

    return minigrad.stack([fill(sequence) for sequence in sequences], 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The inverse of `pad_sequence`: a list of sequences without padding."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(padded_sequences.unbind(0), lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (T_i, *), the longest first unless `enforce_sorted=False`."""
    lengths = [len(sequence) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The inverse of `pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
