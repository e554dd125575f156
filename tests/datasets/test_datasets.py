"""The bundled data sets have the shapes and values they document; the generated ones follow their formulas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import datasets
from minigrad.utils.data import DataLoader

TABLES = {"iris": (150, 4, 3), "wine": (178, 13, 3), "breast_cancer": (569, 30, 2)}


@pytest.fixture(scope="module")
def sklearn():
    return pytest.importorskip("sklearn.datasets")


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_scikit_learn(sklearn, name):
    n, columns, classes = TABLES[name]
    data, wanted = getattr(datasets, name)(), getattr(sklearn, f"load_{name}")()
    assert data.x.dtype is minigrad.float32 and data.y.dtype is minigrad.int64
    assert tuple(data.x.shape) == (n, columns) and tuple(data.y.shape) == (n,)
    np.testing.assert_array_equal(data.x.numpy(), wanted.data.astype("float32"))
    np.testing.assert_array_equal(data.y.numpy(), wanted.target)
    assert data.target_names == list(wanted.target_names) and len(data.target_names) == classes
    assert len(data.feature_names) == columns


def test_digits_are_pictures_between_paper_and_ink(sklearn):
    data = datasets.digits()
    assert tuple(data.x.shape) == (1797, 1, 8, 8) and data.x.dtype is minigrad.float32
    assert (data.x.min().item(), data.x.max().item()) == (0.0, 1.0)
    np.testing.assert_array_equal(data.x.flatten(1).numpy() * 16, sklearn.load_digits().data)
    assert data.y.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.target_names == list("0123456789")


def test_diabetes_has_a_number_to_predict(sklearn):
    data = datasets.diabetes()
    assert tuple(data.x.shape) == (442, 10)
    assert data.y.dtype is minigrad.float32 and (data.y.min().item(), data.y.max().item()) == (25.0, 346.0)


def test_photographs_are_channels_rows_columns(sklearn):
    pytest.importorskip("PIL")
    for picture, name in zip(datasets.photographs(), ("china", "flower"), strict=True):
        assert tuple(picture.shape) == (3, 427, 640) and picture.dtype is minigrad.float32
        wanted = sklearn.load_sample_image(f"{name}.jpg")
        np.testing.assert_array_equal((picture * 255).round().numpy().transpose(1, 2, 0), wanted)


@given(st.integers(0, 60))
def test_moons_without_noise_lie_on_two_half_circles(n):
    data = datasets.moons(n, noise=0.0)
    x, y = data.x.numpy(), data.y.numpy()
    assert np.abs((y == 0).sum() - (y == 1).sum()) <= 1
    centre = np.where(y[:, None] == 0, [[0.0, 0.0]], [[1.0, 0.5]])
    np.testing.assert_allclose(np.linalg.norm(x - centre, axis=1), 1, atol=1e-5)
    assert ((x - centre)[:, 1] * np.where(y == 0, 1, -1) >= -1e-6).all()


@given(st.integers(1, 90), st.integers(1, 6), st.floats(0, 3))
@settings(deadline=None)
def test_spirals_without_noise_turn_with_their_radius(n, classes, turns):
    data = datasets.spirals(n, classes, turns, noise=0.0)
    x, y = data.x.numpy().astype("float64"), data.y.numpy()
    radius = np.linalg.norm(x, axis=1)
    angle = 2 * np.pi * (turns * radius + y / classes)
    np.testing.assert_allclose(x, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), atol=2e-5)
    sizes = np.bincount(y, minlength=classes)
    assert sizes.sum() == n and sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("draw", [datasets.moons, datasets.spirals])
def test_the_same_seed_gives_the_same_points(draw):
    minigrad.manual_seed(1)
    before = minigrad.rand(1).item()
    minigrad.manual_seed(1)
    first, second, other = draw(50, seed=3), draw(50, seed=3), draw(50, seed=4)
    assert minigrad.equal(first.x, second.x) and not minigrad.equal(first.x, other.x)
    assert minigrad.rand(1).item() == before  # the global generator was left alone


@given(st.integers(4, 200), st.floats(0.2, 0.8), st.integers(0, 1000))
@settings(deadline=None)
def test_a_split_deals_every_sample_to_one_part(n, test, seed):
    data = datasets.moons(n, noise=0.3)
    parts = datasets.split(data, test, seed)
    assert len(parts[1]) == round(n * test)
    rows = [tuple(row) for part in parts for row in part.x.tolist()]
    assert sorted(rows) == sorted(map(tuple, data.x.tolist()))
    for part in parts:
        assert part.target_names == data.target_names
    again = datasets.split(data, test, seed)
    assert all(minigrad.equal(a.x, b.x) and minigrad.equal(a.y, b.y) for a, b in zip(parts, again, strict=True))


@pytest.mark.parametrize("test", [0.0, 1.0, -1.0, 1.5])
def test_a_split_leaves_no_part_empty(test):
    with pytest.raises(ValueError, match="leaves one part empty"):
        datasets.split(datasets.moons(10), test)


def test_a_data_set_goes_straight_into_a_loader():
    batches = list(DataLoader(datasets.moons(10), batch_size=4))
    assert [tuple(x.shape) for x, _ in batches] == [(4, 2), (4, 2), (2, 2)]


def test_without_scikit_learn_the_error_says_what_to_install():
    program = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.datasets'] = None\n"
        "from minigrad import datasets\n"
        "datasets.moons(4)\n"
        "try: datasets.iris()\n"
        "except ImportError as e: print(e)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert 'pip install "minigrad[lab]"' in out
