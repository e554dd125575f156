"""Linear layers as functions: `linear`, which most of a network's work is, and `bilinear`."""

from __future__ import annotations

from math import prod
from typing import Any

from minigrad.autograd.function import Operation
from minigrad.autograd.node import NOT_A_TENSOR
from minigrad.kernels._namespace import widened
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


@widened
def _affine(x: Any, weight: Any, bias: Any) -> Any:
    """All rows of x in one matrix product; the bias is added in place."""
    rows = x if x.ndim == 2 else x.reshape(prod(x.shape[:-1]), x.shape[-1])
    y = rows @ weight.T
    if bias is not None and bias.ndim < 2:
        y += bias
    if x.ndim != 2:
        y = y.reshape(*x.shape[:-1], weight.shape[0])
    if bias is not None and bias.ndim >= 2:
        y += bias
    return y


class Linear(Operation):
    """y = x W^T + b.

    dx = g W,  dW = g^T x,  db = g, each summed over the rows.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any) -> Any:
        ctx.save_for_backward(x, weight)
        return _affine(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, weight = ctx.saved_tensors
        want_x, want_weight, want_bias = ctx.needs_input_grad
        dx = g @ weight.conj() if want_x else None
        if not want_weight:
            return dx, None, g if want_bias else None
        rows = g
        if x.ndim != 2:
            rows, x = g.reshape(-1, weight.shape[0]), x.reshape(-1, weight.shape[1])
        return dx, rows.mT @ x.conj(), g if want_bias else None

    def name(self) -> str:
        """PyTorch's name for the product of matrices that this is."""
        if len(self.outputs[0][0]) != 2:
            return "LinearBackward0"
        return "AddmmBackward0" if self.edges[2] is not NOT_A_TENSOR else "MmBackward0"


@operation(where="nn.functional", out=False)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x W^T + b over the last dimension: input (*, in), weight (out, in), bias (out) give (*, out).

    With a weight of shape (in) the result has shape (*).  Raises RuntimeError where sizes or dtypes do not fit.

    >>> import minigrad
    >>> x, W = minigrad.tensor([[1.0, 2.0]]), minigrad.tensor([[1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
    >>> minigrad.nn.functional.linear(x, W, minigrad.tensor([0.5, 0.5, 0.5]))
    tensor([[ 3.5000,  6.5000, -0.5000]])
    """
    check_tensor("linear", "input", input)
    check_tensor("linear", "weight", weight)
    if weight.ndim == 1:
        y = input @ weight
        return y if bias is None else y + bias
    _check("linear", input, weight, bias)
    return Linear.apply(input, weight, bias)


def _check(name: str, input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """Refuse what NumPy would broadcast, promote or report in its own words."""
    x, w, b = input._array, weight._array, None if bias is None else bias._array
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        found = ", ".join(str(t.dtype) for t in (input, weight, bias) if t is not None)
        raise RuntimeError(
            f"{name}: expected input, weight and bias to have the same dtype, but got: {found}: convert with .to(dtype)"
        )
    if w.ndim != 2:
        raise RuntimeError(
            f"{name}: expected weight to be of shape (out, in), but self is {w.ndim}D: its shape is {list(w.shape)}"
        )
    if not x.ndim:
        raise RuntimeError(f"{name}: both arguments need to be at least 1D, but the input is 0D")
    if x.shape[-1] != w.shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({prod(x.shape[:-1])}x{x.shape[-1]} and "
            f"{w.shape[1]}x{w.shape[0]}): the input "
            f"{list(x.shape)} has {x.shape[-1]} features in its last dimension, the weight {list(w.shape)} takes "
            f"{w.shape[1]}"
        )
    if b is not None and b.shape != (w.shape[0],):
        goal = (*x.shape[:-1], w.shape[0])
        if b.ndim > len(goal) or any(n not in (1, m) for n, m in zip(reversed(b.shape), reversed(goal), strict=False)):
            raise RuntimeError(
                f"The expanded size of the tensor ({goal[-1]}) must match the existing size ({(b.shape or (1,))[-1]}) "
                "at non-singleton "
                f"dimension {len(goal) - 1}.  Target sizes: {list(goal)}.  Tensor sizes: {list(b.shape)}: the bias "
                "needs one number "
                "for each output feature"
            )


@operation(where=("nn.functional", ""), method=False, out=False)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k: input1 (*, D1), input2 (*, D2), weight (K, D1, D2), bias (K) give (*, K).

    >>> import minigrad
    >>> x1, x2 = minigrad.tensor([[1.0, 2.0]]), minigrad.tensor([[3.0, 5.0]])
    >>> minigrad.bilinear(x1, x2, minigrad.eye(2).reshape(1, 2, 2))
    tensor([[13.]])
    """
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: {list(input1.shape)} and {list(input2.shape)} differ before "
            "the last dimension"
        )
    K, D1, D2 = weight.shape
    if input1.shape[-1] != D1 or input2.shape[-1] != D2:
        raise RuntimeError(
            f"bilinear(): the inputs have {input1.shape[-1]} and {input2.shape[-1]} features, the weight "
            f"{list(weight.shape)} takes {D1} and {D2}"
        )
    half = linear(input1, weight.transpose(1, 2).reshape(K * D2, D1)).reshape(*input1.shape[:-1], K, D2)  # x1^T W_k
    y = (half @ input2.unsqueeze(-1)).squeeze(-1)
    return y if bias is None else y + bias
