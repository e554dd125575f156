"""Every operation, one family a file; importing this package registers them all (see `registry.py`)."""

from minigrad.ops import arithmetic, axes, broadcasting, convert, creation, matrix, joining, reduction, shape, slicing
