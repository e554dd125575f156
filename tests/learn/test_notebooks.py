"""Running a notebook twice saves the same bytes, and the course's notebooks keep its rules."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minigrad.learn.notebooks import clean, main

nbformat = pytest.importorskip("nbformat")
COURSE = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def write(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata["tags"] = ["kept"]
    nbformat.write(notebook, path)
    return path


def test_a_second_run_saves_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = ["import os\nprint('a', end=''); print('b')", "os.environ['MINIGRAD_LIVE']", "from minigrad import learn"]
    path = write(tmp_path / "small.ipynb", *cells, "learn.predict('Which?', ['one', 'two'], name='which')")
    assert main([str(path)]) == 0
    once = path.read_bytes()
    assert main([str(path)]) == 0
    assert path.read_bytes() == once
    saved = json.loads(once)
    assert saved["cells"][0]["outputs"] == [{"name": "stdout", "output_type": "stream", "text": ["ab\n"]}]
    assert saved["cells"][1]["outputs"][0]["data"] == {"text/plain": ["'0'"]}
    assert [output["output_type"] for output in saved["cells"][3]["outputs"]] == ["display_data"]
    assert saved["cells"][0]["metadata"] == {"tags": ["kept"]}
    assert set(saved["metadata"]) == {"kernelspec", "language_info"} and saved["metadata"]["language_info"] == {"name": "python"}


def test_a_notebook_that_fails_is_left_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    path = write(tmp_path / "broken.ipynb", "print(1)", "1 / 0")
    before = path.read_bytes()
    assert main([str(path)]) == 1
    assert path.read_bytes() == before
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_cell_ids_stay_and_missing_or_repeated_ones_come_from_what_the_cell_says() -> None:
    plain = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    names = {"a": "first", "b": "same", "c": "same", "d": ""}
    cells = [{**plain, "source": source, "id": name} for source, name in names.items()]
    notebook = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    clean(notebook)
    names = [cell["id"] for cell in notebook.cells]
    assert names[:2] == ["first", "same"] and len(set(names)) == 4 and all(names)
    again = [*names]
    clean(notebook)
    assert [cell["id"] for cell in notebook.cells] == again


@pytest.fixture(params=COURSE, ids=lambda path: path.stem)
def lesson(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(request.param, as_version=4)


def test_a_lesson_asks_before_it_answers_at_least_three_times(lesson: Any) -> None:
    code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
    asked = re.findall(r'name="([^"]+)"', code)
    answered = re.findall(r'learn\.reveal\(\s*"([^"]+)"', code)
    assert len(asked) >= 3 and answered == asked
    assert code.rstrip().endswith("learn.score()")


def test_a_lesson_has_exercises_whose_solutions_are_folded_away(lesson: Any) -> None:
    solutions = [cell for cell in lesson.cells if "solution" in cell.metadata.get("tags", ())]
    checks = [cell for cell in lesson.cells if cell.cell_type == "code" and "learn.check(" in cell.source]
    assert len(solutions) == len(checks) >= 2
    for cell in solutions:
        assert cell.metadata["jupyter"]["source_hidden"]
    for cell in checks:
        (output,) = cell.outputs
        assert re.search(r": (yours to write|not yet)\n", output.data["text/plain"])


def test_a_lesson_is_compared_with_pytorch(lesson: Any) -> None:
    texts = [output.data["text/plain"] for cell in lesson.cells for output in cell.get("outputs", ()) if "data" in output]
    assert any(text.startswith("The same in PyTorch") for text in texts)


def test_every_picture_says_in_words_what_it_shows(lesson: Any) -> None:
    for cell in lesson.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                assert re.search(r'aria-label="[^"]{10,}"', data["image/svg+xml"])
            if "image/png" in data:
                assert output.metadata["image/png"]["alt"] == data["text/plain"] and len(data["text/plain"]) > 10


def test_a_saved_lesson_holds_no_error_no_widget_and_nothing_of_the_machine(lesson: Any) -> None:
    for cell in lesson.cells:
        for output in cell.get("outputs", ()):
            assert output.output_type != "error" and output.get("name") != "stderr", cell.id
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
    text = json.dumps(lesson)
    assert not re.search(r"/(home|root|tmp|usr|Users)/", text)


def test_a_lesson_was_saved_by_the_command(lesson: Any) -> None:
    before = json.dumps(lesson, sort_keys=True)
    clean(lesson)
    assert json.dumps(lesson, sort_keys=True) == before
    counts = [cell.execution_count for cell in lesson.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_nbval_sees_what_a_front_end_shows(tmp_path: Path) -> None:
    """With the course's conftest an updated display is compared as it ends up, pictures are not, words are."""
    pytest.importorskip("nbval")
    pytest.importorskip("ipykernel")
    cells = [
        "from IPython.display import clear_output, display\nshown = display('first', display_id=True)\nshown.update('last')",
        "for i in range(3):\n    clear_output(wait=True)\n    print(i)",
        "import minigrad\nfrom minigrad import viz\nviz.graph(minigrad.ones(2, requires_grad=True).sum())",
        "print('saved')",
    ]
    path = write(tmp_path / "shown.ipynb", *cells)
    assert main([str(path)]) == 0
    saved = path.read_text().replace("<svg", "<svg data-other='picture'").replace("saved\\n", "changed\\n")
    path.write_text(saved)
    for name in ("conftest.py", "sanitize.cfg"):
        (tmp_path / name).write_text((COURSE[0].parent / name).read_text())
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 failed, 3 passed" in done.stdout and "shown.ipynb::Cell 3" in done.stdout
