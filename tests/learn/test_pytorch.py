"""The same program runs under both libraries, and numbers that differ are found, with PyTorch or without it."""

from __future__ import annotations

import sys

import pytest

from minigrad.learn import same_in_pytorch
from minigrad.learn.pytorch import as_minigrad

PROGRAM = """
import torch
from torch import nn

torch.manual_seed(3)
layer = nn.Linear(2, 1)
weight = layer.weight
total = torch.arange(5).sum().item()
"""


@pytest.fixture(params=["with PyTorch", "without PyTorch"])
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "with PyTorch":
        pytest.importorskip("torch")
        return True
    monkeypatch.setitem(sys.modules, "torch", None)
    return False


def test_equal_numbers_give_one_line_that_does_not_depend_on_pytorch(
    both: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    same_in_pytorch(PROGRAM, {"total": 10, "weight": [[-0.7011, -0.5578]]})
    assert capsys.readouterr().out == "The same in PyTorch, within 0.0001: total (1 number), weight (2 numbers)\n"


@pytest.mark.parametrize("wrong", [{"total": 11}, {"weight": [-0.7, -0.5]}, {"total": float("nan")}])
def test_numbers_that_differ_are_found(both: bool, wrong: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match=r"\[\d\]: minigrad gives .*PyTorch gave"):
        same_in_pytorch(PROGRAM, wrong)


def test_a_different_count_is_found(both: bool) -> None:
    with pytest.raises(AssertionError, match="total: minigrad gives 1 numbers, 2 are saved"):
        same_in_pytorch(PROGRAM, {"total": [10, 10]})


def test_saved_numbers_that_pytorch_does_not_give_are_found() -> None:
    torch = pytest.importorskip("torch")
    program = "import torch\nwho = 1.0 if torch.__name__ == 'torch' else 2.0"
    assert torch.__name__ == "torch"
    with pytest.raises(AssertionError, match=r"who\[0\]: PyTorch gives 1.0"):
        same_in_pytorch(program, {"who": 2.0})


def test_data_is_handed_to_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    same_in_pytorch("import torch\ntotal = torch.tensor(data).sum()", {"total": 6}, data=[1, 2, 3])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import torch", "import minigrad as torch"),
        ("    import torch", "    import minigrad as torch"),
        ("import torch.nn.functional as F", "import minigrad.nn.functional as F"),
        ("import torch as t", "import minigrad as t"),
        ("from torch.utils.data import DataLoader", "from minigrad.utils.data import DataLoader"),
        ("from torch import nn, optim", "from minigrad import nn, optim"),
        ("import torchvision", "import torchvision"),
        ("x = torch.ones(2)  # import torch", "x = torch.ones(2)  # import torch"),
    ],
)
def test_only_imports_change(line: str, expected: str) -> None:
    assert as_minigrad(line) == expected
