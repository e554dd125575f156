"""Nonlinearities as layers: each class holds the settings of one function of `nn.functional` and calls it.

They work element by element (GLU on pairs), on input of any shape, and the output has the same shape.  Those with
`inplace=True` overwrite their input and save its memory.  Read `softmax.py` and `loss.py` next.
"""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _Activation(Module):
    """Prints the settings named in `shown`, and `inplace` where it is on."""

    shown: tuple[str, ...] = ()
    inplace: bool = False

    def extra_repr(self) -> str:
        settings = [f"{name}={getattr(self, name)}" for name in self.shown]
        return ", ".join(settings + ["inplace=True"] * self.inplace)


class _WithoutSettings(_Activation):
    """An activation whose only setting is `inplace`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


# ------------------------------------------------------------------------------------------------ the rectifier family


class ReLU(_WithoutSettings):
    """max(x, 0)   (Nair and Hinton, 2010).

    >>> import minigrad
    >>> minigrad.nn.ReLU()(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class ReLU6(_WithoutSettings):
    """min(max(x, 0), 6)   (Krizhevsky, 2010).

    >>> import minigrad
    >>> minigrad.nn.ReLU6()(minigrad.tensor([-1.0, 2.0, 9.0]))
    tensor([0., 2., 6.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)


class LeakyReLU(_Activation):
    """x where x > 0, else negative_slope * x   (Maas et al., 2013).

    >>> import minigrad
    >>> minigrad.nn.LeakyReLU(0.5)(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class PReLU(_Activation):
    """x where x > 0, else weight * x, with one learned weight or one for each channel   (He et al., 2015).

    Input: (*) or, with num_parameters=C, (N, C, *).

    >>> import minigrad
    >>> minigrad.nn.PReLU()(minigrad.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    shown = ("num_parameters",)

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(minigrad.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope to its starting value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)


class RReLU(_Activation):
    """x where x > 0, else a * x: in training a is drawn uniformly from [lower, upper) for each element, otherwise it is
    their mean   (Xu et al., 2015).

    >>> import minigrad
    >>> minigrad.nn.RReLU(0.25, 0.75).eval()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    shown = ("lower", "upper")

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)


class Threshold(_Activation):
    """x where x > threshold, else value.

    >>> import minigrad
    >>> minigrad.nn.Threshold(1.0, -5.0)(minigrad.tensor([0.5, 2.0]))
    tensor([-5.,  2.])
    """

    shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)


class ELU(_Activation):
    """x where x > 0, else alpha (exp(x) - 1)   (Clevert et al., 2016).

    >>> import minigrad
    >>> minigrad.nn.ELU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)


class CELU(_Activation):
    """max(x, 0) + min(alpha (exp(x / alpha) - 1), 0): an ELU whose slope has no jump   (Barron, 2017).

    >>> import minigrad
    >>> minigrad.nn.CELU(2.0)(minigrad.tensor([-2.0, 2.0]))
    tensor([-1.2642,  2.0000])
    """

    shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(_WithoutSettings):
    """scale * (x where x > 0, else alpha (exp(x) - 1))   (Klambauer et al., 2017).

    The two constants are chosen so that mean 0 and variance 1 pass unchanged from layer to layer.

    >>> import minigrad
    >>> minigrad.nn.SELU()(minigrad.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


# --------------------------------------------------------------------------------------------------- smooth gates


class GELU(_Activation):
    """x Phi(x) with the normal distribution function Phi, or its approximation by tanh   (Hendrycks and Gimpel, 2016).

    >>> import minigrad
    >>> minigrad.nn.GELU()(minigrad.tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(_WithoutSettings):
    """x sigmoid(x), also called swish   (Elfwing et al., 2017).

    >>> import minigrad
    >>> minigrad.nn.SiLU()(minigrad.tensor([-1.0, 1.0]))
    tensor([-0.2689,  0.7311])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_WithoutSettings):
    """x tanh(softplus(x))   (Misra, 2019).

    >>> import minigrad
    >>> minigrad.nn.Mish()(minigrad.tensor([-1.0, 1.0]))
    tensor([-0.3034,  0.8651])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Hardswish(_WithoutSettings):
    """x min(max(x + 3, 0), 6) / 6: SiLU out of straight lines   (Howard et al., 2019).

    >>> import minigrad
    >>> minigrad.nn.Hardswish()(minigrad.tensor([-3.0, 3.0])).abs()
    tensor([0., 3.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)


class Hardsigmoid(_WithoutSettings):
    """min(max(x + 3, 0), 6) / 6: sigmoid out of straight lines   (Courbariaux et al., 2015).

    >>> import minigrad
    >>> minigrad.nn.Hardsigmoid()(minigrad.tensor([-3.0, 0.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class GLU(_Activation):
    """a * sigmoid(b), where a and b are the two halves of the input along `dim`   (Dauphin et al., 2017).

    >>> import minigrad
    >>> minigrad.nn.GLU()(minigrad.tensor([2.0, 4.0, 0.0, 0.0]))
    tensor([1., 2.])
    """

    shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)


# --------------------------------------------------------------------------------------------------- curves with limits


class Sigmoid(_Activation):
    """1 / (1 + exp(-x)).

    >>> import minigrad
    >>> minigrad.nn.Sigmoid()(minigrad.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """

    def forward(self, input: Tensor) -> Tensor:
        return input.sigmoid()


class Tanh(_Activation):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)).

    >>> import minigrad
    >>> minigrad.nn.Tanh()(minigrad.tensor([0.0, 2.0]))
    tensor([0.0000, 0.9640])
    """

    def forward(self, input: Tensor) -> Tensor:
        return input.tanh()


class Hardtanh(_Activation):
    """min(max(x, min_val), max_val).

    >>> import minigrad
    >>> minigrad.nn.Hardtanh()(minigrad.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    shown = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if not max_val > min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class Softsign(_Activation):
    """x / (1 + |x|).

    >>> import minigrad
    >>> minigrad.nn.Softsign()(minigrad.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class LogSigmoid(_Activation):
    """log(sigmoid(x)), without overflow.

    >>> import minigrad
    >>> minigrad.nn.LogSigmoid()(minigrad.tensor([-100.0, 0.0]))
    tensor([-100.0000,   -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Softplus(_Activation):
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold   (Dugas et al., 2001).

    >>> import minigrad
    >>> minigrad.nn.Softplus()(minigrad.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """

    shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)


# ------------------------------------------------------------------------------------------------------------ shrinkers


class Hardshrink(_Activation):
    """x where |x| > lambd, else 0.

    >>> import minigrad
    >>> minigrad.nn.Hardshrink()(minigrad.tensor([-0.25, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Hardshrink):
    """x moved towards 0 by lambd, and 0 within (-lambd, lambd).

    >>> import minigrad
    >>> minigrad.nn.Softshrink()(minigrad.tensor([-0.25, 2.0]))
    tensor([0.0000, 1.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)


class Tanhshrink(_Activation):
    """x - tanh(x).

    >>> import minigrad
    >>> minigrad.nn.Tanhshrink()(minigrad.tensor([0.0, 2.0]))
    tensor([0.0000, 1.0360])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)
