"""Complex numbers: their parts, and the same memory seen as pairs of real numbers.

The gradient of a real loss with respect to z = a + bi is dL/da + i dL/db (the conjugate Wirtinger derivative that PyTorch
uses), so that subtracting it goes downhill.
"""

from __future__ import annotations

from typing import Any

from minigrad.autograd.function import Operation, ViewOperation
from minigrad.kernels import array_namespace
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class ViewAsReal(ViewOperation):
    """(..., ) complex -> (..., 2) real, in the same memory; dz = g[..., 0] + i g[..., 1]."""

    @staticmethod
    def forward(ctx: Any, z: Any) -> Any:
        part = z.real.dtype
        return z.reshape(*z.shape, 1).view(part)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return view_as_complex(g.contiguous())


class ViewAsComplex(ViewOperation):
    """(..., 2) real -> (..., ) complex, in the same memory."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        xp = array_namespace(x)
        return x.view(xp.result_type(x.dtype, xp.complex64))[..., 0]

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return view_as_real(g)


class Complex(Operation):
    """z = a + bi; da and db are the real and the imaginary part of g."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        return a + b * a.dtype.type(1) * 1j

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g.real, g.imag


@operation(out=False)
def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor (...) as real pairs (..., 2) in the same memory."""
    if not input.dtype.is_complex:
        raise RuntimeError(f"view_as_real is only supported for complex tensors, got {input.dtype}")
    return ViewAsReal.apply(input)


@operation(out=False)
def view_as_complex(input: Tensor) -> Tensor:
    """Real pairs (..., 2) as complex numbers (...) in the same memory."""
    if not input.dtype.is_floating_point or input.element_size() < 4:
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {input.dtype}"
        )
    if input.ndim == 0 or input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.stride(-1) != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    return ViewAsComplex.apply(input)


@operation(out=False)
def real(input: Tensor) -> Tensor:
    """The real part, in the same memory; a real tensor is its own."""
    return view_as_real(input).select(-1, 0) if input.dtype.is_complex else input


@operation(method=False, out=False)
def imag(input: Tensor) -> Tensor:
    """The imaginary part, in the same memory."""
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return view_as_real(input).select(-1, 1)


@operation(method=False, out=False, name="complex")
def complex_(real: Tensor, imag: Tensor) -> Tensor:
    """Complex numbers from their parts: float32 parts give complex64, float64 parts complex128."""
    if real.dtype is not imag.dtype or not real.dtype.is_floating_point or real.element_size() < 4:
        raise RuntimeError(f"Expected both inputs to be Float or Double tensors of one dtype but got {real.dtype} and {imag.dtype}")
    return Complex.apply(real, imag)


for _part in (real, imag):
    setattr(Tensor, _part.__name__, property(_part, doc=_part.__doc__))
