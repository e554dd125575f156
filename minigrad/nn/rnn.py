"""Recurrent layers: the same step for every element of a sequence, each step handing its state to the next.

The steps themselves are in `rnn_cell.py`.  Sequences of different lengths come as `PackedSequence` (see
`utils/rnn.py`), whose steps simply have fewer and fewer rows.  Read `attention.py` next.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.rnn_cell import STEPS, State, Step
from minigrad.nn.utils.rnn import PackedSequence
from minigrad.tensor import Tensor


def _along_time(
    step: Step, inputs: Sequence[Tensor], state: State, weights: list[Tensor], reverse: bool
) -> tuple[list[Tensor], State]:
    """Run `step` over the inputs, or over them backwards; the outputs in the order of the inputs, and the last state.

    An input with fewer rows than the state belongs to the first rows only (the longest sequences); the rest of the
    state waits unchanged: it has ended, or, backwards, has not begun.
    """
    outputs = []
    for x in reversed(inputs) if reverse else inputs:
        rows, all_rows = x.shape[0], state[0].shape[0]
        if rows == all_rows:
            state = step(x, state, *weights)
        else:
            active = step(x, tuple(part[:rows] for part in state), *weights)
            state = tuple(minigrad.cat([new, old[rows:]]) for new, old in zip(active, state, strict=True))
        outputs.append(state[0][:rows] if rows < all_rows else state[0])
    return outputs[::-1] if reverse else outputs, state


# --------------------------------------------------------------------------------------------------------------- layers


class RNNBase(Module):
    """Layers and directions of steps; `RNN`, `LSTM` and `GRU` choose the step by `mode`.

    The weights of layer k are `weight_ih_l{k}` (gates * H, input), `weight_hh_l{k}` (gates * H, H), `bias_ih_l{k}` and
    `bias_hh_l{k}` (gates * H), those of the backward direction end in `_reverse`.  All start uniform on
    (-1/sqrt(H), 1/sqrt(H)).
    """

    weight_ih_l0: Parameter

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if mode not in STEPS:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        _check_settings(self)
        gates = STEPS[mode][1] * hidden_size
        out_size = proj_size or hidden_size
        for layer in range(num_layers):
            layer_input = input_size if layer == 0 else out_size * self._directions
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, layer_input), "weight_hh": (gates, out_size)}
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes |= {"weight_hr": (proj_size, hidden_size)}
                for name, shape in shapes.items():
                    parameter = Parameter(minigrad.empty(shape, device=device, dtype=dtype))
                    self.register_parameter(name + suffix, parameter)
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    def _weights(self, suffix: str) -> tuple[Tensor, Tensor | None, list[Any]]:
        """W_ih and b_ih, and what the step takes after the state."""
        get = self.__dict__.get
        rest = [get("weight_hh" + suffix), get("bias_hh" + suffix)]
        if self.proj_size:
            rest.append(get("weight_hr" + suffix))
        return self.__dict__["weight_ih" + suffix], get("bias_ih" + suffix), rest

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        suffixes = [suffix for layer in range(self.num_layers) for suffix in self._suffixes(layer)]
        own = self._own("parameter")
        return [[p for name, p in own if name.endswith(suffix)] for suffix in suffixes]

    def flatten_parameters(self) -> None:
        """Does nothing: there for programs that ask PyTorch to lay the weights out for cuDNN."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    # ------------------------------------------------------------------------------------------------------ forward

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D instead")
        batched = input.dim() == 3
        if hx is not None:
            self._check_hidden_dims(_as_state(hx), batched)
        if not batched:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        state = None if hx is None else tuple(part if batched else part.unsqueeze(1) for part in _as_state(hx))
        output, last = self._run(input, None, input.shape[1], state)
        if not batched:
            output, last = output.squeeze(1), tuple(part.squeeze(1) for part in last)
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, self._as_hx(last)

    def _forward_packed(self, input: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        data, batch_sizes, order, back = input
        state = None if hx is None else _as_state(hx)
        if state is not None and order is not None:
            state = tuple(part.index_select(1, order) for part in state)
        sizes = batch_sizes.tolist()
        output, last = self._run(data, sizes, sizes[0], state)
        if back is not None:
            last = tuple(part.index_select(1, back) for part in last)
        return PackedSequence(output, batch_sizes, order, back), self._as_hx(last)

    def _run(self, x: Tensor, sizes: list[int] | None, rows: int, state: State | None) -> tuple[Tensor, State]:
        """x: (T, N, D), or the rows of all steps one after the other, `sizes[t]` of them for step t."""
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}: {self!r}"
            )
        if x.dtype != self.weight_ih_l0.dtype:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({self.weight_ih_l0.dtype}). "
                f"Convert input: input.to({self.weight_ih_l0.dtype}), or convert model: model.to({x.dtype})"
            )
        if x.shape[0] == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if state is None:
            state = self._zeros(rows, x)
        self._check_hidden_sizes(state, rows)
        step, _ = STEPS[self.mode]
        ends: list[State] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                w_ih, b_ih, weights = self._weights(suffix)
                projected = F.linear(x, w_ih, b_ih)
                inputs = projected.unbind(0) if sizes is None else projected.split(sizes)
                start = tuple(part[len(ends)] for part in state)
                steps, end = _along_time(step, inputs, start, weights, reverse=direction == 1)
                ends.append(end)
                outputs.append(minigrad.stack(steps) if sizes is None else minigrad.cat(steps))
            x = outputs[0] if len(outputs) == 1 else minigrad.cat(outputs, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout)
        return x, tuple(minigrad.stack(parts) for parts in zip(*ends, strict=True))

    def _hidden_shapes(self, rows: int) -> list[tuple[int, int, int]]:
        layers = self.num_layers * self._directions
        shapes = [(layers, rows, self.proj_size or self.hidden_size)]
        return [*shapes, (layers, rows, self.hidden_size)] if self.mode == "LSTM" else shapes

    def _zeros(self, rows: int, like: Tensor) -> State:
        return tuple(minigrad.zeros(shape, dtype=like.dtype, device=like.device) for shape in self._hidden_shapes(rows))

    def _check_hidden_dims(self, state: State, batched: bool) -> None:
        wanted = 3 if batched else 2
        for part in state:
            if part.dim() != wanted:
                kind = "batched 3-D" if batched else "unbatched 2-D"
                raise RuntimeError(f"For {kind} input, hx should also be {wanted}-D but got {part.dim()}-D tensor")

    def _check_hidden_sizes(self, state: State, rows: int) -> None:
        names = ("hidden[0]", "hidden[1]") if self.mode == "LSTM" else ("hidden",)
        for name, part, shape in zip(names, state, self._hidden_shapes(rows), strict=True):
            if tuple(part.shape) != shape:
                raise RuntimeError(f"Expected {name} size {shape}, got {list(part.shape)}")

    def _as_hx(self, state: State) -> Any:
        return state if self.mode == "LSTM" else state[0]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text


def _as_state(hx: Any) -> State:
    return (hx,) if isinstance(hx, Tensor) else tuple(hx)


def _check_settings(layer: RNNBase) -> None:
    for name, kind in (("input_size", int), ("hidden_size", int), ("bias", bool), ("batch_first", bool)):
        value = getattr(layer, name)
        if not isinstance(value, kind):
            raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
    for name in ("input_size", "hidden_size", "num_layers"):
        if getattr(layer, name) <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if not 0 <= layer.dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if layer.dropout > 0 and layer.num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={layer.dropout} and num_layers={layer.num_layers}",
            stacklevel=4,
        )
    if layer.proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if layer.proj_size >= layer.hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """The plain recurrent network: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)   (Elman, 1990).

    input: (T, N, input_size), (N, T, input_size) with `batch_first=True`, (T, input_size) or a `PackedSequence`;
    hx: (num_layers * directions, N, hidden_size), zeros when absent.  Returns the outputs of the last layer,
    (T, N, directions * hidden_size), and the last state, shaped like hx.  `dropout` acts between layers.

    >>> import minigrad
    >>> output, h = minigrad.nn.RNN(10, 20, num_layers=2)(minigrad.zeros(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        self.nonlinearity = nonlinearity
        mode = "RNN_" + nonlinearity.upper()
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )


class LSTM(RNNBase):
    """Long short-term memory: a state that is added to rather than overwritten, so that gradients last.

    Arguments and shapes as for `RNN`, but hx and the returned state are pairs (h, c); with `proj_size` P, h has P
    features (Hochreiter and Schmidhuber, 1997; Sak et al., 2014).

    >>> import minigrad
    >>> output, (h, c) = minigrad.nn.LSTM(10, 20, bidirectional=True)(minigrad.zeros(5, 3, 10))
    >>> output.shape, c.shape
    (torch.Size([5, 3, 40]), torch.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )


class GRU(RNNBase):
    """The gated recurrent unit: an LSTM's idea with one state and two gates   (Cho et al., 2014).

    Arguments and shapes as for `RNN`.

    >>> import minigrad
    >>> output, h = minigrad.nn.GRU(10, 20, batch_first=True)(minigrad.zeros(3, 5, 10))
    >>> output.shape, h.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )
