"""A card says the same in text and in HTML, whatever it is told."""

from __future__ import annotations

import subprocess
import sys
from html import unescape
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from minigrad.learn.cards import Card

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=20)


@given(WORDS, st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=2))
def test_html_is_well_formed_and_loses_no_word(title: str, items: list[str], lines: list[str]) -> None:
    card = Card("question", title, items, lines)
    text = "".join(ElementTree.fromstring(card.html).itertext())
    for words in (title, *items, *lines):
        for piece in words.split("`"):
            assert piece in unescape(text) or piece in text


def test_backticks_mark_code_and_a_single_one_stays() -> None:
    assert "<code>a &lt; b</code> and `" in Card("plain", "`a < b` and `").html


def test_importing_learn_imports_no_notebook_and_no_widgets() -> None:
    code = "import sys, minigrad.learn; print(sorted({'IPython', 'ipywidgets', 'nbformat', 'nbclient', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip().endswith("[]")
