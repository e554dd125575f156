"""`special`: the special functions of analysis.  Each name points at one operation of `ops/`."""

from typing import TYPE_CHECKING

from minigrad import ops  # noqa: F401 - registers the operations
from minigrad.ops.registry import export

if TYPE_CHECKING:
    from minigrad._special import *  # noqa: F403

__all__ = export("special", globals())
