"""Names for how elements lie in memory: `contiguous_format`, `channels_last`..., accepted wherever PyTorch takes them.

minigrad's tensors are strided arrays; `contiguous_format` asks for reading order, `preserve_format` keeps the order that is
there.  The channels-last formats are accepted and answered with reading order: the values are the same.
"""

from __future__ import annotations


class _Name:
    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class memory_format(_Name):
    """An order of elements in memory."""


class layout(_Name):
    """A kind of storage; minigrad has `strided` only."""


contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")
strided = layout("strided")
