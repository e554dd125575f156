"""`linalg`: linear algebra.  Each name points at one operation of `ops/`."""

from typing import TYPE_CHECKING

from minigrad import ops  # noqa: F401 - registers the operations
from minigrad.ops.linalg import LinAlgError
from minigrad.ops.registry import export

if TYPE_CHECKING:
    from minigrad._linalg import *  # noqa: F403

__all__ = ["LinAlgError", *export("linalg", globals())]
