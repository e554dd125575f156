"""Embedding: a table of vectors, one for each word, that training moves.

`Embedding` looks rows up, `EmbeddingBag` also adds them up.  Read `rnn.py` or `attention.py` next.
"""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Table(Module):
    """The table of vectors: its settings, its starting values, and how it may be given."""

    def _make_table(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        sparse: bool,
        weight: Tensor | None,
        freeze: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        name = type(self).__name__
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        if sparse:
            raise NotImplementedError(
                f"{name}: minigrad has no sparse gradients; sparse=False gives the same numbers, dense"
            )
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.sparse = sparse
        if weight is None:
            empty = minigrad.empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight = Parameter(empty, requires_grad=not freeze)
            self.reset_parameters()
        else:
            if tuple(weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw new starting values: normal with mean 0 and variance 1, the padding row zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with minigrad.no_grad():
                self.weight[self.padding_idx].fill_(0)

    def _describe(self, **defaults: Any) -> str:
        """The sizes, and every setting that differs from its default."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)!r}"
        return text


class Embedding(_Table):
    """Row i of `weight` for every i of the input.

    input: integers of any shape (*), output: (*, embedding_dim), weight: (num_embeddings, embedding_dim), which
    starts normal with mean 0 and variance 1.  The row `padding_idx` starts at zero and gets no gradient.  With
    `max_norm`, rows whose norm (of order `norm_type`) is larger are shortened, in place, when they are looked
    up.  With `scale_grad_by_freq=True` the gradient of a row is divided by how often the batch uses it.

    >>> import minigrad
    >>> embedding = minigrad.nn.Embedding(10, 3, padding_idx=0)
    >>> embedding(minigrad.tensor([[0, 2, 0, 5]])).shape
    torch.Size([1, 4, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._make_table(num_embeddings, embedding_dim, padding_idx, sparse, _weight, _freeze, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        return self._describe(padding_idx=None, max_norm=None, norm_type=2, scale_grad_by_freq=False)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An embedding with the given table, which is not trained unless `freeze=False`.

        >>> import minigrad
        >>> table = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> minigrad.nn.Embedding.from_pretrained(table)(minigrad.tensor([1]))
        tensor([[3., 4.]])
        """
        _check_table(embeddings)
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )


def _check_table(embeddings: Tensor) -> None:
    if embeddings.dim() != 2:
        raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got {embeddings.dim()} dimensions")


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the rows of `weight` for each bag of indices, without making the rows first.

    input: (N, K), N bags of K; or all bags in one row (T) with `offsets` (N), where each begins (and, with
    `include_last_offset=True`, where the last one ends).  Output: (N, embedding_dim).  `per_sample_weights`, shaped
    like input, multiply the rows in mode "sum"; indices equal to `padding_idx` do not count.

    >>> import minigrad
    >>> bag = minigrad.nn.EmbeddingBag.from_pretrained(minigrad.tensor([[1.0, 2.0], [3.0, 4.0]]), mode="sum")
    >>> bag(minigrad.tensor([[0, 1]]))
    tensor([[4., 6.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.include_last_offset = include_last_offset
        self._make_table(num_embeddings, embedding_dim, padding_idx, sparse, _weight, False, device, dtype)

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        return self._describe(max_norm=None, norm_type=2, scale_grad_by_freq=False, mode=None, padding_idx=None)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """A bag with the given table, which is not trained unless `freeze=False`."""
        _check_table(embeddings)
        rows, columns = embeddings.shape
        bag = cls(
            rows,
            columns,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=embeddings,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag
