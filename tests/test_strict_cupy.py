"""The stand-in for CuPy stands where CuPy would, refuses what CuPy refuses, and otherwise has NumPy's values."""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import strict_cupy
import strict_cupy_names as names
from strict_cupy import UndefinedOnGPU, cupy, cupyx, numbered


@pytest.fixture
def xp() -> Iterator[ModuleType]:
    already = sys.modules.get("cupy") is cupy
    yield strict_cupy.install()
    if not already:
        strict_cupy.uninstall()


# ---- it stands where CuPy would --------------------------------------------------------------------------------------


@pytest.mark.cpu_only  # the whole run needs it installed
def test_import_finds_the_stand_in_until_it_is_uninstalled():
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("cupy", "cupyx")}
    assert strict_cupy.install() is strict_cupy.install() is importlib.import_module("cupy")
    for name in ("linalg", "fft", "cuda", "cuda.runtime", "lib.stride_tricks", "exceptions"):
        assert importlib.import_module(f"cupy.{name}").__name__ == f"cupy.{name}"
    assert importlib.import_module("cupyx.scipy.special").erf
    assert importlib.util.find_spec("cupy") is not None
    strict_cupy.uninstall()
    after = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("cupy", "cupyx")}
    assert after == before


def test_the_module_of_an_array_can_be_found_from_it(xp):
    x, host = numbered(3)
    assert xp.get_array_module(x) is xp and xp.get_array_module(host) is np
    assert sys.modules[type(x).__module__] is xp
    assert isinstance(x, xp.ndarray) and not isinstance(x, np.ndarray)


def test_there_is_one_device_and_no_other(xp):
    x, _ = numbered(3)
    assert xp.cuda.is_available() and xp.cuda.runtime.getDeviceCount() == 1
    assert x.device == xp.cuda.Device(0) and x.device.id == 0
    with xp.cuda.Device(0), xp.cuda.Stream() as stream:
        stream.synchronize()
    for use in (xp.cuda.Device(1).use, xp.cuda.Device(1).__enter__, lambda: xp.cuda.runtime.setDevice(1)):
        with pytest.raises(xp.cuda.runtime.CUDARuntimeError, match="invalid device ordinal"):
            use()


def test_random_numbers_of_cupy_are_refused(xp):
    with pytest.raises(RuntimeError, match="own generators"):
        xp.random.normal(size=3)


# ---- what it does not have -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in names.LACKING_IN_CUPY.split() if "." not in n])
def test_what_cupy_lacks_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match="NumPy has it, CuPy does not"):
        getattr(cupy, name)


@pytest.mark.parametrize("name", [n[7:] for n in names.LACKING_IN_CUPY.split() if n.startswith("linalg.")])
def test_what_linalg_of_cupy_lacks_is_an_attribute_error(name):
    assert hasattr(np.linalg, name) and not hasattr(cupy.linalg, name)


@pytest.mark.parametrize("name", ["ElementwiseKernel", "RawKernel", "fuse", "put", "vectorize", "mgrid"])
def test_what_only_the_stand_in_lacks_is_not_an_attribute_error(name):
    with pytest.raises(NotImplementedError, match="does not cover it"):
        getattr(cupy, name)


@pytest.mark.parametrize("name", ["put", "ptp", "flat", "toDlpack", "dump"])
def test_methods_that_only_the_stand_in_lacks_say_so(name):
    with pytest.raises(NotImplementedError, match="does not cover it"):
        getattr(numbered(3)[0], name)


def test_methods_and_attributes_that_cupy_lacks_are_missing():
    x, _ = numbered(2, 2)
    extra = {name for name in dir(x) if not name.startswith("_")} - {name for name in dir(np.ndarray)}
    assert extra == {"get", "scatter_add", "scatter_max", "scatter_min", "set"}
    for name in ("setflags", "resize", "itemset", "newbyteorder", "tostring", "getfield", "ctypes", "__index__"):
        assert not hasattr(x, name)
    assert not hasattr(x.flags, "writeable")
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: cupy.sum(x, where=x > 2),
        lambda x: cupy.max(x, initial=0.0),
        lambda x: cupy.mean(x, where=True),
        lambda x: x.sum(where=True),
        lambda x: cupy.add(x, x, where=True),
        lambda x: cupy.exp(x, order="C"),
        lambda x: cupy.exp(x, subok=True),
        lambda x: cupy.take(x, 0, mode="clip"),
        lambda x: x.take(0, mode="clip"),
        lambda x: cupy.sort(x, stable=True),
        lambda x: cupy.unique(x, sorted=False),
        lambda x: cupy.clip(x, min=0.0),
        lambda x: cupy.clip(x, 0.0),
        lambda x: cupy.argmax(x, 0, None),
        lambda x: cupy.count_nonzero(x, keepdims=True),
        lambda x: cupy.einsum("i->", x, out=x),
        lambda x: cupy.broadcast_to(x, (3, 3), subok=True),
        lambda x: cupy.take_along_axis(x, cupy.zeros(1, int)),
        lambda x: cupy.zeros(3, device="cpu"),
        lambda x: cupy.zeros_like(x, subok=False),
        lambda x: cupy.var(x, correction=1),
        lambda x: cupy.quantile(x, 0.5, weights=x),
        lambda x: cupy.lib.stride_tricks.as_strided(x, (1,), (4,), writeable=True),
        lambda x: cupy.linalg.cholesky(cupy.eye(2), upper=True),
        lambda x: x.astype(int, casting="safe"),
    ],
)
def test_arguments_that_cupy_does_not_know_are_type_errors(call):
    with pytest.raises(TypeError):
        call(numbered(3)[0])


# ---- NumPy arrays stay outside ---------------------------------------------------------------------------------------

host_array = np.ones(3, np.float32)
MIXING = {
    "add": lambda x, h: x + h,
    "radd": lambda x, h: h + x,
    "iadd": lambda x, h: x.__iadd__(h),
    "matmul": lambda x, h: x @ h,
    "rmatmul": lambda x, h: h @ x,
    "compare": lambda x, h: x < h,
    "rcompare": lambda x, h: h == x,
    "0-d": lambda x, h: x * np.array(2.0),
    "r0-d": lambda x, h: np.array(2.0) * x,
    "ufunc": lambda x, h: cupy.maximum(x, h),
    "ufunc out": lambda x, h: cupy.exp(x, out=h),
    "function": lambda x, h: cupy.concatenate([x, h]),
    "function alone": lambda x, h: cupy.sum(h),
    "where": lambda x, h: cupy.where(x > 0, x, h),
    "out": lambda x, h: cupy.sum(x, axis=0, out=h),
    "method": lambda x, h: x.dot(h),
    "index": lambda x, h: x[np.array([0, 1])],
    "index in a tuple": lambda x, h: x[..., np.array([0, 1])],
    "set index": lambda x, h: x.__setitem__(np.array([0, 1]), 0.0),
    "set value": lambda x, h: x.__setitem__(slice(None), h),
    "set 0-d value": lambda x, h: x.__setitem__(0, np.array(1.0)),
    "set by an index array": lambda x, h: x.__setitem__([0, 1, 2], h),
    "take": lambda x, h: cupy.take(x, np.array([0])),
    "fill": lambda x, h: x.fill(h),
    "add.at": lambda x, h: cupy.add.at(x, [0, 1, 2], h),
    "einsum": lambda x, h: cupy.einsum("i,i->", x, h),
    "linalg": lambda x, h: cupy.linalg.norm(h),
}


@pytest.mark.parametrize("mix", MIXING.values(), ids=MIXING)
def test_a_numpy_array_is_refused_everywhere(mix):
    with pytest.raises(TypeError, match=r"Unsupported type|must be cupy\.ndarray"):
        mix(numbered(3)[0], host_array)


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        np.array,
        lambda x: np.array([x[0]]),
        lambda x: np.float32(x[0]),
        lambda x: cupy.array([x[0], 1.0]),
        lambda x: cupy.array([x, host_array]),
        lambda x: memoryview(x),
    ],
)
def test_nothing_leaves_the_gpu_unasked(convert):
    with pytest.raises(TypeError):
        convert(numbered(3)[0])


@pytest.mark.parametrize(
    "call",
    [
        np.sum,
        np.exp,
        np.shape,
        np.ndim,
        np.iscomplexobj,
        np.concatenate,
        np.linalg.norm,
        np.add.reduce,
        lambda x: np.add(x, x),
        lambda x: np.add(x, 1),
        lambda x: np.where(x > 0, x, x),
        lambda x: np.result_type(x),
        lambda x: np.copyto(x, 0),
    ],
)
def test_numpy_functions_do_not_see_through_it(call):
    x = numbered(3)[0]
    with pytest.raises(TypeError, match="must go through xp"):
        call([x, x] if call is np.concatenate else x)


@pytest.mark.parametrize(
    "use",
    [
        lambda n: cupy.zeros(n),
        lambda n: cupy.zeros((n, 2)),
        lambda n: range(n),
        lambda n: [1, 2, 3][n],
        lambda n: cupy.zeros(3)[:n],
        lambda n: cupy.zeros(6).reshape(n, -1),
        lambda n: cupy.sum(cupy.zeros((2, 2, 2)), axis=n),
        lambda n: cupy.broadcast_to(cupy.zeros(1), (n,)),
        lambda n: cupy.pad(cupy.zeros(3), n),
        lambda n: cupy.arange(n),
        lambda n: cupy.tile(cupy.zeros(3), n),
    ],
)
def test_an_array_is_not_an_integer_of_the_host(use):
    with pytest.raises(TypeError):
        use(cupy.asarray(2))


def test_numpy_scalars_and_python_numbers_are_welcome_on_both_sides():
    x, host = numbered(3)
    for scalar in (2, 2.0, True, np.float32(2), np.int64(2), np.float64(2)):
        for ours, numpys in [(x * scalar, host * scalar), (scalar * x, scalar * host), (scalar < x, scalar < host)]:
            assert type(ours) is cupy.ndarray and ours.dtype == numpys.dtype
            np.testing.assert_array_equal(ours.get(), numpys)
    x[0] = np.float32(7)
    assert x.tolist() == [7.0, 2.0, 3.0]


@pytest.mark.parametrize("other", [[1, 2, 3], None, "1", object(), (1, 2, 3)])
def test_other_objects_are_not_operands(other):
    x = numbered(3)[0]
    for use in (lambda: x + other, lambda: cupy.add(x, other), lambda: x == other, lambda: x.__setitem__(0, other)):
        with pytest.raises(TypeError, match="Unsupported type"):
            use()


def test_operators_leave_the_work_to_an_object_that_asks_for_it():
    class Tensor:
        __array_ufunc__ = None

        def __radd__(self, other):
            return "Tensor decides"

    class Louder:
        __array_priority__ = 1000
        __rmatmul__ = Tensor.__radd__

    assert numbered(3)[0] + Tensor() == numbered(3)[0] @ Louder() == "Tensor decides"


@pytest.mark.parametrize("dtype", ["O", "U3", "longdouble", "M8[s]", ">f4"])
def test_dtypes_without_a_gpu_type_are_refused(dtype):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cupy.zeros(3, dtype) if dtype != ">f4" else cupy.asarray(np.zeros(3, dtype))


def test_only_arrays_are_reduced_or_joined():
    x = numbered(3)[0]
    for function, *args in [(cupy.sum, [1, 2]), (cupy.max, 3), (cupy.concatenate, [x, [1.0]]), (cupy.dot, x, 2)]:
        with pytest.raises(TypeError):
            function(*args)


# ---- functions -------------------------------------------------------------------------------------------------------

SAMPLE = {
    "sum": lambda xp, x, i: xp.sum(x, axis=(0, 2), keepdims=True),
    "var": lambda xp, x, i: x.var(axis=1, ddof=1),
    "argmax": lambda xp, x, i: xp.argmax(x, axis=-1, keepdims=True),
    "cumsum": lambda xp, x, i: xp.cumsum(x, axis=1),
    "matmul": lambda xp, x, i: xp.matmul(x, x.swapaxes(1, 2)),
    "einsum": lambda xp, x, i: xp.einsum("bij,bkj->bik", x, x, optimize=True),
    "tensordot": lambda xp, x, i: xp.tensordot(x, x, axes=([1], [1])),
    "where": lambda xp, x, i: xp.where(x > 5, x, 0.0),
    "clip": lambda xp, x, i: xp.clip(x, 2.0, None),
    "concatenate": lambda xp, x, i: xp.concatenate([x, x], axis=1),
    "stack": lambda xp, x, i: xp.stack([x, x], axis=-1),
    "split": lambda xp, x, i: xp.split(x, [1, 2], axis=1)[1],
    "transpose": lambda xp, x, i: xp.transpose(x, (2, 0, 1)),
    "reshape": lambda xp, x, i: xp.reshape(x, (-1, 4), copy=True),
    "broadcast_to": lambda xp, x, i: xp.broadcast_to(x[:, :1], x.shape),
    "pad": lambda xp, x, i: xp.pad(x, ((0, 0), (1, 2), (1, 1)), mode="reflect"),
    "roll": lambda xp, x, i: xp.roll(x, (1, 2), axis=(1, 2)),
    "flip": lambda xp, x, i: xp.flip(x, axis=(0, 1)),
    "repeat": lambda xp, x, i: xp.repeat(x, 2, axis=1),
    "tile": lambda xp, x, i: xp.tile(x, (1, 2, 1)),
    "tril": lambda xp, x, i: xp.tril(x, k=-1),
    "sort": lambda xp, x, i: xp.sort(-x, axis=1),
    "argsort": lambda xp, x, i: xp.argsort(-x, axis=None),
    "searchsorted": lambda xp, x, i: xp.searchsorted(x.ravel(), x[0, 0], side="right"),
    "unique": lambda xp, x, i: xp.unique(i, return_inverse=True, return_counts=True)[1],
    "bincount": lambda xp, x, i: xp.bincount(i, weights=x[0, 0, :3], minlength=5),
    "take": lambda xp, x, i: xp.take(x, i, axis=2),
    "take_along_axis": lambda xp, x, i: xp.take_along_axis(x, i.reshape(1, 1, 3) + 0 * x[..., :1].astype(int), -1),
    "nonzero": lambda xp, x, i: xp.nonzero(x > 7)[1],
    "quantile": lambda xp, x, i: xp.quantile(x, 0.3, axis=0),
    "lexsort": lambda xp, x, i: xp.lexsort(xp.stack([i, -i])),
    "nan_to_num": lambda xp, x, i: xp.nan_to_num(x / 0),
    "linspace": lambda xp, x, i: xp.linspace(0, 1, 5, dtype="float32"),
    "arange": lambda xp, x, i: xp.arange(0, 1, 0.25),
    "meshgrid": lambda xp, x, i: xp.meshgrid(i, i, indexing="ij")[0],
    "full_like": lambda xp, x, i: xp.full_like(x, 3),
    "solve": lambda xp, x, i: xp.linalg.solve(x[0, :2, :2], x[0, :2, :1]),
    "svd": lambda xp, x, i: xp.linalg.svd(x[0])[1],
    "rfft": lambda xp, x, i: xp.fft.rfft(x, axis=-1),
    "fancy": lambda xp, x, i: x[:, i[:, None] - 1, i],
    "mask": lambda xp, x, i: x[x > 4],
}


@pytest.mark.parametrize("use", SAMPLE.values(), ids=SAMPLE)
def test_functions_have_numpys_values_and_dtypes(use):
    x, host = numbered(2, 3, 4)
    with np.errstate(all="ignore"):
        expected = use(np, host, np.array([1, 0, 2]))
    result = use(cupy, x, cupy.asarray([1, 0, 2]))
    assert type(result) is cupy.ndarray
    np.testing.assert_array_equal(result.get(), expected, strict=True)


def test_divisions_by_zero_do_not_warn(recwarn):
    x = numbered(3)[0]
    assert bool(cupy.isinf(x / 0).all()) and bool(cupy.isnan(cupy.log(-x)).all())
    assert not recwarn.list


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_casting_a_float_that_does_not_fit_is_undefined(value):
    x = cupy.asarray([value])
    for cast in (lambda: x.astype("int32"), lambda: cupy.zeros(1, "int32").__setitem__(0, x[0])):
        with pytest.raises(UndefinedOnGPU, match="cannot hold"):
            cast()


def test_linalg_does_not_notice_a_singular_matrix():
    singular = cupy.ones((2, 2))
    for call in (cupy.linalg.inv, lambda a: cupy.linalg.solve(a, a[0]), lambda a: cupy.linalg.cholesky(-a)):
        with pytest.raises(UndefinedOnGPU):
            call(singular)
        with cupyx.errstate(linalg="raise"), pytest.raises(np.linalg.LinAlgError):
            call(singular)
    with pytest.raises(np.linalg.LinAlgError):
        cupy.linalg.inv(cupy.ones((2, 3)))
    with pytest.raises(TypeError):
        cupy.linalg.inv(cupy.eye(2, dtype="float16"))
    with pytest.raises(ValueError, match="does not broadcast"):
        cupy.linalg.solve(cupy.ones((4, 2, 2)), cupy.ones((2, 1)))
    assert type(cupy.linalg.eigh(cupy.eye(2))) is tuple


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: x.T.sort(), NotImplementedError),
        (lambda x: cupy.sort(x, kind="quicksort"), ValueError),
        (lambda x: cupy.quantile(x, 0.5, method="hazen"), ValueError),
        (lambda x: cupy.quantile(x / 0 * 0, 0.5), UndefinedOnGPU),
        (lambda x: cupy.pad(x, 1, mode="median"), ValueError),
        (lambda x: cupy.empty_like(x, shape=()), UndefinedOnGPU),
        (lambda x: cupy.lexsort((x[0], x[1])), TypeError),
        (lambda x: cupy.meshgrid(x, x), ValueError),
        (lambda x: cupy.unravel_index(3, (2, 3)), TypeError),
        (lambda x: cupy.searchsorted(x[0], np.float32(1)), NotImplementedError),
        (lambda x: cupy.histogram(x, bins="auto"), NotImplementedError),
        (lambda x: cupy.array(np.zeros(3), copy=False), ValueError),
        (lambda x: cupy.concatenate([x[0, 0], x[0, 0]]), (TypeError, ValueError)),
    ],
)
def test_single_functions_refuse_what_cupy_refuses(call, error):
    with pytest.raises(error):
        call(numbered(2, 3)[0])


def test_diag_is_a_copy_though_it_is_a_view_in_numpy():
    x = numbered(2, 2)[0]
    diagonal = cupy.diag(x)
    diagonal += 1
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]] and diagonal.tolist() == [2.0, 5.0]


def test_a_list_of_arrays_becomes_an_array():
    x, host = numbered(3)
    np.testing.assert_array_equal(cupy.array([x, x]).get(), [host, host])
    np.testing.assert_array_equal(cupy.asarray([[x[0]], [x[1]]]).get(), [[1], [2]])
    assert cupy.asarray(host).get() is not host and cupy.asarray(np.asfortranarray(np.eye(3))).flags.f_contiguous


def test_arange_takes_its_default_dtype_from_the_kind_of_its_numbers():
    assert cupy.arange(3).dtype == "int64" and cupy.arange(np.int8(3)).dtype == "int64"
    assert cupy.arange(3.0).dtype == cupy.arange(np.float32(3)).dtype == "float64"


def test_special_functions_come_from_cupyx():
    special = importlib.import_module("scipy.special") if importlib.util.find_spec("scipy") else None
    x, host = numbered(3)
    result = cupyx.scipy.special.erf(x)
    assert type(result) is cupy.ndarray and result.dtype == "float32"
    np.testing.assert_allclose(result.get(), [math.erf(v) for v in host], rtol=1e-6)
    if special:
        np.testing.assert_array_equal(cupyx.scipy.special.digamma(x).get(), special.digamma(host))


# ---- and the list of names is CuPy's ---------------------------------------------------------------------------------


def test_the_names_are_those_of_the_installed_cupy():
    real = pytest.importorskip("cupy")
    if real is cupy:
        pytest.skip("the stand-in stands where CuPy would")
    if real.__version__ != names.CUPY_VERSION:
        pytest.skip(f"the names are CuPy {names.CUPY_VERSION}'s, installed is {real.__version__}")
    assert Path(names.__file__).read_text().endswith(names.generate())
