"""The two programs that encyclopedias show for PyTorch, and the README's example, run under both names."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re

import pytest

README = pathlib.Path(__file__).parents[2] / "README.md"

TENSORS = """
import torch
dtype = torch.float
device = torch.device("cpu")
a = torch.randn(2, 3, device=device, dtype=dtype)
print(a)
b = torch.randn(2, 3, device=device, dtype=dtype)
print(b)
print(a * b)
print(a.sum())
print(a[1, 2])
print(a.max())
"""

NETWORK = """
import torch
from torch import nn
class NeuralNetwork(nn.Module):
    def __init__(self):
        super(NeuralNetwork, self).__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28*28, 512),
            nn.ReLU(),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, 10),
        )
    def forward(self, x):
        x = self.flatten(x)
        logits = self.linear_relu_stack(x)
        return logits
model = NeuralNetwork()
print(model)
logits = model(torch.rand(5, 28, 28))
print(logits.shape, torch.allclose(nn.Softmax(dim=1)(logits).sum(1), torch.ones(5)))
loss = nn.functional.cross_entropy(logits, torch.arange(5))
loss.backward()
print(f"{loss.item():.4f} {model.linear_relu_stack[0].weight.grad.norm().item():.4f}")
"""


def run(source: str, library: str) -> str:
    """What a program prints, with the library in PyTorch's place; the seed is fixed."""
    source = re.sub(r"^import (torch|minigrad as torch)$", f"import {library} as torch", source, flags=re.M)
    source = re.sub(r"^from (torch|minigrad) import", f"from {library} import", source, flags=re.M)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(f"import {library} as torch\ntorch.manual_seed(7)\n" + source, library, "exec"), {"__name__": "__main__"})
    return printed.getvalue()


@pytest.mark.parametrize("source", [TENSORS, NETWORK], ids=["tensors", "network"])
def test_the_programs_print_what_they_print_under_pytorch(source):
    pytest.importorskip("torch")
    assert run(source, "minigrad") == run(source, "torch")


def test_the_tensors_program_without_pytorch_at_hand():
    printed = run(TENSORS, "minigrad")
    assert printed.startswith("tensor([[-0.1468,  0.7861,  0.9468],")
    assert printed.count("tensor(") == 6


def test_the_network_program_learns_to_print_its_layers():
    printed = run(NETWORK, "minigrad")
    assert "(linear_relu_stack): Sequential(" in printed
    assert "(0): Linear(in_features=784, out_features=512, bias=True)" in printed
    assert "torch.Size([5, 10]) True" in printed


def test_the_readme_example_trains():
    source = re.search(r"```python\n(.*?)```", README.read_text(), re.S)[1]
    loss = float(run(source, "minigrad").split()[0])
    assert loss < 0.002
