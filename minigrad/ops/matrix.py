"""Matrix products: `@` and everything made of it.  (Solving and decomposing is in `linalg.py`.)

One operation, `Matmul`, does the work, through BLAS: for Y = A B the chain rule gives dA = G B^T and dB = A^T G, so its
backward is made of matrix products again (Magnus & Neudecker, *Matrix Differential Calculus*, 3rd ed. 2019, chapter 9).
"""

from __future__ import annotations

import math
import string
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace
from minigrad.ops._dims import normalize_dim
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Matmul(Operation):
    """Y = A B over the last two axes, the axes before them broadcast; vectors count as a row (left) or a column (right).

    dA = G B^T, dB = A^T G.
    """

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        if a.ndim > 2 and b.ndim == 2:  # one large product is faster than many small ones
            rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
            return (rows @ b).reshape(*a.shape[:-1], b.shape[-1])
        return array_namespace(a).matmul(a, b)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = ctx.saved_tensors
        want_a, want_b = ctx.needs_input_grad
        if a.ndim == 1 and b.ndim == 1:
            return g * b.conj() if want_a else None, g * a.conj() if want_b else None
        if a.ndim == 1:
            return (
                Matmul.apply(b.conj(), g.unsqueeze(-1)).squeeze(-1) if want_a else None,
                a.conj().unsqueeze(-1) * g.unsqueeze(-2) if want_b else None,
            )
        if b.ndim == 1:
            return (
                g.unsqueeze(-1) * b.conj() if want_a else None,
                Matmul.apply(a.mH, g.unsqueeze(-1)).squeeze(-1) if want_b else None,
            )
        da = Matmul.apply(g, b.mH) if want_a else None
        if not want_b:
            return da, None
        if a.ndim > 2 and b.ndim == 2:
            rows = a.shape[:-1].numel()
            a, g = a.reshape(rows, a.shape[-1]), g.reshape(rows, g.shape[-1])
        return da, Matmul.apply(a.mH, g)

    def name(self) -> str:
        return "MmBackward0" if len(self.outputs[0][0]) == 2 else "MatmulBackward0"


def _check_types(name: str, *tensors: Any) -> None:
    """All operands are tensors of one dtype, which is not bool."""
    try:
        first = tensors[0]._array.dtype
        if first.kind != "b" and all([t._array.dtype is first for t in tensors]):
            return
    except AttributeError:
        pass
    for t in tensors:
        check_tensor(name, "input", t)
    kinds = {t.dtype for t in tensors}
    if len(kinds) > 1:
        first, second = (_c_name(d) for d in sorted(kinds, key=lambda d: tensors[0].dtype is not d)[:2])
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {first} != {second}: convert one with .to(dtype)")
    if dtypes.bool_ in kinds:
        raise RuntimeError(f"\"{name}\" not implemented for 'Bool': convert to a numeric type first")


def _c_name(kind: dtypes.dtype) -> str:
    names = {"float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long long", "int32": "int", "bool": "bool"}
    return names.get(kind.name, kind.name)


def _check_product(a: Tensor, b: Tensor) -> None:
    """Refuse two operands whose inner sizes differ, in words that name both shapes."""
    rows, inner = (1, a.shape[0]) if a.ndim == 1 else (a.shape[:-1].numel(), a.shape[-1])
    if b.shape[-2 if b.ndim > 1 else 0] == inner:
        return
    if a.ndim == 1 and b.ndim == 1:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{inner}] and src [{b.shape[0]}] to have the same number of elements, "
            f"but got {inner} and {b.shape[0]} elements respectively"
        )
    if b.ndim == 1:
        raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{inner}), vec ({b.shape[0]})")
    if b.ndim > 2:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[b.shape[0], inner]} but got: {list(b.shape[:2])}."
        )
    raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{inner} and {b.shape[-2]}x{b.shape[-1]})")


@operation(where=("", "linalg"))
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product A B: (..., n, m) @ (..., m, p) -> (..., n, p), batch axes broadcast; also of vectors.

    >>> import minigrad
    >>> minigrad.ones(2, 3) @ minigrad.ones(3)
    tensor([3., 3.])
    """
    _check_types("matmul", input, other)
    try:
        return Matmul.apply(input, other)
    except ValueError:
        if input.ndim == 0 or other.ndim == 0:
            raise RuntimeError(
                f"both arguments to matmul need to be at least 1D, but they are {input.ndim}D and {other.ndim}D: use * for "
                "a product with a number"
            ) from None
        _check_product(input, other)
        raise


def _expecting(name: str, *ranks: tuple[str, Tensor, int]) -> None:
    for argument, value, rank in ranks:
        if value.ndim != rank:
            kind = {1: "a vector", 2: "a matrix", 3: "a 3D tensor"}[rank]
            raise RuntimeError(f"{name}: {argument} must be {kind}, got a {value.ndim}D tensor of shape {list(value.shape)}")


@operation()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices: (n, m) (m, p) -> (n, p)."""
    _check_types("mm", input, mat2)
    _expecting("mm", ("self", input, 2), ("mat2", mat2, 2))
    _check_product(input, mat2)
    return Matmul.apply(input, mat2)


@operation()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices: (N, n, m) (N, m, p) -> (N, n, p)."""
    _check_types("bmm", input, mat2)
    _expecting("bmm", ("batch1", input, 3), ("batch2", mat2, 3))
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[input.shape[0], input.shape[2]]} but got: "
            f"{list(mat2.shape[:2])}."
        )
    return Matmul.apply(input, mat2)


@operation()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector: (n, m) (m) -> (n)."""
    _check_types("mv", input, vec)
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {vec.ndim}, {input.ndim}, {vec.ndim}")
    _check_product(input, vec)
    return Matmul.apply(input, vec)


@operation()
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors of equal length."""
    _check_types("dot", input, tensor)
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    _check_product(input, tensor)
    return Matmul.apply(input, tensor)


@operation(aliases=("ger",))
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products of two vectors: y[i, j] = input[i] * vec2[j]."""
    for argument, value in (("self", input), ("vec2", vec2)):
        check_tensor("outer", argument, value)
        if value.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {argument}, but got {value.ndim}-D")
    return input.unsqueeze(1) * vec2.unsqueeze(0)


@operation()
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sum of the products along the last axes of both: y[..., ...] = sum_k input[..., k] other[..., k]."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


@operation()
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return input.diagonal().sum()


# ------------------------------------------------------------------------------------------------ product and sum


def _plus(name: str, input: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """beta * input + alpha * product, in the dtype of the product; with beta = 0 the input is ignored, NaN and all."""
    if not product.dtype.is_inexact:
        beta, alpha = int(beta), int(alpha)
    if input.dtype is not product.dtype:
        raise RuntimeError(f"{name}: self must have the dtype of the matrices, {product.dtype}, got {input.dtype}")
    try:
        input = input.expand(product.shape)
    except RuntimeError:
        raise RuntimeError(
            f"{name}: The expanded size of the tensor {list(product.shape)} must match the existing size {list(input.shape)}"
        ) from None
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return (input if beta == 1 else input * beta) + scaled


@operation(in_place=True)
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""
    _check_types("addmm", mat1, mat2)
    _expecting("addmm", ("mat1", mat1, 2), ("mat2", mat2, 2))
    return _plus("addmm", input, mm(mat1, mat2), beta, alpha)


@operation(in_place=True)
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec)."""
    return _plus("addmv", input, mv(mat, vec), beta, alpha)


@operation(in_place=True)
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), for batches of matrices."""
    return _plus("baddbmm", input, bmm(batch1, batch2), beta, alpha)


@operation(in_place=True)
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * sum over the batch of (batch1 @ batch2)."""
    return _plus("addbmm", input, bmm(batch1, batch2).sum(0), beta, alpha)


@operation(in_place=True)
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2)."""
    product = outer(vec1, vec2)
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else (input if beta == 1 else input * beta) + scaled


# ------------------------------------------------------------------------------------------------ contractions


def _contract(a: Tensor, b: Tensor, left: list[int], right: list[int]) -> Tensor:
    """Sum over pairs of axes, `left` of a with `right` of b, as one matrix product; the free axes of a come first."""
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    shape = [a.shape[i] for i in free_a] + [b.shape[i] for i in free_b]
    inner_size = math.prod(a.shape[i] for i in left)
    rows, columns = math.prod(a.shape[i] for i in free_a), math.prod(b.shape[i] for i in free_b)
    matrix_a = a.permute(free_a + left).reshape(rows, inner_size)
    matrix_b = b.permute(right + free_b).reshape(inner_size, columns)
    return Matmul.apply(matrix_a, matrix_b).reshape(shape)


@operation(method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sum over several axes of both: the last `dims` of a with the first of b, or those given as two lists.

    >>> import minigrad
    >>> minigrad.tensordot(minigrad.ones(2, 3), minigrad.ones(3, 4), dims=1).shape
    torch.Size([2, 4])
    """
    if isinstance(dims, Variable):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        left, right = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(left) != len(right):
        raise RuntimeError(f"both dimension lists should have same length, got {len(left)} and {len(right)}")
    _check_types("tensordot", a, b)
    left, right = [normalize_dim(d, a.ndim) for d in left], [normalize_dim(d, b.ndim) for d in right]
    for d, e in zip(left, right):
        if a.shape[d] == b.shape[e]:
            continue
        if a.shape[d] == 1:
            b = b.sum(e, keepdim=True)
        elif b.shape[e] == 1:
            a = a.sum(d, keepdim=True)
        else:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[d]} in dim {d} and second has size "
                f"{b.shape[e]} in dim {e}"
            )
    return _contract(a, b, left, right)


@operation(method=False, out=False)
def einsum(equation: Any, *operands: Any) -> Tensor:
    """Einstein's summation: axes with one letter are matched, letters missing on the right are summed over.

    `einsum("ij,jk->ik", a, b)` is a @ b.  Operands are contracted from left to right, two at a time, each by one (batched)
    matrix product.

    >>> import minigrad
    >>> minigrad.einsum("i,j->ij", minigrad.tensor([1, 2]), minigrad.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    if not isinstance(equation, str):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    terms, result = _parse(equation, operands)
    tensors = [_distinct(t, term) for t, term in zip(operands, terms)]
    sizes: dict[str, int] = {}
    for t, letters in tensors:
        for n, letter in zip(t.shape, letters):
            if sizes.get(letter, 1) not in (1, n) and n != 1:
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes: letter '{letter}' has sizes {sizes[letter]} and {n}"
                )
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    (left, letters), *others = tensors
    for k, (right, right_letters) in enumerate(others):
        later = set(result).union(*[set(term) for _, term in others[k + 1 :]])
        left, letters = _multiply(left, letters, right, right_letters, later)
    extra = [i for i, letter in enumerate(letters) if letter not in result]
    if extra:
        left, letters = left.sum(extra), "".join(c for c in letters if c in result)
    return left.permute([letters.index(c) for c in result]) if letters != result else left


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])` as an equation and its operands."""
    operands, terms = list(arguments[0 : len(arguments) - len(arguments) % 2 : 2]), list(arguments[1::2])

    def spell(axes: Any) -> str:
        for axis in axes:
            if axis is not Ellipsis and not 0 <= axis < 52:
                raise ValueError(f"einsum(): subscripts must be integers from 0 to 51, got {axis}")
        return "".join("..." if axis is Ellipsis else string.ascii_letters[axis] for axis in axes)

    equation = ",".join(spell(term) for term in terms)
    if len(arguments) % 2:
        equation += "->" + spell(arguments[-1])
    return equation, tuple(operands)


def _parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, `...` replaced by letters of its own."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if not operands:
        raise ValueError("einsum(): must provide at least one operand")
    if len(terms) != len(operands):
        more = "more operands were provided than specified in the equation" if len(terms) < len(operands) else (
            "fewer operands were provided than specified in the equation")  # fmt: skip
        raise RuntimeError(f"einsum(): {more}: {len(terms)} terms in '{equation}', {len(operands)} operands")
    spare = [c for c in string.ascii_letters if c not in equation]
    widest, expanded = 0, []
    for i, (term, t) in enumerate(zip(terms, operands)):
        named = term.replace("...", "", 1)
        if not all(c in string.ascii_letters for c in named):
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {i} of the equation string, subscripts must be in [a-zA-Z]: '{term}'"
            )
        hidden = t.ndim - len(named)
        if hidden < 0 or (hidden > 0 and "..." not in term):
            relation = "is more than" if hidden < 0 else "does not match"
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(named)}) {relation} the number of dimensions "
                f"({t.ndim}) for operand {i}" + ("" if hidden < 0 else " and no ellipsis was given")
            )
        widest = max(widest, hidden)
        expanded.append((term, hidden))
    ellipsis = "".join(spare[:widest])
    full = [term.replace("...", ellipsis[widest - hidden :] if hidden else "") for term, hidden in expanded]
    if arrow:
        result = right.replace("...", ellipsis)
    else:
        counts = "".join(term.replace("...", "") for term in terms)
        result = ellipsis + "".join(c for c in sorted(set(counts)) if counts.count(c) == 1)
    for c in result:
        if c not in string.ascii_letters:
            raise RuntimeError(f"einsum(): invalid subscript given for the output, subscripts must be in [a-zA-Z]: '{right}'")
        if result.count(c) > 1:
            raise RuntimeError(f"einsum(): output subscript {c} appears more than once in the output")
        if not any(c in term for term in full):
            raise RuntimeError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")
    return full, result


def _distinct(t: Tensor, letters: str) -> tuple[Tensor, str]:
    """Axes of one operand that carry the same letter, replaced by their diagonal."""
    for c in sorted(set(letters)):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            if t.shape[i] != t.shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {c} is repeated for an operand but the sizes don't match, {t.shape[j]} != {t.shape[i]}"
                )
            t, letters = t.diagonal(0, i, j), letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + c
    return t, letters


def _multiply(a: Tensor, la: str, b: Tensor, lb: str, needed: set[str]) -> tuple[Tensor, str]:
    """Contract two operands into one that keeps the letters still needed: a batched matrix product."""
    alone_a = [i for i, c in enumerate(la) if c not in needed and c not in lb]
    if alone_a:
        a, la = a.sum(alone_a), "".join(c for i, c in enumerate(la) if i not in alone_a)
    alone_b = [i for i, c in enumerate(lb) if c not in needed and c not in la]
    if alone_b:
        b, lb = b.sum(alone_b), "".join(c for i, c in enumerate(lb) if i not in alone_b)
    shared = [c for c in la if c in lb]
    for c in shared:  # an axis of size 1 broadcasts
        i, j = la.index(c), lb.index(c)
        if a.shape[i] != b.shape[j]:
            n = max(a.shape[i], b.shape[j]) if 0 not in (a.shape[i], b.shape[j]) else 0
            a = a.expand([n if k == i else -1 for k in range(a.ndim)])
            b = b.expand([n if k == j else -1 for k in range(b.ndim)])
    batch = [c for c in shared if c in needed]
    summed = [c for c in shared if c not in needed]
    free_a, free_b = [c for c in la if c not in lb], [c for c in lb if c not in la]
    size = {c: n for c, n in zip(la, a.shape)} | {c: n for c, n in zip(lb, b.shape)}

    def count(letters: list[str]) -> int:
        return math.prod(size[c] for c in letters)

    left = a.permute([la.index(c) for c in batch + free_a + summed]).reshape(count(batch), count(free_a), count(summed))
    right = b.permute([lb.index(c) for c in batch + summed + free_b]).reshape(count(batch), count(summed), count(free_b))
    product = left * right if not summed and a.dtype is dtypes.bool_ else Matmul.apply(left, right)
    letters = batch + free_a + free_b
    return product.reshape([size[c] for c in letters]), "".join(letters)


def _matmul_operator(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Variable) else NotImplemented


def _rmatmul_operator(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Variable) else NotImplemented


for _dunder, _operator in (("__matmul__", _matmul_operator), ("__rmatmul__", _rmatmul_operator)):
    setattr(Tensor, _dunder, _operator)
