"""One step of recurrence: the state that comes in and an input make the state that goes out.

The three kinds of step are functions (`rnn_step`, `lstm_step`, `gru_step`); a cell holds their weights and takes one
step, the layers in `rnn.py` take one for every element of a sequence.  Read `rnn.py` next.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

State = tuple[Tensor, ...]  # (h,) or, for the LSTM, (h, c)
Step = Callable[..., State]

# `x` is already projected: x = W_ih input + b_ih, for a whole sequence in one matrix product.


def rnn_step(x: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None, nonlinearity: str = "tanh") -> State:
    """h' = tanh(x + W_hh h + b_hh), or with relu in the place of tanh   (Elman, 1990)."""
    (h,) = state
    total = x + F.linear(h, w_hh, b_hh)
    return (total.tanh() if nonlinearity == "tanh" else total.relu(),)


def lstm_step(x: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None, w_hr: Tensor | None = None) -> State:
    """c' = f c + i g, h' = o tanh(c'), with gates i, f, o and candidate g from x + W_hh h + b_hh.

    (Hochreiter and Schmidhuber, 1997; Gers et al., 2000.)  With W_hr, what leaves is W_hr h' (Sak et al., 2014).
    """
    h, c = state
    i, f, g, o = (x + F.linear(h, w_hh, b_hh)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if w_hr is None else F.linear(h, w_hr)), c


def gru_step(x: Tensor, state: State, w_hh: Tensor, b_hh: Tensor | None) -> State:
    """h' = (1 - z) n + z h, with gates r, z and candidate n = tanh(x_n + r (W_hn h + b_hn))   (Cho et al., 2014)."""
    (h,) = state
    x_r, x_z, x_n = x.chunk(3, -1)
    h_r, h_z, h_n = F.linear(h, w_hh, b_hh).chunk(3, -1)
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    n = (x_n + r * h_n).tanh()
    return (n + z * (h - n),)


STEPS: dict[str, tuple[Step, int]] = {  # the step of each mode, and how many gates it stacks in its weights
    "RNN_TANH": (rnn_step, 1),
    "RNN_RELU": (functools.partial(rnn_step, nonlinearity="relu"), 1),
    "LSTM": (lstm_step, 4),
    "GRU": (gru_step, 3),
}


class RNNCellBase(Module):
    """One step with its weights: `weight_ih` (gates * H, input), `weight_hh` (gates * H, H) and two biases."""

    mode: str

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size

        def empty(*shape: int) -> Parameter:
            return Parameter(minigrad.empty(shape, device=device, dtype=dtype))

        self.weight_ih = empty(rows, input_size)
        self.weight_hh = empty(rows, hidden_size)
        self.register_parameter("bias_ih", empty(rows) if bias else None)
        self.register_parameter("bias_hh", empty(rows) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values, uniform on (-1/sqrt(H), 1/sqrt(H))."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, input: Tensor, state: State) -> State:
        step, _ = STEPS[self.mode]
        return step(F.linear(input, self.weight_ih, self.bias_ih), state, self.weight_hh, self.bias_hh)

    def _checked(self, input: Tensor, state: State | None, names: tuple[str, ...] = ("hidden",)) -> State:
        """The state to start from, zeros where none was given."""
        me = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{me}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size}")
        if state is None:
            shape = (*input.shape[:-1], self.hidden_size)
            return tuple(minigrad.zeros(shape, dtype=input.dtype, device=input.device) for _ in names)
        for number, (name, part) in enumerate(zip(names, state, strict=True)):
            if part.dim() not in (1, 2):
                raise ValueError(f"{me}: Expected {name} to be 1D or 2D, got {part.dim()}D instead")
            if part.shape[-1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{number} has inconsistent hidden_size: got {part.shape[-1]}, expected {self.hidden_size}"
                )
            if part.shape[:-1] != input.shape[:-1]:
                raise RuntimeError(
                    f"Input batch size {input.shape[0]} doesn't match hidden{number} batch size {part.shape[0]}"
                )
        return state

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text


class RNNCell(RNNCellBase):
    """One step of `RNN`: input (N, input_size) or (input_size), hidden (N, hidden_size) or (hidden_size).

    >>> import minigrad
    >>> minigrad.nn.RNNCell(10, 20)(minigrad.zeros(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity
        self.mode = "RNN_" + nonlinearity.upper()

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, self._checked(input, None if hx is None else (hx,)))[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`; the state is the pair (h, c).

    >>> import minigrad
    >>> h, c = minigrad.nn.LSTMCell(10, 20)(minigrad.zeros(3, 10))
    >>> h.shape
    torch.Size([3, 20])
    """

    mode = "LSTM"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> State:
        return self._step(input, self._checked(input, hx, names=("hx[0]", "hx[1]")))


class GRUCell(RNNCellBase):
    """One step of `GRU`.

    >>> import minigrad
    >>> minigrad.nn.GRUCell(10, 20)(minigrad.zeros(3, 10)).shape
    torch.Size([3, 20])
    """

    mode = "GRU"

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, self._checked(input, None if hx is None else (hx,)))[0]
