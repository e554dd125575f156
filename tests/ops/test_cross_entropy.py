"""Losses over classes: equal to what they are made of and to PyTorch, to second order; refusals in words."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def classes(C, *shape, seed=1):
    return np.random.default_rng(seed).integers(0, C, shape)


@settings(max_examples=30, deadline=None)
@given(
    N=st.integers(1, 6),
    C=st.integers(1, 5),
    S=st.lists(st.integers(1, 3), max_size=2),
    reduction=st.sampled_from(["mean", "sum", "none"]),
)
def test_cross_entropy_is_nll_loss_of_log_softmax(N, C, S, reduction):
    def results(loss):
        x = minigrad.tensor(numbers(N, C, *S), requires_grad=True)
        y = loss(x, minigrad.tensor(classes(C, N, *S)))
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y.sum(), x))]

    fused = results(lambda x, t: F.cross_entropy(x, t, reduction=reduction))
    composed = results(lambda x, t: F.nll_loss(F.log_softmax(x, 1), t, reduction=reduction))
    for a, b in zip(fused, composed):
        np.testing.assert_allclose(a, b, 1e-10, 1e-12)


def test_the_gradient_is_softmax_minus_onehot():
    x = minigrad.tensor(numbers(4, 3), requires_grad=True)
    t = minigrad.tensor(classes(3, 4))
    F.cross_entropy(x, t, reduction="sum").backward()
    expected = F.softmax(x.detach(), 1) - F.one_hot(t, 3)
    np.testing.assert_allclose(x.grad.numpy(), expected.numpy(), 1e-10, 1e-12)


CASES = {
    "rows": ((4, 3), (4,), {}),
    "one example": ((3,), (), {}),
    "pixels": ((2, 3, 2, 2), (2, 2, 2), {}),
    "sequence": ((2, 3, 4), (2, 4), {}),
    "voxels": ((2, 3, 1, 2, 2), (2, 1, 2, 2), {}),
    "weighed": ((4, 3), (4,), dict(weight=True)),
    "weighed pixels": ((2, 3, 2, 2), (2, 2, 2), dict(weight=True)),
    "some ignored": ((6, 3), (6,), dict(ignore_index=1)),
    "some ignored, weighed": ((6, 3), (6,), dict(ignore_index=0, weight=True)),
    "ignored is no class": ((4, 3), (4,), dict(ignore_index=-7)),
}  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss", "smoothed"])
@pytest.mark.parametrize("name", CASES)
def test_values_and_two_orders_of_derivatives_are_pytorchs(name, loss, reduction):
    shape, target, how = CASES[name]
    x, t, w = numbers(*shape), classes(3, *target), abs(numbers(3, seed=2))

    def program(T):
        settings_ = dict(how, reduction=reduction)
        if how.get("weight"):
            settings_["weight"] = T.tensor(w)
        function = T.nn.functional.nll_loss if loss == "nll_loss" else T.nn.functional.cross_entropy
        if loss == "smoothed":
            settings_["label_smoothing"] = 0.2
        return to_second_order(T, lambda x: function(x * x, T.tensor(t), **settings_), x)

    assert_same(program, 1e-8, 1e-10)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 3, 2)])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_probabilities_as_targets_receive_gradients_too(shape, reduction, smoothing):
    x, p, w = numbers(*shape), abs(numbers(*shape, seed=3)), abs(numbers(3, seed=4))

    def program(T):
        how = dict(weight=T.tensor(w), reduction=reduction, label_smoothing=smoothing)
        return to_second_order(T, lambda x, p: T.nn.functional.cross_entropy(x, p * p, **how), x, p)

    assert_same(program, 1e-8, 1e-10)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_to_average_is_nan_and_nothing_to_add_is_zero():
    ignored = np.full(3, 2)

    def program(T, reduction):
        x = T.tensor(numbers(3, 4), requires_grad=True)
        loss = T.nn.functional.cross_entropy(x, T.tensor(ignored), ignore_index=2, reduction=reduction)
        empty = T.nn.functional.cross_entropy(T.ones(0, 4), T.ones(0, dtype=T.int64), reduction=reduction)
        loss.sum().backward()
        return loss, x.grad, empty

    for reduction in ("mean", "sum", "none"):
        assert_same(lambda T, r=reduction: program(T, r))


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-5), ("float16", 2e-3)])
def test_large_scores_neither_overflow_nor_lose_digits(dtype, rtol):
    x = (numbers(300, 5) * 5 + np.linspace(-900, 900, 300)[:, None]).astype(dtype)

    def program(T):
        leaf = T.tensor(x, requires_grad=True)
        loss = T.nn.functional.cross_entropy(leaf, T.tensor(classes(5, 300)), reduction="none")
        loss.sum().backward()
        return loss, leaf.grad

    assert_same(program, rtol, rtol)


def test_targets_of_uint8_and_shape_1_are_understood():
    assert_same(lambda T: T.nn.functional.cross_entropy(T.ones(2, 3), T.tensor([0, 2], dtype=T.uint8)), 1e-6)
    assert_same(lambda T: T.nn.functional.cross_entropy(T.ones(3), T.tensor([1]), reduction="none"), 1e-6)


def test_grad_fn_has_pytorchs_name():
    for shape in ((2, 3), (2, 3, 2)):

        def name(T, shape=shape):
            x, t = T.ones(*shape, requires_grad=True), T.zeros(shape[0], *shape[2:], dtype=T.int64)
            return [f(x, t).grad_fn.name() for f in (T.nn.functional.cross_entropy, T.nn.functional.nll_loss)]

        assert name(minigrad) == name(pytest.importorskip("torch"))


def test_what_forward_kept_is_not_taken_for_a_constant_when_the_walk_is_recorded():
    x = minigrad.tensor(numbers(2, 3), requires_grad=True)
    t = minigrad.tensor([0, 2])
    assert minigrad.autograd.gradgradcheck(lambda x: F.cross_entropy(x, t), (x,))


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
def test_a_target_changed_before_backward_is_refused(loss):
    def program(T):
        x, t = T.ones(1, 2, requires_grad=True), T.tensor([0])
        y = getattr(T.nn.functional, loss)(x, t)
        t[0] = 1
        y.backward()

    assert_both_raise(program, "modified by an inplace operation")


REFUSED = {
    "batch_size \\(3\\) to match target batch_size \\(2\\)": lambda T, f: f(T.ones(3, 5), T.zeros(2, dtype=T.int64)),
    "Target 7 is out of bounds": lambda T, f: f(T.ones(3, 5), T.full((3,), 7)),
    "Target -1 is out of bounds": lambda T, f: f(T.ones(3, 5), T.full((3,), -1)),
    "multi-target not supported": lambda T, f: f(T.ones(3, 5), T.zeros(3, 1, dtype=T.int64)),
    "dtype to be Long or Byte": lambda T, f: f(T.ones(3, 5), T.zeros(3)),
    "all 5 classes": lambda T, f: f(T.ones(3, 5), T.zeros(3, dtype=T.int64), weight=T.ones(4)),
    "size": lambda T, f: f(T.ones(3, 5, 2), T.zeros(3, 3, dtype=T.int64)),
    "spatial targets": lambda T, f: f(T.ones(3, 5, 2, 2), T.zeros(3, 2, dtype=T.int64)),
    "not a valid value for reduction": lambda T, f: f(T.ones(3, 5), T.zeros(3, dtype=T.int64), reduction="avg"),
    "not differentiable with respect to argument 'weight'": lambda T, f: f(
        T.ones(3, 5), T.zeros(3, dtype=T.int64), weight=T.ones(5, requires_grad=True)
    ),
}  # fmt: skip


@pytest.mark.parametrize("function", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words, function):
    assert_both_raise(lambda T: REFUSED[words](T, getattr(T.nn.functional, function)), words)


def test_more_is_refused_by_cross_entropy():
    assert_both_raise(lambda T: T.nn.functional.cross_entropy(T.ones(3, 5), T.zeros(3, 5, dtype=T.int64)), "class probabilities")
    assert_both_raise(
        lambda T: T.nn.functional.cross_entropy(T.ones(3, 5), T.ones(3, 5), ignore_index=2), "ignore_index is not supported"
    )
    assert_both_raise(
        lambda T: T.nn.functional.cross_entropy(T.ones(3, 5), T.zeros(3, dtype=T.int64), label_smoothing=2.0), "label_smoothing"
    )
    assert_both_raise(lambda T: T.nn.functional.cross_entropy(T.arange(6).reshape(2, 3), T.arange(2)), "not implemented for")


# ------------------------------------------------------------------------------------------------ sequences


CTC = {
    "padded": (np.array([[1, 2, 2], [3, 1, 0]]), (5, 4), (3, 2)),
    "in one row": (np.array([1, 2, 2, 3, 1]), (5, 4), (3, 2)),
    "too long to fit": (np.array([[1, 2, 2], [3, 1, 0]]), (3, 4), (3, 2)),
    "nothing to say": (np.array([[1, 2, 2], [0, 0, 0]]), (5, 4), (3, 0)),
}  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CTC)
def test_ctc_loss_and_its_gradient_are_pytorchs(name, reduction):
    targets, steps, counts = CTC[name]

    def program(T):
        scores = T.tensor(numbers(5, 2, 4), requires_grad=True)
        how = dict(reduction=reduction, zero_infinity=True)
        loss = T.nn.functional.ctc_loss(scores.log_softmax(2), T.tensor(targets), T.tensor(steps), T.tensor(counts), **how)
        return loss, T.autograd.grad(loss.sum(), scores)

    assert_same(program, 1e-8, 1e-10)


def test_ctc_loss_adds_up_every_alignment():
    log_p = np.log(np.random.default_rng(0).dirichlet(np.ones(3), 4))  # 4 steps, blank and 2 labels

    def read(path):
        return [label for i, label in enumerate(path) if label and (i == 0 or path[i - 1] != label)]

    total = sum(
        np.exp(sum(log_p[t, label] for t, label in enumerate(path)))
        for path in itertools.product(range(3), repeat=4)
        if read(path) == [1, 2]
    )
    loss = F.ctc_loss(minigrad.tensor(log_p), minigrad.tensor([1, 2]), (4,), (2,), reduction="sum")
    assert loss.item() == pytest.approx(-np.log(total))


def test_ctc_loss_without_an_alignment_is_infinite():
    log_p = minigrad.zeros(1, 1, 3).log_softmax(2)
    assert F.ctc_loss(log_p, minigrad.tensor([[1, 2]]), (1,), (2,)).item() == float("inf")


def test_ctc_loss_refuses_what_pytorch_refuses():
    def call(T, **how):
        given_ = (
            dict(log_probs=T.zeros(5, 2, 4), targets=T.ones(2, 3, dtype=T.int64), input_lengths=(5, 5), target_lengths=(3, 3)) | how
        )
        return T.nn.functional.ctc_loss(**given_)

    assert_both_raise(lambda T: call(T, blank=4), "blank must be in label range")
    assert_both_raise(lambda T: call(T, input_lengths=(5, 6)), "input_lengths")
    assert_both_raise(lambda T: call(T, target_lengths=(3,)), "target_lengths must be of size batch_size")
