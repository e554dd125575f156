"""Functions of the user's own, with PyTorch's `ctx`."""

from __future__ import annotations

import pytest

import minigrad
from tests.oracle import assert_both_raise, assert_same, leaf


def scaled_product(T):
    class ScaledProduct(T.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, scale):
            ctx.save_for_backward(x, y)
            ctx.scale = scale
            return x * y * scale

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            assert ctx.needs_input_grad == (True, True, False)
            return g * y * ctx.scale, g * x * ctx.scale, None

    x, y = leaf(T, 3), leaf(T, 3)
    z = ScaledProduct.apply(x, y * 2, 5.0)
    (g,) = T.autograd.grad((z * z).sum(), x, create_graph=True)
    g.sum().backward()
    return z, g, x.grad, y.grad


def saved_output(T):
    class Exp(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(T, 3)
    (first,) = T.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    (second,) = T.autograd.grad(first.sum(), x)
    return first, second


def two_outputs_one_of_integers(T):
    class Largest(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            value, index = x.max(0)
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(index)
            ctx.n = x.shape[0]
            return value, index

        @staticmethod
        def backward(ctx, g, _):
            (index,) = ctx.saved_tensors
            out = T.zeros(ctx.n, dtype=g.dtype)
            out[index] = g
            return out

    x = leaf(T, 4)
    value, index = Largest.apply(x)
    assert not index.requires_grad
    value.backward()
    return value, index, x.grad


def changed_in_place(T):
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(T, 3)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    (y * y).sum().backward()
    return y, x.grad


def unused_outputs_arrive_as_zeros_or_none(T):
    class Pair(T.autograd.Function):
        materialize = True

        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(Pair.materialize)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            seen.append(None if b is None else b.tolist())
            return a * 2

    seen = []
    for Pair.materialize in (True, False):
        x = leaf(T, 2)
        Pair.apply(x)[0].sum().backward()
    assert seen == [[0.0, 0.0], None]
    return x.grad


def context_set_up_apart(T):
    class Cube(T.autograd.Function):
        @staticmethod
        def forward(x):
            return x * x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * g * x * x

    x = leaf(T, 3)
    Cube.apply(x).sum().backward()
    return x.grad


def input_returned_unchanged(T):
    class Reverse(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, g):
            return -g

    x = leaf(T, 3)
    (Reverse.apply(x) * x).sum().backward()
    return x.grad


PROGRAMS = [scaled_product, saved_output, two_outputs_one_of_integers, changed_in_place, unused_outputs_arrive_as_zeros_or_none,
            context_set_up_apart, input_returned_unchanged]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_functions_behave_as_in_pytorch(program):
    assert_same(program)


def broken(T, gradients):
    class Broken(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return gradients(g)

    Broken.apply(leaf(T, 2)).sum().backward()


def test_a_wrong_number_of_gradients_is_refused():
    assert_both_raise(lambda T: broken(T, lambda g: (g, g)), r"BrokenBackward returned an incorrect number of gradients \(expected 1, got 2\)")


def test_a_gradient_of_the_wrong_shape_is_refused():
    assert_both_raise(lambda T: broken(T, lambda g: T.ones(3, dtype=T.float64)), r"returned an invalid gradient at index 0 - got \[3\]")


def test_a_gradient_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="must return Tensors or None as gradients, got float"):
        broken(minigrad, lambda g: 1.0)


def test_forward_and_backward_must_be_written():
    class Nothing(minigrad.autograd.Function):
        pass

    with pytest.raises(NotImplementedError, match="forward"):
        Nothing.apply(minigrad.ones(1))


def test_once_differentiable_refuses_a_second_derivative():
    from minigrad.autograd.function import once_differentiable

    class Square(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = minigrad.ones(2, requires_grad=True)
    (first,) = minigrad.autograd.grad(Square.apply(x).sum(), x, create_graph=True)
    assert first.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        minigrad.autograd.grad(first.sum(), x)


def test_an_operation_that_saves_a_stray_array_is_refused():
    from minigrad.autograd.function import Operation

    class Careless(Operation):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x * 2)
            return x * 2

    with pytest.raises(RuntimeError, match="neither an input nor an output"):
        Careless.apply(minigrad.ones(2, requires_grad=True))


def test_gradcheck_accepts_right_and_names_wrong_derivatives():
    class Wrong(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]  # the factor 2 is missing

    x = minigrad.tensor([0.5, 1.5], dtype=minigrad.float64, requires_grad=True)
    assert minigrad.autograd.gradcheck(lambda x: x * x, (x,))
    assert minigrad.autograd.gradgradcheck(lambda x: x * x * x, (x,))
    assert not minigrad.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False)
    with pytest.raises(minigrad.autograd.GradcheckError, match=r"Jacobian mismatch for output 0 with respect to input 0"):
        minigrad.autograd.gradcheck(Wrong.apply, (x,))
    with pytest.raises(ValueError, match="float64"):
        minigrad.autograd.gradcheck(lambda x: x * x, (minigrad.ones(2, requires_grad=True),))


def test_detect_anomaly_names_the_forward_line():
    x = minigrad.zeros(2, requires_grad=True)
    with minigrad.autograd.detect_anomaly():
        y = x / x  # the line that is at fault
        with pytest.raises(RuntimeError, match=r"Function 'DivBackward0' returned nan values in its 1th output") as caught:
            y.sum().backward()
    assert "y = x / x  # the line that is at fault" in str(caught.value)
    assert not minigrad.autograd.is_anomaly_enabled()


def test_detect_anomaly_nests():
    with minigrad.autograd.detect_anomaly():
        inner = minigrad.autograd.detect_anomaly(check_nan=False)
        assert minigrad.autograd.is_anomaly_enabled()
        with inner:
            pass
        assert minigrad.autograd.is_anomaly_enabled()
    assert not minigrad.autograd.is_anomaly_enabled()


def test_an_input_that_is_returned_as_it_is_may_be_marked_non_differentiable():
    def program(T):
        class Constant(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.mark_non_differentiable(x)
                return x

            @staticmethod
            def backward(ctx, g):
                return g

        y = Constant.apply(leaf(T, 3) * 1)
        assert not y.requires_grad
        return y

    assert_same(program)
