"""`nn.Module`: attributes, walks over the tree, conversions, printing, and errors that say where they arose."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad
from minigrad import nn

from .compare import torch


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(2)])
        self.scale = nn.Parameter(minigrad.ones(1))
        self.register_buffer("mask", minigrad.ones(4), persistent=False)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return x * self.scale * self.mask


def same_in_torch(source):
    """The exception of a program, run once with minigrad and once with torch."""
    found = []
    for library in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            exec(source, {"torch": library, "nn": library.nn})
        found.append(caught.value)
    return found


NEW = """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer('mean', torch.ones(2))
m = M()
"""
FORGOT = """
class M(nn.Module):
    def __init__(self):
        self.part = {}
M()
"""


@pytest.mark.parametrize(
    "program",
    [
        NEW + "m.layer = 5",
        NEW + "m.layer = torch.ones(2)",
        NEW + "m.mean = 5",
        NEW + "m.weight = torch.ones(2)",
        NEW + "m.register_parameter(5, None)",
        NEW + "m.register_parameter('layer', None)",
        NEW + "m.register_parameter('z', torch.ones(2))",
        NEW + "m.register_parameter('', None)",
        NEW + "m.register_buffer('', None)",
        NEW + "m.register_buffer(5, None)",
        NEW + "m.register_buffer('layer', None)",
        NEW + "m.register_buffer('z', 3)",
        NEW + "m.add_module('x.y', None)",
        NEW + "m.add_module('', None)",
        NEW + "m.add_module(5, None)",
        NEW + "m.add_module('weight', None)",
        NEW + "m.add_module('z', 3)",
        NEW + "m.get_submodule('layer.c')",
        NEW + "m.get_submodule('weight')",
        NEW + "m.get_parameter('layer.zz')",
        NEW + "m.get_parameter('mean')",
        NEW + "m.get_parameter('layer')",
        NEW + "m.get_buffer('weight')",
        NEW + "m.get_buffer('q')",
        NEW + "m(3)",
        NEW + "m.train(3)",
        NEW + "m.zz",
        NEW + "m.to(torch.int32)",
        "nn.Linear(2, 3, 4, 5, 6, 7)",
    ],
)
def test_misuse_raises_pytorchs_exception_in_its_words(program):
    ours, theirs = same_in_torch(program)
    assert type(ours) is type(theirs)
    assert str(ours).replace("torch.cuda.", "torch.") == str(theirs)


@pytest.mark.parametrize(
    ("program", "opening"),
    [
        (FORGOT.format("nn.Linear(2, 3)"), "cannot assign module before Module.__init__() call"),
        (FORGOT.format("nn.Parameter(torch.ones(1))"), "cannot assign parameters before Module.__init__() call"),
        (FORGOT.format("nn.Buffer(torch.ones(1))"), "cannot assign buffer before Module.__init__() call"),
        (FORGOT.format("1") + "list(M().parameters())", "'M' object has no attribute '_parameters'"),
    ],
)
def test_forgetting_super_init_is_said_in_words(program, opening):
    ours, theirs = same_in_torch(program)
    assert type(ours) is type(theirs) is AttributeError
    assert str(theirs).startswith(opening)
    assert str(ours).startswith(opening.split(" '_")[0])
    assert "super().__init__()" in str(ours)


def test_a_dot_in_a_name_is_refused():
    for register in (nn.Module().register_parameter, nn.Module().register_buffer, nn.Module().add_module):
        with pytest.raises(KeyError, match='can.*t contain "[.]"'):
            register("a.b", None)


def test_an_attribute_may_change_its_kind_as_in_pytorch():
    module = nn.Module()
    module.x = 3
    module.x = nn.Linear(1, 1)
    assert [name for name, _ in module.named_children()] == ["x"]
    module.x = nn.Parameter(minigrad.ones(1))
    assert not list(module.children()) and [name for name, _ in module.named_parameters()] == ["x"]
    module.x = None
    assert module.x is None and not list(module.parameters())
    module.x = nn.Parameter(minigrad.ones(2))
    assert len(list(module.parameters())) == 1
    del module.x
    assert not hasattr(module, "x") and not list(module.parameters())


def test_a_tensor_assigned_to_a_buffer_replaces_it():
    module = nn.Module()
    module.register_buffer("state", None, persistent=False)
    module.state = minigrad.zeros(2)
    assert [name for name, _ in module.named_buffers()] == ["state"]
    assert not module.state_dict()
    module.plain = minigrad.zeros(2)
    assert [name for name, _ in module.named_buffers()] == ["state"]


def test_no_parameter_hides_a_method():
    with pytest.raises(KeyError, match="attribute 'apply' already exists"):
        nn.Module().apply = nn.Parameter(minigrad.ones(1))
    with pytest.raises(KeyError, match="attribute 'modules' already exists"):
        nn.Module().modules = nn.ModuleList()


def test_calling_super_init_twice_loses_nothing():
    module = nn.Linear(2, 1)
    nn.Module.__init__(module)
    assert len(list(module.parameters())) == 2


def test_registries_are_live_dictionaries():
    net = Net()
    assert list(net._parameters) == ["scale"] and list(net._modules) == ["first", "blocks"]
    new = nn.Linear(3, 4)
    net._modules["first"] = new
    assert net.first is new
    for name, child in net.blocks._modules.items():
        net.blocks._modules[name] = nn.Sequential(child)
    assert isinstance(net.blocks[1][0], nn.Sequential)
    del net._modules["first"]
    assert not hasattr(net, "first") and len(net._modules) == 1
    with pytest.raises(KeyError):
        net._buffers["first"]


def test_walks_give_every_object_once_in_order():
    net = Net()
    net.again = net.first
    names = [name for name, _ in net.named_modules()]
    assert names == ["", "first", "blocks", *(f"blocks.{i}{rest}" for i in (0, 1) for rest in ("", ".0", ".1"))]
    assert "again" in dict(net.named_modules(remove_duplicate=False))
    assert [name for name, _ in net.named_children()] == ["first", "blocks"]
    assert len(list(net.modules())) == len(names)
    parameters = [name for name, _ in net.named_parameters()]
    assert parameters[:3] == ["scale", "first.weight", "first.bias"] and len(parameters) == 11
    assert "again.weight" in dict(net.named_parameters(remove_duplicate=False))
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert next(iter(dict(net.named_parameters(prefix="model")))) == "model.scale"
    assert [name for name, _ in net.named_buffers()][:2] == ["mask", "blocks.0.1.running_mean"]


def test_a_dotted_path_finds_its_object():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("blocks.1.0") is net.blocks[1][0]
    assert net.get_parameter("blocks.1.0.weight") is net.blocks[1][0].weight
    assert net.get_buffer("blocks.1.1.running_var") is net.blocks[1][1].running_var
    new = nn.Identity()
    net.set_submodule("blocks.1.0", new)
    assert net.blocks[1][0] is new


def test_apply_visits_children_before_parents():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU()))
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_train_and_eval_reach_the_whole_tree():
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.blocks[0].train()
    assert net.blocks[0][1].training and not net.training


def test_requires_grad_freezes_and_zero_grad_forgets():
    net = Net()
    net(minigrad.ones(2, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(minigrad.ones(2, 3)).requires_grad


def test_conversion_keeps_the_parameter_objects_and_leaves_integers_alone():
    net = Net()
    parameters = list(net.parameters())
    net(minigrad.ones(2, 3)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))
    assert all(p.dtype is minigrad.float64 and p.grad.dtype is minigrad.float64 for p in parameters)
    assert net.blocks[0][1].running_mean.dtype is minigrad.float64
    assert net.blocks[0][1].num_batches_tracked.dtype is minigrad.int64
    assert net.to(minigrad.float16).scale.dtype is minigrad.float16
    assert net.to("cpu", minigrad.float32).scale.dtype is minigrad.float32
    assert net.to(minigrad.ones(1, dtype=minigrad.float64)).scale.dtype is minigrad.float64
    assert net.float().mask.dtype is minigrad.float32
    assert net.half().mask.dtype is minigrad.float16
    assert net.to(device="cpu").scale.dtype is minigrad.float16
    assert net.type(minigrad.float32).blocks[0][1].num_batches_tracked.dtype is minigrad.float32
    assert net.to_empty(device="cpu").first.weight.shape == (4, 3)
    assert all(p.requires_grad and p.is_leaf for p in net.parameters())


def test_tied_parameters_stay_tied():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3
    for other in (net.double(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other[1].weight is other[0].weight


def test_a_deep_copy_shares_nothing_and_a_shallow_copy_has_its_own_names():
    net = Net()
    twin = copy.deepcopy(net)
    with minigrad.no_grad():
        twin.first.weight.fill_(7)
    assert not (net.first.weight == 7).any()
    shallow = copy.copy(net)
    shallow.extra = nn.Linear(1, 1)
    assert not hasattr(net, "extra") and len(list(net.children())) == 2


def test_pickle_keeps_structure_and_values():
    net = Net().eval()
    twin = pickle.loads(pickle.dumps(net))
    assert repr(twin) == repr(net) and not twin.training
    for (name, a), (_, b) in zip(net.state_dict().items(), twin.state_dict().items(), strict=True):
        assert (a == b).all(), name
    assert isinstance(twin.scale, nn.Parameter) and twin.scale.requires_grad


def test_repr_is_pytorchs_with_many_lines_and_none_children():
    def build(library):
        class Odd(library.nn.Module):
            def __init__(self):
                super().__init__()
                self.add_module("nothing", None)
                self.inner = library.nn.Sequential(library.nn.ReLU(), library.nn.ModuleDict({"a": library.nn.Tanh()}))

            def extra_repr(self):
                return "first=1\nsecond=2"

        return repr(Odd())

    assert build(minigrad) == build(torch)


def test_dir_lists_parts_but_not_numbers():
    net = nn.Sequential(nn.ReLU())
    net.head = nn.Linear(1, 1)
    assert "head" in dir(net) and "forward" in dir(net) and "0" not in dir(net)


def test_a_wrapper_may_forward_unknown_attributes():
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.module, name)

    assert Wrapper(nn.Linear(2, 5)).out_features == 5


# --------------------------------------------------------------------------------------------------- errors name places


def notes_of(module, *args):
    with pytest.raises(Exception) as caught:
        module(*args)
    return str(caught.value), getattr(caught.value, "__notes__", [])


def test_a_shape_error_names_the_module_path_and_the_remedy():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(100, 10))

        def forward(self, x):
            return self.net(x)

    message, notes = notes_of(Model(), minigrad.ones(2, 3))
    assert notes == ["at net.2: Linear(in_features=100, out_features=10, bias=True)"]
    assert message.startswith("mat1 and mat2 shapes cannot be multiplied (2x4 and 100x10)")
    assert message.endswith(
        "Linear(in_features=100, out_features=10): expected input of shape (*, 100), got (2, 4). "
        "Did you mean in_features=4?"
    )


def test_the_path_goes_through_a_module_that_calls_its_grandchild():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleDict({"head": nn.Sequential(nn.Linear(100, 10))})

        def forward(self, x):
            return self.parts["head"][0](x)

    assert notes_of(nn.Sequential(Model()), minigrad.ones(2, 3))[1] == [
        "at 0.parts.head.0: Linear(in_features=100, out_features=10, bias=True)"
    ]


def test_an_error_in_ones_own_forward_or_outside_the_tree_has_no_false_path():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden_from_parameters = [nn.Linear(100, 10)]

        def forward(self, x):
            return self.hidden_from_parameters[0](x)

    assert notes_of(Model(), minigrad.ones(2, 3))[1] == []
    assert notes_of(nn.Linear(3, 4), minigrad.ones(2, 2))[1] == []
    assert notes_of(nn.Sequential(Model()), minigrad.ones(2, 3))[1] == []
