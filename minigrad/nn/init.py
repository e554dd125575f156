"""Starting values of parameters: every function fills a tensor in place and returns it.

The random ones call the same draws in the same order as PyTorch, so a seed gives the same network in both.  The
question behind most of them is how large the weights must be for signals and gradients to keep their size from layer
to layer; `fan_in` and `fan_out` count the terms that are added up on the way forward and on the way back.
"""

from __future__ import annotations

import math
from typing import Any

import minigrad
from minigrad.tensor import Tensor

LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much a nonlinearity shrinks a signal: the factor that weights need to make up for it.

    1 for linear maps and sigmoid, 5/3 for tanh, sqrt(2) for relu, sqrt(2 / (1 + slope^2)) for leaky_relu (`param` is
    the slope, 0.01 when None), 3/4 for selu.

    >>> import minigrad
    >>> minigrad.nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity in LINEAR:
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ValueError(f"negative_slope {param} not a valid number")
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(
        f"Unsupported nonlinearity {nonlinearity}: "
        f"calculate_gain knows {', '.join(LINEAR)}, tanh, relu, leaky_relu, selu"
    )


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """(terms added up for one output, outputs that one input reaches) of a weight (out, in, *kernel)."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


# ----------------------------------------------------------------------------------------------------- plain fillings


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the uniform distribution on [a, b).

    >>> import minigrad
    >>> w = minigrad.nn.init.uniform_(minigrad.empty(3, 5), -1, 1)
    >>> bool((w.abs() <= 1).all())
    True
    """
    with minigrad.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution of this mean and standard deviation."""
    with minigrad.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Fill with draws from the normal distribution that fall into [a, b]; the others are drawn again.

    Where fewer than 30 in 100 would fall inside, the candidates are uniform on [a, b] instead, and each is kept with a
    chance equal to its density divided by the largest density in the interval   (Robert, 1995).

    >>> import minigrad
    >>> w = minigrad.nn.init.trunc_normal_(minigrad.empty(100), std=2.0, a=-1.0, b=1.0)
    >>> bool((w.abs() <= 1).all())
    True
    """
    if not (a < b and std > 0):
        raise ValueError(f"trunc_normal_: expected a < b and std > 0, got a={a}, b={b} and std={std}")
    inside = (math.erf((b - mean) / std / math.sqrt(2.0)) - math.erf((a - mean) / std / math.sqrt(2.0))) / 2
    nearest = min(max(mean, a), b)  # where the density is largest

    def candidates() -> tuple[Tensor, Tensor]:
        """Draws for all elements, and which of them may stay."""
        draws = minigrad.empty_like(tensor)
        if inside > 0.3:
            draws.normal_(mean, std, generator=generator)
            return draws, (draws >= a) & (draws <= b)
        draws.uniform_(a, b, generator=generator)
        chance = (((nearest - mean) / std) ** 2 / 2 - ((draws - mean) / std).square() / 2).exp()
        return draws, minigrad.empty_like(tensor).uniform_(generator=generator) <= chance

    with minigrad.no_grad():
        result, settled = candidates()
        while not bool(settled.all()):
            draws, stays = candidates()
            result = minigrad.where(settled, result, draws)
            settled = settled | stays
        return tensor.copy_(result)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    with minigrad.no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Make a matrix the identity: as many inputs as fit are passed on unchanged."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with minigrad.no_grad():
        return tensor.copy_(minigrad.eye(*tensor.shape, dtype=tensor.dtype, device=tensor.device))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make a convolution's weight pass its input on: a one in the middle of the kernel of each matching channel."""
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    out_per_group = tensor.shape[0] // groups
    middle = tuple(size // 2 for size in tensor.shape[2:])
    with minigrad.no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(out_per_group, tensor.shape[1])):
                tensor[(group * out_per_group + channel, channel, *middle)] = 1
    return tensor


# --------------------------------------------------------------------------------------- fillings that keep the scale


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform on (-a, a) with a = gain sqrt(6 / (fan_in + fan_out))   (Glorot and Bengio, 2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with std = gain sqrt(2 / (fan_in + fan_out))   (Glorot and Bengio, 2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform on (-b, b) with b = gain sqrt(3 / fan)   (He et al., 2015).

    `a` is the slope of leaky_relu; `mode` "fan_in" keeps the size of signals, "fan_out" that of gradients.
    """
    if 0 in tensor.shape:
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal with std = gain / sqrt(fan)   (He et al., 2015); arguments as for `kaiming_uniform_`."""
    if 0 in tensor.shape:
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A random matrix with orthogonal rows or columns, times `gain`   (Saxe et al., 2014).

    The Q of a normal matrix's QR decomposition, with the signs of R's diagonal moved into it so that every orthogonal
    matrix is equally likely.  Dimensions after the first count as one.
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    with minigrad.no_grad():
        rows = tensor.shape[0]
        columns = tensor.numel() // rows
        flat = minigrad.empty(rows, columns, dtype=tensor.dtype, device=tensor.device).normal_(
            0, 1, generator=generator
        )
        q, r = minigrad.linalg.qr(flat.t() if rows < columns else flat)
        q = q * r.diagonal().sign()
        return tensor.copy_((q.t() if rows < columns else q).reshape(tensor.shape)).mul_(gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal with this std, and in each column a fraction `sparsity` of zeros at random places   (Martens, 2010)."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with minigrad.no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[minigrad.randperm(rows, device=tensor.device)[:zeros], column] = 0
    return tensor
