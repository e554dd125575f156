"""What CuPy has, as data: the allow-list of `strict_cupy.py`, taken from a real CuPy and not from memory.

To renew it, run this file where CuPy is installed (importing CuPy needs neither a GPU nor a driver):

    python -m venv /tmp/cupy && /tmp/cupy/bin/pip install cupy-cuda12x
    /tmp/cupy/bin/python tests/strict_cupy_names.py

It rewrites everything below the line of dashes. A signature here is what CuPy *and* NumPy accept: an argument that one
of them lacks is left out, one that they name differently is positional-only, one that stands elsewhere is keyword-only,
and one whose default differs is required. Code that both libraries must run can rely on no more than that.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
import types
import warnings
from collections.abc import Iterable
from pathlib import Path

Parameter = inspect.Parameter
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

# Where the true signature hides behind *args: written out by hand, from CuPy's documentation.
BY_HAND = {
    "einsum": "*operands, dtype=None, optimize=False",
    "matmul": "x1, x2, /, out=None",
    "meshgrid": "*xi, indexing='xy', copy=True, sparse=False",
    "size": "a, axis=None",
}
METHODS_BY_HAND = {"astype": "self, /, dtype, order='K', *, copy=True", "view": "self, /, dtype=None"}
# Arguments that CuPy accepts only to refuse them, or that mean nothing on the other side.
NOT_FOR_BOTH = {"blocking", "max_work", "overwrite_input", "subok"}
# Files, text, callbacks that would be handed raw arrays, writes whose result is undefined on a GPU, and a few functions
# of which CuPy's differ in more than they are worth here.
NOT_COVERED = set(
    "apply_along_axis apply_over_axes array2string array_repr array_str base_repr binary_repr format_float_positional "
    "format_float_scientific from_dlpack frombuffer fromfile fromfunction fromiter fromstring genfromtxt load loadtxt "
    "mask_indices min_scalar_type piecewise place put putmask require save savetxt savez savez_compressed show_config "
    "asarray_chkfinite histogram2d histogramdd printoptions set_printoptions get_printoptions typename poly polyadd "
    "polyfit polymul polysub polyval roots sort_complex eig eigvals dump dumps tofile".split()
)
SAME_DEFAULTS = [{None, 0}, {None, False}, {None, True}]  # spellings of one default in the functions listed here


def literal(default: object) -> str:
    """The default as source text; dtypes and sentinels become None, for the text only says that there is a default."""
    return repr(default) if isinstance(default, bool | int | float | str | tuple) else "None"


def agreed_default(ours: Parameter, theirs: Parameter) -> object:
    """CuPy's default where NumPy has the same one, else "no default": the caller must then say what it means."""
    if Parameter.empty in (ours.default, theirs.default):
        return Parameter.empty
    spelled = literal(ours.default), literal(theirs.default)
    alike = spelled[0] == spelled[1] or repr(theirs.default) == "<no value>"
    pair = [d if isinstance(d, bool | int | None) else "other" for d in (ours.default, theirs.default)]
    return ours.default if alike or any(set(pair) == same for same in SAME_DEFAULTS) else Parameter.empty


def meet(cupy_signature: inspect.Signature, numpy_signature: inspect.Signature) -> str:
    """The parameters that both signatures accept, as the text between the parentheses of a `def`."""
    ours = [p for p in cupy_signature.parameters.values() if p.name not in NOT_FOR_BOTH]
    theirs = list(numpy_signature.parameters.values())
    by_name = {p.name: p for p in theirs}
    takes_any = any(p.kind is Parameter.VAR_KEYWORD for p in theirs)
    both: list[Parameter] = []
    for p, q in zip(ours, theirs, strict=False):  # the leading arguments that stand at the same place in both
        renamed = p.name != q.name
        moved = renamed and (p.name in by_name or any(q.name == other.name for other in ours))
        if p.kind not in POSITIONAL or q.kind not in POSITIONAL or moved:
            break
        default = agreed_default(p, q)
        if default is Parameter.empty and both and both[-1].default is not Parameter.empty:
            break
        by_place = renamed or Parameter.POSITIONAL_ONLY in (p.kind, q.kind)
        both.append(p.replace(kind=POSITIONAL[0] if by_place else POSITIONAL[1], default=default, annotation=p.empty))
    last = max((i for i, p in enumerate(both) if p.kind is POSITIONAL[0]), default=-1)
    both = [p.replace(kind=POSITIONAL[0]) if i <= last else p for i, p in enumerate(both)]
    for p in ours[len(both) :]:  # the others by keyword, if NumPy knows that keyword
        same = by_name.get(p.name)
        known = takes_any if same is None else same.kind is not Parameter.POSITIONAL_ONLY
        if p.kind is Parameter.VAR_POSITIONAL and any(q.kind is p.kind for q in theirs):
            both.append(p)
        elif p.kind is Parameter.VAR_KEYWORD and takes_any:
            both.append(p)
        elif p.kind in (POSITIONAL[1], Parameter.KEYWORD_ONLY) and known:
            default = agreed_default(p, same) if same else p.default
            both.append(p.replace(kind=Parameter.KEYWORD_ONLY, default=default, annotation=p.empty))
    return parameters_text(both)


def parameters_text(parameters: Iterable[Parameter]) -> str:
    """`inspect.Signature` without the parentheses, every default a literal."""
    words, starred, previous = [], False, None
    for p in parameters:
        if previous is Parameter.POSITIONAL_ONLY and p.kind is not previous:
            words.append("/")
        if p.kind is Parameter.KEYWORD_ONLY and not starred:
            words.append("*")
            starred = True
        starred = starred or p.kind is Parameter.VAR_POSITIONAL
        star = "*" if p.kind is Parameter.VAR_POSITIONAL else "**" if p.kind is Parameter.VAR_KEYWORD else ""
        words.append(star + p.name + ("" if p.default is Parameter.empty else "=" + literal(p.default)))
        previous = p.kind
    return ", ".join(words + ["/"] * (previous is Parameter.POSITIONAL_ONLY))


def signatures(cupy_space: object, numpy_space: object) -> dict[str, str]:
    """Name -> agreed parameters, for every plain function that both modules have."""
    found = {}
    for name in sorted(dir(cupy_space)):
        ours, theirs = getattr(cupy_space, name), getattr(numpy_space, name, None)
        plain = callable(ours) and not isinstance(ours, type | types.ModuleType) and type(ours).__name__ != "ufunc"
        if name.startswith("_") or name in NOT_COVERED or not plain or not callable(theirs) or ours is theirs:
            continue
        found[name] = BY_HAND.get(name) or meet(inspect.signature(ours), inspect.signature(theirs))
    return found


def method_signatures(cupy_array: type, numpy_array: type) -> dict[str, str]:
    """The same for the methods of the array. Cython hides CuPy's signatures: the first line of a docstring has them."""
    found = {}
    for name in sorted(dir(cupy_array)):
        ours, theirs = getattr(cupy_array, name), getattr(numpy_array, name, None)
        if name.startswith("_") or name in NOT_COVERED or not callable(ours) or not callable(theirs):
            continue
        line = (ours.__doc__ or "").partition("\n")[0].partition("->")[0].strip()
        words = [word.split()[-1] for word in line[line.find("(") + 1 : line.rfind(")")].split(",") if word.strip()]
        signature = inspect.signature(eval(f"lambda {', '.join(words)}: None"))
        found[name] = METHODS_BY_HAND.get(name) or meet(signature, inspect.signature(theirs))
    return found


def loops(ufunc: object) -> str:
    """The dtype loops of a CuPy ufunc in the order in which it tries them; `!` for one that only raises."""
    found = []
    for op in ufunc._ops.ops:  # type: ignore[attr-defined]
        ins, outs = ("".join(t.char for t in side) for side in (op.in_types, op.out_types))
        if "V" not in ins:
            found.append(f"{ins}->{'!' if op.error_func else outs}")
    return " ".join(found)


def generate() -> str:
    """The data part of this file, from the installed CuPy."""
    warnings.simplefilter("ignore")
    import cupy
    import cupyx.scipy.special
    import numpy

    def names(words: Iterable[str], wrap: int = 116) -> str:
        return "\n".join(textwrap.wrap(" ".join(sorted(words)), wrap))

    def table(entries: dict[str, str]) -> str:
        return "\n".join(f"{name}({parameters})" for name, parameters in entries.items())

    public = [name for name in dir(cupy) if not name.startswith("_")]
    functions = signatures(cupy, numpy)
    by_loops: dict[str, list[str]] = {}
    for name in public:
        if isinstance(getattr(cupy, name), cupy.ufunc):
            by_loops.setdefault(loops(getattr(cupy, name)), []).append(name)
    ufuncs = {name for group in by_loops.values() for name in group}
    same = set()
    for name in set(public) - set(functions) - ufuncs - NOT_COVERED:
        ours, theirs = getattr(cupy, name), getattr(numpy, name, None)
        if ours is theirs or (isinstance(ours, float) and ours == theirs) or name in ("index_exp", "ndindex", "s_"):
            same.add(name)
    lacking = [name for name in dir(numpy) if not name.startswith("_") and name not in public]
    lacking += [f"linalg.{name}" for name in numpy.linalg.__all__ if not hasattr(cupy.linalg, name)]
    special = [name for name in dir(cupyx.scipy.special) if isinstance(getattr(cupyx.scipy.special, name), cupy.ufunc)]
    parts = {
        "CUPY_VERSION": cupy.__version__,
        "SAME_AS_NUMPY": names(same),
        "FUNCTIONS": table(functions),
        "LINALG": table(signatures(cupy.linalg, numpy.linalg)),
        "FFT": table(signatures(cupy.fft, numpy.fft)),
        "METHODS": table(methods := method_signatures(cupy.ndarray, numpy.ndarray)),
        "UFUNCS": "\n".join(
            "\n".join(textwrap.wrap(f"{' '.join(group)}: {types}", 116, subsequent_indent="    "))
            for types, group in by_loops.items()
        ),
        "SPECIAL": names(special),
        "NOT_COVERED_HERE": names(set(public) - set(functions) - ufuncs - same),
        "METHODS_NOT_COVERED_HERE": names({n for n in dir(cupy.ndarray) if not n.startswith("_")} - set(methods)),
        "LACKING_IN_CUPY": names(lacking),
    }
    return "".join(
        f'{name} = "{text}"\n' if "\n" not in text and len(text) < 20 else f'{name} = """\n{text}\n"""\n'
        for name, text in parts.items()
    )


if __name__ == "__main__":
    file = Path(sys.argv[0])
    source, line, _ = file.read_text().partition("\n# " + "-" * 100 + "\n")
    file.write_text(source + line + generate())

# ----------------------------------------------------------------------------------------------------
CUPY_VERSION = "14.2.0"
SAME_AS_NUMPY = """
bool bool_ broadcast_shapes byte cdouble complex128 complex64 complexfloating csingle double dtype e euler_gamma
finfo float16 float32 float64 floating generic half iinfo index_exp inexact inf int16 int32 int64 int8 int_ intc
integer intp isdtype issubdtype iterable long longlong mintypecode nan ndindex newaxis number pi promote_types s_
short signedinteger single ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong unsignedinteger ushort
"""
FUNCTIONS = """
all(a, axis=None, out=None, keepdims=False)
allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)
amax(a, axis=None, out=None, keepdims=False)
amin(a, axis=None, out=None, keepdims=False)
angle(z, deg=False)
any(a, axis=None, out=None, keepdims=False)
append(arr, values, axis=None)
arange(start, /, stop=None, step=1, *, dtype=None)
argmax(a, axis=None, *, out=None, keepdims=False)
argmin(a, axis=None, *, out=None, keepdims=False)
argpartition(a, kth, axis=-1)
argsort(a, axis=-1, kind=None)
argwhere(a)
around(a, decimals=0, out=None)
array(obj, /, dtype=None, *, copy=True, order='K', ndmin=0)
array_equal(a1, a2, equal_nan=False)
array_equiv(a1, a2)
array_split(ary, indices_or_sections, axis=0)
asanyarray(a, dtype=None, order=None, *, copy=None)
asarray(a, dtype=None, order=None, *, copy=None)
ascontiguousarray(a, dtype=None)
asfortranarray(a, dtype=None)
astype(x, dtype, /, *, copy=True)
atleast_1d(*arys)
atleast_2d(*arys)
atleast_3d(*arys)
average(a, axis=None, weights=None, returned=False, *, keepdims=False)
bartlett(M)
bincount(x, /, weights=None, minlength=None)
blackman(M)
broadcast_arrays(*args)
broadcast_to(array, shape)
can_cast(from_, to, casting='safe')
choose(a, choices, out=None, mode='raise')
clip(a, a_min, a_max, out=None)
column_stack(tup)
common_type(*arrays)
compress(condition, a, axis=None, out=None)
concat(tup, /, axis=0, out=None, *, dtype=None, casting='same_kind')
concatenate(tup, /, axis=0, out=None, *, dtype=None, casting='same_kind')
convolve(a, v, mode='full')
copy(a, order='K')
copyto(dst, src, casting='same_kind', where=None)
corrcoef(a, /, y=None, rowvar=True, *, dtype=None)
correlate(a, v, mode='valid')
count_nonzero(a, axis=None)
cov(a, /, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None)
cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None)
cumprod(a, axis=None, dtype=None, out=None)
cumsum(a, axis=None, dtype=None, out=None)
cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False)
cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False)
delete(arr, indices, /, axis=None)
diag(v, k=0)
diag_indices(n, ndim=2)
diag_indices_from(arr)
diagflat(v, k=0)
diagonal(a, offset=0, axis1=0, axis2=1)
diff(a, n=1, axis=-1, prepend=None, append=None)
digitize(x, bins, right=False)
dot(a, b, out=None)
dsplit(ary, indices_or_sections)
dstack(tup)
ediff1d(arr, /, to_end=None, to_begin=None)
einsum(*operands, dtype=None, optimize=False)
empty(shape, dtype=None, order='C')
empty_like(prototype, /, dtype=None, order='K', *, shape=None)
expand_dims(a, axis)
extract(condition, a, /)
eye(N, M=None, k=0, dtype=None, order='C')
fill_diagonal(a, val, wrap=False)
flatnonzero(a)
flip(a, /, axis=None)
fliplr(a, /)
flipud(a, /)
full(shape, fill_value, dtype=None, order='C')
full_like(a, fill_value, dtype=None, order='K', *, shape=None)
gradient(f, *varargs, axis=None, edge_order=1)
hamming(M)
hanning(M)
histogram(x, /, bins=10, range=None, density=False, weights=None)
hsplit(ary, indices_or_sections)
hstack(tup, *, dtype=None, casting='same_kind')
identity(n, dtype=None)
imag(val)
indices(dimensions, dtype=None)
inner(a, b, /)
interp(x, xp, fp, left=None, right=None, period=None)
intersect1d(arr1, arr2, /, assume_unique=False, return_indices=False)
isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)
iscomplex(x)
iscomplexobj(x)
isfortran(a)
isin(element, test_elements, assume_unique=False, invert=False)
isneginf(x, out=None)
isposinf(x, out=None)
isreal(x)
isrealobj(x)
isscalar(element)
ix_(*args)
kaiser(M, beta)
kron(a, b)
lexsort(keys)
linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0)
logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0)
matmul(x1, x2, /, out=None)
matrix_transpose(x, /)
max(a, axis=None, out=None, keepdims=False)
may_share_memory(a, b, /)
mean(a, axis=None, dtype=None, out=None, keepdims=False)
median(a, axis=None, out=None, *, keepdims=False)
meshgrid(*xi, indexing='xy', copy=True, sparse=False)
min(a, axis=None, out=None, keepdims=False)
moveaxis(a, source, destination)
nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None)
nanargmax(a, axis=None, *, out=None, keepdims=False)
nanargmin(a, axis=None, *, out=None, keepdims=False)
nancumprod(a, axis=None, dtype=None, out=None)
nancumsum(a, axis=None, dtype=None, out=None)
nanmax(a, axis=None, out=None, keepdims=False)
nanmean(a, axis=None, dtype=None, out=None, keepdims=False)
nanmedian(a, axis=None, out=None, *, keepdims=False)
nanmin(a, axis=None, out=None, keepdims=False)
nanprod(a, axis=None, dtype=None, out=None, keepdims=False)
nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
nansum(a, axis=None, dtype=None, out=None, keepdims=False)
nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
ndim(a)
nonzero(a)
ones(shape, dtype=None, order='C')
ones_like(a, dtype=None, order='K', *, shape=None)
outer(a, b, out=None)
packbits(a, /, axis=None, bitorder='big')
pad(array, pad_width, mode='constant', **kwargs)
partition(a, kth, axis=-1)
percentile(a, q, axis=None, out=None, *, method='linear', keepdims=False)
permute_dims(a, axes=None)
prod(a, axis=None, dtype=None, out=None, keepdims=False)
ptp(a, axis=None, out=None, keepdims=False)
put_along_axis(arr, indices, values, axis)
quantile(a, q, axis=None, out=None, *, method='linear', keepdims=False)
ravel(a, order='C')
ravel_multi_index(multi_index, dims, mode, order='C')
real(val)
real_if_close(a, tol=100)
repeat(a, repeats, axis=None)
reshape(a, newshape, /, order='C', *, copy=None)
resize(a, new_shape)
result_type(*arrays_and_dtypes)
roll(a, shift, axis=None)
rollaxis(a, axis, start=0)
rot90(a, /, k=1, axes=(0, 1))
round(a, decimals=0, out=None)
row_stack(tup, *, dtype=None, casting='same_kind')
searchsorted(a, v, side='left', sorter=None)
select(condlist, choicelist, default=0)
setdiff1d(ar1, ar2, assume_unique=False)
setxor1d(ar1, ar2, assume_unique=False)
shape(a)
shares_memory(a, b, /)
size(a, axis=None)
sort(a, axis=-1, kind=None)
split(ary, indices_or_sections, axis=0)
squeeze(a, axis=None)
stack(tup, /, axis=0, out=None, *, dtype=None, casting='same_kind')
std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
sum(a, axis=None, dtype=None, out=None, keepdims=False)
swapaxes(a, axis1, axis2)
take(a, indices, axis=None, out=None)
take_along_axis(a, /, indices, axis)
tensordot(a, b, axes=2)
tile(A, reps)
trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)
transpose(a, axes=None)
trapezoid(y, x=None, dx=1.0, axis=-1)
tri(N, M=None, k=0, dtype=None)
tril(m, k=0)
tril_indices(n, k=0, m=None)
tril_indices_from(arr, k=0)
trim_zeros(filt, trim='fb')
triu(m, k=0)
triu_indices(n, k=0, m=None)
triu_indices_from(arr, k=0)
union1d(arr1, arr2, /)
unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True)
unique_all(x)
unique_counts(x)
unique_inverse(x)
unique_values(x)
unpackbits(a, /, axis=None, *, bitorder='big')
unravel_index(indices, dims, /, order='C')
unwrap(p, discont=None, axis=-1, *, period=6.283185307179586)
vander(x, N=None, increasing=False)
var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
vdot(a, b, /)
vsplit(ary, indices_or_sections)
vstack(tup, *, dtype=None, casting='same_kind')
where(condition, x=None, y=None, /)
zeros(shape, dtype=None, order='C')
zeros_like(a, dtype=None, order='K', *, shape=None)
"""
LINALG = """
cholesky(a, /)
cond(x, p=None)
cross(x1, x2, /, *, axis=-1)
det(a)
eigh(a, UPLO='L')
eigvalsh(a, UPLO='L')
inv(a)
lstsq(a, b, rcond=None)
matmul(x1, x2, /, out=None)
matrix_power(M, /, n)
matrix_rank(M, /, tol=None)
matrix_transpose(a, /)
norm(x, ord=None, axis=None, keepdims=False)
pinv(a, rcond)
qr(a, mode='reduced')
slogdet(a)
solve(a, b)
svd(a, full_matrices=True, compute_uv=True)
tensorinv(a, ind=2)
tensorsolve(a, b, axes=None)
"""
FFT = """
fft(a, n=None, axis=-1, norm=None)
fft2(a, s=None, axes=(-2, -1), norm=None)
fftfreq(n, d=1.0)
fftn(a, s=None, axes=None, norm=None)
fftshift(x, axes=None)
hfft(a, n=None, axis=-1, norm=None)
ifft(a, n=None, axis=-1, norm=None)
ifft2(a, s=None, axes=(-2, -1), norm=None)
ifftn(a, s=None, axes=None, norm=None)
ifftshift(x, axes=None)
ihfft(a, n=None, axis=-1, norm=None)
irfft(a, n=None, axis=-1, norm=None)
irfft2(a, s=None, axes=(-2, -1), norm=None)
irfftn(a, s=None, axes=None, norm=None)
rfft(a, n=None, axis=-1, norm=None)
rfft2(a, s=None, axes=(-2, -1), norm=None)
rfftfreq(n, d=1.0)
rfftn(a, s=None, axes=None, norm=None)
"""
METHODS = """
all(self, /, axis=None, out=None, keepdims=False)
any(self, /, axis=None, out=None, keepdims=False)
argmax(self, /, axis=None, out=None, *, keepdims=False)
argmin(self, /, axis=None, out=None, *, keepdims=False)
argpartition(self, kth, /, axis=-1)
argsort(self, /, axis=-1, kind=None)
astype(self, /, dtype, order='K', *, copy=True)
byteswap(self, /, inplace=False)
choose(self, /, choices, out=None, mode='raise')
clip(self, /, min=None, max=None, out=None)
compress(self, /, condition, axis=None, out=None)
conj(self, /)
conjugate(self, /)
copy(self, /, order='C')
cumprod(self, /, axis=None, dtype=None, out=None)
cumsum(self, /, axis=None, dtype=None, out=None)
diagonal(self, /, offset=0, axis1=0, axis2=1)
dot(self, b, /, out=None)
fill(self, /, value)
flatten(self, /, order='C')
item(self, /)
max(self, /, axis=None, out=None, *, keepdims=False)
mean(self, /, axis=None, dtype=None, out=None, *, keepdims=False)
min(self, /, axis=None, out=None, *, keepdims=False)
nonzero(self, /)
partition(self, kth, /, axis=-1)
prod(self, /, axis=None, dtype=None, out=None, *, keepdims=None)
ravel(self, /, order='C')
repeat(self, repeats, /, axis=None)
reshape(self, /, *shape, order='C', copy=None)
round(self, /, decimals=0, out=None)
searchsorted(self, v, /, side='left', sorter=None)
sort(self, /, axis=-1, kind=None)
squeeze(self, /, axis=None)
std(self, /, axis=None, dtype=None, out=None, ddof=0, *, keepdims=False)
sum(self, /, axis=None, dtype=None, out=None, *, keepdims=False)
swapaxes(self, axis1, axis2, /)
take(self, indices, /, axis=None, out=None)
tobytes(self, /, order='C')
tolist(self, /)
trace(self, /, offset=0, axis1=0, axis2=1, dtype=None, out=None)
transpose(self, /, *axes)
var(self, /, axis=None, dtype=None, out=None, ddof=0, *, keepdims=False)
view(self, /, dtype=None)
"""
UFUNCS = """
abs absolute: ?->? b->b B->B h->h H->H i->i I->I l->l L->L q->q Q->Q e->e f->f d->d F->f D->d
acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh cos cosh exp exp2 expm1 i0 log log10
    log1p log2 rint sin sinc sinh sqrt tan tanh: e->e f->f d->d F->F D->D
add fmax fmin maximum minimum multiply: ??->? bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q ee->e
    ff->f dd->d FF->F DD->D
arctan2 atan2 copysign hypot nextafter: ee->e ff->f dd->d FF->F DD->D
bitwise_and bitwise_or bitwise_xor: ??->? bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q
bitwise_count: b->B B->B h->B H->B i->B I->B l->B L->B q->B Q->B
bitwise_invert bitwise_not invert: ?->? b->b B->B h->h H->H i->i I->I l->l L->L q->q Q->Q
bitwise_left_shift bitwise_right_shift left_shift right_shift: bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q
    QQ->Q
cbrt deg2rad degrees fabs rad2deg radians: e->e f->f d->d
ceil fix floor trunc: ?->? b->b B->B h->h H->H i->i I->I l->l L->L q->q Q->Q e->e f->f d->d
conj conjugate reciprocal sign square: b->b B->B h->h H->H i->i I->I l->l L->L q->q Q->Q e->e f->f d->d F->F D->D
divide true_divide: qq->d qQ->d Qq->d QQ->d ee->e ff->f dd->d FF->F DD->D
divmod: bb->bb BB->BB hh->hh HH->HH ii->ii II->II ll->ll LL->LL qq->qq QQ->QQ ee->ee ff->ff dd->dd
equal greater greater_equal less less_equal not_equal: ??->? qq->? QQ->? qQ->? Qq->? ee->? ff->? dd->? FF->? DD->?
float_power: dd->d FF->D DD->D
floor_divide fmod mod remainder: bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q ee->e ff->f dd->d
frexp: e->ei f->fi d->di
gcd lcm: ??->! bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q
heaviside logaddexp logaddexp2: ee->e ff->f dd->d
isfinite isinf isnan: e->? f->? d->? F->? D->?
ldexp: ei->e fi->f el->e fl->f di->d dq->d
logical_and logical_or: ??->? qq->? QQ->? qQ->? Qq->? ee->? ff->? dd->?
logical_not: ?->? b->? B->? h->? H->? i->? I->? l->? L->? q->? Q->? e->? f->? d->?
logical_xor: ??->? bb->? BB->? hh->? HH->? ii->? II->? ll->? LL->? qq->? QQ->? ee->? ff->? dd->?
modf: e->ee f->ff d->dd
negative positive: ?->! b->b B->B h->h H->H i->i I->I l->l L->L q->q Q->Q e->e f->f d->d F->F D->D
pow power: ??->b bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q ee->e ff->f dd->d FF->F DD->D
signbit: e->? f->? d->?
subtract: ??->! bb->b BB->B hh->h HH->H ii->i II->I ll->l LL->L qq->q QQ->Q ee->e ff->f dd->d FF->F DD->D
"""
SPECIAL = """
bdtr bdtrc bdtri beta betainc betaincinv betaln binom boxcox boxcox1p cbrt chdtr chdtrc chdtri cosdg cosm1 cotdg
digamma ellipeinc ellipj ellipk ellipkinc ellipkm1 entr erf erfc erfcinv erfcx erfinv exp1 exp10 exp2 expi expit
expm1 expn exprel fdtr fdtrc fdtri gamma gammainc gammaincc gammainccinv gammaincinv gammaln gammasgn gdtr gdtrc
huber i0 i0e i1 i1e inv_boxcox inv_boxcox1p j0 j1 k0 k0e k1 k1e kl_div log1p log_expit log_ndtr loggamma logit lpmv
nbdtr nbdtrc nbdtri ndtr ndtri pdtr pdtrc pdtri poch pseudo_huber psi radian rel_entr rgamma shichi sici sinc sindg
tandg wright_bessel xlog1py xlogy y0 y1 yn zeta zetac
"""
NOT_COVERED_HERE = """
AxisError ComplexWarning DataSource ElementwiseKernel Inf Infinity ModuleDeprecationWarning NAN NINF NZERO NaN PINF
PZERO RankWarning RawKernel RawModule ReductionKernel TooHardError VisibleDeprecationWarning alltrue annotations
apply_along_axis apply_over_axes array2string array_repr array_str asarray_chkfinite asfarray asnumpy base_repr
binary_repr broadcast byte_bounds c_ cfloat clear_memo complex_ cuda cumproduct disable_experimental_feature_warning
disp exceptions fft find_common_type flatiter float_ format_float_positional format_float_scientific format_parser
fromDlpack from_dlpack frombuffer fromfile fromfunction fromiter fromstring fuse genfromtxt get_array_module
get_array_wrap get_default_memory_pool get_default_pinned_memory_pool get_printoptions histogram2d histogramdd in1d
infty is_available issctype issubclass_ issubsctype lib linalg load loadtxt make_aligned_dtype mask_indices memoize
mgrid min_scalar_type msort ndarray obj2sctype ogrid piecewise place poly poly1d polyadd polyfit polymul polynomial
polysub polyval printoptions product put putmask r_ random require roots round_ safe_eval save savetxt savez
savez_compressed sctype2char set_printoptions set_string_function show_config singlecomplex sometrue sort_complex
testing trapz typename typing ufunc vectorize who
"""
METHODS_NOT_COVERED_HERE = """
T base cstruct data device dtype dump dumps flags flat get imag itemsize mT mdspan nbytes ndim ptp put real
reduced_view scatter_add scatter_max scatter_min set shape size strides toDlpack tofile
"""
LACKING_IN_CUPY = """
False_ ScalarType True_ asmatrix block bmat busday_count busday_offset busdaycalendar bytes_ char character
clongdouble complex256 core ctypeslib datetime64 datetime_as_string datetime_data dtypes einsum_path emath errstate
f2py flexible float128 frompyfunc fromregex geomspace get_include getbufsize geterr geterrcall histogram_bin_edges
info insert is_busday isnat linalg.diagonal linalg.matrix_norm linalg.multi_dot linalg.outer linalg.svdvals
linalg.tensordot linalg.trace linalg.vecdot linalg.vector_norm little_endian longdouble ma matrix matvec memmap
nanpercentile nanquantile ndenumerate nditer nested_iters object_ polyder polydiv polyint rec recarray record
sctypeDict setbufsize seterr seterrcall show_runtime spacing str_ strings test timedelta64 typecodes unstack vecdot
vecmat void
"""
