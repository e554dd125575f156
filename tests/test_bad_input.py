"""Bad input, as a newcomer makes it: each mistake gets PyTorch's type of error and words that say what to do."""

from __future__ import annotations

import io
import pickle

import pytest

import minigrad
from minigrad import nn


def model() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def test_a_wrong_shape_names_the_layer_and_the_likely_mend():
    with pytest.raises(RuntimeError) as caught:
        model()(minigrad.ones(2, 12, 12))
    said = str(caught.value) + "\n".join(getattr(caught.value, "__notes__", []))
    assert "mat1 and mat2 shapes cannot be multiplied (2x144 and 64x32)" in said
    assert "Did you mean in_features=144?" in said
    assert "at 1: Linear" in said


def test_shapes_that_do_not_broadcast_name_the_dimension():
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton dimension 1"):
        minigrad.ones(2, 3) + minigrad.ones(2, 4)


def test_a_convolution_names_its_channels():
    with pytest.raises(RuntimeError, match=r"to have 3 channels, but got 1 channels instead"):
        nn.Conv2d(3, 6, 5)(minigrad.ones(1, 1, 28, 28))


def test_a_wrong_dtype_names_both():
    with pytest.raises(RuntimeError, match="dtype.*float.*double|same dtype"):
        minigrad.ones(2, 2) @ minigrad.ones(2, 2, dtype=minigrad.float64)
    with pytest.raises(IndexError, match="long, int, byte or bool"):
        minigrad.ones(3)[minigrad.tensor([0.5])]
    with pytest.raises(RuntimeError, match="mean\\(\\): could not infer output dtype"):
        minigrad.arange(3).mean()


def test_an_index_out_of_range_names_the_dimension_and_its_size():
    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 0 with size 3"):
        minigrad.ones(3)[5]
    with pytest.raises(IndexError, match=r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)"):
        minigrad.ones(2, 3).sum(2)
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        nn.functional.cross_entropy(minigrad.ones(1, 5), minigrad.tensor([7]))


@pytest.mark.cpu_only
def test_a_device_that_is_not_there_says_what_to_install():
    from minigrad import devices

    if devices.is_cuda_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="pip install 'minigrad\\[cuda12\\]'|no usable NVIDIA GPU"):
        minigrad.ones(2, device="cuda")


def test_a_second_backward_names_the_operation_and_the_way_out():
    x = minigrad.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="(?s)second time.*MulBackward0.*retain_graph=True"):
        loss.backward()


def test_a_modified_saved_value_names_the_operation_and_the_versions():
    x = minigrad.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation.*MulBackward0.*version 1; expected version 0"):
        z.sum().backward()


def test_backward_of_what_needs_no_gradient_says_why():
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn.*no_grad"):
        minigrad.ones(()).backward()


def test_missing_unexpected_and_misshapen_entries_of_a_state_dict_are_all_named():
    state = model().state_dict()
    state["5.weight"] = state.pop("1.weight")
    state["3.bias"] = minigrad.zeros(11)
    with pytest.raises(RuntimeError) as caught:
        model().load_state_dict(state)
    said = str(caught.value)
    assert 'Missing key(s) in state_dict: "1.weight"' in said
    assert 'Unexpected key(s) in state_dict: "5.weight"' in said
    assert "size mismatch for 3.bias" in said and "[11]" in said and "[10]" in said


def test_a_truncated_checkpoint_is_refused_in_words():
    file = io.BytesIO()
    minigrad.save(model().state_dict(), file)
    whole = file.getvalue()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError)) as caught:
            minigrad.load(io.BytesIO(whole[:length]))
        assert str(caught.value)


def test_a_module_used_before_super_init_says_so():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)

    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Forgetful()


def test_an_optimizer_without_parameters_or_with_a_bad_rate_says_so():
    with pytest.raises(ValueError, match="empty parameter list"):
        minigrad.optim.SGD([], lr=0.1)
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        minigrad.optim.SGD(model().parameters(), lr=-1)
    with pytest.raises(ValueError, match="non-leaf"):
        minigrad.optim.SGD([minigrad.ones(2, requires_grad=True) * 2], lr=0.1)
