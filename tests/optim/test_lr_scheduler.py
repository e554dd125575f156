"""Schedulers give PyTorch's rates, epoch for epoch, and exchange their saved states with it."""

from __future__ import annotations

import math
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.optim import SGD, Adam, lr_scheduler

torch = pytest.importorskip("torch")

LIBRARIES = pytest.mark.parametrize("lib", [minigrad, torch], ids=["minigrad", "torch"])


def optimizer_of(lib, groups=2, kind="SGD", lr=0.1, **options):
    """Groups with rates lr, 2 lr, ..., without gradients: a step moves nothing."""
    if kind == "SGD":
        options.setdefault("momentum", 0.9)
    params = [{"params": [lib.ones(2, requires_grad=True)], "lr": lr * (i + 1)} for i in range(groups)]
    return getattr(lib.optim, kind)(params, lr=lr, **options)


def trace(lib, build, steps=25, kind="SGD", reload_at=None, groups=2):
    """Rates, and momenta, of every group after each step."""
    S, seen = lib.optim.lr_scheduler, []
    optimizer = optimizer_of(lib, groups, kind)
    scheduler = build(S, optimizer)
    for k in range(steps):
        if k == reload_at:
            saved, saved_optimizer = scheduler.state_dict(), optimizer.state_dict()
            optimizer = optimizer_of(lib, groups, kind)
            scheduler = build(S, optimizer)
            optimizer.load_state_dict(saved_optimizer)
            scheduler.load_state_dict(saved)
        seen.append([[g["lr"], g.get("momentum") or g.get("betas")] for g in optimizer.param_groups])
        assert [float(r) for r in scheduler.get_last_lr()] == [float(g["lr"]) for g in optimizer.param_groups]
        optimizer.step()
        if isinstance(scheduler, S.ReduceLROnPlateau):
            scheduler.step([1.0, 0.9, 0.9, 0.95, 0.9, math.nan, 0.5, 0.50001][k % 8])
        else:
            scheduler.step()
    return flat(seen)


def flat(values):
    return [float(x) for step in values for lr, m in step for x in (lr, *(m if isinstance(m, tuple) else (m,)))]


CASES = {
    "lambda": lambda S, o: S.LambdaLR(o, lambda e: 0.95**e),
    "lambdas": lambda S, o: S.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (e + 1)]),
    "multiplicative": lambda S, o: S.MultiplicativeLR(o, lambda e: 1 - 1 / (e + 5)),
    "step": lambda S, o: S.StepLR(o, 3, gamma=0.3),
    "multistep": lambda S, o: S.MultiStepLR(o, [2, 7, 7, 11], gamma=0.5),
    "constant": lambda S, o: S.ConstantLR(o, factor=0.25, total_iters=7),
    "constant defaults": lambda S, o: S.ConstantLR(o),
    "linear": lambda S, o: S.LinearLR(o, start_factor=0.2, end_factor=0.9, total_iters=8),
    "linear down": lambda S, o: S.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=6),
    "exponential": lambda S, o: S.ExponentialLR(o, 0.8),
    "cosine": lambda S, o: S.CosineAnnealingLR(o, 7, eta_min=0.01),
    "polynomial": lambda S, o: S.PolynomialLR(o, total_iters=12, power=2.0),
    "cyclic": lambda S, o: S.CyclicLR(o, 0.01, 0.2, step_size_up=4),
    "cyclic uneven": lambda S, o: S.CyclicLR(
        o, [0.01, 0.02], [0.2, 0.1], step_size_up=3, step_size_down=5, mode="triangular2"
    ),
    "cyclic range": lambda S, o: S.CyclicLR(o, 0.01, 0.2, step_size_up=4, mode="exp_range", gamma=0.9),
    "cyclic function": lambda S, o: S.CyclicLR(o, 0.01, 0.2, 4, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "cyclic without momentum": lambda S, o: S.CyclicLR(o, 0.01, 0.2, 4, cycle_momentum=False),
    "one cycle": lambda S, o: S.OneCycleLR(o, max_lr=0.3, total_steps=26),
    "one cycle three phases": lambda S, o: S.OneCycleLR(
        o, [0.3, 0.1], epochs=5, steps_per_epoch=6, anneal_strategy="linear", three_phase=True
    ),
    "one cycle past its end": lambda S, o: S.OneCycleLR(o, 0.3, total_steps=25, cycle_momentum=False, pct_start=0.5),
    "restarts": lambda S, o: S.CosineAnnealingWarmRestarts(o, 4),
    "restarts growing": lambda S, o: S.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "plateau": lambda S, o: S.ReduceLROnPlateau(o, patience=2),
    "plateau max": lambda S, o: S.ReduceLROnPlateau(
        o, mode="max", factor=0.5, patience=1, cooldown=2, min_lr=[0.02, 0.03]
    ),
    "plateau abs": lambda S, o: S.ReduceLROnPlateau(o, patience=0, threshold=0.2, threshold_mode="abs", eps=1e-3),
    "sequence": lambda S, o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)], [4]),
    "sequence of three": lambda S, o: S.SequentialLR(
        o, [S.LinearLR(o, 0.1), S.CosineAnnealingLR(o, 8), S.StepLR(o, 2, 0.5)], [5, 14]
    ),
    "sequence into restarts": lambda S, o: S.SequentialLR(
        o, [S.LinearLR(o, 0.1), S.CosineAnnealingWarmRestarts(o, 3)], [5]
    ),
    "sequence into lambda": lambda S, o: S.SequentialLR(
        o, [S.ExponentialLR(o, 0.5), S.LambdaLR(o, lambda e: 1 / (1 + e)), S.MultiplicativeLR(o, lambda e: 0.9)], [3, 9]
    ),
    "chain": lambda S, o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)], optimizer=o),
    "chain of cosines": lambda S, o: S.ChainedScheduler([S.CosineAnnealingLR(o, 5), S.StepLR(o, 4), S.LinearLR(o)]),
    "own": lambda S, o: type(
        "Own", (S.LRScheduler,), {"get_lr": lambda s: [b / (s.last_epoch + 1) for b in s.base_lrs]}
    )(o),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reload_at", [None, 10], ids=["straight", "reloaded"])
def test_rates_are_those_of_torch(name, reload_at):
    assert trace(minigrad, CASES[name], reload_at=reload_at) == pytest.approx(
        trace(torch, CASES[name], reload_at=reload_at), rel=1e-12, abs=1e-15, nan_ok=True
    )


@pytest.mark.parametrize("name", ["cyclic", "one cycle"])
def test_adam_swings_beta1_in_place_of_momentum(name):
    assert trace(minigrad, CASES[name], kind="Adam") == pytest.approx(trace(torch, CASES[name], kind="Adam"), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_saved_state_has_the_keys_of_torch(name):
    states = []
    for lib in (minigrad, torch):
        optimizer = optimizer_of(lib)
        states.append(CASES[name](lib.optim.lr_scheduler, optimizer).state_dict())
    mine, theirs = states
    assert mine.keys() == theirs.keys()
    for part, whole in zip(mine.get("_schedulers", []), theirs.get("_schedulers", []), strict=True):
        assert part.keys() == whole.keys()


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("own",)])
def test_a_state_saved_by_torch_goes_on_here(name):
    theirs = optimizer_of(torch)
    scheduler = CASES[name](torch.optim.lr_scheduler, theirs)
    mine = optimizer_of(minigrad)
    other = CASES[name](lr_scheduler, mine)
    step = (lambda s: s.step(1.0)) if "plateau" in name else (lambda s: s.step())
    for _ in range(6):
        theirs.step()
        step(scheduler)
    other.load_state_dict(scheduler.state_dict())
    for group, saved in zip(mine.param_groups, theirs.state_dict()["param_groups"], strict=True):
        group.update({k: v for k, v in saved.items() if k != "params"})
    for _ in range(8):
        theirs.step(), mine.step()
        step(scheduler), step(other)
        assert other.get_last_lr() == pytest.approx(scheduler.get_last_lr(), rel=1e-12)


@given(
    st.sampled_from(["StepLR", "LinearLR", "CosineAnnealingLR", "ExponentialLR", "PolynomialLR", "ConstantLR"]),
    st.integers(1, 9),
    st.integers(-1, 12),
    st.integers(0, 15),
)
@settings(max_examples=60, deadline=None)
def test_resuming_at_any_epoch_gives_the_rates_of_torch(kind, length, last_epoch, jump):
    """Also `step(epoch)`, which takes the closed form."""
    seen = []
    for lib in (minigrad, torch):
        optimizer = optimizer_of(lib)
        for group in optimizer.param_groups:
            group["initial_lr"] = 3 * group["lr"]
        scheduler = getattr(lib.optim.lr_scheduler, kind)(
            optimizer, 0.7 if kind in ("ExponentialLR", "LinearLR", "ConstantLR") else length, last_epoch=last_epoch
        )
        rates = [scheduler.get_last_lr()]
        for _ in range(4):
            optimizer.step()
            scheduler.step()
            rates.append(scheduler.get_last_lr())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            scheduler.step(jump)
        rates.append(scheduler.get_last_lr())
        seen.append([rate for row in rates for rate in row])
    assert seen[0] == pytest.approx(seen[1], rel=1e-9, abs=1e-15)


@given(st.floats(0, 20), st.integers(1, 5), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_warm_restarts_move_in_fractions_of_an_epoch(epoch, first, factor):
    seen = []
    for lib in (minigrad, torch):
        scheduler = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer_of(lib), first, factor)
        scheduler.step(epoch)
        seen.append((scheduler.get_last_lr(), scheduler.last_epoch))
    assert seen[0][0] == pytest.approx(seen[1][0], rel=1e-6, abs=1e-9)
    assert seen[0][1] == seen[1][1]


def test_a_second_scheduler_multiplies_with_the_first():
    """The recursive forms build on the rate found in the group."""

    def rates(lib):
        optimizer = optimizer_of(lib)
        S = lib.optim.lr_scheduler
        schedulers = [S.CosineAnnealingLR(optimizer, 6), S.StepLR(optimizer, 2), S.PolynomialLR(optimizer, 9)]
        seen = []
        for _ in range(8):
            optimizer.step()
            for scheduler in schedulers:
                scheduler.step()
            seen += [g["lr"] for g in optimizer.param_groups]
        return seen

    assert rates(minigrad) == pytest.approx(rates(torch), rel=1e-12)


def test_a_tensor_rate_is_changed_in_place():
    rate = minigrad.tensor(0.5)
    optimizer = SGD([minigrad.ones(1, requires_grad=True)], lr=rate)
    scheduler = lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25 and float(scheduler.get_last_lr()[0]) == 0.25
    scheduler.get_last_lr()[0].fill_(9.0)  # a copy: the optimizer's rate is its own
    assert rate.item() == 0.25


@LIBRARIES
def test_stepping_the_scheduler_first_warns(lib):
    optimizer = optimizer_of(lib)
    scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"lr_scheduler.step\(\)` before `optimizer.step\(\)"):
        scheduler.step()


@LIBRARIES
def test_the_right_order_is_silent(lib):
    optimizer = optimizer_of(lib)
    scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            optimizer.step()
            scheduler.step()


@LIBRARIES
def test_get_lr_outside_a_step_warns(lib):
    scheduler = lib.optim.lr_scheduler.StepLR(optimizer_of(lib), 2)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


class Halving:
    def __init__(self, start):
        self.start = start

    def __call__(self, epoch):
        return self.start / 2**epoch


@LIBRARIES
def test_callable_objects_are_saved_and_functions_are_not(lib):
    S = lib.optim.lr_scheduler
    first = S.LambdaLR(optimizer_of(lib), [Halving(4), lambda e: 1.0])
    state = first.state_dict()
    assert state["lr_lambdas"] == [{"start": 4}, None]
    second = S.LambdaLR(optimizer_of(lib), [Halving(1), lambda e: 1.0])
    second.load_state_dict(state)
    assert second.lr_lambdas[0].start == 4


def plateau_with_new_group(S, optimizer):
    scheduler = S.ReduceLROnPlateau(optimizer, min_lr=[0.0, 0.0], patience=0)
    kind = minigrad if isinstance(optimizer, minigrad.optim.Optimizer) else torch
    optimizer.add_param_group({"params": [kind.ones(1, requires_grad=True)]})
    scheduler.step(1.0)
    scheduler.step(1.0)


def no_momentum(kind):
    return lambda S, o: getattr(S, kind)(
        (minigrad if S is lr_scheduler else torch).optim.Adagrad(o.param_groups[0]["params"]),
        0.1,
        0.2 if kind == "CyclicLR" else 5,
    )


MISTAKES = {
    "not an optimizer": lambda S, o: S.StepLR(3, 2),
    "wrong number of lambdas": lambda S, o: S.LambdaLR(o, [lambda e: 1]),
    "constant factor": lambda S, o: S.ConstantLR(o, factor=2),
    "start factor": lambda S, o: S.LinearLR(o, start_factor=0),
    "end factor": lambda S, o: S.LinearLR(o, end_factor=2),
    "no total": lambda S, o: S.OneCycleLR(o, 0.1),
    "total not positive": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=-1),
    "total not whole": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=1.5),
    "no epochs": lambda S, o: S.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=3),
    "no steps per epoch": lambda S, o: S.OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=0),
    "pct_start": lambda S, o: S.OneCycleLR(o, 0.1, 5, pct_start=2),
    "strategy": lambda S, o: S.OneCycleLR(o, 0.1, 5, anneal_strategy="x"),
    "max_lr length": lambda S, o: S.OneCycleLR(o, [0.1], 5),
    "past the end": lambda S, o: [S.OneCycleLR(o, 0.1, 3).step(k) for k in (3, 4)],
    "no momentum to cycle": no_momentum("OneCycleLR"),
    "cyclic mode": lambda S, o: S.CyclicLR(o, 0.1, 0.2, mode="x"),
    "cyclic no momentum": no_momentum("CyclicLR"),
    "cyclic length": lambda S, o: S.CyclicLR(o, [0.1], 0.2),
    "T_0": lambda S, o: S.CosineAnnealingWarmRestarts(o, 0),
    "T_0 whole": lambda S, o: S.CosineAnnealingWarmRestarts(o, 2.5),
    "T_mult": lambda S, o: S.CosineAnnealingWarmRestarts(o, 2, 0),
    "eta_min": lambda S, o: S.CosineAnnealingWarmRestarts(o, 2, 1, "x"),
    "negative epoch": lambda S, o: S.CosineAnnealingWarmRestarts(o, 2).step(-1),
    "plateau factor": lambda S, o: S.ReduceLROnPlateau(o, factor=1.0),
    "plateau min_lr": lambda S, o: S.ReduceLROnPlateau(o, min_lr=[0]),
    "plateau mode": lambda S, o: S.ReduceLROnPlateau(o, mode="x"),
    "plateau threshold": lambda S, o: S.ReduceLROnPlateau(o, threshold_mode="x"),
    "plateau new group": plateau_with_new_group,
    "empty sequence": lambda S, o: S.SequentialLR(o, [], []),
    "milestones": lambda S, o: S.SequentialLR(o, [S.StepLR(o, 1)], [1]),
    "plateau in sequence": lambda S, o: S.SequentialLR(o, [S.ReduceLROnPlateau(o), S.StepLR(o, 1)], [1]),
    "number in sequence": lambda S, o: S.SequentialLR(o, [1, S.StepLR(o, 1)], [1]),
    "empty chain": lambda S, o: S.ChainedScheduler([]),
    "plateau in chain": lambda S, o: S.ChainedScheduler([S.ReduceLROnPlateau(o)]),
    "no initial_lr": lambda S, o: S.StepLR(o, 2, last_epoch=3),
    "base class": lambda S, o: S.LRScheduler(o),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_raise_the_errors_of_torch(name):
    with pytest.raises(Exception) as theirs:
        MISTAKES[name](torch.optim.lr_scheduler, optimizer_of(torch))
    with pytest.raises(type(theirs.value)) as mine:
        MISTAKES[name](lr_scheduler, optimizer_of(minigrad))
    words = str(theirs.value).split(".")[0].strip("\"'")[:50]
    assert words in str(mine.value)


@pytest.mark.parametrize("kind", ["SequentialLR", "ChainedScheduler"])
def test_schedulers_of_different_optimizers_do_not_combine(kind):
    a, b = optimizer_of(minigrad), optimizer_of(minigrad)
    parts = [lr_scheduler.StepLR(a, 1), lr_scheduler.StepLR(b, 1)]
    with pytest.raises(ValueError, match="same optimizer"):
        lr_scheduler.SequentialLR(a, parts, [1]) if kind == "SequentialLR" else lr_scheduler.ChainedScheduler(parts)


def test_schedulers_made_of_schedulers_nest():
    """Warm up, then a product of two schedules, inside a sequence."""
    optimizer = optimizer_of(minigrad, groups=1, lr=1.0)
    S = lr_scheduler
    product = S.ChainedScheduler([S.ExponentialLR(optimizer, 0.5), S.StepLR(optimizer, 2, 0.1)])
    scheduler = S.SequentialLR(optimizer, [product, S.ConstantLR(optimizer, 0.25, 10)], [3])
    rates = []
    for _ in range(5):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([1.0, 0.5, 0.025, 0.25, 0.25])


def test_the_old_name_of_the_base_class_is_kept():
    assert lr_scheduler._LRScheduler is lr_scheduler.LRScheduler


def test_one_cycle_moves_beta1_of_adam():
    optimizer = Adam([minigrad.ones(1, requires_grad=True)])
    lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    assert optimizer.param_groups[0]["betas"] == (0.95, 0.999)
