"""`detect_anomaly`: find the forward line behind a failing or NaN gradient.

Inside, every recorded node keeps the stack of the call that made it, and every gradient is checked for NaN; an error in
backward then shows the line of the forward pass.  It costs time: use it while debugging only.
"""

from __future__ import annotations

from minigrad.autograd import function


class set_detect_anomaly:
    """Anomaly detection on or off, at once, and until the end of the block when used with `with`."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self._before = function.anomaly_enabled, function.check_nan
        function.anomaly_enabled, function.check_nan = bool(mode), check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        function.anomaly_enabled, function.check_nan = self._before


class detect_anomaly(set_detect_anomaly):
    """Names the forward line of a node whose backward fails or returns NaN.

    >>> import minigrad
    >>> x = minigrad.tensor(0.0, requires_grad=True)
    >>> with minigrad.autograd.detect_anomaly():
    ...     (x / x).backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    RuntimeError: Function 'DivBackward0' returned nan values in its 1th output...
    """

    def __init__(self, check_nan: bool = True):
        self._check_nan = check_nan

    def __enter__(self) -> None:
        super().__init__(True, self._check_nan)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return function.anomaly_enabled


__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]
