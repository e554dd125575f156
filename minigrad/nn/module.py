"""`Module`, the base of every layer and model: a Python object that knows which of its attributes are trained.

The idea is small.  Assigning a `Parameter`, a `Buffer` or another `Module` to an attribute stores it as any attribute
is stored, in `__dict__`, and notes its name and kind in `_kinds`.  Everything else is a walk over that tree of names:
`parameters()` for the optimiser, `state_dict()` for saving, `to()` for moving, `repr` for reading.  Calling the
module calls `forward`.  Three parts have files of their own: `hooks.py`, `state.py` (saving and loading) and
`moving.py` (devices and dtypes).  Read `linear.py` next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, NamedTuple, TypeVar

import minigrad
from minigrad.nn.hooks import Hooked
from minigrad.nn.moving import Movable
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.nn.state import Stateful
from minigrad.tensor import Tensor

M = TypeVar("M", bound="Module")


class Module(Hooked, Movable, Stateful):
    """Base class of layers and models.

    A subclass calls `super().__init__()`, assigns its parts as attributes, and says in `forward` what it computes.

    >>> import minigrad
    >>> class Net(minigrad.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = minigrad.nn.Linear(4, 8)
    ...         self.out = minigrad.nn.Linear(8, 2)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> net = Net()
    >>> net(minigrad.ones(5, 4)).shape
    torch.Size([5, 2])
    >>> [name for name, parameter in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    training: bool  # what `train()` and `eval()` set; dropout and batch norm look at it
    _kinds: dict[str, str]  # name -> "parameter", "buffer" or "module", in the order of assignment

    def __init__(self) -> None:
        self.training = True
        self.__dict__.setdefault("_kinds", {})
        self.__dict__.setdefault("_non_persistent_buffers_set", set())

    # --------------------------------------------------------------------------------------------------------- call

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass says it anew."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooked:
                return self._call_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            _say_where(error, self)
            raise

    # --------------------------------------------------------------------------------------------------- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__.get("_kinds", {}).get(name)
        for kind, rule in KINDS.items():
            if known == kind or isinstance(value, rule.claims):
                if "_kinds" not in self.__dict__:
                    raise AttributeError(f"cannot assign {rule.plural} before Module.__init__() call{_init_hint(self)}")
                if value is not None and not isinstance(value, rule.accepts):
                    raise TypeError(
                        f"cannot assign '{_typename(value)}' as {rule.noun} '{name}' ({rule.expected} expected)"
                    )
                if known is None and hasattr(type(self), name):
                    raise KeyError(f"attribute '{name}' already exists: the class {type(self).__name__} has one")
                persistent = getattr(value, "persistent", name not in self._non_persistent_buffers_set)
                self._store(kind, name, value, persistent)
                return
        object.__setattr__(self, name, value)

    def _store(self, kind: str, name: str, value: Any, persistent: bool = True) -> None:
        if self._kinds.get(name) != kind:
            self._kinds.pop(name, None)
            self._kinds[name] = kind
        if persistent or kind != "buffer":
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:  # called only when nothing was found
        hint = "" if "_kinds" in self.__dict__ else _init_hint(self)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'{hint}", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._kinds.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name[:1].isdigit()]

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = {name: state[name].copy() for name in ("_kinds", "_non_persistent_buffers_set")}
        self.__dict__.update(state, **own)

    def _own(self, kind: str) -> list[tuple[str, Any]]:
        """Name and value of this module's own attributes of one kind, without its children's."""
        attributes = self.__dict__
        return [(name, attributes[name]) for name, its_kind in self._kinds.items() if its_kind == kind]

    @property
    def _parameters(self) -> _Registry:
        return _Registry(self, "parameter")

    @property
    def _buffers(self) -> _Registry:
        return _Registry(self, "buffer")

    @property
    def _modules(self) -> _Registry:
        return _Registry(self, "module")

    # ----------------------------------------------------------------------------------------------------- register

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The long form of `self.name = param`; with None, the name is reserved and nothing is trained."""
        self._check_name("parameter", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        self._store("parameter", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make `tensor` part of the module's state without training it; saved unless `persistent=False`.

        >>> import minigrad
        >>> module = minigrad.nn.Module()
        >>> module.register_buffer("running_mean", minigrad.zeros(2))
        >>> module.running_mean
        tensor([0., 0.])
        """
        self._check_name("buffer", name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._store("buffer", name, tensor, persistent)

    def register_module(self, name: str, module: Module | None) -> None:
        """The long form of `self.name = module`, for names made by a program."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name)
        self._store("module", name, module)

    add_module = register_module

    def _check_name(self, kind: str, name: Any) -> None:
        if "_kinds" not in self.__dict__:
            raise AttributeError(f"cannot assign {KINDS[kind].plural} before Module.__init__() call{_init_hint(self)}")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if self._kinds.get(name) != kind and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # --------------------------------------------------------------------------------------------------------- walk

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Every module of the tree with its dotted path, this one first under the name ""; each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._own("module"):
            if child is not None:
                yield from child.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Every module of the tree, this one first; each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, with their names; each once."""
        seen: set[Module] = set()
        for name, child in self._own("module"):
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules directly below this one; each once."""
        return (child for _, child in self.named_children())

    def _named_tensors(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        places = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in places:
            for name, tensor in module._own(kind):
                if tensor is None or id(tensor) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(tensor))
                yield _join(path, name), tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter of the tree (of this module alone with `recurse=False`) with its dotted name."""
        return self._named_tensors("parameter", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter of the tree: what an optimiser takes.

        >>> import minigrad
        >>> sum(parameter.numel() for parameter in minigrad.nn.Linear(4, 8).parameters())
        40
        """
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer of the tree (of this module alone with `recurse=False`) with its dotted name."""
        return self._named_tensors("buffer", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer of the tree."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path: `net.get_submodule("encoder.0.linear")`; "" is the module itself."""
        module: Module = self
        for name in target.split(".") if target else ():
            found = _attribute(module, name)
            if not isinstance(found, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
            module = found
        return module

    def set_submodule(self, target: str, module: Module) -> None:
        """Put another module at a dotted path that exists."""
        self.get_submodule(target)
        parent, _, name = target.rpartition(".")
        setattr(self.get_submodule(parent), name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path: `net.get_parameter("encoder.0.weight")`."""
        path, _, name = target.rpartition(".")
        found = _attribute(self.get_submodule(path), name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = _attribute(module, name)
        if module._kinds.get(name) != "buffer":
            raise AttributeError(f"`{name}` is not a buffer")
        return found

    # ------------------------------------------------------------------------------------------------------- change

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call `fn(module)` on every module of the tree, children before parents: the usual way to initialise."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Put the whole tree into training mode: dropout drops, batch norm uses the batch's statistics."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: M) -> M:
        """Put the whole tree into evaluation mode.  Gradients are another matter: see `minigrad.no_grad`."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Want gradients for every parameter of the tree, or, with False, freeze it."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros when `set_to_none=False`."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad = None if set_to_none else minigrad.zeros_like(parameter.grad)

    # --------------------------------------------------------------------------------------------------------- print

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses; a subclass names its settings here."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indent(repr(child))}" for name, child in self._own("module")]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return self._get_name() + "(\n  " + "\n  ".join(lines + children) + "\n)"


# ------------------------------------------------------------------------------------------------------------- helpers


class _Kind(NamedTuple):
    """The rule for attributes of one kind."""

    claims: type  # a value of this type makes any attribute one of this kind
    accepts: type  # what an attribute of this kind may be set to, besides None
    noun: str
    plural: str
    expected: str


# In this order: a parameter may take the place of a module or a buffer, but not the other way round.
KINDS = {
    "parameter": _Kind(Parameter, Parameter, "parameter", "parameters", "torch.nn.Parameter or None"),
    "module": _Kind(Module, Module, "child module", "module", "torch.nn.Module or None"),
    "buffer": _Kind(Buffer, Tensor, "buffer", "buffer", "torch.nn.Buffer, torch.Tensor or None"),
}


class _Registry(MutableMapping[str, Any]):
    """A module's attributes of one kind as a live dictionary: `module._parameters["weight"]` is `module.weight`."""

    __slots__ = ("_module", "_kind")

    def __init__(self, module: Module, kind: str):
        self._module, self._kind = module, kind

    def __getitem__(self, name: str) -> Any:
        if self._module._kinds.get(name) != self._kind:
            raise KeyError(name)
        return self._module.__dict__[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._module._store(self._kind, name, value, name not in self._module._non_persistent_buffers_set)

    def __delitem__(self, name: str) -> None:
        self[name]
        delattr(self._module, name)

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._module._own(self._kind)])

    def __len__(self) -> int:
        return len(self._module._own(self._kind))

    def __repr__(self) -> str:
        return repr(dict(self))


def indent(text: str, by: int = 2) -> str:
    """The text with every line but the first moved to the right."""
    return text.replace("\n", "\n" + " " * by)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _attribute(module: Module, name: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
    return getattr(module, name)


def _typename(value: Any) -> str:
    if type(value) is Tensor:
        return value.type()
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _init_hint(module: Module) -> str:
    return f": {type(module).__name__}.__init__ has to begin with super().__init__()"


def _say_where(error: Exception, outer: Module) -> None:
    """Note on an error, as it passes upward, the path of the innermost module: "at net.3: Linear(...)".

    A module does not know its own name; its parent does.  So each call adds one more name in front.
    """
    innermost, inner, path, note = getattr(error, "_module_path", (outer, outer, "", None))
    if inner is not outer:
        name = next((name for name, module in outer.named_modules() if module is inner), None)
        if name is None:
            return
        path = _join(name, path) if path else name
        notes = [old for old in getattr(error, "__notes__", []) if old is not note]
        note = f"at {path}: {_get_one_line(innermost)}"
        error.__notes__ = [*notes, note]
    error._module_path = (innermost, outer, path, note)  # type: ignore[attr-defined]


def _get_one_line(module: Module) -> str:
    try:
        return f"{module._get_name()}({module.extra_repr()})"
    except Exception:  # a module that is only half built cannot describe itself
        return module._get_name()
