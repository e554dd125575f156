"""One definition per operation: this file makes everything else of it.

`@operation(...)` above a function makes it public: as `minigrad.name` (or in `nn.functional`, `linalg`, `special`...), as
method `Tensor.name`, as in-place twin `name_`, with `out=`, with NumPy's words for arguments (`axis` for `dim`, `keepdims`
for `keepdim`), under its other names, and as a row of the reference.  `minigrad/__init__.py` and the functional faces only
export what is registered here.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from minigrad.autograd.function import check_same_device
from minigrad.autograd.inplace import apply_in_place, check_writable, overwrite
from minigrad.autograd.modes import mode, no_grad
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace
from minigrad.kernels.memory import shares
from minigrad.tensor import Tensor

OTHER_WORDS = {
    "axis": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other", "axis0": "dim0", "axis1": "dim1",
    "split_size": "split_size_or_sections",
}  # fmt: skip


class Definition(NamedTuple):
    """A public operation: its function, where it is found, and which forms it has."""

    name: str
    function: Callable[..., Any]
    where: tuple[str, ...]
    method: bool
    in_place: bool


REGISTRY: dict[tuple[str, str], Definition] = {}  # (namespace, name) -> definition; "" is `minigrad` itself


def operation(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    where: str | tuple[str, ...] = "",
    method: bool | None = None,
    in_place: bool = False,
    out: bool = True,
    aliases: tuple[str, ...] = (),
) -> Any:
    """Make a function on tensors public.

    where: namespaces in which it is found ("" is minigrad itself); method: also `Tensor.name` (default: when it is in "");
    in_place: also `name_`, which writes the result into its first argument; out: takes `out=`; aliases: its other names.
    """
    if function is None:
        return functools.partial(operation, name=name, where=where, method=method, in_place=in_place, out=out, aliases=aliases)
    namespaces = (where,) if isinstance(where, str) else where
    as_method = "" in namespaces if method is None else method
    word = name or function.__name__
    public = _public(function, word, out)
    for each in (word, *aliases):
        definition = Definition(each, public, namespaces, as_method, in_place)
        for namespace in namespaces:
            REGISTRY[namespace, each] = definition
        if as_method:
            setattr(Tensor, each, public)
        if in_place:
            twin = in_place_twin(public, each)
            setattr(Tensor, each + "_", twin)
            for namespace in namespaces:
                REGISTRY[namespace, each + "_"] = Definition(each + "_", twin, namespaces, True, False)
    return public


def _public(function: Callable[..., Any], word: str, out: bool) -> Callable[..., Any]:
    """The function with NumPy's words for arguments understood, and with `out=` if it takes one."""
    parameters = inspect.signature(function).parameters
    words = {new: old for new, old in OTHER_WORDS.items() if old in parameters and new not in parameters}
    takes_out = out and "out" not in parameters
    star = next((name for name, p in parameters.items() if p.kind is p.VAR_POSITIONAL), "")

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        try:
            if not kwargs:
                return function(*args)
            for new in words.keys() & kwargs.keys():
                kwargs[words[new]] = kwargs.pop(new)
            if star in kwargs:  # permute(x, 1, 0), permute(x, (1, 0)) and permute(x, dims=(1, 0)) are one
                args = (*args, kwargs.pop(star))
            if takes_out:
                place = kwargs.pop("out", None)
                if place is not None:
                    return write_out(word, function, place, args, kwargs)
            return function(*args, **kwargs)
        except TypeError:  # arrays of NumPy and CuPy do not mix
            check_same_device(*tensors_among(args, kwargs))
            raise

    public.__name__ = word
    return public


def in_place_twin(function: Callable[..., Any], word: str) -> Callable[..., Any]:
    """`x.name_(...)`: the result of `name(x, ...)` written into x."""

    @functools.wraps(function)
    def twin(self: Any, *args: Any, **kwargs: Any) -> Any:
        return apply_in_place(function, self, *args, **kwargs)

    twin.__name__ = word + "_"
    twin.__doc__ = f"In-place form of `{word}`: writes the result into the tensor and returns it."
    return twin


def tensors_among(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The tensors among the arguments of a call and in their lists."""
    values = (*args, *kwargs.values())
    return [t for a in values for t in (a if isinstance(a, (tuple, list)) else (a,)) if isinstance(t, Variable)]


def write_out(word: str, function: Callable[..., Any], out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The `out=` form: compute unrecorded, then write into the tensors given, resized where needed."""
    places = out if isinstance(out, (tuple, list)) else (out,)
    inputs = tensors_among(args, kwargs)
    if mode.grad and any(t.requires_grad for t in (*inputs, *places) if isinstance(t, Variable)):
        raise RuntimeError(
            f"{word}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
            "requires grad."
        )
    with no_grad():
        results = function(*args, **kwargs)
    values = results if isinstance(results, (tuple, list)) else (results,)
    if len(values) != len(places):
        raise TypeError(f"{word}(): expected {len(values)} tensors in out=, got {len(places)}")
    for place, value in zip(places, values, strict=True):
        if not isinstance(place, Tensor):
            raise TypeError(f"{word}(): argument 'out' must be Tensor, not {type(place).__name__}")
        check_same_device(place, value)
        check_writable(place)
        if place._array.shape != value._array.shape:
            if any(shares(place._array, t._array) for t in inputs):
                raise RuntimeError(
                    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
                    "location, and the latter would have to be resized. Please clone() the tensor before performing the operation."
                )
            if place._array.size:
                warnings.warn(
                    f"An output with one or more elements was resized since it had shape {list(place._array.shape)}, which does "
                    f"not match the required output shape {list(value._array.shape)}.",
                    UserWarning,
                    stacklevel=4,
                )
            place._array = array_namespace(value._array).empty(value._array.shape, place._array.dtype)
        overwrite(place, value)
    return type(results)(*places) if hasattr(results, "_fields") else out


def export(namespace: str, into: dict[str, Any]) -> list[str]:
    """Put every public function of a namespace into a module's globals; returns the names."""
    names = []
    for (space, name), definition in REGISTRY.items():
        if space == namespace:
            into[name] = definition.function
            names.append(name)
    return sorted(names)


__all__ = ["REGISTRY", "Definition", "export", "in_place_twin", "operation", "write_out"]
