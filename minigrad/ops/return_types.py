"""Results with names: `x.max(dim=0)` gives `values` and `indices`, printed as PyTorch prints them."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any


@functools.cache
def return_type(name: str, *fields: str) -> Any:
    """The class of a named result: `return_type("max", "values", "indices")(values, indices)`."""
    base = namedtuple(name, fields)  # type: ignore[misc]

    def __repr__(self: Any) -> str:
        return f"torch.return_types.{name}(\n" + ",\n".join(f"{f}={v!r}" for f, v in zip(fields, self, strict=True)) + ")"

    def __new__(cls: type, *values: Any) -> Any:
        """From the fields one by one, or (as NumPy and PyTorch have it) from one sequence of them."""
        return tuple.__new__(cls, values[0] if len(values) == 1 and len(fields) != 1 else values)

    def __reduce__(self: Any) -> tuple:
        return _rebuild, (name, fields, tuple(self))

    members = {
        "__repr__": __repr__,
        "__new__": __new__,
        "__reduce__": __reduce__,
        "__slots__": (),
        "__doc__": f"The result of `{name}`.",
    }
    return type(name, (base,), members)


def _rebuild(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return return_type(name, *fields)(*values)
