"""Hooks: functions that are called when a gradient passes by, and the handle that removes them again."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

_ids = itertools.count()


class RemovableHandle:
    """What registering a hook returns: `handle.remove()` takes the hook away; a `with` block removes it at its end."""

    def __init__(self, hooks: dict[int, Any], *extra: dict[int, Any]):
        self.id = next(_ids)
        self._places = [weakref.ref(place) for place in (hooks, *extra) if place is not None]  # type: ignore[arg-type]

    def remove(self) -> None:
        for place in self._places:
            hooks = place()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks(dict[int, Callable[..., Any]]):
    """Hooks in the order in which they were registered (a dictionary that weak references may point to)."""

    def register(self, hook: Callable[..., Any]) -> RemovableHandle:
        handle = RemovableHandle(self)
        self[handle.id] = hook
        return handle

    def run(self, gradient: Any) -> Any:
        """Pass a gradient through every hook; a hook that returns something replaces it."""
        for hook in list(self.values()):
            replaced = hook(gradient)
            if replaced is not None:
                _check(hook, gradient, replaced)
                gradient = replaced
        return gradient


def _check(hook: Callable[..., Any], gradient: Any, replaced: Any) -> None:
    """A replacement has the shape and the type of the gradient that was given."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if not hasattr(replaced, "_array"):
        raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}': hook '{name}' returns a tensor or None")
    for what in ("shape", "dtype", "device"):
        was, now = getattr(gradient, what), getattr(replaced, what)
        if was != now:
            word = {"shape": "size", "dtype": "type", "device": "location"}[what]
            raise RuntimeError(
                f"hook '{name}' has changed the {word} of value: a gradient of {what} {was} came in, one of {now} went out"
            )
