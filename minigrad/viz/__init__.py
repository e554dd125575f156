"""Pictures of what a program does: `viz.graph` draws a computation, `viz.LivePlot` a training run.

Both draw themselves with the standard library alone and show words where no picture can be shown. Read `graph.py` or
`live.py` first.
"""

from minigrad.viz.graph import Graph, graph
from minigrad.viz.history import History
from minigrad.viz.live import LivePlot

__all__ = ["Graph", "History", "LivePlot", "graph"]
