"""Random tensors: PyTorch's numbers for PyTorch's seeds, on every device.

The recipes are in `generator.py`, which speaks arrays; here its draws become tensors.  All numbers are drawn on the CPU,
from one tape for all devices, and moved to where they are wanted, so that a program draws the same numbers wherever it
runs.  (PyTorch has a tape for each GPU, made of other numbers.)  Memory is filled in the order in which it lies, as in
PyTorch: the transpose of a contiguous tensor is filled column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad import devices, dtypes, generator
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.inplace import apply_in_place
from minigrad.kernels import array_namespace
from minigrad.ops.broadcasting import broadcast_shape
from minigrad.ops.creation import _shape, place_of
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class Generator(generator.Generator):
    """A source of random numbers of its own, for `generator=`; seeded with `manual_seed`.

    >>> import minigrad
    >>> g = minigrad.Generator().manual_seed(0)
    >>> minigrad.randint(0, 10, (5,), generator=g)
    tensor([4, 9, 3, 0, 3])
    """

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(devices.device(device))

    def get_state(self) -> Tensor:  # type: ignore[override]
        """The state as a tensor of bytes, the very bytes that PyTorch's generator would give, and takes back."""
        return wrap(super().get_state())

    def set_state(self, new_state: Tensor) -> None:  # type: ignore[override]
        """Go back to a state that `get_state` has returned."""
        if not isinstance(new_state, Tensor) or new_state.dtype is not dtypes.uint8:
            raise TypeError(f"RNG state must be a torch.ByteTensor, got {type(new_state).__name__}: pass what get_state() returned")
        super().set_state(new_state.numpy())


default_generator = Generator()
default_generator.seed()


@operation(method=False, out=False)
def manual_seed(seed: int) -> Generator:
    """Seed the default generator, which every draw without `generator=` reads, and return it.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    return default_generator.manual_seed(int(seed))  # type: ignore[return-value]


@operation(method=False, out=False)
def seed() -> int:
    """Seed the default generator from the operating system's entropy; returns the seed."""
    return default_generator.seed()


@operation(method=False, out=False)
def initial_seed() -> int:
    """The seed that the default generator began with."""
    return default_generator.initial_seed()


@operation(method=False, out=False)
def get_rng_state() -> Tensor:
    """The state of the default generator, as a tensor of bytes."""
    return default_generator.get_state()


@operation(method=False, out=False)
def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator back into a state that `get_rng_state` returned."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str | None = None) -> Iterator[None]:
    """Draw freely inside the block: after it the default generator goes on as if nothing had been drawn.

    `devices` and `device_type` are accepted for PyTorch's sake: there is one tape for all devices.

    >>> import minigrad
    >>> with minigrad.random.fork_rng():
    ...     minigrad.manual_seed(0).initial_seed()
    0
    """
    state = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(state)


def _chosen(name: str, given: Any) -> generator.Generator:
    """The generator to draw from: the one given, for a tensor on any device, or the default one."""
    if given is None:
        return default_generator
    if not isinstance(given, generator.Generator):
        raise TypeError(f"{name}(): argument 'generator' must be Generator, not {type(given).__name__}")
    return given


def drawn(name: str, draw: Callable[[generator.Generator], Any], device: Any, given: Any, requires_grad: bool = False) -> Tensor:
    """The tensor of an array that `draw` takes from a generator, on the device asked for."""
    place = place_of(device)
    result = wrap(devices.move(draw(_chosen(name, given)), place))
    return result.requires_grad_() if requires_grad else result


# ------------------------------------------------------------------------------------------------ of a given size


def _of_size(name: str, method: str, doc: str) -> None:
    """`rand` and `randn`, and their `_like` forms."""

    def function(*size: Any, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
                 requires_grad: bool = False, pin_memory: bool = False, names: Any = None) -> Tensor:  # fmt: skip
        shape, kind = _shape(size, {}), (dtype or dtypes.get_default_dtype()).numpy
        return drawn(name, lambda g: getattr(g, method)(shape, kind), device, generator, requires_grad)

    def like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
             generator: Any = None, pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
        check_tensor(name + "_like", "input", input)
        return _like(name + "_like", input, lambda g, kind: _filler(g, method, kind), dtype, device, requires_grad, generator)

    function.__doc__ = f"""{doc}, of the given size.

    >>> import minigrad
    >>> minigrad.{name}(2, 3).shape
    torch.Size([2, 3])
    """
    like.__doc__ = f"{doc}, of the shape, dtype and device of another tensor."
    operation(function, name=name, method=False)
    operation(like, name=name + "_like", method=False, out=False)


Fill = Callable[[tuple[int, ...], bool], Any]  # (shape, whether the memory is contiguous) -> numbers


def _filler(g: generator.Generator, method: str, kind: Any, *args: Any) -> Fill:
    """How to fill a shape with the numbers of one distribution."""
    if method == "normal":  # which alone asks whether the memory is contiguous
        mean, std = args or (0.0, 1.0)
        return lambda shape, contiguous: g.normal(shape, kind, mean, std, contiguous)
    return lambda shape, contiguous: getattr(g, method)(shape, kind, *args)


def _memory_order(array: Any) -> list[int]:
    """The axes from the slowest in memory to the fastest."""
    return sorted(range(len(array.shape)), key=lambda axis: -array.strides[axis])


def in_memory_order(array: Any, fill: Fill) -> Any:
    """Numbers in the shape of an array, dealt out in the order in which its memory lies."""
    if array.flags.c_contiguous:
        return fill(array.shape, True)
    order = _memory_order(array)
    return fill(tuple(array.shape[axis] for axis in order), False).transpose([order.index(axis) for axis in range(len(order))])


def _like(name: str, input: Tensor, fill: Callable[[generator.Generator, Any], Fill], dtype: Any, device: Any,
          requires_grad: bool, given: Any) -> Tensor:  # fmt: skip
    """A tensor with the layout of `input`, filled."""
    array, kind = input._array, (dtype or input.dtype).numpy
    return drawn(name, lambda g: in_memory_order(array, fill(g, kind)), device or input.device, given, requires_grad)


_of_size("rand", "uniform", "Uniform numbers in [0, 1)")
_of_size("randn", "normal", "Standard normal numbers")


@operation(method=False)
def randint(low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Integers in [low, high), all equally likely; `randint(high, size)` starts at 0.

    >>> import minigrad
    >>> minigrad.randint(3, 5, (4, 2)).shape
    torch.Size([4, 2])
    """
    if isinstance(high, (tuple, list)):
        high, size = None, high
    if high is None:
        low, high = 0, low
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    shape, kind = _shape((size,), {}), (dtype or dtypes.int64).numpy
    low, high = _integer("randint", "low", low), _integer("randint", "high", high)
    return drawn("randint", lambda g: g.integers(low, high, shape, kind), device, generator, requires_grad)


@operation(method=False, out=False)
def randint_like(input: Tensor, low: Any = 0, high: Any = None, *, dtype: Any = None, layout: Any = None, device: Any = None,
                 requires_grad: bool = False, generator: Any = None, pin_memory: bool = False,
                 memory_format: Any = None) -> Tensor:  # fmt: skip
    """Integers in [low, high), in the shape, dtype and device of another tensor; `randint_like(x, high)` starts at 0."""
    check_tensor("randint_like", "input", input)
    low, high = (0, low) if high is None else (low, high)
    low, high = _integer("randint_like", "low", low), _integer("randint_like", "high", high)
    fill = lambda g, kind: lambda shape, _: g.integers(low, high, shape, kind)  # noqa: E731
    return _like("randint_like", input, fill, dtype, device, requires_grad, generator)


def _integer(name: str, argument: str, value: Any) -> int:
    if isinstance(value, float) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(value).__name__}")
    return int(value.__index__())


@operation(method=False)
def randperm(n: int, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The numbers 0 ... n-1 in random order.

    >>> import minigrad
    >>> minigrad.randperm(4).sort().values
    tensor([0, 1, 2, 3])
    """
    n = _integer("randperm", "n", n)
    return drawn("randperm", lambda g: g.permutation(n, (dtype or dtypes.int64).numpy), device, generator, requires_grad)


@operation(method=False)
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None, layout: Any = None,
           device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Normal numbers: of one mean and one standard deviation in a given size, or of tensors of them, element by element.

    The parameters get the gradient 0; for numbers that follow them write `mean + std * randn(size)`.

    >>> import minigrad
    >>> minigrad.normal(minigrad.tensor([0., 100.]), 0.1).round(decimals=-1)
    tensor([  0., 100.])
    """
    tensors = [t for t in (mean, std) if isinstance(t, Tensor)]
    if size is not None and tensors or size is None and not tensors:
        raise TypeError(
            "normal() received an invalid combination of arguments: expected a tensor for mean or std, or two numbers and a size"
        )
    if not tensors:
        shape, kind = _shape((size,), {}), (dtype or dtypes.get_default_dtype()).numpy
        return drawn("normal", lambda g: g.normal(shape, kind, mean, std), device, generator, requires_grad)
    first = tensors[0]
    if isinstance(std, Tensor):
        if std.is_complex():
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if not (std._array >= 0).all():
            raise RuntimeError("normal expects all elements of std >= 0.0")
    place, shape, kind = first.device, broadcast_shape(*(t._array.shape for t in tensors)), first.dtype.numpy
    standard = devices.move(_chosen("normal", generator).normal(shape, kind), place)
    return Normal.apply(mean, std, lambda mean, std: (standard * std + mean).astype(kind, copy=False))


class Normal(Operation):
    """Numbers drawn with parameters that are tensors.  They do not move when the parameters do: the gradient is 0."""

    @staticmethod
    def forward(ctx: Any, *parameters: Any) -> Any:
        *values, draw = parameters
        ctx.described = [(v.shape, v.dtype) if hasattr(v, "shape") else None for v in values]
        return draw(*values)

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, ...]:
        xp = array_namespace(g._array)
        return tuple(None if like is None else wrap(xp.zeros(*like)) for like in ctx.described)


class Bernoulli(Normal):
    """Trials with probabilities that are tensors."""


class Poisson(Normal):
    """Counts with rates that are tensors."""


# ------------------------------------------------------------------------------------------------ filling a tensor


def _fill(name: str, input: Tensor, given: Any, fill: Callable[[generator.Generator], Fill]) -> Tensor:
    """Write numbers into a tensor's memory; what it was computed from gets no gradient any more."""
    check_tensor(name, "self", input)

    def fresh(before: Tensor) -> Tensor:
        return drawn(name, lambda g: in_memory_order(before._array, fill(g)), input.device, given)

    return apply_in_place(fresh, input)


def _filling(name: str, method: str, defaults: dict[str, Any], doc: str) -> None:
    """The in-place form of a distribution whose parameters are numbers."""
    names = list(defaults)

    def function(input: Tensor, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        given = dict(zip(names, args, strict=False)) | kwargs
        for word in given:
            if word not in defaults:
                raise TypeError(f"{name}() got an unexpected keyword argument '{word}'")
        if len(args) > len(names):
            raise TypeError(f"{name}() takes at most {len(names)} arguments, got {len(args)}")
        values = [_number(name, word, given.get(word, default)) for word, default in defaults.items()]
        return _fill(name, input, generator, lambda g: _filler(g, method, input.dtype.numpy, *values))

    function.__doc__ = doc
    operation(function, name=name, where=(), method=True, out=False)


def _number(name: str, argument: str, value: Any) -> Any:
    if value is None:
        raise TypeError(f"{name}() missing the argument '{argument}'")
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name}(): argument '{argument}' must be float, not {type(value).__name__}")
    return value


_filling("uniform_", "uniform", {"from": 0.0, "to": 1.0}, "Fill with uniform numbers in [from, to): `x.uniform_(from=0, to=1)`.")
_filling("normal_", "normal", {"mean": 0.0, "std": 1.0}, "Fill with normal numbers: `x.normal_(mean=0, std=1)`.")
_filling("log_normal_", "log_normal", {"mean": 1.0, "std": 2.0}, "Fill with exp(z) of normal z: `x.log_normal_(mean=1, std=2)`.")
_filling("exponential_", "exponential", {"lambd": 1.0}, "Fill with exponential numbers, mean 1 / lambd: `x.exponential_(lambd=1)`.")
_filling("cauchy_", "cauchy", {"median": 0.0, "sigma": 1.0}, "Fill with Cauchy numbers: `x.cauchy_(median=0, sigma=1)`.")


@operation(where=(), method=True, out=False)
def geometric_(input: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the number of trials up to the first success, each of probability p."""
    p = _number("geometric_", "p", p)
    return _fill("geometric_", input, generator, lambda g: lambda shape, _: g.geometric(p, shape, input.dtype.numpy))


@operation(where=(), method=True, out=False)
def random_(input: Tensor, *bounds: Any, generator: Any = None, **named: Any) -> Tensor:
    """Fill with integers in [from, to): `x.random_(to)`, `x.random_(from, to)`; without bounds, all that the dtype holds."""
    if len(bounds) == 1 and "to" not in named:
        bounds = (0, *bounds)
    given = dict(zip(("from", "to"), bounds, strict=False)) | named
    if len(bounds) > 2 or given.keys() - {"from", "to"}:
        raise TypeError(f"random_() received an invalid combination of arguments: {sorted(given)}; expected (from, to)")
    low, high = (None if given.get(word) is None else _integer("random_", word, given[word]) for word in ("from", "to"))
    low = 0 if low is None and high is not None else low
    return _fill("random_", input, generator, lambda g: lambda shape, _: g.integers(low, high, shape, input.dtype.numpy))


# ------------------------------------------------------------------------------------------------ trials


@operation(where=(), method=True, out=False)
def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones of probability p, a number or a tensor that broadcasts, and zeros."""
    kind = input.dtype.numpy
    if not isinstance(p, Tensor):
        p = _number("bernoulli_", "p", p)
        return _fill("bernoulli_", input, generator, lambda g: lambda shape, _: g.bernoulli(p, shape, kind))
    probs = devices.move(p.expand(input._array.shape)._array, devices.CPU).transpose(_memory_order(input._array))
    return _fill("bernoulli_", input, generator, lambda g: lambda shape, _: g.bernoulli_of(probs, kind))


@operation
def bernoulli(input: Tensor, p: Any = None, *, generator: Any = None) -> Tensor:
    """One trial for each element: 1 with the probability that the element tells (or with probability p), else 0.

    >>> import minigrad
    >>> minigrad.bernoulli(minigrad.tensor([0., 1., 1.]))
    tensor([0., 1., 1.])
    """
    check_tensor("bernoulli", "input", input)
    if p is not None:
        p, shape, kind = _number("bernoulli", "p", p), input._array.shape, input.dtype.numpy
        return drawn("bernoulli", lambda g: g.bernoulli(p, shape, kind), input.device, generator)
    place, g = input.device, _chosen("bernoulli", generator)
    return Bernoulli.apply(input, lambda probs: devices.move(g.bernoulli_of(devices.move(probs, devices.CPU)), place))


@operation(method=False, out=False)
def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """A Poisson number for each rate in `input`.

    >>> import minigrad
    >>> minigrad.poisson(minigrad.zeros(3))
    tensor([0., 0., 0.])
    """
    check_tensor("poisson", "input", input)
    place, g = input.device, _chosen("poisson", generator)
    return Poisson.apply(input, lambda rates: devices.move(g.poisson(devices.move(rates, devices.CPU)), place))


@operation
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """Indices drawn with probabilities proportional to the numbers in each row of `input`, (K,) or (N, K).

    Returns (num_samples,) or (N, num_samples).  The numbers need not sum to one.

    >>> import minigrad
    >>> minigrad.multinomial(minigrad.tensor([0., 3., 0.]), 1)
    tensor([1])
    """
    check_tensor("multinomial", "input", input)
    if not input.is_floating_point():
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {input.dtype}")
    count, probs = _integer("multinomial", "num_samples", num_samples), devices.move(input._array, devices.CPU)
    return drawn("multinomial", lambda g: g.multinomial(probs, count, replacement), input.device, generator)
