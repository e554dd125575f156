"""Convolution and its two gradients, in any number of dimensions, as matrix products.

A convolution is linear in x and in w, so three kernels close it under differentiation: `conv_forward`,
`conv_backward_input` and `conv_backward_weight`; the derivatives of each are the other two.  The products themselves,
and what makes them fast, are in `_columns.py`; pictures in Dumoulin & Visin, "A guide to convolution arithmetic for
deep learning" (2016).  Read this file first.

Shapes: x (N, C, *S), w (K, C/G, *k), g and y (N, K, *O); G groups; * stands for any number of spatial axes.
Results lie in memory as the array they are made from does, channels first or channels last.
"""

from __future__ import annotations

from itertools import product
from math import gcd, prod

from ._columns import Flat, Planes, engine_for, tile_images
from ._namespace import Array, array_namespace, widened
from ._windows import Ints, PerAxis, channels_last, empty, output_size, per_axis, taps


# ---------------------------------------------------------------------------------------------------------- sizes
def conv_output_size(size: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    """O = (S + 2 padding - dilation (k - 1) - 1) // stride + 1 on each axis.

    >>> conv_output_size((28, 28), (5, 5), (2, 2), (2, 2), (1, 1))
    (14, 14)
    """
    return output_size(size, kernel, [(p, p) for p in padding], stride, dilation)


def conv_transpose_output_size(
    size: Ints, kernel: Ints, stride: Ints, padding: Ints, output_padding: Ints, dilation: Ints
) -> Ints:
    """S = (O - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1: a size that convolves to O = `size`.

    Strides above one send several S to one O; `output_padding` (below the stride) says which of them is meant.

    >>> conv_transpose_output_size((14, 14), (5, 5), (2, 2), (2, 2), (1, 1), (1, 1))
    (28, 28)
    """
    axes = zip(size, kernel, stride, padding, output_padding, dilation)
    S = tuple((o - 1) * s - 2 * p + r * (k - 1) + extra + 1 for o, k, s, p, extra, r in axes)
    if min(S) < 1:
        raise RuntimeError(
            f"Given input size per channel: {tuple(size)}. Calculated output size per channel: {S}. Output size is too small"
        )
    return S


# ------------------------------------------------------------------------------------------- the three that close
@widened
def conv_forward(
    x: Array,
    w: Array,
    bias: Array | None = None,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """y[n, k, o] = bias[k] + sum over c, i of w[k, c, i] x[n, c, o stride + i dilation - padding].

    x (N, C, *S), w (K, C/G, *k), bias (K,) give y (N, K, *O): a cross-correlation, as in every framework.  The dtype is
    theirs, any number; sums of float16 are made in float32.
    Raises RuntimeError where the channels do not fit or the kernel is larger than the padded input.

    >>> import numpy
    >>> conv_forward(numpy.array([[[1., 2., 4., 8.]]]), numpy.array([[[-1., 1.]]]))
    array([[[1., 2., 4.]]])
    """
    d = x.ndim - 2
    if x.shape[1] != w.shape[1] * groups or len(w) % groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have "
            f"{w.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
        )
    pads = [(p, p) for p in per_axis(padding, d)]
    engine = engine_for(x, w.shape, pads, per_axis(stride, d), per_axis(dilation, d), groups)
    y = empty((len(x), len(w), *engine.out), x, channels_last(x))
    engine.forward(w, bias, y)
    return y


@widened
def conv_backward_weight(
    g: Array,
    x: Array,
    w_shape: Ints,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """gw[k, c, i] = sum over n, o of g[n, k, o] x[n, c, o stride + i dilation - padding].

    The same windows of x as in the forward pass, contracted with g over every image and position.
    """
    d = x.ndim - 2
    pads = [(p, p) for p in per_axis(padding, d)]
    engine = engine_for(x, w_shape, pads, per_axis(stride, d), per_axis(dilation, d), groups)
    return engine.backward_weight(g, w_shape)


@widened
def conv_backward_input(
    g: Array,
    w: Array,
    x_shape: Ints,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """gx[n, c, q] = sum over k, o, i with o stride + i dilation = q + padding of g[n, k, o] w[k, c, i].

    Seen forward this is the transposed convolution (Zeiler et al., "Deconvolutional networks", 2010).  With a stride s
    an axis falls into s phases: inputs of one residue modulo s meet the same taps, every s-th of the kernel, so that
    each phase is a plain convolution of g with a flipped sub-kernel (Shi et al., "Is the deconvolution layer the same
    as a convolutional layer?", 2016).
    """
    d = g.ndim - 2
    stride, padding, dilation = per_axis(stride, d), per_axis(padding, d), per_axis(dilation, d)
    K, C, *kernel = w.shape
    if 2 * C < K // groups or prod(stride) > 16:
        return _input_from_columns(g, w, x_shape, stride, padding, dilation, groups)
    flipped = w[(..., *(slice(None, None, -1),) * d)].reshape(groups, K // groups, C, *kernel)
    flipped = flipped.swapaxes(1, 2).reshape(groups * C, K // groups, *kernel)
    gx = empty(x_shape, g, channels_last(g))
    for phase in product(*map(_phases, x_shape[2:], g.shape[2:], kernel, stride, padding, dilation)):
        places, taken, pads, dilations = zip(*phase)
        sub = flipped[(..., *taken)]
        if sub.size:
            engine_for(g, sub.shape, pads, (1,) * d, dilations, groups).forward(sub, None, gx[(..., *places)])
        else:  # inputs that no window touches
            gx[(..., *places)] = 0
    return gx


def _phases(
    size: int, out: int, kernel: int, stride: int, padding: int, dilation: int
) -> list[tuple[slice, slice, tuple[int, int], int]]:
    """The stride-1 convolutions of g that make up one axis of gx.

    Each is (the inputs it makes, the taps it takes from the flipped kernel, the pads of g, its dilation).  Input q meets
    output o through tap i where o = (q + padding - i dilation) / stride is whole: a condition on q modulo stride alone.
    """
    phases = []
    common = gcd(stride, dilation)
    for q in range(min(stride, size)):
        quotient, residue = divmod(q + padding, stride)
        met = [i for i in range(kernel) if (residue - i * dilation) % stride == 0]
        count = (size - q - 1) // stride + 1
        if met:
            start = quotient + (residue - met[-1] * dilation) // stride  # the first output that input q meets
            end = start + count + (met[-1] - met[0]) * dilation // stride
            if start < out and end > 0:
                taken = slice(kernel - 1 - met[-1], kernel - met[0], stride // common)
                phases.append((slice(q, None, stride), taken, (-start, end - out), dilation // common))
                continue
        phases.append((slice(q, None, stride), slice(0, 0), (0, 0), 1))
    return phases


def _input_from_columns(
    g: Array, w: Array, x_shape: Ints, stride: Ints, padding: Ints, dilation: Ints, groups: int
) -> Array:
    """gx by way of columns = W^T g, summed back to their places: the better way where x has far fewer channels than g,
    since columns of x are then much smaller than columns of g.
    """
    xp = array_namespace(g)
    K, C, *kernel = w.shape
    N, _, *out = g.shape
    W = w.reshape(groups, K // groups, -1).swapaxes(1, 2)  # (G, C/G k, K/G)
    padded = xp.zeros((N, C * groups, *(n + 2 * p for n, p in zip(x_shape[2:], padding))), g.dtype)
    target = padded
    if prod(stride) == 1 and K // groups < W.shape[1]:  # g is smaller than its columns: widen it, for longer additions
        flat = Flat(padded.shape[2:], tuple(kernel), stride, dilation, tuple(out))
        target, g, out = flat.lines(padded), flat.spread(g), [flat.span]
        places: list[tuple] = [(..., slice(shift, shift + flat.span)) for shift in flat.shifts]
    else:
        places = [place for _, place in taps(2, tuple(kernel), stride, dilation, tuple(out))]
    g = g.reshape(N, groups, K // groups, prod(out))
    for images in tile_images(g, C * groups * prod(kernel) * g.shape[-1]):
        columns = xp.matmul(W, g[images]).reshape(-1, C * groups, prod(kernel), *out)
        part = target[images]
        for tap, place in enumerate(places):
            part[place] += columns[:, :, tap]
    return xp.ascontiguousarray(padded[(..., *(slice(p, p + n) for p, n in zip(padding, x_shape[2:])))])


# ---------------------------------------------------------------------------------------------- the same, seen otherwise
@widened
def conv_transpose(
    x: Array,
    w: Array,
    bias: Array | None = None,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Transposed convolution: x (N, C, *O), w (C, K/G, *k), bias (K,) give y (N, K, *S), as the input gradient of a
    convolution with weight w from (N, K, *S) to (N, C, *O) would.
    """
    d = x.ndim - 2
    stride, padding, dilation = per_axis(stride, d), per_axis(padding, d), per_axis(dilation, d)
    S = conv_transpose_output_size(x.shape[2:], w.shape[2:], stride, padding, per_axis(output_padding, d), dilation)
    y = conv_backward_input(x, w, (len(x), w.shape[1] * groups, *S), stride, padding, dilation, groups)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * d)
    return y


def unfold(x: Array, kernel: PerAxis, dilation: PerAxis = 1, padding: PerAxis = 0, stride: PerAxis = 1) -> Array:
    """im2col: the windows of x (N, C, *S) as the columns of (N, C prod(k), prod(O)).

    >>> import numpy
    >>> unfold(numpy.arange(4.).reshape(1, 1, 4), 2)
    array([[[0., 1., 2.],
            [1., 2., 3.]]])
    """
    d = x.ndim - 2
    kernel, stride, dilation = per_axis(kernel, d), per_axis(stride, d), per_axis(dilation, d)
    pads = [(p, p) for p in per_axis(padding, d)]
    view = Planes(x, (1, x.shape[1], *kernel), pads, stride, dilation, 1).view
    return view.copy().reshape(len(x), x.shape[1] * prod(kernel), prod(view.shape[-d:]))


@widened
def fold(
    columns: Array, size: Ints, kernel: PerAxis, dilation: PerAxis = 1, padding: PerAxis = 0, stride: PerAxis = 1
) -> Array:
    """col2im: sum columns (N, C prod(k), prod(O)) back to the places of (N, C, *size) that `unfold` takes them from."""
    d = len(size)
    kernel, stride = per_axis(kernel, d), per_axis(stride, d)
    padding, dilation = per_axis(padding, d), per_axis(dilation, d)
    out = conv_output_size(size, kernel, stride, padding, dilation)
    if columns.shape[2] != prod(out) or columns.shape[1] % prod(kernel):
        raise RuntimeError(
            f"Given output_size={tuple(size)}, kernel_size={kernel}, dilation={dilation}, padding={padding}, "
            f"stride={stride}, expected input of shape (N, C * {prod(kernel)}, {prod(out)}), got {tuple(columns.shape)}"
        )
    columns = columns.reshape(len(columns), columns.shape[1] // prod(kernel), *kernel, *out)
    S = (n + 2 * p for n, p in zip(size, padding))
    xp = array_namespace(columns)
    padded = xp.zeros((*columns.shape[:2], *S), columns.dtype)
    for k, place in taps(2, kernel, stride, dilation, out):
        padded[place] += columns[(slice(None), slice(None), *k)]
    return xp.ascontiguousarray(padded[(..., *(slice(p, p + n) for p, n in zip(padding, size)))])
