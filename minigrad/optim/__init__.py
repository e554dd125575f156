"""Optimizers, under PyTorch's names: `optimizer.py` (what they share), `sgd.py`, `adam.py`, `rmsprop.py`, `adagrad.py`,
then the rest in `adam_family.py`, `classics.py`, `adafactor.py` and `lbfgs.py`; learning-rate schedules in
`lr_scheduler/`."""

from minigrad.optim import lr_scheduler
from minigrad.optim.adafactor import Adafactor
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.adam_family import Adamax, NAdam, RAdam
from minigrad.optim.classics import ASGD, Adadelta, Rprop
from minigrad.optim.lbfgs import LBFGS
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sgd import SGD

__all__ = [
    "ASGD",
    "Adafactor",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "lr_scheduler",
]
