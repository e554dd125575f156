"""What a tensor is: shape, type, place, memory, and its ways in and out."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_both_raise, assert_same


def test_shape_is_a_size():
    x = minigrad.zeros(2, 3)
    assert x.shape == (2, 3) and repr(x.shape) == "torch.Size([2, 3])"
    assert isinstance(x.shape[:1], minigrad.Size) and x.shape.numel() == 6
    assert (x.size(), x.size(-1), x.dim(), x.ndim, x.numel(), x.nelement(), len(x)) == ((2, 3), 3, 2, 2, 6, 6, 2)
    assert (x.element_size(), x.itemsize, x.nbytes) == (4, 4, 24)
    assert_both_raise(lambda T: T.zeros(2, 3).size(2), "Dimension out of range")


def test_strides_are_those_of_pytorch():
    def strides(T):
        x = T.zeros(2, 3, 4)
        views = [x, x.t() if x.ndim == 2 else x.permute(2, 0, 1), x[1], x[:, 1:2], x.unsqueeze(1), x[:, :, ::2], T.zeros(0, 3), T.zeros(1, 5, 1)]
        return [T.tensor(v.stride()) for v in views] + [T.tensor([v.is_contiguous() for v in views]), T.tensor(x[1].storage_offset())]

    assert_same(strides)


def test_item_tolist_and_conversions():
    assert minigrad.tensor(2.5).item() == 2.5 and type(minigrad.tensor(3).item()) is int
    assert minigrad.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    assert (int(minigrad.tensor(3)), float(minigrad.tensor(3)), complex(minigrad.tensor(3))) == (3, 3.0, 3 + 0j)
    assert [10, 20, 30][minigrad.tensor(1)] == 20
    assert f"{minigrad.tensor(3.14159):.2f} {minigrad.tensor(2.5)}" == "3.14 2.5"
    assert_both_raise(lambda T: T.zeros(2).item(), "with 2 elements cannot be converted to Scalar")
    assert_both_raise(lambda T: bool(T.zeros(2)), "more than one value is ambiguous")
    assert_both_raise(lambda T: len(T.tensor(1)), "len\\(\\) of a 0-d tensor")
    assert_both_raise(lambda T: iter(T.tensor(1)), "iteration over a 0-d tensor")


def test_iteration_unpacks_rows_with_gradients():
    x = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    a, b = x
    (a * b).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]


@pytest.mark.cpu_only
def test_numpy_arrays_share_memory():
    a = np.zeros(3, np.float32)
    x = minigrad.from_numpy(a)
    x[0] = 5
    assert a[0] == 5
    x.numpy()[1] = 7
    assert x.tolist() == [5, 7, 0]
    y = minigrad.tensor(1.0)
    y.numpy()[...] = 4
    assert y.item() == 4
    assert np.asarray(x).tolist() == [5, 7, 0] and np.sum(x.numpy()) == 12


@pytest.mark.cpu_only
def test_tensor_copies_and_as_tensor_does_not():
    a = np.zeros(2)
    minigrad.tensor(a)[0] = 1
    assert a[0] == 0
    minigrad.as_tensor(a)[0] = 1
    assert a[0] == 1
    x = minigrad.ones(2)
    assert minigrad.as_tensor(x) is x


def test_numpy_of_a_tensor_in_a_graph_is_refused():
    assert_both_raise(lambda T: T.ones(2, requires_grad=True).numpy(), "detach")


@pytest.mark.parametrize(
    "data",
    [1, 1.5, True, 1j, [1, 2], [1.0, 2], [True, False], [[1, 2], [3, 4]], [], [[]], np.arange(3), np.float64(2.5), [np.float64(1.0)],
     np.arange(3, dtype=np.int16), [1, 2.5, True], (1, 2), range(3)],
    ids=str,
)  # fmt: skip
def test_the_dtype_of_data_is_inferred_as_in_pytorch(data):
    assert_same(lambda T: T.tensor(data))


def test_data_that_makes_no_tensor_is_refused():
    with pytest.raises(ValueError, match="ragged"):
        minigrad.tensor([[1, 2], [3]])
    with pytest.raises(TypeError, match="str"):
        minigrad.tensor(["a"])
    assert minigrad.tensor([minigrad.tensor(1.0), minigrad.tensor(2.0)]).tolist() == [1, 2]


def test_legacy_constructor():
    assert minigrad.Tensor(2, 3).shape == (2, 3)
    assert minigrad.Tensor([1, 2]).dtype is minigrad.float32


def test_copies():
    x = minigrad.ones(2, requires_grad=True)
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    assert twin.requires_grad and twin.tolist() == [1, 1] and twin.grad.tolist() == [2, 2]
    with minigrad.no_grad():
        twin.add_(1)
    assert x.tolist() == [1, 1]
    assert_both_raise(lambda T: copy.deepcopy(T.ones(2, requires_grad=True) * 2), "graph leaves")


def test_pickles():
    x = minigrad.arange(4.0).requires_grad_()
    x.note = "kept"
    back = pickle.loads(pickle.dumps(x))
    assert back.tolist() == [0, 1, 2, 3] and back.requires_grad and back.note == "kept"


def test_tensors_are_dictionary_keys_by_identity():
    x, y = minigrad.ones(2), minigrad.ones(2)
    assert len({x: 1, y: 2}) == 2


def test_devices():
    cpu = minigrad.device("cpu")
    assert repr(cpu) == "device(type='cpu')" and str(minigrad.device("cuda", 1)) == "cuda:1"
    assert minigrad.device("cuda:0") == minigrad.device("cuda", 0) != minigrad.device("cuda")
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda"):
        minigrad.device("gpu")


@pytest.mark.cpu_only
def test_a_missing_gpu_is_said_in_words():
    from minigrad import devices

    if devices.is_cuda_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="CuPy"):
        minigrad.zeros(2, device="cuda")
    with pytest.raises(RuntimeError, match="CuPy"):
        minigrad.zeros(2).cuda()


def test_show_config_says_what_was_chosen():
    text = minigrad.show_config()
    assert "NumPy" in text and "BLAS" in text and "memory" in text


def test_the_stubs_are_up_to_date():
    from minigrad.ops.stubs import stubs

    for path, text in stubs().items():
        assert path.read_text() == text, f"{path.name} is out of date: run python -m minigrad.ops.stubs"
