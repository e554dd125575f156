"""What all optimizers share: groups, hooks, gradients cleared, states saved, and mistakes named."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minigrad
from minigrad.optim import SGD, Adam, Optimizer
from minigrad.optim.optimizer import required

from .problem import Problem

torch = pytest.importorskip("torch")


def leaf(lib=minigrad, n=2):
    return lib.ones(n, requires_grad=True)


def test_groups_have_options_of_their_own():
    a, b = leaf(), leaf()
    a.grad, b.grad = minigrad.ones(2), minigrad.ones(2)
    SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1).step()
    np.testing.assert_allclose(a.detach().numpy(), [0.9, 0.9], rtol=1e-6)
    np.testing.assert_allclose(b.detach().numpy(), [0.5, 0.5])


def test_a_group_added_later_is_trained():
    a, b = leaf(), leaf()
    optimizer = Adam([a], lr=0.1)
    optimizer.add_param_group({"params": [b], "lr": 0.2})
    a.grad, b.grad = minigrad.ones(2), minigrad.ones(2)
    optimizer.step()
    np.testing.assert_allclose(b.detach().numpy(), [0.8, 0.8], rtol=1e-6)
    assert optimizer.param_groups[1]["betas"] == (0.9, 0.999)


def test_named_parameters_keep_their_names():
    w, b = leaf(), leaf()
    mine = SGD([("w", w), ("b", b)]).state_dict()["param_groups"]
    theirs = torch.optim.SGD([("w", leaf(torch)), ("b", leaf(torch))]).state_dict()["param_groups"]
    assert mine == theirs
    assert mine[0]["param_names"] == ["w", "b"]


def constructions(lib):
    p = leaf(lib)
    S = lib.optim.SGD
    named = S([("w", p)])
    plain = S([p])
    return {
        "empty": lambda: S([]),
        "one tensor": lambda: S(p),
        "not a leaf": lambda: S([p * 2]),
        "not a tensor": lambda: S([1]),
        "a set of tensors": lambda: S([{"params": {p}}]),
        "tensor after a group": lambda: S([{"params": [leaf(lib)]}, p]),
        "group after a tensor": lambda: S([p, {"params": [leaf(lib)]}]),
        "in two groups": lambda: S([{"params": p}, {"params": p}]),
        "no params": lambda: S([{"param": p}]),
        "group is a list": lambda: plain.add_param_group([1]),
        "added twice": lambda: plain.add_param_group({"params": p}),
        "some names missing": lambda: S([("w", p), leaf(lib)]),
        "unnamed group": lambda: named.add_param_group({"params": [leaf(lib)]}),
        "named group": lambda: plain.add_param_group({"params": [("a", leaf(lib))]}),
        "two rates": lambda: S([p], lr=lib.tensor([0.1, 0.1])),
        "beta tensor and float": lambda: lib.optim.Adam([p], betas=(0.9, lib.tensor(0.99))),
        "beta tensors with foreach": lambda: lib.optim.Adam(
            [p], betas=(lib.tensor(0.9), lib.tensor(0.99)), foreach=True
        ),
        "rate tensor with foreach": lambda: lib.optim.Adam([p], lr=lib.tensor(0.1), foreach=True),
        "group count": lambda: plain.load_state_dict({"state": {}, "param_groups": []}),
        "group size": lambda: plain.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]}),
        "no groups": lambda: plain.load_state_dict({"state": {}}),
    }


@pytest.mark.parametrize("mistake", constructions(minigrad))
def test_mistakes_raise_the_errors_of_torch(mistake):
    with pytest.raises(Exception) as theirs:
        constructions(torch)[mistake]()
    with pytest.raises(type(theirs.value)) as mine:
        constructions(minigrad)[mistake]()
    assert str(theirs.value).split(", but got")[0].strip("\"'") in str(mine.value)


def test_a_parameter_listed_twice_warns():
    p = leaf()
    with pytest.warns(UserWarning, match="duplicate parameters"):
        SGD([p, p])


def test_an_option_without_default_has_to_be_given():
    class Needy(Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": required})

    assert Needy([{"params": [leaf()], "lr": 1.0}]).param_groups[0]["lr"] == 1.0
    with pytest.raises(ValueError, match="required optimization parameter lr"):
        Needy([leaf()])


def test_zero_grad_drops_or_clears():
    p = leaf()
    optimizer = SGD([p])
    p.grad = gradient = minigrad.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient and gradient.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_zero_grad_cuts_a_recorded_gradient_off():
    p = leaf()
    optimizer = SGD([p])
    (p**3).sum().backward(create_graph=True)
    assert p.grad.requires_grad
    optimizer.zero_grad(set_to_none=False)
    assert not p.grad.requires_grad and p.grad.grad_fn is None


def test_a_closure_runs_with_gradients_and_its_loss_is_returned():
    p = leaf()
    optimizer = SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    assert p.detach().tolist() == [0.0, 0.0]
    assert optimizer.step() is None


def test_steps_do_not_enter_the_graph():
    p = leaf()
    p.grad = minigrad.ones(2)
    SGD([p], momentum=0.9).step()
    assert p.is_leaf and p.requires_grad and p.grad_fn is None


def test_hooks_run_around_a_step_in_order():
    calls = []
    optimizer = SGD([leaf()])
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append("before"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append("after"))
    optimizer.step(lambda: calls.append("closure"))
    before.remove()
    optimizer.step()
    assert calls == ["before", "closure", "after", "after"]


def test_a_hook_may_change_the_arguments():
    optimizer = SGD([leaf()])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 7,), {}))
    assert optimizer.step() == 7
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_hooks_run_once_when_a_subclass_calls_its_parent():
    class Counting(SGD):
        def step(self, closure=None):
            return super().step(closure)

    calls = []
    optimizer = Counting([leaf()])
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    optimizer.step()
    assert calls == [1]


def test_hooks_see_states_saved_and_loaded():
    optimizer, calls = SGD([leaf()], lr=0.1), []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: calls.append("loading"))
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    state = optimizer.state_dict()
    assert state["extra"] == 1
    optimizer.load_state_dict(state)
    assert calls == ["saving", "loading", "loaded"]


def trained(dtype="float32"):
    problem = Problem(minigrad, dtype)
    optimizer = Adam(problem.params, lr=0.05)
    for _ in range(5):
        problem.backward()
        optimizer.step()
    return problem, optimizer


@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_of_problem_and_optimizer_go_on_alike(way):
    problem, optimizer = trained()
    params, twin = way((problem.params, optimizer))
    other = Problem(minigrad)
    other.params = params
    for pair in ((problem, optimizer), (other, twin)):
        for _ in range(5):
            pair[0].backward()
            pair[1].step()
    np.testing.assert_array_equal(problem.values(), other.values())


def test_loading_copies_and_fits_the_state():
    _, first = trained()
    problem = Problem(minigrad, "float64")
    second = Adam(problem.params)
    state = first.state_dict()
    second.load_state_dict(state)
    assert second.param_groups[0]["lr"] == 0.05
    moments = second.state[problem.params[0]]
    assert moments["exp_avg"].dtype is minigrad.float64
    assert moments["step"].dtype is minigrad.float32 and moments["step"].item() == 5
    problem.backward()
    second.step()
    assert state["state"][0]["step"].item() == 5  # the first optimizer's state is its own


def test_a_state_saved_before_an_option_existed_can_be_loaded():
    old = minigrad.optim.AdamW([leaf()]).state_dict()
    for name in ("decoupled_weight_decay", "maximize", "fused"):
        del old["param_groups"][0][name]
    p = leaf()
    optimizer = minigrad.optim.AdamW([p])
    optimizer.load_state_dict(old)
    p.grad = minigrad.ones(2)
    optimizer.step()
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_a_users_optimizer_written_as_in_torch_works():
    class Plain(Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, dict(lr=lr))

        @minigrad.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["steps"] = state.get("steps", 0) + 1
                    p.add_(p.grad, alpha=-group["lr"])

    p = leaf()
    p.grad = minigrad.ones(2)
    optimizer = Plain([p])
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), [0.9, 0.9], rtol=1e-6)
    assert optimizer.state_dict()["state"] == {0: {"steps": 1}}


def test_the_base_class_has_no_rule():
    p = leaf()
    p.grad = minigrad.ones(2)
    with pytest.raises(NotImplementedError):
        Optimizer([p], {}).step()
