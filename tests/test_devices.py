"""Two devices: what moves between them, what may meet, and that both compute the same.

On a machine without a GPU the strict stand-in takes CuPy's place, so these tests always see both devices.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

from tests.ops.test_derivatives import DIFFERENTIABLE, convert, database, public_paths, resolve  # noqa: E402

TWO_DEVICES = "Expected all tensors to be on the same device, but found at least two devices, cpu and cuda:0"
CPU, GPU = minigrad.device("cpu"), minigrad.device("cuda", 0)


@pytest.fixture(autouse=True)
def _from_the_cpu(cupy_or_its_stand_in):
    """Both devices are there, and tensors are made on the CPU where nothing else is said."""
    with minigrad.device("cpu"):
        yield


def both(make):
    """What `make()` gives with the CPU, and then with the GPU, as the place of new tensors."""
    results = []
    for place in ("cpu", "cuda"):
        minigrad.manual_seed(0)
        with minigrad.device(place):
            results.append(make())
    return results


def home(values):
    """The tensors of a result as NumPy arrays, which must all come from one device, and that device."""
    if isinstance(values, minigrad.Tensor):
        values = (values,)
    tensors = [v for v in values if isinstance(v, minigrad.Tensor)]
    places = {t.device for t in tensors}
    assert len(places) <= 1, f"results on {places}"
    return [t.detach().cpu().numpy() for t in tensors], places


def small_model():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))


# ------------------------------------------------------------------------------------------------ moving tensors


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8", "bool", "complex64"])
def test_a_tensor_goes_to_the_gpu_and_comes_back_unchanged(dtype):
    x = (minigrad.arange(6).reshape(2, 3) % 2 * 3).to(getattr(minigrad, dtype))
    there = x.to("cuda")
    assert (there.device, there.dtype, there.shape) == (GPU, x.dtype, x.shape)
    assert there.is_cuda and not there.is_cpu and x.is_cpu and there.get_device() == 0 and x.get_device() == -1
    assert minigrad.equal(there.cpu(), x)


def test_every_way_of_naming_a_device_means_the_same():
    x, like = minigrad.ones(2), minigrad.ones(1, device="cuda", dtype=minigrad.float64)
    for moved in (x.cuda(), x.cuda(0), x.to(0), x.to("cuda:0"), x.to(GPU), x.to(device="cuda"), x.to(like), x.to("cuda", minigrad.float64)):
        assert moved.device == GPU
    assert x.to(like).dtype is minigrad.float64


def test_a_tensor_that_is_there_already_is_not_copied():
    x, y = minigrad.ones(2), minigrad.ones(2, device="cuda")
    assert x.cpu() is x and x.to("cpu") is x
    assert y.cuda() is y and y.to("cuda") is y and y.to("cuda:0") is y
    assert y.to("cuda", copy=True) is not y


def test_moving_is_a_step_of_the_graph_and_the_gradient_comes_back():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    (x.cuda() ** 2).sum().backward()
    assert x.grad.device == CPU and x.grad.tolist() == [2.0, 4.0]
    y = minigrad.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    (y.cpu() ** 2).sum().backward()
    assert y.grad.device == GPU and y.grad.tolist() == [2.0, 4.0]


def test_a_tensor_on_the_gpu_says_so():
    x = minigrad.tensor([1.5], device="cuda", requires_grad=True)
    assert repr(x) == "tensor([1.5000], device='cuda:0', requires_grad=True)"
    assert x.type() == "torch.cuda.FloatTensor"
    assert f"{x[0]:.1f}" == "1.5" and x.item() == 1.5 and x.tolist() == [1.5]


@pytest.mark.cpu_only  # a run on the GPU brings results home by itself, see conftest.py
def test_numpy_cannot_look_into_a_gpu():
    x = minigrad.ones(2, device="cuda")
    for look in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()"):
            look()
    with pytest.raises(RuntimeError, match=TWO_DEVICES):
        np.ones(2, np.float32) + x
    assert x.numpy(force=True).tolist() == [1.0, 1.0]


def test_copies_and_pickles_stay_on_their_device():
    x = minigrad.tensor([1.0, 2.0], device="cuda", requires_grad=True)
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone(), x.detach(), x.data, minigrad.ones_like(x)):
        assert twin.device == GPU
    assert x.new_zeros(3).device == x.new_tensor([1]).device == GPU


def test_writing_copies_from_device_to_device():
    x, y = minigrad.zeros(2, 3), minigrad.zeros(2, 3, device="cuda")
    x.copy_(minigrad.ones(3, device="cuda"))
    y.copy_(minigrad.ones(3))
    x[0] = minigrad.full((3,), 2.0, device="cuda")
    y[0] = minigrad.full((3,), 2.0)
    assert x.device == CPU and y.device == GPU
    assert x.tolist() == y.tolist() == [[2.0] * 3, [1.0] * 3]


# ------------------------------------------------------------------------------------------------ moving modules


def test_a_module_moves_its_parameters_buffers_and_gradients_in_place():
    model = small_model()
    model(minigrad.randn(5, 3)).sum().backward()
    before = list(model.parameters())
    assert model.to("cuda") is model
    assert all(p is q and isinstance(p, nn.Parameter) for p, q in zip(model.parameters(), before, strict=True))
    assert {t.device for p in model.parameters() for t in (p, p.grad)} | {b.device for b in model.buffers()} == {GPU}
    assert model(minigrad.randn(5, 3, device="cuda")).device == GPU
    assert {t.device for t in model.cpu().state_dict().values()} == {CPU}


def test_a_module_can_be_made_on_the_gpu():
    assert nn.Linear(2, 3, device="cuda").weight.device == GPU
    for model in both(small_model):
        assert len({t.device for t in model.state_dict().values()}) == 1
    assert model[0].weight.device == GPU


def test_a_state_dict_is_copied_into_a_model_on_any_device():
    for source, target in (("cpu", "cuda"), ("cuda", "cpu")):
        ours, theirs = small_model().to(source), small_model().to(target)
        theirs.load_state_dict(ours.state_dict())
        assert {t.device.type for t in theirs.state_dict().values()} == {target}
        assert all(minigrad.equal(a.cpu(), b.cpu()) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


def test_what_was_saved_on_a_gpu_is_loaded_there_or_where_map_location_says():
    stream = io.BytesIO()
    minigrad.save({"w": minigrad.arange(3.0, device="cuda")}, stream)
    for where, place in ((None, GPU), ("cpu", CPU), ("cuda:0", GPU), ({"cuda:0": "cpu"}, CPU)):
        stream.seek(0)
        loaded = minigrad.load(stream, map_location=where)["w"]
        assert loaded.device == place and loaded.tolist() == [0.0, 1.0, 2.0]


OPTIMIZERS = "SGD Adam AdamW RMSprop Adagrad Adadelta Adamax NAdam RAdam ASGD Rprop Adafactor".split()


def optimizer_of(name, model):
    return getattr(minigrad.optim, name)(model.parameters(), lr=0.01, **({"momentum": 0.9} if name == "SGD" else {}))


def take_a_step(model, optimizer):
    place = next(model.parameters()).device
    optimizer.zero_grad()
    model(minigrad.ones(5, 3, device=place)).sum().backward()
    optimizer.step()


def places_of_state(optimizer):
    """Where the state of each parameter is; counts of steps are numbers and stay on the CPU."""
    return {v.device for state in optimizer.state.values() for v in state.values() if isinstance(v, minigrad.Tensor) and v.ndim}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_an_optimizer_is_made_and_loaded_where_the_parameters_are(name):
    models = {place: nn.Linear(3, 2).to(place) for place in ("cpu", "cuda")}
    optimizers = {place: optimizer_of(name, model) for place, model in models.items()}
    for place, other in (("cpu", "cuda"), ("cuda", "cpu")):
        take_a_step(models[place], optimizers[place])
        assert {d.type for d in places_of_state(optimizers[place])} == {place}
        newcomer = optimizer_of(name, models[other])
        newcomer.load_state_dict(optimizers[place].state_dict())
        assert {d.type for d in places_of_state(newcomer)} == {other}
        take_a_step(models[other], newcomer)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "ASGD"])  # its state is a copy of its parameters
def test_an_optimizer_whose_model_was_moved_after_its_first_step_says_so(name):
    model = nn.Linear(3, 2)
    optimizer = optimizer_of(name, model)
    take_a_step(model, optimizer)
    model.to("cuda")
    with pytest.raises(RuntimeError, match=TWO_DEVICES):
        take_a_step(model, optimizer)


# ------------------------------------------------------------------------------------------------ what may meet


def test_numbers_of_the_cpu_may_join_a_tensor_of_the_gpu():
    x = minigrad.tensor([1.0, 4.0], device="cuda")
    two, whole = minigrad.tensor(2.0, dtype=minigrad.float64), minigrad.tensor(3)
    for result, expected in (
        (x + two, [3.0, 6.0]), (two - x, [1.0, -2.0]), (x * whole, [3.0, 12.0]), (whole / x, [3.0, 0.75]), (x**two, [1.0, 16.0]),
        (minigrad.where(x > 2, x, two), [2.0, 4.0]), (minigrad.maximum(x, two.float()), [2.0, 4.0]), (x.clamp(min=two), [2.0, 4.0]),
        (minigrad.addcmul(x, x, two), [3.0, 12.0]), (x.clone().mul_(two), [2.0, 8.0]), (x.clone().fill_(whole), [3.0, 3.0]),
    ):  # fmt: skip
        assert (result.device, result.dtype) == (GPU, minigrad.float32)
        assert result.tolist() == expected
    assert (x > two).tolist() == [False, True] and (x.sum() + two).device == (two + x.sum()).device == GPU


@pytest.mark.parametrize("value", [minigrad.tensor(3.0, device="cpu"), minigrad.tensor([1.0, 2.0], device="cpu").sum()])
@pytest.mark.parametrize("function", [lambda x, s: x * s, lambda x, s: s + x, lambda x, s: x.sum() / s, lambda x, s: minigrad.where(x > 1, x, s)])
def test_the_gradient_of_a_number_that_joined_comes_back_to_the_cpu(function, value):
    gradients = []
    for place in ("cpu", "cuda"):
        s = value.detach().clone().requires_grad_()
        x = minigrad.tensor([1.0, 2.0, 5.0], device=place)
        function(x, s).sum().backward()
        assert s.grad.device == CPU
        (again,) = minigrad.autograd.grad(function(x, s).sum(), s)
        assert again.device == CPU and again.item() == s.grad.item()
        gradients.append(s.grad.item())
    assert gradients[0] == gradients[1] != 0


def test_a_number_computed_on_the_cpu_passes_its_gradient_on():
    w = minigrad.tensor([0.5, 2.0], requires_grad=True)
    ((w * w).sum().cuda() * minigrad.ones(3, device="cuda")).sum().backward()
    assert w.grad.device == CPU and w.grad.tolist() == [3.0, 12.0]


def test_indices_of_the_cpu_may_pick_from_the_gpu_and_not_the_other_way_round():
    x, i = minigrad.arange(6.0).reshape(2, 3), minigrad.tensor([1, 0])
    assert x.cuda()[i].tolist() == x[i].tolist() and x.cuda()[i].device == GPU
    assert x.cuda()[i > 0].tolist() == x[i > 0].tolist()
    with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device as the indexed tensor"):
        x[i.cuda()]


def test_a_model_on_one_device_and_data_on_the_other_are_refused():
    for model, data in ((small_model().cuda(), minigrad.ones(5, 3)), (small_model(), minigrad.ones(5, 3, device="cuda"))):
        with pytest.raises(RuntimeError, match=TWO_DEVICES):
            model(data)


def test_results_cannot_be_written_to_the_other_device():
    x, y = minigrad.ones(2), minigrad.ones(2, device="cuda")
    for write in (
        lambda: x.add_(y), lambda: y.add_(x), lambda: x.sum().add_(y.sum()), lambda: x.add_(y.sum()),
        lambda: minigrad.add(y, y, out=x), lambda: minigrad.add(x, x, out=y), lambda: minigrad.add(y, y, out=minigrad.empty(0)),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=TWO_DEVICES):
            write()
    assert x.tolist() == y.tolist() == [1.0, 1.0]


def test_gradients_live_where_their_tensors_live():
    x, y = minigrad.ones(2, requires_grad=True), minigrad.ones(2, device="cuda", requires_grad=True)
    with pytest.raises(RuntimeError, match="expected device cuda:0 but got cpu"):
        (y * 2).backward(minigrad.ones(2))
    with pytest.raises(RuntimeError, match="different device"):
        x.grad = minigrad.ones(2, device="cuda")
    (y * 2).sum().backward(minigrad.tensor(3.0))
    assert y.grad.device == GPU and y.grad.tolist() == [6.0, 6.0]


# ------------------------------------------------------------------------------------------------ making tensors

FACTORIES = {
    "tensor": lambda **k: minigrad.tensor([1.0, 2.0], **k),
    "as_tensor": lambda **k: minigrad.as_tensor([1.0, 2.0], **k),
    "as_tensor of an array": lambda **k: minigrad.as_tensor(np.arange(3.0), **k),
    "zeros": lambda **k: minigrad.zeros(2, 3, **k),
    "ones": lambda **k: minigrad.ones(2, **k),
    "full": lambda **k: minigrad.full((2,), 3.0, **k),
    "eye": lambda **k: minigrad.eye(3, 2, **k),
    "arange": lambda **k: minigrad.arange(2, 9, 2, **k),
    "linspace": lambda **k: minigrad.linspace(0, 1, 5, **k),
    "logspace": lambda **k: minigrad.logspace(0, 1, 5, **k),
    "tril_indices": lambda **k: minigrad.tril_indices(3, 3, **k),
    "rand": lambda **k: minigrad.rand(5, **k),
    "randn": lambda **k: minigrad.randn(20, **k),
    "randint": lambda **k: minigrad.randint(9, (5,), **k),
    "randperm": lambda **k: minigrad.randperm(9, **k),
    "normal": lambda **k: minigrad.normal(0.0, 1.0, (5,), **k),
    "zeros_like": lambda **k: minigrad.zeros_like(minigrad.ones(2), **k),
    "rand_like": lambda **k: minigrad.rand_like(minigrad.ones(5), **k),
    "Linear": lambda **k: nn.Linear(3, 2, **k).weight,
    "Embedding": lambda **k: nn.Embedding(3, 2, **k).weight,
    "LSTM": lambda **k: nn.LSTM(3, 2, **k).weight_hh_l0,
}


@pytest.mark.parametrize("name", FACTORIES)
def test_a_factory_makes_the_same_on_either_device_named_or_default(name):
    make = FACTORIES[name]
    named = []
    for place in ("cpu", "cuda"):
        minigrad.manual_seed(0)
        named.append(make(device=place))
    for (reference, there), default in zip([named, named[::-1]], both(make), strict=True):
        assert default.device == reference.device != there.device
        assert default.tolist() == reference.tolist() == there.tolist()
        assert default.dtype is reference.dtype is there.dtype


def test_set_default_device_holds_until_it_is_set_back():
    minigrad.set_default_device("cuda")
    assert minigrad.get_default_device() == minigrad.device("cuda") and minigrad.ones(1).device == GPU
    assert minigrad.ones(1, device="cpu").device == CPU
    with minigrad.device("cpu"):
        assert minigrad.ones(1).device == CPU
    assert minigrad.ones(1).device == GPU
    minigrad.set_default_device("cpu")
    assert minigrad.ones(1).device == CPU


def test_cuda_answers_what_programs_ask():
    assert minigrad.cuda.is_available() and minigrad.cuda.device_count() >= 1
    minigrad.cuda.synchronize()
    with pytest.raises(RuntimeError):
        minigrad.ones(1, device="cuda:99")


# ------------------------------------------------------------------------------------------------ the same numbers

# Operations whose tensors may be on two devices, each for a reason.
MEET = {
    **dict.fromkeys(("atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "meshgrid"), "each tensor stays for itself"),
    **dict.fromkeys(("index_put", "tensor_split", "isin"), "indices and tests are read on the CPU"),
    "equal": "what differs in shape differs",
    "addr": "nothing is left of an operand that is multiplied by zero",
}
# Not checked on the database's samples.
UNCHECKED = {
    **dict.fromkeys(("empty", "empty_like", "new_empty", "new_empty_strided", "empty_strided"), "values are left open"),
    **dict.fromkeys(("imag", "view_as_real"), "has complex samples only"),
    **dict.fromkeys(("einsum", "where", "polygamma"), "the database calls it through a function of its own"),
    **dict.fromkeys(("nn.functional.embedding", "nn.functional.embedding_bag"), "the database calls it through a function of its own"),
    "nn.functional.triplet_margin_with_distance_loss": "its samples have functions of PyTorch among them",
    "tensor_split": "takes its indices from the CPU only",
}
OF_THE_DATABASE = [path for path in public_paths() if path in database() and path not in UNCHECKED]


def samples(path, count):
    """The first samples of PyTorch's database for an operation, in the first of three types that it knows."""
    for entry in database()[path]:
        known = entry.supported_dtypes("cpu")
        for kind in [k for k in (torch.float32, torch.int64, torch.bool) if k in known][:1]:
            inputs = entry.sample_inputs("cpu", kind, requires_grad=path in DIFFERENTIABLE and kind.is_floating_point)
            for sample in itertools.islice(inputs, count):
                with contextlib.suppress(pytest.skip.Exception):  # an argument that only PyTorch has
                    convert([sample.args, sample.kwargs], [])
                    yield sample


def outcome(path, sample):
    """The results of a sample and the gradients of its inputs, made on the default device; or the type of the error."""
    leaves = []
    keywords = {name: value for name, value in sample.kwargs.items() if name != "device"}
    arguments, keywords = convert([sample.input, *sample.args], leaves), convert(keywords, leaves)
    try:
        results = resolve(path)(*arguments, **keywords)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        return type(error)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    for r in results:
        if isinstance(r, minigrad.Tensor) and r.requires_grad and r.dtype.is_floating_point:
            r.sum().backward(retain_graph=True)
    return results + [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("path", OF_THE_DATABASE)
def test_an_operation_and_its_gradients_are_the_same_on_either_device_and_stay_there(path):
    checked = 0
    for sample in samples(path, 4):
        ours, theirs = both(functools.partial(outcome, path, sample))
        if isinstance(ours, type) or isinstance(theirs, type):
            assert ours is theirs, f"{ours} on the CPU, {theirs} on the GPU"
            continue
        (on_cpu, _), (on_gpu, places) = home(ours), home(theirs)
        assert places <= {GPU}
        for a, b in zip(on_cpu, on_gpu, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(b, a, 1e-5, 1e-5)
        checked += 1
    assert checked


OTHERS = {
    "einsum": lambda: minigrad.einsum("ij,kj->ik", minigrad.ones(2, 3), minigrad.rand(2, 3)),
    "where": lambda: minigrad.where(minigrad.rand(5) > 0.5, minigrad.ones(5), -1.0),
    "polygamma": lambda: minigrad.polygamma(1, minigrad.rand(5) + 1),
    "imag": lambda: minigrad.complex(minigrad.rand(3), minigrad.rand(3)).imag * 2,
    "view_as_real": lambda: minigrad.view_as_real(minigrad.complex(minigrad.rand(3), minigrad.rand(3))) * 2,
    "embedding": lambda: F.embedding(minigrad.tensor([0, 2, 2]), minigrad.rand(3, 2)),
    "embedding_bag": lambda: F.embedding_bag(minigrad.tensor([0, 2, 2]), minigrad.rand(3, 2), minigrad.tensor([0, 1])),
    "tensor_split": lambda: minigrad.rand(5).tensor_split(2)[1] + 1,
    "triplet loss": lambda: F.triplet_margin_with_distance_loss(*(minigrad.rand(2, 3) for _ in range(3))),
}


@pytest.mark.parametrize("name", OTHERS)
def test_so_are_those_that_the_database_cannot_call(name):
    ours, theirs = both(OTHERS[name])
    assert ours.device == CPU and theirs.device == GPU
    np.testing.assert_allclose(theirs.cpu().numpy(), ours.numpy(), 1e-6)


def spread(value, places):
    """The tensors of an argument, each brought to the next place; numbers stay where they are."""
    if isinstance(value, minigrad.Tensor):
        return value.detach().to(next(places)) if value.ndim else value.detach()
    if type(value) in (list, tuple):
        return type(value)(spread(v, places) for v in value)
    return {k: spread(v, places) for k, v in value.items()} if isinstance(value, dict) else value


def several(value):
    """How many tensors with dimensions there are in an argument, and whether all of them have elements."""
    if isinstance(value, minigrad.Tensor):
        return (1, value.numel() > 0) if value.ndim else (0, True)
    counts = [several(v) for v in (value.values() if isinstance(value, dict) else value)] if type(value) in (dict, list, tuple) else []
    return sum(n for n, _ in counts), all(full for _, full in counts)


def test_every_operation_refuses_tensors_on_two_devices_in_the_same_words():
    refused, others = 0, {}
    for path in OF_THE_DATABASE:
        for sample in samples(path, 3) if path not in MEET else ():
            arguments, keywords = convert([sample.input, *sample.args], []), convert(sample.kwargs, [])
            count, full = several([arguments, keywords])
            for first, rest in (("cpu", "cuda"), ("cuda", "cpu")) if count > 1 and full else ():
                places = iter([first] + [rest] * count)
                try:
                    others[path, first] = resolve(path)(*spread(arguments, places), **spread(keywords, places))
                except Exception as error:
                    if type(error) is RuntimeError and str(error).startswith(TWO_DEVICES):
                        refused += 1
                    else:
                        others[path, first] = error
    assert others == {}
    assert refused > 450


def test_a_generator_gives_the_same_numbers_to_both_devices():
    g = minigrad.Generator().manual_seed(3)
    first = minigrad.rand(4, generator=g, device="cuda")
    assert first.device == GPU and first.tolist() == minigrad.rand(4, generator=g.manual_seed(3)).tolist()
    drawn = both(lambda: (F.dropout(minigrad.ones(20)), minigrad.empty(9).exponential_(), minigrad.bernoulli(minigrad.full((9,), 0.5))))
    assert [t.tolist() for t in drawn[0]] == [t.tolist() for t in drawn[1]]
    assert {t.device for t in drawn[1]} == {GPU}


def test_training_on_the_gpu_is_training_on_the_cpu():
    def train():
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(36, 5)
        )
        images, labels = minigrad.randn(40, 1, 8, 8), minigrad.randint(5, (40,))
        optimizer = minigrad.optim.AdamW(model.parameters(), lr=0.01)
        scheduler = minigrad.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=12)
        loader = minigrad.utils.data.DataLoader(minigrad.utils.data.TensorDataset(images, labels), batch_size=10, shuffle=True)
        losses = []
        for _ in range(3):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                scheduler.step()
                losses.append(loss.item())
        return losses, {k: v.cpu() for k, v in model.state_dict().items()}

    (losses, weights), (losses_there, weights_there) = both(train)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses_there, losses, 1e-5)
    for name, value in weights.items():
        np.testing.assert_allclose(weights_there[name].numpy(), value.numpy(), 1e-5, 1e-5)


# ------------------------------------------------------------------------------------------------ no GPU

ASK = [lambda: minigrad.ones(2, device="cuda"), lambda: minigrad.ones(2).cuda(), lambda: nn.Linear(2, 2).to("cuda")]


@pytest.mark.parametrize("ask", [*ASK, lambda: minigrad.tensor([1.0], device=0), lambda: minigrad.randn(2, device="cuda:1")])
def test_without_cupy_every_request_for_a_gpu_says_what_to_install(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"device 'cuda' needs CuPy, which is not installed: pip install 'minigrad\[cuda12\]'"):
            ask()
    assert not minigrad.cuda.is_available() and minigrad.cuda.device_count() == 0


@pytest.mark.parametrize("ask", ASK)
def test_without_a_driver_every_request_for_a_gpu_says_so(ask, monkeypatch):
    monkeypatch.setattr(sys.modules["cupy"].cuda, "is_available", lambda: False)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="CuPy finds no usable NVIDIA GPU"):
            ask()
    assert not minigrad.cuda.is_available()


def test_a_default_device_that_is_missing_is_noticed_when_a_tensor_is_made(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with minigrad.device("cuda"), pytest.raises(RuntimeError, match="needs CuPy"):
        minigrad.ones(2)
    assert minigrad.ones(2).device == CPU


def test_cupy_is_not_imported_before_a_gpu_is_asked_for():
    program = "import sys, minigrad as T; T.ones(2).sum(); assert not {'cupy', 'cupyx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
