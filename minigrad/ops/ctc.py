"""Connectionist temporal classification: the loss of a sequence whose alignment with its labels is not known.

(Graves, Fernandez, Gomez & Schmidhuber, "Connectionist temporal classification", 2006.)  A network says for each time
step which label it hears, or the blank.  Of all ways to read a label sequence out of that - repeats merge, blanks
vanish - the probabilities are added up, by a walk through time over the sequence with blanks put in between.
"""

from __future__ import annotations

from typing import Any

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops.joining import stack
from minigrad.ops.loss import reduced, reduction_word
from minigrad.ops.padding import pad
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.ops.softmax import logsumexp
from minigrad.tensor import Tensor

IMPOSSIBLE = -1e30  # the logarithm of 0, but finite: its differences are numbers


def _lengths(name: str, given: Any, N: int, largest: int) -> list[int]:
    values = given.reshape(-1).tolist() if isinstance(given, Tensor) else [int(n) for n in given]
    if len(values) != N:
        raise RuntimeError(f"{name} must be of size batch_size: {N}, got {len(values)}")
    if values and not 0 <= min(values) <= max(values) <= largest:
        raise RuntimeError(f"Expected {name} to have values from 0 to {largest}, but got {values}")
    return values


def _with_blanks(xp: Any, targets: Any, lengths: list[int], blank: int) -> Any:
    """(N, 2 S + 1): blank, label, blank, label, ... blank; blanks fill what is longer than a sequence."""
    N, longest = len(lengths), max(lengths, default=0)
    extended = xp.full((N, 2 * longest + 1), blank, "int64")
    start = 0
    for n, length in enumerate(lengths):
        row = targets[n, :length] if targets.ndim == 2 else targets[start : start + length]
        extended[n, 1 : 2 * length : 2] = row
        start += length
    return extended


@operation(where=("nn.functional",), method=False, out=False)
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability that a sequence of labels is read out of `log_probs`, over all alignments.

    log_probs: (T, N, C) or (T, C), as `log_softmax` gives them; targets: (N, S), or all in one row (sum of lengths),
    none of them `blank`; lengths: (N).  The mean is over examples, each divided by its number of labels.
    `zero_infinity` ignores what is too long to fit.  As in PyTorch the gradient is the one for scores before
    `log_softmax`, which is the same after it.  (Graves et al., 2006.)

    >>> import minigrad
    >>> log_probs = minigrad.zeros(2, 1, 2).log_softmax(2)
    >>> minigrad.nn.functional.ctc_loss(log_probs, minigrad.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    reduction = reduction_word(None, None, reduction)
    check_tensor("ctc_loss", "log_probs", log_probs)
    if log_probs.dtype.name not in ("float32", "float64"):
        raise NotImplementedError(f"ctc_loss is not implemented for {log_probs.dtype}: convert with .float()")
    batched = log_probs.ndim == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
    T, N, C = log_probs.shape
    if not 0 <= blank < C:
        raise RuntimeError(f"blank must be in label range: 0 to {C - 1}, got {blank}")
    if targets.dtype.is_inexact:
        raise RuntimeError(f"targets must be class numbers, int64 or int32, got {targets.dtype}")
    labels = targets._array if batched else targets._array.reshape(1, -1)
    steps = _lengths("input_lengths", input_lengths, N, T)
    counts = _lengths("target_lengths", target_lengths, N, labels.shape[1] if labels.ndim == 2 else labels.size)
    xp = array_namespace(log_probs._array)
    extended = _with_blanks(xp, labels, counts, blank)
    likelihood = _log_likelihood(log_probs, extended, steps, counts, blank)
    loss = -likelihood
    impossible = loss > -IMPOSSIBLE / 10
    loss = loss.masked_fill(impossible, 0.0 if zero_infinity else float("inf"))
    loss = loss + _of_scores(log_probs, steps).masked_fill(impossible, 0)
    if reduction == "mean":
        loss = loss / wrap(xp.maximum(xp.asarray(counts), 1).astype(log_probs._array.dtype))
    return reduced(loss if batched else loss.squeeze(0), reduction)


def _log_likelihood(log_probs: Tensor, extended: Any, steps: list[int], counts: list[int], blank: int) -> Tensor:
    """log of the sum over alignments, for each example: alpha(s) is that of all paths that have come to symbol s.

    A path stays at a symbol, moves to the next, or skips a blank between two different labels.
    """
    xp, (T, N, _), width = array_namespace(extended), log_probs.shape, extended.shape[1]
    symbols = wrap(xp.ascontiguousarray(xp.broadcast_to(extended, (T, N, width))))
    emitted = log_probs.gather(2, symbols)
    may_skip = xp.zeros((N, width), "bool")
    may_skip[:, 2:] = (extended[:, 2:] != blank) & (extended[:, 2:] != extended[:, :-2])
    barred, places = wrap(~may_skip), xp.arange(width)
    ends = xp.asarray([[2 * n, max(2 * n - 1, 0)] for n in counts], dtype="int64").reshape(N, 2)
    begun = log_probs.new_zeros(N, width).masked_fill(wrap(places > 1), IMPOSSIBLE)  # with a blank or the first label
    alpha = log_probs.new_zeros(N, width).masked_fill(wrap(places > 0), IMPOSSIBLE)  # where nothing is heard at all
    for t in range(T):
        one, two = (pad(alpha, (k, -k), value=IMPOSSIBLE) for k in (1, 2))
        moved = logsumexp(stack([alpha, one, two.masked_fill(barred, IMPOSSIBLE)]), 0) if t else begun
        running = wrap(xp.asarray([t < n for n in steps])[:, None])
        alpha = (moved + emitted[t]).masked_fill(~running, 0) + alpha.masked_fill(running, 0)
    last = alpha.gather(1, wrap(ends))
    only_blanks = wrap(xp.asarray([[False, n == 0] for n in counts]).reshape(N, 2))
    return logsumexp(last.masked_fill(only_blanks, IMPOSSIBLE), 1)


def _of_scores(log_probs: Tensor, steps: list[int]) -> Tensor:
    """Zeros (N) with the gradient exp(log_probs): from the derivative for log-probabilities to that for scores."""
    xp, T = array_namespace(log_probs._array), log_probs.shape[0]
    counted = wrap((xp.arange(T)[:, None] < xp.asarray(steps))[..., None])
    total = log_probs.exp().masked_fill(~counted, 0).sum((0, 2))
    return total - total.detach()
