"""A tensor prints as PyTorch prints it, character for character: against stored texts, and against PyTorch itself."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import dtypes
from minigrad.printing import PrintOptions, format_array, get_printoptions, set_printoptions, tensor_repr

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

needs_torch = pytest.mark.skipif(torch is None, reason="compares with PyTorch")
NAN, INF = math.nan, math.inf


def set_both(**options: Any) -> None:
    """Set the options of minigrad and of PyTorch alike."""
    set_printoptions(**options)
    if torch is not None:
        torch.set_printoptions(**options)


def set_both_default_dtypes(name: str) -> None:
    dtypes.set_default_dtype(dtypes.by_name(name))
    if torch is not None:
        torch.set_default_dtype(getattr(torch, name))


@pytest.fixture(autouse=True)
def _defaults_are_put_back() -> Iterator[None]:
    yield
    set_both(profile="default")
    set_both_default_dtypes("float32")


class Tensor:
    """What `tensor_repr` may know of a tensor, and nothing else."""

    def __init__(self, array: Any, device: str = "cpu", requires_grad: bool = False, grad_fn: str = ""):
        self._array, self.dtype, self.device = array, dtypes.of_array(array), device
        self.requires_grad = requires_grad or bool(grad_fn)
        self.grad_fn = SimpleNamespace(name=lambda: grad_fn) if grad_fn else None

    def __repr__(self) -> str:
        return tensor_repr(self)


class Parameter(Tensor):
    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    pass


class Sub(Tensor):
    pass


class AnExceptionallyLongName(Tensor):
    pass


class Weight(Parameter):
    pass


def to_torch(array: Any) -> Any:
    """The same numbers as a PyTorch tensor."""
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def c64(*values: complex) -> np.ndarray:
    return np.array(values, np.complex64)


# -------------------------------------------------------------------------------------------------------- stored texts

STORED: dict[str, tuple[Any, dict[str, Any], str]] = {
    # dtypes
    "float32": (f32(1.5, -2.25), {}, "tensor([ 1.5000, -2.2500])"),
    "float64": (np.array([1.5, -2.25]), {}, "tensor([ 1.5000, -2.2500], dtype=torch.float64)"),
    "float16": (np.array([0.1, 1], np.float16), {}, "tensor([0.1000, 1.0000], dtype=torch.float16)"),
    "uint8": (np.array([0, 255], np.uint8), {}, "tensor([  0, 255], dtype=torch.uint8)"),
    "int8": (np.array([1, -2], np.int8), {}, "tensor([ 1, -2], dtype=torch.int8)"),
    "int16": (np.array([1, -2], np.int16), {}, "tensor([ 1, -2], dtype=torch.int16)"),
    "int32": (np.array([1, -2], np.int32), {}, "tensor([ 1, -2], dtype=torch.int32)"),
    "int64": (np.array([-(2**63), 2**63 - 1]), {}, "tensor([-9223372036854775808,  9223372036854775807])"),
    "bool": (np.array([True, False]), {}, "tensor([ True, False])"),
    "complex64": (c64(1 + 2j, 3.5 - 4j), {}, "tensor([1.0000+2.j, 3.5000-4.j])"),
    "complex128": (np.array([1 + 2j]), {}, "tensor([1.+2.j], dtype=torch.complex128)"),
    # scalars and empty tensors
    "0-d whole": (f32(3)[0], {}, "tensor(3.)"),
    "0-d": (f32(math.pi)[0], {}, "tensor(3.1416)"),
    "0-d huge": (f32(1e10)[0], {}, "tensor(1.0000e+10)"),
    "0-d int32": (np.int32(-7), {}, "tensor(-7, dtype=torch.int32)"),
    "0-d bool": (np.bool_(True), {}, "tensor(True)"),
    "empty": (f32(), {}, "tensor([])"),
    "empty 2-d": (np.zeros((0, 3), np.float32), {}, "tensor([], size=(0, 3))"),
    "empty 3-d int64": (np.zeros((2, 0, 3), np.int64), {}, "tensor([], size=(2, 0, 3), dtype=torch.int64)"),
    "empty bool": (np.zeros(0, bool), {}, "tensor([], dtype=torch.bool)"),
    "empty complex64": (np.zeros((3, 0), np.complex64), {}, "tensor([], size=(3, 0), dtype=torch.complex64)"),
    # whole numbers
    "whole": (f32(1, -20), {}, "tensor([  1., -20.])"),
    "whole with nan and inf": (f32(1, NAN, INF, -INF), {}, "tensor([1., nan, inf, -inf])"),
    "nan alone": (f32(NAN), {}, "tensor([nan])"),
    "negative zero": (f32(-0.0, 1), {}, "tensor([-0., 1.])"),
    "negative zero beside a fraction": (f32(-0.0, 1.5), {}, "tensor([-0.0000, 1.5000])"),
    "whole up to 1e8": (f32(1e8), {}, "tensor([100000000.])"),
    "whole above 1e8": (np.array([1e8 + 1]), {}, "tensor([1.0000e+08], dtype=torch.float64)"),
    # magnitudes
    "ratio of 1000": (f32(1000, 1), {}, "tensor([1000.,    1.])"),
    "ratio above 1000": (f32(1001, 1), {}, "tensor([1.0010e+03, 1.0000e+00])"),
    "zero does not count in the ratio": (f32(0, 500, 0.5), {}, "tensor([  0.0000, 500.0000,   0.5000])"),
    "small": (np.array([1e-4, 2e-4]), {}, "tensor([0.0001, 0.0002], dtype=torch.float64)"),
    "very small": (f32(9e-5, 0), {}, "tensor([9.0000e-05, 0.0000e+00])"),
    "three-digit exponents": (
        np.array([1e300, -1e-300, 5e-324]),
        {},
        "tensor([ 1.0000e+300, -1.0000e-300,  4.9407e-324], dtype=torch.float64)",
    ),
    "scientific with nan": (f32(1e10, NAN, -INF, 0), {}, "tensor([1.0000e+10,        nan,       -inf, 0.0000e+00])"),
    "half": (np.array([65504, 6e-8], np.float16), {}, "tensor([6.5504e+04, 5.9605e-08], dtype=torch.float16)"),
    # complex numbers: two formats
    "complex widths": (c64(1 + 1j, 100 + 100j, -5 - 5j), {}, "tensor([  1.+1.j, 100.+100.j,  -5.-5.j])"),
    "complex formats": (c64(1e10 + 1j, 1 + 0.5j), {}, "tensor([1.0000e+10+1.0000j, 1.0000e+00+0.5000j])"),
    "complex nan": (
        c64(complex(NAN, 1), complex(1, INF), complex(-INF, -INF), complex(-0.0, -0.0)),
        {},
        "tensor([nan+1.j, 1.+infj, -inf-infj, -0.-0.j])",
    ),
    # nesting, wrapping, summaries
    "4-d": (
        np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2),
        {},
        """\
tensor([[[[ 0.,  1.],
          [ 2.,  3.]],

         [[ 4.,  5.],
          [ 6.,  7.]]],


        [[[ 8.,  9.],
          [10., 11.]],

         [[12., 13.],
          [14., 15.]]]])""",
    ),
    "wrapped": (
        np.arange(40),
        {},
        """\
tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
        36, 37, 38, 39])""",
    ),
    "nan overflows the line": (
        np.full(11, NAN, np.float32),
        {"linewidth": 38},
        """\
tensor([nan, nan, nan, nan, nan, nan, nan, nan, nan, nan,
        nan])""",
    ),
    "wrapped 2-d": (
        np.arange(30, dtype=np.float32).reshape(2, 15) / 2,
        {},
        """\
tensor([[ 0.0000,  0.5000,  1.0000,  1.5000,  2.0000,  2.5000,  3.0000,  3.5000,
          4.0000,  4.5000,  5.0000,  5.5000,  6.0000,  6.5000,  7.0000],
        [ 7.5000,  8.0000,  8.5000,  9.0000,  9.5000, 10.0000, 10.5000, 11.0000,
         11.5000, 12.0000, 12.5000, 13.0000, 13.5000, 14.0000, 14.5000]])""",
    ),
    "summarised": (np.arange(1001), {}, "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    "as many as the threshold": (np.arange(5), {"threshold": 5, "edgeitems": 1}, "tensor([0, 1, 2, 3, 4])"),
    "summarised, wrapped": (
        np.arange(2000, dtype=np.float32).reshape(2, 1000),
        {},
        """\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.9700e+02, 9.9800e+02,
         9.9900e+02],
        [1.0000e+03, 1.0010e+03, 1.0020e+03,  ..., 1.9970e+03, 1.9980e+03,
         1.9990e+03]])""",
    ),
    "summarised 3-d": (
        np.arange(120).reshape(5, 4, 6),
        {"edgeitems": 2, "threshold": 100},
        """\
tensor([[[  0,   1,  ...,   4,   5],
         [  6,   7,  ...,  10,  11],
         [ 12,  13,  ...,  16,  17],
         [ 18,  19,  ...,  22,  23]],

        [[ 24,  25,  ...,  28,  29],
         [ 30,  31,  ...,  34,  35],
         [ 36,  37,  ...,  40,  41],
         [ 42,  43,  ...,  46,  47]],

        ...,

        [[ 72,  73,  ...,  76,  77],
         [ 78,  79,  ...,  82,  83],
         [ 84,  85,  ...,  88,  89],
         [ 90,  91,  ...,  94,  95]],

        [[ 96,  97,  ..., 100, 101],
         [102, 103,  ..., 106, 107],
         [108, 109,  ..., 112, 113],
         [114, 115,  ..., 118, 119]]])""",
    ),
    "summarised along one axis": (
        np.arange(2000).reshape(1000, 2),
        {},
        """\
tensor([[   0,    1],
        [   2,    3],
        [   4,    5],
        ...,
        [1994, 1995],
        [1996, 1997],
        [1998, 1999]])""",
    ),
    # options
    "precision": (f32(1.234, 5), {"precision": 2}, "tensor([1.23, 5.00])"),
    "precision 0": (f32(1.234, 5), {"precision": 0}, "tensor([1, 5])"),
    "scientific always": (f32(1, 2), {"sci_mode": True}, "tensor([1.0000e+00, 2.0000e+00])"),
    "scientific always, but zeros": (f32(0, NAN), {"sci_mode": True}, "tensor([0., nan])"),
    "scientific never": (f32(1e10, 5.5), {"sci_mode": False}, "tensor([10000000000.0000,           5.5000])"),
    "edgeitems": (
        np.arange(25).reshape(5, 5),
        {"edgeitems": 1, "threshold": 3},
        """\
tensor([[ 0,  ...,  4],
        ...,
        [20,  ..., 24]])""",
    ),
    "edgeitems set the width": (f32(1, 1e8, 3, 2), {"edgeitems": 1, "threshold": 3}, "tensor([1.,  ..., 2.])"),
    "no edges": (np.arange(25).reshape(5, 5), {"edgeitems": 0, "threshold": 3}, "tensor([...], size=(5, 5))"),
    "no edges, 0-d": (f32(1)[0], {"edgeitems": 0, "threshold": 0}, "tensor(1., size=())"),
    "no edges, not summarised": (f32(1, 2), {"edgeitems": 0}, "tensor([1., 2.], size=(2,))"),
    "narrow": (
        np.arange(3) / 2,
        {"linewidth": 1},
        """\
tensor([0.0000,
        0.5000,
        1.0000],
       dtype=torch.float64)""",
    ),
    "short": (
        np.arange(1500) / 8,
        {"profile": "short"},
        "tensor([0.00e+00, 1.25e-01,  ..., 1.87e+02, 1.87e+02], dtype=torch.float64)",
    ),
}


@pytest.mark.parametrize("name", STORED)
def test_array_prints_as_stored(name: str) -> None:
    array, options, text = STORED[name]
    if options:
        set_both(**options)
    assert repr(Tensor(array)) == text


@needs_torch
@pytest.mark.parametrize("name", STORED)
def test_stored_text_is_what_torch_prints(name: str) -> None:
    array, options, text = STORED[name]
    if options:
        set_both(**options)
    assert repr(to_torch(array)) == text


def test_bfloat16_prints_its_rounded_values() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.array([0.1, 1e38, NAN], ml_dtypes.bfloat16)
    assert repr(Tensor(values)) == "tensor([1.0010e-01, 9.9692e+37,        nan], dtype=torch.bfloat16)"
    assert repr(Tensor(values[0])) == "tensor(0.1001, dtype=torch.bfloat16)"


# ----------------------------------------------------------------------------------------- what stands behind the data

ONES = np.ones(2, np.float32)
NINE = np.full(9, 1.5)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (Tensor(ONES, requires_grad=True), "tensor([1., 1.], requires_grad=True)"),
        (Tensor(ONES, grad_fn="AddBackward0"), "tensor([1., 1.], grad_fn=<AddBackward0>)"),
        (Tensor(ONES[0], grad_fn="SumBackward0"), "tensor(1., grad_fn=<SumBackward0>)"),
        (Tensor(ONES[:0], grad_fn="MulBackward0"), "tensor([], grad_fn=<MulBackward0>)"),
        (Tensor(ONES, device="cuda:0"), "tensor([1., 1.], device='cuda:0')"),
        (
            Tensor(np.zeros((0, 3)), device="cuda:1", requires_grad=True),
            "tensor([], device='cuda:1', size=(0, 3), dtype=torch.float64,\n       requires_grad=True)",
        ),
        (
            Tensor(NINE, grad_fn="MulBackward0"),
            "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000],\n"
            "       dtype=torch.float64, grad_fn=<MulBackward0>)",
        ),
        (Parameter(ONES, requires_grad=True), "Parameter containing:\ntensor([1., 1.], requires_grad=True)"),
        (Parameter(ONES), "Parameter containing:\ntensor([1., 1.])"),
        (Buffer(ONES), "tensor([1., 1.])"),
        (Sub(ONES), "Sub([1., 1.])"),
        (Weight(ONES), "Parameter containing:\nParameter(Weight([1., 1.]))"),
        (
            AnExceptionallyLongName(NINE),
            "AnExceptionallyLongName([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
            "                         1.5000, 1.5000], dtype=torch.float64)",
        ),
    ],
)  # fmt: skip
def test_suffixes_follow_the_numbers(tensor: Tensor, text: str) -> None:
    assert repr(tensor) == text


@needs_torch
@pytest.mark.parametrize("shape", [(0, 3), (4,), (2, 6), (2, 3, 0, 4)])
def test_suffixes_move_to_a_new_line_where_torch_moves_them(shape: tuple[int, ...]) -> None:
    array = np.full(shape, 1.5)
    theirs = to_torch(array).requires_grad_().view(shape)
    for linewidth in range(10, 100):
        set_both(linewidth=linewidth)
        assert repr(Tensor(array, grad_fn="ViewBackward0")) == repr(theirs)


@needs_torch
def test_subclasses_print_like_torch_subclasses() -> None:
    for stub in (Parameter, Weight, Sub, AnExceptionallyLongName):
        base = torch.Tensor if not issubclass(stub, Parameter) else torch.nn.Parameter
        kind = base if stub is Parameter else type(stub.__name__, (base,), {})
        for array in (ONES, NINE, np.full((2, 9), 1.5), np.zeros((0, 2), np.float32)):
            values = to_torch(array)
            theirs = kind(values) if base is torch.nn.Parameter else values.as_subclass(kind)
            assert repr(stub(array, requires_grad=theirs.requires_grad)) == repr(theirs)


@needs_torch
def test_device_stands_where_torch_puts_it() -> None:
    """PyTorch's meta tensors have a device to show and no numbers, so only what follows the numbers is compared."""
    for shape in ((0, 3), (2, 0, 1)):
        theirs = repr(torch.empty(shape, dtype=torch.float64, device="meta"))
        ours = repr(Tensor(np.empty(shape), device="meta"))
        assert ours.removeprefix("tensor([]") == theirs.removeprefix("tensor(...")


@needs_torch
@pytest.mark.parametrize("default", ["float16", "float32", "float64", "bfloat16"])
def test_dtype_is_shown_unless_it_is_evident(default: str) -> None:
    if default == "bfloat16":
        pytest.importorskip("ml_dtypes")
    set_both_default_dtypes(default)
    for dtype in dtypes.ALL:
        if dtype is not dtypes.bfloat16:
            for array in (np.ones(2, dtype.numpy), np.ones(0, dtype.numpy), np.ones((2, 0), dtype.numpy)):
                assert repr(Tensor(array)) == repr(to_torch(array))


# --------------------------------------------------------------------------------------------------- any tensor at all

EDGES = [0.0, -0.0, 1e-4, 9.99e-5, 0.5, 1.0, 999.99, 999.995, 1000.0, 1001.0, 99999.5, 1e8, 1.00000008e8, 3e-39, 1e30]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Any dtype, any shape up to 4-d, now and then a long vector; values of one magnitude or of many, whole or not."""
    dtype = draw(st.sampled_from([d.name for d in dtypes.ALL if d is not dtypes.bfloat16]))
    shape = draw(st.one_of(st.lists(st.integers(0, 4), max_size=4).map(tuple), st.tuples(st.integers(0, 60))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.integers(-30, 30))
    high = low + draw(st.sampled_from([0, 1, 3, 4, 8, 60]))
    kind = draw(st.sampled_from(["fraction", "whole", "edges"]))
    specials = draw(st.sampled_from([0.0, 0.0, 0.2, 0.7, 1.0]))

    def reals() -> np.ndarray:
        values = rng.choice([-1, 1], shape) * 10 ** rng.uniform(low, min(high, 30), shape)
        values = {"fraction": values, "whole": np.round(values), "edges": rng.choice(EDGES, shape)}[kind]
        return np.where(rng.random(shape) < specials, rng.choice([NAN, INF, -INF, 0.0, -0.0], shape), values)

    with np.errstate(all="ignore"):
        if np.dtype(dtype).kind in "biu":
            return rng.integers(-(10 ** draw(st.integers(0, 18))), 10 ** draw(st.integers(1, 18)), shape).astype(dtype)
        if np.dtype(dtype).kind == "c":
            values = np.empty(shape, dtype)
            values.real, values.imag = reals(), reals()
            return values
        return reals().astype(dtype)


any_options = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(["default", "short", "full"]),
        "precision": st.integers(0, 8),
        "threshold": st.sampled_from([0, 5, 20, 100, INF]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.integers(0, 160),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


@needs_torch
@settings(max_examples=1000, deadline=None)
@given(array=arrays(), options=any_options, mode=st.sampled_from(["plain", "leaf", "result"]))
def test_any_tensor_prints_as_in_torch(array: np.ndarray, options: dict[str, Any], mode: str) -> None:
    set_both(profile="default")
    set_both(**options)
    theirs = to_torch(array)
    if mode == "plain" or array.dtype.kind not in "fc":
        ours = Tensor(array)
    elif mode == "leaf":
        theirs, ours = theirs.requires_grad_(), Tensor(array, requires_grad=True)
    else:
        theirs = theirs.requires_grad_().view(array.shape)
        ours = Tensor(array, grad_fn="ViewBackward0")
    assert repr(ours) == repr(theirs)


@needs_torch
@settings(max_examples=100, deadline=None)
@given(array=arrays(), precision=st.integers(0, 5))
def test_any_bfloat16_tensor_prints_as_in_torch(array: np.ndarray, precision: int) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with np.errstate(all="ignore"):
        array = array.real.astype(np.float32).astype(ml_dtypes.bfloat16)
    set_both(precision=precision)
    assert repr(Tensor(array)) == repr(to_torch(array))


# ------------------------------------------------------------------------------------------------------------- options


@needs_torch
def test_options_add_up_as_in_torch() -> None:
    calls: list[dict[str, Any]] = [
        {"precision": 7},
        {"sci_mode": True},
        {"linewidth": 120},  # which also ends sci_mode
        {"profile": "short"},
        {"profile": "full", "edgeitems": 1},
        {"profile": "full", "threshold": 7, "sci_mode": False},
        {},
        {"profile": "default"},
    ]
    for call in calls:
        set_both(**call)
        assert get_printoptions() == torch._tensor_str.get_printoptions()


def test_linewidth_may_be_infinite() -> None:
    assert format_array(np.arange(500), options=PrintOptions(linewidth=INF)).count("\n") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "SHORT"}, "expected profile to be one of default, short, full, got 'SHORT'"),
        ({"precision": -1}, "expected precision to be an integer of at least 0, got -1"),
        ({"edgeitems": 1.5}, "expected edgeitems to be an integer of at least 0, got 1.5"),
        ({"linewidth": "wide"}, "expected linewidth to be a number, got 'wide'"),
    ],
)
def test_options_that_could_not_be_printed_with_are_refused(options: dict[str, Any], message: str) -> None:
    before = get_printoptions()
    with pytest.raises(ValueError, match=message):
        set_printoptions(**options)
    assert get_printoptions() == before


# ------------------------------------------------------------------------------------------------------- speed and GPU


class DeviceArray:
    """An array on a device: it can be sliced there, and comes to the host only by `get`, which counts elements."""

    def __init__(self, host: np.ndarray, fetched: list[int]):
        self._host, self._fetched = host, fetched
        self.shape, self.ndim, self.size, self.dtype = host.shape, host.ndim, host.size, host.dtype

    def __getitem__(self, index: tuple[slice, ...]) -> DeviceArray:
        return DeviceArray(self._host[index], self._fetched)

    def get(self) -> np.ndarray:
        self._fetched.append(self.size)
        return self._host

    def __array__(self, *arguments: Any, **keywords: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed")


@pytest.mark.parametrize(
    ("shape", "shown"), [((), 1), ((3, 4), 12), ((2000,), 6), ((20, 30, 40), 216), ((1000, 2), 12), ((0, 3), 0)]
)
def test_only_what_is_shown_leaves_the_device(shape: tuple[int, ...], shown: int) -> None:
    host, fetched = np.arange(math.prod(shape)).reshape(shape), []  # type: ignore[var-annotated]
    assert format_array(DeviceArray(host, fetched)) == format_array(host)
    assert sum(fetched) == shown


def test_only_what_is_shown_is_read() -> None:
    """A terabyte would take minutes to read."""
    text = format_array(np.broadcast_to(np.float32(1), (10**6, 10**6)))
    row = "[1., 1., 1.,  ..., 1., 1., 1.]"
    assert text == "[" + ",\n ".join([row] * 3 + ["..."] + [row] * 3) + "]"


def test_a_small_tensor_prints_in_well_under_a_millisecond() -> None:
    tensor = Tensor(np.linspace(-1, 1, 10, dtype=np.float32), grad_fn="AddBackward0")

    def seconds() -> float:
        start = time.perf_counter()
        repr(tensor)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(20)) < 0.3e-3


# ----------------------------------------------------------------------------------------------- minigrad's own tensors


@pytest.mark.cpu_only  # on a GPU they name their device
def test_minigrad_tensors_print_through_repr_and_str() -> None:
    x = minigrad.tensor([1.5, 2.0], requires_grad=True)
    assert repr(x) == str(x) == "tensor([1.5000, 2.0000], requires_grad=True)"
    assert repr(x + 1) == "tensor([2.5000, 3.0000], grad_fn=<AddBackward0>)"
    assert repr((x * 2).sum()) == "tensor(7., grad_fn=<SumBackward0>)"
    assert repr(minigrad.tensor([True])) == "tensor([True])"
    assert repr(minigrad.tensor([])) == "tensor([])"
    assert repr(minigrad.zeros(0, 3, dtype=minigrad.int64)) == "tensor([], size=(0, 3), dtype=torch.int64)"
    assert repr(minigrad.tensor(3, dtype=minigrad.uint8)) == "tensor(3, dtype=torch.uint8)"


@pytest.mark.cpu_only
def test_minigrad_parameters_print_as_parameters() -> None:
    weight = minigrad.nn.Parameter(minigrad.ones(2))
    assert repr(weight) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


@pytest.mark.cpu_only
def test_set_printoptions_is_public() -> None:
    minigrad.set_printoptions(precision=2)
    assert repr(minigrad.tensor([1.2345])) == "tensor([1.23])"
