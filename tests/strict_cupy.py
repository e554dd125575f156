"""A stand-in for CuPy that runs on the CPU, so that every test can take the GPU code path on a machine without a GPU.

`install()` puts it at `sys.modules["cupy"]` (and `cupyx`), `uninstall()` takes it away. It computes with NumPy and
behaves like CuPy 14.2 where the two differ; where CuPy's answer would be undefined or is not reproduced here, it
raises (`UndefinedOnGPU`, `NotImplementedError`): it may refuse what CuPy accepts, it must not accept what CuPy
refuses. What exists, with which arguments and dtypes, is not from memory: `strict_cupy_names.py` holds it, generated
from CuPy itself. Next: `strict_cupy_array.py` (the array), `strict_cupy_ufunc.py`.

What differs from NumPy, and is therefore enforced here:

- Arrays never mix with NumPy's (`np.float32(2) * x` and Python numbers are fine; an array, even 0-d, is not), are
  never converted silently (`.get()` or `asnumpy`; no `__index__`, so no array as a shape, axis or slice bound), and
  NumPy functions and ufuncs called on them raise here, though CuPy forwards some: code must go through `xp`.
- Reductions and full indexing give 0-d arrays, never scalars. `x[0]` of a vector is a *view*; indexing by a 0-d array
  is a copy. Two boolean arrays in one index are refused.
- Ufuncs take arrays and scalars, no lists; `out=`, `dtype=`, `casting=` are all their keywords, no `where=`. Only
  `add` and `multiply` have `reduce` and `accumulate` (no `maximum.accumulate`), only `add` has `reduceat`; `.at`
  exists for `add`, `subtract`, `maximum`, `minimum` and `bitwise_and/or/xor`, each for few dtypes (`AT_DTYPES`).
  `xp.add.at` runs on both libraries; `cupyx.scatter_add` warns that it is deprecated in favour of it.
- Reductions have no `where=` and no `initial=`; `take` no `mode=`, `sort` and `argsort` no kind but stable,
  `argmax`'s `out` and `keepdims` go by keyword, `einsum` has no `out=`, `clip(a, a_min, a_max)` no `min=`/`max=`,
  `count_nonzero` no `keepdims=`, `cholesky` no `upper=`, `as_strided` no `writeable=`, nothing has `like=` or
  `device=`.
- Out-of-range entries of an integer *array* index wrap around silently; a plain integer still raises IndexError.
- Assigning different values to one place, through an index array or to an array that overlaps itself, is undefined and
  refused (`xp.add.at` is not). So are float-to-integer casts out of range, `as_strided` beyond the memory, quantiles of
  NaN, and singular matrices: CuPy's linalg does not raise LinAlgError, unless within `cupyx.errstate(linalg="raise")`.
  `empty()` is filled with NaN.
- `linalg.solve` does not broadcast batches; linalg returns plain tuples without field names.
- Results of ufuncs, reductions and fancy indexing are C-contiguous whatever the inputs were, and `as_strided` returns
  an array whose `.base` is None. No floating-point warnings, and no `errstate`. Arrays are unhashable.
- `ndarray.sort` works on contiguous arrays only, `concatenate` on arrays only, `lexsort` on one 2-d array, `meshgrid`
  on vectors; the `v` of `searchsorted` is an array or a Python number; comparing with None raises here.

Names that NumPy has and CuPy lacks, of those that a framework might reach for: block, insert, unstack, geomspace,
nanquantile, nanpercentile, histogram_bin_edges, einsum_path, vecdot, matvec, vecmat, spacing, ndenumerate, nditer,
frompyfunc, errstate, seterr, longdouble, object and string dtypes, linalg.{multi_dot, vector_norm, matrix_norm,
vecdot, svdvals, outer, trace, diagonal, tensordot}; the whole list is `LACKING_IN_CUPY`. `cupy.random` exists but is
refused: generators are ours. Kernels in CUDA C and `fuse` are refused too, for nothing here could check them.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import math
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import strict_cupy_names as names
from strict_cupy_array import (
    CUDARuntimeError,
    Device,
    MemoryPointer,
    UndefinedOnGPU,
    checked_dtype,
    lift,
    lower,
    ndarray,
    operand,
    owner,
    parse,
    poison,
    shared,
    wrap,
)
from strict_cupy_ufunc import UFUNCS, matmul, ufunc

__all__ = ["UndefinedOnGPU", "cupy", "cupyx", "install", "uninstall"]


# ---- from the host and back ------------------------------------------------------------------------------------------


def array(obj: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", ndmin: int = 0) -> ndarray:
    """The one door in: here alone a NumPy array is welcome."""
    order = order or "K"
    inside: list[ndarray] = []
    leaves = list(flatten(obj)) if isinstance(obj, list | tuple) else []
    if isinstance(obj, ndarray):
        host = lower(obj, inside)
    elif any(isinstance(leaf, ndarray) for leaf in leaves):
        if not all(isinstance(leaf, ndarray) and leaf.shape == leaves[0].shape for leaf in leaves):
            raise TypeError("a list of cupy arrays must hold nothing else, and arrays of one shape")
        host = np.asarray(lower(obj, inside))
    else:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array on the GPU from one on the host.")
        host = np.asarray(obj)
        order = order if order in "CF" else "F" if host.flags.fnc else "C"
        copy = True
    made = np.array(host, checked_dtype(host.dtype if dtype is None else dtype), copy=copy, order=order, ndmin=ndmin)
    return lift(made, inside, keep_order=True)


def flatten(nested: Any) -> Iterator[Any]:
    for item in nested:
        if isinstance(item, list | tuple):
            yield from flatten(item)
        else:
            yield item


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> ndarray:
    return array(a, dtype, copy=copy, order=order)


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> np.ndarray:
    if isinstance(a, ndarray):
        return a.get(stream, order, out, blocking)
    return np.asarray(a, order=order)  # type: ignore[call-overload]


def get_array_module(*args: Any) -> Any:
    return cupy if any(isinstance(a, ndarray) for a in args) else np


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    return ndarray(shape, dtype, order=order)


def empty_like(prototype: ndarray, *args: Any, **kwargs: Any) -> ndarray:
    made = shared(np.empty_like, "empty_like", FUNCTIONS["empty_like"])(prototype, *args, **kwargs)
    poison(made._array)
    return made


# ---- indexing and views ----------------------------------------------------------------------------------------------


def take_along_axis(a: ndarray, indices: ndarray, axis: int | None) -> ndarray:
    return (a.ravel() if axis is None else a)[along_axis(a, indices, axis)]


def put_along_axis(arr: ndarray, indices: ndarray, values: Any, axis: int | None) -> None:
    if axis is None:
        raise NotImplementedError("put_along_axis(axis=None)")
    arr[along_axis(arr, indices, axis)] = values


def along_axis(a: ndarray, indices: ndarray, axis: int | None) -> tuple[ndarray, ...]:
    """The index that picks `indices` on one axis and every position on the others."""
    places = operand(indices)
    if not isinstance(places, np.ndarray) or places.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        return (indices,)
    if a.ndim != indices.ndim or not -a.ndim <= axis < a.ndim:
        raise ValueError("`indices` and `a` must have the same number of dimensions, and axis must be one of them")
    key = [np.arange(n).reshape((-1,) + (1,) * (a.ndim - 1 - d)) for d, n in enumerate(a.shape)]
    return tuple(indices if d == axis % a.ndim else wrap(place) for d, place in enumerate(key))


def as_strided(x: ndarray, shape: Any = None, strides: Any = None) -> ndarray:
    """Like CuPy's, which has no `writeable=` and forgets the base; unlike it, checked against the memory's end."""
    shape, strides = (have if new is None else tuple(new) for new, have in ((shape, x.shape), (strides, x.strides)))
    view = np.lib.stride_tricks.as_strided(x._array, lower(shape, []), lower(strides, []))
    memory = np.asarray(owner(x._array))
    if view.size:
        (low, high), (start, end) = np.lib.array_utils.byte_bounds(view), np.lib.array_utils.byte_bounds(memory)
        if low < start or high > end:
            raise UndefinedOnGPU(f"as_strided{(shape, strides)} reaches {max(start - low, high - end)} bytes too far")
    made = wrap(view, x)
    made.base = None
    return made


def sliding_window_view(x: ndarray, window_shape: Any, axis: Any = None) -> ndarray:
    made = wrap(np.lib.stride_tricks.sliding_window_view(x._array, window_shape, axis), x)
    made.base = None
    return made


# ---- linear algebra and special functions ----------------------------------------------------------------------------

raise_in_linalg = False


@contextlib.contextmanager
def errstate(*, linalg: str | None = None) -> Iterator[None]:
    """`cupyx.errstate(linalg="raise")`: the only way to hear of a singular matrix."""
    global raise_in_linalg
    before, raise_in_linalg = raise_in_linalg, raise_in_linalg if linalg is None else linalg == "raise"
    try:
        yield
    finally:
        raise_in_linalg = before


def without_verdict(function: Callable) -> Callable:
    """CuPy does not look at what the solver reports, to save the wait; it returns numbers all the same."""

    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except np.linalg.LinAlgError as error:
            if raise_in_linalg or not any(word in str(error) for word in ("Singular", "positive definite", "converge")):
                raise
            raise UndefinedOnGPU(f"{error}: CuPy returns numbers without raising LinAlgError") from None

    return run


def special_function(name: str) -> Callable:
    """A function of `cupyx.scipy.special`, by SciPy if it is installed; of a few the standard library knows as well."""

    def run(*args: Any) -> Any:
        values = [operand(value) for value in args]
        if any(value.dtype.char not in "fd" for value in values if isinstance(value, np.ndarray)):
            raise NotImplementedError(f"cupyx.scipy.special.{name}: the stand-in takes float32 and float64")
        try:
            import scipy.special

            function = getattr(scipy.special, name)
        except ImportError:
            scalar = {"erf": math.erf, "erfc": math.erfc, "gammaln": math.lgamma}[name]
            function = np.vectorize(scalar, otypes=[np.result_type(*values)])
        with np.errstate(all="ignore"):
            return lift(function(*values), [])

    return run


def rsqrt(x: ndarray) -> ndarray:
    return UFUNCS["reciprocal"](UFUNCS["sqrt"](x))


def scatter(method: str) -> Callable:
    def run(a: ndarray, slices: Any, value: Any) -> None:
        message = f"`ndarray.scatter_*` is deprecated. Please use `cupy.{method}.at` instead."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        UFUNCS[method].at(a, slices, value)

    return run


# ---- cupy.cuda -------------------------------------------------------------------------------------------------------


class Stream:
    """A stream with nothing to wait for."""

    null: Stream

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.ptr, self.done = 0, True

    def synchronize(self) -> None:
        pass

    def use(self) -> Stream:
        return self

    def record(self, event: Event | None = None) -> Event:
        return event or Event()

    def wait_event(self, event: Event) -> None:
        pass

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *failure: object) -> None:
        pass


Stream.null = Stream(null=True)


class Event:
    """An event that has happened already."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self.done = True

    def record(self, stream: Stream | None = None) -> None:
        pass

    def synchronize(self) -> None:
        pass


class MemoryPool:
    """A pool that NumPy keeps empty."""

    def free_all_blocks(self, stream: Any = None) -> None:
        pass

    def used_bytes(self) -> int:
        return 0

    free_bytes = total_bytes = n_free_blocks = used_bytes


POOL = MemoryPool()


def set_device(device: int) -> None:
    Device(device).use()


# ---- the modules -----------------------------------------------------------------------------------------------------

FUNCTIONS = parse(names.FUNCTIONS)


def missing(module: str, lacking: str = "", not_covered: str = "") -> Callable[[str], Any]:
    """A module's `__getattr__`: what CuPy lacks is an AttributeError, what only the stand-in lacks says so."""

    def look_up(name: str) -> Any:
        if name in not_covered.split():
            raise NotImplementedError(f"{module}.{name} exists in CuPy; the stand-in does not cover it")
        known = " (NumPy has it, CuPy does not)" if name in lacking.split() else ""
        raise AttributeError(f"module {module!r} has no attribute {name!r}{known}")

    return look_up


def refuse_random(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise RuntimeError(f"cupy.random.{name}: minigrad draws its random numbers from its own generators")


def module(name: str, attributes: dict[str, Any], look_up: Callable[[str], Any] | None = None) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    made.__path__ = []
    made.__dict__.update(attributes, __getattr__=look_up or missing(name))
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(MODULES[parent], child, made)
    MODULES[name] = made
    return made


def from_numpy(space: Any, table: str, around: Callable[[Callable], Callable] = lambda f: f) -> dict[str, Callable]:
    """The functions of a table, made from NumPy's."""
    signatures = parse(table).items()
    return {n: shared(around(getattr(space, n)), n, signature) for n, signature in signatures if hasattr(space, n)}


MODULES: dict[str, types.ModuleType] = {}
cupy = module(
    "cupy",
    from_numpy(np, names.FUNCTIONS)
    | UFUNCS
    | {name: getattr(np, name) for name in names.SAME_AS_NUMPY.split()}
    | {"__version__": names.CUPY_VERSION, "ndarray": ndarray, "ufunc": ufunc, "matmul": matmul}
    | {"array": array, "asarray": asarray, "asanyarray": asarray, "asnumpy": asnumpy, "empty": empty}
    | {"empty_like": empty_like, "take_along_axis": take_along_axis, "put_along_axis": put_along_axis}
    | {"get_array_module": get_array_module, "is_available": lambda: True}
    | {"get_default_memory_pool": lambda: POOL, "get_default_pinned_memory_pool": lambda: POOL},
    missing("cupy", names.LACKING_IN_CUPY, names.NOT_COVERED_HERE),
)
module(
    "cupy.linalg",
    from_numpy(np.linalg, names.LINALG, without_verdict) | {"LinAlgError": np.linalg.LinAlgError},
    missing("cupy.linalg", not_covered="eig eigvals"),
)
module("cupy.fft", from_numpy(np.fft, names.FFT))
module("cupy.random", {}, refuse_random)
module("cupy.lib", {})
module("cupy.lib.stride_tricks", {"as_strided": as_strided, "sliding_window_view": sliding_window_view})
module("cupy.exceptions", {name: getattr(np.exceptions, name) for name in ("AxisError", "ComplexWarning")})
module(
    "cupy.cuda",
    {"is_available": lambda: True, "get_device_id": lambda: 0, "get_current_stream": lambda: Stream.null}
    | {"get_elapsed_time": lambda start, end: 0.0}
    | {c.__name__: c for c in (Device, Event, MemoryPointer, MemoryPool, Stream)},
)
module(
    "cupy.cuda.runtime",
    {"getDeviceCount": lambda: 1, "getDevice": lambda: 0, "setDevice": set_device, "deviceSynchronize": lambda: None}
    | {"memGetInfo": lambda: Device(0).mem_info, "getDeviceProperties": lambda device: {"name": b"strict stand-in"}}
    | {"runtimeGetVersion": lambda: 13000, "driverGetVersion": lambda: 13000}
    | {"CUDARuntimeError": CUDARuntimeError, "is_hip": False},
)
cupyx = module("cupyx", {"errstate": errstate, "rsqrt": rsqrt})
for _name, _method in {"scatter_add": "add", "scatter_max": "maximum", "scatter_min": "minimum"}.items():
    setattr(cupyx, _name, scatter(_method))
    setattr(ndarray, _name, scatter(_method))
module("cupyx.scipy", {})
module("cupyx.scipy.special", {name: special_function(name) for name in names.SPECIAL.split()})

replaced: dict[str, types.ModuleType] = {}


def install() -> types.ModuleType:
    """Let `import cupy` find the stand-in; returns it. A real CuPy steps aside until `uninstall()`."""
    if sys.modules.get("cupy") is not cupy:
        replaced.update({n: m for n, m in sys.modules.items() if n.partition(".")[0] in ("cupy", "cupyx")})
        forget(replaced)
        sys.modules.update(MODULES)
    return cupy


def uninstall() -> None:
    """Undo `install()`."""
    if sys.modules.get("cupy") is cupy:
        forget(MODULES)
        sys.modules.update(replaced)
        replaced.clear()


def forget(modules: dict[str, types.ModuleType]) -> None:
    for name in modules:
        sys.modules.pop(name, None)


def numbered(*shape: int, dtype: Any = "float32") -> tuple[ndarray, np.ndarray]:
    """The array of 1, 2, 3, ... in a shape, and NumPy's twin of it: what the tests of this stand-in begin with."""
    host = np.arange(1, math.prod(shape) + 1, dtype=dtype).reshape(shape)
    return array(host), host
