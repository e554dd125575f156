"""Is this a notebook, and does somebody watch?  What `viz` and `learn` ask before they show anything that moves.

The rule of both: what moves is also still.  A widget or a redrawn picture only adds to an output that says the same
without it, so a saved notebook, a test run and a terminal lose nothing.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def shell() -> Any:
    """The running IPython shell, without importing IPython for those who do not use it."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_notebook() -> bool:
    """Whether what is displayed goes to a Jupyter front end."""
    return getattr(shell(), "kernel", None) is not None


def watched() -> bool:
    """Whether somebody sees the output while it comes: not in a pipe, not in a test run, not with MINIGRAD_LIVE=0."""
    # PYTEST_VERSION: nbval runs notebooks in a kernel too, and compares what each cell shows once it is finished.
    if os.environ.get("MINIGRAD_LIVE", "1") == "0" or "PYTEST_VERSION" in os.environ:
        return False
    return in_notebook() or sys.stdout.isatty()


def widgets(what: str) -> Any:
    """The package ipywidgets, or ImportError that says what asked for it."""
    try:
        import ipywidgets  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(f'{what} need ipywidgets: pip install "minigrad[lab]"') from error
    return ipywidgets


def answer_at_once(widget: Any) -> None:
    """Let a widget's callback run while a cell is busy, as long as nothing is written to the widget meanwhile.

    ipykernel 7 hands a widget's messages to the shell that last wrote to the widget.  That is the main shell, which is
    busy: without the mark it uses a shell of its own.
    """
    getattr(widget.comm, "__dict__", {}).pop("_reply_subshell_id", None)
