"""Run notebooks from top to bottom and save them so that only what changed shows in a diff.

    python -m minigrad.learn.notebooks notebooks/*.ipynb

Each runs in a fresh kernel of this Python, in its own folder, with `MINIGRAD_LIVE=0`.  What is saved holds the outputs
that a reader needs and nothing that differs from run to run: no timing, no widget state, no version of Python, and cell
ids that stay.  The first cell that fails stops the run, and the notebook is left as it was.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ENVIRONMENT = {"MINIGRAD_LIVE": "0", "OMP_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def run(path: str | Path, timeout: float = 120.0) -> float:
    """Execute one notebook and save it in place, cleaned; returns the seconds it took.

    Raises nbclient's CellExecutionError, with the traceback of the cell, when a cell fails or takes longer than `timeout`.
    """
    import nbformat
    from nbclient import NotebookClient

    path = Path(path)
    notebook: Any = nbformat.read(path, as_version=4)
    settings: dict[str, Any] = {"timeout": timeout, "kernel_name": KERNEL["name"], "record_timing": False}
    settings |= {"store_widget_state": False, "coalesce_streams": True, "resources": {"metadata": {"path": str(path.parent)}}}
    start = time.perf_counter()
    NotebookClient(notebook, **settings).execute(env={**os.environ, **ENVIRONMENT})
    seconds = time.perf_counter() - start
    clean(notebook)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return seconds


def clean(notebook: Any) -> None:
    """Remove from a notebook, in place, what says more about the run than about the notebook."""
    notebook.metadata.clear()
    notebook.metadata.update(kernelspec=dict(KERNEL), language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        for key in ("execution", "collapsed", "scrolled", "trusted"):
            cell.metadata.pop(key, None)
        cell["id"] = _identity(cell, number, taken)
        cell.source = cell.source.rstrip("\n")
        for output in cell.get("outputs", ()):
            output.pop("transient", None)


def _identity(cell: Any, number: int, taken: set[str]) -> str:
    """The id a cell has, if it is its own; else one made from what the cell says."""
    name = cell.get("id", "")
    if not name or name in taken:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        name = name if name not in taken else f"{name}-{number}"
    taken.add(name)
    return name


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: run and save each notebook; the number of those that failed."""
    parser = argparse.ArgumentParser(prog="python -m minigrad.learn.notebooks", description="Run notebooks and save them cleanly.")
    parser.add_argument("notebooks", nargs="+", type=Path, help="files that end in .ipynb")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds that one cell may take (120)")
    options = parser.parse_args(arguments)
    failed = 0
    for path in options.notebooks:
        try:
            seconds = run(path, options.timeout)
        except Exception as error:  # noqa: BLE001 - whatever a cell raises belongs to that notebook; the others still run
            failed += 1
            print(f"{path}: failed, not saved\n{error}", file=sys.stderr)
        else:
            print(f"{path}: {seconds:.1f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
