"""The zip archive of a checkpoint: records written at aligned places, and read with every claim of size checked.

PyTorch stores a checkpoint as a plain, uncompressed zip file.  This file knows nothing of tensors or pickles; it writes
and reads named records of bytes.  Read `serialization.py` for what is in them.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import sys
import zipfile
from collections.abc import Iterator
from pickle import UnpicklingError
from typing import IO, Any

import numpy as np

ALIGNMENT = 64  # storages start at multiples of this, so that a mapped file gives aligned arrays


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A new file beside `path` that takes its place at the end, if all went well."""
    path = os.path.realpath(path)
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe: nothing to replace
        with open(path, "wb") as stream:
            yield stream
        return
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as stream:
            yield stream
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write_record(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    """Add one record, padded so that its bytes start at a multiple of the alignment."""
    info = zipfile.ZipInfo(f"archive/{name}")
    info.file_size = memoryview(content).nbytes
    header = 30 + len(info.filename) + 4  # the fixed part, the name, and the head of the padding below
    if info.file_size * 1.05 > zipfile.ZIP64_LIMIT:
        header += 20  # where zipfile puts sizes above 4 GB
    padding = -(archive.start_dir + header) % ALIGNMENT
    info.extra = b"FB" + padding.to_bytes(2, "little") + bytes(padding)
    with archive.open(info, "w") as record:
        record.write(content)


def damaged(why: str) -> RuntimeError:
    """The error for a file that is not what was written."""
    return RuntimeError(
        f"PytorchStreamReader failed reading zip archive: {why}. The file was cut short or changed after it was saved"
    )


class Archive:
    """A checkpoint opened for reading.  With `path`, large records are mapped from that file instead of read."""

    def __init__(self, stream: IO[bytes], path: str | os.PathLike[str] | None = None):
        self.stream, self.path = stream, path
        _check_is_zip(stream)
        try:
            self.zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise damaged(f"failed finding central directory: {error}") from None
        self.length = stream.seek(0, io.SEEK_END)
        self.entries = {entry.filename: entry for entry in self.zip.infolist()}
        if sum(entry.file_size for entry in self.entries.values()) > self.length:
            raise damaged(f"its entries claim more bytes than the {self.length} of the file")
        folders = [name.removesuffix("data.pkl") for name in self.entries if name.endswith("/data.pkl")]
        if not folders:
            raise RuntimeError(
                "PytorchStreamReader failed locating file data.pkl: file not found. This zip file is not a checkpoint"
            )
        self.folder = folders[0]
        order = self.record("byteorder").tobytes() if f"{self.folder}byteorder" in self.entries else b"little"
        self.is_foreign = order != sys.byteorder.encode()  # written where bytes stand in the other order

    def record(self, name: str) -> Any:
        """The bytes of one record, as an array of its own (or mapped)."""
        entry = self.entries.get(f"{self.folder}{name}")
        if entry is None:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise RuntimeError(f"{name} is compressed: checkpoints are stored plain, so this is not one")
        if self.path is not None and entry.file_size and name.startswith("data/"):
            return np.asarray(np.memmap(self.path, np.uint8, "c", self._start(entry), (entry.file_size,)))
        content = np.empty(entry.file_size, np.uint8)
        view, filled = memoryview(content), 0  # type: ignore[arg-type]
        try:
            with self.zip.open(entry) as source:
                while count := source.readinto(view[filled:]):  # type: ignore[attr-defined]
                    filled += count
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise damaged(f"{name}: {error}") from None
        if filled != entry.file_size:
            raise damaged(f"{name} is cut short: {filled} of {entry.file_size} bytes")
        return content

    def _start(self, entry: zipfile.ZipInfo) -> int:
        """Where the bytes of an entry begin: after its header, whose name and padding have lengths of their own."""
        self.stream.seek(entry.header_offset)
        header = self.stream.read(30)
        name, padding = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        start = entry.header_offset + 30 + name + padding
        if len(header) < 30 or header[:4] != b"PK\x03\x04" or start + entry.file_size > self.length:
            raise damaged(f"{entry.filename} does not lie within the file")
        return start


def _check_is_zip(stream: IO[bytes]) -> None:
    start = stream.read(4)
    stream.seek(-len(start), io.SEEK_CUR)
    if not start:
        raise EOFError("Ran out of input: the file is empty")
    if start[:1] == b"\x80":
        raise UnpicklingError(
            "Weights only load failed: a bare pickle, such as PyTorch wrote before version 1.6. "
            "Load it in PyTorch and save it again"
        )
    if start != b"PK\x03\x04":
        raise UnpicklingError(
            f"Weights only load failed: not a checkpoint, which is a zip file (invalid load key {start!r} at its start)"
        )
