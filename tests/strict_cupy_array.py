"""The array of the stand-in for CuPy (read `strict_cupy.py` first): a class around a NumPy array that NumPy's functions
cannot see through, with CuPy's methods and indexing. Arrays are unwrapped and wrapped again in one place each, `lower`
and `lift`. The operators and universal functions are in `strict_cupy_ufunc.py`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import strict_cupy_names as names


class UndefinedOnGPU(RuntimeError):
    """CuPy accepts this call and answers with whatever happens to be there; NumPy would have had one answer."""


PYTHON_SCALARS = (bool, int, float, complex)
DTYPE_CHARS = "?bhilqBHILQefdFD"
KEEP_ORDER = set("copy asfortranarray einsum tensordot empty_like zeros_like ones_like full_like eye full".split())
PYTHON_RESULTS_BECOME_ARRAYS = {"allclose", "array_equal", "array_equiv", "count_nonzero"}
# Parameters that must be arrays (or None), and the few of the same names that need not be.
ARRAYS = set(
    "A M a a1 a2 ar ar1 ar2 arr arr1 arr2 array ary arys b bins condition dst element f filt fp keys m out p prototype "
    "self sorter test_elements v val weights where x x1 x2 xi xp y z".split()
)
NOT_ARRAYS = {
    *((name, "m") for name in ("tril_indices", "triu_indices")),
    *((name, "M") for name in ("tri", "eye", "bartlett", "blackman", "hamming", "hanning", "kaiser")),
    *((name, parameter) for name in ("isclose", "allclose") for parameter in "ab"),
    *[("where", "x"), ("where", "y"), ("searchsorted", "v"), ("isscalar", "element"), ("histogram", "bins")],
    *[("cond", "p"), ("fill_diagonal", "val")],
}
ALSO_ARRAYS = {("unravel_index", "indices")}
# Parameters that may be arrays. An array anywhere else (a shape, an axis, a count) would have to leave the GPU first.
MAY_BE_ARRAYS = set(
    "a_max a_min append args arrays arrays_and_dtypes aweights choicelist choices condlist fill_value from_ fweights "
    "indices left max min multi_index nan neginf operands posinf prepend q rcond repeats right shift src start stop "
    "to_begin to_end tol tup value values varargs xi".split()
)
LISTS_OF_ARRAYS = {"choicelist", "condlist", "multi_index", "tup"}


# ---- between the two worlds ------------------------------------------------------------------------------------------


def refuse(value: object) -> TypeError:
    return TypeError(f"Unsupported type {type(value)}")


def checked_dtype(dtype: Any) -> np.dtype:
    dtype = np.dtype(dtype)
    if dtype.char not in DTYPE_CHARS or dtype.byteorder == ">":
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def operand(value: Any) -> Any:
    """The NumPy array of one of our arrays, or a scalar; nothing else can meet an array in a CuPy kernel."""
    if isinstance(value, ndarray):
        return value._array
    if type(value) in PYTHON_SCALARS or (isinstance(value, np.generic) and value.dtype.char in DTYPE_CHARS):
        return value
    raise refuse(value)


def lower(value: Any, arrays: list[ndarray]) -> Any:
    """An argument with our arrays replaced by NumPy's, which are noted in `arrays`; NumPy arrays are refused."""
    if isinstance(value, ndarray):
        arrays.append(value)
        return value._array
    if isinstance(value, np.ndarray):
        raise refuse(value)
    if type(value) in (list, tuple):
        return type(value)(lower(item, arrays) for item in value)
    if type(value) is dict:
        return {key: lower(item, arrays) for key, item in value.items()}
    return value


def owner(array: Any) -> Any:
    """The object that owns an array's memory; two arrays are views of one memory if their owners are the same."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def lift(result: Any, arrays: list[ndarray], keep_order: bool = False) -> Any:
    """A NumPy result as ours: the argument itself if it is that, a view if it shares memory, else a fresh array."""
    if isinstance(result, np.ndarray | np.generic):
        result = np.asarray(result)
        for argument in arrays:
            if result is argument._array:
                return argument
        for argument in arrays:
            if owner(result) is owner(argument._array):
                return wrap(result, argument)
        return wrap(result if keep_order else np.asarray(result, order="C"))
    if isinstance(result, list | tuple):  # CuPy's tuples have no field names
        kind = list if isinstance(result, list) else tuple
        return kind(lift(item, arrays, keep_order) for item in result)
    return result


def wrap(array: np.ndarray, parent: ndarray | None = None) -> ndarray:
    """One of our arrays around a NumPy array: a view of `parent`, or with memory of its own."""
    checked_dtype(array.dtype)
    made = object.__new__(ndarray)
    made._array = array
    made._memory = Memory(array) if parent is None else parent._memory
    made.base = parent if parent is None or parent.base is None else parent.base
    return made


def cast(array: Any, dtype: Any, **how: Any) -> np.ndarray:
    """`astype` that refuses the casts C++ leaves undefined: NaN, infinite or too large for the integer type."""
    with np.errstate(all="ignore", invalid="raise" if np.dtype(dtype).kind in "iu" else "ignore"):
        try:
            return np.asarray(array).astype(dtype, **how)
        except FloatingPointError:
            raise UndefinedOnGPU(f"casting a float that {np.dtype(dtype)} cannot hold") from None


def poison(array: np.ndarray) -> np.ndarray:
    """Fill memory that a GPU would leave as it was, so that reading it shows in the results."""
    array.fill({"f": np.nan, "c": np.nan, "b": True}.get(array.dtype.kind) or np.iinfo(array.dtype).max)
    return array


# ---- functions and methods that NumPy shares -------------------------------------------------------------------------


def parse(table: str) -> dict[str, inspect.Signature]:
    """A table of lines `name(parameters)` as signatures."""
    lines = (line.partition("(") for line in table.strip().splitlines())
    return {name: inspect.signature(eval(f"lambda {rest[:-1]}: None")) for name, _, rest in lines}


def call(function: Callable, name: str, signature: inspect.Signature, args: tuple, kwargs: dict) -> Any:
    """Call a NumPy function as CuPy's of that name: CuPy's arguments, our arrays in, our arrays out."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"cupy.{name}: {error}; CuPy and NumPy both accept {signature}") from None
    given = bound.arguments
    arrays: list[ndarray] = []
    for parameter in list(given):
        check_argument(name, parameter, given[parameter])
        given[parameter] = lower(given[parameter], arrays)
    check_call(name, given)
    if isinstance(given.get("out"), np.ndarray):
        refuse_overlap(given["out"])
    with np.errstate(all="ignore"):
        result = function(*bound.args, **bound.kwargs, **({"mode": "wrap"} if name == "take" else {}))
    if name in PYTHON_RESULTS_BECOME_ARRAYS or name == "diag":  # of which NumPy's is a view, and CuPy's is not
        result = np.array(result)
    return lift(result, arrays, keep_order=name in KEEP_ORDER)


def shared(function: Callable, name: str, signature: inspect.Signature) -> Callable:
    """CuPy's function (or method) of that name, made from NumPy's."""

    def run(*args: Any, **kwargs: Any) -> Any:
        return call(function, name, signature, args, kwargs)

    run.__name__ = run.__qualname__ = name
    run.__signature__ = signature  # type: ignore[attr-defined]
    return run


def check_argument(name: str, parameter: str, value: Any) -> None:
    """Arrays where CuPy wants arrays, and nowhere else."""
    several = parameter in LISTS_OF_ARRAYS or parameter in ("args", "arys", "xi")
    if several and not (type(value) in (list, tuple) and all(isinstance(item, ndarray) for item in value)):
        raise TypeError(f"cupy.{name}: {parameter} must be a sequence of cupy arrays (Unsupported type {type(value)})")
    must = (name, parameter) not in NOT_ARRAYS if parameter in ARRAYS else (name, parameter) in ALSO_ARRAYS
    if must and not several:
        if value is not None and not isinstance(value, ndarray):
            raise TypeError(f"cupy.{name}: {parameter} must be a cupy array. Unsupported type {type(value)}")
    inside: list[ndarray] = []
    lower(value, inside)
    if inside and parameter not in ARRAYS | MAY_BE_ARRAYS:
        raise TypeError(f"cupy.{name}: {parameter} must be numbers on the host, got a cupy array. Use `.item()`.")


def check_call(name: str, given: dict[str, Any]) -> None:
    """What single functions demand beyond their signature (`given` holds NumPy arrays already)."""
    if name in ("sort", "argsort"):
        if given.get("kind") not in (None, "stable"):
            raise ValueError("kind can only be None or 'stable'")
        if "self" in given and name == "sort" and not given["self"].flags.c_contiguous:
            raise NotImplementedError("Sorting non-contiguous array is not supported.")
        given["kind"] = "stable"
    elif name in ("quantile", "percentile"):
        if given.get("method", "linear") not in ("linear", "lower", "higher", "midpoint", "nearest"):
            raise ValueError(f"'{given['method']}' method is not yet supported. Please use any other method.")
        if given["a"].dtype.kind == "f" and np.isnan(given["a"]).any():
            raise UndefinedOnGPU(f"cupy.{name} sorts NaN to the end instead of returning NaN")
    elif name == "arange":  # NumPy's default dtype follows its scalars, CuPy's only whether one of them is a float
        numbers = [given[key] for key in ("start", "stop", "step") if given.get(key) is not None]
        if any(isinstance(number, np.ndarray) for number in numbers):
            raise TypeError("cupy.arange: start, stop and step must be numbers on the host, got a cupy array")
        kind = float if any(np.dtype(type(number)).kind == "f" for number in numbers) else int
        given["dtype"] = kind if given.get("dtype") is None else given["dtype"]
    elif name == "pad" and given.get("mode", "constant") not in set(
        "constant edge empty linear_ramp maximum mean minimum reflect symmetric wrap".split()
    ):
        raise ValueError(f"mode '{given['mode']}' is not supported")
    elif name.endswith("_like") and given.get("shape") == ():
        raise UndefinedOnGPU(f"cupy.{name} ignores shape=()")
    elif name == "meshgrid" and any(x.ndim != 1 for x in given["xi"]):
        raise ValueError("input has to be 1d")
    elif name == "histogram" and not isinstance(given.get("bins", 10), int | np.ndarray):
        raise NotImplementedError("cupy.histogram: bins must be an int or a cupy array")
    elif name == "searchsorted" and isinstance(given["v"], np.generic):
        raise NotImplementedError("Only python scalars or ndarrays are supported for v")
    elif name == "solve" and given["b"].ndim > 1 and given["a"].shape[:-1] != given["b"].shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K): CuPy does not broadcast batches")
    elif name == "interp" and not given["x"].flags.c_contiguous:
        raise NotImplementedError("Non-C-contiguous x is currently not supported")


# ---- the device ------------------------------------------------------------------------------------------------------


class CUDARuntimeError(RuntimeError):
    """CuPy's own: not a subclass of anything more telling."""


class Device:
    """`cupy.cuda.Device`; there is one, number 0. Any number can be named, only that one can be used."""

    def __init__(self, device: int | Device | None = None) -> None:
        self.id = 0 if device is None else int(device)

    def use(self) -> Device:
        if self.id != 0:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        return self

    def synchronize(self) -> None:
        self.use()

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> Device:
        return self.use()

    def __exit__(self, *failure: object) -> None:
        pass

    compute_capability = property(lambda self: self.use() and "90")
    mem_info = property(lambda self: self.use() and (2**30, 2**31))


class Memory:
    """An allocation. All views of it have the same one, also those without a `.base`."""

    def __init__(self, array: np.ndarray) -> None:
        self.ptr, self.size = address(array), array.nbytes
        self.device, self.device_id = Device(0), 0


class MemoryPointer:
    """`x.data`: where an array begins, in which allocation."""

    def __init__(self, array: ndarray) -> None:
        self.ptr, self.mem = address(array._array), array._memory
        self.device, self.device_id = Device(0), 0


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0] if array.size else 0


# ---- the array -------------------------------------------------------------------------------------------------------


class Flags:
    """`x.flags` has no `writeable`: every CuPy array can be written to."""

    def __init__(self, array: ndarray) -> None:
        self.c_contiguous, self.f_contiguous = array._array.flags.c_contiguous, array._array.flags.f_contiguous
        self.owndata = array.base is None
        self.fnc, self.forc = array._array.flags.fnc, array._array.flags.forc

    def __getitem__(self, name: str) -> bool:
        if name not in ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA"):
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags")
        return getattr(self, name.lower())


class ndarray:  # noqa: N801 - CuPy's name
    """A NumPy array behind CuPy's interface, reached only through the functions of this file."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_array", "_memory", "base")
    __array_priority__ = 100
    _array: np.ndarray
    _memory: Memory
    base: ndarray | None

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None, order: str = "C"):
        if memptr is not None or strides is not None:
            raise NotImplementedError("the stand-in has no raw memory; use cupy.lib.stride_tricks.as_strided")
        self._array = poison(np.empty(shape, checked_dtype(dtype), order))  # type: ignore[call-overload]
        self._memory, self.base = Memory(self._array), None

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was called on a cupy array: minigrad must go through xp")

    def __getattr__(self, name: str) -> Any:
        if name in names.METHODS_NOT_COVERED_HERE.split():
            raise NotImplementedError(f"cupy.ndarray.{name} exists in CuPy; the stand-in does not cover it")
        raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")

    # -- what it looks like

    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    strides = property(lambda self: self._array.strides)
    flags = property(Flags)
    device = property(lambda self: Device(0))
    data = property(MemoryPointer)
    T = property(lambda self: self if self.ndim < 2 else self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))  # noqa: N815

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._array = self._array.reshape(lower(shape, []), copy=False)

    @property
    def real(self) -> ndarray:
        return wrap(self._array.real, self) if self.dtype.kind == "c" else self

    @property
    def imag(self) -> ndarray:
        return wrap(self._array.imag, self) if self.dtype.kind == "c" else wrap(np.zeros_like(self._array))

    # -- leaving the GPU: each of these waits for it

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True) -> np.ndarray:
        if out is None:
            like_self = "F" if self._array.flags.fnc else "C"
            return np.array(self._array, order=like_self if order == "A" else order)  # type: ignore[call-overload]
        if not isinstance(out, np.ndarray) or out.dtype != self.dtype:
            raise TypeError(f"get(out=...): expected a numpy.ndarray of {self.dtype}, got {out!r}")
        if out.shape != self.shape:
            raise ValueError(f"Shape mismatch. Expected shape: {self.shape}, actual shape: {out.shape}")
        out[...] = self._array
        return out

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray) or arr.dtype != self.dtype:
            raise TypeError(f"set: expected a numpy.ndarray of {self.dtype}, got {arr!r}")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        self._array[...] = arr

    def item(self) -> Any:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._array.item()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(f"The truth value of an array with {self.size} elements is ambiguous. Use any() or all()")
        return bool(self._array)

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __reduce__(self) -> tuple:
        return from_host, (self.get(order="A"),)

    def __deepcopy__(self, memo: dict) -> ndarray:
        return wrap(self._array.copy())

    # -- into memory

    def __getitem__(self, key: Any) -> ndarray:
        key, advanced, _ = numpy_index(key, self.shape)
        return wrap(np.array(self._array[key], order="C")) if advanced else wrap(self._array[key], self)

    def __setitem__(self, key: Any, value: Any) -> None:
        source = operand(value)
        key, advanced, by_integers = numpy_index(key, self.shape)
        if isinstance(source, np.ndarray) and not advanced:
            refuse_overlap(self._array[key])
        if by_integers:
            refuse_two_values_for_one_place(self._array, key, source)
        self._array[key] = cast(source, self.dtype) if isinstance(source, np.ndarray) else source

    def fill(self, value: Any) -> None:
        if isinstance(value, ndarray) and value.shape:
            raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
        self[...] = value

    def astype(self, dtype: Any, order: Any = "K", casting: Any = None, subok: Any = None, copy: Any = True) -> ndarray:
        if casting is not None or subok is not None:
            raise TypeError("casting and subok are not supported yet")
        if not copy and checked_dtype(dtype) == self.dtype and order == "K":
            return self
        return wrap(cast(self._array, checked_dtype(dtype), order=order))


def from_host(array: np.ndarray) -> ndarray:
    """What unpickling calls."""
    return wrap(array)


def host_method(name: str) -> Callable:
    """A method that reads the values on the host: the NumPy array's own."""
    return lambda self, *args: getattr(self._array, name)(*args)


for _name in "tolist __len__ __int__ __float__ __complex__ __repr__ __str__ __format__".split():
    setattr(ndarray, _name, host_method(_name))


def numpy_index(key: Any, shape: tuple[int, ...]) -> tuple[tuple, bool, bool]:
    """The key for the NumPy array, whether CuPy copies for it, and whether integer arrays are in it."""
    items: list[Any] = []
    for item in key if isinstance(key, tuple) else (key,):
        if isinstance(item, np.ndarray):
            raise refuse(item)
        if isinstance(item, ndarray | list | tuple):
            item = item._array if isinstance(item, ndarray) else np.asarray(item)
            item = item.astype(np.int32) if item.size == 0 and item.dtype.kind == "f" else item
            if item.dtype.kind not in "biu":
                raise IndexError(f"arrays used as indices must be of integer or boolean type. (actual: {item.dtype})")
        items.append(item)
    found = [item for item in items if isinstance(item, np.ndarray)]
    if sum(item.dtype.kind == "b" for item in found) > 1:
        raise NotImplementedError("CuPy does not support more than one boolean array in an index")

    def axes(item: Any) -> int:
        if item is None or item is Ellipsis:
            return 0
        return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1

    axis = 0
    for place, item in enumerate(items):
        if isinstance(item, np.ndarray) and item.dtype.kind != "b" and axis < len(shape) and shape[axis] > 0:
            items[place] = item % shape[axis]  # CuPy wraps around instead of raising
        axis += len(shape) - sum(map(axes, items)) if item is Ellipsis else axes(item)
    if not found and not any(item is Ellipsis for item in items):
        items.append(Ellipsis)  # with it, NumPy gives a 0-d view for a full index and not a scalar
    return tuple(items), bool(found), any(item.dtype.kind != "b" for item in found)


def refuse_overlap(target: np.ndarray) -> None:
    """Threads that write different elements to one address leave whichever came last: no target may overlap itself."""
    if target.flags.forc:
        return
    steps = (np.arange(n) * stride for n, stride in zip(target.shape, target.strides, strict=True))
    addresses = functools.reduce(np.add.outer, steps)
    if np.unique(addresses).size < target.size:
        raise UndefinedOnGPU("writing to an array whose elements share memory: which value stays is undefined")


def refuse_two_values_for_one_place(array: np.ndarray, key: tuple, source: Any) -> None:
    places = np.arange(array.size).reshape(array.shape)[key]
    if np.unique(places).size == places.size:
        return
    source = np.asarray(source)
    source = source.reshape(source.shape[max(source.ndim - places.ndim, 0) :])
    order = np.argsort(places, axis=None, kind="stable")
    places, values = places.ravel()[order], np.broadcast_to(source, places.shape).ravel()[order]
    twice = places[1:] == places[:-1]
    if not np.array_equal(values[1:][twice], values[:-1][twice], equal_nan=values.dtype.kind in "fc"):
        raise UndefinedOnGPU("an index array assigns different values to one place: which of them stays is undefined")


METHODS = parse(names.METHODS)
for _name in METHODS.keys() - vars(ndarray).keys():
    if hasattr(np.ndarray, _name):
        setattr(ndarray, _name, shared(getattr(np.ndarray, _name), _name, METHODS[_name]))
