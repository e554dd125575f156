"""Losses of numbers, probabilities and comparisons: PyTorch's values, two orders of derivatives, warnings and refusals."""

import warnings

import numpy as np
import pytest

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def between_0_and_1(x):
    return x.sigmoid() * 0.98 + 0.01


PAIRS = {
    "mse_loss": lambda F, x, y, **how: F.mse_loss(x, y, **how),
    "l1_loss": lambda F, x, y, **how: F.l1_loss(x, y, **how),
    "huber_loss": lambda F, x, y, **how: F.huber_loss(x, y, delta=0.7, **how),
    "smooth_l1_loss": lambda F, x, y, **how: F.smooth_l1_loss(x, y, beta=0.6, **how),
    "smooth_l1_loss, beta 0": lambda F, x, y, **how: F.smooth_l1_loss(x, y, beta=0.0, **how),
    "binary_cross_entropy": lambda F, x, y, **how: F.binary_cross_entropy(between_0_and_1(x), between_0_and_1(y), **how),
    "binary_cross_entropy_with_logits": lambda F, x, y, **how: F.binary_cross_entropy_with_logits(x * 3, between_0_and_1(y), **how),
    "kl_div": lambda F, x, y, **how: F.kl_div(x, between_0_and_1(y), **how),
    "kl_div of logarithms": lambda F, x, y, **how: F.kl_div(x, y, log_target=True, **how),
    "poisson_nll_loss": lambda F, x, y, **how: F.poisson_nll_loss(x, y * y * 3, full=True, **how),
    "poisson_nll_loss of rates": lambda F, x, y, **how: F.poisson_nll_loss(x * x + 0.1, y * y, log_input=False, **how),
    "gaussian_nll_loss": lambda F, x, y, **how: F.gaussian_nll_loss(x, y, x * x * y * y + 0.1, full=True, **how),
    "soft_margin_loss": lambda F, x, y, **how: F.soft_margin_loss(x, y.detach().sign(), **how) + 0 * y.sum(),
    "hinge_embedding_loss": lambda F, x, y, **how: F.hinge_embedding_loss(x * x, y.detach().sign(), **how) + 0 * y.sum(),
    "multilabel_soft_margin_loss": lambda F, x, y, **how: F.multilabel_soft_margin_loss(x, between_0_and_1(y), **how),
    "margin_ranking_loss": lambda F, x, y, **how: F.margin_ranking_loss(x, y, (x - y).detach().sign() * -1, 0.3, **how),
    "cosine_embedding_loss": lambda F, x, y, **how: F.cosine_embedding_loss(x, y, (x - y).detach().sign()[:, 0], 0.1, **how),
    "triplet_margin_loss": lambda F, x, y, **how: F.triplet_margin_loss(x, y, x * y, 3.0, **how),
    "triplet_margin_loss, swapped": lambda F, x, y, **how: F.triplet_margin_loss(x, y, x * y, 3.0, 3.0, swap=True, **how),
    "triplet_margin_with_distance_loss": lambda F, x, y, **how: F.triplet_margin_with_distance_loss(
        x, y, x * y, distance_function=lambda a, b: ((a - b) ** 2).sum(-1), margin=2.0, **how
    ),
}  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.filterwarnings("ignore:reduction")
def test_values_and_two_orders_of_derivatives_are_pytorchs(name, reduction):
    inputs = numbers(4, 3), numbers(4, 3, seed=1)
    assert_same(
        lambda T: to_second_order(T, lambda x, y: PAIRS[name](T.nn.functional, x, y, reduction=reduction), *inputs), 1e-7, 1e-9
    )


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("shape, target", [((4, 3), (4,)), ((3,), ())])
def test_multi_margin_loss(shape, target, p):
    t, w = np.random.default_rng(1).integers(0, 3, target), abs(numbers(3, seed=2))

    def program(T, reduction):
        how = dict(p=p, margin=1.5, weight=T.tensor(w), reduction=reduction)
        x = T.tensor(numbers(*shape), requires_grad=True)
        loss = T.nn.functional.multi_margin_loss(x * x, T.tensor(t), **how)
        return loss, T.autograd.grad(loss.sum(), x)

    for reduction in ("mean", "none"):
        assert_same(lambda T, r=reduction: program(T, r), 1e-8, 1e-10)


def test_multilabel_margin_loss_reads_labels_up_to_the_first_minus_one():
    t = np.array([[2, 0, -1, 1], [-1, 0, 1, 2], [3, 2, 1, 0], [1, 1, -1, 3]])

    def program(T):
        x = T.tensor(numbers(4, 4), requires_grad=True)
        loss = T.nn.functional.multilabel_margin_loss(x * x, T.tensor(t))
        return loss, T.autograd.grad(loss, x)

    assert_same(program, 1e-8, 1e-10)
    assert_same(lambda T: T.nn.functional.multilabel_margin_loss(T.tensor(numbers(4)), T.tensor(t[0]), reduction="none"), 1e-9)


def test_binary_losses_take_weights_for_elements_and_for_the_positive_class():
    x, y, w, p = numbers(4, 3), abs(np.sin(numbers(4, 3))), abs(numbers(3)), abs(numbers(3, seed=2))

    def program(T):
        def function(x, w):
            plain = T.nn.functional.binary_cross_entropy(x.sigmoid(), T.tensor(y), weight=w.detach())
            return (
                plain
                + T.nn.functional.binary_cross_entropy_with_logits(x, T.tensor(y), w.detach() + 1, pos_weight=T.tensor(p))
                + 0 * w.sum()
            )

        return to_second_order(T, function, x, w)

    assert_same(program, 1e-8, 1e-10)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_binary_losses_are_stable_at_the_ends():
    def program(T):
        p = T.tensor([0.0, 1.0, 0.0, 1.0], dtype=T.float64, requires_grad=True)
        x = T.tensor([-1e4, 1e4, 1e4, -1e4], dtype=T.float64, requires_grad=True)
        y = T.tensor([0.0, 1.0, 1.0, 0.0], dtype=T.float64)
        a = T.nn.functional.binary_cross_entropy(p, y, reduction="none")
        b = T.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")
        (a + b).sum().backward()
        return a, b, p.grad, x.grad

    assert_same(program, 1e-8)


def test_weights_of_mse_and_l1_divide_by_their_sum_those_of_huber_do_not():
    x, y, w = numbers(4), numbers(4, seed=1), abs(numbers(4, seed=2))
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        assert_same(lambda T, n=name: getattr(T.nn.functional, n)(T.tensor(x), T.tensor(y), weight=T.tensor(w)))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_shapes_that_broadcast_by_accident_are_warned_about(name):
    with pytest.warns(UserWarning, match="target size \\(torch.Size\\(\\[3\\]\\)\\) that is different to the input size"):
        loss = getattr(F, name)(minigrad.ones(3, 1), minigrad.zeros(3), reduction="none")
    assert loss.shape == (3, 3)


def test_the_gradient_of_a_broadcast_loss_is_summed_back():
    def program(T):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return to_second_order(T, lambda x, y: T.nn.functional.mse_loss(x * x, y), numbers(3, 1), numbers(4))

    assert_same(program)


def test_deprecated_arguments_still_mean_what_they_meant():
    x, y = minigrad.tensor([1.0, 4.0]), minigrad.tensor([0.0, 0.0])
    for how, expected in ((dict(size_average=False), 17.0), (dict(size_average=True), 8.5), (dict(reduce=False), [1.0, 16.0])):
        with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated, please use reduction="):
            assert F.mse_loss(x, y, **how).tolist() == expected


def test_kl_div_says_what_its_mean_divides_by():
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(minigrad.zeros(2, 3), minigrad.ones(2, 3))
    assert_same(lambda T: T.nn.functional.kl_div(T.tensor(numbers(4, 3)), T.ones(4, 3), reduction="batchmean"))


def test_dtypes_are_promoted_and_narrow_ones_are_summed_in_wide_ones():
    assert_same(lambda T: T.nn.functional.mse_loss(T.ones(3), T.zeros(3, dtype=T.float64)))
    assert_same(lambda T: T.nn.functional.mse_loss(T.ones(3), T.zeros(3, dtype=T.int64)))
    big = np.full(5000, 3.0, "float16")
    assert_same(lambda T: T.nn.functional.mse_loss(T.tensor(big), T.zeros(5000, dtype=T.float16)))


def test_grad_fns_have_pytorchs_names():
    def names(T):
        x, y, f = T.full((3,), 0.5, requires_grad=True), T.zeros(3), T.nn.functional
        losses = [
            f.mse_loss,
            f.huber_loss,
            f.smooth_l1_loss,
            f.binary_cross_entropy,
            f.binary_cross_entropy_with_logits,
            f.l1_loss,
            f.soft_margin_loss,
        ]
        return [loss(x, y).grad_fn.name() for loss in losses]

    assert names(minigrad) == names(pytest.importorskip("torch"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_mean_of_nothing_is_nan():
    assert_same(
        lambda T: [T.nn.functional.mse_loss(T.ones(0), T.ones(0)), T.nn.functional.mse_loss(T.ones(0), T.ones(0), reduction="sum")]
    )


REFUSED = {
    "not a valid value for reduction": lambda T: T.nn.functional.mse_loss(T.ones(3), T.ones(3), reduction="avg"),
    "must match the size of tensor b": lambda T: T.nn.functional.mse_loss(T.ones(3), T.ones(4)),
    "not implemented for": lambda T: T.nn.functional.mse_loss(T.ones(3, dtype=T.int64), T.ones(3, dtype=T.int64)),
    "same size": lambda T: T.nn.functional.mse_loss(T.ones(3), T.ones(3), weight=T.ones(1)),
    "negative values for beta": lambda T: T.nn.functional.smooth_l1_loss(T.ones(3), T.ones(3), beta=-1.0),
    "non-positive values for delta": lambda T: T.nn.functional.huber_loss(T.ones(3), T.ones(3), delta=0.0),
    "all elements of input should be between 0 and 1": lambda T: T.nn.functional.binary_cross_entropy(T.full((3,), 2.0), T.ones(3)),
    "all elements of target should be between 0 and 1": lambda T: T.nn.functional.binary_cross_entropy(T.full((3,), 0.5), T.full((3,), 2.0)),
    "is deprecated": lambda T: T.nn.functional.binary_cross_entropy(T.full((3,), 0.5), T.ones(3, 1)),
    "Found dtype": lambda T: T.nn.functional.binary_cross_entropy(T.full((3,), 0.5), T.ones(3, dtype=T.int64)),
    "must be the same as input size": lambda T: T.nn.functional.binary_cross_entropy_with_logits(T.ones(3), T.ones(3, 1)),
    "incorrect size": lambda T: T.nn.functional.gaussian_nll_loss(T.ones(3, 2), T.ones(3, 2), T.ones(2)),
    "negative entry": lambda T: T.nn.functional.gaussian_nll_loss(T.ones(3), T.ones(3), -T.ones(3)),
    "margin must be greater than 0": lambda T: T.nn.functional.triplet_margin_loss(T.ones(2, 3), T.ones(2, 3), T.ones(2, 3), margin=0.0),
    "same number of dimensions": lambda T: T.nn.functional.triplet_margin_loss(T.ones(3), T.ones(2, 3), T.ones(2, 3)),
    "same dimension": lambda T: T.nn.functional.margin_ranking_loss(T.ones(2, 3), T.ones(2, 3), T.ones(3)),
    "multi-target not supported": lambda T: T.nn.functional.cosine_embedding_loss(T.ones(2, 3), T.ones(2, 3), T.ones(2, 3)),
    "only p == 1 and p == 2": lambda T: T.nn.functional.multi_margin_loss(T.ones(2, 3), T.zeros(2, dtype=T.int64), p=3),
    "inconsistent target size": lambda T: T.nn.functional.multilabel_margin_loss(T.ones(2, 3), T.zeros(3, dtype=T.int64)),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(REFUSED[words], words)


# ------------------------------------------------------------------------------------------------ distances


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_cosine_similarity_to_second_order(dim):
    inputs = numbers(2, 3, 4), numbers(3, 1, seed=1)
    assert_same(lambda T: to_second_order(T, lambda x, y: T.cosine_similarity(x, y, dim), *inputs), 1e-8, 1e-10)


def test_cosine_similarity_of_nothing_is_zero():
    assert_same(lambda T: T.cosine_similarity(T.zeros(2, 3), T.ones(2, 3)))
    assert_both_raise(lambda T: T.cosine_similarity(T.ones(2, 3, dtype=T.int64), T.ones(2, 3, dtype=T.int64)), "floating point")


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf")])
def test_distances_to_second_order(p):
    inputs = numbers(4, 3), numbers(4, 3, seed=1)
    assert_same(lambda T: to_second_order(T, lambda x, y: T.pairwise_distance(x, y, p, keepdim=True), *inputs), 1e-8, 1e-10)
    if p != float("inf"):
        assert_same(lambda T: T.pdist(T.tensor(inputs[0]), p), 1e-9)
    assert_both_raise(lambda T: T.pdist(T.ones(3)), "2D")
