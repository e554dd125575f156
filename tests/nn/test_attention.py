"""Attention and transformers beyond the table in `test_layers.py`: masks, weights, causality."""

from __future__ import annotations

import pytest

import minigrad
from minigrad import nn

from .compare import assert_same, copy_weights, mine, torch

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(2, 5, 8, generator=GENERATOR)
MEMORY = torch.randn(2, 4, 8, generator=GENERATOR)
PADDING = torch.tensor([[False, False, False, True], [False, False, True, True]])
CAUSAL = torch.ones(5, 5, dtype=torch.bool).triu(1)
FLOATS = torch.randn(5, 4, generator=GENERATOR)


def both(name, *args, **settings):
    ours, theirs = getattr(nn, name)(*args, **settings), getattr(torch.nn, name)(*args, **settings)
    copy_weights(ours, theirs)
    return ours, theirs


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"key_padding_mask": PADDING},
        {"attn_mask": FLOATS},
        {"attn_mask": FLOATS > 1.0, "key_padding_mask": PADDING},
        {"average_attn_weights": False},
        {"need_weights": False, "attn_mask": FLOATS},
        {"need_weights": False, "key_padding_mask": PADDING},
        {"attn_mask": torch.randn(4, 5, 4, generator=GENERATOR)},
    ],
    ids=lambda call: "+".join(call) or "plain",
)
@pytest.mark.filterwarnings("ignore")
def test_masks_and_weights_agree_with_pytorch(call):
    ours, theirs = both("MultiheadAttention", 8, 2, batch_first=True)
    result = ours(mine(X), mine(MEMORY), mine(MEMORY), **mine(call))
    expected = theirs(X, MEMORY, MEMORY, **call)
    assert (result[1] is None) == (expected[1] is None)
    assert_same(result, expected, 1e-5)


def test_dropout_in_attention_draws_pytorchs_numbers():
    ours, theirs = both("MultiheadAttention", 8, 2, dropout=0.5)
    minigrad.manual_seed(4)
    result = ours(mine(X), mine(X), mine(X))
    torch.manual_seed(4)
    assert_same(result, theirs(X, X, X), 1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_with_all_masks_agrees_with_pytorch(norm_first):
    settings = {"dropout": 0.0, "batch_first": True, "norm_first": norm_first}
    ours, theirs = both("Transformer", 8, 2, 2, 2, 16, **settings)
    masks = {
        "src_key_padding_mask": PADDING,
        "memory_key_padding_mask": PADDING,
        "tgt_mask": CAUSAL,
        "tgt_is_causal": True,
    }
    assert_same(ours(mine(MEMORY), mine(X), **mine(masks)), theirs(MEMORY, X, **masks), 1e-4)


def test_a_transformer_trains_with_pytorchs_dropout():
    ours, theirs = both("TransformerEncoderLayer", 8, 2, 16, dropout=0.3)
    minigrad.manual_seed(9)
    result = ours(mine(X))
    torch.manual_seed(9)
    assert_same(result, theirs(X), 1e-5)


def test_the_causal_mask_hides_the_future():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    assert_same(mask, torch.nn.Transformer.generate_square_subsequent_mask(5), 0)
    x = mine(X)
    changed = x.clone()
    changed[:, 3:] = 0
    assert minigrad.allclose(layer(x, mask)[:, :3], layer(changed, mask)[:, :3], atol=1e-6)
    assert not minigrad.allclose(layer(x)[:, :3], layer(changed)[:, :3], atol=1e-6)


def test_layers_of_a_stack_start_equal_and_train_apart():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    first, second = encoder.layers
    assert (first.linear1.weight == second.linear1.weight).all()
    assert first.linear1.weight is not second.linear1.weight


@pytest.mark.parametrize(
    "program",
    [
        "nn.MultiheadAttention(0, 2)",
        "nn.MultiheadAttention(4, 3)",
        "nn.TransformerEncoderLayer(4, 2, activation='x')",
        "nn.Transformer(4, 2, 1, 1, 8)(torch.ones(3, 2, 4), torch.ones(3, 5, 4))",
        "nn.Transformer(4, 2, 1, 1, 8)(torch.ones(3, 2, 6), torch.ones(3, 2, 4))",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_misuse_is_refused_with_pytorchs_exception(program):
    errors = []
    for library in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            eval(program, {"torch": library, "nn": library.nn})
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert str(errors[0])[:30] == str(errors[1])[:30]
