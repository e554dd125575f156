"""Attention: every query takes a mixture of the values, weighted by how well it matches their keys.

    attention(Q, K, V) = softmax(Q K^T / sqrt(D) + mask) V        (Vaswani et al., *Attention Is All You Need*, 2017, eq. 1)

`scaled_dot_product_attention` is one fused operation; `multi_head_attention_forward` projects, splits into heads, attends
and joins again, and is what `nn.MultiheadAttention` calls.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace
from minigrad.kernels._namespace import widened
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class ScaledDotProductAttention(Operation):
    """Y = P V with P = softmax(S), S = scale Q K^T + mask; Q (..., L, D), K (..., S, D), V (..., S, E).

    dV = P^T g,  dP = g V^T,  dS = P (dP - rowsum(P dP)),  dQ = scale dS K,  dK = scale dS^T Q,  dmask = dS.

    The weights P are a second output: backward reads them, and a second derivative goes through them.
    """

    materialize_grads = False

    @staticmethod
    def forward(ctx: Any, q: Any, k: Any, v: Any, mask: Any, scale: float, causal: bool) -> Any:
        xp = array_namespace(q)
        scores = widened(xp.matmul)(q * q.dtype.type(scale), k.swapaxes(-1, -2))
        if causal:
            rows, columns = scores.shape[-2:]
            scores += xp.triu(xp.full((rows, columns), -xp.inf, dtype=scores.dtype), 1)
        if mask is not None:
            scores = scores + mask
        weights = _softmax_rows(xp, scores)
        ctx.scale = scale
        y = widened(xp.matmul)(weights, v)
        ctx.save_for_backward(q, k, v, weights)
        return y, weights

    @staticmethod
    def backward(ctx: Any, g: Any, g_weights: Any) -> Any:
        q, k, v, p = ctx.saved_tensors
        dv = dp = None
        if g is not None:
            dv = p.mT @ g if ctx.needs_input_grad[2] else None
            dp = g @ v.mT
        if g_weights is not None:
            dp = g_weights if dp is None else dp + g_weights
        if not any((ctx.needs_input_grad[0], ctx.needs_input_grad[1], ctx.needs_input_grad[3])):
            return None, None, dv
        weighted = p * dp
        ds = weighted - p * weighted.sum(-1, keepdim=True)
        dq = ds @ k * ctx.scale if ctx.needs_input_grad[0] else None
        dk = ds.mT @ q * ctx.scale if ctx.needs_input_grad[1] else None
        return dq, dk, dv, ds if ctx.needs_input_grad[3] else None


def _softmax_rows(xp: Any, scores: Any) -> Any:
    """softmax along the last axis, in place; a row without any allowed place gives zeros instead of NaN."""
    if scores.shape[-1] == 0:
        return scores
    top = scores.max(axis=-1, keepdims=True)
    scores -= xp.where(top == -xp.inf, top.dtype.type(0), top)
    xp.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    scores /= xp.where(total == 0, total.dtype.type(1), total)
    return scores


def _additive(mask: Tensor, kind: dtypes.dtype) -> Tensor:
    """A boolean mask (True: may attend) as numbers to add to the scores: 0 or -inf."""
    if mask.dtype is not dtypes.bool_:
        if mask.dtype is not kind:
            raise RuntimeError(
                f"Expected attn_mask dtype to be bool or to match query dtype, but got attn_mask.dtype: {mask.dtype} and "
                f"query.dtype: {kind} instead."
            )
        return mask
    xp = array_namespace(mask._array)
    return wrap(xp.where(mask._array, kind.numpy.type(0), kind.numpy.type(-math.inf)))


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
    """softmax(scale Q K^T + mask) V: query (..., L, D), key (..., S, D), value (..., S, E) -> (..., L, E).

    attn_mask: boolean (True: may attend) or numbers added to the scores, broadcast to (..., L, S); is_causal: query i may
    attend to keys 0..i only; scale: 1/sqrt(D) by default; enable_gqa: several query heads share one key and value head.

    >>> import minigrad
    >>> q, k, v = (minigrad.ones(1, 2, 3) for _ in range(3))
    >>> minigrad.nn.functional.scaled_dot_product_attention(q, k, v).shape
    torch.Size([1, 2, 3])
    """
    for name, t in (("query", query), ("key", key), ("value", value)):
        if t.ndim < 2:
            raise RuntimeError(f"scaled_dot_product_attention: expected {name} of at least 2 dimensions (..., L, D), got {list(t.shape)}")
    if not query.dtype is key.dtype is value.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead."
        )
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"scaled_dot_product_attention: query {list(query.shape)}, key {list(key.shape)} and value {list(value.shape)} do not fit: "
            "query and key share their last size, key and value their last but one"
        )
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
    factor = (1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0) if scale is None else scale
    mask = None if attn_mask is None else _additive(attn_mask, query.dtype)
    if dropout_p > 0.0:
        _, weights = ScaledDotProductAttention.apply(query, key, value, mask, factor, is_causal)
        from minigrad.ops.dropout import dropout

        return dropout(weights, dropout_p) @ value
    return ScaledDotProductAttention.apply(query, key, value, mask, factor, is_causal)[0]


# ------------------------------------------------------------------------------------------------ many heads


def _project(query: Tensor, key: Tensor, value: Tensor, weights: tuple[Tensor, Tensor, Tensor], bias: Tensor | None) -> list[Tensor]:
    """The three inputs through their projections."""
    from minigrad.ops.linear import linear

    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _merge_masks(attn_mask: Tensor | None, key_padding_mask: Tensor | None, kind: dtypes.dtype, batch: int, heads: int) -> Tensor | None:
    """Both masks (True: may NOT attend, or numbers to add) as one tensor of numbers of shape (batch, heads, L, S)."""

    def numbers(mask: Tensor, what: str) -> Tensor:
        if mask.dtype is dtypes.bool_:
            return _additive(~mask, kind)
        if not mask.dtype.is_floating_point:
            raise RuntimeError(f"only bool and floating types of {what} are supported, got {mask.dtype}")
        return mask.to(kind)

    merged = None
    if attn_mask is not None:
        merged = numbers(attn_mask, "attn_mask")
        merged = merged.unsqueeze(0).unsqueeze(0) if merged.ndim == 2 else merged.view(batch, heads, *merged.shape[-2:])
    if key_padding_mask is not None:
        padding = numbers(key_padding_mask, "key_padding_mask").view(batch, 1, 1, -1)
        merged = padding if merged is None else merged + padding
    return merged


def _check_heads(query: Tensor, key: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None, heads: int) -> bool:
    """Whether the inputs are batched; the shapes of the masks are checked."""
    if query.ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor")
    batched = query.ndim == 3
    if key.ndim != query.ndim:
        raise AssertionError(
            f"For {'batched' if batched else 'unbatched'} query ({query.ndim}-D), expected key and value to be {query.ndim}-D but found "
            f"{key.ndim}-D key"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(f"For this query, expected key_padding_mask to be None or {query.ndim - 1}-D but found {key_padding_mask.ndim}-D")
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise RuntimeError(f"attn_mask's dimension {attn_mask.ndim} is not supported: expected (L, S) or (N * num_heads, L, S)")
    return batched


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
    """Attention with several heads, each on its own slice of the embedding: query (L, N, E), key and value (S, N, E).

    Returns the output (L, N, E) and the weights (N, L, S), averaged over heads, or (N, heads, L, S), or None.
    In the masks of this function True means: may not attend.
    """
    from minigrad.ops.dropout import dropout
    from minigrad.ops.joining import cat
    from minigrad.ops.linear import linear
    from minigrad.ops.softmax import softmax

    batched = _check_heads(query, key, key_padding_mask, attn_mask, num_heads)
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = query.shape
    if width != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    head_width = width // num_heads
    if head_width * num_heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if q_proj_weight is None or k_proj_weight is None or v_proj_weight is None:
            raise AssertionError("use_separate_proj_weight is True but one of q_proj_weight, k_proj_weight, v_proj_weight is None")
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    elif in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    else:
        weights = tuple(in_proj_weight.chunk(3))
    q, k, v = _project(query, key, value, weights, in_proj_bias)

    if attn_mask is not None and attn_mask.ndim == 3 and attn_mask.shape[0] != batch * num_heads:
        raise RuntimeError(
            f"The shape of the 3D attn_mask is {tuple(attn_mask.shape)}, but should be {(batch * num_heads, length, key.shape[0])}."
        )
    if attn_mask is not None and attn_mask.ndim == 2 and tuple(attn_mask.shape) != (length, key.shape[0]):
        raise RuntimeError(f"The shape of the 2D attn_mask is {tuple(attn_mask.shape)}, but should be {(length, key.shape[0])}.")
    mask = _merge_masks(attn_mask, key_padding_mask, query.dtype, batch, num_heads)

    extra = 0
    if bias_k is not None and bias_v is not None:
        k, v = cat([k, bias_k.expand(1, batch, width)]), cat([v, bias_v.expand(1, batch, width)])
        extra += 1
    heads = [t.reshape(t.shape[0], batch, num_heads, head_width).permute(1, 2, 0, 3) for t in (q, k, v)]
    for position, given in ((1, static_k), (2, static_v)):
        if given is not None:
            heads[position] = given.view(batch, num_heads, *given.shape[-2:])
    if add_zero_attn:
        zero = heads[1].new_zeros(batch, num_heads, 1, head_width)
        heads[1], heads[2] = cat([heads[1], zero], 2), cat([heads[2], zero], 2)
        extra += 1
    if mask is not None and extra:
        mask = cat([mask, mask.new_zeros(*mask.shape[:-1], extra)], -1)

    drop = dropout_p if training else 0.0
    attention = None
    if need_weights:
        scores = (heads[0] * (1 / math.sqrt(head_width))) @ heads[1].mT
        attention = softmax(scores if mask is None else scores + mask, -1)
        if drop > 0.0:
            attention = dropout(attention, drop)
        y = attention @ heads[2]
    else:
        y = scaled_dot_product_attention(*heads, mask, drop)
    y = linear(y.permute(2, 0, 1, 3).reshape(length, batch, width), out_proj_weight, out_proj_bias)
    if attention is not None and average_attn_weights:
        attention = attention.mean(1)
    if not batched:
        y = y.squeeze(1)
        attention = None if attention is None else attention.squeeze(0)
    return y, attention
