"""What makes a notebook a lesson: predictions that keep score, exercises with checks, the same program under PyTorch.

Each shows a plain card, the same bytes wherever the notebook runs; buttons are added where somebody can press them.
Read `predictions.py` first, then `exercises.py` and `pytorch.py`; `notebooks.py` runs and saves whole notebooks.
"""

from minigrad.learn.exercises import check
from minigrad.learn.predictions import choose, predict, reveal, score
from minigrad.learn.pytorch import same_in_pytorch

__all__ = ["check", "choose", "predict", "reveal", "same_in_pytorch", "score"]
