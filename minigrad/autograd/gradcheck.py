"""Is a derivative right?  `gradcheck` compares what backward computes with nudging each input a little.

For f: R^n -> R^m the Jacobian entry J[j, i] = df_j/dx_i is estimated by the central difference
(f(x + h e_i) - f(x - h e_i)) / 2h, whose error falls with h squared (Nocedal & Wright 2006, section 8.1), and compared
with row j of backward.  `gradgradcheck` does the same to the function that computes the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad import dtypes
from minigrad.autograd.engine import grad
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.autograd.variable import Variable


class GradcheckError(RuntimeError):
    """Raised by `gradcheck` when a derivative is wrong."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether the gradients of `func(*inputs)` agree with central differences within atol + rtol * |expected|.

    Inputs that require grad should be float64: with float32 the differences drown in rounding.

    >>> import minigrad
    >>> x = minigrad.tensor([0.5, 1.5], dtype=minigrad.float64, requires_grad=True)
    >>> minigrad.autograd.gradcheck(lambda x: (x * x).sum(), (x,))
    True
    """
    tensors = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    try:
        _check(func, tensors, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_fwd_over_rev: bool = False,
    fast_mode: bool = False,
) -> bool:
    """Whether the gradients of the gradients of `func(*inputs)` agree with central differences.

    >>> import minigrad
    >>> x = minigrad.tensor([0.5, 1.5], dtype=minigrad.float64, requires_grad=True)
    >>> minigrad.autograd.gradgradcheck(lambda x: x * x * x, (x,))
    True
    """
    tensors = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    with enable_grad():
        outputs = _differentiable(func(*tensors))
    if grad_outputs is None:
        seeds = tuple(_seed_like(o) for o in outputs)
    else:
        seeds = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    count = len(tensors)

    def gradient(*everything: Any) -> tuple[Any, ...]:
        results = _differentiable(func(*everything[:count]))
        wanted = [t for t in everything[:count] if isinstance(t, Variable) and t.requires_grad]
        found = grad(results, wanted, everything[count:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradient, (*tensors, *seeds), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, nondet_tol=nondet_tol
    )


def _seed_like(output: Any) -> Any:
    """Fixed, uneven weights for the rows of a Jacobian: sin(1), sin(2), ... and a gradient of their own."""
    count = output.numel()
    values = output.new_tensor(list(range(1, count + 1)), dtype=output.dtype).sin().reshape(output.shape)
    return values.requires_grad_()


def _differentiable(outputs: Any) -> tuple[Any, ...]:
    results = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return tuple(o for o in results if isinstance(o, Variable) and o.requires_grad)


def _check(func: Callable[..., Any], tensors: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet_tol: float) -> None:
    wanted = [t for t in tensors if isinstance(t, Variable) and t.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for t in wanted:
        kind = dtypes.of_array(t._array)
        if kind.name not in ("float64", "complex128"):
            raise ValueError(
                f"gradcheck needs inputs of dtype float64 (differences drown in the rounding of {kind}): use .double()"
            )
    with enable_grad():
        outputs = _differentiable(func(*tensors))
    for number, output in enumerate(outputs):
        analytic = _analytic_jacobian(output, wanted)
        again = _analytic_jacobian(_differentiable(func(*tensors))[number], wanted)
        for i, x in enumerate(wanted):
            numeric = _numeric_jacobian(func, tensors, x, number, eps)
            _compare(analytic[i], numeric, atol, rtol, f"output {number} with respect to input {_position(tensors, x)}")
            _compare(
                again[i], analytic[i], nondet_tol, 0.0, f"a second backward of output {number} (backward is not deterministic)"
            )


def _position(tensors: tuple[Any, ...], x: Any) -> int:
    return next(i for i, t in enumerate(tensors) if t is x)


def _analytic_jacobian(output: Any, wanted: Sequence[Any]) -> list[list[list[float]]]:
    """J[i][j]: the gradient of element j of the output with respect to input i, flat."""
    rows: list[list[list[float]]] = [[] for _ in wanted]
    for j in range(output.numel()):
        seed = output.new_zeros(output.shape)
        seed.view(-1)[j] = 1
        found = grad(output, wanted, seed, retain_graph=True, allow_unused=True)
        for i, g in enumerate(found):
            rows[i].append([0.0] * wanted[i].numel() if g is None else g.detach().reshape(-1).tolist())
    return rows


def _numeric_jacobian(func: Callable[..., Any], tensors: tuple[Any, ...], x: Any, number: int, eps: float) -> list[list[float]]:
    columns = []
    values = x.data  # the same memory, outside the graph
    for position in _positions(values.shape):
        original = values[position].item()
        ends = []
        for step in (eps, -eps):
            values[position] = original + step
            with enable_grad():
                ends.append(_differentiable(func(*tensors))[number].detach().clone())
        values[position] = original
        with no_grad():
            columns.append(((ends[0] - ends[1]) / (2 * eps)).reshape(-1).tolist())
    rows = len(columns[0]) if columns else 0
    return [[column[j] for column in columns] for j in range(rows)]


def _positions(shape: Sequence[int]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()]
    for n in shape:
        found = [(*p, i) for p in found for i in range(n)]
    return found


def _compare(got: list[list[float]], expected: list[list[float]], atol: float, rtol: float, what: str) -> None:
    for j, (row, reference) in enumerate(zip(got, expected)):
        for i, (a, b) in enumerate(zip(row, reference)):
            if not abs(a - b) <= atol + rtol * abs(b):
                raise GradcheckError(
                    f"Jacobian mismatch for {what}: d output[{j}] / d input[{i}] is {a:.8g} by backward and {b:.8g} by central "
                    f"differences (allowed difference {atol + rtol * abs(b):.2g})"
                )
