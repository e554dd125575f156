"""How a tensor looks when it is printed: `tensor([1.0000, 2.5000], grad_fn=<AddBackward0>)`.

Printing is two layers.  `format_array` turns an array into text: it picks the elements that are shown, finds one number
format for all of them, and nests brackets around them; `tensor_repr` adds what a tensor knows beyond its numbers
(device, size, dtype, place in the graph).  The text is PyTorch's, character for character.  Read `tensor.py` next.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad.dtypes import get_default_dtype

# --------------------------------------------------------------------------------------------------------- the options


@dataclasses.dataclass(frozen=True)
class PrintOptions:
    """What `set_printoptions` sets; the defaults are PyTorch's."""

    precision: int = 4  # digits after the point
    threshold: float = 1000  # more elements than this, and only the edges are shown
    edgeitems: int = 3  # how many entries an edge has
    linewidth: float = 80  # characters in a line
    sci_mode: bool | None = None  # 1.0000e+00 always, never, or (None) when the magnitudes ask for it

    def __post_init__(self) -> None:
        for name in ("precision", "edgeitems"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or value < 0:
                raise ValueError(f"set_printoptions(): expected {name} to be an integer of at least 0, got {value!r}")
        for name in ("threshold", "linewidth"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real):
                raise ValueError(f"set_printoptions(): expected {name} to be a number, got {value!r}")


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}
_options = _PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: float | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed from now on; an option that is not given keeps its value.

    `profile` ("default", "short" or "full") first resets every option, then the others apply.  `sci_mode` alone does
    not keep its value: each call without it hands the choice back to the printer, as in PyTorch.

    Raises ValueError for an unknown profile, or an option of the wrong kind.

    >>> import minigrad
    >>> minigrad.set_printoptions(precision=2)
    >>> minigrad.tensor([1.2345, 10])
    tensor([ 1.23, 10.00])
    >>> minigrad.set_printoptions(profile="default")
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions(): expected profile to be one of {', '.join(_PROFILES)}, got {profile!r}")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    base = _options if profile is None else _PROFILES[profile]
    _options = dataclasses.replace(base, **changes, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """The options in force, by name.

    >>> from minigrad.printing import get_printoptions
    >>> get_printoptions()
    {'precision': 4, 'threshold': 1000, 'edgeitems': 3, 'linewidth': 80, 'sci_mode': None}
    """
    return dataclasses.asdict(_options)


# ----------------------------------------------------------------------------------------- one format for all elements


def _format_elements(values: np.ndarray, options: PrintOptions) -> tuple[list[str], int]:
    """The text of each element in row-major order, and the width that line wrapping reckons with."""
    flat = values.reshape(-1)
    if flat.dtype.kind in "biu":
        texts = [str(value) for value in flat.tolist()]
        width = max(map(len, texts))
        return [text.rjust(width) for text in texts], width
    if flat.dtype.kind == "c":
        real, real_width = _format_floats(flat.real.tolist(), options)
        imag, imag_width = _format_floats(flat.imag.tolist(), options)
        texts = [f"{x}{_signed(y)}j" for x, y in zip(real, imag, strict=True)]
        return texts, real_width + 1 + imag_width
    return _format_floats(flat.astype(np.float64).tolist(), options)


def _signed(text: str) -> str:
    text = text.lstrip()
    return text if text.startswith("-") else "+" + text


def _format_floats(values: list[float], options: PrintOptions) -> tuple[list[str], int]:
    """Whole numbers print as `3.`, others with `precision` digits, very large, small or mixed magnitudes as `1.0e+03`.

    Only finite values other than 0 have a say in the format and in the width, so nan, inf and -0 may stick out.
    """
    telling = [value for value in values if value and math.isfinite(value)]
    whole = all(value.is_integer() for value in telling)
    scientific = options.sci_mode if options.sci_mode is not None else _is_wide_ranging(telling)
    if telling and scientific:
        spec = f".{options.precision:d}e"
    else:
        spec = "#.0f" if whole else f".{options.precision:d}f"  # `#` keeps the point that tells 3. from 3
    width = max((len(format(value, spec)) for value in telling), default=1)
    return [format(value, spec).rjust(width) for value in values], width


def _is_wide_ranging(values: list[float]) -> bool:
    """Whether plain digits would hide some of these numbers behind zeros: 0.0000, or 100000000000.0000."""
    largest = max(map(abs, values), default=1.0)
    smallest = min(map(abs, values), default=1.0)
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


# ------------------------------------------------------------------------------------------- from elements to brackets


def format_array(array: Any, *, indent: int = 0, options: PrintOptions | None = None) -> str:
    """The nested brackets of a NumPy or CuPy array of any shape; lines after the first are indented by `indent`.

    Of an array with more than `threshold` elements only the `edgeitems` first and last entries of each axis are shown,
    and only they are read (and fetched from the GPU).

    >>> import numpy as np
    >>> from minigrad.printing import format_array
    >>> print(format_array(np.array([[1.5, 20], [-3, np.nan]])))
    [[ 1.5000, 20.0000],
     [-3.0000,     nan]]
    """
    options = options or _options
    if array.size == 0:
        return "[]"
    summarise = array.size > options.threshold
    if summarise and array.ndim and not options.edgeitems:
        return "[...]"
    shown = _fetch(array, options.edgeitems if summarise else array.size)
    texts, width = _format_elements(shown, options)
    for axis in reversed(range(array.ndim)):  # from the innermost brackets outwards
        column = indent + axis + 1  # where entries begin: right of the brackets of this axis and those outside it
        depth = array.ndim - 1 - axis
        ellipsis = "..." if depth else " ..."
        per_line = 1 if depth else _per_line(options.linewidth - (column - 1), width, shown.shape[axis])
        line_break = "," + "\n" * max(depth, 1) + " " * column
        cut = shown.shape[axis] < array.shape[axis]
        blocks = []
        for entries in _chunks(texts, shown.shape[axis]):
            if cut:
                entries.insert(options.edgeitems, ellipsis)
            blocks.append("[" + line_break.join(", ".join(line) for line in _chunks(entries, per_line)) + "]")
        texts = blocks
    return texts[0]


def _fetch(array: Any, edge: int, axis: int = 0) -> np.ndarray:
    """The first and last `edge` entries of each axis as one NumPy array; a shorter axis is taken whole."""
    if axis == array.ndim:
        return array.get() if hasattr(array, "get") else np.asarray(array)
    size = array.shape[axis]
    if size <= 2 * edge:
        return _fetch(array, edge, axis + 1)
    whole = (slice(None),) * axis
    parts = (array[(*whole, slice(edge))], array[(*whole, slice(size - edge, None))])
    return np.concatenate([_fetch(part, edge, axis + 1) for part in parts], axis)


def _per_line(room: float, width: int, entries: int) -> int:
    """How many entries of this width, each with its comma and blank, fit beside each other: at least one."""
    return max(1, int(min(room / (width + 2), entries + 1)))


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


# ------------------------------------------------------------------------------------------- what a tensor adds to it


def tensor_repr(tensor: Any) -> str:
    """The text of a tensor: its array, then what cannot be seen from the numbers.

    A subclass of Tensor prints under its own name, but `nn.Buffer` and `nn.Parameter` as the tensors they are;
    a subclass of Parameter as `Parameter(Name(...))`.  (Parameter itself adds the line above it.)

    >>> import minigrad
    >>> minigrad.ones(2, 0, dtype=minigrad.int64)
    tensor([], size=(2, 0), dtype=torch.int64)
    >>> minigrad.tensor([1.5, 2], requires_grad=True) * 2
    tensor([3., 4.], grad_fn=<MulBackward0>)
    """
    name = type(tensor).__name__
    opening = "tensor(" if name in ("Tensor", "Parameter", "Buffer") else f"{name}("
    indent = len(opening)
    text = opening + format_array(tensor._array, indent=indent)
    end = len(text) - text.rfind("\n") + 1  # length of the last line, and two characters that PyTorch keeps free
    for suffix in _suffixes(tensor):
        if end + 2 + len(suffix) > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            end = indent + len(suffix)
        else:
            text += ", " + suffix
            end += 2 + len(suffix)
    text += ")"
    extends_parameter = any(base.__name__ == "Parameter" for base in type(tensor).__mro__[1:])
    return f"Parameter({text})" if extends_parameter else text


def _suffixes(tensor: Any) -> Iterator[str]:
    """What the numbers leave open: a device that is not the CPU, a hidden size, an unexpected dtype, the graph."""
    array, dtype, device = tensor._array, str(tensor.dtype), str(tensor.device)
    if device != "cpu":
        yield f"device='{device}'"
    if (array.ndim != 1) if array.size == 0 else (_options.edgeitems == 0):
        yield f"size={tuple(array.shape)}"
    default = get_default_dtype()
    evident = {str(default)}
    if array.size:  # elements tell whole numbers, truth values and complex numbers apart
        evident |= {"torch.int64", "torch.bool", str(default.to_complex())}
    if dtype not in evident:
        yield f"dtype={dtype}"
    if tensor.grad_fn is not None:
        yield f"grad_fn=<{tensor.grad_fn.name()}>"
    elif tensor.requires_grad:
        yield "requires_grad=True"
