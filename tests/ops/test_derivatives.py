"""Every differentiable operation, to second order, against central differences.

The operations are found in the registry, not listed: each public name that PyTorch's operator database knows is checked on
that database's smallest samples; each other one must have a sample below or be excused by name, or the last test fails.
"""

from __future__ import annotations

import functools

import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.autograd.function import Function, Operation
from minigrad.ops.pointwise import Pointwise
from minigrad.ops.registry import REGISTRY

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

MOST_INPUTS, MOST_OUTPUTS, SAMPLES_EACH = 12, 24, 2

# Not checked on the database's samples, each for a reason; those of the first kind have a test of their own at the end.
EXCUSED = {
    "where": "the database calls it through a function of its own, with other arguments",
    "polygamma": "the database calls it through a function of its own, with other arguments",
    "einsum": "the database calls it through a function of its own, with other arguments",
    "normal": "draws random numbers",
    "bernoulli": "draws random numbers",
}
WITHOUT_DERIVATIVE = {("linalg.qr", "complete"), ("linalg.qr", "r")}  # refused in words, in PyTorch too
VARIANTS_AT_CORNERS = ("subgradients_at_zero",)  # samples where no derivative exists


@functools.cache
def database():
    """Public path -> entries of PyTorch's operator database."""
    from torch.testing._internal.common_methods_invocations import op_db

    found = {}
    for entry in op_db:
        if entry.variant_test_name not in VARIANTS_AT_CORNERS:
            found.setdefault(entry.name.removeprefix("torch."), []).append(entry)
    for entries in found.values():  # some have a variant of samples at which a derivative exists
        if any(e.variant_test_name == "grad" for e in entries):
            entries[:] = [e for e in entries if e.variant_test_name == "grad"]
    return found


def path_of(key: tuple[str, str]) -> str:
    return ".".join(part for part in key if part)


def public_paths() -> list[str]:
    """Names of out-of-place public functions, one per definition (not its aliases)."""
    seen, paths = set(), []
    for key, definition in sorted(REGISTRY.items()):
        if key[1].endswith("_") or id(definition.function) in seen:
            continue
        seen.add(id(definition.function))
        paths.append(path_of(key))
    return paths


def convert(value, leaves):
    """A sample's value for minigrad; what requires grad becomes a leaf."""
    if isinstance(value, torch.Tensor):
        t = minigrad.tensor(value.detach().resolve_conj().numpy().copy())
        if value.requires_grad:
            leaves.append(t.requires_grad_())
        return t
    if type(value) in (list, tuple):
        return type(value)(convert(v, leaves) for v in value)
    if isinstance(value, dict):
        return {k: convert(v, leaves) for k, v in value.items()}
    if isinstance(value, torch.dtype):
        return getattr(minigrad, str(value).split(".")[1])
    if isinstance(value, torch.Size):
        return tuple(value)
    if type(value).__module__.startswith("torch") or callable(value):
        pytest.skip("an argument that only PyTorch has")
    return value


def samples(entry):
    """The smallest samples of an entry that have something to differentiate."""
    usable = []
    for sample in entry.sample_inputs("cpu", torch.float64, requires_grad=True):
        tensors = []
        collect([sample.input, sample.args, sample.kwargs], tensors)
        size = sum(t.numel() for t in tensors)
        if 0 < size <= MOST_INPUTS:
            usable.append((size, len(usable), sample))
    usable.sort(key=lambda item: (-item[0], item[1]))  # larger ones say more
    return [sample for _, _, sample in usable[:SAMPLES_EACH]]


def collect(value, tensors):
    if isinstance(value, torch.Tensor) and value.requires_grad:
        tensors.append(value)
    elif isinstance(value, (list, tuple)):
        for v in value:
            collect(v, tensors)
    elif isinstance(value, dict):
        collect(list(value.values()), tensors)


def resolve(path):
    return functools.reduce(getattr, path.split("."), minigrad)


DIFFERENTIABLE = [p for p in public_paths() if p not in EXCUSED and any(e.supports_autograd for e in database().get(p, ()))]


@pytest.mark.parametrize("path", DIFFERENTIABLE)
def test_first_and_second_derivative(path):
    checked = 0
    for entry in database()[path]:
        if not entry.supports_autograd or torch.float64 not in entry.supported_dtypes("cpu"):
            continue
        for sample in samples(entry):
            leaves = []
            arguments = convert([sample.input, *sample.args], leaves)
            keywords = convert(sample.kwargs, leaves)
            if not leaves or any(leaf.dtype is not minigrad.float64 for leaf in leaves):
                continue

            def function(*_, arguments=arguments, keywords=keywords, sample=sample):
                minigrad.manual_seed(0)
                result = resolve(path)(*arguments, **keywords)
                return tuple(result) if isinstance(result, (list, tuple)) else result

            if (path, keywords.get("mode")) in WITHOUT_DERIVATIVE:
                with pytest.raises(RuntimeError, match="derivative of linalg.qr exists"):
                    function()[1].sum().backward()
                continue
            outputs = function()
            outputs = [o for o in (outputs if isinstance(outputs, tuple) else (outputs,)) if o.requires_grad]
            if not outputs or sum(o.numel() for o in outputs) > MOST_OUTPUTS or any(o.dtype is not minigrad.float64 for o in outputs):
                continue
            assert gradcheck(function, tuple(leaves), atol=1e-4)
            if entry.supports_gradgrad:
                assert gradgradcheck(function, tuple(leaves), atol=1e-4)
            checked += 1
    if not checked:
        pytest.skip("no sample is small enough")


# ------------------------------------------------------------------------------------------------ nothing is left out


def operations(cls=Operation):
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("minigrad."):
            yield sub
        yield from operations(sub)


def test_every_operation_has_a_backward():
    missing = [
        cls.__qualname__
        for cls in operations()
        if not cls.__subclasses__()
        and cls.__dict__.get("forward", None) is not None
        and cls.backward is Function.backward
        and cls.run is Operation.run
        and not issubclass(cls, Pointwise)
    ]
    assert missing == []


def test_where_sends_the_gradient_to_the_chosen_operand():
    condition = minigrad.tensor([[True, False, True]])
    x = minigrad.tensor([1.0, 2.0, 3.0], dtype=minigrad.float64, requires_grad=True)
    y = minigrad.tensor([[4.0], [5.0]], dtype=minigrad.float64, requires_grad=True)
    assert gradcheck(lambda x, y: minigrad.where(condition, x * x, y * y), (x, y))
    assert gradgradcheck(lambda x, y: minigrad.where(condition, x * x, y * y), (x, y))


def test_einsum():
    a, b = (minigrad.tensor([[0.5, 1.0], [2.0, -1.0]], dtype=minigrad.float64, requires_grad=True) for _ in range(2))
    for equation in ("ij,jk->ik", "ij,ij->", "ii,jk->ki", "ij,kj->ik"):
        assert gradcheck(lambda a, b, e=equation: minigrad.einsum(e, a, b), (a, b))
        assert gradgradcheck(lambda a, b, e=equation: minigrad.einsum(e, a, b), (a, b))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_polygamma(n):
    x = minigrad.tensor([0.5, 1.5, 4.0], dtype=minigrad.float64, requires_grad=True)
    assert gradcheck(lambda x: minigrad.polygamma(n, x), (x,))
