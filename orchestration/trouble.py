"""What the machine lacks, told from the errors of libraries: space, rights, memory.

Each library has its own way of saying that the disk is full, and dbt passes on only
the text. So an error is told by its number where it has one, else by its words.
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.errors import DamagedError, FirnError, SetupError, UnsureError

_AGAIN = "Nothing is half-published; then run again."


class DiskFullError(SetupError):
    """There is no room for a file, a log or the catalog's database."""


class NotWritableError(SetupError):
    """A folder or file cannot be written, or not be read."""


class MemoryShortError(SetupError):
    """A query needs more memory, or more room to spill, than it may have."""


class CatalogLostError(SetupError):
    """The catalog did not answer; what it was asked may be done all the same."""


class SparkLostError(SetupError):
    """Spark's JVM ended in the middle of what it was asked."""


class TooManyFilesError(SetupError):
    """The process may not open as many files as it needs."""


@dataclass(frozen=True)
class _Kind:
    error: type[SetupError]
    numbers: frozenset[int]
    words: re.Pattern[str]
    what: str
    remedy: str


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_KINDS = (
    _Kind(
        MemoryShortError,
        frozenset({errno.ENOMEM}),
        _words(
            r"Out of Memory Error",
            r"failed to allocate .*memory",
            r"max_temp_directory_size",
            r"^MemoryError",
        ),
        "there is not enough memory for this query, or room to spill it",
        "Give it more with FIRN_MEMORY (as in 4GB), free space for spilling, or use "
        f"fewer threads. {_AGAIN} See docs/runbooks/out-of-memory.md.",
    ),
    _Kind(
        DiskFullError,
        frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG}),
        _words(
            r"No space left on device",
            r"database or disk is full",
            r"Disk quota exceeded",
            r"File too large",
            r"the catalog's disk is full",
            r"InsufficientStorage",
        ),
        "the disk is full",
        "Free space: `firn clean --dry-run` says what of the lake can go. "
        f"{_AGAIN} See docs/runbooks/disk-full.md.",
    ),
    _Kind(
        NotWritableError,
        frozenset({errno.EROFS, errno.EACCES, errno.EPERM}),
        _words(
            r"Read-only file system",
            r"Permission denied",
            r"attempt to write a readonly database",
            r"unable to open database file",
        ),
        "a file or folder cannot be read or written",
        "Check its owner, its mode and how it is mounted, or set FIRN_HOME and "
        f"FIRN_WAREHOUSE to folders that you may write to. {_AGAIN}",
    ),
    _Kind(
        TooManyFilesError,
        frozenset({errno.EMFILE, errno.ENFILE}),
        _words(r"Too many open files"),
        "this process may not open as many files as it needs",
        f"Raise the limit: `ulimit -n 1024`. {_AGAIN}",
    ),
    _Kind(
        SparkLostError,
        frozenset(),
        _words(r"Spark's JVM is gone"),
        "Spark's JVM is gone: killed, or out of memory",
        "`dmesg` names what the kernel killed; SPARK_DRIVER_MEMORY gives it more. "
        f"{_AGAIN} See docs/runbooks/spark-does-not-start-or-answer.md.",
    ),
    _Kind(
        CatalogLostError,
        frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE}),
        _words(
            r"error for HTTP (GET|HEAD|POST|DELETE|PUT) to",
            r"non-200 status code \(\w+_5\d\d\)",
            r"Connection (aborted|refused|reset)",
            r"failed to respond",
            r"Max retries exceeded",
            r"Read timed out",
            r"the catalog does not answer",
            r"the catalog failed; its log",
            r"the catalog's database is busy",
        ),
        "the catalog does not answer, or failed",
        "The end of its log has the reason; `firn doctor` checks the rest. Nothing is "
        "half-published; then run again. See "
        "docs/runbooks/catalog-does-not-answer.md.",
    ),
    _Kind(
        DamagedError,
        frozenset(),
        _words(
            r"Cannot open file .*/(data|metadata)/[^\"']*\.(parquet|avro).*No such",
            r"No magic bytes found at end of file .*/data/",
            r"/(data|metadata)/[^\"']*\.(parquet|avro).*(too small|corrupt|invalid)",
        ),
        "a file of the lake is missing or damaged",
        "`firn verify --deep` says what still reads, and what brings it back. See "
        "docs/runbooks/damaged-file.md.",
    ),
)

_FILE = re.compile(r"[\"'](/[^\"'\n]+)[\"']")
_ADDRESS = re.compile(r"https?://[\w.\[\]:-]+")


def explain(error: BaseException, *, catalog_log: str = "") -> SetupError | None:
    """Name what the machine lacks, if that is why this was raised.

    Args:
        catalog_log: Where the catalog's log is, for when it is the catalog.

    Returns:
        None where it is something else, or an error that explains itself.
    """
    for one in _chain(error):
        if isinstance(one, SetupError) and type(one).__module__ == __name__:
            return one
        if isinstance(one, FirnError) and not isinstance(one, UnsureError):
            # One that explains itself; a full disk is the reason for many of them.
            found = explain_text(str(one)) if isinstance(one, SetupError) else None
            return found if isinstance(found, DiskFullError) else None
        if found := _by_number(one) or explain_text(str(one), catalog_log=catalog_log):
            return found
        if isinstance(one, MemoryError):
            return explain_text("MemoryError")
    return None


def explain_text(text: str, *, catalog_log: str = "") -> SetupError | None:
    """The same for the message of an error, in whatever words around it."""
    for kind in _KINDS:
        if match := kind.words.search(text):
            if kind.error is CatalogLostError:
                address = _ADDRESS.search(text)
                return _lost(kind, address[0] if address else "", catalog_log)
            file = _FILE.search(text)
            line = text[text.rfind("\n", 0, match.start()) + 1 :].splitlines()[0]
            return kind.error(
                kind.what,
                where=file[1] if file else line.strip()[:300],
                remedy=kind.remedy,
            )
    return None


def symptom(text: str) -> str:
    """The words of an error that say what the machine lacks; empty if none do."""
    found = (kind.words.search(text) for kind in _KINDS)
    return next((match[0] for match in found if match), "")


def _lost(kind: _Kind, address: str, log: str) -> SetupError:
    where = " ".join(part for part in (address, f"(log: {log})" if log else "") if part)
    return kind.error(kind.what, where=where or "the catalog", remedy=kind.remedy)


def _by_number(error: BaseException) -> SetupError | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    for kind in _KINDS:
        if error.errno in kind.numbers and kind.error is not CatalogLostError:
            where = str(error.filename or error.strerror or "")
            return kind.error(kind.what, where=where, remedy=kind.remedy)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
