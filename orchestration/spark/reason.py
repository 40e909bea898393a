"""Why something failed in the JVM, without Java's stack."""

from typing import Any


def reason(error: BaseException) -> str:
    """The innermost cause's words: it is the one that says something."""
    thrown: Any = getattr(error, "java_exception", None) or getattr(
        error, "_origin", None
    )
    if thrown is None:
        return _first_line(str(error)) or type(error).__name__
    while (inner := thrown.getCause()) is not None:
        thrown = inner
    return _first_line(str(thrown.toString()))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
