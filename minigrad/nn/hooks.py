"""Functions of the user's that a module calls on its way: before and after `forward`, and when gradients come back.

`Hooked` is the part of `Module` that registers and runs them.  A module without hooks never enters this file.  Backward
hooks work by letting the module's inputs and outputs pass through an identity whose backward is the hook.  Read
`module.py` first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from minigrad.autograd import Function
from minigrad.autograd.hooks import Hooks, RemovableHandle
from minigrad.tensor import Tensor

NO_HOOKS: Any = Hooks()


class Hook(NamedTuple):
    """A registered function and how it wants to be called."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False


class Hooked:
    """Registers hooks and calls a module with them."""

    forward: Callable[..., Any]

    _hooked = False  # becomes True at the first hook: the one thing that a call without hooks looks at
    _forward_pre_hooks: Mapping[int, Hook] = NO_HOOKS
    _forward_hooks: Mapping[int, Hook] = NO_HOOKS
    _backward_pre_hooks: Mapping[int, Hook] = NO_HOOKS
    _backward_hooks: Mapping[int, Hook] = NO_HOOKS

    def _register_hook(self, kind: str, hook: Any, prepend: bool = False) -> RemovableHandle:
        hooks: Hooks = self.__dict__.setdefault(kind, Hooks())
        earlier = dict(hooks) if prepend else {}
        for key in earlier:
            del hooks[key]
        handle = hooks.register(hook)
        hooks.update(earlier)
        return handle

    def _register_call_hook(self, kind: str, hook: Hook, prepend: bool) -> RemovableHandle:
        self._hooked = True
        return self._register_hook(kind, hook, prepend)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns, if not None, replaces the arguments.

        With `with_kwargs=True` it is `hook(module, args, kwargs)` and may return `(args, kwargs)`.
        `prepend=True` puts it before the hooks registered so far.  The handle that comes back has `remove()`.
        """
        return self._register_call_hook("_forward_pre_hooks", Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; what it returns, if not None, replaces the output.

        With `with_kwargs=True` it is `hook(module, args, kwargs, output)`.  With `always_call=True` it also runs, with
        output None, when `forward` raised.

        >>> import minigrad
        >>> layer = minigrad.nn.Linear(3, 2)
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(output.shape))
        >>> y = layer(minigrad.ones(5, 3))
        torch.Size([5, 2])
        >>> handle.remove()
        """
        return self._register_call_hook("_forward_hooks", Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are known; it may return new ones."""
        return self._register_call_hook("_backward_pre_hooks", Hook(hook), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known.

        Both are tuples, with None where a value is no tensor or wants no gradient.  What the hook returns, if not None,
        takes the place of `grad_input`.  Only positional arguments are watched.
        """
        return self._register_call_hook("_backward_hooks", Hook(hook), prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Refused: what it passes as `grad_input` depends on the last operation of `forward`, not on the module."""
        raise NotImplementedError(
            "register_backward_hook is not supported (its grad_input belongs to the last operation inside forward): "
            "use register_full_backward_hook, which has the same arguments"
        )

    # ------------------------------------------------------------------------------------------- calling with hooks

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        pending = list(self._forward_hooks.values())
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            watch = _BackwardWatch(self) if self._backward_hooks or self._backward_pre_hooks else None
            if watch:
                args = watch.inputs(args)
            output = self.forward(*args, **kwargs)
            while pending:
                output = _run_forward_hook(self, pending.pop(0), args, kwargs, output)
            return watch.outputs(output) if watch else output
        except Exception:
            for hook in pending:
                if hook.always_call:
                    _run_after_error(self, hook, args, kwargs)
            raise

    def _run_forward_pre_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        for hook in list(self._forward_pre_hooks.values()):
            if hook.with_kwargs:
                changed = hook.function(self, args, kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                            f"but got {changed}."
                        )
                    args, kwargs = changed
            else:
                changed = hook.function(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs


def _run_forward_hook(module: Hooked, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
    seen = (args, kwargs, output) if hook.with_kwargs else (args, output)
    changed = hook.function(module, *seen)
    return output if changed is None else changed


def _run_after_error(module: Hooked, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        _run_forward_hook(module, hook, args, kwargs, None)
    except Exception as error:
        warnings.warn(f"a forward hook with always_call=True raised while an error passed: {error}", stacklevel=4)


# ---------------------------------------------------------------------------------------------------- backward hooks


class _Gate(Function):
    """The identity.  Its backward hands the gradients to `on_gradient` and passes on what that returns."""

    @staticmethod
    def forward(ctx: Any, on_gradient: Callable[..., Any], *values: Any) -> Any:
        ctx.on_gradient = on_gradient
        ctx.set_materialize_grads(False)
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return (None, *ctx.on_gradient(gradients))


class _BackwardWatch:
    """One call of a module with backward hooks: a gate on its inputs, a gate on its outputs, and what lies between."""

    def __init__(self, module: Hooked):
        self.module = module
        self.number_of_inputs = 0
        self.inputs_gated = False
        self.grad_output: tuple[Any, ...] = ()

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.number_of_inputs = len(args)
        gated = _through_gate(args, self.on_grad_input)
        self.inputs_gated = gated is not args
        return gated

    def outputs(self, output: Any) -> Any:
        if isinstance(output, Tensor):
            return _through_gate((output,), self.on_grad_output)[0]
        if isinstance(output, tuple):
            gated = _through_gate(output, self.on_grad_output)
            return type(output)(*gated) if hasattr(output, "_fields") else gated
        raise TypeError(
            f"backward hooks need a module that returns a tensor or a tuple of tensors, got {type(output).__name__} "
            f"from {type(self.module).__name__}: register the hook on a module inside it"
        )

    def on_grad_output(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self.module._backward_pre_hooks.values()):
            gradients = _replace(gradients, hook.function(self.module, gradients), "grad_output")
        self.grad_output = gradients
        if not self.inputs_gated:  # no input wants a gradient, so nothing will come out at the other end
            self.on_grad_input((None,) * self.number_of_inputs)
        return gradients

    def on_grad_input(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self.module._backward_hooks.values()):
            gradients = _replace(gradients, hook.function(self.module, gradients, self.grad_output), "grad_input")
        self.grad_output = ()
        return gradients


def _through_gate(
    values: tuple[Any, ...], on_gradient: Callable[[tuple[Any, ...]], tuple[Any, ...]]
) -> tuple[Any, ...]:
    """The same values, those that want a gradient having passed a gate that sees them all at once."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    if not places:
        return values

    def on_some(gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        spread: list[Any] = [None] * len(values)
        for place, gradient in zip(places, gradients, strict=True):
            spread[place] = gradient
        seen = on_gradient(tuple(spread))
        return tuple(seen[place] for place in places)

    gated = _Gate.apply(on_some, *(values[place] for place in places))
    result = list(values)
    for place, value in zip(places, gated, strict=True):
        result[place] = value
    return tuple(result)


def _replace(gradients: tuple[Any, ...], returned: Any, name: str) -> tuple[Any, ...]:
    if returned is None:
        return gradients
    returned = returned if isinstance(returned, tuple) else (returned,)
    if len(returned) != len(gradients):
        raise RuntimeError(
            f"Backward hook returned an invalid number of {name}, got {len(returned)}, but expected {len(gradients)}"
        )
    return returned
