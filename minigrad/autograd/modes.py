"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

The mode belongs to the thread.  Each class works as a context manager and as a decorator (also of generators, where
the mode holds inside the generator and not in the loop around it).  Read `node.py` next.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    grad = True
    inference = False


mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread."""
    return mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return mode.inference


class _ModeContext:
    """Sets the mode on entry, puts the old one back on exit; as a decorator, around every call."""

    def _wanted(self) -> tuple[bool, bool]:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._stack = getattr(self, "_stack", [])
        self._stack.append((mode.grad, mode.inference))
        mode.grad, mode.inference = self._wanted()

    def __exit__(self, *error: object) -> None:
        mode.grad, mode.inference = self._stack.pop()

    def _fresh(self) -> _ModeContext:
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            raise TypeError(f"{type(self).__name__} decorates functions and methods; decorate {function.__name__}'s methods")
        if inspect.isgeneratorfunction(function):
            return _in_generator(self, function)  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


def _in_generator(context: _ModeContext, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with context._fresh():
            generator = function(*args, **kwargs)
        step: Callable[[], Any] = functools.partial(next, generator)
        while True:
            try:
                with context._fresh():
                    value = step()
            except StopIteration as end:
                return end.value
            try:
                sent = yield value
                step = functools.partial(generator.send, sent)
            except GeneratorExit:
                generator.close()
                raise
            except BaseException:
                step = functools.partial(generator.throw, sys.exc_info()[1])

    return wrapped


class _Decorating(_ModeContext):
    """`@no_grad` without parentheses decorates too."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        self = super().__new__(cls)
        return self if function is None else self(function)


class no_grad(_Decorating):
    """Operations inside are not recorded: results have `requires_grad=False`.

    >>> import minigrad
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def _wanted(self) -> tuple[bool, bool]:
        return False, mode.inference


class enable_grad(_Decorating):
    """Operations inside are recorded, also within `no_grad`."""

    def _wanted(self) -> tuple[bool, bool]:
        return not mode.inference, mode.inference


class set_grad_enabled(_ModeContext):
    """Recording on or off by a flag: takes effect at once, and until the end of the block when used with `with`."""

    def __init__(self, flag: bool):
        self.flag = bool(flag)
        self._before = mode.grad
        self.__enter__()

    def __enter__(self) -> None:
        mode.grad = self.flag and not mode.inference

    def __exit__(self, *error: object) -> None:
        mode.grad = self._before

    def __call__(self, function: F) -> F:
        self.__exit__()
        return super().__call__(function)

    def _fresh(self) -> _ModeContext:
        return type(self)(self.flag)


class inference_mode(_ModeContext):
    """`no_grad` and more: tensors made inside can never be part of a recorded graph."""

    def __new__(cls, flag: bool | Callable[..., Any] = True) -> Any:
        self = super().__new__(cls)
        if callable(flag):
            self.flag = True
            return self(flag)
        return self

    def __init__(self, flag: bool = True):
        self.flag = bool(flag)

    def _wanted(self) -> tuple[bool, bool]:
        return not self.flag and mode.grad, self.flag

    def _fresh(self) -> _ModeContext:
        return type(self)(self.flag)
