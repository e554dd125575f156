"""Every operation, one family a file; importing this package registers them all (see `registry.py`)."""

from minigrad.ops import (
    arithmetic,
    axes,
    broadcasting,
    convert,
    creation,
    cross_entropy,
    gathering,
    indexing,
    joining,
    linear,
    loss,
    masking,
    matrix,
    picking,
    reduction,
    repeating,
    shape,
    slicing,
    softmax,
)
