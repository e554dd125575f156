"""Small data sets that need no download: scikit-learn's bundled ones, two photographs, and points drawn by formula.

Each is a `TensorDataset`, ready for a `DataLoader`, whose parts have names: `data.x`, `data.y`, `data.target_names`.
"""

from minigrad.datasets.bundled import (
    Photographs,
    breast_cancer,
    diabetes,
    digits,
    iris,
    photographs,
    wine,
)
from minigrad.datasets.generated import moons, spirals
from minigrad.datasets.labelled import LabelledData
from minigrad.datasets.splitting import split

__all__ = [
    "LabelledData",
    "Photographs",
    "breast_cancer",
    "diabetes",
    "digits",
    "iris",
    "moons",
    "photographs",
    "spirals",
    "split",
    "wine",
]
