"""Predict, then run: a question before the code, the answer after it, and the score at the end.

A prediction made before the answer is known is what makes the answer stick.  `predict` asks, the learner presses a button
(or calls `choose`), `reveal` says what is right and why, `score` counts.  Without a prediction every call shows the
same bytes wherever it runs; a prediction only adds a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad import _frontend
from minigrad.learn.cards import COLOURS, Card, display, letter


@dataclass
class Question:
    """One question: what was asked, what the learner said, and what turned out to be right."""

    text: str
    choices: list[str]
    guess: str | None = None
    answer: str | None = None
    because: str = ""
    buttons: Any = None  # the ipywidgets that stand below the question, where somebody can press them

    def lettered(self, choice: str) -> str:
        return f"{letter(self.choices.index(choice))}) {choice}"


class Predictions:
    """The questions of one notebook, by name, in the order they were asked."""

    def __init__(self) -> None:
        self.questions: dict[str, Question] = {}

    def predict(self, question: str, choices: Sequence[str], *, name: str) -> None:
        """Ask a question with two or more choices.  Asked again under the same `name`, it starts afresh.

        In a notebook that somebody watches, buttons below the question record the prediction; anywhere else `choose` does.
        Text between `backticks` is shown as code.

        Raises ValueError for fewer than two choices or two that are equal.

        >>> from minigrad import learn
        >>> learn.predict("What is 2 + 2?", ["3", "4"], name="sum")
        Predict: What is 2 + 2?
          a) 3
          b) 4
        """
        choices = list(choices)
        if not 2 <= len(set(choices)) == len(choices) <= 26:
            raise ValueError(f"predict({name!r}): expected two or more different choices, got {choices}")
        self.questions[name] = asked = Question(question, choices)
        Card("question", f"Predict: {question}", choices).show()
        if _frontend.in_notebook() and _frontend.watched():
            asked.buttons = _Buttons(self, name)

    def choose(self, name: str, choice: str) -> None:
        """Record a prediction: the choice itself or its letter.  The buttons do the same.

        Raises ValueError for an unknown name or choice, RuntimeError once the answer is known.

        >>> from minigrad import learn
        >>> learn.predict("What is 2 + 2?", ["3", "4"], name="sum")  # doctest: +ELLIPSIS
        Predict: ...
        >>> learn.choose("sum", "a")
        You predict a) 3
        """
        question = self._question(name)
        if question.answer is not None:
            raise RuntimeError(f"choose({name!r}): the answer is known by now. Run the question again to be asked anew.")
        letters = {letter(i): text for i, text in enumerate(question.choices)}
        question.guess = self._choice("choose", name, choice if choice in question.choices else letters.get(choice, choice))
        if question.buttons is None:
            print(f"You predict {question.lettered(question.guess)}")
        else:
            question.buttons.show_guess(question)

    def reveal(self, name: str, answer: str, *, because: str = "") -> None:
        """Say which choice is right and why, and how the prediction did.

        Raises ValueError for a name that was not asked or an answer that was no choice.

        >>> from minigrad import learn
        >>> learn.predict("What is 2 + 2?", ["3", "4"], name="sum")  # doctest: +ELLIPSIS
        Predict: ...
        >>> learn.reveal("sum", "4", because="two and two are four")
        Answer: b) 4
        Because two and two are four.
        """
        question = self._question(name)
        question.answer, question.because = self._choice("reveal", name, answer), because
        lines = [f"Because {because.rstrip('.')}."] if because else []
        kind = "plain"
        if question.guess is not None:
            kind = "right" if question.guess == answer else "wrong"
            lines.append("You predicted it." if kind == "right" else f"You predicted {question.lettered(question.guess)}.")
        Card(kind, f"Answer: {question.lettered(answer)}", lines=lines).show()
        if question.buttons is not None:
            question.buttons.show_answer(question)

    def score(self) -> None:
        """How many predictions were made and how many came out right; those that did not are listed to read again.

        >>> lesson = Predictions()
        >>> lesson.predict("What is 2 + 2?", ["3", "4"], name="sum")  # doctest: +ELLIPSIS
        Predict: ...
        >>> lesson.choose("sum", "3")
        You predict a) 3
        >>> lesson.reveal("sum", "4")
        Answer: b) 4
        You predicted a) 3.
        >>> lesson.score()
        Score: 1 question, 1 predicted, 0 right
        To read again: What is 2 + 2? It is b) 4.
        """
        questions = [question for question in self.questions.values() if question.answer is not None]
        guessed = [question for question in questions if question.guess is not None]
        wrong = [question for question in guessed if question.guess != question.answer]
        lines = []
        for question in wrong:
            assert question.answer is not None
            lines.append(f"To read again: {question.text} It is {question.lettered(question.answer)}.")
        if not guessed:
            lines.append("None predicted yet: run the cells one by one and choose before each answer.")
        counts = f"{len(guessed)} predicted, {len(guessed) - len(wrong)} right" if guessed else "0 predicted"
        kind = "plain" if not guessed else "wrong" if wrong else "right"
        Card(kind, f"Score: {len(questions)} question{'' if len(questions) == 1 else 's'}, {counts}", lines=lines).show()

    def _question(self, name: str) -> Question:
        if name not in self.questions:
            asked = ", ".join(map(repr, self.questions)) or "nothing so far"
            raise ValueError(f"no question is called {name!r}: asked so far: {asked}. Run the cell with the question first.")
        return self.questions[name]

    def _choice(self, call: str, name: str, choice: str) -> str:
        choices = self._question(name).choices
        if choice not in choices:
            raise ValueError(f"{call}({name!r}): {choice!r} is none of the choices: {', '.join(map(repr, choices))}")
        return choice


class _Buttons:
    """A row of letters to press, and a word on what was pressed.  Display only: the record is the Question."""

    def __init__(self, predictions: Predictions, name: str) -> None:
        widgets = _frontend.widgets("the buttons of predict()")
        choices = predictions.questions[name].choices
        self.note = widgets.HTML(_note("choose, then run the next cell", "plain"))
        self.row = []
        for i, choice in enumerate(choices):
            button = widgets.Button(description=letter(i), tooltip=choice, layout=widgets.Layout(width="3.5em"))
            button.on_click(lambda _, choice=choice: predictions.choose(name, choice))
            self.row.append(button)
        display(widgets.HBox([*self.row, self.note], layout=widgets.Layout(margin="0 0 0 1.2em", align_items="center")))

    def show_guess(self, question: Question) -> None:
        for button, choice in zip(self.row, question.choices, strict=True):
            button.button_style = "info" if choice == question.guess else ""
        assert question.guess is not None
        self.note.value = _note(f"you predict {letter(question.choices.index(question.guess))}: now run the next cell", "question")

    def show_answer(self, question: Question) -> None:
        for button, choice in zip(self.row, question.choices, strict=True):
            button.disabled = True
            button.button_style = "success" if choice == question.answer else "warning" if choice == question.guess else ""
        outcome = "right" if question.guess == question.answer else "not this time"
        said = "no prediction was made" if question.guess is None else outcome
        self.note.value = _note(f"{said}; run this cell again to be asked anew", "plain")


def _note(text: str, kind: str) -> str:
    return f'<span style="color:{COLOURS[kind]};margin-left:0.6em">{text}</span>'


_notebook = Predictions()
predict, choose, reveal, score = _notebook.predict, _notebook.choose, _notebook.reveal, _notebook.score
