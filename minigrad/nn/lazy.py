"""Layers that learn the size of their input from the first batch: `LazyLinear(10)` needs no `in_features`.

At the first call a lazy layer builds the ordinary one, takes its parameters over and becomes one of its class.
"""

from __future__ import annotations

import inspect
from typing import Any

from minigrad.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
)
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class UninitializedParameter(Parameter):
    """A parameter whose shape is not known yet; it has a device and a dtype, and becomes a `Parameter` later."""

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter. Call the module on a batch first: "
            "its lazy layers take the sizes from there."
        )

    def size(self, dim: int | None = None) -> Any:
        return self.shape

    def numel(self) -> int:
        return len(self.shape)

    def __repr__(self) -> str:
        return "<UninitializedParameter>"

    def materialize(self, value: Tensor) -> None:
        """Become an ordinary parameter with this value, the same object for whoever holds it."""
        self.__class__ = Parameter  # type: ignore[assignment]
        self.data = value


class _Lazy(Module):
    """Stands in front of the class that a lazy layer will become; the size it waits for is its first argument, 0."""

    becomes: type[Module]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(0, *args, **kwargs)  # type: ignore[call-arg]
        self._settings = inspect.signature(self.becomes).bind(0, *args, **kwargs).arguments
        for name, parameter in self._own("parameter"):
            if parameter is not None:
                setattr(self, name, UninitializedParameter(parameter.data))

    def reset_parameters(self) -> None:
        """Nothing to draw yet."""

    def _find_size(self, input: Tensor) -> int:
        """The size that is missing: channels stand before the spatial dimensions, with or without a batch in front."""
        spatial = getattr(self, "dims", None)
        return input.shape[1 if spatial is None else -spatial - 1]

    def has_uninitialized_params(self) -> bool:
        """Always True: once the sizes are known, this is no lazy layer any more."""
        return True

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the missing size from a batch and become the ordinary layer."""
        settings = self.__dict__.pop("_settings")
        settings[next(iter(settings))] = self._find_size(input)
        for tensor in (*self.buffers(), *self.parameters()):  # they may have been moved since
            settings |= {"device": tensor.device, "dtype": tensor.dtype}
        real = self.becomes(**settings)
        for name, parameter in self._own("parameter"):
            if parameter is not None:
                parameter.materialize(getattr(real, name).data)
        kept = ("training", "_kinds", "_non_persistent_buffers_set", *(name for name, _ in self._own("parameter")))
        self.__dict__.update({name: value for name, value in real.__dict__.items() if name not in kept})
        self.__class__ = self.becomes  # type: ignore[assignment]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(args[0] if args else kwargs["input"])
        return self(*args, **kwargs)


class LazyLinear(_Lazy, Linear):
    """`Linear(in_features, out_features)` with in_features from the first batch.

    >>> import minigrad
    >>> layer = minigrad.nn.LazyLinear(2)
    >>> layer(minigrad.zeros(5, 3)).shape, layer
    (torch.Size([5, 2]), Linear(in_features=3, out_features=2, bias=True))
    """

    becomes = Linear

    def _find_size(self, input: Tensor) -> int:
        return input.shape[-1]


class LazyConv1d(_Lazy, Conv1d):
    """`Conv1d` with in_channels from the first batch."""

    becomes = Conv1d


class LazyConv2d(_Lazy, Conv2d):
    """`Conv2d` with in_channels from the first batch.

    >>> import minigrad
    >>> minigrad.nn.LazyConv2d(8, kernel_size=3)(minigrad.zeros(1, 3, 5, 5)).shape
    torch.Size([1, 8, 3, 3])
    """

    becomes = Conv2d


class LazyConv3d(_Lazy, Conv3d):
    """`Conv3d` with in_channels from the first batch."""

    becomes = Conv3d


class LazyConvTranspose1d(_Lazy, ConvTranspose1d):
    """`ConvTranspose1d` with in_channels from the first batch."""

    becomes = ConvTranspose1d


class LazyConvTranspose2d(_Lazy, ConvTranspose2d):
    """`ConvTranspose2d` with in_channels from the first batch."""

    becomes = ConvTranspose2d


class LazyConvTranspose3d(_Lazy, ConvTranspose3d):
    """`ConvTranspose3d` with in_channels from the first batch."""

    becomes = ConvTranspose3d


class _LazyNorm(_Lazy):
    """Its defaults are those of batch norm, also for instance norm, as in PyTorch."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(eps, momentum, affine, track_running_stats, device, dtype, bias=bias)


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """`BatchNorm1d` with num_features from the first batch."""

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """`BatchNorm2d` with num_features from the first batch."""

    becomes = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """`BatchNorm3d` with num_features from the first batch."""

    becomes = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """`InstanceNorm1d` with num_features from the first batch."""

    becomes = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """`InstanceNorm2d` with num_features from the first batch."""

    becomes = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """`InstanceNorm3d` with num_features from the first batch."""

    becomes = InstanceNorm3d
