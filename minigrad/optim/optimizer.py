"""What every optimizer shares: parameter groups, per-parameter state, hooks, and the format of a saved state.

An optimizer holds groups of parameters, each with its own options ("lr", "momentum", ...), and a small dictionary of
state for every parameter.  A subclass says in `_update` how one group moves; `step` does the rest.  Read `sgd.py`
next, then `adam.py`.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from minigrad.autograd.function import check_same_device
from minigrad.autograd.hooks import Hooks, RemovableHandle
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.tensor import Tensor

ParamGroup = dict[str, Any]


class _Required:
    """Marks an option that has no default: every parameter group has to bring its own."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """Base class of all optimizers.

    `params` is an iterable of tensors, of (name, tensor) pairs as `model.named_parameters()` gives them, or of
    dictionaries, one per group: `[{"params": body, "lr": 1e-4}, {"params": head}]`.  `defaults` holds the options that
    a group falls back on.

    To write your own, derive from this class, hand the defaults to `super().__init__`, and define `step` as in PyTorch,
    or `_update(group, params, grads)`, which `step` calls for each group without recording a graph:

    >>> import minigrad
    >>> class SignSGD(minigrad.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...     def _update(self, group, params, grads):
    ...         for p, g in zip(params, grads):
    ...             p -= group["lr"] * g.sign()
    >>> w = minigrad.tensor([1.0, -1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SignSGD([w]).step()
    >>> w.detach()
    tensor([ 0.9000, -0.9000])

    Raises ValueError for an empty list, a tensor that is not a leaf, or a parameter in two groups, and TypeError for
    anything that is not a tensor or that has no fixed order (a set).
    """

    _stepping = False  # inside `step`: a subclass may call `super().step()` without running the hooks twice
    _opt_called = False  # `step` has run; a learning-rate scheduler asks, to warn when it is stepped first

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]):
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"a Tensor of shape {tuple(params.shape)}: put it in a list, [tensor]"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[ParamGroup] = []
        self._make_hooks()
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def _make_hooks(self) -> None:
        self._step_pre_hooks, self._step_post_hooks = Hooks(), Hooks()
        self._state_dict_pre_hooks, self._state_dict_post_hooks = Hooks(), Hooks()
        self._load_pre_hooks, self._load_post_hooks = Hooks(), Hooks()

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_step_pre_hooks" not in self.__dict__:
            self._make_hooks()
        for group in self.param_groups:  # a state saved before an option existed goes on without it
            for name, default in self.defaults.items():
                group.setdefault(name, default)

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
        return text + ")"

    # ------------------------------------------------------------------------------------------ parameter groups

    def add_param_group(self, param_group: ParamGroup) -> None:
        """Add parameters with options of their own: `{"params": tensors, "lr": 1e-4}`; what is left out is the default.

        The dictionary given is completed and kept, as in PyTorch.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, (set, frozenset)):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Tensor) else list(params)
        named = [isinstance(p, tuple) for p in params]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        param_group["params"] = params
        self._check_params(params)
        self._check_names(param_group)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    def _check_params(self, params: list[Any]) -> None:
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError(
                    f"can't optimize a non-leaf Tensor: this one, of shape {tuple(p.shape)}, was computed by "
                    f"{p.grad_fn}. Optimize the tensors it was computed from, or p.detach().requires_grad_()"
                )
        if len(set(map(id, params))) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters: each is moved once for every time it "
                "is listed. PyTorch announces that this will become an error.",
                UserWarning,
                stacklevel=4,
            )
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        if not seen.isdisjoint(map(id, params)):
            raise ValueError("some parameters appear in more than one parameter group")

    def _check_names(self, group: ParamGroup) -> None:
        if self.param_groups and ("param_names" in group) != ("param_names" in self.param_groups[0]):
            which = "with" if "param_names" in group else "without"
            raise ValueError(
                "all optimizer param groups should be with/without names. "
                f"cannot add param group {which} names to the optimizer"
            )

    # ------------------------------------------------------------------------------------------ a step

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, so that the next `backward` does not add to them.

        `set_to_none=True` drops them (cheaper); False keeps the tensors and fills them with zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    if p.grad.grad_fn is not None:  # left by backward(create_graph=True)
                        p.grad.detach_()
                    p.grad.requires_grad_(False).zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient once.

        `closure`, if given, clears the gradients, computes the loss, calls `backward` and returns the loss; `step` runs
        it first and returns what it returned.
        """
        loss = None
        with no_grad():
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group in self.param_groups:
                params = [p for p in group["params"] if p.grad is not None]
                if not params:
                    continue
                try:
                    self._update(group, params, [p.grad for p in params])
                except TypeError:  # arrays of NumPy and CuPy do not mix: was the model moved after its first step?
                    for p in params:
                        remembered = [v for v in self.state.get(p, {}).values() if isinstance(v, Tensor) and v.ndim]
                        check_same_device(p, p.grad, *remembered)
                    raise
        return loss

    def _update(self, group: ParamGroup, params: list[Tensor], grads: list[Tensor]) -> None:
        """Move the parameters of one group that have gradients, in place; subclasses write their rule here."""
        raise NotImplementedError(f"{type(self).__name__} has to define step() or _update(group, params, grads)")

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new `(args, kwargs)`."""
        return self._step_pre_hooks.register(hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return self._step_post_hooks.register(hook)

    # ------------------------------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on later, in PyTorch's layout: `{"state": {0: {...}, ...}, "param_groups": [...]}`.

        Parameters appear as numbers, counted through the groups in order.  Tensors are the optimizer's own, not copies.
        """
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self)
        number = {id(p): i for i, p in enumerate(chain.from_iterable(g["params"] for g in self.param_groups))}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        packed: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._state_dict_post_hooks.values()):
            packed = _or(hook(self, packed), packed)
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state made by `state_dict()`, here or in PyTorch; parameters are matched by their order.

        Floating-point state is converted to the type and device of its parameter (the step count stays as it is).
        The tensors are copied: two optimizers that load one state do not share it.
        """
        state_dict = state_dict.copy()
        for hook in list(self._load_pre_hooks.values()):
            state_dict = _or(hook(self, state_dict), state_dict)
        saved = copy.deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved)}, "
                f"but this optimizer has {len(self.param_groups)}"
            )
        for new, group in zip(saved, self.param_groups, strict=True):
            if len(new["params"]) != len(group["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                    f"{len(new['params'])} parameters, but the group here has {len(group['params'])}"
                )
        params = dict(
            zip(
                chain.from_iterable(g["params"] for g in saved),
                chain.from_iterable(g["params"] for g in self.param_groups),
                strict=True,
            )
        )
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = {name: _fit(v, params[key], name) for name, v in value.items()}
            else:
                state[key] = value
        for new, group in zip(saved, self.param_groups, strict=True):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in list(self._load_post_hooks.values()):
            hook(self)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict` packs."""
        return self._state_dict_pre_hooks.register(hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` on what `state_dict` packed; it may return another one."""
        return self._state_dict_post_hooks.register(hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another one."""
        return self._load_pre_hooks.register(hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return self._load_post_hooks.register(hook)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` between its hooks."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = True
        try:
            for hook in list(self._step_pre_hooks.values()):
                changed = hook(self, args, kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                        )
                    args, kwargs = changed
            result = step(self, *args, **kwargs)
            self._opt_called = True
            for hook in list(self._step_post_hooks.values()):
                hook(self, args, kwargs)
            return result
        finally:
            self._stepping = False

    return hooked


Optimizer.step = _with_hooks(Optimizer.step)  # type: ignore[method-assign]


def _or(new: Any, old: Any) -> Any:
    return old if new is None else new


def _fit(value: Any, param: Tensor, name: str) -> Any:
    """A copy of loaded state that suits its parameter."""
    if isinstance(value, Tensor):
        if name == "step":
            return value.detach().clone()
        return value.detach().to(
            device=param.device, dtype=param.dtype if param.is_floating_point() else value.dtype, copy=True
        )
    if isinstance(value, dict):
        return {k: _fit(v, param, name) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fit(v, param, name) for v in value)
    return value


# --------------------------------------------------------------------------------------- checks that optimizers share


def check_range(name: str, value: Any, low: float = 0.0, below: float | None = None) -> None:
    """Raise PyTorch's ValueError unless `low <= value` (and `value < below`): "Invalid learning rate: -1"."""
    if not low <= value or (below is not None and not value < below):
        raise ValueError(f"Invalid {name}: {value}")


def check_lr(lr: Any, foreach: bool | None = None) -> None:
    """The learning rate is a number that is not negative, or a tensor of one element."""
    if isinstance(lr, Tensor):
        if foreach:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if lr.numel() != 1:
            raise ValueError(f"Tensor lr must be 1-element, got {lr.numel()} elements")
    check_range("learning rate", lr)


def check_betas(betas: tuple[Any, Any], foreach: bool | None = None) -> None:
    """Decay rates of running averages are two numbers in [0, 1), or two tensors of one element."""
    tensors = [isinstance(beta, Tensor) for beta in betas]
    if any(tensors) and not all(tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and foreach:
            raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element, got {beta.numel()} elements")
    for i, beta in enumerate(betas):
        check_range(f"beta parameter at index {i}", beta, below=1.0)


def check_flags(
    foreach: bool | None = None, fused: bool | None = None, differentiable: bool = False, capturable: bool = False
) -> None:
    """PyTorch's choice of implementation.  Here one fused path serves all: `foreach` and `fused` change nothing."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(
            "differentiable=True: minigrad's optimizers move parameters in place, outside the graph. To differentiate "
            "through an update, write it with tensors: grads = autograd.grad(loss, params, create_graph=True), then "
            "new = [p - lr * g for p, g in zip(params, grads)]"
        )
    if capturable:
        raise NotImplementedError(
            "capturable=True asks for steps that a CUDA graph can record; minigrad has no CUDA graphs: leave it out"
        )
