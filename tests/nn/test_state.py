"""State dicts: names, sharing, loading in both directions between the libraries, and PyTorch's words when it fails."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import minigrad
from minigrad import nn

from .compare import assert_same, mine, torch


def build(library):
    n = library.nn
    return n.Sequential(
        OrderedDict(conv=n.Conv2d(1, 2, 3), norm=n.BatchNorm2d(2), rest=n.Sequential(n.Flatten(), n.Linear(8, 3)))
    )


def test_state_dicts_travel_both_ways():
    ours, theirs = build(minigrad), build(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    assert repr(ours.load_state_dict(mine(theirs.state_dict()))) == "<All keys matched successfully>"
    x = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert_same(ours(mine(x)), theirs(x), 1e-4)
    ours.conv.weight.data.fill_(0.5)
    theirs.load_state_dict({k: torch.tensor(v.tolist()).reshape(v.shape) for k, v in ours.state_dict().items()})
    assert_same(ours(mine(x)), theirs(x), 1e-4)


def test_a_state_dict_shares_memory_and_leaves_the_graph():
    layer = nn.Linear(2, 1)
    state = layer.state_dict()
    assert not state["weight"].requires_grad
    state["weight"].fill_(3)
    assert layer.weight.tolist() == [[3.0, 3.0]]
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight
    assert list(layer.state_dict(prefix="model.")) == ["model.weight", "model.bias"]
    destination = {"old": 1}
    assert layer.state_dict(destination=destination) is destination and len(destination) == 3


PROGRAMS = [
    "m.load_state_dict({'0.weight': torch.ones(3, 3), 'q': torch.ones(1), '0.z': torch.ones(1)})",
    "m.load_state_dict({})",
    "m.load_state_dict({'0.weight': torch.ones(3, 2), '0.bias': 3})",
    "m.load_state_dict({'0': torch.ones(1), '0.': torch.ones(1), '0.1.3': 4, **m.state_dict()})",
    "m.load_state_dict({'0.weight': torch.ones(2, 2)}, strict=False)",
    "m.load_state_dict(3)",
    "m[0].bias = None; m.load_state_dict({'0.weight': torch.ones(3, 2), '0.bias': torch.ones(3)})",
    "nn.BatchNorm1d(2).load_state_dict({'weight': torch.ones(2)})",
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_failing_to_load_says_pytorchs_words(program):
    messages = []
    for library in (minigrad, torch):
        scope = {"torch": library, "nn": library.nn, "m": library.nn.Sequential(library.nn.Linear(2, 3))}
        with pytest.raises((RuntimeError, TypeError)) as caught:
            exec(program, scope)
        messages.append((type(caught.value), str(caught.value)))
    assert messages[0] == messages[1]


def test_loading_without_strict_reports_the_differences():
    def load(library):
        layer = library.nn.Linear(2, 1)
        result = layer.load_state_dict({"weight": library.ones(1, 2), "extra": library.ones(1)}, strict=False)
        return repr(result), result.missing_keys, result.unexpected_keys, layer.weight.tolist()

    assert load(minigrad) == load(torch)


def test_assign_takes_the_tensors_themselves():
    layer = nn.Linear(2, 1)
    new = minigrad.ones(1, 2, dtype=minigrad.float64)
    layer.load_state_dict({"weight": new, "bias": minigrad.ones(1)}, assign=True)
    assert layer.weight.dtype is minigrad.float64
    assert isinstance(layer.weight, nn.Parameter) and layer.weight.requires_grad
    new.fill_(5)
    assert layer.weight.tolist() == [[5.0, 5.0]]


def test_loading_keeps_the_parameter_and_its_dtype():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer.load_state_dict({"weight": minigrad.ones(1, 2, dtype=minigrad.float64), "bias": minigrad.ones(1)})
    assert layer.weight is weight and weight.dtype is minigrad.float32 and weight.tolist() == [[1.0, 1.0]]


def test_batch_norm_loads_states_from_before_batches_were_counted():
    norm = nn.BatchNorm1d(2)
    state = {k: v for k, v in norm.state_dict().items() if k != "num_batches_tracked"}
    assert repr(norm.load_state_dict(dict(state))) == "<All keys matched successfully>"


class WithExtra(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = 3
        self.register_buffer("temporary", minigrad.ones(2), persistent=False)

    def get_extra_state(self):
        return {"value": self.value}

    def set_extra_state(self, state):
        self.value = state["value"]


def test_extra_state_is_saved_and_demanded():
    module = nn.Sequential(WithExtra())
    state = module.state_dict()
    assert dict(state) == {"0._extra_state": {"value": 3}}
    module[0].value = 4
    module.load_state_dict(state)
    assert module[0].value == 3
    with pytest.raises(RuntimeError, match='Missing key.*"0._extra_state"'):
        module.load_state_dict({})
    with pytest.raises(RuntimeError, match='Unexpected key.*"_extra_state"'):
        nn.ReLU().load_state_dict({"_extra_state": 1})
    with pytest.raises(RuntimeError, match='Unexpected key.*"0.temporary"'):
        module.load_state_dict({**state, "0.temporary": minigrad.ones(2)})


def test_state_dict_hooks_run_around_saving_and_loading():
    events = []
    net = nn.Sequential(nn.Linear(2, 1))
    net[0].register_state_dict_pre_hook(lambda module, prefix, keep: events.append(("pre", prefix)))
    net[0].register_state_dict_post_hook(lambda module, state, prefix, meta: events.append(("post", len(state))))
    state = net.state_dict()
    assert events == [("pre", "0."), ("post", 2)]

    def rename(module, state_dict, prefix, *rest):
        state_dict[prefix + "weight"] = state_dict.pop(prefix + "old_weight")

    net[0].register_load_state_dict_pre_hook(rename)
    net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    state["0.old_weight"] = state.pop("0.weight")
    del state["0.bias"]
    assert repr(net.load_state_dict(state)) == "<All keys matched successfully>"
    with net[0]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: events.append(prefix)):
        net.load_state_dict({"0.old_weight": minigrad.ones(1, 2)})
    assert events[-1] == "0."


def test_a_module_may_load_its_own_way():
    class Old(nn.Linear):
        def _load_from_state_dict(self, state_dict, prefix, *args):
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            super()._load_from_state_dict(state_dict, prefix, *args)

    layer = Old(2, 1, bias=False)
    layer.load_state_dict({"w": minigrad.ones(1, 2)})
    assert layer.weight.tolist() == [[1.0, 1.0]]
