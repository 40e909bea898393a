"""How much memory DuckDB takes, and where it puts what does not fit.

DuckDB numbers its spill files and does not look whether a file is there: two
connections that share a folder write into each other's files, and crash. So each has a
folder of its own, in a folder of its process that the process holds a lock on. The
kernel lets go of a dead process's lock: whoever comes next removes what it has left.
"""

import fcntl
import itertools
import os
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb

from orchestration.errors import UsageError
from orchestration.lake.types import literal
from orchestration.settings import Settings

_SHARE = 0.75  # of DuckDB's default, which is 80 % of the machine (or container)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*((?:[KMGT]i?)?B)", re.IGNORECASE)
_VARIABLE = "FIRN_MEMORY"

_guard = threading.Lock()
_numbers = itertools.count(1)
_own: dict[Path, Path] = {}  # by home


def spill_to(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Bound a connection's memory, and let it spill into a folder of its own.

    Args:
        environ: `FIRN_MEMORY` bounds the memory of each connection: `2GB`, `512MiB`.

    Raises:
        UsageError: `FIRN_MEMORY` is no size.
    """
    con.execute(f"set global memory_limit = {literal(_limit(con, environ))}")
    folder = _process_folder(settings) / str(next(_numbers))
    con.execute(f"set global temp_directory = {literal(str(folder))}")


def spills(home: Path) -> Path:
    """The folder of all spill files of a lake."""
    return home / "tmp"


def sweep(home: Path) -> list[Path]:
    """Remove what processes that are gone have spilled; returns their folders."""
    removed = []
    for folder in sorted(spills(home).glob("*")):
        descriptor = _locked(folder)
        if descriptor is None:
            continue
        try:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        finally:
            os.close(descriptor)
    return removed


def _process_folder(settings: Settings) -> Path:
    with _guard:
        found = _own.get(settings.home)
        if found is None or not found.is_dir():  # deleted with its lake
            sweep(settings.home)
            found = _own[settings.home] = _make(spills(settings.home))
        return found


def _make(parent: Path) -> Path:
    while True:
        folder = parent / f"{os.getpid()}_{secrets.token_hex(4)}"
        folder.mkdir(parents=True)
        # Kept open, and so locked, for as long as the process lives.
        descriptor = _locked(folder)
        if descriptor is not None and folder.is_dir():
            return folder
        if descriptor is not None:  # somebody swept it in between
            os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """Lock a folder; None where somebody holds it, or it is gone, or is none."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def _limit(con: duckdb.DuckDBPyConnection, environ: Mapping[str, str]) -> str:
    if given := environ.get(_VARIABLE):
        if _SIZE.fullmatch(given.strip()):
            return given.strip()
        raise UsageError(
            f"{given!r} is no size of memory",
            where=_VARIABLE,
            remedy="Write a number and a unit, as in 4GB or 512MiB.",
        )
    [(default,)] = con.execute("select current_setting('memory_limit')").fetchall()
    match = _SIZE.fullmatch(str(default))
    if match is None:
        return str(default)
    # Not all of it: dbt, the catalog and what else runs here need some, too.
    return f"{float(match[1]) * _SHARE:.1f} {match[2]}"
