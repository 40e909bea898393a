"""Standard streams and arguments as every verb can rely on them.

A caller may close a stream, or have a locale that knows no more than ASCII.
"""

import io
import os
import sys
from collections.abc import Sequence


def settle() -> None:
    """Open what is closed on nothing, and let no character end a verb.

    A closed stream's number would be given to the next file that is opened, and what
    is printed would land in it: in the catalog's database, for example.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def unicode(arguments: Sequence[str]) -> list[str]:
    """Arguments as the UTF-8 that they are, where the locale took them for ASCII."""
    return [os.fsencode(one).decode("utf-8", "surrogateescape") for one in arguments]


def speak_utf_8() -> None:
    """Print what machines read, JSON and CSV, in UTF-8 whatever the locale."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
