"""Tools around training: `data` (data sets and loaders)."""

from minigrad.utils import data

__all__ = ["data"]
