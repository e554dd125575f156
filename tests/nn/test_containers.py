"""Containers: each program is run in both libraries, and must print, or refuse, the same."""

from __future__ import annotations

import re
from collections import OrderedDict

import pytest

import minigrad
from minigrad import nn

from .compare import torch

SEQUENTIAL = "s = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))\n"
LIST = "s = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)] + [nn.ReLU()])\n"
DICT = "s = nn.ModuleDict({'b': nn.ReLU(), 'a': nn.Linear(1, 1)})\n"
PLIST = "s = nn.ParameterList([torch.ones(2, 3), nn.Parameter(torch.ones(2)), 3, 'a', torch.ones(())])\n"
PDICT = "s = nn.ParameterDict({'x': torch.ones(2, 3), 'y': 3})\n"

PRINTED = [
    *(SEQUENTIAL + line for line in [
        "out = s", "out = s[0:2]", "out = s[-1]", "out = len(s)", "out = s * 2", "out = 2 * s", "out = s + s",
        "s += nn.Sequential(nn.Tanh()); out = s", "s *= 2; out = s", "out = s.append(nn.Tanh())",
        "out = s.insert(1, nn.Tanh())", "out = s.insert(-1, nn.Tanh())", "out = s.extend([nn.Tanh(), nn.ReLU()])",
        "s.pop(1); out = s", "del s[0]; out = s", "del s[:2]; out = s", "s[1] = nn.Tanh(); out = s",
        "s[-1] = nn.Tanh(); out = s", "out = list(s)", "out = s.pop(-1)", "out = nn.Sequential()",
    ]),
    *(LIST + line for line in [
        "out = s", "out = s[1:]", "out = s[-1]", "out = s + s", "out = s + [nn.Tanh()]", "s += [nn.Tanh()]; out = s",
        "s.insert(0, nn.Tanh()); out = s", "s.append(nn.Tanh()); out = s", "out = s.pop(0); out = s", "del s[1]; out = s",
        "del s[1:3]; out = s", "s[0] = nn.Tanh(); out = s", "out = len(s)", "out = nn.ModuleList()",
        "out = nn.ModuleList([nn.Sequential(nn.ReLU())] * 2 + [nn.Sequential(nn.Tanh())])",
    ]),
    *(DICT + line for line in [
        "out = s", "out = s['a']", "out = list(s)", "out = s.keys()", "out = list(s.values())", "out = list(s.items())",
        "out = 'a' in s, 'c' in s, len(s)", "out = s.pop('b'); out = s", "del s['b']; out = s", "s.clear(); out = s",
        "s['b'] = nn.Tanh(); out = s", "s.update({'c': nn.Tanh()}); out = s", "s.update([('c', nn.Tanh())]); out = s",
        "out = nn.ModuleDict(s)", "out = nn.ModuleDict([['x', nn.ReLU()]])",
    ]),
    *(PLIST + line for line in [
        "out = s", "out = s[1:3]", "out = len(s)", "out = list(s.state_dict())", "out = s.append(torch.ones(1))",
        "out = s.extend([torch.ones(1)])", "s += [torch.ones(1)]; out = s", "s[0] = torch.zeros(1); out = s",
        "out = s[-1]", "out = s[2]", "out = nn.ParameterList()", "out = nn.ParameterList([torch.ones(2)])",
        "out = [n for n, _ in s.named_parameters()]",
    ]),
    *(PDICT + line for line in [
        "out = s", "out = s['y']", "out = s['x']", "out = list(s)", "out = list(s.keys())", "out = list(s.items())",
        "out = s.popitem()", "out = s.pop('x'); out = s", "out = s.get('q', 4), s.get('y')", "out = s.setdefault('k', 1)",
        "out = s.copy()", "out = s | {'z': torch.ones(1)}", "s |= {'z': 1}; out = s", "out = s.fromkeys(['q'], 2)",
        "out = list(reversed(s))", "s.clear(); out = s", "out = 'x' in s, 'z' in s, len(s)", "del s['x']; out = s",
        "out = [n for n, _ in s.named_parameters()]",
    ]),
]  # fmt: skip


@pytest.mark.parametrize("program", PRINTED)
def test_programs_print_the_same(program):
    results = []
    for library in (minigrad, torch):
        scope = {"torch": library, "nn": library.nn}
        exec(program, scope)
        results.append(re.sub(r" \(GPU 0\)|, device='cuda:0'|(?<=torch\.)cuda\.", "", repr(scope["out"])))
    assert results[0] == results[1]


REFUSED = [
    *(SEQUENTIAL + line for line in [
        "s[5]", "s[-4]", "s['x']", "s + 3", "s += 3", "s.insert(9, nn.ReLU())", "s.append(3)", "s * 0", "s * 1.5",
        "s.pop(7)", "nn.Sequential(3)",
    ]),
    *(LIST + line for line in ["s[7]", "s + 3", "s.extend(3)", "s(3)", "nn.ModuleList([3])", "nn.ModuleList(3)"]),
    *(DICT + line for line in [
        "s['z']", "s.pop('z')", "s.update(3)", "s.update([(1,)])", "s.update([(1, nn.ReLU())])", "del s['z']",
        "nn.ModuleDict({'type': nn.ReLU()})", "nn.ModuleDict({'a.b': nn.ReLU()})", "s['q'] = 3",
    ]),
    *(PLIST + line for line in ["s[9]", "s.extend(3)"]),
]  # fmt: skip


@pytest.mark.parametrize("program", REFUSED)
def test_misuse_is_refused_with_pytorchs_exception(program):
    errors = []
    for library in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            exec(program, {"torch": library, "nn": library.nn})
        errors.append(caught.value)
    ours, theirs = errors
    assert type(ours) is type(theirs)
    assert str(ours).replace("minigrad.nn.containers", "torch.nn.modules.container") == str(theirs)


def test_parameter_dictionaries_take_strings_as_keys_and_are_no_functions():
    table = nn.ParameterDict()
    with pytest.raises(TypeError, match="Index given to ParameterDict cannot be used as a key as it is not a string"):
        table[3] = 4
    with pytest.raises(TypeError, match="iterable of key/value pairs, but got int"):
        table.update(3)
    with pytest.raises(KeyError):
        table["absent"]
    with pytest.raises(KeyError, match="attribute 'keys' already exists"):
        table["keys"] = 1
    with pytest.raises(RuntimeError):
        table(3)


def test_an_ordered_dictionary_names_the_links_of_a_chain():
    net = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), second=nn.ReLU()))
    assert list(net.state_dict()) == ["first.weight", "first.bias"]
    assert net.first is net[0] and isinstance(net[:1], nn.Sequential) and net[:1].first is net[0]
    assert net(minigrad.ones(4, 2)).shape == (4, 3)


def test_a_slice_shares_its_modules():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    assert net[:1][0] is net[0]


def test_tensors_in_a_parameter_container_are_trained():
    weights = nn.ParameterList([minigrad.ones(2), minigrad.ones(2)])
    table = nn.ParameterDict({"a": minigrad.ones(2)})
    (weights[0] * weights[1] * table["a"]).sum().backward()
    assert all(p.grad is not None for p in (*weights.parameters(), *table.parameters()))
    assert isinstance(weights[0], nn.Parameter)


def test_a_subclass_of_sequential_keeps_its_class_in_slices():
    class Mine(nn.Sequential):
        pass

    assert type(Mine(nn.ReLU(), nn.Tanh())[:1]) is Mine
