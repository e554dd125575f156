"""The random-number floor: every draw gives PyTorch's numbers and leaves PyTorch's state, byte for byte."""

from __future__ import annotations

import copy
import math
import pickle
import platform
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad import generator as streams
from minigrad import random
from minigrad.generator import Generator

SEEDS = st.integers(-(2**63), 2**64 - 1)
FLOATS = ["float16", "float32", "float64"]
NORMAL_ULP = 5  # seen in 20 million numbers
WAITING = slice(5024, 5032)  # where a state keeps the second normal of a pair
SHAPES = [(), (0,), (1,), (3, 5), (16,), (17,), (4, 4), (2, 3, 5), (1000,), (70001,)]

_CPU = Path("/proc/cpuinfo")
ON_INTEL = "GenuineIntel" in (_CPU.read_text() if _CPU.exists() else platform.processor())
not_on_intel = pytest.mark.skipif(ON_INTEL, reason="PyTorch draws these through Intel's MKL on Intel processors")


class Twins:
    """Our generator and PyTorch's, seeded alike."""

    def __init__(self, torch: Any, seed: int) -> None:
        self.torch = torch
        self.ours, self.theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)

    def empty(self, shape: Any, dtype: str = "float32") -> Any:
        return self.torch.empty(shape, dtype=getattr(self.torch, dtype))

    def check(self, ours: Any, theirs: Any, ulp: int = 0) -> None:
        """Same dtype, shape and numbers (up to `ulp` units in the last place), and the same state afterwards."""
        assert_same_state(self.ours, self.theirs)
        if theirs.dtype == self.torch.bfloat16:
            assert ours.dtype.name == "bfloat16"
            ours, theirs = ours.astype(np.float32), theirs.float()
        theirs = theirs.numpy()
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        if ulp == 0 or theirs.dtype.kind in "iub":
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert_within_ulp(ours, theirs, ulp)


def assert_same_state(ours: Generator, theirs: Any) -> None:
    """Byte for byte, but for the waiting second normal, which is a rounded sine."""
    mine, other = ours.get_state(), theirs.get_state().numpy()
    assert np.array_equal(np.delete(mine, WAITING), np.delete(other, WAITING))
    np.testing.assert_allclose(mine[WAITING].view(np.float64), other[WAITING].view(np.float64), rtol=1e-14)


def assert_within_ulp(ours: Any, theirs: Any, ulp: int, scale: float = 0.0) -> None:
    """`scale` is the size of a term that cancelled on the way, whose last place then counts instead."""
    if theirs.dtype.kind == "c":
        ours, theirs = ours.view(theirs.real.dtype), theirs.view(theirs.real.dtype)
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(ours[~finite], theirs[~finite])
    last_place = np.spacing(np.maximum(np.abs(theirs[finite]), theirs.dtype.type(scale))).astype(np.float64)
    error = np.abs(ours[finite].astype(np.float64) - theirs[finite].astype(np.float64)) / last_place
    assert error.max(initial=0) <= ulp


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture
def twins(torch: Any) -> Any:
    return lambda seed: Twins(torch, seed)


@pytest.fixture(scope="module")
def avx2(torch: Any) -> None:
    """PyTorch's kernels for older processors round elsewhere: they differ from its own usual numbers in last places."""
    if torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch runs its kernels without AVX2 here")


# ---- seeds and states ---------------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_a_seed_is_remapped_and_laid_out_as_pytorch_does(torch: Any, seed: int) -> None:
    ours, theirs = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    assert ours.initial_seed() == theirs.initial_seed()
    assert np.array_equal(ours.get_state(), theirs.get_state().numpy())


@pytest.mark.parametrize("seed", [1.0, 1.5, "a", True, None, 2**64, -(2**63) - 1])
def test_what_is_no_seed_raises_as_in_pytorch(torch: Any, seed: Any) -> None:
    with pytest.raises(Exception) as theirs:
        torch.Generator().manual_seed(seed)
    with pytest.raises(theirs.type, match="Overflow when unpacking|manual_seed expected a long, but got"):
        Generator().manual_seed(seed)


def test_a_generator_without_a_seed_has_pytorchs_default(torch: Any) -> None:
    assert Generator().initial_seed() == torch.Generator().initial_seed()


def test_seed_is_never_the_same_and_can_be_repeated() -> None:
    generator = Generator()
    seeds = {generator.seed() for _ in range(10)}
    assert len(seeds) == 10
    drawn = generator.uniform(5)
    assert np.array_equal(drawn, Generator().manual_seed(generator.initial_seed()).uniform(5))


@given(seed=SEEDS, words=st.integers(0, 1300), normals=st.integers(0, 3))
def test_a_state_travels_to_pytorch_and_back(torch: Any, seed: int, words: int, normals: int) -> None:
    ours = Generator().manual_seed(seed)
    ours.random_u32(words)
    ours.normal(normals)
    theirs = torch.Generator()
    theirs.set_state(torch.from_numpy(ours.get_state()))
    assert theirs.initial_seed() == ours.initial_seed()
    np.testing.assert_array_equal(ours.normal(3), torch.empty(3).normal_(generator=theirs).numpy())
    back = Generator()
    back.set_state(theirs.get_state().numpy())
    assert back.initial_seed() == ours.initial_seed()
    for _ in range(2):
        np.testing.assert_array_equal(back.normal(3), torch.empty(3).normal_(generator=theirs).numpy())


@pytest.mark.parametrize("twin", [Generator.clone_state, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_draws_the_same_numbers_and_goes_its_own_way(twin: Any) -> None:
    generator = Generator("cuda:1").manual_seed(5)
    generator.normal(3)
    other = twin(generator)
    ahead = other.normal(5)
    assert other is not generator and other.device == "cuda:1"
    assert np.array_equal(generator.normal(5), ahead)


@pytest.mark.parametrize(
    ("state", "error", "match"),
    [
        ([1, 2], TypeError, "RNG state must be an array of uint8, got list"),
        (np.zeros(5056), TypeError, "got float64"),
        (np.zeros(10, np.uint8), RuntimeError, "size 5056 but found the input RNG state size to be 10"),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_what_is_no_state_is_refused_and_changes_nothing(state: Any, error: Any, match: str) -> None:
    generator = Generator().manual_seed(3)
    with pytest.raises(error, match=match):
        generator.set_state(state)
    assert np.array_equal(generator.get_state(), Generator().manual_seed(3).get_state())


# ---- continuous draws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "complex128"])
def test_uniform_is_bit_equal(twins: Any, dtype: str, shape: Any) -> None:
    for seed in (0, 1, 2**40 + 7):
        pair = twins(seed)
        pair.check(pair.ours.uniform(shape, dtype), pair.empty(shape, dtype).uniform_(generator=pair.theirs))


THOUSANDTHS = st.integers(-60_000_000, 60_000_000).map(lambda k: k / 1000)


@given(
    seed=SEEDS, low=THOUSANDTHS, width=st.integers(0, 5_000_000).map(lambda k: k / 1000), dtype=st.sampled_from(FLOATS)
)
def test_uniform_between_bounds_is_bit_equal_and_below_the_upper(
    torch: Any, avx2: None, seed: int, low: float, width: float, dtype: str
) -> None:
    pair = Twins(torch, seed)
    ours = pair.ours.uniform(2000, dtype, low, low + width)
    pair.check(ours, pair.empty(2000, dtype).uniform_(low, low + width, generator=pair.theirs))
    first, last = np.array([low, low + width]).astype(dtype)
    assert (ours >= first).all() and ((ours < last).all() or first == last)


@pytest.mark.parametrize(("low", "high"), [(1e300, 1.1e300), (-1e307, 1e307), (1e-280, 3e-280), (-5e-324, 1.0)])
def test_uniform_between_extreme_bounds_is_bit_equal(twins: Any, avx2: None, low: float, high: float) -> None:
    pair = twins(9)
    ours = pair.ours.uniform(5000, np.float64, low, high)
    pair.check(ours, pair.empty(5000, "float64").uniform_(low, high, generator=pair.theirs))


@pytest.mark.parametrize("dtype", [*FLOATS, "complex64", "complex128"])
def test_normal_agrees_at_every_size_around_the_blocks_of_sixteen(twins: Any, avx2: None, dtype: str) -> None:
    pair = twins(11)
    for size in [*range(70), 1000, 1008, 100_003]:
        ours, theirs = pair.ours.normal(size, dtype), pair.empty(size, dtype).normal_(generator=pair.theirs)
        pair.check(ours, theirs, ulp=NORMAL_ULP + 2)  # 2 for the scale of complex parts


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("contiguous", [True, False])
def test_normal_with_mean_and_std_is_rounded_once(twins: Any, avx2: None, dtype: str, contiguous: bool) -> None:
    pair = twins(12)
    for size in (5, 40, 20_000):
        theirs = pair.empty((size, 2), dtype)[:, 0] if not contiguous else pair.empty(size, dtype)
        theirs = theirs.normal_(0.3, 1.7, generator=pair.theirs).numpy()
        ours = pair.ours.normal(size, dtype, 0.3, 1.7, contiguous)
        assert_within_ulp(ours, theirs, 2 * NORMAL_ULP, scale=0.3)
        assert (ours == theirs).mean() > 0.8
        assert_same_state(pair.ours, pair.theirs)


def test_the_second_normal_of_a_pair_waits_through_other_draws(twins: Any) -> None:
    pair = twins(13)
    first, _, _, second = (pair.ours.normal(1), pair.ours.normal(16), pair.ours.uniform(3), pair.ours.normal(1))
    theirs = pair.torch.randn(2, generator=pair.torch.Generator().manual_seed(13)).numpy()
    np.testing.assert_array_equal(np.concatenate([first, second]), theirs)


def test_normal_with_tensors_for_mean_and_std_scales_standard_normals(torch: Any, avx2: None) -> None:
    mean, std = np.linspace(-3, 3, 9, dtype=np.float32), np.linspace(0.1, 2, 9, dtype=np.float32)
    theirs = torch.normal(torch.from_numpy(mean), torch.from_numpy(std), generator=torch.Generator().manual_seed(4))
    np.testing.assert_array_equal(Generator().manual_seed(4).normal(9) * std + mean, theirs.numpy())


@pytest.mark.parametrize("draw", ["uniform", "normal", "exponential"])
def test_a_transposed_tensor_is_filled_in_the_order_of_its_memory(twins: Any, draw: str) -> None:
    if draw == "exponential" and ON_INTEL:
        pytest.skip("MKL")
    pair = twins(14)
    theirs = getattr(pair.empty((9, 8)).T, draw + "_")(generator=pair.theirs)
    extra = {"contiguous": False} if draw == "normal" else {}
    pair.check(getattr(pair.ours, draw)((9, 8), **extra), theirs.T)


SKEWED = [
    pytest.param("exponential", {}, (), marks=not_on_intel),
    pytest.param("exponential", {"rate": 2.7}, (2.7,), marks=not_on_intel),
    ("cauchy", {}, ()),
    ("cauchy", {"median": -0.3, "sigma": 2.7}, (-0.3, 2.7)),
    ("log_normal", {}, ()),
    ("log_normal", {"mean": 0.2, "std": 0.6}, (0.2, 0.6)),
]


@pytest.mark.parametrize(("name", "ours", "theirs"), SKEWED)
@pytest.mark.parametrize("dtype", FLOATS)
def test_continuous_distributions_agree(twins: Any, name: str, ours: Any, theirs: Any, dtype: str) -> None:
    pair = twins(21)
    for shape in SHAPES:
        expected = getattr(pair.empty(shape, dtype), name + "_")(*theirs, generator=pair.theirs).numpy()
        numbers = getattr(pair.ours, name)(shape, dtype, **ours)
        assert numbers.dtype == expected.dtype
        if dtype == "float64":
            np.testing.assert_allclose(numbers, expected, rtol=1e-14, atol=1e-16)
        else:
            np.testing.assert_array_equal(numbers, expected)
        assert_same_state(pair.ours, pair.theirs)


def test_an_infinite_scale_gives_infinities(twins: Any) -> None:
    pair = twins(23)
    theirs = pair.empty(50, "float64").cauchy_(0.5, math.inf, generator=pair.theirs)
    pair.check(pair.ours.cauchy(50, np.float64, 0.5, math.inf), theirs)


@pytest.mark.parametrize("draw", ["uniform", "normal", "exponential"])
def test_bfloat16_draws_are_float32_draws_rounded(twins: Any, draw: str) -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    if draw == "exponential" and ON_INTEL:
        pytest.skip("MKL")
    pair = twins(22)
    for size in (5, 16, 1000):
        theirs = getattr(pair.empty(size, "bfloat16"), draw + "_")(generator=pair.theirs)
        pair.check(getattr(pair.ours, draw)(size, bfloat16), theirs)


# ---- discrete draws -----------------------------------------------------------------------------------------------

BOUNDS = {
    "bool": (0, 1), "uint8": (0, 255), "int8": (-128, 127), "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1),
    "float16": (-(2**11), 2**11), "float32": (-(2**24), 2**24), "float64": (-(2**53), 2**53),
}  # fmt: skip


@given(seed=SEEDS, dtype=st.sampled_from(sorted(BOUNDS)), data=st.data())
def test_integers_between_any_bounds_are_bit_equal(torch: Any, seed: int, dtype: str, data: Any) -> None:
    smallest, largest = BOUNDS[dtype]
    low = data.draw(st.integers(smallest, largest - 1))
    high = data.draw(st.none() | st.integers(low + 1, largest))
    pair = Twins(torch, seed)
    pair.check(
        pair.ours.integers(low, high, 40, dtype), pair.empty(40, dtype).random_(low, high, generator=pair.theirs)
    )


@pytest.mark.parametrize("dtype", sorted(BOUNDS))
def test_integers_without_bounds_fill_the_dtype_as_random_does(twins: Any, dtype: str) -> None:
    pair = twins(31)
    for shape in SHAPES:
        pair.check(
            pair.ours.integers(None, None, shape, dtype), pair.empty(shape, dtype).random_(generator=pair.theirs)
        )


def test_integers_over_all_of_int64_are_the_double_words_themselves(twins: Any) -> None:
    pair = twins(31)
    theirs = pair.empty(50, "int64").random_(-(2**63), None, generator=pair.theirs)
    pair.check(pair.ours.integers(-(2**63), None, 50), theirs)
    assert np.array_equal(theirs.numpy().view(np.uint64), Generator().manual_seed(31).random_u64(50))


@pytest.mark.parametrize("span", [1, 2, 2**28 - 1, 2**28, 2**28 + 1, 2**32 - 1, 2**32, 2**32 + 1, 2**63 - 1])
def test_integers_take_double_words_from_a_range_of_two_to_the_28(twins: Any, span: int) -> None:
    pair = twins(32)
    pair.check(pair.ours.integers(0, span, (50, 3)), pair.torch.randint(span, (50, 3), generator=pair.theirs))
    pair.check(pair.ours.integers(-span, 0, (50, 3)), pair.torch.randint(-span, 0, (50, 3), generator=pair.theirs))


@pytest.mark.parametrize("n", [*range(20), 100, 1000, 65_537, 300_000])
def test_permutation_is_pytorchs(twins: Any, n: int) -> None:
    pair = twins(33)
    pair.check(pair.ours.permutation(n), pair.torch.randperm(n, generator=pair.theirs))
    pair.check(pair.ours.permutation(n, np.float32), pair.torch.randperm(n, generator=pair.theirs).float())


@given(st.integers(0, 300).flatmap(lambda n: st.tuples(*(st.integers(i, n) for i in range(n)))))
def test_swapping_all_at_once_is_swapping_one_by_one(targets: tuple[int, ...]) -> None:
    places = list(range(len(targets) + 1))
    for i, j in enumerate(targets):
        places[i], places[j] = places[j], places[i]
    assert streams._swap_through(np.array(targets, dtype=np.int64)).tolist() == places


@pytest.mark.parametrize("dtype", ["float32", "bool", "int64", "float64", "float16"])
@not_on_intel
def test_bernoulli_of_one_probability_is_bit_equal(twins: Any, dtype: str) -> None:
    pair = twins(34)
    for p in (0, 0.3, 0.5, 1.0):
        for shape in SHAPES:
            ours, theirs = pair.ours.bernoulli(p, shape, dtype), pair.empty(shape, dtype)
            pair.check(ours, theirs.bernoulli_(p, generator=pair.theirs))


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_of_many_probabilities_is_bit_equal(twins: Any, dtype: str) -> None:
    pair = twins(35)
    probs = np.linspace(0, 1, 30_000).reshape(3, -1).astype(dtype)
    pair.check(pair.ours.bernoulli_of(probs), pair.torch.bernoulli(pair.torch.from_numpy(probs), generator=pair.theirs))
    whole = pair.empty(probs.shape, "int32").bernoulli_(pair.torch.from_numpy(probs), generator=pair.theirs)
    pair.check(pair.ours.bernoulli_of(probs, np.int32), whole)


@not_on_intel
def test_dropout_keeps_where_bernoulli_says_so(torch: Any) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(36)
        kept = torch.nn.functional.dropout(torch.ones(5000), 0.3).numpy() != 0
    assert np.array_equal(kept, Generator().manual_seed(36).bernoulli(1 - 0.3, 5000, bool))


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "uint8"])
def test_geometric_is_equal(twins: Any, dtype: str) -> None:
    pair = twins(37)
    for p in (0.1, 0.5, 0.97):
        pair.check(
            pair.ours.geometric(p, (7, 900), dtype), pair.empty((7, 900), dtype).geometric_(p, generator=pair.theirs)
        )


@pytest.mark.parametrize("shape", [(1,), (10,), (1, 10), (5, 33), (3, 2000)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replacement", [False, True])
def test_multinomial_is_equal(twins: Any, shape: Any, dtype: str, replacement: bool) -> None:
    if ON_INTEL and not replacement:
        pytest.skip("MKL")
    pair = twins(38)
    probs = Generator().manual_seed(1).uniform(shape, dtype)
    probs[..., 3:5] = 0
    for num_samples in (1, 2, 8, 40):
        if ON_INTEL and num_samples == 1 or not replacement and num_samples > np.count_nonzero(probs, axis=-1).min():
            continue
        theirs = pair.torch.multinomial(pair.torch.from_numpy(probs), num_samples, replacement, generator=pair.theirs)
        pair.check(pair.ours.multinomial(probs, num_samples, replacement), theirs)


# ---- draws in any order -------------------------------------------------------------------------------------------

DRAWS: dict[str, Any] = {
    "randn": (lambda g, n: g.normal(n), lambda t, n, g: t.randn(n, generator=g)),
    "randn double": (lambda g, n: g.normal(n, np.float64), lambda t, n, g: t.randn(n, dtype=t.float64, generator=g)),
    "rand": (lambda g, n: g.uniform(n), lambda t, n, g: t.rand(n, generator=g)),
    "randint": (lambda g, n: g.integers(0, 10, n), lambda t, n, g: t.randint(10, (n,), generator=g)),
    "randperm": (lambda g, n: g.permutation(n), lambda t, n, g: t.randperm(n, generator=g)),
    "log_normal": (lambda g, n: g.log_normal(n), lambda t, n, g: t.empty(n).log_normal_(generator=g)),
    "bernoulli": (
        lambda g, n: g.bernoulli_of(np.full(n, 0.5, np.float32)),
        lambda t, n, g: t.bernoulli(t.full((n,), 0.5), generator=g),
    ),
}
INEXACT = ("randn", "randn double", "log_normal")


@settings(max_examples=200)
@given(seed=SEEDS, plan=st.lists(st.tuples(st.sampled_from(sorted(DRAWS)), st.integers(0, 40)), max_size=12))
def test_any_sequence_of_draws_stays_in_step(torch: Any, avx2: None, seed: int, plan: Any) -> None:
    pair = Twins(torch, seed)
    for name, size in plan:
        ours, theirs = DRAWS[name]
        pair.check(ours(pair.ours, size), theirs(torch, size, pair.theirs), ulp=NORMAL_ULP if name in INEXACT else 0)


def test_threads_share_a_generator_without_losing_or_repeating_a_number() -> None:
    shared = Generator().manual_seed(41)
    drawn: list[float] = []
    threads = [threading.Thread(target=lambda: drawn.extend(shared.normal(1)[0] for _ in range(500))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = Generator().manual_seed(41)
    assert sorted(drawn) == sorted(alone.normal(4000, contiguous=False))


# ---- refusals -----------------------------------------------------------------------------------------------------

nan, inf = math.nan, math.inf
REFUSED: list[tuple[Any, Any]] = [
    (lambda g: g.uniform(2, low=1, high=0), lambda t: t.empty(2).uniform_(1, 0)),
    (lambda g: g.uniform(2, high=inf), lambda t: t.empty(2).uniform_(0, inf)),
    (lambda g: g.uniform(2, low=nan), lambda t: t.empty(2).uniform_(nan, 1)),
    (lambda g: g.uniform(2, np.float16, high=1e5), lambda t: t.empty(2).half().uniform_(0, 1e5)),
    (lambda g: g.uniform(2, low=-3e38, high=3e38), lambda t: t.empty(2).uniform_(-3e38, 3e38)),
    (lambda g: g.uniform(2, np.int32), lambda t: t.empty(2).int().uniform_()),
    (lambda g: g.normal(2, std=-1), lambda t: t.empty(2).normal_(0, -1)),
    (lambda g: g.normal(2, std=nan), lambda t: t.empty(2).normal_(0, nan)),
    (lambda g: g.normal(2, np.int64), lambda t: t.empty(2).long().normal_()),
    (lambda g: g.log_normal(2, std=0), lambda t: t.empty(2).log_normal_(0, 0)),
    (lambda g: g.exponential(2, rate=0), lambda t: t.empty(2).exponential_(0)),
    (lambda g: g.exponential(2, np.int64), lambda t: t.empty(2).long().exponential_()),
    (lambda g: g.cauchy(2, sigma=0), lambda t: t.empty(2).cauchy_(0, 0)),
    (lambda g: g.geometric(1, 2), lambda t: t.empty(2).geometric_(1)),
    (lambda g: g.geometric(0.5, 2, bool), lambda t: t.empty(2).bool().geometric_(0.5)),
    (lambda g: g.bernoulli(1.5, 2), lambda t: t.empty(2).bernoulli_(1.5)),
    (lambda g: g.bernoulli(nan, 2), lambda t: t.empty(2).bernoulli_(nan)),
    (lambda g: g.bernoulli_of(np.array([0.5, nan])), lambda t: t.bernoulli(t.tensor([0.5, nan]))),
    (lambda g: g.bernoulli_of(np.array([0.5, 2])), lambda t: t.bernoulli(t.tensor([0.5, 2]))),
    (lambda g: g.bernoulli_of(np.array([0, 1])), lambda t: t.bernoulli(t.tensor([0, 1]))),
    (lambda g: g.integers(3, 3, 2), lambda t: t.randint(3, 3, (2,))),
    (lambda g: g.integers(0.5, 3, 2), lambda t: t.randint(0.5, 3, (2,))),
    (lambda g: g.integers(0, 257, 2, np.uint8), lambda t: t.randint(257, (2,), dtype=t.uint8)),
    (lambda g: g.integers(-1, 4, 2, np.uint8), lambda t: t.empty(2, dtype=t.uint8).random_(-1, 4)),
    (lambda g: g.integers(0, 3, 2, np.complex64), lambda t: t.randint(3, (2,), dtype=t.complex64)),
    (lambda g: g.permutation(-1), lambda t: t.randperm(-1)),
    (lambda g: g.permutation(257, np.uint8), lambda t: t.randperm(257, dtype=t.uint8)),
    (lambda g: g.permutation(2050, np.float16), lambda t: t.randperm(2050, dtype=t.float16)),
    (lambda g: g.permutation(5, bool), lambda t: t.randperm(5, dtype=t.bool)),
    (lambda g: g.multinomial(np.ones((2, 2, 2)), 1), lambda t: t.multinomial(t.ones(2, 2, 2), 1)),
    (lambda g: g.multinomial(np.ones(()), 1), lambda t: t.multinomial(t.ones(()), 1)),
    (lambda g: g.multinomial(np.ones(3, int), 1), lambda t: t.multinomial(t.ones(3).long(), 1)),
    (lambda g: g.multinomial(np.ones(3), 4), lambda t: t.multinomial(t.ones(3), 4)),
    (lambda g: g.multinomial(np.ones(3), 0), lambda t: t.multinomial(t.ones(3), 0)),
    (lambda g: g.multinomial(np.zeros(3), 1), lambda t: t.multinomial(t.zeros(3), 1)),
    (lambda g: g.multinomial(np.array([1, -1.0]), 1), lambda t: t.multinomial(t.tensor([1, -1.0]), 1)),
    (lambda g: g.multinomial(np.array([1, inf]), 1), lambda t: t.multinomial(t.tensor([1, inf]), 1)),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_pytorch_refuses_is_refused_with_its_exception_and_draws_nothing(torch: Any, case: int) -> None:
    ours, theirs = REFUSED[case]
    with pytest.raises(Exception) as expected:
        theirs(torch)
    generator = Generator().manual_seed(51)
    with pytest.raises(expected.type):
        ours(generator)
    assert np.array_equal(generator.get_state(), Generator().manual_seed(51).get_state())


def test_refused_beyond_what_pytorch_refuses() -> None:
    with pytest.raises(RuntimeError, match="n cannot be greater than 214748363"):
        Generator().permutation(2**32)
    with pytest.raises(RuntimeError, match="is not in \\[-16777216, 16777216\\]"):  # PyTorch warns
        Generator().integers(0, 2**30, 3, np.float32)


# ---- the default generator ----------------------------------------------------------------------------------------


def test_the_module_functions_speak_to_the_default_generator() -> None:
    with random.fork_rng():
        assert random.manual_seed(-1) is random.default_generator
        assert random.initial_seed() == 2**64 - 1
        state = random.get_rng_state()
        first = random.default_generator.uniform(3)
        random.set_rng_state(state)
        assert np.array_equal(random.default_generator.uniform(3), first)
        assert random.seed() == random.initial_seed() != 2**64 - 1


def test_fork_rng_gives_the_state_back_even_after_an_error() -> None:
    before = random.get_rng_state()
    with pytest.raises(KeyError), random.fork_rng():
        random.default_generator.normal(3)
        raise KeyError
    assert np.array_equal(random.get_rng_state(), before)
    with random.fork_rng(), random.fork_rng(enabled=False):
        random.manual_seed(1)
        assert random.initial_seed() == 1
    assert np.array_equal(random.get_rng_state(), before)


# ---- without PyTorch at hand --------------------------------------------------------------------------------------

PROBS = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
REFERENCES: dict[str, Any] = {
    "uniform": (lambda g: g.uniform(4), [0.53171587, 0.831267953, 0.971837997, 0.119300842]),
    "uniform double": (
        lambda g: g.uniform(3, np.float64, -1, 3),
        [0.014909281069546587, 2.0988173270173434, 0.3408729460050086],
    ),
    "normal pairs": (lambda g: g.normal(3), [-0.0404291674, 1.72599208, -0.814038754]),
    "normal blocks": (lambda g: g.normal(17)[[0, 8, 16]], [-1.22623551, 0.713076174, -0.077645123]),
    "normal double": (
        lambda g: g.normal(17, np.float64)[[0, 8, 16]],
        [-0.7040247420378066, -1.9158620045555208, 0.6893051953204657],
    ),
    "integers": (lambda g: g.integers(0, 100, 5), [12, 50, 84, 60, 23]),
    "integers wide": (lambda g: g.integers(-(2**62), 2**62, 2), [-2988104780043989510, -938778005468181888]),
    "permutation": (lambda g: g.permutation(9), [8, 3, 5, 2, 7, 1, 4, 0, 6]),
    "bernoulli": (lambda g: g.bernoulli(0.3, 9), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
    "bernoulli_of": (lambda g: g.bernoulli_of(PROBS), [0.0, 0.0, 0.0, 1.0]),
    "exponential": (lambda g: g.exponential(3, rate=2.0), [0.146332115, 0.745170832, 0.204148233]),
    "geometric": (lambda g: g.geometric(0.2, 5), [7.0, 2.0, 5.0, 2.0, 1.0]),
    "cauchy": (lambda g: g.cauchy(3), [-0.976850569, 1.16864967, -0.569481611]),
    "log_normal": (lambda g: g.log_normal(3), [2.50713754, 85.79702, 0.533616662]),
    "multinomial": (lambda g: g.multinomial(PROBS, 3), [2, 0, 3]),
    "multinomial replaced": (lambda g: g.multinomial(PROBS, 5, True), [1, 3, 2, 3, 3]),
}


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_draws_equal_numbers_that_pytorch_once_gave(name: str) -> None:
    draw, expected = REFERENCES[name]
    np.testing.assert_allclose(draw(Generator().manual_seed(2024)), expected, rtol=5e-7)
