"""The one error tree: every message says what happened, where, and what to do next."""

import re
from collections.abc import Sequence

# What moves a terminal's cursor or colours it, or turns the direction of a text.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _printable(text: str) -> str:
    """Escape what a name of a file or column could do to a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class FirnError(Exception):
    """Base of every error that Firn raises on purpose.

    Args:
        what: What happened, as one sentence without a final full stop.
        where: The file and line, table, branch or address that it concerns.
        remedy: What the reader can do next, as an imperative sentence.

    `exit_code` is what the command line ends with: 1 when a gate or the data said
    no, 2 for wrong use, 3 when the environment is broken.
    """

    exit_code: int = 3

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = _printable(what)
        self.where = _printable(where).replace("\n", "\\n")
        self.remedy = _printable(remedy)

    def __str__(self) -> str:
        parts = (self.where, self.what)
        message = ": ".join(part for part in parts if part)
        return f"{message}. {self.remedy}" if self.remedy else message

    def as_dict(self) -> dict[str, str]:
        """The same three parts for machines, with the class as the error's kind."""
        return {
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "remedy": self.remedy,
        }


class GateError(FirnError):
    """A test, contract, freshness rule or reject limit refused the data."""

    exit_code = 1


class SourcesRefusedError(GateError):
    """Some of several sources were refused; `landed` is the ingest of all the others.

    Args:
        refused: The errors, one a source; the first is the message, and the gravest
            gives the exit code.
        landed: The `IngestResult` of what is on `main` all the same.
    """

    def __init__(self, refused: Sequence[FirnError], *, landed: object) -> None:
        first, *others = refused
        also = "".join(f"\n{error}" for error in others)
        super().__init__(first.what, where=first.where, remedy=f"{first.remedy}{also}")
        self.exit_code = max(error.exit_code for error in refused)
        self.refused = tuple(refused)
        self.landed = landed

    def as_dict(self) -> dict[str, str]:
        """The first error; `refused` in an ingest's answer lists all."""
        return self.refused[0].as_dict()


class ConflictError(FirnError):
    """`main` or a branch moved since it was read; nothing was changed."""

    exit_code = 1


class UsageError(FirnError):
    """A flag, name, file or value given by the user is wrong."""

    exit_code = 2


class SpecError(UsageError):
    """A source spec is invalid; `where` is its file and line."""


class NotFoundError(UsageError):
    """A branch, table, publication or source of that name does not exist."""


class SetupError(FirnError):
    """The machine lacks something, or the lake cannot be reached or read."""

    exit_code = 3


class BusyError(SetupError):
    """Others hold the catalog's database; nothing was done, so trying again is safe."""


class UnsureError(SetupError):
    """The catalog's database failed, and what was asked may or may not be done.

    Nobody may conclude from it that a commit is lost: files that were written for it
    can be in use.
    """


class DamagedError(SetupError):
    """A file of the lake is missing, or is not what was written."""
