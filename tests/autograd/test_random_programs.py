"""Random programs of views, writes and arithmetic, run by minigrad and by PyTorch, which have to agree on everything.

`Writer` writes a program line by line and runs each line as it goes, to know which tensors there are.  `disagreement`
runs it in both libraries and compares errors, values, `requires_grad`, `is_leaf` and `.grad` of all tensors.  A program
that fails is made small by dropping lines, and printed so that it can be pasted after `import minigrad as T`.

What minigrad may do and PyTorch refuses: writing to the pieces of `unbind`, `split` and `chunk`, and changing what an
in-place operation returned and saved (minigrad's keeps a copy).  Then a second form of the line, which PyTorch accepts,
tells what the result has to be: pieces cut one at a time, `x.copy_(f(x.clone()))` for `x.f_()`, and `x.grad_fn` asked for
before a write to x, since PyTorch sometimes takes a view that has not looked at its new history for a leaf.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Iterator
from types import CodeType
from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad

torch = pytest.importorskip("torch")

SHAPES = [(), (1,), (2,), (3,), (2, 3), (2, 3), (3, 2), (2, 2), (3, 3), (1, 3), (3, 1), (2, 1, 3), (2, 3, 2), (2, 2, 3)]
LARGE = 1e4  # programs whose numbers grow beyond are not finished


class Line(NamedTuple):
    """A statement, and the form of it that PyTorch accepts where it refuses the first."""

    text: str
    other: str

    def __str__(self) -> str:
        return self.text


# ------------------------------------------------------------------------------------------------ running


@functools.lru_cache(4096)
def compiled(text: str) -> CodeType:
    return compile(text, "<program>", "exec")


class Run(NamedTuple):
    """What a program left behind: what can be seen of its variables, and the error that ended it, with the number of its line."""

    seen: dict[str, Any]
    error: Exception | None
    line: int


def run(library: Any, lines: list[Line], other: bool = False) -> Run:
    space: dict[str, Any] = {"T": library}
    for number, line in enumerate(lines):
        try:
            exec(compiled(line.other if other else line.text), space)
        except Exception as error:
            return Run({}, error, number)
    try:
        return Run(dict(observed(space, library)), None, len(lines))
    except Exception as error:
        return Run({}, error, len(lines))


def observed(space: dict[str, Any], library: Any) -> Iterator[tuple[str, Any]]:
    """All that is to be compared, by name.  Asking a view for it raises where the view has lost its place in the graph."""
    for name, value in space.items():
        if isinstance(value, list):
            yield name, np.array([number for number in value if number])
        if not isinstance(value, library.Tensor):
            continue
        yield name, (value.detach() + 0).numpy()  # + 0: PyTorch has zero tensors without memory
        requires_grad, is_leaf = value.requires_grad, value.is_leaf
        if bool((value.detach().abs() > 1e-12).any()):  # which zeros among second derivatives are constants is left open
            yield f"{name}.requires_grad", requires_grad
            yield f"{name}.is_leaf", is_leaf
        yield f"{name}.grad", None if value.grad is None else (value.grad.detach() + 0).numpy()


def difference(ours: Run, theirs: Run) -> str | None:
    """The first thing in which two runs differ."""
    if theirs.error is not None and "refer to a single memory location" in str(theirs.error):
        return None  # minigrad computes first and writes then, so that both may be the same memory
    if ours.error is not None or theirs.error is not None:
        if (ours.line, type(ours.error)) == (theirs.line, type(theirs.error)):
            return None
        return f"line {ours.line}: {ours.error!r}\nPyTorch, line {theirs.line}: {theirs.error!r}"
    for name, got in ours.seen.items():
        wanted = theirs.seen.get(name, "nothing")
        if isinstance(got, np.ndarray) and isinstance(wanted, np.ndarray):
            same = got.shape == wanted.shape and np.allclose(got, wanted, 1e-8, 1e-10, equal_nan=True)
        else:
            same = type(got) is type(wanted) and got == wanted
        if not same:
            return f"{name} is {got}, expected {wanted}"
    return None


def disagreement(lines: list[Line]) -> str | None:
    """What minigrad does wrong in a program; None when it does what PyTorch does with it, in one of its forms."""
    ours = run(minigrad, lines)
    return difference(ours, run(torch, lines)) and difference(ours, run(torch, lines, other=True))


def smallest(lines: list[Line]) -> list[Line]:
    """A part of a failing program that fails too, and of which no line can be left out."""
    for i in reversed(range(len(lines))):
        fewer = lines[:i] + lines[i + 1 :]
        if disagreement(fewer) is not None:
            return smallest(fewer)
    return lines


# ------------------------------------------------------------------------------------------------ writing


class Writer:
    """Writes the program that belongs to a seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lines: list[Line] = []
        self.space: dict[str, Any] = {"T": torch}
        self.names = 0

    def program(self) -> list[Line]:
        for name in "abc"[: self.random.randint(2, 3)]:
            self.leaf(name)
        length = self.random.randint(3, 14)
        for _ in range(4 * length):
            if len(self.lines) >= length or not self.small():
                break
            self.random.choices(ACTIONS, WEIGHTS)[0](self)
        self.close()
        return self.lines

    # -------------------------------------------------------------------------------------- what there is

    def tensors(self) -> dict[str, Any]:
        return {n: v for n, v in self.space.items() if isinstance(v, torch.Tensor) and v.dtype == torch.float64}

    def small(self) -> bool:
        return all(bool((v.detach().abs() < LARGE).all()) for v in self.tensors().values())

    def pick(self, rank: int | None = None, *ranks: int) -> tuple[str, Any]:
        """A tensor, those made last more often than others."""
        found = [(n, v) for n, v in self.tensors().items() if v.numel() and (rank is None or v.dim() in (rank, *ranks))]
        return self.random.choices(found, range(1, len(found) + 1))[0] if found else self.pick()

    def evaluated(self, expression: str) -> Any:
        """The value of an expression, None where PyTorch refuses it."""
        try:
            return eval(compiled_expression(expression), self.space)
        except Exception:
            return None

    def beside(self, shape: Any, other_than: Any = None) -> str:
        """A tensor that broadcasts to a shape, in other memory than that of a tensor."""
        found = [n for n, v in self.tensors().items() if _fits(v.shape, shape) and (other_than is None or not _share(v, other_than))]
        return self.random.choice(found) if found else "0.5"

    def new(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def line(self, text: str, other: str | None = None, modes: bool = True) -> None:
        """Add a line, unless PyTorch refuses it: then mostly not."""
        under = "with T.no_grad(): " if modes and self.chance(0.1) else ""
        line = Line(under + text, under + (text if other is None else other))
        try:
            exec(compiled(line.other), self.space)
        except Exception:
            if self.chance(0.95):
                return
        self.lines.append(line)

    def leaf(self, name: str) -> None:
        shape = self.random.choice(SHAPES)
        values = [round(self.random.uniform(-2, 2), 1) for _ in range(int(np.prod(shape)))]
        data = np.array(values).reshape(shape).tolist()
        self.lines.append(Line(*[f"{name} = T.tensor({data}, dtype=T.float64, requires_grad={self.chance(0.7)})"] * 2))
        exec(compiled(self.lines[-1].text), self.space)

    # -------------------------------------------------------------------------------------- kinds of lines

    def arithmetic(self) -> None:
        x, value = self.pick()
        y = self.beside(value.shape)
        forms = ["{x} + {y}", "{x} * {y}", "{y} - {x}", "-{x}", "{x} * 0.5", "1.0 - {x}", "{x}.tanh()", "{x}.sigmoid()", "({x} * 0.3).exp()",
                 "{x}.clone()", "{x}.clamp(-0.5, 0.9)", "T.where({x} > 0.15, {x}, {y})", "{x} / ({y} * {y} + 1)", "{x}.sum()", "{x}.mean()",
                 "{x} * 1", "{x} + 0", "{x} ** 2", "{x}.detach()", "{x}.data", "{x}.abs()", "{x}.masked_fill({x} < 0.15, 0.5)", "T.zeros_like({x}.contiguous())"]  # fmt: skip
        if value.dim():
            d = self.random.randrange(-value.dim(), value.dim())
            forms += [f"{{x}}.sum({d})", f"{{x}}.sum({d}, keepdim=True)", f"{{x}}.mean({d})", f"T.cat([{{x}}.contiguous(), {{x}}], {d})", f"T.stack([{{x}}.contiguous(), {{x}}], {d})",
                      "{x}[{x} > 0.15]", f"{{x}}.flip({d})", f"{{x}}.contiguous().cumsum({d})", f"{{x}}.contiguous().softmax({d})", f"{{x}}[{self.integers(value.shape[0])}]"]  # fmt: skip
        self.line(f"{self.new()} = " + self.random.choice(forms).format(x=x, y=y))

    def product(self) -> None:
        x, value = self.pick(2)
        if value.dim() != 2:
            return
        fitting = [n for n, v in self.tensors().items() if v.dim() == 2 and v.shape[0] == value.shape[-1] and v.requires_grad == value.requires_grad]
        y = self.random.choice(fitting) if fitting else f"{x}.t()"
        self.line(f"{self.new()} = {x} @ {y}")

    def view(self) -> None:
        x, value = self.pick()
        self.line(f"{self.new()} = {self.seen(x, value)}", modes=False)  # made in no_grad, PyTorch's views are in two minds

    def seen(self, x: str, value: Any) -> str:
        """An expression for a view of a tensor."""
        r, rank = self.random, value.dim()
        forms = [f"{x}[...]", f"{x}[None]", f"{x}.unsqueeze(-1)", f"{x}.view(-1)", f"{x}.reshape(-1)", f"{x}.squeeze()", f"{x}.view_as({x})",
                 f"{x}.expand(2, {', '.join(['-1'] * rank)})", f"{x}.flatten()", f"{x}.permute({r.sample(range(rank), rank)})", f"{x}.contiguous()"]  # fmt: skip
        if rank:
            d = r.randrange(-rank, rank)
            n = value.shape[d]
            i = r.randrange(-n, n) if n else 0
            start = r.randrange(n) if n else 0
            forms += [f"{x}.select({d}, {i})", f"{x}.narrow({d}, {start}, {r.randint(0, n - start) or n - start})", self.indexed(x, value.shape),
                      self.indexed(x, value.shape), f"{x}[{r.randrange(-value.shape[0], value.shape[0]) if value.shape[0] else ':'}]",
                      f"{x}.unsqueeze({d})", f"{x}.squeeze({d})", f"{x}.transpose(0, {d})", f"{x}.unfold({d}, 1, 1)"]  # fmt: skip
        if rank == 2:
            forms += [f"{x}.t()", f"{x}.T", f"{x}.diagonal()", f"{x}.diagonal(1)", f"{x}.reshape({value.shape[1]}, {value.shape[0]})",
                      f"{x}.view({value.shape[1]}, {value.shape[0]})"] * 2  # fmt: skip
        return r.choice(forms)

    def indexed(self, x: str, shape: Any) -> str:
        """Basic indexing with one item per dimension, at most."""
        items = []
        for n in shape[: self.random.randint(1, len(shape))]:
            choices = [":", f"{self.random.randrange(n) if n else 0}:", "::2", "None, :", f":{n}", f"{self.random.randrange(-n, n)}" if n else ":"]
            items.append(self.random.choice(choices))
        return f"{x}[{', '.join(items)}]"

    def integers(self, n: int) -> str:
        return f"T.tensor({[self.random.randrange(n) for _ in range(self.random.randint(1, 3))] if n else []}, dtype=T.int64)"

    def pieces(self) -> None:
        x, value = self.pick()
        if not value.dim():
            return
        d = self.random.randrange(value.dim())
        n = value.shape[d]
        if n not in (2, 3):
            return
        kind = self.random.choice(["unbind", "split", "chunk"])
        if kind == "unbind":
            names, text, cuts = [self.new() for _ in range(n)], f"{x}.unbind({d})", [f"{x}.select({d}, {i})" for i in range(n)]
        else:
            lengths = [n // 2 + n % 2, n // 2]
            names, text = [self.new() for _ in lengths], f"{x}.split({lengths}, {d})" if kind == "split" else f"{x}.chunk(2, {d})"
            cuts = [f"{x}.narrow({d}, {0 if i == 0 else lengths[0]}, {length})" for i, length in enumerate(lengths)]
        self.line(f"{', '.join(names)} = {text}", f"{', '.join(names)} = {', '.join(cuts)}", modes=False)

    def write(self) -> None:
        x, value = self.pick()
        if _repeats(value):
            return
        y = self.beside(value.shape)
        if self.chance(0.35):
            x = self.seen(x, value)
            value = self.evaluated(x)
            if value is None or _repeats(value):
                return
        k = round(self.random.uniform(0.2, 1.5), 1)
        copied = {
            f"mul_({y})": f"mul({y})", f"mul_({k})": f"mul({k})", "tanh_()": "tanh()", "sigmoid_()": "sigmoid()", "clamp_(-0.5, 0.9)": "clamp(-0.5, 0.9)",
            "neg_()": "neg()", f"add_({y})": f"add({y})", f"sub_({y})": f"sub({y})", f"div_({k})": f"div({k})", "square_()": "square()", f"addcmul_({y}, {y})": f"addcmul({y}, {y})",
        }  # fmt: skip
        plain = [f"add_({k})", f"copy_({self.beside(value.shape, value)})", f"fill_({k})", "zero_()",
                 f"masked_fill_({x} > 0.15, {k})", f"mul_({k})"]
        if self.chance(0.5):
            text, function = self.random.choice(list(copied.items()))
            self.line(f"{x}.{text}", f"{x}.grad_fn; {x}.copy_({x}.clone().{function})")
        elif self.chance(0.1):
            self.line(f"{x}.index_add_(0, T.tensor([0]), {x}[:1])", f"{x}.grad_fn; {x}.index_add_(0, T.tensor([0]), {x}[:1].clone())")
        else:
            text = self.random.choice(plain)
            self.line(f"{x}.{text}", f"{x}.grad_fn; {x}.{text}")

    def assign(self) -> None:
        x, value = self.pick(1, 2, 3)
        if not value.dim() or _repeats(value):
            return
        index = self.random.choice([self.indexed("", value.shape)] * 3 + [f"[{x} > 0.15]", f"[{self.integers(value.shape[0])}]", "[...]", "[0]"])
        place = self.evaluated(f"{x}{index}")
        if place is None:
            return
        y = self.beside(place.shape, value) if self.chance(0.7) else "0.5"  # copying within a tensor is undefined in PyTorch
        text = f"{x}{index} = {y}" if self.chance(0.7) else f"{x}{index} += {y}"
        self.line(text, f"{x}.grad_fn; {text}")

    def augment(self) -> None:
        x, value = self.pick()
        y = self.beside(value.shape)
        sign = self.random.choice("+-*")
        self.line(f"{x} {sign}= {y}", f"{x}.copy_({x}.clone() {sign} {y})")

    def flag(self) -> None:
        """What one may ask of a tensor.  Views are not watched here: PyTorch loses their hooks when their memory is written to."""
        x, value = self.pick()
        alone = value._base is None and sum(v is value or v._base is value for v in self.tensors().values()) == 1
        forms = [f"{self.new()} = {x}.detach().requires_grad_()", f"{x}.grad = None", f"{x}.detach().mul_(0.5)", f"{self.new()} = T.mul({x}, 2, out=T.empty(0, dtype=T.float64))"]
        if (value if value._base is None else value._base).dim():  # a number is a NumPy scalar, of which a node keeps the value
            forms += [f"{x}.data.mul_(0.5)"]
        if alone and not value.is_leaf and self.chance(0.1):
            return self.line(f"{x}.detach_()", f"{x} = {x}.detach()", modes=False)
        if alone:
            forms += [f"{x}.requires_grad_({self.chance(0.7)})", f"{x}.data = {x}.data.clone()"]
        if value._base is None:
            hook = self.random.choice(["g * 2", "g.tanh()", f"seen_{x}.append(g.sum().item())"])
            forms += [f"seen_{x} = []; {x}.register_hook(lambda g: {hook})"] * 4 + [f"{x}.retain_grad()"] * 2
        self.line(self.random.choice(forms), modes=False)

    def out(self) -> None:
        x, value = self.pick()
        y = self.beside(value.shape)
        used = [value, self.space.get(y, value)]  # PyTorch may crash after it had to resize `out`, and writes what it still reads
        places = [n for n, v in self.tensors().items() if v.shape == value.shape and not any(_share(v, u) for u in used)]
        if places:
            self.line(f"T.add({x}, {y}, out={self.random.choice(places)})")

    def derive(self) -> None:
        """A walk in the middle of the program."""
        x, _ = self.pick()
        y, value = self.pick()
        keep = "retain_graph=True" if self.chance(0.7) else "create_graph=True"
        self.line(self.random.choice([
            f"{x}.sum().backward({keep})", f"({x} * {x}).sum().backward({keep})", f"{self.new()} = {y}.grad", f"{self.new()} = {y}.grad",
            f"({x} * {x}).sum().backward({keep})",
            *([
                f"{self.new()}, = T.autograd.grad({x}.sum(), {y}, allow_unused=True, {keep})", f"({x} * {x}).sum().backward(inputs=[{y}], {keep})",
                f"{self.new()} = T.autograd.grad(({x} * {x}).sum(), {y}, create_graph=True)[0] * 1",
                f"{self.new()} = T.autograd.grad(({x} * {x}).sum(), {y}, create_graph=True)[0] * 1",
            ] if value._base is None else []),
        ]))  # fmt: skip

    def close(self) -> None:
        """Derivatives of a number that depends on some of what there is, of first or second order."""
        wanting = [n for n, v in self.tensors().items() if v.requires_grad]
        if not wanting:
            return
        used = self.random.sample(wanting, min(len(wanting), self.random.randint(1, 4)))
        total = " + ".join(f"({n} * {n} * {k + 1}).sum()" if self.chance(0.7) else f"{n}.sum()" for k, n in enumerate(used))
        leaves = ", ".join([n for n in wanting if self.space[n].is_leaf] or wanting)
        if self.chance(0.6):
            last = [f"({total}).backward()"]
        else:
            last = [f"first = T.autograd.grad({total}, [{leaves}], create_graph=True, allow_unused=True)",
                    f"(sum((g * g).sum() for g in first if g is not None and g.requires_grad) + sum((x * 0).sum() for x in [{leaves}])).backward()"]  # fmt: skip
        self.lines += [Line(text, text) for text in last]


@functools.lru_cache(4096)
def compiled_expression(text: str) -> CodeType:
    return compile(text, "<program>", "eval")


def _repeats(value: Any) -> bool:
    """Whether elements share one address: writing to such a tensor is refused by minigrad, and only sometimes by PyTorch."""
    return any(step == 0 and n > 1 for n, step in zip(value.shape, value.stride()))


def _share(x: Any, y: Any) -> bool:
    return x.untyped_storage().data_ptr() == y.untyped_storage().data_ptr()


def _fits(shape: Any, goal: Any) -> bool:
    return len(shape) <= len(goal) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(goal)))


ACTIONS = [Writer.arithmetic, Writer.product, Writer.view, Writer.pieces, Writer.write, Writer.assign, Writer.augment, Writer.flag, Writer.out, Writer.derive]
WEIGHTS = [10, 1, 9, 2, 9, 5, 2, 3, 0.5, 2.5]


# ------------------------------------------------------------------------------------------------ the claim


@pytest.mark.filterwarnings("ignore")
@pytest.mark.cpu_only
@pytest.mark.parametrize("block", range(6))
def test_random_programs_do_what_they_do_in_pytorch(block):
    """`MINIGRAD_PROGRAMS=10000` runs more of them."""
    count = int(os.environ.get("MINIGRAD_PROGRAMS", 300)) // 6
    for seed in range(block * count, (block + 1) * count):
        lines = Writer(seed).program()
        if disagreement(lines) is not None:
            lines = smallest(lines)
            pytest.fail(f"program {seed}: {disagreement(lines)}\n\n" + "\n".join(map(str, lines)))
