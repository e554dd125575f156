"""One step of an optimizer, in place, over lists of arrays: parameters, gradients and the optimizer's state.

The arithmetic is a chain of a dozen additions and products over the same few arrays.  Done on whole arrays each link
would travel to main memory and back and leave a temporary behind; here the chain runs over one chunk at a time, small
enough for the cache, with two scratch chunks for all arrays (twice as fast on ten million parameters).  The formulas are
in `optim/`; the order of operations is that of PyTorch's plain implementation, so that float32 agrees to the last digits.

All arrays in a list correspond: grads[i] and the states [i] have the shape and dtype of params[i].  Numbers are Python's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from ._namespace import Array, array_namespace

CHUNK = 1 << 15  # numbers in a chunk: five chunks of float32 fill two thirds of a megabyte
Arrays = Sequence[Array]


def sgd_step(
    params: Arrays,
    grads: Arrays,
    momentum_buffers: Arrays | None = None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> None:
    """v = momentum v + (1 - dampening) g;  p = p - lr v   (nesterov: p - lr (g + momentum v)).

    g is the gradient plus weight_decay p.  Without buffers v = g.  A buffer of zeros, with dampening 0, makes the first step.

    >>> import numpy
    >>> p = numpy.array([1.0, 2.0])
    >>> sgd_step([p], [numpy.array([1.0, -1.0])], lr=0.5)
    >>> p
    array([0.5, 2.5])
    """
    lists = [params, grads] + ([momentum_buffers] if momentum_buffers is not None else [])
    for (p, g, *buffer), s, t in _chunks(*lists):
        xp = array_namespace(p)
        g = _gradient(p, g, s, weight_decay, maximize)
        if buffer:
            (v,) = buffer
            v *= momentum
            v += xp.multiply(g, 1 - dampening, out=t) if dampening else g
            g = xp.add(g, xp.multiply(v, momentum, out=t), out=t) if nesterov else v
        p -= xp.multiply(g, lr, out=t)


def adam_step(
    params: Arrays,
    grads: Arrays,
    exp_avgs: Arrays,
    exp_avg_sqs: Arrays,
    max_exp_avg_sqs: Arrays | None = None,
    steps: Sequence[float] = (),
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    maximize: bool = False,
) -> None:
    """m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).

    g is the gradient plus weight_decay p or, `decoupled` (AdamW), p shrinks by 1 - lr weight_decay first.  With
    `max_exp_avg_sqs` (AMSGrad) the largest v so far takes the place of v.  steps[i] is t for params[i], this step counted.
    """
    b1, b2 = betas
    lists = [params, grads, exp_avgs, exp_avg_sqs] + ([max_exp_avg_sqs] if max_exp_avg_sqs is not None else [])
    for i, (p, g, m, v, *largest), s, t in _numbered_chunks(*lists):
        xp = array_namespace(p)
        correction = sqrt(1 - b2 ** steps[i])
        if decoupled and weight_decay:
            p *= 1 - lr * weight_decay
        g = _gradient(p, g, s, 0.0 if decoupled else weight_decay, maximize)
        m += xp.multiply(xp.subtract(g, m, out=t), 1 - b1, out=t)
        v *= b2
        v += xp.multiply(xp.multiply(g, g, out=t), 1 - b2, out=t)
        if largest:
            v = xp.maximum(largest[0], v, out=largest[0])
        # sqrt(v) / correction + eps, times correction above and below: one pass less
        xp.sqrt(v, out=t)
        t += eps * correction
        xp.multiply(m, lr / (1 - b1 ** steps[i]) * correction, out=s)
        p -= xp.divide(s, t, out=t)


def rmsprop_step(
    params: Arrays,
    grads: Arrays,
    square_avgs: Arrays,
    grad_avgs: Arrays | None = None,
    momentum_buffers: Arrays | None = None,
    *,
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    maximize: bool = False,
) -> None:
    """v = alpha v + (1 - alpha) g^2;  p = p - lr g / (sqrt(v) + eps).

    Centred, with `grad_avgs`: a = alpha a + (1 - alpha) g, and v - a^2 takes the place of v under the root.  With buffers:
    b = momentum b + g / (sqrt(v) + eps), and b takes the place of the quotient.
    """
    optional = [states for states in (grad_avgs, momentum_buffers) if states is not None]
    for (p, g, v, *states), s, t in _chunks(params, grads, square_avgs, *optional):
        xp = array_namespace(p)
        g = _gradient(p, g, s, weight_decay, maximize)
        v *= alpha
        v += xp.multiply(xp.multiply(g, g, out=t), 1 - alpha, out=t)
        if grad_avgs is not None:
            a = states.pop(0)
            a += xp.multiply(xp.subtract(g, a, out=t), 1 - alpha, out=t)
            v = xp.subtract(v, xp.multiply(a, a, out=t), out=t)
        xp.sqrt(v, out=t)
        t += eps
        xp.divide(g, t, out=t)
        if momentum_buffers is not None:
            b = states.pop(0)
            b *= momentum
            b += t
            xp.multiply(b, lr, out=t)
        else:
            t *= lr
        p -= t


def adagrad_step(
    params: Arrays,
    grads: Arrays,
    sums: Arrays,
    steps: Sequence[float] = (),
    *,
    lr: float,
    lr_decay: float = 0.0,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
    maximize: bool = False,
) -> None:
    """s = s + g^2;  p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps); steps[i] is t for params[i]."""
    for i, (p, g, total), s, t in _numbered_chunks(params, grads, sums):
        xp = array_namespace(p)
        g = _gradient(p, g, s, weight_decay, maximize)
        total += xp.multiply(g, g, out=t)
        xp.sqrt(total, out=t)
        t += eps
        xp.divide(g, t, out=t)
        t *= lr / (1 + (steps[i] - 1) * lr_decay)
        p -= t


def _gradient(p: Array, g: Array, scratch: Array, weight_decay: float, maximize: bool) -> Array:
    """The gradient to descend along: g, or -g to climb, plus weight_decay p."""
    xp = array_namespace(p)
    if not weight_decay:
        return xp.negative(g, out=scratch) if maximize else g
    xp.multiply(p, weight_decay, out=scratch)
    return xp.subtract(scratch, g, out=scratch) if maximize else xp.add(scratch, g, out=scratch)


def _chunks(*lists: Arrays) -> Iterator[tuple[list[Array], Array, Array]]:
    """Corresponding pieces of the arrays in the lists, as views of one shape, and two scratch arrays like them."""
    return ((pieces, s, t) for _, pieces, s, t in _numbered_chunks(*lists))


def _numbered_chunks(*lists: Arrays) -> Iterator[tuple[int, list[Array], Array, Array]]:
    """The same, each with the place of its arrays in the lists."""
    scratch: Array = None
    for i, arrays in enumerate(zip(*lists, strict=True)):
        p = arrays[0]
        if scratch is None or scratch.dtype != p.dtype or scratch.shape[1] < min(p.size, CHUNK):
            scratch = array_namespace(p).empty((2, max(min(p.size, CHUNK), 1)), p.dtype)
        for pieces in _pieces(list(arrays)):
            shape, size = pieces[0].shape, pieces[0].size
            if size > scratch.shape[1]:
                scratch = array_namespace(p).empty((2, size), p.dtype)
            yield i, pieces, scratch[0, :size].reshape(shape), scratch[1, :size].reshape(shape)


def _pieces(arrays: list[Array]) -> Iterator[list[Array]]:
    p = arrays[0]
    if p.size <= CHUNK or array_namespace(p).__name__ != "numpy":  # a GPU takes arrays whole
        yield arrays
    elif all(a.flags.c_contiguous for a in arrays):
        flat = [a.reshape(-1) for a in arrays]
        for start in range(0, p.size, CHUNK):
            yield [a[start : start + CHUNK] for a in flat]
    else:  # some array is a transposed or strided view: slices of the first axis still correspond
        rows = max(1, CHUNK * len(p) // p.size)
        for start in range(0, len(p), rows):
            part = [a[start : start + rows] for a in arrays]
            yield from [part] if part[0].size <= CHUNK else _pieces([a[0] for a in part])
