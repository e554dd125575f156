"""The data sets that come with scikit-learn, as tensors.  Nothing is downloaded."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import minigrad
from minigrad.datasets.labelled import LabelledData
from minigrad.tensor import Tensor


def digits() -> LabelledData:
    """1797 handwritten digits: x (1797, 1, 8, 8) float32 from 0 (paper) to 1 (ink), y (1797,) int64 from 0 to 9.

    Source: Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998 (the test part).

    >>> from minigrad import datasets
    >>> datasets.digits()
    LabelledData(x=(1797, 1, 8, 8) torch.float32, y=(1797,) torch.int64)
    """
    bunch = _load("load_digits")
    images = _floats(bunch.images).unsqueeze(1) / 16
    return LabelledData(images, _classes(bunch.target), bunch.target_names)


def iris() -> LabelledData:
    """Three species of iris: x (150, 4) float32, centimetres; y (150,) int64.

    Source: Fisher, The use of multiple measurements in taxonomic problems, 1936.

    >>> from minigrad import datasets
    >>> datasets.iris().target_names
    ['setosa', 'versicolor', 'virginica']
    """
    return _table("load_iris")


def wine() -> LabelledData:
    """Chemical analysis of wines from three growers: x (178, 13) float32, of very different scales; y (178,) int64.

    Source: Forina et al., PARVUS, 1991 (UCI).
    """
    return _table("load_wine")


def breast_cancer() -> LabelledData:
    """Cell nuclei in breast tumours: x (569, 30) float32; y (569,) int64, 0 malignant, 1 benign.

    Source: Street, Wolberg & Mangasarian, Nuclear feature extraction for breast tumor diagnosis, 1993.
    """
    return _table("load_breast_cancer")


def diabetes() -> LabelledData:
    """Progression of diabetes after a year: x (442, 10) float32, standardised; y (442,) float32, a number to predict.

    Source: Efron, Hastie, Johnstone & Tibshirani, Least angle regression, 2004.
    """
    bunch = _load("load_diabetes")
    return LabelledData(_floats(bunch.data), _floats(bunch.target), (), bunch.feature_names)


class Photographs(NamedTuple):
    """Two colour pictures, (3, 427, 640) float32 from 0 to 1: channel, row, column."""

    china: Tensor
    flower: Tensor


def photographs() -> Photographs:
    """A temple in China and a dahlia: two pictures to filter, compress and fool networks with.

    Source: scikit-learn's sample images, by W. Chung and by D. Huynh (CC BY).  Needs the package `pillow` as well.
    """
    datasets = _library()
    try:
        pictures = [datasets.load_sample_image(f"{name}.jpg") for name in Photographs._fields]
    except ImportError as error:
        raise ImportError('reading photographs needs pillow: pip install "minigrad[lab]"') from error
    return Photographs(*(_floats(picture).permute(2, 0, 1).contiguous() / 255 for picture in pictures))


def _library() -> Any:
    try:
        return importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise ImportError(
            'this data set comes with scikit-learn, which is not installed: pip install "minigrad[lab]"'
        ) from error


def _load(name: str) -> Any:
    return getattr(_library(), name)()


def _table(name: str) -> LabelledData:
    bunch = _load(name)
    return LabelledData(_floats(bunch.data), _classes(bunch.target), bunch.target_names, bunch.feature_names)


def _floats(array: Any) -> Tensor:
    return minigrad.tensor(array, dtype=minigrad.float32)


def _classes(array: Any) -> Tensor:
    return minigrad.tensor(array, dtype=minigrad.int64)
