"""Random numbers: a `Generator` whose draws are PyTorch's, so that one seed means the same numbers in both.

Underneath turns the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), an endless tape of 32-bit words. Each
distribution is a recipe that reads words off the tape and makes numbers of them; the recipes are this file. They speak
NumPy arrays only: read `ops/random.py` next, where the draws become tensors.

How far the agreement with PyTorch's CPU generator goes:

- Integers, uniforms, Bernoulli trials and permutations agree in every bit. Where a logarithm, sine or cosine is taken
  the last bits may differ. Of the float32 normals six in seven are equal, and one in 2,000 is more than 2 units in the
  last place away (20 million numbers tried, none was more than 5); between processors with and without AVX2,
  PyTorch's own differ by more.
- On Intel processors PyTorch leaves `bernoulli` with one probability (hence dropout) and `exponential` (hence
  `multinomial` without replacement) to Intel's MKL library, which reads another tape. There, these alone differ.
- Numbers are dealt out in the order in which the elements lie in memory, so a tensor that is the transpose of a
  contiguous one is filled column by column: draw flat, then lay the result out. `normal` alone also asks whether the
  memory is contiguous, see there.
"""

from __future__ import annotations

import itertools
import math
import operator
import secrets
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Shape: TypeAlias = int | Sequence[int]
Array: TypeAlias = NDArray[Any]

_DEFAULT_SEED = 67280421310721  # the seed of every PyTorch generator that was given none
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # bits of precision

# A saved state, byte for byte as PyTorch lays it out (what is called zero here is left over from older layouts).
_STATE = np.dtype(
    [("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("words", "<u8", 624), ("zero_x", "<f8"),
     ("spare", "<f8"), ("zero_rho", "<f8"), ("has_spare", "<i8"), ("zero_float_spare", "<f8")]
)  # fmt: skip


class Generator:
    """A source of random numbers: the tape of words, and how far it has been read.

    Every draw takes a shape (an int or a sequence of ints) and returns a new NumPy array. Threads may share a
    generator: a lock lets each draw finish before the next one begins.

    >>> from minigrad.generator import Generator
    >>> Generator().manual_seed(0).integers(0, 10, 5)
    array([4, 9, 3, 0, 3])
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device
        self._lock = threading.RLock()
        self._tape = np.random.MT19937()
        self.manual_seed(_DEFAULT_SEED)

    # ---- seeds and states -------------------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Rewind to the beginning of tape number `seed` and return the generator itself.

        Seeds lie in [-2**63, 2**64); a negative one stands for `seed + 2**64`. MT19937 reads the lowest 32 bits.
        Raises RuntimeError if the seed is not an integer, ValueError if it is out of range.
        """
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}: seed with an integer")
        seed = operator.index(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long: expected a seed in [-2**63, 2**64), got {seed}")
        with self._lock:
            self._seed = seed % 2**64
            self._tape._legacy_seeding(self._seed & 0xFFFFFFFF)
            self._spare: float | None = None  # the second normal of a pair whose first has been handed out
        return self

    def seed(self) -> int:
        """Seed from the operating system's entropy and return the seed, for another run to repeat."""
        return self.manual_seed(secrets.randbits(64))._seed

    def initial_seed(self) -> int:
        """The seed this tape began with."""
        return self._seed

    def get_state(self) -> NDArray[np.uint8]:
        """The generator's state: 5056 bytes, the very bytes that PyTorch's generator would give, and takes back."""
        with self._lock:
            tape = self._tape.state["state"]
            words, position = tape["key"], tape["pos"]
            fresh = position == 624 and int(words[0]) == self._seed & 0xFFFFFFFF  # seeding puts the seed in word 0
            state = np.zeros(1, _STATE)
            state["seed"], state["seeded"] = self._seed, 1
            state["words"], state["left"], state["next"] = words, 625 - position, 0 if fresh else position
            state["spare"], state["has_spare"] = self._spare or 0.0, self._spare is not None
        return state.view(np.uint8)

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Go back to a state that `get_state`, ours or PyTorch's, has returned."""
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
            raise TypeError(f"RNG state must be an array of uint8, got {getattr(state, 'dtype', type(state).__name__)}")
        if state.size != _STATE.itemsize:
            expected = f"Expected a CPUGeneratorImplState of size {_STATE.itemsize}"
            raise RuntimeError(f"{expected} but found the input RNG state size to be {state.size}")
        saved = np.frombuffer(state.tobytes(), _STATE)[0]
        if not (saved["seeded"] == 1 and 1 <= saved["left"] <= 624 and saved["next"] <= 624):
            raise RuntimeError("Invalid mt19937 state: expected what get_state() returned, got other bytes")
        with self._lock:
            self._seed = int(saved["seed"])
            words, position = saved["words"].astype(np.uint32), 625 - int(saved["left"])
            self._tape.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": position}}
            self._spare = float(saved["spare"]) if saved["has_spare"] & 1 else None

    def clone_state(self) -> Generator:
        """A second generator that will draw the same numbers from here on."""
        return _restored(type(self), self.device, Generator.get_state(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.device, Generator.get_state(self))  # what pickle and copy.deepcopy ask for

    def __repr__(self) -> str:
        return f"Generator(device={str(self.device)!r}, initial_seed={self._seed})"

    # ---- words and units: what every recipe is made of ----------------------------------------------------------

    def random_u32(self, n: int) -> NDArray[np.uint32]:
        """The next `n` words of 32 random bits."""
        with self._lock:
            return self._tape.random_raw(n).astype(np.uint32)

    def random_u64(self, n: int) -> NDArray[np.uint64]:
        """The next `n` words of 64 random bits, `first << 32 | second` of two words of 32."""
        with self._lock:
            halves = self._tape.random_raw(2 * n).reshape(n, 2)
        return halves[:, 0] << np.uint64(32) | halves[:, 1]

    def _unit(self, n: int, dtype: np.dtype[Any]) -> Array:
        """`n` uniforms in [0, 1): the lowest 24 bits of a word for float32, 53 bits of a double word for float64."""
        if dtype == np.float64:
            unit = (self.random_u64(n) & np.uint64(2**53 - 1)).view(np.int64).astype(np.float64)
            unit *= 2.0**-53
        else:
            unit = (self.random_u32(n) & np.uint32(2**24 - 1)).view(np.int32).astype(np.float32)
            unit *= 2.0**-24
        return unit

    def _unit64(self, shape: Shape) -> Array:
        """Uniforms in [0, 1) in float64, in which PyTorch computes most distributions whatever the result's dtype."""
        shape = _as_shape(shape)
        return self._unit(math.prod(shape), np.dtype(np.float64)).reshape(shape)

    # ---- continuous distributions -------------------------------------------------------------------------------

    def uniform(self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform on [low, high): `low + (high - low) u`. Complex dtypes draw real and imaginary part in turn.

        >>> Generator().manual_seed(0).uniform(3)
        array([0.4962566 , 0.7682218 , 0.08847743], dtype=float32)
        """
        dtype, shape = np.dtype(dtype), _as_shape(shape)
        if dtype.kind == "c":
            return self.uniform((*shape, 2), _real(dtype), low, high).view(dtype).reshape(shape)
        work = _work_dtype(dtype, "uniform_")
        if (low, high) == (0, 1) and dtype == work:
            return self._unit(math.prod(shape), work).reshape(shape)
        if low > high:
            raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
        with np.errstate(over="ignore"):
            if not np.isfinite(np.array([low, high, high - low]).astype(dtype)).all():
                raise RuntimeError(f"uniform_: from={low}, to={high} or their difference is out of bounds for {dtype}")
        start, stop = np.array([low, high]).astype(work)
        unit = self._unit(math.prod(shape), work)
        numbers = _multiply_add(unit, stop - start, start).astype(dtype, copy=False)
        first, end = np.asarray(low, dtype), np.asarray(high, dtype)
        np.copyto(numbers, first, where=numbers == end)  # rounding may have reached the open end
        return numbers.reshape(shape)

    def normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0,
               contiguous: bool = True) -> Array:  # fmt: skip
        """Normal with the given mean and standard deviation, by Box and Muller's transform (1958).

        Two uniforms make two independent normals, `r cos(a)` and `r sin(a)` with `r = sqrt(-2 log(1 - u))` and
        `a = 2 pi v`. PyTorch has two ways to pair them, and so have we: 16 numbers or more come in blocks of 16, in
        the result's precision; fewer come pair by pair in float64, and of an odd pair the second number is kept for
        the next such draw. A tensor whose memory is not contiguous is filled pair by pair whatever its size:
        `contiguous=False`. Complex numbers share the variance out, half to each part.

        A mean and std that are tensors are applied afterwards: PyTorch draws standard normals in the broadcast shape,
        then multiplies by std, then adds the mean.

        >>> Generator().manual_seed(0).normal(3)
        array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
        """
        dtype, shape = np.dtype(dtype), _as_shape(shape)
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        if dtype.kind == "c":
            parts = self.normal((*shape, 2), _real(dtype), mean, std / math.sqrt(2), contiguous)
            return parts.view(dtype).reshape(shape)
        work, size = _work_dtype(dtype, "normal_"), math.prod(shape)
        standard = self._normal_blocks(size, dtype, work) if size >= 16 and contiguous else self._normal_pairs(size)
        return _cast(_multiply_add(standard, std, mean), dtype).reshape(shape)

    def _normal_blocks(self, size: int, dtype: np.dtype[Any], work: np.dtype[Any]) -> Array:
        whole = size - size % 16
        with self._lock:
            numbers = self._unit(size if dtype == work else whole, work)
            _box_muller(numbers[:whole])
            if whole < size:  # the last block reaches back to be whole, and is drawn anew
                last = self._unit(16, work)
                _box_muller(last)
                numbers = np.concatenate([numbers[: size - 16], last])
        return numbers

    def _normal_pairs(self, size: int) -> Array:
        with self._lock:
            kept = [] if self._spare is None else [self._spare]
            unit = self._unit64(((size - len(kept) + 1) // 2, 2))
            radius, angle = np.sqrt(-2 * np.log1p(-unit[:, 1])), 2 * math.pi * unit[:, 0]
            pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
            numbers = np.concatenate([kept, pairs.ravel()])
            self._spare = float(numbers[size]) if numbers.size > size else None
        return numbers[:size]

    def log_normal(self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0) -> Array:
        """`exp(z)` of a normal `z` with this mean and std (drawn pair by pair, whatever the size)."""
        dtype, shape = np.dtype(dtype), _as_shape(shape)
        _work_dtype(dtype, "log_normal_")
        if not std > 0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
        numbers = np.exp(_multiply_add(self._normal_pairs(math.prod(shape)), std, mean))
        return _cast(numbers, dtype).reshape(shape)

    def exponential(self, shape: Shape, dtype: DTypeLike = np.float32, rate: float = 1.0) -> Array:
        """Exponential with mean 1 / rate: `-log(1 - u) / rate`, the inverse of the distribution function."""
        dtype = np.dtype(dtype)
        _work_dtype(dtype, "exponential_")
        if not rate > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate}")
        return _cast(-1 / rate * np.log1p(-self._unit64(shape)), dtype)

    def cauchy(self, shape: Shape, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0) -> Array:
        """Cauchy: `median + sigma tan(pi (u - 1/2))`."""
        dtype = np.dtype(dtype)
        _work_dtype(dtype, "cauchy_")
        if not sigma > 0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
        return _cast(_multiply_add(np.tan(math.pi * (self._unit64(shape) - 0.5)), sigma, median), dtype)

    # ---- discrete distributions ---------------------------------------------------------------------------------

    def integers(self, low: int | None, high: int | None, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Integers in [low, high), as PyTorch's `randint` and `random_` draw them: `low + word % (high - low)`.

        With `high=None` the range ends with the dtype's largest value, included; for a floating dtype that is the
        last of the integers it holds without a gap, `2**24` in float32. With `low=None` it also starts at zero.

        >>> Generator().manual_seed(0).integers(-3, 3, (2, 3))
        array([[-1,  0,  2],
               [-3, -2,  0]])
        """
        dtype, shape = np.dtype(dtype), _as_shape(shape)
        smallest, largest = _integer_range(dtype)
        start = 0 if low is None else operator.index(low)
        last = largest if high is None else operator.index(high) - 1
        if start > last:
            raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={start} >= to={last + 1}")
        for name, bound in (("from", start), ("to - 1", last)):
            if not smallest <= bound <= largest:
                raise RuntimeError(f"{name} is out of bounds for {dtype}: {bound} is not in [{smallest}, {largest}]")
        span = last - start + 1
        wide = dtype.itemsize == 8 if low is None else span >= 2**28  # with few bits to spare, % would favour some
        words = (self.random_u64 if wide else self.random_u32)(math.prod(shape))
        # Unsigned sums wrap around and so reach the negative numbers; a range of all numbers needs no offset.
        offset = np.uint64(start % 2**64 if span < 2**64 else 0)
        return (_remainder(words, span) + offset).view(np.int64).astype(dtype).reshape(shape)

    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """The numbers 0 ... n-1 in random order: Fisher and Yates's shuffle (1938; Knuth, TAOCP 2, 3.4.2).

        >>> Generator().manual_seed(0).permutation(5)
        array([4, 0, 1, 3, 2])
        """
        dtype = np.dtype(dtype)
        if dtype.kind == "b":
            raise NotImplementedError("randperm is not implemented for bool: ask for an integer dtype")
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
        limit = min(_integer_range(dtype)[1] + 1, 0xFFFFFFFF // 20 - 1)  # beyond, PyTorch shuffles in another way
        if n > limit:
            raise RuntimeError(f"randperm: n cannot be greater than {limit} for {dtype}, got {n}")
        if n < 2:
            return np.arange(n).astype(dtype)
        places = np.arange(n - 1)
        return _swap_through(places + self.random_u32(n - 1) % (n - places)).astype(dtype)

    def bernoulli(self, p: float, shape: Shape, dtype: DTypeLike = np.float32) -> Array:
        """Ones with probability `p`, else zeros: `u < p` with a uniform of 53 bits. Dropout draws its masks so."""
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        return (self._unit64(shape) < p).astype(dtype)

    def bernoulli_of(self, probs: Array, dtype: DTypeLike | None = None) -> Array:
        """One trial for each probability in `probs`: `u < p`, with 53 bits for float64, 24 for shorter dtypes."""
        work = _work_dtype(probs.dtype, "bernoulli")
        if not ((probs >= 0) & (probs <= 1)).all():
            raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true: bernoulli wants probabilities in [0, 1]")
        return (self._unit(probs.size, work).reshape(probs.shape) < probs.astype(work)).astype(dtype or probs.dtype)

    def geometric(self, p: float, shape: Shape, dtype: DTypeLike = np.float32) -> Array:
        """The number of trials up to the first success, of probability `p`: `ceil(log(u) / log(1 - p))`."""
        if np.dtype(dtype).kind in "bc":
            raise NotImplementedError(f"geometric_ is not implemented for {np.dtype(dtype)}")
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        with np.errstate(divide="ignore"):  # log(0) = -inf is one outcome in 2**53
            return _cast(np.ceil(np.log(self._unit64(shape)) / np.log1p(-p)), np.dtype(dtype))

    def poisson(self, rates: Array) -> Array:
        """Poisson numbers, one for each rate: Knuth's products of uniforms for small rates, rejection for large ones.

        (TAOCP 2, 3.4.1; Hoermann, "The transformed rejection method for generating Poisson random variables", 1993.)
        How many uniforms an element takes is left to chance, so the elements come one after the other.
        """
        _work_dtype(rates.dtype, "poisson")
        if not (rates >= 0).all():
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        with self._lock:
            start, used = self._tape.state, itertools.count()
            unit = (value for value, _ in zip(self._endless_units(), used))
            numbers = [_poisson(rate, unit) for rate in rates.astype(np.float64).ravel().tolist()]
            self._tape.state = start  # the units were drawn in advance: read again as many as were needed
            self._unit64(next(used))
        return np.array(numbers, np.float64).astype(rates.dtype).reshape(rates.shape)

    def _endless_units(self) -> Iterator[float]:
        while True:
            yield from self._unit64(1024).tolist()

    def multinomial(self, probs: Array, num_samples: int, replacement: bool = False) -> NDArray[np.int64]:
        """Draw category indices with probabilities proportional to `probs`, of shape (K,) or (N, K), row by row.

        Returns (num_samples,) or (N, num_samples). With replacement: search the cumulative sums for a uniform. Without:
        the largest of `p / e`, with `e` exponential, form a sample without replacement, in order of drawing (Efraimidis
        and Spirakis, 2006). A single sample is drawn in this second way too.
        """
        if probs.ndim not in (1, 2):
            raise RuntimeError(f"prob_dist must be 1 or 2 dim, got shape {probs.shape}")
        if probs.dtype.name not in _DIGITS:
            raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {probs.dtype}")
        categories = probs.shape[-1]
        if num_samples <= 0:
            raise RuntimeError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
        if not replacement and num_samples > categories:
            message = "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
            raise RuntimeError(f"{message}: {num_samples} > {categories}")
        if categories > 2**24:
            raise RuntimeError(f"number of categories cannot exceed 2^24, got {categories}")
        if not ((probs >= 0) & (probs < np.inf)).all():
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        if not (probs.sum(axis=-1) > 0).all():
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
        if replacement and num_samples > 1:
            return self._search_cumulative(np.atleast_2d(probs), num_samples).reshape(*probs.shape[:-1], num_samples)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            keys = probs / self.exponential(probs.shape, probs.dtype)
        if num_samples == 1:
            return keys.argmax(axis=-1, keepdims=True)
        return np.argsort(-keys, axis=-1, kind="stable")[..., :num_samples]

    def _search_cumulative(self, probs: Array, num_samples: int) -> NDArray[np.int64]:
        cumulative = np.cumsum(probs, axis=1, dtype=probs.dtype)
        cumulative /= cumulative[:, -1:].copy()
        unit = self._unit64((len(probs), num_samples))
        found = [np.searchsorted(row, u) for row, u in zip(cumulative.astype(np.float64), unit, strict=True)]
        return np.array(found, dtype=np.int64).reshape(unit.shape)


# ---- helpers ------------------------------------------------------------------------------------------------------


def _restored(cls: type[Generator], device: Any, state: NDArray[np.uint8]) -> Generator:
    generator = cls(device)
    Generator.set_state(generator, state)
    return generator


def _as_shape(shape: Shape) -> tuple[int, ...]:
    return tuple(shape) if isinstance(shape, Sequence) else (operator.index(shape),)


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(f"f{dtype.itemsize // 2}")


def _work_dtype(dtype: np.dtype[Any], name: str) -> np.dtype[Any]:
    """The precision in which PyTorch computes for a floating dtype: float32 for the half precisions."""
    if dtype.name not in _DIGITS:
        raise NotImplementedError(f"{name} is not implemented for {dtype}: draw a floating dtype, then convert")
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def _cast(numbers: Array, dtype: np.dtype[Any]) -> Array:
    """Convert float64 results as PyTorch does: to half precisions by way of float32."""
    with np.errstate(over="ignore"):
        if dtype.itemsize == 2 and dtype.name in _DIGITS:
            numbers = numbers.astype(np.float32)
        return numbers.astype(dtype, copy=False)


def _integer_range(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The first and the last of the unbroken run of integers that a dtype can hold."""
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if dtype.kind == "b":
        return 0, 1
    if dtype.name in _DIGITS:
        return -(2 ** _DIGITS[dtype.name]), 2 ** _DIGITS[dtype.name]
    raise RuntimeError(f"check_random_bounds handles only integral, floating-point and boolean types, got {dtype}")


def _remainder(words: Array, span: int) -> NDArray[np.uint64]:
    """`words % span`, by way of `//`, which NumPy vectorises: five times faster."""
    if span <= np.iinfo(words.dtype).max:
        divisor = words.dtype.type(span)
        words = words - words // divisor * divisor
    return words.astype(np.uint64, copy=False)


def _multiply_add(x: Array, scale: Any, shift: Any) -> Array:
    """`x * scale + shift` rounded once, at the end: the fused instruction that PyTorch's kernels compile to."""
    scale, shift = x.dtype.type(scale), x.dtype.type(shift)
    if scale == 1 and shift == 0:
        return x
    if shift == 0 or not (np.isfinite(scale) and np.isfinite(shift)):
        return x * scale + shift
    if x.dtype == np.float32:  # in float64 the product is exact
        return (x * np.float64(scale) + np.float64(shift)).astype(np.float32)
    # In float64: product and sum, each with its rounding error found exactly (Dekker, 1971; Knuth, TAOCP 2, 4.2.2).
    scale_high = (scale.view(np.int64) & -(1 << 27)).view(np.float64)
    scale_low = scale - scale_high
    x_high = x * (2.0**27 + 1)
    x_high = x_high - (x_high - x)
    x_low = x - x_high
    product = x * scale
    product_error = (x_high * scale_high - product) + x_high * scale_low + x_low * scale_high + x_low * scale_low
    total = product + shift
    shift_part = total - product
    total_error = (product - (total - shift_part)) + (shift - shift_part)
    return total + (total_error + product_error)


def _box_muller(numbers: Array) -> None:
    """Turn uniforms into standard normals in place: in each block of 16, eight radii and eight angles."""
    blocks = numbers.reshape(-1, 2, 8)
    radius, angle = np.sqrt(-2 * np.log(1 - blocks[:, 0])), 2 * math.pi * blocks[:, 1]
    np.multiply(radius, np.cos(angle), out=blocks[:, 0])
    np.multiply(radius, np.sin(angle), out=blocks[:, 1])


def _poisson(rate: float, unit: Iterator[float]) -> int:
    """One Poisson number."""
    if rate < 10:
        limit, product, count = math.exp(-rate), 1.0, 0
        while rate and (product := product * next(unit)) > limit:
            count += 1
        return count
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root  # the constants of Hoermann's algorithm PTRS
    a = -0.059 + 0.02483 * b
    inverse_alpha, v_r = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = next(unit) - 0.5, next(unit)
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= k * log_rate - rate - math.lgamma(k + 1):
            return k


def _swap_through(targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Start from 0 ... n-1, swap place i with place `targets[i] >= i` for i = 0 ... n-2 in turn, return what results.

    There is no loop over the swaps: seven to ten times faster, from 10,000 on. A swap i leaves in place `targets[i]`
    what place i held when its turn came. So what place k holds at its own turn is what place i held at its turn, where
    i is the last swap that aimed at k: a pointer, and the pointers are followed to their end by doubling. What swap i
    then brings to place i, for good, is what the swap before it with the same target left there, or the target's own
    number.
    """
    steps = np.arange(len(targets) + 1)
    targets = np.append(targets, steps[-1])
    holds = steps.copy()  # place k, when its turn comes, holds what place holds[k] held at its turn
    moves = targets > steps
    holds[targets[moves]] = steps[moves]  # where targets repeat, the last swap wins
    while ((further := holds[holds]) != holds).any():
        holds = further
    by_target = np.sort(targets << 32 | steps)  # by target, then by turn
    target, step = by_target >> 32, by_target & 0xFFFFFFFF
    repeated = np.flatnonzero(target[1:] == target[:-1])
    targets[step[repeated + 1]] = holds[step[repeated]]
    return targets
