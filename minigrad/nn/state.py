"""Saving and loading: a module's parameters and persistent buffers as a flat dictionary of names.

`Stateful` is the part of `Module` that writes the dictionary and reads it back.  Each module handles only its own
tensors (`_save_to_state_dict`, `_load_from_state_dict`); the walk over the children adds the prefixes.  Read
`module.py` first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import minigrad
from minigrad.autograd.hooks import RemovableHandle
from minigrad.nn.hooks import NO_HOOKS
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(NamedTuple("_IncompatibleKeys", [("missing_keys", list[str]), ("unexpected_keys", list[str])])):
    """What `load_state_dict` returns: names that the dictionary lacked, and names that the module lacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"

    __str__ = __repr__


class Stateful:
    """Writes and reads state dicts."""

    _version: int = 1  # of the layout of a class's own entries; saved in the dictionary's `_metadata`
    _state_dict_pre_hooks: Mapping[int, Callable[..., Any]] = NO_HOOKS
    _state_dict_hooks: Mapping[int, Callable[..., Any]] = NO_HOOKS
    _load_state_dict_pre_hooks: Mapping[int, Callable[..., Any]] = NO_HOOKS
    _load_state_dict_post_hooks: Mapping[int, Callable[..., Any]] = NO_HOOKS
    _non_persistent_buffers_set: set[str]
    _own: Callable[[str], list[tuple[str, Any]]]
    _register_hook: Callable[..., RemovableHandle]

    # --------------------------------------------------------------------------------------------------------- save

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Every parameter and persistent buffer under its dotted name, detached but sharing memory with the module.

        `prefix` is put before each name; `keep_vars=True` keeps the tensors attached to the graph.

        >>> import minigrad
        >>> minigrad.nn.Linear(2, 1).state_dict().keys()
        odict_keys(['weight', 'bias'])
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        local_metadata: dict[str, Any] = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, child in self._own("module"):
            if child is not None:
                child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in list(self._state_dict_hooks.values()):
            destination = hook(self, destination, prefix, local_metadata) or destination
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, tensor in self._own_state():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._has_extra_state():
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> list[tuple[str, Any]]:
        persistent = [pair for pair in self._own("buffer") if pair[0] not in self._non_persistent_buffers_set]
        return self._own("parameter") + persistent

    def get_extra_state(self) -> Any:
        """Override, together with `set_extra_state`, to save something that is no tensor in the state dict."""
        raise RuntimeError(f"{type(self).__name__}.get_extra_state: override it together with set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Override to take back what `get_extra_state` returned."""
        raise RuntimeError(f"{type(self).__name__}.set_extra_state: override it together with get_extra_state")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Stateful.get_extra_state

    # --------------------------------------------------------------------------------------------------------- load

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy the values of `state_dict` into the parameters and buffers of the same names.

        With `strict=True` both sets of names must be equal, or a RuntimeError lists the differences; shapes must agree
        always.  With `assign=True` the tensors of the dictionary themselves become the module's (an optimiser made
        before that still holds the old ones).

        >>> import minigrad
        >>> a, b = minigrad.nn.Linear(2, 1), minigrad.nn.Linear(2, 1)
        >>> b.load_state_dict(a.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None) or {}

        def load(module: Any, state: dict[str, Any], prefix: str) -> None:
            local_metadata = dict(metadata.get(prefix[:-1], {}), assign_to_params_buffers=assign)
            module._load_from_state_dict(state, prefix, local_metadata, True, missing, unexpected, errors)
            for name, child in module._own("module"):
                if child is not None:
                    deeper = f"{prefix}{name}."
                    load(child, {key: value for key, value in state.items() if key.startswith(deeper)}, deeper)
            incompatible = _IncompatibleKeys(missing, unexpected)
            for hook in list(module._load_state_dict_post_hooks.values()):
                if hook(module, incompatible) is not None:
                    raise RuntimeError(
                        "a load_state_dict post-hook changes `incompatible_keys` in place and returns None"
                    )

        load(self, dict(state_dict), "")
        if strict:
            for title, names in (("Unexpected", unexpected), ("Missing", missing)):
                if names:
                    quoted = ", ".join(f'"{name}"' for name in names)
                    errors.insert(0, f"{title} key(s) in state_dict: {quoted}. ")
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}")
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Take this module's own entries, without its children's; report by appending to the three lists."""
        for hook in list(self._load_state_dict_pre_hooks.values()):
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = {name: tensor for name, tensor in self._own_state() if tensor is not None}
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                problem = self._load_one(name, tensor, key, state_dict[key], assign)
                if problem:
                    error_msgs.append(problem)
            elif strict:
                missing_keys.append(key)

        extra_key = prefix + EXTRA_STATE
        if self._has_extra_state():
            if extra_key in state_dict:
                self.set_extra_state(state_dict[extra_key])
            elif strict:
                missing_keys.append(extra_key)
        elif strict and extra_key in state_dict:
            unexpected_keys.append(extra_key)

        if strict:
            children = {name for name, _ in self._own("module")}
            for key in state_dict:
                if key.startswith(prefix) and key != extra_key:
                    first, dot, _ = key[len(prefix) :].partition(".")
                    if not (first in children if dot else first in own):
                        unexpected_keys.append(key)

    def _load_one(self, name: str, tensor: Tensor, key: str, value: Any, assign: bool) -> str | None:
        """Copy or assign one tensor; the sentence that says what went wrong, or None."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object '
                f"from checkpoint but received {type(value)}"
            )
        if tensor.shape != value.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                f"the shape in current model is {tensor.shape}."
            )
        if assign:
            if isinstance(tensor, Parameter):
                value = value if isinstance(value, Parameter) else Parameter(value, tensor.requires_grad)
                value.requires_grad_(tensor.requires_grad)
            setattr(self, name, value)
            return None
        try:
            with minigrad.no_grad():
                tensor.copy_(value)
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are {tensor.shape} and '
                f"whose dimensions in the checkpoint are {value.shape}, an exception occurred : {error.args}."
            )
        return None

    # -------------------------------------------------------------------------------------------------------- hooks

    def register_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before this module's entries are written."""
        return self._register_hook("_state_dict_pre_hooks", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after its and its children's entries are written."""
        return self._register_hook("_state_dict_hooks", hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, ...)` before loading: the arguments of `_load_from_state_dict`."""
        return self._register_hook("_load_state_dict_pre_hooks", hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., None], with_module: bool = False
    ) -> RemovableHandle:
        """The older form: `hook(state_dict, prefix, ...)`, with the module in front when `with_module=True`."""
        wrapped = hook if with_module else lambda module, *rest: hook(*rest)
        return self._register_hook("_load_state_dict_pre_hooks", wrapped)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after loading; it may change the lists inside in place."""
        return self._register_hook("_load_state_dict_post_hooks", hook)
