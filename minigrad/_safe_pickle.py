"""Reading a pickle without running anything: the small machine behind `load(weights_only=True)`.

A pickle is a program: some forty kinds of instruction that push values on a stack, put them into containers, and call
functions by name.  The last is what makes a pickle from a stranger dangerous, so this machine knows only the
instructions that a checkpoint needs and calls only the functions it was given.  Read `_archive.py` next.
"""

from __future__ import annotations

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any

_REFUSED = (
    "Weights only load failed. Unsupported global: GLOBAL {name} was not an allowed global by default: a file read "
    "with weights_only=True may hold tensors, numbers, text and plain containers, but not objects of other classes. "
    "If you made this file, save a state_dict() instead; if you trust whoever made it, weights_only=False will run the "
    "code it names."
)

# Pickles of protocol 2, which PyTorch writes, call these by the names they had in Python 2.
_MODERN = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def modern(module: str, name: str) -> str:
    """The full name of what a GLOBAL instruction asks for."""
    return f"{_MODERN.get(module, module)}.{name}"


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise UnpicklingError(
            f"_codecs.encode with {encoding!r}: only latin1, which pickles use to write bytes, is allowed"
        )
    return text.encode(encoding)


def _bytearray(content: bytes = b"") -> bytearray:
    if not isinstance(content, bytes):  # bytearray(10**15) would claim that much memory
        raise UnpicklingError(f"bytearray of {type(content).__name__}: only of bytes")
    return bytearray(content)


def _set(items: list[Any]) -> set[Any]:
    return set(map(_key, items))


CONTAINERS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": lambda: b"",  # how protocol 2 writes empty bytes
    "builtins.complex": lambda real, imag: complex(float(real), float(imag)),
    "builtins.frozenset": lambda items: frozenset(_set(items)),
    "builtins.set": _set,
    "collections.Counter": lambda items: Counter({_key(k): v for k, v in items.items()}),
    "collections.OrderedDict": lambda items=(): OrderedDict((_key(k), v) for k, v in items),
}


class _Name:
    """A name that the program asked for: what it stands for, and whether it may be called."""

    def __init__(self, value: Any, callable: bool):
        self.value, self.callable = value, callable


class Machine:
    """Runs the program of a pickle.

    `constructors` are the functions it may call, `constants` the values it may name; `persistent_load` answers its
    requests for what is stored outside of it (the contents of tensors).
    """

    def __init__(
        self,
        constructors: Mapping[str, Callable[..., Any]],
        constants: Mapping[str, Any],
        persistent_load: Callable[[Any], Any],
    ):
        self.constructors = {**CONTAINERS, **constructors}
        self.constants, self.persistent_load = constants, persistent_load
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under each open MARK
        self.memo: dict[int, Any] = {}

    def run(self, program: bytes) -> Any:
        """The object that the program builds; UnpicklingError if it is damaged or asks for more than it may."""
        try:
            for instruction, argument, position in pickletools.genops(program):
                if instruction.name == "STOP":
                    return _value(self.stack.pop())
                action = _ACTIONS.get(instruction.name)
                if action is None:
                    raise UnpicklingError(
                        f"Weights only load failed. Unsupported operand {instruction.name} at byte {position}: "
                        "no checkpoint in PyTorch's format (pickle protocol 2) needs this instruction"
                    )
                action(self, argument)
        except (UnpicklingError, RuntimeError, ImportError):  # said in words where they arose
            raise
        except Exception as error:
            raise UnpicklingError(f"the pickle inside this file is damaged: {type(error).__name__}: {error}") from error
        raise UnpicklingError("the pickle inside this file is damaged: it does not end")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        return _value(self.stack.pop())

    def since_mark(self) -> list[Any]:
        """Close the innermost MARK: the values pushed since."""
        items, self.stack = self.stack, self.below.pop()
        return [_value(item) for item in items]

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def take(self, count: int) -> tuple[Any, ...]:
        items = [self.pop() for _ in range(count)]
        return tuple(reversed(items))

    def find(self, argument: str) -> None:
        name = modern(*argument.split(" ", 1))
        if name in self.constructors:
            self.push(_Name(self.constructors[name], callable=True))
        elif name in self.constants:
            self.push(_Name(self.constants[name], callable=False))
        else:
            raise UnpicklingError(_REFUSED.format(name=name))

    def call(self, _: Any) -> None:
        arguments, function = self.pop(), self.stack.pop()
        if not (isinstance(function, _Name) and function.callable and isinstance(arguments, tuple)):
            raise UnpicklingError(
                "Weights only load failed. The file calls something that is not one of the allowed functions"
            )
        self.push(function.value(*arguments))

    def build(self, _: Any) -> None:
        """Attributes of an OrderedDict: a state_dict carries its `_metadata` so."""
        state, target = self.pop(), self.stack[-1]
        if type(target) is not OrderedDict or type(state) is not dict:
            raise UnpicklingError(
                f"Weights only load failed. Can only build state of an OrderedDict, not of {type(target).__name__}"
            )
        target.__dict__.update({str(name): value for name, value in state.items()})

    def set_items(self, pairs: list[Any]) -> None:
        target = self.top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[_key(key)] = value

    def append_items(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def top(self, kind: type) -> Any:
        target = self.stack[-1]
        if not isinstance(target, kind):
            raise UnpicklingError(
                f"the pickle inside this file is damaged: a {kind.__name__} was expected, found {type(target).__name__}"
            )
        return target

    def remember(self, number: int) -> None:
        self.memo[number] = self.stack[-1]


def _value(item: Any) -> Any:
    """What a value on the stack is when used as data: a constant that was named, or itself."""
    if not isinstance(item, _Name):
        return item
    if item.callable:
        raise UnpicklingError("Weights only load failed. The file uses a function as data")
    return item.value


def _key(key: Any, depth: int = 3) -> Any:
    """A dictionary key, if it can be hashed in no time: a tuple of the same tuple, sixty levels deep, takes forever."""
    if isinstance(key, tuple):
        if not depth or len(key) > 64:
            raise UnpicklingError("Weights only load failed. A key of a dictionary or element of a set is too large")
        for part in key:
            _key(part, depth - 1)
    return key


_ACTIONS: dict[str, Callable[[Machine, Any], None]] = {
    "PROTO": lambda m, a: None,
    "NONE": lambda m, a: m.push(None),
    "NEWTRUE": lambda m, a: m.push(True),
    "NEWFALSE": lambda m, a: m.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"), lambda m, a: m.push(a)),
    "MARK": Machine.mark,
    "EMPTY_LIST": lambda m, a: m.push([]),
    "EMPTY_DICT": lambda m, a: m.push({}),
    "EMPTY_TUPLE": lambda m, a: m.push(()),
    "TUPLE": lambda m, a: m.push(tuple(m.since_mark())),
    "TUPLE1": lambda m, a: m.push(m.take(1)),
    "TUPLE2": lambda m, a: m.push(m.take(2)),
    "TUPLE3": lambda m, a: m.push(m.take(3)),
    "APPEND": lambda m, a: m.append_items([m.pop()]),
    "APPENDS": lambda m, a: m.append_items(m.since_mark()),
    "SETITEM": lambda m, a: m.set_items(list(m.take(2))),
    "SETITEMS": lambda m, a: m.set_items(m.since_mark()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), Machine.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, a: m.push(m.memo[a])),
    "GLOBAL": Machine.find,
    "REDUCE": Machine.call,
    "BUILD": Machine.build,
    "BINPERSID": lambda m, a: m.push(m.persistent_load(m.pop())),
}
