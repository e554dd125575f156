"""Normalisation: y = (x - mean) / sqrt(var + eps) * weight + bias.  The layers differ in what the mean is taken over.

For input (N, C, *): batch norm takes it over N and *, one mean for each channel; instance norm over * alone; group norm
over * and the channels of a group; layer norm over the last dimensions, one mean for each example.  RMS norm leaves the
mean out.  Read `dropout.py` next.
"""

from __future__ import annotations

import warnings
from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Affine(Module):
    """A weight that starts at 1 and a bias that starts at 0, each of which may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def _add_affine(self, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            empty = Parameter(minigrad.empty(shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, empty)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _NormBase(_Affine):
    """What batch and instance norm share: weight and bias for each channel, and running statistics for evaluation.

    With `momentum=m`: running = (1 - m) running + m batch; with `momentum=None` it is the mean over all batches so far.
    """

    _version = 2  # since version 2 the number of batches is saved too
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        self._add_affine(num_features, affine, affine and bias, device, dtype)
        mean = var = count = None
        if track_running_stats:
            mean = minigrad.zeros(num_features, device=device, dtype=dtype)
            var = minigrad.ones(num_features, device=device, dtype=dtype)
            count = minigrad.tensor(0, dtype=minigrad.int64, device=device)
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", var)
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the statistics: mean 0, variance 1, no batches seen."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, statistics forgotten."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        key = prefix + "num_batches_tracked"
        if local_metadata.get("version", 1) < 2 and self.num_batches_tracked is not None and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _expect_dims(input: Tensor, *allowed: int) -> None:
    if input.dim() not in allowed:
        wanted = " or ".join(f"{n}D" for n in allowed)
        raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")


class _BatchNorm(_NormBase):
    """Statistics over the batch while training; the running ones, where they are kept, in evaluation."""

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        from_batch = self.training or (self.running_mean is None and self.running_var is None)
        keep = self.track_running_stats or not self.training
        return F.batch_norm(
            input,
            self.running_mean if keep else None,
            self.running_var if keep else None,
            self.weight,
            self.bias,
            from_batch,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Batch norm for (N, C) or (N, C, T)   (Ioffe and Szegedy, 2015).

    The batch's variance is the biased one; the running variance collects the unbiased one.

    >>> import minigrad
    >>> y = minigrad.nn.BatchNorm1d(1)(minigrad.tensor([[1.0], [3.0]]))
    >>> y.detach().round(decimals=3)
    tensor([[-1.],
            [ 1.]])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect_dims(input, 2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch norm for images, (N, C, H, W); see `BatchNorm1d`.

    >>> import minigrad
    >>> minigrad.nn.BatchNorm2d(3)(minigrad.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect_dims(input, 4)


class BatchNorm3d(_BatchNorm):
    """Batch norm for volumes, (N, C, D, H, W); see `BatchNorm1d`.

    >>> import minigrad
    >>> minigrad.nn.BatchNorm3d(3)(minigrad.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _expect_dims(input, 5)


class _InstanceNorm(_NormBase):
    """Statistics of each example and channel by itself; the running ones only where they are asked for."""

    dims: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input: Tensor) -> None:
        _expect_dims(input, self.dims + 1, self.dims + 2)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        channels = -self.dims - 1
        if input.shape[channels] != self.num_features:
            said = f"expected input's size at dim={input.dim() + channels} to match num_features ({self.num_features})"
            if self.affine:
                raise ValueError(f"{said}, but got: {input.shape[channels]}.")
            warnings.warn(f"{said}, but got: {input.shape[channels]}; without affine it is not used.", stacklevel=3)
        batch = input if input.dim() == self.dims + 2 else input.unsqueeze(0)
        output = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return output if batch is input else output.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """Instance norm for (N, C, T) or (C, T)   (Ulyanov et al., 2016).

    >>> import minigrad
    >>> minigrad.nn.InstanceNorm1d(2)(minigrad.ones(2, 3))
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """

    dims = 1


class InstanceNorm2d(_InstanceNorm):
    """Instance norm for images, (N, C, H, W) or (C, H, W): removes each image's own contrast.

    >>> import minigrad
    >>> minigrad.nn.InstanceNorm2d(3)(minigrad.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    dims = 2


class InstanceNorm3d(_InstanceNorm):
    """Instance norm for volumes, (N, C, D, H, W) or (C, D, H, W).

    >>> import minigrad
    >>> minigrad.nn.InstanceNorm3d(3)(minigrad.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    dims = 3


class LayerNorm(_Affine):
    """Normalises over the last dimensions, whose sizes are `normalized_shape`   (Ba et al., 2016).

    Weight and bias have that shape.  The same in training and evaluation.

    >>> import minigrad
    >>> minigrad.nn.LayerNorm(2)(minigrad.tensor([1.0, 3.0])).detach().round(decimals=3)
    tensor([-1.,  1.])
    """

    normalized_shape: tuple[int, ...]

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add_affine(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """y = x / sqrt(mean(x^2) + eps) * weight over the last dimensions   (Zhang and Sennrich, 2019).

    With `eps=None` it is the smallest number of the input's type that 1 + eps shows.

    >>> import minigrad
    >>> minigrad.nn.RMSNorm(2)(minigrad.tensor([1.0, 7.0])).detach()
    tensor([0.2000, 1.4000])
    """

    normalized_shape: tuple[int, ...]
    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = (
            Parameter(minigrad.empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        )
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Normalises each example over groups of channels: (N, C, *) in `num_groups` groups   (Wu and He, 2018).

    One group is layer norm over all channels, C groups are instance norm.  Weight and bias: (C).

    >>> import minigrad
    >>> minigrad.nn.GroupNorm(2, 6)(minigrad.ones(4, 6, 5)).shape
    torch.Size([4, 6, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._add_affine(num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, "
            f"affine={self.affine}, bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta   (Krizhevsky et al., 2012).  (N, C, *).

    >>> import minigrad
    >>> minigrad.nn.LocalResponseNorm(2)(minigrad.ones(1, 3, 4, 4)).shape
    torch.Size([1, 3, 4, 4])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
