"""Exercises that check themselves, and whose checks are themselves checked.

An exercise is a function for the learner to write, a test that says what is right, a reference solution, and a few
typical mistakes.  `check` runs the test on all of them: the solution has to pass and each mistake has to be refused with
a hint of its own, so a test that cannot fail is found when the notebook runs, not when a learner is misled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.learn.cards import Card


def check(yours: Any, test: Callable[[Any], None], *, solution: Any, mistakes: Sequence[Any] = (), name: str = "") -> None:
    """Run `test(yours)` and say how it went: still to write, not yet (with the hint of the failed assert), or right.

    Args:
        yours: the learner's answer; `...`, or a function that raises NotImplementedError, is still to write.
        test: takes an answer and asserts what is right, each assert with a hint as its message.
        solution: an answer that passes.
        mistakes: answers that the test refuses, each with a hint of its own.
        name: what to call the exercise; by default the name of the function `yours`.

    Raises AssertionError, against the author of the exercise, when the solution fails, a mistake passes, or two mistakes
    get the same hint. Errors other than a failed assert in `yours` pass through with their traceback.

    >>> from minigrad import learn
    >>> def double(x):
    ...     raise NotImplementedError("yours to write")
    >>> def test(answer):
    ...     assert answer(1) == 2, "1 should give 2"
    ...     assert answer(3) == 6, "3 should give 6: is it adding instead?"
    >>> learn.check(double, test, solution=lambda x: 2 * x, mistakes=[lambda x: x, lambda x: x + 1])
    double: yours to write
    The check accepts the reference solution and refuses 2 typical mistakes.
    >>> learn.check(lambda x: x + 1, test, solution=lambda x: 2 * x, name="double")
    double: not yet
    3 should give 6: is it adding instead?
    """
    name = name or getattr(yours, "__name__", "exercise")
    hint = _refusal(test, solution)
    if hint is not None:
        raise AssertionError(f"exercise {name}: the reference solution fails its own test: {hint}")
    hints = [_refusal(test, mistake) for mistake in mistakes]
    for i, hint in enumerate(hints):
        if not hint:
            raise AssertionError(f"exercise {name}: the test {'accepts' if hint is None else 'has no hint for'} mistake {i}")
        if hint in hints[:i]:
            raise AssertionError(f"exercise {name}: mistakes {hints.index(hint)} and {i} get the same hint: {hint}")
    try:
        hint = None if yours is ... else _refusal(test, yours)
        written = yours is not ...
    except NotImplementedError:
        written = False
    if not written:
        refused = f" and refuses {len(hints)} typical mistakes" if len(hints) > 1 else ""
        Card("plain", f"{name}: yours to write", lines=[f"The check accepts the reference solution{refused}."]).show()
    elif hint is not None:
        Card("wrong", f"{name}: not yet", lines=[hint] if hint else []).show()
    else:
        Card("right", f"{name}: right").show()


def _refusal(test: Callable[[Any], None], answer: Any) -> str | None:
    """The message of the assert that refuses an answer; None when it passes."""
    try:
        test(answer)
    except AssertionError as error:
        return str(error)
    return None
