"""Recording on and off: as a context, as a decorator, in generators, nested."""

from __future__ import annotations

import pytest

import minigrad

x = minigrad.ones(2, requires_grad=True)


def recorded() -> bool:
    return (x * 2).requires_grad


def test_no_grad_and_enable_grad_nest():
    assert recorded()
    with minigrad.no_grad():
        assert not recorded()
        with minigrad.enable_grad():
            assert recorded()
        assert not recorded()
    assert recorded()


def test_the_mode_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), minigrad.no_grad():
        1 / 0  # noqa: B018
    assert recorded()


@pytest.mark.parametrize("decorator", [minigrad.no_grad(), minigrad.no_grad, minigrad.inference_mode(), minigrad.inference_mode])
def test_as_a_decorator(decorator):
    @decorator
    def f(a, *, b):
        """Words."""
        return a, b, recorded()

    assert f(1, b=2) == (1, 2, False)
    assert (f.__name__, f.__doc__) == ("f", "Words.")
    assert recorded()


def test_a_decorated_generator_holds_the_mode_inside_only():
    @minigrad.no_grad()
    def numbers():
        for _ in range(2):
            got = yield recorded()
            assert got in (None, "sent")

    generator = numbers()
    assert next(generator) is False
    assert recorded()
    assert generator.send("sent") is False
    assert recorded()


def test_set_grad_enabled_takes_effect_at_once():
    try:
        minigrad.set_grad_enabled(False)
        assert not recorded()
    finally:
        minigrad.set_grad_enabled(True)
    with minigrad.set_grad_enabled(False):
        assert not recorded()
    assert recorded()

    @minigrad.set_grad_enabled(False)
    def f():
        return recorded()

    assert recorded() and not f()


def test_inference_mode():
    with minigrad.inference_mode():
        assert minigrad.is_inference_mode_enabled() and not minigrad.is_grad_enabled()
        y = x * 2
        with minigrad.inference_mode(False):
            assert not minigrad.is_inference_mode_enabled()
    assert y.is_inference() and not (x * 2).is_inference()


def test_nothing_is_recorded_in_inference_mode_whatever_is_asked_for():
    with minigrad.inference_mode():
        with minigrad.enable_grad():
            assert not recorded()
        minigrad.set_grad_enabled(True)
        assert not recorded() and (x * 2).is_inference()
    assert recorded()


def test_one_set_grad_enabled_may_be_entered_twice():
    off = minigrad.set_grad_enabled(False)
    with off:
        with off:
            assert not recorded()
    assert recorded()
