"""A small smooth problem whose gradients come from NumPy, so that only the optimizer is under test."""

from __future__ import annotations

import numpy as np

SHAPES = ((3, 4), (5,), ())


class Problem:
    """Minimise sum(a (x - b)^2 / 2 + sin(3 x) / 10) over three parameters, in minigrad or in PyTorch."""

    def __init__(self, lib, dtype="float32"):
        rng = np.random.default_rng(3)
        self.lib, self.dtype = lib, dtype
        self.data = [(rng.uniform(0.5, 2, s), rng.standard_normal(s)) for s in SHAPES]
        self.params = [self.tensor(rng.standard_normal(s)).requires_grad_() for s in SHAPES]

    def tensor(self, values):
        return self.lib.tensor(np.asarray(values, self.dtype).tolist(), dtype=getattr(self.lib, self.dtype))

    def backward(self, only=None):
        """Set the gradients (of the parameters numbered in `only`)."""
        for i, (p, (a, b)) in enumerate(zip(self.params, self.data, strict=True)):
            x = p.detach().numpy().astype("float64")
            p.grad = self.tensor(a * (x - b) + 0.3 * np.cos(3 * x)) if only is None or i in only else None

    def values(self):
        return np.concatenate([p.detach().numpy().astype("float64").ravel() for p in self.params])


def converted(value, lib):
    """A state dict with the tensors of the other library turned into those of `lib`."""
    if isinstance(value, dict):
        return {k: converted(v, lib) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(converted(v, lib) for v in value)
    if hasattr(value, "numpy"):
        return lib.tensor(value.numpy().tolist(), dtype=getattr(lib, str(value.dtype).split(".")[1]))
    return value


def make(lib, name, params, **options):
    return getattr(lib.optim, name)(params, **options)
