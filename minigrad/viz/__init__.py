"""Pictures of what a program does: `viz.graph` draws a computation, `viz.step` walks backward through it, `viz.LivePlot`
draws a training run, `viz.still` keeps a matplotlib figure.

The first three draw themselves with the standard library alone; all show words where no picture can be shown. Read
`graph.py` or `live.py` first.
"""

from minigrad.viz.graph import Graph, graph
from minigrad.viz.history import History
from minigrad.viz.live import LivePlot
from minigrad.viz.step import Stepper, step
from minigrad.viz.still import Still, still

__all__ = ["Graph", "History", "LivePlot", "Stepper", "Still", "graph", "step", "still"]
