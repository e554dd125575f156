"""A prediction is recorded before the answer, counted after it, and changes nothing else that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from minigrad import _frontend
from minigrad.learn import predictions
from minigrad.learn.predictions import Predictions


@pytest.fixture
def lesson(capsys: pytest.CaptureFixture[str]) -> Predictions:
    lesson = Predictions()
    lesson.predict("Which?", ["one", "two", "three"], name="which")
    return lesson


def test_a_question_shows_its_choices_with_letters(lesson: Predictions, capsys: pytest.CaptureFixture[str]) -> None:
    assert capsys.readouterr().out.splitlines() == ["Predict: Which?", "  a) one", "  b) two", "  c) three"]


@pytest.mark.parametrize("choice", ["b", "two"])
def test_a_choice_is_named_by_its_letter_or_in_full(
    lesson: Predictions, capsys: pytest.CaptureFixture[str], choice: str
) -> None:
    lesson.choose("which", choice)
    assert capsys.readouterr().out.endswith("You predict b) two\n")
    assert lesson.questions["which"].guess == "two"


def test_a_prediction_only_adds_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for guess in (None, "one", "two"):
        lesson = Predictions()
        lesson.predict("Which?", ["one", "two"], name="which")
        if guess:
            lesson.choose("which", guess)
        capsys.readouterr()
        lesson.reveal("which", "two", because="it is.")
        shown.append(capsys.readouterr().out.splitlines())
    assert shown[0] == ["Answer: b) two", "Because it is."]
    assert shown[1] == [*shown[0], "You predicted a) one."]
    assert shown[2] == [*shown[0], "You predicted it."]


def test_the_last_choice_before_the_answer_counts(lesson: Predictions, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.choose("which", "one")
    lesson.choose("which", "three")
    lesson.reveal("which", "three")
    with pytest.raises(RuntimeError, match="the answer is known by now"):
        lesson.choose("which", "one")
    capsys.readouterr()
    lesson.score()
    assert capsys.readouterr().out == "Score: 1 question, 1 predicted, 1 right\n"


def test_the_score_lists_what_was_missed_and_leaves_out_what_was_not_revealed(
    lesson: Predictions, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson.predict("And now?", ["yes", "no"], name="now")
    lesson.predict("Later?", ["yes", "no"], name="later")
    lesson.choose("which", "a")
    lesson.choose("now", "yes")
    lesson.choose("later", "yes")
    lesson.reveal("which", "three")
    lesson.reveal("now", "yes")
    capsys.readouterr()
    lesson.score()
    assert capsys.readouterr().out.splitlines() == [
        "Score: 2 questions, 2 predicted, 1 right",
        "To read again: Which? It is c) three.",
    ]


def test_asking_again_starts_afresh(lesson: Predictions, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.choose("which", "one")
    lesson.reveal("which", "two")
    lesson.predict("Which?", ["one", "two", "three"], name="which")
    capsys.readouterr()
    lesson.score()
    assert capsys.readouterr().out.startswith("Score: 0 questions, 0 predicted\n")
    lesson.choose("which", "two")


@pytest.mark.parametrize("choices", [[], ["one"], ["one", "one"]])
def test_a_question_needs_different_choices(choices: list[str]) -> None:
    with pytest.raises(ValueError, match="expected two or more different choices"):
        Predictions().predict("Which?", choices, name="which")


def test_unknown_names_and_choices_are_refused_with_what_there_is(lesson: Predictions) -> None:
    with pytest.raises(ValueError, match="no question is called 'witch': asked so far: 'which'"):
        lesson.reveal("witch", "one")
    for call in (lesson.reveal, lesson.choose):
        with pytest.raises(ValueError, match="'four' is none of the choices: 'one', 'two', 'three'"):
            call("which", "four")


# Notebooks


class Notebook:
    """A front end that keeps what it is shown."""

    kernel = object()

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def display(self, content: Any, raw: bool = False) -> None:
        self.shown.append(content)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    display = pytest.importorskip("IPython.display")
    notebook = Notebook()
    monkeypatch.setattr(_frontend, "shell", lambda: notebook)
    monkeypatch.setattr(display, "display", notebook.display)
    monkeypatch.setenv("MINIGRAD_LIVE", "1")
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    yield notebook


def test_the_plain_card_is_the_same_with_and_without_buttons(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ipywidgets")
    lesson = Predictions()
    lesson.predict("Which `x`?", ["one", "two"], name="which")
    lesson.reveal("which", "two")
    watched, notebook.shown = notebook.shown, []
    monkeypatch.setenv("MINIGRAD_LIVE", "0")
    lesson.predict("Which `x`?", ["one", "two"], name="which")
    lesson.reveal("which", "two")
    assert [content for content in watched if isinstance(content, dict)] == notebook.shown
    assert len(watched) == 3 and len(notebook.shown) == 2
    assert notebook.shown[0]["text/plain"] == "Predict: Which `x`?\n  a) one\n  b) two"
    assert "Which <code>x</code>?" in notebook.shown[0]["text/html"]


def test_buttons_record_a_change_of_mind_and_close_with_the_answer(notebook: Notebook) -> None:
    pytest.importorskip("ipywidgets")
    lesson = Predictions()
    lesson.predict("Which?", ["one", "two", "three"], name="which")
    *buttons, note = notebook.shown[1].children
    assert [button.description for button in buttons] == ["a", "b", "c"]
    buttons[2].click()
    buttons[0].click()
    assert lesson.questions["which"].guess == "one" and "you predict a" in note.value
    assert [button.button_style for button in buttons] == ["info", "", ""]
    lesson.reveal("which", "two")
    assert all(button.disabled for button in buttons) and "not this time" in note.value
    assert [button.button_style for button in buttons] == ["warning", "success", ""]
    assert notebook.shown[-1]["text/plain"].endswith("You predicted a) one.")


def test_the_module_level_functions_share_one_record(capsys: pytest.CaptureFixture[str]) -> None:
    from minigrad import learn

    learn.predict("Which?", ["one", "two"], name="a test")
    learn.choose("a test", "b")
    assert predictions._notebook.questions.pop("a test").guess == "two"
