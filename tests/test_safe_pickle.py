"""Pickles that ask for more than a checkpoint may: nothing runs, no memory is claimed, nothing takes forever."""

from __future__ import annotations

import io
import pickle
import resource
import struct
import zipfile

import numpy as np
import pytest

import minigrad

REFUSALS = (RuntimeError, pickle.UnpicklingError)


def checkpoint(program, **records):
    """A file with this pickle and these storages."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/version", "3\n")
        for name, content in records.items():
            archive.writestr(f"archive/data/{name}", content)
    result.seek(0)
    return result


def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def integer(n):
    content = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(content)]) + content


def a_tensor(size=(2,), stride=(1,), offset=0, count=2, key="0", kind=b"ctorch\nFloatStorage\n", storage=None):
    """The program that builds a tensor, with whatever numbers."""
    numbers = [b"(" + b"".join(map(integer, group)) + b"t" for group in (size, stride)]
    request = storage or b"(" + text("storage") + kind + text(key) + text("cpu") + integer(count) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = request + integer(offset) + b"".join(numbers) + b"\x89" + hooks
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR."


def test_the_handmade_tensor_is_right():
    """So that the cases below fail for the reason they give."""
    storage = np.array([1, 2], "<f4").tobytes()
    assert minigrad.load(checkpoint(a_tensor(), **{"0": storage})).tolist() == [1, 2]


EIGHT = {"0": bytes(8)}
HOSTILE = {
    "runs a command": (b"\x80\x02cos\nsystem\n" + text("echo pwned") + b"\x85R.", {}),
    "evaluates": (b"\x80\x02c__builtin__\neval\n" + text("1/0") + b"\x85R.", {}),
    "imports": (b"\x80\x02cantigravity\nx\n.", {}),
    "getattr": (b"\x80\x02c__builtin__\ngetattr\n" + text("a") + text("upper") + b"\x86R.", {}),
    "private name of minigrad": (b"\x80\x02cminigrad.serialization\n_rebuild_tensor_v2\n.", {}),
    "dotted name": (b"\x80\x02ctorch\n_utils._rebuild_tensor_v2.__globals__\n.", {}),
    "function as data": (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.", {}),
    "function in a list": (b"\x80\x02]ctorch._utils\n_rebuild_tensor_v2\na.", {}),
    "calls data": (b"\x80\x02" + text("a") + b")R.", {}),
    "calls a dtype": (b"\x80\x02ctorch\nfloat32\n)R.", {}),
    "calls a storage type": (b"\x80\x02ctorch\nFloatStorage\n)R.", {}),
    "builds a tensor's attributes": (a_tensor()[:-1] + b"}" + text("_array") + b"Nsb.", EIGHT),
    "builds a function's attributes": (b"\x80\x02ctorch._utils\n_rebuild_parameter\n}b.", {}),
    "builds a dtype's attributes": (b"\x80\x02ctorch\nfloat32\n}" + text("itemsize") + b"K\x63sb.", {}),
    "makes an instance": (b"\x80\x02ctorch\nSize\n)\x81.", {}),
    "protocol 4": (pickle.dumps([1], protocol=4), {}),
    "old text opcodes": (b"S'abc'\n.", {}),
    "memory of a bytearray": (b"\x80\x02c__builtin__\nbytearray\n" + integer(10**13) + b"\x85R.", {}),
    "a memo of four thousand million": (b"\x80\x02]r\xff\xff\xff\xffj\xff\xff\xff\xfe.", {}),
    "text of four gigabytes": (b"\x80\x02X\xff\xff\xff\xff" + b"a.", {}),
    "a number of two gigabytes": (b"\x80\x02\x8b\xff\xff\xff\x7f" + b"a.", {}),
    "shape beyond the storage": (a_tensor(size=(10**9,)), EIGHT),
    "stride beyond the storage": (a_tensor(size=(2,), stride=(10**9,)), EIGHT),
    "offset beyond the storage": (a_tensor(offset=1), EIGHT),
    "negative size": (a_tensor(size=(-2,)), EIGHT),
    "negative stride": (a_tensor(stride=(-1,)), EIGHT),
    "negative offset": (a_tensor(offset=-1), EIGHT),
    "huge numbers that cancel": (a_tensor(size=(2**62, 0), stride=(2**62, 1)), EIGHT),
    "a repeated element too often": (a_tensor(size=(2**62,), stride=(0,)), EIGHT),
    "shape and strides differ": (a_tensor(size=(1, 1)), EIGHT),
    "storage shorter than it says": (a_tensor(count=10**12), EIGHT),
    "storage longer than it says": (a_tensor(count=1), EIGHT),
    "storage of negative size": (a_tensor(count=-2), EIGHT),
    "no such storage": (a_tensor(key="7"), EIGHT),
    "storage outside its folder": (a_tensor(key="../data.pkl"), EIGHT),
    "storage of no type": (a_tensor(kind=text("float")), EIGHT),
    "storage that is a string": (a_tensor(storage=text("0")), EIGHT),
    "request of another form": (b"\x80\x02" + text("0") + b"Q.", {}),
    "one storage as two types": (
        b"\x80\x02]" + a_tensor()[2:-1] + b"a" + a_tensor(kind=b"ctorch\nIntStorage\n")[2:-1] + b"a.", EIGHT,
    ),
    "integers that require gradients": (a_tensor(kind=b"ctorch\nIntStorage\n").replace(b"\x89", b"\x88"), EIGHT),
    "a parameter of text": (b"\x80\x02ctorch._utils\n_rebuild_parameter\n(" + text("a") + b"\x88NtR.", {}),
    "empty stack": (b"\x80\x02a.", {}),
    "empty program": (b"", {}),
    "no end": (b"\x80\x02]", {}),
    "unknown opcode": (b"\x80\x02\xff.", {}),
    "unhashable key": (b"\x80\x02}]K\x01s.", {}),
    "key that takes forever to hash": (b"\x80\x02}" + b"K\x01" + b"q\x00h\x00\x86" * 60 + b"K\x01s.", {}),
    "wide key that takes forever": (
        b"\x80\x02}(" + b"K\x01" * 999 + b"tq\x00(" + b"h\x00" * 999 + b"tq\x00(" + b"h\x00" * 999 + b"tK\x01s.", {},
    ),
    "list extended by a number": (b"\x80\x02K\x01K\x02a.", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name, capfd):
    program, storages = HOSTILE[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(REFUSALS):
        minigrad.load(checkpoint(program, **storages))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200_000, "it claimed memory (in kB) for what the file only pretended to hold"
    assert "pwned" not in capfd.readouterr().out


def test_compressed_archives_are_refused():
    """A few bytes could unpack to any amount."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", a_tensor(count=2**20, size=(2**20,)))
        archive.writestr("archive/data/0", bytes(2**22))
    result.seek(0)
    with pytest.raises(RuntimeError, match="compressed|claim more bytes"):
        minigrad.load(result)


def test_entries_that_claim_more_than_the_file_has_are_refused():
    content = bytearray(checkpoint(a_tensor(count=2**28, size=(2**28,)), **EIGHT).getvalue())
    content = content.replace(struct.pack("<II", 8, 8), struct.pack("<II", 2**30, 2**30))
    with pytest.raises(RuntimeError, match="claim more bytes"):
        minigrad.load(io.BytesIO(bytes(content)))
