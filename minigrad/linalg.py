"""`linalg`: linear algebra.  Each name points at one operation of `ops/`."""

from minigrad import ops  # noqa: F401 - registers the operations
from minigrad.ops.registry import export

__all__ = export("linalg", globals())
