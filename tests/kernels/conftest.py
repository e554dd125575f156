"""These tests run on both libraries: where CuPy is not at hand, its stand-in takes its place."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _both_libraries(cupy_or_its_stand_in: None) -> None:
    pass
