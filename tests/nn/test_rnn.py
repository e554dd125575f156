"""Recurrent layers beyond the table in `test_layers.py`: packed sequences, given states, refusals."""

from __future__ import annotations

import pytest

import minigrad
from minigrad import nn
from minigrad.nn.utils import rnn

from .compare import assert_same, copy_weights, loss_of, mine, torch

LENGTHS = [[5, 3, 3, 1], [2, 5, 1, 4]]


def batch(lengths, features=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, features, generator=generator) for n in lengths]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("settings", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}])
@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_packed_sequences_train_as_in_pytorch(name, settings, lengths):
    ours, theirs = getattr(nn, name)(3, 4, **settings), getattr(torch.nn, name)(3, 4, **settings)
    copy_weights(ours, theirs)
    results = []
    for utils, module, sequences in (
        (rnn, ours, mine(batch(lengths))),
        (torch.nn.utils.rnn, theirs, batch(lengths)),
    ):
        packed = utils.pack_sequence(sequences, enforce_sorted=lengths == sorted(lengths, reverse=True))
        output, state = module(packed)
        padded, back = utils.pad_packed_sequence(output, batch_first=True, padding_value=-1.0)
        loss_of((padded, state)).backward()
        results.append((padded, back, state, [p.grad for p in module.parameters()]))
    assert_same(results[0], results[1], 1e-4)


def test_packed_and_padded_give_the_same_for_equal_lengths():
    gru = nn.GRU(3, 4)
    x = mine(torch.stack(batch([5, 5])))
    output, state = gru(x.transpose(0, 1))
    packed, packed_state = gru(rnn.pack_sequence(list(x)))
    padded, lengths = rnn.pad_packed_sequence(packed)
    assert_same(padded, output, 1e-6)
    assert_same(packed_state, state, 1e-6)
    assert lengths.tolist() == [5, 5]


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_a_given_state_is_where_it_starts(name):
    ours, theirs = getattr(nn, name)(3, 4, 2, batch_first=True), getattr(torch.nn, name)(3, 4, 2, batch_first=True)
    copy_weights(ours, theirs)
    x, *parts = batch([10, 4, 4], 3)
    x = x.reshape(2, 5, 3)
    generator = torch.Generator().manual_seed(1)
    state = tuple(torch.randn(2, 2, 4, generator=generator) for _ in range(2))
    state = state if name == "LSTM" else state[0]
    assert_same(ours(mine(x), mine(state)), theirs(x, state), 1e-5)


def test_a_layer_is_its_cell_taken_step_by_step():
    layer, cell = nn.LSTM(3, 4), nn.LSTMCell(3, 4)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, getattr(layer, name + "_l0"))
    x = minigrad.randn(5, 2, 3)
    state = None
    for step in x:
        state = cell(step, state)
    _, (h, c) = layer(x)
    assert minigrad.allclose(h[0], state[0], atol=1e-6) and minigrad.allclose(c[0], state[1], atol=1e-6)


REFUSED = [
    "nn.LSTM(2, 3)(torch.ones(5, 2, 3))",
    "nn.LSTM(2, 3)(torch.ones(5))",
    "nn.GRU(2, 3)(torch.ones(0, 4, 2))",
    "nn.RNN(2, 3)(torch.ones(5, 4, 2), torch.ones(1, 4, 2))",
    "nn.RNN(2, 3)(torch.ones(5, 4, 2), torch.ones(1, 3))",
    "nn.GRU(2, 3)(torch.ones(5, 2), torch.ones(1, 1, 3))",
    "nn.LSTM(2, 3)(torch.ones(5, 4, 2), (torch.ones(1, 4, 3), torch.ones(1, 4, 2)))",
    "nn.GRU(2, 3, proj_size=2)",
    "nn.RNN(2, 3, nonlinearity='x')",
    "nn.RNN(2, 3, dropout=5)",
    "nn.LSTM(2, 0)",
    "nn.LSTM(2, 3, 0)",
    "nn.LSTM(2, 3.0)",
    "nn.LSTM(2, 3, proj_size=4)",
    "nn.LSTM(2, 3, proj_size=-1)",
    "nn.LSTMCell(2, 3)(torch.ones(1, 1, 2))",
    "nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 1), [2, 3])",
    "nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 1), [3, 0])",
    "nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 1), [3, 2, 1])",
    "nn.utils.rnn.pad_sequence([torch.ones(1)], padding_side='up')",
]


@pytest.mark.parametrize("program", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_misuse_is_refused_with_pytorchs_exception(program):
    errors = []
    for library in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            eval(program, {"torch": library, "nn": library.nn})
        errors.append(caught.value)
    ours, theirs = errors
    if "proj_size" not in program or "LSTM" in program:
        assert type(ours) is type(theirs)
        assert str(ours)[:20] == str(theirs)[:20]


def test_dropout_after_the_only_layer_is_warned_about():
    with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1"):
        nn.LSTM(2, 3, dropout=0.5)


def test_all_weights_are_grouped_by_layer_and_direction():
    lstm = nn.LSTM(2, 3, 2, bidirectional=True)
    assert [len(group) for group in lstm.all_weights] == [4, 4, 4, 4]
    assert lstm.all_weights[1][0] is lstm.weight_ih_l0_reverse
    lstm.flatten_parameters()


def test_sequences_are_padded_and_cut_again():
    for settings in ({}, {"batch_first": True, "padding_value": 7.0}, {"padding_side": "left"}):
        ours = rnn.pad_sequence(mine(batch([2, 4, 1])), **settings)
        assert_same(ours, torch.nn.utils.rnn.pad_sequence(batch([2, 4, 1]), **settings), 0)
    padded = rnn.pad_sequence(mine(batch([2, 4, 1])))
    pieces = rnn.unpad_sequence(padded, minigrad.tensor([2, 4, 1]))
    assert_same(pieces, batch([2, 4, 1]), 0)
    assert_same(rnn.unpack_sequence(rnn.pack_sequence(pieces, enforce_sorted=False)), batch([2, 4, 1]), 0)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_packing_gives_pytorchs_fields(lengths):
    x = torch.stack([torch.nn.functional.pad(s, (0, 0, 0, 6 - len(s))) for s in batch(lengths)])
    ours = rnn.pack_padded_sequence(mine(x), lengths, batch_first=True, enforce_sorted=False)
    theirs = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    for name in ("data", "batch_sizes"):
        assert_same(getattr(ours, name), getattr(theirs, name), 0)
    restored, back = rnn.pad_packed_sequence(ours, batch_first=True, total_length=7)
    assert restored.shape == (4, 7, 3) and back.tolist() == lengths
    assert ours.to(minigrad.float64).data.dtype is minigrad.float64
    with pytest.raises(ValueError, match="Expected total_length to be at least"):
        rnn.pad_packed_sequence(ours, total_length=2)
