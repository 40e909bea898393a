"""Keep stdout for the answer: dbt prints there, and holds the file itself.

Replacing Python's `sys.stdout` is not enough, so the file's number is taken, too.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import IO


@contextmanager
def printed_to(stream: IO[str], number: int) -> Iterator[None]:
    """Print elsewhere.

    Args:
        stream: Where Python prints.
        number: Of the file that takes the place of stdout's.
    """
    _flush()
    kept = os.dup(1)
    try:
        os.dup2(number, 1)
        with redirect_stdout(stream):
            yield
    finally:
        _flush()
        stream.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None and not stream.closed:
            stream.flush()
