"""Options for the whole suite.

`pytest --device=cuda` runs the same tests on CuPy: on a real GPU where there is one, else on the strict stand-in of
`strict_cupy.py`, which refuses what CuPy refuses.  Tests about NumPy's memory itself are marked `cpu_only`.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from collections.abc import Generator, Iterator

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", choices=("cpu", "cuda"), default="cpu", help="where the tensors of the tests are made")


def _real_gpu() -> bool:
    if importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cpu_only: is about NumPy's memory or about both devices; skipped with --device=cuda")
    config.addinivalue_line("markers", "browser: needs Chromium and JupyterLab")
    if config.getoption("--device") == "cpu":
        return
    if not _real_gpu():
        import strict_cupy

        strict_cupy.install()
    import minigrad

    minigrad.set_default_device("cuda")
    _bring_results_home(minigrad)


def _bring_results_home(minigrad) -> None:
    """Tests hand NumPy arrays in and read them out; on a GPU both go through a copy, here and nowhere else."""
    to_numpy, from_numpy = minigrad.Tensor.numpy, minigrad.from_numpy
    minigrad.Tensor.numpy = lambda self, *, force=False: to_numpy(self.detach().cpu() if self.is_cuda and not self.requires_grad else self, force=force)
    minigrad.from_numpy = lambda array: from_numpy(array).cuda()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """bfloat16 on a GPU came with CuPy 14, and the stand-in has none: a test that needs it is skipped where it says so."""
    try:
        return (yield)
    except ValueError as error:
        if item.config.getoption("--device") == "cuda" and "Unsupported dtype bfloat16" in str(error):
            pytest.skip("no bfloat16 in this CuPy")
        raise


@pytest.fixture(scope="module")
def cupy_or_its_stand_in() -> Iterator[None]:
    """For tests of both devices: the strict stand-in takes CuPy's place, unless something stands there already."""
    import strict_cupy

    stranger = "cupy" not in sys.modules
    if stranger:
        strict_cupy.install()
    yield
    if stranger:
        strict_cupy.uninstall()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--device") == "cuda":
        for item in items:
            if item.get_closest_marker("cpu_only"):
                item.add_marker(pytest.mark.skip(reason="about the CPU"))
