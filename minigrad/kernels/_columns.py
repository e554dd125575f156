"""The engines of convolution: windows as columns of a matrix, copied tile by tile, multiplied by BLAS.

im2col (Chellapilla, Puri & Simard, "High performance convolutional neural networks for document processing", 2006)
turns a convolution into one matrix product, at the price of a copy k times the input.  Three measures keep that price
low: the copy is made in tiles that stay in the cache until BLAS reads them; the axis that the copy runs along is the
longer one, channels (`Rows`) or positions (`Planes`); and where there is nothing to contract (`Depthwise`) there is no
copy at all.  `convolution.py` asks `engine_for` for the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from ._namespace import Array, array_namespace
from ._windows import Ints, Pads, channels_last, output_size, pad, to_first, to_last, windows

TILE = 1 << 19  # numbers in a tile, 2 MiB of float32: small enough for the cache, tall enough for BLAS to work at full speed


def engine_for(x: Array, w_shape: Ints, pads: Pads, stride: Ints, dilation: Ints, groups: int) -> Engine:
    """The engine whose copies run longest: along the channels of a kernel row, or along a line of outputs."""
    _, C, *kernel = w_shape
    kind: type[Engine]
    if C == 1 < groups:
        kind = Depthwise
    else:
        out = output_size(x.shape[2:], kernel, pads, stride, dilation)
        along_channels = C * (kernel[-1] if groups == 1 == dilation[-1] else 1)
        along_outputs = prod(out) if prod(kernel) == prod(stride) == 1 else out[-1]
        kind = Rows if along_channels > along_outputs or (groups == 1 and channels_last(x)) else Planes
    return kind(x, w_shape, pads, stride, dilation, groups)


def tile_images(x: Array, numbers: int) -> Iterator[slice]:
    """Slices of the batch of x such that `numbers` numbers an image make one tile.  A GPU takes the batch whole."""
    step = max(1, TILE // max(numbers, 1)) if array_namespace(x).__name__ == "numpy" else max(len(x), 1)
    return (slice(n, n + step) for n in range(0, len(x), step))


class Engine:
    """The windows of one padded input, ready to be contracted with a weight or with a gradient."""

    last: bool  # does it want the channels last?
    image_axis = 0  # the axes of `view`, the windows not yet copied, that count images ...
    row_axis: int  # ... and the first spatial axis of the outputs
    view: Array

    def __init__(self, x: Array, w_shape: Ints, pads: Pads, stride: Ints, dilation: Ints, groups: int):
        _, C, *kernel = w_shape
        self.xp = array_namespace(x)
        self.groups, self.taken = groups, C * prod(kernel)  # taken: the numbers that one output is made of
        self.out = output_size(x.shape[2:], kernel, pads, stride, dilation)
        self.unroll(pad(x, pads, self.last), tuple(kernel), stride, dilation)

    def unroll(self, x: Array, kernel: Ints, stride: Ints, dilation: Ints) -> None:
        """Lay out the windows of the padded x."""
        raise NotImplementedError

    def forward(self, w: Array, bias: Array | None, y: Array) -> None:
        """Write the convolution with w (K, C/G, *k), plus bias (K,), into y (N, K, *O), whatever its strides."""
        raise NotImplementedError

    def backward_weight(self, g: Array, w_shape: Ints) -> Array:
        """The gradient of the weight (K, C/G, *k), given that of the output (N, K, *O)."""
        raise NotImplementedError

    def tiles(self) -> Iterator[tuple[slice, slice, Array]]:
        """Copy the view tile by tile; yield the images and the rows of outputs in each, and its windows."""
        view, rows = self.view, self.out[0]
        N = view.shape[self.image_axis]
        line = view.size // max(N * rows, 1)
        limit = max(1, TILE // max(line, 1) if self.xp.__name__ == "numpy" else N * rows)
        images, rows = (max(1, limit // rows), rows) if limit >= rows else (1, limit)
        scratch = self.xp.empty(min(images, N) * rows * line, view.dtype)
        index = [slice(None)] * view.ndim
        for n, o in product(range(0, N, images), range(0, self.out[0], rows)):
            index[self.image_axis], index[self.row_axis] = slice(n, n + images), slice(o, o + rows)
            tile = view[tuple(index)]
            if not tile.flags.c_contiguous:  # with a kernel of one tap there may be nothing to copy
                source, tile = tile, scratch[: tile.size].reshape(tile.shape)
                tile[...] = source
            yield index[self.image_axis], index[self.row_axis], tile


class Rows(Engine):
    """Channels innermost: each window is a row of columns (G, N O, k C/G), and y = columns @ W."""

    image_axis, row_axis, last = 1, 2, True

    def unroll(self, x: Array, kernel: Ints, stride: Ints, dilation: Ints) -> None:
        self.view = self.by_group(windows(x, 1, kernel, stride, dilation, self.out))  # (G, N, *O, *k, C/G)

    def by_group(self, y: Array) -> Array:
        """View (N, *S, C) as (G, N, *S, C/G)."""
        y = y.reshape(*y.shape[:-1], self.groups, y.shape[-1] // self.groups)
        return y.transpose(y.ndim - 2, *range(y.ndim - 2), y.ndim - 1)

    def forward(self, w: Array, bias: Array | None, y: Array) -> None:
        xp, G = self.xp, self.groups
        w = w.reshape(G, -1, *w.shape[1:])  # (G, K/G, C/G, *k)
        if w.strides[1] >= w.strides[2]:  # of the two orders of W the one nearer to w; BLAS takes either
            W = w.transpose(0, 1, *range(3, w.ndim), 2).reshape(G, -1, self.taken).swapaxes(1, 2)
        else:
            W = w.transpose(0, *range(3, w.ndim), 2, 1).reshape(G, self.taken, -1)
        y = self.by_group(to_last(y))
        for images, rows, tile in self.tiles():
            place = y[:, images, rows]
            dense = place.flags.c_contiguous
            part = (place if dense else xp.empty(place.shape, y.dtype)).reshape(G, -1, place.shape[-1])
            xp.matmul(tile.reshape(G, -1, self.taken), W, out=part)
            if bias is not None:
                line = xp.tile(bias.reshape(G, 1, -1), place.shape[-2])  # a line of outputs at once: longer additions
                part.reshape(G, -1, line.shape[-1])[...] += line
            if not dense:
                place[...] = part.reshape(place.shape)

    def backward_weight(self, g: Array, w_shape: Ints) -> Array:
        xp, G = self.xp, self.groups
        K, C, *kernel = w_shape
        g = self.by_group(pad(g, [(0, 0)] * len(kernel), self.last))
        gw = xp.zeros((G, K // G, self.taken), g.dtype)
        part = xp.empty_like(gw)
        for images, rows, tile in self.tiles():
            g_rows = g[:, images, rows].reshape(G, -1, K // G)
            gw += xp.matmul(g_rows.swapaxes(1, 2), tile.reshape(G, -1, self.taken), out=part)
        return xp.ascontiguousarray(to_first(gw.reshape(K, *kernel, C)))


class Planes(Engine):
    """Positions innermost: each window is a column of columns (N, G, C/G k, O), and y = W @ columns."""

    last = False

    def unroll(self, x: Array, kernel: Ints, stride: Ints, dilation: Ints) -> None:
        d = len(kernel)
        view = windows(self.by_group(x), 3, kernel, stride, dilation, self.out)  # (N, G, C/G, *O, *k)
        self.view = view.transpose(0, 1, 2, *range(3 + d, 3 + 2 * d), *range(3, 3 + d))
        self.row_axis = 3 + d

    def by_group(self, y: Array) -> Array:
        """View (N, C, *S) as (N, G, C/G, *S)."""
        return y.reshape(len(y), self.groups, y.shape[1] // self.groups, *y.shape[2:])

    def forward(self, w: Array, bias: Array | None, y: Array) -> None:
        xp, G = self.xp, self.groups
        W = w.reshape(G, -1, self.taken)
        y = self.by_group(y)
        for images, rows, tile in self.tiles():
            place = y[images, :, :, rows]
            dense = place.flags.c_contiguous
            part = (place if dense else xp.empty(place.shape, y.dtype)).reshape(*place.shape[:3], -1)
            xp.matmul(W, tile.reshape(len(tile), G, self.taken, -1), out=part)
            if bias is not None:
                part += bias.reshape(G, -1, 1)
            if not dense:
                place[...] = part.reshape(place.shape)

    def backward_weight(self, g: Array, w_shape: Ints) -> Array:
        xp, G = self.xp, self.groups
        g = self.by_group(pad(g, [(0, 0)] * len(self.out), self.last))
        gw = xp.zeros((G, w_shape[0] // G, self.taken), g.dtype)
        for images, rows, tile in self.tiles():
            g_tile = g[images, :, :, rows].reshape(len(tile), G, w_shape[0] // G, -1)
            gw += xp.matmul(g_tile, tile.reshape(len(tile), G, self.taken, -1).swapaxes(2, 3)).sum(0)
        return gw.reshape(w_shape)


class Depthwise(Engine):
    """One input channel to a group: nothing for BLAS to contract, so multiply and add whole planes tap by tap."""

    last = False

    def unroll(self, x: Array, kernel: Ints, stride: Ints, dilation: Ints) -> None:
        self.flat = Flat(x.shape[2:], kernel, stride, dilation, self.out)
        self.lines = self.flat.lines(x)[:, :, None]  # (N, C, 1, P)

    def blocks(self, multiplier: int) -> Iterator[tuple[slice, slice]]:
        """Images and channels such that a few lines of them stay in the cache together."""
        N, C = self.lines.shape[:2]
        limit = max(1, TILE // 8 // (self.flat.span * multiplier)) if self.xp.__name__ == "numpy" else N * C
        images, channels = max(1, limit // C), min(limit, C)
        for n, c in product(range(0, N, images), range(0, C, channels)):
            yield slice(n, n + images), slice(c, c + channels)

    def forward(self, w: Array, bias: Array | None, y: Array) -> None:
        C, span = self.groups, self.flat.span
        w = w.reshape(C, len(w) // C, -1, 1)  # (C, K/C, taps, 1)
        y = y.reshape(len(y), C, w.shape[1], *self.out)
        for n, c in self.blocks(w.shape[1]):
            x = self.lines[n, c]
            total = x[..., :span] * w[c, :, 0]
            term = self.xp.empty_like(total)
            for tap, shift in enumerate(self.flat.shifts[1:], 1):
                total += self.xp.multiply(x[..., shift : shift + span], w[c, :, tap], out=term)
            if bias is not None:
                total += bias.reshape(C, -1, 1)[c]
            y[n, c] = self.flat.grid(total)

    def backward_weight(self, g: Array, w_shape: Ints) -> Array:
        C = self.groups
        g = g.reshape(len(g), C, w_shape[0] // C, *self.out)
        gw = self.xp.zeros((C, w_shape[0] // C, len(self.flat.shifts)), g.dtype)
        for n, c in self.blocks(w_shape[0] // C):
            line = self.flat.spread(g[n, c])
            for tap, shift in enumerate(self.flat.shifts):
                x = self.lines[n, c, 0, shift : shift + self.flat.span, None]
                gw[c, :, tap] += self.xp.matmul(line, x)[..., 0].sum(0)
        return gw.reshape(w_shape)


class Flat:
    """Padded planes (*S) as lines, on which each tap of a kernel is one shift of all outputs together.

    Shifts across the edge of a plane compute values that nobody reads; for that price loops run over whole planes instead
    of short rows.  With a stride s the line holds the plane's s x s residues one after the other (space to depth).
    """

    def __init__(self, size: Ints, kernel: Ints, stride: Ints, dilation: Ints, out: Ints):
        self.stride, self.out = stride, out
        self.phase = tuple(-(-n // s) for n, s in zip(size, stride))
        self.steps = [prod(self.phase[axis + 1 :]) for axis in range(len(size))]
        self.span = sum((o - 1) * step for o, step in zip(out, self.steps)) + 1
        residues = {r: i * prod(self.phase) for i, r in enumerate(product(*map(range, stride)))}
        self.shifts = []
        for k in product(*map(range, kernel)):
            places = [divmod(i * r, s) for i, r, s in zip(k, dilation, stride)]
            within = sum(place * step for (place, _), step in zip(places, self.steps))
            self.shifts.append(residues[tuple(residue for _, residue in places)] + within)

    def lines(self, x: Array) -> Array:
        """(N, C, *S) -> (N, C, P)."""
        if prod(self.stride) > 1:
            planes = array_namespace(x).zeros((*x.shape[:2], *self.stride, *self.phase), x.dtype)
            for residue in product(*map(range, self.stride)):
                part = x[(..., *(slice(r, None, s) for r, s in zip(residue, self.stride)))]
                planes[(..., *residue, *map(slice, part.shape[2:]))] = part
            x = planes
        return x.reshape(*x.shape[:2], prod(x.shape[2:]))

    def grid(self, line: Array) -> Array:
        """View a line (..., span) as the outputs on it, (..., *O)."""
        strides = (*line.strides[:-1], *(step * line.strides[-1] for step in self.steps))
        return array_namespace(line).lib.stride_tricks.as_strided(line, (*line.shape[:-1], *self.out), strides)

    def spread(self, g: Array) -> Array:
        """(..., *O) -> (..., span), with zeros where no output lies."""
        line = array_namespace(g).zeros((*g.shape[: g.ndim - len(self.out)], self.span), g.dtype)
        self.grid(line)[...] = g
        return line
