"""Files of one JSON object a line, which somebody may be killed while writing."""

import json
import os
from pathlib import Path
from typing import Any, TextIO


def appending(path: Path) -> TextIO:
    """Open a file for more lines; one that a kill has cut off stays one of its own."""
    file = path.open("a", encoding="utf-8")
    if file.tell():
        with path.open("rb") as written:
            written.seek(-1, os.SEEK_END)
            file.write("" if written.read() == b"\n" else "\n")
    return file


def parsed(line: bytes | str) -> dict[str, Any] | None:
    """A line's object; None where a kill has cut it off."""
    try:
        data: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return data
