"""What a database's errors mean to whoever asked for a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)

from orchestration.errors import BusyError, ConflictError, UnsureError, UsageError

_WHERE = "the catalog's database"

# SQLSTATE of Postgres: could not serialize, deadlock, lock not available. Each of them
# is said before anything is committed.
_BUSY_STATES = ("40001", "40P01", "55P03")
_BUSY_WORDS = ("database is locked", "database table is locked")


@contextmanager
def explained() -> Iterator[None]:
    """Turn a driver's errors into those of Firn; no message has SQL or values in it.

    Raises:
        BusyError: Another process holds what this one needs; nothing was done.
        ConflictError: Another process made the same thing just before; nothing was
            done.
        UsageError: A name or value is longer than the database takes, or has a
            character that it lacks.
        UnsureError: Any other failure: a full disk, a damaged file, a lost server.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise _busy() from error
    except IntegrityError as error:
        raise ConflictError(
            "another process wrote the same name at the same time",
            where=_WHERE,
            remedy="Nothing was done; try again.",
        ) from error
    except DataError as error:
        raise UsageError(
            "a name or value is too long for it, or has a character that it lacks",
            where=_WHERE,
            remedy="Names have at most 255 characters.",
        ) from error
    except DBAPIError as error:
        if _is_busy(error):
            raise _busy() from error
        raise UnsureError(
            f"it failed ({reason(error)})",
            where=_WHERE,
            remedy="See whether its disk is full, its file damaged or its server gone; "
            "`firn log` says what is published.",
        ) from error


def _busy() -> BusyError:
    return BusyError(
        "another process holds it, and did not let go in time",
        where=_WHERE,
        remedy="Nothing was done; try again, or look for what is stuck: a backup, a "
        "shell on the database, a stopped process.",
    )


def _is_busy(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _BUSY_STATES:
        return True
    return any(words in str(error.orig) for words in _BUSY_WORDS)


def reason(error: BaseException | None) -> str:
    """A word on a database's error. SQLite's own name no value; others' may."""
    own = error.orig if isinstance(error, DBAPIError) else error
    return str(own) if type(own).__module__ == "sqlite3" else type(own).__name__
