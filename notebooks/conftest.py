"""Teach nbval what a front end does with a notebook's messages, so that saved outputs can be compared with fresh ones.

A front end replaces a display when an update with its id comes, and empties a cell when it is told to; nbval by itself
keeps the first state.  Pictures are drawn but not compared: their bytes depend on fonts, on matplotlib and on the last
bit of floating point, and each carries a text that is compared.  HTML is not compared either when it holds a picture.
"""

from __future__ import annotations

from typing import Any

import pytest

DONE = "comm_done"  # nbval skips what begins with "comm": a message that was dealt with here


class FrontEnd:
    """Stands between the kernel of one notebook and nbval, and deals with updates and clearing."""

    def __init__(self, notebook: Any) -> None:
        self.receive = notebook.get_kernel_message
        self.displays: dict[str, list[Any]] = {}  # display id -> the data of every output that shows it
        self.clear_before_next = False
        self.cell: Any = None  # the one that runs

    def message(self, *args: Any, **kwargs: Any) -> Any:
        """The next message, as nbval should see it."""
        message = self.receive(*args, **kwargs)
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            self.clear_before_next = True
            if not content.get("wait"):
                self.clear()
            message["msg_type"] = DONE
        elif kind == "update_display_data":
            for data in self.displays.get(content["transient"]["display_id"], ()):
                data.clear()
                data.update(without_pictures(content["data"]))
            message["msg_type"] = DONE
        elif kind in ("display_data", "execute_result", "stream", "error"):
            self.clear()
            if "data" in content:
                self.keep(content)
        return message

    def clear(self) -> None:
        if self.clear_before_next:
            self.cell.test_outputs.clear()
        self.clear_before_next = False

    def keep(self, content: Any) -> None:
        from nbformat import from_dict

        content["data"] = from_dict(without_pictures(content["data"]))  # nbval keeps this very object, so a later update reaches it
        identity = (content.get("transient") or {}).get("display_id")
        if identity:
            self.displays.setdefault(identity, []).append(content["data"])


def without_pictures(data: Any) -> dict[str, Any]:
    """What of an output is compared."""
    return {kind: value for kind, value in data.items() if not kind.startswith("image/") and "data:image/" not in str(value)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    if type(item).__name__ == "IPyNbCell":
        notebook: Any = item.parent
        if not hasattr(notebook, "front_end"):
            notebook.front_end = FrontEnd(notebook)
            notebook.get_kernel_message = notebook.front_end.message
        notebook.front_end.cell = item
        for output in item.cell.outputs:
            if "data" in output:
                output.data = without_pictures(output.data)
    return (yield)
