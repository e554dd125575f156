"""CuPy's place is taken by the strict stand-in while these tests run, unless something stands there already."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import strict_cupy


@pytest.fixture(scope="module", autouse=True)
def cupy_or_its_stand_in() -> Iterator[None]:
    stranger = "cupy" not in sys.modules
    if stranger:
        strict_cupy.install()
    yield
    if stranger:
        strict_cupy.uninstall()
