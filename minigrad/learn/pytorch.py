"""The same code in PyTorch: one program, written with `import torch`, run under both libraries.

Where PyTorch is installed it runs too; where it is not, numbers that it printed before stand in for it.  The line that is
shown is the same, so a saved notebook repeats on any machine.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Mapping
from typing import Any

from minigrad.learn.cards import Card

IMPORT = re.compile(r"^(\s*)(import|from) torch\b(?P<rest>.*)$", re.MULTILINE)


def same_in_pytorch(program: str, pytorch: Mapping[str, Any], *, within: float = 1e-4, **given: Any) -> None:
    """Run `program` with minigrad and with PyTorch, and require the same numbers of both.

    Args:
        program: source code for PyTorch. For minigrad, `import torch` becomes `import minigrad as torch` and
            `from torch.nn import ...` becomes `from minigrad.nn import ...`; nothing else changes.
        pytorch: names of variables that the program leaves behind, with the numbers that PyTorch gave: a number or a
            (nested) list of them.
        within: the allowed difference, relative to numbers above 1.
        given: further variables that the program may use, such as NumPy arrays of data.

    Raises AssertionError when numbers differ, be it minigrad's from PyTorch's or PyTorch's from those that were saved.

    >>> from minigrad import learn
    >>> learn.same_in_pytorch("import torch\\ntotal = torch.arange(4).sum().item()", {"total": 6})
    The same in PyTorch, within 0.0001: total (1 number)
    """
    saved = {name: _numbers(value) for name, value in pytorch.items()}
    runs = {"minigrad": _run(as_minigrad(program), saved, given)}
    if _installed("torch"):
        runs["PyTorch"] = _run(program, saved, given)
    for library, results in runs.items():
        for name, expected in saved.items():
            got = results[name]
            if len(got) != len(expected):
                raise AssertionError(f"{name}: {library} gives {len(got)} numbers, {len(expected)} are saved: {got}")
            for i, (a, b) in enumerate(zip(got, expected, strict=True)):
                if not _close(a, b, within):
                    raise AssertionError(f"{name}[{i}]: {library} gives {a!r}, PyTorch gave {b!r}; allowed: within {within:g}")
    counts = [f"{name} ({len(numbers)} number{'' if len(numbers) == 1 else 's'})" for name, numbers in saved.items()]
    Card("right", f"The same in PyTorch, within {within:g}: {', '.join(counts)}").show()


def as_minigrad(program: str) -> str:
    """A program for PyTorch with its imports changed to minigrad's.

    >>> print(as_minigrad("import torch\\nimport torch.nn.functional as F\\nfrom torch import nn"))
    import minigrad as torch
    import minigrad.nn.functional as F
    from minigrad import nn
    """

    def renamed(match: re.Match[str]) -> str:
        indent, keyword, rest = match[1], match[2], match["rest"]
        alone = keyword == "import" and not rest.strip()
        return f"{indent}{keyword} minigrad{' as torch' if alone else ''}{rest}"

    return IMPORT.sub(renamed, program)


def _run(program: str, names: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, list[float]]:
    variables = dict(given)
    exec(compile(program, "<the same code in PyTorch>", "exec"), variables)
    return {name: _numbers(variables[name]) for name in names}


def _numbers(value: Any) -> list[float]:
    """A number, a tensor, or nested lists of them, flat."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    return [float(value)]


def _close(a: float, b: float, within: float) -> bool:
    return a == b or abs(a - b) <= within * max(1.0, abs(b)) or (math.isnan(a) and math.isnan(b))


def _installed(library: str) -> bool:
    try:
        importlib.import_module(library)
    except ImportError:
        return False
    return True
