"""Attention: every query takes a mean of the values, weighed by how well its key fits (Vaswani et al., 2017).

`scaled_dot_product_attention` is one operation; `multi_head_attention_forward` puts projections around it.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import is_half
from minigrad.kernels.rows import exponentials
from minigrad.ops import random
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.dropout import dropout
from minigrad.ops.joining import cat
from minigrad.ops.linear import linear
from minigrad.ops.padding import pad
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.softmax import SoftmaxBackward, softmax
from minigrad.tensor import Tensor


class ScaledDotProductAttention(Operation):
    """y = P v with P = softmax(scale q k^T + mask), which is a second output so that backward can be differentiated.

    dv = P^T g,  dP = g v^T,  dS = (dP - sum(dP P)) P,  dq = scale dS k,  dk = scale dS^T q,  dmask = dS.
    With dropout the probabilities P are multiplied by a constant mask, and so is dP.
    """

    materialize_grads = False

    @staticmethod
    def forward(ctx: Any, q: Any, k: Any, v: Any, mask: Any, dead: Any, scale: float, drop: Any) -> Any:
        kind = q.dtype
        wide = [a.astype("float32") if is_half(a) else a for a in (q, k, v)]
        scores = array_namespace(q).matmul(wide[0] * wide[0].dtype.type(scale), wide[1].swapaxes(-1, -2))
        if mask is not None:
            scores += mask
        if scores.size:
            _, p, total = exponentials(scores, scores.ndim - 1, keep=False)
            p /= total
        else:
            p = scores
        if dead is not None:  # a query that may look at nothing gets nothing
            p *= ~dead
        y = array_namespace(q).matmul(p if drop is None else p * drop, wide[2])
        p = p.astype(kind, copy=False)
        ctx.save_for_backward(q, k, v, p)
        ctx.scale, ctx.drop = scale, drop
        return y.astype(kind, copy=False), p

    @staticmethod
    def backward(ctx: Any, g: Any, gp: Any = None) -> Any:
        q, k, v, p = ctx.saved_tensors
        want_q, want_k, want_v, want_mask, *_ = ctx.needs_input_grad
        kept = p if ctx.drop is None else p * wrap(ctx.drop.view())
        dv = kept.mT @ g if want_v and g is not None else None
        if not (want_q or want_k or want_mask):
            return None, None, dv
        dp = gp
        if g is not None:
            dp = g @ v.mT
            dp = dp if ctx.drop is None else dp * wrap(ctx.drop.view())
            dp = dp if gp is None else dp + gp
        ds = SoftmaxBackward.apply(dp, p, p.ndim - 1)
        return (
            (ds @ k) * ctx.scale if want_q else None,
            (ds.mT @ q) * ctx.scale if want_k else None,
            dv,
            ds if want_mask else None,
        )


def _as_bias(query: Tensor, key: Tensor, attn_mask: Tensor | None, is_causal: bool) -> tuple[Any, Any]:
    """(what is added to the scores, which queries may look at nothing); None for what changes nothing."""
    L, S = query.shape[-2], key.shape[-2]
    xp, kind = array_namespace(query._array), query._array.dtype
    kind = "float32" if is_half(query._array) else kind
    if attn_mask is None and not is_causal:
        return None, None
    if attn_mask is not None and attn_mask.dtype.is_floating_point:
        barred = attn_mask._array == float("-inf")
    else:
        allowed = xp.tri(L, S, dtype="bool") if attn_mask is None else attn_mask._array
        barred = ~allowed
    dead = barred.all(axis=-1, keepdims=True)
    some_dead = bool(dead.any())
    if attn_mask is not None and attn_mask.dtype.is_floating_point:
        return (attn_mask.masked_fill(wrap(dead.view()), 0) if some_dead else attn_mask), (dead if some_dead else None)
    bias = xp.zeros(barred.shape, kind)
    bias[barred & ~dead] = float("-inf")
    return bias, (dead if some_dead else None)


@operation(where="nn.functional", out=False)
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale query key^T + mask) value: for each query a mean of the values, weighed by how well its key fits.

    query: (*, L, E), key: (*, S, E), value: (*, S, F) give (*, L, F).  scale: 1 / sqrt(E) unless given.  attn_mask:
    broadcast to (*, L, S); True lets a query look, floats are added.  is_causal: query i looks at keys 0 ... i.
    dropout_p drops weights (always: pass 0.0 in evaluation).  enable_gqa: fewer heads (dimension -3) in key and value,
    each used by several of query.  A query that may look at nothing gives zeros.

    (Vaswani et al., "Attention is all you need", 2017; Ainslie et al., "GQA", 2023.)

    >>> import minigrad
    >>> q = k = minigrad.zeros(1, 2, 4)
    >>> v = minigrad.tensor([[[0.0], [1.0]]])
    >>> minigrad.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    tensor([[[0.0000],
             [0.5000]]])
    """
    for word, t in (("query", query), ("key", key), ("value", value)):
        check_tensor("scaled_dot_product_attention", word, t)
    _check_attention(query, key, value, attn_mask, dropout_p, is_causal)
    if enable_gqa:
        heads, groups = query.shape[-3], (key.shape[-3], value.shape[-3])
        if any(heads % g for g in groups):
            raise RuntimeError(
                f"Number of heads in key and value must divide the number of heads in query: {list(groups)} and {heads}"
            )
        key, value = (t if g == heads else t.repeat_interleave(heads // g, -3) for t, g in zip((key, value), groups))
    try:
        lead = broadcast_shape(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}: heads of query, key and value differ; enable_gqa=True lets several queries share one"
        ) from None
    shape = (*lead, query.shape[-2], key.shape[-2])
    if attn_mask is not None:
        broadcast_shape(attn_mask.shape, shape)
    if 0 in (query.numel(), key.numel()):
        return query.new_zeros((*lead, query.shape[-2], value.shape[-1]))
    bias, dead = _as_bias(query, key, attn_mask, is_causal)
    drop = None
    if dropout_p:
        drop = array_namespace(query._array).asarray(
            random.default_generator.bernoulli(1 - dropout_p, shape, query._array.dtype)
        )
        drop *= 1 / (1 - dropout_p) if dropout_p < 1 else 0
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    return ScaledDotProductAttention.apply(query, key, value, bias, dead, scale, drop)[0]


def _check_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, dropout_p: float, is_causal: bool
) -> None:
    """Refuse what does not fit together."""
    trio = (query, key, value)
    if min(t.ndim for t in trio) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got query.dim: "
            f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if len({t.dtype for t in trio}) > 1 or not query.dtype.is_floating_point:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, a floating one, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} "
            f"and value.dtype: {value.dtype} instead."
        )
    if query.shape[-1] != key.shape[-1]:
        raise RuntimeError(
            f"query {list(query.shape)} and key {list(key.shape)} must have the same size in their last dimension"
        )
    if key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"key {list(key.shape)} and value {list(value.shape)} must have the same length, in dimension -2"
        )
    if attn_mask is not None:
        if is_causal:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )
        if attn_mask.dtype.name not in ("bool", "float32", query.dtype.name):
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                f"{attn_mask.dtype} and "
                f"query.dtype: {query.dtype} instead."
            )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")


# ------------------------------------------------------------------------------------------------ several heads


@operation(where="nn.functional", out=False)
def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What `nn.MultiheadAttention` computes: (output, weights or None).

    query: (L, N, E), key: (S, N, Ek), value: (S, N, Ev), or all without N, give output (L, N, E) and weights (N, L, S),
    or (N, heads, L, S) with `average_attn_weights=False`.  Projections cut E into `num_heads` heads of E / num_heads.
    key_padding_mask (N, S) and attn_mask (L, S) or (N heads, L, S) bar keys where True, or are added to the scores.
    `bias_k`, `bias_v` and `add_zero_attn` append one more key and value.  (Vaswani et al., 2017.)
    """
    batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint says what the mask holds
    else:
        is_causal = False
    if not batched:
        query, key, value = (t.unsqueeze(1) for t in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    L, N, E = query.shape
    if E != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {E}")
    head = E // num_heads
    if head * num_heads != E:
        raise AssertionError(f"embed_dim {E} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {list(key.shape[:2])} do not match value's {list(value.shape[:2])}"
        )
    if not use_separate_proj_weight and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")

    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    q, k, v = _project((query, key, value), weights, in_proj_bias)
    mask = _merged_mask(_added(attn_mask, q), _added(key_padding_mask, q), N, num_heads, L, k.shape[0])
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.expand(1, N, E)]), cat([v, bias_v.expand(1, N, E)])
        mask = None if mask is None else pad(mask, (0, 1))
    q, k, v = (
        t.reshape(t.shape[0], N, num_heads, head).permute(1, 2, 0, 3) for t in (q, k, v)
    )  # (N, heads, length, head)
    k = k if static_k is None else static_k.reshape(N, num_heads, -1, head)
    v = v if static_v is None else static_v.reshape(N, num_heads, -1, head)
    if add_zero_attn:
        k, v = (cat([t, t.new_zeros(N, num_heads, 1, head)], 2) for t in (k, v))
        mask = None if mask is None else pad(mask, (0, 1))
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        scores = (q * math.sqrt(1 / head)) @ k.mT
        attention = dropout(softmax(scores if mask is None else scores + mask, -1), dropout_p, True)
        y = attention @ v
    else:
        y = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    y = linear(y.permute(2, 0, 1, 3).reshape(L, N, E), out_proj_weight, out_proj_bias)
    y = y if batched else y.squeeze(1)
    if not need_weights:
        return y, None
    attention = attention.mean(1) if average_attn_weights else attention
    return y, attention if batched else attention.squeeze(0)


def _check_ranks(
    query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None, num_heads: int
) -> bool:
    """Whether there is a batch dimension; AssertionError where the arguments disagree about it."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    kind = f"For {'batched' if query.ndim == 3 else 'unbatched'} ({query.ndim}-D) `query`, expected"
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            f"{kind} `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and {value.ndim}-D tensors "
            "respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(
            f"{kind} `key_padding_mask` to be `None` or {query.ndim - 1}-D but found {key_padding_mask.ndim}-D tensor "
            "instead"
        )
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise AssertionError(f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead")
    N = query.shape[1] if query.ndim == 3 else 1
    if attn_mask is not None:
        expected = (query.shape[0], key.shape[0])
        if attn_mask.ndim == 2 and tuple(attn_mask.shape) != expected:
            raise RuntimeError(f"The shape of the 2D attn_mask is {attn_mask.shape}, but should be {expected}.")
        if attn_mask.ndim == 3 and tuple(attn_mask.shape) != (N * num_heads, *expected):
            raise RuntimeError(
                f"The shape of the 3D attn_mask is {attn_mask.shape}, but should be {(N * num_heads, *expected)}."
            )
    return query.ndim == 3


def _project(inputs: tuple[Tensor, Tensor, Tensor], weights: Any, bias: Tensor | None) -> tuple[Tensor, ...]:
    """Queries, keys and values, projected by three weights or by one that holds them all, in few products."""
    query, key, value = inputs
    if not isinstance(weights, tuple):
        if query is key and key is value:
            return tuple(linear(query, weights, bias).chunk(3, -1))
        if key is value:
            E = query.shape[-1]
            parts = (None, None) if bias is None else bias.split([E, 2 * E])
            of_query, of_rest = weights.split([E, 2 * E])
            return (linear(query, of_query, parts[0]), *linear(key, of_rest, parts[1]).chunk(2, -1))
        weights = weights.chunk(3)
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return tuple(linear(x, w, b) for x, w, b in zip(inputs, weights, biases))


def _added(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """A mask as what is added to scores: minus infinity where a bool one bars a key."""
    if mask is None:
        return None
    if mask.dtype.is_floating_point:
        return mask.to(like.dtype)
    if mask.dtype.name != "bool":
        raise AssertionError(f"only bool and floating types of masks are supported, got {mask.dtype}")
    return like.new_zeros(mask.shape).masked_fill(mask, float("-inf"))


def _merged_mask(
    attn_mask: Tensor | None, key_padding_mask: Tensor | None, N: int, heads: int, L: int, S: int
) -> Tensor | None:
    """Both masks as one that broadcasts to (N, heads, L, S)."""
    if attn_mask is not None:
        attn_mask = attn_mask.reshape(N, heads, L, S) if attn_mask.ndim == 3 else attn_mask.reshape(1, 1, L, S)
    if key_padding_mask is None:
        return attn_mask
    if tuple(key_padding_mask.shape) != (N, S):
        raise AssertionError(f"expecting key_padding_mask shape of {(N, S)}, but got {key_padding_mask.shape}")
    key_padding_mask = key_padding_mask.reshape(N, 1, 1, S)
    return key_padding_mask if attn_mask is None else attn_mask + key_padding_mask
