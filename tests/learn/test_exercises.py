"""An exercise accepts right answers, refuses wrong ones with a hint, and is itself refused when its test is no good."""

from __future__ import annotations

from typing import Any

import pytest

from minigrad.learn import check


def hinted(condition: bool, hint: str = "") -> None:
    """What `assert condition, hint` does in a notebook, where pytest does not rewrite it."""
    if not condition:
        raise AssertionError(hint)


def double(answer: Any) -> None:
    hinted(answer(1) == 2, "1 gives 2")
    hinted(answer(3) == 6, "3 gives 6")


def right(x: int) -> int:
    return 2 * x


def unchanged(x: int) -> int:
    return x


def plus_one(x: int) -> int:
    return x + 1


def unwritten(x: int) -> int:
    raise NotImplementedError


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("yours", [unwritten, ...])
def test_what_is_not_written_yet_is_said_and_is_no_error(yours: Any, capsys: pytest.CaptureFixture[str]) -> None:
    check(yours, double, solution=right, mistakes=[unchanged, plus_one], name="double")
    assert shown(capsys) == [
        "double: yours to write",
        "The check accepts the reference solution and refuses 2 typical mistakes.",
    ]


def test_a_wrong_answer_gets_the_hint_of_the_assert_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    check(plus_one, double, solution=right)
    assert shown(capsys) == ["plus_one: not yet", "3 gives 6"]


def test_a_right_answer_is_called_right(capsys: pytest.CaptureFixture[str]) -> None:
    check(lambda x: x + x, double, solution=right, name="double")
    assert shown(capsys) == ["double: right"]


def test_an_error_in_the_learners_code_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        check(lambda x: 1 / 0, double, solution=right)


@pytest.mark.parametrize(
    ("solution", "mistakes", "message"),
    [
        (plus_one, [], "the reference solution fails its own test: 3 gives 6"),
        (right, [unchanged, lambda x: 2 * x], "the test accepts mistake 1"),
        (right, [unchanged, lambda x: 0], "mistakes 0 and 1 get the same hint: 1 gives 2"),
    ],
)
def test_an_exercise_that_cannot_judge_is_refused(solution: Any, mistakes: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check(unwritten, double, solution=solution, mistakes=mistakes)


def test_a_refusal_without_a_hint_is_refused() -> None:
    def silent(answer: Any) -> None:
        hinted(answer(1) == 2)

    with pytest.raises(AssertionError, match="has no hint for mistake 0"):
        check(unwritten, silent, solution=right, mistakes=[unchanged])
