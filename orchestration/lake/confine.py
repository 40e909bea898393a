"""What DuckDB may touch where SQL or files of somebody else meet it.

A confined connection reads and writes the warehouse, spills into local state, reads the
files that it was given, and nothing else: no other file or address, no extension, no
setting. DuckDB holds these limits itself, and none of them can be lifted again.
"""

import glob
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.lake.types import literal

# DuckDB looks for a folder of this name in the current one whenever it creates an
# Iceberg table, whose location it does not know yet; it reads and writes nothing there.
_QUIRK = "data"
_SPILL_SHARE = 2  # a spill may take half of what is free
_LEAST_SPILL = 64 << 20  # bytes; less than one of DuckDB's blocks a core helps nobody


@dataclass(frozen=True)
class Limits:
    """What a connection may read and write; paths are resolved once, links included.

    Attributes:
        folders: With all that is below them.
        files: And nothing beside them.
    """

    folders: Sequence[Path] = ()
    files: Sequence[Path] = ()


def confine(con: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Hold a connection to its limits for good."""
    spill = str(_setting(con, "temp_directory"))
    # Readers take patterns, and it is the pattern that DuckDB compares.
    patterns = [glob.escape(str(file)) for file in limits.files]
    for name, value in {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",  # a name is a table, no Python variable
        "max_temp_directory_size": literal(f"{_room(spill) >> 20} MiB"),
        "allowed_directories": _list(map(str, limits.folders)),
        "allowed_paths": _list([_QUIRK, *map(str, limits.files), *patterns]),
        "enable_external_access": "false",
        "lock_configuration": "true",
    }.items():
        con.execute(f"set global {name} = {value}")


@contextmanager
def reader(*files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory that can read these files and nothing else."""
    with duckdb.connect() as con:
        confine(con, Limits(files=files))
        yield con


def _setting(con: duckdb.DuckDBPyConnection, name: str) -> object:
    [(value,)] = con.execute(f"select current_setting({literal(name)})").fetchall()
    return value


def _room(folder: str) -> int:
    """Bytes that a spill may take; the folder need not exist yet."""
    path = Path(folder).absolute()
    nearest = next(one for one in (path, *path.parents) if one.exists())
    return max(shutil.disk_usage(nearest).free // _SPILL_SHARE, _LEAST_SPILL)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, dict.fromkeys(texts)))}]"
