"""Modules that hold modules or parameters: in a chain (`Sequential`), a list or a dictionary.

A plain Python list or dict would hide its contents from `parameters()`; these do not.  Read `linear.py` next.
"""

from __future__ import annotations

import itertools
import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from minigrad.nn.module import Module, indent
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

S = TypeVar("S", bound="_Sequence")


class _Sequence(Module):
    """What `Sequential` and `ModuleList` share: children that are reached by position."""

    def _items(self) -> list[Module]:
        return [module for _, module in self._own("module")]

    def _refill(self: S, modules: Iterable[Any]) -> S:
        """Replace all children, renaming them "0", "1", ..."""
        modules = list(modules)
        for name, _ in self._own("module"):
            delattr(self, name)
        for number, module in enumerate(modules):
            self.add_module(str(number), module)
        return self

    def _name_at(self, index: Any) -> str:
        names = [name for name, _ in self._own("module")]
        position = operator.index(index)
        if not -len(names) <= position < len(names):
            raise IndexError(f"index {position} is out of range")
        return names[position]

    def __len__(self) -> int:
        return len(self._own("module"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items())

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: int | slice) -> None:
        modules = self._items()
        if not isinstance(index, slice):
            self._name_at(index)
        del modules[index]
        self._refill(modules)

    def append(self: S, module: Module) -> S:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Add every module of `modules` at the end."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got {type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def insert(self: S, index: int, module: Module) -> S:
        """Put a module before position `index`; those behind it move up by one."""
        modules = self._items()
        modules.insert(index, module)
        return self._refill(modules)

    def pop(self, index: int | slice) -> Any:
        """Take the module at `index` out and return it."""
        module = self[index]  # type: ignore[index]
        del self[index]
        return module

    __iadd__ = extend


class Sequential(_Sequence):
    """A chain: the output of each module is the input of the next.

    Takes the modules one by one, or an `OrderedDict` that names them.  It is indexed and sliced like a list.

    >>> import minigrad
    >>> from minigrad import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> net(minigrad.ones(5, 3, 4)).shape
    torch.Size([5, 2])
    >>> net[2]
    ReLU()
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for number, module in enumerate(args):
                self.add_module(str(number), module)

    def forward(self, input: Any) -> Any:
        attributes = self.__dict__
        for name, kind in self._kinds.items():
            if kind == "module":
                input = attributes[name](input)
        return input

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(OrderedDict(self._own("module")[index]))
        return self.__dict__[self._name_at(index)]

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before position `index`; those behind it move up by one."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        return super().insert(index, module)

    def extend(self, modules: Iterable[Module]) -> Sequential:
        """Add every module of `modules` at the end."""
        return super().extend(modules)

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Sequential:  # type: ignore[override,misc]
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        return Sequential(*(module for _ in range(times) for module in self))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Sequential:
        return self._refill(self * times)


class ModuleList(_Sequence):
    """A list of modules: the module that holds it decides in its `forward` how they are used.

    >>> from minigrad import nn
    >>> nn.ModuleList(nn.Linear(10, 10) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=10, out_features=10, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(self._items()[index])
        return self.__dict__[self._name_at(index)]

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(itertools.chain(self, other))

    def __repr__(self) -> str:
        """Neighbours that print the same are folded into one line."""
        lines, start = [], 0
        for text, group in itertools.groupby(repr(module) for module in self):
            number = len(list(group))
            end = start + number - 1
            lines.append(f"({start}): {text}" if number == 1 else f"({start}-{end}): {number} x {text}")
            start = end + 1
        name = self._get_name()
        return f"{name}(\n  " + "\n  ".join(indent(line) for line in lines) + "\n)" if lines else f"{name}()"


class _Mapping(Module):
    """What `ModuleDict` and `ParameterDict` share: items that are reached by name, in the order of insertion."""

    def _entries(self) -> dict[str, Any]:
        raise NotImplementedError

    def __setitem__(self, key: str, value: Any) -> None:
        raise NotImplementedError

    def __getitem__(self, key: str) -> Any:
        return self._entries()[key]

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._entries())

    def __contains__(self, key: object) -> bool:
        return key in self._entries()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._entries().keys()

    def values(self) -> Iterable[Any]:
        """The items without their names."""
        return self._entries().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of name and item."""
        return self._entries().items()

    def clear(self) -> None:
        """Remove everything."""
        for key in self._entries():
            del self[key]

    def pop(self, key: str) -> Any:
        """Remove one item and return it."""
        value = self[key]
        del self[key]
        return value

    def update(self, items: Any) -> None:
        """Add the items of another dictionary, or of an iterable of pairs, replacing those of the same name."""
        name = type(self).__name__
        if not isinstance(items, Iterable):
            raise TypeError(
                f"{name}.update should be called with an iterable of key/value pairs, but got {type(items).__name__}"
            )
        if isinstance(items, (Mapping, _Mapping)):
            items = items.items()
        for number, pair in enumerate(list(items)):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"{name} update sequence element #{number} should be Iterable; is {type(pair).__name__}"
                )
            key, *rest = pair
            if len(rest) != 1:
                raise ValueError(f"{name} update sequence element #{number} has length {1 + len(rest)}; 2 is required")
            self[key] = rest[0]


class ModuleDict(_Mapping):
    """A dictionary of modules.

    >>> from minigrad import nn
    >>> heads = nn.ModuleDict({"value": nn.Linear(8, 1), "policy": nn.Linear(8, 4)})
    >>> heads["policy"]
    Linear(in_features=8, out_features=4, bias=True)
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def _entries(self) -> dict[str, Any]:
        return dict(self._own("module"))

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)


def _as_parameter(value: Any) -> Any:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _describe(value: Any, type_of: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    size = "x".join(str(n) for n in value.shape)
    place = f" (GPU {value.device.index})" if value.is_cuda else ""
    return f"{type(value).__name__} containing: [{type_of(value)} of size {size}{place}]"


class ParameterList(Module):
    """A list of parameters; tensors put into it become parameters, anything else is kept as it is.

    >>> import minigrad
    >>> from minigrad import nn
    >>> weights = nn.ParameterList(minigrad.ones(2, n) for n in (1, 2))
    >>> [tuple(weight.shape) for weight in weights]
    [(2, 1), (2, 2)]
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self.__dict__[str(i)] for i in range(self._size)])

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self.__dict__[self._name_at(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name_at(index), _as_parameter(value))

    def _name_at(self, index: Any) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise IndexError(f"index {position} is out of range")
        return str(position % self._size)

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end."""
        setattr(self, str(self._size), _as_parameter(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add every value of `values` at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def extra_repr(self) -> str:
        return "\n".join(f"  ({i}): {_describe(value, lambda t: t.dtype)}" for i, value in enumerate(self))


class ParameterDict(_Mapping):
    """A dictionary of parameters; tensors put into it become parameters, anything else is kept as it is.

    >>> import minigrad
    >>> from minigrad import nn
    >>> scales = nn.ParameterDict({"left": minigrad.ones(2), "right": minigrad.zeros(2)})
    >>> list(scales), scales["right"].requires_grad
    (['left', 'right'], True)
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _entries(self) -> dict[str, Any]:
        return {key: self.__dict__[key] for key in self._keys}

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"attribute '{key}' already exists")
        setattr(self, key, _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        del self._keys[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or `default` where there is none."""
        return self._entries().get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of `key`, which becomes `default` where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Remove the item that was added last and return it with its name."""
        key = next(reversed(self))
        return key, self.pop(key)

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(self)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dictionary in which every key has the value `default`."""
        return ParameterDict((key, default) for key in keys)

    def __or__(self, other: Any) -> ParameterDict:
        return self.copy().__ior__(other)

    def __ror__(self, other: Any) -> ParameterDict:
        return ParameterDict(other).__ior__(self)

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        return "\n".join(f"  ({key}): {_describe(value, lambda t: t.type())}" for key, value in self.items())
