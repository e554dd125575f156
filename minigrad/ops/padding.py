"""Padding: a frame around the last axes, of a constant, or of what the input shows there mirrored, repeated or wrapped.

Read `convolution.py` next, the main user.
"""

from __future__ import annotations

from math import prod
from typing import Any

from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Pads = tuple[tuple[int, int], ...]  # (before, after) for each axis; negative numbers crop


class ConstantPadNd(Operation):
    """x in the middle of a constant.  The gradient is g without the frame: padded by the negative amounts."""

    @staticmethod
    def forward(ctx: Any, x: Any, pads: Pads, value: Any) -> Any:
        ctx.pads = pads
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, pads))
        y = array_namespace(x).full(shape, value, x.dtype)
        y[_inside(pads, shape)] = x[_inside(_negative(pads), x.shape)]
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return ConstantPadNd.apply(g, _negative(ctx.pads), 0)


def _negative(pads: Pads) -> Pads:
    return tuple((-before, -after) for before, after in pads)


def _inside(pads: Pads, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Where, within the padded shape, the input lies; what is cropped lies nowhere."""
    return tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, pads))


class _FramePad(Operation):
    """x with a frame of its own numbers.  Axis by axis, each line of the frame is a copy of one line inside."""

    mode: str

    @staticmethod
    def forward(ctx: Any, x: Any, pads: Pads) -> Any:
        ctx.pads, ctx.size = pads, x.shape
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, pads))
        y = array_namespace(x).empty(shape, x.dtype)
        y[_inside(pads, shape)] = x
        for line, source in _lines(ctx.mode, x.shape, pads):
            y[line] = y[source]
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _FramePadBackward.apply(g, type(ctx), ctx.size, ctx.pads)


class _FramePadBackward(Operation):
    """The lines of the frame added to the lines that they are copies of, in the opposite order."""

    @staticmethod
    def forward(ctx: Any, g: Any, cls: type[_FramePad], size: tuple[int, ...], pads: Pads) -> Any:
        ctx.cls, ctx.pads = cls, pads
        g = g.copy()
        for line, source in reversed(_lines(cls.mode, size, pads)):
            g[source] += g[line]
        return g[_inside(pads, g.shape)].copy()

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return ctx.cls.apply(h, ctx.pads)


def _lines(mode: str, size: tuple[int, ...], pads: Pads) -> list[tuple[Any, Any]]:
    """Which line of the frame is a copy of which line inside, as indices into the padded array."""
    pairs = []
    for axis, (n, (before, after)) in enumerate(zip(size, pads)):
        for line in (*range(-before, 0), *range(n, n + after)):
            if mode == "reflect":
                source = -line if line < 0 else 2 * (n - 1) - line
            elif mode == "replicate":
                source = 0 if line < 0 else n - 1
            else:
                source = line % n
            pairs.append(((slice(None),) * axis + (line + before,), (slice(None),) * axis + (source + before,)))
    return pairs


_FRAMES: dict[tuple[str, int], Any] = {
    (mode, d): type(
        f"{title}Pad{d}D", (_FramePad,), {"mode": mode, "__doc__": _FramePad.__doc__, "__module__": __name__}
    )
    for mode, title in (("reflect", "Reflection"), ("replicate", "Replication"), ("circular", "Circular"))
    for d in (1, 2, 3)
}


@operation(where="nn.functional", out=False)
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """A frame around the last dimensions: `pad` is (before, after) of the last, then of the one before it, and so on.

    mode: "constant" (filled with `value`, any dimensions), or of the last one to three dimensions of (N, C, *S) or (C,
    *S) "reflect" (mirrored, without the border itself), "replicate" (the border repeated) or "circular" (the other
    end). Negative amounts crop.

    >>> import minigrad
    >>> row = minigrad.tensor([[1, 2, 3]])
    >>> minigrad.nn.functional.pad(row, (1, 2))
    tensor([[0, 1, 2, 3, 0, 0]])
    >>> minigrad.nn.functional.pad(row, (1, 2), mode="reflect")
    tensor([[2, 1, 2, 3, 2, 1]])
    """
    check_tensor("pad", "input", input)
    amounts, rank = [int(n) for n in pad], input.ndim
    if len(amounts) % 2:
        raise RuntimeError(
            f"Padding length must be divisible by 2: a pair for each dimension, but got {len(amounts)} numbers"
        )
    if len(amounts) > 2 * rank:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(amounts)} and input of dimension {rank}"
        )
    d = len(amounts) // 2
    pads = ((0, 0),) * (rank - d) + tuple(zip(amounts[::2], amounts[1::2]))[::-1]
    for axis, (n, (before, after)) in enumerate(zip(input.shape, pads)):
        if n + before + after < 0:
            raise RuntimeError(
                f"The input size {n}, plus negative padding {before} and {after}, resulted in a negative output size "
                f"at dimension {axis}"
            )
    if mode == "constant":
        return ConstantPadNd.apply(input, pads, 0 if value is None else value)
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if (mode, 1) not in _FRAMES:
        raise NotImplementedError(
            f"Unrecognised padding mode {mode}: it is 'constant', 'reflect', 'replicate' or 'circular'"
        )
    if d not in (1, 2, 3) or rank not in (d + 1, d + 2):
        raise NotImplementedError(
            f"Padding size {len(amounts)} is not supported for {rank}D input tensor.\nSupported combinations for "
            "non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n  - 3D or 4D input: padding size = 4 (pads "
            "last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    _check_frame(mode, tuple(input.shape), pads, d)
    frame, crop = (tuple((choice(before, 0), choice(after, 0)) for before, after in pads) for choice in (max, min))
    if not any(map(any, crop)):
        return _FRAMES[mode, d].apply(input, frame)
    if mode == "circular":  # only this one fills its frame from what the crop leaves
        return _FRAMES[mode, d].apply(ConstantPadNd.apply(input, crop, 0), frame)
    return ConstantPadNd.apply(_FRAMES[mode, d].apply(input, frame), crop, 0)


def _check_frame(mode: str, shape: tuple[int, ...], pads: Pads, d: int) -> None:
    """Refuse a frame that the input is too small to fill."""
    if not prod(shape[-d - 1 :]) and mode != "circular":
        raise RuntimeError(
            f"Expected {d + 1}D or {d + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            "dimensions for input, but got: "
            f"{list(shape)}"
        )
    for axis in range(len(shape) - d, len(shape)):
        n, pair = shape[axis], pads[axis]
        if mode == "reflect" and max(pair) >= n:
            raise RuntimeError(
                f"Padding size should be less than the corresponding input dimension, but got: padding {pair} at "
                f"dimension {axis} of "
                f"input {list(shape)}"
            )
        if mode == "circular" and max(pair) > n:
            raise RuntimeError(
                f"Padding value causes wrapping around more than once: padding {pair} at dimension {axis} of input "
                f"{list(shape)}"
            )
