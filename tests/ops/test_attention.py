"""Attention: equal to softmax(q k^T) v in small steps and to PyTorch, to second order; masks, heads and refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def in_small_steps(q, k, v, mask=None):
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    return F.softmax(scores if mask is None else scores + mask, -1) @ v


@settings(max_examples=25, deadline=None)
@given(
    lead=st.lists(st.integers(1, 3), max_size=2),
    L=st.integers(1, 4),
    S=st.integers(1, 4),
    E=st.integers(1, 4),
    masked=st.booleans(),
)
def test_attention_is_softmax_of_scores_times_values(lead, L, S, E, masked):
    def results(attend):
        leaves = [
            minigrad.tensor(numbers(*lead, n, d, seed=i), requires_grad=True) for i, (n, d) in enumerate([(L, E), (S, E), (S, 2)])
        ]
        mask = minigrad.tensor(numbers(L, S, seed=4), requires_grad=True)
        y = attend(*leaves, mask) if masked else attend(*leaves)
        wanted = [*leaves, mask] if masked else leaves
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, wanted, minigrad.tensor(numbers(*y.shape, seed=5))))]

    for a, b in zip(results(F.scaled_dot_product_attention), results(in_small_steps)):
        np.testing.assert_allclose(a, b, 1e-9, 1e-11)


CAUSAL = np.tril(np.ones((3, 3), bool))
CASES = {
    "plain": dict(),
    "causal": dict(is_causal=True),
    "bool mask": dict(attn_mask=CAUSAL),
    "bool mask that lets a query look at nothing": dict(attn_mask=np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], bool)),
    "float mask": dict(attn_mask=numbers(3, 3, seed=7)),
    "float mask with minus infinity": dict(attn_mask=np.where(CAUSAL, 0, -np.inf)),
    "float mask that lets a query look at nothing": dict(attn_mask=np.where(CAUSAL, -np.inf, 0)),
    "mask for each head": dict(attn_mask=numbers(2, 2, 3, 3, seed=8)),
    "another scale": dict(scale=0.3),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_and_two_orders_of_derivatives_are_pytorchs(name):
    inputs = [numbers(2, 2, 3, 4, seed=i) for i in range(3)]

    def program(T):
        how = {k: T.tensor(v) if isinstance(v, np.ndarray) else v for k, v in CASES[name].items()}
        return to_second_order(T, lambda q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, **how), *inputs)

    torch = pytest.importorskip("torch")
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # PyTorch's others have no second derivative
        assert_same(program, 1e-8, 1e-10)


def test_a_float_mask_receives_its_gradient():
    torch = pytest.importorskip("torch")
    inputs = [numbers(2, 3, 4, seed=i) for i in range(3)]
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert_same(
            lambda T: to_second_order(
                T, lambda m, *qkv: T.nn.functional.scaled_dot_product_attention(*qkv, m), numbers(3, 3), *inputs
            ),
            1e-8,
            1e-10,
        )


def test_batch_dimensions_broadcast_and_their_gradients_are_summed():
    torch = pytest.importorskip("torch")
    inputs = numbers(5, 2, 3, 4), numbers(1, 2, 6, 4, seed=1), numbers(2, 6, 2, seed=2)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert_same(lambda T: to_second_order(T, T.nn.functional.scaled_dot_product_attention, *inputs), 1e-8, 1e-10)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_queries_share_keys_in_groups(groups):
    torch = pytest.importorskip("torch")
    inputs = numbers(2, 4, 3, 4), numbers(2, groups, 5, 4, seed=1), numbers(2, groups, 5, 2, seed=2)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        assert_same(
            lambda T: to_second_order(
                T, lambda q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True), *inputs
            ),
            1e-8,
            1e-10,
        )


def test_dropout_drops_what_pytorch_drops():
    q, k, v = (numbers(2, 3, 5, 4, seed=i).astype("float32") for i in range(3))

    def program(T):
        T.manual_seed(3)
        leaves = [T.tensor(a, requires_grad=True) for a in (q, k, v)]
        y = T.nn.functional.scaled_dot_product_attention(*leaves, dropout_p=0.4, is_causal=True)
        return y, T.autograd.grad((y * y).sum(), leaves)

    assert_same(program, 1e-4, 1e-5)


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-5), ("float16", 5e-3)])
def test_large_scores_in_narrow_floats(dtype, rtol):
    q, k, v = (numbers(2, 9, 8, seed=i).astype(dtype) * (5 if i < 2 else 1) for i in range(3))
    assert_same(lambda T: T.nn.functional.scaled_dot_product_attention(*(T.tensor(a) for a in (q, k, v))), rtol, rtol)


def test_no_keys_give_zeros():
    assert_same(lambda T: T.nn.functional.scaled_dot_product_attention(T.ones(2, 3, 4), T.ones(2, 0, 4), T.ones(2, 0, 5)))


REFUSED = {
    "at least 2 dimensional": lambda T, f: f(T.ones(4), T.ones(4), T.ones(4)),
    "same dtype": lambda T, f: f(T.ones(3, 4), T.ones(5, 4), T.ones(5, 4, dtype=T.float64)),
    "last dimension": lambda T, f: f(T.ones(2, 3, 4), T.ones(2, 3, 5), T.ones(2, 3, 4)),
    "same length": lambda T, f: f(T.ones(2, 3, 4), T.ones(2, 5, 4), T.ones(2, 3, 4)),
    "Explicit attn_mask": lambda T, f: f(T.ones(3, 4), T.ones(5, 4), T.ones(5, 4), T.ones(3, 5), is_causal=True),
    "attn_mask dtype": lambda T, f: f(T.ones(3, 4), T.ones(5, 4), T.ones(5, 4), T.ones(3, 5, dtype=T.int64)),
    "must match the size": lambda T, f: f(T.ones(3, 4), T.ones(5, 4), T.ones(5, 4), T.ones(3, 4)),
    "between 0 and 1": lambda T, f: f(T.ones(3, 4), T.ones(5, 4), T.ones(5, 4), dropout_p=1.5),
    "enable_gqa": lambda T, f: f(T.ones(2, 4, 3, 4), T.ones(2, 2, 5, 4), T.ones(2, 2, 5, 4)),
    "must divide the number of heads": lambda T, f: f(T.ones(2, 4, 3, 4), T.ones(2, 3, 5, 4), T.ones(2, 3, 5, 4), enable_gqa=True),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(lambda T: REFUSED[words](T, T.nn.functional.scaled_dot_product_attention), words)


# ------------------------------------------------------------------------------------------------ several heads

E, HEADS, L, S, N = 8, 2, 3, 5, 2


def multi_head(T, query, key, value, separate=False, biases=False, **how):
    def t(*shape, seed):
        return T.tensor(numbers(*shape, seed=seed) * 0.5, requires_grad=True)

    weights = dict(
        q_proj_weight=t(E, E, seed=10), k_proj_weight=t(E, key.shape[-1], seed=11), v_proj_weight=t(E, value.shape[-1], seed=12)
    )
    packed = None if separate else t(3 * E, E, seed=13)
    bias_k, bias_v = (t(1, 1, E, seed=14), t(1, 1, E, seed=15)) if biases else (None, None)
    out = t(E, E, seed=16), t(E, seed=17)
    given = dict(use_separate_proj_weight=True, **weights) if separate else {}
    y, attention = T.nn.functional.multi_head_attention_forward(
        query, key, value, E, HEADS, packed, t(3 * E, seed=18), bias_k, bias_v, how.pop("add_zero_attn", False), how.pop("dropout_p", 0.0),
        *out, **given, **how,
    )  # fmt: skip
    leaves = [x for x in (query, key, value, packed, bias_k, *out) if x is not None and x.requires_grad]
    unique = list({id(x): x for x in leaves}.values())
    return y, attention, T.autograd.grad((y * y).sum(), unique)


def qkv(T, batched=True, same=False):
    shape = (lambda n: (n, N, E)) if batched else (lambda n: (n, E))
    query = T.tensor(numbers(*shape(L), seed=1), requires_grad=True)
    if same:
        return query, query, query
    return query, T.tensor(numbers(*shape(S), seed=2), requires_grad=True), T.tensor(numbers(*shape(S), seed=3), requires_grad=True)


PADDING = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1]], bool)
HEAD_CASES = {
    "plain": lambda T: multi_head(T, *qkv(T)),
    "self-attention": lambda T: multi_head(T, *qkv(T, same=True)),
    "one example": lambda T: multi_head(T, *qkv(T, batched=False)),
    "weights of each head": lambda T: multi_head(T, *qkv(T), average_attn_weights=False),
    "no weights": lambda T: multi_head(T, *qkv(T), need_weights=False),
    "separate projections": lambda T: multi_head(T, *qkv(T), separate=True),
    "bool mask": lambda T: multi_head(T, *qkv(T), attn_mask=T.tensor(np.triu(np.ones((L, S), bool), 1))),
    "float mask, no weights": lambda T: multi_head(T, *qkv(T), attn_mask=T.tensor(numbers(L, S)), need_weights=False),
    "mask for each head": lambda T: multi_head(T, *qkv(T), attn_mask=T.tensor(numbers(N * HEADS, L, S))),
    "padding": lambda T: multi_head(T, *qkv(T), key_padding_mask=T.tensor(PADDING)),
    "padding, no weights": lambda T: multi_head(T, *qkv(T), key_padding_mask=T.tensor(PADDING), need_weights=False),
    "padding and mask": lambda T: multi_head(
        T, *qkv(T), key_padding_mask=T.tensor(PADDING), attn_mask=T.tensor(np.triu(np.ones((L, S), bool), 3))
    ),
    "padding of one example": lambda T: multi_head(T, *qkv(T, batched=False), key_padding_mask=T.tensor(PADDING[0])),
    "causal hint": lambda T: multi_head(
        T, *qkv(T, same=True), attn_mask=T.tensor(np.triu(np.ones((L, L), bool), 1)), is_causal=True, need_weights=False
    ),
    "bias for keys and values": lambda T: multi_head(T, *qkv(T), biases=True, key_padding_mask=T.tensor(PADDING)),
    "a key of zeros": lambda T: multi_head(T, *qkv(T), add_zero_attn=True, attn_mask=T.tensor(numbers(L, S))),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAD_CASES)
def test_multi_head_attention_is_pytorchs(name):
    assert_same(HEAD_CASES[name], 1e-7, 1e-9)


def test_multi_head_attention_refuses_what_pytorch_refuses():
    assert_both_raise(
        lambda T: multi_head(T, T.ones(1, 1, 1, E), T.ones(S, N, E), T.ones(S, N, E)), "query should be unbatched 2D or batched 3D"
    )
    assert_both_raise(
        lambda T: multi_head(T, T.ones(L, N, 6), T.ones(S, N, 6), T.ones(S, N, 6)), "expecting embedding dimension of 8, but got 6"
    )
    assert_both_raise(lambda T: multi_head(T, *qkv(T), attn_mask=T.ones(L, L)), "shape of the 2D attn_mask")
    assert_both_raise(lambda T: multi_head(T, *qkv(T), is_causal=True), "Need attn_mask if specifying the is_causal hint")
