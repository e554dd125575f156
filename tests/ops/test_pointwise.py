"""What every row of the tables gets from the machinery: what is saved, types, shapes, numbers, operators, silence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

import minigrad
from minigrad.ops.pointwise import pointwise, refusing, to_common, unchanged
from tests.oracle import assert_agrees, assert_both_raise, assert_same

# ------------------------------------------------------------------------------------------------ what is saved


def saved(result):
    """The values that a result's node kept, in order: inputs, then the result."""
    return [item is not None for item in result.grad_fn.saved]


def test_the_argument_names_of_the_derivatives_say_what_is_saved():
    x = minigrad.tensor([0.5, 2.0], requires_grad=True)
    assert saved(x.log()) == [True, False]
    assert saved(x.exp()) == [False, True]
    assert saved(x.lerp(x * 2, 0.5)) == [False, False, True, False]


def test_only_what_the_wanted_gradients_read_is_saved():
    x, y = minigrad.tensor([2.0], requires_grad=True), minigrad.tensor([3.0])
    assert saved(x * y) == [False, True, False]
    assert saved(y * x) == [True, False, False]
    assert saved(x * x) == [True, True, False]


def test_a_row_of_three_inputs_has_a_derivative_for_each():
    volume = pointwise(
        "volume",
        lambda xp, x, y, z: x * y * z,
        lambda g, y, z: g * y * z,
        lambda g, x, z: g * x * z,
        lambda g, x, y: g * x * y,
    )
    x, y, z = (minigrad.tensor(v, requires_grad=True) for v in ([2.0, 3.0], [[5.0], [7.0]], 11.0))
    volume.apply(x, y, z).sum().backward()
    assert x.grad.tolist() == [12 * 11.0, 12 * 11.0]
    assert y.grad.tolist() == [[5 * 11.0], [5 * 11.0]]
    assert z.grad.item() == 60.0


def test_a_row_is_freed_by_the_first_backward_and_says_so_in_the_second():
    x = minigrad.tensor([2.0], requires_grad=True)
    for function in (minigrad.exp, lambda x: x * x, lambda x: x.clamp(0, 1)):
        y = function(x)
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()


# ------------------------------------------------------------------------------------------------ shapes and types


@settings(deadline=None)  # the first call imports PyTorch
@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_gradients_have_the_shapes_of_their_inputs(shapes):
    def program(T):
        x, y = (T.tensor(np.arange(float(np.prod(s))).reshape(s) + 1, requires_grad=True) for s in shapes.input_shapes)
        (x * y).sum().backward()
        return x.grad, y.grad

    assert_same(program)


@pytest.mark.parametrize(
    "function",
    ["x + y", "x * y", "x / y", "x - y", "x > y", "x == y", "x & y", "T.maximum(x, y)", "T.where(x > 0, x, y)", "T.lerp(x, x, y)",
     "T.addcmul(x, x, y)", "x ** y", "x.clamp(y, x)", "T.isclose(x, y)"],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_named(function):
    def program(T):
        x, y = (T.tensor(np.ones(s, bool if "&" in function else np.float32)) for s in ((2, 3), (4,)))
        return eval(function, {"T": T, "x": x, "y": y})

    assert_both_raise(program, r"size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton dimension 1")


@pytest.mark.parametrize("number", [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), np.int8(2)])
@pytest.mark.parametrize("kind", ["uint8", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(2,), ()])
def test_a_number_of_python_or_numpy_does_not_promote_within_its_category(kind, shape, number):
    for function in (
        "x + n",
        "n * x",
        "x / n",
        "n / x",
        "x ** n",
        "x > n",
        "x == n",
        "T.xlogy(x, n)",
        "T.copysign(x, n)",
        "x.clamp_min(n)",
    ):
        assert_agrees(lambda T: eval(function, {"x": T.tensor(np.full(shape, 3).astype(kind)), "n": number, "T": T}), 1e-3)  # noqa: B023


def test_a_zero_dimensional_tensor_does_not_promote_within_its_category():
    def program(T):
        vector, scalar = T.tensor([1.0, 2.0]), T.tensor(2.0, dtype=T.float64)
        return (
            vector * scalar,
            scalar * vector,
            scalar * scalar,
            T.tensor([1, 2], dtype=T.int8) * T.tensor(3),
            T.tensor([1]) * scalar,
        )

    assert_same(program)


def test_refusing_names_the_operation_and_the_type():
    promote = refusing(to_common, "bf", "twist")
    assert promote(np.array([1]), np.array([2]))[0].dtype == np.int64
    with pytest.raises(NotImplementedError, match='"twist" not implemented for bool'):
        promote(np.array([True]), np.array([False]))
    with pytest.raises(RuntimeError, match="only whole numbers"):
        refusing(unchanged, "f", "twist", "only whole numbers")(np.array([1.5]))


def test_refusal_reaches_two_arrays_of_one_floating_type():
    with pytest.raises(NotImplementedError, match="gcd"):
        minigrad.gcd(minigrad.tensor([1.0]), minigrad.tensor([2.0]))


# ------------------------------------------------------------------------------------------------ operators and operands


class Stranger:
    """Knows how to stand on either side of a tensor."""

    def __radd__(self, other):
        return "right"

    def __add__(self, other):
        return "left"

    __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmod__ = __rfloordiv__ = __rand__ = __ror__ = __rlshift__ = __radd__
    __gt__ = __add__


def test_operands_of_unknown_type_are_left_to_python():
    x, stranger = minigrad.tensor([1.0]), Stranger()
    assert [x + stranger, x - stranger, x * stranger, x / stranger, x**stranger, x % stranger, x // stranger] == ["right"] * 7
    assert [x & stranger, x | stranger, x << stranger] == ["right"] * 3
    assert (x < stranger) == "left"
    assert (x == "a", x != "a", x == None) == (False, True, False)  # noqa: E711
    for operation in ("x + None", "None - x", "x * 'a'", "x < None", "x & [1]"):
        with pytest.raises(TypeError):
            eval(operation, {"x": x})


@pytest.mark.cpu_only
def test_arrays_of_numpy_may_stand_beside_a_tensor_of_the_cpu():
    x, a = minigrad.tensor([1.0, 2.0]), np.array([10.0, 20.0])
    for result in (x + a, a + x, x - a, a - x, x * a, a / x, x**a, x > a, x == a):
        assert isinstance(result, minigrad.Tensor)
    assert (a - x).tolist() == [9.0, 18.0]
    assert (a - x).dtype is minigrad.float64


@pytest.mark.parametrize("name", ["add", "mul", "maximum", "eq", "logical_and", "pow", "where", "atan2"])
def test_what_is_no_tensor_is_refused_by_name(name):
    with pytest.raises(TypeError, match=rf"{name}\(\): argument"):
        getattr(minigrad, name)(minigrad.tensor([1.0]), "a") if name != "where" else minigrad.where("a", 1, 2)


def test_functions_with_operators_take_a_number_first():
    def program(T):
        x = T.tensor([1, 2, 3])
        return (
            T.add(2, x), T.sub(2.5, x), T.mul(2, x), T.div(2, x), T.pow(2, x), T.remainder(7, x), T.floor_divide(7, x),
            T.float_power(2, x), T.bitwise_and(6, x), T.bitwise_left_shift(1, x), T.xlogy(2, x),
        )  # fmt: skip

    assert_same(program, rtol=1e-6)


# ------------------------------------------------------------------------------------------------ silence


@pytest.mark.cpu_only
def test_infinities_and_nan_arise_without_warnings_while_numpys_own_still_warn():
    program = """
import warnings, threading, numpy as np, minigrad as T
x, zero = T.tensor([0.0, 1e30, -1.0], requires_grad=True), T.tensor(0.0)
def arise():
    for y in (x.log(), x * x * x, x / 0, 1 / x, x.sqrt(), (x * 100).exp(), x % 0, x.detach() // 0, x**0.5, x.log() - x.log(),
              zero / zero, T.tensor(1e30) ** 2):
        if y.requires_grad:
            y.sum().backward(retain_graph=True)
    T.tensor(2**63 - 1) + 1
arise()
thread = threading.Thread(target=arise)
thread.start()
thread.join()
try:
    np.log(np.zeros(1))
except RuntimeWarning:
    print("numpy warns")
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("numpy warns", "")


def test_augmented_assignment_under_no_grad_writes_in_place_and_keeps_the_shape():
    x = minigrad.zeros(3)
    alias = x.view(3)
    with minigrad.no_grad():
        x += minigrad.ones(3)
        assert alias.tolist() == [1, 1, 1] and x._version == 1
        number = minigrad.tensor(1.0)
        with pytest.raises(RuntimeError, match=r"output with shape \[\] doesn't match the broadcast shape \[3\]"):
            number += minigrad.ones(3)
        with pytest.raises(RuntimeError, match="more than one element"):
            minigrad.ones(1).expand(3).__iadd__(minigrad.ones(3))
    assert number.item() == 1.0
