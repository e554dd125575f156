"""Files pass between minigrad and PyTorch both ways; damaged and hostile ones are refused, and claim nothing."""

from __future__ import annotations

import collections
import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.devices import is_cuda_available
from minigrad.nn.parameter import Parameter

torch = pytest.importorskip("torch")

DTYPES = [
    "float16",
    "float32",
    "float64",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "bool",
    "complex64",
    "complex128",
]


def saved(obj, lib=minigrad):
    file = io.BytesIO()
    lib.save(obj, file)
    file.seek(0)
    return file


def through(obj, writer=minigrad, reader=minigrad, **options):
    if reader is torch:  # which may be built without GPUs
        options.setdefault("map_location", "cpu")
    return reader.load(saved(obj, writer), **options)


def tensor(lib, values, dtype):
    return lib.tensor(np.asarray(values).tolist(), dtype=getattr(lib, dtype))


def values(dtype, shape=(2, 3)):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2 if dtype == "bool" else 100, shape)
    return np.asarray(x + 1j * (x + 1) if "complex" in dtype else x).astype(dtype)


WAYS = [(minigrad, minigrad), (minigrad, torch), (torch, minigrad)]
ways = pytest.mark.parametrize("writer, reader", WAYS, ids=["here", "to torch", "from torch"])


@ways
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3), (2, 1, 3)], ids=str)
def test_every_type_and_shape_arrives(writer, reader, dtype, shape):
    want = values(dtype, shape)
    got = through(tensor(writer, want, dtype).reshape(shape), writer, reader)
    assert str(got.dtype) == f"torch.{dtype}" and tuple(got.shape) == shape and not got.requires_grad
    np.testing.assert_array_equal(got.numpy(), want)


@ways
def test_bfloat16_arrives(writer, reader):
    pytest.importorskip("ml_dtypes")
    got = through(writer.tensor([1.0, -2.5, 3e38], dtype=writer.bfloat16), writer, reader)
    assert str(got.dtype) == "torch.bfloat16" and got.float().tolist() == [1.0, -2.5, 3.00405527047391e38]


def everything(lib):
    base = lib.arange(12.0).reshape(3, 4)
    return {
        "tensor": base,
        "row": base[1],
        "transposed": base.t(),
        "strided": base[::2, 1::2],
        "0-d view": base[2, 3],
        "leaf": lib.ones(2, requires_grad=True),
        "computed": lib.ones(2, requires_grad=True) * 2,
        "parameter": lib.nn.Parameter(lib.zeros(2, 2)),
        "frozen": lib.nn.Parameter(lib.zeros(1), requires_grad=False),
        "shape": base.shape,
        "dtypes": [lib.float32, lib.int64, lib.bool],
        "device": lib.device("cpu"),
        "gpu": lib.device("cuda", 1),
        "numbers": [0, -1, 255, 256, 2**31, -(2**31), 2**70, 1.5, float("inf"), True, False, None, 1 - 2j],
        "text": ["", "é", "日本", "a\nb"],
        "bytes": [b"a", b"\x00\xff", bytearray(b"xy")],
        "containers": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [[]], {}, {1: 2}, {(1, "a"): 3}],
        "sets": [set(), {1, 2}],
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        "counter": collections.Counter("aab"),
        "long list": list(range(3000)),
        "long dict": {str(i): i for i in range(3000)},
    }


def described(value):
    if hasattr(value, "storage_offset"):
        return type(value).__name__, str(value.dtype), tuple(value.shape), value.requires_grad, value.detach().tolist()
    if isinstance(value, dict):
        return type(value).__name__, [(described(k), described(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [described(v) for v in value]
    return type(value).__name__, str(value)


@ways
def test_everything_a_checkpoint_holds_arrives(writer, reader):
    assert described(through(everything(writer), writer, reader)) == described(everything(reader))


@ways
def test_attributes_of_an_ordered_dict_arrive(writer, reader):
    state = collections.OrderedDict(weight=writer.ones(2))
    state._metadata = collections.OrderedDict([("", {"version": 2})])
    got = through([state, 1], writer, reader)[0]
    assert (
        type(got) is collections.OrderedDict and got._metadata == state._metadata and got["weight"].tolist() == [1, 1]
    )


def test_what_torch_refuses_arrives_here():
    odd = [b"", bytearray(), frozenset({3}), minigrad.complex128, {minigrad.int64: (1, (2, 3)), (1, (2, 3)): 4}]
    assert through(odd) == odd


@ways
def test_strides_arrive(writer, reader):
    made, got = everything(writer), through(everything(writer), writer, reader)
    for name in ("tensor", "row", "transposed", "strided"):
        assert tuple(got[name].stride()) == tuple(made[name].stride())


@ways
def test_views_of_one_storage_still_share_it(writer, reader):
    base = writer.arange(6.0)
    whole, part, turned = through([base, base[2:4], base.reshape(2, 3).t()], writer, reader)
    part[0] = 100.0
    assert whole.tolist() == [0, 1, 100, 3, 4, 5] and turned[2, 0].item() == 100
    lone, twin = through([base.clone(), base.clone()], writer, reader)
    lone[0] = 5.0
    assert twin[0].item() == 0


@ways
def test_the_same_tensor_twice_is_one_tensor(writer, reader):
    x = writer.ones(2)
    a, b = through([x, x], writer, reader)
    assert a is b


def test_loaded_views_share_their_version():
    base = minigrad.arange(4.0)
    whole, part = through([base, base[1:]])
    x = minigrad.ones(4, requires_grad=True)
    y = (x * whole).sum()
    part.add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=3),
    st.permutations(range(3)),
)
@settings(max_examples=60, deadline=None)
def test_any_strided_view_arrives(cuts, order):
    sizes = [8, 6, 5]
    base = np.arange(240, dtype=np.float32).reshape(sizes)
    index = tuple(slice(start, None, step) for _, step, start in cuts)
    view = base[index].transpose(order)
    x = minigrad.from_numpy(base)[index].permute(*order)
    for reader in (minigrad, torch):
        got = through(x, reader=reader)
        np.testing.assert_array_equal(got.numpy(), view)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0)[::-1],
        np.zeros(4, "i1,f4")["f1"],
        np.broadcast_to(np.float32(3), (2, 3)),
        np.frombuffer(bytes(24), np.float32)[1:],
    ],
    ids=["backwards", "field of a record", "broadcast", "bytes"],
)
def test_memory_that_torch_cannot_describe_is_copied(array):
    tensor = minigrad.ones(1)
    tensor._array = array
    for reader in (minigrad, torch):
        np.testing.assert_array_equal(through(tensor, reader=reader).numpy(), array)


def test_an_expanded_tensor_keeps_its_zero_strides():
    x = torch.ones(1).expand(3, 4)
    got = through(x, torch)
    assert tuple(got.stride()) == tuple(x.stride()) and got.tolist() == x.tolist()


def test_one_memory_as_two_types_is_refused_as_in_torch():
    for lib in (minigrad, torch):
        x = lib.arange(4.0)
        with pytest.raises(RuntimeError, match="view the same data as different types"):
            lib.save([x, x.view(lib.int32)], io.BytesIO())


def test_state_dicts_of_modules_and_optimizers_pass_both_ways():
    for writer, reader in ((minigrad, torch), (torch, minigrad)):
        nets, optimizers = [], []
        for lib in (writer, reader):
            nets.append(lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2)))
            optimizers.append(lib.optim.Adam(nets[-1].parameters(), lr=0.01))
        nets[0](writer.randn(5, 3)).sum().backward()
        optimizers[0].step()
        state = through(
            {"net": nets[0].state_dict(), "optimizer": optimizers[0].state_dict(), "epoch": 3}, writer, reader
        )
        assert list(nets[1].load_state_dict(state["net"]).missing_keys) == [] and state["epoch"] == 3
        assert (
            type(state["net"]) is collections.OrderedDict
            and state["net"]._metadata.keys() == nets[0].state_dict()._metadata.keys()
        )
        optimizers[1].load_state_dict(state["optimizer"])
        for a, b in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        assert described(state["optimizer"]) == described(through(optimizers[0].state_dict(), writer, reader))


@pytest.mark.cpu_only
def test_paths_files_and_pathlib(tmp_path):
    for place in (tmp_path / "a.pt", str(tmp_path / "b.pt")):
        minigrad.save([1, minigrad.ones(2)], place)
        assert minigrad.load(place)[1].tolist() == torch.load(place)[1].tolist() == [1, 1]
        assert minigrad.load(place, mmap=True)[1].tolist() == torch.load(str(place), mmap=True)[1].tolist() == [1, 1]
    with open(tmp_path / "c.pt", "wb") as f:
        torch.save([1, torch.ones(2)], f)
    with open(tmp_path / "c.pt", "rb") as f:
        assert minigrad.load(f)[1].tolist() == [1, 1]
    assert minigrad.load(tmp_path / "c.pt", mmap=True)[1].tolist() == [1, 1]


@pytest.mark.cpu_only
def test_mapped_tensors_are_aligned_and_private(tmp_path):
    path = tmp_path / "x.pt"
    minigrad.save({"a": minigrad.ones(5), "b": minigrad.arange(7)}, path)
    state = minigrad.load(path, mmap=True)
    assert all(t.data_ptr() % 64 == 0 for t in state.values())
    state["a"][0] = 9.0
    assert state["a"][0].item() == 9 and minigrad.load(path)["a"][0].item() == 1
    with pytest.raises(ValueError, match="file path"):
        minigrad.load(io.BytesIO(path.read_bytes()), mmap=True)


def test_saving_twice_gives_the_same_bytes():
    assert saved(everything(minigrad)).getvalue() == saved(everything(minigrad)).getvalue()


def test_neither_library_is_loaded_by_the_other(tmp_path):
    torch.save({"w": torch.ones(2), "p": torch.nn.Parameter(torch.ones(1))}, tmp_path / "t.pt")
    program = (
        "import sys, minigrad\n"
        f"state = minigrad.load({str(tmp_path / 't.pt')!r})\n"
        f"minigrad.save(state, {str(tmp_path / 'm.pt')!r})\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    pickled = zipfile.ZipFile(tmp_path / "m.pt").read("archive/data.pkl")
    assert b"minigrad" not in pickled
    assert torch.load(tmp_path / "m.pt")["p"].tolist() == [1]


# ------------------------------------------------------------------------------------------------ writing safely


class Unwilling:
    def __reduce__(self):
        raise ValueError("not to be saved")


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.pt"
    minigrad.save(1, path)
    with pytest.raises(ValueError, match="not to be saved"):
        minigrad.save([minigrad.ones(3), Unwilling()], path)
    assert minigrad.load(path) == 1 and os.listdir(tmp_path) == ["x.pt"]


def test_a_link_keeps_pointing_at_the_new_file(tmp_path):
    (tmp_path / "link.pt").symlink_to(tmp_path / "x.pt")
    minigrad.save(1, tmp_path / "x.pt")
    minigrad.save(2, tmp_path / "link.pt")
    assert (tmp_path / "link.pt").is_symlink() and minigrad.load(tmp_path / "x.pt") == 2


def test_the_file_has_the_usual_permissions(tmp_path):
    minigrad.save(1, tmp_path / "x.pt")
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "x.pt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_device_file_can_be_written_to():
    minigrad.save(1, os.devnull)
    assert not os.path.isfile(os.devnull)


PLACES = {
    "no such folder": lambda lib: lib.save(1, "/nonexistent/x.pt"),
    "no such file": lambda lib: lib.load("/nonexistent/x.pt"),
    "save to a number": lambda lib: lib.save(1, 3),
    "load from a number": lambda lib: lib.load(3),
}


@pytest.mark.parametrize("name", PLACES)
def test_wrong_places_raise_the_errors_of_torch(name):
    with pytest.raises(Exception) as theirs:
        PLACES[name](torch)
    with pytest.raises(type(theirs.value)) as mine:
        PLACES[name](minigrad)
    assert str(theirs.value)[:40] in str(mine.value)


@pytest.mark.parametrize(
    "options", [{"pickle_protocol": 4}, {"_use_new_zipfile_serialization": False}, {"pickle_module": os}], ids=str
)
def test_other_formats_are_refused(options):
    with pytest.raises(NotImplementedError, match="zip format"):
        minigrad.save(1, io.BytesIO(), **options)


# ------------------------------------------------------------------------------------------------ map_location


@pytest.mark.parametrize(
    "where", ["cpu", minigrad.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage, lambda s, loc: None]
)
def test_map_location_keeps_tensors_on_the_cpu(where):
    assert through(torch.ones(2), torch, map_location=where).device.type == "cpu"


def as_if_from_gpu():
    """A file that says its storage was on a GPU."""
    return rewritten(
        saved(torch.ones(2), torch), lambda p: p.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    )


def test_tensors_from_a_missing_gpu_ask_for_map_location():
    if is_cuda_available():
        pytest.skip("a GPU is here")
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        minigrad.load(as_if_from_gpu())
    for where in ("cpu", {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert minigrad.load(as_if_from_gpu(), map_location=where).tolist() == [1, 1]


# ------------------------------------------------------------------------------------------------ whole objects


class Custom:
    def __init__(self, weight):
        self.weight = weight


def test_other_classes_are_named_and_need_trust():
    file = saved({"model": Custom(minigrad.ones(2))})
    with pytest.raises(
        pickle.UnpicklingError, match=rf"Unsupported global: GLOBAL {__name__}.Custom was not an allowed global"
    ):
        minigrad.load(file)
    file.seek(0)
    assert minigrad.load(file, weights_only=False)["model"].weight.tolist() == [1, 1]


def test_a_whole_module_comes_back_with_trust():
    net = minigrad.nn.Sequential(minigrad.nn.Linear(2, 3), minigrad.nn.ReLU(), minigrad.nn.Linear(3, 1))
    x = minigrad.randn(4, 2)
    again = through(net, weights_only=False)
    assert minigrad.equal(net(x), again(x))
    assert all(isinstance(p, Parameter) for p in again.parameters())


def test_attributes_that_a_user_gave_a_tensor_are_not_lost():
    x = minigrad.ones(2)
    x.note = "mine"
    assert through(x, weights_only=False).note == "mine"
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        through(x)


def test_a_class_of_torch_is_named():
    file = saved(torch.nn.Linear(1, 1), torch)
    with pytest.raises(pickle.UnpicklingError, match="torch.nn.modules.linear.Linear"):
        minigrad.load(file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="torch.nn.modules.linear.Linear"):
        minigrad.load(file, weights_only=False)


# ------------------------------------------------------------------------------------------------ damaged files


def rewritten(file, change, records=None):
    """The same archive with another pickle."""
    source, result = zipfile.ZipFile(file), io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            archive.writestr(
                name,
                change(content) if name.endswith("data.pkl") else (records or {}).get(name.split("/", 1)[1], content),
            )
    result.seek(0)
    return result


REFUSALS = (RuntimeError, pickle.UnpicklingError, EOFError)


@given(st.floats(0, 1, exclude_max=True))
@settings(max_examples=80, deadline=None)
def test_a_file_cut_short_is_refused(fraction):
    whole = saved({"a": minigrad.arange(100.0), "b": "text"}).getvalue()
    with pytest.raises(REFUSALS):
        minigrad.load(io.BytesIO(whole[: int(len(whole) * fraction)]))


@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_is_noticed_or_harmless(position, change):
    """Either it is refused, or the tensors are as they were (the byte lay in padding or in a header nobody needs)."""
    whole = bytearray(saved({"a": minigrad.arange(100.0)}).getvalue())
    whole[position % len(whole)] ^= change
    try:
        state = minigrad.load(io.BytesIO(bytes(whole)))
    except REFUSALS:
        return
    assert state["a"].tolist() == list(range(100))


@pytest.mark.parametrize(
    "content", [b"hello world", b"\x80\x02}q\x00.", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), os.urandom(100)], ids=len
)
def test_what_is_no_checkpoint_is_refused(content):
    with pytest.raises(REFUSALS):
        minigrad.load(io.BytesIO(content))


def test_the_format_before_torch_1_6_is_named():
    file = io.BytesIO()
    torch.save(torch.ones(2), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="before version 1.6"):
        minigrad.load(file)


def test_an_archive_without_a_pickle_is_no_checkpoint():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/other", "x")
    file.seek(0)
    with pytest.raises(RuntimeError, match="data.pkl"):
        minigrad.load(file)


@pytest.mark.parametrize("order", ["little", "big"])
def test_both_byte_orders_are_read(order):
    stored = np.arange(4, dtype="<f4" if order == "little" else ">f4").tobytes()
    file = rewritten(saved(torch.arange(4.0), torch), lambda p: p, {"byteorder": order.encode(), "data/0": stored})
    assert minigrad.load(file).tolist() == [0, 1, 2, 3]
